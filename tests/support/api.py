"""The API over a real store, asked in this process; and tokens for it."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from ari_app.config import Settings
from ari_app.domain.api_scope import Scope
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.event_names import EVENTS
from ari_app.http_api import Api, build_api
from ari_app.services.api.tokens import new_token
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, campaign

ALL = tuple(Scope)


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


@dataclass
class Served:
    """An application, its store, its clock, and a client with every right."""

    api: Api
    store: SqliteStore
    clock: FakeClock
    client: httpx.AsyncClient
    settings: Settings

    async def token(self, *scopes: Scope, lasts: timedelta = timedelta(days=30)) -> str:
        """The text of a new token."""
        made = new_token("test", scopes, self.clock.now(), lasts)
        await self.store.api.add_token(made.token)
        return made.text

    async def asking(self, *scopes: Scope) -> dict[str, str]:
        """The headers of a request with these rights."""
        return {"Authorization": f"Bearer {await self.token(*scopes)}"}


@asynccontextmanager
async def served(folder: Path, *, scopes: Iterable[Scope] = ALL, **api: Any) -> AsyncIterator[Served]:
    """An API over a store with one campaign (c1) and one account (cust-1, acc-1, b1)."""
    settings = Settings(data_dir=folder, api={"rate_per_s": 10_000, "burst": 100_000, **api})  # type: ignore[arg-type]
    clock = FakeClock()
    async with await SqliteStore.open(settings.database) as store:
        await store.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS), "whsec_secret"))
        )
        await store.load_accounts("c1", [account()], NOW)
        made = await build_api(settings, store, clock)
        transport = httpx.ASGITransport(made.app, raise_app_exceptions=True)
        async with (
            made.app.router.lifespan_context(made.app),
            httpx.AsyncClient(transport=transport, base_url="http://api.test") as client,
        ):
            found = Served(made, store, clock, client, settings)
            client.headers.update(await found.asking(*scopes))
            yield found
