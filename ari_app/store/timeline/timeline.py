"""The protocol of ``ports.timeline.Timeline`` on SQLite: each source is read behind the cursor, and the rows are merged."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import islice

from ari_app.ports.timeline import Cursor, Source, TimelineEntry, TimelinePage, TimelineQuery
from ari_app.store.codec import amount, instant, micros
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers

#: Entries of a page at most.
MOST = 1000
#: Behind every text that SQLite compares.
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Reader:
    """One source: the statement that reads it."""

    source: Source
    sql: str


READERS: tuple[Reader, ...] = (
    Reader(Source.STATEMENT, SQL["timeline_statements"]),
    Reader(Source.CAMPAIGN, SQL["timeline_campaigns"]),
    Reader(Source.ASSESSMENT, SQL["timeline_assessments"]),
    Reader(Source.REFUSAL, SQL["timeline_refusals"]),
    Reader(Source.CONTACT, SQL["timeline_attempts"]),
    Reader(Source.MESSAGE, SQL["timeline_messages"]),
    Reader(Source.REPLY, SQL["timeline_replies"]),
    Reader(Source.PAGE, SQL["timeline_page"]),
    Reader(Source.PROMISE, SQL["timeline_promises"]),
    Reader(Source.PLAN_REQUEST, SQL["timeline_plan_requests"]),
    Reader(Source.PLAN, SQL["timeline_plans"]),
    Reader(Source.DISPUTE_CLAIM, SQL["timeline_dispute_claims"]),
    Reader(Source.DISPUTE, SQL["timeline_disputes"]),
    Reader(Source.LEDGER, SQL["timeline_ledger"]),
    Reader(Source.NOTICE, SQL["timeline_notices"]),
    Reader(Source.SERVICE, SQL["timeline_services"]),
    Reader(Source.CASE, SQL["timeline_cases"]),
    Reader(Source.MOVE, SQL["timeline_moves"]),
    Reader(Source.FLAG, SQL["timeline_flags"]),
    Reader(Source.LIST, SQL["timeline_lists"]),
    Reader(Source.ALERT, SQL["timeline_alerts"]),
    Reader(Source.EVENT, SQL["timeline_events"]),
)
_RANK: Mapping[Source, int] = {source: rank for rank, source in enumerate(Source)}


class SqliteTimeline:
    """See ``ports.timeline.Timeline``."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def known(self, customer_id: str) -> bool:
        def read(connection: sqlite3.Connection) -> bool:
            found = connection.execute(SQL["timeline_customer"], {"customer_id": customer_id}).fetchone()
            return found is not None

        return await self._readers.run(read)

    async def page(self, query: TimelineQuery, after: Cursor | None = None, limit: int = 200) -> TimelinePage:
        if not 1 <= limit <= MOST:
            raise ValueError(f"a page has 1 to {MOST} entries, not {limit}")
        return await self._readers.run(partial(_page, query=query, after=after, limit=limit))


def _page(
    connection: sqlite3.Connection, query: TimelineQuery, after: Cursor | None, limit: int
) -> TimelinePage:
    found = [_read(connection, reader, query, after, limit + 1) for reader in READERS]
    entries = tuple(islice(merge(*found, key=_place), limit + 1))
    if len(entries) <= limit:
        return TimelinePage(entries, None)
    last = entries[limit - 1]
    return TimelinePage(entries[:limit], Cursor(last.at, last.source, last.ref))


def _place(entry: TimelineEntry) -> tuple[int, int, bytes]:
    # Text as SQLite orders it: by its bytes.
    return micros(entry.at), _RANK[entry.source], entry.ref.encode()


def _read(
    connection: sqlite3.Connection, reader: Reader, query: TimelineQuery, after: Cursor | None, limit: int
) -> list[TimelineEntry]:
    from_at, from_ref = 0 if query.since is None else micros(query.since), ""
    if after is not None and micros(after.at) >= from_at:
        from_at = micros(after.at)
        if reader.source is after.source:
            from_ref = after.ref
        elif _RANK[reader.source] < _RANK[after.source]:
            from_ref = _LAST
    asked = {
        "customer_id": query.customer_id,
        "account_id": query.account_id,
        "bill_id": query.bill_id,
        "from_at": from_at,
        "from_ref": from_ref,
        "limit": limit,
    }
    return [
        TimelineEntry(
            at=instant(row["at"]),
            source=reader.source,
            ref=row["ref"],
            account_id=row["account_id"],
            bill_id=row["bill_id"],
            what=row["what"],
            fields=_fields(row["fields"]),
        )
        for row in connection.execute(reader.sql, asked).fetchall()
    ]


def _fields(text: str) -> dict[str, object]:
    """Amounts and instants as such; what says nothing is left out."""
    found: dict[str, object] = {}
    for name, value in json.loads(text).items():
        if value is None or value in ("", []):
            continue
        if name.endswith("_minor") and isinstance(value, int):
            found[name.removesuffix("_minor")] = amount(value)
        elif name.endswith("_at") and isinstance(value, int):
            found[name] = instant(value)
        else:
            found[name] = value
    return found
