"""Calling windows on wall clocks that skip, repeat and cross midnight."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.windows import (
    MINUTES_A_DAY,
    Place,
    Window,
    intersect,
    is_open,
    local_instant,
    next_common_opening,
    parse_window,
)
from tests.support.examples import examples

pytestmark = pytest.mark.pure

MINUTE = timedelta(minutes=1)


def next_opening(
    spans: Iterable[Window], after: datetime, zone: tzinfo, closed_days: Iterable[int] = ()
) -> datetime | None:
    """At one place, with the same windows on every day that is not closed."""
    spans, closed = tuple(spans), frozenset(closed_days)
    place = Place(zone, lambda day: () if day.weekday() in closed else spans)
    return next_common_opening([place], after)


#: Clock changes at 02:00, at midnight, at 24:00, by half an hour, across the date; far east, far west, none at all.
ZONES = (
    "Asia/Shanghai", "Asia/Kolkata", "Asia/Urumqi", "America/New_York", "America/St_Johns", "America/Santiago",
    "America/Havana", "America/Nuuk", "America/Sao_Paulo", "Atlantic/Azores", "Africa/Cairo", "Africa/Casablanca",
    "Asia/Beirut", "Asia/Gaza", "Australia/Lord_Howe", "Europe/London", "Europe/Berlin", "Pacific/Apia",
    "Pacific/Chatham", "Pacific/Kiritimati", "Etc/GMT+12", "UTC",
)  # fmt: skip

zones = st.sampled_from(ZONES).map(ZoneInfo)
windows = (
    st.tuples(st.integers(0, MINUTES_A_DAY - 1), st.integers(1, MINUTES_A_DAY))
    .filter(lambda pair: pair[0] < pair[1])
    .map(lambda pair: Window(*pair))
)
weekdays = st.frozensets(st.integers(0, 6))


def _changes() -> list[datetime]:
    """Hours around every clock change of these zones from 2019 to 2031 (found by looking at every day)."""
    found = []
    for name in ZONES:
        zone = ZoneInfo(name)
        at = datetime(2019, 1, 1, tzinfo=UTC)
        while at.year < 2032:
            following = at + timedelta(days=1)
            if at.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
                found.append(at)
            at = following
    return found


NEAR_CHANGES = _changes()

#: Any minute of the years, and many near clock changes, midnights, month ends and the leap day.
instants = st.one_of(
    st.datetimes(datetime(2019, 1, 1), datetime(2032, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.builds(lambda at, minutes: at + minutes * MINUTE, st.sampled_from(NEAR_CHANGES), st.integers(-300, 1740)),
    st.builds(
        lambda day, minutes: datetime.combine(day, time.min, UTC) + minutes * MINUTE,
        st.sampled_from([date(2024, 2, 28), date(2024, 2, 29), date(2026, 2, 28), date(2026, 12, 31)]),
        st.integers(0, 2880),
    ),
)  # fmt: skip


@given(windows)
def test_a_window_is_read_as_it_is_written(window: Window) -> None:
    assert parse_window(str(window)) == window


@given(st.text())
def test_any_text_is_a_window_or_a_clear_error(text: str) -> None:
    try:
        read = str(parse_window(text))
    except ValueError as error:
        read = str(error)
    assert text in read or repr(text) in read


@pytest.mark.parametrize(
    "text",
    ["25:00-26:00", "09:00-24:01", "09:60-10:00", "12:00-09:00", "09:00-09:00", "9:00-10:00", "09:00-10:00 ", "",
     "０９:00-10:00", "22:00-08:00", "-1:00-10:00", "09:00–10:00"],
)  # fmt: skip
def test_what_is_no_window(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|time of day"):
        parse_window(text)


@pytest.mark.parametrize(("start", "end"), [(-1, 5), (5, 5), (6, 5), (0, 1441), (1440, 1441)])
def test_a_window_lies_within_one_day(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="within one day"):
        Window(start, end)


@given(st.lists(windows, max_size=4), st.lists(windows, max_size=4), st.integers(0, MINUTES_A_DAY - 1))
def test_an_intersection_is_what_lies_in_both(left: list[Window], right: list[Window], minute: int) -> None:
    at = time(minute // 60, minute % 60)

    def inside(spans: list[Window]) -> bool:
        return any(span.contains(at) for span in spans)

    both = list(intersect(left, right))
    assert inside(both) == (inside(left) and inside(right))
    assert all(a.end < b.start for a, b in pairwise(both))


@given(st.dates(date(2019, 1, 1), date(2032, 1, 1)), st.integers(0, MINUTES_A_DAY), zones)
def test_a_wall_time_is_reached_at_its_instant_and_not_before(day: date, minute: int, zone: ZoneInfo) -> None:
    _check_instant(day, minute, zone)


@given(st.sampled_from(NEAR_CHANGES), st.integers(-1, 1), st.integers(0, MINUTES_A_DAY), zones)
def test_a_wall_time_near_a_clock_change(at: datetime, days: int, minute: int, zone: ZoneInfo) -> None:
    _check_instant(at.date() + timedelta(days=days), minute, zone)


def _check_instant(day: date, minute: int, zone: ZoneInfo) -> None:
    wanted = datetime.combine(day, time.min) + timedelta(minutes=minute)
    instant = local_instant(day, minute, zone)

    def wall(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None, fold=0)

    assert wall(instant) >= wanted, "earlier than asked"
    assert wall(instant - timedelta(seconds=1)) < wanted, "later than need be"


def test_the_gap_of_spring_ends_when_the_clock_has_jumped() -> None:
    zone = ZoneInfo("America/New_York")
    jump = datetime(2026, 3, 8, 7, 0, tzinfo=UTC)  # 02:00 becomes 03:00
    assert local_instant(date(2026, 3, 8), 2 * 60, zone) == jump
    assert local_instant(date(2026, 3, 8), 2 * 60 + 30, zone) == jump
    assert next_opening([Window(150, 300)], jump - timedelta(hours=3), zone) == jump


def test_the_repeated_hour_of_autumn_opens_twice() -> None:
    zone = ZoneInfo("America/New_York")
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)  # 01:30, and again an hour later
    window = [Window(90, 105)]
    assert next_opening(window, first - timedelta(hours=2), zone) == first
    assert next_opening(window, first + timedelta(minutes=20), zone) == first + timedelta(hours=1)


def test_a_clock_set_back_into_a_window_opens_it_again() -> None:
    zone = ZoneInfo("America/New_York")
    change = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)  # 02:00 becomes 01:00
    assert next_opening([Window(30, 90)], change - timedelta(minutes=20), zone) == change


@given(st.lists(windows, min_size=1, max_size=3), instants, zones, weekdays)
def test_the_next_opening_is_the_first_open_instant(
    spans: list[Window], after: datetime, zone: ZoneInfo, closed: frozenset[int]
) -> None:
    """Compared with a walk over every minute of four days; clock changes and windows lie on whole minutes."""
    opening = next_opening(spans, after, zone, closed_days=closed)

    def is_allowed(at: datetime) -> bool:
        return is_open(spans, at, zone) and at.astimezone(zone).weekday() not in closed

    steps = (after, *(_next_minute(after) + n * MINUTE for n in range(4 * MINUTES_A_DAY)))
    walked = next((at for at in steps if is_allowed(at)), None)
    if walked is not None:
        assert opening == walked
    elif len(closed) == 7:
        assert opening is None
    else:
        assert opening is not None
        assert opening > steps[-1]
        assert is_allowed(opening)


def _next_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0) + MINUTE


@given(instants, zones)
def test_no_window_never_opens(after: datetime, zone: ZoneInfo) -> None:
    assert next_opening([], after, zone) is None


@settings(max_examples=examples(40))
@given(
    st.lists(st.tuples(zones, st.lists(windows, min_size=1, max_size=2), weekdays), min_size=2, max_size=3),
    instants,
)
def test_several_places_open_together_at_the_first_instant_at_which_all_are_open(
    there: list[tuple[ZoneInfo, list[Window], frozenset[int]]], after: datetime
) -> None:
    """Compared with a walk over every fifth minute of three days; every clock change lies on one."""
    spans = [
        (zone, [Window(each.start // 5 * 5, each.start // 5 * 5 + 5) for each in several] + several, closed)
        for zone, several, closed in there
    ]
    places = [
        Place(zone, lambda day, closed=closed, several=several: () if day.weekday() in closed else several)  # type: ignore[misc]
        for zone, several, closed in spans
    ]
    opening = next_common_opening(places, after)
    at = after
    for _ in range(3 * MINUTES_A_DAY // 5):
        if opening is not None and at >= opening:
            break
        for_all = all(
            is_open(several, at, zone) and at.astimezone(zone).weekday() not in closed
            for zone, several, closed in spans
        )
        assert not for_all, at
        at = at.replace(second=0, microsecond=0) + MINUTE * (5 - at.minute % 5)
    if opening is not None:
        assert all(place.is_open(opening) for place in places)
