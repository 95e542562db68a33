"""Events of an account that belong to no attempt, for every campaign that the account is in and that wants them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ari_app.domain.campaign import WebhookSpec
from ari_app.services.events import account_event
from ari_app.store.codec import amount, document, instant, webhook_of
from ari_app.store.messages.planning import on_event
from ari_app.store.queries import SQL


def tell(
    connection: sqlite3.Connection,
    account: int,
    event: str,
    subject: str,
    fields: Mapping[str, object],
    now: int,
) -> int:
    """Write an event into the outbox, in the transaction of what it tells; how many webhooks want it.

    ``subject`` makes it one of its kind: the same event of the same subject (an id, with the state it came into) is told
    once, however often this is called. ``fields`` stand beside the common ones (``taskId``, ``customerId``, ``accountId``,
    ``billId``, ``amountDue``, ``timestamp``). ``now`` in microseconds. Where a message follows such an event by itself,
    it is planned too, whether a webhook wants it or not.
    """
    on_event(connection, account, event, subject, fields, now)
    row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    told = 0
    for found in connection.execute(SQL["webhooks_of_account"], {"account": account}).fetchall():
        webhook: WebhookSpec = webhook_of(found["webhook"])
        if event not in webhook.events:
            continue
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
        written = connection.execute(
            SQL["add_outbox"],
            {
                "campaign_id": found["campaign_id"],
                "event": made.event,
                "key": made.key,
                "payload": document(made.payload),
                "now": now,
            },
        )
        told += written.rowcount
    return told


def tell_campaigns(
    connection: sqlite3.Connection, event: str, subject: str, fields: Mapping[str, object], now: int
) -> int:
    """Write an event that belongs to no account into the outbox, for every campaign that wants it; see :func:`tell`."""
    told = 0
    for found in connection.execute(SQL["campaigns_with_webhook"]).fetchall():
        webhook: WebhookSpec = webhook_of(found["webhook"])
        if event not in webhook.events:
            continue
        campaign_id = found["campaign_id"]
        payload = {
            "event": event,
            "taskId": campaign_id,
            **fields,
            "timestamp": int(instant(now).timestamp()),
        }
        written = connection.execute(
            SQL["add_outbox"],
            {
                "campaign_id": campaign_id,
                "event": event,
                "key": f"{campaign_id}++{event}+{subject}",
                "payload": document(payload),
                "now": now,
            },
        )
        told += written.rowcount
    return told
