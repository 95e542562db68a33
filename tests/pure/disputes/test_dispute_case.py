"""The states of a dispute, and what a decision takes off a bill."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.disputes.case import (
    NEXT,
    PAUSING,
    DisputeDecision,
    DisputeState,
    DisputeStep,
    DisputeVerdict,
    credit_of,
    step,
)

pytestmark = pytest.mark.pure

MONEY = st.decimals(min_value=0, max_value=10**6, places=2)


@given(st.lists(st.sampled_from(DisputeStep), max_size=30))
def test_a_walk_through_the_table_never_comes_back_from_its_end(taken: list[DisputeStep]) -> None:
    state, decided, over = DisputeState.OPEN, False, False
    for each in taken:
        found = step(state, each)
        assert (found is not None) == ((state, each) in NEXT)
        if found is None:
            continue
        assert not over
        assert not (decided and found in PAUSING)
        decided |= found is DisputeState.DECIDED
        over |= found is DisputeState.CLOSED
        assert found is not DisputeState.NOTIFIED or decided
        state = found


def test_every_state_is_reached_and_only_the_last_one_has_no_way_on() -> None:
    assert {*NEXT.values(), DisputeState.OPEN} == set(DisputeState)
    assert {state for state, _ in NEXT} == set(DisputeState) - {DisputeState.CLOSED}


def test_whatever_pauses_can_be_decided_taken_back_and_escalated_once() -> None:
    for state in PAUSING:
        assert step(state, DisputeStep.DECIDE) is DisputeState.DECIDED
        assert step(state, DisputeStep.WITHDRAW) is DisputeState.CLOSED
        assert (step(state, DisputeStep.ESCALATE) is None) == (state is DisputeState.ESCALATED)


@given(MONEY, MONEY, MONEY, st.sampled_from(DisputeVerdict))
def test_a_credit_brings_the_bill_to_what_is_right(
    stated: Decimal, credited: Decimal, corrected: Decimal, verdict: DisputeVerdict
) -> None:
    credit, wrong = credit_of(DisputeDecision(verdict, "r", corrected), stated, credited)
    if wrong:
        assert credit == 0
        assert verdict is DisputeVerdict.REJECTED or corrected >= stated - credited
    else:
        assert credit > 0
        assert stated - credited - credit == corrected


@pytest.mark.parametrize("verdict", DisputeVerdict)
def test_a_decision_that_corrects_no_amount_credits_nothing(verdict: DisputeVerdict) -> None:
    assert credit_of(DisputeDecision(verdict, "r"), Decimal(100), Decimal(0)) == (Decimal(0), "")


@pytest.mark.parametrize("amount", ["NaN", "-1.00", "Infinity"])
def test_an_amount_that_is_none_corrects_nothing(amount: str) -> None:
    decision = DisputeDecision(DisputeVerdict.UPHELD, "r", Decimal(amount))
    assert credit_of(decision, Decimal(100), Decimal(0))[1]
