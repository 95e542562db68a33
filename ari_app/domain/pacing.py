"""When calls start: spread evenly, so many a second."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: How far ahead of their moment on the schedule calls are claimed and prepared, in seconds.
AHEAD_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class SteadyRate:
    """Starts that are spread evenly: each has its moment on a schedule, ``1 / per_second`` after the one before.

    ``next_at`` is the moment of the next start (seconds of a steady clock). What comes late is made up for as long as it is
    no more than ``late_s`` behind; an idle minute is no burst. A value that is replaced, never changed.
    """

    per_second: float
    next_at: float
    late_s: float = 0.25

    def moments(self, now: float, ahead_s: float) -> int:
        """How many starts have their moment now or before ``now + ahead_s``."""
        first = max(self.next_at, now - self.late_s)
        before = math.ceil((now + ahead_s - first) * self.per_second - 1e-9)
        return max(before, 1 if first <= now else 0, 0)

    def take(self, now: float) -> tuple[SteadyRate, float]:
        """The schedule after one more start, and the moment of it; a moment that is past means at once."""
        moment = max(self.next_at, now - self.late_s)
        return SteadyRate(self.per_second, moment + 1.0 / self.per_second, self.late_s), moment


def pacing_error(starts: Sequence[float], per_second: float) -> float:
    """|achieved - asked| / asked, of the starts between the first and the last of them (seconds); 0 for fewer than two."""
    if len(starts) < 2 or starts[-1] <= starts[0]:
        return 0.0
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    return abs(achieved - per_second) / per_second
