"""What a telephone line carries beside words, made by arithmetic: coughs, hums, keyboards, crackle, motors, packet loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ari_app.voice.pcm import FRAME_BYTES, SAMPLE_RATE, frames, silence, to_pcm, to_samples
from tests.support.sounds import amplitude

Wave = NDArray[np.float64]


def _at_level(wave: Wave, dbfs: float) -> bytes:
    return to_pcm(wave / max(1e-9, float(np.sqrt(np.mean(wave**2)))) * amplitude(dbfs))


def _at_peak(wave: Wave, dbfs: float) -> bytes:
    return to_pcm(wave / max(1e-9, float(np.abs(wave).max())) * amplitude(dbfs))


def coloured_noise(seconds: float, dbfs: float, tilt: float, seed: int = 0) -> bytes:
    """Noise whose amplitude falls with frequency to the power of ``tilt``: 0 white, 0.5 pink, 1 like a car."""
    count = round(seconds * SAMPLE_RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(count))
    hz = np.maximum(np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE), 50.0)
    return _at_level(np.fft.irfft(spectrum * (hz / 300.0) ** -tilt, count), dbfs)


def mains_hum(seconds: float, dbfs: float) -> bytes:
    """50 Hz with forty overtones: a badly shielded line."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return _at_level(
        sum((np.sin(2 * np.pi * 50 * k * time + k * k) / k**0.5 for k in range(1, 40)), 0 * time), dbfs
    )


def cough(seed: int = 0) -> bytes:
    """One to three bursts: no pitch, broad resonances, a sharp beginning, 0.12 to 0.35 s each."""
    rng = np.random.default_rng(seed)
    parts: list[Wave] = []
    for _ in range(int(rng.integers(1, 4))):
        count = round(rng.uniform(0.12, 0.35) * SAMPLE_RATE)
        time = np.arange(count) / SAMPLE_RATE
        envelope = np.minimum(time / 0.004, 1.0) * (
            np.exp(-time / rng.uniform(0.03, 0.08)) + 0.15 * np.exp(-time / 0.15)
        )
        hz = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE)
        width = rng.uniform(150.0, 400.0)
        shape = np.full(hz.size, 0.02)
        for low, high, strength in ((500, 900, 1.0), (1200, 1800, 0.8), (2300, 3000, 0.6)):
            shape += strength / (1.0 + ((hz - rng.uniform(low, high)) / width) ** 2)
        burst = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) * shape, count)
        parts += [
            burst / np.abs(burst).max() * envelope,
            np.zeros(round(rng.uniform(0.1, 0.4) * SAMPLE_RATE)),
        ]
    return _at_peak(np.concatenate(parts), float(rng.uniform(-14.0, -2.0)))


def hum(seed: int = 0) -> bytes:
    """A closed mouth ("mm", "嗯"): a nasal murmur at 270 Hz, soft beginning and end, 0.2 to 0.55 s."""
    rng = np.random.default_rng(seed)
    pitch, seconds = rng.uniform(90.0, 240.0), rng.uniform(0.2, 0.55)
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    glide = pitch * (1.0 + 0.1 * np.sin(2 * np.pi * time * rng.uniform(0.5, 2.0) + rng.uniform(0.0, 6.0)))
    phase = 2 * np.pi * np.cumsum(glide) / SAMPLE_RATE
    wave = np.zeros(time.size)
    for k in range(1, int(3_600 / pitch)):
        strength = 1.0 / (1.0 + ((k * pitch - 270.0) / 110.0) ** 2)
        strength += 0.02 / (1.0 + ((k * pitch - 1100.0) / 200.0) ** 2)
        strength += 0.01 / (1.0 + ((k * pitch - 2200.0) / 300.0) ** 2)
        wave += strength * np.sin(k * phase + k)
    edges = np.minimum(np.minimum(time / 0.05, 1.0), np.minimum((seconds - time) / 0.08, 1.0))
    return _at_peak(wave * edges, float(rng.uniform(-16.0, -6.0)))


def keyboard(seconds: float, seed: int = 0) -> bytes:
    """Somebody types: clicks of 3 to 30 ms, five or six a second."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * SAMPLE_RATE))
    at = 0
    while (at := at + round(rng.exponential(0.15) * SAMPLE_RATE) + 800) + 900 < wave.size:
        time = np.arange(round(rng.uniform(0.003, 0.03) * SAMPLE_RATE)) / SAMPLE_RATE
        click = rng.standard_normal(time.size) * np.exp(-time / rng.uniform(0.001, 0.008))
        click += 0.5 * np.sin(2 * np.pi * rng.uniform(400.0, 2500.0) * time) * np.exp(-time / 0.006)
        wave[at : at + time.size] += click * amplitude(float(rng.uniform(-35.0, -16.0)))
    return to_pcm(wave)


def crackle(seconds: float, seed: int = 0) -> bytes:
    """A bad contact: 25 single samples a second, some of them at full scale."""
    rng = np.random.default_rng(seed)
    wave = np.zeros(round(seconds * SAMPLE_RATE))
    at = rng.integers(0, wave.size, size=round(seconds * 25))
    wave[at] = rng.choice([-1.0, 1.0], at.size) * rng.uniform(2_000.0, 25_000.0, at.size)
    return to_pcm(wave)


def clipped(pcm: bytes, gain: float) -> bytes:
    """As from a handset that is shouted into."""
    return to_pcm(to_samples(pcm).astype(np.float64) * gain)


def offset(pcm: bytes, by: float) -> bytes:
    """With a constant voltage on the line."""
    return to_pcm(to_samples(pcm).astype(np.float64) + by)


def lossy(pcm: bytes, share: float, seed: int = 0, *, repeated: bool = False) -> bytes:
    """A share of the frames is lost: nothing in their place, or the last one again."""
    rng = np.random.default_rng(seed)
    heard: list[bytes] = []
    for frame in frames(pcm):
        lost = rng.random() < share
        heard.append((heard[-1] if repeated and heard else bytes(FRAME_BYTES)) if lost else frame)
    return b"".join(heard)


def over(line: bytes, sound: bytes, at_s: float) -> bytes:
    """A sound on a line, beginning after ``at_s``."""
    wave = to_samples(line).astype(np.float64)
    part = to_samples(sound).astype(np.float64)
    start = round(at_s * SAMPLE_RATE)
    wave[start : start + part.size] += part[: max(0, wave.size - start)]
    return to_pcm(wave)


def spaced(sounds: list[bytes], gap_s: float) -> bytes:
    """One after another, with as much silence before each."""
    return b"".join(silence(gap_s) + sound for sound in sounds)
