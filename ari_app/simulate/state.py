"""Whoever is simulated, as things stand: customers, their telephone numbers, their accounts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache

from ari_app.domain.account import Account
from ari_app.domain.compliance import zone_of
from ari_app.domain.contact_facts import Contact, ListEntry, StandingFlag
from ari_app.domain.segment import Segment
from ari_app.domain.triggers import DueStep
from ari_app.domain.windows import Window

#: Microseconds since 1970, UTC: the clock of the simulation.
Instant = int

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@lru_cache(maxsize=64)  # one deed asks for its instant several times
def moment(at: Instant) -> datetime:
    """An instant as the rules know it (UTC)."""
    return _EPOCH + timedelta(microseconds=at)


def instant(at: datetime) -> Instant:
    """The other way."""
    return (at - _EPOCH) // _TICK


@dataclass(eq=False, slots=True)
class Phone:
    """A number. ``condition``: good, empty (nobody's), wrong (somebody else's) or suspended. ``dead``: the disposition by
    which it is never dialled again. ``people`` are all customers who gave it.
    """

    number: str
    condition: str = "good"
    dead: str | None = None
    listed: list[ListEntry] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Person:
    """A customer. ``contacts`` ascend by time, over all accounts. ``busy``: an attempt for him is open."""

    customer_id: str
    phone: Phone
    age_band: str = ""
    region: str = ""
    risk_level: str = ""
    wishes: tuple[Window, ...] = ()
    contacts: list[Contact] = field(default_factory=list)
    listed: list[ListEntry] = field(default_factory=list)
    flags: list[StandingFlag] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)
    busy: bool = False
    consent: bool = True
    dnc: bool = False


@dataclass(eq=False, slots=True)
class Debt:
    """An account in the campaign.

    ``state``: waiting (the next attempt is planned), open (an attempt is under way), idle (the attempts of a step are used;
    a later step may come) or done. ``due_at`` is when a waiting one is looked at next, None while a refusal stands that
    only a change ends (``refused_by``); ``planned_at`` when it is wanted. ``step`` is the call step that is under way,
    ``dials`` how many dials were made by segment and step. ``zone`` is where the customer lives.
    """

    account: Account
    person: Person
    phone: Phone
    zones: tuple[str, ...]
    debt_type: str
    state: str = "idle"
    step: DueStep | None = None
    planned_at: Instant = 0
    due_at: Instant | None = None
    refused_by: str | None = None
    dials_made: int = 0
    dials: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_dialled_at: datetime | None = None
    contacted: bool = False
    paid: bool = False
    suspended: bool = False
    promised: date | None = None
    reached: int = 0
    """How far it has come in the funnel (``tally.Stage``)."""
    day: date | None = None
    segment: Segment | None = None
    """The segment of the strategy on ``day``, once it has been asked; None after a change of the account."""
    bucket: str = ""
    """The bucket that ``segment`` was found for."""
    zone: tzinfo = field(init=False)

    def __post_init__(self) -> None:
        self.zone = zone_of(self.account.timezone) or UTC

    @property
    def under_way(self) -> tuple[str, str]:
        """Segment and step of the calls that are under way."""
        return ("", "") if self.step is None else (self.step.segment.name, self.step.step.name)

    def dialled_in(self, segment: str) -> int:
        """The dials of a segment."""
        total = 0
        for (name, _), count in self.dials.items():
            if name == segment:
                total += count
        return total

    @property
    def over(self) -> bool:
        """Whether nothing more is to be done."""
        return self.paid or self.state == "done"
