"""When calls start: spread evenly, so many a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SteadyRate:
    """Starts that are spread evenly: each has its moment on a schedule, ``1 / per_second`` after the one before.

    ``next_at`` is the moment of the next start (seconds of a steady clock). What comes late is made up for as long as it is
    no more than ``late_s`` behind; an idle minute is no burst. A value that is replaced, never changed.
    """

    per_second: float
    next_at: float
    late_s: float = 0.25

    def moments(self, now: float, ahead_s: float) -> int:
        """How many starts have their moment now or before ``now + ahead_s``."""
        first = max(self.next_at, now - self.late_s)
        before = math.ceil((now + ahead_s - first) * self.per_second - 1e-9)
        return max(before, 1 if first <= now else 0, 0)

    def take(self, now: float) -> tuple[SteadyRate, float]:
        """The schedule after one more start, and the moment of it; a moment that is past means at once."""
        moment = max(self.next_at, now - self.late_s)
        return SteadyRate(self.per_second, moment + 1.0 / self.per_second, self.late_s), moment


def pacing_error(starts: Sequence[float], per_second: float) -> float:
    """|achieved - asked| / asked, of the starts between the first and the last of them (seconds); 0 for fewer than two."""
    if len(starts) < 2 or starts[-1] <= starts[0]:
        return 0.0
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    return abs(achieved - per_second) / per_second


@dataclass(frozen=True, slots=True)
class TokenBucket:
    """A rate limit of ``per_second`` starts with bursts of up to ``burst``; a value that is replaced, never changed."""

    per_second: float
    burst: float
    tokens: float
    at: float

    @staticmethod
    def full(per_second: float, now: float) -> TokenBucket:
        """A bucket that allows one second's worth at once (at least one call)."""
        burst = max(1.0, per_second)
        return TokenBucket(per_second, burst, burst, now)

    def refilled(self, now: float) -> TokenBucket:
        """The bucket at ``now`` (seconds of a steady clock; an earlier ``now`` adds nothing)."""
        gained = max(0.0, now - self.at) * self.per_second
        return TokenBucket(
            self.per_second, self.burst, min(self.burst, self.tokens + gained), max(now, self.at)
        )

    def take(self, starts: int) -> TokenBucket:
        """The bucket after ``starts`` starts; raises ValueError for more than it holds."""
        if starts > self.tokens:
            raise ValueError(f"{starts} starts asked of {self.tokens} tokens")
        return TokenBucket(self.per_second, self.burst, self.tokens - starts, self.at)


def starts_allowed(*, campaign_free: int, controller_free: int, tokens: float) -> int:
    """How many calls a campaign may start now: the smallest of what is free."""
    return max(0, min(campaign_free, controller_free, int(tokens)))
