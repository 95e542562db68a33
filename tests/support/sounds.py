"""Sounds made by arithmetic, so that pure tests need no synthesiser: voice-like, noise, tones."""

from __future__ import annotations

import numpy as np

from ari_app.voice.pcm import SAMPLE_RATE, to_pcm


def amplitude(dbfs: float) -> float:
    return float(32_768.0 * 10.0 ** (dbfs / 20.0))


def white_noise(seconds: float, dbfs: float, seed: int = 1) -> bytes:
    samples = np.random.default_rng(seed).standard_normal(round(seconds * SAMPLE_RATE))
    return to_pcm(samples * amplitude(dbfs))


def tone(seconds: float, *hz: float, dbfs: float = -15.0) -> bytes:
    """One or several sines of equal strength."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    mixed = sum(np.sin(2.0 * np.pi * f * time) for f in hz) * np.sqrt(2.0 / len(hz))
    return to_pcm(np.asarray(mixed) * amplitude(dbfs))


def voice(seconds: float, dbfs: float = -20.0, pitch: float = 130.0, seed: int = 0) -> bytes:
    """Something like a vowel that moves: a pulse train of gliding pitch through three gliding formants.

    Syllables of about 200 ms with a 20 % dip between them, so that the level is alive as well.
    """
    count = round(seconds * SAMPLE_RATE)
    time = np.arange(count) / SAMPLE_RATE
    rng = np.random.default_rng(seed)
    turn = rng.uniform(0.0, 2.0 * np.pi, 4)
    pace = rng.uniform(0.6, 1.6, 4)  # other seeds say something else
    fundamental = pitch * (1.0 + 0.12 * np.sin(2.0 * np.pi * 1.7 * time + turn[0]))
    phase = 2.0 * np.pi * np.cumsum(fundamental) / SAMPLE_RATE
    formants = (
        550.0 + 200.0 * np.sin(2.0 * np.pi * 2.3 * pace[1] * time + turn[1]),
        1500.0 + 500.0 * np.sin(2.0 * np.pi * 1.9 * pace[2] * time + turn[2]),
        2600.0 + 200.0 * np.sin(2.0 * np.pi * 1.1 * pace[3] * time + turn[3]),
    )
    sound = np.zeros(count)
    for harmonic in range(1, int(3_800.0 / pitch)):
        at = harmonic * fundamental
        strength = sum(np.exp(-(((at - f) / 180.0) ** 2)) / (rank + 1) for rank, f in enumerate(formants))
        sound += (strength + 0.02) * np.sin(harmonic * phase + harmonic)
    syllables = 0.6 + 0.4 * np.sin(2.0 * np.pi * 4.5 * pace[0] * time + turn[0])
    sound *= syllables
    return to_pcm(sound / max(1e-9, float(np.sqrt(np.mean(sound**2)))) * amplitude(dbfs))


def mixed(first: bytes, second: bytes) -> bytes:
    """Both at once; as long as the first."""
    one = np.frombuffer(first, dtype="<i2").astype(np.float32)
    other = np.frombuffer(second, dtype="<i2").astype(np.float32)[: one.size]
    one[: other.size] += other
    return to_pcm(one)


def talk(seconds: float, dbfs: float = -20.0, pitch: float = 130.0, seed: int = 0) -> bytes:
    """Words of half a second to a second with short gaps, as somebody talks who does not stop."""
    words: list[bytes] = []
    left, number = seconds, 0
    while left > 0.3:
        length = min(left, 0.5 + 0.17 * ((number * 5 + seed) % 4))
        words.append(voice(max(0.1, length - 0.14), dbfs - 2.0 * (number % 2), pitch, seed + number))
        words.append(bytes(2 * round(0.14 * SAMPLE_RATE)))
        left -= length
        number += 1
    return b"".join(words)
