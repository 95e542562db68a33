"""A dispute as a case: which state may follow which, and what a decision says (requirements F15 to F18)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.debt.ledger import ZERO


class DisputeState(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    """Nobody has taken it up yet."""
    IN_REVIEW = "in_review"
    """Its team works on it."""
    WAITING_FOR_CUSTOMER = "waiting_for_customer"
    """The customer was asked for something. The clock of the answer goes on."""
    ESCALATED = "escalated"
    """The time for an answer has passed; the escalation team works on it."""
    DECIDED = "decided"
    """There is an answer; the customer has not been told."""
    NOTIFIED = "notified"
    """The customer has been told."""
    CLOSED = "closed"


class DisputeStep(StrEnum):
    """What moves a dispute on."""

    REVIEW = "review"
    ASK = "ask"
    ANSWER = "answer"
    ESCALATE = "escalate"
    DECIDE = "decide"
    NOTIFY = "notify"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    """The customer takes it back."""


#: Collection of the account rests while a dispute is in one of these.
PAUSING = frozenset(
    {
        DisputeState.OPEN,
        DisputeState.IN_REVIEW,
        DisputeState.WAITING_FOR_CUSTOMER,
        DisputeState.ESCALATED,
    }
)

#: What may follow what; everything else is refused.
NEXT: Mapping[tuple[DisputeState, DisputeStep], DisputeState] = {
    (DisputeState.OPEN, DisputeStep.REVIEW): DisputeState.IN_REVIEW,
    (DisputeState.OPEN, DisputeStep.ASK): DisputeState.WAITING_FOR_CUSTOMER,
    (DisputeState.OPEN, DisputeStep.ESCALATE): DisputeState.ESCALATED,
    (DisputeState.OPEN, DisputeStep.DECIDE): DisputeState.DECIDED,
    (DisputeState.OPEN, DisputeStep.WITHDRAW): DisputeState.CLOSED,
    (DisputeState.IN_REVIEW, DisputeStep.REVIEW): DisputeState.IN_REVIEW,
    (DisputeState.IN_REVIEW, DisputeStep.ASK): DisputeState.WAITING_FOR_CUSTOMER,
    (DisputeState.IN_REVIEW, DisputeStep.ESCALATE): DisputeState.ESCALATED,
    (DisputeState.IN_REVIEW, DisputeStep.DECIDE): DisputeState.DECIDED,
    (DisputeState.IN_REVIEW, DisputeStep.WITHDRAW): DisputeState.CLOSED,
    (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.ANSWER): DisputeState.IN_REVIEW,
    (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.REVIEW): DisputeState.IN_REVIEW,
    (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.ESCALATE): DisputeState.ESCALATED,
    (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.DECIDE): DisputeState.DECIDED,
    (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.WITHDRAW): DisputeState.CLOSED,
    (DisputeState.ESCALATED, DisputeStep.REVIEW): DisputeState.IN_REVIEW,
    (DisputeState.ESCALATED, DisputeStep.ASK): DisputeState.WAITING_FOR_CUSTOMER,
    (DisputeState.ESCALATED, DisputeStep.DECIDE): DisputeState.DECIDED,
    (DisputeState.ESCALATED, DisputeStep.WITHDRAW): DisputeState.CLOSED,
    (DisputeState.DECIDED, DisputeStep.NOTIFY): DisputeState.NOTIFIED,
    (DisputeState.DECIDED, DisputeStep.CLOSE): DisputeState.CLOSED,
    (DisputeState.NOTIFIED, DisputeStep.CLOSE): DisputeState.CLOSED,
}


class DisputeVerdict(StrEnum):
    """Who was right."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class DisputeDecision:
    """The answer to a dispute. ``corrected`` is what the bill comes to when it is put right, None where its amount was
    right all the same (a complaint about the service, say)."""

    verdict: DisputeVerdict
    reason: str = field(repr=False)
    corrected: Decimal | None = None


def step(state: DisputeState, taken: DisputeStep) -> DisputeState | None:
    """The state that follows; None where this step cannot be taken from there."""
    return NEXT.get((state, taken))


def credit_of(decision: DisputeDecision, stated: Decimal, credited: Decimal) -> tuple[Decimal, str]:
    """What is credited to a bill by a decision, and what is wrong with the decision ('': nothing).

    ``stated`` is what the bill says, ``credited`` what earlier decisions have taken off it already.
    """
    if decision.corrected is None:
        return ZERO, ""
    if decision.verdict is DisputeVerdict.REJECTED:
        return ZERO, "a dispute that is rejected corrects no amount"
    bill = stated - credited
    if not decision.corrected.is_finite() or decision.corrected < 0:
        return ZERO, "the corrected amount is below nothing"
    if decision.corrected >= bill:
        return ZERO, f"the corrected amount is not below what the bill comes to, {bill}"
    return bill - decision.corrected, ""
