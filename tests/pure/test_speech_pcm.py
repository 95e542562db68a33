"""Arithmetic on PCM: mu-law, resampling, levels, WAV."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.voice.pcm import (
    FRAME_BYTES,
    SAMPLE_RATE,
    duration_s,
    frames,
    level_dbfs,
    mu_law_decode,
    mu_law_encode,
    pcm_of_wav,
    resample,
    scaled,
    silence,
    to_pcm,
    to_samples,
    trimmed,
    wav_bytes,
)
from tests.support.examples import examples
from tests.support.sounds import tone, voice

pytestmark = pytest.mark.pure


def test_every_mu_law_code_comes_back() -> None:
    codes = bytes(range(256))
    again = mu_law_encode(mu_law_decode(codes))
    assert again[:127] + again[128:] == codes[:127] + codes[128:]
    assert again[127] in {0x7F, 0xFF}  # the two codes of zero


def test_known_mu_law_values() -> None:
    pcm = to_pcm(np.array([0, 32_767, -32_768, 1_000, -1_000]))
    assert mu_law_encode(pcm) == bytes([0xFF, 0x80, 0x00, 0xCE, 0x4E])
    assert list(to_samples(mu_law_decode(bytes([0xFF, 0x80, 0x00])))) == [0, 32_124, -32_124]


@given(st.integers(-32_768, 32_767))
def test_mu_law_errs_by_half_a_step_at_most(value: int) -> None:
    (back,) = to_samples(mu_law_decode(mu_law_encode(to_pcm(np.array([value])))))
    assert abs(int(back) - max(-32_124, min(32_124, value))) <= (abs(value) + 132) / 32


@pytest.mark.parametrize(
    ("source", "target"), [(22_050, 16_000), (16_000, 8_000), (8_000, 16_000), (48_000, 16_000)]
)
@pytest.mark.parametrize("hz", [200, 1_000, 3_000])
def test_resampling_keeps_a_tone(source: int, target: int, hz: int) -> None:
    samples = 10_000 * np.sin(2 * np.pi * hz * np.arange(source) / source)
    got = resample(samples, source, target)
    wanted = 10_000 * np.sin(2 * np.pi * hz * np.arange(target) / target)
    assert got.size == target
    assert float(np.abs(got - wanted)[200:-200].max()) < 20


def test_resampling_does_not_alias() -> None:
    high = to_pcm(10_000 * np.sin(2 * np.pi * 6_000 * np.arange(SAMPLE_RATE) / SAMPLE_RATE))
    low = to_pcm(resample(to_samples(high), SAMPLE_RATE, 8_000)[100:-100])
    assert level_dbfs(low) < level_dbfs(high) - 50


@settings(deadline=None, max_examples=examples(30))
@given(
    st.integers(0, 2_000), st.sampled_from([8_000, 11_025, 16_000, 24_000]), st.sampled_from([8_000, 16_000])
)
def test_resampling_gives_the_right_number_of_samples(count: int, source: int, target: int) -> None:
    assert resample(np.zeros(count), source, target).size == -(-count * target // source)


@pytest.mark.parametrize("rate", [0, -1, 3_999, 10**9])
def test_odd_rates_are_refused(rate: int) -> None:
    with pytest.raises(ValueError, match="allowed: 4000 to 192000"):
        resample(np.zeros(10), rate, 16_000)


def test_levels() -> None:
    assert level_dbfs(b"") == level_dbfs(silence(1.0)) == -100.0
    assert level_dbfs(tone(1.0, 1_000, dbfs=-20)) == pytest.approx(-20.0, abs=0.1)
    assert level_dbfs(scaled(tone(1.0, 1_000, dbfs=-20), 6)) == pytest.approx(-14.0, abs=0.1)


def test_trimming_leaves_a_margin_and_nothing_of_silence() -> None:
    pcm = trimmed(silence(0.7) + voice(1.0) + silence(0.9), keep_s=0.04)
    assert duration_s(pcm) == pytest.approx(1.08, abs=0.04)
    assert trimmed(silence(1.0)) == trimmed(b"") == b""
    assert trimmed(voice(1.0), keep_s=0.04) == voice(1.0)


@given(st.binary(max_size=5_000))
def test_any_bytes_can_be_trimmed_and_cut(data: bytes) -> None:
    assert len(trimmed(data)) <= len(data)
    assert all(len(frame) == FRAME_BYTES for frame in frames(data))
    assert b"".join(frames(data))[: len(data)] == data


@given(st.binary(max_size=2_000).filter(lambda data: len(data) % 2 == 0))
def test_wav_there_and_back(pcm: bytes) -> None:
    assert pcm_of_wav(wav_bytes(pcm)) == pcm


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_of_other_widths_and_channels(width: int, channels: int) -> None:
    wanted = tone(0.5, 440, dbfs=-10)
    wide = to_samples(wanted).astype(np.int64)
    values = {1: (wide >> 8) + 128, 2: wide, 3: wide << 8, 4: wide << 16}[width]
    raw = b"".join(
        int(value).to_bytes(width, "little", signed=width > 1) * channels for value in values.tolist()
    )
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setparams((channels, width, SAMPLE_RATE, 0, "NONE", ""))
        writer.writeframes(raw)
    got = to_samples(pcm_of_wav(buffer.getvalue())).astype(int)
    assert int(np.abs(got - wide).max()) <= (256 if width == 1 else 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"ID3 surely not",
        wav_bytes(voice(0.1))[:30],
        b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff",
    ],
)
def test_what_is_no_wav_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a WAV file"):
        pcm_of_wav(data)


@settings(max_examples=examples(200))
@given(st.integers(0, 43), st.binary(min_size=1, max_size=4))
def test_a_damaged_wav_is_read_or_refused(at: int, harm: bytes) -> None:
    good = bytearray(wav_bytes(tone(0.05, 440)))
    good[at : at + len(harm)] = harm
    try:
        pcm_of_wav(bytes(good))
    except ValueError:
        pass
