"""The ledger of a bill as values."""

from __future__ import annotations

import sqlite3

from ari_app.domain.debt.ledger import EntryKind, LedgerEntry
from ari_app.store.codec import amount, instant
from ari_app.store.queries import SQL


def ledger_of(connection: sqlite3.Connection, account: int) -> tuple[LedgerEntry, ...]:
    """The movements of a bill, in the order in which they were recorded."""
    return tuple(entry_of(row) for row in connection.execute(SQL["ledger_of"], {"account": account}))


def entry_of(row: sqlite3.Row) -> LedgerEntry:
    """The movement of a row."""
    return LedgerEntry(
        entry_id=row["entry_id"],
        kind=EntryKind(row["kind"]),
        amount=amount(row["amount_minor"]),
        at=instant(row["at"]),
        occurred_at=instant(row["occurred_at"]),
        provider=row["provider"],
        reference=row["reference"],
        reverses=row["reverses"],
        source=row["source"],
    )
