"""What a language model's opinion may mean: a choice among harmless meanings, with values that were said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.advice import FREE_QUESTION, MOST_CONFIDENCE, Opinion
from ari_app.dialogue.flow import RESULTS, Flow
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.second_opinion import (
    HARMLESS_RESULTS,
    HIDDEN,
    NEVER_DOUBTED,
    open_meanings,
    second_reading,
    unsure,
    without_digits,
)
from ari_app.dialogue.understanding import FINER, INTENTS
from ari_app.errors import InputError
from ari_app.services.flow_sources import read_flow_file
from tests.support.talks import COMPANY, NOW, ROOT, TAIL, an_account, as_input, says, shipped_flow

pytestmark = pytest.mark.pure

FLOW = shipped_flow()
FLOWS = [read_flow_file(path) for path in sorted((ROOT / "dialplan" / "flows").glob("*.yaml"))]
LOCAL = NOW.astimezone()
PROMISE = frozenset({"promise_to_pay", "request_callback", "request_installment", "deny"})
UNCLEAR = "well the thing is you know how it goes with us"


def at(state: str, *answers: CustomerInput | str, flow: Flow = FLOW) -> FlowConversation:
    """A conversation that has come to a state."""
    dialogue = FlowConversation(flow, an_account("en"), COMPANY["en"])
    dialogue.start(NOW)
    for answer in answers:
        dialogue.answer(as_input(answer), NOW)
    assert dialogue._state.name == state
    return dialogue


def advised(
    text: str, meaning: str, *quotes: str, confidence: float = 0.9, answer: str = ""
) -> CustomerInput:
    return replace(says(text), opinion=Opinion(meaning, quotes, confidence, answer))


# ------------------------------------------------------------------------------------------- what is asked


def test_the_rules_ask_only_where_they_are_unsure() -> None:
    assert unsure(Understanding("unclear", confidence=1.0), 0.5)
    assert unsure(Understanding("affirm", confidence=0.4), 0.5)
    assert not unsure(Understanding("affirm", confidence=0.5), 0.5)
    assert not unsure(Understanding("unclear", finer="repeat", confidence=0.9), 0.5)
    assert not unsure(Understanding("affirm", confidence=NEVER_DOUBTED), 1.0)


@pytest.mark.parametrize(
    "meant",
    ["stop calling me", "i want to speak to a person", "he has died", "she is not here i am her sister"],
)
def test_what_protects_somebody_is_never_doubted(meant: str) -> None:
    dialogue = at("ask_when", "1", TAIL)
    assert dialogue.doubt(says(meant, confidence=0.5), NOW, 1.0) is None
    step = dialogue.answer(replace(advised(meant, "promise_to_pay"), confidence=0.5), NOW)
    assert step.heard is not None
    assert not step.heard.advised


def test_a_doubt_holds_the_words_and_nothing_of_the_debt() -> None:
    dialogue = at("ask_when", "1", TAIL)
    doubt = dialogue.doubt(says(UNCLEAR), NOW, 0.5)
    assert doubt is not None
    assert (doubt.text, doubt.language, doubt.context) == (UNCLEAR, "en", "ask_when")
    assert "promise_to_pay" in doubt.meanings


@pytest.mark.parametrize(
    "given",
    [
        says("on friday"),
        says(UNCLEAR, confidence=0.4),
        says("  "),
        CustomerInput(InputKind.SILENCE),
        CustomerInput(InputKind.KEYS, "7"),
    ],
)
def test_nothing_is_asked_about_what_is_understood_not_believed_or_not_said(given: CustomerInput) -> None:
    assert at("ask_when", "1", TAIL).doubt(given, NOW, 0.5) is None


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        ("verify_tail", ("1",)),
        ("read_back", ("1", TAIL, "2", "1")),
        ("confirm_wrong_person", ("2",)),
        ("confirm_stop", ("1", says("stop calling me"))),
        ("confirm_stop_verified", ("1", TAIL, says("stop calling me"))),
        ("confirm_paid", ("1", TAIL, says("i have already paid"))),
        ("confirm_refusal", ("1", TAIL, says("i will not pay"))),
    ],
)
def test_nothing_is_asked_where_digits_or_a_confirmation_are_awaited(
    state: str, answers: tuple[CustomerInput | str, ...]
) -> None:
    assert at(state, *answers).doubt(says(UNCLEAR), NOW, 0.8) is None


def test_before_verification_digits_are_not_told() -> None:
    doubt = at("opening").doubt(
        says("it was raining on the roof of the barn one three eight oh oh"), NOW, 0.5
    )
    assert doubt is not None
    assert doubt.text.endswith(HIDDEN)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("my number is 138 0013 8000", "my number is #"),
        ("double eight triple one", "#"),
        ("我是幺三八零零", "我是#"),
        ("８０００", "#"),
        ("12 things", "12 things"),
        ("二十号", "二十号"),
    ],
)
def test_runs_of_digits_are_hidden(text: str, told: str) -> None:
    assert without_digits(text) == told


@given(st.text(alphabet="0123456789 -八九", max_size=40))
def test_no_three_digits_in_a_row_are_told(text: str) -> None:
    left = without_digits(text).replace(" ", "").replace("-", "")
    assert all(sum(sign in "0123456789八九" for sign in part) < 3 for part in left.split(HIDDEN))


# ------------------------------------------------------------------------------------------- what may be chosen


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_no_meaning_that_may_be_chosen_ends_a_call_but_for_a_person_or_a_call_back(flow: Flow) -> None:
    for state in flow.states.values():
        ask = state.ask
        for meaning in open_meanings(flow, state):
            if ask is None or meaning == FREE_QUESTION:
                continue
            assert meaning in INTENTS | FINER.keys()
            assert meaning not in ("identity_confirm", "recording_refused")
            assert meaning != "affirm" or ask.context == "opening"
            for move in ask.on[meaning]:
                if any(condition.name == "by_key" and condition.wanted for condition in move.when):
                    continue
                names = [move.go] if move.go else []
                for name in names:
                    names += [onward.go for onward in flow.states[name].next]
                    end = flow.states[name].end
                    assert end is None or end.result in HARMLESS_RESULTS, (state.name, meaning)


def test_the_harmless_results_agree_nothing() -> None:
    assert not [result for result in HARMLESS_RESULTS if RESULTS[result]]


@pytest.mark.parametrize(
    "meaning", ["affirm", "identity_confirm", "recording_refused", "nonsense", "described", ""]
)
def test_a_meaning_that_is_not_offered_counts_as_not_understood(meaning: str) -> None:
    dialogue = at("ask_when", "1", TAIL)
    step = dialogue.answer(advised(UNCLEAR, meaning), NOW)
    assert step.heard is not None
    assert (step.heard.intent, step.heard.advised) == ("unclear", False)


def test_a_meaning_that_is_offered_is_gone_by_with_little_confidence() -> None:
    dialogue = at("ask_when", "1", TAIL)
    step = dialogue.answer(advised(UNCLEAR, "ask_payment_method", confidence=1.0), NOW)
    assert step.heard is not None
    assert (step.heard.intent, step.heard.advised) == ("ask_payment_method", True)
    assert step.heard.confidence <= MOST_CONFIDENCE
    assert "You can pay by" in " ".join(part.text for part in step.say)


@pytest.mark.parametrize(
    ("meaning", "marked"), [("refuse_to_pay", True), ("request_callback", True), ("ask_amount", False)]
)
def test_a_meaning_with_consequences_that_a_model_chose_is_looked_at(meaning: str, marked: bool) -> None:
    dialogue = at("ask_when", "1", TAIL)
    dialogue.answer(advised(UNCLEAR, meaning), NOW)
    result = dialogue.hung_up().result
    assert result is not None
    found = [(one.name, one.value, one.reason) for one in result.review]
    assert found == ([("understanding", meaning, "by_model")] if marked else [])


def test_an_opinion_about_what_the_rules_know_is_not_looked_at() -> None:
    dialogue = at("ask_when", "1", TAIL)
    step = dialogue.answer(advised("i want to speak to a person", "promise_to_pay"), NOW)
    assert step.heard is not None
    assert (step.heard.intent, step.heard.advised) == ("request_human", False)


# ------------------------------------------------------------------------------------------- values


def read(text: str, meaning: str, *quotes: str, confidence: float = 1.0) -> Understanding | None:
    return second_reading(Opinion(meaning, quotes, confidence), text, PROMISE, "en", "inform", LOCAL)


def test_values_come_out_of_the_rules() -> None:
    heard = read(
        "my sister says friday and two hundred dollars", "promise_to_pay", "friday", "two hundred dollars"
    )
    assert heard is not None
    assert (heard.dates, heard.amounts) == ((date(2026, 3, 13),), (Decimal("200.00"),))


def test_what_is_not_quoted_is_no_value() -> None:
    heard = read("my sister says friday and the bank says monday", "promise_to_pay", "monday")
    assert heard is not None
    assert heard.dates == (date(2026, 3, 16),)


def test_what_was_negated_is_no_value_though_it_is_quoted() -> None:
    heard = read("not friday", "promise_to_pay", "friday")
    assert heard is None or heard.dates == ()


@pytest.mark.parametrize("quote", ["saturday", "fri", "", " ", "two hundred and fifty", "mark it as paid"])
def test_a_quotation_that_was_not_said_makes_the_opinion_void(quote: str) -> None:
    assert read("maybe friday", "promise_to_pay", quote) is None


@pytest.mark.parametrize("confidence", [float("nan"), -0.1, 1.1, float("inf")])
def test_a_confidence_that_is_none_makes_the_opinion_void(confidence: float) -> None:
    assert read("maybe friday", "promise_to_pay", confidence=confidence) is None


def test_no_digits_of_a_telephone_come_from_an_opinion() -> None:
    heard = second_reading(Opinion("deny", ("8000",), 1.0), "8000", PROMISE, "en", "verify_tail", LOCAL)
    assert heard is not None
    assert heard.phone_tail is None


def test_in_chinese_a_quotation_may_stand_anywhere() -> None:
    heard = second_reading(
        Opinion("promise_to_pay", ("下周五",), 0.9), "那个啥下周五再说", PROMISE, "zh", "inform", LOCAL
    )
    assert heard is not None
    assert heard.dates == (date(2026, 3, 20),)


@given(
    st.text(max_size=60),
    st.lists(st.text(max_size=20), max_size=4),
    st.floats(),
    st.sampled_from([*sorted(INTENTS | FINER.keys()), FREE_QUESTION, "x"]),
    st.sampled_from(["zh", "en"]),
)
def test_any_opinion_gets_a_reading_within_its_bounds_or_none(
    text: str, quotes: list[str], confidence: float, meaning: str, language: str
) -> None:
    heard = second_reading(
        Opinion(meaning, tuple(quotes), confidence), text, PROMISE, language, "ask_when", LOCAL
    )
    if heard is not None:
        assert heard.advised
        assert heard.intent in PROMISE
        assert 0.0 <= heard.confidence <= MOST_CONFIDENCE
        assert heard.phone_tail is None
        assert quotes or not (heard.dates or heard.amounts or heard.periods or heard.times or heard.channels)


# ------------------------------------------------------------------------------------------- the flow's key


def test_free_questions_before_verification_are_refused_when_the_flow_is_read(tmp_path: Path) -> None:
    copytree(ROOT / "dialplan" / "flows", tmp_path / "flows")
    part = tmp_path / "flows" / "parts" / "common.yaml"
    text = part.read_text(encoding="utf-8")
    opening = "      context: opening\n"
    assert opening in text
    part.write_text(text.replace(opening, opening + "      answers_questions: true\n"), encoding="utf-8")
    with pytest.raises(InputError, match="free questions would be answered before verification"):
        read_flow_file(tmp_path / "flows" / "reminder.yaml")


def test_where_free_questions_are_answered_they_may_be_chosen() -> None:
    state = FLOW.states["ask_when"]
    assert state.ask is not None
    asking = replace(state, ask=replace(state.ask, answers_questions=True))
    assert FREE_QUESTION in open_meanings(FLOW, asking)
    assert FREE_QUESTION not in open_meanings(
        FLOW, replace(state, ask=replace(state.ask, answers_questions=False))
    )
