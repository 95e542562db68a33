"""What an operator gets wrong in a flow is told with file and line, and what would be right."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.dispute_answers import NOTES
from ari_app.dialogue.flow import COVERAGE, MESSAGES, RESULTS, TRANSFER_REASONS, VARIABLES
from ari_app.dialogue.flow_arms_reader import EXPERIMENT_KEYS
from ari_app.dialogue.flow_check import certain_facts
from ari_app.dialogue.flow_conditions import CONDITIONS, Fact
from ari_app.dialogue.flow_keys import ASK_KEYS, FLOW_KEYS, PART_KEYS, STATE_KEYS
from ari_app.dialogue.flow_policy_reader import POLICY_KEYS
from ari_app.dialogue.grammar import GROUPS
from ari_app.dialogue.understanding import CONTEXTS, FINER, INTENTS
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.talks import FLOW_FILE, PARTS, an_account, shipped_flow, talk

pytestmark = [pytest.mark.pure, pytest.mark.long]

GOOD = """\
flow: small
version: 1
languages: [zh, en]
start: hello
defaults:
  no_input: {zh: 没有听到。, en: I heard nothing.}
states:
  hello:
    say: {zh: "请问是{name}吗？", en: "Is this {name}?"}
    ask:
      context: verify_tail
      digits: phone_tail
      on:
        identity_confirm:
          - {when: tail_matches, go: told}
          - {again: true}
      no_input: {then: bye}
      no_match: {then: bye}
  told:
    say: {zh: "金额：{amount}。", en: "It is {amount}."}
    hung_up: informed
    end: informed
  bye:
    say: {zh: 再见。, en: Goodbye.}
    end: no_input
"""


def faults(text: str, parts: Mapping[str, str] = {}) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_flow(text, "small.yaml", parts)
    return [str(problem) for problem in caught.value.problems]


def test_a_small_flow_is_read_and_works() -> None:
    flow = parse_flow(GOOD)
    assert talk(flow, an_account("zh"), "8000").said == "金额： 五百六十八元三角二分"
    assert talk(flow, an_account("en"), "1234", "1234").result == "no_input"


#: What is changed in the small flow, the line that is told, what is said about it.
WRONG: tuple[tuple[str, str, int, str], ...] = (
    ("start: hello", "start: helo", 4, "unknown state 'helo' (allowed: bye, hello, told)"),
    ("version: 1\n", "", 1, "the key 'version' is missing"),
    ("states:", "colour: red\nstates:", 7, "unknown key 'colour'"),
    ("languages: [zh, en]", "languages: [zh, fr]", 3, "unknown language 'fr' (allowed: en, zh)"),
    ("context: verify_tail", "context: smalltalk", 11, "unknown question context 'smalltalk'"),
    ("identity_confirm:", "identity_konfirm:", 14, "unknown intent 'identity_konfirm'"),
    ("tail_matches, go", "tail_fits, go", 15, "unknown condition 'tail_fits'"),
    ("go: told}", "go: tolt}", 15, "unknown state 'tolt'"),
    ("- {again: true}", "- {}", 16, "it is not clear where this goes"),
    ("- {again: true}", "- {again: true, go: bye}", 16, "it is not clear where this goes"),
    (
        "- {when: tail_matches, go: told}",
        "- {go: bye}",
        15,
        "a move without a condition hides those below it",
    ),
    ("{then: bye}\n      no_match", "{then: by}\n      no_match", 17, "unknown state 'by'"),
    ("      no_match: {then: bye}\n", "", 10, "the key 'no_match' is missing"),
    ("digits: phone_tail", "digits: pin", 12, "unknown kind of digits 'pin'"),
    ("digits: phone_tail", 'keys: {"77": affirm}', 12, "'77' is no key of a telephone"),
    ("digits: phone_tail", 'keys: {"7": affirm}', 8, "key 7 means affirm, and nothing answers to that"),
    ("digits: phone_tail", "digits: amount", 8, "an amount is asked for before verification"),
    ("digits: phone_tail", "max_tries: 99", 12, "'99' does not fit (allowed: a whole number 1 to 5)"),
    ("digits: phone_tail", "barge_in: maybe", 12, "'maybe' does not fit (allowed: true or false)"),
    ("digits: phone_tail", "hear: [digitz]", 12, "unknown group of phrases 'digitz'"),
    ("{name}吗", "{nmae}吗", 9, "unknown variable {nmae}"),
    ("{name}吗", "{name吗", 9, "a brace without its partner"),
    (
        "{name}吗",
        "{amount}吗",
        9,
        "{amount} would be spoken before verification (allowed: {company}, {name})",
    ),
    ("{name}吗", "{name}欠费吗", 9, "the wording '欠' is not spoken before verification"),
    ("Is this {name}?", "Your bill, {name}?", 9, "the wording 'bill' is not spoken before verification"),
    ("It is {amount}.", "It is {amount}, or else.", 20, "the wording 'or else' is never spoken"),
    (
        "It is {amount}.",
        "It is {ptp_amount}.",
        20,
        "{ptp_amount} has no value here on some way: the amount may be unknown",
    ),
    (', en: "It is {amount}."', "", 20, "the wording in en is missing"),
    ("en: Goodbye.", "en: Goodbye., fr: Adieu.", 24, "unknown key 'fr'"),
    ("end: no_input", "end: vanished", 25, "unknown result 'vanished'"),
    ("end: no_input", "end: informed", 23, "the result informed needs a verified customer"),
    ("end: informed", "end: promise_to_pay", 19, "promise_to_pay ends here without the amount and date"),
    ("end: informed", "next: told", 19, "a loop without bound: told -> told"),
    ("    end: informed\n", "", 19, "a state asks, goes on or ends; this one has none of them"),
    ("end: informed", "end: informed\n    next: bye", 19, "this one has next and end"),
    ("hung_up: informed", "hung_up: gone", 21, "unknown result 'gone'"),
    ("hung_up: informed", "covers: [weather]", 21, "unknown script element 'weather'"),
    ("go: told}", "go: bye}", 19, "no way leads to this state"),
    ("  bye:\n", "  Bye Bye:\n", 23, "this is no name for a state"),
    ("zh: 再见。", "zh: 12", 24, "'12' is a number, not a text"),
    ("zh: 再见。", "zh: ", 24, "this is empty"),
    ("states:", "states: [1]\nother:", 7, "this is a list, not a mapping"),
)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "told"), WRONG, ids=[f"{row[1][:30]}-{row[2]}" for row in WRONG]
)
def test_a_fault_is_told_with_its_line(right: str, wrong: str, line: int, told: str) -> None:
    assert right in GOOD
    found = faults(GOOD.replace(right, wrong, 1))
    assert any(told in fault for fault in found), found
    lines = [fault.split(":")[1] for fault in found if told in fault]
    assert str(line) in lines, found
    assert all(fault.startswith("small.yaml:") for fault in found)


def test_every_fault_is_told_at_once() -> None:
    found = faults(GOOD.replace("start: hello", "start: helo").replace("end: no_input", "end: vanished"))
    assert len([fault for fault in found if "unknown" in fault]) == 2


def test_a_circle_after_the_last_try_is_found() -> None:
    text = GOOD.replace("    end: no_input", "    next: hello")
    assert any("a loop without bound: hello -> bye -> hello" in fault for fault in faults(text))


def test_a_circle_through_a_question_is_bounded() -> None:
    text = GOOD.replace("    hung_up: informed\n    end: informed", "    next: hello")
    told = talk(parse_flow(text), an_account(), *["8000"] * 9)
    assert told.result == "no_input"


def test_a_date_by_key_before_verification_is_refused() -> None:
    text = GOOD.replace("digits: phone_tail", 'keys: {"1": {intent: promise_to_pay, date: in_3_days}}')
    text = text.replace("      on:\n", "      on:\n        promise_to_pay: bye\n")
    assert any("agrees a date or amount before verification" in fault for fault in faults(text))


def test_a_state_that_never_ends_the_call() -> None:
    text = GOOD.replace("    end: no_input", "    next: bye")
    assert any("never comes to an end" in fault or "loop without bound" in fault for fault in faults(text))


def test_a_way_around_verification_is_found_wherever_it_is() -> None:
    """One edge that skips the digits, from any state before verification, makes the amount unspeakable."""
    text = FLOW_FILE.read_text(encoding="utf-8")
    for shortcut in ("affirm: verify_tail", "deny: verify_tail", "dispute: verify_tail"):
        part = PARTS["common"].replace(shortcut, shortcut.replace("verify_tail", "ask_when"), 1)
        found = faults(text, {"common": part})
        assert any("before verification" in fault for fault in found)


def test_what_is_certain_is_the_least_of_all_ways() -> None:
    flow = shipped_flow()
    facts = certain_facts(flow)
    assert facts["opening"] == frozenset()
    assert facts["verify_tail"] == frozenset()
    assert facts["human"] == frozenset(), "it is reached from both sides"
    assert facts["ask_when"] == {Fact.VERIFIED}
    assert facts["ask_amount"] == {Fact.VERIFIED, Fact.DATE}
    assert facts["read_back"] == facts["promise_to_pay"] == {Fact.VERIFIED, Fact.DATE, Fact.AMOUNT}


_LINES = FLOW_FILE.read_text(encoding="utf-8").splitlines(keepends=True)


@given(st.integers(0, len(_LINES) - 1), st.sampled_from(["drop", "double", "indent", "garble", "empty"]))
def test_a_damaged_flow_is_read_or_refused_with_lines(at: int, damage: str) -> None:
    lines = list(_LINES)
    line = lines[at]
    lines[at] = {
        "drop": "",
        "double": line + line,
        "indent": "   " + line,
        "garble": line.replace(":", " {", 1),
        "empty": line.split(":")[0] + ":\n",
    }[damage]
    try:
        parse_flow("".join(lines), "reminder.yaml", PARTS)
    except InputError as error:
        for problem in error.problems:
            name, number = problem.where.rsplit(":", 1)
            assert name == "reminder.yaml"
            assert 1 <= int(number) <= len(_LINES) + 2
            assert problem.wrong


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_flow(text, "x.yaml")


def test_every_word_of_a_flow_is_documented() -> None:
    page = (FLOW_FILE.parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")
    words = {
        *CONDITIONS,
        *RESULTS,
        *COVERAGE,
        *CONTEXTS,
        *INTENTS,
        *FLOW_KEYS,
        *PART_KEYS,
        *STATE_KEYS,
        *ASK_KEYS,
    }
    words |= {"go", "say", "when", "forget", *(f"{{{name}}}" for name in VARIABLES)}
    words |= {*GROUPS, *MESSAGES, *TRANSFER_REASONS, *POLICY_KEYS, *EXPERIMENT_KEYS, *NOTES, *FINER}
    assert sorted(word for word in words if f"`{word}`" not in page) == []
