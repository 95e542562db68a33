"""An alert on its way: who may do what, which deadline counts, and when the next of the chain is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.alerts.alert import (
    ALERT,
    Alert,
    AlertState,
    Level,
    Severity,
    Signal,
    look_at,
    refusal,
    step,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
CHAIN = (Level(0, ("duty",)), Level(0, ("owner",), ("legal",)), Level(4, ("head",)))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


@pytest.mark.parametrize(("severity", "allowed"), [(Severity.P1, 4), (Severity.P2, 24)])
def test_every_alert_is_bound_to_a_deadline_on_the_wall_clock(severity: Severity, allowed: int) -> None:
    alert = Alert.raised(severity, NOW, None, None)
    assert alert.deadline == NOW + hours(allowed)
    assert not alert.overdue(NOW + hours(allowed) - timedelta(seconds=1))
    assert alert.overdue(NOW + hours(allowed))


def test_a_rule_may_have_hours_of_its_own() -> None:
    assert Alert.raised(Severity.P1, NOW, 1, None).deadline == NOW + hours(1)


def test_a_case_of_high_risk_is_taken_on_in_four_hours_and_reaches_a_person_in_twenty_four() -> None:
    alert = Alert.raised(Severity.P1, NOW, None, 24)
    assert alert.deadline == NOW + hours(4)
    taken = step(alert, Signal.ACKNOWLEDGE)
    assert taken.deadline == NOW + hours(24)
    assert (
        refusal(taken, Signal.CLOSE) == "it is closed by the record that a person has spoken to the customer"
    )
    assert step(taken, Signal.CONTACT).state is AlertState.CLOSED
    assert step(alert, Signal.CONTACT).state is AlertState.CLOSED
    assert refusal(Alert.raised(Severity.P1, NOW, None, None), Signal.CONTACT)


def test_whoever_takes_an_alert_on_stops_the_chain_where_nothing_else_is_owed() -> None:
    alert = Alert.raised(Severity.P2, NOW, None, None)
    assert look_at(alert, CHAIN) == NOW + hours(24)
    alert = step(alert, Signal.OVERDUE)
    assert (alert.level, look_at(alert, CHAIN)) == (1, NOW + hours(28))
    alert = step(alert, Signal.OVERDUE)
    assert (alert.level, look_at(alert, CHAIN)) == (2, None)
    assert look_at(step(alert, Signal.ACKNOWLEDGE), CHAIN) is None


def test_the_chain_begins_anew_for_the_second_deadline() -> None:
    alert = step(step(Alert.raised(Severity.P1, NOW, None, 24), Signal.OVERDUE), Signal.ACKNOWLEDGE)
    assert (alert.level, look_at(alert, CHAIN)) == (0, NOW + hours(24))


def test_what_is_found_out_afterwards_still_belongs_into_the_record_and_nothing_else_is_done() -> None:
    closed = step(Alert.raised(Severity.P2, NOW, None, None), Signal.CLOSE)
    for signal in Signal:
        assert (refusal(closed, signal) == "") == (signal is Signal.NOTE)
    with pytest.raises(KeyError):
        step(closed, Signal.AGAIN)


@given(
    st.sampled_from(Severity),
    st.none() | st.integers(1, 48),
    st.lists(st.sampled_from(Signal), max_size=30),
)
def test_an_alert_walks_along_its_table(
    severity: Severity, contact: int | None, signals: list[Signal]
) -> None:
    alert = Alert.raised(severity, NOW, None, contact)
    for signal in signals:
        before = alert
        if (alert.state, signal) not in ALERT:
            assert refusal(alert, signal)
            continue
        alert = step(alert, signal)
        assert alert.state is ALERT[before.state, signal]
        assert (alert.raised_at, alert.ack_due, alert.contact_due) == (
            before.raised_at,
            before.ack_due,
            before.contact_due,
        ), "no deadline ever moves"
        assert alert.count == before.count + (signal is Signal.AGAIN)
        assert (alert.state is AlertState.CLOSED) <= (look_at(alert, CHAIN) is None)
        if before.state is AlertState.CLOSED:
            assert alert == before
