"""The trunks as the dialler sees them: which one a number takes, how fast, how many calls at once, and whether it works."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from ari_app.domain.breaker import Breaker, BreakerRules, BreakerState, trunk_failed
from ari_app.domain.call_machine import Call
from ari_app.domain.pacing import SteadyRate
from ari_app.ports import Clock

log = structlog.get_logger(__name__)

#: When an account is looked at again for whose number its trunk has no line now.
LINE_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class TrunkLimits:
    """A trunk by its name: new calls a second and calls at one time, at most; None for no limit of its own."""

    name: str
    calls_per_second: float | None = None
    max_concurrency: int | None = None


@dataclass(slots=True)
class _Trunk:
    limits: TrunkLimits
    breaker: Breaker
    schedule: SteadyRate | None
    calls: set[str] = field(default_factory=set)
    started: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class TrunkReadings:
    """Figures of one trunk for the metrics."""

    calls: int
    open: bool
    started: int
    failed: int
    opened: int


class Admission:
    """Which numbers may be claimed in one claim: trunks with their room now, counted down as attempts are reserved."""

    def __init__(
        self, trunk_of: Callable[[str], str | None], room: dict[str, int], again_s: Mapping[str, float]
    ) -> None:
        self._trunk_of = trunk_of
        self._room = room
        self._again_s = again_s

    def wait_s(self, phone: str) -> float | None:
        """None where the number may be dialled now, else when to look again, in seconds."""
        trunk = self._trunk_of(phone)
        if trunk is None or self._room.get(trunk, 1) > 0:
            return None
        return self._again_s.get(trunk, LINE_AGAIN_S)

    def took(self, phone: str) -> None:
        """An attempt was reserved for this number."""
        trunk = self._trunk_of(phone)
        if trunk in self._room:
            self._room[trunk] -= 1


class TrunkDesk:
    """Keeps each trunk within its limits and rests one that fails, while the others go on."""

    def __init__(
        self,
        trunks: Iterable[TrunkLimits],
        trunk_of: Callable[[str], str | None],
        clock: Clock,
        rules: BreakerRules | None = None,
    ) -> None:
        now = clock.monotonic()
        self._clock = clock
        self._trunk_of = trunk_of
        self._trunks = {
            limits.name: _Trunk(
                limits,
                Breaker(rules or BreakerRules()),
                None if limits.calls_per_second is None else SteadyRate(limits.calls_per_second, now),
            )
            for limits in trunks
        }
        #: Of each call its trunk, and how often the circuit of that had opened when the call went out.
        self._trunk_for: dict[str, tuple[_Trunk, int]] = {}

    def admission(self, ahead_s: float) -> Admission:
        """What may be claimed now, for starts up to ``ahead_s`` from now."""
        now = self._clock.monotonic()
        room: dict[str, int] = {}
        again: dict[str, float] = {}
        for name, trunk in self._trunks.items():
            limits = [each for each in self._limits(trunk, now, ahead_s) if each is not None]
            if not limits:
                continue
            room[name] = max(0, min(limits))
            if trunk.breaker.at(now).state is BreakerState.OPEN:
                again[name] = max(LINE_AGAIN_S, trunk.breaker.until - now)
        return Admission(self._trunk_of, room, again)

    def room(self, ahead_s: float) -> int | None:
        """How many calls all trunks together take now; None where one of them has no limit."""
        now = self._clock.monotonic()
        total = 0
        for trunk in self._trunks.values():
            limits = [each for each in self._limits(trunk, now, ahead_s) if each is not None]
            if not limits:
                return None
            total += max(0, min(limits))
        return total if self._trunks else None

    @staticmethod
    def _limits(trunk: _Trunk, now: float, ahead_s: float) -> tuple[int | None, ...]:
        most = trunk.limits.max_concurrency
        return (
            None if most is None else most - len(trunk.calls),
            trunk.breaker.room(now),
            None if trunk.schedule is None else trunk.schedule.moments(now, ahead_s),
        )

    def begin(self, attempt_id: str, phone: str) -> float:
        """A call takes its trunk; the moment (of the steady clock) at which it may be dialled."""
        now = self._clock.monotonic()
        trunk = self._trunks.get(self._trunk_of(phone) or "")
        if trunk is None:
            return now
        trunk.calls.add(attempt_id)
        trunk.started += 1
        trunk.breaker = trunk.breaker.started(now)
        self._trunk_for[attempt_id] = trunk, trunk.breaker.opened
        if trunk.schedule is None:
            return now
        trunk.schedule, moment = trunk.schedule.take(now)
        return moment

    def ended(self, attempt_id: str, call: Call | None) -> None:
        """The call is over; what it tells of its trunk."""
        trunk, opened = self._trunk_for.pop(attempt_id, (None, 0))
        if trunk is None:
            return
        trunk.calls.discard(attempt_id)
        failed = None if call is None else says_of_trunk(call)
        trunk.failed += failed is True
        before = trunk.breaker.state
        trunk.breaker = trunk.breaker.ended(self._clock.monotonic(), failed=failed, opened=opened)
        if trunk.breaker.state is not before:
            told = log.error if trunk.breaker.state is BreakerState.OPEN else log.warning
            told(
                "trunk",
                trunk=trunk.limits.name,
                circuit=trunk.breaker.state.value,
                rest_s=trunk.breaker.rest_s,
            )

    def readings(self) -> dict[str, TrunkReadings]:
        """Of each trunk, for the metrics."""
        now = self._clock.monotonic()
        return {
            name: TrunkReadings(
                len(trunk.calls),
                trunk.breaker.at(now).state is BreakerState.OPEN,
                trunk.started,
                trunk.failed,
                trunk.breaker.opened,
            )
            for name, trunk in self._trunks.items()
        }


def says_of_trunk(call: Call) -> bool | None:
    """Whether a call that has ended says that its trunk failed; None for one that was never sent, or says nothing."""
    if call.dialled_at is None:
        return None
    return trunk_failed(
        sip_status=call.sip_status,
        progressed=call.progressed,
        answered=call.answered_at is not None,
        no_reply=call.reason == "ring_timeout" and not call.progressed,
    )


def elapsed_s(since: datetime, now: datetime) -> float:
    """Seconds between two instants, 0 where the wall clock was set back."""
    return max(0.0, (now - since).total_seconds())
