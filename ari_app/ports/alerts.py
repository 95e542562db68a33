"""Alerts: kept, moved, told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Protocol

from ari_app.domain.alerts.alert import AlertState, Severity, Signal
from ari_app.domain.alerts.rules import AlertBook


@dataclass(frozen=True, slots=True)
class AlertRecord:
    """An alert as it stands. ``subject`` names what it is about: a bill, a customer, a campaign, an endpoint, or ``*``."""

    alert_id: str
    rule: str
    subject: str
    severity: Severity
    text: str
    state: AlertState
    count: int
    raised_at: datetime
    last_at: datetime
    ack_due: datetime
    contact_due: datetime | None
    level: int
    overdue: bool
    campaign_id: str = ""
    taken_by: str = ""
    closed_at: datetime | None = None
    closed_by: str = ""
    closed_why: str = ""


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """One line of what was done about an alert."""

    at: datetime
    by: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """Whom an alert was told. ``receipt`` is what took it said, or why it could not be told."""

    level: int
    person: str
    address: str
    copy: bool
    state: str
    tries: int
    receipt: str
    told_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlertStory:
    """An alert with its whole record."""

    alert: AlertRecord
    entries: tuple[AlertEntry, ...]
    notices: tuple[AlertNotice, ...]


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice to be told now."""

    id: int
    alert_id: str
    level: int
    person: str
    address: str = field(repr=False)
    copy: bool
    tries: int
    rule: str
    severity: Severity
    text: str
    subject: str
    count: int
    state: AlertState
    raised_at: datetime
    ack_due: datetime
    contact_due: datetime | None


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a wish of a person's. ``refused`` says why it was not done, '' where it was."""

    alert: AlertRecord | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class HandRaised:
    """An alert that a person or another system raises. ``customer_id`` '': it is about nobody in particular."""

    text: str
    severity: Severity
    by: str
    customer_id: str = ""
    contact_hours: float | None = None


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are listed; None: any."""

    closed: bool = False
    overdue: bool = False
    severity: Severity | None = None
    rule: str | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class AlertCount:
    """How many alerts of a severity are not closed, and of how many a deadline has passed."""

    open: int = 0
    overdue: int = 0


class Alerts(Protocol):
    """Every method is one transaction, or several short ones where it says so; events are written in the same."""

    async def read_events(self, book: AlertBook, now: datetime, most: int = 500) -> int:
        """Let the rules look at events that are new since the last time; how many there were.

        What they raise and how far they have looked are one transaction: nothing is missed, and nothing raised twice.
        """
        ...

    async def sweep(self, book: AlertBook, now: datetime, zone: tzinfo) -> int:
        """Let the rules look at how accounts stand and at figures, in short transactions; how many alerts were raised."""
        ...

    async def escalate(self, book: AlertBook, now: datetime) -> int:
        """Tell the next of the chain where a deadline has passed; how many alerts that were."""
        ...

    async def signal(
        self, alert_id: str, signal: Signal, by: str, text: str, book: AlertBook, now: datetime
    ) -> Moved:
        """What a person does: acknowledge, note, contact, close."""
        ...

    async def raise_by_hand(self, wish: HandRaised, book: AlertBook, now: datetime) -> AlertRecord | None:
        """What no rule can know (an outside report, a complaint in public); None: there is no such customer."""
        ...

    async def alerts(self, wanted: AlertFilter, now: datetime) -> list[AlertRecord]: ...

    async def story(self, alert_id: str, now: datetime) -> AlertStory | None: ...

    async def counts(self, now: datetime) -> Mapping[Severity, AlertCount]: ...

    async def due_notices(self, now: datetime, most: int = 50) -> Sequence[DueNotice]: ...

    async def told(self, notice: DueNotice, receipt: str, now: datetime) -> None:
        """A notice was taken; ``receipt`` is what whoever took it said."""
        ...

    async def not_told(self, notice: DueNotice, why: str, again_at: datetime | None, now: datetime) -> None:
        """A notice was not taken; None: it is not tried again."""
        ...


class Notifier(Protocol):
    """Tells people of alerts."""

    async def tell(self, notice: DueNotice) -> str:
        """The receipt of whoever took it. Raises NotTold."""
        ...
