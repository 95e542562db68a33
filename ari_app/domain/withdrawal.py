"""Is a call that nobody has answered yet still allowed? Asked when something has changed that stands in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ari_app.domain.compliance import LIST_RULES, ContactFacts, DialVerdict, Rule

#: Rules that take a call back while it rings: a payment, a dispute, a plan, a list, a stop. Hours and caps do not: the call
#: began while they let it, and its own dial counts in them.
WITHDRAWING = LIST_RULES | {
    Rule.CAMPAIGN_NOT_RUNNING,
    Rule.NUMBER_DEAD,
    Rule.DECEASED,
    Rule.BANKRUPT,
    Rule.REPRESENTED,
    Rule.GUARDIAN,
    Rule.NO_CONSENT,
    Rule.DISPUTE_OPEN,
    Rule.HANDED_OVER,
    Rule.PAID,
    Rule.PLAN_ACTIVE,
    Rule.STRATEGY_STOPPED,
    Rule.CONSENT_MISSING,
    Rule.BELOW_MINIMUM_AMOUNT,
    Rule.OUTSIDE_AGING_BUCKETS,
}


def as_when_dialled(facts: ContactFacts, dialled_at: datetime | None, *, has_caller_id: bool) -> ContactFacts:
    """The facts of an attempt under way as the gate had them before its dial: it is open, and has not counted yet."""
    counted = dialled_at is not None
    by_strategy = facts.by_strategy
    if by_strategy is not None and by_strategy.rule not in WITHDRAWING:
        by_strategy = (
            None  # its own dial may have used the step up; that hides nothing that stands in the way
        )
    return replace(
        facts,
        account_open=True,
        open_attempt=False,
        due_at=None,
        has_caller_id=has_caller_id,
        attempts_made=facts.attempts_made - counted,
        made_in_segment=None if facts.made_in_segment is None else facts.made_in_segment - counted,
        made_in_step=None if facts.made_in_step is None else facts.made_in_step - counted,
        contacts=tuple(contact for contact in facts.contacts if contact.at != dialled_at),
        by_strategy=by_strategy,
    )


def withdraws(verdict: DialVerdict) -> bool:
    """Whether a call that nobody has answered is released by this verdict."""
    return not verdict.allowed and verdict.rule in WITHDRAWING
