"""What a simulated subscriber does when he is called, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ari_app.lab.effects import LineSettings
from ari_app.lab.release import Release

PROMPT_SILENCE_S = 0.6
"""Silence after speech that means: the other side has said what it had to say."""
PROMPT_LIMIT_S = 60.0
PATIENCE_S = 90.0
FOREVER = float("inf")


class Rtp(StrEnum):
    """What an answered line sends while nobody speaks."""

    SILENCE = "silence"
    """Frames of silence, as an ordinary telephone does."""
    NONE = "none"
    """Nothing at all, ever: a trunk with a broken voice path."""


class WaitFor(StrEnum):
    """What a wait waits for."""

    PROMPT = "prompt"
    """The other side has spoken and been silent for a while."""
    SPEECH = "speech"
    """The other side has begun to speak."""
    SECONDS = "seconds"
    END = "end"
    """The other side hangs up."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait; a prompt or speech that does not come within ``limit`` seconds makes the customer hang up.

    ``seconds`` is a length, or with ``upto`` the shortest of lengths of which one is drawn.
    """

    wait_for: WaitFor
    seconds: float = 0.0
    upto: float = 0.0
    silence: float = PROMPT_SILENCE_S
    limit: float = PROMPT_LIMIT_S


@dataclass(frozen=True, slots=True)
class Say:
    """Say something. ``level`` dBFS of the speech (None: as the voice gives it), ``noise`` dBFS of white noise under it
    (None: none), ``speed`` as on a tape that runs faster (1.0: as it is)."""

    text: str
    language: str
    level: float | None = None
    noise: float | None = None
    speed: float = 1.0


@dataclass(frozen=True, slots=True)
class Press:
    """Press keys; ``{tail}`` stands for the last four digits of the dialled number."""

    keys: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Wait until the other side has been speaking for ``after`` seconds (up to ``upto``, drawn where that is more), then
    act while it still speaks."""

    after: float
    action: Say | Press
    limit: float = PROMPT_LIMIT_S
    upto: float = 0.0


@dataclass(frozen=True, slots=True)
class Beep:
    """The tone of an answering machine."""

    hertz: float = 1000.0
    seconds: float = 0.4


@dataclass(frozen=True, slots=True)
class Play:
    """A sound that is no speech (:data:`ari_app.lab.sounds.SOUNDS`), at ``level`` dBFS; noises last ``seconds``."""

    sound: str
    level: float = -30.0
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class HangUp:
    """Put the receiver down."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Steps that are done several times, in order."""

    times: int
    steps: tuple[Step, ...]


Step = Wait | Say | Press | Interrupt | Beep | Play | HangUp | Repeat


def walked(steps: Iterable[Step]) -> Iterator[Step]:
    """Steps with those inside repetitions, each once."""
    for step in steps:
        if isinstance(step, Repeat):
            yield from walked(step.steps)
        else:
            yield step


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the network tells in early media (183), by the name of a WAV file or as a text to be spoken."""

    file: str = ""
    text: str = ""
    language: str = ""
    times: int = 2
    pause: float = 0.5


@dataclass(frozen=True, slots=True)
class Persona:
    """One behaviour. ``ring`` seconds of ringing before anything else (0: no 180 is sent; infinite: nobody answers).

    In this order: ring, announcement in early media, then release or answer. ``patience`` seconds after the last step
    the customer hangs up by himself. ``line`` is what the line does to all that he sends (None: nothing).
    """

    name: str
    language: str = "en"
    about: str = ""
    ring: float = 1.0
    answer: bool = True
    announce: Announcement | None = None
    reject: Release | None = None
    rtp: Rtp = Rtp.SILENCE
    steps: tuple[Step, ...] = field(default=())
    patience: float = PATIENCE_S
    black_hole: bool = False
    line: LineSettings | None = None

    @property
    def rings_for_ever(self) -> bool:
        return self.ring == FOREVER

    def texts(self) -> list[Say]:
        """Everything this persona may say, for rendering before the first call."""
        says = [step.action if isinstance(step, Interrupt) else step for step in walked(self.steps)]
        found = [step for step in says if isinstance(step, Say)]
        if self.announce is not None and self.announce.text:
            found.append(Say(self.announce.text, self.announce.language or self.language))
        return found


def for_number(text: str, dialled: str) -> str:
    """``text`` with ``{tail}`` replaced by the last four digits of ``dialled``, and ``{wrong}`` by four others."""
    digits = "".join(sign for sign in dialled if sign in "0123456789")
    tail = digits[-4:].rjust(4, "0")
    wrong = "".join(str((int(sign) + 5) % 10) for sign in tail)
    return text.replace("{tail}", tail).replace("{wrong}", wrong)


def filled(action: Say | Press, dialled: str) -> Say | Press:
    """The action with the placeholders of its text or keys filled in; spoken digits stand apart."""
    if isinstance(action, Press):
        return Press(for_number(action.keys, dialled))
    spoken = action.text
    for name in ("{tail}", "{wrong}"):
        if name in spoken:
            spoken = spoken.replace(name, " ".join(for_number(name, dialled)))
    return replace(action, text=spoken)
