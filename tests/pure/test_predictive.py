"""Predictive pacing: never without agents, never above the cap, and no faster than the limit allows."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.predictive import (
    Experience,
    Floor,
    PacingRules,
    Reason,
    calls_to_start,
    progressive,
)

pytestmark = pytest.mark.pure

RULES = PacingRules()
CLEAN = (WindowCounts(4000, 20), WindowCounts(90_000, 900))
TIMES = st.lists(st.floats(0.0, 300.0), max_size=6).map(tuple)
FLOORS = st.builds(Floor, st.integers(0, 8), TIMES, TIMES, TIMES, st.integers(0, 2))


def learnt() -> Experience:
    found = Experience.beginning()
    for number in range(200):
        found = found.rang(8.0 if number % 4 == 0 else 25.0, answered=number % 4 == 0)
        found = found.talked(60.0 + number).wrapped_up(20.0)
    return found


LEARNT = learnt()


@settings(max_examples=30)
@given(FLOORS, st.integers(0, 40), st.floats(0.002, 0.6))
def test_never_more_than_the_cap_and_never_fewer_than_progressive(
    floor: Floor, cap: int, risk: float
) -> None:
    experience = Experience(LEARNT.rings, LEARNT.talks, LEARNT.wrap_ups, risk)
    pace = calls_to_start(floor, experience, CLEAN, cap, RULES)
    assert 0 <= pace.start <= cap
    if floor.free + len(floor.talking) + len(floor.wrapping_up) == 0:
        assert pace.start == 0
    else:
        assert pace.start >= progressive(floor, cap)


@settings(max_examples=25)
@given(FLOORS, st.integers(1, 40))
def test_above_the_limit_calls_start_for_free_agents_only(floor: Floor, cap: int) -> None:
    over = (WindowCounts(100, 4), WindowCounts(90_000, 900))
    pace = calls_to_start(floor, LEARNT, over, cap, RULES)
    assert pace.start == progressive(floor, cap)


@settings(max_examples=25)
@given(FLOORS, st.integers(1, 40))
def test_who_dares_less_starts_no_more(floor: Floor, cap: int) -> None:
    timid = Experience(LEARNT.rings, LEARNT.talks, LEARNT.wrap_ups, 0.01)
    bold = Experience(LEARNT.rings, LEARNT.talks, LEARNT.wrap_ups, 0.2)
    assert (
        calls_to_start(floor, timid, CLEAN, cap, RULES).start
        <= calls_to_start(floor, bold, CLEAN, cap, RULES).start
    )


def test_without_agents_nothing_starts() -> None:
    assert calls_to_start(Floor(0), LEARNT, CLEAN, 50, RULES).start == 0
    assert calls_to_start(Floor(0), LEARNT, CLEAN, 50, RULES).reason is Reason.NO_AGENTS


def test_several_calls_start_for_one_free_agent_where_few_people_answer() -> None:
    assert calls_to_start(Floor(10), LEARNT, CLEAN, 500, RULES).start > 10


def test_agents_about_to_be_free_are_dialled_for() -> None:
    busy = Floor(0, talking=(10.0, 10.0, 10.0, 10.0))
    nearly = Floor(0, wrapping_up=(18.0, 18.0, 18.0, 18.0))
    assert calls_to_start(busy, LEARNT, CLEAN, 500, RULES).start == 0
    assert calls_to_start(nearly, LEARNT, CLEAN, 500, RULES).start > 0


def test_calls_that_ring_count_against_new_ones() -> None:
    alone = calls_to_start(Floor(4), LEARNT, CLEAN, 500, RULES).start
    others = calls_to_start(Floor(4, ringing=(2.0,) * 10), LEARNT, CLEAN, 500, RULES).start
    assert others < alone


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_the_risk_falls_with_each_abandoned_call_and_rises_slowly(abandoned: list[bool]) -> None:
    experience = LEARNT
    for each in abandoned:
        after = experience.told(RULES, abandoned=each)
        assert after.risk <= experience.risk if each else after.risk >= experience.risk
        assert 0.0 < after.risk < 1.0
        experience = after


def test_the_risk_stands_still_where_the_share_is_the_aim() -> None:
    aim = RULES.limit.share * RULES.aim
    experience = LEARNT
    people = 1000
    for number in range(people):
        lost = int((number + 1) * aim) > int(number * aim)
        experience = experience.told(RULES, abandoned=lost)
    assert experience.risk == pytest.approx(LEARNT.risk, rel=0.2)
