"""The speech gate: is somebody speaking in these 20 ms?

WebRTC's detector calls white noise, DTMF and call progress tones speech. So a frame counts only when it is also louder
than an adaptive noise floor, neither as flat as noise nor as pure as a tone. The cheap tests come first: a silent
line costs a few microseconds a frame. Hysteresis opens the gate, a hangover closes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad

from ari_app.voice.pcm import (
    FRAME_BYTES,
    FRAME_S,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SILENCE_DBFS,
    Floats,
    power_dbfs,
)

_WINDOW: Final = 2 * FRAME_SAMPLES
_HANN: Final = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_HZ_PER_BIN: Final = SAMPLE_RATE / _WINDOW
_LOW_BIN: Final = round(300 / _HZ_PER_BIN)
_HIGH_BIN: Final = round(3_400 / _HZ_PER_BIN)
_PEAK_HALF_WIDTH: Final = 2


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How eager the gate is.

    ``mode`` is WebRTC's aggressiveness (0 to 3). Levels are dBFS and dB over the noise floor. ``open_frames`` of the
    last ``open_window`` frames must be speech to open; the gate closes ``hangover_frames`` after the last one.
    ``flatness`` is the spectral flatness (0 pure, 1 flat) from which a frame is noise; ``purity`` the share of
    energy in two narrow peaks from which it is a tone.
    """

    mode: int = 2
    lowest_dbfs: float = -50.0
    over_floor_db: float = 9.0
    open_frames: int = 4
    open_window: int = 6
    hangover_frames: int = 8
    flatness: float = 0.36
    purity: float = 0.97
    floor_start_dbfs: float = -60.0
    floor_rise_db_s: float = 6.0
    floor_rise_speaking_db_s: float = 1.0


def spectral_shape(window: Floats) -> tuple[float, float]:
    """Flatness (geometric over arithmetic mean, 300 to 3400 Hz) and purity (share of the two strongest peaks).

    ``window`` holds 640 samples (40 ms).
    """
    spectrum = np.fft.rfft(window * _HANN)[: _HIGH_BIN + _PEAK_HALF_WIDTH + 1]
    power = spectrum.real**2 + spectrum.imag**2
    band = power[_LOW_BIN : _HIGH_BIN + 1] + np.float32(1.0)
    total = float(band.sum())
    flatness = float(np.exp(np.log(band).mean())) * band.size / total
    peaks = 0.0
    left = band.copy()
    for _ in range(2):
        at = int(left.argmax())
        around = slice(max(0, at - _PEAK_HALF_WIDTH), at + _PEAK_HALF_WIDTH + 1)
        peaks += float(left[around].sum())
        left[around] = 0.0
    return flatness, peaks / total


class SpeechGate:
    """Decides frame by frame whether somebody is speaking; one for each call, it learns the line's noise.

    ``speaking`` is the gate; ``voiced`` says whether the very last frame counted as speech.
    """

    def __init__(self, mode: int = 2, settings: GateSettings | None = None) -> None:
        self.settings = settings or GateSettings(mode=mode)
        self.speaking = False
        self.voiced = False
        self.noise_floor_dbfs = self.settings.floor_start_dbfs
        self._vad = webrtcvad.Vad(self.settings.mode)
        self._recent: deque[bool] = deque(maxlen=self.settings.open_window)
        self._since_voiced = self.settings.hangover_frames
        self._previous = np.zeros(FRAME_SAMPLES, dtype=np.float32)

    @property
    def hangover_s(self) -> float:
        """Seconds for which ``speaking`` outlives the last voiced frame."""
        return self.settings.hangover_frames * FRAME_S

    def push(self, frame: bytes) -> bool:
        """Take one frame (640 bytes slin16; ValueError otherwise); True while somebody speaks."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes (allowed: {FRAME_BYTES})")
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        level = power_dbfs(float(np.dot(samples, samples)) / FRAME_SAMPLES)
        self.voiced = self._is_speech(frame, samples, level)
        self._previous = samples
        self._follow_floor(level)
        self._recent.append(self.voiced)
        self._since_voiced = 0 if self.voiced else self._since_voiced + 1
        if self.speaking:
            self.speaking = self._since_voiced < self.settings.hangover_frames
        else:
            self.speaking = self.voiced and sum(self._recent) >= self.settings.open_frames
        return self.speaking

    def missing(self) -> bool:
        """Take 20 ms in which the far end sent nothing."""
        return self.push(bytes(FRAME_BYTES))

    def _is_speech(self, frame: bytes, samples: Floats, level: float) -> bool:
        rules = self.settings
        if level < rules.lowest_dbfs or level < self.noise_floor_dbfs + rules.over_floor_db:
            return False
        if not self._vad.is_speech(frame, SAMPLE_RATE):
            return False
        flatness, purity = spectral_shape(np.concatenate((self._previous, samples)))
        return flatness < rules.flatness and purity < rules.purity

    def _follow_floor(self, level: float) -> None:
        """Down at once half the way, up slowly, and slower still while somebody speaks; digital silence teaches nothing."""
        if level <= SILENCE_DBFS:
            return
        floor = self.noise_floor_dbfs
        if level < floor:
            self.noise_floor_dbfs = 0.8 * floor + 0.2 * level
        else:
            rules = self.settings
            rise = rules.floor_rise_speaking_db_s if self.speaking or self.voiced else rules.floor_rise_db_s
            self.noise_floor_dbfs = min(level, floor + rise * FRAME_S)
