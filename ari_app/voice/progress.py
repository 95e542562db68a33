"""Call progress by ear before the answer: announcements, tones, fax, music, silence."""

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
from ari_app.voice.fax import FaxTones
from ari_app.voice.line_sound import LineSound
from ari_app.voice.music import MusicDetector
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.steady_tone import SteadyTone
from ari_app.voice.tone_plan import Pattern, Sound, TonePlan
from ari_app.voice.tones import CadenceDetector

__all__ = [
    "AnnouncementMatcher",
    "AnnouncementReferences",
    "AnswerVerdict",
    "AnsweringMachineDetector",
    "CadenceDetector",
    "DetectorSettings",
    "EarlyMediaListener",
    "LineSound",
    "Match",
    "MatcherSettings",
]

NO_NEWS: Final = frozenset({"ringback", "call_waiting", "dial", "special_dial", "sit", "music", "silence"})
"""Heard, but no end of the call: it rings; or an announcement follows, and that has the meaning."""

MEANS: Final[Mapping[str, str]] = {
    "busy_in_call": "busy",
    "network_busy": "congestion",
    "howler": "congestion",
    "sit_reorder": "congestion",
    "sit_no_circuit": "congestion",
    "sit_vacant": "empty_number",
    "sit_intercept": "number_changed",
}
"""What a meaning is called in the disposition table, where that is another word."""

SILENCE_S: Final = 8.0
SILENCE_DBFS: Final = -55.0

ANY_COUNTRY: Final = TonePlan(
    (
        Pattern("ringback", Sound(band=(380.0, 560.0)), (1.0, 4.0)),
        Pattern("busy", Sound(band=(380.0, 640.0)), (0.35, 0.35)),
        Pattern("busy", Sound(band=(380.0, 640.0)), (0.5, 0.5)),
        Pattern("congestion", Sound(band=(380.0, 640.0)), (0.25, 0.25)),
        Pattern("congestion", Sound(band=(380.0, 640.0)), (0.7, 0.7)),
    )
)
"""What is listened for where nobody says which country's tones to expect."""


class EarlyMediaListener:
    """Listens to one call before the answer; ``heard`` keeps everything in order, no news included."""

    def __init__(
        self,
        references: AnnouncementReferences,
        plan: TonePlan = ANY_COUNTRY,
        *,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.heard: list[str] = []
        self.last_match: Match | None = None
        self._silent_frames = round(silence_s / FRAME_S)
        self._quiet = 0
        self._sound = LineSound()
        self._matcher = AnnouncementMatcher(references)
        self._cadences = CadenceDetector(plan)
        self._tone = SteadyTone()
        self._fax = FaxTones()
        self._music = MusicDetector()

    def push(self, frame: bytes) -> str | None:
        """Take one frame (640 bytes); a meaning that ends the call, as soon as it is sure, else None."""
        sound = self._sound
        sound.push(frame)
        match = self._matcher.push(frame)
        signal = self._cadences.push(sound)
        self._tone.push(sound)
        fax = self._fax.push(self._tone)
        music = self._music.push(sound)
        if match is not None:
            self.last_match = match
            return self._note(match.meaning)
        if signal is not None:
            return self._note(signal)
        if fax:
            return self._note("fax")
        self._quiet = 0 if sound.dbfs > SILENCE_DBFS else self._quiet + 1
        if self._quiet == self._silent_frames:
            return self._note("silence")
        return self._note("music") if music else None

    def _note(self, heard: str) -> str | None:
        meaning = MEANS.get(heard, heard)
        if not self.heard or self.heard[-1] != meaning:
            self.heard.append(meaning)
        return None if meaning in NO_NEWS else meaning
