"""A relay as a process of its own, to be killed while a receiver still thinks: ``python -m ... DATABASE``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from ari_app.clock import SystemClock
from ari_app.domain.webhooks.delivery import Policy
from ari_app.gateways.webhooks.sender import HttpSender, SenderTerms
from ari_app.services.webhooks.relay import Relay
from ari_app.store.sqlite_store import SqliteStore
from tests.support.webhooks import HERE


async def main() -> None:
    clock = SystemClock()
    sender = HttpSender(SenderTerms(total_s=60.0, reach=HERE), clock)
    async with await SqliteStore.open(Path(sys.argv[1])) as store:
        relay = Relay(store.webhooks, sender, clock, Policy(), chance=lambda: 0.0)
        async with relay.running():
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
