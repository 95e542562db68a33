"""An event loop whose clock is a number.

When nothing is ready, the clock jumps to the next timer, so that an hour of back-off or a night of waiting
costs microseconds and every run is the same. Real I/O has no place here: a registered descriptor is refused,
because nobody could say how much virtual time a real byte takes.

Threads are allowed through :meth:`VirtualTimeLoop.run_in_executor` (and so ``asyncio.to_thread``): the clock
stands still until every such call has come back.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar, TypeVarTuple

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

#: Real seconds that the loop waits for a thread to come back before it says that the test is stuck.
PATIENCE = 20.0


class NothingWillHappenError(RuntimeError):
    """The loop is idle, no timer is set and no thread is out: the test would wait for ever."""


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the loop what to do instead of sleeping."""

    loop: VirtualTimeLoop | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or self.loop is None or (timeout is not None and timeout <= 0):
            return ready
        if self.loop.calls_outside:
            ready = super().select(PATIENCE)
            if not ready:
                calls = self.loop.calls_outside
                raise NothingWillHappenError(
                    f"{calls} executor call(s) did not come back in {PATIENCE:g} real seconds"
                )
            return ready
        if timeout is None:
            raise NothingWillHappenError("the loop is idle and no timer is set: this test waits for ever")
        self.loop.advance(timeout)
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A selector loop on virtual time; ``time()`` starts at 0.0 seconds."""

    def __init__(self) -> None:
        self._now = 0.0
        self._outside = 0
        self._selector_of_ours = _JumpingSelector()
        super().__init__(self._selector_of_ours)
        # From here on: the descriptors that the loop itself made (its wake-up pipe) are in place.
        self._selector_of_ours.loop = self

    @property
    def calls_outside(self) -> int:
        """Executor calls that have not come back yet."""
        return self._outside

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward; timers that fall due run on the loop's next turn."""
        if seconds < 0:
            raise ValueError(f"time does not run backwards: {seconds}")
        self._now += seconds

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[*_Ts], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        future = super().run_in_executor(executor, func, *args)
        self._outside += 1
        future.add_done_callback(self._came_back)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Join the default executor's threads in real time; ``timeout`` counts for nothing here."""
        self._outside += 1  # asyncio joins them from a bare thread of its own
        try:
            await super().shutdown_default_executor()
        finally:
            self._outside -= 1

    def _came_back(self, _: asyncio.Future[Any]) -> None:
        self._outside -= 1

    def _add_reader(self, fd: Any, callback: Any, *args: Any) -> Any:
        if self._selector_of_ours.loop is not None:
            raise RuntimeError("no real I/O on virtual time: use a fake transport, or a real loop")
        return super()._add_reader(fd, callback, *args)  # type: ignore[misc]

    def _add_writer(self, fd: Any, callback: Any, *args: Any) -> Any:
        raise RuntimeError("no real I/O on virtual time: use a fake transport, or a real loop")
