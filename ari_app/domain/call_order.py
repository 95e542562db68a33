"""Who is called first of all that are due: the priority of the segment, then what a call may be expected to bring.

What is known of an account is kept as one small number (:attr:`CallOrder.code`). Which number goes first depends on the
part of the day: whoever chooses ranks the few numbers there are, and nothing is written anew when the morning is over.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final, Self

from ari_app.domain.verdict import Rule


class DayPart(IntEnum):
    """Parts of a day in which people answer differently; a day off is Saturday or Sunday."""

    MORNING = 0
    AFTERNOON = 1
    EVENING = 2
    DAY_OFF = 3


AFTERNOON_FROM: Final = 12
EVENING_FROM: Final = 17


def part_of(local: datetime) -> DayPart:
    """The part of a day at a local time."""
    if local.weekday() >= 5:
        return DayPart.DAY_OFF
    if local.hour < AFTERNOON_FROM:
        return DayPart.MORNING
    return DayPart.AFTERNOON if local.hour < EVENING_FROM else DayPart.EVENING


class Answering(IntEnum):
    """How a customer answers in a part of the day, against all customers of the campaign."""

    USUAL = 0
    MORE = 1
    LESS = 2

    @property
    def points(self) -> int:
        """-1, 0 or 1."""
        return {Answering.LESS: -1, Answering.USUAL: 0, Answering.MORE: 1}[self]


@dataclass(frozen=True, slots=True)
class Tries:
    """Dials in a part of the day, and how many of them a person answered."""

    dials: int = 0
    answered: int = 0


NO_TRIES: Final = Tries()
#: A campaign of which nothing is known counts as one whose first four dials were answered once.
_FIRST_DIALS, _FIRST_ANSWERS = 4, 1
#: A customer's own tries are added to so many of the campaign.
_USUAL_TRIES = 4
_MORE, _LESS = 1.4, 0.7


def answering(own: Tries, usual: Tries) -> Answering:
    """A customer's expected share of answers, smoothed by the campaign's, against that of the campaign."""
    share = (usual.answered + _FIRST_ANSWERS) / (usual.dials + _FIRST_DIALS)
    expected = (own.answered + _USUAL_TRIES * share) / (own.dials + _USUAL_TRIES)
    if expected >= _MORE * share:
        return Answering.MORE
    return Answering.LESS if expected <= _LESS * share else Answering.USUAL


#: Amounts due, in units of their currency, at which the next class begins.
AMOUNT_CLASSES: Final = (Decimal(50), Decimal(200), Decimal(1000), Decimal(5000))


def amount_class(amount: Decimal) -> int:
    """0 to 4. Total: an odd amount (NaN) is of class 0."""
    return 0 if amount.is_nan() else bisect_right(AMOUNT_CLASSES, amount)


HIGHEST_PRIORITY: Final = 100
#: Each day on which an account came to no turn counts as much as so many steps of priority.
PRIORITY_A_DAY: Final = 15
#: After so many days it goes before everybody else, whatever his priority.
MOST_DAYS: Final = 7

_PARTS = len(DayPart)
_ANSWERS: Final[int] = len(Answering) ** _PARTS
_AMOUNTS = len(AMOUNT_CLASSES) + 1
#: Points run from 0 (the least amount, answers less) to ``_AMOUNTS + 1``.
_POINTS = _AMOUNTS + 2
_FIRST_OF_ALL = (HIGHEST_PRIORITY + PRIORITY_A_DAY * MOST_DAYS) * _POINTS
_LAST_OF_ALL = -1


@dataclass(frozen=True, slots=True)
class CallOrder:
    """What decides about the place of an account among those that are due.

    ``priority`` is that of its segment (0 to 100), ``amount`` the class of what is due, ``answers`` how the customer
    answers by :class:`DayPart`, ``days`` on how many days (at most ``MOST_DAYS``) it was due and came to no turn.
    ``put_off``: its trunk had no line when its turn came, so everybody else goes first: nobody of another trunk waits
    behind it.
    """

    priority: int = 0
    amount: int = 0
    answers: tuple[Answering, ...] = (Answering.USUAL,) * _PARTS
    days: int = 0
    put_off: bool = False

    @property
    def code(self) -> int:
        """One number for it, 0 or more; 0 is an account of which nothing is known."""
        answers = 0
        for each in reversed(self.answers):
            answers = answers * len(Answering) + each
        waited = self.put_off * (MOST_DAYS + 1) + self.days
        return (
            (waited * (HIGHEST_PRIORITY + 1) + self.priority) * _AMOUNTS + self.amount
        ) * _ANSWERS + answers

    @classmethod
    def of_code(cls, code: int) -> Self:
        """The order that ``code`` stands for; a number beyond all codes was put off."""
        code, answers = divmod(max(0, code), _ANSWERS)
        code, amount = divmod(code, _AMOUNTS)
        waited, priority = divmod(code, HIGHEST_PRIORITY + 1)
        put_off, days = divmod(waited, MOST_DAYS + 1)
        found = []
        for _ in range(_PARTS):
            answers, each = divmod(answers, len(Answering))
            found.append(Answering(each))
        return cls(priority, amount, tuple(found), days, put_off > 0)

    def rank(self, part: DayPart) -> int:
        """The higher, the earlier in this part of the day. Among equals the one that is due longest goes first."""
        if self.put_off:
            return _LAST_OF_ALL
        if self.days >= MOST_DAYS:
            return _FIRST_OF_ALL
        lifted = self.priority + PRIORITY_A_DAY * self.days
        return lifted * _POINTS + self.amount + 1 + self.answers[part].points


#: Refusals that end with the next opening of the windows: whoever was still due then has lost his turn of that day.
TURN_LOST: Final = frozenset(
    {Rule.NO_CALLER_ID, Rule.HOLIDAY, Rule.CLOSED_DAY, Rule.HARD_FLOOR, Rule.CALLING_WINDOW}
)


def days_lost(since: datetime, now: datetime) -> int:
    """Days between the first turn that was lost and ``now``, rounded, at most ``MOST_DAYS``."""
    return max(0, min(MOST_DAYS, (now - since + timedelta(hours=12)) // timedelta(days=1)))
