"""What a call has yielded, for people and programs; words of the customer are masked unless asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.cli.common import local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from ari_app.cli.turns_view import Mask
    from ari_app.domain.call_result import (
        Callback,
        ConversationResult,
        DisputeClaim,
        PlanRequest,
        PromiseToPay,
    )
    from ari_app.domain.record import AttemptRecord

#: Heading, value, and the style of what waits for a person ('' for all else).
Line = tuple[str, str, str]
WAITS = "red"


def result_lines(record: AttemptRecord, mask: Mask, zone: tzinfo | None) -> list[Line]:
    """The result of a call, line by line; a value that a person has to look at is red and says why."""
    result = record.conversation
    if result is None:
        promises = [_promise(promise, number, None) for number, promise in enumerate(record.promises, 1)]
        return [*promises, *_variants(record)]
    return [
        *_agreed(result, mask, zone),
        *_variants(record),
        *_circumstances(result, mask),
        *_script(result),
        *_review(result, mask),
        *_by_model(record, mask),
    ]


def _agreed(result: ConversationResult, mask: Mask, zone: tzinfo | None) -> Iterator[Line]:
    verified = "identity verified" if result.verified else "identity not verified"
    yield "result", f"{result.result}, {verified}", ""
    for number, promise in enumerate(result.promises, 1):
        yield _promise(promise, number, result)
    if result.plan is not None:
        yield "plan", plan_words(result.plan), _style(result, "plan")
    if result.dispute is not None:
        yield "dispute", dispute_words(result.dispute, mask.text), _style(result, "dispute")
    if result.callback is not None:
        yield "call back", callback_words(result.callback), _style(result, "callback")
    if result.consent is not None:
        consent = result.consent
        place = "" if consent.audio_s is None else f", notice at {consent.audio_s:.1f} s"
        answer = "given" if consent.given else "refused"
        yield "consent", f"{answer} {local(consent.at, zone)}, wording {consent.version}{place}", ""


def _variants(record: AttemptRecord) -> Iterator[Line]:
    if record.variants:
        yield "variants", ", ".join(f"{name} {variant}" for name, variant in record.variants), ""


def _circumstances(result: ConversationResult, mask: Mask) -> Iterator[Line]:
    if result.reasons:
        yield "why unpaid", ", ".join(result.reasons), ""
    if result.transfer_reason:
        yield "person wanted", result.transfer_reason, ""
    if result.message:
        yield "message", f"{result.message}, to be sent", ""
    if result.upset:
        yield "mood", "upset", ""
    summary = result.summary
    if summary.text:
        yield "summary", mask.text(summary.text), ""
    yield "risk", f"{summary.risk_level}, next: {summary.next_action}", ""


def _script(result: ConversationResult) -> Iterator[Line]:
    from ari_app.domain.script_coverage import completeness, evidence_missing

    script = completeness(result)
    if script is None:
        return
    missing = f", missing {', '.join(script.missing)}" if script.missing else ""
    yield "script", f"{script.score} % complete{missing}", ""
    yield "spoken", ", ".join(result.coverage) or "nothing", ""
    if result.cut_short:
        yield "cut short", ", ".join(result.cut_short), ""
    lacks = evidence_missing(result)
    yield "evidence", f"the recording lacks {', '.join(lacks)}" if lacks else "complete", ""


def _by_model(record: AttemptRecord, mask: Mask) -> Iterator[Line]:
    """What a language model wrote about the call: nobody has checked it."""
    summary = record.model_summary
    if summary is not None:
        yield "by a model", f"{mask.text(summary.text)} ({summary.model}; to be checked)", WAITS
        for point in summary.key_points:
            yield "", f"- {mask.text(point)}", WAITS


def _review(result: ConversationResult, mask: Mask) -> Iterator[Line]:
    for field in result.review:
        value = f" {mask.text(field.value)}" if field.value else ""
        yield "to be checked", f"{field.name}{value}: {field.reason}, sure {field.confidence:.2f}", WAITS


def _promise(promise: PromiseToPay, number: int, result: ConversationResult | None) -> Line:
    channel = f", {promise.channel}" if promise.channel else ""
    value = f"{promise.amount} {promise.currency} by {promise.date}{channel}, sure {promise.confidence:.2f}"
    return "promise", value, "" if result is None else _style(result, f"promise.{number}")


def dispute_words(dispute: DisputeClaim, shown: Callable[[str], str]) -> str:
    """A dispute in one line; ``shown`` is how the customer's words may be shown."""
    told = f": {shown(dispute.description)}" if dispute.description else ""
    evidence = f" ({shown(', '.join(dispute.evidence))})" if dispute.evidence else ""
    return f"{dispute.category}{told}{evidence}, answer within {dispute.answer_days} working days, {dispute.status}"


def callback_words(callback: Callback) -> str:
    """When another call was asked for."""
    parts = [] if callback.day is None else [callback.day.isoformat()]
    parts += [] if callback.at is None else [callback.at.isoformat("minutes")]
    return " ".join(parts) or "no time named"


def plan_words(plan: PlanRequest) -> str:
    """A plan, a deferral or a waiver in one line."""
    approved = f"approved by {plan.approver}" if plan.approver else "not approved yet"
    terms = plan.kind.value
    if plan.periods and plan.monthly is not None:
        terms += f", {plan.periods} rates of {plan.monthly} {plan.currency}, the last {plan.last}"
        terms += f", {plan.total} in all with a fee of {plan.fee}, from {plan.first_date}"
    if plan.until is not None:
        terms += f" until {plan.until}"
    if plan.waived is not None:
        terms += f" of {plan.waived} {plan.currency}"
    return f"{terms}, {approved}, sure {plan.confidence:.2f}"


def _style(result: ConversationResult, name: str) -> str:
    of = name.partition(".")[0]
    for field in result.review:
        head, _, part = field.name.partition(".")
        if field.name == name or (head == of and not part.isdecimal()):
            return WAITS
    return ""


def masked_result(found: dict[str, object], mask: Mask) -> dict[str, object]:
    """An exported attempt in which the words of the customer are masked."""
    changes: dict[str, object] = {}
    answer, summary, points = (found.get(key) for key in ("recording_notice_answer", "summary", "key_points"))
    if isinstance(answer, str):
        changes["recording_notice_answer"] = mask.text(answer)
    if isinstance(summary, str):
        changes["summary"] = mask.text(summary)
    if isinstance(points, list):
        changes["key_points"] = [mask.text(str(point)) for point in points]
    model = found.get("model_summary")
    if isinstance(model, dict):
        points_of = [mask.text(str(point)) for point in model["key_points"]]
        changes["model_summary"] = model | {"text": mask.text(str(model["text"])), "key_points": points_of}
    dispute, review = found.get("dispute"), found.get("review")
    if isinstance(dispute, dict):
        changes["dispute"] = dispute | {
            "description": mask.text(str(dispute["description"])),
            "evidence": [mask.text(str(each)) for each in dispute["evidence"]],
        }
    if isinstance(review, list):
        changes["review"] = [field | {"value": mask.text(str(field["value"]))} for field in review]
    return found | changes
