"""Whether calls can be made now: what a load balancer or a supervisor asks for."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import structlog

from ari_app.errors import StoreError
from ari_app.ports import EngineHealth

log = structlog.get_logger(__name__)

KEPT_S: Final = 1.0
STORE_PATIENCE_S: Final = 2.0


class HealthReport:
    """Says whether Asterisk is connected and the store can be written; recognisers are told, but keys work without them."""

    def __init__(
        self,
        connected: Callable[[], bool],
        reconciled: Callable[[], bool],
        ping_store: Callable[[], Awaitable[None]],
        engines: Callable[[], Iterable[EngineHealth]],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:param ping_store: returns when the store could be written; raises StoreError."""
        self._connected = connected
        self._reconciled = reconciled
        self._ping_store = ping_store
        self._engines = engines
        self._clock = clock
        self._asking = asyncio.Lock()
        self._store_usable = False
        self._asked_at = float("-inf")

    async def answer(self) -> tuple[int, bytes]:
        """HTTP status (200, or 503 when no call can be made) and a JSON object."""
        connected, store = self._connected(), await self._store()
        well = connected and store
        report = {
            "status": "ok" if well else "failing",
            "ari": {"connected": connected, "reconciled": self._reconciled()},
            "store": {"usable": store},
            "engines": {health.name: str(health.state) for health in self._engines()},
        }
        return 200 if well else 503, json.dumps(report).encode() + b"\n"

    async def _store(self) -> bool:
        """Asked once a second at most, however many want to know."""
        async with self._asking:
            if self._clock() - self._asked_at >= KEPT_S:
                try:
                    async with asyncio.timeout(STORE_PATIENCE_S):
                        await self._ping_store()
                    self._store_usable = True
                except (StoreError, TimeoutError) as error:
                    log.warning("the store cannot be written", error=str(error) or "too slow")
                    self._store_usable = False
                self._asked_at = self._clock()
            return self._store_usable
