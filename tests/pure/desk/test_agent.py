"""Agents: presence needs the person and the phone, wishes during a call wait for its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.desk.agent import (
    BUSY,
    NOT_ANSWERED,
    Agent,
    AgentEvent,
    AgentEventKind,
    AgentState,
    agent_step,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 1, tzinfo=UTC)
K, S = AgentEventKind, AgentState


def after(*events: AgentEventKind | AgentEvent, agent: Agent | None = None) -> Agent:
    found = agent or Agent("li")
    for number, event in enumerate(events):
        given_event = event if isinstance(event, AgentEvent) else AgentEvent(event)
        found = agent_step(found, given_event, NOW + timedelta(minutes=number))
    return found


OFFER = AgentEvent(K.OFFER, "att-1")


def test_a_shift() -> None:
    assert after(K.LOG_IN).free
    talking = after(K.LOG_IN, OFFER, K.ANSWERED, K.JOINED)
    assert (talking.state, talking.call_id) == (S.TALKING, "att-1")
    wrap_up = after(K.CALL_ENDED, agent=talking)
    assert (wrap_up.state, wrap_up.call_id, wrap_up.free) == (S.WRAP_UP, "att-1", False)
    again = after(K.WRAPPED_UP, agent=wrap_up)
    assert (again.free, again.call_id) == (True, "")


def test_who_does_not_answer_is_paused_until_he_says_that_he_is_there() -> None:
    agent = after(K.LOG_IN, OFFER, K.NOT_ANSWERED)
    assert (agent.state, agent.pause_reason, agent.free) == (S.PAUSED, NOT_ANSWERED, False)
    assert after(K.RESUME, agent=agent).free


def test_a_phone_that_has_gone_is_offered_nothing() -> None:
    agent = after(K.LOG_IN, K.PHONE_LOST)
    assert not agent.free
    assert after(OFFER, agent=agent).state is S.READY
    assert after(K.PHONE_BACK, agent=agent).free
    assert after(K.LOG_IN, OFFER, K.PHONE_LOST).state is S.READY, "the offer is taken back"
    assert after(K.LOG_IN, OFFER, K.ANSWERED, K.JOINED, K.PHONE_LOST).state is S.TALKING


def test_a_break_asked_for_in_a_call_begins_after_it() -> None:
    pause = AgentEvent(K.PAUSE, "lunch")
    talking = after(K.LOG_IN, OFFER, K.ANSWERED, K.JOINED, pause)
    assert talking.state is S.TALKING
    done = after(K.CALL_ENDED, agent=talking)
    assert (done.state, done.pause_reason) == (S.PAUSED, "lunch")
    changed = after(K.RESUME, K.CALL_ENDED, agent=talking)
    assert changed.state is S.WRAP_UP


def test_an_offer_taken_back_keeps_his_place_in_the_row() -> None:
    agent = after(K.LOG_IN)
    assert after(OFFER, K.WITHDRAWN, agent=agent).free_since == agent.free_since
    later = after(OFFER, K.ANSWERED, K.JOINED, K.CALL_ENDED, K.WRAPPED_UP, agent=agent)
    assert later.free_since is not None
    assert agent.free_since is not None
    assert later.free_since > agent.free_since


@given(st.lists(st.sampled_from(AgentEventKind), max_size=40))
def test_whatever_happens_a_free_agent_has_no_call_and_a_busy_one_has_one(
    events: list[AgentEventKind],
) -> None:
    agent = Agent("li")
    for event in events:
        agent = agent_step(agent, AgentEvent(event, "att-9" if event is K.OFFER else "x"), NOW)
        assert not (agent.free and agent.call_id)
        assert (agent.state in BUSY) <= bool(agent.call_id)
        assert agent.leaves is None or agent.state in BUSY
        assert (agent.state is S.PAUSED) == bool(agent.pause_reason) or agent.state in BUSY
