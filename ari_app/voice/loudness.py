"""How loud a prompt is at the customer's ear, and bringing prompts of every origin to one loudness.

The level is that of ITU-T P.56's idea, the active speech level: over the parts in which somebody speaks, pauses left out.
The parts are chosen by two gates as in ITU-R BS.1770 (an absolute one below the loudest frame, then a relative one). It is
measured in the telephone band, because a hum or a deep voice below 300 Hz is loud in a studio and is not heard on the line.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ari_app.voice.pcm import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    SILENCE_DBFS,
    Floats,
    power_dbfs,
    to_pcm,
    to_samples,
)

LOWEST_HZ: Final = 300.0
HIGHEST_HZ: Final = 3_400.0
MOST_GAIN_DB: Final = 30.0
"""A softer sound is not made louder than this: more would be its noise."""

_BEND: Final = np.float32(0.6)
_UNDER_PEAK: Final = 1e-3
_UNDER_MEAN: Final = 0.1


def loudness_dbfs(pcm: bytes) -> float:
    """The active level of slin16 PCM in the telephone band, relative to full scale; -100 where there is none."""
    return power_dbfs(_active_power(to_samples(pcm).astype(np.float32)))


def peak(pcm: bytes) -> float:
    """The largest sample, 0 to 1."""
    samples = to_samples(pcm)
    return float(np.abs(samples.astype(np.float32)).max()) / 32_768.0 if samples.size else 0.0


def clipped_share(pcm: bytes) -> float:
    """The share of samples that lie within a thousandth of the sound's own positive or negative peak, in runs of three or
    more: what was cut off when it was recorded. A clean voice has next to none; 0 for silence and for soft sounds.
    """
    samples = to_samples(pcm).astype(np.float32)
    if samples.size < 3 or float(np.abs(samples).max()) < 8_192:
        return 0.0
    top, bottom = float(samples.max()), float(samples.min())
    flat = (samples >= top - abs(top) * 1e-3) | (samples <= bottom + abs(bottom) * 1e-3)
    runs = flat[:-2] & flat[1:-1] & flat[2:]
    return float(np.count_nonzero(runs)) / samples.size


def without_offset(pcm: bytes) -> bytes:
    """The sound around zero: a constant offset of a recording device taken away."""
    samples = to_samples(pcm).astype(np.float32)
    if not samples.size:
        return pcm
    offset = float(samples.mean())
    return to_pcm(samples - np.float32(offset)) if abs(offset) >= 1.0 else pcm


def levelled(pcm: bytes, target_dbfs: float) -> bytes:
    """Brought to ``target_dbfs`` of active level; peaks are bent below full scale, not cut off. Silence stays."""
    samples = to_samples(pcm).astype(np.float32)
    level = power_dbfs(_active_power(samples))
    if level <= SILENCE_DBFS:
        return pcm
    gain_db = min(target_dbfs - level, MOST_GAIN_DB)
    samples *= np.float32(10.0 ** (gain_db / 20.0) / 32_768.0)
    size = np.abs(samples)
    if float(size.max()) > float(_BEND):
        bent = _BEND + (1 - _BEND) * np.tanh((size - _BEND) / (1 - _BEND)) * np.float32(0.95)
        samples = np.where(size > _BEND, np.sign(samples) * bent, samples)
    return to_pcm(samples * np.float32(32_768.0))


def _active_power(samples: Floats) -> float:
    """Mean square of the frames that are speech, in the telephone band."""
    banded = _telephone_band(samples)
    whole = np.pad(banded, (0, -banded.size % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    power = np.einsum("ij,ij->i", whole, whole) / np.float32(FRAME_SAMPLES)
    if not power.size or float(power.max()) < 1.0:
        return 0.0
    loud = power[power > power.max() * _UNDER_PEAK]
    return float(loud[loud > loud.mean() * _UNDER_MEAN].mean())


def _telephone_band(samples: Floats) -> Floats:
    """Without what lies outside 300 to 3400 Hz; edges fall over a sixth of an octave."""
    if not samples.size:
        return samples
    size = 1 << (samples.size - 1).bit_length()  # a power of two: other lengths may take very long
    spectrum = np.fft.rfft(samples, size)
    hz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    with np.errstate(divide="ignore"):
        octaves = np.minimum(np.log2(hz / LOWEST_HZ), np.log2(HIGHEST_HZ / hz))
    gain = np.clip(1.0 + octaves * 6.0, 0.0, 1.0)
    band: Floats = np.fft.irfft(spectrum * gain, size)[: samples.size].astype(np.float32)
    return band
