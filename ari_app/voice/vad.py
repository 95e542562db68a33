"""The speech gate: is somebody speaking in these 20 ms?

WebRTC's detector calls white noise, DTMF and call progress tones speech. So a frame counts only when it is also louder
than an adaptive noise floor, neither as flat as noise nor as pure as a tone. The cheap tests come first: a silent
line costs a few microseconds a frame. Hysteresis opens the gate, a hangover closes it.
"""

from __future__ import annotations

import math
from audioop import avg, rms  # of the standard library up to Python 3.12, audioop-lts since then
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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
from ari_app.voice.turn_terms import Sound

_SILENCE: Final = bytes(FRAME_BYTES)
_SLIN: Final = np.dtype("<i2")
_WINDOW: Final = 2 * FRAME_SAMPLES
_HANN: Final = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_HZ_PER_BIN: Final = SAMPLE_RATE / _WINDOW
_LOW_BIN: Final = round(300 / _HZ_PER_BIN)
_HIGH_BIN: Final = round(3_400 / _HZ_PER_BIN)
_BAND: Final = _HIGH_BIN + 1 - _LOW_BIN
_PEAK_HALF_WIDTH: Final = 2
_PEAKS: Final = 2
_PEAK_TO_STRONGEST_BIN: Final = 2.3
"""A pure tone under a Hann window holds at most 2.1 times the energy of its strongest bin."""
_PITCH_LOW_BIN: Final = round(250 / _HZ_PER_BIN)
"""Overtones tell the pitch; what lies lower may be the rumble of a motor as well."""
_HUM_LOW_BIN: Final = round(125 / _HZ_PER_BIN)
_HUM_BIN: Final = round(900 / _HZ_PER_BIN)
_SHORTEST_LAG: Final = SAMPLE_RATE // 400
_LONGEST_LAG: Final = SAMPLE_RATE // 70
_LOWEST_BIAS_DB: Final = 3.0
"""The lowest of many frames of a steady noise lies under its level by so much and more."""
_TRUSTED_FRAMES: Final = 2
"""In running speech so many frames after a look at the spectrum are taken for speech without another look."""
_GAP_FRAMES: Final = 2
"""What is lost is not always filled in: up to 40 ms of nothing are bridged."""
_ONE: Final = np.float32(1.0)
_highest: Final = np.maximum.reduce
_BAND_SUM: Final = np.ones(_BAND, dtype=np.float32)
_BAND_MEAN: Final = np.full(_BAND, 1.0 / _BAND, dtype=np.float32)
_WINDOW_LIKENESS: Final = np.fft.irfft(np.abs(np.fft.rfft(_HANN)) ** 2)
_LAG_WEIGHT: Final = (_WINDOW_LIKENESS[0] / _WINDOW_LIKENESS[_SHORTEST_LAG:_LONGEST_LAG]).astype(np.float32)
"""Makes good that the window overlaps itself less the longer the lag is."""

_ENVELOPE_STARTS: Final = np.array(
    [round(hz / _HZ_PER_BIN) for hz in (200, 400, 600, 800, 1_000, 1_300, 1_700, 2_100, 2_600, 3_400)]
)
_ENVELOPE_WIDTH: Final = (1.0 / np.diff(_ENVELOPE_STARTS)).astype(np.float32)
_ENVELOPE_LEAST: Final = np.float32(1e3)
_ENVELOPE_DEPTH: Final = np.float32(7.0)


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How eager the gate is.

    ``mode`` is WebRTC's aggressiveness (0 to 3). Levels are dBFS and dB over the noise floor. ``open_frames`` of the
    last ``open_window`` frames must be speech to open; the gate closes ``hangover_frames`` after the last one.
    ``flatness`` is the spectral flatness (0 pure, 1 flat) from which a frame is noise; ``purity`` the share of
    energy in two narrow peaks from which it is a tone. ``pitch`` is the periodicity (0 to 1) from which a frame is a
    voice, ``hum`` the share of energy above 900 Hz under which that voice hums.
    The floor is drawn to the lowest level of the last ``floor_window_s``.
    """

    mode: int = 2
    lowest_dbfs: float = -50.0
    over_floor_db: float = 9.0
    open_frames: int = 4
    open_window: int = 6
    hangover_frames: int = 8
    flatness: float = 0.36
    purity: float = 0.97
    pitch: float = 0.24
    hum: float = 0.01
    floor_start_dbfs: float = -60.0
    floor_rise_db_s: float = 6.0
    floor_rise_speaking_db_s: float = 1.0
    floor_catch_up_db_s: float = 20.0
    floor_window_s: float = 1.6


# --------------------------------------------------------------------------------------------------- spectrum


def power_spectrum(window: Floats) -> Floats:
    """Power in 321 bins of 25 Hz under a Hann window; ``window`` holds 640 samples (40 ms)."""
    spectrum = np.fft.rfft(window * _HANN)
    power: Floats = np.square(spectrum.real) + np.square(spectrum.imag)
    return power


def flatness_and_purity(power: Floats, least_purity: float = 0.0) -> tuple[float, float]:
    """Flatness (geometric over arithmetic mean, 300 to 3400 Hz) and purity (share of the two strongest peaks).

    Of a ``power_spectrum``. A purity that is certainly under ``least_purity`` is not worked out, but given as 0.
    """
    band = power[_LOW_BIN : _HIGH_BIN + 1] + _ONE
    total = float(band.dot(_BAND_SUM))
    flatness = math.exp(float(np.log(band).dot(_BAND_MEAN))) * _BAND / total
    if _PEAKS * _PEAK_TO_STRONGEST_BIN * float(_highest(band)) < least_purity * total:
        return flatness, 0.0
    peaks = 0.0
    for _ in range(_PEAKS):
        at = int(band.argmax())
        around = slice(max(0, at - _PEAK_HALF_WIDTH), at + _PEAK_HALF_WIDTH + 1)
        peaks += float(band[around].sum())
        band[around] = 0.0
    return flatness, peaks / total


def periodicity(power: Floats) -> float:
    """How strongly a sound repeats itself at some pitch from 70 to 400 Hz, 0 to 1, of a ``power_spectrum``.

    The autocorrelation of the magnitudes rather than the powers, so that one strong formant is not taken for a pitch:
    noise and coughs stay under 0.2, voices are above 0.3.
    """
    heard = power.copy()
    heard[:_PITCH_LOW_BIN] = heard[_HIGH_BIN + 1 :] = 0.0
    likeness = np.fft.irfft(np.sqrt(heard))
    whole = float(likeness[0])
    if whole <= 0.0:
        return 0.0
    return float((likeness[_SHORTEST_LAG:_LONGEST_LAG] * _LAG_WEIGHT).max()) / whole


def high_share(power: Floats) -> float:
    """Share of the energy (125 to 3400 Hz) that lies above 900 Hz: under a hundredth with the mouth closed."""
    low = float(power[_HUM_LOW_BIN:_HUM_BIN].sum())
    high = float(power[_HUM_BIN : _HIGH_BIN + 1].sum())
    return high / (low + high) if high > 0.0 else 0.0


def envelope(power: Floats) -> Floats:
    """The shape of a ``power_spectrum``: nepers in bands of 200 to 800 Hz around their mean, whatever the level.

    Wider than the distance of two overtones, so that the pitch does not show; what lies 30 dB under the strongest band is
    cut off, so that the line's noise does not either.
    """
    bands = np.log(np.add.reduceat(power, _ENVELOPE_STARTS)[:-1] * _ENVELOPE_WIDTH + _ENVELOPE_LEAST)
    shape: Floats = np.maximum(bands, bands.max() - _ENVELOPE_DEPTH)
    return shape - np.float32(shape.mean())


def _floats(pcm: bytes) -> Floats:
    return np.frombuffer(pcm, _SLIN).astype(np.float32)


def _envelope_of(pcm: bytes) -> Floats:
    return envelope(power_spectrum(_floats(pcm)))


# --------------------------------------------------------------------------------------------------- the gate


class SpeechGate:
    """Decides frame by frame whether somebody is speaking; one for each call, it learns the line's noise.

    ``speaking`` is the gate; ``voiced`` says whether the very last frame counted as speech, ``level_dbfs`` how loud it was.
    """

    def __init__(self, mode: int = 2, settings: GateSettings | None = None) -> None:
        self.settings = rules = settings or GateSettings(mode=mode)
        self.speaking = False
        self.voiced = False
        self.level_dbfs = SILENCE_DBFS
        self.noise_floor_dbfs = rules.floor_start_dbfs
        self._is_speech_like = webrtcvad.Vad(rules.mode).is_speech
        self._recent = 0
        self._recent_mask = (1 << rules.open_window) - 1
        self._since_voiced = rules.hangover_frames
        self._lost = 0
        self._previous = _SILENCE
        self._frame = _SILENCE
        self._power: Floats | None = None
        self._trusted = 0
        self._lowest = _Lowest(max(1, round(rules.floor_window_s / FRAME_S / _Lowest.BLOCKS)))

    @property
    def hangover_s(self) -> float:
        """Seconds for which ``speaking`` outlives the last voiced frame."""
        return self.settings.hangover_frames * FRAME_S

    def push(self, frame: bytes) -> bool:
        """Take one frame (640 bytes slin16; ValueError otherwise); True while somebody speaks."""
        if frame == _SILENCE:
            return self._hear_nothing()
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes (allowed: {FRAME_BYTES})")
        # Whole numbers: under -59 dBFS the level is a decibel wrong, and nothing asks for it there.
        loudness, offset = rms(frame, 2), avg(frame, 2)
        self.level_dbfs = level = power_dbfs(loudness * loudness - offset * offset)
        self._previous, self._frame, self._power = self._frame, frame, None
        rules = self.settings
        loud = level >= rules.lowest_dbfs and level >= self.noise_floor_dbfs + rules.over_floor_db
        if loud or self.speaking:
            self._note(loud and self._is_speech(frame))
        else:
            self.voiced = False
            self._recent = self._recent << 1 & self._recent_mask
        self._follow_floor(level)
        self._lost = 0
        return self.speaking

    def _hear_nothing(self) -> bool:
        """Digital silence: lost or not sent. It teaches nothing about the line, and a short gap parts no sound."""
        self._lost += 1
        if self._lost > _GAP_FRAMES:
            self._frame = _SILENCE
        self.level_dbfs = SILENCE_DBFS
        self._note(False)
        return self.speaking

    def missing(self) -> bool:
        """Take 20 ms in which the far end sent nothing."""
        return self.push(_SILENCE)

    def sound(self) -> Sound:
        """What the last frame and the one before it are made of, if they are ``voiced``."""
        rules, power = self.settings, self._spectrum()
        if periodicity(power) < rules.pitch:
            return Sound.NOISE
        return Sound.HUM if high_share(power) < rules.hum else Sound.VOICE

    def shape(self) -> Callable[[], Floats]:
        """The spectral envelope of the last frame and the one before it, worked out when it is called for."""
        return partial(_envelope_of, self._previous + self._frame)

    def _note(self, voiced: bool) -> None:
        rules = self.settings
        self.voiced = voiced
        self._recent = (self._recent << 1 | voiced) & self._recent_mask
        self._since_voiced = 0 if voiced else self._since_voiced + 1
        if self.speaking:
            self.speaking = self._since_voiced < rules.hangover_frames
        else:
            self.speaking = voiced and self._recent.bit_count() >= rules.open_frames

    def _spectrum(self) -> Floats:
        """The power spectrum of the last 40 ms, at most once a frame; a constant part stays in its first bins."""
        if self._power is None:
            self._power = power_spectrum(_floats(self._previous + self._frame))
        return self._power

    def _is_speech(self, frame: bytes) -> bool:
        if not self._is_speech_like(frame, SAMPLE_RATE):
            self._trusted = 0
            return False
        if self._trusted and self.speaking and self.voiced:
            # The last look reached over half of the frame after it, and speech goes on: every third is enough.
            self._trusted -= 1
            return True
        rules = self.settings
        flatness, purity = flatness_and_purity(self._spectrum(), rules.purity)
        speech = flatness < rules.flatness and purity < rules.purity
        self._trusted = _TRUSTED_FRAMES if speech else 0
        return speech

    def _follow_floor(self, level: float) -> None:
        """Down at once a fifth of the way, up slowly, slower still while somebody speaks; digital silence teaches nothing.

        But where the level has not fallen below some value for the whole window, nobody speaks so evenly: that is the
        line, and the floor catches up with it fast.
        """
        if level <= SILENCE_DBFS:
            return
        rules = self.settings
        floor = self.noise_floor_dbfs
        lowest = self._lowest.push(level) + _LOWEST_BIAS_DB
        if level < floor:
            self.noise_floor_dbfs = 0.8 * floor + 0.2 * level
            return
        if lowest > floor + 1.0:
            step = rules.floor_catch_up_db_s * FRAME_S
            level = min(level, lowest)
        elif self.speaking or self.voiced:
            step = rules.floor_rise_speaking_db_s * FRAME_S
        else:
            step = rules.floor_rise_db_s * FRAME_S
        floor += step
        self.noise_floor_dbfs = level if level < floor else floor


class _Lowest:
    """The lowest value of the last ``BLOCKS`` blocks of ``size`` values, a block being taken as a whole."""

    BLOCKS: Final = 8

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self._block = math.inf
        self._blocks = [-math.inf] * self.BLOCKS
        self._before = -math.inf

    def push(self, value: float) -> float:
        """Add a value; minus infinity until every block is full."""
        if value < self._block:
            self._block = value
        self._left -= 1
        if not self._left:
            self._blocks = [*self._blocks[1:], self._block]
            self._before = min(self._blocks)
            self._block, self._left = math.inf, self._size
        return self._before if self._before < self._block else self._block
