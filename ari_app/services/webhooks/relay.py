"""Carries events out of the store to their receivers, each at least once, an account's in their order.

A delivery moves in the store only once its receiver has answered, so a process that is killed in between sends it again
under the same id. What is under way is held in memory alone. Receivers do not wait for each other: each has its own
places, and one that hangs fills only those.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog

from ari_app.domain.webhooks.delivery import (
    Answer,
    DeliveryState,
    EndpointState,
    Policy,
    asked_wait_s,
)
from ari_app.errors import StoreError
from ari_app.ports import Clock
from ari_app.ports.webhooks import Due, Sender, Webhooks

log = structlog.get_logger(__name__)

#: How often the store is asked for what has become due, seconds.
LOOK_S: Final = 1.0
#: Deliveries taken ahead for each place, so that the next one need not be looked for.
AHEAD: Final = 4
#: After a fault of the store nothing is sent to that receiver for so long, seconds.
FAULT_REST_S: Final = 5.0
#: How often it is counted what waits, seconds.
COUNT_S: Final = 15.0


@dataclass(slots=True)
class RelayCounters:
    """What became of requests since the start; and how much waits, as it was seen last."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    store_faults: int = 0
    waiting: int = 0
    dead_letters: int = 0
    endpoints_down: int = 0
    oldest_seconds: float = 0.0


@dataclass(slots=True)
class _Receiver:
    """What is in hand for one endpoint; ``rest_until`` by the steady clock, as it asked to be left alone."""

    waiting: deque[Due] = field(default_factory=deque)
    running: set[int] = field(default_factory=set)
    rest_until: float = 0.0

    def events(self) -> set[int]:
        return self.running | {due.event for due in self.waiting}


class Relay:
    """Made once; :meth:`running` carries events while its context lasts. ``chance`` gives the jitter, from 0 to 1."""

    def __init__(
        self,
        store: Webhooks,
        sender: Sender,
        clock: Clock,
        policy: Policy,
        *,
        chance: Callable[[], float],
        concurrency: int = 8,
    ) -> None:
        self._store, self._sender, self._clock, self._policy = store, sender, clock, policy
        self._chance = chance
        self._concurrency = concurrency
        self._receivers: dict[int, _Receiver] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._count_at = 0.0
        self.counters = RelayCounters()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Carry events while the context lasts; what is under way at its end is sent again by the next start."""
        loop = asyncio.create_task(self._run(), name="webhook-relay")
        try:
            yield
        finally:
            loop.cancel()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(loop, *self._tasks, return_exceptions=True)

    async def drain(self) -> None:
        """Carry whatever is due now, and return when nothing of it is left."""
        while await self._look() or self._tasks:
            await self._wake.wait()
            self._wake.clear()

    async def _run(self) -> None:
        while True:
            try:
                await self._look()
                await self._count_backlog()
            except StoreError as error:
                self.counters.store_faults += 1
                log.error("events cannot be read", error=str(error))
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass  # the usual turn
            self._wake.clear()

    async def _count_backlog(self) -> None:
        """How much waits, now and then: counting goes through all that waits."""
        now = self._clock.monotonic()
        if now < self._count_at:
            return
        self._count_at = now + COUNT_S
        found = await self._store.backlog()
        age = 0.0 if found.oldest is None else (self._clock.now() - found.oldest).total_seconds()
        counters = self.counters
        counters.waiting, counters.dead_letters = found.pending, found.dead
        counters.endpoints_down, counters.oldest_seconds = found.failing, max(age, 0.0)

    async def _look(self) -> int:
        """Take what is due and begin with it; how many were taken."""
        taken = {endpoint: receiver.events() for endpoint, receiver in self._receivers.items()}
        found = await self._store.due(self._clock.now(), taken, self._concurrency * (1 + AHEAD))
        now, begun = self._clock.monotonic(), 0
        for due in found:
            receiver = self._receivers.setdefault(due.endpoint, _Receiver())
            if receiver.rest_until <= now:
                receiver.waiting.append(due)
                begun += 1
        for endpoint in list(self._receivers):
            self._fill(endpoint)
        return begun

    def _fill(self, endpoint: int) -> None:
        """Begin with what waits, as far as there is room."""
        receiver = self._receivers[endpoint]
        while receiver.waiting and len(receiver.running) < self._concurrency:
            due = receiver.waiting.popleft()
            receiver.running.add(due.event)
            task = asyncio.create_task(self._carry(due, receiver))
            self._tasks.add(task)
            task.add_done_callback(self._done)
        if not receiver.waiting and not receiver.running and receiver.rest_until <= self._clock.monotonic():
            del self._receivers[endpoint]

    async def _carry(self, due: Due, receiver: _Receiver) -> None:
        # Until its outcome is written a fault of ours would be met again at once, and the receiver with it.
        rest, receiver_rest = self._clock.monotonic() + FAULT_REST_S, receiver.rest_until
        try:
            answer = await self._sender.send(due.message)
            delivery, endpoint = await self._store.settle(
                due, answer, self._policy, self._clock.now(), self._chance()
            )
        except StoreError as error:
            # It was perhaps received, and will be sent again under the same id; not before the next turn.
            self.counters.store_faults += 1
            log.error("what became of an event cannot be written", error=str(error))
        else:
            rest = receiver_rest
            self._count(due, answer, delivery, endpoint, receiver)
        finally:
            receiver.running.discard(due.event)
            if rest > receiver.rest_until:
                receiver.rest_until = rest
                receiver.waiting.clear()  # nothing is lost: it is still due in the store

    def _count(
        self, due: Due, answer: Answer, delivery: DeliveryState, endpoint: EndpointState, receiver: _Receiver
    ) -> None:
        if answer.delivered:
            self.counters.sent += 1
        else:
            self.counters.failed += 1
            log.info(
                "an event was not taken", event_name=due.message.event, event_id=due.event, why=answer.why
            )
            wait = asked_wait_s(answer, self._policy)
            if wait:
                receiver.rest_until = max(receiver.rest_until, self._clock.monotonic() + wait)
                receiver.waiting.clear()  # nothing is lost: it is still due in the store
        if delivery is DeliveryState.DEAD:
            self.counters.dead += 1
            log.warning("an event was given up", event_name=due.message.event, event_id=due.event)
        if endpoint is not EndpointState.ACTIVE:
            receiver.waiting.clear()
        receiver.running.discard(due.event)
        self._fill(due.endpoint)
        # The next one without a look into the store; that is asked again when few are left in hand.
        if len(receiver.waiting) < self._concurrency:
            self._wake.set()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("sending an event failed", exc_info=task.exception())
        if not self._tasks:
            self._wake.set()
