"""Conditions of a flow (``when``): what each needs to be asked at all, and what is certain once it holds.

Those that depend on the account alone are decided here; those about the answer just given, in the conversation.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from ari_app.dialogue.account_view import VerifiedView
from ari_app.dialogue.suspension import SUSPENSION_CONDITIONS
from ari_app.dialogue.understanding import DISPUTE_CATEGORIES, REASONS

#: Up to so many days overdue the tone is gentle, from so many on it is firm (requirements B15, E20).
GENTLE_UNTIL_DAYS, FIRM_FROM_DAYS = 30, 61
#: So many promises broken make the tone firm.
BROKEN_PROMISES = 2


class Fact(StrEnum):
    """What is certain at a point of a conversation."""

    VERIFIED = "verified"
    DATE = "date"
    AMOUNT = "amount"
    PERIODS = "periods"
    DEFERRAL = "deferral"
    KEPT = "kept promise"


_NOTHING = frozenset[Fact]()
_VERIFIED = frozenset({Fact.VERIFIED})


@dataclass(frozen=True, slots=True)
class ConditionRule:
    """What a condition needs to be asked, and what is certain once it holds."""

    needs: frozenset[Fact] = _NOTHING
    gives: frozenset[Fact] = _NOTHING


#: About the answer just given, and what has been offered.
_OF_THE_TALK: dict[str, ConditionRule] = {
    "tail_matches": ConditionRule(gives=_VERIFIED),
    "gave_tail": ConditionRule(),
    "by_key": ConditionRule(),
    "has_date": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.DATE})),
    "has_amount": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.AMOUNT})),
    "date_out_of_range": ConditionRule(needs=_VERIFIED),
    "amount_out_of_range": ConditionRule(needs=_VERIFIED),
    "new_offer": ConditionRule(needs=_VERIFIED),
    "amount_too_small": ConditionRule(needs=_VERIFIED),
    "part_only": ConditionRule(needs=_VERIFIED),
    "several_promises": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.DATE, Fact.AMOUNT})),
    "rest_open": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.DATE, Fact.AMOUNT})),
    "date_before_earlier": ConditionRule(needs=_VERIFIED),
    "too_many_promises": ConditionRule(needs=_VERIFIED),
    "wants_plan": ConditionRule(needs=_VERIFIED),
    "can_instalment": ConditionRule(needs=_VERIFIED),
    "has_periods": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.PERIODS})),
    "periods_not_offered": ConditionRule(needs=_VERIFIED),
    "can_defer": ConditionRule(needs=_VERIFIED),
    "has_deferral": ConditionRule(needs=_VERIFIED, gives=frozenset({Fact.DEFERRAL})),
    "deferral_out_of_range": ConditionRule(needs=_VERIFIED),
    "has_channel": ConditionRule(needs=_VERIFIED),
    "has_category": ConditionRule(needs=_VERIFIED),
    "has_evidence": ConditionRule(needs=_VERIFIED),
    "has_emergency_phone": ConditionRule(needs=_VERIFIED),
    "has_reason": ConditionRule(needs=_VERIFIED),
    "formal_stage": ConditionRule(needs=_VERIFIED),
    "has_callback": ConditionRule(),
    "can_switch": ConditionRule(),
    "unclear_date": ConditionRule(),
    "upset": ConditionRule(),
}
_OF_THE_TALK |= {
    name: ConditionRule(needs=_VERIFIED)
    for name in (*(f"reason.{one}" for one in REASONS), *(f"category.{one}" for one in DISPUTE_CATEGORIES))
}

#: Only an answer just given can meet these, so they choose among moves and not among wordings.
_OF_AN_ANSWER = frozenset({"tail_matches", "gave_tail", "by_key", "unclear_date", "can_switch"})

#: About the account.
_OF_THE_ACCOUNT = (
    "overdue",
    "due_today",
    "tone_gentle",
    "tone_firm",
    "has_fees",
    "has_late_fee",
    "suspended",
    "suspension_known",
    "legal_stage",
    *SUSPENSION_CONDITIONS,
)

#: Every condition by its name.
CONDITIONS: dict[str, ConditionRule] = _OF_THE_TALK | dict.fromkeys(
    _OF_THE_ACCOUNT, ConditionRule(needs=_VERIFIED)
)
NOT = "not "
#: A condition about an arm: ``arm.EXPERIMENT.ARM``.
ARM = "arm."


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it stands in a flow: a name of ``CONDITIONS`` or of an arm, or its contrary."""

    name: str
    wanted: bool = True

    @property
    def needs(self) -> frozenset[Fact]:
        """Without these it cannot be asked."""
        return _rule(self.name).needs

    @property
    def gives(self) -> frozenset[Fact]:
        """What is certain once it holds; its contrary makes nothing certain."""
        return _rule(self.name).gives if self.wanted else _NOTHING

    @property
    def arm(self) -> tuple[str, str] | None:
        """The experiment and the arm that it is about; None for any other condition."""
        if not self.name.startswith(ARM):
            return None
        experiment, _, arm = self.name.removeprefix(ARM).partition(".")
        return experiment, arm

    def __str__(self) -> str:
        return self.name if self.wanted else NOT + self.name


def _rule(name: str) -> ConditionRule:
    """An arm needs nothing, and nothing is certain in it."""
    return ConditionRule() if name.startswith(ARM) else CONDITIONS[name]


def condition_of(text: str) -> Condition:
    """The condition of a word of ``condition_words``, or of one that names an arm."""
    return Condition(text.removeprefix(NOT), wanted=not text.startswith(NOT))


def condition_words(*, of_wordings: bool = False) -> list[str]:
    """Every text that is a condition; ``of_wordings`` without those that only an answer just given can meet."""
    names = [name for name in CONDITIONS if not (of_wordings and name in _OF_AN_ANSWER)]
    return [word for name in names for word in (name, NOT + name)]


def account_condition(name: str, view: VerifiedView, today: date, *, upset: bool) -> bool:
    """Whether a condition about the account holds; False for any other name."""
    details, overdue = view.details, (today - view.due_date).days
    if view.tone and name in (
        "tone_gentle",
        "tone_firm",
    ):  # a strategy has said it; anger softens it all the same
        return (
            upset or view.tone == "gentle" if name == "tone_gentle" else not upset and view.tone == "serious"
        )
    match name:
        case "overdue":
            return overdue > 0
        case "due_today":
            return overdue == 0
        case "tone_gentle":
            return (
                upset
                or details.good_record
                or details.customer_level == "vip"
                or overdue <= GENTLE_UNTIL_DAYS
            )
        case "tone_firm":
            return not upset and is_firm(view, overdue)
        case "has_fees":
            return bool(details.fee_items)
        case "has_late_fee":
            return details.late_fee is not None and details.late_fee > 0
        case "suspended":
            return details.service_state == "suspended"
        case "suspension_known":
            return details.suspension_on is not None
        case "legal_stage":
            return details.legal_stage
        case _:
            return False


def is_firm(view: VerifiedView, overdue: int) -> bool:
    """Whether an account is spoken to seriously: long overdue, of high risk, or promises broken; never a good customer."""
    details = view.details
    if details.good_record or details.customer_level == "vip":
        return False
    risky = details.customer_level == "high_risk" or details.risk_level == "H"
    return overdue >= FIRM_FROM_DAYS or risky or details.broken_promises >= BROKEN_PROMISES
