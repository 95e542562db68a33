"""One frame of a line's sound, looked at once for everybody: level, spectrum, the strongest line in it.

What is expensive is worked out when it is first asked for, so that a silent line costs next to nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ari_app.voice.pcm import (
    FRAME_BYTES,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SILENCE_DBFS,
    Floats,
    power_dbfs,
)

WINDOW: Final = 2 * FRAME_SAMPLES
HZ_PER_BIN: Final = SAMPLE_RATE / WINDOW
LOW_BIN: Final = round(300 / HZ_PER_BIN)
HIGH_BIN: Final = round(3_400 / HZ_PER_BIN)
_HANN: Final = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_EMPHASIS: Final = np.float32(0.9)
_NOISE_GROWS: Final = 0.1


class LineSound:
    """Takes the frames of one line in their order.

    ``dbfs`` is the level of the last frame, ``bright_dbfs`` its level after a first-order high-pass (mains hum does not
    count), ``power`` the spectrum of the last 40 ms (25 Hz a bin, Hann window), all made when they are first read.
    """

    def __init__(self) -> None:
        self.samples: Floats = np.zeros(FRAME_SAMPLES, dtype=np.float32)
        self._before = self.samples
        self._last = np.float32(0.0)
        self.dbfs = SILENCE_DBFS
        self._bright: float | None = SILENCE_DBFS
        self._power: Floats | None = None

    def push(self, frame: bytes) -> None:
        """Take 20 ms (640 bytes slin16; ValueError otherwise)."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes (allowed: {FRAME_BYTES})")
        self._before, self.samples = self.samples, np.frombuffer(frame, dtype="<i2").astype(np.float32)
        self.dbfs = power_dbfs(float(self.samples.dot(self.samples)) / FRAME_SAMPLES)
        self._bright = self._power = None

    @property
    def bright_dbfs(self) -> float:
        """Level of the frame with its low tones taken back (6 dB an octave below 2 kHz)."""
        if self._bright is None:
            if self.dbfs <= -75.0:
                self._bright = self.dbfs
            else:
                bright = self.samples[1:] - _EMPHASIS * self.samples[:-1]
                self._bright = power_dbfs(float(bright.dot(bright)) / FRAME_SAMPLES)
        return self._bright

    @property
    def power(self) -> Floats:
        """Power in each of the 321 bins of 25 Hz, over this frame and the one before it."""
        if self._power is None:
            spectrum = np.fft.rfft(np.concatenate((self._before, self.samples)) * _HANN)
            self._power = np.square(spectrum.real) + np.square(spectrum.imag)
        return self._power
