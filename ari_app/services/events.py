"""Events for webhooks: names and payloads as integrators see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

from ari_app.domain.attempt import CallOutcome
from ari_app.domain.call_result import (
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanRequest,
    PromiseToPay,
)
from ari_app.domain.result_export import callback_object
from ari_app.domain.script_coverage import completeness, evidence_missing
from ari_app.ports import AttemptHistory, OutboxEvent


def _number(amount: Decimal) -> float:
    """Amounts are JSON numbers in payloads, as in the create-task request; two decimals survive a double exactly."""
    return float(amount)


def _number_or_none(amount: Decimal | None) -> float | None:
    return None if amount is None else _number(amount)


def _common(history: AttemptHistory, event: str, at: datetime) -> dict[str, object]:
    account = history.account
    return {
        "event": event,
        "taskId": history.campaign.campaign_id,
        "customerId": account.customer_id,
        "accountId": account.account_id,
        "billId": account.bill_id,
        "amountDue": _number(account.amount_due),
        "timestamp": int(at.timestamp()),
    }


def _key(history: AttemptHistory, event: str, attempt_id: str) -> str:
    """Idempotency key: ``taskId+billId``, then event and attempt (requirement I5, X17)."""
    return f"{history.campaign.campaign_id}+{history.account.bill_id}+{event}+{attempt_id}"


def _links(outcome: CallOutcome, public_url: str) -> dict[str, object]:
    """Where recording and transcript are fetched: addresses of the API where it is reached from outside, else files."""
    attempt = quote(outcome.attempt_id, safe="")

    def link(path: str | None, what: str) -> str | None:
        return f"{public_url}/v1/attempts/{attempt}{what}" if path and public_url else path

    return {
        "recordingUrl": link(outcome.recording, "/recording"),
        "transcriptUrl": link(outcome.transcript, ""),
    }


def call_completed(history: AttemptHistory, outcome: CallOutcome, public_url: str = "") -> OutboxEvent:
    """A contact has ended, whatever its disposition. Where somebody was talked to, with all that it has yielded.

    ``public_url`` is the address at which the API is reached, '' where it is not.
    """
    name = "call.completed"
    payload = _common(history, name, outcome.ended_at) | {
        "attemptId": outcome.attempt_id,
        "disposition": outcome.disposition,
        "talkSeconds": outcome.talk_seconds,
        "recording": outcome.recording,
        "transcript": outcome.transcript,
        **_links(outcome, public_url),
        "variants": dict(history.arms),
    }
    result = outcome.conversation
    if result is not None:
        script = completeness(result)
        payload |= {
            "result": result.result,
            "verified": result.verified,
            "language": result.language,
            "intents": list(result.intents),
            "reasons": list(result.reasons),
            "transferReason": result.transfer_reason or None,
            "message": result.message or None,
            "ptp": [_promise(promise) for promise in result.promises],
            "callback": callback_object(result.callback),
            **_yield(result),
            "variants": dict(history.arms or result.variants),
            "coverage": list(result.coverage),
            "completeness": None if script is None else script.score,
            "evidenceMissing": None if script is None else list(evidence_missing(result)),
            "review": [{"name": field.name, "reason": field.reason} for field in result.review],
        }
    return OutboxEvent(name, _key(history, name, outcome.attempt_id), payload)


def promises_created(
    history: AttemptHistory, outcome: CallOutcome, public_url: str = ""
) -> list[OutboxEvent]:
    """The customer promised to pay, and confirmed it when it was read back: one event for each promise (I3).

    Several promises of one call differ in the last part of their key, the number of the promise from 1.
    """
    name = "collection.ptp.created"
    result = outcome.conversation
    if result is None:
        return []
    common = _common(history, name, outcome.ended_at) | {
        "attemptId": outcome.attempt_id,
        **_yield(result),
        **_links(outcome, public_url),
    }
    return [
        OutboxEvent(
            name,
            _key(history, name, f"{outcome.attempt_id}+{number}"),
            common
            | {
                "ptp": _promise(promise),
                "ptpNumber": number,
                "ptpCount": len(result.promises),
                "currency": promise.currency,
            },
        )
        for number, promise in enumerate(result.promises, 1)
    ]


def _promise(promise: PromiseToPay) -> dict[str, object]:
    return {
        "amount": _number(promise.amount),
        "date": promise.date,
        "channel": promise.channel,
        "confidence": promise.confidence,
    }


def _yield(result: ConversationResult) -> dict[str, object]:
    """Summary, plan, dispute and consent, as both events carry them."""
    summary = result.summary
    return {
        "summary": {
            "text": summary.text,
            "keyPoints": list(summary.key_points),
            "riskLevel": summary.risk_level,
            "nextAction": summary.next_action,
        },
        "plan": None if result.plan is None else _plan(result.plan),
        "dispute": None if result.dispute is None else _dispute(result.dispute),
        "consent": None if result.consent is None else _consent(result.consent),
    }


def _plan(plan: PlanRequest) -> dict[str, object]:
    terms = {
        "currency": plan.currency,
        "periods": plan.periods or None,
        "monthly": _number_or_none(plan.monthly),
        "last": _number_or_none(plan.last),
        "fee": _number_or_none(plan.fee),
        "total": _number_or_none(plan.total),
        "firstDate": None if plan.first_date is None else plan.first_date.isoformat(),
        "until": None if plan.until is None else plan.until.isoformat(),
        "waived": _number_or_none(plan.waived),
    }
    return {
        "type": plan.kind.value,
        "terms": {name: value for name, value in terms.items() if value is not None},
        "approver": plan.approver or None,
        "confidence": plan.confidence,
    }


def _dispute(dispute: DisputeClaim) -> dict[str, object]:
    return {
        "category": dispute.category,
        "description": dispute.description,
        "evidence": list(dispute.evidence),
        "sla": dispute.answer_days,
        "status": dispute.status,
        "confidence": dispute.confidence,
    }


def _consent(consent: Consent) -> dict[str, object]:
    return {
        "given": consent.given,
        "time": int(consent.at.timestamp()),
        "version": consent.version,
        "audioSeconds": consent.audio_s,
    }


def account_event(
    event: str,
    subject: str,
    fields: Mapping[str, object],
    *,
    campaign_id: str,
    customer_id: str,
    account_id: str,
    bill_id: str,
    amount_due: Decimal,
    currency: str,
    at: datetime,
) -> OutboxEvent:
    """An event of an account that belongs to no call; ``subject`` is the last part of its idempotency key (X17)."""
    payload = {
        "event": event,
        "taskId": campaign_id,
        "customerId": customer_id,
        "accountId": account_id,
        "billId": bill_id,
        "amountDue": _number(amount_due),
        "currency": currency,
        **fields,
        "timestamp": int(at.timestamp()),
    }
    return OutboxEvent(event, f"{campaign_id}+{bill_id}+{event}+{subject}", payload)
