"""Looking names up so that nothing inside is reached: what is checked is the very address that is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp.abc import AbstractResolver, ResolveResult

from ari_app.domain.webhooks.reach import Reach, refused_address

#: Names that are looked up at a time.
LOOK_UPS: Final = 2
#: Looks a host and port up; returns addresses as text. Raises OSError.
Lookup = Callable[[str, int], Awaitable[list[str]]]


class AddressRefused(OSError):
    """A name leads to no address that may be reached; ``str`` says why, without the address."""


class GuardedResolver(AbstractResolver):
    """A resolver for aiohttp: one look-up a connection, and of what it finds only what may be reached.

    A name that leads inside the second time (DNS rebinding) gains nothing: each connection is checked by itself.
    """

    def __init__(self, reach: Reach, lookup: Lookup | None = None) -> None:
        self._reach = reach
        self._lookup = lookup or self._look_up
        # Names that take long to be looked up hold a few of the loop's threads, and never all of them.
        self._room = asyncio.Semaphore(LOOK_UPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._lookup(host, port)
        reasons = {address: refused_address(address, self._reach) for address in found}
        usable = [address for address, why in reasons.items() if not why]
        if not usable:
            why = next(iter(reasons.values()), "no address")
            raise AddressRefused(f"the name leads nowhere that may be reached: {why}")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in usable
        ]

    async def close(self) -> None:
        """Nothing is held."""

    async def _look_up(self, host: str, port: int) -> list[str]:
        """By the machine's resolver."""
        await self._room.acquire()
        looked_up = asyncio.get_running_loop().run_in_executor(None, _addresses, host, port)
        # Whoever waits may give up; the thread goes on, and its room is free when it has ended.
        looked_up.add_done_callback(self._looked_up)
        return list(dict.fromkeys(await asyncio.shield(looked_up)))

    def _looked_up(self, done: asyncio.Future[list[str]]) -> None:
        self._room.release()
        if not done.cancelled():
            done.exception()  # nobody may be left to take it


def _addresses(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
