"""Several payments promised in one call: days and sums in spoken order, and what is left of the debt for "the rest".

Pure. An answer that names several payments is taken over as a whole or not at all, so that nothing is read back that was
said otherwise (requirements F1, F7).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

from ari_app.dialogue.account_view import CENT, Payment, Promised
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.model import Understanding

#: Conditions about what stands.
PROMISE_CONDITIONS: Final = frozenset(
    {"has_date", "has_amount", "part_only", "several_promises", "rest_open"}
)

_Sum = Decimal | None
"""A sum as spoken; None is the rest."""


def take_payments(
    promised: Promised,
    heard: Understanding,
    due: Decimal,
    policy: Policy,
    today: date,
    noted: set[str],
    *,
    further: bool = False,
) -> Promised | None:
    """What stands after an answer that names several payments, or one more of them; None where it does not.

    ``further``: the question was when the rest will be paid. ``noted`` gets the names of the conditions that the answer
    meets: ``new_offer``, or why nothing was taken over.
    """
    if policy.most_promises < 2:
        return None
    payments = payments_named(promised, heard, due, further=further)
    if not payments:
        return promised if further else None
    fault = payments_fault(payments, due, policy, today, promised.kept)
    noted.add(fault or "new_offer")
    if fault:
        return promised
    first, *later = payments
    return replace(promised, date=first.date, amount=first.amount, later=tuple(later))


def payments_named(
    promised: Promised, heard: Understanding, due: Decimal, *, further: bool = False
) -> tuple[Payment, ...]:
    """All payments as they would stand after an answer, looked at by nobody yet; empty where it names no more than one.

    Days and sums are paired in spoken order. The rest, where it was named, has the day that was said after it, else the
    last one; it comes on top of what stands, in the place of a rest that was promised before.
    """
    standing: tuple[Payment, ...] = ()
    if further or (heard.rest is not None and not heard.amounts):
        standing = promised.payments
        if standing and promised.total >= due:
            standing = standing[:-1]
    if standing or (promised.kept and (further or (heard.rest is not None and not heard.amounts))):
        days, sums = _further(heard)
    elif further:
        return ()
    else:
        days, sums = _together(promised, heard)
        if len(days) < 2:
            return ()
    if len(days) != len(sums) or not days:
        return ()
    told = sum((one for one in sums if one is not None), sum((one.amount for one in standing), Decimal(0)))
    added = [
        Payment(day, (due - told if one is None else one).quantize(CENT))
        for day, one in zip(days, sums, strict=True)
    ]
    if standing and added[0].date == standing[-1].date:  # one day, one payment
        both = standing[-1].amount + added[0].amount
        return (*standing[:-1], Payment(added[0].date, both), *added[1:])
    return (*standing, *added)


def payments_fault(
    payments: Sequence[Payment],
    due: Decimal,
    policy: Policy,
    today: date,
    kept: Sequence[Payment] = (),
) -> str:
    """The condition that tells why these payments cannot be promised; '' where they can.

    ``kept`` are the payments that were confirmed before, ``due`` is what they leave of the debt.

    Each day lies within the limits of the policy and after the day before it; each sum is at least the policy's least (what
    is left of the debt, where that is smaller), and all of them together are not more than the debt.
    """
    if len(payments) + len(kept) > policy.most_promises:
        return "too_many_promises"
    left, earlier = due, max((one.date for one in kept), default=None)
    for payment in payments:
        if not today <= payment.date <= policy.latest(today):
            return "date_out_of_range"
        if earlier is not None and payment.date <= earlier:
            return "date_before_earlier"
        if not CENT <= payment.amount <= left:
            return "amount_out_of_range"
        if payment.amount < min(max(CENT, policy.least_promise), left):
            return "amount_too_small"
        left, earlier = left - payment.amount, payment.date
    return ""


def promise_condition(name: str, promised: Promised, due: Decimal, policy: Policy) -> bool:
    """Whether a condition of ``PROMISE_CONDITIONS`` holds; False for any other name."""
    match name:
        case "has_date":
            return promised.date is not None
        case "has_amount":
            return promised.amount is not None
        case "part_only":
            return promised.amount is not None and promised.total < promised.left(due)
        case "several_promises":
            return len(promised.payments) > 1
        case "rest_open":
            stands = len(promised.payments) and len(promised.payments) + len(promised.kept)
            return 0 < stands < policy.most_promises and promised.total < promised.left(due)
        case _:
            return False


def _further(heard: Understanding) -> tuple[list[date], list[_Sum]]:
    """Days and sums of payments that come on top: a day alone is that of the rest."""
    if heard.full_amount or not heard.amounts:
        return list(heard.dates[:1]), [None]
    return _with_rest(heard, list(heard.dates), list(heard.amounts))


def _together(promised: Promised, heard: Understanding) -> tuple[list[date], list[_Sum]]:
    """Days and sums of an answer that names all payments; a day or a sum that was named before it belongs to the first."""
    days, sums = list(heard.dates), list[_Sum](heard.amounts)
    if heard.rest is None:
        return days, sums
    begun = 0
    if not sums and promised.amount is not None and promised.date is None:
        sums = [promised.amount]
    elif len(days) == len(sums) == 1 and heard.rest == 0 and promised.date is not None:
        days, begun = [promised.date, *days], 1
    if not sums:
        return [], []
    return _with_rest(heard, days, sums, begun)


def _with_rest(
    heard: Understanding, days: list[date], sums: list[_Sum], begun: int = 0
) -> tuple[list[date], list[_Sum]]:
    """``begun`` days stand before those of the answer."""
    if heard.rest is not None:
        sums.insert(min(heard.rest + begun, max(0, len(days) - 1)), None)
    return days, sums
