"""AMI for what ARI lacks: recording with separate legs, state of trunks, reload. On ``panoramisk``.

What ``panoramisk`` does by itself is kept in bounds: one ``Manager`` serves one connection and is thrown away with
it, so nothing is ever sent again on the next; an action is one of :data:`ACTIONS`, which has no Originate; a value
cannot hold a line break, which would begin another header or action; a refused log-in is an error; a ping that is
not answered ends the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from panoramisk import Manager

from ari_app.errors import ConfigError, NotConnected, RequestRefused, RequestTimeout, TelephonyError

log = structlog.get_logger(__name__)

ACTIONS = frozenset(
    {
        "CoreStatus",
        "MixMonitor",
        "MixMonitorMute",
        "Ping",
        "PJSIPShowEndpoint",
        "PJSIPShowRegistrationsOutbound",
        "Reload",
        "StopMixMonitor",
    }
)

# panoramisk writes whole actions, secrets included, into its log.
_silent = logging.getLogger(f"{__name__}.panoramisk")
_silent.addHandler(logging.NullHandler())
_silent.propagate = False


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where AMI is and who we are there."""

    host: str
    port: int
    user: str
    secret: str

    def __repr__(self) -> str:
        return f"AmiSettings(host={self.host!r}, port={self.port}, user={self.user!r})"


@dataclass(slots=True)
class AmiMetrics:
    """Counters since the start of the process."""

    actions: int = 0
    refused: int = 0
    timeouts: int = 0
    connects: int = 0
    lost: int = 0


class _All:
    """Every action is one that panoramisk must forget rather than send again."""

    def __contains__(self, _: object) -> bool:
        return True


class _OneConnection(Manager):  # type: ignore[misc]
    """A manager that does not reconnect and does not ping by itself."""

    pinger: asyncio.TimerHandle | None

    def __init__(self, settings: AmiSettings, lost: asyncio.Future[None]) -> None:
        super().__init__(
            loop=lost.get_loop(),
            host=settings.host,
            port=settings.port,
            username=settings.user,
            secret=settings.secret,
            events="off",
            forgetable_actions=_All(),
            ping_delay=10**6,
            ping_interval=10**6,
            log=_silent,
        )
        self._lost = lost

    def connection_made(self, f: asyncio.Future[Any]) -> None:
        if f.cancelled() or f.exception() is not None:
            return  # who awaits ``connect`` gets the error; nothing is tried again behind his back
        super().connection_made(f)

    def connection_lost(self, exc: object) -> None:
        if self.pinger is not None:
            self.pinger.cancel()
            self.pinger = None
        if not self._lost.done():
            self._lost.set_result(None)


class AmiConnection:
    """One AMI user's connection, re-established when it is lost; ``start`` before use, ``close`` at the end."""

    def __init__(
        self,
        settings: AmiSettings,
        *,
        action_timeout_s: float = 5.0,
        ping_s: float = 10.0,
        backoff_s: float = 0.5,
        backoff_max_s: float = 10.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """:param ping_s: seconds between pings; without an answer in ``action_timeout_s`` the connection ends."""
        self.settings = settings
        self.metrics = AmiMetrics()
        self._action_timeout_s, self._ping_s = action_timeout_s, ping_s
        self._backoff_s, self._backoff_max_s, self._jitter = backoff_s, backoff_max_s, jitter
        self._manager: _OneConnection | None = None
        self._lost: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, patience_s: float = 0.0) -> None:
        """Connect, log in and keep connected from then on.

        :param patience_s: how long to go on trying while Asterisk cannot be reached.
        :raises ConfigError: the user or secret is wrong.
        :raises NotConnected: Asterisk cannot be reached.
        """
        if self._task is not None:
            raise RuntimeError("this connection was started already")
        loop, delay = asyncio.get_running_loop(), self._backoff_s
        deadline = loop.time() + patience_s
        while True:
            try:
                await self._connect()
                break
            except NotConnected:
                if loop.time() >= deadline:
                    raise
            await asyncio.sleep(min(delay, max(0.0, deadline - loop.time())))
            delay = min(delay * 2, self._backoff_max_s)
        self._task = asyncio.create_task(self._keep(), name="ami-connection")

    async def close(self) -> None:
        """End the connection; safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        await self._drop()

    @property
    def connected(self) -> bool:
        return self._manager is not None

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, timeout_s: float | None = None
    ) -> dict[str, str]:
        """One action with one answer, sent once; returns the answer's headers.

        :raises ValueError: not one of :data:`ACTIONS`, or a field that would not stay on its line.
        :raises NotConnected: nothing was sent.
        :raises RequestTimeout: no answer; the outcome is unknown.
        :raises RequestRefused: Asterisk answered ``Error`` (status 400).
        """
        return (await self._ask(name, fields, timeout_s))[0]

    async def list_action(
        self, name: str, fields: Mapping[str, str] | None = None, *, timeout_s: float | None = None
    ) -> list[dict[str, str]]:
        """One action that is answered by a list of events; returns their headers, without start and end."""
        return (await self._ask(name, fields, timeout_s))[1:-1]

    # --- inside ---------------------------------------------------------------------------------

    async def _ask(
        self, name: str, fields: Mapping[str, str] | None, timeout_s: float | None
    ) -> list[dict[str, str]]:
        if name not in ACTIONS:
            raise ValueError(f"{name!r} is not an action of this product")
        sent = {"Action": name} | dict(fields or {})
        for key, value in sent.items():
            if not key.isalpha() or any(ord(sign) < 32 for sign in value):
                raise ValueError(f"AMI field {key!r} holds a control character")
        manager, lost = self._manager, self._lost
        if manager is None or lost is None:
            raise NotConnected("no AMI connection to Asterisk; nothing was sent")
        self.metrics.actions += 1
        answer: asyncio.Future[Any] = manager.send_action(sent)
        limit = self._action_timeout_s if timeout_s is None else timeout_s
        await asyncio.wait({answer, lost}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            answer.cancel()
            self.metrics.timeouts += 1
            raise RequestTimeout(f"AMI {name}: no answer; the outcome is unknown")
        result = answer.result()
        messages = [dict(message) for message in (result if isinstance(result, list) else [result])]
        headers = [{str(key): str(value) for key, value in message.items()} for message in messages]
        if headers[0].get("Response") == "Error":
            self.metrics.refused += 1
            raise RequestRefused(f"AMI {name}", 400, headers[0].get("Message", "no reason given")[:200])
        return headers

    async def _connect(self) -> None:
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        manager = _OneConnection(self.settings, lost)
        try:
            async with asyncio.timeout(self._action_timeout_s):
                await manager.connect()
                await asyncio.sleep(0)  # its own callback, which sends the log-in, runs first
                login = manager.authenticated_future
                while login is not None and not login.done() and not lost.done():
                    await asyncio.wait({login, lost}, return_when=asyncio.FIRST_COMPLETED)
        except (OSError, TimeoutError) as error:
            manager.close()
            raise NotConnected(
                f"no AMI at {self.settings.host}:{self.settings.port}: {str(error) or 'no answer'}"
            ) from error
        except BaseException:
            manager.close()
            raise
        if login is None or not login.done() or not login.result().success:
            manager.close()
            raise ConfigError(
                f"Asterisk refused the AMI user {self.settings.user!r} at {self.settings.host}:{self.settings.port}: "
                "the user or its secret is wrong, or its permit list excludes this machine (manager.conf)"
            )
        self._manager, self._lost = manager, lost
        self.metrics.connects += 1

    async def _drop(self) -> None:
        manager, self._manager = self._manager, None
        lost, self._lost = self._lost, None
        if manager is not None:
            manager.close()
        if lost is not None and not lost.done():
            lost.set_result(None)
        await asyncio.sleep(0)  # the transport closes its socket on the loop's next turn

    async def _keep(self) -> None:
        delay = self._backoff_s
        while True:
            if self._manager is not None:
                await self._live()
                self.metrics.lost += 1
                log.warning("the AMI connection was lost")
                await self._drop()
                delay = self._backoff_s
            await asyncio.sleep(delay * (0.5 + 0.5 * self._jitter()))
            delay = min(delay * 2, self._backoff_max_s)
            try:
                await self._connect()
            except (NotConnected, ConfigError) as error:
                log.debug("no AMI connection yet", error=str(error))

    async def _live(self) -> None:
        """Returns when the connection has ended or a ping was not answered."""
        while self._lost is not None and not self._lost.done():
            await asyncio.wait({self._lost}, timeout=self._ping_s)
            if self._lost.done():
                return
            try:
                await self.action("Ping")
            except TelephonyError:
                return


@contextlib.asynccontextmanager
async def ami_connection(settings: AmiSettings, patience_s: float = 0.0) -> AsyncIterator[AmiConnection]:
    """A connection for the length of a block; see :meth:`AmiConnection.start`."""
    ami = AmiConnection(settings)
    await ami.start(patience_s)
    try:
        yield ami
    finally:
        await ami.close()
