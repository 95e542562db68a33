"""What a dialogue has agreed, looked at once more before it is stored (requirements E30, K8, O3).

Whatever a flow or a model may have made of a call, its outcome must be stored: what cannot be true is taken out and
given to a person, what is not sure is marked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from ari_app.domain.call_result import (
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)

#: Below this confidence a value waits for a person.
LEAST_CONFIDENCE = 0.6
#: Why a value waits for a person.
LOW_CONFIDENCE, INCOMPLETE = "low_confidence", "incomplete"

DISPUTE_CATEGORIES: tuple[str, ...] = ("meter", "bill", "service", "other")
#: Promises of one call, values to be looked at, and words of a customer that are kept; more is no telephone call.
MOST_PROMISES, MOST_REVIEWED, MOST_TEXT = 12, 60, 2000
#: No telephone call is about more, and no promise may be too large to be stored.
_MOST_MONEY = Decimal("1e12")
_CENT = Decimal("0.01")


def looked_over(result: ConversationResult, least: float = LEAST_CONFIDENCE) -> ConversationResult:
    """The result as it is stored: promises by date, only what is complete, what is below ``least`` marked for review."""
    review = list(result.review)
    promises: list[PromiseToPay] = []
    for promise in result.promises:
        sound = _sound_promise(promise)
        if sound is not None and len(promises) < MOST_PROMISES:
            promises.append(sound)
        else:
            review.append(_incomplete("promise", f"{promise.amount} {promise.currency} on {promise.date}"))
    promises.sort(key=lambda promise: promise.date)
    plan = None if result.plan is None else _sound_plan(result.plan)
    if result.plan is not None and plan is None:
        review.append(_incomplete("plan", result.plan.kind.value))
    result = replace(
        result,
        promises=tuple(promises),
        plan=plan,
        dispute=None if result.dispute is None else _sound_dispute(result.dispute),
    )
    review += [
        found for found in _unsure(result, least) if not any(_covers(field, found) for field in review)
    ]
    return replace(result, review=tuple(_sound_review(found) for found in review[:MOST_REVIEWED]))


def _covers(field: ReviewField, found: ReviewField) -> bool:
    """Whether a value is marked already, as a whole (``plan``, ``promise.2``) or a part of it (``promise.amount``)."""
    of, _, part = field.name.partition(".")
    if field.name == found.name:
        return True
    return bool(part) and not part.isdecimal() and of == found.name.partition(".")[0]


def sure(confidence: float) -> float:
    """A confidence as it is kept: 0 to 1, 0 for what is no number."""
    return min(1.0, max(0.0, confidence)) if math.isfinite(confidence) else 0.0


def _unsure(result: ConversationResult, least: float) -> Iterator[ReviewField]:
    for number, promise in enumerate(result.promises, 1):
        if promise.confidence < least:
            value = f"{promise.amount} {promise.currency} on {promise.date}"
            yield ReviewField(f"promise.{number}", value, promise.confidence, LOW_CONFIDENCE)
    if result.plan is not None and result.plan.confidence < least:
        yield ReviewField("plan", result.plan.kind.value, result.plan.confidence, LOW_CONFIDENCE)
    if result.dispute is not None and result.dispute.confidence < least:
        yield ReviewField("dispute", result.dispute.category, result.dispute.confidence, LOW_CONFIDENCE)


def _incomplete(name: str, value: str) -> ReviewField:
    return ReviewField(name, value, 0.0, INCOMPLETE)


def _sound_review(field: ReviewField) -> ReviewField:
    return replace(field, value=field.value[:MOST_TEXT], confidence=sure(field.confidence))


def _sound_promise(promise: PromiseToPay) -> PromiseToPay | None:
    amount = _money(promise.amount)
    if amount is None or amount <= 0 or not _is_day(promise.date) or not promise.currency:
        return None
    return replace(promise, amount=amount, confidence=sure(promise.confidence))


def _sound_plan(plan: PlanRequest) -> PlanRequest | None:
    """The plan with its amounts in cents, None where it could not be carried out as it stands."""
    plan = replace(
        plan,
        monthly=_money(plan.monthly),
        last=_money(plan.last),
        fee=_money(plan.fee),
        total=_money(plan.total),
        waived=_money(plan.waived),
        confidence=sure(plan.confidence),
    )
    amounts = (plan.monthly, plan.last, plan.fee, plan.total, plan.waived)
    if any(amount is not None and amount < 0 for amount in amounts) or plan.periods < 0:
        return None
    if plan.fee is not None and plan.total is not None and plan.fee > plan.total:
        return None
    match plan.kind:
        case PlanKind.INSTALLMENT if not _adds_up(plan):
            return None
        case PlanKind.DEFERRAL if plan.until is None:
            return None
        case _:
            return plan


def _adds_up(plan: PlanRequest) -> bool:
    if plan.monthly is None or plan.last is None or plan.fee is None or plan.total is None:
        return False
    return (
        plan.periods >= 1
        and plan.first_date is not None
        and plan.monthly > 0
        and plan.last > 0
        and plan.total == plan.monthly * (plan.periods - 1) + plan.last
    )


def _sound_dispute(dispute: DisputeClaim) -> DisputeClaim:
    return replace(
        dispute,
        category=dispute.category if dispute.category in DISPUTE_CATEGORIES else "other",
        description=dispute.description[:MOST_TEXT],
        evidence=tuple(each[:MOST_TEXT] for each in dispute.evidence[:MOST_REVIEWED]),
        answer_days=max(0, dispute.answer_days),
        confidence=sure(dispute.confidence),
        status="closed" if dispute.status == "closed" else "open",
    )


def _money(amount: Decimal | None) -> Decimal | None:
    """An amount in whole cents, half a cent rounded up; None for what is no amount of money."""
    if amount is None or not amount.is_finite() or abs(amount) > _MOST_MONEY:
        return None
    try:
        return amount.quantize(_CENT, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        return None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
