"""By when a dispute is answered: working days of the business calendar, by category (requirements F15, F18)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from ari_app.domain.calendar import Calendar, DayKind
from ari_app.domain.debt.settlement import midnight

#: No calendar closes that many days in a row; beyond, every day counts.
_MOST_DAYS_OFF = 60
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class CategoryTerms:
    """What holds for disputes of one category: an answer within ``days`` working days from ``team``, after that from
    ``escalation``. ``review``: the team is at work at once, nobody has to take the dispute up."""

    days: int
    team: str
    escalation: str
    review: bool = True


@dataclass(frozen=True, slots=True)
class DisputeTable:
    """The terms of every category, and the calendar by which days are counted (None: Monday to Friday)."""

    categories: Mapping[str, CategoryTerms]
    calendar: Calendar | None = field(default=None, repr=False)

    def terms(self, category: str) -> CategoryTerms:
        """The terms of a category; those of ``other`` for one that the table does not know."""
        return self.categories.get(category) or self.categories["other"]

    def answer_by(self, category: str, opened: datetime, zone: tzinfo, promised_days: int | None) -> datetime:
        """The instant by which there has to be an answer: the end of the last day where the customer lives.

        The customer may have been promised an answer within so many working days: the earlier one holds.
        """
        days = self.terms(category).days
        if promised_days is not None:
            days = min(days, max(0, promised_days))
        last = working_day_after(opened.astimezone(zone).date(), days, self.is_working_day)
        return midnight(next_day(last), zone)

    def is_working_day(self, day: date) -> bool:
        """Whether a day counts. Of a year that nobody has confirmed every Monday to Friday does, so that an answer comes
        early rather than late."""
        if self.calendar is None or self.calendar.kind(day) is DayKind.UNCONFIRMED:
            return day.weekday() < _SATURDAY
        return self.calendar.is_working_day(day)


def working_day_after(day: date, count: int, is_working_day: Callable[[date], bool]) -> date:
    """The ``count``-th working day after a day. With 0 the day itself, or the next working day where it is none."""
    if count <= 0 and is_working_day(day):
        return day
    left, off = max(1, count), 0
    while left:
        if day == date.max:
            return day
        day += timedelta(days=1)
        if is_working_day(day) or off >= _MOST_DAYS_OFF:
            left, off = left - 1, 0
        else:
            off += 1
    return day


def next_day(day: date) -> date:
    """The day after; the calendar's last one stays."""
    return day if day == date.max else day + timedelta(days=1)


#: What holds where no table can be read.
DEFAULT_TABLE = DisputeTable(
    {
        "meter": CategoryTerms(5, "field", "field-lead"),
        "bill": CategoryTerms(3, "finance", "finance-lead"),
        "service": CategoryTerms(3, "service", "service-lead", review=False),
        "other": CategoryTerms(3, "audit", "audit-lead", review=False),
    }
)
