"""Words in what a network or a machine says: a recogniser's second opinion, beside the sound and never in its way.

Speech is cut into pieces at its pauses; each piece goes to the recogniser of the language, which answers when it can. At
most one piece is worked on and one waits; what comes while both places are taken is not listened to and is counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import structlog

from ari_app.dialogue.announcement_words import announcement_grammar, meaning_of
from ari_app.errors import SpeechError
from ari_app.ports import Recogniser, RecognitionStream
from ari_app.voice.pcm import FRAME_S

log = structlog.get_logger(__name__)

PRE_ROLL: Final = round(0.3 / FRAME_S)
LEAST_S: Final = 1.2
"""A shorter piece is a hello; nobody announces anything in it."""
MOST_S: Final = 7.0
RESULT_S: Final = 6.0
LEAST_CONFIDENCE: Final = 0.5
MOST_PIECES: Final = 6
AT_ONCE: Final = 2


class Gate(Protocol):
    """What says whether somebody is speaking."""

    def push(self, frame: bytes) -> bool: ...


@dataclass(slots=True)
class KeywordCounters:
    """What became of the pieces of one call."""

    heard: int = 0
    failed: int = 0
    dropped: int = 0


class KeywordWatch:
    """One for each call. ``push`` takes a frame and returns at once; ``meaning`` is set when words had one."""

    def __init__(
        self,
        recogniser: Callable[[str], Recogniser | None],
        language: str,
        gate: Gate,
        *,
        answered: bool,
    ) -> None:
        """:param recogniser: finds the recogniser of a language; None where nothing can hear it."""
        self.meaning: str | None = None
        self.counters = KeywordCounters()
        self._recogniser = recogniser
        self._language = language
        self._gate = gate
        self._answered = answered
        self._grammar = announcement_grammar(language)
        self._before: deque[bytes] = deque(maxlen=PRE_ROLL)
        self._piece: list[bytes] | None = None
        self._pieces = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def working(self) -> bool:
        """Whether a result is still to come."""
        return bool(self._tasks)

    def push(self, frame: bytes) -> None:
        """Take one frame of the line (640 bytes slin16)."""
        if self.meaning is not None or self._pieces >= MOST_PIECES:
            return
        speaking = self._gate.push(frame)
        if self._piece is None:
            if speaking:
                self._piece = [*self._before, frame]
            self._before.append(frame)
            return
        self._piece.append(frame)
        length = len(self._piece) * FRAME_S
        if speaking and length < MOST_S:
            return
        piece, self._piece = self._piece, None
        self._before.clear()
        if length - PRE_ROLL * FRAME_S >= LEAST_S:
            self._listen(piece)

    async def close(self) -> None:
        """Give up what is still being worked on."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def _listen(self, piece: list[bytes]) -> None:
        if len(self._tasks) >= AT_ONCE:
            self.counters.dropped += 1
            return
        engine = self._recogniser(self._language)
        if engine is None:
            return
        try:
            stream = engine.open(self._grammar)
            stream.feed(b"".join(piece))
        except SpeechError as error:
            self.counters.failed += 1
            log.info("announcement not listened to", error=str(error))
            return
        self._pieces += 1
        task = asyncio.create_task(self._result(stream), name="keywords")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _result(self, stream: RecognitionStream) -> None:
        try:
            heard = await stream.result(RESULT_S)
        except (SpeechError, TimeoutError) as error:
            self.counters.failed += 1
            log.info("announcement not understood", error=str(error) or type(error).__name__)
            return
        except asyncio.CancelledError:
            stream.cancel()
            raise
        self.counters.heard += 1
        if heard.confidence >= LEAST_CONFIDENCE and self.meaning is None:
            self.meaning = meaning_of(heard.text, self._language, answered=self._answered)
