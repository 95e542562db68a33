"""A plan from its request to its end, and what becomes of it by the money that comes (requirements F9 to F12, A7, A13).

A deferral is a plan of one instalment, a waiver one of none. Amounts have two decimal places in the currency of the bill.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.debt.ledger import ZERO, EntryKind, LedgerEntry, Receipt, receipts
from ari_app.domain.plan import monthly_dates

#: Days after an instalment's day in which it may still be paid before the plan is breached.
GRACE_DAYS = 3


class PlanState(StrEnum):
    """Where a plan stands."""

    REQUESTED = "requested"
    """Asked for; it is looked whether it may be."""
    AWAITING_APPROVAL = "awaiting_approval"
    """Waits for the people whose approval its level asks for."""
    APPROVED = "approved"
    """Waits for the customer to accept it."""
    REJECTED = "rejected"
    """Not allowed, by a rule or by a person."""
    ACTIVE = "active"
    """Accepted, and kept so far."""
    COMPLETED = "completed"
    """Every instalment is paid, or nothing is owed any more."""
    BREACHED = "breached"
    """An instalment was not paid within its days of grace: the rest is due at once."""
    CANCELLED = "cancelled"
    """Taken back by a person, or overtaken by something else."""


#: What may follow what. Money that a bank reports late gives a breached plan back its course, and a charge-back reopens a
#: completed one; a rejection and a cancellation are for good.
NEXT: Mapping[PlanState, frozenset[PlanState]] = {
    PlanState.REQUESTED: frozenset(
        {PlanState.AWAITING_APPROVAL, PlanState.APPROVED, PlanState.REJECTED, PlanState.CANCELLED}
    ),
    PlanState.AWAITING_APPROVAL: frozenset({PlanState.APPROVED, PlanState.REJECTED, PlanState.CANCELLED}),
    PlanState.APPROVED: frozenset({PlanState.ACTIVE, PlanState.REJECTED, PlanState.CANCELLED}),
    PlanState.ACTIVE: frozenset({PlanState.COMPLETED, PlanState.BREACHED, PlanState.CANCELLED}),
    PlanState.COMPLETED: frozenset({PlanState.ACTIVE, PlanState.BREACHED}),
    PlanState.BREACHED: frozenset({PlanState.ACTIVE, PlanState.COMPLETED}),
    PlanState.REJECTED: frozenset(),
    PlanState.CANCELLED: frozenset(),
}

#: Somebody still has to decide about these.
WAITING = frozenset({PlanState.REQUESTED, PlanState.AWAITING_APPROVAL, PlanState.APPROVED})
#: The ledger decides about these.
BY_LEDGER = frozenset({PlanState.ACTIVE, PlanState.COMPLETED, PlanState.BREACHED})


class InstalmentState(StrEnum):
    """Where an instalment stands. What was not covered of a plan that is over stays as it was."""

    OPEN = "open"
    """Its day has not come."""
    DUE = "due"
    """Its day lasts."""
    PAID = "paid"
    """Covered in full."""
    LATE = "late"
    """Its day has passed, and it is not covered."""


@dataclass(frozen=True, slots=True)
class Instalment:
    """``amount`` to be paid by the end of ``day``, where the customer lives."""

    day: date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class InstalmentStanding:
    """What became of an instalment; ``covered`` of it has been paid."""

    instalment: Instalment
    state: InstalmentState
    covered: Decimal


@dataclass(frozen=True, slots=True)
class PlanTerms:
    """What was agreed: the instalments by their days. ``sum_at`` is when its sum was worked out: money that we learnt of
    later counts for it, whenever the plan was approved."""

    sum_at: datetime
    schedule: tuple[Instalment, ...]
    grace_days: int = GRACE_DAYS


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """What became of a plan that was accepted. ``missed`` is the position (from 1) of the instalment that breached it."""

    state: PlanState
    instalments: tuple[InstalmentStanding, ...]
    missed: int | None = None

    @property
    def covered(self) -> Decimal:
        return sum((each.covered for each in self.instalments), ZERO)

    @property
    def late(self) -> bool:
        """Whether an instalment is late, so that the customer may be reminded of it."""
        return any(each.state is InstalmentState.LATE for each in self.instalments)


def schedule_of(request: PlanRequest, amount: Decimal) -> tuple[Instalment, ...]:
    """The instalments that a request asks for, of a bill of ``amount``; they add up to it and the fee, to the hundredth.

    ``ValueError`` where the request is not complete.
    """
    match request.kind:
        case PlanKind.WAIVER:
            return ()
        case PlanKind.DEFERRAL:
            if request.until is None:
                raise ValueError("a deferral names the day to which payment is put off")
            return (Instalment(request.until, amount),)
        case PlanKind.INSTALLMENT:
            if request.first_date is None or request.monthly is None or request.last is None:
                raise ValueError("instalments have a first day, a monthly sum and a last one")
            days = monthly_dates(request.first_date, request.periods)
            sums = (request.monthly,) * (request.periods - 1) + (request.last,)
            return tuple(Instalment(day, each) for day, each in zip(days, sums, strict=True))


def counted_receipts(terms: PlanTerms, entries: Iterable[LedgerEntry]) -> tuple[Receipt, ...]:
    """The money that counts for a plan, by when it happened; what was taken back of it is left out."""
    counted = [each for each in entries if each.kind is EntryKind.REVERSAL or each.at > terms.sum_at]
    return receipts(counted)


def plan_standing(
    terms: PlanTerms,
    entries: Sequence[LedgerEntry],
    settled_at: datetime | None,
    now: datetime,
    day_begins: Callable[[date], datetime],
) -> PlanStanding:
    """Where an accepted plan stands at ``now``.

    Money covers the instalments in the order of their days. ``day_begins`` gives the local midnight with which a day of the
    customer begins; ``settled_at`` is when nothing was owed any more (None: something is).
    """
    money = counted_receipts(terms, entries)
    left = sum((each.amount for each in money), ZERO)
    found: list[InstalmentStanding] = []
    for each in terms.schedule:
        covered = min(left, each.amount)
        left -= covered
        found.append(InstalmentStanding(each, _state(each, covered, now, day_begins), covered))
    missed = _missed(terms, money, settled_at, now, day_begins)
    if missed is not None:
        state = PlanState.BREACHED
    elif settled_at is not None or all(each.state is InstalmentState.PAID for each in found):
        state = PlanState.COMPLETED
    else:
        state = PlanState.ACTIVE
    return PlanStanding(state, tuple(found), missed)


def _state(
    instalment: Instalment, covered: Decimal, now: datetime, day_begins: Callable[[date], datetime]
) -> InstalmentState:
    if covered >= instalment.amount:
        return InstalmentState.PAID
    if now < day_begins(instalment.day):
        return InstalmentState.OPEN
    return InstalmentState.DUE if now < day_begins(_later(instalment.day, 1)) else InstalmentState.LATE


def _missed(
    terms: PlanTerms,
    money: Sequence[Receipt],
    settled_at: datetime | None,
    now: datetime,
    day_begins: Callable[[date], datetime],
) -> int | None:
    """The first instalment that was not covered when its days of grace were over, by when the money happened."""
    wanted = ZERO
    for position, each in enumerate(terms.schedule, 1):
        wanted += each.amount
        over = day_begins(_later(each.day, 1 + terms.grace_days))
        if now < over or (settled_at is not None and settled_at < over):
            return None  # later ones are over later still
        if sum((receipt.amount for receipt in money if receipt.at < over), ZERO) < wanted:
            return position
    return None


def _later(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, date.max.toordinal()))
