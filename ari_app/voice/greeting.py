"""The shape of what is said after the answer: where speech in the foreground begins, pauses and ends.

The levels of all frames since the answer are kept and looked at again every 60 ms, so that each look knows the noise floor
and the level of the voice that the frames before it did not show yet. Half a minute is 1,500 numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import webrtcvad
from numpy.typing import NDArray

from ari_app.voice.line_sound import HIGH_BIN, LOW_BIN, LineSound
from ari_app.voice.pcm import FRAME_S, SAMPLE_RATE, Floats

_SMOOTH: Final = 3
_SECOND: Final = round(1.0 / FRAME_S)
_LOWEST_DB: Final = -75.0
_MISSING: Final = -100.0
_BAND: Final = HIGH_BIN + 1 - LOW_BIN
_ONE: Final = np.float32(1.0)
_SUM: Final = np.ones(_BAND, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class GreetingRules:
    """dB and seconds.

    A frame is in the foreground when it lies above the floor of the last ``floor_s`` by ``part`` of the way to the voice,
    at least ``least_db`` and at most ``most_db``. Stretches with less than ``join_s`` between them are one; one that is
    ``softer_db`` below the loudest is background.
    """

    lowest_dbfs: float = -52.0
    flatness: float = 0.36
    purity: float = 0.97
    part: float = 0.4
    least_db: float = 3.5
    most_db: float = 18.0
    floor_s: float = 3.0
    join_s: float = 0.2
    softer_db: float = 9.0
    least_voiced: int = 3
    longest_s: float = 40.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What a look finds, in seconds since the first frame; ``stretches`` are (begin, end) of speech in the foreground.

    ``lead_db`` is how far the voice lies above the floor; ``levels`` the smoothed levels of all frames (dBFS); ``now`` the
    moment of the look.
    """

    stretches: tuple[tuple[float, float], ...]
    lead_db: float
    levels: Floats
    now: float

    @property
    def pause_s(self) -> float:
        """Seconds since the last speech."""
        return self.now - self.stretches[-1][1] if self.stretches else 0.0

    def run(self, longest_gap_s: float) -> tuple[float, float, float]:
        """Of the last run of stretches with shorter gaps than this: its begin, its end, and the speech in it."""
        begin, end = self.stretches[-1]
        speech = end - begin
        for one, other in reversed(self.stretches[:-1]):
            if begin - other > longest_gap_s:
                break
            begin = one
            speech += other - one
        return begin, end, speech

    def uneven_db(self, since: float) -> float:
        """How far the softest second of speech since a moment lies below the loudest: background is softer than a voice.

        A second's loudness is the level that a tenth of its frames pass. The last second counts whole: what was said may
        be over, and only the background goes on.
        """
        spoken = [
            self.levels[round(begin / FRAME_S) : round(end / FRAME_S)]
            for begin, end in self.stretches
            if begin >= since
        ]
        sound = np.concatenate(spoken)
        if sound.size < _SECOND:
            return 0.0
        whole = np.concatenate((sound[: sound.size // _SECOND * _SECOND], sound[-_SECOND:])).reshape(
            -1, _SECOND
        )
        tops = np.partition(whole, _SECOND * 9 // 10, axis=1)[:, _SECOND * 9 // 10]
        return float(tops.max() - tops.min())


class GreetingShape:
    """Collects frames of 20 ms (``push``, ``missing``) and tells their shape (``look``)."""

    def __init__(self, rules: GreetingRules | None = None) -> None:
        self.rules = rules or GreetingRules()
        size = round(self.rules.longest_s / FRAME_S)
        self._levels: Floats = np.empty(size, dtype=np.float32)
        """Smoothed over three frames; ``_last`` is the power of the last two, and ``_level`` the last one as it was."""
        self._last = (0.0, 0.0)
        self._level = _MISSING
        self._voiced: NDArray[np.bool_] = np.zeros(size, dtype=np.bool_)
        self.frames = 0
        self.voiced_frames = 0
        self._vad = webrtcvad.Vad(2)

    @property
    def full(self) -> bool:
        """Whether no more frames are taken."""
        return self.frames >= self._levels.size

    def push(self, frame: bytes, sound: LineSound) -> None:
        """Take one frame, and its sound."""
        if self.full:
            return
        level = sound.bright_dbfs
        voiced = level > self.rules.lowest_dbfs and self._is_voiced(frame, sound)
        self._add(level, voiced)

    def missing(self, count: int) -> None:
        """Take frames that did not arrive: one or two sound like the one before, more are silence."""
        for number in range(min(count, self._levels.size - self.frames)):
            again = count <= 2 and self.frames > 0
            self._add(self._level if again and number < 2 else _MISSING, False)

    def _add(self, level: float, voiced: bool) -> None:
        self._level = level
        power = 10.0 ** (level * 0.1)
        one, two = self._last
        smooth = 10.0 * math.log10((power + one + two) / _SMOOTH + 1e-12)
        self._last = (power, one)
        self._levels[self.frames] = smooth if smooth > _LOWEST_DB else _LOWEST_DB
        self._voiced[self.frames] = voiced
        self.frames += 1
        self.voiced_frames += voiced

    def _is_voiced(self, frame: bytes, sound: LineSound) -> bool:
        if not self._vad.is_speech(frame, SAMPLE_RATE):
            return False
        band = sound.power[LOW_BIN : HIGH_BIN + 1] + _ONE
        total = float(band.dot(_SUM))
        at = int(band.argmax())
        peak = sum(band[max(0, at - 2) : at + 3].tolist())
        flat = math.exp(float(np.log(band).dot(_SUM)) / _BAND) * _BAND / total
        return flat < self.rules.flatness and peak < self.rules.purity * total

    def look(self) -> Shape | None:
        """The shape of everything so far; None when nobody has spoken yet."""
        rules = self.rules
        if self.voiced_frames < rules.least_voiced:
            return None
        levels = self._levels[: self.frames]
        voiced = self._voiced[: self.frames]
        voice = _share(levels[voiced], 0.85)
        floor = _share(levels[-round(rules.floor_s / FRAME_S) :], 0.06)
        least = floor + min(max(rules.part * (voice - floor), rules.least_db), rules.most_db)
        stretches = self._stretches(levels, least, voiced)
        return Shape(stretches, voice - floor, levels, self.frames * FRAME_S)

    def _stretches(
        self, levels: Floats, least: float, voiced: NDArray[np.bool_]
    ) -> tuple[tuple[float, float], ...]:
        above = np.zeros(levels.size + 2, dtype=np.bool_)
        np.greater(levels, least, out=above[1:-1])
        edges = np.flatnonzero(above[1:] != above[:-1])
        joined: list[list[int]] = []
        join = round(self.rules.join_s / FRAME_S)
        for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            if joined and begin - joined[-1][1] <= join:
                joined[-1][1] = end
            else:
                joined.append([begin, end])
        spoken = [
            (begin, end, _share(levels[begin:end], 0.9))
            for begin, end in joined
            if np.count_nonzero(voiced[begin:end]) >= self.rules.least_voiced
        ]
        loudest = max((top for _, _, top in spoken), default=0.0)
        return tuple(
            (begin * FRAME_S, end * FRAME_S)
            for begin, end, top in spoken
            if top > loudest - self.rules.softer_db
        )


def _share(values: Floats, share: float) -> float:
    """The value below which a share of the values lies."""
    place = min(values.size - 1, int(share * values.size))
    ordered = values.copy()
    ordered.partition(place)
    return float(ordered[place])
