"""Arms: the same for the same customer, honest to the weights, and kept whatever becomes of the experiment."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.arm_report import FORMULAS
from ari_app.domain.experiment import (
    MOST_ARMS,
    Arm,
    Assignment,
    Experiment,
    Reason,
    arms_fault,
    arms_of,
    assignment,
    drawn_arm,
    styled,
    takes_part,
)
from ari_app.domain.voice_style import VoiceStyle
from tests.support.docs import ROOT
from tests.support.examples import examples

pytestmark = pytest.mark.pure

names = st.builds("{}{}".format, st.sampled_from("abcxyz"), st.text("abz_09", max_size=6))
customers = st.text(min_size=1)


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    arms = draw(st.lists(names, min_size=2, max_size=5, unique=True))
    weights = draw(st.lists(st.integers(0, 1000), min_size=len(arms), max_size=len(arms)).filter(any))
    share = draw(st.floats(0, 100))
    return Experiment(draw(names), tuple(Arm(*pair) for pair in zip(arms, weights, strict=True)), share)


def crowd(number: int, prefix: str = "cust") -> list[str]:
    return [f"{prefix}-{one}" for one in range(number)]


def two(a: int, b: int, name: str = "opening") -> Experiment:
    return Experiment(name, (Arm("a", a), Arm("b", b)))


@given(experiments(), customers)
def test_the_arm_is_one_of_the_experiment_and_always_the_same(one: Experiment, customer: str) -> None:
    arm = drawn_arm(one, customer)
    assert arm in {arm.name for arm in one.arms if arm.weight}
    assert drawn_arm(replace(one, arms=one.arms[::-1]), customer) == arm
    assert assignment(one, customer, None) in (None, Assignment(one.name, arm, Reason.FIRST))


@pytest.mark.parametrize("weights", [(50, 50), (1, 3), (90, 10), (0, 5), (20, 30, 50)])
def test_customers_are_shared_out_by_the_weights(weights: tuple[int, ...]) -> None:
    one = Experiment("opening", tuple(Arm(f"arm{at}", weight) for at, weight in enumerate(weights)))
    found = Counter(drawn_arm(one, customer) for customer in crowd(4000))
    for arm in one.arms:
        share = arm.weight / sum(weights)
        # Four standard deviations of a fair draw.
        assert abs(found[arm.name] - 4000 * share) <= 4 * (4000 * share * (1 - share)) ** 0.5, arm


@settings(max_examples=examples(20))
@given(experiments(), st.data())
def test_another_weight_moves_customers_to_or_from_that_arm_alone(
    one: Experiment, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(one.arms) - 1))
    weight = data.draw(st.integers(1, 1000))
    changed = one.arms[at]
    other = replace(one, arms=(*one.arms[:at], replace(changed, weight=weight), *one.arms[at + 1 :]))
    for customer in crowd(60):
        before, after = drawn_arm(one, customer), drawn_arm(other, customer)
        if before != after:
            assert changed.name == (after if weight > changed.weight else before)


def test_a_changed_weight_moves_no_more_customers_than_the_share_changes_by() -> None:
    before = Experiment("opening", (Arm("a", 50), Arm("b", 25), Arm("c", 25)))
    after = replace(before, arms=(Arm("a", 50), Arm("b", 50), Arm("c", 25)))
    moved = sum(drawn_arm(before, one) != drawn_arm(after, one) for one in crowd(4000))
    assert moved <= 4000 * (50 / 125 - 25 / 100) + 4 * (4000 * 0.15 * 0.85) ** 0.5


@given(experiments(), customers, customers)
def test_another_customer_changes_nobodys_arm(one: Experiment, customer: str, other: str) -> None:
    before = (takes_part(one, customer), drawn_arm(one, customer))
    drawn_arm(one, other)
    assert (takes_part(one, customer), drawn_arm(one, customer)) == before


def test_experiments_are_independent_of_one_another() -> None:
    both = Counter((drawn_arm(two(1, 1), one), drawn_arm(two(1, 1, "amount"), one)) for one in crowd(4000))
    assert len(both) == 4
    assert max(both.values()) < 1.25 * min(both.values())


def test_who_takes_part_has_no_bearing_on_the_arm() -> None:
    half = replace(two(1, 1), share_percent=50.0)
    found = Counter((takes_part(half, one), drawn_arm(half, one)) for one in crowd(4000))
    assert len(found) == 4
    assert max(found.values()) < 1.25 * min(found.values())


@given(experiments(), customers, st.floats(0, 100))
def test_a_growing_share_lets_nobody_go(one: Experiment, customer: str, more: float) -> None:
    if takes_part(one, customer):
        assert takes_part(replace(one, share_percent=max(more, one.share_percent)), customer)
    assert takes_part(replace(one, share_percent=100.0), customer)
    assert not takes_part(replace(one, share_percent=0.0), customer)


@given(experiments(), experiments(), customers)
def test_a_recorded_arm_stays_while_it_is_there(one: Experiment, other: Experiment, customer: str) -> None:
    for arm in one.arm_names:
        assert assignment(replace(one, share_percent=0.0), customer, arm) is None
        if arm not in other.arm_names:
            again = assignment(other, customer, arm)
            assert again == Assignment(other.name, drawn_arm(other, customer), Reason.ARM_REMOVED)


@given(st.lists(experiments(), max_size=4, unique_by=lambda one: one.name), customers)
def test_what_was_recorded_is_what_an_attempt_runs_with(several: list[Experiment], customer: str) -> None:
    drawn = [found for one in several if (found := assignment(one, customer, None)) is not None]
    kept = {one.experiment: one.arm for one in drawn} | {"gone": "x"}
    arms = arms_of(several, kept)
    assert dict(arms) == {one.experiment: one.arm for one in drawn if one.experiment != "gone"} | (
        {"gone": "x"} if any(one.name == "gone" for one in several) else {}
    )
    assert list(arms) == sorted(arms)
    assert all(assignment(one, customer, kept.get(one.name)) is None for one in several if one.name in kept)


def test_the_draw_is_the_same_on_every_machine_and_in_every_version() -> None:
    drawn = "".join(drawn_arm(two(50, 50), customer) for customer in crowd(16))
    part = "".join(str(int(takes_part(replace(two(1, 1), share_percent=25.0), one))) for one in crowd(16))
    assert (drawn, part) == ("babbbbbaaaaaabba", "0101001000000000")


def test_an_experiment_without_weight_draws_nobody() -> None:
    with pytest.raises(ValueError, match="weight above 0"):
        drawn_arm(two(0, 0), "cust-1")


def test_arms_that_make_no_experiment_are_told() -> None:
    assert arms_fault((Arm("a"),)) == "the number of arms is 1"
    assert arms_fault(tuple(Arm(f"a{at}") for at in range(MOST_ARMS + 1)))
    assert arms_fault((Arm("a", 0), Arm("b", 0))) == "no arm has a weight"
    assert arms_fault((Arm("a", 0), Arm("b", 1))) == ""


def test_an_arm_changes_what_it_names_of_the_voice_and_nothing_else() -> None:
    base = VoiceStyle("espeak-ng", 1.1)
    voice = Experiment("voice", (Arm("usual"), Arm("deep", 1, "espeak-ng+m3")))
    pace = Experiment("pace", (Arm("usual"), Arm("slow", 1, speed=0.9)))
    several = (voice, pace)
    assert styled(base, several, ()) == base
    assert styled(base, several, (("pace", "usual"), ("voice", "usual"))) == base
    assert styled(base, several, (("pace", "slow"), ("voice", "deep"))) == VoiceStyle("espeak-ng+m3", 0.9)
    assert styled(base, several, (("other", "slow"),)) == base


def test_every_figure_of_the_report_is_documented_with_its_formula() -> None:
    page = (ROOT / "docs" / "campaigns.md").read_text(encoding="utf-8")
    assert [name for name, formula in FORMULAS.items() if f"| `{name}` | {formula} |" not in page] == []
