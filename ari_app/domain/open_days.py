"""Which days a rule pack and a campaign leave open, by the calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from ari_app.domain.calendar import Calendar, DayKind
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.rule_pack import Closing, PackVersion
from ari_app.domain.verdict import Rule

WEEKEND = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class Days:
    """Which days are open, and what they are."""

    kind: Callable[[date], DayKind]
    holidays_open: bool
    closed_weekdays: frozenset[int]

    def closed_by(self, day: date) -> Rule | None:
        """The rule that closes a whole day; None for an open one.

        A weekday that the campaign closes is closed also where the pack would leave it open; only a day of the weekend that
        is worked is open whatever is said of its weekday.
        """
        return self.closed_on(day, self.kind(day))

    def closed_on(self, day: date, kind: DayKind) -> Rule | None:
        """The same for a day whose kind is known."""
        if kind is DayKind.UNCONFIRMED:
            return Rule.UNCONFIRMED_YEAR
        if kind is DayKind.MAKE_UP:
            return None
        if kind is DayKind.HOLIDAY and not self.holidays_open:
            return Rule.HOLIDAY
        return Rule.CLOSED_DAY if day.weekday() in self.closed_weekdays else None


@lru_cache(maxsize=1024)
def _closed_weekdays(wanted: tuple[int, ...], weekends: bool) -> frozenset[int]:
    return frozenset(wanted) | (WEEKEND if weekends else frozenset())


def days_of(version: PackVersion, strategy: CampaignStrategy, calendar: Calendar) -> Days:
    """The days that pack, campaign and calendar leave open."""
    holidays = version.holidays.closing
    return Days(
        calendar.kind,
        holidays is Closing.OPEN or (holidays is Closing.UNLESS_OPENED and strategy.open_holidays),
        _closed_weekdays(strategy.closed_weekdays, version.weekends.closing is Closing.ALWAYS),
    )
