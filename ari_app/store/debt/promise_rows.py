"""Rows of promises as values."""

from __future__ import annotations

import sqlite3
from datetime import date

from ari_app.domain.debt.promise import Promise
from ari_app.store.codec import amount, instant, instant_or_none


def promise_of_row(row: sqlite3.Row) -> Promise:
    """The promise of a row of ``promise_to_pay``."""
    return Promise(
        promise_id=row["promise_id"],
        amount=amount(row["amount_minor"]),
        day=date.fromisoformat(row["day"]),
        made_at=instant(row["made_at"]),
        made_in=row["made_in"],
        withdrawn_at=instant_or_none(row["withdrawn_at"]),
        withdrawn_why=row["withdrawn_why"],
    )
