"""Events for webhooks: names and payloads as integrators see them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from ari_app.domain.attempt import CallOutcome
from ari_app.domain.call_result import PromiseToPay
from ari_app.ports import AttemptHistory, OutboxEvent


def _number(amount: Decimal) -> float:
    """Amounts are JSON numbers in payloads, as in the create-task request; two decimals survive a double exactly."""
    return float(amount)


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


def call_completed(history: AttemptHistory, outcome: CallOutcome) -> OutboxEvent:
    """A contact has ended, whatever its disposition."""
    name = "call.completed"
    payload = _common(history, name, outcome.ended_at) | {
        "attemptId": outcome.attempt_id,
        "disposition": outcome.disposition,
        "talkSeconds": outcome.talk_seconds,
        "recording": outcome.recording,
        "transcript": outcome.transcript,
    }
    return OutboxEvent(name, _key(history, name, outcome.attempt_id), payload)


def promise_created(
    history: AttemptHistory, outcome: CallOutcome, promise: PromiseToPay, at: datetime
) -> OutboxEvent:
    """The customer promised to pay, and confirmed it when it was read back."""
    name = "collection.ptp.created"
    payload = _common(history, name, at) | {
        "attemptId": outcome.attempt_id,
        "ptp": {
            "amount": _number(promise.amount),
            "date": promise.date,
            "channel": promise.channel,
            "confidence": promise.confidence,
        },
    }
    return OutboxEvent(name, _key(history, name, outcome.attempt_id), payload)
