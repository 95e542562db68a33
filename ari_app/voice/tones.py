"""Tones: a single one in a frame (beeps, fax), and the cadences of call progress.

Chinese networks (GB/T 3380): 450 Hz; ringing 1 s on, 4 s off; busy 0.35/0.35 s; congestion 0.7/0.7 s. Others near it:
425 Hz (ETSI) and 440+480 Hz ringing, 480+620 Hz busy 0.5/0.5 s and reorder 0.25/0.25 s. Special information tones (ITU-T
E.180, Q.35): 950, 1400, 1800 Hz, a third of a second each.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.voice.pcm import FRAME_BYTES, FRAME_S, FRAME_SAMPLES, SAMPLE_RATE, Floats, power_dbfs, to_samples

_WINDOW: Final = 2 * FRAME_SAMPLES
_HANN: Final = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_HZ_PER_BIN: Final = SAMPLE_RATE / _WINDOW
_LOW_BIN: Final = round(275 / _HZ_PER_BIN)
_HIGH_BIN: Final = round(3_400 / _HZ_PER_BIN)
_LOWEST_DBFS: Final = -45.0
_PURITY: Final = 0.92


@dataclass(frozen=True, slots=True)
class Tone:
    """The strongest line of 40 ms of sound: its frequency, and the share of the energy within 50 Hz of it."""

    hz: float
    share: float


def strongest_tone(window: Floats) -> Tone:
    """Analyse 640 samples (275 to 3400 Hz)."""
    power = _power(window)
    band = power[_LOW_BIN : _HIGH_BIN + 1]
    at = int(band.argmax())
    around = band[max(0, at - 2) : at + 3]
    centre = float(np.dot(around, np.arange(max(0, at - 2), max(0, at - 2) + around.size))) / float(
        around.sum()
    )
    return Tone((_LOW_BIN + centre) * _HZ_PER_BIN, float(around.sum() / band.sum()))


def _power(window: Floats) -> Floats:
    spectrum = np.fft.rfft(window * _HANN)
    power: Floats = (spectrum.real**2 + spectrum.imag**2 + 1.0).astype(np.float32)
    return power


@dataclass(frozen=True, slots=True)
class Cadence:
    """A tone that comes and goes: seconds on and off, both with their tolerance."""

    meaning: str
    band: str
    on_s: float
    off_s: float
    tolerance_s: float = 0.07


CADENCES: Final = (
    Cadence("busy", "low", 0.35, 0.35),
    Cadence("congestion", "low", 0.7, 0.7),
    Cadence("busy", "low", 0.5, 0.5),
    Cadence("congestion", "low", 0.25, 0.25, 0.04),
)
RINGBACK_ON_S: Final = (0.8, 2.3)
RINGBACK_OFF_S: Final = 2.5
SIT_ON_S: Final = (0.22, 0.5)

BANDS_HZ: Final = {
    "low": (375.0, 675.0),
    "sit1": (890.0, 1_010.0),
    "sit2": (1_340.0, 1_470.0),
    "sit3": (1_740.0, 1_860.0),
}
"""Call progress tones; "low" holds single and double tones from 400 to 620 Hz."""


@dataclass(frozen=True, slots=True)
class _Run:
    """Frames of one kind in a row: a band, ``silence`` or ``sound``."""

    kind: str
    frames: int

    @property
    def seconds(self) -> float:
        return self.frames * FRAME_S


class CadenceDetector:
    """Hears ``ringback``, ``busy``, ``congestion`` and ``sit`` in the sound of one call, each time that it is complete.

    Busy and congestion need two whole cycles. Speech and music do not keep such times with so pure a tone.
    """

    def __init__(self) -> None:
        self._previous = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._kind = "silence"
        self._frames = 0
        self._doubt = 0
        self._runs: deque[_Run] = deque(maxlen=4)
        self._ringback_told = False

    def push(self, frame: bytes) -> str | None:
        """Take one frame (640 bytes; ValueError otherwise); the meaning of a cadence when it is complete."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes (allowed: {FRAME_BYTES})")
        samples = to_samples(frame).astype(np.float32)
        kind = self._kind_of(samples)
        self._previous = samples
        if kind == self._kind:
            self._frames += 1 + self._doubt
            self._doubt = 0
        elif kind == "sound" and self._kind != "sound" and self._doubt < 1:
            self._doubt += 1  # the edge of a tone looks like noise for a frame
        else:
            self._runs.append(_Run(self._kind, self._frames))
            self._kind, self._frames, self._doubt = kind, 1 + self._doubt, 0
            self._ringback_told = False
            return self._complete()
        return self._ringing()

    def _kind_of(self, samples: Floats) -> str:
        if power_dbfs(float(np.dot(samples, samples)) / FRAME_SAMPLES) < _LOWEST_DBFS:
            return "silence"
        power = _power(np.concatenate((self._previous, samples)))
        total = float(power[_LOW_BIN : _HIGH_BIN + 1].sum())
        for band, (low, high) in BANDS_HZ.items():
            inside = power[round(low / _HZ_PER_BIN) : round(high / _HZ_PER_BIN) + 1]
            if (
                float(inside.sum()) >= _PURITY * total
                and float(np.sort(inside)[-6:].sum()) >= _PURITY * total
            ):
                return band
        return "sound"

    def _ringing(self) -> str | None:
        if self._kind != "silence" or self._ringback_told or not self._runs:
            return None
        rung = self._runs[-1]
        fits = rung.kind == "low" and RINGBACK_ON_S[0] <= rung.seconds <= RINGBACK_ON_S[1]
        if not fits or self._frames * FRAME_S < RINGBACK_OFF_S:
            return None
        self._ringback_told = True
        return "ringback"

    def _complete(self) -> str | None:
        runs = list(self._runs)
        if [run.kind for run in runs[-3:]] == ["sit1", "sit2", "sit3"]:
            return "sit" if all(SIT_ON_S[0] <= run.seconds <= SIT_ON_S[1] for run in runs[-3:]) else None
        if len(runs) < 4 or runs[3].kind != "silence":
            return None
        for cadence in CADENCES:
            wanted = (cadence.band, "silence", cadence.band, "silence")
            times = (cadence.on_s, cadence.off_s, cadence.on_s, cadence.off_s)
            if tuple(run.kind for run in runs) == wanted and all(
                abs(run.seconds - time) <= cadence.tolerance_s for run, time in zip(runs, times, strict=True)
            ):
                return cadence.meaning
        return None
