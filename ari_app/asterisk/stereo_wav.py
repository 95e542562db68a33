"""16-bit WAV files with one or two channels, as Asterisk writes them, and how much sound is in them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ari_app.errors import TelephonyError

HEADER_BYTES = 44
_LOUD_RMS = 32768 * 10 ** (-50 / 20)

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono or stereo sound: samples of shape (n,) or (n, 2)."""

    rate: int
    samples: Samples


def read_wav(path: Path) -> Sound:
    """A 16-bit WAV as Asterisk and this module write it; a length that was never filled in means 'to the end'.

    :raises TelephonyError: it is something else.
    """
    data = path.read_bytes()
    if len(data) < HEADER_BYTES or data[:4] != b"RIFF" or data[8:16] != b"WAVEfmt " or data[36:40] != b"data":
        raise TelephonyError(f"{path.name} is no WAV file of Asterisk's")
    kind, channels, rate = struct.unpack_from("<HHI", data, 20)
    bits = struct.unpack_from("<H", data, 34)[0]
    if kind != 1 or bits != 16 or channels not in (1, 2) or not 8000 <= rate <= 48000:
        raise TelephonyError(f"{path.name} is not 16-bit PCM with one or two channels")
    length = struct.unpack_from("<I", data, 40)[0] or len(data) - HEADER_BYTES
    whole = min(length, len(data) - HEADER_BYTES) // (2 * channels)
    samples = np.frombuffer(data, dtype="<i2", count=whole * channels, offset=HEADER_BYTES)
    return Sound(rate, samples if channels == 1 else samples.reshape(-1, 2))


def seconds_of_sound(samples: Samples, rate: int) -> float:
    """Seconds in which a 20 ms frame is louder than -50 dBFS (RMS)."""
    frame = rate // 50
    whole = len(samples) // frame * frame
    if whole == 0:
        return 0.0
    power = np.mean(samples[:whole].reshape(-1, frame).astype(np.float64) ** 2, axis=1)
    return float(np.count_nonzero(power > _LOUD_RMS**2)) * 0.02


def stereo(left: Samples, right: Samples) -> Samples:
    """Both sides as one array of shape (n, 2); the shorter is padded with silence."""
    joined = np.zeros((max(len(left), len(right)), 2), dtype="<i2")
    joined[: len(left), 0] = left
    joined[: len(right), 1] = right
    return joined


def wav_bytes(samples: Samples, rate: int) -> bytes:
    """A 16-bit WAV file of mono (n,) or stereo (n, 2) samples."""
    body = samples.astype("<i2", copy=False).tobytes()
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    block = 2 * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * block, block, 16)
    riff = struct.pack("<4sI4s", b"RIFF", 36 + len(body), b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", len(body)) + body
