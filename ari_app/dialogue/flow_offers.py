"""What a customer offers, looked at by the limits of the flow: taken over, or noted why not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ari_app.dialogue.account_view import CENT, Promised
from ari_app.dialogue.flow_conditions import Fact
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_promises import take_payments
from ari_app.dialogue.model import Understanding


@dataclass(frozen=True, slots=True)
class Taken:
    """What stands after an answer, and what is to be said of it: names of conditions that hold until the next one."""

    promised: Promised
    noted: frozenset[str]
    promised_anything: bool


def take_offer(
    promised: Promised,
    heard: Understanding,
    meanings: Collection[str],
    due: Decimal,
    policy: Policy,
    today: date,
    *,
    further: bool = False,
) -> Taken:
    """The offer of one answer of a verified customer who owes ``due``; ``further``: he was asked when the rest is paid."""
    noted: set[str] = set()
    if "promise_to_pay" in meanings:
        # What was paid already is no part of what is promised.
        paid = "already_paid" in meanings
        several = None if paid else take_payments(promised, heard, due, policy, today, noted, further=further)
        promised = _promise(promised, heard, due, policy, today, noted) if several is None else several
    if heard.periods and ("request_installment" in meanings or "promise_to_pay" not in meanings):
        offered = next(
            (months for months in heard.periods if policy.offer(months, due, today) is not None), 0
        )
        noted.add("new_offer" if offered else "periods_not_offered")
        promised = replace(promised, periods=offered) if offered else promised
    if "request_deferral" in meanings and heard.date is not None:
        fits = today < heard.date <= policy.latest_deferral(today)
        noted.add("new_offer" if fits else "deferral_out_of_range")
        promised = replace(promised, deferral=heard.date) if fits else promised
    return Taken(promised, frozenset(noted), bool(heard.dates or heard.amounts or heard.periods))


def at_read_back(heard: Understanding, promised: Promised) -> Understanding:
    """An answer to a read-back: a yes that names another day or sum is an offer, which has to be read back itself; one that
    repeats them, or some of them, is a yes and nothing else.
    """
    payments = promised.payments
    if heard.intent != "affirm" or not payments:
        return heard
    days = {promised.deferral, *(one.date for one in payments)}
    sums = {one.amount for one in payments}
    also = tuple(one for one in heard.also if one != "promise_to_pay")
    if days.issuperset(heard.dates) and sums.issuperset(heard.amounts):
        return replace(heard, also=also)
    return replace(heard, intent="promise_to_pay", also=("affirm", *also))


def without(promised: Promised, facts: Collection[Fact]) -> Promised:
    """What is left when these are forgotten."""
    return Promised(
        date=None if Fact.DATE in facts else promised.date,
        amount=None if Fact.AMOUNT in facts else promised.amount,
        periods=0 if Fact.PERIODS in facts else promised.periods,
        deferral=None if Fact.DEFERRAL in facts else promised.deferral,
        later=() if {Fact.DATE, Fact.AMOUNT} & set(facts) else promised.later,
        kept=promised.kept,
    )


def keeping(promised: Promised, stood: Promised) -> Promised:
    """What ``stood`` before the last answer is settled; what that answer put on top of it is on offer, and nothing else.

    So nothing is settled that was not read back.
    """
    settled = stood.payments
    if not settled:
        return promised
    added = promised.payments[len(settled) :] if promised.payments[: len(settled)] == settled else ()
    first = added[0] if added else None
    return replace(
        promised,
        date=first.date if first else None,
        amount=first.amount if first else None,
        later=added[1:],
        kept=(*stood.kept, *settled),
    )


def _promise(
    promised: Promised, heard: Understanding, due: Decimal, policy: Policy, today: date, noted: set[str]
) -> Promised:
    """One payment: its day, its sum or both. It clears the later ones that were told with another."""
    undated = heard.rest == 0 and heard.amount is not None and policy.most_promises > 1
    if heard.date is not None and not undated:
        if any(heard.date <= one.date for one in promised.kept):
            noted.add("date_before_earlier")
        elif today <= heard.date <= policy.latest(today):
            promised = replace(promised, date=heard.date, later=())
            noted.add("new_offer")
        else:
            noted.add("date_out_of_range")
    if heard.amount is not None:
        least = min(max(CENT, policy.least_promise), due)
        if heard.amount > due or heard.amount < CENT:
            noted.add("amount_out_of_range")
        elif heard.amount < least:
            noted.add("amount_too_small")
        else:
            promised = replace(promised, amount=heard.amount.quantize(CENT), later=())
            noted.add("new_offer")
    return promised
