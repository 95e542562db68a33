"""The lab's noises and bad lines, and how exactly its tape puts sound into time."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.lab.effects import LineEffects, LineSettings
from ari_app.lab.sounds import BURSTS, NOISES, SOUNDS, sound
from ari_app.lab.tape import Tape, sounding_from
from ari_app.voice.pcm import Samples, level_dbfs, silence, to_pcm, to_samples
from ari_app.voice.vad import SpeechGate

pytestmark = pytest.mark.pure

TONE = to_pcm(8_000 * np.sin(2 * np.pi * 440 * np.arange(320) / 16_000))


# ------------------------------------------------------------------------------------------- sounds


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_is_as_loud_as_asked_and_the_same_for_the_same_seed(name: str) -> None:
    made = sound(name, 1.0, -30.0, 7)
    assert np.array_equal(made, sound(name, 1.0, -30.0, 7))
    assert made.dtype == np.float32
    assert float(np.abs(made).max()) < 32_767
    pcm = to_pcm(made) + bytes(-2 * made.size % 640)
    loudest = max(level_dbfs(pcm[at : at + 640]) for at in range(0, len(pcm), 640))
    assert (loudest if name in BURSTS else level_dbfs(pcm)) == pytest.approx(-30.0, abs=1.0)
    if name in NOISES:
        assert made.size == 16_000


@pytest.mark.parametrize("name", [*NOISES, "cough", "click"])
def test_another_seed_sounds_otherwise(name: str) -> None:
    one, other = sound(name, 1.0, -30.0, 1), sound(name, 1.0, -30.0, 2)
    assert one.size != other.size or not np.array_equal(one, other)


def test_narrow_noise_stays_within_the_telephone_band() -> None:
    spectrum = np.abs(np.fft.rfft(sound("narrow", 2.0, -30.0, 1))) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    assert spectrum[(hertz > 300) & (hertz < 3_400)].sum() > 0.999 * spectrum.sum()


@pytest.mark.parametrize("name", ["white", "pink", "narrow", "hum", "click"])
def test_what_is_no_speech_at_all_does_not_pass_for_it(name: str) -> None:
    pcm = to_pcm(sound(name, 4.0, -35.0, 3)) + silence(0.5)
    gate = SpeechGate()
    assert not any(gate.push(pcm[at : at + 640]) for at in range(0, len(pcm) // 640 * 640, 640))


# ------------------------------------------------------------------------------------------- lines


def test_a_line_without_faults_changes_nothing() -> None:
    assert LineEffects(LineSettings(), 1).shape(TONE) == TONE


def test_gain_is_cut_off_where_the_line_clips_and_the_offset_stays() -> None:
    made = to_samples(LineEffects(LineSettings(gain=30.0, clip=-6.0, dc=0.1), 1).shape(TONE * 5))
    most = round(32_768 * 10 ** (-6 / 20))
    assert made.max() == pytest.approx(most, abs=1)
    assert made.min() == pytest.approx(-most, abs=1)
    assert np.mean(np.abs(made) > most - 2) > 0.9
    quiet = to_samples(LineEffects(LineSettings(dc=0.1), 1).shape(silence(0.1)))
    assert set(quiet.tolist()) == {round(3_276.8)}


def test_noise_goes_on_behind_everything_without_a_seam() -> None:
    line = LineEffects(LineSettings(noise="pink", noise_level=-40.0), 5)
    parts = b"".join(line.shape(silence(0.37)) for _ in range(20))
    whole = LineEffects(LineSettings(noise="pink", noise_level=-40.0), 5).shape(silence(7.4))
    assert parts == whole
    assert level_dbfs(whole) == pytest.approx(-40.0, abs=1.5)


@pytest.mark.parametrize("loss", [0.1, 0.3])
def test_a_lossy_line_loses_about_as_many_frames_as_it_says(loss: float) -> None:
    made = LineEffects(LineSettings(loss=loss), 9).shape(TONE * 1_000)
    silent = sum(not any(made[at : at + 640]) for at in range(0, len(made), 640))
    assert silent / 1_000 == pytest.approx(loss, abs=0.05)
    assert made == LineEffects(LineSettings(loss=loss), 9).shape(TONE * 1_000)


# ------------------------------------------------------------------------------------------- time on the tape


@given(
    st.lists(st.tuples(st.integers(1, 120), st.floats(0.03, 3.0)), min_size=1, max_size=6),
    st.lists(st.floats(0.0, 0.05), min_size=50, max_size=50),
)
def test_jitter_is_taken_out_and_pauses_stay(spurts: list[tuple[int, float]], jitter: list[float]) -> None:
    """A sender keeps its beat and pauses between spurts; each frame is read late, but some of each second are not."""
    sent: list[float] = []
    now = 10.0
    for frames, pause in spurts:
        sent += [now + step * 0.02 for step in range(frames)]
        now = sent[-1] + 0.02 + pause
    late = [0.0 if place % 20 == 0 else jitter[place % 50] for place in range(len(sent))]
    begins = [place for place, moment in enumerate(sent) if place == 0 or moment - sent[place - 1] > 0.021]
    for begin in (*begins, len(sent)):  # the ends of a spurt are told in time
        for place in range(max(0, begin - 4), min(begin + 1, len(sent))):
            late[place] = 0.0
    arrivals = list(np.maximum.accumulate([moment + wait for moment, wait in zip(sent, late, strict=True)]))
    found = sounding_from(arrivals)
    assert np.abs(found - np.array(sent)).max() <= 0.0051


@given(st.lists(st.floats(0, 30), max_size=60).map(sorted))
def test_no_frame_sounds_after_it_came(arrivals: list[float]) -> None:
    found = sounding_from(arrivals)
    assert len(found) == len(arrivals)
    assert all(sounds <= came + 1e-9 for sounds, came in zip(found, arrivals, strict=True))


def both_sides(path: Path) -> tuple[Samples, Samples]:
    with wave.open(str(path), "rb") as reader:
        raw = np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").reshape(-1, 2)
    return raw[:, 0], raw[:, 1]


def first_loud(side: Samples) -> float:
    return float(np.flatnonzero(np.abs(side) > 1_000)[0]) / 16_000


def last_loud(side: Samples) -> float:
    return float(np.flatnonzero(np.abs(side) > 1_000)[-1]) / 16_000


LOUD = to_pcm(np.full(320, 9_000))


def test_both_sides_stand_to_the_sample(tmp_path: Path) -> None:
    tape = Tape(100.0)
    for step in range(100):
        tape.heard(LOUD, 101.2345 + step * 0.02 + (0.013 if step % 3 else 0.0))
    tape.said(LOUD * 10, 103.9)
    tape.said_from(103.8765)
    tape.stopped_saying(104.0)
    assert tape.write(tmp_path / "t.wav")
    heard, said = both_sides(tmp_path / "t.wav")
    assert first_loud(heard) == pytest.approx(1.2345, abs=1 / 16_000)
    assert last_loud(heard) == pytest.approx(1.2345 + 2.0, abs=2 / 16_000)
    assert first_loud(said) == pytest.approx(3.8765, abs=1 / 16_000)
    assert last_loud(said) == pytest.approx(4.0, abs=2 / 16_000)


def test_a_lost_frame_leaves_its_place_empty(tmp_path: Path) -> None:
    tape = Tape(0.0)
    for step in range(50):
        if step != 20:
            tape.heard(LOUD, 1.0 + step * 0.02)
    assert tape.write(tmp_path / "t.wav")
    heard, _ = both_sides(tmp_path / "t.wav")
    quiet = np.flatnonzero(heard[16_000:] == 0) / 16_000
    assert (quiet[0], quiet[-1]) == pytest.approx((0.4, 0.42), abs=2 / 16_000)
    assert last_loud(heard) == pytest.approx(2.0, abs=2 / 16_000)
