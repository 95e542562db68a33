"""Recognisers, voices and rendered prompts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from ari_app.dialogue.model import Fragment, Grammar
from ari_app.domain.voice_style import VoiceStyle


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a recogniser heard: text as it returns it, confidence 0 to 1, the engine's name.

    ``provisional``: a partial result that the final one may correct, so that it may steer the waiting but is not
    taken for the answer.
    """

    text: str = field(repr=False)
    confidence: float
    engine: str
    provisional: bool = False


#: Seconds from the end of an utterance to its text: upper ends of the buckets that health counts them in.
RESULT_BUCKETS_S: Final = (0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0, 2.0, 4.0)


class EngineState(StrEnum):
    """Whether an engine is given utterances."""

    READY = "ready"
    RESTING = "resting"
    """Failed or was late several times in a row: left alone for a while, then tried with one utterance."""
    UNUSABLE = "unusable"
    """Cannot hear anything here (no model, no server configured)."""


@dataclass(frozen=True, slots=True)
class EngineHealth:
    """What one recogniser did since the start.

    ``utterances``: final results asked for, ``failures`` and ``timeouts`` of them without a text by a fault;
    ``mean_ms`` and ``p95_ms``: from the asking to the result, over the last 256 that came (0 before the first).
    ``took_counts``: how many results took at most so long as RESULT_BUCKETS_S says, and longer than the bucket before;
    one more entry for those above; ``took_sum_s`` all together, in seconds. These two only grow.
    """

    name: str
    state: EngineState
    utterances: int = 0
    failures: int = 0
    timeouts: int = 0
    mean_ms: float = 0.0
    p95_ms: float = 0.0
    took_counts: tuple[int, ...] = (0,) * (len(RESULT_BUCKETS_S) + 1)
    took_sum_s: float = 0.0


class RecognitionStream(Protocol):
    """One utterance on its way through a recogniser."""

    def feed(self, pcm: bytes) -> None:
        """Add slin16 sound (16 kHz); returns at once."""
        ...

    async def partial(self, timeout_s: float) -> Transcript:
        """The text of what has been fed until now; the utterance goes on. Raises SpeechError, TimeoutError.

        What is fed while it is worked out belongs to the next call. A result that is not ``provisional`` is as good
        as ``result`` would be, if only silence follows.
        """
        ...

    async def result(self, timeout_s: float) -> Transcript:
        """End the utterance and get its text (empty when nothing was understood). Raises SpeechError, TimeoutError."""
        ...

    def cancel(self) -> None:
        """Throw the utterance away."""
        ...


class Recogniser(Protocol):
    """A speech recogniser."""

    name: str

    def supports(self, language: str) -> bool:
        """Whether it can hear this language here and now (model present)."""
        ...

    def open(self, grammar: Grammar) -> RecognitionStream:
        """Begin an utterance."""
        ...

    def health(self) -> Sequence[EngineHealth]:
        """The state and the figures of each engine behind it; returns at once."""
        ...

    async def warm_up(self, timeout_s: float) -> None:
        """Load models now, so that the first utterance does not wait for it. Raises SpeechError, TimeoutError."""
        ...

    async def close(self) -> None:
        """Release workers and models."""
        ...


class Voice(Protocol):
    """A text-to-speech voice."""

    name: str
    online: bool

    def supports(self, language: str) -> bool: ...

    async def synthesise(self, text: str, language: str) -> bytes:
        """slin16 PCM (16 kHz mono) of a text; raises SpeechError when it cannot."""
        ...


class Prompts(Protocol):
    """Rendered prompts, content-addressed."""

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        """Render what is not in the cache yet; raises SpeechError when a fragment cannot be had."""
        ...

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        """slin16 sound of the fragments, joined; from the cache where it is there."""
        ...

    def styled(self, style: VoiceStyle) -> Prompts:
        """The same prompts, spoken with the voice and speed of a campaign."""
        ...
