"""A payment history that is made up, for trying the score: clearly named synthetic, the same for the same seed.

Nobody in it exists. Each account has a bent to pay that nobody sees; promises, calls and payments follow from it, with
months in which money is short, more often where income is low. It shows how the tools work, not how people pay.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ari_app.domain.account import AGE_BANDS, INCOME_BANDS

HEADINGS: tuple[str, ...] = (
    "customerId",
    "accountId",
    "dueDate",
    "amountDue",
    "paidOn",
    "brokenPromises",
    "calls",
    "callsAnswered",
    "disputes",
    "autoDebit",
    "debitFailed",
    "ageBand",
    "incomeBand",
)
#: Month in which the last bill of the example falls due.
LAST_MONTH = (2026, 10)
_DUE_DAY = 20


@dataclass(frozen=True, slots=True)
class _Person:
    """What an account is like; none of it stands in the file but age, income and direct debit."""

    bent: float
    usual: float
    answers: float
    auto_debit: bool
    age_band: str
    income_band: str


def synthetic_history(accounts: int, months: int, seed: int) -> Iterator[tuple[str, ...]]:
    """The rows (texts under ``HEADINGS``) of so many accounts, a bill each month."""
    chance = random.Random(seed)  # noqa: S311 - made up on purpose, and repeatable
    dues = [_due(back) for back in reversed(range(months))]
    for number in range(1, accounts + 1):
        person = _person(chance)
        short_until = -1  # months of short money go on for a while
        missed_before = False
        for month, due in enumerate(dues):
            if month > short_until and chance.random() < (0.07 if person.income_band == "low" else 0.03):
                short_until = month + chance.randrange(1, 5)
            short = month <= short_until
            amount = person.usual * (0.75 + 0.5 * chance.random()) * (2.5 if chance.random() < 0.04 else 1.0)
            failed = person.auto_debit and chance.random() < (0.35 if short else 0.03)
            on_time = chance.random() < _chance_on_time(person, short, missed_before, amount, failed)
            paid_on = _paid_on(chance, due, on_time, short)
            calls = 0 if on_time else chance.randrange(1, 6)
            answered = sum(chance.random() < person.answers for _ in range(calls))
            broken = int(
                not on_time and answered > 0 and chance.random() < (0.5 if person.bent < 0.5 else 0.2)
            )
            yield (
                f"synthetic_{number:05d}",
                f"synthetic_a_{number:05d}",
                due.isoformat(),
                f"{amount:.2f}",
                paid_on.isoformat() if paid_on is not None else "",
                str(broken),
                str(calls),
                str(answered),
                str(int(chance.random() < 0.02)),
                "yes" if person.auto_debit else "no",
                "yes" if failed else "no",
                person.age_band,
                person.income_band,
            )
            missed_before = not on_time


def _person(chance: random.Random) -> _Person:
    income = INCOME_BANDS[min(2, int(chance.random() * 3))]
    # Most pay, a few hardly ever do.
    bent = 0.8 + 0.2 * chance.random() if chance.random() < 0.85 else 0.6 * chance.random()
    return _Person(
        bent=bent,
        usual=50 + 250 * chance.random(),
        answers=0.2 + 0.7 * bent * chance.random(),
        auto_debit=chance.random() < 0.4,
        age_band=AGE_BANDS[int(chance.random() * len(AGE_BANDS))],
        income_band=income,
    )


def _chance_on_time(person: _Person, short: bool, missed_before: bool, amount: float, failed: bool) -> float:
    found = person.bent + (0.06 if person.auto_debit else 0.0)
    found -= (0.45 if short else 0.0) + (0.10 if missed_before else 0.0) + (0.6 if failed else 0.0)
    found -= 0.2 if amount > 1.8 * person.usual else 0.0
    return min(0.995, max(0.01, found))


def _paid_on(chance: random.Random, due: date, on_time: bool, short: bool) -> date | None:
    """On time: from ten days before to two days after; else weeks later, or not yet by the end of the file."""
    if on_time:
        return due + timedelta(days=chance.randrange(-10, 3))
    late = due + timedelta(days=chance.randrange(6, 75 if short else 40))
    return late if late <= _due(0) + timedelta(days=10) else None


def _due(months_back: int) -> date:
    year, month = LAST_MONTH
    count = year * 12 + month - 1 - months_back
    return date(count // 12, count % 12 + 1, _DUE_DAY)
