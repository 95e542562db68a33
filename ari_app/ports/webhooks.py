"""Webhooks: endpoints, deliveries and whoever carries them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ari_app.domain.webhooks.delivery import Answer, DeliveryState, EndpointState, Policy
from ari_app.domain.webhooks.message import Message


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose turn has come; ``event`` and ``endpoint`` are ids of the store."""

    event: int
    endpoint: int
    message: Message


@dataclass(frozen=True, slots=True)
class EndpointRecord:
    """Where events go. ``campaign_id`` '' for a standing endpoint; the counts are of its deliveries."""

    name: str
    campaign_id: str
    url: str
    events: tuple[str, ...]
    state: EndpointState
    why: str
    failures: int
    state_at: datetime
    probe_at: datetime | None
    old_until: datetime | None
    pending: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One event at one endpoint, with the last answer."""

    event_id: int
    message_id: str
    event: str
    key: str
    endpoint: str
    campaign_id: str
    state: DeliveryState
    tries: int
    created_at: datetime
    next_at: datetime | None
    tried_at: datetime | None
    status: int | None
    fault: str
    payload: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries are meant; None: any. ``since`` and ``before`` are of the event's own time."""

    event_id: int | None = None
    state: DeliveryState | None = None
    event: str | None = None
    endpoint: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries wait and how many are dead; when the oldest event that waits was told."""

    pending: int = 0
    dead: int = 0
    oldest: datetime | None = None
    failing: int = 0


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be written by itself; ``account`` is the store's id of it, None: of none."""

    event: str
    key: str
    payload: Mapping[str, object] = field(repr=False)
    campaign_id: str | None = None
    account: int | None = None


class Webhooks(Protocol):
    """Deliveries and endpoints. Every method is one transaction, and several that come together share a commit."""

    async def due(self, now: datetime, taken: Mapping[int, Collection[int]], most: int) -> list[Due]:
        """Of each endpoint up to ``most`` deliveries whose turn has come, less those taken already (endpoint: events).

        An account's later events wait for its earlier ones. A failing endpoint has one, once its rest is over.
        """
        ...

    async def settle(
        self, due: Due, answer: Answer, policy: Policy, now: datetime, chance: float
    ) -> tuple[DeliveryState, EndpointState]:
        """Write what became of a delivery and of its endpoint; a dead letter and a failing endpoint are events."""
        ...

    async def add_events(self, events: Sequence[NewEvent], now: datetime) -> int:
        """Write events that come from outside every other change, each once; how many deliveries that made."""
        ...

    async def backlog(self) -> Backlog: ...

    async def forget(self, before: datetime) -> int:
        """Delete events told before an instant, with their deliveries, in short transactions; how many.

        What is still on its way stays, and what the rules of alerts have not looked at.
        """
        ...

    async def endpoints(self) -> list[EndpointRecord]: ...

    async def add_endpoint(
        self, name: str, url: str, events: Sequence[str], secret: str, now: datetime
    ) -> bool:
        """A standing endpoint, from now on. False: there is one of that name."""
        ...

    async def rotate(self, name: str, secret: str, until: datetime, now: datetime) -> bool:
        """Sign with a new secret, and until then with the old one too. False: there is no such endpoint."""
        ...

    async def switch(self, name: str, on: bool, why: str, now: datetime) -> EndpointState | None:
        """Enable or disable an endpoint; its new state, None: there is none."""
        ...

    async def message_for(self, name: str, key: str, payload: str, now: datetime) -> Message | None:
        """A message of one's own to an endpoint, signed as all are; None: there is no such endpoint."""
        ...

    async def deliveries(self, wanted: Wanted) -> list[DeliveryRecord]:
        """The newest first."""
        ...

    async def replay(self, wanted: Wanted, now: datetime) -> int:
        """Send them again, with all tries before them, under the same ids; how many. ``limit`` counts for nothing."""
        ...


class Sender(Protocol):
    """Carries a message to its receiver."""

    async def send(self, message: Message) -> Answer:
        """What the receiver answered. Raises nothing of the network's."""
        ...
