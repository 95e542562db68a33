"""Commands and events of one Stasis application over one WebSocket.

Asterisk serves REST requests on its event socket (``RESTRequest``/``RESTResponse``): in the order in
which they were sent, an order of magnitude faster than over HTTP, and without a second connection that could be up
while the first is down.

What is asked is asked once. A request that was written and not answered has an unknown outcome (``RequestTimeout``);
one that was never written raises ``NotConnected``. The reader never waits for a consumer, so a slow consumer cannot
lose the connection: handlers are synchronous and short, iterators have a bounded queue whose oldest event goes first.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from enum import StrEnum
from functools import partial

import structlog
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.protocol import State

from ari_app.asterisk.ari_socket import open_socket, status_message, unreachable
from ari_app.asterisk.ari_types import (
    KNOWN_EVENTS,
    USED_EVENTS,
    AriMetrics,
    AriSettings,
    channel_id_of,
    decoded_body,
    refusal_detail,
    request_message,
)
from ari_app.asterisk.binary import MINIMUM_VERSION, parse_version
from ari_app.errors import ConfigError, NotConnected, RequestRefused, RequestTimeout, TelephonyError
from ari_app.ports import AriEvent, AriReply

log = structlog.get_logger(__name__)

_EVENT_QUEUE = 10_000
_STEADY_SECONDS = 10.0  # a connection that lived this long starts the back-off anew


class ConnectionState(StrEnum):
    """What a state callback is told."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    REPLACED = "replaced"
    """Another controller took the application over; this one does not fight for it."""


class AriConnection:
    """One ARI connection; ``start`` before use, ``close`` at the end. Implements :class:`ari_app.ports.Ari`."""

    def __init__(
        self,
        settings: AriSettings,
        *,
        request_timeout_s: float = 5.0,
        open_timeout_s: float = 5.0,
        ping_s: float = 5.0,
        backoff_s: float = 0.2,
        backoff_max_s: float = 10.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """:param ping_s: seconds between pings, and how long an answer may take; a silent socket is given up then.
        :param backoff_s: first delay before a new attempt to connect; doubles up to ``backoff_max_s``.
        :param jitter: 0 to 1; an attempt waits between half the delay and all of it.
        """
        self.settings = settings
        self.metrics = AriMetrics()
        self.asterisk_version: tuple[int, int, int] | None = None
        self._request_timeout_s = request_timeout_s
        self._open_timeout_s = open_timeout_s
        self._ping_s = ping_s
        self._backoff_s, self._backoff_max_s, self._jitter = backoff_s, backoff_max_s, jitter
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._pending: dict[str, asyncio.Future[AriReply]] = {}
        self._next_id = 0
        self._handlers: list[Callable[[AriEvent], None]] = []
        self._state_callbacks: list[Callable[[ConnectionState], None]] = []
        self._reconnect_callbacks: list[Callable[[], None]] = []
        self._replaced = False

    # --- life -----------------------------------------------------------------------------------

    async def start(self, patience_s: float = 0.0) -> None:
        """Connect for the first time and keep connected from then on.

        :param patience_s: how long to go on trying while Asterisk cannot be reached or is still loading modules.
        :raises ConfigError: the user or password is wrong, ARI is not enabled there, Asterisk is too old.
        :raises NotConnected: Asterisk cannot be reached.
        """
        if self._task is not None:
            raise RuntimeError("this connection was started already")
        loop = asyncio.get_running_loop()
        socket = await self._open_first(loop.time() + patience_s)
        connected = loop.create_future()
        self._task = asyncio.create_task(self._keep(socket, connected), name="ari-connection")
        self._task.add_done_callback(_report)
        try:
            await connected
            await self._inspect()
        except BaseException:
            await self.close()
            raise

    async def _open_first(self, deadline: float) -> ClientConnection:
        loop, delay = asyncio.get_running_loop(), self._backoff_s
        while True:
            try:
                return await self._open()
            except InvalidStatus as error:
                self.metrics.failed_connects += 1
                status = error.response.status_code
                if status == 401 or loop.time() >= deadline:
                    raise ConfigError(status_message(self.settings, status)) from error
            except (OSError, WebSocketException, TimeoutError) as error:
                self.metrics.failed_connects += 1
                if loop.time() >= deadline:
                    raise unreachable(self.settings, error) from error
            await asyncio.sleep(min(delay, max(0.0, deadline - loop.time())))
            delay = min(delay * 2, self._backoff_max_s)

    async def close(self) -> None:
        """End the connection; requests that are out fail with RequestTimeout. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    @property
    def connected(self) -> bool:
        """Whether a request could be written now."""
        return self._socket is not None and self._socket.state is State.OPEN

    def on_state(self, callback: Callable[[ConnectionState], None]) -> None:
        """Call ``callback`` at each change of state; it must return at once."""
        self._state_callbacks.append(callback)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` each time the connection has been re-established (not the first time)."""
        self._reconnect_callbacks.append(callback)

    # --- requests -------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> AriReply:
        """Send one request, once; ``uri`` is relative (``channels/create``).

        Nothing is awaited before the request is written: requests of tasks created in some order reach Asterisk,
        and are served, in that order.

        :raises NotConnected: nothing was sent.
        :raises RequestTimeout: it was sent and not answered within ``timeout_s``; the outcome is unknown.
        :raises RequestRefused: the status is 400 or more.
        """
        socket = self._socket
        if socket is None or socket.state is not State.OPEN:
            raise NotConnected(
                "another controller serves this application; restart this one when that one is gone"
                if self._replaced
                else "no connection to Asterisk; nothing was sent"
            )
        self._next_id += 1
        request_id = str(self._next_id)
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[AriReply] = loop.create_future()
        self._pending[request_id] = reply
        limit = self._request_timeout_s if timeout_s is None else timeout_s
        timer = loop.call_later(limit, self._expire, request_id, method, uri)
        self.metrics.requests += 1
        try:
            try:
                await socket.send(request_message(request_id, method, uri, params, body))
            except WebSocketException as error:
                raise RequestTimeout(f"{method} {uri}: the connection went while it was sent") from error
            return await reply
        finally:
            timer.cancel()
            self._pending.pop(request_id, None)
            if reply.done() and not reply.cancelled():
                reply.exception()  # seen: an error that came while the send failed is not reported as unread

    def _expire(self, request_id: str, method: str, uri: str) -> None:
        reply = self._pending.pop(request_id, None)
        if reply is not None and not reply.done():
            self.metrics.timeouts += 1
            reply.set_exception(RequestTimeout(f"{method} {uri}: Asterisk did not answer in time"))

    # --- events ---------------------------------------------------------------------------------

    def subscribe(self, handler: Callable[[AriEvent], None]) -> Callable[[], None]:
        """Call ``handler`` with every event, in order, from the reader: it must be short and must not wait.

        :returns: what ends the subscription.
        """
        self._handlers.append(handler)

        def unsubscribe() -> None:
            if handler in self._handlers:
                self._handlers.remove(handler)

        return unsubscribe

    def events(self) -> AsyncIterator[AriEvent]:
        """All events from this call on, in order, over reconnects.

        The queue holds 10,000 events; when the consumer is slower, the oldest go and ``events_dropped`` counts them.
        """
        queue: deque[AriEvent] = deque()
        wake = asyncio.Event()

        def take(event: AriEvent) -> None:
            if len(queue) >= _EVENT_QUEUE:
                queue.popleft()
                self.metrics.events_dropped += 1
            queue.append(event)
            wake.set()

        return self._iterate(queue, wake, self.subscribe(take))

    async def _iterate(
        self, queue: deque[AriEvent], wake: asyncio.Event, unsubscribe: Callable[[], None]
    ) -> AsyncIterator[AriEvent]:
        try:
            while True:
                while queue:
                    yield queue.popleft()
                wake.clear()
                await wake.wait()
        finally:
            unsubscribe()

    # --- inside ---------------------------------------------------------------------------------

    async def _open(self) -> ClientConnection:
        return await open_socket(self.settings, open_timeout_s=self._open_timeout_s, ping_s=self._ping_s)

    async def _keep(self, socket: ClientConnection, connected: asyncio.Future[None]) -> None:
        """Read the socket until it ends, connect anew, for ever."""
        loop = asyncio.get_running_loop()
        delay = self._backoff_s
        while True:
            began = loop.time()
            await self._serve(socket, connected)
            if self._replaced:
                return
            if loop.time() - began >= _STEADY_SECONDS:
                delay = self._backoff_s
            while True:
                await asyncio.sleep(delay * (0.5 + 0.5 * self._jitter()))
                delay = min(delay * 2, self._backoff_max_s)
                try:
                    socket = await self._open()
                    break
                except (OSError, WebSocketException, TimeoutError) as error:
                    self.metrics.failed_connects += 1
                    log.debug("no connection to Asterisk yet", error=type(error).__name__)

    async def _serve(self, socket: ClientConnection, connected: asyncio.Future[None]) -> None:
        """One connection from its opening to its end."""
        self._socket = socket
        self.metrics.connects += 1
        filter_task = asyncio.create_task(self._filter_events(), name="ari-event-filter")
        try:
            self._tell(ConnectionState.CONNECTED)
            if connected.done():
                self._call_all(self._reconnect_callbacks)
            else:
                connected.set_result(None)
            while not self._replaced:
                self._take(await socket.recv(decode=False))
        except WebSocketException as error:
            log.warning("the connection to Asterisk was lost", error=str(error))
        finally:
            self._socket = None
            self._fail_pending()
            self.metrics.disconnects += 1
            self._tell(ConnectionState.REPLACED if self._replaced else ConnectionState.DISCONNECTED)
            filter_task.cancel()
            try:
                await asyncio.wait({filter_task})
                await socket.close()
            finally:
                socket.transport.abort()

    def _take(self, message: bytes) -> None:
        """One message of Asterisk: an answer or an event."""
        try:
            data = json.loads(message)
        except (ValueError, RecursionError):
            self.metrics.malformed += 1
            return
        kind = data.get("type") if isinstance(data, dict) else None
        if not isinstance(kind, str):
            self.metrics.malformed += 1
        elif kind == "RESTResponse":
            self._answer(data)
        else:
            self._event(kind, data)

    def _answer(self, data: Mapping[str, object]) -> None:
        request_id, status = data.get("request_id"), data.get("status_code")
        if not isinstance(request_id, str) or not isinstance(status, int):
            self.metrics.malformed += 1
            return
        reply = self._pending.pop(request_id, None)
        if reply is None or reply.done():
            self.metrics.late_replies += 1
            return
        body = decoded_body(data.get("message_body"))
        if status < 400:
            reply.set_result(AriReply(status, body))
            return
        self.metrics.refused += 1
        what = data.get("uri")
        detail = refusal_detail(body, data.get("reason_phrase"))
        reply.set_exception(RequestRefused(what if isinstance(what, str) else "request", status, detail))

    def _event(self, kind: str, data: dict[str, object]) -> None:
        self.metrics.events += 1
        if kind not in KNOWN_EVENTS:
            self.metrics.unknown_events += 1
        if kind == "ApplicationReplaced":
            log.error("another controller took over the application", app=self.settings.app)
            self._replaced = True
        event = AriEvent(kind, channel_id_of(data), data)
        for handler in tuple(self._handlers):
            try:
                handler(event)
            except Exception:  # one faulty consumer must not end the connection of all others
                self.metrics.handler_errors += 1
                log.exception("a handler of ARI events failed", event_type=kind)

    def _fail_pending(self) -> None:
        pending, self._pending = self._pending, {}
        for reply in pending.values():
            if not reply.done():
                self.metrics.timeouts += 1
                reply.set_exception(RequestTimeout("the connection to Asterisk went; the outcome is unknown"))

    async def _filter_events(self) -> None:
        """Ask Asterisk to send only what is used; without the filter the rest is received and ignored.

        The filter holds answers back as well as events, so it names RESTResponse too (tried on 22.10).
        """
        allowed = {"allowed": [{"type": kind} for kind in ("RESTResponse", *USED_EVENTS)]}
        try:
            await self.request("PUT", f"applications/{self.settings.app}/eventFilter", body=allowed)
        except TelephonyError as error:
            log.info("Asterisk did not take the event filter", error=str(error))

    async def _inspect(self) -> None:
        """The first request shows whether Asterisk serves REST on this socket at all.

        :raises ConfigError: it is too old.
        """
        wanted = ".".join(str(part) for part in MINIMUM_VERSION[:2])
        try:
            info = (await self.request("GET", "asterisk/info", params={"only": "system"})).body
        except RequestTimeout as error:
            raise ConfigError(
                f"Asterisk at {self.settings.url} does not answer requests on its event socket: at least version "
                f"{wanted} is needed"
            ) from error
        system = info.get("system") if isinstance(info, Mapping) else None
        version = system.get("version") if isinstance(system, Mapping) else None
        self.asterisk_version = parse_version(f"Asterisk {version}") if isinstance(version, str) else None
        if self.asterisk_version is not None and self.asterisk_version < MINIMUM_VERSION:
            raise ConfigError(f"Asterisk is {version}; at least {wanted} is needed")

    def _tell(self, state: ConnectionState) -> None:
        self._call_all([partial(callback, state) for callback in self._state_callbacks])

    def _call_all(self, callbacks: list[Callable[[], None]]) -> None:
        for callback in tuple(callbacks):
            try:
                callback()
            except Exception:  # as for handlers
                self.metrics.handler_errors += 1
                log.exception("a callback of the ARI connection failed")


def _report(task: asyncio.Task[None]) -> None:
    """A connection task ends when it is closed or replaced; anything else is a defect that must be seen."""
    if not task.cancelled() and task.exception() is not None:
        log.error("the ARI connection task failed", exc_info=task.exception())
