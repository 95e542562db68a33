"""Linear PCM helpers: levels, G.711 mu-law, resampling, WAV in memory.

Everywhere in this product sound is slin16: signed 16-bit little-endian, 16 kHz, mono, in frames of 20 ms = 640 bytes.
"""

from __future__ import annotations

import io
import math
import struct
import wave
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE: Final = 16_000
FRAME_SAMPLES: Final = 320
FRAME_BYTES: Final = 640
FRAME_S: Final = 0.02
SILENCE_DBFS: Final = -100.0
"""The level given for digital silence."""

Samples = NDArray[np.int16]
Floats = NDArray[np.float32]

_FULL_POWER: Final = 32_768.0**2
_LEAST_POWER: Final = _FULL_POWER * 1e-10
_MU_BIAS: Final = 0x84
_MU_CLIP: Final = 32_635
_TAPS_EACH_SIDE: Final = 16
_OUTPUTS_AT_ONCE: Final = 16_384
_MAX_WAV_CHANNELS: Final = 32
_LOWEST_RATE: Final = 4_000
_HIGHEST_RATE: Final = 192_000


def to_samples(pcm: bytes) -> Samples:
    """The samples of slin PCM; an odd last byte is left out."""
    return np.frombuffer(pcm, dtype="<i2", count=len(pcm) // 2).astype(np.int16, copy=False)


def to_pcm(samples: NDArray[np.generic]) -> bytes:
    """PCM of samples on the 16-bit scale, rounded and limited to the range of 16 bits."""
    limited: Samples = np.clip(np.rint(samples), -32_768, 32_767).astype("<i2")
    return limited.tobytes()


def level_dbfs(pcm: bytes) -> float:
    """RMS level relative to full scale (32768): a full-scale sine is about -3, digital silence -100."""
    samples = to_samples(pcm).astype(np.float32)
    if not samples.size:
        return SILENCE_DBFS
    power = float(np.dot(samples, samples)) / samples.size
    return power_dbfs(power)


def power_dbfs(power: float) -> float:
    """Mean square of 16-bit samples as dBFS."""
    # The softest that is above -100 dBFS; a maximum would be another call, fifty times a second and call.
    return 10.0 * math.log10(power / _FULL_POWER) if power > _LEAST_POWER else SILENCE_DBFS


def scaled(pcm: bytes, gain_db: float) -> bytes:
    """The sound made louder or softer, limited to 16 bits."""
    return to_pcm(to_samples(pcm).astype(np.float32) * np.float32(10.0 ** (gain_db / 20.0)))


def silence(seconds: float) -> bytes:
    """Digital silence, a whole number of samples."""
    return bytes(2 * max(0, round(seconds * SAMPLE_RATE)))


def duration_s(pcm: bytes) -> float:
    """Seconds of slin16 PCM."""
    return len(pcm) / (2 * SAMPLE_RATE)


def frames(pcm: bytes) -> list[bytes]:
    """Cut into 20 ms frames; the last one is filled up with silence."""
    padded = pcm + bytes(-len(pcm) % FRAME_BYTES)
    return [padded[at : at + FRAME_BYTES] for at in range(0, len(padded), FRAME_BYTES)]


# --------------------------------------------------------------------------------------------------- loudness


def _frame_power(samples: Floats) -> Floats:
    whole = samples[: samples.size // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power: Floats = np.einsum("ij,ij->i", whole, whole) / np.float32(FRAME_SAMPLES)
    return power


def trimmed(pcm: bytes, keep_s: float = 0.04, under_peak_db: float = 40.0) -> bytes:
    """Leading and trailing silence cut down to ``keep_s``; empty when there is nothing but silence.

    Silence is what lies more than ``under_peak_db`` below the loudest 20 ms.
    """
    samples = to_samples(pcm).astype(np.float32)
    samples = np.pad(samples, (0, -samples.size % FRAME_SAMPLES))
    power = _frame_power(samples)
    if not power.size or float(power.max()) < 1.0:
        return b""
    loud = np.flatnonzero(power > power.max() * 10.0 ** (-under_peak_db / 10.0))
    keep = round(keep_s * SAMPLE_RATE)
    start = max(0, int(loud[0]) * FRAME_SAMPLES - keep)
    end = min(len(pcm) // 2, (int(loud[-1]) + 1) * FRAME_SAMPLES + keep)
    return pcm[2 * start : 2 * end]


# --------------------------------------------------------------------------------------------------- G.711 mu-law


@lru_cache(maxsize=1)
def _mu_law_decoding() -> Samples:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + _MU_BIAS) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, _MU_BIAS - magnitude, magnitude - _MU_BIAS).astype(np.int16)


@lru_cache(maxsize=1)
def _mu_law_encoding() -> NDArray[np.uint8]:
    value = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(value < 0, 0x80, 0)
    magnitude = np.minimum(np.abs(value), _MU_CLIP) + _MU_BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    codes: NDArray[np.uint8] = (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8)
    return codes


def mu_law_encode(pcm: bytes) -> bytes:
    """16-bit PCM to G.711 mu-law (ITU-T G.711), one byte a sample; the rate is not changed."""
    return _mu_law_encoding()[to_samples(pcm).view(np.uint16)].tobytes()


def mu_law_decode(encoded: bytes) -> bytes:
    """G.711 mu-law to 16-bit PCM."""
    return _mu_law_decoding()[np.frombuffer(encoded, dtype=np.uint8)].astype("<i2").tobytes()


# --------------------------------------------------------------------------------------------------- resampling


@lru_cache(maxsize=32)
def _polyphase(up: int, down: int) -> Floats:
    """Kaiser-windowed sinc, one row of taps for each of the ``up`` phases."""
    cutoff = min(1.0, up / down) * 0.94
    side = math.ceil(_TAPS_EACH_SIDE / min(1.0, up / down))
    tap = np.arange(-side + 1, side + 1, dtype=np.float64)
    distance = tap[None, :] - (np.arange(up, dtype=np.float64) / up)[:, None]
    shape = np.clip(1.0 - (distance / side) ** 2, 0.0, None)
    taps = cutoff * np.sinc(cutoff * distance) * np.i0(8.0 * np.sqrt(shape)) / np.i0(8.0)
    rows: Floats = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return rows


def resample(samples: NDArray[np.generic], source_rate: int, target_rate: int) -> Floats:
    """Change the sampling rate with a band-limited polyphase filter (aliases at least 50 dB down).

    Rates are 4000 to 192000 Hz; anything else raises ValueError.
    """
    for rate in (source_rate, target_rate):
        if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
            raise ValueError(f"sampling rate {rate} Hz (allowed: {_LOWEST_RATE} to {_HIGHEST_RATE})")
    sound = np.asarray(samples, dtype=np.float32)
    if source_rate == target_rate or not sound.size:
        return sound
    common = math.gcd(source_rate, target_rate)
    up, down = target_rate // common, source_rate // common
    taps = _polyphase(up, down)
    width = taps.shape[1]
    padded = np.pad(sound, (width // 2 - 1, width // 2 + 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    count = -(-sound.size * up // down)
    result = np.empty(count, dtype=np.float32)
    for start in range(0, count, _OUTPUTS_AT_ONCE):
        place = np.arange(start, min(count, start + _OUTPUTS_AT_ONCE), dtype=np.int64) * down
        rows = windows[np.minimum(place // up, sound.size)]
        result[start : start + place.size] = np.einsum("ij,ij->i", rows, taps[place % up])
    return result


def through_narrow_band(pcm: bytes) -> bytes:
    """slin16 as it comes back from an 8 kHz mu-law trunk."""
    narrow = to_pcm(resample(to_samples(pcm), SAMPLE_RATE, 8_000))
    return to_pcm(resample(to_samples(mu_law_decode(mu_law_encode(narrow))), 8_000, SAMPLE_RATE))


# --------------------------------------------------------------------------------------------------- WAV


def wav_bytes(pcm: bytes, rate: int = SAMPLE_RATE, channels: int = 1) -> bytes:
    """A RIFF/WAVE file of 16-bit PCM."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as writer:
        writer.setnchannels(channels)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(pcm)
    return buffer.getvalue()


def pcm_of_wav(data: bytes) -> bytes:
    """slin16 PCM of a WAV file (linear PCM of 8 to 32 bits, any rate, channels mixed).

    Raises ValueError saying what is wrong; the data are not trusted.
    """
    try:
        with wave.open(io.BytesIO(data), "rb") as reader:
            width, channels, rate = reader.getsampwidth(), reader.getnchannels(), reader.getframerate()
            raw = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError, RuntimeError, struct.error, ArithmeticError) as error:
        # RuntimeError: the module's own chunk reader, where a length leads past the end.
        raise ValueError(f"not a WAV file of linear PCM: {str(error) or 'it ends too early'}") from None
    if not 1 <= channels <= _MAX_WAV_CHANNELS:
        raise ValueError(f"WAV file with {channels} channels (allowed: 1 to {_MAX_WAV_CHANNELS})")
    raw = raw[: len(raw) // (width * channels) * width * channels]
    match width:
        case 1:
            sound = (np.frombuffer(raw, dtype=np.uint8).astype(np.float32) - 128.0) * 256.0
        case 2:
            sound = np.frombuffer(raw, dtype="<i2").astype(np.float32)
        case 3:
            parts = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 3).astype(np.int32)
            joined = (parts[:, 0] << 8) | (parts[:, 1] << 16) | (parts[:, 2] << 24)
            sound = joined.astype(np.float32) / 65_536.0
        case 4:
            sound = np.frombuffer(raw, dtype="<i4").astype(np.float32) / 65_536.0
        case _:
            raise ValueError(f"WAV file with {8 * width}-bit samples (allowed: 8, 16, 24, 32)")
    mono = sound.reshape(-1, channels).mean(axis=1)
    return to_pcm(resample(mono, rate, SAMPLE_RATE))
