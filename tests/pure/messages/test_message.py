"""The life of a message: what may follow what, and that the order of receipts does not matter."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.messages.message import OVER, TABLE, Happened, MessageState, after

pytestmark = pytest.mark.pure

RECEIPTS = (Happened.ACCEPTED, Happened.BOUNCED, Happened.DELIVERED)


def walk(state: MessageState, *happened: Happened) -> MessageState:
    for each in happened:
        state = after(state, each) or state
    return state


def test_every_state_has_its_row() -> None:
    assert TABLE.keys() == set(MessageState)


@pytest.mark.parametrize("state", [MessageState.SENDING, MessageState.UNKNOWN])
@pytest.mark.parametrize("told", [told for n in range(1, 4) for told in permutations(RECEIPTS, n)])
def test_receipts_lead_to_the_same_state_in_any_order(
    state: MessageState, told: tuple[Happened, ...]
) -> None:
    weightiest = max(told, key=RECEIPTS.index)
    wanted = {
        Happened.ACCEPTED: MessageState.SENT,
        Happened.BOUNCED: MessageState.FAILED,
        Happened.DELIVERED: MessageState.DELIVERED,
    }[weightiest]
    assert walk(state, *told) is wanted
    assert walk(state, *told, *told) is wanted


@given(st.lists(st.sampled_from(list(Happened)), max_size=12))
def test_what_may_have_left_is_never_planned_again_but_by_whoever_says_it_did_not(
    happened: list[Happened],
) -> None:
    state = MessageState.PLANNED
    for each in happened:
        before, state = state, after(state, each) or state
        if state is MessageState.PLANNED and before is not MessageState.PLANNED:
            assert each is Happened.POSTPONED
            assert before in (MessageState.RESERVED, MessageState.SENDING)
        if before in (MessageState.UNKNOWN, MessageState.SENT) and state is not before:
            assert state is not MessageState.PLANNED
            assert state is not MessageState.SENDING


@pytest.mark.parametrize("state", [MessageState.DELIVERED, MessageState.SUPPRESSED])
def test_some_states_are_for_good(state: MessageState) -> None:
    assert state in OVER
    assert all(after(state, each) is None for each in Happened)
