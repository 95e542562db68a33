"""What a conversation has come to: promises and plans, out of what was offered and confirmed."""

from __future__ import annotations

from datetime import date

from ari_app.dialogue.account_view import OpeningView, Promised, VerifiedView
from ari_app.dialogue.flow_policy import Policy
from ari_app.domain.call_result import PlanKind, PlanRequest, PromiseToPay


def promises_of(
    view: OpeningView | VerifiedView, promised: Promised, channel: str, confidence: float, *, kept_only: bool
) -> tuple[PromiseToPay, ...]:
    """The promises that stand at the end, by day; none before verification, or without a date and an amount.

    ``kept_only``: what was offered after the last one that was confirmed does not count.
    """
    if not isinstance(view, VerifiedView):
        return ()
    found = list(promised.kept)
    if not kept_only:
        found += promised.payments
    return tuple(
        PromiseToPay(one.amount, one.date.isoformat(), view.currency, channel=channel, confidence=confidence)
        for one in sorted(found)
    )


def plan_of(
    result: str,
    view: OpeningView | VerifiedView,
    promised: Promised,
    policy: Policy,
    today: date,
    confidence: float,
) -> PlanRequest | None:
    """The plan or deferral that was agreed, where the conversation ends with one."""
    if not isinstance(view, VerifiedView):
        return None
    if result == "deferral_requested" and promised.deferral is not None:
        return PlanRequest(PlanKind.DEFERRAL, view.currency, until=promised.deferral, confidence=confidence)
    if result != "plan_requested":
        return None
    terms = policy.offer(promised.periods, view.amount_due, today)
    return None if terms is None else terms.request(view.currency, confidence)
