"""After a promise, from wherever it came: reminded before it, asked after it, as its state says; broken ones add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.debt.breach import OnSpecial, PromiseRule, special
from ari_app.domain.debt.ledger import EntryKind
from ari_app.ports import BillKey, Movement
from ari_app.services.promise_plans import PromisePlans
from ari_app.store.sqlite_store import SqliteStore
from tests.fakes.test_follow_ups import (
    AFTER,
    DAY,
    FRIDAY,
    HOUR,
    MONDAY_AT_NINE,
    SHANGHAI,
    Desk,
    desk,
    strategy,
)
from tests.support.store_rows import NOW, account, campaign
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

__all__ = ["desk"]

BILL = BillKey("cust-1", "acc-1", "b1")
BEFORE = step("promise-1d", retry_hours=(0,))
THURSDAY_AT_NINE = datetime(2026, 11, 26, 9, tzinfo=SHANGHAI)


async def promised(desk: Desk, day: date, amount: str = "100.00", source: str = "page") -> None:
    """A promise that does not come from a call, and the look that the controller takes at it."""
    now = desk.clock.now()
    wish = [PromiseToPay(Decimal(amount), day.isoformat())]
    made_in = f"{source}-{now.isoformat()}"
    assert await desk.store.debts.promise(BILL, wish, made_in=made_in, source=source, now=now)
    await look(desk)


async def look(desk: Desk) -> int:
    return await PromisePlans(desk.store.debts, desk.clock, lambda: desk.book).look()


async def pay(desk: Desk, amount: str, reference: str, occurred: datetime | None = None) -> None:
    now = desk.clock.now()
    movement = Movement(BILL, EntryKind.PAYMENT, Decimal(amount), "CNY", occurred or now, "bank", reference)
    await desk.store.debts.post(movement, now)


async def days(desk: Desk) -> tuple[date, ...]:
    return await desk.store.debts.promised_days(BILL)


@pytest.mark.parametrize("source", ["page", "message", "agent", "api"])
async def test_a_promise_of_every_source_moves_the_next_call_to_the_day_before_it(
    desk: Desk, source: str
) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    await promised(desk, FRIDAY, source=source)
    assert await desk.store.next_due_at("c1") == THURSDAY_AT_NINE
    assert await look(desk) == 0  # once


async def test_until_it_is_planned_again_nobody_is_called_before_the_promised_day_is_over(desk: Desk) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    wish = [PromiseToPay(Decimal(100), FRIDAY.isoformat())]
    await desk.store.debts.promise(BILL, wish, made_in="page-1", source="page", now=desk.clock.now())
    assert await desk.store.next_due_at("c1") == datetime(2026, 11, 28, tzinfo=SHANGHAI)
    assert await desk.claim() == []


async def test_a_kept_promise_is_asked_after_no_more(desk: Desk) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    await promised(desk, FRIDAY)
    await pay(desk, "100.00", "t1")
    assert await days(desk) == ()
    desk.clock.set(MONDAY_AT_NINE)
    await desk.store.debts.move_clock(desk.clock.now())
    assert await desk.rule() is not Rule.PAID
    # The call after the promise has gone; what is left is the first step of the strategy.
    (facts,) = await desk.store.contact_facts("cust-1", desk.clock.now())
    assert facts.placement.trigger == "start"


@pytest.mark.parametrize("paid", ["", "40.00"])
async def test_a_broken_or_partly_kept_promise_is_asked_after_on_its_days(desk: Desk, paid: str) -> None:
    await desk.begin(strategy(AFTER, step("promise+3d", retry_hours=(0,))))
    await promised(desk, FRIDAY)
    if paid:
        await pay(desk, paid, "t1")
    desk.clock.set(MONDAY_AT_NINE)
    await desk.store.debts.move_clock(desk.clock.now())
    assert await days(desk) == (FRIDAY,)
    (facts,) = await desk.store.contact_facts("cust-1", desk.clock.now())
    assert facts.placement.trigger == "promise+3d"  # the last of those that have come due over the weekend
    assert len(await desk.claim()) == 1


async def test_the_newest_contact_says_what_is_asked_after(desk: Desk) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    await promised(desk, FRIDAY)
    desk.clock.advance(HOUR)
    await promised(desk, FRIDAY + DAY * 4)
    assert await days(desk) == (FRIDAY + DAY * 4,)
    assert await desk.store.next_due_at("c1") == datetime(2026, 11, 30, 9, tzinfo=SHANGHAI)


async def test_a_withdrawn_promise_gives_the_account_back_to_its_strategy(desk: Desk) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    await promised(desk, FRIDAY)
    await desk.store.debts.withdraw_promises(BILL, "a slip of the pen", desk.clock.now())
    assert await days(desk) == ()
    await look(desk)
    assert await desk.store.next_due_at("c1") == desk.clock.now()


async def test_without_a_strategy_file_the_call_comes_after_the_day(desk: Desk) -> None:
    await desk.begin(None)
    await promised(desk, FRIDAY)
    assert await desk.store.next_due_at("c1") == MONDAY_AT_NINE


async def test_what_comes_between_is_looked_at_again(desk: Desk) -> None:
    await desk.begin(strategy(BEFORE, AFTER))
    now = desk.clock.now()
    first = [PromiseToPay(Decimal(100), FRIDAY.isoformat())]
    await desk.store.debts.promise(BILL, first, made_in="page-1", source="page", now=now)
    (seen,) = await desk.store.debts.attempts_to_replan(now)
    later = [PromiseToPay(Decimal(100), (FRIDAY + DAY * 7).isoformat())]
    await desk.store.debts.promise(BILL, later, made_in="page-2", source="page", now=now + HOUR)
    assert not await desk.store.debts.replan(seen, now)
    assert await look(desk) == 1
    assert await desk.store.next_due_at("c1") == THURSDAY_AT_NINE + DAY * 7


# ------------------------------------------------------------------------------------------- broken ones add up


async def broken_by(store: SqliteStore, bill: BillKey, number: int) -> datetime:
    """A promise that is broken, and when."""
    day = NOW + timedelta(days=2 * number)
    wish = [PromiseToPay(Decimal("10.00"), day.date().isoformat())]
    made_in = f"{bill.bill_id}-{number}"
    await store.debts.promise(bill, wish, made_in=made_in, source="page", now=day - timedelta(hours=1))
    over = day + timedelta(days=1)
    await store.debts.move_clock(over)
    return over


async def special_of(store: SqliteStore) -> list[tuple[str, str]]:
    return [(each.source, each.reason) for each in await store.list_entries(ListKind.SPECIAL)]


async def counted(store: SqliteStore) -> list[int]:
    return [each.account.details.broken_promises for each in await store.customer_accounts("cust-1")]


async def test_promises_broken_in_a_row_over_all_bills_put_the_customer_on_the_special_list(
    tmp_path: Path,
) -> None:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(), account(bill="b2")], NOW)
        other = replace(BILL, bill_id="b2")
        await broken_by(store, BILL, 1)
        assert await special_of(store) == []
        over = await broken_by(store, other, 2)
        assert await special_of(store) == [("broken promises", "2 promises broken in a row")]
        assert await counted(store) == [2, 2]
        # The bank tells late that the second one was paid in time: he leaves the list again.
        in_time = over - timedelta(days=1)
        late = Movement(other, EntryKind.PAYMENT, Decimal("10.00"), "CNY", in_time, "bank", "t1")
        await store.debts.post(late, over + timedelta(days=1))
        assert await special_of(store) == []
        assert await counted(store) == [1, 1]


async def test_an_entry_that_somebody_has_made_stays_as_it_is(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
        await store.add_list_entry(ListKind.SPECIAL, "cust-1", "the branch", NOW, reason="knows the owner")
        await store.debts.judge_by(PromiseRule(breaches=1))
        over = await broken_by(store, BILL, 1)
        assert await special_of(store) == [("the branch", "knows the owner")]
        in_time = over - timedelta(days=1)
        await store.debts.post(
            Movement(BILL, EntryKind.PAYMENT, Decimal("10.00"), "CNY", in_time, "bank", "t1"), over
        )
        assert await special_of(store) == [("the branch", "knows the owner")]


async def test_what_the_list_says_and_what_was_found_since_are_added(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        stated = account()
        await store.load_accounts("c1", [stated], NOW)
        over = await broken_by(store, BILL, 1)
        assert await counted(store) == [1]
        # The same list again changes nothing; one with a number of its own contains what was known by then.
        assert (await store.load_accounts("c1", [stated], over)).unchanged == 1
        assert await counted(store) == [1]
        told = replace(stated, details=replace(stated.details, broken_promises=3))
        await store.load_accounts("c1", [told], over + timedelta(hours=1))
        assert await counted(store) == [3]
        assert (await store.load_accounts("c1", [told], over + timedelta(hours=2))).unchanged == 1
        await broken_by(store, BILL, 4)
        assert await counted(store) == [4]
        # A new bill of the customer knows of them too.
        await store.load_accounts("c1", [account(bill="b9")], over + timedelta(days=9))
        assert await counted(store) == [4, 2]


async def test_days_of_grace_are_a_setting(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], NOW)
        await store.debts.judge_by(PromiseRule(grace_days=2))
        await broken_by(store, BILL, 1)
        (found,) = await store.debts.promises_of("cust-1")
        assert found.state == "due"
        await store.debts.move_clock(NOW + timedelta(days=5))
        (found,) = await store.debts.promises_of("cust-1")
        assert found.state == "broken"
    async with await SqliteStore.open(tmp_path / "s.db") as again:
        (case,) = await again.debts.promise_cases()
        assert (case.source, case.bill, case.standing.state) == ("page", BILL, "broken")
        assert await again.debts.promise_cases(customer_id="cust-2") == []
        assert NOW.tzinfo is UTC


def test_who_comes_onto_the_special_list_and_leaves_it() -> None:
    rule = PromiseRule(breaches=3)
    assert special(2, rule, listed=False) is OnSpecial.KEEP
    assert special(3, rule, listed=False) is OnSpecial.ADD
    assert special(9, rule, listed=True) is OnSpecial.KEEP
    assert special(0, rule, listed=True) is OnSpecial.REMOVE
