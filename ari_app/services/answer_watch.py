"""Who has answered: the detector of the sound, and a recogniser's second opinion on the words, as one detector."""

from __future__ import annotations

from typing import Final

import structlog

from ari_app.services.keyword_watch import KeywordWatch
from ari_app.voice.answering_machine import AnsweringMachineDetector, AnswerVerdict

log = structlog.get_logger(__name__)

WORDS_S: Final = 15.0
"""So long after the answer words are listened for."""
AFTER_HUMAN_S: Final = 3.0
"""And so long after a first "human": what a person says later answers our questions."""


class AnswerWatch:
    """The detector that a conversation uses; one for each call. ``heard`` is the word for the disposition table."""

    def __init__(self, detector: AnsweringMachineDetector, keywords: KeywordWatch | None = None) -> None:
        self._detector = detector
        self._keywords = keywords
        self._began: float | None = None
        self._until = 0.0

    @property
    def heard(self) -> str | None:
        """What the disposition table calls the one that has answered; None for a person."""
        return self._detector.heard

    @property
    def reason(self) -> str:
        """Why the verdict was given."""
        return self._detector.reason

    def push(self, frame: bytes, at: float) -> str | None:
        """Add 20 ms of sound; a verdict once it is known or has changed."""
        if self._detector.done:
            return None
        if self._keywords is not None:
            self._listen(self._keywords, frame, at)
        verdict = self._detector.push(frame, at)
        if verdict is None:
            return None
        if verdict is AnswerVerdict.HUMAN:
            self._until = min(self._until, at + AFTER_HUMAN_S)
        log.info("who has answered", verdict=verdict.value, reason=self._detector.reason)
        return verdict.value

    @property
    def first_word_at(self) -> float | None:
        """When speech began, on the clock of the frames; None while there was none."""
        return self._detector.first_word_at

    def answered(self, at: float) -> None:
        """A question was answered as a person does: human, however long he talks from now on."""
        self._until = min(self._until, at + AFTER_HUMAN_S)
        self._detector.answered()

    async def close(self) -> None:
        """Give up what the recogniser is still working on."""
        if self._keywords is not None:
            await self._keywords.close()

    def _listen(self, keywords: KeywordWatch, frame: bytes, at: float) -> None:
        if self._began is None:
            self._began, self._until = at, at + WORDS_S
        if at < self._until:
            keywords.push(frame)
        meaning, keywords.meaning = keywords.meaning, None
        if meaning is not None:
            self._detector.words_mean(meaning)
