"""Rule packs: what the law and a trade allow, as dated values, each with its source (see docs/compliance.md).

A pack has versions; in force on a day is the latest one whose ``since`` is not after it. Versions are never edited: a
change of the law is a new one, so that stored verdicts keep naming the numbers by which they were decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from ari_app.domain.calendar import Calendar
from ari_app.domain.windows import Window


class Closing(StrEnum):
    """What a pack says about a kind of days."""

    OPEN = "open"
    UNLESS_OPENED = "unless_opened"
    """Closed, but a strategy may open them."""
    ALWAYS = "always"
    """Closed whatever a strategy says."""


class CountsBy(StrEnum):
    """Whose contacts a limit counts."""

    CUSTOMER = "customer"
    DEBT = "debt"


@dataclass(frozen=True, slots=True)
class Hours:
    """When a call may begin, local time of the customer; ``source`` names law and article."""

    working: tuple[Window, ...]
    weekend: tuple[Window, ...]
    holiday: tuple[Window, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Closed:
    """Whether days of a kind are closed."""

    closing: Closing
    source: str


@dataclass(frozen=True, slots=True)
class Cap:
    """At most ``usual``, unless a strategy says another number; never more than ``hard``."""

    usual: int
    hard: int
    source: str

    def __post_init__(self) -> None:
        if not 0 <= self.usual <= self.hard:
            raise ValueError(f"the usual number {self.usual} is not within 0 to the hard number {self.hard}")

    def at_most(self, wanted: int | None = None) -> int:
        """The number that holds for a strategy that wants ``wanted`` (None: it says nothing)."""
        return self.usual if wanted is None else max(0, min(wanted, self.hard))


@dataclass(frozen=True, slots=True)
class Limit:
    """A plain number, counted by customer or by debt."""

    value: float
    source: str
    counts_by: CountsBy = CountsBy.CUSTOMER


@dataclass(frozen=True, slots=True)
class Demand:
    """Something that is asked for, or is not."""

    wanted: bool
    source: str


@dataclass(frozen=True, slots=True)
class PackVersion:
    """The rules of a pack from a day on; a limit that is None does not exist there.

    ``dials_per_week`` counts from Monday to Sunday, ``dials_per_7_days`` today and the six days before. After a talk
    ``quiet_days`` pass, its own day being the first. ``reminders_per_week`` counts, over seven days, what rings or
    interrupts up to the due date. ``consent_required``: nobody is called whose consent is not on record.
    ``opt_out_in_messages``: each message says how to end them.
    """

    version: str
    since: date
    hours: Hours
    weekends: Closed
    holidays: Closed
    dials_per_day: Cap
    attempts_per_task: Cap
    min_gap_minutes: Limit
    dials_per_week: Cap | None = None
    dials_per_7_days: Limit | None = None
    quiet_days: Limit | None = None
    conversations_per_day: Limit | None = None
    reminders_per_week: Limit | None = None
    ring_at_least_s: Limit | None = None
    abandon_share: Limit | None = None
    first_contact_by_message: Demand | None = None
    consent_required: Demand | None = None
    opt_out_in_messages: Demand | None = None


@dataclass(frozen=True, slots=True)
class RulePack:
    """A pack; ``versions`` ascend by their day, ``calendar`` is the name of the one that tells working days."""

    name: str
    title: str
    calendar: str
    versions: tuple[PackVersion, ...]

    def in_force(self, day: date) -> PackVersion | None:
        """The version that holds on a day; None before the first one."""
        for each in reversed(self.versions):
            if each.since <= day:
                return each
        return None

    def changes_after(self, day: date) -> date | None:
        """The next day after ``day`` from which another version holds; None when there is none."""
        return next((each.since for each in self.versions if each.since > day), None)


@dataclass(frozen=True, slots=True)
class Rules:
    """A pack together with the calendar that it names."""

    pack: RulePack
    calendar: Calendar


@dataclass(frozen=True, slots=True)
class RuleBook:
    """Every pack by name; ``faults`` tells of those that cannot be read. Nobody is called by such a one."""

    rules: Mapping[str, Rules]
    faults: Mapping[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Rules | str:
        """The rules of a name, or why there are none."""
        found = self.rules.get(name)
        if found is not None:
            return found
        return self.faults.get(name, f"there is no rule pack {name!r}")
