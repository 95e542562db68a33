"""What spoken dates mean, seen from a reference day.

Calendar weeks run from Monday to Sunday. A bare weekday is the nearest coming one, "next" takes the next calendar
week; with something already done both look back.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

MAX_DAYS = 366
"""Dates further away than this from the reference day are not believed."""


def in_days(today: date, days: int) -> date | None:
    """``days`` from today; None when that is further than MAX_DAYS."""
    return today + timedelta(days=days) if abs(days) <= MAX_DAYS else None


def in_months(today: date, months: int) -> date | None:
    """The same day of the month ``months`` later (earlier below 0), the last one where that month is shorter."""
    if not -12 <= months <= 12:
        return None
    year, month = _month(today, months)
    return date(year, month, min(today.day, monthrange(year, month)[1]))


def weekday(today: date, number: int, *, week: int | None = None, past: bool = False) -> date:
    """A weekday (Monday 0). ``week`` counts calendar weeks from this one (1: next week, -1: last week).

    Without ``week``: the nearest coming one, today excluded; with ``past`` the most recent one, today excluded.
    """
    if week is not None:
        return today - timedelta(days=today.weekday()) + timedelta(days=7 * week + number)
    ahead = (number - today.weekday()) % 7 or 7
    return today + timedelta(days=ahead - 14 if past and ahead == 7 else ahead - 7 if past else ahead)


def day_of_month(today: date, day: int, *, months: int | None = None, past: bool = False) -> date | None:
    """A day of the month. ``months`` counts from this month; None for a day that month does not have.

    Without ``months``: this month if that day is not yet past, otherwise next month; with ``past`` the most recent.
    """
    if months is not None:
        return _safe(*_month(today, months), day)
    for offset in (0, -1) if past else (0, 1, 2):
        found = _safe(*_month(today, offset), day)
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def month_day(today: date, month: int, day: int, *, past: bool = False) -> date | None:
    """A day of a named month: the coming one (today included), with ``past`` the most recent one."""
    for year in (today.year, today.year - 1) if past else (today.year, today.year + 1):
        found = _safe(year, month, day)
        if found is not None and (found <= today if past else found >= today):
            return found
    return None


def end_of_month(today: date, *, months: int = 0, month: int | None = None) -> date:
    """The last day of this month, of the month ``months`` later, or of the coming month numbered ``month``."""
    if month is not None:
        year = today.year + (month < today.month)
        return date(year, month, monthrange(year, month)[1])
    year, number = _month(today, months)
    return date(year, number, monthrange(year, number)[1])


def end_of_week(today: date) -> date:
    """Sunday of this calendar week."""
    return today + timedelta(days=6 - today.weekday())


def _month(today: date, offset: int) -> tuple[int, int]:
    index = today.year * 12 + today.month - 1 + offset
    return index // 12, index % 12 + 1


def _safe(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
