"""Payment histories for tests: bills a month apart, and files of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from ari_app.domain.behaviour import Bill, History

#: The day on which the bill after the last one of ``history`` falls due.
NEXT_DUE = date(2026, 3, 20)


def due(months_back: int) -> date:
    """The due date so many months before ``NEXT_DUE``."""
    count = NEXT_DUE.year * 12 + NEXT_DUE.month - 1 - months_back
    return date(count // 12, count % 12 + 1, NEXT_DUE.day)


def history(late: Sequence[int | None], amount: float = 100.0) -> History:
    """An account whose bills, oldest first, were paid so many days after their due date; None: not paid."""
    bills = []
    for place, days in enumerate(late):
        day = due(len(late) - place)
        bills.append(Bill(day, amount, None if days is None else day + timedelta(days=days)))
    return History("c_1", "a_1", tuple(bills))


def a_bill(number: int = 1, /, **changes: object) -> dict[str, object]:
    """A row of a history with every column."""
    return {
        "customerId": f"c_{number}",
        "accountId": f"a_{number}",
        "dueDate": "2026-02-20",
        "amountDue": "100.00",
        "paidOn": "2026-02-19",
        "brokenPromises": "0",
        "calls": "2",
        "callsAnswered": "1",
        "disputes": "0",
        "autoDebit": "yes",
        "debitFailed": "no",
        "markers": "",
        "ageBand": "65+",
        "incomeBand": "low",
    } | changes
