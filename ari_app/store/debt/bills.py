"""Bills by what names them, and many of them settled in short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial

from ari_app.ports.debt import BillKey
from ari_app.store.debt.settlement import settle_account
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Bills that the clock looks at in one write transaction.
PART = 200


def find_bill(connection: sqlite3.Connection, bill: BillKey) -> sqlite3.Row | None:
    """The ``id`` and ``currency`` of a bill; None where there is no such bill."""
    asked = {"customer_id": bill.customer_id, "account_id": bill.account_id, "bill_id": bill.bill_id}
    row: sqlite3.Row | None = connection.execute(SQL["account_id_of"], asked).fetchone()
    return row


async def settle_each(writer: Writer, readers: Readers, which: str, day: str, now: int) -> int:
    """Settle every bill that a statement finds for a day, so many in one transaction; how many were looked at."""
    looked, after = 0, 0
    while True:
        asked = {"day": day, "after": after, "limit": PART}
        found = await readers.run(
            lambda db, asked=asked: [row["account"] for row in db.execute(which, asked).fetchall()]  # type: ignore[misc]
        )
        if not found:
            return looked
        await writer.run(partial(_settle_all, accounts=found, now=now))
        looked += len(found)
        after = found[-1]


def _settle_all(connection: sqlite3.Connection, accounts: Sequence[int], now: int) -> None:
    for account in accounts:
        settle_account(connection, account, now)
