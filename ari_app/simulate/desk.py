"""How busy the agents are: tasks wait in line for a desk that has its hours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace

#: A desk opens and closes at these hours of a working day, on the campaign's clock.
OPENS, CLOSES = 9, 18
_HOURS = CLOSES - OPENS


@dataclass(frozen=True, slots=True)
class DeskLoad:
    """``minutes_by_hour`` are worked minutes by the hour since the start; ``waited_hours`` the mean wait of a task on the
    wall clock; ``left`` the tasks that no agent came to.
    """

    agents: int
    open_hours: float
    minutes_by_hour: Counter[int]
    waited_hours: float
    left: int

    @property
    def occupancy(self) -> float:
        """The share of the open time that agents work, 0 to 1."""
        minutes = self.agents * self.open_hours * 60.0
        return self.minutes_by_hour.total() / minutes if minutes else 0.0


def desk_load(work: Sequence[tuple[float, float]], agents: int, open_days: Sequence[int]) -> DeskLoad:
    """The load of a desk.

    :param work: tasks by time: the hour since the start at which each came up, and its minutes.
    :param open_days: the working days, counted from the start, ascending.
    """
    starts = [day * 24 + OPENS for day in open_days]
    total = len(starts) * _HOURS
    free = [0.0] * max(agents, 1)
    heapify(free)
    minutes: Counter[int] = Counter()
    waited, left = 0.0, 0
    for came, takes in work if agents else ():
        begins = max(_desk_hours(starts, came), free[0])
        ends = begins + takes / 60.0
        if ends > total:
            left += 1
            continue
        heapreplace(free, ends)
        at = _wall(starts, begins)
        waited += at - came
        minutes[int(at)] += round(takes)
    done = len(work) - left if agents else 0
    return DeskLoad(agents, total, minutes, waited / done if done else 0.0, left if agents else len(work))


def _desk_hours(starts: Sequence[int], hour: float) -> float:
    """How many hours the desk has been open by then."""
    passed = 0.0
    for start in starts:
        if hour <= start:
            break
        passed += min(hour - start, _HOURS)
    return passed


def _wall(starts: Sequence[int], desk_hour: float) -> float:
    """The hour since the start at which the desk has been open for so long."""
    day = min(int(desk_hour // _HOURS), len(starts) - 1)
    return starts[day] + desk_hour - day * _HOURS
