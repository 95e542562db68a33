"""What a call has yielded, as the exports write it (requirements A5 to A11, E31)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from ari_app.domain.call_result import (
    Callback,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.script_coverage import completeness, evidence_missing

#: Keys of :func:`result_object`, in order.
RESULT_FIELDS: tuple[str, ...] = (
    "result",
    "verified",
    "promises",
    "plan",
    "dispute",
    "callback",
    "consent",
    "intents",
    "reasons",
    "transfer_reason",
    "message",
    "summary",
    "key_points",
    "risk_level",
    "next_action",
    "language",
    "upset",
    "variants",
    "coverage",
    "cut_short",
    "completeness",
    "evidence_missing",
    "review",
    "review_count",
)


def result_object(
    result: ConversationResult | None,
    promises: Sequence[PromiseToPay],
    iso: Callable[[datetime | None], str | None],
    notice_audio: str | None,
) -> dict[str, object]:
    """The object of a result; every key stands there, None or empty where a call has none.

    ``completeness`` is a percentage; ``evidence_missing`` what a recording of the call lacks to be evidence.

    :param iso: writes an instant.
    :param notice_audio: where the notice of the recording is to be heard.
    """
    found: dict[str, object] = dict.fromkeys(RESULT_FIELDS)
    found["promises"] = [promise_object(promise) for promise in promises]
    if result is None:
        return found
    script = completeness(result)
    return found | {
        "result": result.result,
        "verified": result.verified,
        "plan": plan_object(result.plan),
        "dispute": dispute_object(result.dispute),
        "callback": callback_object(result.callback),
        "consent": _consent(result.consent, iso, notice_audio),
        "intents": list(result.intents),
        "reasons": list(result.reasons),
        "transfer_reason": result.transfer_reason or None,
        "message": result.message or None,
        "summary": result.summary.text,
        "key_points": list(result.summary.key_points),
        "risk_level": result.summary.risk_level,
        "next_action": result.summary.next_action,
        "language": result.language or None,
        "upset": result.upset,
        "variants": dict(result.variants),
        "coverage": list(result.coverage),
        "cut_short": list(result.cut_short),
        "completeness": None if script is None else script.score,
        "evidence_missing": None if script is None else list(evidence_missing(result)),
        "review": [_review(field) for field in result.review],
        "review_count": len(result.review),
    }


def promise_object(promise: PromiseToPay) -> dict[str, object]:
    """A promise; amounts are text, so that no reader makes binary fractions of them."""
    return {
        "amount": str(promise.amount),
        "currency": promise.currency,
        "date": promise.date,
        "channel": promise.channel,
        "confidence": promise.confidence,
    }


def plan_object(plan: PlanRequest | None) -> dict[str, object] | None:
    """A plan with its terms (requirement A7)."""
    if plan is None:
        return None
    return {
        "type": plan.kind.value,
        "terms": {
            "currency": plan.currency,
            "periods": plan.periods or None,
            "monthly": _money(plan.monthly),
            "last": _money(plan.last),
            "fee": _money(plan.fee),
            "total": _money(plan.total),
            "first_date": _day(plan.first_date),
            "until": _day(plan.until),
            "waived": _money(plan.waived),
        },
        "approver": plan.approver or None,
        "confidence": plan.confidence,
    }


def dispute_object(dispute: DisputeClaim | None) -> dict[str, object] | None:
    """A dispute; ``sla_working_days`` is within how many working days an answer was promised (requirement A8)."""
    if dispute is None:
        return None
    return {
        "category": dispute.category,
        "description": dispute.description,
        "evidence": list(dispute.evidence),
        "sla_working_days": dispute.answer_days,
        "status": dispute.status,
        "confidence": dispute.confidence,
    }


def callback_object(callback: Callback | None) -> dict[str, object] | None:
    """When the customer wants to be called, on his own wall clock."""
    if callback is None:
        return None
    at = callback.at
    return {"day": _day(callback.day), "time": None if at is None else at.isoformat("minutes")}


def _consent(
    consent: Consent | None, iso: Callable[[datetime | None], str | None], notice_audio: str | None
) -> dict[str, object] | None:
    """The consent to be recorded, with where its notice is to be heard (requirement A10)."""
    if consent is None:
        return None
    return {
        "given": consent.given,
        "time": iso(consent.at),
        "version": consent.version,
        "audio_s": consent.audio_s,
        "audio_ref": notice_audio,
    }


def _review(field: ReviewField) -> dict[str, object]:
    return {
        "name": field.name,
        "value": field.value,
        "confidence": field.confidence,
        "reason": field.reason,
    }


def _money(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
