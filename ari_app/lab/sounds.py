"""Sounds that are no speech: noises, hum, clicks, coughs. Made from a seed, the same every time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from ari_app.voice.pcm import SAMPLE_RATE, Floats

#: Sounds that go on for as long as they are asked for.
NOISES: Final = ("white", "pink", "narrow", "hum", "street")
#: Sounds with a length of their own.
BURSTS: Final = ("click", "cough", "throat", "breath", "knock")
SOUNDS: Final = NOISES + BURSTS
_FULL_SCALE = 32_768.0


def sound(name: str, seconds: float, dbfs: float, seed: int) -> Floats:
    """A sound by name at a level (RMS of a noise, of the loudest 20 ms of a burst), on the 16-bit scale at 16 kHz.

    ``seconds`` is the length of a noise; a burst has its own. Raises KeyError for an unknown name.
    """
    rng = np.random.default_rng(seed)
    if name in NOISES:
        made = _NOISES[name](max(1, round(seconds * SAMPLE_RATE)), rng)
        rms = float(np.sqrt(np.mean(made**2)))
    else:
        made = _BURSTS[name](rng)
        rms = _loudest(made)
    level = _FULL_SCALE * 10.0 ** (dbfs / 20.0)
    return (made * np.float32(level / max(rms, 1e-9))).astype(np.float32)


def _loudest(made: Floats) -> float:
    """RMS of the loudest 20 ms."""
    width = SAMPLE_RATE // 50
    padded = np.concatenate((made, np.zeros(-made.size % width, dtype=np.float32)))
    return float(np.sqrt(np.mean(padded.reshape(-1, width) ** 2, axis=1).max()))


# ------------------------------------------------------------------------------------------------- noises


def _white(count: int, rng: np.random.Generator) -> Floats:
    return rng.standard_normal(count).astype(np.float32)


def _coloured(count: int, rng: np.random.Generator, slope: float, low: float, high: float) -> Floats:
    """Noise between two frequencies (Hz) whose amplitude falls with frequency to the power ``slope``."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE)
    weight = np.where((hertz >= low) & (hertz <= high), np.maximum(hertz, 1.0) ** -slope, 0.0)
    return np.fft.irfft(spectrum * weight, count).astype(np.float32)


def _pink(count: int, rng: np.random.Generator) -> Floats:
    return _coloured(count, rng, 0.5, 50.0, 7_500.0)


def _narrow(count: int, rng: np.random.Generator) -> Floats:
    """What a telephone of 8 kHz lets through of white noise."""
    return _coloured(count, rng, 0.0, 300.0, 3_400.0)


def _hum(count: int, rng: np.random.Generator) -> Floats:
    """Mains hum of 50 Hz with its harmonics, as a bad ground makes it."""
    moments = np.arange(count) / SAMPLE_RATE
    made = sum(
        np.sin(2.0 * np.pi * 50.0 * harmonic * moments + rng.uniform(0.0, 2.0 * np.pi)) / harmonic
        for harmonic in (1, 2, 3, 5, 7, 9)
    )
    return np.asarray(made, dtype=np.float32)


def _street(count: int, rng: np.random.Generator) -> Floats:
    """Low rumble that swells and fades within seconds, as cars that pass."""
    made = _coloured(count, rng, 0.8, 60.0, 4_000.0)
    swell = _coloured(count, rng, 0.0, 0.0, 0.4) if count > 4 * SAMPLE_RATE else np.zeros(count)
    peak = float(np.max(np.abs(swell))) or 1.0
    return np.asarray(made * 10.0 ** (0.4 * swell / peak), dtype=np.float32)


# ------------------------------------------------------------------------------------------------- bursts


def _envelope(count: int, attack_s: float, fall: float) -> Floats:
    moments = np.arange(count) / SAMPLE_RATE
    rise = np.minimum(1.0, moments / attack_s)
    return np.asarray(rise * np.exp(-moments * fall), dtype=np.float32)


def _click(rng: np.random.Generator) -> Floats:
    count = round(rng.uniform(0.002, 0.006) * SAMPLE_RATE)
    return _white(count, rng) * _envelope(count, 0.0002, 600.0)


def _knock(rng: np.random.Generator) -> Floats:
    """The receiver is put on a table."""
    count = round(0.12 * SAMPLE_RATE)
    moments = np.arange(count) / SAMPLE_RATE
    body = np.sin(2.0 * np.pi * rng.uniform(120.0, 260.0) * moments)
    made = (body + 0.5 * _white(count, rng)) * _envelope(count, 0.001, 45.0)
    return np.asarray(made, dtype=np.float32)


def _cough(rng: np.random.Generator) -> Floats:
    """One to three bursts: a hard onset of wide noise, a throat that resonates, a short voiced rest."""
    parts: list[Floats] = []
    for _ in range(int(rng.integers(1, 4))):
        count = round(rng.uniform(0.16, 0.28) * SAMPLE_RATE)
        moments = np.arange(count) / SAMPLE_RATE
        onset = _coloured(count, rng, 0.3, 300.0, 3_600.0)
        onset /= np.sqrt(np.mean(onset**2))
        pitch = rng.uniform(110.0, 190.0) * np.exp(-moments)
        voiced = np.sign(np.sin(2.0 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)) * 0.25
        parts.append(((onset + voiced) * _envelope(count, 0.006, rng.uniform(9.0, 16.0))).astype(np.float32))
        parts.append(np.zeros(round(rng.uniform(0.04, 0.15) * SAMPLE_RATE), dtype=np.float32))
    return np.concatenate(parts)


def _throat(rng: np.random.Generator) -> Floats:
    """Clearing the throat: rough voice of about half a second."""
    count = round(rng.uniform(0.35, 0.6) * SAMPLE_RATE)
    moments = np.arange(count) / SAMPLE_RATE
    rough = 1.0 + 0.7 * np.sin(2.0 * np.pi * rng.uniform(22.0, 34.0) * moments)
    band = _coloured(count, rng, 0.5, 150.0, 2_500.0)
    band /= np.sqrt(np.mean(band**2))
    return np.asarray(band * rough * np.hanning(count), dtype=np.float32)


def _breath(rng: np.random.Generator) -> Floats:
    count = round(rng.uniform(0.3, 0.7) * SAMPLE_RATE)
    return np.asarray(_coloured(count, rng, 0.6, 200.0, 5_000.0) * np.hanning(count), dtype=np.float32)


_NOISES: Final[Mapping[str, Callable[[int, np.random.Generator], Floats]]] = {
    "white": _white,
    "pink": _pink,
    "narrow": _narrow,
    "hum": _hum,
    "street": _street,
}
_BURSTS: Final[Mapping[str, Callable[[np.random.Generator], Floats]]] = {
    "click": _click,
    "cough": _cough,
    "throat": _throat,
    "breath": _breath,
    "knock": _knock,
}
