"""A steady tone in a noisy line: beeps of answering machines, answer tones of fax machines and modems."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.voice.line_sound import HIGH_BIN, HZ_PER_BIN, LOW_BIN, LineSound
from ari_app.voice.pcm import FRAME_S, Floats

_NOISE_FOLLOWS: Final = np.float32(0.15)
_FLOOR_RISE_DB: Final = 0.06
"""dB a frame by which the floor rises where nothing is softer: 3 dB a second."""
_LOWEST_FLOOR_DBFS: Final = -80.0
_NEAR_FLOOR_DB: Final = 4.0


@dataclass(frozen=True, slots=True)
class ToneRules:
    """``share`` of the energy above the noise that one line must hold; steady within ``steady_hz`` and ``steady_db``."""

    lowest_dbfs: float = -42.0
    share: float = 0.9
    steady_hz: float = 18.0
    steady_db: float = 4.0
    over_noise_db: float = 6.0
    forgive_frames: int = 1


class SteadyTone:
    """Follows the strongest line of a line's sound: ``hz`` and ``seconds`` of the tone that sounds now (0 for none).

    The noise of the line, learned where it is softest, is taken away first, so that a beep 6 dB over the noise is still one
    line. One strange frame (a lost packet, a reversed phase) does not end a tone that has lasted 60 ms.
    """

    def __init__(self, rules: ToneRules | None = None) -> None:
        self.rules = rules or ToneRules()
        self.hz = 0.0
        self.seconds = 0.0
        self._dbfs = 0.0
        self._strange = 0
        self._floor = -70.0
        self._noise: Floats = np.zeros(HIGH_BIN + 1 - LOW_BIN, dtype=np.float32)

    def push(self, sound: LineSound) -> None:
        """Take one frame."""
        rules, dbfs = self.rules, sound.dbfs
        floor = self._floor
        quiet = dbfs < floor + _NEAR_FLOOR_DB
        risen = floor + _FLOOR_RISE_DB
        floor = dbfs if dbfs < risen else risen
        self._floor = floor if floor > _LOWEST_FLOOR_DBFS else _LOWEST_FLOOR_DBFS
        if dbfs < rules.lowest_dbfs:
            if self.seconds or self._strange:
                self._miss()
            return
        band = sound.power[LOW_BIN : HIGH_BIN + 1]
        if quiet and self.seconds == 0.0:
            self._noise += _NOISE_FOLLOWS * (band - self._noise)
        hz = self._line(band)
        if hz is None:
            self._miss()
        elif (
            self.seconds
            and abs(hz - self.hz) <= rules.steady_hz
            and abs(dbfs - self._dbfs) <= rules.steady_db
        ):
            self.seconds += FRAME_S * (1 + self._strange)
            self._strange = 0
            self.hz += 0.2 * (hz - self.hz)
            self._dbfs += 0.2 * (dbfs - self._dbfs)
        else:
            self.hz, self.seconds, self._dbfs, self._strange = hz, FRAME_S, dbfs, 0

    def missing(self) -> None:
        """Take 20 ms in which nothing arrived."""
        self._miss()

    def lasts(self, hz: tuple[float, float], seconds: float) -> bool:
        """Whether the tone that sounds now lies between two frequencies and has lasted so long."""
        return self.seconds >= seconds - 1e-6 and hz[0] <= self.hz <= hz[1]

    def _line(self, band: Floats) -> float | None:
        """The frequency of the line that holds nearly all energy above the noise, or None."""
        above = np.maximum(band - np.float32(2.0) * self._noise, 0.0)
        at = int(above.argmax())
        first = max(0, at - 2)
        around = above[first : at + 3]
        line, total = float(around.sum()), float(above.sum())
        if line <= 0.0 or line < self.rules.share * total:
            return None
        if line < 10.0 ** (self.rules.over_noise_db / 10.0) * float(self._noise[first : at + 3].sum()):
            return None
        centre = float(np.dot(around, np.arange(first, first + around.size, dtype=np.float32))) / line
        return (LOW_BIN + centre) * HZ_PER_BIN

    def _miss(self) -> None:
        if self.seconds >= 0.06 and self._strange < self.rules.forgive_frames:
            self._strange += 1
        else:
            self.seconds, self._strange = 0.0, 0
