"""English dates: what each family of phrases means on Wednesday 2026-03-11."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.date_words_en import ORDINALS, WEEKDAYS
from ari_app.dialogue.dates_en import find_dates
from ari_app.dialogue.dates_sense_en import meant_dates
from ari_app.dialogue.normal_en import normalise_en

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 11)

#: One line a convention: what was said, and the days (month-day) in spoken order; "?" for a date that nobody can know.
SAID = (
    # Weekdays.
    ("friday", "03-13"),
    ("this friday", "03-13"),
    ("next friday", "03-20"),
    ("coming monday", "03-16"),
    ("friday week", "03-20"),
    ("a week on monday", "03-23"),
    ("a week from friday", "03-20"),
    ("a fortnight on monday", "03-30"),
    ("the tuesday after next", "03-24"),
    ("tuesday of next week", "03-17"),
    ("next week thursday", "03-19"),
    ("wednesday", "?"),
    ("wednesday the eighteenth", "03-18"),
    ("thursday the nineteenth", "03-19"),
    ("monday the twenty third of march", "03-23"),
    # Days of the month.
    ("the twentieth", "03-20"),
    ("twentieth is okay", "03-20"),
    ("on the fifth", "04-05"),
    ("on the sixteen", "03-16"),
    ("the 25th", "03-25"),
    ("march twentieth", "03-20"),
    ("march the twentieth", "03-20"),
    ("the twentieth of march", "03-20"),
    ("5 april", "04-05"),
    ("3/20", "03-20"),
    ("the first of next month", "04-01"),
    ("next month on the fifth", "04-05"),
    ("the second of april twenty twenty six", "04-02"),
    # Ends.
    ("end of the month", "03-31"),
    ("by month end", "03-31"),
    ("the end of next month", "04-30"),
    ("end of april", "04-30"),
    ("by the end of the week", "03-15"),
    ("the end of next week", "03-22"),
    ("this weekend", "?"),
    ("next month", "?"),
    # Lengths of time.
    ("tomorrow", "03-12"),
    ("the day after tomorrow", "03-13"),
    ("in ten days", "03-21"),
    ("within five days", "03-16"),
    ("in three weeks time", "04-01"),
    ("three weeks from today", "04-01"),
    ("a couple of days", "03-13"),
    ("couple weeks", "03-25"),
    ("give me a fortnight", "03-25"),
    ("one month from now", "04-11"),
    ("half a month", "03-26"),
    ("a week tomorrow", "03-19"),
    ("in a few days", "?"),
    # Later by some time: from now or from the due date.
    ("could you push it back two weeks", "?"),
    ("extend it by a month", "?"),
    ("can i have another month", "?"),
    # Not the day to pay.
    ("the first payment", ""),
    ("i have been off work for three weeks", ""),
    ("the second call this week", ""),
    ("that is the third time", ""),
    # Refused and corrected.
    ("not friday monday", "03-16"),
    ("any day bar friday so saturday", "03-14"),
    ("friday is too early can we say tuesday", "03-17"),
    ("tomorrow does not work for me the twentieth does", "03-20"),
    ("tuesday no sorry thursday", "03-12"),
    ("monday i mean tuesday", "03-17"),
    ("i can not do it on monday but friday is fine", "03-13"),
    ("why not friday", "03-13"),
    ("not until the twentieth", "03-20"),
    # The day of the wages is not the day of the payment.
    ("i get my pension on the fourth so i will pay on the fifth", "04-05"),
    # Several.
    ("half on friday and half on the thirtieth", "03-13 03-30"),
    ("saturday or sunday", "03-14 03-15"),
    # As recognisers write them.
    ("friday weak", "03-20"),
    ("buy the end of the weak", "03-15"),
    ("on the twenty forth", "03-24"),
    ("two morrow", "03-12"),
    ("to day", "03-11"),
    ("next when's day", "03-18"),
    ("a for tonight", "03-25"),
    ("in two moths", "05-11"),
)

DONE = (
    ("i paid on monday", "03-09"),
    ("paid it on the third", "03-03"),
    ("i sent it on the twentieth", "02-20"),
    ("last friday", "03-06"),
    ("the day before yesterday", "03-09"),
    ("three days ago", "03-08"),
    ("two weeks ago", "02-25"),
    ("friday just gone", "03-06"),
    ("on the twenty eighth of february", "02-28"),
    ("it went through on tuesday and i will pay the rest on friday", "03-10 03-13"),
    ("i paid half on the second and the rest will go out on the twenty fifth", "03-02 03-25"),
)


def days(text: str, *, past: bool = False) -> str:
    """The days that are meant, as the table writes them."""
    text = normalise_en(text)
    spans = meant_dates(text, find_dates(text, TODAY, past))
    told = dict.fromkeys(f"{span.value:%m-%d}" for span in spans if span.value is not None)
    return " ".join(told) or ("?" if spans else "")


@pytest.mark.parametrize(("text", "expected"), SAID, ids=[row[0] for row in SAID])
def test_a_date_is_understood(text: str, expected: str) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(("text", "expected"), DONE, ids=[row[0] for row in DONE])
def test_what_was_done_lies_behind(text: str, expected: str) -> None:
    assert days(text, past=True) == expected


@given(st.sampled_from(sorted(WEEKDAYS)), st.dates(date(2026, 1, 1), date(2027, 12, 31)))
def test_a_bare_weekday_comes_within_a_week_and_next_is_in_the_next_calendar_week(
    name: str, today: date
) -> None:
    (bare,) = find_dates(name, today, past=False)
    (following,) = find_dates(f"next {name}", today, past=False)
    if bare.value is None:
        assert today.weekday() == WEEKDAYS[name]
    else:
        assert bare.value.weekday() == WEEKDAYS[name]
        assert timedelta(0) < bare.value - today < timedelta(7)
    monday = today + timedelta(7 - today.weekday())
    assert following.value is not None
    assert timedelta(0) <= following.value - monday < timedelta(7)


@given(st.sampled_from(sorted(ORDINALS)), st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.booleans())
def test_a_day_of_the_month_is_the_nearest_on_its_side(word: str, today: date, past: bool) -> None:
    (span,) = find_dates(f"on the {word}", today, past)
    if span.value is not None:
        assert span.value.day == ORDINALS[word]
        assert (span.value <= today) if past else (span.value >= today)


@given(st.integers(1, 90), st.sampled_from(["days", "weeks", "months"]))
def test_a_length_of_time_counts_from_now(count: int, unit: str) -> None:
    (span,) = find_dates(f"in {count} {unit}", TODAY, past=False)
    if span.value is not None:
        assert span.value > TODAY
        assert unit == "months" or span.value == TODAY + timedelta(count * (7 if unit == "weeks" else 1))


@given(
    st.lists(
        st.sampled_from(
            [
                "on",
                "the",
                "next",
                "friday",
                "week",
                "twenty",
                "first",
                "march",
                "of",
                "end",
                "month",
                "not",
                "no",
                "in",
                "two",
                "days",
            ]
        )
    )
)
def test_spans_stand_in_order_and_do_not_overlap(words: list[str]) -> None:
    spans = find_dates(" ".join(words), TODAY, past=False)
    assert all(one.end <= other.start for one, other in pairwise(spans))
