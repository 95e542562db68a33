"""How often somebody may ask: a bucket of tokens that fills again at a steady rate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """``per_s`` requests a second in the long run, ``burst`` at once at most; both above 0."""

    per_s: float
    burst: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """``left`` tokens at the instant ``at`` (seconds of a monotonic clock)."""

    left: float
    at: float


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a request: the bucket afterwards, and when it may be tried again (0: it was allowed)."""

    bucket: Bucket
    retry_after_s: float

    @property
    def allowed(self) -> bool:
        return self.retry_after_s == 0.0


def take(bucket: Bucket | None, allowance: Allowance, now: float) -> Taken:
    """Take one token; None is a bucket that nobody has used. A clock that goes back gives nothing and takes nothing."""
    if bucket is None:
        bucket = Bucket(float(allowance.burst), now)
    gained = max(0.0, now - bucket.at) * allowance.per_s
    left = min(float(allowance.burst), bucket.left + gained)
    at = max(bucket.at, now)
    if left >= 1.0:
        return Taken(Bucket(left - 1.0, at), 0.0)
    return Taken(Bucket(left, at), (1.0 - left) / allowance.per_s)


def full_again_s(bucket: Bucket, allowance: Allowance) -> float:
    """Seconds until the bucket is full."""
    return max(0.0, (allowance.burst - bucket.left) / allowance.per_s)
