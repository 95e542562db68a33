"""How many calls may start now: concurrency caps and a rate limit."""

from __future__ import annotations

from dataclasses import dataclass


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
