"""A call in short: points, text, risk and what has to be done, out of any result."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from ari_app.dialogue.flow import RESULTS as FLOW_RESULTS
from ari_app.dialogue.summary import (
    NEXT_ACTION,
    RISK_LEVELS,
    UNWILLING,
    WILLING,
    key_points,
    next_action,
    risk_level,
    with_summary,
)
from ari_app.dialogue.summary_words import WORDS
from ari_app.dialogue.understanding import CHANNELS, DISPUTE_CATEGORIES, REASONS
from ari_app.domain.account import NO_DETAILS, AccountDetails
from ari_app.domain.call_result import (
    NEXT_ACTIONS,
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.plan import InstalmentOption, instalment_terms
from tests.support.results import RESULTS
from tests.support.store_rows import account

pytestmark = pytest.mark.pure

TODAY = date(2026, 11, 24)
ROOT = Path(__file__).parents[2]
PROMISE = PromiseToPay(Decimal("300.00"), "2026-11-30", "CNY", "wechatpay", 0.9)
DONE = ("opening", "recording_notice", "verified", "arrears_fact", "deadline")


@given(RESULTS, st.sampled_from(["zh", "en"]), st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_any_result_has_a_summary(result: ConversationResult, language: str, today: date) -> None:
    bare = replace(result, summary=CallSummary(), language="")
    found = with_summary(bare, account(language=language), today).summary
    assert found.key_points
    assert all(found.key_points)
    assert "{" not in found.key_points[0].replace(result.result, "")
    assert found.text.startswith(found.key_points[0])
    assert found.risk_level in RISK_LEVELS
    assert found.next_action in NEXT_ACTIONS


@given(RESULTS)
def test_what_another_has_written_is_kept_but_not_what_he_decides(result: ConversationResult) -> None:
    owner = account()
    written = CallSummary(("A", "B"), "A and B", "L", "none")
    found = with_summary(replace(result, summary=written), owner, TODAY).summary
    assert (found.key_points, found.text) == (("A", "B"), "A and B")
    assert (found.risk_level, found.next_action) == (risk_level(result, owner, TODAY), next_action(result))


def test_a_promise_in_chinese() -> None:
    result = ConversationResult("promise_to_pay", verified=True, promises=(PROMISE,), coverage=DONE)
    assert with_summary(result, account(), TODAY).summary == CallSummary(
        ("客户承诺付款", "身份已核验", "2026-11-30 付 300.00 CNY，方式：微信", "尚有 268.32 CNY 未承诺"),
        "客户承诺付款；身份已核验；2026-11-30 付 300.00 CNY，方式：微信；尚有 268.32 CNY 未承诺。",
        "L",
        "await_payment",
    )


def test_everything_in_english() -> None:
    terms = instalment_terms(Decimal("568.32"), InstalmentOption(3), TODAY)
    result = ConversationResult(
        "plan_requested",
        verified=True,
        promises=(replace(PROMISE, amount=Decimal("568.32"), channel=""),),
        plan=terms.request("CNY"),
        dispute=DisputeClaim("meter", "the customer's own words", ("photos",), 5),
        callback=Callback(date(2026, 11, 25), time(9, 5)),
        consent=Consent(False, datetime(2026, 11, 24, tzinfo=UTC), "x"),
        transfer_reason="plan_approval",
        message="plan_form",
        reasons=("job_loss", "illness"),
        coverage=("opening", "verified"),
        review=(ReviewField("plan", "", 0.5),),
        language="en",
        upset=True,
        do_not_contact=True,
    )
    assert key_points(result, account()) == (
        "The customer asked for instalments; to be approved",
        "identity verified",
        "568.32 CNY on 2026-11-30",
        "3 rates: 189.44 CNY a month, the last 189.44, 568.32 in all (fee 0.00 included), the first on 2026-11-24",
        "disputed: meter reading; an answer promised within 5 working days",
        "can send: photos",
        "to be called: 2026-11-25 09:05",
        "why unpaid: job loss, illness",
        "the customer was upset",
        "a person is wanted: plan approval",
        "message to be sent: plan form",
        "no consent to the recording",
        "on the do-not-contact list",
        "1 to be confirmed by a person",
        "the recording lacks: statement of arrears, deadline",
    )


@pytest.mark.parametrize(
    ("plan", "point"),
    [
        (PlanRequest(PlanKind.DEFERRAL, until=date(2026, 12, 9)), "缓缴到 2026-12-09"),
        (PlanRequest(PlanKind.WAIVER), "申请减免"),
        (PlanRequest(PlanKind.WAIVER, waived=Decimal("68.32")), "申请减免 68.32 CNY"),
    ],
)
def test_other_plans(plan: PlanRequest, point: str) -> None:
    assert point in key_points(ConversationResult("deferral_requested", plan=plan), account())


def test_the_own_words_of_the_customer_stay_with_the_dispute() -> None:
    result = ConversationResult("disputed", dispute=DisputeClaim("bill", "我邻居王五用的电"))
    assert "王五" not in with_summary(result, account(), TODAY).summary.text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_result_that_a_call_can_have_has_its_words(language: str) -> None:
    table = YAML(typ="safe", pure=True).load(
        (ROOT / "dialplan" / "dispositions.yaml").read_text(encoding="utf-8")
    )
    results = {result for row in table["rows"] for result in [row.get("result")] if result}
    assert results | set(FLOW_RESULTS) <= set(WORDS[language].results)


def test_both_languages_say_the_same() -> None:
    chinese, english = WORDS["zh"], WORDS["en"]
    assert set(chinese.results) == set(english.results)
    assert set(chinese.phrases) == set(english.phrases)
    assert set(CHANNELS) | set(REASONS) | set(DISPUTE_CATEGORIES) <= set(chinese.names)
    assert set(NEXT_ACTION) <= set(chinese.results)
    assert set(chinese.results) >= (WILLING | UNWILLING)


def of_age(days: int, details: AccountDetails = NO_DETAILS, amount: str = "568.32") -> str:
    owner = account(
        due_date=TODAY - timedelta(days=days),
        details=details,
        amount_due=Decimal(amount),
    )
    return risk_level(ConversationResult("informed"), owner, TODAY)


@pytest.mark.parametrize(("days", "level"), [(-3, "L"), (0, "L"), (30, "L"), (31, "M"), (90, "M"), (91, "H")])
def test_the_longer_overdue_the_higher_the_risk(days: int, level: str) -> None:
    assert of_age(days) == level


@pytest.mark.parametrize(
    ("details", "level"),
    [
        (AccountDetails(broken_promises=1), "M"),
        (AccountDetails(broken_promises=2), "H"),
        (AccountDetails(customer_level="high_risk"), "M"),
        (AccountDetails(legal_stage=True), "H"),
        (AccountDetails(legal_stage=True, good_record=True), "M"),
        (AccountDetails(risk_level="H", good_record=True), "H"),
        (AccountDetails(risk_level="L", broken_promises=9), "L"),
    ],
)
def test_the_account_tells_of_the_risk(details: AccountDetails, level: str) -> None:
    assert of_age(1, details) == level


def test_a_high_amount_raises_the_risk() -> None:
    assert (of_age(1, amount="5000.00"), of_age(1, amount="5000.01")) == ("L", "M")


@given(
    st.sampled_from(sorted(WILLING)),
    st.sampled_from(sorted(UNWILLING)),
    st.integers(-10, 400),
    st.sampled_from(["", "L", "M", "H"]),
)
def test_who_is_willing_is_never_a_greater_risk(willing: str, unwilling: str, days: int, level: str) -> None:
    owner = account(due_date=TODAY - timedelta(days=days), details=AccountDetails(risk_level=level))
    ranks = [
        RISK_LEVELS.index(risk_level(ConversationResult(result), owner, TODAY))
        for result in (willing, "informed", unwilling)
    ]
    assert ranks == sorted(ranks)
    assert ranks[0] < 2
    assert ranks[2] > 0


@pytest.mark.parametrize(
    ("result", "action"),
    [
        (ConversationResult("promise_to_pay"), "await_payment"),
        (ConversationResult("informed"), "retry"),
        (ConversationResult("something new"), "retry"),
        (ConversationResult("informed", callback=Callback()), "call_back"),
        (ConversationResult("hung_up", message="payment_link"), "send_message"),
        (ConversationResult("abusive", do_not_contact=True), "stop_contact"),
        (ConversationResult("stop_calling", do_not_contact=True), "stop_contact"),
        (ConversationResult("stop_calling", transfer_reason="complaint"), "human_contact"),
        (ConversationResult("promise_to_pay", transfer_reason="high_amount"), "human_contact"),
        (ConversationResult("plan_requested", transfer_reason="plan_approval"), "approve_plan"),
        (ConversationResult("disputed", transfer_reason="dispute"), "review_dispute"),
        (ConversationResult("deceased"), "human_contact"),
        (ConversationResult("wrong_person"), "correct_number"),
    ],
)
def test_what_has_to_be_done_next(result: ConversationResult, action: str) -> None:
    assert next_action(result) == action
