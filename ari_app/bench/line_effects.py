"""What a telephone line does to sound, and sounds that no voice makes: for the labelled corpus of call progress.

All sound is float32 on the 16-bit scale at 16 kHz; every random thing comes from the generator that is passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ari_app.voice.pcm import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Floats,
    mu_law_decode,
    mu_law_encode,
    resample,
    to_pcm,
    to_samples,
)

NARROW: Final = 8_000
CODECS: Final = ("mu-law", "a-law", "gsm-like")
NOISES: Final = ("white", "pink", "hum", "babble", "street")


def amplitude(dbfs: float) -> float:
    """RMS on the 16-bit scale."""
    return float(32_768.0 * 10.0 ** (dbfs / 20.0))


def at_level(sound: Floats, dbfs: float) -> Floats:
    """Brought to an RMS level over its loud parts (within 30 dB of the loudest 20 ms)."""
    whole = sound[: sound.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.mean(whole**2, axis=1) if whole.size else np.zeros(1, np.float32)
    loud = power[power > power.max() * 1e-3]
    rms = float(np.sqrt(loud.mean())) if loud.size else 0.0
    return sound if rms < 1e-6 else (sound * np.float32(amplitude(dbfs) / rms)).astype(np.float32)


# --------------------------------------------------------------------------------------------------- noise


def noise(
    kind: str, count: int, dbfs: float, rng: np.random.Generator, voices: Sequence[Floats] = ()
) -> Floats:
    """Background noise of one of :data:`NOISES`; ``babble`` is mixed from ``voices`` (pink without any)."""
    if kind == "babble" and voices:
        sound = np.zeros(count, dtype=np.float32)
        for _ in range(6):
            voice = voices[int(rng.integers(len(voices)))]
            place = int(rng.integers(max(1, voice.size)))
            turned = np.resize(np.roll(voice, -place), count)
            sound += turned * np.float32(rng.uniform(0.5, 1.0))
    elif kind == "hum":
        time = np.arange(count) / SAMPLE_RATE
        base = float(rng.choice([50.0, 60.0, 120.0, 100.0]))
        lines = sum(
            np.sin(2 * np.pi * base * order * time + rng.uniform(0, 6.28)) / order for order in range(1, 9)
        )
        sound = np.asarray(lines + 0.3 * rng.standard_normal(count), dtype=np.float32)
    elif kind == "white":
        sound = rng.standard_normal(count).astype(np.float32)
    else:
        sound = _pink(count, rng)
        if kind == "street":  # cars come and go
            slow = np.interp(
                np.arange(count),
                np.linspace(0, count, 2 + count // 16_000),
                rng.uniform(0.2, 1.0, 2 + count // 16_000),
            )
            sound = sound * slow.astype(np.float32)
    rms = float(np.sqrt(np.mean(sound**2))) or 1.0
    return (sound * np.float32(amplitude(dbfs) / rms)).astype(np.float32)


def _pink(count: int, rng: np.random.Generator) -> Floats:
    size = 1 << max(1, (count - 1).bit_length())
    spectrum = np.fft.rfft(rng.standard_normal(size))
    spectrum /= np.sqrt(np.maximum(1.0, np.arange(spectrum.size)))
    return np.fft.irfft(spectrum, size)[:count].astype(np.float32)


# --------------------------------------------------------------------------------------------------- codecs


@lru_cache(maxsize=1)
def _a_law() -> NDArray[np.float32]:
    """The 256 values of G.711 A-law, sorted."""
    code = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = np.where(
        exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0)
    )
    return np.sort(np.where(code & 0x80, value, -value)).astype(np.float32)


def through_codec(sound: Floats, codec: str, rng: np.random.Generator) -> bytes:
    """slin16 PCM after an 8 kHz trunk: mu-law, A-law, or a low-rate codec's kind of noise under a mu-law trunk."""
    narrow = resample(np.clip(sound, -32_768, 32_767), SAMPLE_RATE, NARROW)
    if codec == "a-law":
        levels = _a_law()
        places = np.clip(np.searchsorted(levels, narrow), 1, levels.size - 1)
        lower = places - (np.abs(narrow - levels[places - 1]) <= np.abs(levels[places] - narrow))
        decoded = to_pcm(levels[lower])
    else:
        if codec == "gsm-like":
            narrow = _low_rate(narrow, rng)
        decoded = mu_law_decode(mu_law_encode(to_pcm(narrow)))
    return to_pcm(resample(to_samples(decoded), NARROW, SAMPLE_RATE))


def _low_rate(narrow: Floats, rng: np.random.Generator) -> Floats:
    """Noise that follows the signal's own spectrum about 13 dB below it, as linear prediction at 13 kbit/s leaves."""
    size, hop = 320, 160
    padded = np.pad(narrow, (size, size + -narrow.size % hop))
    window = np.sqrt(np.hanning(size + 1)[:-1]).astype(np.float32)
    out = np.zeros(padded.size, dtype=np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * window
    spectra = np.fft.rfft(frames)
    shape = rng.standard_normal(spectra.shape) + 1j * rng.standard_normal(spectra.shape)
    spectra += 0.16 * np.abs(spectra) * shape
    for number, frame in enumerate(np.fft.irfft(spectra, size).astype(np.float32) * window):
        out[number * hop : number * hop + size] += frame
    return out[size : size + narrow.size]


def with_losses(
    frames: list[bytes], share: float, concealed: bool, rng: np.random.Generator
) -> list[bytes | None]:
    """Lose frames singly and in pairs: None where nothing arrives, or concealed by a faded repetition."""
    out: list[bytes | None] = list(frames)
    place = 0
    while place < len(frames):
        if rng.random() < share:
            for lost in range(place, min(len(frames), place + int(rng.integers(1, 3)))):
                before = out[lost - 1] if lost else None
                out[lost] = None if not concealed or before is None else to_pcm(to_samples(before) * 0.6)
                place = lost
        place += 1
    return out


# --------------------------------------------------------------------------------------------------- tones and music


def silence(seconds: float) -> Floats:
    return np.zeros(max(0, round(seconds * SAMPLE_RATE)), dtype=np.float32)


def tone(seconds: float, *hz: float, dbfs: float = -15.0) -> Floats:
    """Sines of equal strength, with edges of 5 ms."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    sound = sum(np.sin(2 * np.pi * each * time) for each in hz) * np.sqrt(2.0 / len(hz))
    edge = np.clip(np.minimum(time, time[::-1]) / 0.005, 0.0, 1.0)
    return np.asarray(sound * edge * amplitude(dbfs), dtype=np.float32)


def answer_tone(seconds: float, rng: np.random.Generator, dbfs: float = -15.0) -> Floats:
    """2100 Hz of a fax or a modem: plain (CED, ITU-T T.30), with phase reversals, or also 15 Hz modulated (V.8 ANSam)."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    kind = int(rng.integers(3))
    turn = np.pi * (time // 0.45 % 2) if kind else 0.0
    swing = 1.0 + (0.2 * np.sin(2 * np.pi * 15 * time) if kind == 2 else 0.0)
    return np.asarray(
        swing * np.sin(2 * np.pi * 2_100 * time + turn) * amplitude(dbfs) * 1.414, dtype=np.float32
    )


def music(seconds: float, rng: np.random.Generator, dbfs: float = -18.0) -> Floats:
    """A tune: melody and chords of harmonic tones with decaying notes, a bass, and now and then a drum."""
    count = round(seconds * SAMPLE_RATE)
    out = np.zeros(count + SAMPLE_RATE, dtype=np.float32)
    beat = float(rng.uniform(0.28, 0.62))
    root = float(rng.uniform(180.0, 330.0))
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) if rng.random() < 0.6 else np.array([0, 2, 3, 5, 7, 8, 10])
    drums, sustain = rng.random() < 0.6, float(rng.uniform(0.15, 1.2))
    timbre = 1.0 / np.arange(1, 9) ** float(rng.uniform(0.7, 1.8))
    at = 0.0
    step = 0
    while at < seconds:
        notes = [root * 2 ** (int(rng.choice(scale)) / 12 + int(rng.integers(0, 2)))]
        if step % 4 == 0:
            degree = int(rng.integers(0, 4))
            notes += [root / 2 * 2 ** (scale[(degree + each) % 7] / 12) for each in (0, 2, 4)]
        length = round(min(beat * float(rng.choice([1, 1, 2])) + 0.15, 2.0) * SAMPLE_RATE)
        time = np.arange(length) / SAMPLE_RATE
        fade = np.exp(-time / sustain) * np.clip(time / 0.01, 0, 1)
        sound = sum(
            strength * np.sin(2 * np.pi * hz * order * time)
            for hz in notes
            for order, strength in enumerate(timbre, 1)
            if hz * order < 3_600
        )
        place = round(at * SAMPLE_RATE)
        part = np.asarray(sound * fade, dtype=np.float32)[: out.size - place]
        out[place : place + part.size] += part
        if drums and step % 2 == 0:
            hit = rng.standard_normal(2_400) * np.exp(-np.arange(2_400) / 500)
            out[place : place + 2_400] += hit[: out.size - place].astype(np.float32)
        at += beat
        step += 1
    return at_level(out[:count], dbfs)
