"""The customer asks for another language: the call goes on in it, or somebody who speaks it calls."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue.account_view import spoken_name
from ari_app.dialogue.flow import MOST_SWITCHES
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_prompts import known_fragments, prompt_ids
from ari_app.dialogue.model import FlowStep
from ari_app.errors import InputError
from ari_app.services.flow_files import FlowDirectory
from ari_app.services.flow_sources import parse_flow
from tests.support.examples import examples
from tests.support.talks import (
    COMPANY,
    FLOW_FILE,
    NOW,
    PARTS,
    TAIL,
    an_account,
    as_input,
    keys,
    shipped_flow,
    talk,
)

pytestmark = [pytest.mark.pure, pytest.mark.long]

FLOW = shipped_flow()
TEXT = FLOW_FILE.read_text(encoding="utf-8")


def languages(step: FlowStep) -> set[str]:
    """In which languages a step speaks and listens."""
    question = step.question
    heard = {question.grammar.language} if question is not None and question.grammar is not None else set()
    return {fragment.language for fragment in (*step.say, *step.filler)} | heard | {step.language}


@pytest.mark.parametrize(
    ("before", "wish", "after"),
    [("zh", "请说英语", "en"), ("en", "can you speak chinese", "zh"), ("zh", "8", "en")],
)
def test_the_question_is_asked_again_in_the_other_language(before: str, wish: str, after: str) -> None:
    told = talk(FLOW, an_account(before), wish)
    assert languages(told.steps[0]) == {before}
    assert languages(told.last) == {after}
    assert told.context == "opening"
    assert told.last.covers == ("opening", "recording_notice"), "in full, with the recording notice"
    assert COMPANY[after] in told.said
    assert told.last.question is not None
    assert not told.last.question.barge_in, "the notice is heard out, as the first time"


def test_the_whole_call_goes_on_in_the_other_language() -> None:
    told = talk(FLOW, an_account("zh"), "讲英文", "yes", TAIL, "tomorrow", "the full amount", "yes")
    assert all(languages(step) <= {"en"} for step in told.steps[1:])
    result = told.last.result
    assert result is not None
    assert (result.result, result.language) == ("promise_to_pay", "en")
    assert [(str(one.amount), one.date) for one in result.promises] == [("568.32", "2026-03-12")]
    assert result.consent is not None
    assert result.consent.version.endswith(" en"), "what counts is the notice that was understood"
    assert "five hundred sixty eight yuan" in " ".join(
        fragment.text for step in told.steps for fragment in step.say
    )


def test_who_asks_for_another_language_has_not_agreed_to_be_recorded() -> None:
    told = talk(FLOW, an_account("zh"), "8")
    hung_up = told.dialogue.hung_up().result
    assert hung_up is not None
    assert hung_up.consent is None


def test_after_verification_the_facts_are_told_once_more() -> None:
    told = talk(FLOW, an_account("zh"), "1", TAIL, "请说英语")
    assert "Your open amount is" in told.said
    assert told.context == "ask_when"
    assert told.last.covers == ("arrears_fact", "deadline")
    assert languages(told.last) == {"en"}


@pytest.mark.parametrize(
    ("language", "wish", "code"),
    [("zh", "我要讲粤语", "yue"), ("en", "spanish please", "es"), ("zh", "听不懂普通话说维语", "ug")],
)
def test_a_language_that_nobody_here_speaks_ends_with_a_person(language: str, wish: str, code: str) -> None:
    for given_ in ((wish,), ("1", TAIL, wish)):
        told = talk(FLOW, an_account(language), *given_)
        result = told.last.result
        assert result is not None
        assert (result.result, result.transfer_reason, result.language) == (
            "language_wanted",
            "language",
            language,
        )
        assert [(one.name, one.value, one.reason) for one in result.review] == [("language", code, "wanted")]


def test_the_language_of_the_call_is_no_change() -> None:
    told = talk(FLOW, an_account("en"), "in english please", "yes")
    assert told.context == "verify_tail"
    assert all(languages(step) == {"en"} for step in (told.steps[0], told.last))


def test_to_and_fro_comes_to_an_end() -> None:
    told = talk(FLOW, an_account("zh"), *["8"] * MOST_SWITCHES)
    assert told.result is None
    assert languages(told.last) == {"zh"}
    assert talk(FLOW, an_account("zh"), *["8"] * (MOST_SWITCHES + 1)).result == "language_wanted"


def test_a_question_that_was_not_understood_does_not_count() -> None:
    told = talk(FLOW, an_account("en"), "blah", "8", "blah", "blah")
    assert told.result == "not_verified"
    assert len(told.steps) == 5
    assert talk(FLOW, an_account("en"), "blah", "8", "blah", "是我").context == "verify_tail"


def test_who_does_not_answer_the_opening_hears_how_to_change_the_language() -> None:
    for language, other, said in (
        ("zh", "en", "For English, press eight."),
        ("en", "zh", "中文服务请按八。"),
    ):
        told = talk(FLOW, an_account(language), "")
        (hint,) = [fragment for fragment in told.last.say if fragment.language == other]
        assert (hint.text, hint.prompt_id) == (said, f"common.opening.ask.again.3.{other}")
        assert hint in known_fragments(FLOW, an_account(language), COMPANY[language], NOW)
        found = {prompt_id for prompt_id, _, _ in prompt_ids(FLOW, other)}
        assert hint.prompt_id in found
        assert hint.prompt_id not in {prompt_id for prompt_id, _, _ in prompt_ids(FLOW, language)}


def test_a_flow_or_a_machine_of_one_language_offers_no_other() -> None:
    text = TEXT.replace("languages: [zh, en]", "languages: [zh]")
    flow = parse_flow(text, "reminder.yaml", PARTS)
    told = talk(flow, an_account("zh"), "")
    assert languages(told.last) == {"zh"}
    assert talk(flow, an_account("zh"), "8").result == "language_wanted"
    folder = FLOW_FILE.parent
    mute = FlowDirectory(folder, COMPANY, spoken=("zh",))
    assert {fragment.language for fragment in mute.prompts("reminder", an_account("zh"), NOW)} == {"zh"}
    assert mute.other_prompts("reminder", an_account("zh"), NOW) == ()
    dialogue = mute.open("reminder", an_account("zh"))
    dialogue.start(NOW)
    assert dialogue.answer(keys("8"), NOW).result is not None


def test_what_other_languages_say_to_everybody_is_known_before() -> None:
    flows = FlowDirectory(FLOW_FILE.parent, COMPANY)
    others = flows.other_prompts("reminder", an_account("zh"), NOW)
    assert {fragment.language for fragment in others} == {"en", "zh"}, "in Chinese: how to come back to it"
    assert not any(fragment.personal for fragment in others)
    assert flows.other_prompts("reminder", an_account("zh"), NOW) is others, "worked out once"
    told = talk(shipped_flow(), an_account("zh"), "8", "1")
    texts = {fragment.text for fragment in others}
    own = {
        fragment.text for fragment in flows.prompts("reminder", replace(an_account("zh"), language="en"), NOW)
    }
    for step in told.steps[1:]:
        assert all(fragment.text in (own if fragment.personal else texts) for fragment in step.say)


def test_an_english_voice_is_given_no_chinese_name() -> None:
    assert spoken_name("张伟", "en") == "the owner of this number"
    assert spoken_name("张伟", "zh") == "张伟"
    assert "the owner of this number" in talk(FLOW, replace(an_account("zh"), name="张伟"), "8").said


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("when: can_switch", "when: by_key", "the language that is asked for may be one that nobody speaks"),
        ("switch: true", "switch: maybe", "'maybe' does not fit (allowed: true or false)"),
        (
            "press eight.",
            "press {name}.",
            "a variable in a sentence in another language (allowed: fixed words)",
        ),
        ("press eight.", "pay your debt.", "the wording 'pay' is not spoken before verification"),
        ('{en: "For', '{fr: "For', "unknown key 'fr' (allowed: en)"),
    ],
)
def test_what_is_wrong_with_a_change_of_language_is_told(right: str, wrong: str, told: str) -> None:
    assert right in PARTS["common"]
    with pytest.raises(InputError) as caught:
        parse_flow(TEXT, "reminder.yaml", {"common": PARTS["common"].replace(right, wrong, 1)})
    found = [str(problem) for problem in caught.value.problems]
    assert any(told in one and one.startswith("parts/common.yaml:") for one in found), found


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.sampled_from(["8", "1", TAIL, "", "说英语", "speak chinese", "讲粤语", "是的", "yes", "2"]),
        max_size=12,
    )
)
def test_a_call_speaks_one_language_at_a_time_and_ends(given_: list[str]) -> None:
    dialogue = FlowConversation(FLOW, an_account("zh"), COMPANY["zh"], companies=COMPANY)
    step = dialogue.start(NOW)
    for item in given_:
        if step.result is not None:
            break
        step = talk_on(dialogue, item)
        foreign = [fragment for fragment in step.say if fragment.language != step.language]
        assert all(".again." in fragment.prompt_id for fragment in foreign), "only the hint at the opening"
        assert step.result is None or step.result.language == step.language
    assert dialogue.breaches == 0


def talk_on(dialogue: FlowConversation, item: str) -> FlowStep:
    return dialogue.answer(as_input(item), NOW)
