"""Turn-taking for one question: the customer speaks, presses keys, interrupts or stays silent.

A machine without a clock: frames, keys, playout marks and ticks go in as values, commands come out as values. Whatever
comes in, exactly one answer comes out (UtteranceEnded, KeysEntered or NoInput), within ``TurnTaker.latest_answer_at``.
Silence is measured by the clock, because a far end that sends no RTP produces no frames at all.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn_values import (
    Answer,
    FrameHeard,
    Interrupted,
    KeyPressed,
    KeysEntered,
    NoInput,
    PromptEnded,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    Tick,
    TurnInput,
    TurnOutput,
    UtteranceEnded,
)

__all__ = [
    "KEYS",
    "TRANSITIONS",
    "Answer",
    "FrameHeard",
    "Interrupted",
    "KeyPressed",
    "KeysEntered",
    "NoInput",
    "PromptEnded",
    "SpeechCancelled",
    "SpeechFrame",
    "SpeechStarted",
    "Tick",
    "TurnInput",
    "TurnLimits",
    "TurnOutput",
    "TurnSignal",
    "TurnState",
    "TurnTaker",
    "UtteranceEnded",
]

KEYS: Final = frozenset("0123456789*#ABCD")


class Gate(Protocol):
    """What turn-taking needs of a speech gate (see SpeechGate)."""

    voiced: bool

    def push(self, frame: bytes) -> bool: ...


class AskedKeys(Protocol):
    """How digits are collected (dialogue.model.KeyInput)."""

    @property
    def min_digits(self) -> int: ...

    @property
    def max_digits(self) -> int: ...

    @property
    def terminator(self) -> str: ...

    @property
    def inter_digit_s(self) -> float: ...


class Asked(Protocol):
    """What turn-taking needs of a question (dialogue.model.Question)."""

    @property
    def keys(self) -> AskedKeys: ...

    @property
    def grammar(self) -> object | None: ...

    @property
    def no_input_s(self) -> float: ...

    @property
    def endpoint_s(self) -> float: ...

    @property
    def max_speech_s(self) -> float: ...

    @property
    def barge_in(self) -> bool: ...


# --------------------------------------------------------------------------------------------------- the machine


class TurnState(StrEnum):
    """Where the turn is."""

    PROMPTING = "prompting"
    WAITING = "waiting"
    SPEAKING = "speaking"
    KEYING = "keying"
    DONE = "done"


class TurnSignal(StrEnum):
    """What an input or a time limit amounts to."""

    SPEECH = "speech"
    FRAME = "frame"
    KEY = "key"
    LAST_KEY = "last_key"
    PROMPT_ENDED = "prompt_ended"
    TIME_UP = "time_up"


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """Seconds that do not depend on the question.

    ``barge_in_s`` of speech interrupt a prompt; ``pre_roll_s`` before the first speech are kept; a prompt whose mark
    never comes counts as ended ``prompt_grace_s`` after its own length.
    """

    barge_in_s: float = 0.2
    pre_roll_s: float = 0.3
    prompt_grace_s: float = 3.0


S, N = TurnState, TurnSignal
TRANSITIONS: Final[Mapping[tuple[TurnState, TurnSignal], tuple[TurnState, tuple[str, ...]]]] = {
    (S.PROMPTING, N.SPEECH): (S.SPEAKING, ("interrupt_by_speech", "start_speech")),
    (S.PROMPTING, N.KEY): (S.KEYING, ("interrupt_by_keys", "collect_key")),
    (S.PROMPTING, N.LAST_KEY): (S.DONE, ("interrupt_by_keys", "collect_key", "answer_keys")),
    (S.PROMPTING, N.PROMPT_ENDED): (S.WAITING, ("await_input",)),
    (S.PROMPTING, N.TIME_UP): (S.WAITING, ("await_input",)),
    (S.WAITING, N.SPEECH): (S.SPEAKING, ("start_speech",)),
    (S.WAITING, N.KEY): (S.KEYING, ("collect_key",)),
    (S.WAITING, N.LAST_KEY): (S.DONE, ("collect_key", "answer_keys")),
    (S.WAITING, N.TIME_UP): (S.DONE, ("answer_no_input",)),
    (S.SPEAKING, N.SPEECH): (S.SPEAKING, ("pass_frame",)),
    (S.SPEAKING, N.FRAME): (S.SPEAKING, ("pass_frame",)),
    (S.SPEAKING, N.KEY): (S.KEYING, ("cancel_speech", "collect_key")),
    (S.SPEAKING, N.LAST_KEY): (S.DONE, ("cancel_speech", "collect_key", "answer_keys")),
    (S.SPEAKING, N.TIME_UP): (S.DONE, ("answer_speech",)),
    (S.KEYING, N.KEY): (S.KEYING, ("collect_key",)),
    (S.KEYING, N.LAST_KEY): (S.DONE, ("collect_key", "answer_keys")),
    (S.KEYING, N.TIME_UP): (S.DONE, ("answer_keys",)),
}
"""What follows; a pair that is not here changes nothing."""


class TurnTaker:
    """Takes one question to its one answer; ``push`` every input in order, execute what it returns.

    ``prompt_s`` is the length of the prompt that is being played (0: none, the customer may answer at once).
    With ``barge_in`` off, speech over the prompt is not heard, keys are kept until the prompt has ended. Without a
    grammar speech is not collected; without ``max_digits`` keys are not.
    """

    def __init__(
        self,
        question: Asked,
        gate: Gate,
        now: float,
        prompt_s: float = 0.0,
        limits: TurnLimits | None = None,
    ) -> None:
        self.question = question
        self.limits = limits or TurnLimits()
        self.state = TurnState.PROMPTING if prompt_s > 0 else TurnState.WAITING
        self.answer: Answer | None = None
        self.ignored_keys = 0
        self._gate = gate
        self._now = now
        self._prompt_limit = max(0.0, prompt_s) + self.limits.prompt_grace_s
        self._deadline = now + (self._prompt_limit if prompt_s > 0 else question.no_input_s)
        self._started_at = now
        self._speech_from = now
        self._last_voice = now
        self._speech_limit = now
        self._voiced_frames = 0
        self._heard: deque[bytes] = deque(maxlen=max(1, round((self.limits.pre_roll_s + 1.0) / FRAME_S)))
        self._onset = 0
        self._digits = ""
        self._ahead = ""
        self._frame = b""
        self._key = ""

    @property
    def done(self) -> bool:
        """Whether the answer has been given; every later input is ignored."""
        return self.state is TurnState.DONE

    @property
    def deadline(self) -> float:
        """When a Tick is needed at the latest."""
        return self._deadline

    @property
    def latest_answer_at(self) -> float:
        """The answer is out by this time as long as ticks come, whatever the customer does."""
        ask = self.question
        keying = ask.keys.inter_digit_s * max(1, ask.keys.max_digits)
        return self._started_at + self._prompt_limit + ask.no_input_s + ask.max_speech_s + keying

    def push(self, given: TurnInput) -> tuple[TurnOutput, ...]:
        """Take one input; time that runs backwards stands still instead."""
        self._now = max(self._now, given.at)
        out: list[TurnOutput] = []
        while not self.done and self._now >= self._deadline:
            out += self._step(TurnSignal.TIME_UP)
        if self.done:
            return tuple(out)
        match given:
            case FrameHeard():
                out += self._hear(given.pcm)
            case KeyPressed():
                out += self._press(given.digit)
            case PromptEnded():
                out += self._step(TurnSignal.PROMPT_ENDED)
            case Tick():
                pass
        return tuple(out)

    # ---------------------------------------------------------------------------------------------- inputs to signals

    def _hear(self, frame: bytes) -> list[TurnOutput]:
        speaking = self._gate.push(frame)
        self._frame = frame
        self._heard.append(frame)
        self._onset = min(self._onset + 1, len(self._heard)) if speaking else 0
        self._voiced_frames = self._voiced_frames + self._gate.voiced if speaking else 0
        if self.state is TurnState.SPEAKING:
            if self._gate.voiced:
                self._last_voice = self._now
            self._move_endpoint()
            return self._step(TurnSignal.FRAME)
        if speaking and self._counts_as_start():
            return self._step(TurnSignal.SPEECH)
        return []

    def _counts_as_start(self) -> bool:
        if self.question.grammar is None:
            return False
        if self.state is TurnState.WAITING:
            return True
        enough = round(self.limits.barge_in_s / FRAME_S)
        return self.question.barge_in and self._onset >= enough and 4 * self._voiced_frames >= 3 * enough

    def _press(self, digit: str) -> list[TurnOutput]:
        keys = self.question.keys
        if digit not in KEYS or keys.max_digits < 1:
            self.ignored_keys += 1
            return []
        if self.state is TurnState.PROMPTING and not self.question.barge_in:
            self._ahead = (self._ahead + digit)[: keys.max_digits + 1]
            return []
        self._key = digit
        return self._step(TurnSignal.LAST_KEY if is_last(keys, self._digits, digit) else TurnSignal.KEY)

    def _step(self, signal: TurnSignal) -> list[TurnOutput]:
        entry = TRANSITIONS.get((self.state, signal))
        if entry is None:
            return []
        self.state, actions = entry
        out: list[TurnOutput] = []
        for action in actions:
            out += _ACTIONS[action](self)
        return out

    # ---------------------------------------------------------------------------------------------- actions

    def _interrupt_by_speech(self) -> list[TurnOutput]:
        return [Interrupted("speech")]

    def _interrupt_by_keys(self) -> list[TurnOutput]:
        return [Interrupted("keys")]

    def _await_input(self) -> list[TurnOutput]:
        self._deadline = self._now + self.question.no_input_s
        out: list[TurnOutput] = []
        ahead, self._ahead = self._ahead, ""
        for digit in ahead:
            if not self.done:
                out += self._press(digit)
        return out

    def _start_speech(self) -> list[TurnOutput]:
        keep = self._onset + round(self.limits.pre_roll_s / FRAME_S)
        kept = list(self._heard)[-keep:]
        self._speech_from = self._now - self._onset * FRAME_S
        self._last_voice = self._now
        self._speech_limit = self._now + self.question.max_speech_s
        self._move_endpoint()
        return [SpeechStarted(b"".join(kept))]

    def _move_endpoint(self) -> None:
        self._deadline = min(self._speech_limit, self._last_voice + self.question.endpoint_s)

    def _pass_frame(self) -> list[TurnOutput]:
        return [SpeechFrame(self._frame)]

    def _cancel_speech(self) -> list[TurnOutput]:
        return [SpeechCancelled()]

    def _collect_key(self) -> list[TurnOutput]:
        self._deadline = self._now + self.question.keys.inter_digit_s
        if self._key != self.question.keys.terminator or not self._digits:
            self._digits += self._key
        return []

    def _answer_keys(self) -> list[TurnOutput]:
        enough = len(self._digits) >= self.question.keys.min_digits
        return self._finish(KeysEntered(self._digits, complete=enough))

    def _answer_speech(self) -> list[TurnOutput]:
        cut_off = self._now >= self._speech_limit
        return self._finish(UtteranceEnded(max(0.0, self._last_voice - self._speech_from), cut_off))

    def _answer_no_input(self) -> list[TurnOutput]:
        return self._finish(NoInput())

    def _finish(self, answer: Answer) -> list[TurnOutput]:
        self.answer = answer
        return [answer]


def is_last(keys: AskedKeys, digits: str, digit: str) -> bool:
    """Whether this key completes the input: the terminator, or the last digit that may come.

    A terminator that comes first is a key like any other, and alone it ends the input.
    """
    return digit == keys.terminator or len(digits) + 1 >= keys.max_digits


_ACTIONS: Final[Mapping[str, Callable[[TurnTaker], list[TurnOutput]]]] = {
    "interrupt_by_speech": TurnTaker._interrupt_by_speech,
    "interrupt_by_keys": TurnTaker._interrupt_by_keys,
    "await_input": TurnTaker._await_input,
    "start_speech": TurnTaker._start_speech,
    "pass_frame": TurnTaker._pass_frame,
    "cancel_speech": TurnTaker._cancel_speech,
    "collect_key": TurnTaker._collect_key,
    "answer_keys": TurnTaker._answer_keys,
    "answer_speech": TurnTaker._answer_speech,
    "answer_no_input": TurnTaker._answer_no_input,
}
