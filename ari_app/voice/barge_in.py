"""Barge-in: when a sound over the prompt is speech that the bot must give way to.

Every frame adds or removes evidence, in seconds of speech. Voice counts in full, a hum ("mm-hm", "嗯": the customer
listens) so little that it takes much longer, pitchless sounds (coughs, clicks, noise) nothing.
"""

from __future__ import annotations

from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn_terms import Sound, TurnLimits

_LEAK = 0.5
"""A frame without speech takes back half of what a voiced frame gives."""
_FORGET_FRAMES = 10
"""After so many frames without speech (200 ms) the next sound begins anew."""


class BargeIn:
    """Evidence of one playout; ``frames`` is how long ago, in frames, the speech it rests on began."""

    def __init__(self, limits: TurnLimits, caution: float = 1.0) -> None:
        self.frames = 0
        self.voiced_frames = 0
        self._needed_s = limits.barge_in_s * caution
        self._hum_share = min(1.0, limits.barge_in_s / limits.hum_s) if limits.hum_s > 0 else 1.0
        self._evidence_s = 0.0
        self._quiet_frames = 0

    def hear(self, voiced: bool, sound: Sound) -> bool:
        """One frame (``sound`` counts only where it is ``voiced``); True when the prompt must stop."""
        gain = self._gain(sound) if voiced else 0.0
        if gain > 0.0:
            self._quiet_frames = 0
            self._evidence_s += gain
        elif self.frames:
            self._quiet_frames += 1
            self._evidence_s = max(0.0, self._evidence_s - _LEAK * FRAME_S)
            if self._quiet_frames >= _FORGET_FRAMES:
                self._forget()
        if gain > 0.0 or self.frames:
            self.frames += 1
            self.voiced_frames += voiced
        # Half a frame less: sums of 0.02 are not exact.
        return gain > 0.0 and self._evidence_s >= self._needed_s - FRAME_S / 100

    def _gain(self, sound: Sound) -> float:
        match sound:
            case Sound.VOICE:
                return FRAME_S
            case Sound.HUM:
                return FRAME_S * self._hum_share
            case _:
                return 0.0

    def _forget(self) -> None:
        self.frames = self.voiced_frames = self._quiet_frames = 0
        self._evidence_s = 0.0
