"""Answers that a language model wrote: made of the account's facts, or not spoken."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import SealedAccount, VerifiedView, opening_view
from ari_app.dialogue.advice import FREE_QUESTION, KnownFact, Opinion
from ari_app.dialogue.fact_words import is_plain, leftover
from ari_app.dialogue.flow import Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_policy import USUAL_POLICY
from ari_app.dialogue.free_answer import MOST_CHARACTERS, MOST_SENTENCES, checked_answer, facts_of
from ari_app.domain.account import AccountDetails, FeeItem
from tests.support.talks import COMPANY, NAMES, NOW, TAIL, Talk, an_account, as_input, says, shipped_flow

pytestmark = [pytest.mark.pure, pytest.mark.long]

TODAY = date(2026, 3, 11)
DETAILS = AccountDetails(
    service="water",
    fee_items=(FeeItem("water", Decimal("560.00")), FeeItem("late fee", Decimal("8.32"))),
    late_fee=Decimal("8.32"),
)


def view(language: str) -> VerifiedView:
    account = replace(an_account(language), details=DETAILS)
    opened = SealedAccount(account, opening_view(account, COMPANY[language])).open(TAIL)
    assert opened is not None
    return opened


FACTS = {language: facts_of(view(language), USUAL_POLICY, TODAY) for language in spoken.LANGUAGES}


def said(answer: str, language: str) -> list[str]:
    return [fragment.text for fragment in checked_answer(answer, FACTS[language], language)]


# ------------------------------------------------------------------------------------------- facts


def test_the_facts_hold_neither_name_nor_digits_of_the_number() -> None:
    for language, facts in FACTS.items():
        names = {fact.name for fact in facts}
        assert {"amount", "due_date", "late_fee", "fees", "payment_methods"} <= names
        assert not {"name", "phone_tail"} & names
        written = " ".join(part for fact in facts for part in (fact.words, *fact.written))
        assert NAMES[language] not in written
        assert TAIL not in written


# ------------------------------------------------------------------------------------------- what is spoken


@pytest.mark.parametrize(
    ("language", "answer", "spoken_as"),
    [
        ("en", "The late fee is {late_fee}.", "The late fee is eight yuan and thirty two cents."),
        ("en", "It was due on {due_date}.", "It was due on Sunday, March first."),
        ("en", "It was due on 2026-03-01.", "It was due on Sunday, March first."),
        (
            "en",
            "Your bill is 568.32 yuan.",
            "Your bill is five hundred sixty eight yuan and thirty two cents.",
        ),
        ("zh", "滞纳金是{late_fee}。", "滞纳金是八元三角二分。"),
        ("zh", "应缴568.32元。", "应缴五百六十八元三角二分。"),
        ("zh", "到期日是2026年3月1日。", "到期日是三月一日，星期日。"),
    ],
)
def test_facts_are_put_in_as_they_are_spoken(language: str, answer: str, spoken_as: str) -> None:
    assert said(answer, language) == [spoken_as]


def test_what_is_spoken_is_for_voices_of_this_machine() -> None:
    found = checked_answer("It is {amount}. It was due on {due_date}.", FACTS["en"], "en")
    assert len(found) == 2
    assert all(part.personal and part.local and part.ends and not part.pieces for part in found)


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "You owe {amount}, and 20 yuan more."),
        ("en", "You owe 5568.32 yuan."),
        ("en", "You owe 568.3 yuan."),
        ("en", "The amount is five hundred yuan, that is {amount}."),
        ("en", "Pay {amount} by tomorrow."),
        ("en", "Pay {amount} by Friday."),
        ("en", "It was due on {due_date}, and again in April."),
        ("en", "You do not owe {amount}."),
        ("en", "You don't owe {amount}."),
        ("en", "We waive {late_fee}."),
        ("en", "I have marked {amount} as paid."),
        ("en", "Good news: {amount} is cancelled."),
        ("en", "We will restore your service, {amount}."),
        ("en", "Pay {amount} by PayPal."),
        ("en", "Transfer {amount} to my bank."),
        ("en", "Buy gift cards for {amount}."),
        ("en", "Pay {amount} at www.example.org"),
        ("en", "Pay {amount} at example dot org."),
        ("zh", "应缴{amount}，登录example点com。"),
        ("en", "Pay {amount} at https://example.org/pay."),
        ("en", "Call us about {amount}."),
        ("en", "{amount}, or we tell your employer."),
        ("en", "{amount}, or we go to court."),
        ("en", "{amount}. I am a real person."),
        ("en", "<b>{amount}</b>"),
        ("en", "{amount}\u202e"),
        ("en", "{phone_tail} {amount}"),
        ("en", "{name} owes {amount}"),
        ("en", "{ amount } {amount}"),
        ("en", "{{amount}}"),
        ("en", "您欠{amount}"),
        ("en", "{amount}"),
        ("en", "Please pay your bill soon."),
        ("en", "Please use our {service}."),
        ("en", "This is {company}."),
        ("en", ""),
        ("en", "It is {amount}. It was due on {due_date}. Thank you."),
        ("en", "word " * 80 + "{amount}."),
        ("zh", "不用缴{amount}。"),
        ("zh", "滞纳金{late_fee}可以减免。"),
        ("zh", "已为您标记{amount}。"),
        ("zh", "请明天缴{amount}。"),
        ("zh", "应缴{amount}，另加五元。"),
        ("zh", "应缴六百元，即{amount}。"),
        ("zh", "请把{amount}转到私人账户。"),
        ("zh", "请用支付宝缴{amount}。"),
        ("zh", "{amount}，不缴就起诉。"),
        ("zh", "{amount}，我们会通知你单位。"),
        ("zh", "Pay {amount}."),
        ("zh", "金额{amount}，点击链接。"),
        ("zh", "应缴伍佰元{amount}。"),
        ("zh", "应缴５００元{amount}。"),
    ],
)
def test_what_is_no_fact_of_the_account_is_not_spoken(language: str, answer: str) -> None:
    assert said(answer, language) == []


@given(
    st.text(max_size=80),
    st.sampled_from(["zh", "en"]),
    st.sampled_from(["{amount}", "{due_date}", "568.32", ""]),
)
def test_no_number_and_nothing_hidden_comes_through(text: str, language: str, fact: str) -> None:
    parts = said(f"{text}{fact}", language)
    assert len(parts) <= MOST_SENTENCES
    whole = " ".join(parts)
    assert len(whole) <= MOST_CHARACTERS[language]
    assert not any(sign.isdigit() or sign in "<>{}/@\\" for sign in whole)
    for known in FACTS[language]:
        whole = whole.replace(known.words, " ")
    assert not leftover(whole, language)


@given(st.integers(1, 99_999), st.sampled_from(["zh", "en"]))
def test_no_amount_but_the_accounts_own_is_spoken(cents: int, language: str) -> None:
    amount = Decimal(cents) / 100
    known = {Decimal("568.32"), Decimal("8.32")}
    words = spoken.amount(amount, "CNY", language)
    lead = {"zh": "应缴", "en": "You owe "}[language]
    for written in (words, f"{amount:.2f}"):
        parts = said(f"{lead}{written}{'。' if language == 'zh' else '.'} {{due_date}}", language)
        assert not parts or amount in known


@given(st.text(max_size=60))
def test_plain_text_holds_no_mark_up(text: str) -> None:
    if is_plain(text):
        assert not set(text) & set("<>{}[]/\\@#&|`~^*=\n\r\t\u202e\u200b\x00")


def test_a_form_of_a_fact_counts_only_as_a_whole() -> None:
    facts = (KnownFact("amount", "five yuan", ("5.00", "5")),)
    assert checked_answer("It is 5.00", facts, "en")
    for answer in (
        "It is 15.00",
        "It is 5.001",
        "It is 5.00.1",
        "It is 5,000",
        "It is A5",
        "It is 5B",
        "It is 1.5",
    ):
        assert not checked_answer(answer, facts, "en"), answer


# ------------------------------------------------------------------------------------------- in a conversation

UNCLEAR = "well the thing is you know how it goes with us"


def asking(flow: Flow) -> Flow:
    state = flow.states["ask_when"]
    assert state.ask is not None
    open_to_questions = replace(state, ask=replace(state.ask, answers_questions=True))
    return replace(flow, states={**flow.states, "ask_when": open_to_questions})


def talk_until(flow: Flow, *answers: str) -> Talk:
    told = Talk(FlowConversation(flow, an_account("en"), COMPANY["en"]))
    told.steps.append(told.dialogue.start(NOW))
    for answer in answers:
        told.steps.append(told.dialogue.answer(as_input(answer), NOW))
    return told


def ask(told: Talk, answer: str, text: str = UNCLEAR) -> str:
    opinion = Opinion(FREE_QUESTION, confidence=0.9, answer=answer)
    told.steps.append(told.dialogue.answer(replace(says(text), opinion=opinion), NOW))
    return told.said


def test_a_free_question_is_answered_and_the_question_asked_again() -> None:
    told = talk_until(asking(shipped_flow()), "1", TAIL)
    words = ask(told, "It was due on {due_date}.")
    assert words.startswith("It was due on Sunday, March first. Please say a day")
    assert told.last.improvised == 1
    assert told.context == "ask_when"
    assert told.last.heard is not None
    assert told.last.heard.advised
    assert told.last.covers == ()


@pytest.mark.parametrize(
    "answer",
    ["Mark it as paid.", "", "You are free of {amount}.", "It is 1 yuan. {amount}", "{amount} or jail"],
)
def test_an_answer_that_may_not_be_spoken_leads_the_usual_way(answer: str) -> None:
    told = talk_until(asking(shipped_flow()), "1", TAIL)
    assert ask(told, answer).startswith("Sorry, I did not get that.")
    assert told.last.improvised == 0


def test_before_verification_nothing_is_answered() -> None:
    told = talk_until(asking(shipped_flow()))
    assert told.dialogue.free_question(says(UNCLEAR), NOW) is None
    assert "five hundred" not in ask(told, "It is {amount}.")


def test_where_the_flow_does_not_allow_it_nothing_is_answered() -> None:
    told = talk_until(shipped_flow(), "1", TAIL, "1")
    assert told.context == "ask_amount"
    assert told.dialogue.free_question(says(UNCLEAR), NOW) is None
    assert not ask(told, "It was due on {due_date}.").startswith("It was due")


def test_what_the_rules_understand_is_no_free_question() -> None:
    told = talk_until(asking(shipped_flow()), "1", TAIL)
    assert "speak to" not in ask(told, "It was due on {due_date}.", text="i want to speak to a person")
    assert told.last.improvised == 0


def test_free_questions_are_bounded_like_any_other_try() -> None:
    told = talk_until(asking(shipped_flow()), "1", TAIL)
    for _ in range(12):
        if told.result is not None:
            break
        ask(told, "It was due on {due_date}.")
    assert told.result == "informed"
    assert told.last.improvised == 0
