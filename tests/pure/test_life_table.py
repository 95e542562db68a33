"""How long things last: chances that are chances, learnt from what was seen, older things forgotten."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.life_table import LifeTable

pytestmark = pytest.mark.pure

SECONDS = st.floats(0.0, 400.0)
SEEN = st.lists(st.tuples(SECONDS, st.booleans()), max_size=12)


def table(wanted: float = 0.3) -> LifeTable:
    return LifeTable.expecting(15.0, longest_s=60.0, step_s=1.0, wanted=wanted, keep=0.99)


@settings(max_examples=40)
@given(SEEN, SECONDS, SECONDS, SECONDS)
def test_a_chance_lies_between_none_and_one_and_grows_with_time(
    seen: list[tuple[float, bool]], elapsed: float, one: float, other: float
) -> None:
    found = table()
    for seconds, wanted in seen:
        found = found.seen(seconds, wanted=wanted)
    sooner, later = sorted((one, other))
    assert 0.0 <= found.chance(elapsed, sooner) <= found.chance(elapsed, later) + 1e-9
    assert found.chance(elapsed, later) <= found.chance(elapsed, math.inf) + 1e-9 <= 1.0 + 1e-9
    assert found.chance(elapsed, 0.0) == 0.0


@settings(max_examples=40)
@given(SEEN, st.lists(SECONDS, max_size=6), SECONDS)
def test_a_total_is_the_sum_of_its_chances(
    seen: list[tuple[float, bool]], elapsed: list[float], within: float
) -> None:
    found = table()
    for seconds, wanted in seen:
        found = found.seen(seconds, wanted=wanted)
    chances = [found.chance(each, within) for each in elapsed]
    mean, variance = found.total(elapsed, within)
    assert mean == pytest.approx(sum(chances))
    assert variance == pytest.approx(sum(each * (1.0 - each) for each in chances))


def test_what_is_seen_outweighs_what_was_believed() -> None:
    found = table(wanted=0.9)
    for number in range(400):
        found = found.seen(10.0, wanted=number % 5 == 0)
    assert found.chance(0.0, math.inf) == pytest.approx(0.2, abs=0.05)
    assert found.chance(0.0, 8.0) < 0.02
    assert found.chance(9.0, 3.0) == pytest.approx(0.2, abs=0.05)
    assert found.quantile(0.5) == pytest.approx(11.0, abs=1.0)


def test_older_days_fade() -> None:
    found = table()
    for _ in range(300):
        found = found.seen(5.0, wanted=False)
    for _ in range(300):
        found = found.seen(5.0, wanted=True)
    assert found.chance(0.0, math.inf) > 0.9
