"""What is to happen when, in virtual time: the earliest first, and of one instant what was written down first."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from ari_app.simulate.state import Instant

Deed = Callable[[Instant], None]


class Agenda:
    """Deeds with their times. Nothing happens before now, and nothing twice."""

    def __init__(self, start: Instant) -> None:
        self.now = start
        self._left: list[tuple[Instant, int, Deed]] = []
        self._written = 0

    def at(self, when: Instant, deed: Deed) -> None:
        """Write a deed down; one of the past happens now."""
        self._written += 1
        heappush(self._left, (max(when, self.now), self._written, deed))

    def run(self, until: Instant, passed: Callable[[Instant], None] | None = None, every: int = 2000) -> int:
        """Let everything happen that is due before ``until``; returns how many deeds there were.

        :param passed: told the time of the simulation after ``every`` so many deeds.
        """
        count = 0
        while self._left and self._left[0][0] < until:
            self.now, _, deed = heappop(self._left)
            deed(self.now)
            count += 1
            if passed is not None and count % every == 0:
                passed(self.now)
        self.now = until
        return count
