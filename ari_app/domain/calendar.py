"""Working days: weekends, statutory holidays and the days worked instead (requirement D5), by year.

The days of a year hold once somebody has confirmed them. China moves days off and makes up for them by a notice late in
the year before, which no arithmetic foretells: a year that is not confirmed is neither open nor a working day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

_SATURDAY = 5


class DayKind(StrEnum):
    """What a day is."""

    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"
    """A day of the weekend that is worked, for a day off elsewhere."""
    UNCONFIRMED = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of a country (ISO 3166-1). ``confirmed`` has for each year who says so; ``holidays`` and ``make_up`` name
    their days.
    """

    name: str
    confirmed: Mapping[int, str]
    holidays: Mapping[date, str] = field(default_factory=dict)
    make_up: Mapping[date, str] = field(default_factory=dict)
    country: str = ""

    def kind(self, day: date) -> DayKind:
        """What a day is; a holiday on a weekend is a holiday."""
        if day.year not in self.confirmed:
            return DayKind.UNCONFIRMED
        if day in self.make_up:
            return DayKind.MAKE_UP
        if day in self.holidays:
            return DayKind.HOLIDAY
        return DayKind.WEEKEND if day.weekday() >= _SATURDAY else DayKind.WORKING

    def is_working_day(self, day: date) -> bool:
        """Whether it is worked; False where nobody has confirmed the year."""
        return self.kind(day) in (DayKind.WORKING, DayKind.MAKE_UP)
