"""A call in short: what was agreed, how great the risk is, and what has to be done next (requirements A9, B12, E29)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from ari_app.dialogue.summary_words import WORDS, SummaryWords
from ari_app.domain.account import Account
from ari_app.domain.call_result import (
    Callback,
    CallSummary,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
)
from ari_app.domain.script_coverage import evidence_missing, in_order

#: A debt above this is a high one (requirement B14), in units of its currency.
HIGH_AMOUNT = Decimal(5000)

RISK_LEVELS = ("L", "M", "H")

#: Results in which the customer shows that he will pay, and those in which he shows that he will not or cannot.
WILLING = frozenset(
    {"promise_to_pay", "plan_requested", "deferral_requested", "already_paid", "restore_requested"}
)
UNWILLING = frozenset({"refused", "stop_calling", "complaint", "abusive", "hardship", "distress", "deceased"})

#: What has to be done after a result; whatever is not here is tried again as the campaign plans it.
NEXT_ACTION: dict[str, str] = {
    "promise_to_pay": "await_payment",
    "acknowledged": "await_payment",
    "plan_requested": "approve_plan",
    "deferral_requested": "approve_plan",
    "already_paid": "verify_payment",
    "restore_requested": "verify_payment",
    "disputed": "review_dispute",
    "callback": "call_back",
    "link_requested": "send_message",
    "request_human": "human_contact",
    "hardship": "human_contact",
    "complaint": "human_contact",
    "recording_refused": "human_contact",
    "distress": "human_contact",
    "deceased": "human_contact",
    "minor": "human_contact",
    "language_wanted": "human_contact",
    "wrong_person": "correct_number",
    "fax": "correct_number",
    "stop_calling": "stop_contact",
}
#: What gives way when a person is wanted.
_GIVES_WAY = frozenset({"retry", "await_payment", "send_message", "call_back", "stop_contact"})


def with_summary(result: ConversationResult, account: Account, today: date) -> ConversationResult:
    """The result with its summary; points and text that somebody else has written (a language model) are kept.

    Risk level and next action always follow the rules. ``today`` is the day of the call where the customer lives.
    """
    written = result.summary
    points = written.key_points or key_points(result, account)
    words = _words(result, account)
    summary = CallSummary(
        key_points=points,
        text=written.text or words.between.join(points) + words.ends,
        risk_level=risk_level(result, account, today),
        next_action=next_action(result),
    )
    return replace(result, summary=summary)


def next_action(result: ConversationResult) -> str:
    """What has to be done, a word of ``NEXT_ACTIONS``."""
    action = NEXT_ACTION.get(result.result, "retry")
    if result.transfer_reason and action in _GIVES_WAY:
        return "human_contact"
    if action != "retry":
        return action
    if result.do_not_contact:
        return "stop_contact"
    if result.callback is not None:
        return "call_back"
    return "send_message" if result.message else action


def risk_level(result: ConversationResult, account: Account, today: date) -> str:
    """L, M or H, of how long, how much and how willing (requirement B12).

    The level that the list gives is where it begins; else it is worked out: more than 30 days overdue, more than
    ``HIGH_AMOUNT``, each broken promise and a customer of high risk count one, more than 90 days and the legal stage two,
    a good record one less. The call itself moves it by one: down for who is willing to pay, up for who is not.
    """
    details = account.details
    if details.risk_level in RISK_LEVELS:
        base = RISK_LEVELS.index(details.risk_level)
    else:
        overdue = (today - account.due_date).days
        base = (2 if overdue > 90 else 1 if overdue > 30 else 0) + (2 if details.legal_stage else 0)
        base += int(account.amount_due > HIGH_AMOUNT) + max(0, details.broken_promises)
        base += int(details.customer_level == "high_risk") - int(details.good_record)
    base = min(2, max(0, base))
    if result.result in UNWILLING:
        base += 1
    elif result.result in WILLING:
        base -= 1
    return RISK_LEVELS[min(2, max(0, base))]


def key_points(result: ConversationResult, account: Account) -> tuple[str, ...]:
    """What somebody has to know who has not heard the call, in its language; the result comes first."""
    words = _words(result, account)
    say = words.phrases
    points = [words.results.get(result.result) or say["other"].format(result=words.name(result.result))]
    if result.coverage:
        points.append(say["verified"] if result.verified else say["not_verified"])
    points += [_promise(promise, words) for promise in result.promises]
    rest = account.amount_due - sum((promise.amount for promise in result.promises), Decimal(0))
    if result.promises and rest > 0:
        points.append(say["rest"].format(amount=rest, currency=account.currency))
    if result.plan is not None:
        points.append(_plan(result.plan, words))
    if result.dispute is not None:
        points += _dispute(result.dispute, words)
    if result.callback is not None:
        points.append(say["callback"].format(when=_when(result.callback) or say["later"]))
    if result.reasons:
        points.append(say["reasons"].format(reasons=words.listed.join(map(words.name, result.reasons))))
    if result.upset:
        points.append(say["upset"])
    if result.transfer_reason:
        points.append(say["transfer"].format(reason=words.name(result.transfer_reason)))
    if result.message:
        points.append(say["message"].format(message=words.name(result.message)))
    if result.consent is not None and not result.consent.given:
        points.append(say["no_consent"])
    if result.do_not_contact:
        points.append(say["stop"])
    if result.review:
        points.append(say["review"].format(count=len(result.review)))
    missing = evidence_missing(result)
    if result.verified and missing:
        elements = words.listed.join(words.name(element) for element in in_order(set(missing)))
        points.append(say["evidence_missing"].format(elements=elements))
    return tuple(points)


def _words(result: ConversationResult, account: Account) -> SummaryWords:
    return WORDS.get(result.language) or WORDS.get(account.language) or WORDS["zh"]


def _promise(promise: PromiseToPay, words: SummaryWords) -> str:
    text = words.phrases["promise"].format(
        amount=promise.amount, currency=promise.currency, date=promise.date
    )
    return text + (words.phrases["by"].format(channel=words.name(promise.channel)) if promise.channel else "")


def _plan(plan: PlanRequest, words: SummaryWords) -> str:
    say = words.phrases
    match plan.kind:
        case PlanKind.INSTALLMENT:
            return say["installment"].format(
                periods=plan.periods,
                monthly=plan.monthly,
                last=plan.last,
                total=plan.total,
                fee=plan.fee,
                currency=plan.currency,
                date=plan.first_date,
            )
        case PlanKind.DEFERRAL:
            return say["deferral"].format(date=plan.until)
        case PlanKind.WAIVER:
            if plan.waived is None:
                return say["waiver"]
            return say["waived"].format(amount=plan.waived, currency=plan.currency)


def _dispute(dispute: DisputeClaim, words: SummaryWords) -> list[str]:
    """Category and promised answer; his own words stay with the dispute."""
    points = [
        words.phrases["dispute"].format(category=words.name(dispute.category), days=dispute.answer_days)
    ]
    if dispute.evidence:
        points.append(words.phrases["evidence"].format(evidence=words.listed.join(dispute.evidence)))
    return points


def _when(callback: Callback) -> str:
    day = "" if callback.day is None else callback.day.isoformat()
    at = "" if callback.at is None else callback.at.isoformat("minutes")
    return f"{day} {at}".strip()
