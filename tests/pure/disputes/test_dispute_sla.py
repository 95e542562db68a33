"""By when a dispute is answered: working days, over holidays and year ends."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.disputes.sla import DEFAULT_TABLE, CategoryTerms, DisputeTable, working_day_after
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.services.calendar_file import read_calendar

pytestmark = pytest.mark.pure

CHINA = ZoneInfo("Asia/Shanghai")
CALENDAR = read_calendar(Path(__file__).parents[3] / "dialplan" / "calendars" / "cn.yaml")
TABLE = DisputeTable({"other": CategoryTerms(3, "audit", "audit-lead")}, CALENDAR)
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


def last_day(opened: datetime, days: int, promised: int | None = None) -> date:
    table = DisputeTable({"other": CategoryTerms(days, "a", "b")}, CALENDAR)
    due = table.answer_by("other", opened, CHINA, promised)
    assert due.astimezone(CHINA).time().isoformat() == "00:00:00"
    return (due.astimezone(CHINA) - timedelta(microseconds=1)).date()


@pytest.mark.parametrize(
    ("opened", "days", "last"),
    [
        ("2026-11-23T10:00", 3, "2026-11-26"),
        ("2026-11-26T23:59", 3, "2026-12-01"),  # over a weekend
        ("2026-09-30T10:00", 1, "2026-10-08"),  # over the National Day rest
        ("2026-09-30T10:00", 3, "2026-10-10"),  # the Saturday after it is worked
        ("2026-02-13T10:00", 1, "2026-02-14"),  # a Saturday that is worked, before the Spring Festival
        ("2025-12-31T10:00", 1, "2026-01-04"),  # over the year's end; the Sunday is worked
        ("2026-12-31T10:00", 2, "2027-01-04"),  # nobody has confirmed 2027: each Monday to Friday counts
        ("2026-11-28T10:00", 0, "2026-11-30"),  # the same day is a Saturday
        ("2026-11-23T10:00", 0, "2026-11-23"),
    ],
)
def test_working_days_are_those_of_the_calendar(opened: str, days: int, last: str) -> None:
    at = datetime.fromisoformat(opened).replace(tzinfo=CHINA)
    assert last_day(at, days).isoformat() == last


def test_a_day_is_the_one_where_the_customer_lives() -> None:
    late = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # in China it is Tuesday already
    assert last_day(late, 1) == date(2026, 11, 25)


def test_what_was_promised_in_the_call_holds_where_it_is_earlier() -> None:
    monday = datetime(2026, 11, 23, 10, 0, tzinfo=CHINA)
    assert last_day(monday, 5, promised=3) == date(2026, 11, 26)
    assert last_day(monday, 3, promised=5) == date(2026, 11, 26)


@given(DAYS, st.integers(0, 30))
def test_there_are_exactly_so_many_working_days_up_to_the_last_one(day: date, count: int) -> None:
    last = working_day_after(day, count, TABLE.is_working_day)
    between = [day + timedelta(days=n) for n in range(1, (last - day).days + 1)]
    worked = [each for each in between if TABLE.is_working_day(each)]
    assert last == day or worked[-1] == last
    assert len(worked) == (count if last != day or count else 0) or (count == 0 and len(worked) == 1)


@given(DAYS, st.integers(0, 20), st.integers(0, 20))
def test_more_days_never_end_earlier(day: date, one: int, more: int) -> None:
    at = datetime(day.year, day.month, day.day, 12, tzinfo=CHINA)
    assert last_day(at, one) <= last_day(at, one + more)


def test_a_calendar_that_never_opens_still_gives_a_day() -> None:
    assert working_day_after(date(2026, 1, 1), 2, lambda day: False) < date(2026, 6, 1)
    assert working_day_after(date.max, 2, lambda day: True) == date.max


def test_every_category_has_terms() -> None:
    assert set(DEFAULT_TABLE.categories) == set(DISPUTE_CATEGORIES)
    assert DEFAULT_TABLE.terms("nonsense") == DEFAULT_TABLE.terms("other")
