"""Events written in the transaction of what they tell, and a delivery for each place that wants them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from ari_app.domain.campaign import WebhookSpec
from ari_app.store.codec import document, plain, words
from ari_app.store.queries import SQL


def add_event(
    connection: sqlite3.Connection,
    event: str,
    key: str,
    payload: Mapping[str, object],
    now: int,
    *,
    campaign_id: str | None = None,
    account: int | None = None,
) -> int:
    """Write an event once, however often this is called with its ``key``; how many endpoints it goes to from here.

    It goes to the webhook of its campaign (of every campaign, where it belongs to none) and to the standing endpoints,
    where they want events of its name. An event that nobody wants is kept all the same: alerts read it. ``account`` is the
    lane in which order is kept.
    """
    asked: dict[str, object] = {
        "campaign_id": campaign_id,
        "account": account,
        "event": event,
        "key": plain(key),
        "payload": document(payload),
        "now": now,
    }
    row = connection.execute(SQL["add_event"], asked).fetchone()
    if row is None:
        return 0
    return connection.execute(SQL["add_deliveries"], {**asked, "id": row["id"]}).rowcount


def put_campaign_endpoint(
    connection: sqlite3.Connection, campaign_id: str, webhook: WebhookSpec | None
) -> None:
    """Keep the endpoint of a campaign as its request has it; at a new address it is active, whatever the old one was.

    Without a webhook it wants no event from now on; what was told before still goes where it was to go.
    """
    known = connection.execute(SQL["endpoint_of_campaign"], {"campaign_id": campaign_id}).fetchone()
    if webhook is None and known is None:
        return
    connection.execute(
        SQL["put_campaign_endpoint"],
        {
            "campaign_id": campaign_id,
            "name": f"campaign/{campaign_id}",
            "url": known["url"] if webhook is None else webhook.url,
            "events": "[]" if webhook is None else words(webhook.events),
            "secret": known["secret"] if webhook is None else webhook.secret,
        },
    )
