"""The limit on abandoned calls, kept before it is reached."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.abandonment import (
    AbandonLimit,
    WindowCounts,
    poisson_above,
    risk_of_exceeding,
    within_limit,
)

pytestmark = pytest.mark.pure

LIMIT = AbandonLimit()
LIVE = st.integers(0, 5000)


@settings(max_examples=40)
@given(LIVE, st.integers(0, 200), st.floats(0.0, 60.0))
def test_a_risk_is_a_chance_and_certain_where_the_limit_is_passed(
    live: int, lost: int, coming: float
) -> None:
    counts = WindowCounts(live, min(lost, live))
    risk = risk_of_exceeding(counts, coming, LIMIT)
    assert 0.0 <= risk <= 1.0
    if counts.abandoned > LIMIT.share * (live + coming):
        assert risk == 1.0


@settings(max_examples=40)
@given(LIVE, st.integers(0, 150), st.floats(0.1, 40.0))
def test_one_more_abandoned_call_never_lowers_the_risk(live: int, lost: int, coming: float) -> None:
    few, more = WindowCounts(live + 200, lost), WindowCounts(live + 200, lost + 1)
    assert risk_of_exceeding(few, coming, LIMIT) <= risk_of_exceeding(more, coming, LIMIT) + 1e-9


def test_the_worse_of_both_windows_decides() -> None:
    good, bad = WindowCounts(1000, 5), WindowCounts(100, 3)
    assert within_limit((good, good), 5.0, LIMIT)
    assert not within_limit((good, bad), 5.0, LIMIT)
    assert not within_limit((bad, good), 5.0, LIMIT)


def test_before_anybody_has_answered_hardly_anything_may_be_risked() -> None:
    assert within_limit((WindowCounts(),), 0.2, LIMIT)
    assert not within_limit((WindowCounts(),), 3.0, LIMIT)


def test_the_poisson_tail_is_exact() -> None:
    assert poisson_above(0, 0.0) == 0.0
    assert poisson_above(0, 1.0) == pytest.approx(1.0 - math.exp(-1.0))
    assert poisson_above(2, 1.0) == pytest.approx(1.0 - math.exp(-1.0) * 2.5)
    assert poisson_above(500, 3.0) == pytest.approx(0.0, abs=1e-12)


def test_a_share_without_answers_is_none() -> None:
    assert WindowCounts().share == 0.0
    assert WindowCounts(200, 6).share == pytest.approx(0.03)
