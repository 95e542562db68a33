"""What raises an alert: an event, how an account stands, or a figure of the last hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase

from ari_app.domain.alerts.alert import Chain, Severity


class About(StrEnum):
    """What one alert of a rule is about: there is one open alert for each at a time."""

    BILL = "bill"
    CUSTOMER = "customer"
    CAMPAIGN = "campaign"
    ENDPOINT = "endpoint"
    INTEGRATION = "integration"
    WHOLE = "whole"


class Standing(StrEnum):
    """How an account may stand, so that somebody has to look at it."""

    HIGH_RISK = "high_risk"
    """Risk level H, by the list or by the risk rules."""
    HIGH_AMOUNT = "high_amount"
    """More is owed than ``amount``."""
    PRE_SUSPENSION = "pre_suspension"
    """Its service is to be suspended within ``hours``."""
    EARLY_WARNING = "early_warning"
    """The risk rules, or the list, warn of it."""
    OVERDUE = "overdue"
    """It has been overdue for ``days``."""
    LOW_SCORE = "low_score"
    """Its score is below ``score``."""


class Measure(StrEnum):
    """A figure of a window of time, from 0 to 1 unless it is a count."""

    ANSWER_RATE = "answer_rate"
    """People and machines that answered, of the attempts that were dialled."""
    COMPLAINT_RATE = "complaint_rate"
    """Complaints, of the calls that somebody answered."""
    ABANDON_RATE = "abandon_rate"
    """Abandoned, of the calls that somebody answered."""
    UNCLEAR_SPEECH_RATE = "unclear_speech_rate"
    """What customers said and the recogniser was not sure of (below 0.5), of all that they said."""
    PROMISE_KEEPING_RATE = "promise_keeping_rate"
    """Promises kept, of those that were kept or broken."""
    REFUSED_RATE = "refused_rate"
    """Dials that a rule refused at the last moment, of all that were to begin."""
    EVENTS = "events"
    """How many events of the names in ``events`` there were."""


@dataclass(frozen=True, slots=True)
class EventSource:
    """An event whose name fits a pattern and whose payload has one of the values for each field (dots lead deeper; of a
    list, any of its values counts)."""

    names: tuple[str, ...]
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StandingSource:
    """An account that something is owed of, as it stands."""

    standing: Standing
    amount: float = 0.0
    hours: float = 0.0
    days: int = 0
    score: int = 0


@dataclass(frozen=True, slots=True)
class MeasureSource:
    """A figure over ``window_hours``, of ``least`` cases at least. Exactly one bound is given.

    ``drop`` and ``rise`` compare with the same figure over the ``baseline_days`` before the window: 0.3 is three tenths of
    it.
    """

    measure: Measure
    window_hours: float
    least: int
    baseline_days: float = 28.0
    above: float | None = None
    below: float | None = None
    drop: float | None = None
    rise: float | None = None
    per_campaign: bool = False
    events: tuple[str, ...] = ()


Source = EventSource | StandingSource | MeasureSource


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule. ``closes_on``: events of the same subject after which its cause is gone; ``closes_itself``: it is closed
    as soon as a standing or a figure is as it should be again.
    """

    name: str
    text: str
    severity: Severity
    source: Source
    about: About = About.BILL
    hours: float | None = None
    contact_hours: float | None = None
    chain: str = "default"
    closes_on: tuple[str, ...] = ()
    closes_itself: bool = True


@dataclass(frozen=True, slots=True)
class AlertBook:
    """All rules, the chains by name, and the addresses of those whom chains name."""

    rules: tuple[AlertRule, ...] = ()
    chains: Mapping[str, Chain] = field(default_factory=dict)
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def chain_of(self, rule: str) -> Chain:
        """The chain of a rule by its name; of one that does not stand in the file (any more), the usual one."""
        name = next((each.chain for each in self.rules if each.name == rule), "default")
        return self.chains.get(name, ())


def fits(source: EventSource, event: str, payload: Mapping[str, object]) -> bool:
    """Whether an event is one of a rule's."""
    return named(source.names, event) and all(
        any(_text(each) in wanted for each in _each(_at(payload, path)))
        for path, wanted in source.when.items()
    )


def named(patterns: tuple[str, ...], event: str) -> bool:
    """Whether a name fits one of the patterns (``collection.dispute.*``)."""
    return any(fnmatchcase(event, pattern) for pattern in patterns)


def subject_of(about: About, payload: Mapping[str, object]) -> str:
    """What an event is about, as text; '' where it does not say."""
    match about:
        case About.BILL:
            parts = [_text(payload.get(key)) for key in ("customerId", "accountId", "billId")]
            return "/".join(parts) if all(parts) else ""
        case About.CUSTOMER:
            return _text(payload.get("customerId"))
        case About.CAMPAIGN:
            return _text(payload.get("taskId"))
        case About.ENDPOINT:
            return _text(payload.get("endpoint"))
        case About.INTEGRATION:
            return _text(payload.get("integration"))
        case About.WHOLE:
            return "*"


def _at(payload: object, path: str) -> object:
    for key in path.split("."):
        payload = payload.get(key) if isinstance(payload, Mapping) else None
    return payload


def _each(value: object) -> Sequence[object]:
    """The values of a list, or the one value."""
    return value if isinstance(value, list) else (value,)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: ``hits`` of ``cases``; of a count, both are the count."""

    hits: int
    cases: int

    @property
    def value(self) -> float:
        return self.hits / self.cases if self.cases else 0.0


def judge(source: MeasureSource, now: Figure, before: Figure) -> bool | None:
    """Whether a figure is as it should not be; None where there are too few cases to say so, now or before."""
    if source.measure is Measure.EVENTS:
        return now.hits > source.above if source.above is not None else None
    if now.cases < source.least:
        return None
    if source.above is not None:
        return now.value > source.above
    if source.below is not None:
        return now.value < source.below
    if before.cases < source.least:
        return None
    if source.drop is not None:
        return now.value < before.value * (1.0 - source.drop)
    if source.rise is not None:
        return now.value > before.value * (1.0 + source.rise)
    return None
