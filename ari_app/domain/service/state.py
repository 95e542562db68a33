"""The states of a service, and when a suspension or a restoration is ordered (requirements F19 to F22, X18)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.account import Account
from ari_app.domain.triggers import SUSPENSION_HOUR
from ari_app.domain.windows import local_instant


class ServiceState(StrEnum):
    """Where a service stands."""

    ACTIVE = "active"
    WARNED_24H = "warned_24h"
    WARNED_4H = "warned_4h"
    SUSPENSION_ORDERED = "suspension_ordered"
    SUSPENDED = "suspended"
    RESTORATION_ORDERED = "restoration_ordered"


class ServiceStep(StrEnum):
    """What moves a service on."""

    WARN_24H = "warn_24h"
    WARN_4H = "warn_4h"
    CALM = "calm"
    """What was warned of is over: paid, or the day was moved."""
    ORDER_SUSPENSION = "order_suspension"
    WITHDRAW_SUSPENSION = "withdraw_suspension"
    SUSPEND = "suspend"
    ORDER_RESTORATION = "order_restoration"
    WITHDRAW_RESTORATION = "withdraw_restoration"
    """The payment was taken back before anybody had restored anything."""
    RESTORE = "restore"


_A, _W24, _W4, _SO, _S, _RO = ServiceState

#: What may follow what; everything else is refused.
NEXT: Mapping[tuple[ServiceState, ServiceStep], ServiceState] = {
    (_A, ServiceStep.WARN_24H): _W24,
    (_A, ServiceStep.WARN_4H): _W4,
    (_A, ServiceStep.SUSPEND): _S,
    (_W24, ServiceStep.WARN_4H): _W4,
    (_W24, ServiceStep.CALM): _A,
    (_W24, ServiceStep.ORDER_SUSPENSION): _SO,
    (_W24, ServiceStep.SUSPEND): _S,
    (_W4, ServiceStep.CALM): _A,
    (_W4, ServiceStep.ORDER_SUSPENSION): _SO,
    (_W4, ServiceStep.SUSPEND): _S,
    (_SO, ServiceStep.WITHDRAW_SUSPENSION): _A,
    (_SO, ServiceStep.SUSPEND): _S,
    (_S, ServiceStep.ORDER_RESTORATION): _RO,
    (_S, ServiceStep.RESTORE): _A,
    (_RO, ServiceStep.WITHDRAW_RESTORATION): _S,
    (_RO, ServiceStep.RESTORE): _A,
}

#: Service is there in these.
ON = frozenset({_A, _W24, _W4, _SO})

#: How far back a contact counts as a warning of a suspension: 72 hours, moved by up to three days out of closed hours. A
#: call that no step of a strategy has asked for counts in the last 72 hours.
WARNING_SPAN = timedelta(days=6)
PLAIN_SPAN = timedelta(hours=72)
#: From when on a warning counts as the last one.
LAST_WARNING = timedelta(hours=12)
#: An instant that passed longer ago is no reason for an order any more: a list of long ago says so.
STALE = timedelta(days=7)


class OrderKind(StrEnum):
    """What somebody outside has to do."""

    SUSPENSION = "suspension"
    RESTORATION = "restoration"


class OrderState(StrEnum):
    """Where an order stands."""

    OPEN = "open"
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """A contact that warned of a suspension (or tried to): ``reached`` where the customer demonstrably has the notice, by a
    verified conversation or a delivered message. ``reference`` is the attempt or the message."""

    at: datetime
    channel: str
    reference: str
    reached: bool


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """``order_suspensions``: whether suspensions are ordered here at all, or the billing system decides alone. ``tries``
    warnings count as a notice although none of them reached anybody. ``confirm_hours`` after a restoration was ordered
    somebody is told that it has not been confirmed."""

    order_suspensions: bool = False
    tries: int = 3
    confirm_hours: float = 4.0


@dataclass(frozen=True, slots=True)
class ServiceFacts:
    """What is known of one service: all bills of one account together. ``suspends_at`` is the next suspension, or the last
    one that has passed; ``owed`` what is owed of the bills that it hangs on."""

    state: ServiceState
    owed: Decimal
    suspends_at: datetime | None = None
    warnings: Sequence[Notice] = ()
    disputed: bool = False
    planned: bool = False
    promised: bool = False


@dataclass(frozen=True, slots=True)
class SuspensionDecision:
    """Whether a suspension is ordered, why (not), and the warnings that prove the notice."""

    ordered: bool
    reason: str
    warnings: tuple[Notice, ...] = ()


def step(state: ServiceState, taken: ServiceStep) -> ServiceState | None:
    """The state that follows; None where this step cannot be taken from there."""
    return NEXT.get((state, taken))


def suspends_at(account: Account, zone: tzinfo) -> datetime | None:
    """The instant at which service ends; in the morning where only its day is known."""
    day = account.details.suspension_on
    if day is None:
        return None
    at = account.details.suspension_at or time(SUSPENSION_HOUR)
    return local_instant(day, at.hour * 60 + at.minute, zone)


def warnings_of(facts: ServiceFacts) -> tuple[Notice, ...]:
    """The contacts that warned of this suspension, by time."""
    if facts.suspends_at is None:
        return ()
    first = facts.suspends_at - WARNING_SPAN
    found = [each for each in facts.warnings if first <= each.at <= facts.suspends_at]
    return tuple(sorted(found, key=lambda each: (each.at, each.reference)))


def warned(facts: ServiceFacts) -> ServiceStep | None:
    """The step that the warnings of a suspension stand for; None where none was made."""
    made = warnings_of(facts)
    if not made or facts.suspends_at is None:
        return None
    late = made[-1].at >= facts.suspends_at - LAST_WARNING
    return ServiceStep.WARN_4H if late else ServiceStep.WARN_24H


def next_step(facts: ServiceFacts, rules: ServiceRules, now: datetime) -> ServiceStep | None:
    """What the clock does with a service that nobody has suspended: warn, calm, or order its suspension."""
    if facts.state not in ON:
        return None
    if facts.owed <= 0:
        return {_SO: ServiceStep.WITHDRAW_SUSPENSION, _A: None}.get(facts.state, ServiceStep.CALM)
    if facts.state is _SO:
        return None
    warning = warned(facts)
    if warning is None:
        return ServiceStep.CALM if facts.state is not _A else None
    if step(facts.state, warning) is not None:
        return warning
    return ServiceStep.ORDER_SUSPENSION if may_suspend(facts, rules, now).ordered else None


def may_suspend(
    facts: ServiceFacts, rules: ServiceRules, now: datetime, *, by_hand: bool = False
) -> SuspensionDecision:
    """Whether the suspension of a service is ordered now. ``by_hand``: a person decides it, whatever the settings say of
    the clock; what protects the customer holds for him as well."""

    def no(reason: str) -> SuspensionDecision:
        return SuspensionDecision(False, reason)

    if not rules.order_suspensions and not by_hand:
        return no("suspensions are decided outside")
    if step(facts.state, ServiceStep.ORDER_SUSPENSION) is None:
        return no(f"the service is {facts.state}")
    if facts.owed <= 0:
        return no("nothing is owed")
    if facts.suspends_at is None:
        return no("no suspension is announced")
    if now < facts.suspends_at:
        return no("the announced instant has not come")
    if now > facts.suspends_at + STALE:
        return no("the announced instant is long past")
    for found, reason in (
        (facts.disputed, "the bill is disputed"),
        (facts.planned, "a plan is being kept to"),
        (facts.promised, "a payment is promised, and its day has not gone"),
    ):
        if found:
            return no(reason)
    made = warnings_of(facts)
    if not any(each.reached for each in made) and len(made) < rules.tries:
        return no(f"no warning has demonstrably reached the customer ({len(made)} of {rules.tries} tries)")
    return SuspensionDecision(True, "unpaid at the announced instant, and the warning has gone out", made)
