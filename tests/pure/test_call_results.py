"""What a call has yielded: how complete its script is, and what has to be looked at before it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_result import (
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.domain.result_export import RESULT_FIELDS, result_object
from ari_app.domain.review import LEAST_CONFIDENCE, MOST_PROMISES, MOST_REVIEWED, looked_over, sure
from ari_app.domain.script_coverage import (
    BEFORE_VERIFICATION,
    ELEMENTS,
    EVIDENCE,
    USUAL,
    completeness,
    evidence_missing,
    spoken_to_the_end,
)
from tests.support.results import RESULTS

pytestmark = pytest.mark.pure

PROMISE = PromiseToPay(Decimal("300.00"), "2026-11-30")

# ------------------------------------------------------------------------------------------- script coverage


@given(RESULTS)
def test_the_score_is_the_share_of_what_was_wanted(result: ConversationResult) -> None:
    found = completeness(result)
    if found is None:
        assert not result.coverage
        return
    assert 0 <= found.score <= 100
    assert (found.score == 100) == (not found.missing)
    assert set(found.missing) <= set(found.wanted)
    assert not set(found.missing) & set(result.coverage)
    if not result.verified:
        assert set(found.wanted) <= BEFORE_VERIFICATION


@given(RESULTS, st.sampled_from(ELEMENTS))
def test_saying_more_never_lowers_the_score(result: ConversationResult, element: str) -> None:
    before = completeness(result)
    after = completeness(replace(result, coverage=tuple({*result.coverage, element})))
    assert after is not None
    assert before is None or after.score >= before.score


def test_a_promise_is_complete_only_when_it_was_read_back() -> None:
    told = ConversationResult("promise_to_pay", verified=True, coverage=USUAL)
    found = completeness(told)
    assert found is not None
    assert (found.missing, found.score) == (("read_back",), 87)
    complete = completeness(replace(told, coverage=(*USUAL, "read_back")))
    assert complete is not None
    assert complete.score == 100
    refused = completeness(replace(told, result="refused"))
    assert refused is not None
    assert refused.score == 100


def test_the_flow_says_what_it_requires() -> None:
    result = ConversationResult(
        "informed", verified=True, coverage=("opening",), required=("opening", "deadline")
    )
    found = completeness(result)
    assert found is not None
    assert (found.wanted, found.missing, found.score) == (
        ("opening", "verified", "deadline"),
        ("verified", "deadline"),
        33,
    )


def test_who_was_not_verified_only_has_to_be_greeted_and_told_of_the_recording() -> None:
    result = ConversationResult("third_party", coverage=("opening", "recording_notice"))
    found = completeness(result)
    assert found is not None
    assert (found.wanted, found.score) == (("opening", "recording_notice"), 100)


def test_a_call_in_which_nothing_was_said_has_no_score() -> None:
    assert completeness(ConversationResult("voicemail")) is None
    assert completeness(ConversationResult("hung_up", cut_short=("opening",))) is not None


def test_a_recording_is_evidence_with_identity_arrears_and_deadline() -> None:
    assert evidence_missing(ConversationResult("informed", coverage=EVIDENCE)) == ()
    assert evidence_missing(ConversationResult("informed", coverage=("deadline",))) == (
        "verified",
        "arrears_fact",
    )


def test_the_usual_elements_are_elements() -> None:
    assert set(USUAL) | set(EVIDENCE) | BEFORE_VERIFICATION | {"read_back"} <= set(ELEMENTS)
    assert len(set(ELEMENTS)) == len(ELEMENTS)


def test_what_was_cut_off_does_not_count_but_the_check_of_the_identity_does() -> None:
    result = ConversationResult("informed", coverage=("opening", "verified", "arrears_fact"))
    assert spoken_to_the_end(result, frozenset({"opening"})) == ("opening", "verified")


# ------------------------------------------------------------------------------------------- review


@given(RESULTS)
def test_looking_twice_changes_nothing(result: ConversationResult) -> None:
    once = looked_over(result)
    assert looked_over(once) == once


@given(RESULTS, st.floats(0, LEAST_CONFIDENCE, exclude_max=True))
def test_every_value_below_the_limit_is_marked(result: ConversationResult, low: float) -> None:
    doubtful = replace(
        result,
        review=(),
        promises=tuple(replace(promise, confidence=low) for promise in result.promises),
        plan=None if result.plan is None else replace(result.plan, confidence=low),
        dispute=None if result.dispute is None else replace(result.dispute, confidence=low),
    )
    found = looked_over(doubtful)
    names = [f"promise.{number}" for number in range(1, len(result.promises) + 1)]
    names += ["plan"] if result.plan is not None else []
    names += ["dispute"] if result.dispute is not None else []
    assert [field.name for field in found.review] == names
    assert all(field.confidence == low for field in found.review)
    assert found.promises == doubtful.promises


def test_at_the_limit_a_value_counts() -> None:
    result = ConversationResult("promise_to_pay", promises=(replace(PROMISE, confidence=LEAST_CONFIDENCE),))
    assert looked_over(result).review == ()


def test_what_the_flow_has_marked_is_not_marked_twice() -> None:
    marked = ReviewField("promise.amount", "300", 0.4)
    result = ConversationResult(
        "promise_to_pay", promises=(replace(PROMISE, confidence=0.4),), review=(marked,)
    )
    assert looked_over(result).review == (marked,)


def test_promises_stand_in_the_order_of_their_days() -> None:
    later = replace(PROMISE, date="2026-12-30")
    assert looked_over(ConversationResult("promise_to_pay", promises=(later, PROMISE))).promises == (
        PROMISE,
        later,
    )


@pytest.mark.parametrize(
    "promise",
    [
        replace(PROMISE, amount=Decimal(0)),
        replace(PROMISE, amount=Decimal("0.001")),
        replace(PROMISE, amount=Decimal(-1)),
        replace(PROMISE, amount=Decimal("NaN")),
        replace(PROMISE, amount=Decimal("Infinity")),
        replace(PROMISE, amount=Decimal("1e13")),
        replace(PROMISE, date=""),
        replace(PROMISE, date="20261130"),
        replace(PROMISE, date="2026-11-31"),
        replace(PROMISE, currency=""),
    ],
)
def test_a_promise_that_is_none_waits_for_a_person(promise: PromiseToPay) -> None:
    found = looked_over(ConversationResult("promise_to_pay", promises=(promise,)))
    assert (found.promises, [(field.name, field.reason) for field in found.review]) == (
        (),
        [("promise", "incomplete")],
    )


RATES = PlanRequest(
    PlanKind.INSTALLMENT,
    periods=3,
    monthly=Decimal("1.00"),
    last=Decimal("1.50"),
    fee=Decimal("0.50"),
    total=Decimal("3.50"),
    first_date=date(2026, 12, 1),
)


@pytest.mark.parametrize(
    "plan",
    [
        replace(RATES, total=Decimal("3.51")),
        replace(RATES, fee=Decimal("3.51")),
        replace(RATES, fee=Decimal("-0.50")),
        replace(RATES, fee=None),
        replace(RATES, periods=0),
        replace(RATES, periods=-3),
        replace(RATES, monthly=Decimal("NaN")),
        replace(RATES, first_date=None),
        PlanRequest(PlanKind.DEFERRAL),
        PlanRequest(PlanKind.WAIVER, waived=Decimal(-1)),
        PlanRequest(PlanKind.WAIVER, fee=Decimal(2), total=Decimal(1)),
    ],
)
def test_a_plan_that_cannot_be_carried_out_waits_for_a_person(plan: PlanRequest) -> None:
    found = looked_over(ConversationResult("plan_requested", plan=plan))
    assert (found.plan, [(field.name, field.reason) for field in found.review]) == (
        None,
        [("plan", "incomplete")],
    )


def test_a_plan_that_adds_up_stays() -> None:
    assert looked_over(ConversationResult("plan_requested", plan=RATES)).plan == RATES


def test_a_call_without_end_is_bounded() -> None:
    endless = ConversationResult(
        "disputed",
        promises=(PROMISE,) * 500,
        dispute=DisputeClaim("weather", "x" * 10**6, ("y" * 10**5,) * 500, status="lost"),
        review=(ReviewField("a", "z" * 10**6, float("nan")),) * 500,
    )
    found = looked_over(endless)
    assert (len(found.promises), len(found.review)) == (MOST_PROMISES, MOST_REVIEWED)
    assert found.dispute is not None
    assert (found.dispute.category, found.dispute.status, len(found.dispute.description)) == (
        "other",
        "open",
        2000,
    )
    assert len(str(found)) < 300_000


@given(st.floats())
def test_a_confidence_is_between_nothing_and_one(confidence: float) -> None:
    assert 0.0 <= sure(confidence) <= 1.0


# ------------------------------------------------------------------------------------------- export


@given(RESULTS)
def test_the_export_has_every_key_and_counts_what_waits(result: ConversationResult) -> None:
    found = result_object(
        result, result.promises, lambda at: None if at is None else at.isoformat(), "a.wav#t=1"
    )
    assert tuple(found) == RESULT_FIELDS == EXPORT_FIELDS[-len(RESULT_FIELDS) :]
    assert found["review_count"] == len(result.review)
    none = result_object(None, (), lambda at: None, None)
    assert tuple(none) == RESULT_FIELDS
