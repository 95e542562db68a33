"""Looking names up so that nothing inside is reached: what is checked is the very address that is connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from aiohttp.abc import AbstractResolver, ResolveResult

from ari_app.domain.webhooks.reach import Reach, refused_address

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
        self._lookup = lookup or look_up

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


async def look_up(host: str, port: int) -> list[str]:
    """By the machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))
