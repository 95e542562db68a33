"""The circuit breaker of a trunk: opens on failures, rests, tries, closes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.breaker import Breaker, BreakerRules, BreakerState, trunk_failed

pytestmark = pytest.mark.pure

RULES = BreakerRules()


def failing(calls: int, at: float = 100.0) -> Breaker:
    breaker = Breaker(RULES)
    for _ in range(calls):
        breaker = breaker.ended(at, failed=True)
    return breaker


def test_it_opens_on_half_of_its_calls_failing_and_not_before_ten() -> None:
    assert failing(9).state is BreakerState.CLOSED
    opened = failing(10)
    assert opened.state is BreakerState.OPEN
    assert opened.room(100.0) == 0
    assert opened.room(129.9) == 0


def test_few_failures_among_many_calls_open_nothing() -> None:
    breaker = Breaker(RULES)
    for number in range(100):
        breaker = breaker.ended(100.0 + number / 10, failed=number % 3 == 0)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.room(110.0) is None


def test_old_failures_are_forgotten() -> None:
    breaker = failing(9, at=0.0)
    assert breaker.ended(100.0, failed=True).state is BreakerState.CLOSED


def test_after_a_rest_a_few_calls_are_tried_and_close_it() -> None:
    breaker = failing(10)
    assert breaker.room(131.0) == RULES.trials
    for _ in range(RULES.trials):
        breaker = breaker.started(131.0)
    assert breaker.room(131.0) == 0
    for _ in range(RULES.trials):
        breaker = breaker.ended(140.0, failed=False)
    assert breaker.state is BreakerState.CLOSED
    assert breaker.room(140.0) is None
    assert breaker.opened == 1


def test_a_failed_trial_opens_it_for_twice_as_long_and_never_longer_than_the_longest() -> None:
    breaker, now, rests = failing(10), 100.0, []
    for _ in range(8):
        rests.append(breaker.until - now)
        now = breaker.until
        breaker = breaker.started(now).ended(now, failed=True)
        assert breaker.state is BreakerState.OPEN
    assert rests == [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0, 600.0]


def test_a_trial_of_which_nothing_is_known_makes_room_for_another() -> None:
    breaker = failing(10).started(131.0)
    assert breaker.room(131.0) == RULES.trials - 1
    assert breaker.ended(132.0, failed=None).room(132.0) == RULES.trials


@pytest.mark.parametrize("failed", [True, False, None])
@pytest.mark.parametrize("at", [110.0, 131.0, 300.0], ids=["resting", "half open", "closed again"])
def test_what_began_before_it_opened_says_nothing_of_the_trunk_by_now(at: float, failed: bool | None) -> None:
    breaker = failing(10)
    if at > 131.0:
        for _ in range(RULES.trials):
            breaker = breaker.started(131.0).ended(140.0, failed=False, opened=1)
    before = breaker.at(at)
    assert before.ended(at, failed=failed, opened=0) == before


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.floats(0.0, 40.0), st.sampled_from(["start", "good", "bad", "none"])), max_size=40)
)
def test_whatever_happens_nothing_goes_out_while_it_is_open(steps: list[tuple[float, str]]) -> None:
    breaker, now = failing(10), 100.0
    for step, what in steps:
        now += step
        if what == "start" and breaker.room(now) != 0:
            breaker = breaker.started(now)
        elif what != "start":
            failed = {"good": False, "bad": True, "none": None}[what]
            breaker = breaker.ended(now, failed=failed)
        room = breaker.room(now)
        assert (room is None) == (breaker.at(now).state is BreakerState.CLOSED)
        assert room is None or 0 <= room <= RULES.trials
        if breaker.at(now).state is BreakerState.OPEN:
            assert room == 0


@pytest.mark.parametrize(
    ("sip", "progressed", "answered", "no_reply", "failed"),
    [
        (503, False, False, False, True),
        (500, False, False, False, True),
        (408, False, False, False, True),
        (408, True, False, False, False),
        (486, False, False, False, False),
        (404, False, False, False, False),
        (503, True, False, False, False),
        (None, False, True, False, False),
        (None, False, False, True, True),
        (None, False, False, False, None),
        (603, False, False, False, False),
    ],
)
def test_a_failure_of_the_trunk_is_told_from_one_of_the_customer(
    sip: int | None, progressed: bool, answered: bool, no_reply: bool, failed: bool | None
) -> None:
    assert trunk_failed(sip_status=sip, progressed=progressed, answered=answered, no_reply=no_reply) is failed
