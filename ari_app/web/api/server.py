"""The server: uvicorn in an event loop that belongs to somebody else.

It installs no signal handlers (whoever owns the loop ends it), and ends in order: new requests are answered with 503,
event streams end, requests under way are finished within a bounded time.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import structlog
import uvicorn
from starlette.types import ASGIApp

from ari_app.web.api.patience import patient

log = structlog.get_logger(__name__)

#: How long requests under way may take once the program ends.
PATIENCE_S = 5
_STARTED_S = 10.0  # a lifespan that hangs


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where to listen. ``trusted_proxies``: addresses or networks whose ``X-Forwarded-For`` counts."""

    host: str = "127.0.0.1"
    port: int = 8088
    trusted_proxies: Sequence[str] = ()
    most_connections: int = 200
    keep_alive_s: int = 15
    head_s: float = 15.0
    """How long a connection may take until it has asked for something."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: ASGIApp, options: ServerOptions, closing: asyncio.Event) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port. Raises OSError when the address is taken or none of this machine."""
    listening = _listen(options.host, options.port)
    port: int = listening.getsockname()[1]
    proxies = list(options.trusted_proxies)
    server = _Server(
        uvicorn.Config(
            app,
            http=patient(options.head_s),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            limit_concurrency=options.most_connections,
            timeout_keep_alive=options.keep_alive_s,
            timeout_graceful_shutdown=PATIENCE_S,
            ws="none",
            lifespan="on",
        )
    )
    running = asyncio.create_task(server.serve([listening]))
    try:
        await _started(server, running)
        log.info("the API is served", host=options.host, port=port)
        yield port
    finally:
        closing.set()
        server.should_exit = True
        await running
        listening.close()


async def _started(server: uvicorn.Server, running: asyncio.Task[None]) -> None:
    """Return when requests are taken; raises what kept it from starting."""
    async with asyncio.timeout(_STARTED_S):
        while not server.started:
            if running.done():
                running.result()
                raise OSError("the API's server has ended while it started")
            await asyncio.sleep(0.01)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(512)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening
