"""The parts of a strategy: who belongs to a segment, which steps are taken with him, within which limits, and how.

Everything is plain data, checked by whoever reads it (``services/strategy_file.py``); choosing is the work of
``domain/strategy.py``, times that of ``domain/triggers.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ari_app.domain.account import Account
from ari_app.domain.aging import Aging
from ari_app.domain.experiment import Experiment
from ari_app.domain.voice_style import USUAL, VoiceStyle
from ari_app.domain.windows import Window


@dataclass(frozen=True, slots=True)
class Conditions:
    """Who belongs to a segment: every condition that says something has to hold; an empty one says nothing.

    ``buckets`` are aging buckets of the strategy's scheme; ``amount_from`` and ``score_from`` are included,
    ``amount_below`` and ``score_below`` are not. Words are those of ``AccountDetails``; a region is compared without regard
    to capitals. An account without a score meets no condition on the score.
    """

    buckets: tuple[str, ...] = ()
    amount_from: Decimal | None = None
    amount_below: Decimal | None = None
    customer_levels: tuple[str, ...] = ()
    risk_levels: tuple[str, ...] = ()
    debt_types: tuple[str, ...] = ()
    debt_causes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    age_bands: tuple[str, ...] = ()
    score_from: int | None = None
    score_below: int | None = None
    services: tuple[str, ...] = ()
    service_states: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    broken_promises_from: int = 0
    good_record: bool | None = None
    legal_stage: bool | None = None
    early_warning: bool | None = None

    def hold(self, account: Account, bucket: str) -> bool:
        """Whether they all hold for an account in a bucket. Total: odd amounts (NaN) hold for nothing."""
        details, amount = account.details, account.amount_due
        return (
            (not self.buckets or bucket in self.buckets)
            and (self.amount_from is None or (not amount.is_nan() and amount >= self.amount_from))
            and (self.amount_below is None or (not amount.is_nan() and amount < self.amount_below))
            and (not self.customer_levels or details.customer_level in self.customer_levels)
            and (not self.risk_levels or details.risk_level in self.risk_levels)
            and (not self.debt_types or details.debt_type in self.debt_types)
            and (not self.debt_causes or details.debt_cause in self.debt_causes)
            and (not self.regions or in_regions(details.region, self.regions))
            and (not self.age_bands or details.age_band in self.age_bands)
            and (self.score_from is None or (details.score is not None and details.score >= self.score_from))
            and (self.score_below is None or (details.score is not None and details.score < self.score_below))
            and (not self.services or details.service in self.services)
            and (not self.service_states or details.service_state in self.service_states)
            and (not self.languages or account.language in self.languages)
            and details.broken_promises >= self.broken_promises_from
            and (self.good_record is None or details.good_record == self.good_record)
            and (self.legal_stage is None or details.legal_stage == self.legal_stage)
            and (self.early_warning is None or details.early_warning == self.early_warning)
        )


ANYBODY: Final = Conditions()


def in_regions(region: str, regions: tuple[str, ...]) -> bool:
    """Whether a region is among others, without regard to capitals."""
    return region.strip().casefold() in {each.strip().casefold() for each in regions}


class Anchor(StrEnum):
    """What the time of a step counts from."""

    START = "start"
    """The account has come into the segment: its list was loaded, or its bucket became one of the segment's."""
    BILL = "bill"
    """The bill was made."""
    DUE = "due"
    BUCKET = "bucket"
    """The account has come into an aging bucket, also where the segment stays the same."""
    SUSPENSION = "suspension"
    """Service ends; counted in hours."""
    PROMISE = "promise"
    """The day for which a payment was promised."""


#: Anchors that are a moment rather than a day: hours may be counted from them.
BY_HOURS: Final = frozenset({Anchor.START, Anchor.SUSPENSION})
MOST_DAYS: Final = 400
_TRIGGER = re.compile(r"(start|bill|due|bucket|suspension|promise)(?:([+-])([0-9]{1,4})([dh]))?", re.ASCII)
TRIGGER_ALLOWED: Final = (
    "start, bill, due, bucket, suspension or promise, with a distance such as due-3d, due+5d, promise-1d, start+4h or"
    " suspension-24h (hours only from start and suspension)"
)


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a step falls due: ``days`` and ``hours`` after its anchor (negative: before it)."""

    anchor: Anchor
    days: int = 0
    hours: int = 0

    def __str__(self) -> str:
        distance, unit = (self.hours, "h") if self.hours else (self.days, "d")
        return f"{self.anchor}{distance:+d}{unit}" if distance else str(self.anchor)


def parse_trigger(text: str) -> Trigger:
    """Read ``due-3d`` and its like; ValueError says what is wrong (``TRIGGER_ALLOWED`` what is allowed)."""
    match = _TRIGGER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a time of a step")
    word, sign, number, unit = match.groups()
    anchor, distance = Anchor(word), int(number or 0) * (-1 if sign == "-" else 1)
    if unit == "h" and anchor not in BY_HOURS:
        raise ValueError(f"{text!r}: hours are not counted from {anchor}")
    if anchor is Anchor.SUSPENSION and distance > 0:
        raise ValueError(f"{text!r}: after the service has ended there is nothing to warn of")
    if anchor in (Anchor.START, Anchor.BILL, Anchor.BUCKET) and distance < 0:
        raise ValueError(f"{text!r}: nothing is known of the account before then")
    if abs(distance) > (MOST_DAYS if unit == "d" else MOST_DAYS * 24):
        raise ValueError(f"{text!r} is too far away; at most {MOST_DAYS} days")
    return Trigger(anchor, hours=distance) if unit == "h" else Trigger(anchor, days=distance)


class StepKind(StrEnum):
    """What a step does."""

    MESSAGE = "message"
    CALL = "call"


#: Ways to send a message, as channel orders name them.
MESSAGE_CHANNELS: Final = ("app", "sms", "im", "email", "wecom", "dingtalk", "feishu", "wechat")
TONES: Final = ("gentle", "neutral", "serious")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done in a segment.

    ``at`` is the time of day in minutes after midnight (None: as soon as a window opens). A message goes out over the
    first of ``channels`` that reaches the customer, with the words of ``template``. A call is tried at ``retry_hours``,
    offsets from its first attempt; ``flow`` and ``tone`` '' are those of the segment.
    """

    name: str
    kind: StepKind
    when: Trigger
    at: int | None = None
    channels: tuple[str, ...] = ()
    template: str = ""
    retry_hours: tuple[float, ...] = ()
    flow: str = ""
    tone: str = ""


#: What may be offered beside instalments and a deferral; each is a template of a message, or a hint for a person.
OFFERS: Final = (
    "payment_link",
    "auto_debit",
    "small_payment",
    "credit_repair_guide",
    "cheaper_package",
    "tariff_details",
    "late_fee_waiver",
    "personal_service",
    "welcome_back",
)


@dataclass(frozen=True, slots=True)
class Offers:
    """What a customer of a segment may be offered: instalments over so many months, a deferral of at most so many days,
    and other things by name (``OFFERS``). Never more than the policy of the flow."""

    instalments: tuple[int, ...] = ()
    deferral_days: int = 0
    others: tuple[str, ...] = ()

    @property
    def said(self) -> bool:
        """Whether a segment says anything of offers; otherwise the flow's policy holds alone."""
        return bool(self.instalments or self.deferral_days or self.others)


@dataclass(frozen=True, slots=True)
class Delay:
    """What a disposition means in a segment: at least ``hours`` until the next attempt; None: no further attempt."""

    disposition: str
    hours: float | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of accounts and everything that is done with them.

    ``windows`` and ``closed_weekdays`` (0 Monday) are in the strategy's zone. ``retry_hours`` are those of calls that name
    none; ``max_attempts`` counts all calls of a task. None of ``dials_per_day`` and ``dials_per_week``: the pack's usual
    number; ``ring_timeout_s`` None: the campaign's. ``channels`` is the order of messages that name none. ``caller_ids``
    names a group of the strategy ('': the campaign's whole pool), ``team`` who takes over ('': nobody in particular);
    a higher ``priority`` is called first.
    """

    name: str
    when: Conditions = ANYBODY
    steps: tuple[Step, ...] = ()
    windows: tuple[Window, ...] = (Window(9 * 60, 20 * 60),)
    closed_weekdays: tuple[int, ...] = (5, 6)
    open_holidays: bool = False
    retry_hours: tuple[float, ...] = (0, 24, 72)
    max_attempts: int = 3
    dials_per_day: int | None = None
    dials_per_week: int | None = None
    min_gap_minutes: int = 0
    ring_timeout_s: float | None = None
    delays: tuple[Delay, ...] = ()
    channels: tuple[str, ...] = ("app", "sms")
    tone: str = "neutral"
    flow: str = "reminder"
    voice: VoiceStyle = USUAL
    experiments: tuple[Experiment, ...] = ()
    caller_ids: str = ""
    priority: int = 0
    team: str = ""
    offers: Offers = Offers()

    @property
    def calls(self) -> tuple[Step, ...]:
        """The steps that are calls, in their order."""
        return tuple(step for step in self.steps if step.kind is StepKind.CALL)

    def takes(self, account: Account, aging: Aging, today: date) -> bool:
        """Whether an account belongs to it on a local day."""
        return self.when.hold(account, aging.bucket(account.due_date, today))
