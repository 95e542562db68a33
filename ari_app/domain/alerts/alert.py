"""An alert from the moment it is raised until a person has dealt with it: one literal table, and its deadlines.

Deadlines run on the wall clock, nights and holidays included (P1: 4 hours, P2: 24 hours until somebody takes it on). A
high-risk case has a second one: within 24 hours a person has spoken to the customer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Severity(StrEnum):
    """How soon somebody has to take an alert on."""

    P1 = "P1"
    P2 = "P2"

    @property
    def hours(self) -> float:
        return 4.0 if self is Severity.P1 else 24.0


class AlertState(StrEnum):
    """Where an alert stands."""

    OPEN = "open"
    """Nobody has taken it on."""
    ACKNOWLEDGED = "acknowledged"
    CLOSED = "closed"


class Signal(StrEnum):
    """What happens to an alert."""

    AGAIN = "again"
    """Its cause came once more."""
    ACKNOWLEDGE = "acknowledge"
    OVERDUE = "overdue"
    """A deadline has passed: the next of the chain is told."""
    NOTE = "note"
    CONTACT = "contact"
    """A person has spoken to the customer."""
    CLOSE = "close"
    GONE = "gone"
    """Its cause is gone by itself."""


ALERT: Final[Mapping[tuple[AlertState, Signal], AlertState]] = MappingProxyType(
    {
        (AlertState.OPEN, Signal.AGAIN): AlertState.OPEN,
        (AlertState.OPEN, Signal.ACKNOWLEDGE): AlertState.ACKNOWLEDGED,
        (AlertState.OPEN, Signal.OVERDUE): AlertState.OPEN,
        (AlertState.OPEN, Signal.NOTE): AlertState.OPEN,
        (AlertState.OPEN, Signal.CONTACT): AlertState.CLOSED,
        (AlertState.OPEN, Signal.CLOSE): AlertState.CLOSED,
        (AlertState.OPEN, Signal.GONE): AlertState.CLOSED,
        (AlertState.ACKNOWLEDGED, Signal.AGAIN): AlertState.ACKNOWLEDGED,
        (AlertState.ACKNOWLEDGED, Signal.OVERDUE): AlertState.ACKNOWLEDGED,
        (AlertState.ACKNOWLEDGED, Signal.NOTE): AlertState.ACKNOWLEDGED,
        (AlertState.ACKNOWLEDGED, Signal.CONTACT): AlertState.CLOSED,
        (AlertState.ACKNOWLEDGED, Signal.CLOSE): AlertState.CLOSED,
        (AlertState.ACKNOWLEDGED, Signal.GONE): AlertState.CLOSED,
        # What is found out afterwards still belongs into the record.
        (AlertState.CLOSED, Signal.NOTE): AlertState.CLOSED,
    }
)


@dataclass(frozen=True, slots=True)
class Level:
    """One step of a chain: who is told so many hours after a deadline. ``copy`` are those who only have to know."""

    after_hours: float
    to: tuple[str, ...]
    copy: tuple[str, ...] = ()


#: Levels in order; the first (level 0) is told when an alert is raised.
Chain = Sequence[Level]


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert as it stands. ``contact_due`` None: no customer has to be spoken to; ``level``: how far its chain is."""

    severity: Severity
    raised_at: datetime
    ack_due: datetime
    contact_due: datetime | None = None
    state: AlertState = AlertState.OPEN
    level: int = 0
    count: int = 1

    @classmethod
    def raised(
        cls, severity: Severity, now: datetime, hours: float | None, contact_hours: float | None
    ) -> Alert:
        """A new alert. ``hours`` None: as its severity has it."""
        ack = timedelta(hours=severity.hours if hours is None else hours)
        contact = None if contact_hours is None else now + timedelta(hours=contact_hours)
        return cls(severity, now, now + ack, contact)

    @property
    def deadline(self) -> datetime | None:
        """The next deadline that somebody has to keep; None where nobody has to do anything by a time."""
        match self.state:
            case AlertState.OPEN:
                return min(self.ack_due, self.contact_due or self.ack_due)
            case AlertState.ACKNOWLEDGED:
                return self.contact_due
            case AlertState.CLOSED:
                return None

    def overdue(self, now: datetime) -> bool:
        """Whether a deadline has passed."""
        return self.deadline is not None and now >= self.deadline


def refusal(alert: Alert, signal: Signal) -> str:
    """Why a person may not do this now; '' where he may."""
    if (alert.state, signal) not in ALERT:
        return f"the alert is {alert.state}"
    if signal is Signal.CLOSE and alert.contact_due is not None:
        return "it is closed by the record that a person has spoken to the customer"
    if signal is Signal.CONTACT and alert.contact_due is None:
        return "no customer has to be spoken to"
    return ""


def step(alert: Alert, signal: Signal) -> Alert:
    """The alert after a signal that its state knows (KeyError otherwise).

    Whoever takes it on begins a new ladder: the chain is gone from its beginning for the deadline that is left.
    """
    state = ALERT[alert.state, signal]
    match signal:
        case Signal.AGAIN:
            return replace(alert, count=alert.count + 1)
        case Signal.OVERDUE:
            return replace(alert, level=alert.level + 1)
        case Signal.ACKNOWLEDGE:
            return replace(alert, state=state, level=0)
        case _:
            return replace(alert, state=state)


def look_at(alert: Alert, chain: Chain) -> datetime | None:
    """When the clock has to come back to an alert: its next level's time; None when no more is to come."""
    if alert.deadline is None or alert.level + 1 >= len(chain):
        return None
    return alert.deadline + timedelta(hours=chain[alert.level + 1].after_hours)
