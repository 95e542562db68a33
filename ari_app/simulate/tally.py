"""What a simulation adds up, shard by shard: whole numbers and sums that can be joined in any order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from decimal import Decimal
from enum import IntEnum


class Stage(IntEnum):
    """How far an account came; whoever came to a stage has passed those before it."""

    ACCOUNTS = 0
    CONTACTED = 1
    DIALLED = 2
    ANSWERED = 3
    RIGHT_PARTY = 4
    PROMISE = 5
    PROMISE_KEPT = 6


#: Rules that hold back for a number or a time, told apart in the report.
CAPS = frozenset(
    {
        "minimum_gap",
        "quiet_after_conversation",
        "conversation_cap",
        "daily_cap",
        "weekly_cap",
        "seven_day_cap",
        "reminder_cap",
        "max_attempts",
    }
)


@dataclass(slots=True)
class Tally:
    """Counts of one shard, or of all. Money is in hundredths of the currency; days and hours count from the start.

    ``reached`` has the accounts by the last stage that they came to; ``dials_by_hour`` and ``answers_by_hour`` are by the
    customer's weekday and hour (168). ``refusals`` are by the moment and rule: ``plan:daily_cap``; ``capped`` the accounts
    that a cap has held back at least once. ``work`` has for each task of a person when it came up (hours from the start)
    and how many minutes it takes.
    """

    reached: Counter[int] = field(default_factory=Counter)
    dispositions: Counter[str] = field(default_factory=Counter)
    dials_by_hour: Counter[int] = field(default_factory=Counter)
    answers_by_hour: Counter[int] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    capped: Counter[str] = field(default_factory=Counter)
    dials_by_day: Counter[int] = field(default_factory=Counter)
    messages_by_day: Counter[int] = field(default_factory=Counter)
    line_seconds_by_hour: Counter[int] = field(default_factory=Counter)
    billed_minutes: int = 0
    talk_seconds: float = 0.0
    verdicts: int = 0
    events: Counter[str] = field(default_factory=Counter)
    recovered_by_day: Counter[int] = field(default_factory=Counter)
    recovered_after_contact: int = 0
    paid_accounts: int = 0
    due: Counter[str] = field(default_factory=Counter)
    recovered: Counter[str] = field(default_factory=Counter)
    accounts_by_type: Counter[str] = field(default_factory=Counter)
    customers: int = 0
    by_step: Counter[str] = field(default_factory=Counter)
    work: list[tuple[float, float]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take the counts of another shard in."""
        for each in fields(self):
            name = each.name
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, Counter):
                mine.update(theirs)
            elif isinstance(mine, list):
                mine.extend(theirs)
            else:
                setattr(self, name, mine + theirs)

    @property
    def dials(self) -> int:
        """Dials, all days together."""
        return self.dials_by_day.total()

    @property
    def messages(self) -> int:
        """Messages, all days together."""
        return self.messages_by_day.total()

    def funnel(self) -> dict[str, int]:
        """Accounts that came at least so far."""
        return {
            stage.name.lower(): sum(self.reached[later] for later in Stage if later >= stage)
            for stage in Stage
        }


def hundredths(amount: Decimal) -> int:
    """An amount with two decimals as a whole number."""
    return int(amount * 100)
