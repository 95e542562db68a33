"""Calling windows: spans of local time of day in which a contact may begin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_WINDOW = re.compile(r"^([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})$", re.ASCII)

MINUTES_A_DAY = 24 * 60


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Half-open span ``[start, end)`` in minutes after local midnight; ``0 <= start < end <= 1440``."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end <= MINUTES_A_DAY:
            raise ValueError(f"a window starts before it ends and lies within one day, not {self}")

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (self.start, self.end))

    def contains(self, at: time) -> bool:
        """Whether a local time of day lies inside; the end does not belong to the window."""
        return self.start <= at.hour * 60 + at.minute < self.end


def parse_window(text: str) -> Window:
    """Read ``HH:MM-HH:MM`` (24 h, ``24:00`` allowed as an end).

    Raises ValueError with a sentence that says what is wrong and what is allowed.
    """
    match = _WINDOW.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a window; write HH:MM-HH:MM, for example 09:00-12:00")
    start_hour, start_minute, end_hour, end_minute = (int(group) for group in match.groups())
    for hour, minute in ((start_hour, start_minute), (end_hour, end_minute)):
        if minute > 59 or hour > 24 or (hour == 24 and minute):
            raise ValueError(f"{text!r}: {hour:02d}:{minute:02d} is not a time of day (00:00 to 24:00)")
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start >= end:
        raise ValueError(
            f"{text!r}: a window ends after it starts, on the same day; split one that passes midnight"
        )
    return Window(start, end)


def intersect(left: Iterable[Window], right: Iterable[Window]) -> tuple[Window, ...]:
    """The times that lie in both; sorted, without overlaps."""
    right = tuple(right)
    spans = sorted(
        (max(a.start, b.start), min(a.end, b.end))
        for a in left
        for b in right
        if max(a.start, b.start) < min(a.end, b.end)
    )
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(Window(start, end) for start, end in merged)


def is_open(windows: Iterable[Window], at: datetime, zone: tzinfo) -> bool:
    """Whether the instant ``at`` (aware) lies in a window of local time in ``zone``."""
    local = at.astimezone(zone)
    return any(window.contains(local.time()) for window in windows)


def local_instant(day: date, minute: int, zone: tzinfo) -> datetime:
    """The instant of ``minute`` after midnight on the wall clock of ``zone``.

    A wall time that a clock change skips becomes the instant after the gap; of a repeated one, the first is meant.
    """
    naive = datetime.combine(day, time.min) + timedelta(minutes=minute)
    instant = naive.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != naive:  # skipped by the clock change
        before = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
        instant = max(instant, before)
    return instant


def next_opening(
    windows: Iterable[Window],
    after: datetime,
    zone: tzinfo,
    *,
    closed_days: Iterable[int] = (),
    horizon_days: int = 62,
) -> datetime | None:
    """The first instant, at or after ``after``, at which a window is open; None within ``horizon_days``.

    ``closed_days`` are weekdays (Monday 0) on which nothing opens.
    """
    windows = sorted(windows)
    closed = frozenset(closed_days)
    first_day = after.astimezone(zone).date()
    for offset in range(-1, horizon_days):
        day = first_day + timedelta(days=offset)
        if day.weekday() in closed:
            continue
        for window in windows:
            start = local_instant(day, window.start, zone)
            end = local_instant(day, window.end, zone)
            candidate = max(start, after.astimezone(UTC))
            if candidate < end and is_open([window], candidate, zone):
                return candidate
    return None
