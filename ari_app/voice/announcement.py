"""Recognise the network's announcements in early media by their sound.

A network plays the same recording every time, so no speech is understood here: the change over time of the energy
differences between neighbouring bands (a fingerprint that neither level nor line equalisation touches, after Haitsma
and Kalker, ISMIR 2002) is correlated with the references. Every 20 ms of reference keeps a decaying correlation along
its diagonal, so an announcement may start anywhere and be entered anywhere. Work is done ten frames at a time.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ari_app.voice.pcm import FRAME_BYTES, FRAME_S, FRAME_SAMPLES, SAMPLE_RATE, Floats, to_samples

BLOCK_FRAMES: Final = 10
_WINDOW: Final = 1_024
_BANDS: Final = 17
_LOW_HZ: Final = 300.0
_HIGH_HZ: Final = 3_300.0
_LAG_FRAMES: Final = 2
_FEATURES: Final = _BANDS - 1
_FORGOTTEN: Final = 0.01


def _band_matrix() -> Floats:
    """Triangular bands of equal width on the mel scale, columns of weights over FFT bins."""
    mel = np.linspace(1127 * math.log1p(_LOW_HZ / 700), 1127 * math.log1p(_HIGH_HZ / 700), _BANDS + 2)
    edges = 700 * np.expm1(mel / 1127) * _WINDOW / SAMPLE_RATE
    bins = np.arange(_WINDOW // 2 + 1, dtype=np.float64)[:, None]
    rise = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    matrix: Floats = np.clip(np.minimum(rise, fall), 0.0, None).astype(np.float32)
    return matrix


_MATRIX: Final = _band_matrix()
_HANN: Final = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
_FULL_SCALE: Final = np.float32(32_768.0**2 * _WINDOW * float(np.mean(_HANN**2)) / 2)
"""Power of a full-scale sine in one band, roughly: levels below are relative to it."""


class Fingerprinter:
    """Turns a stream of sound into one row of 16 features for each 20 ms; carries what a window overlaps."""

    def __init__(self, lowest_dbfs: float = -55.0, under_peak_db: float = 28.0) -> None:
        self._lowest = 10.0 ** (lowest_dbfs / 10.0)
        self._under_peak = 10.0 ** (-under_peak_db / 10.0)
        # Far softer than the lowest level: no frame of such sound has features.
        self._silence = 0.05 * self._lowest * 32_768.0**2
        self._peak = 0.0
        self._tail = np.zeros(_WINDOW - FRAME_SAMPLES, dtype=np.float32)
        self._slopes = np.zeros((_LAG_FRAMES, _FEATURES), dtype=np.float32)

    def rows(self, samples: Floats) -> Floats:
        """Features of a whole number of frames; frames that are silent or much softer than before give zeros."""
        sound = np.concatenate((self._tail, samples))
        self._tail = sound[-self._tail.size :]
        if float(np.dot(sound, sound)) < self._silence * sound.size:
            self._slopes[:] = 0.0
            self._peak *= 0.8
            return np.zeros((samples.size // FRAME_SAMPLES, _FEATURES), dtype=np.float32)
        windows = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::FRAME_SAMPLES]
        spectrum = np.fft.rfft(windows * _HANN)
        bands = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ _MATRIX / _FULL_SCALE
        power = bands.sum(axis=1)
        logs = np.log(bands + np.float32(1e-9))
        slopes = np.concatenate((self._slopes, logs[:, :-1] - logs[:, 1:]))
        self._slopes = slopes[-_LAG_FRAMES:]
        features: Floats = np.tanh(0.5 * (slopes[_LAG_FRAMES:] - slopes[:-_LAG_FRAMES]))
        self._peak = max(0.8 * self._peak, float(power.max()))
        features[power < max(self._lowest, self._peak * self._under_peak)] = 0.0
        return features


@dataclass(frozen=True, slots=True)
class Match:
    """An announcement was recognised: its meaning, the correlation (0 to 1) and the lead over other meanings."""

    meaning: str
    score: float
    lead: float


@dataclass(frozen=True, slots=True)
class MatcherSettings:
    """``memory_s`` is the time constant of the correlation, ``evidence_s`` how much of it must have been heard.

    A match needs ``least_score``, and ``least_lead`` over the best other meaning, because announcements begin alike.
    """

    memory_s: float = 1.6
    evidence_s: float = 1.2
    least_score: float = 0.5
    least_lead: float = 0.2


class AnnouncementReferences:
    """Fingerprints of known announcements, by meaning: made once, shared by all calls.

    ``recordings`` are slin16 PCM. Raises ValueError for one with less sound than ``evidence_s``.
    """

    def __init__(
        self, recordings: Mapping[str, Sequence[bytes]], settings: MatcherSettings | None = None
    ) -> None:
        self.settings = settings or MatcherSettings()
        decay = math.exp(-FRAME_S / self.settings.memory_s)
        # Before each reference as many empty rows as a block has: nothing is carried over from the reference before.
        gap = np.zeros((BLOCK_FRAMES, _FEATURES), dtype=np.float32)
        rows: list[Floats] = []
        self.meanings: list[str] = []
        starts: list[int] = []
        size = 0
        for meaning, sounds in recordings.items():
            for number, pcm in enumerate(sounds):
                features = _reference_rows(pcm)
                if np.count_nonzero(features.any(axis=1)) * FRAME_S < self.settings.evidence_s:
                    least = f"{self.settings.evidence_s:g} s of sound"
                    raise ValueError(f"announcement {number + 1} of {meaning!r} has less than {least}")
                rows += [gap, features]
                self.meanings.append(meaning)
                starts.append(size)
                size += len(gap) + len(features)
        self.size = size
        self.starts = np.array(starts, dtype=np.intp)
        self.rows: Floats = np.concatenate(rows).T.copy() if rows else np.zeros((_FEATURES, 0), np.float32)
        self.weights: Floats = (decay ** np.arange(BLOCK_FRAMES - 1, -1, -1)).astype(np.float32)
        self.block_decay = np.float32(decay**BLOCK_FRAMES)
        place = np.arange(size) - np.repeat(self.starts, np.diff([*starts, size])) if size else np.zeros(0)
        # How many frames of a block a place has met since its reference began; none in the gap before it.
        self.met = np.clip(place - BLOCK_FRAMES + 1, 0, BLOCK_FRAMES).astype(np.intp)
        self.present = (self.met > 0).astype(np.float32)
        energy = (self.rows**2).sum(axis=0)
        mean_energy = float(energy[energy > 0].mean()) if size else 1.0
        self.energy = np.zeros(size, dtype=np.float32)
        for at in range(1, size):
            self.energy[at] = energy[at] + self.energy[at - 1] * decay * self.present[at]
        heard_frames = self.settings.evidence_s / FRAME_S
        self.least_energy = 0.8 * mean_energy * (1 - decay**heard_frames) / (1 - decay)


def _reference_rows(pcm: bytes) -> Floats:
    samples = to_samples(pcm).astype(np.float32)
    whole = max(FRAME_SAMPLES, samples.size + -samples.size % FRAME_SAMPLES)
    return Fingerprinter().rows(np.pad(samples, (0, whole - samples.size)))


class AnnouncementMatcher:
    """Listens to one call. Costs about 20 microseconds a frame for a dozen references."""

    def __init__(self, references: AnnouncementReferences | Mapping[str, Sequence[bytes]]) -> None:
        if not isinstance(references, AnnouncementReferences):
            references = AnnouncementReferences(references)
        self._known = references
        self._fingerprinter = Fingerprinter()
        self._block: list[bytes] = []
        # Correlation with what was heard, and energy of what was heard, both along the diagonals.
        self._correlation = np.zeros(references.size, dtype=np.float32)
        self._energy = np.zeros(references.size, dtype=np.float32)
        # Each row one place further right than the row before: its columns are the diagonals of the similarities.
        self._similar = np.zeros((BLOCK_FRAMES, references.size + BLOCK_FRAMES - 1), dtype=np.float32)
        self._diagonals = np.lib.stride_tricks.as_strided(
            self._similar,
            (BLOCK_FRAMES, references.size),
            (self._similar.strides[0] + self._similar.strides[1], self._similar.strides[1]),
            writeable=False,
        )
        self._forgotten = True
        self.best_score = 0.0

    def push(self, frame: bytes) -> Match | None:
        """Take one frame (640 bytes; ValueError otherwise); a Match as soon as one is sure, looked for every 200 ms."""
        if len(frame) != FRAME_BYTES:
            raise ValueError(f"a frame of {len(frame)} bytes (allowed: {FRAME_BYTES})")
        self._block.append(frame)
        if len(self._block) < BLOCK_FRAMES:
            return None
        samples = to_samples(b"".join(self._block)).astype(np.float32)
        self._block.clear()
        heard = self._fingerprinter.rows(samples)
        if not self._known.size:
            return None
        self._follow(heard)
        return self._judge()

    def _follow(self, heard: Floats) -> None:
        """Move every diagonal on by a block: what was kept decays, what is heard now is added.

        After long silence nothing is kept any more, and silence then costs nothing.
        """
        known = self._known
        silent = not heard.any()
        if silent and self._forgotten:
            return
        for kept in (self._correlation, self._energy):
            kept[BLOCK_FRAMES:] = kept[:-BLOCK_FRAMES] * known.block_decay
            kept[:BLOCK_FRAMES] = 0.0
            np.multiply(kept, known.present, out=kept)
        if silent:
            self._forgotten = float(self._energy.max()) < _FORGOTTEN
            if self._forgotten:
                self._correlation[:] = self._energy[:] = 0.0
            return
        self._forgotten = False
        np.matmul(heard, known.rows, out=self._similar[:, BLOCK_FRAMES - 1 :])
        self._correlation += known.weights @ self._diagonals
        # Where a reference has only just begun, it has met the last frames of the block alone.
        energy = known.weights * (heard**2).sum(axis=1)
        met = np.concatenate((np.zeros(1, dtype=np.float32), np.cumsum(energy[::-1], dtype=np.float32)))
        self._energy += met[known.met]

    def _judge(self) -> Match | None:
        known = self._known
        correlation, heard = self._correlation, self._energy
        if self._forgotten:
            self.best_score = 0.0
            return None
        enough = (known.energy >= known.least_energy) & (heard >= known.least_energy)
        scores = np.where(enough, correlation / np.sqrt(known.energy * heard + np.float32(1e-9)), 0.0)
        best: dict[str, float] = {}
        for meaning, score in zip(known.meanings, np.maximum.reduceat(scores, known.starts), strict=True):
            best[meaning] = max(best.get(meaning, 0.0), float(score))
        ranked = sorted(best.items(), key=lambda entry: entry[1], reverse=True)
        meaning, score = ranked[0]
        self.best_score = score
        lead = score - (ranked[1][1] if len(ranked) > 1 else 0.0)
        if score < known.settings.least_score or lead < known.settings.least_lead:
            return None
        return Match(meaning, round(score, 3), round(lead, 3))
