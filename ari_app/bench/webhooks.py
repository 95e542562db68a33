"""How many events a second reach a receiver: out of the store, signed, over HTTP, and written down as sent.

The receiver is a process of its own on loopback that answers at once. Every figure contains the commits with their syncs
to the disk. Events of one account go one after the other, so ``accounts`` bounds what can go at once.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from ari_app.clock import SystemClock
from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec, WebhookSpec
from ari_app.domain.webhooks.delivery import Policy
from ari_app.domain.webhooks.reach import Reach
from ari_app.gateways.webhooks.sender import HttpSender, SenderTerms
from ari_app.ports.webhooks import NewEvent
from ari_app.services.webhooks.relay import Relay
from ari_app.store.sqlite_store import SqliteStore

_CAMPAIGN = "bench"
#: Events written in one transaction while the store is filled.
_PART = 500


@dataclass(frozen=True, slots=True)
class WebhookFigures:
    """What was measured. ``commits`` are those of the deliveries alone."""

    events: int
    seconds: float
    commits: int
    concurrency: int

    @property
    def events_per_s(self) -> float:
        return self.events / self.seconds


async def measure_webhooks(
    folder: Path, events: int = 5000, accounts: int = 1000, concurrency: int = 32
) -> WebhookFigures:
    """Deliver so many events of so many accounts once. ``folder`` is empty, and on the disk that is to be measured."""
    clock = SystemClock()
    async with _receiver() as port, await SqliteStore.open(folder / "webhooks.sqlite3") as store:
        await _fill(store, f"http://127.0.0.1:{port}/", events, accounts)
        sender = HttpSender(SenderTerms(reach=Reach.of(["127.0.0.1/32"]), connections=concurrency), clock)
        relay = Relay(store.webhooks, sender, clock, Policy(), chance=random.random, concurrency=concurrency)
        before, began = store.commits, time.perf_counter()
        try:
            await relay.drain()
        finally:
            await sender.close()
        took = time.perf_counter() - began
        if relay.counters.sent != events:
            raise RuntimeError(f"{relay.counters.sent} of {events} events were received")
        return WebhookFigures(events, took, store.commits - before, concurrency)


async def _fill(store: SqliteStore, url: str, events: int, accounts: int) -> None:
    now = datetime.now(UTC)
    await store.put_campaign(
        Campaign(
            _CAMPAIGN,
            "bench",
            CampaignStrategy(),
            DiallerSpec(caller_id_pool=("+861055550100",)),
            WebhookSpec(url, ("*",), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        )
    )
    base = Account("c", "a", "b", "n", "+8613800000000", Decimal("568.32"), date(2026, 10, 1))
    rows = [
        replace(base, customer_id=f"c{number}", account_id=f"a{number}", bill_id=f"b{number}")
        for number in range(1, accounts + 1)
    ]
    for first in range(0, accounts, _PART):
        await store.load_accounts(_CAMPAIGN, rows[first : first + _PART], now)

    for first in range(0, events, _PART):
        numbers = range(first, min(first + _PART, events))
        await store.webhooks.add_events([_event(number, accounts, now) for number in numbers], now)


def _event(number: int, accounts: int, now: datetime) -> NewEvent:
    account = number % accounts + 1
    payload = {
        "event": "payment.settled",
        "taskId": _CAMPAIGN,
        "customerId": f"c{account}",
        "accountId": f"a{account}",
        "billId": f"b{account}",
        "amountDue": 0.0,
        "currency": "CNY",
        "paymentId": f"pay-{number}",
        "provider": "bench",
        "paid": 568.32,
        "waived": 0.0,
        "credited": 0.0,
        "overpaid": 0.0,
        "timestamp": int(now.timestamp()),
    }
    key = f"{_CAMPAIGN}+b{account}+payment.settled+{number}"
    return NewEvent("payment.settled", key, payload, _CAMPAIGN, account)


@asynccontextmanager
async def _receiver() -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ari_app.bench.webhook_receiver",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()
