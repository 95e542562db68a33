"""Which campaign calls a customer first who is due in several: that of the higher priority, then of the older due date."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

from ari_app.domain.campaign import Campaign
from ari_app.domain.compliance import Decide
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import micros
from ari_app.store.facts import facts_of
from ari_app.store.queries import SQL
from ari_app.store.strategies import priority_of

#: So long after it has come due an account has precedence: a campaign without free lines or agents holds nobody up longer.
PRECEDENCE = timedelta(minutes=15)


def standing_row(connection: sqlite3.Connection, campaign_account: int) -> sqlite3.Row:
    """The row of ``standing`` of an account in a campaign."""
    row = connection.execute(SQL["standing_of"], {"campaign_account": campaign_account}).fetchone()
    assert isinstance(row, sqlite3.Row)
    return row


def yields_to_another(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    row: sqlite3.Row,
    campaign: Campaign,
    now: datetime,
    decide: Decide,
) -> int | None:
    """Until when (microseconds) an account that may be called leaves the call to another running campaign of its customer.

    None: it goes first itself. Only to an account that is due, for at most ``PRECEDENCE``, and may be called now.
    """
    at, patience = micros(now), PRECEDENCE // timedelta(microseconds=1)
    asked = {
        "customer_id": row["customer_id"],
        "campaign_id": campaign.campaign_id,
        "now": at,
        "since": at - patience,
    }
    rivals = connection.execute(SQL["rivals"], asked).fetchall()
    if not rivals:
        return None
    own = (-priority_of(row, campaign, campaigns.book, now), row["due_date"])
    for rival in rivals:
        other = standing_row(connection, rival["id"])
        theirs = campaigns.required(connection, other["campaign_id"])
        if (-priority_of(other, theirs, campaigns.book, now), other["due_date"]) >= own:
            continue
        if decide(facts_of(connection, other, theirs, at, book=campaigns.book), now).allowed:
            return int(rival["due_at"]) + patience
    return None
