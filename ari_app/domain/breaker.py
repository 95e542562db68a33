"""The circuit breaker of a trunk: after too many failures no call is sent there, then a few are tried.

Closed: calls go out, outcomes of the last while are counted. Open: none goes out until a rest is over, which doubles
with each failed trial. Half open: a few calls are tried; when they got through it closes, and the first failure opens
it again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class BreakerState(StrEnum):
    """``open`` means that the circuit is open: nothing goes out."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerRules:
    """Open at ``share`` of failures among the calls of ``window_s`` (``least_calls`` at least); rest; try ``trials``."""

    share: float = 0.5
    window_s: float = 60.0
    least_calls: int = 10
    rest_s: float = 30.0
    longest_rest_s: float = 600.0
    trials: int = 3


@dataclass(frozen=True, slots=True)
class Breaker:
    """A breaker; a value that is replaced, never changed. ``recent``: when calls ended and whether they failed."""

    rules: BreakerRules = BreakerRules()
    state: BreakerState = BreakerState.CLOSED
    recent: tuple[tuple[float, bool], ...] = ()
    until: float = 0.0
    rest_s: float = 0.0
    trying: int = 0
    passed: int = 0
    opened: int = 0
    """How often it has opened."""

    def at(self, now: float) -> Breaker:
        """The breaker at ``now`` (seconds of a steady clock): a rest that is over makes it half open."""
        if self.state is BreakerState.OPEN and now >= self.until:
            return replace(self, state=BreakerState.HALF_OPEN, trying=0, passed=0)
        return self

    def room(self, now: float) -> int | None:
        """How many calls may go out now: None for any number, 0 for none."""
        ready = self.at(now)
        match ready.state:
            case BreakerState.CLOSED:
                return None
            case BreakerState.OPEN:
                return 0
            case _:
                return max(0, ready.rules.trials - ready.trying - ready.passed)

    def started(self, now: float) -> Breaker:
        """A call goes out."""
        ready = self.at(now)
        return replace(ready, trying=ready.trying + 1) if ready.state is BreakerState.HALF_OPEN else ready

    def ended(self, now: float, *, failed: bool | None, opened: int | None = None) -> Breaker:
        """A call has ended: the trunk ``failed``, did its part, or (None) nothing is known of it.

        :param opened: how often the circuit had opened when the call went out (None: as often as by now). A call from
            before the last time is no trial: what it tells has been acted upon.
        """
        ready = self.at(now)
        if opened is not None and opened != ready.opened:
            return ready
        match ready.state:
            case BreakerState.OPEN:
                return ready  # it started before
            case BreakerState.HALF_OPEN:
                return ready._tried(now, failed)
        if failed is None:
            return ready
        since = now - ready.rules.window_s
        recent = (*(each for each in ready.recent if each[0] > since), (now, failed))
        ready = replace(ready, recent=recent[-1000:])
        failures = sum(bad for _, bad in ready.recent)
        if len(ready.recent) < ready.rules.least_calls or failures < ready.rules.share * len(ready.recent):
            return ready
        return ready._open(now, ready.rules.rest_s)

    def _tried(self, now: float, failed: bool | None) -> Breaker:
        if failed:
            return self._open(now, min(self.rules.longest_rest_s, self.rest_s * 2.0))
        trying, passed = max(0, self.trying - 1), self.passed + (failed is False)
        if passed >= self.rules.trials:
            return Breaker(self.rules, opened=self.opened)
        return replace(self, trying=trying, passed=passed)

    def _open(self, now: float, rest_s: float) -> Breaker:
        return Breaker(
            self.rules, BreakerState.OPEN, until=now + rest_s, rest_s=rest_s, opened=self.opened + 1
        )


def trunk_failed(*, sip_status: int | None, progressed: bool, answered: bool, no_reply: bool) -> bool | None:
    """Whether a call that was sent says that its trunk failed: a 5xx, or no reply to the INVITE (Asterisk says 408).

    A call that rang or was answered got through, whatever came after. None where nobody can say (stopped from our
    side).
    """
    if answered or progressed:
        return False
    if no_reply or sip_status == 408:
        return True
    if sip_status is None:
        return None
    return 500 <= sip_status <= 599
