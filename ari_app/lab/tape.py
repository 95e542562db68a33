"""The far end's own recording: left what the subscriber heard, right what he said, both where they belong in time.

A frame sounds at the ear from the moment at which it arrives; what is spoken leaves the mouth 20 ms before the frame
that carries it does, as with a telephone that packs 20 ms before it sends them. So what lies between the end of a word on
the right and the first sound on the left is what a person at that telephone would wait.
"""

from __future__ import annotations

import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ari_app.voice.pcm import FRAME_S, SAMPLE_RATE, level_dbfs, to_samples

MOST_SECONDS = 900.0
_LOUD_DBFS = -50.0
#: Frames that come late by scheduling catch up within so many frames; a pause of the sender does not.
_CATCHES_UP = 50
#: A stream that goes on this much later than its frames before it has paused; less is taken for jitter.
_PAUSE_S = 0.005


def sounding_from(arrivals: Sequence[float], frame_s: float = FRAME_S) -> NDArray[np.float64]:
    """When each frame of a stream of equal frames begins to sound, from when the frames arrived (ascending, seconds).

    Reading a socket only ever delays: within a stretch without pause, the frames that came soonest tell the beat of all.
    A true pause of the sender stays in. The error is at most 5 ms, and what the soonest of a second's frames were
    late by.
    """
    count = len(arrivals)
    late = np.asarray(arrivals, dtype=np.float64) - np.arange(count) * frame_s
    padded = np.concatenate((late, np.full(_CATCHES_UP - 1, np.inf)))
    soonest = np.lib.stride_tricks.sliding_window_view(padded, _CATCHES_UP).min(axis=1) if count else late
    offsets = np.empty(count)
    offset = -np.inf
    for place in range(count):
        found = soonest[place]
        if found > offset + _PAUSE_S or found < offset:
            offset = found
        offsets[place] = offset
    return offsets + np.arange(count) * frame_s


@dataclass(slots=True)
class _Said:
    pcm: bytes
    at: float
    stopped_at: float | None = None


class Tape:
    """Collects one call's sound in memory and writes it once, at the end of the call.

    Sound later than :data:`MOST_SECONDS` after the start is left out and counted (``lost_s``).
    """

    def __init__(self, started_at: float) -> None:
        """``started_at``: monotonic second at which the tape starts."""
        self._start = started_at
        self._arrivals: list[float] = []
        self._frames: list[bytes] = []
        self._said: list[_Said] = []
        self.seconds = 0.0
        self.lost_s = 0.0

    def heard(self, pcm: bytes, at: float) -> None:
        """A frame of 20 ms that arrived at ``at``; the jitter of its coming is taken out when the tape is written."""
        if self._fits(pcm, at):
            # What a clock that was set back would turn around stays in order.
            self._arrivals.append(max(at, self._arrivals[-1] if self._arrivals else at))
            self._frames.append(pcm)

    def said(self, pcm: bytes, at: float) -> None:
        """Sound that began to be spoken at ``at``, as far as is known now."""
        if self._fits(pcm, at):
            self._said.append(_Said(pcm, at))

    def said_from(self, at: float) -> None:
        """The last sound began to be spoken at ``at``, as is known now."""
        if self._said:
            self._said[-1].at = at

    def stopped_saying(self, at: float) -> None:
        """Playout was stopped at ``at``: what lies behind was not said."""
        if self._said:
            self._said[-1].stopped_at = at

    def _fits(self, pcm: bytes, at: float) -> bool:
        ends = at - self._start + len(pcm) / (2 * SAMPLE_RATE)
        if ends > MOST_SECONDS:
            self.lost_s += len(pcm) / (2 * SAMPLE_RATE)
            return False
        self.seconds = max(self.seconds, ends)
        return True

    def write(self, path: Path) -> bool:
        """Write the stereo WAV (16 bit, 16 kHz); False, and no file, when nothing was recorded. Raises OSError."""
        parts = [*self._parts_heard(), *self._parts_said()]
        length = max((place + len(pcm) // 2 for _, place, pcm in parts), default=0)
        if not length:
            return False
        both = np.zeros((length, 2), dtype="<i2")
        for side, place, pcm in parts:
            both[place : place + len(pcm) // 2, side] = to_samples(pcm)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        temporary = path.with_suffix(".wav.new")
        with wave.open(str(temporary), "wb") as writer:
            writer.setnchannels(2)
            writer.setsampwidth(2)
            writer.setframerate(SAMPLE_RATE)
            writer.writeframes(both.tobytes())
        temporary.replace(path)
        return True

    def _parts_heard(self) -> list[tuple[int, int, bytes]]:
        starts = sounding_from(self._arrivals)
        return [
            (0, _place(float(start) - self._start), pcm)
            for start, pcm in zip(starts, self._frames, strict=True)
        ]

    def _parts_said(self) -> list[tuple[int, int, bytes]]:
        parts: list[tuple[int, int, bytes]] = []
        for said in self._said:
            pcm = said.pcm
            if said.stopped_at is not None:
                pcm = pcm[: 2 * _place(said.stopped_at - said.at)]
            parts.append((1, _place(said.at - self._start), pcm))
        return parts


def _place(seconds: float) -> int:
    """The sample at a moment; what was before the start is at the start."""
    return max(0, round(seconds * SAMPLE_RATE))


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
