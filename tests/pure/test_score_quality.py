"""How good a score is: ranking, error, calibration, and groups that it misjudges."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.score_quality import Case, auc, gap_interval, measure

pytestmark = pytest.mark.pure

CASES = st.lists(
    st.builds(
        Case,
        st.integers(0, 100).map(lambda hundredths: hundredths / 100),
        st.booleans(),
        st.sampled_from("abcdefgh"),
        st.sampled_from(("", "18-24", "65+")),
        st.sampled_from(("", "low", "high")),
    ),
    min_size=1,
    max_size=30,
)


def case(chance: float, on_time: bool, account: str = "a") -> Case:
    return Case(chance, on_time, account)


@given(CASES)
def test_the_auc_is_the_share_of_pairs_in_the_right_order(cases: list[Case]) -> None:
    pairs = [
        1.0 if paid.chance > missed.chance else 0.5 if paid.chance == missed.chance else 0.0
        for paid in cases
        if paid.on_time
        for missed in cases
        if not missed.on_time
    ]
    assert auc(cases) == pytest.approx(sum(pairs) / len(pairs) if pairs else 0.5)


@given(CASES)
def test_the_parts_add_up(cases: list[Case]) -> None:
    found = measure(cases, 60)
    assert found.bills == len(cases) == sum(group.bills for group in found.calibration)
    assert sum(group.bills for group in found.by_age) == sum(bool(each.age_band) for each in cases)
    for group in (*found.calibration, *found.by_age, *found.by_income):
        assert 0 <= group.predicted <= 1
        assert 0 <= group.wrongly_warned <= 1
        assert -1 <= group.low <= group.observed - group.predicted + 1e-9
        assert group.observed - group.predicted - 1e-9 <= group.high <= 1


def test_the_best_and_the_worst_ranking() -> None:
    best = [case(0.9, True), case(0.8, True), case(0.1, False)]
    assert auc(best) == 1.0
    assert auc([replace(each, on_time=not each.on_time) for each in best]) == 0.0
    assert auc([case(0.5, True)]) == 0.5


def test_precision_and_recall_are_of_those_below_the_threshold() -> None:
    found = measure(
        [case(0.2, False), case(0.3, True), case(0.594, False), case(0.6, False), case(0.9, True)], 60
    )
    assert found.precision == found.recall == pytest.approx(2 / 3)
    assert found.on_time == pytest.approx(0.4)
    assert found.brier_of_base == pytest.approx(0.24)
    assert found.brier == pytest.approx((0.04 + 0.49 + 0.594**2 + 0.36 + 0.01) / 5)


def test_a_group_that_is_scored_too_low_is_named() -> None:
    old = [Case(0.6, place % 10 > 0, f"old{place}", "65+", "low") for place in range(300)]
    young = [Case(0.6, place % 10 > 3, f"young{place}", "18-24", "low") for place in range(300)]
    assert [group.name for group in measure([*old, *young], 60).misjudged] == ["65+", "low"]
    assert measure(young, 60).misjudged == ()


def test_few_bills_or_the_bills_of_one_account_prove_nothing() -> None:
    few = [Case(0.6, True, f"a{place}", "65+") for place in range(5)]
    assert gap_interval([case(0.6, True, "one") for _ in range(500)])[0] < 0
    assert measure([replace(each, account="one") for each in few * 100], 60).misjudged == ()


def test_nothing_is_measured_without_a_bill() -> None:
    with pytest.raises(ValueError, match="without a bill"):
        measure([], 60)
