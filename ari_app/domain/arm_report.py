"""What came of an experiment: the calls of each arm, counted (requirements K10, O6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ari_app.domain.experiment import Reason

#: Every figure of the report with its formula.
FORMULAS: Final[dict[str, str]] = {
    "customers": "different customers with at least one attempt that was dialled with this arm",
    "attempts": "attempts that were dialled (their INVITE left) with this arm",
    "answered": "of these, attempts that were answered, by whomever",
    "verified": "of these, attempts in which the customer was verified",
    "promises": "of these, attempts with at least one promise to pay that was read back and confirmed",
    "complaints": "of the attempts, those whose result is a complaint",
    "answered_share": "answered / attempts",
    "verified_share": "verified / answered",
    "promise_share": "promises / verified",
}


class GroupedBy(StrEnum):
    """By what of an account customers are grouped, as the list that was loaded last says."""

    BUCKET = "bucket"
    LEVEL = "level"
    RISK = "risk"
    LANGUAGE = "language"


@dataclass(frozen=True, slots=True)
class ArmCount:
    """The attempts of one arm, as counted in the store; ``customer_group`` '' where all customers count together, and for
    those of whom the list says nothing."""

    experiment: str
    arm: str
    customers: int
    attempts: int
    answered: int
    verified: int
    promises: int
    complaints: int
    customer_group: str = ""

    def figures(self) -> dict[str, float | int | None]:
        """Every figure of ``FORMULAS``, in its order; a share of nothing is None, all others have four decimals."""
        return {
            "customers": self.customers,
            "attempts": self.attempts,
            "answered": self.answered,
            "verified": self.verified,
            "promises": self.promises,
            "complaints": self.complaints,
            "answered_share": _share(self.answered, self.attempts),
            "verified_share": _share(self.verified, self.answered),
            "promise_share": _share(self.promises, self.verified),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


@dataclass(frozen=True, slots=True)
class AssignedArm:
    """An arm that a customer was given: the ``number``-th of this experiment, at which attempt and why."""

    experiment: str
    number: int
    arm: str
    reason: Reason
    attempt_id: str
    assigned_at: datetime
