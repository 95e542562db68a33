"""Turn-taking with its real speech gate, on sounds made by arithmetic: what stops a prompt and what never does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import CallMemory
from ari_app.voice.likeness import Trail
from ari_app.voice.pcm import FRAME_S, duration_s, frames, silence, through_narrow_band
from ari_app.voice.turn import (
    FrameHeard,
    Guessed,
    Interrupted,
    NoInput,
    PromptEnded,
    Speculate,
    TurnOutput,
    TurnTaker,
    UtteranceEnded,
)
from ari_app.voice.vad import SpeechGate
from tests.support.line_sounds import (
    coloured_noise,
    cough,
    crackle,
    hum,
    keyboard,
    lossy,
    mains_hum,
    offset,
    over,
    spaced,
)
from tests.support.sounds import mixed, voice, white_noise
from tests.support.turns import ask, kinds

pytestmark = [pytest.mark.pure, pytest.mark.long]

A_MINUTE = 60.0
P = AnswerProgress


def on_a_line(sound: bytes, dbfs: float = -60.0) -> bytes:
    return through_narrow_band(mixed(sound, white_noise(duration_s(sound), dbfs)))


def interruptions(pcm: bytes) -> list[float]:
    """When prompts were stopped by mistake, each resumed at once; what one teaches holds for the next."""
    gate, memory = SpeechGate(), CallMemory()
    stops: list[float] = []
    taker = TurnTaker(ask(), gate, 0.0, 1e6, None, memory)
    for count, frame in enumerate(frames(pcm), 1):
        at = count * FRAME_S
        if any(isinstance(one, Interrupted) for one in taker.push(FrameHeard(frame, at))):
            stops.append(at)
            memory.interrupted(Trail(), rightly=False)
            taker = TurnTaker(ask(), gate, at, 1e6, None, memory)
    return stops


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(white_noise(A_MINUTE, -20), id="white noise"),
        pytest.param(coloured_noise(A_MINUTE, -20, 0.5), id="pink noise"),
        pytest.param(coloured_noise(A_MINUTE, -20, 1.0), id="a car"),
        pytest.param(spaced([cough(seed) for seed in range(40)], 0.5), id="coughs"),
        pytest.param(keyboard(A_MINUTE), id="a keyboard"),
        pytest.param(crackle(A_MINUTE), id="crackle"),
        pytest.param(offset(silence(A_MINUTE), 5_000), id="a constant voltage"),
        pytest.param(lossy(coloured_noise(A_MINUTE, -25, 0.5), 0.3), id="pink noise, 30 % lost"),
    ],
)
def test_noise_does_not_stop_a_prompt(sound: bytes) -> None:
    assert interruptions(on_a_line(sound)) == []


def test_hums_hardly_ever_do() -> None:
    sound = spaced([hum(seed) for seed in range(60)], 0.6)
    assert len(interruptions(on_a_line(sound))) <= 1


def test_a_hum_of_the_mains_is_soon_known_for_what_it_is() -> None:
    stops = interruptions(on_a_line(mains_hum(20.0, -35)))
    assert len(stops) <= 4
    assert all(stop < 5.0 for stop in stops)


@pytest.mark.parametrize("loss", [0.0, 0.3])
@pytest.mark.parametrize("pitch", [80.0, 110.0, 160.0, 230.0])
def test_a_voice_stops_it_soon(pitch: float, loss: float) -> None:
    delays = []
    for seed in range(8):
        line = on_a_line(over(silence(3.0), voice(1.5, -22, pitch, seed), 1.0 + seed * 0.003))
        stops = interruptions(lossy(line, loss, seed))
        delays.append(stops[0] - 1.0 - seed * 0.003)
    delays.sort()
    assert delays[0] > 0.04
    assert delays[len(delays) // 2] <= (0.2 if loss else 0.1)
    assert delays[-1] <= (0.6 if loss else 0.14)


def listened(
    sound: bytes, words: Callable[[float], AnswerProgress], prompt_s: float = 0.0
) -> tuple[TurnTaker, list[str]]:
    """The turn and what it said, with a recogniser that guesses by the time alone."""
    taker = TurnTaker(ask(), SpeechGate(), 0.0, prompt_s)
    out: list[TurnOutput] = []
    for count, frame in enumerate(frames(on_a_line(sound)), 1):
        at = count * FRAME_S
        if at == pytest.approx(prompt_s):
            out += taker.push(PromptEnded(at))
        new = taker.push(FrameHeard(frame, at))
        out += new
        for one in new:
            if isinstance(one, Speculate):
                out += taker.push(Guessed(one.number, words(at), at))
    return taker, kinds(out)


ONE_COUGH = cough(3)[: round(0.14 * 32_000)]


def test_a_whole_question() -> None:
    """A cough after the prompt, an answer with a breath in it, and the end 0.2 s after it is complete."""
    sound = (
        silence(2.0)
        + ONE_COUGH
        + silence(0.9)
        + voice(0.8, -20)
        + silence(0.3)
        + voice(0.7, -22)
        + silence(1.5)
    )
    first, second = duration_s(silence(2.9) + ONE_COUGH), duration_s(silence(4.1) + ONE_COUGH)

    def words(at: float) -> AnswerProgress:
        return P.NOTHING if at < first else P.OPEN if at < second else P.COMPLETE

    taker, said = listened(sound, words, prompt_s=1.0)
    answer = taker.answer
    assert isinstance(answer, UtteranceEnded)
    assert answer.seconds == pytest.approx(1.8, abs=0.15)
    assert answer.silent_s == pytest.approx(0.2, abs=0.021)
    assert answer.speculation is not None
    assert said.count("SpeechStarted") - said.count("SpeechCancelled") == 1
    assert taker.memory.pauses == 1


def test_a_cough_alone_is_no_input() -> None:
    cancelled = 0
    for seed in range(10):
        burst = cough(seed)[: round(0.14 * 32_000)]
        taker, said = listened(silence(1.0) + burst + silence(6.0), lambda _: P.NOTHING)
        assert taker.answer == NoInput()
        assert said.count("SpeechStarted") == said.count("SpeechCancelled")
        cancelled += said.count("SpeechCancelled")
    assert cancelled > 0, "some of them do open the gate"
