"""Events on their way: a store with accounts, a relay over real sockets, and a clock that a test moves."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.webhooks.delivery import Policy
from ari_app.domain.webhooks.reach import Reach
from ari_app.gateways.webhooks.guarded_resolver import Lookup
from ari_app.gateways.webhooks.sender import HttpSender, SenderTerms
from ari_app.services.webhooks.relay import Relay
from ari_app.store.codec import micros
from ari_app.store.debt.telling import tell
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import account, campaign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HERE = Reach.of(["127.0.0.0/8"])


@dataclass(slots=True)
class Place:
    """What a test of the relay needs."""

    store: SqliteStore
    relay: Relay
    clock: FakeClock
    sender: HttpSender

    async def tell(self, number: int, subject: str, event: str = "collection.tested") -> int:
        """An event of the account of customer NUMBER; its name is none that has a schema."""

        def write(connection: sqlite3.Connection) -> int:
            return tell(
                connection,
                number,
                event,
                f"{number}.{subject}",
                {"subject": subject},
                micros(self.clock.now()),
            )

        return await self.store._writer.run(write)

    async def states(self) -> list[str]:
        """Of the events that a test has told, not of those about webhooks."""
        return [each.state for each in await self.store.outbox() if not each.event.startswith("webhook.")]


@asynccontextmanager
async def place(
    folder: Path,
    url: str,
    *,
    accounts: int = 1,
    terms: SenderTerms | None = None,
    policy: Policy | None = None,
    concurrency: int = 8,
    lookup: Lookup | None = None,
    secret: str = SECRET,
    clock: FakeClock | None = None,
) -> AsyncIterator[Place]:
    """A campaign whose webhook goes to ``url``, with accounts 1 to ``accounts``."""
    clock = clock or FakeClock()
    sender = HttpSender(terms or SenderTerms(connect_s=2.0, total_s=2.0, reach=HERE), clock, lookup)
    async with await SqliteStore.open(folder / "s.db") as store:
        spec = WebhookSpec(url, ("collection.*", "payment.*"), secret)
        await store.put_campaign(replace(campaign(), webhook=spec))
        await store.load_accounts("c1", [account(number) for number in range(1, accounts + 1)], clock.now())
        relay = Relay(
            store.webhooks,
            sender,
            clock,
            policy or Policy(),
            chance=lambda: 0.0,
            concurrency=concurrency,
        )
        try:
            yield Place(store, relay, clock, sender)
        finally:
            await sender.close()
