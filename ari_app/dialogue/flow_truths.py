"""Whether a condition about the debt, or about what a verified customer said and offered, holds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from ari_app.dialogue.account_view import Promised, VerifiedView
from ari_app.dialogue.flow_conditions import account_condition
from ari_app.dialogue.flow_findings import Findings
from ari_app.dialogue.flow_policy import BY_STAGE, FORMAL_COLLECTION, Policy
from ari_app.dialogue.flow_promises import PROMISE_CONDITIONS, promise_condition
from ari_app.dialogue.suspension import SUSPENSION_CONDITIONS, suspension_condition


def debt_condition(
    name: str,
    view: VerifiedView,
    found: Findings,
    promised: Promised,
    policy: Policy,
    noted: Collection[str],
    now: datetime,
) -> bool:
    """``noted`` are the conditions that the answer just given meets (``flow_offers``); ``now`` is local to the customer."""
    today = now.date()
    if name in SUSPENSION_CONDITIONS:
        return bool(suspension_condition(name, view.details, promised.last_date, now))
    if name.startswith("reason."):
        return name.removeprefix("reason.") in found.reasons
    if name.startswith("category."):
        return name.removeprefix("category.") == found.category
    if name in PROMISE_CONDITIONS:
        return promise_condition(name, promised, view.amount_due, policy)
    match name:
        case "formal_stage":
            mode = policy.statement_mode
            return mode == FORMAL_COLLECTION or (mode == BY_STAGE and view.details.legal_stage)
        case "has_periods":
            return policy.offer(promised.periods, view.amount_due, today) is not None
        case "has_deferral":
            return promised.deferral is not None
        case "can_instalment":
            return bool(policy.offers(view.amount_due, today))
        case "can_defer":
            return policy.latest_deferral_days > 0
        case "has_channel":
            return bool(found.channel)
        case "has_category":
            return bool(found.category)
        case "has_evidence":
            return bool(found.evidence)
        case "has_emergency_phone":
            return bool(policy.emergency_phone)
        case "wants_plan":
            return "request_installment" in found.intents
        case "has_reason":
            return bool(found.reasons)
        case _:
            return name in noted or account_condition(name, view, today, upset=found.upset)
