"""Webhooks: endpoints, deliveries, and their replay."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.event_names import EVENTS
from ari_app.domain.webhooks.delivery import DeliveryState, EndpointState
from ari_app.domain.webhooks.patterns import fitting_none
from ari_app.domain.webhooks.reach import Reach
from ari_app.errors import InputError, Problem
from ari_app.ports.webhooks import DeliveryRecord, EndpointRecord, Wanted, Webhooks
from ari_app.services.model_problems import nearest
from ari_app.services.webhooks.addresses import refused_url
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.problems import ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import FilterId, Instant, Limit, Line, Listing, Model, Name


class EndpointInput(Model):
    """A standing endpoint, which is told of events of every task: names, or patterns such as `collection.*`."""

    name: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
    url: Annotated[Line, Field(min_length=8, max_length=2000)]
    events: Annotated[list[str], Field(min_length=1, max_length=100)]
    secret: Annotated[Line, Field(min_length=16, max_length=200, repr=False)]


class SwitchInput(Model):
    """Whether events go there."""

    enabled: bool
    reason: Annotated[Line, Field(max_length=200)] = ""


class EndpointBody(Model):
    """Where events go; without its secret."""

    name: str
    task_id: str | None
    url: str
    events: list[str]
    state: EndpointState
    why: str
    failures: int
    state_at: datetime
    pending: int
    dead: int


class DeliveryBody(Model):
    """One event at one endpoint, with the last answer."""

    event_id: int
    message_id: str
    event: str
    key: str
    endpoint: str
    task_id: str
    state: DeliveryState
    tries: int
    created_at: datetime
    next_at: datetime | None
    tried_at: datetime | None
    status: int | None
    fault: str
    payload: dict[str, Any] | None = Field(description="With `read:personal` alone")


class ReplayInput(Model):
    """Which deliveries are sent again; what is left out is not asked for."""

    event_id: Annotated[int, Field(ge=1, le=2**53)] | None = None
    state: DeliveryState | None = DeliveryState.DEAD
    event: Annotated[Line, Field(max_length=100)] | None = None
    endpoint: Annotated[Line, Field(max_length=200)] | None = None
    since: Instant | None = None
    before: Instant | None = None


class Replayed(Model):
    """How many are sent again."""

    deliveries: int


def _endpoint(record: EndpointRecord) -> EndpointBody:
    return EndpointBody(
        name=record.name,
        task_id=record.campaign_id or None,
        url=record.url,
        events=list(record.events),
        state=record.state,
        why=record.why,
        failures=record.failures,
        state_at=record.state_at,
        pending=record.pending,
        dead=record.dead,
    )


def _delivery(record: DeliveryRecord, sight: Sight) -> DeliveryBody:
    return DeliveryBody(
        event_id=record.event_id,
        message_id=record.message_id,
        event=record.event,
        key=record.key,
        endpoint=record.endpoint,
        task_id=record.campaign_id,
        state=record.state,
        tries=record.tries,
        created_at=record.created_at,
        next_at=record.next_at,
        tried_at=record.tried_at,
        status=record.status,
        fault=record.fault,
        payload=json.loads(record.payload) if sight.full else None,
    )


def webhooks_router(door: Door, webhooks: Webhooks, reach: Reach) -> APIRouter:
    """``/v1/webhooks``. ``reach`` is where events may be sent to."""
    router = door.router("/webhooks", "webhooks")

    @router.get("/endpoints", dependencies=[needs(Scope.READ_WEBHOOKS)], summary="Where events go")
    async def list_endpoints() -> Listing[EndpointBody]:
        """Those of tasks and standing ones, with how many events wait for each and how many are dead."""
        return Listing(items=[_endpoint(each) for each in await webhooks.endpoints()])

    @router.post(
        "/endpoints",
        status_code=201,
        dependencies=[needs(Scope.WRITE_WEBHOOKS)],
        summary="Add a standing endpoint",
    )
    async def add_endpoint(body: EndpointInput) -> EndpointBody:
        """It is told of what happens from now on."""
        unknown = fitting_none(body.events, EVENTS)
        if unknown is not None:
            allowed = nearest(unknown[:100], EVENTS)
            raise InputError([Problem("request", "events", "is no event, nor a pattern of some", allowed)])
        refused = refused_url(body.url, reach)
        if refused:
            raise InputError([Problem("request", "url", refused, "https://HOST/PATH")])
        if not await webhooks.add_endpoint(body.name, body.url, body.events, body.secret, door.clock.now()):
            raise ApiProblem(409, "conflict", "there is an endpoint of that name")
        return await endpoint(body.name)

    @router.post(
        "/endpoints/{name}/switch",
        dependencies=[needs(Scope.WRITE_WEBHOOKS)],
        summary="Enable or disable an endpoint",
    )
    async def switch_endpoint(name: Name, body: SwitchInput) -> EndpointBody:
        """Of a disabled one the events wait."""
        if await webhooks.switch(name, body.enabled, body.reason, door.clock.now()) is None:
            raise not_found("endpoint")
        return await endpoint(name)

    async def endpoint(name: str) -> EndpointBody:
        for each in await webhooks.endpoints():
            if each.name == name:
                return _endpoint(each)
        raise not_found("endpoint")

    @router.get("/deliveries", dependencies=[needs(Scope.READ_WEBHOOKS)], summary="List deliveries")
    async def list_deliveries(
        request: Request,
        sight: Seen,
        state: DeliveryState | None = None,
        event: Annotated[FilterId, Query()] = "",
        endpoint: Annotated[FilterId, Query()] = "",
        since: Annotated[Instant | None, Query()] = None,
        before: Annotated[Instant | None, Query(description="Told earlier: how to go back further")] = None,
        limit: Limit = 50,
    ) -> Listing[DeliveryBody]:
        """The newest first."""
        wanted = Wanted(None, state, event or None, endpoint or None, since, before, limit)
        return Listing(items=[_delivery(each, sight) for each in await webhooks.deliveries(wanted)])

    @router.post("/replay", dependencies=[needs(Scope.WRITE_WEBHOOKS)], summary="Send deliveries again")
    async def replay(body: ReplayInput) -> Replayed:
        """Under the ids and keys of before: a receiver that knows them does nothing twice. By default the dead ones."""
        wanted = Wanted(body.event_id, body.state, body.event, body.endpoint, body.since, body.before)
        return Replayed(deliveries=await webhooks.replay(wanted, door.clock.now()))

    return router
