"""What turn-taking is given: the question, the speech gate, and the limits that hold for every question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from ari_app.voice.pcm import Floats


class Sound(StrEnum):
    """What a frame that counted as speech is made of: a voice, a closed-mouth hum, or a sound without any pitch."""

    VOICE = "voice"
    HUM = "hum"
    NOISE = "noise"


class Gate(Protocol):
    """What turn-taking needs of a speech gate (see SpeechGate)."""

    voiced: bool

    def push(self, frame: bytes) -> bool: ...


@runtime_checkable
class DiscerningGate(Protocol):
    """A gate that also knows the level of the last frame, and, while it is ``voiced``, what it is made of and its shape
    (the envelope of its spectrum, see ``vad.envelope``).

    Both are asked for only over a prompt.
    """

    level_dbfs: float

    def sound(self) -> Sound: ...

    def shape(self) -> Callable[[], Floats]: ...


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


@dataclass(frozen=True, slots=True)
class TurnLimits:
    """Seconds and counts that do not depend on the question; docs/turn-taking.md says why each is what it is.

    Over a prompt ``barge_in_s`` of voice interrupt, or ``hum_s`` of a hum, if it is louder than ``barge_in_dbfs`` and
    than the background by ``over_background_db``. ``speculate_s`` after the last voiced frame
    the words so far are asked for. A complete answer ends after ``complete_s`` of silence, one in progress after
    ``in_progress_factor`` times the question's wait, at most ``in_progress_max_s`` (never less than the question's own).
    Less than ``short_s`` of voice within ``false_start_s`` may be no answer at all: a prompt stopped by it goes on
    at the latest ``guess_wait_s`` after the last voice, ``max_resumes`` times a question (and as often after the first half
    of a sentence), and waiting goes on
    ``max_false_starts`` times. Less than ``wordless_s`` of voice over a prompt, in which no words were found, did not
    interrupt it either. A back-channel that says yes is an answer within ``tail_s`` of a prompt's end. Where the prompt
    goes on over speech at first, ``nod_s`` of it stop it in any case.
    ``pre_roll_s`` before the first speech are kept; a prompt whose mark never comes counts as ended
    ``prompt_grace_s`` after its own length.
    """

    barge_in_s: float = 0.06
    hum_s: float = 0.6
    barge_in_dbfs: float = -42.0
    over_background_db: float = 12.0
    pre_roll_s: float = 0.3
    prompt_grace_s: float = 3.0
    speculate_s: float = 0.1
    complete_s: float = 0.2
    in_progress_factor: float = 2.0
    in_progress_max_s: float = 2.0
    short_s: float = 0.3
    wordless_s: float = 0.6
    false_start_s: float = 3.0
    guess_wait_s: float = 1.2
    tail_s: float = 0.7
    nod_s: float = 0.6
    max_resumes: int = 3
    max_false_starts: int = 3
