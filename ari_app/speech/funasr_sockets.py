"""Open sockets to a FunASR server, ready before somebody speaks, and the knowledge whether it can be reached."""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.protocol import State
from websockets.typing import Subprotocol

from ari_app.errors import ConfigError, SpeechError

log = structlog.get_logger(__name__)

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes: text and time stamps of 40 s of speech take about 20,000."""
_LOOK_S: Final = 1.0
_STEADY_S: Final = 2.0  # a socket that lived this long tells of a server that works
_CLOSE_S: Final = 1.0
_PING_S: Final = 10.0


@dataclass(slots=True)
class SocketCounters:
    """What happened to the sockets of one server."""

    opened: int = 0
    failed_connects: int = 0
    lost: int = 0
    """Sockets that the server closed, or that went dead, while nobody used them."""
    unprepared: int = 0
    """Utterances for which no open socket was at hand."""


def tls_context(url: str, trusted: Path | None, check_certificate: bool) -> ssl.SSLContext | None:
    """TLS for ``wss``, None for ``ws``. ``trusted``: PEM certificates that count instead of the system's.

    Raises ConfigError when the file cannot be used.
    """
    if urlsplit(url).scheme != "wss":
        return None
    try:
        context = ssl.create_default_context(cafile=str(trusted) if trusted is not None else None)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"speech.funasr_ca_file: {trusted}: {error.strerror or error}") from error
    if not check_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class _Connect(connect):
    """Follows no redirect: a customer's voice goes where the settings say, or nowhere."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class FunasrSockets:
    """Keeps up to ``spare`` sockets open. ``start`` begins, ``close`` ends it; both belong to one event loop."""

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        spare: int = 4,
        open_timeout_s: float = 3.0,
        backoff_s: float = 0.5,
        backoff_max_s: float = 30.0,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:param backoff_s: the first delay before a new attempt to connect; doubles up to ``backoff_max_s``.
        :param jitter: 0 to 1; an attempt waits between half the delay and all of it.
        """
        self.counters = SocketCounters()
        self.trouble = "the FunASR server has not been connected to yet"
        self._url = url
        self._tls = tls
        self._most_spare = spare
        self._open_timeout_s = open_timeout_s
        self._backoff_s, self._backoff_max_s, self._jitter = backoff_s, backoff_max_s, jitter
        self._clock = clock
        self._spares: deque[tuple[float, ClientConnection]] = deque()
        self._reachable = False
        self._wake = asyncio.Event()
        self._tried = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False

    # ------------------------------------------------------------------------------------------- state

    @property
    def up(self) -> bool:
        """Whether the server could take an utterance now, as far as is known; returns at once."""
        if not self._reachable or self._closed:
            return False
        # All spare sockets gone at once: the server went away, and the keeper has not looked yet.
        return not self._spares or any(socket.state is State.OPEN for _, socket in self._spares)

    def start(self) -> None:
        """Begin to connect, and keep connected from then on."""
        if self._closed:
            raise SpeechError("the FunASR recogniser has been closed")
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="funasr sockets")

    async def tried(self) -> None:
        """Return when the first attempt to connect has ended, well or not."""
        await self._tried.wait()

    async def close(self) -> None:
        """Close every socket; nothing is left."""
        self._closed = True
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait({keeper})
        for _, socket in self._spares:
            self.retire(socket)
        self._spares.clear()
        while self._closing:
            await asyncio.wait(self._closing)

    # ------------------------------------------------------------------------------------------- sockets

    async def take(self) -> ClientConnection:
        """An open socket, for one utterance. Raises SpeechError."""
        if self._closed:
            raise SpeechError("the FunASR recogniser has been closed")
        self._wake.set()
        while self._spares:
            _, socket = self._spares.popleft()
            if socket.state is State.OPEN:
                return socket
            self._lose(socket)
        self.counters.unprepared += 1
        try:
            return await self._open()
        except SpeechError as error:
            self._is_down(str(error))
            raise

    def retire(self, socket: ClientConnection) -> None:
        """Close a socket that has served; returns at once."""
        task = asyncio.create_task(socket.close(), name="funasr socket closes")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _lose(self, socket: ClientConnection) -> None:
        self.counters.lost += 1
        self.retire(socket)

    async def _open(self) -> ClientConnection:
        try:
            socket = await _Connect(
                self._url,
                ssl=self._tls,
                subprotocols=[Subprotocol("binary")],
                compression=None,
                proxy=None,
                user_agent_header=None,
                open_timeout=self._open_timeout_s,
                close_timeout=_CLOSE_S,
                ping_interval=_PING_S,
                ping_timeout=_PING_S,
                max_size=LARGEST_MESSAGE,
            )
        except (OSError, WebSocketException, TimeoutError, AssertionError, ValueError) as error:
            # AssertionError: the server spoke before it was asked; ValueError: it redirected to no address at all.
            self.counters.failed_connects += 1
            raise SpeechError(
                f"no FunASR server at {self._url}: {str(error) or type(error).__name__}"
            ) from error
        self.counters.opened += 1
        return socket

    # ------------------------------------------------------------------------------------------- the keeper

    async def _keep(self) -> None:
        delay = self._backoff_s
        while True:
            short_lived = self._drop_dead()
            if any(self._clock() - opened > _STEADY_S for opened, _ in self._spares):
                delay = self._backoff_s
            if short_lived:
                self._is_down("the FunASR server closes its sockets at once")
            elif len(self._spares) >= self._most_spare:
                await self._look_again()
                continue
            else:
                try:
                    socket = await self._open()
                except SpeechError as error:
                    self._is_down(str(error))
                else:
                    self._spares.append((self._clock(), socket))
                    self._is_up()
                    continue
            self._tried.set()
            await asyncio.sleep(delay * (0.5 + 0.5 * self._jitter()))
            delay = min(2 * delay, self._backoff_max_s)

    async def _look_again(self) -> None:
        self._wake.clear()
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._wake.wait()
        except TimeoutError:
            pass  # time to look whether all are still open

    def _drop_dead(self) -> bool:
        """Take out what has been closed; whether one of these had lived for a moment only."""
        dead = [entry for entry in self._spares if entry[1].state is not State.OPEN]
        for entry in dead:
            self._spares.remove(entry)
            self._lose(entry[1])
        return any(self._clock() - opened < _STEADY_S for opened, _ in dead)

    def _is_up(self) -> None:
        if not self._reachable:
            log.info("FunASR server connected", url=self._url)
        self._reachable, self.trouble = True, ""
        self._tried.set()

    def _is_down(self, why: str) -> None:
        if self._reachable or self.trouble != why:
            log.warning("FunASR server cannot be used", url=self._url, error=why)
        self._reachable, self.trouble = False, why
        self._tried.set()
