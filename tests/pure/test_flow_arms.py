"""Experiments of a flow: read with every fault told, checked in every arm, and walked as the arm that a customer has."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue.flow import Flow, Text, sentences_in
from ari_app.dialogue.flow_arms import conditions_in, in_arms
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_prompts import known_fragments, prompt_ids
from ari_app.domain.experiment import Arms
from ari_app.errors import InputError
from ari_app.services.flow_sources import parse_flow
from tests.support.examples import examples
from tests.support.talks import COMPANY, NOW, Talk, an_account, as_input, words

pytestmark = pytest.mark.pure

FLOW = """\
flow: small
version: 1
languages: [zh, en]
start: hello
experiments:
  opening: {arms: {usual: 1, brief: 1}}
  amount: {arms: {plain: 3, whole: 1, late: 0}, share_percent: 50}
  plans: {arms: {three: 1, six: 1}}
policy:
  instalments:
    - {periods: 3}
    - {periods: 6, fee_percent: 0.5, when: arm.plans.six}
required: [opening, recording_notice, verified, arrears_fact]
states:
  hello:
    say:
      - when: arm.opening.brief
        zh: ["{company}，通话录音。", "请问是{name}吗？"]
        en: ["{company}, recorded.", "Is this {name}?"]
      - zh: ["您好，这里是{company}。", 本次通话会录音。, "请问是{name}吗？"]
        en: ["Hello, {company} here.", This call is recorded., "Is this {name}?"]
    covers: [opening, recording_notice]
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
    say:
      - when: [arm.amount.whole, tone_gentle]
        zh: ["费用：{fees}。"]
        en: ["In all: {fees}."]
      - when: arm.amount.late
        zh: ["金额是：{amount}，已过{days_overdue}。"]
        en: ["It is {amount}, late by {days_overdue}."]
      - when: tone_firm
        zh: ["请注意，金额：{amount}。"]
        en: ["Mind: it is {amount}."]
      - zh: ["金额：{amount}。"]
        en: ["It is {amount}."]
    covers: [arrears_fact]
    hung_up: informed
    ask:
      context: ask_plan
      keys: {"1": affirm, "2": deny}
      on:
        affirm:
          - {when: can_instalment, go: plans}
          - {go: done}
        deny: done
      no_input: {then: done}
      no_match: {then: done}
  plans:
    say: {zh: "可分：{plan_options}。", en: "You may pay in {plan_options}."}
    next: [{when: not arm.plans.six, go: done}, {go: more}]
  more:
    say: {zh: 还有更多。, en: There is more.}
    next: done
  done:
    end: informed
  bye:
    say: {zh: 再见。, en: Goodbye.}
    end: no_input
"""

WHOLE = parse_flow(FLOW)


def walked(flow: Flow, arms: Arms, *given: str, language: str = "en") -> Talk:
    told = Talk(FlowConversation(flow, an_account(language), COMPANY[language], arms=arms))
    told.steps.append(told.dialogue.start(NOW))
    for item in given:
        told.steps.append(told.dialogue.answer(as_input(item), NOW))
    return told


def said(*steps: str, arms: Arms = ()) -> str:
    told = walked(WHOLE, arms, *steps)
    return " ".join(fragment.text for step in told.steps for fragment in step.say)


def faults(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        parse_flow(text, "small.yaml")
    return [str(problem) for problem in caught.value.problems]


# ------------------------------------------------------------------------------------------------------------- walking


def test_a_customer_hears_the_wording_of_his_arm_and_without_one_what_no_arm_asks_for() -> None:
    usual = said()
    assert usual.startswith("Hello, Spruce Telecom")
    assert said(arms=(("opening", "usual"),)) == usual
    assert said(arms=(("opening", "brief"),)).startswith("Spruce Telecom recorded.")
    assert said(arms=(("opening", "nobody knows it"), ("other", "brief"))) == usual


def test_an_arm_is_asked_beside_other_conditions() -> None:
    assert "In all:" in said("8000", arms=(("amount", "whole"),))
    assert "late by" in said("8000", arms=(("amount", "late"),))
    assert "In all:" not in said("8000", arms=(("amount", "plain"),))


def test_plans_and_moves_depend_on_the_arm() -> None:
    three = said("8000", "1", arms=(("plans", "three"),))
    assert "three months" in three
    assert "six months" not in three
    assert "There is more." not in three
    six = said("8000", "1", arms=(("plans", "six"),))
    assert "three months or six months" in six
    assert "There is more." in six
    assert "six months" not in said("8000", "1")


def test_the_result_names_the_arms_of_the_flow() -> None:
    arms = (("opening", "brief"), ("plans", "six"), ("voice", "slow"))
    result = walked(WHOLE, arms, "8000", "2").last.result
    assert result is not None
    assert result.variants == (("opening", "brief"), ("plans", "six"))
    nobody = walked(WHOLE, (), "8000", "2").last.result
    assert nobody is not None
    assert nobody.variants == ()


EXPERIMENTS = {one.name: ("", *one.arm_names) for one in WHOLE.experiments}
arms = st.fixed_dictionaries({name: st.sampled_from(names) for name, names in EXPERIMENTS.items()}).map(
    lambda drawn: tuple(sorted((name, arm) for name, arm in drawn.items() if arm))
)


@settings(max_examples=examples(30))
@given(arms)
def test_a_narrowed_flow_holds_no_arm_and_only_what_the_whole_one_has(having: Arms) -> None:
    flow = in_arms(WHOLE, having)
    assert [str(one) for one in conditions_in(flow) if one.arm is not None] == []
    assert in_arms(flow, ()) is flow
    for name, state in flow.states.items():
        for language in ("zh", "en"):
            there = [one for prompt in WHOLE.states[name].prompts() for one in sentences_in(prompt, language)]
            for prompt in state.prompts():
                assert [one for one in sentences_in(prompt, language) if one not in there] == []
                assert not prompt or not prompt[-1].when
    assert set(flow.policy.instalments) <= set(WHOLE.policy.instalments)


@settings(max_examples=examples(30))
@given(
    arms, st.sampled_from(["zh", "en"]), st.lists(st.sampled_from(["8000", "1", "2", "", "yes"]), max_size=5)
)
def test_all_that_is_said_in_an_arm_lies_ready_and_no_other_arm_is_rendered(
    having: Arms, language: str, given_: list[str]
) -> None:
    account = an_account(language)
    ready = known_fragments(in_arms(WHOLE, having), account, COMPANY[language], NOW)
    told = walked(WHOLE, having, *given_, language=language)
    assert {fragment for step in told.steps for fragment in step.say} <= set(ready)
    assert len(ready) <= len(known_fragments(WHOLE, account, COMPANY[language], NOW))
    ids = {fragment.prompt_id for fragment in ready if ".arm." in fragment.prompt_id}
    assert all(any(f".arm.{name}.{arm}." in one for name, arm in having) for one in ids)


def test_what_an_arm_never_says_is_not_rendered_for_it() -> None:
    account = an_account("en")

    def ready(having: Arms) -> set[str]:
        return {one.text for one in known_fragments(in_arms(WHOLE, having), account, COMPANY["en"], NOW)}

    assert "This call is recorded." in ready(())
    assert "This call is recorded." not in ready((("opening", "brief"),))
    assert "Mind: it is" not in ready((("amount", "late"),))


def test_what_the_check_lets_pass_passes_in_every_combination_of_arms() -> None:
    """The walk over the whole flow takes every wording and move for possible, so no arm can be worse than it."""
    from ari_app.dialogue.flow_check import check_flow
    from ari_app.dialogue.source import Reader

    for drawn in product(*EXPERIMENTS.values()):
        having = tuple((name, arm) for name, arm in zip(EXPERIMENTS, drawn, strict=True) if arm)
        reader = Reader("small.yaml")
        check_flow(in_arms(WHOLE, having), reader)
        # A state to which only another arm leads is no fault.
        assert [one for one in reader.problems if "no way leads to" not in one.wrong] == []


def test_an_experiment_changes_no_prompt_id_but_its_own() -> None:
    """Recordings are found by these ids: they must not belong to other words because somebody tries something."""
    ids = {prompt_id: words for prompt_id, _, words in prompt_ids(WHOLE, "en")}
    assert ids["small.hello.2"] == "This call is recorded."
    assert ids["small.hello.arm.opening.brief.1.2"] == "recorded."
    assert ids["small.told.1.1"] == "Mind: it is"
    assert ids["small.told.b.1.1"] == "It is"
    assert "small.told.arm.amount.whole.1.1" in ids


def test_every_sentence_of_a_flow_has_ids_of_its_own() -> None:
    for language in WHOLE.languages:
        found = [
            part.prompt_id
            for state in WHOLE.states.values()
            for prompt in (state.say,)
            for sentence in sentences_in(prompt, language)
            for part in sentence.parts
            if isinstance(part, Text)
        ]
        assert len(found) == len(set(found))


# ------------------------------------------------------------------------------------------------------------- reading


def test_a_flow_without_experiments_is_the_same_flow_for_everybody() -> None:
    flow = replace(WHOLE, experiments=())
    assert in_arms(flow, (("opening", "brief"),)) is flow


#: What is changed in the flow, the line that is told, what is said about it.
WRONG: tuple[tuple[str, str, int, str], ...] = (
    (
        "when: arm.opening.brief",
        "when: arm.opening.breif",
        17,
        "unknown arm of an experiment 'arm.opening.breif' (allowed: arm.amount.late,",
    ),
    ("when: arm.opening.brief", "when: not arm.opning.brief", 17, "unknown arm of an experiment"),
    ("when: arm.plans.six}", "when: arm.plan.six}", 12, "unknown arm of an experiment 'arm.plan.six'"),
    ("when: arm.plans.six}", "when: overdue}", 12, "unknown condition 'overdue'"),
    ("when: tone_firm", "when: tone_frim", 40, "unknown condition 'tone_frim'"),
    ("{arms: {usual: 1, brief: 1}}", "{}", 6, "the key 'arms' is missing"),
    (
        "{arms: {usual: 1, brief: 1}}",
        "{arms: {brief: 1}}",
        6,
        "the number of arms is 1 (allowed: 2 to 8 arms",
    ),
    ("{usual: 1, brief: 1}", "{usual: 0, brief: 0}", 6, "no arm has a weight"),
    (
        "{usual: 1, brief: 1}",
        "{usual: -1, brief: 1}",
        6,
        "'-1' does not fit (allowed: a whole number 0 to 1000)",
    ),
    ("{usual: 1, brief: 1}", "{usual: 0.5, brief: 1}", 6, "'0.5' does not fit"),
    ("{usual: 1, brief: 1}", "{Usual: 1, brief: 1, usual: 1}", 6, "'Usual' is no name for an arm"),
    ("share_percent: 50", "share_percent: 101", 7, "'101' does not fit (allowed: a number 0 to 100)"),
    ("share_percent: 50", "share: 50", 7, "unknown key 'share' (allowed: arms, share_percent)"),
    ("  opening: {arms", "  Opening: {arms", 6, "this is no name for an experiment"),
    (
        "  plans: {arms",
        "  colour: {arms: {red: 1, blue: 1}}\n  plans: {arms",
        8,
        "depends on this experiment",
    ),
    (
        "{three: 1, six: 1}",
        "{three: 1, six: 1, twelve: 1}",
        8,
        "nothing tells these arms apart: three, twelve",
    ),
    (
        "[arm.amount.whole, tone_gentle]",
        "[arm.amount.whole, arm.amount.late]",
        34,
        "nobody has two arms of amount",
    ),
    (
        '"{company}，通话录音。"',
        '"{company}，您好。"',
        17,
        "covers recording_notice, and this wording leaves it out",
    ),
    ('"{company}, recorded."', '"Hello, recorded."', 17, "covers opening, and this wording leaves it out"),
    ('"In all: {fees}."', "You have a bill.", 34, "covers arrears_fact, and this wording leaves it out"),
    (
        '"{company}, recorded."',
        '"{company}, recorded: {amount}."',
        19,
        "{amount} would be spoken before verification",
    ),
    (
        '"{company}, recorded."',
        '"{company}, recorded: your overdue bill."',
        19,
        "is not spoken before verification",
    ),
    ('"In all: {fees}."', '"Pay {fees} or we send the police."', 36, "is never spoken"),
)


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG, ids=[entry[3][:30] for entry in WRONG])
def test_a_fault_in_any_arm_is_told_with_its_line(old: str, new: str, line: int, told: str) -> None:
    assert FLOW.count(old) == 1
    found = faults(FLOW.replace(old, new))
    assert [one for one in found if one.startswith(f"small.yaml:{line}:") and told in one], found


def test_an_element_missing_on_the_way_of_one_arm_alone_is_a_fault() -> None:
    moved = FLOW.replace(
        "{when: tail_matches, go: told}",
        "{when: [tail_matches, arm.plans.six], go: short}\n          - {when: tail_matches, go: told}",
    )
    found = faults(moved.replace("  done:\n", "  short:\n    end: informed\n  done:\n"))
    assert len(found) == 1
    assert "a way leads to informed on which this was not said: arrears_fact" in found[0]


def test_arms_without_experiments_are_told_so() -> None:
    text = "\n".join(
        line
        for line in FLOW.splitlines()
        if not line.startswith(("experiments", "  opening", "  amount", "  plans: {arms"))
    )
    assert any("allowed: none is declared" in one for one in faults(text))


# ------------------------------------------------------------------------------------------------------------- parts

PART = """\
part: shared
version: 3
experiments:
  ending: {arms: {short: 1, long: 1}, share_percent: 0}
  silent: {arms: {a: 1, b: 1}}
states:
  bye:
    say:
      - {when: arm.ending.long, zh: 感谢接听，再见。, en: "Thank you, goodbye."}
      - {zh: 再见。, en: Goodbye.}
    end: no_input
  unused:
    say:
      - {when: arm.silent.a, zh: 喂。, en: Hm.}
      - {zh: 嗯。, en: Well.}
    end: no_input
"""
TAKING = """\
flow: small
version: 1
languages: [zh, en]
start: hello
parts: [shared]
states:
  hello:
    say: {zh: 您好。, en: Hello.}
    next: bye
"""


def test_a_part_brings_its_experiments_as_far_as_the_flow_uses_them() -> None:
    flow = parse_flow(TAKING, parts={"shared": PART})
    assert [(one.name, one.share_percent) for one in flow.experiments] == [("ending", 0.0)]
    told = walked(flow, (("ending", "long"),))
    assert words(told.last) == "Hello. Thank you, goodbye."
    assert words(walked(flow, ()).last) == "Hello. Goodbye."
    assert "shared.bye.arm.ending.long.1" in {prompt_id for prompt_id, _, _ in prompt_ids(flow, "en")}


def test_a_flow_shares_out_the_arms_of_its_part_otherwise_and_has_no_others() -> None:
    own = "experiments: {ending: {arms: {short: 9, long: 1}}}\nstates:"
    (one,) = parse_flow(TAKING.replace("states:", own), parts={"shared": PART}).experiments
    assert ([arm.weight for arm in one.arms], one.share_percent) == ([9, 1], 100.0)
    with pytest.raises(InputError) as caught:
        parse_flow(TAKING.replace("states:", own.replace("short", "brief")), "small.yaml", {"shared": PART})
    assert [str(one) for one in caught.value.problems] == [
        "small.yaml:6: experiments.ending: a part has this experiment with other arms (allowed: short, long)"
    ]


def test_a_fault_in_an_experiment_of_a_part_is_told_with_its_place() -> None:
    with pytest.raises(InputError) as caught:
        parse_flow(TAKING, "small.yaml", {"shared": PART.replace("arm.ending.long", "arm.ending.lang")})
    assert "parts/shared.yaml:9: states.bye.say.when: unknown arm of an experiment" in str(caught.value)
    with pytest.raises(
        InputError, match=r"parts/shared\.yaml:4: experiments\.ending: nothing tells these arms"
    ):
        parse_flow(TAKING, "small.yaml", {"shared": PART.replace("long: 1}", "long: 1, longer: 1}")})
