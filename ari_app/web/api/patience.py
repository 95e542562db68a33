"""Connections that never ask for anything: without an end to them, a few hundred would keep everybody else out."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol


class _Patient(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's protocol, which waits for the head of a request for so long at most; also of the next one."""

    head_s: float
    _due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait()

    def connection_lost(self, error: Exception | None) -> None:
        self._wait_no_longer()
        super().connection_lost(error)

    def _wait(self) -> None:
        """Wait from now on where a head has begun and none was waited for; no longer once it has come. A connection that is
        silent between two requests is uvicorn's own (``timeout_keep_alive``)."""
        if not self._idle():
            self._wait_no_longer()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(self.head_s, self._over)

    def _wait_no_longer(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _idle(self) -> bool:
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _over(self) -> None:
        self._due = None
        if self._idle() and not self.transport.is_closing():
            self.transport.close()


def patient(head_s: float) -> type[asyncio.Protocol]:
    """The protocol for ``uvicorn.Config(http=...)``; ``head_s`` seconds for the head of a request."""
    return type("Patient", (_Patient,), {"head_s": head_s})
