"""Call progress by ear: announcements and tones before the answer, a person or a machine after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ari_app.voice.announcement import (
    AnnouncementMatcher,
    AnnouncementReferences,
    Match,
    MatcherSettings,
)
from ari_app.voice.answering_machine import AnsweringMachineDetector, AnswerVerdict, DetectorSettings
from ari_app.voice.tones import CADENCES, CadenceDetector

__all__ = [
    "CADENCES",
    "AnnouncementMatcher",
    "AnnouncementReferences",
    "AnswerVerdict",
    "AnsweringMachineDetector",
    "CadenceDetector",
    "DetectorSettings",
    "EarlyMediaListener",
    "Match",
    "MatcherSettings",
]

NO_NEWS: Final = frozenset({"ringback", "sit"})
"""Heard, but no end of the call: it rings; or an announcement follows, and that has the meaning."""

MEANS: Final[Mapping[str, str]] = {"busy_in_call": "busy"}
"""What a meaning is called in the disposition table, where that is another word."""


class EarlyMediaListener:
    """Listens to one call before the answer; ``heard`` keeps everything in order, no news included."""

    def __init__(self, references: AnnouncementReferences) -> None:
        self.heard: list[str] = []
        self.last_match: Match | None = None
        self._matcher = AnnouncementMatcher(references)
        self._cadences = CadenceDetector()

    def push(self, frame: bytes) -> str | None:
        """Take one frame (640 bytes); a meaning that ends the call, as soon as it is sure, else None."""
        match = self._matcher.push(frame)
        tone = self._cadences.push(frame)
        if match is not None:
            self.last_match = match
            return self._note(MEANS.get(match.meaning, match.meaning))
        return self._note(tone) if tone is not None else None

    def _note(self, meaning: str) -> str | None:
        if not self.heard or self.heard[-1] != meaning:
            self.heard.append(meaning)
        return None if meaning in NO_NEWS else meaning
