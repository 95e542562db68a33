"""Chance by seed: one stream of numbers for each purpose of each shard, the same on every machine."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import log

import numpy as np

_BLOCK = 1 << 14


class Choices:
    """Words with their weights, made ready to be drawn from. Raises ValueError where no weight is above 0."""

    __slots__ = ("_bounds", "words")

    def __init__(self, weights: Mapping[str, float]) -> None:
        self.words: Sequence[str] = tuple(weights)
        total = sum(weights.values())
        if total <= 0 or min(weights.values()) < 0:
            raise ValueError("weights are 0 or more, and one of them is above 0")
        self._bounds = [bound / total for bound in accumulate(weights.values())]

    def at(self, share: float) -> str:
        """The word at ``share`` (0 to 1) of all weights."""
        return self.words[min(bisect_right(self._bounds, share), len(self.words) - 1)]


class Dice:
    """Random numbers of one stream. Draws come from blocks: a call costs tens of nanoseconds."""

    __slots__ = ("_left", "_normals", "_source")

    def __init__(self, *key: int) -> None:
        """:param key: names the stream: seed, shard, purpose (each 0 or more)."""
        self._source = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
        self._left: list[float] = []
        self._normals: list[float] = []

    def share(self) -> float:
        """Evenly from 0 (included) to 1."""
        if not self._left:
            self._left = self._source.random(_BLOCK).tolist()
        return self._left.pop()

    def normal(self) -> float:
        """From the standard normal distribution."""
        if not self._normals:
            self._normals = self._source.standard_normal(_BLOCK).tolist()
        return self._normals.pop()

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.share() < probability

    def between(self, low: float, high: float) -> float:
        """Evenly between two numbers."""
        return low + (high - low) * self.share()

    def waiting(self, mean: float) -> float:
        """A waiting time of this mean (exponential)."""
        return -mean * log(1.0 - self.share())

    def whole(self, below: int) -> int:
        """A whole number from 0 to ``below`` - 1."""
        return int(self.share() * below)

    def pick(self, choices: Choices) -> str:
        """One of the words, by weight."""
        return choices.at(self.share())
