"""Turn-taking with synthetic voices through an 8 kHz mu-law line: how soon a prompt stops, how soon an answer ends.

Times are those of the sound, not of the machine that runs this.
"""

from __future__ import annotations

import subprocess
from functools import lru_cache

import numpy as np
import pytest

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import CallMemory
from ari_app.voice.loudness import levelled
from ari_app.voice.pcm import (
    FRAME_S,
    SAMPLE_RATE,
    duration_s,
    frames,
    pcm_of_wav,
    scaled,
    silence,
    through_narrow_band,
    to_samples,
)
from ari_app.voice.turn import FrameHeard, Guessed, Interrupted, Speculate, TurnTaker, UtteranceEnded
from ari_app.voice.vad import SpeechGate
from tests.support.line_sounds import clipped, lossy, offset, over
from tests.support.sounds import mixed, white_noise
from tests.support.turns import ask

pytestmark = pytest.mark.fakes

ENGLISH = (
    "hello",
    "yes",
    "no",
    "wait a moment",
    "i already paid",
    "stop calling me",
    "maybe next week",
    "who is this",
)
CHINESE = ("喂", "你好", "你是谁", "我没钱", "不是", "等一下", "已经还了", "我在开会")
VARIANTS = ("", "+f2", "+f4", "+m1", "+m3", "+m7")
WORDS = [("en-us", text, variant) for text in ENGLISH for variant in VARIANTS]
WORDS += [("cmn", text, variant) for text in CHINESE for variant in VARIANTS]


@lru_cache(maxsize=256)
def spoken(language: str, text: str, variant: str) -> tuple[bytes, float, float]:
    """The sound at -20 dBFS, and the seconds of its first and last voice (25 dB under its loudest 5 ms)."""
    wav = subprocess.run(
        ["espeak-ng", "-v", language + variant, "-s", "165", "--stdout", "--stdin"],
        input=text.encode(),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout
    pcm = levelled(pcm_of_wav(wav), -20.0)
    samples = to_samples(pcm).astype(np.float32)
    power = np.mean(samples[: samples.size // 80 * 80].reshape(-1, 80) ** 2, axis=1)
    loud = np.flatnonzero(power > power.max() * 10.0**-2.5)
    return pcm, float(loud[0]) * 80 / SAMPLE_RATE, float(loud[-1] + 1) * 80 / SAMPLE_RATE


def on_a_line(pcm: bytes, at_s: float, dbfs: float = -60.0) -> bytes:
    line = white_noise(at_s + duration_s(pcm) + 1.5, dbfs, seed=round(at_s * 1000))
    return through_narrow_band(over(line, pcm, at_s))


def stopped_at(pcm: bytes) -> float | None:
    taker = TurnTaker(ask(), SpeechGate(), 0.0, prompt_s=1e6)
    for count, frame in enumerate(frames(pcm), 1):
        if any(isinstance(one, Interrupted) for one in taker.push(FrameHeard(frame, count * FRAME_S))):
            return count * FRAME_S
    return None


def delays(spoil: object = None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """From the first voice to Interrupted, for every word; one that never interrupts counts as ten seconds."""
    found = []
    for count, word in enumerate(WORDS):
        pcm, first, _ = spoken(*word)
        at = 1.0 + (count * 7 % 20) / 1000
        line = on_a_line(pcm, at)
        stop = stopped_at(spoil(line) if callable(spoil) else line)
        found.append(10.0 if stop is None else stop - at - first)
    return np.array(found)


def test_a_word_over_a_prompt_stops_it_in_a_tenth_of_a_second() -> None:
    found = delays()
    assert np.median(found) <= 0.11
    assert np.percentile(found, 95) <= 0.18
    assert found.max() < 0.4
    assert found.min() > 0.03


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda line: clipped(line, 10.0), id="clipped"),
        pytest.param(lambda line: offset(line, 4_000), id="DC offset"),
        pytest.param(lambda line: mixed(line, white_noise(6.0, -45)), id="noise of -45 dBFS"),
    ],
)
def test_on_a_bad_line_as_well(spoil: object) -> None:
    found = delays(spoil)
    assert np.median(found) <= 0.12
    assert np.percentile(found, 95) <= 0.22


def test_with_30_percent_lost_it_takes_longer_and_still_happens() -> None:
    found = delays(lambda line: lossy(line, 0.3, seed=len(line)))
    assert np.median(found) <= 0.2
    assert np.mean(found >= 10.0) <= 0.05


@pytest.mark.parametrize("progress", [AnswerProgress.COMPLETE, AnswerProgress.OPEN])
def test_an_answer_ends_soon_after_its_last_voice(progress: AnswerProgress) -> None:
    """What the gate still calls voiced after the last loud sound is part of the delay."""
    late = []
    for count, word in enumerate(WORDS):
        pcm, _, last = spoken(*word)
        at = 1.0 + (count * 7 % 20) / 1000
        taker = TurnTaker(ask(), SpeechGate(), 0.0)
        for number, frame in enumerate(frames(on_a_line(pcm, at)), 1):
            now = number * FRAME_S
            for one in taker.push(FrameHeard(frame, now)):
                if isinstance(one, Speculate):
                    taker.push(Guessed(one.number, progress, now))
                if isinstance(one, UtteranceEnded):
                    assert now > at
                    late.append(now - at - last)
            if taker.done:
                break
    assert len(late) >= 0.97 * len(WORDS)
    wait = 0.2 if progress is AnswerProgress.COMPLETE else 0.6
    assert wait - 0.05 < float(np.median(late)) < wait + 0.06
    assert float(np.percentile(late, 95)) < wait + 0.2


def test_nothing_is_heard_on_an_empty_line() -> None:
    assert stopped_at(on_a_line(silence(5.0), 0.0)) is None


LISTENS = (("en-us", "uh-huh"), ("en-us", "okay"), ("cmn", "哦"))


def trail_of(pcm: bytes, memory: CallMemory) -> CallMemory:
    """What the call has learnt when this stopped a prompt and was recognised as a back-channel."""
    taker = TurnTaker(ask(), SpeechGate(), 0.0, prompt_s=1e6, memory=memory)
    for count, frame in enumerate(frames(pcm), 1):
        for one in taker.push(FrameHeard(frame, count * FRAME_S)):
            if isinstance(one, Speculate):
                taker.push(Guessed(one.number, AnswerProgress.BACK_CHANNEL, count * FRAME_S))
    assert taker.resumes >= 1
    return memory


def stops_after(listened: bytes, said: bytes) -> float | None:
    taker = TurnTaker(ask(), SpeechGate(), 0.0, prompt_s=1e6, memory=trail_of(listened, CallMemory()))
    for count, frame in enumerate(frames(said), 1):
        if any(isinstance(one, Interrupted) for one in taker.push(FrameHeard(frame, count * FRAME_S))):
            return count * FRAME_S
    return None


@pytest.mark.parametrize(("language", "text"), LISTENS)
def test_a_back_channel_that_came_before_does_not_stop_the_prompt_again(language: str, text: str) -> None:
    """Louder and softer, with another line noise; one voice in six may go another way."""
    went_on = 0
    for variant in VARIANTS:
        pcm, _, _ = spoken(language, text, variant)
        before = on_a_line(scaled(pcm, -4.0), 1.0)
        went_on += stops_after(before, on_a_line(scaled(pcm, -8.0), 1.013, -55.0)) is None
    assert went_on >= len(VARIANTS) - 1


def test_after_a_back_channel_an_answer_still_stops_the_prompt_in_a_fifth_of_a_second() -> None:
    found = []
    for count, (language, text, variant) in enumerate(WORDS):
        listened = next(said for spoken_in, said in LISTENS if spoken_in == language)
        pcm, first, _ = spoken(language, text, variant)
        at = 1.0 + (count * 7 % 20) / 1000
        stop = stops_after(on_a_line(spoken(language, listened, variant)[0], 1.0), on_a_line(pcm, at))
        found.append(10.0 if stop is None else stop - at - first)
    assert np.median(found) <= 0.12
    assert np.percentile(found, 95) <= 0.22
    assert np.mean(np.array(found) >= 0.65) <= 0.02
