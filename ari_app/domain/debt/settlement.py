"""Where a debt stands as a whole, worked out anew from its facts: the order in which they arrived does not matter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

from ari_app.domain.debt.ledger import Balance, LedgerEntry, balance, receipts, settled_at
from ari_app.domain.debt.promise import Promise, PromiseStanding, standings

#: Days after a promised day in which money that arrives still keeps the promise: banks take their time.
GRACE_DAYS = 0

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class DebtFacts:
    """What is known of one bill. ``stated`` is what its list says, ``stated_at`` when it said so for the first time;
    ``zone`` is where the customer lives."""

    stated: Decimal
    stated_at: datetime
    zone: tzinfo
    entries: Sequence[LedgerEntry] = ()
    promises: Sequence[Promise] = ()
    grace_days: int = GRACE_DAYS


@dataclass(frozen=True, slots=True)
class Settlement:
    """The sums, when nothing was owed any more (None: something is), and what became of each promise."""

    balance: Balance
    settled_at: datetime | None
    promises: tuple[PromiseStanding, ...]


def settle(facts: DebtFacts, now: datetime) -> Settlement:
    """Where the debt stands at ``now``."""

    def begins(day: date) -> datetime:
        return midnight(day, facts.zone)

    def ends(day: date) -> datetime:
        return midnight(_later(day, facts.grace_days + 1), facts.zone)

    settled = settled_at(facts.stated, facts.stated_at, facts.entries)
    return Settlement(
        balance=balance(facts.stated, facts.stated_at, facts.entries),
        settled_at=settled,
        promises=standings(facts.promises, receipts(facts.entries), settled, now, begins, ends),
    )


def midnight(day: date, zone: tzinfo) -> datetime:
    """The instant at which a local day begins, UTC; the end of the calendar stays inside it."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return _LAST if day.year > 1 else _FIRST


def _later(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max
