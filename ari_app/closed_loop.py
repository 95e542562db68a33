"""Joins what happens after a contact to the controller: the clocks of promises, and what hangs on them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from ari_app.alerting import alert_watch
from ari_app.campaign_fit import row_defaults
from ari_app.case_work import case_work
from ari_app.config import Settings
from ari_app.domain.calendar import Calendar
from ari_app.domain.rule_pack import RuleBook
from ari_app.gateways.integrations.http_fetch import HttpFetch
from ari_app.http_api import Show, http_api
from ari_app.messaging import messaging
from ari_app.ports import Clock
from ari_app.services.integrations.directory import IntegrationDirectory
from ari_app.services.integrations.loading import Places
from ari_app.services.integrations.runner import Integrations, Surroundings
from ari_app.services.promise_plans import PromisePlans
from ari_app.store.sqlite_store import SqliteStore
from ari_app.webhook_relay import webhook_relay

#: How often promised days are looked at.
PROMISES_S = 60.0
#: How often calls are planned again after promises that came from elsewhere.
REPLAN_S = 5.0
#: How often old events are deleted.
FORGET_S = 3600.0
#: How often the rules of alerts look at what is new.
ALERTS_S = 5.0
#: How often payments that wait for their bill are asked again, beside the moments at which it is known that they can be.
UNMATCHED_S = 60.0
#: How often folders are looked into, and pulls that are due begin.
INTEGRATIONS_S = 15.0


@asynccontextmanager
async def closed_loop(
    settings: Settings,
    store: SqliteStore,
    clock: Clock,
    scheduler: AsyncIOScheduler,
    book: Callable[[], RuleBook],
    show: Show | None = None,
    calendars: Callable[[], Mapping[str, Calendar]] = dict,
) -> AsyncIterator[None]:
    """Everything between a promise and the money, while the context lasts. ``book`` gives the rule packs as they are now,
    ``calendars`` those by which working days are counted; ``show`` adds readings to the metrics."""

    async def promises() -> None:
        await store.debts.move_clock(clock.now())

    async def plans() -> None:
        await store.plans.move_clock(clock.now())

    every(scheduler, PROMISES_S, promises)
    every(scheduler, PROMISES_S, plans)
    every(scheduler, REPLAN_S, PromisePlans(store.debts, clock, book).look)

    async def waiting_payments() -> None:
        await store.payments.retry_unmatched(clock.now())

    every(scheduler, UNMATCHED_S, waiting_payments)
    directory = IntegrationDirectory(settings.dialplan_dir / "integrations")
    integrations = Integrations(directory, integration_surroundings(settings, store, clock))
    every(scheduler, INTEGRATIONS_S, integrations.look)

    async def forget_events() -> None:
        await store.webhooks.forget(clock.now() - timedelta(days=settings.webhooks.keep_days))

    every(scheduler, FORGET_S, forget_events)
    every(scheduler, ALERTS_S, alert_watch(settings, store, clock, show).look)
    case_work(settings, store, clock, calendars, partial(every, scheduler))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(integrations.close)
        await stack.enter_async_context(messaging(settings, store, clock, scheduler, book, show))
        await stack.enter_async_context(http_api(settings, store, clock, show))
        await stack.enter_async_context(webhook_relay(settings, store, clock, show))
        yield


def integration_surroundings(settings: Settings, store: SqliteStore, clock: Clock) -> Surroundings:
    """What integrations work with."""
    return Surroundings(
        places=Places(store, store.debts, store.disputes),
        runs=store.integration_runs,
        clock=clock,
        defaults=lambda now: row_defaults(settings, now),
        work=settings.data_dir / "integrations",
        fetch=HttpFetch,
    )


def every(scheduler: AsyncIOScheduler, seconds: float, job: Callable[[], Awaitable[object] | None]) -> None:
    """Run a job again and again, never twice at a time; due times live in the store, not here."""
    scheduler.add_job(
        job,
        IntervalTrigger(seconds=seconds, timezone=UTC),
        max_instances=1,
        coalesce=True,
        misfire_grace_time=None,
    )
