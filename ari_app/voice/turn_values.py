"""What goes into turn-taking and what comes out of it, as values."""

from __future__ import annotations

from dataclasses import dataclass, field

from ari_app.domain.answer_progress import AnswerProgress

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


@dataclass(frozen=True, slots=True)
class Guessed:
    """What the speech so far amounts to, as the recogniser hears it: the answer to ``Speculate`` of this number.

    ``doubtful``: its words may have been forced onto a sound that had none.
    """

    number: int
    progress: AnswerProgress
    at: float
    doubtful: bool = False


TurnInput = FrameHeard | KeyPressed | PromptEnded | Tick | Guessed

# --------------------------------------------------------------------------------------------------- what comes out


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Barge-in: stop the playout now. ``by`` is ``speech`` or ``keys``."""

    by: str


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """Open a recognition stream; ``pcm`` is the speech so far with its pre-roll.

    ``over_prompt``: it began while the prompt was playing, so that "okay" may mean only "I listen". Without an
    ``Interrupted`` before it the prompt goes on.
    """

    pcm: bytes = field(repr=False)
    over_prompt: bool = False


@dataclass(frozen=True, slots=True)
class SpeechFrame:
    """More of the utterance: feed it to the recognition stream."""

    pcm: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeechCancelled:
    """Throw the utterance away: the customer took the keys instead, or it was no interruption after all."""


@dataclass(frozen=True, slots=True)
class Speculate:
    """A first short silence: recognise what was said until now, and push ``Guessed`` with this number."""

    number: int


@dataclass(frozen=True, slots=True)
class SpeculationDropped:
    """Speech has resumed: the result of this number is worth nothing any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """A false interruption (noise, a cough, a back-channel): go on with the prompt where it stopped."""


@dataclass(frozen=True, slots=True)
class UtteranceEnded:
    """Answer: an utterance of ``seconds``; ``cut_off`` when it ended at the limit of its length.

    ``speculation`` is the number of the Speculate that covers all of it; None: recognise it now. ``silent_s`` is how
    long the last voice lies back. ``prompt_left_s`` is how much of the prompt was to come when it began over one (None: it
    did not). Without an ``Interrupted`` before, that prompt goes on: its text must tell whether it was meant to stop it.
    """

    seconds: float
    cut_off: bool = False
    speculation: int | None = None
    silent_s: float = 0.0
    prompt_left_s: float | None = None


@dataclass(frozen=True, slots=True)
class KeysEntered:
    """Answer: keys. ``complete`` is False with fewer than the digits asked for. The terminator is left out."""

    digits: str = field(repr=False)
    complete: bool


@dataclass(frozen=True, slots=True)
class NoInput:
    """Answer: neither speech nor keys in the time allowed."""


TurnOutput = (
    Interrupted
    | SpeechStarted
    | SpeechFrame
    | SpeechCancelled
    | Speculate
    | SpeculationDropped
    | Resumed
    | UtteranceEnded
    | KeysEntered
    | NoInput
)
Answer = UtteranceEnded | KeysEntered | NoInput
