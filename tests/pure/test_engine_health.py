"""The account of an engine: it rests after several faults in a row, is tried again, and tells how fast it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.ports import EngineState
from ari_app.services.engine_health import FAULTS_BEFORE_REST, REST_S, EngineAccount

pytestmark = pytest.mark.pure


def resting(at: float = 100.0) -> EngineAccount:
    account = EngineAccount("one")
    for _ in range(FAULTS_BEFORE_REST):
        account.failed(at)
    return account


def test_three_faults_in_a_row_are_a_rest() -> None:
    account = EngineAccount("one")
    for fault in (account.failed, account.timed_out):
        fault(0.0)
        assert account.willing(0.0)
    account.failed(0.0)
    assert not account.willing(0.0)
    assert account.health(0.0).state is EngineState.RESTING
    assert (account.utterances, account.failures, account.timeouts, account.rests) == (3, 2, 1, 1)


def test_a_result_or_a_guess_in_between_begins_the_count_anew() -> None:
    for good in (EngineAccount.partial_succeeded, lambda account: account.succeeded(0.1)):
        account = EngineAccount("one")
        for _ in range(3):
            account.failed(0.0)
            account.failed(0.0)
            good(account)
        assert account.willing(0.0)
        assert account.rests == 0


def test_after_the_rest_one_utterance_tries_it() -> None:
    account = resting(100.0)
    assert not account.willing(99.9 + REST_S)
    after = 100.0 + REST_S
    assert not account.resting(after)
    assert account.willing(after)
    assert not account.willing(after)
    account.succeeded(0.2)
    assert account.willing(after)
    assert account.health(after).state is EngineState.READY


def test_a_trial_that_fails_is_another_rest() -> None:
    account = resting(100.0)
    after = 100.0 + REST_S
    assert account.willing(after)
    account.timed_out(after + 4.0)
    assert not account.willing(after + 5.0)
    assert account.willing(after + 4.0 + REST_S)
    assert account.rests == 2


def test_a_trial_of_which_nothing_is_heard_is_not_waited_for_without_end() -> None:
    account = resting(100.0)
    after = 100.0 + REST_S
    assert account.willing(after)
    assert not account.willing(after + REST_S - 0.1)
    assert account.willing(after + REST_S)


def test_faults_of_what_was_under_way_do_not_lengthen_the_rest() -> None:
    account = resting(100.0)
    for at in (101.0, 110.0, 129.0):
        account.timed_out(at)
    assert account.willing(100.0 + REST_S)
    assert account.rests == 1


@given(st.lists(st.floats(0.0, 5.0), min_size=1, max_size=600))
def test_the_figures_are_those_of_the_last_results(took: list[float]) -> None:
    account = EngineAccount("one")
    for one in took:
        account.succeeded(one)
    health = account.health(0.0)
    last = took[-256:]
    assert health.utterances == len(took) == sum(health.took_counts)
    assert health.mean_ms == pytest.approx(1e3 * sum(last) / len(last))
    assert 1e3 * min(last) <= health.p95_ms <= 1e3 * max(last)
    assert sum(1e3 * one > health.p95_ms for one in last) <= 0.05 * len(last)


@given(
    st.lists(st.tuples(st.floats(0.0, 20.0), st.sampled_from(["ask", "good", "bad", "late"])), max_size=80)
)
def test_whatever_happens_an_engine_is_tried_again(events: list[tuple[float, str]]) -> None:
    account, now = EngineAccount("one"), 0.0
    for wait, event in events:
        now += wait
        match event:
            case "ask":
                account.willing(now)
            case "good":
                account.succeeded(0.1)
            case "bad":
                account.failed(now)
            case _:
                account.timed_out(now)
    assert account.willing(now + REST_S + 0.001)


def test_an_engine_without_a_model_is_unusable() -> None:
    assert EngineAccount("one").health(0.0, usable=False).state is EngineState.UNUSABLE
