"""What goes into turn-taking and what comes out of it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

# --------------------------------------------------------------------------------------------------- what goes in


@dataclass(frozen=True, slots=True)
class FrameHeard:
    """20 ms of the customer's sound (640 bytes); ``at`` in seconds of a steady clock, as everywhere here."""

    pcm: bytes = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A DTMF key."""

    digit: str = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """The prompt has been played out."""

    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    """Nothing happened, but time went by."""

    at: float


TurnInput = FrameHeard | KeyPressed | PromptEnded | Tick

# --------------------------------------------------------------------------------------------------- what comes out


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Barge-in: stop the playout now. ``by`` is ``speech`` or ``keys``."""

    by: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Open a recognition stream; ``pcm`` is the speech so far with its pre-roll."""

    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeechFrame:
    """More of the utterance: feed it to the recognition stream."""

    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeechCancelled:
    """The customer took the keys instead: throw the utterance away."""


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """Answer: an utterance of ``seconds``; ``cut_off`` when it ended at the limit of its length."""

    seconds: float
    cut_off: bool = False


@dataclass(frozen=True, slots=True)
class KeysEntered:
    """Answer: keys. ``complete`` is False with fewer than the digits asked for. The terminator is left out."""

    digits: str = field(repr=False)
    complete: bool


@dataclass(frozen=True, slots=True)
class NoInput:
    """Answer: neither speech nor keys in the time allowed."""


TurnOutput = (
    Interrupted | SpeechStarted | SpeechFrame | SpeechCancelled | UtteranceEnded | KeysEntered | NoInput
)
Answer = UtteranceEnded | KeysEntered | NoInput
