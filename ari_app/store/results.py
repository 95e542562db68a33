"""What a conversation has yielded, as rows and back."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, time

from ari_app.domain.call_result import (
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    ModelSummary,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.review import looked_over, sure
from ari_app.errors import StoreError
from ari_app.store.codec import (
    Params,
    amount,
    amount_or_none,
    day_or_none,
    instant,
    iso_or_none,
    listed,
    micros,
    minor_or_none,
    minor_units,
    not_negative,
    plain,
    words,
    words_of,
)
from ari_app.store.queries import SQL


def write_result(
    connection: sqlite3.Connection, attempt_id: str, result: ConversationResult, at: int
) -> None:
    """Write the rows of a result in the transaction that closes its attempt. ``at``: microseconds, its end.

    It is looked over first, so that no value that cannot be true costs the outcome.
    """
    result = looked_over(result)
    connection.execute(SQL["add_result"], {"attempt_id": attempt_id, **_result_params(result)})
    for position, promise in enumerate(result.promises, 1):
        connection.execute(
            SQL["add_promise"],
            {
                "attempt_id": attempt_id,
                "position": position,
                "amount_minor": minor_units(promise.amount),
                "currency": plain(promise.currency),
                "date": promise.date,
                "channel": plain(promise.channel),
                "confidence": promise.confidence,
                "now": at,
            },
        )
    if result.plan is not None:
        connection.execute(
            SQL["add_plan"], {"attempt_id": attempt_id, **_plan_params(result.plan), "now": at}
        )
    if result.dispute is not None:
        connection.execute(
            SQL["add_dispute"], {"attempt_id": attempt_id, **_dispute_params(result.dispute), "now": at}
        )
    if result.consent is not None:
        connection.execute(SQL["add_consent"], {"attempt_id": attempt_id, **_consent_params(result.consent)})


def _result_params(result: ConversationResult) -> Params:
    callback, summary = result.callback or Callback(), result.summary
    return {
        "result": plain(result.result),
        "verified": int(result.verified),
        "intents": words(result.intents),
        "reasons": words(result.reasons),
        "coverage": words(result.coverage),
        "cut_short": words(result.cut_short),
        "required": words(result.required),
        "variants": _json([[plain(name), plain(variant)] for name, variant in result.variants]),
        "review": _json([_review_object(field) for field in result.review]),
        "transfer_reason": plain(result.transfer_reason),
        "message": plain(result.message),
        "key_points": words(summary.key_points),
        "summary": plain(summary.text),
        "risk_level": summary.risk_level,
        "next_action": summary.next_action,
        "language": plain(result.language),
        "upset": int(result.upset),
        "do_not_contact": int(result.do_not_contact),
        "callback": int(result.callback is not None),
        "callback_day": iso_or_none(callback.day),
        "callback_time": None if callback.at is None else callback.at.isoformat(),
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _review_object(field: ReviewField) -> dict[str, object]:
    return {
        "name": plain(field.name),
        "value": plain(field.value),
        "confidence": sure(field.confidence),
        "reason": plain(field.reason),
    }


def _plan_params(plan: PlanRequest) -> Params:
    return {
        "kind": plan.kind.value,
        "currency": plain(plan.currency),
        "periods": plan.periods,
        "monthly_minor": minor_or_none(plan.monthly),
        "last_minor": minor_or_none(plan.last),
        "fee_minor": minor_or_none(plan.fee),
        "total_minor": minor_or_none(plan.total),
        "first_date": iso_or_none(plan.first_date),
        "until": iso_or_none(plan.until),
        "waived_minor": minor_or_none(plan.waived),
        "approver": plain(plan.approver),
        "confidence": plan.confidence,
    }


def _dispute_params(dispute: DisputeClaim) -> Params:
    return {
        "category": dispute.category,
        "description": plain(dispute.description),
        "evidence": words(dispute.evidence),
        "answer_days": dispute.answer_days,
        "status": dispute.status,
        "confidence": dispute.confidence,
    }


def _consent_params(consent: Consent) -> Params:
    return {
        "given": int(consent.given),
        "at": micros(consent.at),
        "version": plain(consent.version),
        "audio_s": not_negative(consent.audio_s),
    }


def write_model_summary(connection: sqlite3.Connection, attempt_id: str, summary: ModelSummary) -> bool:
    """See ``Store.add_model_summary``."""
    params = {
        "attempt_id": attempt_id,
        "text": plain(summary.text),
        "key_points": words(summary.key_points),
        "model": plain(summary.model),
        "at": micros(summary.at),
    }
    return connection.execute(SQL["add_model_summary"], params).rowcount == 1


# --------------------------------------------------------------------------------------------------------- reading


def model_summary_of(connection: sqlite3.Connection, attempt_id: str) -> ModelSummary | None:
    """What a language model wrote about an attempt."""
    row = connection.execute(SQL["model_summary_of"], {"attempt_id": attempt_id}).fetchone()
    if row is None:
        return None
    return ModelSummary(row["text"], words_of(row["key_points"]), row["model"], instant(row["at"]))


def promises_of(connection: sqlite3.Connection, attempt_id: str) -> tuple[PromiseToPay, ...]:
    """The promises of one attempt, in the order of their days."""
    rows = connection.execute(SQL["promises_of"], {"attempt_id": attempt_id}).fetchall()
    return tuple(promise_of(row) for row in rows)


def promise_of(row: sqlite3.Row) -> PromiseToPay:
    """The promise of a row."""
    return PromiseToPay(
        amount=amount(row["amount_minor"]),
        date=row["date"],
        currency=row["currency"],
        channel=row["channel"],
        confidence=row["confidence"],
    )


def result_of(row: sqlite3.Row, promises: tuple[PromiseToPay, ...]) -> ConversationResult | None:
    """The result of a row of ``attempt_record``; None where nobody was talked to, and for calls of old databases.

    Raises StoreError that names the attempt where its rows were edited by hand.
    """
    if row["result"] is None:
        return None
    try:
        return ConversationResult(
            result=row["result"],
            verified=bool(row["verified"]),
            promises=promises,
            plan=_plan_of(row),
            dispute=_dispute_of(row),
            callback=_callback_of(row),
            consent=_consent_of(row),
            transfer_reason=row["transfer_reason"],
            message=row["message"],
            intents=words_of(row["intents"]),
            reasons=words_of(row["reasons"]),
            coverage=words_of(row["coverage"]),
            variants=tuple(_variant_of(pair) for pair in listed(row["variants"])),
            review=tuple(_review_of(field) for field in listed(row["review"])),
            summary=CallSummary(
                words_of(row["key_points"]), row["summary"], row["risk_level"], row["next_action"]
            ),
            language=row["language"],
            upset=bool(row["upset"]),
            do_not_contact=bool(row["do_not_contact"]),
            cut_short=words_of(row["cut_short"]),
            required=words_of(row["required"]),
        )
    except ValueError as error:
        raise StoreError(f"attempt {row['attempt_id']}: the stored result is not valid: {error}") from error


def _variant_of(pair: object) -> tuple[str, str]:
    match pair:
        case [str(name), str(variant)]:
            return name, variant
        case _:
            raise ValueError("a variant is no pair of texts")


def _review_of(field: object) -> ReviewField:
    match field:
        case {
            "name": str(name),
            "value": str(value),
            "confidence": int() | float() as confidence,
            "reason": str(reason),
        }:
            return ReviewField(name, value, float(confidence), reason)
        case _:
            raise ValueError("a value to be looked at is no object of name, value, confidence and reason")


def _plan_of(row: sqlite3.Row) -> PlanRequest | None:
    if row["plan_kind"] is None:
        return None
    return PlanRequest(
        kind=PlanKind(row["plan_kind"]),
        currency=row["plan_currency"],
        periods=row["plan_periods"],
        monthly=amount_or_none(row["plan_monthly"]),
        last=amount_or_none(row["plan_last"]),
        fee=amount_or_none(row["plan_fee"]),
        total=amount_or_none(row["plan_total"]),
        first_date=day_or_none(row["plan_first_date"]),
        until=day_or_none(row["plan_until"]),
        waived=amount_or_none(row["plan_waived"]),
        approver=row["plan_approver"],
        confidence=row["plan_confidence"],
    )


def _dispute_of(row: sqlite3.Row) -> DisputeClaim | None:
    if row["dispute_category"] is None:
        return None
    return DisputeClaim(
        category=row["dispute_category"],
        description=row["dispute_description"],
        evidence=words_of(row["dispute_evidence"]),
        answer_days=row["dispute_answer_days"],
        confidence=row["dispute_confidence"],
        status=row["dispute_status"],
    )


def _callback_of(row: sqlite3.Row) -> Callback | None:
    if not row["callback"]:
        return None
    day, at = row["callback_day"], row["callback_time"]
    return Callback(
        None if day is None else date.fromisoformat(day), None if at is None else time.fromisoformat(at)
    )


def _consent_of(row: sqlite3.Row) -> Consent | None:
    if row["consent_given"] is None:
        return None
    return Consent(
        given=bool(row["consent_given"]),
        at=instant(row["consent_at"]),
        version=row["consent_version"],
        audio_s=row["consent_audio_s"],
    )
