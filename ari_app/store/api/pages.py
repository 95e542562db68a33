"""What is there, page by page."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from ari_app.domain.debt.promise import PromiseStanding, PromiseState
from ari_app.domain.record import AttemptRecord, OutboxRecord
from ari_app.ports.api import AccountFilter, AttemptFilter, EntryOf, Page, PromiseOf, StatedAccount
from ari_app.ports.debt import BillKey
from ari_app.store.codec import (
    account_of,
    amount,
    instant,
    iso_or_none,
    micros_or_none,
    minor_or_none,
    plain,
)
from ari_app.store.debt.ledger import entry_of
from ari_app.store.debt.promise_rows import promise_of_row
from ari_app.store.numbers import other_phones
from ari_app.store.queries import SQL
from ari_app.store.reading import attempt_of_row, outbox_record

T = TypeVar("T")
Place = tuple[int | str, ...]

#: Above every number that SQLite gives a row.
_LAST = 2**63 - 1


def _page(
    rows: Sequence[sqlite3.Row],
    limit: int,
    value: Callable[[sqlite3.Row], T],
    place: Callable[[sqlite3.Row], Place],
) -> Page[T]:
    """Of ``limit + 1`` rows the last one only says that there are more."""
    shown = rows[:limit]
    return Page([value(row) for row in shown], place(shown[-1]) if len(rows) > limit else None)


def _number(after: Place | None, otherwise: int) -> int:
    return otherwise if after is None else int(after[0])


def accounts(
    connection: sqlite3.Connection, wanted: AccountFilter, after: Place | None, limit: int
) -> Page[StatedAccount]:
    """See ``ApiStore.accounts_page``."""
    asked = {
        "after": _number(after, 0),
        "limit": limit + 1,
        "task_id": plain(wanted.task_id),
        "customer_id": plain(wanted.customer_id),
        "account_id": plain(wanted.account_id),
        "bill_id": plain(wanted.bill_id),
        "bucket": plain(wanted.bucket),
        "min_minor": minor_or_none(wanted.min_due),
        "due_before": iso_or_none(wanted.due_before),
    }
    if wanted.task_id:
        statement = SQL["api_accounts_of_task"]
    else:
        statement = SQL["api_accounts_of_customer"] if wanted.customer_id else SQL["api_accounts"]
    rows = connection.execute(statement, asked).fetchall()
    return _page(rows, limit, lambda row: _stated(connection, row), lambda row: (row["id"],))


def account(connection: sqlite3.Connection, bill: BillKey) -> StatedAccount | None:
    """See ``ApiStore.account_of``."""
    asked = {
        "customer_id": plain(bill.customer_id),
        "account_id": plain(bill.account_id),
        "bill_id": plain(bill.bill_id),
    }
    row = connection.execute(SQL["api_account"], asked).fetchone()
    return None if row is None else _stated(connection, row)


def _stated(connection: sqlite3.Connection, row: sqlite3.Row) -> StatedAccount:
    tasks = connection.execute(SQL["tasks_of_account"], {"account": row["id"]}).fetchall()
    account = replace(account_of(row), other_phones=other_phones(connection, row["id"]))
    return StatedAccount(
        account,
        amount(row["stated_minor"]),
        instant(row["stated_at"]),
        tuple(task["campaign_id"] for task in tasks),
    )


def attempts(
    connection: sqlite3.Connection, wanted: AttemptFilter, after: Place | None, limit: int
) -> Page[AttemptRecord]:
    """See ``ApiStore.attempts_page``."""
    asked = {
        "seq": _number(after, _LAST),
        "limit": limit + 1,
        "task_id": plain(wanted.task_id),
        "customer_id": plain(wanted.customer_id),
        "bill_id": plain(wanted.bill_id),
        "disposition": plain(wanted.disposition),
        "since": micros_or_none(wanted.since),
    }
    if wanted.customer_id:
        statement = SQL["attempts_page_newest_of_customer"]
    else:
        statement = SQL["attempts_page_newest_of_task"] if wanted.task_id else SQL["attempts_page_newest"]
    rows = connection.execute(statement, asked).fetchall()
    return _page(rows, limit, lambda row: attempt_of_row(connection, row), lambda row: (row["seq"],))


def promises(
    connection: sqlite3.Connection, customer_id: str, state: str, after: Place | None, limit: int
) -> Page[PromiseOf]:
    """See ``ApiStore.promises_page``."""
    asked = {
        "made_at": None if after is None else int(after[0]),
        "promise_id": "" if after is None else str(after[1]),
        "customer_id": plain(customer_id),
        "state": state,
        "limit": limit + 1,
    }
    statement = SQL["api_promises_of_customer"] if customer_id else SQL["api_promises"]
    rows = connection.execute(statement, asked).fetchall()
    return _page(rows, limit, _promise, lambda row: (row["made_at"], row["promise_id"]))


def _promise(row: sqlite3.Row) -> PromiseOf:
    standing = PromiseStanding(
        promise_of_row(row), PromiseState(row["state"]), amount(row["covered_minor"]), row["why"]
    )
    return PromiseOf(_bill(row), row["currency"], row["channel"], row["source"], standing)


def entries(
    connection: sqlite3.Connection, customer_id: str, bill_id: str, kind: str, after: Place | None, limit: int
) -> Page[EntryOf]:
    """See ``ApiStore.entries_page``."""
    asked = {
        "seq": _number(after, _LAST),
        "customer_id": plain(customer_id),
        "bill_id": plain(bill_id),
        "kind": kind,
        "limit": limit + 1,
    }
    statement = SQL["api_entries_of_customer"] if customer_id else SQL["api_entries"]
    return _page(connection.execute(statement, asked).fetchall(), limit, _entry, lambda row: (row["seq"],))


def entry(connection: sqlite3.Connection, entry_id: str) -> EntryOf | None:
    """See ``ApiStore.entry``."""
    row = connection.execute(SQL["api_entry"], {"entry_id": plain(entry_id)}).fetchone()
    return None if row is None else _entry(row)


def _entry(row: sqlite3.Row) -> EntryOf:
    return EntryOf(_bill(row), row["currency"], entry_of(row))


def _bill(row: sqlite3.Row) -> BillKey:
    return BillKey(row["customer_id"], row["account_id"], row["bill_id"])


def events_after(connection: sqlite3.Connection, event_id: int, limit: int) -> list[OutboxRecord]:
    """See ``ApiStore.events_after``."""
    rows = connection.execute(SQL["outbox_after"], {"after": event_id, "limit": limit}).fetchall()
    return [outbox_record(row) for row in rows]


def newest_event(connection: sqlite3.Connection) -> int:
    """See ``ApiStore.newest_event``."""
    return int(connection.execute(SQL["newest_event"]).fetchone()["id"])
