"""What a flow may agree to: instalments, deferral, sums within limits; and what its variables then say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.account_view import OpeningView, Promised, VerifiedView
from ari_app.dialogue.flow_offers import take_offer
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_prompts import known_fragments
from ari_app.dialogue.flow_values import plan_value, spoken_label
from ari_app.dialogue.model import Understanding
from ari_app.domain.account import NO_DETAILS, AccountDetails, FeeItem
from ari_app.domain.call_result import PlanKind
from ari_app.domain.plan import InstalmentOption
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.talks import NOW, TAIL, an_account, talk

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 11)
TABLE = (InstalmentOption(3), InstalmentOption(6, Decimal("0.5")))
POLICY = Policy(
    instalments=TABLE,
    least_instalment_amount=Decimal(100),
    latest_deferral_days=15,
    least_promise=Decimal(10),
)

FLOW = """\
flow: small
version: 1
languages: [zh, en]
start: hello
policy:
  instalments: [{periods: 3}, {periods: 6, fee_percent: 0.5}]
  least_instalment_amount: 100
  latest_deferral_days: 15
  payment_methods: [wechatpay, app, cash_counter]
states:
  hello:
    say: {zh: 您好。, en: Hello.}
    ask:
      context: verify_tail
      digits: phone_tail
      on:
        identity_confirm: {when: tail_matches, go: plan}
      no_input: {then: bye}
      no_match: {then: bye}
  plan:
    covers: [read_back]
    say:
      - when: can_instalment
        zh: ["可以分：{plan_options}。"]
        en: ["You can pay in {plan_options}."]
      - zh: ["请通过：{payment_methods}。"]
        en: ["Please pay by {payment_methods}."]
    ask:
      context: ask_plan
      keys: {"1": {intent: request_installment, periods: 3}, "2": {intent: request_installment, periods: 12}}
      on:
        request_installment:
          - {when: periods_not_offered, again: true}
          - {when: has_periods, go: confirm}
          - {again: true}
        request_deferral:
          - {when: has_deferral, go: deferred}
          - when: deferral_out_of_range
            again: true
            say: {zh: "最晚：{latest_deferral_date}。", en: "The latest day is {latest_deferral_date}."}
          - {again: true}
      max_tries: 5
      no_input: {then: told}
      no_match: {then: told}
  confirm:
    say:
      zh: ["{plan_periods}，每期：{plan_monthly}。", "手续费：{plan_fee}。", "首期：{plan_first_date}。"]
      en: ["{plan_periods}, {plan_monthly} each.", "The fee is {plan_fee}.", "The first is due {plan_first_date}."]
    hung_up: informed
    ask:
      context: confirm_ptp
      keys: {"1": affirm, "2": deny}
      on: {affirm: planned, deny: {forget: periods, go: plan}}
      no_input: {then: told}
      no_match: {then: told}
  planned:
    say: {zh: 已登记。, en: Noted.}
    end: {result: plan_requested, transfer: plan_approval, message: plan_form}
  deferred:
    say: {zh: "缓到：{deferral_date}。", en: "Put off until {deferral_date}."}
    end: deferral_requested
  told:
    say: {zh: 再见。, en: Bye.}
    end: informed
  bye:
    say: {zh: 再见。, en: Goodbye.}
    end: no_input
"""


def view(amount: str = "568.32", details: AccountDetails = NO_DETAILS, language: str = "zh") -> VerifiedView:
    return VerifiedView(OpeningView("云杉", "张伟", language), Decimal(amount), "CNY", TODAY, TAIL, details)


def test_a_plan_is_offered_chosen_read_back_and_requested() -> None:
    told = talk(parse_flow(FLOW), an_account("zh"), TAIL, "分六期", "对")
    assert "三期或六期" in [fragment.text for fragment in told.steps[1].say]
    result = told.last.result
    assert result is not None
    assert (result.result, result.transfer_reason, result.message) == (
        "plan_requested",
        "plan_approval",
        "plan_form",
    )
    plan = result.plan
    assert plan is not None
    assert (plan.kind, plan.periods, plan.fee, plan.total) == (
        PlanKind.INSTALLMENT,
        6,
        Decimal("17.05"),
        Decimal("585.37"),
    )
    assert plan.monthly is not None
    assert plan.last is not None
    assert plan.monthly * 5 + plan.last == plan.total
    assert plan.first_date == TODAY + timedelta(days=7)
    assert result.promises == ()


def test_what_is_not_offered_is_asked_again_and_what_is_forgotten_is_gone() -> None:
    flow = parse_flow(FLOW)
    told = talk(flow, an_account("en"), TAIL, "2", "over a year please", "three months", "no", "1", "yes")
    assert told.result == "plan_requested"
    assert told.last.result is not None
    assert told.last.result.plan is not None
    assert told.last.result.plan.periods == 3


def test_a_small_debt_gets_no_plan() -> None:
    told = talk(parse_flow(FLOW), an_account("zh", amount="99.99"), TAIL)
    assert "微信、手机应用或营业厅现金" in told.said
    told = talk(
        parse_flow(FLOW),
        an_account("zh", amount="99.99"),
        TAIL,
        "分三期",
        "分三期",
        "分三期",
        "分三期",
        "分三期",
    )
    assert told.result == "informed"


def test_payment_is_put_off_within_the_limits() -> None:
    told = talk(
        parse_flow(FLOW),
        an_account("en"),
        TAIL,
        "can i have until the thirtieth of april",
        "can we defer it to the twentieth",
    )
    assert "Thursday, March twenty sixth" in " ".join(
        fragment.text for step in told.steps for fragment in step.say
    )
    assert told.last.result is not None
    assert told.last.result.plan is not None
    assert (told.result, told.last.result.plan.kind, told.last.result.plan.until) == (
        "deferral_requested",
        PlanKind.DEFERRAL,
        date(2026, 3, 20),
    )


def test_everything_that_can_be_said_lies_ready_before_the_call() -> None:
    flow = parse_flow(FLOW)
    for language in ("zh", "en"):
        account = an_account(language)
        ready = {fragment.text for fragment in known_fragments(flow, account, "云杉", NOW)}
        for answers in ((TAIL, "1", "1"), (TAIL, "分六期" if language == "zh" else "six months", "1")):
            for step in talk(flow, account, *answers).steps:
                assert {fragment.text for fragment in step.say} <= ready


@given(
    st.decimals("0.01", "99999", places=2),
    st.lists(st.decimals("0.00", "200000", places=2), max_size=2),
    st.lists(st.dates(date(2025, 1, 1), date(2028, 1, 1)), max_size=2),
    st.lists(st.sampled_from([3, 6, 12]), max_size=2),
    st.sampled_from(["promise_to_pay", "request_installment", "request_deferral", "affirm"]),
)
def test_nothing_beyond_the_limits_is_ever_taken_over(
    due: Decimal, amounts: list[Decimal], dates: list[date], periods: list[int], intent: str
) -> None:
    heard = Understanding(intent, amounts=tuple(amounts), dates=tuple(dates), periods=tuple(periods))
    taken = take_offer(Promised(), heard, (intent,), due, POLICY, TODAY).promised
    assert taken.date is None or TODAY <= taken.date <= TODAY + timedelta(days=31)
    assert taken.amount is None or min(Decimal(10), due) <= taken.amount <= due
    assert taken.periods == 0 or (taken.periods in (3, 6) and due >= 100)
    assert taken.deferral is None or TODAY < taken.deferral <= TODAY + timedelta(days=15)


def test_a_sum_below_the_least_is_told_as_such() -> None:
    heard = Understanding("promise_to_pay", amounts=(Decimal(5),))
    taken = take_offer(Promised(), heard, ("promise_to_pay",), Decimal(500), POLICY, TODAY)
    assert taken.promised.amount is None
    assert taken.noted == {"amount_too_small"}
    taken = take_offer(Promised(), heard, ("promise_to_pay",), Decimal(5), POLICY, TODAY)
    assert taken.promised.amount == 5  # all of a small debt


def test_values_of_the_bill() -> None:
    details = AccountDetails(
        service="water",
        fee_items=(FeeItem("水费", Decimal(500)), FeeItem("滞纳金", Decimal("68.32"))),
        late_fee=Decimal("68.32"),
        suspension_on=date(2026, 3, 20),
    )
    one = view(details=details)

    def value(name: str) -> str | None:
        return plan_value(name, one, Promised(), POLICY, TODAY)

    assert value("fees") == "水费五百元，滞纳金六十八元三角二分"
    assert value("late_fee") == "六十八元三角二分"
    assert value("service") == "供水服务"
    assert value("restore_hours") == "二十四小时"
    assert value("dispute_days") == "三天"
    assert value("suspension_date") is not None
    assert plan_value("late_fee", view(), Promised(), POLICY, TODAY) is None
    assert plan_value("fees", view(), Promised(), POLICY, TODAY) == "五百六十八元三角二分"
    assert (
        plan_value("plan_options", view(language="en"), Promised(), POLICY, TODAY)
        == "three months or six months"
    )


@given(st.text(max_size=300))
def test_a_label_out_of_a_list_is_harmless(text: str) -> None:
    label = spoken_label(text)
    assert len(label) <= 30
    assert all(sign.isalnum() or sign == " " or sign.isalpha() or not sign.isascii() for sign in label)
    assert not set(label) & set("{}<>[]()$%\\/\"'`")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("{periods: 3}", "{periods: 4}", "4 periods cannot be offered"),
        ("{periods: 3}", "{periods: 6}", "cannot be offered here"),
        ("fee_percent: 0.5", "fee_percent: 50", "0 to 10"),
        ("[wechatpay,", "[paypal,", "unknown channel"),
        ("latest_deferral_days: 15", "latest_deferral: 15", "unknown key"),
        ("transfer: plan_approval", "transfer: because", "unknown transfer"),
        ("message: plan_form", "message: love", "unknown message"),
        (
            "{when: has_periods, go: confirm}",
            "{when: can_instalment, go: confirm}",
            "has no value here on some way",
        ),
        ("{when: has_deferral, go: deferred}", "{when: can_defer, go: deferred}", "without the deferral"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(before: str, after: str, expected: str) -> None:
    assert before in FLOW
    with pytest.raises(InputError, match=expected):
        parse_flow(FLOW.replace(before, after, 1))


def test_details_are_sealed_with_the_debt() -> None:
    account = replace(an_account("zh"), details=AccountDetails(legal_stage=True, late_fee=Decimal("68.32")))
    told = talk(parse_flow(FLOW), account)
    assert "68.32" not in repr(vars(told.dialogue))
