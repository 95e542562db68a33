"""What a subscriber hears: does the other side speak, since when, until when. Pure; time is an argument."""

from __future__ import annotations

from ari_app.voice.pcm import FRAME_S, level_dbfs

SPEECH_DBFS = -45.0
"""Loudness of a frame that counts as sound. Synthetic speech lies around -20, line noise below -60."""
LEAST_SPEECH_S = 0.2
"""Shorter sounds (the rest of a sentence that was cut off, a click) are no prompt."""
RUN_GAP_S = 1.0
"""A pause within one prompt; after a longer one a new stretch of speech begins."""
STILL_S = 0.3
"""Who has made no sound for so long is not speaking at this moment."""


class Hearing:
    """Fed with every frame that arrives; frames that are missing are silence.

    ``forget`` draws a line: what was heard before it is no answer to what the subscriber did since.
    """

    def __init__(self) -> None:
        self.total_s = 0.0
        self._since_forget_s = 0.0
        self._run_started: float | None = None
        self._last_sound: float | None = None

    def push(self, pcm: bytes, at: float) -> None:
        """One frame of 20 ms, arrived at ``at`` (monotonic seconds)."""
        if level_dbfs(pcm) < SPEECH_DBFS:
            return
        if self._last_sound is None or at - self._last_sound > RUN_GAP_S or self._run_started is None:
            self._run_started = at
        self._last_sound = at
        self.total_s += FRAME_S
        self._since_forget_s += FRAME_S

    def forget(self) -> None:
        """From now on a new prompt is awaited."""
        self._since_forget_s = 0.0
        self._run_started = None

    @property
    def heard_speech(self) -> bool:
        """Whether enough was heard since the line was drawn."""
        return self._since_forget_s >= LEAST_SPEECH_S

    def prompt_over(self, now: float, silence: float) -> bool:
        """Whether speech was heard and has been over for ``silence`` seconds."""
        return self.heard_speech and self._last_sound is not None and now - self._last_sound >= silence

    def speaking_for(self, now: float) -> float:
        """Seconds since the present stretch of speech began; 0 when none was heard since the line was drawn, and while
        there is silence: the rest of a sentence that was cut off is no prompt that goes on."""
        if not self.heard_speech or self._run_started is None or self._last_sound is None:
            return 0.0
        if now - self._last_sound > STILL_S:
            return 0.0
        return max(0.0, now - self._run_started)
