"""What a language model is told of a call, and what it may write about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.advice import ToldCall, WrittenSummary
from ari_app.dialogue.told_summary import MOST_TURNS, checked_summary, told_call
from ari_app.domain.attempt import Turn
from ari_app.domain.call_result import (
    Callback,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
)
from tests.support.talks import NAMES, TAIL, an_account

pytestmark = pytest.mark.pure

TODAY = date(2026, 3, 11)
PROMISED = ConversationResult(
    "promise_to_pay",
    verified=True,
    promises=(PromiseToPay(Decimal("200.00"), "2026-03-13"),),
    language="en",
)


def turn(speaker: str, text: str, kind: str = "") -> Turn:
    return Turn(speaker, kind or ("prompt" if speaker == "bot" else "speech"), text, 0.0, 1.0)


TALK = (
    turn("bot", f"Am I speaking to {NAMES['en']}?"),
    turn("customer", "yes"),
    turn("customer", TAIL, "keys"),
    turn("customer", "my number is one three eight double oh"),
    turn("bot", "Your open amount is five hundred sixty eight yuan and thirty two cents."),
    turn("customer", "", "silence"),
)


def told(result: ConversationResult = PROMISED, language: str = "en") -> ToldCall:
    call = told_call(TALK, replace(result, language=language), an_account(language), TODAY)
    assert call is not None
    return call


def test_neither_name_nor_keys_nor_digits_of_the_customer_are_told() -> None:
    call = told()
    words = " ".join(text for _, text in call.said)
    assert NAMES["en"] not in words
    assert TAIL not in words
    assert "eight double" not in words
    assert ("customer", "(keys)") in call.said
    assert ("customer", "") not in call.said


def test_a_call_in_which_nobody_said_a_word_is_not_told() -> None:
    quiet = (turn("bot", "hello"), turn("customer", "1", "keys"), turn("customer", " "))
    assert told_call(quiet, PROMISED, an_account("en"), TODAY) is None


def test_of_an_unverified_call_no_fact_is_told() -> None:
    call = told(ConversationResult("third_party"))
    assert call.facts == ()
    assert checked_summary(WrittenSummary("Somebody owes 568.32 yuan."), call) is None


def test_a_long_call_is_told_from_its_end() -> None:
    long = tuple(turn("customer", f"word{number}") for number in range(MOST_TURNS + 20))
    call = told_call(long, PROMISED, an_account("en"), TODAY)
    assert call is not None
    assert len(call.said) == MOST_TURNS
    assert call.said[-1] == ("customer", f"word{MOST_TURNS + 19}")


@pytest.mark.parametrize(
    "text",
    [
        "The customer promised 200.00 CNY on 2026-03-13 and will pay the rest later.",
        "The customer promised two hundred yuan on Friday, March thirteenth.",
        "Of 568.32 CNY, due on 2026-03-01, he promised CNY 200.00.",
        "He was friendly.",
    ],
)
def test_a_summary_of_what_is_known_is_kept(text: str) -> None:
    kept = checked_summary(WrittenSummary(text, ("He will pay 200.00 CNY.",)), told())
    assert kept == WrittenSummary(text, ("He will pay 200.00 CNY.",))


@pytest.mark.parametrize(
    "text",
    [
        "He promised 300.00 CNY.",
        "He promised 200.00 CNY on 2026-03-14.",
        "He promised 1200.00 CNY.",
        "He promised two hundred and fifty yuan.",
        "He will pay next week.",
        "He pays tomorrow.",
        "His number is 13800138000.",
        "<script>alert()</script>",
        "See [here](https://example.org)",
        "",
        "   ",
        "word " * 400,
    ],
)
def test_a_summary_with_anything_else_is_not_kept(text: str) -> None:
    assert checked_summary(WrittenSummary(text), told()) is None
    if text.strip():
        assert checked_summary(WrittenSummary("All is well.", (text,)), told()) is None


def test_plan_dispute_and_callback_have_their_figures() -> None:
    plan = PlanRequest(
        PlanKind.INSTALLMENT,
        periods=3,
        monthly=Decimal("189.44"),
        last=Decimal("189.44"),
        fee=Decimal("0.00"),
        total=Decimal("568.32"),
        first_date=date(2026, 3, 18),
    )
    result = ConversationResult(
        "plan_requested",
        verified=True,
        plan=plan,
        dispute=DisputeClaim("meter", answer_days=5),
        callback=Callback(date(2026, 3, 12), time(15, 30)),
    )
    for language, text in (
        ("zh", "客户选择3期，每月189.44元，首期2026-03-18；五天内答复，2026-03-12 15:30回电。"),
        (
            "en",
            "He chose 3 months at 189.44 CNY from 2026-03-18. Answer within five days, call at 15:30 on 2026-03-12.",
        ),
    ):
        assert checked_summary(WrittenSummary(text), told(result, language)) is not None, text
    for text in ("客户选择6期。", "每月189.45元。", "三百元。", "明天回电。"):
        assert checked_summary(WrittenSummary(text), told(result, "zh")) is None, text


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=12))
def test_whatever_is_written_what_is_kept_is_plain_and_short(text: str, points: list[str]) -> None:
    kept = checked_summary(WrittenSummary(text, tuple(points)), told())
    if kept is not None:
        for line in (kept.text, *kept.key_points):
            assert not set(line) & set("<>{}[]/\\@\n\x00")
