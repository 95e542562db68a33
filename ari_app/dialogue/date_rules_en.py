"""English: what a matched date phrase means, seen from the day of the call; each rule may say that nobody can know."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue.date_words_en import CARDINALS, MONTHS, ORDINALS, WEEKDAYS, count

_FAR = timedelta(days=270)
DateRule = Callable[[re.Match[str], date, bool], date | None]


def offset(days: int) -> DateRule:
    return lambda match, today, past: when.in_days(today, days)


def nobody_knows(match: re.Match[str], today: date, past: bool) -> date | None:
    return None


def in_units(match: re.Match[str], today: date, past: bool) -> date | None:
    many = count(match["n"])
    if many is None:
        return None
    if match["unit"].startswith("month"):
        return when.in_months(today, many)
    return when.in_days(today, many * (7 if match["unit"].startswith("week") else 1))


def ago(match: re.Match[str], today: date, past: bool) -> date | None:
    many = count(match["n"])
    if many is None:
        return None
    if match["unit"].startswith("month"):
        return when.in_months(today, -many)
    return when.in_days(today, -many * (7 if match["unit"].startswith("week") else 1))


def weekday(match: re.Match[str], today: date, past: bool) -> date | None:
    number = WEEKDAYS[match["day"]]
    which = match["which"] or ""
    week = {"next": 1, "last": -1, "this": 0}.get(which)
    if week is None and number == today.weekday() and which != "coming" and not past:
        return None  # today or in a week: nobody can tell
    if which == "last" and number == today.weekday():
        return when.in_days(today, -7)
    return when.weekday(today, number, week=week, past=past)


def weekday_gone(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.weekday(today, WEEKDAYS[match["day"]], past=True)


def weekday_in(week: int) -> DateRule:
    return lambda match, today, past: when.weekday(today, WEEKDAYS[match["day"]], week=week)


def weekday_and(days: int) -> DateRule:
    """A weekday and so many days more; with "next" in between counted from the nearest one all the same."""
    return lambda match, today, past: when.in_days(when.weekday(today, WEEKDAYS[match["day"]]), days)


def _nth(match: re.Match[str]) -> int:
    text = match["nth"]
    return (
        ORDINALS.get(text)
        or CARDINALS.get(text)
        or int("".join(character for character in text if character.isdigit()))
    )


def day(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.day_of_month(today, _nth(match), past=past)


def day_of(match: re.Match[str], today: date, past: bool) -> date | None:
    months = {"next": 1, "following": 1, "coming": 1, "last": -1}.get(match["which"], 0)
    return when.day_of_month(today, _nth(match), months=months, past=past)


def month_and_day(match: re.Match[str], today: date, past: bool) -> date | None:
    groups = match.groupdict()
    number = groups.get("number")
    day = (CARDINALS.get(number) or int(number)) if number else _nth(match)
    if not day:
        return None
    value = when.month_day(today, MONTHS[match["month"]], day, past=past)
    if value is not None and value - today > _FAR:
        return when.month_day(today, MONTHS[match["month"]], day, past=True)  # nobody promises so far ahead
    return value


def month_end(match: re.Match[str], today: date, past: bool) -> date | None:
    which = match["which"] or ""
    if which in MONTHS:
        month = MONTHS[which]
        return when.end_of_month(
            today, months=(month - today.month) % 12 - 12 * (past and month != today.month)
        )
    return when.end_of_month(
        today, months={"next": 1, "following": 1, "last": -1}.get(which.split(" ")[0], 0)
    )


def week_end(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.in_days(when.end_of_week(today), 7 if match["which"] else 0)


def this_week_end(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.end_of_week(today)


def this_month_end(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.end_of_month(today)


def weekday_of_month(match: re.Match[str], today: date, past: bool) -> date | None:
    """The last friday of the month, the first monday in april."""
    which = match["which"]
    end = when.end_of_month(today, month=MONTHS.get(which), months=which.startswith(("next", "following")))
    number, place = WEEKDAYS[match["day"]], match["place"]
    if place == "last":
        return end - timedelta((end.weekday() - number) % 7)
    first = end.replace(day=1)
    week = ("first", "second", "third", "fourth").index(place)
    return first + timedelta((number - first.weekday()) % 7 + 7 * week)
