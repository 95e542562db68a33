"""Openings that were found before, for whoever asks about many customers of the same hours."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

#: More kinds of hours than any task has; beyond them everything is forgotten.
MOST_KEPT = 10_000


class Openings:
    """The next opening by everything that it depends on but the instant that is asked about.

    Between that instant and the first opening after it nothing is open, so every instant in between has the same one.
    For one rule book: what a key means there must not change.
    """

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Hashable, tuple[datetime, datetime]] = {}

    def known(self, key: Hashable, now: datetime) -> datetime | None:
        """The opening that follows ``now``; None where it has to be looked for."""
        found = self._found.get(key)
        return found[1] if found is not None and found[0] <= now < found[1] else None

    def keep(self, key: Hashable, now: datetime, opening: datetime) -> None:
        """``opening`` is the first instant from ``now`` on at which all is open."""
        if len(self._found) >= MOST_KEPT:
            self._found.clear()
        self._found[key] = (now, opening)
