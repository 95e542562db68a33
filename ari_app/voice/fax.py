"""Fax machines and modems by their tones (ITU-T T.30, V.25): 2100 Hz answers, 1100 Hz for half a second calls."""

from __future__ import annotations

from typing import Final

from ari_app.voice.pcm import FRAME_S
from ari_app.voice.steady_tone import SteadyTone

ANSWER_HZ: Final = (2_075.0, 2_125.0)
ANSWER_S: Final = 0.4
CALLING_HZ: Final = (1_055.0, 1_145.0)
CALLING_S: Final = (0.4, 0.65)
AGAIN_S: Final = (2.8, 4.2)
"""From the begin of one calling tone to the begin of the next: 0.5 s on, 3 s off, both with 15 % to spare."""


class FaxTones:
    """Fed after the tone of each frame; ``push`` says whether this is a fax. One calling tone alone may be a beep."""

    def __init__(self) -> None:
        self._frames = 0
        self._lasted = 0.0
        self._last_call: float | None = None

    def push(self, tone: SteadyTone) -> bool:
        self._frames += 1
        if tone.seconds == 0.0 and self._lasted == 0.0:
            return False
        if tone.lasts(ANSWER_HZ, ANSWER_S):
            return True
        calling = tone.lasts(CALLING_HZ, FRAME_S)
        ended, self._lasted = self._lasted, tone.seconds if calling else 0.0
        if calling or not CALLING_S[0] <= ended <= CALLING_S[1]:
            return False
        began = self._frames * FRAME_S - ended
        before, self._last_call = self._last_call, began
        return before is not None and AGAIN_S[0] <= began - before <= AGAIN_S[1]
