"""Answers and states that several flows share: what outweighs, what falls away, what is missing, whose prompt ids."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.flow_keys import PART_KEYS
from ari_app.dialogue.flow_picture import arrows, svg
from ari_app.dialogue.flow_prompts import prompt_ids
from ari_app.dialogue.flow_reader import read_part
from ari_app.dialogue.flow_schema import flow_schema, part_schema
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from ari_app.services.source_nodes import parse_nodes
from tests.support.talks import PARTS, TAIL, an_account, shipped_flow, talk

pytestmark = pytest.mark.pure

PART = """\
part: shared
version: 7
defaults:
  no_input: {zh: 没有听到。, en: I heard nothing.}
answers:
  anywhere:
    request_human: human
    minor: bye
states:
  hello:
    say: {zh: "请问是{name}吗？", en: "Is this {name}?"}
    ask:
      context: verify_tail
      digits: phone_tail
      include: [anywhere]
      on:
        identity_confirm: [{when: tail_matches, go: told}, {again: true}]
      no_input: {then: bye}
      no_match: {then: bye}
  human:
    say: {zh: 请稍候。, en: A person will call you.}
    end: request_human
  bye:
    say: {zh: 再见。, en: Goodbye.}
    end: no_input
  spare:
    say: {zh: 多余。, en: Spare words.}
    next: nowhere
"""

FLOW = """\
flow: small
version: 1
languages: [zh, en]
start: hello
parts: [shared]
states:
  told:
    say: {zh: "金额：{amount}。", en: "It is {amount}."}
    hung_up: informed
    end: informed
"""


def faults(text: str, part: str = PART) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_flow(text, "small.yaml", {"shared": part})
    return [str(problem) for problem in caught.value.problems]


def test_a_flow_has_what_its_part_has() -> None:
    flow = parse_flow(FLOW, parts={"shared": PART})
    assert talk(flow, an_account("en"), TAIL).result == "informed"
    assert talk(flow, an_account("en"), "0").said.startswith("Is this")
    assert talk(flow, an_account("en"), "i want to talk to a person").result == "request_human"
    assert "I heard nothing." in talk(flow, an_account("en"), "").said
    assert flow.parts == {"shared": "7"}
    assert flow.wording == "small 1, shared 7"


def test_states_of_a_part_that_nothing_leads_to_fall_away() -> None:
    flow = parse_flow(FLOW, parts={"shared": PART})
    assert set(flow.states) == {"hello", "human", "bye", "told"}
    assert {state.name for state in flow.states.values() if state.part == "shared"} == {
        "hello",
        "human",
        "bye",
    }
    own = FLOW + "  alone:\n    say: {zh: 我。, en: I.}\n    end: no_input\n"
    assert any("small.yaml:11: states.alone: no way leads to this state" in told for told in faults(own))


def test_what_the_flow_says_itself_outweighs_the_part() -> None:
    own = FLOW + "  bye:\n    say: {zh: 回见。, en: So long.}\n    end: no_input\n"
    flow = parse_flow(own, parts={"shared": PART})
    assert talk(flow, an_account("en"), "", "").said == "So long."
    assert flow.states["bye"].part == ""
    own = FLOW.replace("states:", "answers:\n  anywhere:\n    minor: told2\nstates:") + (
        "  told2:\n    say: {zh: 孩子。, en: A child.}\n    end: minor\n"
    )
    flow = parse_flow(own, parts={"shared": PART})
    assert talk(flow, an_account("en"), "my mum is not home i am eight years old").result == "minor"
    assert talk(flow, an_account("en"), "a person please").result == "request_human", (
        "the rest of the group stays"
    )
    own = FLOW.replace("states:", "defaults: {no_input: {zh: 喂？, en: Hello?}}\nstates:", 1)
    flow = parse_flow(own, parts={"shared": PART})
    assert "Hello?" in talk(flow, an_account("en"), "").said


def test_of_two_parts_the_later_one_outweighs() -> None:
    other = "part: other\nversion: 1\nstates:\n  bye:\n    say: {zh: 走。, en: Gone.}\n    end: no_input\n"
    for order, said in (("shared, other", "Gone."), ("other, shared", "Goodbye.")):
        text = FLOW.replace("parts: [shared]", f"parts: [{order}]")
        flow = parse_flow(text, parts={"shared": PART, "other": other})
        assert talk(flow, an_account("en"), "", "").said == said


def test_states_that_the_flow_has_to_bring_are_named_with_the_place_that_needs_them() -> None:
    lacking = FLOW.replace("  told:", "  informed:")
    assert any(
        told.startswith("small.yaml:5: parts: this flow has no state 'told', and its part goes on to that")
        and "(parts/shared.yaml:17: states.hello)" in told
        for told in faults(lacking)
    )
    used = FLOW + "  more:\n    next: spare\n"
    assert any("no state 'nowhere'" in told for told in faults(used.replace("end: informed", "next: more")))


def test_an_answer_of_a_part_may_lead_where_the_flow_has_no_state() -> None:
    part = PART.replace("    minor: bye", "    minor: child")
    assert any("no state 'child'" in told and "states.hello" in told for told in faults(FLOW, part))


#: What is changed in the part, and what is told with the part's own file and line.
WRONG: tuple[tuple[str, str, str], ...] = (
    (
        "{name}吗",
        "{amount}吗",
        "parts/shared.yaml:11: states.hello: {amount} would be spoken before verification",
    ),
    (', en: "Is this {name}?"', "", "parts/shared.yaml:11: states.hello.say: the wording in en is missing"),
    ("request_human: human", "request_humen: human", "parts/shared.yaml:7: answers.anywhere: unknown intent"),
    (
        "minor: bye",
        "minor: Bye Bye",
        "parts/shared.yaml:8: answers.anywhere.minor: 'Bye Bye' is no name for a state",
    ),
    (
        "include: [anywhere]",
        "include: [anyone]",
        "parts/shared.yaml:15: states.hello.ask.include: unknown group",
    ),
    (
        "end: no_input",
        "end: informed",
        "parts/shared.yaml:23: states.bye: the result informed needs a verified",
    ),
    ("then: bye", "then: hello", "parts/shared.yaml:10: states.hello: a loop without bound: hello -> hello"),
    ("part: shared", "part: other", "parts/shared.yaml:1: part: 'other' stands in the file shared.yaml"),
    ("version: 7\n", "", "parts/shared.yaml:1: the key 'version' is missing"),
    ("defaults:", "start: hello\ndefaults:", "parts/shared.yaml:3: unknown key 'start'"),
    ("no_input: {zh: 没", "no_inptu: {zh: 没", "parts/shared.yaml:4: defaults: unknown key 'no_inptu'"),
    ("say: {zh: 多余。", "sya: {zh: 多余。", "parts/shared.yaml:27: states.spare: unknown key 'sya'"),
)


@pytest.mark.parametrize(("right", "wrong", "told"), WRONG, ids=[row[2][18:48] for row in WRONG])
def test_a_fault_in_a_part_is_told_with_the_parts_file_and_line(right: str, wrong: str, told: str) -> None:
    assert right in PART
    found = faults(FLOW, PART.replace(right, wrong, 1))
    assert any(fault.startswith(told) for fault in found), found


def test_a_part_that_is_not_there_is_told_with_those_that_are() -> None:
    found = faults(FLOW.replace("[shared]", "[shard]"))
    assert found == ["small.yaml:5: parts: unknown part 'shard' (allowed: shared)"]
    assert any(
        "a part is called 'shared' too" in told
        for told in faults(FLOW.replace("flow: small", "flow: shared"))
    )


def test_shared_sentences_have_the_ids_of_the_part() -> None:
    flow = shipped_flow()
    found = {prompt_id: where for prompt_id, where, _ in prompt_ids(flow, "zh")}
    assert found["common.verify_tail.1"].partition(":")[0].endswith("parts/common.yaml")
    assert found["reminder.ask_when.1"].partition(":")[0].endswith("flows/reminder.yaml")
    assert "common.answers.anywhere.ask_if_robot.1" in found
    assert "common.defaults.no_input.1" in found
    lines = PARTS["common"].splitlines()
    assert "为了保护您的信息" in lines[int(found["common.verify_tail.1"].rpartition(":")[2]) - 1]


def test_two_flows_share_the_prompts_of_a_part() -> None:
    one = parse_flow(FLOW, parts={"shared": PART})
    two = parse_flow(FLOW.replace("flow: small", "flow: tall"), parts={"shared": PART})
    shared = {name for name, _, _ in prompt_ids(one, "en")} & {name for name, _, _ in prompt_ids(two, "en")}
    assert {"shared.hello.1.1", "shared.bye.1", "shared.human.1"} <= shared
    assert not any(name.startswith(("small.", "tall.")) for name in shared)


def test_a_part_is_looked_at_alone_as_far_as_that_goes() -> None:
    assert set(read_part(parse_nodes(PART, "shared.yaml"), "shared.yaml", "shared")) == {
        "hello",
        "human",
        "bye",
        "spare",
    }
    with pytest.raises(InputError, match=r"shared\.yaml:13: states\.hello\.ask: unknown key"):
        read_part(parse_nodes(PART.replace("context:", "contxt:"), "shared.yaml"), "shared.yaml", "shared")


def test_a_picture_tells_what_comes_from_a_part() -> None:
    flow = parse_flow(FLOW, parts={"shared": PART})
    assert svg(flow).count("<title>shared</title>") == 3
    assert ("hello", "told") in {(arrow.source, arrow.target) for arrow in arrows(flow)}


def test_the_schemas_name_every_key() -> None:
    assert set(part_schema()["properties"]) == set(PART_KEYS)
    assert "parts" in flow_schema()["properties"]
    assert part_schema()["$defs"] == flow_schema()["$defs"]


@given(st.integers(0, PART.count("\n") - 1), st.sampled_from(["drop", "double", "indent", "garble", "empty"]))
def test_a_damaged_part_is_read_or_refused_with_the_place(at: int, damage: str) -> None:
    lines = PART.splitlines(keepends=True)
    line = lines[at]
    lines[at] = {
        "drop": "",
        "double": line + line,
        "indent": "   " + line,
        "garble": line.replace(":", " {", 1),
        "empty": line.split(":")[0] + ":\n",
    }[damage]
    try:
        parse_flow(FLOW, "small.yaml", {"shared": "".join(lines)})
    except InputError as error:
        for problem in error.problems:
            name, number = problem.where.rsplit(":", 1)
            assert name in ("small.yaml", "parts/shared.yaml")
            assert 1 <= int(number) <= len(lines) + 2
            assert problem.wrong
