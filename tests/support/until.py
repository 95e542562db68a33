"""Waiting for something that announces itself nowhere."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 10.0


async def until(true: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Return as soon as something is true; TimeoutError when it never is."""
    async with asyncio.timeout(patience):
        while not true():  # noqa: ASYNC110 - what is looked at has no event to wait for
            await asyncio.sleep(0.002)


async def until_asked(true: Callable[[], Awaitable[bool]], patience: float = 2 * PATIENCE) -> None:
    """As :func:`until`, for what has to be asked for each time."""
    async with asyncio.timeout(patience):
        while not await true():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
