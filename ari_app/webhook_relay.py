"""Joins the webhooks of the settings to the controller."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ari_app.clock import SystemClock
from ari_app.config import Settings
from ari_app.domain.webhooks.delivery import Policy
from ari_app.domain.webhooks.reach import Reach
from ari_app.gateways.webhooks.sender import HttpSender, SenderTerms
from ari_app.http_api import Show
from ari_app.ports import Clock
from ari_app.services.webhooks.relay import Relay
from ari_app.store.sqlite_store import SqliteStore


@asynccontextmanager
async def webhook_relay(
    settings: Settings, store: SqliteStore, clock: Clock, show: Show | None = None
) -> AsyncIterator[Relay | None]:
    """Events are carried to their receivers while the context lasts; None where the settings want none sent."""
    if not settings.webhooks.send:
        yield None
        return
    sender = HttpSender(sender_terms(settings), SystemClock())  # receivers compare with a clock of their own
    relay = Relay(
        store.webhooks,
        sender,
        clock,
        webhook_policy(settings),
        chance=random.random,
        concurrency=settings.webhooks.concurrency,
    )
    if show is not None:
        show("webhooks", lambda: relay.counters, "")
    try:
        async with relay.running():
            yield relay
    finally:
        await sender.close()


def sender_terms(settings: Settings) -> SenderTerms:
    """How requests to receivers are made, and what they may reach."""
    wanted = settings.webhooks
    return SenderTerms(
        connect_s=wanted.connect_timeout_s,
        total_s=wanted.timeout_s,
        reach=Reach.of(wanted.allow_networks, wanted.allow_ports),
        ca_file=wanted.ca_file,
    )


def webhook_policy(settings: Settings) -> Policy:
    """How often an event is tried again, and when an endpoint counts as failing."""
    return Policy(retries=settings.webhooks.retries, failures=settings.webhooks.failing_after)
