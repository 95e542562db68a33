"""A bill of long standing as a case: states, hand-over, commission (requirements F24 to F28)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from ari_app.domain.debt.approval import person_key
from ari_app.domain.debt.ledger import ZERO, EntryKind, LedgerEntry, distinct

#: The day on which the evidence has to be fixed (requirement F24).
LAST_DAY = 90


class CaseState(StrEnum):
    """Where a case stands."""

    WATCHING = "watching"
    """Old enough; its evidence has not been put together."""
    EVIDENCE_FIXED = "evidence_fixed"
    HANDED_OVER = "handed_over"
    """An agency or a law firm has it; no machine calls any more."""
    IN_PROGRESS = "in_progress"
    """Whoever has it works on it."""
    CLOSED = "closed"


class CaseStep(StrEnum):
    """What moves a case on."""

    FIX = "fix"
    HAND_OVER = "hand_over"
    PROGRESS = "progress"
    CLOSE = "close"


#: What may follow what; everything else is refused.
NEXT: Mapping[tuple[CaseState, CaseStep], CaseState] = {
    (CaseState.WATCHING, CaseStep.FIX): CaseState.EVIDENCE_FIXED,
    (CaseState.WATCHING, CaseStep.CLOSE): CaseState.CLOSED,
    (CaseState.EVIDENCE_FIXED, CaseStep.FIX): CaseState.EVIDENCE_FIXED,
    (CaseState.EVIDENCE_FIXED, CaseStep.HAND_OVER): CaseState.HANDED_OVER,
    (CaseState.EVIDENCE_FIXED, CaseStep.CLOSE): CaseState.CLOSED,
    (CaseState.HANDED_OVER, CaseStep.PROGRESS): CaseState.IN_PROGRESS,
    (CaseState.HANDED_OVER, CaseStep.CLOSE): CaseState.CLOSED,
    (CaseState.IN_PROGRESS, CaseStep.PROGRESS): CaseState.IN_PROGRESS,
    (CaseState.IN_PROGRESS, CaseStep.CLOSE): CaseState.CLOSED,
}


class HandedTo(StrEnum):
    """Who has a case."""

    AGENCY = "agency"
    LAW_FIRM = "law_firm"


class CaseOutcome(StrEnum):
    """How a case has ended."""

    RECOVERED = "recovered"
    WRITTEN_OFF = "written_off"
    WITHDRAWN = "withdrawn"
    """Taken back: a mistake, a settlement, nothing owed without a payment."""


@dataclass(frozen=True, slots=True)
class CommissionStep:
    """From ``recovered_percent`` of the debt on, ``percent`` of it on top."""

    recovered_percent: Decimal
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Commission:
    """What an agency gets, in percent of the debt handed over: ``base`` in any case, and the last of the ascending
    ``steps`` that the recovery has reached (requirement F26; below the first one nothing is stated, so nothing)."""

    base: Decimal = Decimal(5)
    steps: Sequence[CommissionStep] = (
        CommissionStep(Decimal(70), Decimal(8)),
        CommissionStep(Decimal(90), Decimal(12)),
    )

    def percent(self, recovered_percent: Decimal) -> Decimal:
        """The rate for a share of recovery."""
        reached = [each.percent for each in self.steps if recovered_percent >= each.recovered_percent]
        return self.base + (reached[-1] if reached else Decimal(0))

    def amount(self, handed: Decimal, recovered: Decimal) -> Decimal:
        """The sum for a debt of ``handed`` of which ``recovered`` came in, half a hundredth rounded up."""
        rate = self.percent(share(handed, recovered))
        return (handed * rate / 100).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def step(state: CaseState, taken: CaseStep) -> CaseState | None:
    """The state that follows; None where this step cannot be taken from there."""
    return NEXT.get((state, taken))


def share(handed: Decimal, recovered: Decimal) -> Decimal:
    """How much of a debt was recovered, in percent; never below nothing."""
    return max(Decimal(0), recovered) * 100 / handed if handed > 0 else Decimal(0)


def recovered_since(entries: Iterable[LedgerEntry], since: datetime) -> Decimal:
    """What came in since an instant and has stayed: payments less what of them was taken back."""
    once = distinct(entries)
    counted = {
        (each.provider, each.reference): each.amount
        for each in once
        if each.kind is EntryKind.PAYMENT and each.at > since
    }
    total = sum(counted.values(), ZERO)
    for each in once:
        of = (each.provider, each.reverses)
        if each.kind is EntryKind.REVERSAL and of in counted:
            taken = min(each.amount, counted[of])
            counted[of] -= taken
            total -= taken
    return total


def hand_over_refused(
    amount: Decimal, by: str, reviewed_by: str, high_amount: Decimal, *, disputed: bool, planned: bool
) -> str:
    """Why a case is not handed over; '' where it may be. Always a person decides, of a high amount two do (B14)."""
    if not person_key(by):
        return "whoever hands a case over says who he is"
    if amount <= 0:
        return "nothing is owed any more"
    if disputed:
        return "the bill is disputed, and nobody has answered yet"
    if planned:
        return "a plan of the bill is being kept to"
    if amount > high_amount and not person_key(reviewed_by):
        return f"more than {high_amount} is owed: a second person has to review it"
    if reviewed_by and person_key(reviewed_by) == person_key(by):
        return "nobody reviews what he does himself"
    return ""
