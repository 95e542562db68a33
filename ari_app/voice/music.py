"""Music in a line: ringback tunes before the answer, music on hold after it.

Notes are lines that stand still, speech is harmonics that glide, and a tune hardly pauses. So two shares are measured over
the last seconds: looks with a line that has stood for 160 ms, and looks much softer than the mean (after Saunders,
"Real-time discrimination of broadcast speech/music", ICASSP 1996, and Scheirer and Slaney, ICASSP 1997).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.voice.line_sound import HIGH_BIN, HZ_PER_BIN, LineSound
from ari_app.voice.pcm import FRAME_S, Floats

EVERY: Final = 2
"""A look at every second frame."""
_SMOOTH: Final = 9
_FIRST_BIN: Final = round(500 / HZ_PER_BIN)
"""Below, the harmonics of a calm voice stand as still as notes."""


@dataclass(frozen=True, slots=True)
class MusicRules:
    """Shares over ``window_s``: at least ``standing`` of the looks with a line that has stood for ``stand_looks`` (a hum
    stands longer), at most ``soft`` of them below half the mean power, at most ``pure`` of them a single line (a tone, no
    tune). The level moves by ``spread_db`` at least (a hum's does not)."""

    window_s: float = 2.6
    standing: float = 0.75
    soft: float = 0.55
    pure: float = 0.5
    spread_db: float = 3.0
    stand_looks: tuple[int, int] = (4, 75)
    lowest_dbfs: float = -50.0
    prominent_db: float = 7.0
    under_peak_db: float = 39.0


class MusicDetector:
    """Fed with every frame; ``music`` says whether the last seconds were music."""

    def __init__(self, rules: MusicRules | None = None) -> None:
        self.rules = rules or MusicRules()
        self.music = False
        self._looks = looks = round(self.rules.window_s / FRAME_S / EVERY)
        self._soft = looks
        """Looks kept since the last loud one: when they fill the window, another one changes nothing."""
        self._standing: deque[bool] = deque(maxlen=looks)
        self._pure: deque[bool] = deque(maxlen=looks)
        self._power: deque[float] = deque(maxlen=looks)
        self._ages = np.zeros(HIGH_BIN + 1 - _FIRST_BIN, dtype=np.int16)
        self._padded = np.empty(self._ages.size + _SMOOTH, dtype=np.float32)
        self._count = 0

    def push(self, sound: LineSound) -> bool:
        """Take one frame; whether it is music now."""
        self._count += 1
        if self._count % EVERY:
            return self.music
        if sound.dbfs < self.rules.lowest_dbfs:
            if self._power and self._soft >= self._looks:
                return False
            self._soft += 1
            self._ages[:] = 0
            self._look(False, False, 0.0)
            return self.music
        self._soft = 0
        band = sound.power[_FIRST_BIN : HIGH_BIN + 1]
        peaks = self._prominent(band)
        near = peaks.copy()  # a line may waver by a bin of 25 Hz
        near[1:] |= peaks[:-1]
        near[:-1] |= peaks[1:]
        self._ages += 1
        self._ages *= near
        least, most = self.rules.stand_looks
        strongest = int(band.argmax())
        total = float(band.sum()) + 1.0
        one = float(band[max(0, strongest - 2) : strongest + 3].sum())
        self._look(bool(((self._ages >= least) & (self._ages <= most)).any()), one > 0.93 * total, total)
        return self.music

    def _prominent(self, band: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Bins that stand out from the bins around them, and are not far below the strongest."""
        logs = np.log(band + np.float32(1.0))
        padded = self._padded
        padded[: _SMOOTH // 2 + 1] = logs[0]
        padded[_SMOOTH // 2 + 1 : -(_SMOOTH // 2)] = logs
        padded[-(_SMOOTH // 2) :] = logs[-1]
        sums = padded.cumsum()
        mean = (sums[_SMOOTH:] - sums[:-_SMOOTH]) / _SMOOTH
        neper = np.float32(0.2303)
        found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (
            logs - mean > self.rules.prominent_db * neper
        ) & (logs > logs.max() - self.rules.under_peak_db * neper)
        found[1:-1] &= (logs[1:-1] >= logs[:-2]) & (logs[1:-1] >= logs[2:])
        return found

    def _look(self, standing: bool, pure: bool, power: float) -> None:
        self._standing.append(standing)
        self._pure.append(pure)
        self._power.append(power)
        count = len(self._power)
        if count < self._power.maxlen * 0.75:  # type: ignore[operator]
            return
        rules = self.rules
        if sum(self._standing) < rules.standing * count or sum(self._pure) > rules.pure * count:
            self.music = False
            return
        ordered = sorted(self._power)
        if ordered[count * 9 // 10] < 10.0 ** (rules.spread_db / 10.0) * ordered[count // 10]:
            self.music = False
            return
        half = 0.5 * sum(ordered) / count
        self.music = sum(power < half for power in ordered) <= rules.soft * count
