"""A small pool of worker processes for recognisers that hold Python's lock or may crash.

Each worker does up to ``batch`` requests at a time, which are what has come in while the last ones were under way. A
worker that dies or hangs costs exactly the requests that it had (SpeechError), and is replaced at once; one that
keeps failing is left alone for longer and longer, and until then requests fail at once instead of waiting. Workers end
by themselves when the controller's end of the pipe is closed.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import ari_app
from ari_app.errors import SpeechError
from ari_app.speech.framing import LARGEST_BLOCK, LARGEST_HEAD, Head, joined, packed, receive

LONGEST_BACKOFF_S: Final = 30.0


@dataclass(slots=True)
class WorkerCounters:
    """What the pool did."""

    started: int = 0
    not_started: int = 0
    requests: int = 0
    batches: int = 0
    died: int = 0
    hung: int = 0
    turned_away: int = 0
    """Refused at once: too many were waiting, or all workers were being left alone."""


@dataclass(slots=True, eq=False)
class _Request:
    head: Head
    block: bytes = field(repr=False)
    reply: asyncio.Future[dict[str, object]]


@dataclass(slots=True, eq=False)
class _Slot:
    """One worker and the task that serves it."""

    wake: asyncio.Event = field(default_factory=asyncio.Event)
    worker: asyncio.subprocess.Process | None = None
    busy: bool = False
    faults: int = 0
    """Without a reply in between."""
    resting_until: float = 0.0
    why: str = ""
    task: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        return self.worker is not None and self.worker.returncode is None


class WorkerPool:
    """Up to ``size`` workers started with ``command``, on demand.

    :param longest_s: a request, or a batch, that takes longer in a worker ends that worker.
    :param start_s: how long a worker may take until it says that it is ready (models are loaded then).
    :param most_waiting: more requests than these are turned away; guesses already at half of it.
    :param batch: the most requests that a worker gets at once; ``batch_bytes`` bounds their sound together.
    :param gather_s: how long a worker that comes from one batch to the next waits for more; an idle one never waits.
    :param backoff_s: the rest after the second fault in a row, doubled with each further one up to 30 s.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        size: int = 1,
        longest_s: float = 30.0,
        start_s: float = 60.0,
        most_waiting: int = 64,
        batch: int = 1,
        gather_s: float = 0.015,
        backoff_s: float = 0.5,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.counters = WorkerCounters()
        self._command = tuple(command)
        self._longest_s = longest_s
        self._start_s = start_s
        self._most_waiting = most_waiting
        self._batch = batch
        self._gather_s = gather_s
        self._backoff_s = backoff_s
        self._environment = dict(environment or {})
        self._finals: deque[_Request] = deque()
        self._guesses: deque[_Request] = deque()
        self._slots = [_Slot() for _ in range(size)]
        self._exits: set[asyncio.Task[None]] = set()
        self._closed = False

    @classmethod
    def of_module(
        cls,
        module: str,
        *arguments: str,
        size: int = 1,
        longest_s: float = 30.0,
        start_s: float = 60.0,
        most_waiting: int = 64,
        batch: int = 1,
        backoff_s: float = 0.5,
        environment: Mapping[str, str] | None = None,
    ) -> WorkerPool:
        """Workers that are a module of this package, run by the same Python."""
        home = str(Path(ari_app.__file__).resolve().parent.parent)
        path = os.pathsep.join(part for part in (home, os.environ.get("PYTHONPATH", "")) if part)
        return cls(
            (sys.executable, "-m", module, *arguments),
            size=size,
            longest_s=longest_s,
            start_s=start_s,
            most_waiting=most_waiting,
            batch=batch,
            backoff_s=backoff_s,
            environment={"PYTHONPATH": path, **(environment or {})},
        )

    @property
    def waiting(self) -> int:
        """How many requests no worker has taken yet."""
        return len(self._finals) + len(self._guesses)

    async def ask(
        self, head: Head, block: bytes, timeout_s: float, *, guess: bool = False
    ) -> dict[str, object]:
        """One request, one reply. Raises SpeechError, or TimeoutError after ``timeout_s`` (waiting included).

        Who stops waiting does not disturb the worker: a request that waits is forgotten, one that is under way is
        finished for nobody. ``guess``: a request that can be done without; the others go before it.
        """
        self._check(head, block, guess)
        queue = self._guesses if guess else self._finals
        request = _Request(head, block, asyncio.get_running_loop().create_future())
        request.reply.add_done_callback(_seen)
        queue.append(request)
        self._wake_one()
        try:
            async with asyncio.timeout(timeout_s):
                return await request.reply
        finally:
            if request in queue:
                queue.remove(request)

    async def warm_up(self, head: Head, block: bytes, timeout_s: float) -> dict[str, object]:
        """Start all workers, and have one of them do a first request. Raises SpeechError, TimeoutError."""
        for slot in self._slots if not self._closed else ():
            self._wake(slot)
        return await self.ask(head, block, timeout_s)

    async def close(self) -> None:
        """End all workers; requests that wait or are under way raise SpeechError."""
        self._closed = True
        tasks = [slot.task for slot in self._slots if slot.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*self._exits, return_exceptions=True)
        self._fail_waiting("the speech workers have been closed")

    # ------------------------------------------------------------------------------------------- the queue

    def _check(self, head: Head, block: bytes, guess: bool) -> None:
        if self._closed:
            raise SpeechError("the speech workers have been closed")
        if len(packed(head)) * self._batch > LARGEST_HEAD or len(block) > LARGEST_BLOCK:
            raise SpeechError(f"a request with {len(block)} bytes of sound is too long for a speech worker")
        if not any(self._usable(slot) for slot in self._slots):
            self.counters.turned_away += 1
            why = self._slots[0].why
            raise SpeechError(f"the speech workers keep failing and are left alone for a while: {why}")
        if self.waiting >= (self._most_waiting // 2 if guess else self._most_waiting):
            self.counters.turned_away += 1
            raise SpeechError(f"{self.waiting} utterances are already waiting for a speech worker")

    def _usable(self, slot: _Slot) -> bool:
        return slot.alive or asyncio.get_running_loop().time() >= slot.resting_until

    def _wake_one(self) -> None:
        idle = [
            slot for slot in self._slots if not slot.busy and not slot.wake.is_set() and self._usable(slot)
        ]
        if idle:
            self._wake(next((slot for slot in idle if slot.alive), idle[0]))

    def _wake(self, slot: _Slot) -> None:
        if slot.task is None:
            slot.task = asyncio.create_task(self._serve(slot), name="speech worker")
        slot.wake.set()

    def _take(self) -> list[_Request]:
        """The next batch: results before guesses, oldest first; nothing that nobody waits for any more."""
        taken: list[_Request] = []
        size = 0
        while len(taken) < self._batch and self.waiting:
            queue = self._finals or self._guesses
            if taken and size + len(queue[0].block) > LARGEST_BLOCK:
                break
            request = queue.popleft()
            if not request.reply.done():
                taken.append(request)
                size += len(request.block)
        return taken

    def _fail_waiting(self, why: str) -> None:
        for queue in (self._finals, self._guesses):
            while queue:
                _fail(queue.popleft(), why)

    # ------------------------------------------------------------------------------------------- one worker

    async def _serve(self, slot: _Slot) -> None:
        """The life of a slot, until cancelled."""
        try:
            while True:
                await slot.wake.wait()
                slot.wake.clear()
                slot.busy = True
                try:
                    await self._work(slot)
                finally:
                    slot.busy = False
                if self.waiting:
                    self._after_fault()
        finally:
            self._let_go(slot)

    async def _work(self, slot: _Slot) -> None:
        """Have a worker, then do what waits; returns when nothing waits or the worker is to be left alone."""
        follows = False
        while asyncio.get_running_loop().time() >= slot.resting_until or slot.alive:
            if not slot.alive:
                if slot.worker is not None:  # it ended while it had nothing to do
                    self.counters.died += 1
                    self._fault(slot, "the speech worker ended")
                    continue
                if not await self._start(slot):
                    return
            if follows and 0 < self.waiting < self._batch:
                await asyncio.sleep(self._gather_s)
            batch = self._take()
            if not batch:
                return
            await self._exchange(slot, batch)
            follows = True

    async def _exchange(self, slot: _Slot, batch: Sequence[_Request]) -> None:
        worker = slot.worker
        assert worker is not None
        assert worker.stdin is not None
        assert worker.stdout is not None
        self.counters.requests += len(batch)
        self.counters.batches += 1
        why = "the speech workers have been closed"  # if this is cancelled
        replies: list[dict[str, object]] = []
        try:
            async with asyncio.timeout(self._longest_s):
                worker.stdin.write(joined([(one.head, one.block) for one in batch]))
                await worker.stdin.drain()
                head, _ = await receive(worker.stdout)
            replies = _replies(head, len(batch))
        except TimeoutError:
            self.counters.hung += 1
            why = f"the speech worker did not answer within {self._longest_s:g} s"
        except (SpeechError, ConnectionError) as error:
            self.counters.died += 1
            why = str(error) or "the speech worker ended"
        finally:
            if replies:
                slot.faults = 0
                for request, reply in zip(batch, replies, strict=True):
                    if not request.reply.done():
                        request.reply.set_result(reply)
            else:
                self._fault(slot, why)
                for request in batch:
                    _fail(request, why)

    async def _start(self, slot: _Slot) -> bool:
        """Start a worker and wait until it is ready; what waits fails if it cannot be had."""
        try:
            # A session of its own: Ctrl-C at a terminal goes to the controller alone, which then closes the pipes.
            slot.worker = worker = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={**os.environ, **self._environment},
                start_new_session=True,
            )
            self.counters.started += 1
            assert worker.stdout is not None
            async with asyncio.timeout(self._start_s):
                head, _ = await receive(worker.stdout)
            if head.get("ready") is not True:
                raise SpeechError(
                    str(head.get("error", "the speech worker sent something that is no message"))
                )
        except TimeoutError:  # an OSError too
            why = f"the speech worker was not ready within {self._start_s:g} s"
        except OSError as error:
            why = f"the speech worker cannot be started: {error.strerror or error}"
        except SpeechError as error:
            why = str(error)
        else:
            self._watch(slot, worker)
            return True
        self.counters.not_started += 1
        self._fault(slot, why)
        # A second try would meet the same model: it is left alone at once.
        slot.resting_until = max(slot.resting_until, asyncio.get_running_loop().time() + self._backoff_s)
        return False

    def _watch(self, slot: _Slot, worker: asyncio.subprocess.Process) -> None:
        """Wake the slot when the worker ends, so that another one is there before it is needed."""
        task = asyncio.create_task(_gone(worker), name="speech worker's watch")
        self._exits.add(task)
        task.add_done_callback(self._exits.discard)
        task.add_done_callback(lambda _: slot.wake.set() if slot.worker is worker else None)

    def _fault(self, slot: _Slot, why: str) -> None:
        self._let_go(slot)
        slot.faults += 1
        slot.why = why
        if slot.faults > 1:
            rest_s = min(LONGEST_BACKOFF_S, self._backoff_s * 2.0 ** min(20, slot.faults - 2))
            slot.resting_until = asyncio.get_running_loop().time() + rest_s

    def _let_go(self, slot: _Slot) -> None:
        """End the slot's worker; ``close`` waits until it has gone."""
        worker, slot.worker = slot.worker, None
        if worker is not None:
            task = asyncio.create_task(_end(worker), name="speech worker's end")
            self._exits.add(task)
            task.add_done_callback(self._exits.discard)

    def _after_fault(self) -> None:
        """Something still waits and this slot does not take it: another one does, or it fails now."""
        if any(self._usable(slot) for slot in self._slots):
            self._wake_one()
        else:
            self._fail_waiting(self._slots[0].why)


def _replies(head: Head, count: int) -> list[dict[str, object]]:
    replies = head.get("replies")
    if (
        not isinstance(replies, list)
        or len(replies) != count
        or not all(isinstance(one, dict) for one in replies)
    ):
        raise SpeechError("the speech worker sent something that is no message")
    return replies


def _fail(request: _Request, why: str) -> None:
    if not request.reply.done():
        request.reply.set_exception(SpeechError(why))


def _seen(reply: asyncio.Future[dict[str, object]]) -> None:
    """Nobody may be waiting any more when it fails: that is no unheard error."""
    if not reply.cancelled():
        reply.exception()


async def _gone(worker: asyncio.subprocess.Process) -> None:
    await worker.wait()


async def _end(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is None:
        worker.kill()
    await worker.wait()
    if worker.stdin is not None:
        worker.stdin.close()
