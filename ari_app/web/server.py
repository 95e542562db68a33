"""A small HTTP/1.1 server (RFC 9112) for two addresses: ``/metrics`` and ``/healthz``.

It shares the event loop with the calls, so everything is bounded: connections, the size of a request, the time that a
client may take to ask and to read. Each connection has one request. There is no password, and nothing of a customer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import structlog

from ari_app.web.health import HealthReport
from ari_app.web.metrics import CONTENT_TYPE, Exposition

log = structlog.get_logger(__name__)

MOST_CONNECTIONS: Final = 32
LONGEST_HEAD: Final = 8192
PATIENCE_S: Final = 5.0
_REQUEST = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[0-9]\r\n")
_TEXT: Final = "text/plain; charset=utf-8"

Answer = tuple[int, str, bytes]
Page = Callable[[], Awaitable[Answer]]


@dataclass(slots=True)
class ServerCounters:
    """What was asked here."""

    requests: int = 0
    refused_requests: int = 0
    dropped_connections: int = 0


class MetricsServer:
    """Serves until it is closed; made by :func:`serve_metrics`, or by hand on a listening port of one's own."""

    def __init__(
        self, pages: dict[str, Page], counters: ServerCounters, *, patience_s: float = PATIENCE_S
    ) -> None:
        """:param pages: what answers a path; it must return soon.
        :param patience_s: how long a client may take for its request, and again for reading the answer.
        """
        self._pages = pages
        self._counters = counters
        self._patience_s = patience_s
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen. Raises OSError when the address is taken or is none of this machine."""
        self._server = await asyncio.start_server(self._accept, host, port, limit=LONGEST_HEAD)

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        connections = list(self._connections)
        for task in connections:
            task.cancel()
        if connections:
            await asyncio.wait(connections)
        if self._server is not None:
            await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            self._counters.dropped_connections += 1
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer), name="metrics connection")
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self._patience_s):
                head = await _head(reader)
            status, kind, body = await self._answer(head)
            writer.write(_response(status, kind, body, with_body=not head.startswith(b"HEAD ")))
            async with asyncio.timeout(self._patience_s):
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, EOFError):
            self._counters.dropped_connections += 1
        finally:
            writer.transport.abort()  # without effect where everything has been read

    async def _answer(self, head: bytes) -> Answer:
        request = _REQUEST.match(head)
        if request is None:
            return self._refuse(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if not head else HTTPStatus.BAD_REQUEST
            )
        method, target = request[1], request[2].decode("ascii")
        page = self._pages.get(target.partition("?")[0])
        if page is None:
            return self._refuse(HTTPStatus.NOT_FOUND)
        if method not in (b"GET", b"HEAD"):
            return self._refuse(HTTPStatus.METHOD_NOT_ALLOWED)
        self._counters.requests += 1
        try:
            return await page()
        except Exception as error:  # a fault of ours must not end in a silent connection
            log.exception("page failed", path=target.partition("?")[0], error_type=type(error).__name__)
            return HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"this page failed; see the log\n"

    def _refuse(self, status: HTTPStatus) -> Answer:
        self._counters.refused_requests += 1
        return status, _TEXT, f"{status.phrase}; here are {' and '.join(self._pages)}\n".encode()


async def _head(reader: asyncio.StreamReader) -> bytes:
    """Request line and header fields; empty when they are too long. Raises EOFError."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.LimitOverrunError:
        return b""


def _response(status: int, kind: str, body: bytes, *, with_body: bool) -> bytes:
    allow = "Allow: GET, HEAD\r\n" if status == HTTPStatus.METHOD_NOT_ALLOWED else ""
    head = (
        f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}\r\n"
        f"Content-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n"
        f"{allow}"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Connection: close\r\n"
        "\r\n"
    )
    return head.encode("ascii") + (body if with_body else b"")


@asynccontextmanager
async def serve_metrics(
    host: str, port: int, exposition: Exposition, health: HealthReport, counters: ServerCounters
) -> AsyncIterator[MetricsServer | None]:
    """Serve while the context lasts. A port that is taken is told in the log and stops nobody: None then."""

    async def metrics() -> Answer:
        return HTTPStatus.OK, CONTENT_TYPE, exposition.page()

    async def healthz() -> Answer:
        status, body = await health.answer()
        return status, "application/json", body

    server = MetricsServer({"/metrics": metrics, "/healthz": healthz}, counters)
    try:
        await server.start(host, port)
    except OSError as error:
        log.error("metrics cannot be served", host=host, port=port, error=error.strerror or str(error))
        yield None
        return
    log.info("metrics served", host=host, port=server.port)
    try:
        yield server
    finally:
        await server.close()
