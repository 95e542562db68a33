"""Events of an account that belong to no attempt, for every campaign that the account is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from types import MappingProxyType

from ari_app.services.events import account_event
from ari_app.store.codec import amount, instant
from ari_app.store.messages.planning import on_event
from ari_app.store.queries import SQL
from ari_app.store.webhooks.events import add_event


def tell(
    connection: sqlite3.Connection,
    account: int,
    event: str,
    subject: str,
    fields: Mapping[str, object],
    now: int,
    words: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """Write an event into the outbox, in the transaction of what it tells; how many webhooks want it.

    ``subject`` makes it one of its kind: the same event of the same subject (an id, with the state it came into) is told
    once, however often this is called. ``fields`` stand beside the common ones (``taskId``, ``customerId``, ``accountId``,
    ``billId``, ``amountDue``, ``timestamp``). ``now`` in microseconds. Where a message follows such an event by itself,
    it is planned too, whether a webhook wants it or not; ``words`` are for that message alone.
    """
    on_event(connection, account, event, subject, {**fields, **words}, now)
    row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    told = 0
    for found in connection.execute(SQL["campaigns_of_account"], {"account": account}).fetchall():
        made = account_event(
            event,
            subject,
            fields,
            campaign_id=found["campaign_id"],
            customer_id=row["customer_id"],
            account_id=row["account_id"],
            bill_id=row["bill_id"],
            amount_due=amount(row["amount_minor"]),
            currency=row["currency"],
            at=instant(now),
        )
        told += add_event(
            connection,
            made.event,
            made.key,
            made.payload,
            now,
            campaign_id=found["campaign_id"],
            account=account,
        )
    return told


def tell_campaigns(
    connection: sqlite3.Connection, event: str, subject: str, fields: Mapping[str, object], now: int
) -> int:
    """Write an event that belongs to no account and no campaign, once; how many webhooks want it; see :func:`tell`."""
    payload = {"event": event, "taskId": None, **fields, "timestamp": int(instant(now).timestamp())}
    return add_event(connection, event, f"++{event}+{subject}", payload, now)
