"""Everything that happened to a customer, in order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from ari_app.domain.api_scope import Scope
from ari_app.ports.timeline import Cursor as Place
from ari_app.ports.timeline import Source, Timeline, TimelineEntry, TimelineQuery
from ari_app.services.api.cursors import Cursors
from ari_app.services.timeline import shown
from ari_app.web.api.access import Seen, needs
from ari_app.web.api.problems import not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Cursor, FilterId, Instant, Limit, Listing, Model, Name, Pager


class EntryBody(Model):
    """One thing that happened. `what` is the source's own word; `fields` are the source's, with amounts as numbers."""

    at: datetime
    source: Source
    ref: str
    account_id: str
    bill_id: str
    what: str
    fields: dict[str, Any]


def _plain(value: object) -> object:
    match value:
        case Decimal():
            return float(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): _plain(part) for name, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(part) for part in value]
        case None | bool() | int() | float() | str():
            return value
        case _:
            return str(value)


def entry_body(entry: TimelineEntry) -> EntryBody:
    """An entry."""
    return EntryBody(
        at=entry.at,
        source=entry.source,
        ref=entry.ref,
        account_id=entry.account_id,
        bill_id=entry.bill_id,
        what=entry.what,
        fields={name: _plain(value) for name, value in entry.fields.items()},
    )


def timeline_router(door: Door, timeline: Timeline, cursors: Cursors) -> APIRouter:
    """``/v1/customers/{customerId}/timeline``."""
    router = door.router("/customers", "customers")

    @router.get(
        "/{customer_id}/timeline",
        dependencies=[needs(Scope.READ_CASES)],
        summary="The timeline of a customer",
    )
    async def get_timeline(
        request: Request,
        response: Response,
        sight: Seen,
        customer_id: Name,
        account_id: Annotated[FilterId, Query(alias="accountId")] = "",
        bill_id: Annotated[FilterId, Query(alias="billId")] = "",
        since: Annotated[Instant | None, Query()] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[EntryBody]:
        """Calls, messages, promises, plans, disputes, payments, refusals and what people did, the oldest first."""
        if not await timeline.known(customer_id):
            raise not_found("customer")
        query = TimelineQuery(customer_id, account_id or None, bill_id or None, since)
        pager = Pager(cursors, request, "timeline", query=repr(query))
        place = pager.after(cursor)
        after = (
            None
            if place is None
            else Place(datetime.fromisoformat(str(place[0])), Source(str(place[1])), str(place[2]))
        )
        page = await timeline.page(query, after, limit)
        more = (
            None
            if page.after is None
            else (page.after.at.isoformat(), page.after.source.value, page.after.ref)
        )
        return Listing(
            items=[entry_body(shown(each, full=sight.full)) for each in page.entries],
            next_cursor=pager.next(response, more),
        )

    return router
