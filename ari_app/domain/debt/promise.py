"""A promise to pay and what became of it, decided by the money that came (requirements F1 to F7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.debt.ledger import ZERO, Receipt


class PromiseState(StrEnum):
    """Where a promise stands."""

    OPEN = "open"
    """Its day has not come."""
    DUE = "due"
    """Its day has begun, or the days of grace after it."""
    KEPT = "kept"
    """Paid in full by the end of its day (and grace)."""
    PARTLY_KEPT = "partly_kept"
    """Something was paid by then, but not all of it."""
    BROKEN = "broken"
    """Nothing was paid by then."""
    WITHDRAWN = "withdrawn"
    """Replaced by another promise or a plan, or the debt is disputed or gone without a payment."""


#: What may follow what. Money that a bank reports late makes a broken promise a kept one, also one that was replaced after
#: the money had come, and a charge-back the reverse; one after which the bill is owed again brings a promise back that was
#: withdrawn because nothing was owed.
NEXT: Mapping[PromiseState, frozenset[PromiseState]] = {
    PromiseState.OPEN: frozenset(PromiseState) - {PromiseState.OPEN},
    PromiseState.DUE: frozenset(PromiseState) - {PromiseState.OPEN, PromiseState.DUE},
    PromiseState.KEPT: frozenset(PromiseState) - {PromiseState.KEPT},
    PromiseState.PARTLY_KEPT: frozenset({PromiseState.KEPT, PromiseState.BROKEN}),
    PromiseState.BROKEN: frozenset({PromiseState.KEPT, PromiseState.PARTLY_KEPT}),
    PromiseState.WITHDRAWN: frozenset(PromiseState) - {PromiseState.WITHDRAWN},
}

#: Nothing more is expected of these.
OVER = frozenset({PromiseState.KEPT, PromiseState.PARTLY_KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN})
BREACHED = frozenset({PromiseState.PARTLY_KEPT, PromiseState.BROKEN})


@dataclass(frozen=True, slots=True)
class Promise:
    """One promise: ``amount`` by the end of ``day``, where the customer lives.

    ``made_in`` names the contact (attempt, page, request): the promises of one contact stand beside each other, those of a
    later one replace them.
    """

    promise_id: str
    amount: Decimal
    day: date
    made_at: datetime
    made_in: str = ""
    withdrawn_at: datetime | None = None
    withdrawn_why: str = ""


@dataclass(frozen=True, slots=True)
class PromiseStanding:
    """What became of a promise; ``covered`` of its amount has been paid for it. ``why`` is that of a withdrawal."""

    promise: Promise
    state: PromiseState
    covered: Decimal
    why: str = ""


def standings(
    promises: Sequence[Promise],
    receipts: Sequence[Receipt],
    settled_at: datetime | None,
    now: datetime,
    day_begins: Callable[[date], datetime],
    day_ends: Callable[[date], datetime],
) -> tuple[PromiseStanding, ...]:
    """Where each promise of one bill stands at ``now``, in the order of their days.

    Money counts for the promise with the earliest day among those made before it came and not over yet; what is left of
    it for the next one. ``day_begins`` and ``day_ends`` give the instants between which a promise is due, in the
    customer's zone, days of grace included. ``settled_at`` is when nothing was owed any more.
    """
    ordered = sorted(promises, key=lambda each: (each.day, each.made_at, each.promise_id))
    ends = {each.promise_id: _ends(each, ordered, day_ends) for each in ordered}
    covered = dict.fromkeys(ends, ZERO)
    for receipt in receipts:
        left = receipt.amount
        for promise in ordered:
            if left <= 0:
                break
            if promise.made_at <= receipt.at < ends[promise.promise_id][0]:
                part = min(left, promise.amount - covered[promise.promise_id])
                covered[promise.promise_id] += part
                left -= part
    return tuple(
        _standing(
            each, covered[each.promise_id], ends[each.promise_id], settled_at, now, day_begins, day_ends
        )
        for each in ordered
    )


def consecutive_breaches(found: Sequence[PromiseStanding]) -> int:
    """How many promises at the end of a customer's record were broken, wholly or in part, without a kept one between."""
    decided = [each for each in found if each.state in BREACHED or each.state is PromiseState.KEPT]
    decided.sort(key=lambda each: (each.promise.day, each.promise.made_at))
    count = 0
    for each in reversed(decided):
        if each.state is PromiseState.KEPT:
            break
        count += 1
    return count


def _ends(
    promise: Promise, among: Sequence[Promise], day_ends: Callable[[date], datetime]
) -> tuple[datetime, str]:
    """Until when money counts for a promise, and why it was withdrawn then ('': it was not)."""
    end, why = day_ends(promise.day), ""
    if promise.withdrawn_at is not None and promise.withdrawn_at < end:
        end, why = promise.withdrawn_at, promise.withdrawn_why or "withdrawn"
    for other in among:
        later = other.made_at > promise.made_at and other.made_in != promise.made_in
        if later and other.made_at < end:
            end, why = other.made_at, "replaced by another promise"
    return end, why


def _standing(
    promise: Promise,
    covered: Decimal,
    end: tuple[datetime, str],
    settled: datetime | None,
    now: datetime,
    day_begins: Callable[[date], datetime],
    day_ends: Callable[[date], datetime],
) -> PromiseStanding:
    ends, why = end
    if covered >= promise.amount:
        return PromiseStanding(promise, PromiseState.KEPT, covered)
    if settled is not None and settled < ends and settled <= now:
        if covered > 0:
            return PromiseStanding(promise, PromiseState.KEPT, covered)
        return PromiseStanding(promise, PromiseState.WITHDRAWN, covered, "nothing is owed any more")
    if why and ends <= now:
        return PromiseStanding(promise, PromiseState.WITHDRAWN, covered, why)
    if now < day_begins(promise.day):
        return PromiseStanding(promise, PromiseState.OPEN, covered)
    if now < day_ends(promise.day):
        return PromiseStanding(promise, PromiseState.DUE, covered)
    return PromiseStanding(promise, PromiseState.PARTLY_KEPT if covered > 0 else PromiseState.BROKEN, covered)
