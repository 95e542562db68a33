"""A small pool of worker processes for recognisers that hold Python's lock or may crash.

Each worker does one utterance at a time. A worker that dies or hangs is replaced at the next request; the utterance
that it had raises SpeechError. Workers end by themselves when the controller's end of the pipe is closed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ari_app
from ari_app.errors import SpeechError
from ari_app.speech.framing import Head, packed, receive


@dataclass(slots=True)
class WorkerCounters:
    """What the pool did."""

    started: int = 0
    requests: int = 0
    died: int = 0
    hung: int = 0
    turned_away: int = 0


class WorkerPool:
    """Up to ``size`` workers started with ``command``, on demand.

    A request that takes longer than ``longest_s`` in a worker ends that worker. At most ``most_waiting`` requests wait
    for a worker; further ones are turned away with SpeechError.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: int = 1,
        longest_s: float = 30.0,
        most_waiting: int = 64,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.counters = WorkerCounters()
        self._command = tuple(command)
        self._longest_s = longest_s
        self._most_waiting = most_waiting
        self._environment = dict(environment or {})
        self._waiting = 0
        self._free: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue()
        for _ in range(size):
            self._free.put_nowait(None)
        self._exchanges: set[asyncio.Task[tuple[dict[str, object], bytes]]] = set()
        self._closed = False

    @classmethod
    def of_module(
        cls,
        module: str,
        *arguments: str,
        size: int = 1,
        longest_s: float = 30.0,
        most_waiting: int = 64,
        environment: Mapping[str, str] | None = None,
    ) -> WorkerPool:
        """Workers that are a module of this package, run by the same Python."""
        home = str(Path(ari_app.__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
        return cls(
            (sys.executable, "-m", module, *arguments),
            size=size,
            longest_s=longest_s,
            most_waiting=most_waiting,
            environment={"PYTHONPATH": path, **(environment or {})},
        )

    async def ask(self, head: Head, block: bytes, timeout_s: float) -> tuple[dict[str, object], bytes]:
        """One request, one reply. Raises SpeechError, or TimeoutError after ``timeout_s`` (waiting included).

        Who stops waiting does not disturb the worker: it finishes and is free again.
        """
        if self._closed:
            raise SpeechError("the speech workers have been closed")
        if self._waiting >= self._most_waiting:
            self.counters.turned_away += 1
            raise SpeechError(f"{self._waiting} utterances are already waiting for a speech worker")
        message = packed(head, block)
        async with asyncio.timeout(timeout_s):
            self._waiting += 1
            try:
                worker = await self._free.get()
            finally:
                self._waiting -= 1
            self.counters.requests += 1
            exchange = asyncio.create_task(self._exchange(worker, message), name="speech worker exchange")
            self._exchanges.add(exchange)
            exchange.add_done_callback(self._exchange_done)
            return await asyncio.shield(exchange)

    async def close(self) -> None:
        """End all workers; requests that are under way raise."""
        self._closed = True
        exchanges = list(self._exchanges)
        for exchange in exchanges:
            exchange.cancel()
        await asyncio.gather(*exchanges, return_exceptions=True)
        while not self._free.empty():
            worker = self._free.get_nowait()
            if worker is not None:
                await _end(worker)

    def _exchange_done(self, exchange: asyncio.Task[tuple[dict[str, object], bytes]]) -> None:
        self._exchanges.discard(exchange)
        if not exchange.cancelled():
            exchange.exception()  # seen here, in case that nobody waits for it any more

    async def _exchange(
        self, worker: asyncio.subprocess.Process | None, message: bytes
    ) -> tuple[dict[str, object], bytes]:
        usable: asyncio.subprocess.Process | None = None
        try:
            if worker is None or worker.returncode is not None:
                worker = await self._start()
            assert worker.stdin is not None
            assert worker.stdout is not None
            async with asyncio.timeout(self._longest_s):
                worker.stdin.write(message)
                await worker.stdin.drain()
                reply = await receive(worker.stdout)
            usable = worker
        except TimeoutError:
            self.counters.hung += 1
            raise SpeechError(f"the speech worker did not answer within {self._longest_s:g} s") from None
        except (SpeechError, ConnectionError) as error:
            self.counters.died += 1
            raise SpeechError(str(error) or "the speech worker ended") from None
        finally:
            if worker is not None and usable is None:
                await asyncio.shield(_end(worker))
            self._free.put_nowait(usable)
        return reply

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            # A session of its own: Ctrl-C at a terminal goes to the controller alone, which then closes the pipes.
            worker = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
        except OSError as error:
            raise SpeechError(f"the speech worker cannot be started: {error.strerror or error}") from None
        self.counters.started += 1
        return worker


async def _end(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is None:
        worker.kill()
    await worker.wait()
    if worker.stdin is not None:
        worker.stdin.close()
