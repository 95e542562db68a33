"""Promises: money decides, in the order of their days, on the customer's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.debt.ledger import ZERO, EntryKind, LedgerEntry
from ari_app.domain.debt.promise import (
    NEXT,
    OVER,
    Promise,
    PromiseStanding,
    PromiseState,
    consecutive_breaches,
)
from ari_app.domain.debt.settlement import DebtFacts, settle

pytestmark = pytest.mark.pure

ZONE = ZoneInfo("Asia/Shanghai")
MADE = datetime(2026, 11, 2, 10, tzinfo=ZONE)
FRIDAY = date(2026, 11, 6)


def promise(amount: str = "300.00", day: date = FRIDAY, **changes: object) -> Promise:
    fields: dict[str, object] = {
        "promise_id": f"att-1.{day.day}",
        "amount": Decimal(amount),
        "day": day,
        "made_at": MADE,
        "made_in": "att-1",
    }
    return Promise(**{**fields, **changes})  # type: ignore[arg-type]


def paid(amount: str, at: datetime, known: datetime | None = None) -> LedgerEntry:
    number = f"{at.isoformat()} {amount}"
    return LedgerEntry(number, EntryKind.PAYMENT, Decimal(amount), known or at, at, "bank", number)


def found(
    now: datetime, *promises: Promise, entries: tuple[LedgerEntry, ...] = (), stated: str = "568.32"
) -> tuple[PromiseStanding, ...]:
    facts = DebtFacts(Decimal(stated), MADE - timedelta(days=9), ZONE, entries, promises)
    return settle(facts, now).promises


def states(standings: tuple[PromiseStanding, ...]) -> list[PromiseState]:
    return [each.state for each in standings]


def local(day: int, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def test_open_until_its_day_then_due_then_broken_on_the_customers_clock() -> None:
    assert states(found(local(5, 23, 59), promise())) == [PromiseState.OPEN]
    assert states(found(local(6, 0), promise())) == [PromiseState.DUE]
    assert states(found(local(6, 23, 59), promise())) == [PromiseState.DUE]
    assert states(found(local(7, 0), promise())) == [PromiseState.BROKEN]


def test_kept_by_the_full_amount_at_once() -> None:
    entries = (paid("100.00", local(3)), paid("200.00", local(6, 23, 59)))
    assert states(found(local(7), promise(), entries=entries)) == [PromiseState.KEPT]
    assert states(found(local(4), promise(), entries=entries[:1])) == [PromiseState.OPEN]


def test_a_part_of_it_is_partly_kept() -> None:
    (standing,) = found(local(7), promise(), entries=(paid("299.99", local(6)),))
    assert (standing.state, standing.covered) == (PromiseState.PARTLY_KEPT, Decimal("299.99"))


def test_money_of_before_the_promise_keeps_nothing() -> None:
    entries = (paid("300.00", MADE - timedelta(minutes=1)),)
    assert states(found(local(7), promise(), entries=entries)) == [PromiseState.BROKEN]


def test_paid_in_time_and_told_late_keeps_it_after_all() -> None:
    late = paid("300.00", local(6), known=local(9))
    assert states(found(local(9), promise(), entries=(late,))) == [PromiseState.KEPT]


def test_several_promises_are_paid_in_the_order_of_their_days() -> None:
    both = (promise(), promise("268.32", date(2026, 11, 20)))
    entries = (paid("400.00", local(5)),)
    first, second = found(local(21), *both, entries=entries)
    assert (first.state, first.covered) == (PromiseState.KEPT, Decimal("300.00"))
    assert (second.state, second.covered) == (PromiseState.PARTLY_KEPT, Decimal("100.00"))


def test_a_later_contact_replaces_what_was_promised_before() -> None:
    again = promise(
        "568.32", date(2026, 11, 9), promise_id="att-2.1", made_at=MADE + timedelta(days=1), made_in="att-2"
    )
    first, second = found(local(8), promise(), again)
    assert (first.state, first.why) == (PromiseState.WITHDRAWN, "replaced by another promise")
    assert second.state is PromiseState.OPEN


def test_a_new_promise_does_not_heal_a_broken_one() -> None:
    again = promise("568.32", date(2026, 11, 19), promise_id="att-2.1", made_at=local(8), made_in="att-2")
    assert states(found(local(9), promise(), again)) == [PromiseState.BROKEN, PromiseState.OPEN]


def test_nothing_owed_any_more_ends_a_promise() -> None:
    gone = LedgerEntry("w", EntryKind.WAIVER, Decimal("568.32"), local(4), local(4), "desk", "w-1")
    assert states(found(local(7), promise(), entries=(gone,))) == [PromiseState.WITHDRAWN]
    part = paid("68.32", local(4))
    rest = LedgerEntry("w", EntryKind.WAIVER, Decimal("500.00"), local(5), local(5), "desk", "w-1")
    assert states(found(local(7), promise(), entries=(part, rest))) == [PromiseState.KEPT]


def test_a_withdrawn_promise_stays_so() -> None:
    taken = promise(withdrawn_at=local(4), withdrawn_why="disputed")
    assert [(each.state, each.why) for each in found(local(9), taken)] == [
        (PromiseState.WITHDRAWN, "disputed")
    ]


def test_breaches_are_counted_from_the_end() -> None:
    def standing(day: int, state: PromiseState) -> PromiseStanding:
        return PromiseStanding(promise(day=date(2026, 11, day)), state, ZERO)

    record = [
        standing(1, PromiseState.BROKEN),
        standing(2, PromiseState.KEPT),
        standing(3, PromiseState.BROKEN),
        standing(4, PromiseState.WITHDRAWN),
        standing(5, PromiseState.PARTLY_KEPT),
        standing(6, PromiseState.OPEN),
    ]
    assert consecutive_breaches(record) == 2
    assert consecutive_breaches([]) == 0


_money = st.integers(1, 400_00).map(lambda minor: Decimal(minor).scaleb(-2))
_promises = st.lists(st.tuples(_money, st.integers(0, 20), st.integers(0, 200)), max_size=5)
_payments = st.lists(st.tuples(_money, st.integers(-50, 700), st.integers(0, 100)), max_size=6)


@given(promised=_promises, payments=_payments, hours=st.lists(st.integers(0, 900), min_size=2, max_size=6))
def test_covered_is_never_more_than_was_paid_and_time_moves_a_promise_only_as_the_table_says(
    promised: list[tuple[Decimal, int, int]], payments: list[tuple[Decimal, int, int]], hours: list[int]
) -> None:
    promises = [
        Promise(
            f"p{number}",
            amount,
            MADE.date() + timedelta(days=days),
            MADE + timedelta(hours=made),
            f"contact {made}",
        )
        for number, (amount, days, made) in enumerate(promised)
    ]
    everything = [
        LedgerEntry(
            f"e{number}",
            EntryKind.PAYMENT,
            amount,
            MADE + timedelta(hours=at + delay),
            MADE + timedelta(hours=at),
            "bank",
            f"r{number}",
        )
        for number, (amount, at, delay) in enumerate(payments)
    ]
    before: dict[str, PromiseState] = {}
    for hour in sorted(hours):
        now = (MADE + timedelta(hours=hour)).astimezone(UTC)
        known = [each for each in everything if each.at <= now]
        made = [each for each in promises if each.made_at <= now]
        standings = settle(
            DebtFacts(Decimal("900.00"), MADE - timedelta(days=30), ZONE, known, made), now
        ).promises
        assert sum((each.covered for each in standings), ZERO) <= sum((each.amount for each in known), ZERO)
        for each in standings:
            assert ZERO <= each.covered <= each.promise.amount
            assert each.state is not PromiseState.KEPT or each.covered > 0
            earlier = before.get(each.promise.promise_id, each.state)
            assert each.state is earlier or each.state in NEXT[earlier]
            before[each.promise.promise_id] = each.state
    assert OVER.isdisjoint({PromiseState.OPEN, PromiseState.DUE})


def test_money_that_came_before_a_promise_was_replaced_has_kept_it_whenever_the_bank_tells() -> None:
    first = promise()
    second = promise(
        "100.00", FRIDAY + timedelta(days=7), promise_id="att-2.1", made_at=local(4), made_in="att-2"
    )
    assert states(found(local(5), first, second))[0] is PromiseState.WITHDRAWN
    told_late = paid("300.00", local(3), known=local(5))
    assert states(found(local(6), first, second, entries=(told_late,)))[0] is PromiseState.KEPT


def test_a_bill_that_is_owed_again_brings_its_promise_back() -> None:
    before = paid("568.32", MADE - timedelta(hours=1), known=local(3))
    back = LedgerEntry(
        "back", EntryKind.REVERSAL, Decimal("568.32"), local(5), local(5), "bank", "back", before.reference
    )
    assert states(found(local(4), promise(), entries=(before,))) == [PromiseState.WITHDRAWN]
    assert states(found(local(5, 13), promise(), entries=(before, back))) == [PromiseState.OPEN]
    assert states(found(local(7), promise(), entries=(before, back))) == [PromiseState.BROKEN]


@given(
    st.lists(st.tuples(st.integers(1, 300), st.integers(0, 6), st.integers(0, 60)), min_size=1, max_size=4),
    st.lists(
        st.tuples(st.integers(1, 900), st.integers(0, 200), st.integers(0, 72), st.integers(-1, 100)),
        max_size=4,
    ),
    st.lists(st.integers(0, 400), min_size=2, max_size=12),
)
def test_charge_backs_too_move_a_promise_only_as_the_table_says(
    promised: list[tuple[int, int, int]], payments: list[tuple[int, int, int, int]], hours: list[int]
) -> None:
    """``payments``: amount, hour, how much later it is told, and how much later still it is taken back (-1: never)."""
    made = [
        promise(
            f"{amount}.00",
            MADE.date() + timedelta(days=days),
            promise_id=f"p{number}",
            made_at=MADE + timedelta(hours=hour),
            made_in=f"contact {hour}",
        )
        for number, (amount, days, hour) in enumerate(promised)
    ]
    entries: list[LedgerEntry] = []
    for number, (amount, hour, later, back) in enumerate(payments):
        money, known = Decimal(amount), MADE + timedelta(hours=hour + later)
        happened = MADE + timedelta(hours=hour)
        name = f"t{number}"
        entries.append(LedgerEntry(name, EntryKind.PAYMENT, money, known, happened, "bank", name))
        if back >= 0:
            gone = known + timedelta(hours=back)
            entries.append(
                LedgerEntry(f"r{number}", EntryKind.REVERSAL, money, gone, gone, "bank", f"r{number}", name)
            )
    before: dict[str, PromiseState] = {}
    for hour in sorted(hours):
        now = MADE + timedelta(hours=hour)
        known_entries = tuple(each for each in entries if each.at <= now)
        for each in found(now, *(one for one in made if one.made_at <= now), entries=known_entries):
            earlier = before.get(each.promise.promise_id, each.state)
            assert each.state is earlier or each.state in NEXT[earlier], (earlier, each)
            before[each.promise.promise_id] = each.state
