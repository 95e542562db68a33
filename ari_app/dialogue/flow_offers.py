"""What a customer offers, looked at by the limits of the flow: taken over, or noted why not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from ari_app.dialogue.account_view import CENT, Promised
from ari_app.dialogue.flow_conditions import Fact
from ari_app.dialogue.flow_policy import Policy
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
) -> Taken:
    """The offer of one answer of a verified customer who owes ``due``."""
    noted: set[str] = set()
    if "promise_to_pay" in meanings:
        promised = _promise(promised, heard, due, policy, today, noted)
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


def without(promised: Promised, facts: Collection[Fact]) -> Promised:
    """What is left when these are forgotten."""
    return Promised(
        date=None if Fact.DATE in facts else promised.date,
        amount=None if Fact.AMOUNT in facts else promised.amount,
        periods=0 if Fact.PERIODS in facts else promised.periods,
        deferral=None if Fact.DEFERRAL in facts else promised.deferral,
        kept=promised.kept,
    )


def keeping(promised: Promised) -> Promised:
    """The promise is settled, and another one for what is left of the debt may follow."""
    if promised.date is None or promised.amount is None:
        return promised
    kept = (*promised.kept, (promised.date, promised.amount))
    return replace(promised, date=None, amount=None, kept=kept)


def _promise(
    promised: Promised, heard: Understanding, due: Decimal, policy: Policy, today: date, noted: set[str]
) -> Promised:
    if heard.date is not None:
        if today <= heard.date <= policy.latest(today):
            promised = replace(promised, date=heard.date)
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
            promised = replace(promised, amount=heard.amount.quantize(CENT))
            noted.add("new_offer")
    return promised
