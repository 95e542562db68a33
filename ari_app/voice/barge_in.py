"""Barge-in: when a sound over the prompt is speech that the bot must give way to.

Every frame adds or removes evidence, in seconds of speech. Voice counts in full, a hum ("mm-hm", "嗯": the customer
listens) so little that it takes much longer, pitchless sounds (coughs, clicks, noise) nothing; only the one frame
before a voice counts with it, because a consonant or half a frame of silence hides the pitch there.
"""

from __future__ import annotations

from typing import Final

from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn_terms import DiscerningGate, Sound, TurnLimits

LEAK: Final = 0.5
"""A frame without voice takes back half of what a voiced frame gives."""
FORGET_FRAMES: Final = 10
"""After so many frames without voice (200 ms) the next sound begins anew."""


def sound_over_prompt(gate: DiscerningGate, background_dbfs: float, limits: TurnLimits) -> Sound:
    """What a voiced frame is made of; what hardly rises out of the background comes from there."""
    least = max(limits.barge_in_dbfs, background_dbfs + limits.over_background_db)
    return Sound.NOISE if gate.level_dbfs < least else gate.sound()


class BargeIn:
    """Evidence of one playout: ``evidence_s`` of speech; ``frames`` is how long ago, in frames, the speech began."""

    def __init__(self, limits: TurnLimits, caution: float = 1.0) -> None:
        self.frames = 0
        self.voiced_frames = 0
        self._needed_s = limits.barge_in_s * caution
        self._hum_share = min(1.0, limits.barge_in_s / limits.hum_s) if limits.hum_s > 0 else 1.0
        self.evidence_s = 0.0
        self._quiet_frames = FORGET_FRAMES
        self._onset = False

    def hear(self, sound: Sound | None) -> bool:
        """One frame (None: not voiced at all); True when the prompt must stop."""
        if sound is None and not self.frames and self.evidence_s <= 0.0:
            self._onset = False  # most frames: nothing was heard that silence could take back
            return False
        match sound:
            case Sound.VOICE:
                gain = 2 * FRAME_S if self._onset else FRAME_S
            case Sound.HUM:
                gain = FRAME_S * self._hum_share
            case _:
                gain = 0.0
        if gain > 0.0:
            if self._onset:
                self.frames, self.voiced_frames = self.frames + 1, self.voiced_frames + 1
            self._onset = False
            self._quiet_frames = 0
            self.evidence_s += gain
        else:
            # Only before the first voice: inside a word such frames cost nothing that matters.
            self._onset = sound is Sound.NOISE and not self.frames
            self._quiet_frames += 1
            self.evidence_s = max(0.0, self.evidence_s - LEAK * FRAME_S)
            if self._quiet_frames >= FORGET_FRAMES:
                self.frames = self.voiced_frames = 0
                self.evidence_s = 0.0
        if self.frames or gain > 0.0:
            self.frames += 1
            self.voiced_frames += sound is not None
        # A hundredth of a frame less: sums of 0.02 are not exact.
        return gain > 0.0 and self.evidence_s >= self._needed_s - FRAME_S / 100
