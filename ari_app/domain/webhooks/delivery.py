"""One event on its way to one endpoint, and the health of that endpoint: two literal tables and what moves them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class DeliveryState(StrEnum):
    """Where an event stands on its way."""

    PENDING = "pending"
    SENT = "sent"
    DEAD = "dead"
    """Given up after the last try: the dead letter, to be replayed by a person."""


class Happening(StrEnum):
    """What happens to a delivery."""

    DELIVERED = "delivered"
    FAILED = "failed"
    SPENT = "spent"
    """It failed, and no try is left."""
    HELD = "held"
    """It failed because the receiver wants no more events at all: it waits until the endpoint is enabled."""
    REPLAYED = "replayed"


DELIVERY: Final[Mapping[tuple[DeliveryState, Happening], DeliveryState]] = MappingProxyType(
    {
        (DeliveryState.PENDING, Happening.DELIVERED): DeliveryState.SENT,
        (DeliveryState.PENDING, Happening.FAILED): DeliveryState.PENDING,
        (DeliveryState.PENDING, Happening.HELD): DeliveryState.PENDING,
        (DeliveryState.PENDING, Happening.SPENT): DeliveryState.DEAD,
        (DeliveryState.PENDING, Happening.REPLAYED): DeliveryState.PENDING,
        (DeliveryState.SENT, Happening.REPLAYED): DeliveryState.PENDING,
        (DeliveryState.DEAD, Happening.REPLAYED): DeliveryState.PENDING,
    }
)


class EndpointState(StrEnum):
    """Whether events go to an endpoint."""

    ACTIVE = "active"
    FAILING = "failing"
    """It failed too often in a row: one event is tried now and then, the others wait without using up their tries."""
    DISABLED = "disabled"
    """Switched off by a person, or it answered 410: events wait until it is enabled."""


class Sign(StrEnum):
    """What happens to an endpoint."""

    ANSWERED = "answered"
    FAILED = "failed"
    FAILED_OFTEN = "failed_often"
    GONE = "gone"
    SWITCHED_OFF = "switched_off"
    SWITCHED_ON = "switched_on"


ENDPOINT: Final[Mapping[tuple[EndpointState, Sign], EndpointState]] = MappingProxyType(
    {
        (EndpointState.ACTIVE, Sign.ANSWERED): EndpointState.ACTIVE,
        (EndpointState.ACTIVE, Sign.FAILED): EndpointState.ACTIVE,
        (EndpointState.ACTIVE, Sign.FAILED_OFTEN): EndpointState.FAILING,
        (EndpointState.ACTIVE, Sign.GONE): EndpointState.DISABLED,
        (EndpointState.ACTIVE, Sign.SWITCHED_OFF): EndpointState.DISABLED,
        (EndpointState.ACTIVE, Sign.SWITCHED_ON): EndpointState.ACTIVE,
        (EndpointState.FAILING, Sign.ANSWERED): EndpointState.ACTIVE,
        (EndpointState.FAILING, Sign.FAILED): EndpointState.FAILING,
        (EndpointState.FAILING, Sign.FAILED_OFTEN): EndpointState.FAILING,
        (EndpointState.FAILING, Sign.GONE): EndpointState.DISABLED,
        (EndpointState.FAILING, Sign.SWITCHED_OFF): EndpointState.DISABLED,
        (EndpointState.FAILING, Sign.SWITCHED_ON): EndpointState.ACTIVE,
        # An answer to a request that was under way when somebody switched it off changes nothing.
        (EndpointState.DISABLED, Sign.ANSWERED): EndpointState.DISABLED,
        (EndpointState.DISABLED, Sign.FAILED): EndpointState.DISABLED,
        (EndpointState.DISABLED, Sign.FAILED_OFTEN): EndpointState.DISABLED,
        (EndpointState.DISABLED, Sign.GONE): EndpointState.DISABLED,
        (EndpointState.DISABLED, Sign.SWITCHED_OFF): EndpointState.DISABLED,
        (EndpointState.DISABLED, Sign.SWITCHED_ON): EndpointState.ACTIVE,
    }
)

#: Statuses whose ``Retry-After`` is kept (RFC 9110, 10.2.3; RFC 6585).
SLOW_DOWN: Final = frozenset({429, 503})
#: The receiver wants no event any more (RFC 9110, 15.5.11; Standard Webhooks).
GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and when an event is tried again. Delays in seconds, before each retry; jitter lengthens them by up to
    its share. ``failures`` in a row make an endpoint failing; it is probed after ``probes_s``, the last of them again
    and again.
    """

    delays_s: tuple[float, ...] = (5.0, 30.0, 120.0, 600.0, 3600.0)
    retries: int = 5
    jitter: float = 0.1
    longest_wait_s: float = 3600.0
    failures: int = 20
    probes_s: tuple[float, ...] = (30.0, 60.0, 120.0, 300.0, 900.0)

    def __post_init__(self) -> None:
        if not 1 <= self.retries <= len(self.delays_s):
            raise ValueError(f"between 1 and {len(self.delays_s)} retries, not {self.retries}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered: an HTTP status, or 0 and the ``fault`` where there was none."""

    status: int = 0
    fault: str = ""
    retry_after_s: float | None = None

    @property
    def delivered(self) -> bool:
        """Only 2xx is a receipt; a redirect is none, for events are not carried to where somebody points."""
        return 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        return self.status == GONE

    @property
    def why(self) -> str:
        """In a few words, for people; nothing of what the receiver wrote."""
        return self.fault or f"answered {self.status}"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands. ``tries`` counts all requests, ``spent`` those since it was last replayed."""

    state: DeliveryState = DeliveryState.PENDING
    tries: int = 0
    spent: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint as it stands. ``failures`` counts failed requests in a row, ``probes`` those while failing."""

    state: EndpointState = EndpointState.ACTIVE
    why: str = ""
    failures: int = 0
    probes: int = 0
    probe_at: datetime | None = None


def after_answer(
    delivery: Delivery, answer: Answer, policy: Policy, now: datetime, chance: float
) -> Delivery:
    """The delivery once its receiver has answered (or not). ``chance`` from 0 to 1 is the jitter's.

    An answer to a delivery that is not pending any more (replayed and answered twice) leaves it as it is.
    """
    if delivery.state is not DeliveryState.PENDING:
        return delivery
    spent = delivery.spent + 1
    if answer.delivered:
        happening = Happening.DELIVERED
    elif answer.gone:
        happening = Happening.HELD
    else:
        happening = Happening.FAILED if spent <= policy.retries else Happening.SPENT
    state = DELIVERY[delivery.state, happening]
    pending = state is DeliveryState.PENDING
    due = now + timedelta(seconds=wait_s(spent, answer, policy, chance)) if pending else None
    return Delivery(state, delivery.tries + 1, spent, due)


def wait_s(spent: int, answer: Answer, policy: Policy, chance: float) -> float:
    """Seconds until the next try: the back-off, or longer where the receiver asks for it, within bounds."""
    planned = policy.delays_s[min(spent, len(policy.delays_s)) - 1] * (1.0 + policy.jitter * chance)
    return max(planned, asked_wait_s(answer, policy))


def asked_wait_s(answer: Answer, policy: Policy) -> float:
    """How long the receiver asks to be left alone, at most the longest wait; 0 where it does not."""
    if answer.status not in SLOW_DOWN or answer.retry_after_s is None:
        return 0.0
    return min(max(answer.retry_after_s, 0.0), policy.longest_wait_s)


def replayed(delivery: Delivery, now: datetime) -> Delivery:
    """The delivery with all its tries before it again; the count of requests goes on."""
    return Delivery(DELIVERY[delivery.state, Happening.REPLAYED], delivery.tries, 0, now)


def health_after(health: Health, answer: Answer, policy: Policy, now: datetime) -> Health:
    """The endpoint once it has answered a request (or not)."""
    if answer.delivered:
        return _moved(health, Sign.ANSWERED, "", policy, now)
    failures = health.failures + 1
    if answer.gone:
        sign = Sign.GONE
    else:
        sign = Sign.FAILED_OFTEN if failures >= policy.failures else Sign.FAILED
    return _moved(replace(health, failures=failures), sign, answer.why, policy, now)


def switched(health: Health, on: bool, why: str, now: datetime) -> Health:
    """The endpoint once a person has switched it on or off."""
    return _moved(health, Sign.SWITCHED_ON if on else Sign.SWITCHED_OFF, why, Policy(), now)


def _moved(health: Health, sign: Sign, why: str, policy: Policy, now: datetime) -> Health:
    state = ENDPOINT[health.state, sign]
    match state:
        case EndpointState.ACTIVE:
            failures = health.failures if sign is Sign.FAILED else 0
            return Health(state, "", failures)
        case EndpointState.FAILING:
            rest = policy.probes_s[min(health.probes, len(policy.probes_s) - 1)]
            reason = health.why if health.state is state else f"{why}; {health.failures} failures in a row"
            return Health(state, reason, health.failures, health.probes + 1, now + timedelta(seconds=rest))
        case EndpointState.DISABLED:
            kept = health.state is state and sign is not Sign.SWITCHED_OFF
            reason = health.why if kept else why or "switched off"
            return Health(state, reason, health.failures)
