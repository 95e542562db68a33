"""Events: read page by page, or as they happen (server-sent events)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from ari_app.domain.api_scope import Scope
from ari_app.domain.record import OutboxRecord
from ari_app.ports.api import ApiStore
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.options import ApiOptions
from ari_app.web.api.problems import KINDS, ApiProblem
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Cursor, Limit, Listing, Model, Pager

#: Events that are read at a time.
BATCH = 100
#: A client that lost its connection comes back after so long.
RETRY_MS = 3000


class EventBody(Model):
    """An event as webhooks are told it. `id` ascends; `key` is its idempotency key (`taskId+billId+event+...`)."""

    id: int
    event: str
    key: str
    created_at: datetime
    payload: dict[str, Any]


def _veiled(value: Any, sight: Sight) -> Any:
    """A payload as a token may see it: without the right, texts lose names and numbers."""
    match value:
        case str():
            return sight.text(value)
        case dict():
            return {name: _veiled(part, sight) for name, part in value.items()}
        case list():
            return [_veiled(part, sight) for part in value]
        case _:
            return value


def event_body(record: OutboxRecord, sight: Sight) -> EventBody:
    """An event."""
    payload = dict(record.payload) if sight.full else _veiled(dict(record.payload), sight)
    return EventBody(
        id=record.id,
        event=record.event,
        key=record.key,
        created_at=record.created_at,
        payload=payload,
    )


class Streams:
    """How many event streams there are."""

    def __init__(self, most: int) -> None:
        self._most, self.open = most, 0

    def take(self) -> None:
        """One more. Raises ApiProblem 503 where there are too many."""
        if self.open >= self._most:
            raise ApiProblem(503, KINDS[503], "too many event streams", headers={"Retry-After": "30"})
        self.open += 1

    def leave(self) -> None:
        """One less."""
        self.open -= 1


def events_router(
    door: Door, store: ApiStore, cursors: Cursors, options: ApiOptions, closing: asyncio.Event
) -> APIRouter:
    """``/v1/events``."""
    router = door.router("/events", "events")
    streams = Streams(options.most_streams)

    @router.get("", dependencies=[needs(Scope.READ_EVENTS)], summary="List events")
    async def list_events(
        request: Request,
        response: Response,
        sight: Seen,
        after: Annotated[int, Query(ge=0, le=2**53, description="Events with a greater id")] = 0,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[EventBody]:
        """The oldest first."""
        pager = Pager(cursors, request, "events")
        place = pager.after(cursor)
        found = await store.events_after(after if place is None else int(place[0]), limit + 1)
        shown = found[:limit]
        more = (shown[-1].id,) if len(found) > limit else None
        return Listing(
            items=[event_body(each, sight) for each in shown], next_cursor=pager.next(response, more)
        )

    async def take_stream(request: Request) -> AsyncIterator[None]:
        streams.take()
        try:
            yield
        finally:
            streams.leave()

    @router.get(
        "/stream",
        dependencies=[needs(Scope.READ_EVENTS), Depends(take_stream)],
        summary="Events as they happen",
        response_class=EventSourceResponse,
    )
    async def stream_events(
        sight: Seen,
        last_event_id: Annotated[
            str | None, Header(description="The last event that was seen: those behind it come first")
        ] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events. `id` is that of the event; without `Last-Event-ID` it begins with what happens from now on. A
        comment is sent while nothing happens. Ends after an hour and when the program
        ends: the client comes back by itself."""
        place = _place(last_event_id)
        if place is None:
            place = await store.newest_event()
        yield ServerSentEvent(comment="ready", retry=RETRY_MS)
        ends = door.clock.monotonic() + options.stream_s
        while not closing.is_set() and door.clock.monotonic() < ends:
            found = await store.events_after(place, BATCH)
            for each in found:
                place = each.id
                body = event_body(each, sight)
                yield ServerSentEvent(
                    raw_data=body.model_dump_json(by_alias=True), event=each.event, id=str(each.id)
                )
            if len(found) < BATCH:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(closing.wait(), options.stream_tick_s)

    return router


def _place(text: str | None) -> int | None:
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    return int(text)
