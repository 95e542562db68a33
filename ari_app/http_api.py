"""Joins the HTTP API to what it serves: settings, store and clock in, a running server out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

import structlog
from fastapi import APIRouter, FastAPI

from ari_app.campaign_fit import check_campaign, row_defaults, strategies_of
from ari_app.case_work import commission, evidence_files, service_rules
from ari_app.config import Settings
from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.campaign import Campaign
from ari_app.domain.token_bucket import Allowance
from ari_app.domain.webhooks.reach import Reach
from ari_app.errors import StoreError
from ari_app.messaging import message_routers
from ari_app.payment_site import payment_links, payment_routers
from ari_app.ports import Clock
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import EvidenceFile
from ari_app.services.account_row import RowDefaults
from ari_app.services.alerts.alert_file import ALERT_FILE
from ari_app.services.alerts.alert_watch import AlertBooks
from ari_app.services.api.cursors import Cursors
from ari_app.services.api.imports import Imports
from ari_app.services.api.tokens import Doorman
from ari_app.services.disputes.table_file import DisputeTableFile
from ari_app.services.flow_files import FlowDirectory
from ari_app.services.plans.offers import PlanOffers, best_offers
from ari_app.services.rule_directory import RuleDirectory
from ari_app.store.api.store import REMEMBERED
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.api.access import Access
from ari_app.web.api.accounts import accounts_router
from ari_app.web.api.alerts import alerts_router
from ari_app.web.api.app import make_api
from ari_app.web.api.attempts import attempts_router
from ari_app.web.api.cases import cases_router
from ari_app.web.api.counters import ApiCounters
from ari_app.web.api.disputes import disputes_router
from ari_app.web.api.events import events_router
from ari_app.web.api.imports import imports_router
from ari_app.web.api.lists import lists_router
from ari_app.web.api.messages import messages_router
from ari_app.web.api.options import MIB, ApiOptions
from ari_app.web.api.payment_links import payment_links_router, payment_notices_router
from ari_app.web.api.payments import payments_router
from ari_app.web.api.plans import plans_router
from ari_app.web.api.promises import promises_router
from ari_app.web.api.rates import Rates
from ari_app.web.api.routing import Door
from ari_app.web.api.server import ServerOptions, serving
from ari_app.web.api.services import services_router
from ari_app.web.api.tasks import tasks_router
from ari_app.web.api.timeline import timeline_router
from ari_app.web.api.webhooks import webhooks_router

log = structlog.get_logger(__name__)

#: Adds the readings of a group of metrics, by a function and a label (``Observed.add``).
Show = Callable[[str, Callable[[], object], str], None]


@dataclass(frozen=True, slots=True)
class Api:
    """The application with what belongs to it."""

    app: FastAPI
    counters: ApiCounters
    closing: asyncio.Event


def api_options(settings: Settings) -> ApiOptions:
    """The limits of these settings."""
    wanted = settings.api
    return ApiOptions(
        public_url=wanted.public_url or "",
        token_rate=Allowance(wanted.rate_per_s, wanted.burst),
        address_rate=Allowance(wanted.anonymous_rate_per_s, wanted.anonymous_burst),
        body_bytes=wanted.max_body_kib * 1024,
        upload_bytes=wanted.max_upload_mib * MIB,
        evidence_bytes=round(settings.disputes.evidence_mb * MIB) + MIB // 16,  # and the form around it
        most_streams=wanted.max_streams,
    )


async def build_api(
    settings: Settings, store: SqliteStore, clock: Clock, *, others: Sequence[APIRouter] = ()
) -> Api:
    """The application on an open store. ``others`` are routers that want no token (pages, callbacks, receipts)."""
    options, counters, closing = api_options(settings), ApiCounters(), asyncio.Event()
    rates = Rates(options.token_rate, options.address_rate)
    door = Door(Access(Doorman(store.api, clock), rates, options), store.api, clock)
    cursors = Cursors(await store.api.cursor_secret())
    defaults = partial(_defaults_now, settings, clock)
    imports = Imports(store, store.api, clock, settings.data_dir / "imports", defaults)
    routers = [
        tasks_router(door, store, cursors, defaults, partial(_check, settings, clock)),
        imports_router(door, store, store.api, imports),
        accounts_router(door, store.api, store, cursors, defaults),
        lists_router(door, store, cursors, settings.defaults.country),
        promises_router(door, store.api, store.debts, cursors),
        payments_router(door, store.api, store.debts, cursors),
        payment_links_router(door, payment_links(settings, store), store.payments),
        payment_notices_router(door, store.payments),
        attempts_router(door, store, store.api, cursors, settings.recordings_dir),
        plans_router(door, store.plans, cursors, partial(_offers, store, clock, _policies(settings))),
        disputes_router(
            door,
            store.disputes,
            cursors,
            partial(_keep_evidence, settings, store, clock),
            partial(_read_evidence, settings, store),
        ),
        services_router(door, store.services, cursors, service_rules(settings)),
        messages_router(door, store.messages, cursors),
        alerts_router(door, store.alerts, cursors, AlertBooks(settings.dialplan_dir / ALERT_FILE).look),
        webhooks_router(door, store.webhooks, _reach(settings)),
        cases_router(
            door,
            store.cases,
            cursors,
            settings.data_dir / "cases",
            Decimal(str(settings.cases.high_amount)),
            commission(settings),
        ),
        timeline_router(door, store.timeline, cursors),
        events_router(door, store.api, cursors, options, closing),
    ]
    app = make_api(
        options,
        rates,
        [*routers, *others],
        counters=counters,
        closing=closing,
        around=[imports.running, partial(_forgetting, store, clock, imports)],
    )
    return Api(app, counters, closing)


def _defaults_now(settings: Settings, clock: Clock) -> RowDefaults:
    return row_defaults(settings, clock.now())


def _policies(settings: Settings) -> Callable[[str], Policy]:
    """The policy of each flow, as its file says now."""
    names = {"zh": settings.company.name, "en": settings.company.name_en}
    flows = FlowDirectory(settings.dialplan_dir / "flows", names, settings.speech.voices)
    return lambda name: flows.flow(name).policy


async def _offers(
    store: SqliteStore, clock: Clock, policy_of: Callable[[str], Policy], bill: BillKey
) -> tuple[PlanOffers, str]:
    now = clock.now()
    named = (bill.account_id, bill.bill_id)
    found = [
        each
        for each in await store.contact_facts(bill.customer_id, now)
        if (each.account.account_id, each.account.bill_id) == named
    ]
    if not found:
        raise LookupError("the bill is in no campaign")
    return best_offers(found, policy_of, now), found[0].account.currency


async def _keep_evidence(
    settings: Settings,
    store: SqliteStore,
    clock: Clock,
    case_id: str,
    name: str,
    content: bytes,
    kind: str,
    source: str,
) -> EvidenceFile:
    files = evidence_files(settings, store)
    return await files.add(
        case_id, name, content, source=source, by=source, now=clock.now(), content_type=kind
    )


async def _read_evidence(settings: Settings, store: SqliteStore, file: EvidenceFile) -> bytes:
    return await asyncio.to_thread(evidence_files(settings, store).read, file)


def _reach(settings: Settings) -> Reach:
    return Reach.of(settings.webhooks.allow_networks, settings.webhooks.allow_ports)


def _check(settings: Settings, clock: Clock, campaign: Campaign) -> None:
    check_campaign(settings, clock, campaign, "request")


@asynccontextmanager
async def _forgetting(store: SqliteStore, clock: Clock, imports: Imports) -> AsyncIterator[None]:
    """Answers of idempotency keys go after their day, uploaded files after a week; looked at hour by hour."""

    async def forget() -> None:
        while True:
            try:
                await store.api.forget_requests(clock.now() - REMEMBERED)
                await imports.sweep()
            except (StoreError, OSError) as error:
                log.warning("what is old is not forgotten", error=str(error))
            await asyncio.sleep(3600)

    task = asyncio.create_task(forget())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def without_controller(
    settings: Settings, store: SqliteStore, clock: Clock, look_s: float = 5.0
) -> AsyncIterator[None]:
    """What a controller would tell the store of the operators' files, while the context lasts: strategies, and the terms of
    disputes. Changed files are read again every ``look_s`` seconds."""
    rules = await asyncio.to_thread(RuleDirectory, settings.dialplan_dir)
    strategies = await asyncio.to_thread(strategies_of, settings, clock, rules)
    table = DisputeTableFile(settings.dialplan_dir, rules.calendars)
    store.use_strategies(lambda: strategies.book)
    store.disputes.use_table(lambda: table.table)

    async def look() -> None:
        while True:
            await asyncio.sleep(look_s)
            for refresh in (rules.refresh, strategies.refresh, table.refresh):
                await asyncio.to_thread(refresh)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


@asynccontextmanager
async def http_api(
    settings: Settings, store: SqliteStore, clock: Clock, show: Show | None = None
) -> AsyncIterator[int | None]:
    """Serve the API while the context lasts; gives its port, None where the settings want none.

    A port that is taken stops no call: it is logged, and the controller goes on without an API.
    """
    if settings.api.port is None:
        yield None
        return
    others = [*payment_routers(settings, store, clock, show), *message_routers(settings, store, clock)]
    api = await build_api(settings, store, clock, others=others)
    if show is not None:
        for route, counters in api.counters.routes.items():
            show("api", lambda counters=counters: counters, route)  # type: ignore[misc]
    options = ServerOptions(
        settings.api.host,
        settings.api.port,
        tuple(settings.api.trusted_proxies),
        settings.api.max_connections,
    )
    async with AsyncExitStack() as stack:
        port = None
        try:
            port = await stack.enter_async_context(serving(api.app, options, api.closing))
        except OSError as error:
            log.error("the API cannot be served", error=str(error))
        yield port
