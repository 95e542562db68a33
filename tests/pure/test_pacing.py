"""Starts that are spread evenly: each has its moment, lateness is made up for only briefly, idleness never."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.pacing import SteadyRate, pacing_error

pytestmark = pytest.mark.pure

RATES = st.floats(0.2, 100.0)


@settings(max_examples=40)
@given(RATES, st.lists(st.floats(0.0, 3.0), min_size=1, max_size=30))
def test_two_moments_are_never_closer_than_the_rate_allows(rate: float, steps: list[float]) -> None:
    schedule, now, moments = SteadyRate(rate, 100.0), 100.0, []
    for step in steps:
        now += step
        schedule, moment = schedule.take(now)
        moments.append(moment)
        assert moment >= now - schedule.late_s - 1e-9
    assert all(later - earlier >= 1.0 / rate - 1e-9 for earlier, later in pairwise(moments))


@settings(max_examples=40)
@given(RATES, st.floats(0.0, 50.0), st.floats(0.0, 5.0))
def test_as_many_moments_are_told_as_can_be_taken(rate: float, idle: float, ahead: float) -> None:
    schedule, now = SteadyRate(rate, 100.0), 100.0 + idle
    told = schedule.moments(now, ahead)
    for _ in range(told):
        schedule, moment = schedule.take(now)
        assert moment <= max(now, now + ahead) + 1e-6
    assert schedule.take(now)[1] >= now + ahead - 1e-6


def test_an_idle_minute_is_no_burst() -> None:
    assert SteadyRate(10.0, 0.0, late_s=0.2).moments(60.0, 0.0) == 2
    assert SteadyRate(10.0, 0.0, late_s=0.0).moments(60.0, 0.0) == 1


def test_what_comes_a_little_late_is_made_up_for() -> None:
    schedule, now, starts = SteadyRate(20.0, 0.0), 0.0, 0
    while now < 10.0:
        while schedule.moments(now, 0.0):
            schedule, _ = schedule.take(now)
            starts += 1
        now += 0.13  # a loop that is busy: less often than every start
    assert abs(starts - 200) <= 3


def test_the_error_is_that_of_the_rate() -> None:
    assert pacing_error([0.0, 0.1, 0.2, 0.3], 10.0) == pytest.approx(0.0)
    assert pacing_error([0.0, 0.2, 0.4], 10.0) == pytest.approx(0.5)
    assert pacing_error([1.0], 10.0) == 0.0
