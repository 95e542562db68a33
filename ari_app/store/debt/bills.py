"""Bills by what names them, and many of them settled in short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import partial

import structlog

from ari_app.errors import StoreError, StoreUnavailable
from ari_app.ports.debt import BillKey
from ari_app.store.debt.settlement import settle_account
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

log = structlog.get_logger(__name__)

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
        looked += await _settle_part(writer, found, now)
        after = found[-1]


async def _settle_part(writer: Writer, accounts: Sequence[int], now: int) -> int:
    """All of them in one transaction; each in its own where that cannot be, so that one bill does not stop the clock of
    the others. How many were settled."""
    try:
        await writer.run(partial(_settle_all, accounts=accounts, now=now))
        return len(accounts)
    except StoreUnavailable:
        raise
    except StoreError:
        settled = 0
    for account in accounts:
        try:
            await writer.run(partial(_settle_all, accounts=[account], now=now))
            settled += 1
        except StoreUnavailable:
            raise
        except StoreError as error:
            log.error("store.bill_not_settled", bill=account, error=str(error))
    return settled


def _settle_all(connection: sqlite3.Connection, accounts: Sequence[int], now: int) -> None:
    for account in accounts:
        settle_account(connection, account, now)
