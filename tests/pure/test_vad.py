"""The speech gate: opens for voices alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.voice.pcm import FRAME_BYTES, frames, silence, through_narrow_band
from ari_app.voice.turn_terms import Sound
from ari_app.voice.vad import SpeechGate, flatness_and_purity, high_share, periodicity, power_spectrum
from tests.support.examples import examples
from tests.support.line_sounds import (
    clipped,
    coloured_noise,
    cough,
    crackle,
    hum,
    keyboard,
    lossy,
    mains_hum,
    offset,
)
from tests.support.sounds import mixed, tone, voice, white_noise

pytestmark = [pytest.mark.pure, pytest.mark.long]

ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def opened(pcm: bytes, gate: SpeechGate | None = None) -> list[bool]:
    gate = gate or SpeechGate()
    return [gate.push(frame) for frame in frames(pcm)]


@pytest.mark.parametrize("dbfs", [-60, -45, -30, -15, -5])
@pytest.mark.parametrize("narrow", [False, True])
def test_white_noise_at_any_level_is_not_speech(dbfs: float, narrow: bool) -> None:
    noise = white_noise(3.0, dbfs)
    assert not any(opened(through_narrow_band(noise) if narrow else noise))


def test_digital_silence_is_not_speech() -> None:
    assert not any(opened(silence(2.0)))


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_key_tone_is_not_speech(row: int, column: int) -> None:
    keys = (tone(0.1, row, column, dbfs=-12) + silence(0.08)) * 4
    assert not any(opened(keys))
    assert not any(opened(through_narrow_band(keys)))


@pytest.mark.parametrize("hz", [(450,), (425,), (440, 480), (480, 620), (350, 440), (950,), (1400,), (2100,)])
def test_a_call_progress_tone_is_not_speech(hz: tuple[float, ...]) -> None:
    cadence = (tone(0.35, *hz) + silence(0.35)) * 4
    assert not any(opened(cadence))
    assert not any(opened(through_narrow_band(cadence)))


@pytest.mark.parametrize("pitch", [95.0, 130.0, 220.0])
@pytest.mark.parametrize("dbfs", [-35, -20, -8])
def test_a_voice_opens_the_gate_soon_and_keeps_it_open(pitch: float, dbfs: float) -> None:
    heard = opened(through_narrow_band(silence(0.5) + voice(1.5, dbfs, pitch)))
    assert True in heard
    assert heard.index(True) <= 25 + 8
    assert sum(heard[25:]) >= 0.85 * len(heard[25:])


def test_the_gate_closes_after_its_hangover() -> None:
    gate = SpeechGate()
    heard = opened(voice(1.0) + silence(1.0), gate)
    last = max(index for index, open_ in enumerate(heard) if open_)
    assert 50 <= last <= 50 + gate.settings.hangover_frames
    assert not gate.speaking


def test_a_voice_over_line_noise_is_heard() -> None:
    line = white_noise(4.0, -45)
    heard = opened(mixed(line, silence(2.0) + voice(2.0, -20)))
    assert not any(heard[:100])
    assert sum(heard[100:]) > 80


def test_a_click_does_not_open_the_gate() -> None:
    assert not any(opened(silence(0.5) + voice(0.04, -10) + silence(0.5)))


def test_the_noise_floor_follows_the_line() -> None:
    gate = SpeechGate()
    opened(white_noise(8.0, -40), gate)
    assert -43 < gate.noise_floor_dbfs < -37
    opened(white_noise(2.0, -65), gate)
    assert gate.noise_floor_dbfs < -60


def test_a_wrong_frame_length_is_refused() -> None:
    with pytest.raises(ValueError, match="640"):
        SpeechGate().push(bytes(320))


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES), max_size=20))
def test_any_bytes_are_survived_and_silence_closes_the_gate(sound: list[bytes]) -> None:
    gate = SpeechGate()
    for frame in sound:
        gate.push(frame)
    opened(silence(1.0), gate)
    assert not gate.speaking
    assert -101 <= gate.noise_floor_dbfs <= 1


# --------------------------------------------------------------------------------------------------- bad lines


TALK = through_narrow_band(
    silence(0.5) + b"".join(voice(0.8, -22, seed=seed) + silence(0.3) for seed in range(5))
)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda pcm: clipped(pcm, 20.0), id="clipped"),
        pytest.param(lambda pcm: offset(pcm, 8_000.0), id="DC offset"),
        pytest.param(lambda pcm: mixed(pcm, white_noise(6.0, -45)), id="narrow-band noise"),
        pytest.param(lambda pcm: lossy(pcm, 0.3, repeated=True), id="30 % lost and repeated"),
    ],
)
def test_a_voice_is_heard_on_a_bad_line_as_on_a_good_one(spoil: object) -> None:
    assert callable(spoil)
    good, bad = opened(TALK), opened(through_narrow_band(spoil(TALK)))
    differing = sum(one is not other for one, other in zip(good, bad, strict=True))
    assert differing < 0.06 * len(good)


def test_a_voice_of_which_30_percent_are_lost_keeps_the_gate_open() -> None:
    for seed in range(5):
        heard = opened(lossy(TALK, 0.3, seed))
        assert sum(heard) > 0.8 * sum(opened(TALK))


@pytest.mark.parametrize("by", [-8_000.0, -500.0, 500.0, 8_000.0])
def test_a_constant_voltage_is_no_sound_although_frames_are_lost(by: float) -> None:
    gate = SpeechGate()
    assert not any(opened(lossy(offset(white_noise(3.0, -62), by), 0.3), gate))
    assert gate.noise_floor_dbfs < -55


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(coloured_noise(8.0, -25, 1.0), id="car"),
        pytest.param(coloured_noise(8.0, -15, 1.5), id="rumble"),
        pytest.param(mains_hum(8.0, -25), id="mains hum"),
        pytest.param(tone(8.0, 220, 277, 330, 440, dbfs=-20), id="a chord"),
    ],
)
def test_a_loud_steady_sound_is_the_line_after_five_seconds(noise: bytes) -> None:
    narrow = through_narrow_band(noise)
    for heard in (noise, narrow, lossy(narrow, 0.3), lossy(narrow, 0.3, repeated=True)):
        assert not any(opened(heard)[250:])


def test_a_voice_over_a_steady_sound_is_heard() -> None:
    line = through_narrow_band(mains_hum(8.0, -40))
    heard = opened(mixed(line, silence(6.0) + voice(2.0, -18)))
    assert not any(heard[200:300])
    assert sum(heard[300:]) > 80


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_crackle_and_a_keyboard_do_not_open_the_gate(share: float) -> None:
    for sound in (crackle(5.0), keyboard(5.0)):
        assert sum(opened(lossy(through_narrow_band(sound), share))) < 10


def test_frames_that_are_lost_teach_nothing_about_the_line() -> None:
    gate = SpeechGate()
    opened(white_noise(6.0, -45), gate)
    before = gate.noise_floor_dbfs
    opened(silence(60.0), gate)
    assert gate.noise_floor_dbfs == before


def test_running_speech_does_not_teach_the_line_to_be_loud() -> None:
    gate = SpeechGate()
    for seed in range(10):
        opened(voice(1.2, -20, seed=seed) + silence(0.1) + white_noise(0.1, -60), gate)
    assert gate.noise_floor_dbfs < -50


# --------------------------------------------------------------------------------------------------- kinds of sound


def kinds_of(pcm: bytes, loss: float = 0.0, seed: int = 0) -> list[Sound]:
    """What the voiced frames are made of."""
    gate = SpeechGate()
    kinds = []
    for frame in frames(lossy(through_narrow_band(silence(0.2) + pcm), loss, seed)):
        gate.push(frame)
        if gate.voiced:
            kinds.append(gate.sound())
    return kinds


@pytest.mark.parametrize("pitch", [80.0, 95.0, 130.0, 220.0, 300.0])
def test_a_voice_sounds_like_one(pitch: float) -> None:
    kinds = kinds_of(voice(2.0, -20, pitch))
    assert kinds.count(Sound.VOICE) > 0.9 * len(kinds)


def test_a_voice_still_sounds_like_one_where_frames_are_lost() -> None:
    kinds = [kind for seed in range(5) for kind in kinds_of(voice(2.0, -20, 110.0), 0.3, seed)]
    assert kinds.count(Sound.VOICE) > 0.84 * len(kinds)


def test_coughs_have_no_pitch() -> None:
    kinds = [kind for seed in range(40) for kind in kinds_of(cough(seed))]
    assert len(kinds) > 100
    assert kinds.count(Sound.NOISE) > 0.98 * len(kinds)


def test_closed_mouths_hum() -> None:
    kinds = [kind for seed in range(30) for kind in kinds_of(hum(seed))]
    assert len(kinds) > 200
    assert kinds.count(Sound.VOICE) < 0.1 * len(kinds)


def test_a_sound_is_as_pure_as_it_has_few_lines_and_as_flat_as_it_is_noise() -> None:
    def of(pcm: bytes) -> tuple[float, float]:
        return flatness_and_purity(power_spectrum(np.frombuffer(pcm, dtype="<i2")[:640].astype(np.float32)))

    assert of(tone(0.04, 450))[1] > 0.97
    assert of(tone(0.04, 697, 1209))[1] > 0.97
    assert of(tone(0.04, 500, 1000, 1500))[1] < 0.8
    assert of(white_noise(0.04, -20))[0] > 0.4
    assert of(tone(0.04, 450))[0] < 0.05


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(st.floats(200.0, 3_300.0), min_size=1, max_size=6),
    st.floats(-45.0, -6.0),
    st.floats(0.5, 0.999),
)
def test_a_purity_that_is_not_worked_out_is_indeed_too_small(
    hz: list[float], dbfs: float, least: float
) -> None:
    power = power_spectrum(np.frombuffer(tone(0.04, *hz, dbfs=dbfs), dtype="<i2").astype(np.float32))
    exact, quick = flatness_and_purity(power)[1], flatness_and_purity(power, least)[1]
    assert (quick >= least) == (exact >= least)


def test_silence_has_neither_pitch_nor_heights() -> None:
    power = power_spectrum(np.zeros(640, dtype=np.float32))
    assert periodicity(power) == 0.0
    assert high_share(power) == 0.0


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES), max_size=20))
def test_any_bytes_have_a_kind(sound: list[bytes]) -> None:
    gate = SpeechGate()
    for frame in sound:
        gate.push(frame)
        assert gate.sound() in Sound
        assert -100.0 <= gate.level_dbfs <= 0.1
