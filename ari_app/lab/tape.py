"""The far end's own recording: left what the subscriber heard, right what he said, both where they belong in time."""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ari_app.voice.pcm import FRAME_S, SAMPLE_RATE, level_dbfs, to_samples

MOST_SECONDS = 900.0
_SLACK_S = 0.08
_LOUD_DBFS = -50.0


class Tape:
    """Collects one call's sound in memory and writes it once, at the end of the call.

    Sound later than :data:`MOST_SECONDS` after the start is left out and counted (``lost_s``).
    """

    def __init__(self, started_at: float) -> None:
        """``started_at``: monotonic second at which the tape starts."""
        self._start = started_at
        self._heard = bytearray()
        self._said = bytearray()
        self._said_from = 0
        self.lost_s = 0.0

    def heard(self, pcm: bytes, at: float) -> None:
        """A frame that arrived at ``at``; the network's jitter is taken out."""
        self._put(self._heard, pcm, at - FRAME_S, _SLACK_S)

    def said(self, pcm: bytes, at: float) -> None:
        """Sound whose playout began at ``at``."""
        self._said_from = self._put(self._said, pcm, at, 0.0)

    def stopped_saying(self, at: float) -> None:
        """Playout was stopped at ``at``: what lies behind was not said."""
        end = max(self._said_from, _place(at - self._start))
        del self._said[end:]

    def _put(self, track: bytearray, pcm: bytes, at: float, slack: float) -> int:
        place = _place(at - self._start)
        if abs(place - len(track)) <= _place(slack) or place < len(track):
            place = len(track)
        room = _place(MOST_SECONDS) - place
        if room < len(pcm):
            self.lost_s += (len(pcm) - max(0, room)) / (2 * SAMPLE_RATE)
            pcm = pcm[: max(0, room)]
        if pcm:
            track.extend(bytes(place - len(track)))
            track.extend(pcm)
        return place

    @property
    def seconds(self) -> float:
        return max(len(self._heard), len(self._said)) / (2 * SAMPLE_RATE)

    def write(self, path: Path) -> bool:
        """Write the stereo WAV (16 bit, 16 kHz); False, and no file, when nothing was recorded. Raises OSError."""
        length = max(len(self._heard), len(self._said))
        if not length:
            return False
        both = np.zeros((length // 2, 2), dtype="<i2")
        both[: len(self._heard) // 2, 0] = to_samples(bytes(self._heard))
        both[: len(self._said) // 2, 1] = to_samples(bytes(self._said))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(".wav.new")
        with wave.open(str(temporary), "wb") as writer:
            writer.setnchannels(2)
            writer.setsampwidth(2)
            writer.setframerate(SAMPLE_RATE)
            writer.writeframes(both.tobytes())
        temporary.replace(path)
        return True


def _place(seconds: float) -> int:
    """Byte offset of a moment, on a whole sample."""
    return max(0, round(seconds * SAMPLE_RATE)) * 2


@dataclass(frozen=True, slots=True)
class FarEnd:
    """What a far-end recording holds. Seconds of 20 ms frames above -50 dBFS on each side."""

    path: str
    seconds: float
    heard_seconds: float
    said_seconds: float


def check_far_end(path: Path) -> FarEnd:
    """Look into a far-end recording.

    :raises ValueError: it is no 16-bit stereo WAV.
    :raises OSError: it cannot be read.
    """
    try:
        with wave.open(str(path), "rb") as reader:
            shape = reader.getnchannels(), reader.getsampwidth()
            rate, raw = reader.getframerate(), reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path}: no WAV file: {error}") from error
    if shape != (2, 2):
        raise ValueError(f"{path}: {shape[0]} channels of {8 * shape[1]} bits (allowed: 2 of 16)")
    both = np.frombuffer(raw[: len(raw) // 4 * 4], dtype="<i2").reshape(-1, 2)
    step = round(rate * FRAME_S)
    sides = [_loud_seconds(both[:, side].tobytes(), step * 2) for side in (0, 1)]
    return FarEnd(str(path), len(both) / rate, sides[0], sides[1])


def _loud_seconds(pcm: bytes, step: int) -> float:
    loud = sum(level_dbfs(pcm[at : at + step]) > _LOUD_DBFS for at in range(0, len(pcm), step))
    return round(loud * FRAME_S, 2)
