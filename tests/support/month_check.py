"""A little checker of a month's calls, which shares nothing with the verdict: it counts on plain local dates and hours.

It knows the packs by its own copy of their numbers, so that a change of a number that nobody meant is found as well.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Call:
    """A call as an outsider sees it: when it left, about which debt, and whether somebody talked."""

    at: datetime
    debt: str
    talked: bool
    overdue: bool


@dataclass(frozen=True)
class Numbers:
    """What a pack allows. None: no such limit."""

    first_hour: int
    last_hour: int
    a_day: int
    a_week: int | None
    talks_a_day: int | None
    in_seven_days_by_debt: int | None
    quiet_days_by_debt: int
    reminders_in_seven_days: int
    gap_minutes: int


PACKS = {
    "cn-telecom": Numbers(8, 22, 2, 6, 3, None, 0, 2, 30),
    "cn-consumer-finance": Numbers(8, 22, 2, 6, 3, None, 0, 2, 60),
    "cn-utilities": Numbers(8, 21, 1, 3, 1, None, 0, 2, 120),
    "us-reg-f": Numbers(8, 21, 1, None, None, 7, 7, 2, 120),
}

#: Days of October 2026 on which nobody in China is called: National Day and the weekends, but for the 10th.
CHINA_CLOSED = frozenset(date(2026, 10, day) for day in (*range(1, 8), 11, 17, 18, 24, 25, 31))
#: The same for the USA: weekends and Columbus Day.
USA_CLOSED = frozenset(date(2026, 10, day) for day in (3, 4, 10, 11, 12, 17, 18, 24, 25, 31))


def complaints(calls: Sequence[Call], pack: str, zones: Iterable[str]) -> list[str]:
    """What is wrong with the calls of one customer in October 2026, in every zone in which he may be."""
    numbers = PACKS[pack]
    closed = USA_CLOSED if pack.startswith("us") else CHINA_CLOSED
    found: list[str] = []
    for name in zones:
        found += [f"{name}: {one}" for one in _in_zone(calls, numbers, closed, ZoneInfo(name))]
    for before, after in pairwise(calls):
        if after.at - before.at < timedelta(minutes=numbers.gap_minutes):
            found.append(f"{after.at} is too soon after {before.at}")
    return found


def _in_zone(calls: Sequence[Call], numbers: Numbers, closed: frozenset[date], zone: ZoneInfo) -> list[str]:
    found = []
    days = [call.at.astimezone(zone).date() for call in calls]
    for call, day in zip(calls, days, strict=True):
        hour = call.at.astimezone(zone).hour
        if not numbers.first_hour <= hour < numbers.last_hour:
            found.append(f"a call at {hour} h")
        if day in closed:
            found.append(f"a call on {day}")
    for day, count in Counter(days).items():
        if count > numbers.a_day:
            found.append(f"{count} calls on {day}")
    talks = Counter(day for call, day in zip(calls, days, strict=True) if call.talked)
    if numbers.talks_a_day is not None and max(talks.values(), default=0) > numbers.talks_a_day:
        found.append(f"too many talks: {talks}")
    weeks = Counter(day.isocalendar()[:2] for day in days)
    if numbers.a_week is not None and max(weeks.values(), default=0) > numbers.a_week:
        found.append(f"too many calls in a week: {weeks}")
    for first in sorted(set(days)):
        week = [
            each for each, day in zip(calls, days, strict=True) if first <= day < first + timedelta(days=7)
        ]
        for debt, count in Counter(each.debt for each in week).items():
            if numbers.in_seven_days_by_debt is not None and count > numbers.in_seven_days_by_debt:
                found.append(f"{count} calls about {debt} in seven days from {first}")
        # The last one is only a reminder too many if it was one itself.
        reminders = [each for each in week if not each.overdue]
        if len(reminders) > numbers.reminders_in_seven_days:
            found.append(f"{len(reminders)} reminders in seven days from {first}")
    for position, (call, day) in enumerate(zip(calls, days, strict=True)):
        if call.talked and numbers.quiet_days_by_debt:
            quiet = day + timedelta(days=numbers.quiet_days_by_debt)
            for later, then in zip(calls[position + 1 :], days[position + 1 :], strict=True):
                if later.debt == call.debt and then < quiet:
                    found.append(f"a call about {call.debt} on {then}, after a talk on {day}")
    return found
