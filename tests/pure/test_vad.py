"""The speech gate: opens for voices alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.voice.pcm import FRAME_BYTES, frames, silence, through_narrow_band
from ari_app.voice.vad import SpeechGate
from tests.support.sounds import mixed, tone, voice, white_noise

pytestmark = pytest.mark.pure

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


@settings(max_examples=40, deadline=None)
@given(st.lists(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES), max_size=20))
def test_any_bytes_are_survived_and_silence_closes_the_gate(sound: list[bytes]) -> None:
    gate = SpeechGate()
    for frame in sound:
        gate.push(frame)
    opened(silence(1.0), gate)
    assert not gate.speaking
    assert -101 <= gate.noise_floor_dbfs <= 1
