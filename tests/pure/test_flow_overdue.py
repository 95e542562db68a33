"""What overdue collection needs of the engine: parts and rests, one statement, days of a deferral and of a payment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.account_view import OpeningView, Promised, VerifiedView
from ari_app.dialogue.answer_notes import read_answer_note
from ari_app.dialogue.flow_offers import keeping, take_offer, without
from ari_app.dialogue.flow_outcome import promises_of
from ari_app.dialogue.flow_policy import Policy
from ari_app.dialogue.flow_script_check import certain_coverage
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.understanding import understand
from ari_app.domain.account import AccountDetails
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow, read_flow_file
from tests.support.talks import FLOW_FILE, NOW, PARTS, TAIL, an_account, talk

pytestmark = [pytest.mark.pure, pytest.mark.long]

FILE = FLOW_FILE.with_name("overdue.yaml")
TEXT = FILE.read_text(encoding="utf-8")
FLOW = read_flow_file(FILE)
TODAY = date(2026, 3, 11)
VIEW = VerifiedView(OpeningView("云杉", "张伟", "zh"), Decimal("568.32"), "CNY", TODAY, TAIL)


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_flow(text, "overdue.yaml", PARTS)
    return [str(problem) for problem in caught.value.problems]


# ------------------------------------------------------------------------------------------------ parts and rests


def test_a_promise_that_was_kept_leaves_the_rest_to_be_promised() -> None:
    first = Promised(TODAY, Decimal("200.00"))
    kept = keeping(first, first)
    assert (kept.date, kept.amount, kept.left(Decimal("568.32"))) == (None, None, Decimal("368.32"))
    assert without(kept, []) == kept, "what is forgotten later takes nothing back"
    assert keeping(Promised(TODAY), Promised(TODAY)) == Promised(TODAY), (
        "there is nothing to keep without a sum"
    )


@given(st.lists(st.decimals("0.01", "600", places=2), min_size=1, max_size=6))
def test_promises_never_come_to_more_than_the_debt(sums: list[Decimal]) -> None:
    promised, due = Promised(), Decimal("568.32")
    for days, amount in enumerate(sums):
        left = promised.left(due)
        heard = Understanding("promise_to_pay", amounts=(amount,), dates=(TODAY + timedelta(days=days),))
        promised = take_offer(promised, heard, ["promise_to_pay"], left, Policy(), TODAY).promised
        promised = without(keeping(promised, promised), [])
    found = promises_of(VIEW, promised, "", 1.0, kept_only=True)
    assert sum((one.amount for one in found), Decimal(0)) <= due
    assert [one.date for one in found] == sorted(one.date for one in found)


def test_full_and_half_are_those_of_what_is_left() -> None:
    told = talk(FLOW, an_account("en"), "1", TAIL, "1", "300", "1", "1", "2", "1")
    assert told.last.result is not None
    assert [str(one.amount) for one in told.last.result.promises] == ["300.00", "268.32"]


def test_what_was_not_confirmed_of_the_rest_does_not_count() -> None:
    for answers in (("2", ""), ("2", "", "", ""), ("2", "2", "", "", "")):
        told = talk(FLOW, an_account("en"), "1", TAIL, "1", "2", "1", "1", *answers)
        result = told.last.result or told.dialogue.hung_up().result
        assert result is not None
        assert result.result == "promise_to_pay"
        assert [str(one.amount) for one in result.promises] == ["284.16"]


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        (
            "{result: promise_to_pay, kept: true}",
            "promise_to_pay",
            "promise_to_pay ends here without the amount and date",
        ),
        ("affirm: {keep: true, go: rest_when}", "affirm: rest_when", "ends here without the kept promise"),
        (
            "deny: ask_reason\n      max_tries: 3",
            "deny: {keep: true, go: ask_pay}\n      max_tries: 3",
            "would be kept",
        ),
        ("keep: true", "keep: perhaps", "'perhaps' does not fit (allowed: true or false)"),
    ],
)
def test_a_promise_is_kept_only_where_it_is_known(right: str, wrong: str, told: str) -> None:
    assert right in TEXT
    assert any(told in fault for fault in faults(TEXT.replace(right, wrong, 1)))


# ------------------------------------------------------------------------------------------------ one statement

REMINDER, FORMAL = "本次通话仅为服务提醒", "本次通话是正式的催缴通知"


@pytest.mark.parametrize("legal", [False, True])
@pytest.mark.parametrize("mode", ["service_reminder", "by_stage", "formal_collection"])
def test_a_call_ends_with_the_statement_of_its_mode(mode: str, legal: bool) -> None:
    text = TEXT.replace("statement_mode: by_stage", f"statement_mode: {mode}")
    if mode == "service_reminder":
        assert any("only reminded (allowed: when: formal_stage" in fault for fault in faults(text))
        return
    if mode == "formal_collection":
        assert any("collected formally" in fault for fault in faults(text))
        return
    account = replace(an_account(), details=AccountDetails(legal_stage=legal))
    said = talk(parse_flow(text, parts=PARTS), account, "1", TAIL, "2", "1", "1").said
    assert (REMINDER in said, FORMAL in said) == (not legal, legal)


def test_a_reminder_that_a_formal_case_may_hear_is_refused() -> None:
    before = "      - when: formal_stage\n        zh: [好的，已经为您登记，请按时"
    assert before in TEXT
    found = faults(TEXT.replace(before, before.replace("formal_stage", "[formal_stage, overdue]"), 1))
    assert any(
        "states.promise_to_pay: this may be said to a customer whose case is collected formally" in one
        for one in found
    )
    found = faults(TEXT.replace(before, before.replace("when: formal_stage", "when: overdue"), 1))
    assert any(
        "states.promise_to_pay: this may be said to a customer who is only reminded" in one for one in found
    )


# ------------------------------------------------------------------------------------------------ bare days


@pytest.mark.parametrize(
    ("language", "note", "said", "intent", "day"),
    [
        ("zh", "deferral", "下周五", "request_deferral", date(2026, 3, 20)),
        ("en", "deferral", "next friday", "request_deferral", date(2026, 3, 20)),
        ("en", "deferral", "i already paid on monday", "already_paid", None),
        ("zh", "paid", "昨天", "already_paid", date(2026, 3, 10)),
        ("en", "paid", "yesterday", "already_paid", date(2026, 3, 10)),
        ("en", "paid", "by card", "already_paid", None),
        ("en", "paid", "i want to speak to a person", "request_human", None),
        ("zh", "", "下周五", "promise_to_pay", date(2026, 3, 20)),
    ],
)
def test_a_bare_answer_means_what_the_question_asks_for(
    language: str, note: str, said: str, intent: str, day: date | None
) -> None:
    context = "closing" if note == "paid" else "ask_when"
    given_ = CustomerInput(InputKind.SPEECH, said, 0.9)
    local = NOW.astimezone()
    heard = read_answer_note(note, understand(said, language, context, local), given_, language, local)
    assert heard.intent == intent
    assert day is None or heard.date == day


def test_when_and_how_somebody_has_paid_is_left_to_be_looked_at() -> None:
    for answers in (("5", "1", "2"), ("我已经交过了", "对", "微信", "昨天")):
        result = talk(FLOW, an_account(), "1", TAIL, *answers).last.result
        assert result is not None
        assert result.result == "already_paid"
        assert [(one.name, one.value, one.reason) for one in result.review] == [
            ("payment.date", "2026-03-10", "claimed"),
            ("payment.channel", "wechatpay", "claimed"),
        ]


# ------------------------------------------------------------------------------------------------ the flow


def test_what_is_agreed_was_read_back_and_the_statement_made() -> None:
    covered = certain_coverage(FLOW)
    for end in ("promise_to_pay", "plan_requested", "deferral_requested"):
        assert {"read_back", "statement", "closing", "arrears_fact", "deadline"} <= covered[end], end
    assert {"statement", "closing"} <= covered["refused"] & covered["informed"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("key", "state"),
    [
        ("1", "forgot"),
        ("2", "offer_both"),
        ("3", "offer_both"),
        ("4", "offer_both"),
        ("5", "dispute_kind"),
        ("6", "payment_failed"),
        ("7", "no_bill"),
    ],
)
def test_each_reason_has_its_offer(language: str, key: str, state: str) -> None:
    told = talk(FLOW, an_account(language), "1", TAIL, "7", key)
    asked = FLOW.states[state].say[-1].sentences[language][-1].wording
    assert told.said.endswith(asked)


def test_who_refuses_is_asked_once_and_then_let_go() -> None:
    for language, said in (("zh", "我不交"), ("en", "i will not pay")):
        told = talk(FLOW, an_account(language), "1", TAIL, said, said, "1")
        assert told.result == "refused"
