"""Clocks: the machine's own, and the laboratory's shifted one."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's wall clock and steady clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


class ShiftedClock(SystemClock):
    """A wall clock that runs at the normal speed but started at another instant.

    Only the laboratory uses it, so that a demonstration at night still finds the calling windows open. ``origin`` is the
    real instant at which the shifted clock read ``start``: processes that share both read the same time.
    """

    def __init__(self, start: datetime, origin: datetime | None = None) -> None:
        if start.tzinfo is None or (origin is not None and origin.tzinfo is None):
            raise ValueError("a clock starts at an aware instant")
        self._offset: timedelta = start.astimezone(UTC) - (origin or datetime.now(UTC))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset
