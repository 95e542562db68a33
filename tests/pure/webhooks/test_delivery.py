"""When an event is tried again, when it is given up, and when its receiver is left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.webhooks.delivery import (
    DELIVERY,
    ENDPOINT,
    Answer,
    Delivery,
    DeliveryState,
    EndpointState,
    Health,
    Policy,
    Sign,
    after_answer,
    health_after,
    replayed,
    switched,
    wait_s,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
POLICY = Policy()
FAILED = Answer(500)
TAKEN = Answer(204)
ANSWERS = st.builds(
    Answer,
    st.sampled_from([0, 200, 204, 301, 400, 404, 410, 429, 500, 503]),
    st.just(""),
    st.none() | st.floats(0, 1e9),
)


def waits(chance: float, policy: Policy = POLICY) -> list[float]:
    delivery, now, found = Delivery(), NOW, []
    while delivery.state is DeliveryState.PENDING:
        delivery = after_answer(delivery, FAILED, policy, now, chance)
        if delivery.next_at is not None:
            found.append((delivery.next_at - now).total_seconds())
            now = delivery.next_at
    assert delivery.state is DeliveryState.DEAD
    return found


def test_an_event_is_tried_again_after_growing_waits_and_then_given_up() -> None:
    assert waits(0.0) == [5, 30, 120, 600, 3600]
    assert waits(1.0) == pytest.approx([5.5, 33, 132, 660, 3960])
    assert waits(0.0, Policy(retries=3)) == [5, 30, 120]


@pytest.mark.parametrize("retries", [0, 6])
def test_a_number_of_retries_without_waits_is_refused(retries: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 5"):
        Policy(retries=retries)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_only_success_is_a_receipt(status: int) -> None:
    assert after_answer(Delivery(), Answer(status), POLICY, NOW, 0.0).state is DeliveryState.SENT


@pytest.mark.parametrize("status", [0, 100, 301, 302, 307, 308, 400, 401, 404, 410, 429, 500])
def test_nothing_else_is(status: int) -> None:
    after = after_answer(Delivery(), Answer(status), POLICY, NOW, 0.0)
    assert (after.state, after.tries) == (DeliveryState.PENDING, 1)


def test_a_receiver_that_asks_to_be_left_alone_is_left_alone_within_bounds() -> None:
    assert wait_s(1, Answer(429, retry_after_s=60), POLICY, 0.0) == 60
    assert wait_s(1, Answer(503, retry_after_s=1), POLICY, 0.0) == 5, "never sooner than planned"
    assert wait_s(1, Answer(503, retry_after_s=1e9), POLICY, 0.0) == 3600
    assert wait_s(1, Answer(500, retry_after_s=60), POLICY, 0.0) == 5, "only where the status says so"


@given(st.lists(st.tuples(ANSWERS, st.floats(0, 1)), max_size=12))
def test_a_delivery_walks_along_its_table(steps: list[tuple[Answer, float]]) -> None:
    delivery, now = Delivery(next_at=NOW), NOW
    for answer, chance in steps:
        before, delivery = delivery, after_answer(delivery, answer, POLICY, now, chance)
        if before.state is not DeliveryState.PENDING:
            assert delivery == before
            continue
        reached = {DELIVERY[key] for key in DELIVERY if key[0] is before.state}
        assert delivery.state in reached
        assert (delivery.state is DeliveryState.PENDING) == (delivery.next_at is not None)
        assert (delivery.state is DeliveryState.SENT) == answer.delivered
        assert delivery.next_at is None or delivery.next_at > now
        assert delivery.next_at is None or delivery.next_at - now <= timedelta(seconds=3960)
        now = delivery.next_at or now
    assert delivery.spent <= POLICY.retries + 1 or any(answer.gone for answer, _ in steps)


def test_a_replay_gives_every_try_back_and_forgets_none() -> None:
    dead = Delivery(DeliveryState.DEAD, 6, 6)
    again = replayed(dead, NOW)
    assert (again.state, again.tries, again.spent, again.next_at) == (DeliveryState.PENDING, 6, 0, NOW)


def test_every_state_of_an_endpoint_knows_every_sign() -> None:
    assert set(ENDPOINT) == {(state, sign) for state in EndpointState for sign in Sign}


@given(st.lists(ANSWERS | st.booleans(), max_size=60))
def test_an_endpoint_walks_along_its_table(steps: list[Answer | bool]) -> None:
    health, now, row = Health(), NOW, 0
    for step in steps:
        before = health
        if isinstance(step, bool):
            health = switched(health, step, "by hand", now)
            row = 0 if step else row
            assert health.state is (EndpointState.ACTIVE if step else EndpointState.DISABLED)
        else:
            health = health_after(health, step, POLICY, now)
            row = 0 if step.delivered else row + 1
            if before.state is EndpointState.DISABLED:
                assert health.state is EndpointState.DISABLED
            elif step.delivered:
                assert health == Health()
            elif step.gone:
                assert health.state is EndpointState.DISABLED
            elif before.state is EndpointState.ACTIVE:
                often = row >= POLICY.failures
                assert health.state is (EndpointState.FAILING if often else EndpointState.ACTIVE)
        assert (health.state is EndpointState.FAILING) == (health.probe_at is not None)
        assert (health.state is EndpointState.ACTIVE) == (health.why == "")


def test_a_failing_endpoint_is_probed_ever_more_rarely_and_one_receipt_heals_it() -> None:
    health = Health(failures=POLICY.failures - 1)
    rests = []
    for _ in range(6):
        health = health_after(health, FAILED, POLICY, NOW)
        assert health.probe_at is not None
        rests.append((health.probe_at - NOW).total_seconds())
    assert rests == [30, 60, 120, 300, 900, 900]
    assert health.why == "answered 500; 20 failures in a row"
    assert health_after(health, TAKEN, POLICY, NOW) == Health()


def test_a_disabled_endpoint_stays_so_whatever_answers_later() -> None:
    gone = health_after(Health(), Answer(410), POLICY, NOW)
    assert (gone.state, gone.why) == (EndpointState.DISABLED, "answered 410")
    assert health_after(gone, TAKEN, POLICY, NOW).state is EndpointState.DISABLED
    assert switched(gone, True, "", NOW) == Health()
