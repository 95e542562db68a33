"""Joins what happens after a contact to the controller: the clocks of promises, and what hangs on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from ari_app.config import Settings
from ari_app.http_api import Show, http_api
from ari_app.ports import Clock
from ari_app.store.sqlite_store import SqliteStore
from ari_app.webhook_relay import webhook_relay

#: How often promised days are looked at.
PROMISES_S = 60.0


@asynccontextmanager
async def closed_loop(
    settings: Settings,
    store: SqliteStore,
    clock: Clock,
    scheduler: AsyncIOScheduler,
    show: Show | None = None,
) -> AsyncIterator[None]:
    """Everything between a promise and the money, while the context lasts. ``show`` adds readings to the metrics."""

    async def promises() -> None:
        await store.debts.move_clock(clock.now())

    every(scheduler, PROMISES_S, promises)
    async with http_api(settings, store, clock, show), webhook_relay(settings, store, clock):
        yield


def every(scheduler: AsyncIOScheduler, seconds: float, job: Callable[[], Awaitable[object] | None]) -> None:
    """Run a job again and again, never twice at a time; due times live in the store, not here."""
    scheduler.add_job(
        job,
        IntervalTrigger(seconds=seconds, timezone=UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
