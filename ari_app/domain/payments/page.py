"""What a customer may promise on the page of his bill: bounds, as a value with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.debt.ledger import ZERO
from ari_app.domain.debt.promise import PromiseStanding, PromiseState

#: Promises of one bill, replaced ones and broken ones, that the page adds to; more are a matter for a person.
MOST_PROMISES = 4


class LaterRefusal(StrEnum):
    """Why a later day is not taken."""

    NOTHING_OWED = "nothing_owed"
    DISPUTED = "disputed"
    """Nothing is asked for while an objection is looked into."""
    TOO_OFTEN = "too_often"
    NO_DAY = "no_day"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    NO_AMOUNT = "no_amount"


def days_to_choose(today: date, promise_days: int) -> tuple[date, date]:
    """The first and the last day that may be promised."""
    return today + timedelta(days=1), today + timedelta(days=promise_days)


def may_offer_later(
    owed: Decimal, promises: Sequence[PromiseStanding], *, disputed: bool
) -> LaterRefusal | None:
    """Whether the page offers a later day at all."""
    if owed <= ZERO:
        return LaterRefusal.NOTHING_OWED
    if disputed:
        return LaterRefusal.DISPUTED
    counted = [each for each in promises if each.state is not PromiseState.KEPT]
    return LaterRefusal.TOO_OFTEN if len(counted) >= MOST_PROMISES else None


def later_refusal(
    day: date | None, amount: Decimal | None, owed: Decimal, today: date, promise_days: int
) -> LaterRefusal | None:
    """Why this amount on this day is not taken; None where it is."""
    if day is None:
        return LaterRefusal.NO_DAY
    first, last = days_to_choose(today, promise_days)
    if day < first:
        return LaterRefusal.TOO_EARLY
    if day > last:
        return LaterRefusal.TOO_LATE
    if amount is None or not ZERO < amount <= owed:
        return LaterRefusal.NO_AMOUNT
    return None
