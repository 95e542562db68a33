"""One loudness at the customer's ear, whatever a prompt comes from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.voice.loudness import (
    MOST_GAIN_DB,
    clipped_share,
    levelled,
    loudness_dbfs,
    peak,
    without_offset,
)
from ari_app.voice.pcm import (
    level_dbfs,
    scaled,
    silence,
    through_narrow_band,
    to_pcm,
    to_samples,
)
from tests.support.sounds import mixed, tone, voice, white_noise

pytestmark = pytest.mark.pure


def test_a_tone_in_the_band_is_as_loud_as_its_level() -> None:
    assert loudness_dbfs(tone(1.0, 1_000, dbfs=-20)) == pytest.approx(-20.0, abs=0.1)
    assert loudness_dbfs(scaled(tone(1.0, 1_000, dbfs=-20), 6)) == pytest.approx(-14.0, abs=0.1)
    assert loudness_dbfs(b"") == loudness_dbfs(silence(1.0)) == -100.0


@pytest.mark.parametrize("hz", [50, 100, 150, 6_000])
def test_what_the_telephone_does_not_carry_is_not_loud(hz: int) -> None:
    assert loudness_dbfs(tone(1.0, hz, dbfs=-10)) < -35.0


def test_pauses_do_not_make_a_prompt_softer() -> None:
    spoken = voice(1.0, -20)
    with_pauses = silence(1.0) + spoken + silence(2.0) + spoken + silence(1.0)
    assert loudness_dbfs(with_pauses) == pytest.approx(loudness_dbfs(spoken), abs=0.3)


@pytest.mark.parametrize("dbfs", [-48, -30, -10])
@pytest.mark.parametrize("pitch", [90.0, 130.0, 220.0])
def test_voices_of_any_level_and_pitch_come_out_equally_loud(dbfs: float, pitch: float) -> None:
    pcm = levelled(voice(1.5, dbfs, pitch), -20.0)
    assert loudness_dbfs(pcm) == pytest.approx(-20.0, abs=0.5)
    assert loudness_dbfs(through_narrow_band(pcm)) == pytest.approx(-20.0, abs=0.7)
    assert peak(pcm) < 0.99


def test_a_humming_recording_is_as_loud_to_the_customer_as_a_clean_one() -> None:
    clean = voice(1.5, -26)
    humming = mixed(clean, tone(1.5, 50, dbfs=-16))
    heard = [through_narrow_band(levelled(pcm, -20.0)) for pcm in (clean, humming)]
    assert loudness_dbfs(heard[1]) == pytest.approx(loudness_dbfs(heard[0]), abs=1.0)


def test_peaks_are_bent_and_not_cut_off() -> None:
    loud = levelled(white_noise(1.0, -20), -3.0)
    assert peak(loud) < 0.999
    assert clipped_share(loud) < 0.001


def test_noise_of_an_empty_recording_is_not_blown_up_without_end() -> None:
    faint = white_noise(1.0, -80)
    assert level_dbfs(levelled(faint, -20.0)) == pytest.approx(level_dbfs(faint) + MOST_GAIN_DB, abs=1.0)


def test_clipping_is_seen_where_samples_were_cut_off() -> None:
    clean = voice(1.0, -12)
    cut = to_pcm(np.clip(to_samples(scaled(clean, 18)).astype(np.float32), -30_000, 30_000))
    assert clipped_share(clean) < 0.0005
    assert clipped_share(cut) > 0.02
    assert clipped_share(silence(1.0)) == clipped_share(b"") == clipped_share(scaled(cut, -30)) == 0.0


def test_an_offset_is_taken_away() -> None:
    moved = to_pcm(to_samples(voice(1.0, -30)).astype(np.float32) + 3_000)
    assert abs(to_samples(without_offset(moved)).mean()) < 1.0
    assert without_offset(b"") == b""


@given(st.binary(max_size=6_000))
def test_any_bytes_can_be_levelled(data: bytes) -> None:
    pcm = levelled(data, -20.0)
    assert len(pcm) == len(data) // 2 * 2 or pcm == data
    assert -100.0 <= loudness_dbfs(pcm) <= 3.0
    assert 0.0 <= clipped_share(data) <= 1.0
    assert 0.0 <= peak(data) <= 1.0
    assert len(without_offset(data)) in (len(data), len(data) // 2 * 2)
