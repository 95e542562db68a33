"""Rows of promises as values."""

from __future__ import annotations

import sqlite3
from datetime import date

from ari_app.domain.debt.promise import Promise, PromiseStanding, PromiseState
from ari_app.ports.debt import BillKey, PromiseCase
from ari_app.store.codec import amount, instant, instant_or_none, words_of
from ari_app.store.queries import SQL


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


def standing_of_row(row: sqlite3.Row) -> PromiseStanding:
    """What became of a promise, as it was found last."""
    return PromiseStanding(
        promise_of_row(row), PromiseState(row["state"]), amount(row["covered_minor"]), row["why"]
    )


def promise_case(row: sqlite3.Row) -> PromiseCase:
    """A promise with its bill."""
    return PromiseCase(
        BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        standing_of_row(row),
        row["currency"],
        row["source"],
        row["channel"],
    )


def promised_days(connection: sqlite3.Connection, account: int) -> tuple[date, ...]:
    """The days that are asked after: of the newest contact with promises, those that are neither kept nor withdrawn."""
    row = connection.execute(SQL["promised_days"], {"account": account}).fetchone()
    return tuple(date.fromisoformat(day) for day in words_of(row["promised"]))
