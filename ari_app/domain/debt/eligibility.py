"""Whether a plan may be given at all, before anybody is asked to approve it (requirements F9 to F12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.debt.approval import PlanLimits


class PlanRefusal(StrEnum):
    """Why a plan cannot be given."""

    NOTHING_OWED = "nothing_owed"
    WRONG_CURRENCY = "wrong_currency"
    DISPUTE_OPEN = "dispute_open"
    PLAN_ACTIVE = "plan_active"
    BELOW_LEAST = "below_least"
    ABOVE_MOST = "above_most"
    BROKEN_PLANS = "broken_plans"
    NOT_OFFERED = "not_offered"
    DAY_PASSED = "day_passed"
    OTHER_SUM = "other_sum"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Ineligible:
    """The first rule that refuses a plan, and why in words."""

    refusal: PlanRefusal
    reason: str


@dataclass(frozen=True, slots=True)
class PlanCircumstances:
    """What is known of the bill: what is ``owed``, and how much was ``paid`` since the plan's sum was worked out; whether
    it is ``disputed`` or has a plan that runs; how many plans the customer has breached, over all bills. ``offered``: the
    strategy offers these terms. ``today`` is the day where he lives."""

    owed: Decimal
    currency: str
    today: date
    disputed: bool = False
    plan_active: bool = False
    broken_plans: int = 0
    offered: bool = True
    paid: Decimal = Decimal(0)


def plan_sum(request: PlanRequest, owed: Decimal) -> Decimal:
    """What of a bill a plan is about: what is put off (without the fee), or what is waived."""
    match request.kind:
        case PlanKind.WAIVER:
            return request.waived or Decimal(0)
        case PlanKind.INSTALLMENT if request.total is not None:
            return request.total - (request.fee or Decimal(0))
        case _:
            return owed


def ineligible(request: PlanRequest, known: PlanCircumstances, limits: PlanLimits) -> Ineligible | None:
    """The first rule that refuses a plan; None where it may be given."""
    amount = plan_sum(request, known.owed)
    broken = _incomplete(request)
    if broken:
        return Ineligible(PlanRefusal.INCOMPLETE, broken)
    if known.owed <= 0:
        return Ineligible(PlanRefusal.NOTHING_OWED, "nothing is owed of this bill")
    if request.currency != known.currency:
        return Ineligible(
            PlanRefusal.WRONG_CURRENCY, f"the bill is in {known.currency}, the plan in {request.currency}"
        )
    if known.disputed:
        return Ineligible(PlanRefusal.DISPUTE_OPEN, "the bill is disputed, and nobody has answered yet")
    if known.plan_active:
        return Ineligible(PlanRefusal.PLAN_ACTIVE, "the bill has a plan that runs")
    if known.broken_plans > limits.broken_plans:
        return Ineligible(
            PlanRefusal.BROKEN_PLANS,
            f"the customer has breached {known.broken_plans} plans, at most {limits.broken_plans} are let pass",
        )
    if not known.offered:
        return Ineligible(PlanRefusal.NOT_OFFERED, "the strategy of this customer does not offer these terms")
    first = request.first_date if request.kind is PlanKind.INSTALLMENT else request.until
    if first is not None and first < known.today:
        return Ineligible(PlanRefusal.DAY_PASSED, f"its first day, {first}, has passed")
    whole = known.owed + known.paid
    if request.kind is PlanKind.INSTALLMENT and amount != whole:
        # Less would keep everybody away from the rest, more would be paid for nothing.
        return Ineligible(PlanRefusal.OTHER_SUM, f"it is about {amount}, and {whole} was owed")
    return _range(request, amount, known.owed, limits)


def _range(request: PlanRequest, amount: Decimal, owed: Decimal, limits: PlanLimits) -> Ineligible | None:
    most = limits.most
    if amount < limits.least:
        return Ineligible(PlanRefusal.BELOW_LEAST, f"{amount} is below {limits.least}")
    if request.kind is PlanKind.WAIVER:
        share = (owed * limits.most_percent / 100).quantize(Decimal("0.01"))
        most = share if most is None else min(most, share)
    if most is not None and amount > most:
        return Ineligible(PlanRefusal.ABOVE_MOST, f"{amount} is more than {most}")
    return None


def _incomplete(request: PlanRequest) -> str:
    match request.kind:
        case PlanKind.WAIVER if request.waived is None or request.waived <= 0:
            return "a waiver names the sum to be waived"
        case PlanKind.DEFERRAL if request.until is None:
            return "a deferral names the day to which payment is put off"
        case PlanKind.INSTALLMENT if (
            request.periods < 1
            or request.first_date is None
            or request.monthly is None
            or request.last is None
            or request.fee is None
            or request.total is None
            or request.monthly <= 0
            or request.last <= 0
            or request.total != request.monthly * (request.periods - 1) + request.last
            or not 0 <= request.fee < request.total
        ):
            return "the instalments do not add up"
        case _:
            return ""
