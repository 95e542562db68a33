"""The limit on abandoned calls, kept ahead of time: what the calls about to start may do to the share of a window.

An abandoned call is one that a person has answered and that no agent took in time; a person taken for an answering
machine counts as one too. The share is theirs of all calls that a person has answered, over 24 hours and over 30 days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

#: How much more often than on average people are abandoned among the calls of one moment.
_CLUMPS = 2.0


@dataclass(frozen=True, slots=True)
class WindowCounts:
    """``live`` calls answered by a person in a window, ``abandoned`` of them; both may hold estimated parts."""

    live: float = 0.0
    abandoned: float = 0.0

    @property
    def share(self) -> float:
        """Abandoned of live; 0 where nobody has answered yet."""
        return self.abandoned / self.live if self.live > 0 else 0.0


@dataclass(frozen=True, slots=True)
class AbandonLimit:
    """At most ``share`` abandoned; kept with ``confidence`` (one-sided, 0 to 1)."""

    share: float = 0.03
    confidence: float = 0.95


def risk_of_exceeding(counts: WindowCounts, expected_live: float, limit: AbandonLimit) -> float:
    """The chance that a window's share is above the limit once ``expected_live`` more people have answered.

    Each of them is taken to be abandoned twice as often as was seen so far, and as the limit itself at least: how well it
    went is no promise, and abandoned calls come in clumps. The number of those to come is taken as Poisson's.
    """
    rate = _CLUMPS * max(limit.share, (counts.abandoned + 1.0) / (counts.live + 1.0 / limit.share))
    room = limit.share * (counts.live + expected_live) - counts.abandoned
    if room < 0:
        return 1.0
    return poisson_above(math.floor(room + 1e-9), rate * expected_live)


def within_limit(windows: tuple[WindowCounts, ...], expected_live: float, limit: AbandonLimit) -> bool:
    """Whether so many more answers keep every window under its limit, with the confidence asked for."""
    return all(
        risk_of_exceeding(counts, expected_live, limit) <= 1.0 - limit.confidence for counts in windows
    )


def poisson_above(count: int, mean: float) -> float:
    """The chance of more than ``count`` events where ``mean`` are expected."""
    if mean <= 0:
        return 0.0
    term = total = math.exp(-mean)
    for event in range(1, count + 1):
        term *= mean / event
        total += term
        if event > mean and term < 1e-12:
            break
    return min(1.0, max(0.0, 1.0 - total))
