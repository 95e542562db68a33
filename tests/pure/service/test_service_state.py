"""The states of a service, and who may be cut off: only who was warned, and never who objects or has agreed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.debt.ledger import EntryKind, LedgerEntry, balance, settling_entry
from ari_app.domain.service.state import (
    NEXT,
    ON,
    STALE,
    Notice,
    ServiceFacts,
    ServiceRules,
    ServiceState,
    ServiceStep,
    may_suspend,
    next_step,
    step,
    warned,
)

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
RULES = ServiceRules(order_suspensions=True, tries=3)
OWED = Decimal("568.32")


def notice(before: timedelta, reached: bool = False, number: int = 1) -> Notice:
    return Notice(AT - before, "call", f"att-{number}", reached)


def facts(state: ServiceState = ServiceState.WARNED_4H, *made: Notice, **more: object) -> ServiceFacts:
    fields: dict[str, object] = {"owed": OWED, "suspends_at": AT, "warnings": made}
    return ServiceFacts(state, **{**fields, **more})  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(ServiceStep), max_size=40))
def test_no_walk_restores_what_is_on_or_suspends_what_is_off(taken: list[ServiceStep]) -> None:
    state = ServiceState.ACTIVE
    for each in taken:
        found = step(state, each)
        assert (found is not None) == ((state, each) in NEXT)
        if found is None:
            continue
        if each in (ServiceStep.SUSPEND, ServiceStep.ORDER_SUSPENSION):
            assert state in ON
        if each in (ServiceStep.RESTORE, ServiceStep.ORDER_RESTORATION):
            assert state not in ON
        state = found


def test_every_state_is_reached_and_none_is_a_dead_end() -> None:
    assert set(NEXT.values()) == {state for state, _ in NEXT} == set(ServiceState)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (24 * HOUR, ServiceStep.WARN_24H),
        (13 * HOUR, ServiceStep.WARN_24H),
        (12 * HOUR, ServiceStep.WARN_4H),
        (0 * HOUR, ServiceStep.WARN_4H),
        (6 * 24 * HOUR, ServiceStep.WARN_24H),
        (145 * HOUR, None),
        (-1 * HOUR, None),
    ],
)
def test_a_warning_is_the_first_or_the_last_one_by_its_time(
    before: timedelta, wanted: ServiceStep | None
) -> None:
    assert warned(facts(ServiceState.ACTIVE, notice(before))) is wanted


def test_who_was_reached_is_cut_off_at_the_announced_instant_and_not_before() -> None:
    told = facts(ServiceState.WARNED_24H, notice(24 * HOUR, reached=True))
    assert not may_suspend(told, RULES, AT - timedelta(microseconds=1)).ordered
    decision = may_suspend(told, RULES, AT)
    assert decision.ordered
    assert [each.reference for each in decision.warnings] == ["att-1"]
    assert next_step(told, RULES, AT) is ServiceStep.ORDER_SUSPENSION
    assert not may_suspend(told, RULES, AT + STALE + HOUR).ordered


def test_without_a_receipt_it_takes_so_many_tries() -> None:
    two = [notice(20 * HOUR, number=1), notice(10 * HOUR, number=2)]
    assert "2 of 3 tries" in may_suspend(facts(ServiceState.WARNED_4H, *two), RULES, AT).reason
    assert may_suspend(facts(ServiceState.WARNED_4H, *two, notice(HOUR, number=3)), RULES, AT).ordered


@pytest.mark.parametrize("what", ["disputed", "planned", "promised"])
@pytest.mark.parametrize("by_hand", [False, True])
def test_who_objects_or_has_agreed_is_not_cut_off(what: str, by_hand: bool) -> None:
    found = facts(ServiceState.WARNED_4H, notice(HOUR, reached=True), **{what: True})
    assert not may_suspend(found, RULES, AT, by_hand=by_hand).ordered


def test_the_billing_system_decides_unless_the_settings_say_otherwise() -> None:
    found = facts(ServiceState.WARNED_4H, notice(HOUR, reached=True))
    assert not may_suspend(found, ServiceRules(), AT).ordered
    assert may_suspend(found, ServiceRules(), AT, by_hand=True).ordered
    assert next_step(found, ServiceRules(), AT) is None


def test_a_payment_calms_whatever_was_begun() -> None:
    def paid(state: ServiceState) -> ServiceStep | None:
        return next_step(facts(state, notice(HOUR, reached=True), owed=Decimal(0)), RULES, AT)

    assert paid(ServiceState.ACTIVE) is None
    assert paid(ServiceState.WARNED_24H) is paid(ServiceState.WARNED_4H) is ServiceStep.CALM
    assert paid(ServiceState.SUSPENSION_ORDERED) is ServiceStep.WITHDRAW_SUSPENSION
    assert paid(ServiceState.SUSPENDED) is None


def test_a_day_that_was_moved_calms_too() -> None:
    moved = facts(ServiceState.WARNED_4H, notice(HOUR), suspends_at=AT + 30 * 24 * HOUR)
    assert next_step(moved, RULES, AT) is ServiceStep.CALM


STATES = st.sampled_from(ServiceState)
NOTICES = st.lists(st.builds(notice, st.timedeltas(-HOUR, 80 * HOUR), st.booleans()), max_size=4)


@given(STATES, NOTICES, st.booleans(), st.booleans(), st.booleans(), st.timedeltas(-HOUR * 9, HOUR * 400))
def test_nobody_is_cut_off_without_what_the_decision_needs(
    state: ServiceState, made: list[Notice], disputed: bool, planned: bool, paid: bool, since: timedelta
) -> None:
    found = facts(state, *made, disputed=disputed, planned=planned, owed=Decimal(0) if paid else OWED)
    decision = may_suspend(found, RULES, AT + since, by_hand=True)
    if decision.ordered:
        assert state in (ServiceState.WARNED_24H, ServiceState.WARNED_4H)
        assert not any((disputed, planned, paid))
        assert timedelta(0) <= since <= STALE
        assert any(each.reached for each in decision.warnings) or len(decision.warnings) >= RULES.tries
    following = next_step(found, RULES, AT + since)
    assert following is None or step(state, following) is not None


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.sampled_from([EntryKind.PAYMENT, EntryKind.REVERSAL])), max_size=8
    )
)
def test_what_settled_a_bill_stays_what_it_was_however_much_is_paid_after(
    moved: list[tuple[int, EntryKind]],
) -> None:
    entries = [
        LedgerEntry(
            f"e{n:02}",
            kind,
            Decimal(sum_),
            AT + n * HOUR,
            AT,
            "bank",
            f"r{n}",
            "r0" if kind is EntryKind.REVERSAL else "",
        )
        for n, (sum_, kind) in enumerate(moved)
    ]
    found = settling_entry(Decimal(5), AT - HOUR, entries)
    assert (found is not None) == (balance(Decimal(5), AT - HOUR, entries).owed == 0)
    more = LedgerEntry("z", EntryKind.PAYMENT, Decimal(9), AT + 99 * HOUR, AT, "bank", "z")
    if found is not None:
        assert settling_entry(Decimal(5), AT - HOUR, [*entries, more]) == found


def test_the_day_alone_means_the_morning() -> None:
    from ari_app.domain.account import AccountDetails
    from ari_app.domain.service.state import suspends_at
    from tests.support.store_rows import account

    day = date(2026, 11, 25)
    assert suspends_at(account(details=AccountDetails(suspension_on=day)), UTC) == AT + 8 * HOUR
    at = AccountDetails(suspension_on=day, suspension_at=time(14, 30))
    assert suspends_at(account(details=at), UTC) == datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
    assert suspends_at(account(), UTC) is None
