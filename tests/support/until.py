"""Waiting for something that announces itself nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE = 10.0


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return as soon as something is true; TimeoutError when it never is."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - what is looked at has no event to wait for
            await asyncio.sleep(0.002)
