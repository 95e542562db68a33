"""Moving a message from one state to the next, with everything that hangs on it, in one transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from ari_app.domain.messages.message import Happened, MessageState, Origin, Purpose, after
from ari_app.errors import StoreError
from ari_app.store.codec import plain
from ari_app.store.debt.telling import tell
from ari_app.store.messages.planning import put_message
from ari_app.store.messages.reach import reach_of
from ari_app.store.queries import SQL

#: Ends that are told.
_TOLD: Mapping[MessageState, str] = {
    MessageState.SENT: "message.sent",
    MessageState.DELIVERED: "message.delivered",
    MessageState.FAILED: "message.failed",
}
#: What has not left cannot have arrived, nor come back.
_ONLY_AFTER_LEAVING = frozenset({Happened.LOST, Happened.DELIVERED, Happened.BOUNCED})


def required(connection: sqlite3.Connection, message_id: str) -> sqlite3.Row:
    """The row of a message; raises StoreError where there is none."""
    row: sqlite3.Row | None = connection.execute(SQL["message_by_id"], {"message_id": message_id}).fetchone()
    if row is None:
        raise StoreError(f"message {message_id}: there is no such message")
    return row


def move(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    happened: Happened,
    now: int,
    *,
    why: str = "",
    rule: str = "",
    due_at: int | None = None,
    contact_at: int | None = None,
    tries: int | None = None,
    verdict: int | None = None,
) -> MessageState:
    """Move the message of a row; the state it is in then. What the table does not know changes nothing.

    ``due_at`` where it waits again. ``contact_at``: it may leave now. What comes back without having left counts no more.
    """
    before = MessageState(row["state"])
    state = after(before, happened)
    if state is None or (happened in _ONLY_AFTER_LEAVING and row["contact_at"] is None):
        return before
    left = row["contact_at"] if contact_at is None else contact_at
    if state in (MessageState.PLANNED, MessageState.SUPPRESSED) or happened is Happened.REJECTED:
        left = None
    moved = connection.execute(
        SQL["move_message"],
        {
            "message_id": row["message_id"],
            "before": before.value,
            "state": state.value,
            "now": now,
            "why": plain(why)[:300],
            "rule": rule,
            "due_at": due_at if state is MessageState.PLANNED else None,
            "contact_at": left,
            "tries": row["tries"] if tries is None else tries,
            "last_verdict": row["last_verdict"] if verdict is None else verdict,
        },
    )
    assert moved.rowcount == 1
    account = _account(connection, row)
    if state in _TOLD and state is not before:
        _tell(connection, account, row, state, why, now)
    if state is MessageState.FAILED:
        _next_channel(connection, row, now)
    if state is MessageState.DELIVERED:
        connection.execute(
            SQL["drop_later_trial"],
            {
                "campaign_account": row["campaign_account"],
                "occasion": row["occasion"],
                "trial": row["trial"],
                "now": now,
                "why": "the one before it has arrived after all",
            },
        )
    if state not in (MessageState.PLANNED, MessageState.RESERVED):
        connection.execute(SQL["rearm_first_contact"], {"account": account})
    return state


def _account(connection: sqlite3.Connection, row: sqlite3.Row) -> int:
    found = connection.execute(SQL["standing_of"], {"campaign_account": row["campaign_account"]}).fetchone()
    account: int = found["account"]
    return account


def _next_channel(connection: sqlite3.Connection, row: sqlite3.Row, now: int) -> None:
    """A message that did not arrive is tried over the next channel, as long as it is not too late."""
    channels = [each for each in json.loads(row["channels"]) if each != row["channel"]]
    if not channels or not row["channel"] or now > row["latest_at"]:
        return
    standing = connection.execute(
        SQL["standing_of"], {"campaign_account": row["campaign_account"]}
    ).fetchone()
    if not reach_of(connection, standing["account"], standing["phone"], standing["number_dead"], channels):
        return
    put_message(
        connection,
        standing,
        origin=Origin(row["origin"]),
        purpose=Purpose(row["purpose"]),
        occasion=row["occasion"],
        template=row["template"],
        channels=channels,
        now=now,
        latest_at=row["latest_at"],
        language=row["language"],
        values=json.loads(row["values_given"]),
        trial=row["trial"] + 1,
        strategy=row["strategy"],
        strategy_version=row["strategy_version"],
        segment=row["segment"],
        step=row["step"],
    )


def _tell(
    connection: sqlite3.Connection,
    account: int,
    row: sqlite3.Row,
    state: MessageState,
    why: str,
    now: int,
) -> None:
    # The row may have been read before its channel was chosen.
    written = required(connection, row["message_id"])
    fields = {
        "messageId": row["message_id"],
        "template": row["template"],
        "variant": written["variant"],
        "channel": written["channel"],
        "step": row["step"] or None,
        "state": state.value,
        "why": why or None,
    }
    tell(connection, account, _TOLD[state], row["message_id"], fields, now)
