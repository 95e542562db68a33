"""What happens to every account each night, page by page: read beside the writer, written in short transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ari_app.domain.compliance import ContactFacts
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import Params, micros
from ari_app.store.facts import facts_of
from ari_app.store.order import Orders, change_of
from ari_app.store.queries import SQL

#: ``(bucket, due_date, timezone)`` to the bucket of today.
BucketOf = Callable[[str, date, str], str]

#: Where a warning has its place: None, None where none is wanted; an instant; or the reason why it has no place.
PlaceOf = Callable[[ContactFacts], tuple[datetime | None, str | None]]

#: Suspensions so many days ahead are looked at: the first warning may lie three days before its hour.
DAYS_AHEAD = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Page:
    """Changes to write, how many rows were read, where the next page begins (None at the end), what had no place."""

    changes: list[Params]
    read: int
    after: int | None
    refused: int = 0


def aging_page(connection: sqlite3.Connection, after: int, limit: int, bucket_of: BucketOf) -> Page:
    """The accounts of a page whose bucket is another one today."""
    rows = connection.execute(SQL["aging_page"], {"after": after, "limit": limit}).fetchall()
    days: dict[str, date] = {}
    changes: list[Params] = []
    for number, due, zone, bucket in rows:
        day = days.get(due)
        if day is None:
            day = days[due] = date.fromisoformat(due)
        found = bucket_of(bucket, day, zone)
        if found != bucket:
            changes.append({"account": number, "before": bucket, "bucket": found, "due_date": due})
    return Page(changes, len(rows), rows[-1]["id"] if len(rows) == limit else None)


def move_buckets(connection: sqlite3.Connection, changes: Sequence[Params]) -> int:
    """Write them, unless a list has changed the account meanwhile; what another bucket had refused is asked again."""
    moved = 0
    for change in changes:
        if connection.execute(SQL["move_bucket"], change).rowcount:
            connection.execute(SQL["rearm_bucket"], change)
            moved += 1
    return moved


def order_page(
    connection: sqlite3.Connection, campaigns: CampaignCache, after: int, limit: int, now: datetime
) -> Page:
    """The waiting accounts of a page whose place in the order of calls is another one now."""
    rows = connection.execute(SQL["order_page"], {"after": after, "limit": limit}).fetchall()
    orders = Orders(connection, campaigns, now)
    found = [change_of(row, orders.of_row(row)) for row in rows]
    changes = [change for change in found if change["before"] != change["call_class"]]
    return Page(changes, len(rows), rows[-1]["campaign_account"] if len(rows) == limit else None)


def warnings_page(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    after: int,
    limit: int,
    now: datetime,
    place_of: PlaceOf,
) -> Page:
    """The waiting accounts of a page whose next attempt is pulled forward to a warning before suspension."""
    asked = {
        "after": after,
        "limit": limit,
        "from": (now - timedelta(days=1)).date().isoformat(),
        "to": (now + DAYS_AHEAD).date().isoformat(),
    }
    rows = connection.execute(SQL["suspensions_page"], asked).fetchall()
    changes: list[Params] = []
    refused = 0
    for found in rows:
        row = connection.execute(
            SQL["standing_of"], {"campaign_account": found["campaign_account"]}
        ).fetchone()
        campaign = campaigns.required(connection, row["campaign_id"])
        at, reason = place_of(facts_of(connection, row, campaign, micros(now), book=campaigns.book))
        if at is not None:
            changes.append({"campaign_account": found["campaign_account"], "at": micros(at)})
        elif reason is not None:
            refused += 1
    last = rows[-1]["campaign_account"] if len(rows) == limit else None
    return Page(changes, len(rows), last, refused)


def pull_forward(connection: sqlite3.Connection, changes: Sequence[Params]) -> int:
    """Plan the next attempt for the instant, where it is planned for later."""
    return sum(connection.execute(SQL["pull_forward"], change).rowcount for change in changes)
