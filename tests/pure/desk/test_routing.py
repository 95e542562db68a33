"""Routing: who fits, who comes first, and that nobody waits for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.desk.agent import Agent, AgentState
from ari_app.domain.desk.routing import Caller, Match, Seat, fits, hope, in_order, match, position

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)


def seat(name: str, free_for: int = 1, state: AgentState = AgentState.READY, **changes: object) -> Seat:
    agent = Agent(name, state, NOW, NOW - timedelta(minutes=free_for))
    fields: dict[str, object] = {"agent": agent, "team": "desk"}
    return Seat(**{**fields, **changes})  # type: ignore[arg-type]


def caller(name: str = "att-1", waits: float = 0, **changes: object) -> Caller:
    fields: dict[str, object] = {
        "call_id": name,
        "since": NOW - timedelta(minutes=waits),
        "teams": ("desk",),
    }
    return Caller(**{**fields, **changes})  # type: ignore[arg-type]


def test_whoever_has_been_free_for_longest_is_next() -> None:
    assert match([seat("a", 1), seat("b", 9)], [caller()], NOW) == (Match("att-1", "b"),)


def test_the_agent_who_knows_the_case_comes_first() -> None:
    found = match([seat("a", 1), seat("b", 9)], [caller(knows=("gone", "a"))], NOW)
    assert found == (Match("att-1", "a"),)


def test_specialists_stay_free_for_those_who_need_them() -> None:
    both = [seat("special", 99, skills=frozenset({"legal"})), seat("plain", 1)]
    calls = [caller("att-1", 5), caller("att-2", 1, skills=frozenset({"legal"}))]
    assert match(both, calls, NOW) == (Match("att-1", "plain"), Match("att-2", "special"))


@pytest.mark.parametrize(
    ("changes", "who", "why"),
    [
        ({"teams": ("vip",)}, {}, "another team"),
        ({"skills": frozenset({"legal"})}, {}, "a skill is missing"),
        ({"language": "en"}, {"languages": frozenset({"zh"})}, "another language"),
        ({"level": 2}, {"level": 1}, "not senior enough"),
        ({"refused_by": frozenset({"a"})}, {}, "has not taken it before"),
        ({"new_case": True}, {"cases": 500}, "has as many cases as he may have"),
        ({"new_case": False}, {"cases": 500}, ""),
        ({"language": "en"}, {}, ""),
    ],
)
def test_who_fits(changes: dict[str, Any], who: dict[str, Any], why: str) -> None:
    assert fits(seat("a", **who), caller(**changes)) == why


def test_urgency_goes_first_and_waiting_catches_up() -> None:
    urgent, patient = caller("urgent", 1, urgency=50), caller("patient", 7)
    assert [each.call_id for each in in_order([urgent, patient], NOW)] == ["patient", "urgent"]
    assert [each.call_id for each in in_order([urgent, caller("new", 2)], NOW)] == ["urgent", "new"]


def test_the_place_in_the_queue_counts_those_of_the_same_teams() -> None:
    waiting = [caller("a", 3), caller("b", 2, teams=("vip",)), caller("c", 1)]
    assert position("c", waiting, NOW) == 2
    assert position("b", waiting, NOW) == 1
    assert position("x", waiting, NOW) is None


def test_hope_is_somebody_who_is_logged_in_and_fits() -> None:
    assert hope([seat("a", state=AgentState.TALKING)], caller())
    assert not hope([seat("a", state=AgentState.LOGGED_OUT)], caller())
    assert not hope([seat("a", team="other")], caller())


@given(st.data())
def test_nobody_is_given_twice_and_nobody_fitting_is_left_beside_a_free_agent(data: st.DataObject) -> None:
    skills = st.frozensets(st.sampled_from(["legal", "tariff"]), max_size=2)
    seats = [
        seat(
            f"a{number}",
            data.draw(st.integers(0, 60)),
            skills=data.draw(skills),
            level=data.draw(st.integers(0, 2)),
        )
        for number in range(data.draw(st.integers(0, 5)))
    ]
    callers = [
        caller(
            f"c{number}",
            data.draw(st.integers(0, 30)),
            skills=data.draw(skills),
            level=data.draw(st.integers(0, 2)),
            urgency=data.draw(st.floats(0, 100)),
        )
        for number in range(data.draw(st.integers(0, 6)))
    ]
    found = match(seats, callers, NOW)
    assert len({each.agent_id for each in found}) == len({each.call_id for each in found}) == len(found)
    taken = {each.agent_id for each in found}
    served = {each.call_id for each in found}
    by_name = {each.agent.agent_id: each for each in seats}
    for each in found:
        assert fits(by_name[each.agent_id], next(one for one in callers if one.call_id == each.call_id)) == ""
    for one in callers:
        if one.call_id not in served:
            assert not any(fits(each, one) == "" for each in seats if each.agent.agent_id not in taken)
