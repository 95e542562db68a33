"""A turn with a clock of its own: frames that say what they are, a gate that believes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ari_app.dialogue.model import Grammar, KeyInput, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import CallMemory
from ari_app.voice.likeness import Trail
from ari_app.voice.pcm import FRAME_BYTES, FRAME_S, Floats
from ari_app.voice.turn import (
    FrameHeard,
    Guessed,
    KeyPressed,
    PromptEnded,
    Speculate,
    SpeechFrame,
    Tick,
    TurnInput,
    TurnLimits,
    TurnOutput,
    TurnTaker,
)
from ari_app.voice.turn_terms import Sound

VOICED = b"\x01" * FRAME_BYTES
HUM = b"\x02" * FRAME_BYTES
COUGH = b"\x03" * FRAME_BYTES
MURMUR = b"\x04" * FRAME_BYTES
OTHER = b"\x05" * FRAME_BYTES
"""Voiced as well, but sounding otherwise."""
QUIET = bytes(FRAME_BYTES)
HEARABLE = Grammar("g", "en")

SOUNDS = {VOICED: Sound.VOICE, HUM: Sound.HUM, COUGH: Sound.NOISE, MURMUR: Sound.VOICE, OTHER: Sound.VOICE}
SHAPES = {
    VOICED: np.array([1.0, -1.0, 0.0], np.float32),
    HUM: np.array([2.0, -1.0, -1.0], np.float32),
    COUGH: np.array([0.0, 0.0, 0.0], np.float32),
    MURMUR: np.array([-1.0, 1.0, 0.0], np.float32),
    OTHER: np.array([-1.0, 2.0, -1.0], np.float32),
}
LEVELS = {VOICED: -20.0, HUM: -25.0, COUGH: -15.0, MURMUR: -50.0, OTHER: -20.0, QUIET: -70.0}


class MarkedGate:
    """A gate that is told by the frame itself; opens after three voiced frames, closes after eight quiet ones."""

    def __init__(self) -> None:
        self.voiced = False
        self.speaking = False
        self.level_dbfs = -70.0
        self._sound = Sound.VOICE
        self._shape = SHAPES[VOICED]
        self._run = 0
        self._quiet = 99

    def push(self, frame: bytes) -> bool:
        self.voiced = frame in SOUNDS
        self.level_dbfs = LEVELS[frame]
        self._sound = SOUNDS.get(frame, Sound.NOISE)
        self._shape = SHAPES.get(frame, SHAPES[COUGH])
        self._run = self._run + 1 if self.voiced else 0
        self._quiet = 0 if self.voiced else self._quiet + 1
        self.speaking = self._quiet < 8 if self.speaking else self._run >= 3
        return self.speaking

    def sound(self) -> Sound:
        return self._sound

    def shape(self) -> Callable[[], Floats]:
        shape = self._shape
        return lambda: shape


def heard(frame: bytes = VOICED, seconds: float = 0.4) -> Trail:
    """How a sound over a prompt went."""
    trail = Trail()
    for _ in range(round(seconds / FRAME_S)):
        trail.add(lambda: SHAPES[frame])
    return trail


def listens_aloud() -> CallMemory:
    """A call in which one back-channel has stopped a prompt; VOICED sounds like it, OTHER does not."""
    memory = CallMemory()
    memory.interrupted(heard(), rightly=False, nodded=True)
    return memory


class Turn:
    """A turn whose clock moves 20 ms with every frame."""

    def __init__(
        self,
        question: Question,
        prompt_s: float = 0.0,
        limits: TurnLimits | None = None,
        memory: CallMemory | None = None,
        now: float = 100.0,
    ) -> None:
        self.now = now
        self.taker = TurnTaker(question, MarkedGate(), self.now, prompt_s, limits, memory)
        self.out: list[TurnOutput] = []

    def give(self, given: TurnInput) -> tuple[TurnOutput, ...]:
        out = self.taker.push(given)
        self.out += out
        return out

    def frames(self, frame: bytes, seconds: float) -> list[TurnOutput]:
        out: list[TurnOutput] = []
        for _ in range(round(seconds / FRAME_S)):
            self.now += FRAME_S
            out += self.give(FrameHeard(frame, self.now))
        return out

    def say(self, seconds: float) -> list[TurnOutput]:
        return self.frames(VOICED, seconds)

    def hush(self, seconds: float) -> list[TurnOutput]:
        return self.frames(QUIET, seconds)

    def guess(
        self, progress: AnswerProgress, number: int | None = None, *, doubtful: bool = False
    ) -> tuple[TurnOutput, ...]:
        """The recogniser's guess for this number, or for the last one that was asked for."""
        asked = [one.number for one in self.out if isinstance(one, Speculate)]
        number = asked[-1] if number is None else number
        return self.give(Guessed(number, progress, self.now, doubtful))

    def keys(self, digits: str) -> list[TurnOutput]:
        out: list[TurnOutput] = []
        for digit in digits:
            self.now += 0.2
            out += self.give(KeyPressed(digit, self.now))
        return out

    def prompt_ended(self) -> tuple[TurnOutput, ...]:
        return self.give(PromptEnded(self.now))

    def pause(self, seconds: float) -> tuple[TurnOutput, ...]:
        self.now += seconds
        return self.give(Tick(self.now))

    def silence_until_answer(self, longest_s: float = 30.0) -> float:
        """Quiet frames until the answer; returns their seconds."""
        start = self.now
        while not self.taker.done and self.now - start < longest_s:
            self.hush(FRAME_S)
        return round(self.now - start, 3)


def ask(
    *,
    keys: KeyInput | None = None,
    grammar: Grammar | None = HEARABLE,
    barge_in: bool = True,
    endpoint_s: float = 0.6,
    max_speech_s: float = 15.0,
) -> Question:
    return Question(
        "opening",
        keys=keys or KeyInput(),
        grammar=grammar,
        barge_in=barge_in,
        endpoint_s=endpoint_s,
        max_speech_s=max_speech_s,
    )


def kinds(out: Iterable[TurnOutput]) -> list[str]:
    """The kinds of outputs in order, speech frames left out."""
    return [type(one).__name__ for one in out if not isinstance(one, SpeechFrame)]
