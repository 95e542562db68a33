"""A wall clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

#: A Monday morning in China: 2026-11-23 10:00 in Asia/Shanghai.
MONDAY_MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class FakeClock:
    """Aware UTC time that a test sets and moves."""

    def __init__(self, start: datetime = MONDAY_MORNING) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock tells aware time: give the start a tzinfo")
        self._now = start.astimezone(UTC)
        self._monotonic = 0.0

    def now(self) -> datetime:
        """Aware UTC time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the start; never moved by :meth:`set`."""
        return self._monotonic

    def advance(self, step: timedelta | float) -> datetime:
        """Move forward by a timedelta or by seconds; the new time."""
        step = step if isinstance(step, timedelta) else timedelta(seconds=step)
        if step < timedelta(0):
            raise ValueError(f"time does not run backwards: {step}")
        self._now += step
        self._monotonic += step.total_seconds()
        return self._now

    def set(self, moment: datetime) -> None:
        """Put the wall clock anywhere, as an administrator or NTP may; monotonic time stays."""
        if moment.tzinfo is None:
            raise ValueError("a clock tells aware time: give the moment a tzinfo")
        self._now = moment.astimezone(UTC)


class LoopClock:
    """Wall time that follows a loop's own time: with the virtual-time loop, both move together."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: datetime = MONDAY_MORNING) -> None:
        if start.tzinfo is None:
            raise ValueError("a clock tells aware time: give the start a tzinfo")
        self._loop = loop
        self._start = start.astimezone(UTC) - timedelta(seconds=loop.time())

    def now(self) -> datetime:
        """Aware UTC time."""
        return self._start + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        """Seconds of the loop's clock."""
        return self._loop.time()
