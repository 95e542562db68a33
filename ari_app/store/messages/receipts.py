"""What providers say of messages they have taken: kept once each, in whatever order they come."""

from __future__ import annotations

import sqlite3

from ari_app.domain.messages.message import Happened
from ari_app.ports.messages import Receipt
from ari_app.store.codec import micros, plain
from ari_app.store.messages.moving import move, required
from ari_app.store.queries import SQL

_HAPPENED = {
    "sent": Happened.ACCEPTED,
    "delivered": Happened.DELIVERED,
    "failed": Happened.BOUNCED,
}


def receive(connection: sqlite3.Connection, receipt: Receipt, now: int) -> bool:
    """See ``Messages.receipt``."""
    row = _of(connection, receipt)
    message_id = "" if row is None else row["message_id"]
    added = connection.execute(
        SQL["add_receipt"],
        {
            "provider": plain(receipt.provider)[:60],
            "reference": plain(receipt.reference)[:200],
            "status": receipt.status,
            "detail": plain(receipt.detail)[:200],
            "bounced": int(receipt.bounced),
            "at": micros(receipt.at),
            "message_id": message_id,
        },
    )
    if added.rowcount == 0:
        return False
    if row is not None:
        _apply(connection, row, receipt.status, receipt.detail, receipt.bounced, now)
    return True


def _of(connection: sqlite3.Connection, receipt: Receipt) -> sqlite3.Row | None:
    """The message of a receipt, by the provider's reference or by our own key."""
    asked = {"provider": receipt.provider, "reference": receipt.reference}
    row: sqlite3.Row | None = connection.execute(SQL["message_referred_to"], asked).fetchone()
    if row is None and receipt.message_id:
        row = connection.execute(SQL["message_by_id"], {"message_id": receipt.message_id}).fetchone()
        if row is not None and row["provider"] != receipt.provider:
            return None  # another provider knows nothing of it
    return row


def meet_receipts(connection: sqlite3.Connection, message_id: str, now: int) -> None:
    """Apply the receipts that came before the provider's answer had told us its reference."""
    row = required(connection, message_id)
    asked = {"provider": row["provider"], "reference": row["reference"]}
    waiting = connection.execute(SQL["receipts_waiting"], asked).fetchall()
    if not waiting:
        return
    connection.execute(SQL["receipts_met"], {**asked, "message_id": message_id})
    for each in waiting:
        _apply(
            connection,
            required(connection, message_id),
            each["status"],
            each["detail"],
            bool(each["bounced"]),
            now,
        )


def _apply(
    connection: sqlite3.Connection, row: sqlite3.Row, status: str, detail: str, bounced: bool, now: int
) -> None:
    if status == "failed" and bounced and row["contact"]:
        connection.execute(
            SQL["mark_address"],
            {
                "channel": row["channel"],
                "contact": row["contact"],
                "why": "bounced",
                "source": row["provider"],
                "now": now,
            },
        )
    move(connection, row, _HAPPENED[status], now, why=detail)
