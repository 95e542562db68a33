"""How old a debt is: by days overdue, or by the bank's M-stages (requirements B2 to B4, X11).

M-stages count bills that were left unpaid, not days: M0 until the second bill is made, M1 until its last day of payment,
M2 and M3 until those of the third and the fourth bill, M4+ after that. Bills are taken to fall due monthly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from ari_app.domain.account import DAY_BUCKETS
from ari_app.domain.plan import monthly_dates


class Scheme(StrEnum):
    """How buckets are told apart."""

    DAYS = "days"
    M_STAGE = "m-stage"


M_STAGES: tuple[str, ...] = ("M0", "M1", "M2", "M3", "M4+")

#: Days from a bill to its due date where nobody says another number.
USUAL_PAY_DAYS = 20
#: More would put the second bill before the first one's due date.
MOST_PAY_DAYS = 27


@dataclass(frozen=True, slots=True)
class Aging:
    """A scheme of aging buckets.

    ``buckets`` of the day scheme: name, first and last day overdue, both inclusive; they follow each other without a gap
    (``aging_fault``). ``pay_days`` is how long before its due date a bill is made, 1 to ``MOST_PAY_DAYS``.
    """

    scheme: Scheme = Scheme.DAYS
    buckets: tuple[tuple[str, int, int], ...] = DAY_BUCKETS
    pay_days: int = USUAL_PAY_DAYS

    @property
    def names(self) -> tuple[str, ...]:
        """The buckets, youngest first."""
        return M_STAGES if self.scheme is Scheme.M_STAGE else tuple(name for name, _, _ in self.buckets)

    def bucket(self, due_date: date, today: date) -> str:
        """The bucket of a bill on a local day; every day has one."""
        if self.scheme is Scheme.DAYS and today < date.max:  # where the calendar ends, every bucket has begun
            overdue, found = (today - due_date).days, self.buckets[0][0]
            for name, first, _ in self.buckets[1:]:
                if first > overdue:
                    break
                found = name
            return found
        begun = [name for name in self.names if self.first_day(name, due_date) <= today]
        return begun[-1] if begun else self.names[0]

    def first_day(self, name: str, due_date: date) -> date:
        """The day on which a bill comes into a bucket; ``date.min`` for the youngest, KeyError for an unknown one."""
        position = dict(zip(self.names, range(len(self.names)), strict=True))[name]
        if position == 0:
            return date.min
        if self.scheme is Scheme.M_STAGE:
            return self._stage_begins(position, due_date)
        return days_later(due_date, self.buckets[position][1])

    def first_days(self, due_date: date) -> tuple[date, ...]:
        """``first_day`` of every bucket, in their order."""
        if self.scheme is Scheme.DAYS:
            return (date.min, *(days_later(due_date, first) for _, first, _ in self.buckets[1:]))
        return tuple(self.first_day(name, due_date) for name in self.names)

    def bill_on(self, due_date: date) -> date:
        """The day on which the bill was made."""
        return days_later(due_date, -self.pay_days)

    def _stage_begins(self, stage: int, due_date: date) -> date:
        try:
            last_days = monthly_dates(due_date, max(2, stage))
        except ValueError:  # the calendar ends before that bill
            return date.max
        if stage == 1:
            return days_later(last_days[1], -self.pay_days)
        return days_later(last_days[stage - 1], 1)


USUAL_AGING = Aging()


def aging_fault(buckets: tuple[tuple[str, int, int], ...]) -> str:
    """What is wrong with the buckets of a day scheme; '' when each day has exactly one."""
    if not buckets:
        return "there is no bucket"
    for position, (name, first, last) in enumerate(buckets):
        if first > last:
            return f"the bucket {name} ends on day {last}, before it begins on day {first}"
        if position == 0:
            continue
        before, _, end = buckets[position - 1]
        if first <= end:
            return f"the buckets {before} and {name} both have day {first}"
        if first > end + 1:
            return f"no bucket has day {end + 1}, between {before} and {name}"
    return ""


def days_later(day: date, days: int) -> date:
    """A day of the calendar; its first or last one where it would leave it."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return date.max if days > 0 else date.min
