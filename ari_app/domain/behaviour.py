"""How an account has paid: its bills of before, and the figures that a score and the risk rules read from them.

Whatever is worked out for a day uses only what was known on that day: bills that were due before it, and payments that
had arrived by it. A bill of last month that was paid next week counts as unpaid until then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import fmean, median

#: Signs of a debt that was meant not to be paid (requirement B9), as a company may mark them.
MARKERS: tuple[str, ...] = (
    "contact_changed",
    "large_purchase",
    "many_numbers",
    "false_identity",
    "virtual_number",
    "loophole",
)

#: Days after the due date on which a payment still counts as on time.
DEFAULT_GRACE_DAYS = 3
#: A delay is not counted further than this: whoever is a year late is not four times as late as for a quarter.
MOST_DAYS_LATE = 90
MOST_OPEN_BILLS = 6


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill, and what happened around it until the next one.

    ``amount`` is for figures only and never paid out, hence a float. ``paid_on`` is the day on which it had been paid in
    full, None while it is not. ``relations_in_arrears`` is social data: None unless its use has been authorised.
    """

    due: date
    amount: float = field(repr=False)
    paid_on: date | None = None
    broken_promises: int = 0
    calls: int = 0
    calls_answered: int = 0
    disputes: int = 0
    auto_debit: bool = False
    debit_failed: bool = False
    markers: frozenset[str] = frozenset()
    relations_in_arrears: int | None = None

    def days_late(self, day: date) -> int:
        """How late it was, or is by now, as known on ``day``; 0 while it is not due."""
        paid = self.paid_on if self.paid_on is not None and self.paid_on <= day else day
        return min(MOST_DAYS_LATE, max(0, (paid - self.due).days))

    def is_open(self, day: date) -> bool:
        """Whether it was due and not paid, as known on ``day``."""
        return self.due < day and (self.paid_on is None or self.paid_on > day)

    def on_time(self, grace_days: int) -> bool:
        """Whether it was paid in full by the end of the grace days."""
        return self.paid_on is not None and self.paid_on <= self.due + timedelta(days=grace_days)


@dataclass(frozen=True, slots=True)
class History:
    """The bills of one account in order of their due dates; the bands serve to compare groups, never to score."""

    customer_id: str
    account_id: str
    bills: tuple[Bill, ...]
    age_band: str = ""
    income_band: str = ""

    def before(self, day: date) -> tuple[Bill, ...]:
        """The bills that were due before ``day``."""
        return tuple(bill for bill in self.bills if bill.due < day)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of a score in words: what it is, and what a high and a low value say of a customer."""

    what: str
    high: str
    low: str


#: The figures of a score. Nothing about who a customer is, only how he has paid.
FEATURES: Mapping[str, Figure] = {
    "missed_share_3": Figure(
        "share of the last 3 bills not paid on time",
        "more of the last 3 bills than usual were not paid on time",
        "fewer of the last 3 bills than usual were not paid on time",
    ),
    "missed_share_12": Figure(
        "share of the last 12 bills not paid on time",
        "more of the last 12 bills than usual were not paid on time",
        "fewer of the last 12 bills than usual were not paid on time",
    ),
    "last_missed": Figure(
        "the last bill was not paid on time (1) or was (0)",
        "the last bill was not paid on time",
        "the last bill was paid on time",
    ),
    "days_late": Figure(
        "days late over the last 6 bills (mean of logarithms)",
        "bills are paid later than usual",
        "bills are paid promptly",
    ),
    "open_bills": Figure(
        "earlier bills still unpaid, at most 6", "earlier bills are still unpaid", "no earlier bill is unpaid"
    ),
    "amount_against_usual": Figure(
        "this bill against the usual one (logarithm)",
        "this bill is higher than the customer's usual one",
        "this bill is lower than the customer's usual one",
    ),
    "amount_spread": Figure(
        "how much the last 12 bills vary", "the bills vary much", "the bills are much alike"
    ),
    "broken_promises": Figure(
        "promises not kept around the last 6 bills, at most 6",
        "promises were not kept",
        "no promise was broken",
    ),
    "answered_share": Figure(
        "share of calls answered around the last 6 bills (a half without calls)",
        "calls are answered more often than usual",
        "calls are answered less often than usual",
    ),
    "disputes": Figure(
        "disputes about the last 6 bills, at most 6",
        "bills were disputed lately",
        "no bill was disputed lately",
    ),
    "auto_debit": Figure(
        "the last bill was to be paid by direct debit (1) or not (0)",
        "pays by direct debit",
        "pays each bill himself",
    ),
    "debit_failed": Figure(
        "direct debits that failed among the last 3 bills",
        "direct debits failed lately",
        "no direct debit failed lately",
    ),
    "months_known": Figure("how many bills are known (logarithm)", "known for long", "not known for long"),
}
#: Social data: used only where its use has been authorised (requirement D20).
SOCIAL_FEATURES: Mapping[str, Figure] = {
    "relations_in_arrears": Figure(
        "relations of the customer in arrears, at most 20",
        "more relations than usual are in arrears",
        "fewer relations than usual are in arrears",
    )
}

#: Figures that can only speak against paying on time, and for it. Where several say nearly the same, a weight may come out
#: with the wrong sign and give reasons that nobody understands: such a figure is left out when a model is learned.
SPEAKS_AGAINST: frozenset[str] = frozenset(
    {
        *("missed_share_3", "missed_share_12", "last_missed", "days_late", "open_bills", "broken_promises"),
        *("disputes", "debit_failed", "amount_against_usual", "relations_in_arrears"),
    }
)
SPEAKS_FOR: frozenset[str] = frozenset({"answered_share"})


def features(
    history: History, amount: float, day: date, grace_days: int = DEFAULT_GRACE_DAYS
) -> dict[str, float] | None:
    """The figures of an account on a day, with a bill of ``amount`` ahead; None where no earlier bill is known.

    All are finite and bounded. Keys are those of ``FEATURES``, and ``SOCIAL_FEATURES`` where the history has them.
    """
    earlier = history.before(day)
    if not earlier:
        return None
    bills = earlier[-12:]
    missed = [bill.days_late(day) > grace_days for bill in bills]
    recent = bills[-6:]
    calls = sum(bill.calls for bill in recent)
    usual, spread = _usual(bills)
    found = {
        "missed_share_3": fmean(missed[-3:]),
        "missed_share_12": fmean(missed),
        "last_missed": float(missed[-1]),
        "days_late": fmean(math.log1p(bill.days_late(day)) for bill in recent),
        "open_bills": float(min(MOST_OPEN_BILLS, sum(bill.is_open(day) for bill in bills))),
        "amount_against_usual": max(-2.0, min(2.0, math.log(amount / usual))) if amount > 0 else 0.0,
        "amount_spread": spread,
        "broken_promises": float(min(6, sum(bill.broken_promises for bill in recent))),
        "answered_share": sum(bill.calls_answered for bill in recent) / calls if calls else 0.5,
        "disputes": float(min(6, sum(bill.disputes for bill in recent))),
        "auto_debit": float(bills[-1].auto_debit),
        "debit_failed": float(sum(bill.debit_failed for bill in bills[-3:])),
        "months_known": math.log(len(earlier)),
    }
    relations = [bill.relations_in_arrears for bill in recent if bill.relations_in_arrears is not None]
    if relations:
        found["relations_in_arrears"] = float(min(20, relations[-1]))
    return found


def _usual(bills: Sequence[Bill]) -> tuple[float, float]:
    """The usual amount of a bill, and how far bills are from each other (0: all alike; at most 2)."""
    amounts = [bill.amount for bill in bills]
    mean = fmean(amounts)
    spread = math.sqrt(fmean((amount - mean) ** 2 for amount in amounts)) / mean
    return median(amounts), min(2.0, spread)


def behaviour_facts(
    history: History, amount: float, day: date, grace_days: int = DEFAULT_GRACE_DAYS
) -> dict[str, float]:
    """What the risk rules may ask of a history on a day, in plain numbers; empty where no earlier bill is known."""
    bills = history.before(day)
    if not bills:
        return {}
    year, quarter, half = bills[-12:], bills[-3:], bills[-6:]
    calls = sum(bill.calls for bill in half)
    found = {
        "months_known": float(len(bills)),
        "missed_3": float(sum(bill.days_late(day) > grace_days for bill in quarter)),
        "missed_12": float(sum(bill.days_late(day) > grace_days for bill in year)),
        "open_bills": float(sum(bill.is_open(day) for bill in bills)),
        "times_usual": amount / _usual(year)[0],
        "broken_promises": float(sum(bill.broken_promises for bill in year)),
        "disputes": float(sum(bill.disputes for bill in half)),
        "failed_debits": float(sum(bill.debit_failed for bill in quarter)),
        "markers": float(len(frozenset().union(*(bill.markers for bill in year)))),
    }
    if calls:
        found["answered_share"] = sum(bill.calls_answered for bill in half) / calls
    return found
