"""Calling windows: spans of local time of day in which a contact may begin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

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


@lru_cache(maxsize=4096)  # the same few opening times and midnights are asked for again and again
def local_instant(day: date, minute: int, zone: tzinfo) -> datetime:
    """The instant of ``minute`` after midnight on the wall clock of ``zone``.

    A wall time that a clock change skips becomes the first instant after the gap; of a repeated one, the first is meant.
    """
    naive = datetime.combine(day, time.min) + timedelta(minutes=minute)
    instant = naive.replace(tzinfo=zone).astimezone(UTC)
    if (
        instant.astimezone(zone).replace(tzinfo=None) != naive
    ):  # skipped: read with either offset, it lies around the gap
        return _clock_change(naive.replace(tzinfo=zone, fold=1).astimezone(UTC), instant, zone) or instant
    return instant


def _clock_change(before: datetime, after: datetime, zone: tzinfo) -> datetime | None:
    """The first instant with the UTC offset of ``after``, where it differs from that of ``before`` (whole seconds)."""
    target = after.astimezone(zone).utcoffset()
    if before.astimezone(zone).utcoffset() == target:
        return None
    low, high = 0, int((after - before).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if (before + timedelta(seconds=middle)).astimezone(zone).utcoffset() == target:
            high = middle
        else:
            low = middle
    return before + timedelta(seconds=high)


@dataclass(frozen=True, slots=True)
class Place:
    """A wall clock, and the windows of each of its days; a closed day has none."""

    zone: tzinfo
    windows_of: Callable[[date], Iterable[Window]]

    def is_open(self, at: datetime) -> bool:
        """Whether a window is open at the instant ``at`` (aware)."""
        local = at.astimezone(self.zone)
        return any(window.contains(local.time()) for window in self.windows_of(local.date()))


def next_common_opening(places: Sequence[Place], after: datetime, horizon_days: int = 62) -> datetime | None:
    """The first instant, at or after ``after``, at which every place is open; None within ``horizon_days``.

    The wall clocks decide, also where a clock change skips or repeats a part of a day. Where everything opens, something
    opens: the start of a window, a midnight, or a clock change at one of the places.
    """
    after = after.astimezone(UTC)

    def opens(at: datetime) -> bool:
        return all(place.is_open(at) for place in places)

    if opens(after):
        return after

    for offset in range(-1, horizon_days):
        found = min(filter(opens, _openings(places, after, offset)), default=None)
        if found is not None:
            # Days begin up to 26 hours apart: those of the next offsets elsewhere may hold an earlier instant.
            later = [at for more in (1, 2) for at in _openings(places, after, offset + more) if at < found]
            return min(filter(opens, later), default=found)
    return None


def _openings(places: Iterable[Place], after: datetime, offset: int) -> list[datetime]:
    """The instants from ``after`` on at which a place may open, of the day ``offset`` days after its local day then."""
    found: list[datetime] = []
    for place in places:
        day = after.astimezone(place.zone).date() + timedelta(days=offset)
        windows = place.windows_of(day)
        midnight = datetime.combine(day, time.min)
        shift = place.zone.utcoffset(midnight)
        if shift is not None and shift == place.zone.utcoffset(midnight + timedelta(days=1)):
            start = midnight.replace(tzinfo=UTC) - shift
            found += [start + timedelta(minutes=window.start) for window in windows]
            continue
        # A clock change may land in the middle of a window, or leave a closed day.
        begins, ends = (local_instant(day, minute, place.zone) for minute in (0, MINUTES_A_DAY))
        change = _clock_change(begins, ends, place.zone)
        found += [begins, *([change] if change else [])]
        found += [at for window in windows for at in _wall_times(day, window.start, place.zone)]
    return [at for at in found if at >= after]


def _wall_times(day: date, minute: int, zone: tzinfo) -> tuple[datetime, ...]:
    """The instants at which the wall clock shows a time of a day: mostly one, two where it is repeated."""
    first = local_instant(day, minute, zone)
    naive = datetime.combine(day, time.min) + timedelta(minutes=minute)
    second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (first, second) if second > first else (first,)
