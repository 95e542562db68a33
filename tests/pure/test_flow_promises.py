"""Several payments promised in one call: paired as they were spoken, within the limits, read back before they count."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import Payment, Promised
from ari_app.dialogue.flow_conditions import Fact
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_offers import keeping, take_offer, without
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_promises import payments_fault, payments_named, promise_condition
from ari_app.dialogue.model import CustomerInput, FlowStep, InputKind, Understanding
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.examples import examples
from tests.support.talks import (
    COMPANY,
    FLOW_FILE,
    NOW,
    PARTS,
    TAIL,
    Talk,
    an_account,
    as_input,
    shipped_flow,
    talk,
    words,
)

pytestmark = pytest.mark.pure

FLOW = shipped_flow()
TODAY = date(2026, 3, 11)
DUE = Decimal("568.32")
POLICY = Policy(most_promises=3)
FRIDAY, FIRST, LATER = date(2026, 3, 13), date(2026, 4, 1), date(2026, 4, 5)


def money(*texts: str) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, texts))


def promise(
    *days: date, amounts: tuple[Decimal, ...] = (), rest: int | None = None, full: bool = False
) -> Understanding:
    return Understanding("promise_to_pay", amounts=amounts, dates=days, rest=rest, full_amount=full)


def taken(
    heard: Understanding, before: Promised | None = None, policy: Policy = POLICY, *, further: bool = False
) -> tuple[list[tuple[date, str]], set[str]]:
    found = take_offer(
        before or Promised(), heard, (heard.intent, *heard.also), DUE, policy, TODAY, further=further
    )
    return [(one.date, str(one.amount)) for one in found.promised.payments], set(found.noted)


ONE = Promised(FRIDAY, Decimal("200.00"))
TWO = replace(ONE, later=(Payment(FIRST, Decimal("368.32")),))


@pytest.mark.parametrize(
    ("before", "heard", "expected"),
    [
        (None, promise(FRIDAY, FIRST, amounts=money("200"), rest=1), [(FRIDAY, "200.00"), (FIRST, "368.32")]),
        (
            None,
            promise(FRIDAY, FIRST, amounts=money("200", "100")),
            [(FRIDAY, "200.00"), (FIRST, "100.00")],
        ),
        (
            None,
            promise(TODAY, FRIDAY, FIRST, amounts=money("100", "200"), rest=2),
            [(TODAY, "100.00"), (FRIDAY, "200.00"), (FIRST, "268.32")],
        ),
        # What was named before belongs to the first payment.
        (
            Promised(amount=Decimal(200)),
            promise(FRIDAY, FIRST, rest=1),
            [(FRIDAY, "200.00"), (FIRST, "368.32")],
        ),
        (
            Promised(date=FRIDAY),
            promise(FIRST, amounts=money("200"), rest=0),
            [(FRIDAY, "200.00"), (FIRST, "368.32")],
        ),
        # The rest on top of what stands, and another day for it.
        (ONE, promise(FIRST, rest=0), [(FRIDAY, "200.00"), (FIRST, "368.32")]),
        (TWO, promise(LATER, rest=0), [(FRIDAY, "200.00"), (LATER, "368.32")]),
        # Told as a whole, it takes the place of everything before it.
        (
            TWO,
            promise(TODAY, FIRST, amounts=money("300"), rest=1),
            [(TODAY, "300.00"), (FIRST, "268.32")],
        ),
        # A single day or sum belongs to the first payment, and clears the later ones.
        (TWO, promise(TODAY), [(TODAY, "200.00")]),
        (TWO, promise(amounts=money("150")), [(FRIDAY, "150.00")]),
        # Two days and one sum: only what is sure.
        (None, promise(FRIDAY, FIRST, amounts=money("200")), [(FRIDAY, "200.00")]),
        # "the rest" of nothing is no sum.
        (None, promise(FRIDAY, rest=0), []),
    ],
)
def test_days_and_sums_are_paired_in_spoken_order(
    before: Promised | None, heard: Understanding, expected: list[tuple[date, str]]
) -> None:
    assert taken(heard, before) == (expected, {"new_offer"})


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        (promise(FIRST), [(FRIDAY, "200.00"), (FIRST, "368.32")]),
        (promise(FIRST, amounts=money("568.32"), full=True), [(FRIDAY, "200.00"), (FIRST, "368.32")]),
        (promise(FIRST, amounts=money("100")), [(FRIDAY, "200.00"), (FIRST, "100.00")]),
        (
            promise(FIRST, LATER, amounts=money("100"), rest=1),
            [(FRIDAY, "200.00"), (FIRST, "100.00"), (LATER, "268.32")],
        ),
        (promise(FRIDAY), [(FRIDAY, "568.32")]),  # the same day: one payment
    ],
)
def test_what_is_said_of_the_rest_comes_on_top(
    heard: Understanding, expected: list[tuple[date, str]]
) -> None:
    assert taken(heard, ONE, further=True) == (expected, {"new_offer"})


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        (promise(FIRST, FRIDAY, amounts=money("200"), rest=1), "date_before_earlier"),
        (promise(FRIDAY, FRIDAY, amounts=money("200", "100")), "date_before_earlier"),
        (promise(FRIDAY, date(2026, 5, 30), amounts=money("200"), rest=1), "date_out_of_range"),
        (promise(FRIDAY, FIRST, amounts=money("400", "300")), "amount_out_of_range"),
        (promise(FRIDAY, FIRST, amounts=money("568.32"), rest=1), "amount_out_of_range"),
        (promise(FRIDAY, FIRST, amounts=money("300", "5")), "amount_too_small"),
        (
            promise(TODAY, FRIDAY, FIRST, LATER, amounts=money("100", "100", "100", "100")),
            "too_many_promises",
        ),
    ],
)
def test_what_goes_beyond_the_limits_is_refused_as_a_whole(heard: Understanding, fault: str) -> None:
    policy = replace(POLICY, least_promise=Decimal(10))
    assert taken(heard, policy=policy) == ([], {fault})
    assert taken(heard, ONE, policy)[0] == [(FRIDAY, "200.00")], "what stood stays"


def test_what_is_left_may_be_less_than_the_least_sum() -> None:
    policy = replace(POLICY, least_promise=Decimal(10))
    found, noted = taken(promise(FRIDAY, FIRST, amounts=money("560"), rest=1), policy=policy)
    assert (found, noted) == ([(FRIDAY, "560.00"), (FIRST, "8.32")], {"new_offer"})


def test_a_flow_that_takes_one_payment_takes_the_first() -> None:
    heard = promise(FRIDAY, FIRST, amounts=money("200"), rest=1)
    assert taken(heard, policy=Policy())[0] == [(FRIDAY, "200.00")]


def test_what_was_paid_already_is_no_part_of_a_promise() -> None:
    heard = replace(promise(FRIDAY, rest=0), intent="already_paid", also=("promise_to_pay",))
    assert taken(heard, ONE)[0] == [(FRIDAY, "200.00")]


def test_what_is_forgotten_takes_the_later_payments_along() -> None:
    for facts in ({Fact.DATE}, {Fact.AMOUNT}, {Fact.DATE, Fact.AMOUNT}):
        assert without(TWO, facts).payments == ()
        assert without(TWO, facts).later == ()
    assert without(TWO, {Fact.PERIODS}) == TWO


def test_only_what_stood_before_an_answer_is_settled_and_what_it_adds_is_on_offer() -> None:
    settled = keeping(TWO, ONE)
    assert (settled.kept, settled.payments) == (ONE.payments, TWO.later)
    assert settled.left(DUE) == Decimal("368.32")
    assert keeping(replace(ONE, date=FIRST), ONE).kept == ONE.payments, "another day was not read back"
    assert keeping(replace(ONE, date=FIRST), ONE).payments == ()
    assert keeping(Promised(date=FRIDAY), Promised()) == Promised(date=FRIDAY)


def test_what_comes_after_a_settled_payment_lies_after_its_day() -> None:
    settled = keeping(ONE, ONE)
    left = settled.left(DUE)
    for heard, further in ((promise(FRIDAY), False), (promise(TODAY), True)):
        found = take_offer(settled, heard, ("promise_to_pay",), left, POLICY, TODAY, further=further)
        assert (found.promised, set(found.noted)) == (settled, {"date_before_earlier"})
    found = take_offer(settled, promise(FIRST, rest=0), ("promise_to_pay",), left, POLICY, TODAY)
    assert found.promised.payments == TWO.later
    heard = promise(FIRST, LATER, LATER + timedelta(days=1), amounts=money("1", "1"), rest=2)
    found = take_offer(settled, heard, ("promise_to_pay",), left, POLICY, TODAY)
    assert set(found.noted) == {"too_many_promises"}


def test_what_is_open_is_known() -> None:
    def holds(name: str, promised: Promised) -> bool:
        return promise_condition(name, promised, DUE, POLICY)

    assert [holds(name, ONE) for name in ("part_only", "rest_open", "several_promises")] == [
        True,
        True,
        False,
    ]
    assert [holds(name, TWO) for name in ("part_only", "rest_open", "several_promises")] == [
        False,
        False,
        True,
    ]
    assert not holds("rest_open", Promised(date=FRIDAY)), "no sum yet"
    three = replace(ONE, later=(Payment(FIRST, Decimal(1)), Payment(LATER, Decimal(1))))
    assert (holds("part_only", three), holds("rest_open", three)) == (True, False)


_DAYS = st.integers(-3, 40).map(lambda days: TODAY + timedelta(days=days))
_HEARD = st.builds(
    lambda days, amounts, rest, full: promise(*days, amounts=tuple(amounts), rest=rest, full=full),
    st.lists(_DAYS, max_size=4),
    st.lists(st.decimals("0.00", "700", places=2), max_size=4),
    st.none() | st.integers(0, 4),
    st.booleans(),
)


@given(
    st.lists(st.tuples(_HEARD, st.booleans()), max_size=5),
    st.decimals("0.01", "900", places=2),
    st.sampled_from([1, 2, 3]),
)
def test_whatever_is_said_what_stands_is_within_the_limits(
    answers: list[tuple[Understanding, bool]], due: Decimal, most: int
) -> None:
    policy, promised = Policy(most_promises=most, least_promise=Decimal(20)), Promised()
    for heard, further in answers:
        before = promised
        found = take_offer(promised, heard, ("promise_to_pay",), due, policy, TODAY, further=further)
        promised = found.promised
        assert promised == before or "new_offer" in found.noted
        payments = promised.payments
        assert promised.total <= due
        assert len(payments) <= most
        assert all(one.amount > 0 for one in payments)
        days = [one.date for one in payments]
        assert days == sorted(set(days))
        assert all(TODAY <= day <= policy.latest(TODAY) for day in days)
        assert payments_fault(payments, due, policy, TODAY) == ""
        assert payments or not promised.later


@given(_HEARD, st.sampled_from([Promised(), ONE, TWO]), st.booleans())
def test_every_sum_of_an_answer_is_named_once(heard: Understanding, before: Promised, further: bool) -> None:
    payments = payments_named(before, heard, DUE, further=further)
    named = [one.amount for one in payments]
    for amount in heard.amounts if payments and not (further and heard.full_amount) else ():
        assert any(one >= amount for one in named)
    if payments and heard.rest is not None and len(payments) == len({one.date for one in payments}):
        assert sum(named) == DUE


# ------------------------------------------------------------------------------------------------------- in a call


def promises_of(told: Talk) -> list[tuple[str, str]]:
    assert told.last.result is not None
    return [(one.date, str(one.amount)) for one in told.last.result.promises]


@pytest.mark.parametrize(
    ("language", "said", "day", "told"),
    [
        ("en", "two hundred on friday and the rest on the first", "2026-04-01", "Wednesday, April first"),
        ("zh", "周五先交两百剩下的下个月五号", "2026-04-05", "四月五日，星期日"),
    ],
)
def test_two_payments_are_read_back_together_and_count_with_one_yes(
    language: str, said: str, day: str, told: str
) -> None:
    call = talk(FLOW, an_account(language), "1", TAIL, said)
    assert call.context == "confirm_ptp"
    for amount in ("200", "368.32"):
        assert spoken.amount(Decimal(amount), "CNY", language) in call.said
    assert told in call.said
    assert spoken.day(FRIDAY, language, today=TODAY) in call.said
    call = talk(FLOW, an_account(language), "1", TAIL, said, "1")
    assert call.result == "promise_to_pay"
    assert promises_of(call) == [("2026-03-13", "200.00"), (day, "368.32")]


def test_a_yes_with_another_day_is_read_back_before_it_counts() -> None:
    call = talk(FLOW, an_account("en"), "1", TAIL, "friday", "1", "yes on monday")
    assert call.context == "confirm_ptp"
    assert "March sixteenth" in call.said
    assert talk(FLOW, an_account("en"), "1", TAIL, "friday", "1", "yes on friday").result == "promise_to_pay"
    call = talk(FLOW, an_account(), "1", TAIL, "周五先交两百剩下的下个月五号", "对周五交两百")
    assert promises_of(call) == [("2026-03-13", "200.00"), ("2026-04-05", "368.32")], (
        "what is repeated clears nothing"
    )


def test_no_clears_all_of_them() -> None:
    said = "two hundred on friday and the rest on the first"
    call = talk(FLOW, an_account("en"), "1", TAIL, said, "2")
    assert call.context == "ask_when"
    call = talk(FLOW, an_account("en"), "1", TAIL, said, "2", "2", "1", "1")
    assert promises_of(call) == [("2026-03-12", "568.32")]


def test_the_rest_by_keys() -> None:
    call = talk(FLOW, an_account(), "1", TAIL, "2", "300#")
    assert "二百六十八元三角二分" in call.said or "两百六十八元三角二分" in call.said
    call = talk(FLOW, an_account(), "1", TAIL, "2", "300#", "4", "1")
    assert promises_of(call) == [("2026-03-12", "300.00"), ("2026-03-18", "268.32")]
    call = talk(FLOW, an_account(), "1", TAIL, "2", "300#", "1")
    assert "前一次缴费之后" in call.said, "today is before tomorrow"
    call = talk(FLOW, an_account(), "1", TAIL, "2", "300#", "", "", "1")
    assert promises_of(call) == [("2026-03-12", "300.00")]


def test_the_rest_in_instalments_is_left_to_a_person_and_the_part_is_promised() -> None:
    for wish in ("6", "剩下的能不能分期"):
        call = talk(FLOW, an_account(), "1", TAIL, "2", "300#", wish, "1")
        assert promises_of(call) == [("2026-03-12", "300.00")]
        assert call.last.result is not None
        assert (call.last.result.transfer_reason, call.last.result.message) == ("plan_approval", "plan_form")


def test_a_flow_that_would_read_back_the_first_only_is_refused() -> None:
    text = FLOW_FILE.read_text(encoding="utf-8")
    with pytest.raises(InputError, match="read back the first of several payments only"):
        parse_flow(text.replace("when: not several_promises", "when: part_only", 1), parts=PARTS)
    with pytest.raises(InputError, match="1 to 3"):
        parse_flow(text.replace("most_promises: 3", "most_promises: 4", 1), parts=PARTS)


_SAID = {
    "zh": [
        "周五先交两百剩下的下个月五号",
        "今天交一百周五交两百剩下的月底",
        "先交三百",
        "剩下的二十号",
        "改到下周五",
        "不对周一",
        "对周一交",
        "先交两百",
        "能不能分期",
    ],
    "en": [
        "two hundred on friday and the rest on the first",
        "one hundred today two hundred on friday and the balance on the thirtieth",
        "three hundred tomorrow",
        "the rest on the twentieth",
        "make it monday",
        "no on monday",
        "yes on monday",
        "two hundred",
        "in instalments please",
    ],
}


@settings(max_examples=examples(60))
@given(
    st.sampled_from(["zh", "en"]).flatmap(
        lambda language: st.tuples(
            st.just(language),
            st.lists(
                st.sampled_from([*_SAID[language], "1", "2", "3", "4", "5", "300#", "100#", ""]), max_size=14
            ),
        )
    )
)
def test_whatever_the_customer_says_only_what_was_read_back_counts(case: tuple[str, list[str]]) -> None:
    language, answers = case
    account = an_account(language)
    dialogue = FlowConversation(FLOW, account, COMPANY[language])
    steps: list[FlowStep] = [dialogue.start(NOW)]
    for item in ("1", TAIL, *answers):
        if steps[-1].result is not None:
            break
        steps.append(dialogue.answer(as_input(item), NOW))
    result = steps[-1].result or dialogue.answer(CustomerInput(InputKind.SILENCE), NOW).result
    if result is None or not result.promises:
        return
    assert result.result == "promise_to_pay"
    assert sum(one.amount for one in result.promises) <= account.amount_due
    days = [date.fromisoformat(one.date) for one in result.promises]
    assert days == sorted(set(days))
    read_back = words(steps[-2])
    at = -1
    for one, day in zip(result.promises, days, strict=True):
        for text in (spoken.day(day, language, today=TODAY), spoken.amount(one.amount, "CNY", language)):
            at = read_back.find(text, at + 1)
            assert at >= 0, (text, read_back)
