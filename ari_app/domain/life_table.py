"""How long things of one kind last: a life table of what was seen lately, asked for chances from here on."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: Below so much observed weight a tail says nothing; the last one that does is asked instead.
_LEAST_WEIGHT = 2.0


@dataclass(frozen=True, slots=True)
class LifeTable:
    """Weights of what ended at or after each step of ``step_s`` seconds; a value that is replaced, never changed.

    ``ends`` holds at place i the weight of everything that lasted at least i steps, ``wanted`` that of it which ended
    as wanted (a ring that was answered by a person; a talk always ends as wanted). Older observations fade: each new
    one multiplies the others by ``keep``.
    """

    step_s: float
    keep: float
    ends: tuple[float, ...]
    wanted: tuple[float, ...]

    @staticmethod
    def expecting(
        mean_s: float,
        *,
        longest_s: float,
        step_s: float,
        wanted: float = 1.0,
        weight: float = 10.0,
        keep: float,
    ) -> LifeTable:
        """What is believed before anything was seen: an exponential of ``mean_s``, with ``weight`` observations' worth."""
        steps = max(1, math.ceil(longest_s / step_s))
        ends = tuple(weight * math.exp(-place * step_s / mean_s) for place in range(steps + 1))
        return LifeTable(step_s, keep, ends, tuple(wanted * each for each in ends))

    def seen(self, seconds: float, *, wanted: bool = True) -> LifeTable:
        """With one more: it lasted ``seconds``."""
        last = min(max(0, int(seconds / self.step_s)), len(self.ends) - 1)
        keep = self.keep
        ends = tuple(each * keep + (place <= last) for place, each in enumerate(self.ends))
        if wanted:
            good = tuple(each * keep + (place <= last) for place, each in enumerate(self.wanted))
        else:
            good = tuple(each * keep for each in self.wanted)
        return LifeTable(self.step_s, keep, ends, good)

    def chance(self, elapsed_s: float, within_s: float) -> float:
        """The chance that what has lasted ``elapsed_s`` ends as wanted within the next ``within_s``; 0 to 1."""
        return self._chance(self._step(elapsed_s), within_s)

    def total(self, elapsed: Iterable[float], within_s: float) -> tuple[float, float]:
        """Mean and variance of how many of these end as wanted within ``within_s``; those of one age are asked once."""
        mean = variance = 0.0
        known: dict[int, float] = {}
        for each in elapsed:
            step = self._step(each)
            chance = known.get(step)
            if chance is None:
                chance = known[step] = self._chance(step, within_s)
            mean += chance
            variance += chance * (1.0 - chance)
        return mean, variance

    def _step(self, elapsed_s: float) -> int:
        step = int(elapsed_s / self.step_s)
        if step <= 0:
            return 0
        return step if step < len(self.ends) else len(self.ends) - 1

    def _chance(self, first: int, within_s: float) -> float:
        if within_s <= 0:
            return 0.0
        while first > 0 and self.ends[first] < _LEAST_WEIGHT:
            first -= 1
        left = 0.0
        if not math.isinf(within_s):
            exact = min(first + within_s / self.step_s, len(self.wanted) - 1.0)
            place = int(exact)
            left = self.wanted[place]
            if place < len(self.wanted) - 1:
                left += (self.wanted[place + 1] - left) * (exact - place)
        return min(1.0, max(0.0, (self.wanted[first] - left) / self.ends[first]))

    def quantile(self, share: float) -> float:
        """Seconds by which ``share`` of those that end as wanted have ended."""
        goal = self.wanted[0] * (1.0 - share)
        place = next((place for place, each in enumerate(self.wanted) if each <= goal), len(self.wanted) - 1)
        return place * self.step_s
