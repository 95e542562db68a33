"""Ledger and promises in the database: told once, settled at once, and the outbox knows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import ConversationResult, PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.debt.plan import PlanState
from ari_app.domain.debt.promise import PromiseState
from ari_app.domain.event_names import EVENTS
from ari_app.ports import BillKey, Movement, Posted
from ari_app.ports.disputes import NewDispute
from ari_app.ports.plans import PlanAnswer, PlanReply
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, allow, campaign, enough, ids, no_events, talked

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        await opened.load_accounts("c1", [account()], NOW)
        yield opened


def payment(amount: str = "568.32", reference: str = "tx-1", **changes: object) -> Movement:
    fields: dict[str, object] = {
        "bill": BILL,
        "kind": EntryKind.PAYMENT,
        "amount": Decimal(amount),
        "currency": "CNY",
        "occurred_at": NOW,
        "provider": "bank",
        "reference": reference,
    }
    return Movement(**{**fields, **changes})  # type: ignore[arg-type]


async def owed(store: SqliteStore) -> Decimal:
    (found,) = await store.customer_accounts("cust-1")
    return found.account.amount_due


async def events(store: SqliteStore) -> list[str]:
    return [each.event for each in await store.outbox()]


async def test_a_payment_settles_the_bill_and_tells_of_it_once(store: SqliteStore) -> None:
    later = NOW + timedelta(hours=1)
    first = await store.debts.post(payment(), later)
    assert (first.result, await owed(store)) == (Posted.RECORDED, Decimal("0.00"))
    again = await store.debts.post(payment(), later + timedelta(days=1))
    assert (again.result, again.entry_id) == (Posted.REPEATED, first.entry_id)
    assert await events(store) == ["payment.settled", "payment.received"]
    told, received = await store.outbox()
    assert (received.payload["paymentId"], received.payload["amount"]) == (first.entry_id, 568.32)
    assert received.payload["amountDue"] == 0.0
    assert told.payload["paymentId"] == first.entry_id
    assert told.payload["amountDue"] == 0.0


async def test_what_contradicts_the_ledger_is_refused(store: SqliteStore) -> None:
    await store.debts.post(payment("100.00"), NOW + timedelta(hours=1))
    assert (await store.debts.post(payment("200.00"), NOW)).result is Posted.CONTRADICTED
    assert (
        await store.debts.post(payment("9.00", "tx-2", currency="USD"), NOW)
    ).result is Posted.WRONG_CURRENCY
    stranger = payment("9.00", "tx-3", bill=BillKey("cust-1", "acc-1", "b9"))
    assert (await store.debts.post(stranger, NOW)).result is Posted.UNKNOWN_BILL
    assert len(await store.debts.ledger(BILL)) == 1
    assert await owed(store) == Decimal("468.32")


async def test_the_same_list_again_does_not_bring_a_paid_debt_back(store: SqliteStore) -> None:
    await store.debts.post(payment("500.00"), NOW + timedelta(hours=1))
    count = await store.load_accounts("c1", [account()], NOW + timedelta(hours=2))
    assert count.unchanged == 1
    assert await owed(store) == Decimal("68.32")
    # Another sum is a new statement: what is known by then is contained in it.
    await store.load_accounts("c1", [account(amount_due=Decimal("80.00"))], NOW + timedelta(hours=3))
    assert await owed(store) == Decimal("80.00")


async def test_a_charge_back_that_comes_first_waits_for_its_payment(store: SqliteStore) -> None:
    back = payment("568.32", "tx-9", kind=EntryKind.REVERSAL, reverses="tx-1")
    await store.debts.post(back, NOW + timedelta(hours=1))
    assert await owed(store) == Decimal("568.32")
    await store.debts.post(payment(), NOW + timedelta(hours=2))
    assert await owed(store) == Decimal("568.32")
    assert await events(store) == ["payment.reversed", "payment.received"]


async def test_promises_follow_the_money_and_the_clock(store: SqliteStore) -> None:
    day = NOW.date()
    promises = [
        PromiseToPay(Decimal("300.00"), (day + timedelta(days=2)).isoformat()),
        PromiseToPay(Decimal("268.32"), (day + timedelta(days=9)).isoformat()),
    ]
    assert await store.debts.promise(BILL, promises, made_in="page-1", source="page", now=NOW)
    await store.debts.post(payment("300.00"), NOW + timedelta(days=1))
    assert await store.debts.move_clock(NOW + timedelta(days=20)) == 1
    found = await store.debts.promises_of("cust-1")
    assert [each.state for each in found] == [PromiseState.KEPT, PromiseState.BROKEN]
    assert await events(store) == [
        *["collection.ptp.created"] * 2,
        "collection.ptp.kept",
        "payment.received",
        "collection.ptp.broken",
    ]
    created = (await store.outbox())[0].payload
    assert (created["source"], created["ptpNumber"], created["ptpCount"]) == ("page", 1, 2)
    assert await store.debts.move_clock(NOW + timedelta(days=30)) == 0
    # Paid in time after all, as the bank says a month later.
    late = payment("268.32", "tx-2", occurred_at=NOW + timedelta(days=8))
    await store.debts.post(late, NOW + timedelta(days=31))
    assert [each.state for each in await store.debts.promises_of("cust-1")] == [PromiseState.KEPT] * 2


async def test_a_withdrawn_promise_breaks_nothing(store: SqliteStore) -> None:
    promised = [PromiseToPay(Decimal("300.00"), NOW.date().isoformat())]
    await store.debts.promise(BILL, promised, made_in="req-1", source="api", now=NOW)
    await store.debts.withdraw_promises(BILL, "disputed", NOW + timedelta(hours=1))
    await store.debts.move_clock(NOW + timedelta(days=3))
    (found,) = await store.debts.promises_of("cust-1")
    assert (found.state, found.why) == (PromiseState.WITHDRAWN, "disputed")
    assert not await store.debts.promise(BillKey("x", "y", "z"), promised, made_in="r", source="api", now=NOW)


async def test_a_clock_that_was_set_back_loses_no_payment_and_counts_none_twice(store: SqliteStore) -> None:
    await store.debts.post(payment("100.00", "tx-1"), NOW - timedelta(minutes=30))
    assert await owed(store) == Decimal("468.32")
    # The list was stated after that payment, whatever the clock says.
    await store.load_accounts("c1", [account(amount_due=Decimal("400.00"))], NOW - timedelta(hours=2))
    assert await owed(store) == Decimal("400.00")
    await store.debts.post(payment("100.00", "tx-2"), NOW - timedelta(hours=2))
    assert await owed(store) == Decimal("300.00")


async def test_a_bill_that_is_stated_in_another_currency_counts_no_money_of_the_old_one(
    store: SqliteStore,
) -> None:
    await store.debts.post(payment("500.00"), NOW + timedelta(hours=1))
    await store.load_accounts("c1", [account(currency="USD")], NOW + timedelta(hours=2))
    assert await owed(store) == Decimal("568.32")


async def test_money_that_comes_while_people_still_talk_keeps_the_promise_of_that_call(
    store: SqliteStore,
) -> None:
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    at = NOW + timedelta(seconds=2)
    await store.debts.post(payment("300.00", occurred_at=at), at)
    await store.close_attempt(talked(attempt), enough, no_events)  # answered at 1 s, ended at 3 s: 300.00
    (found,) = await store.debts.promises_of("cust-1")
    assert (found.state, found.covered) == (PromiseState.KEPT, Decimal("300.00"))


async def test_a_dispute_lets_go_of_a_promise_that_was_kept_by_money_that_goes_back(
    store: SqliteStore,
) -> None:
    promised = [PromiseToPay(Decimal("300.00"), (NOW.date() + timedelta(days=5)).isoformat())]
    await store.debts.promise(BILL, promised, made_in="page-1", source="page", now=NOW)
    await store.debts.post(payment("300.00"), NOW + timedelta(hours=1))
    claim = NewDispute(
        BILL, category="bill", source="page", made_in="p-1", description="too much", by="customer"
    )
    await store.disputes.open(claim, NOW + timedelta(hours=2))
    (found,) = await store.debts.promises_of("cust-1")
    assert found.state is PromiseState.KEPT
    back = payment("300.00", "tx-9", kind=EntryKind.REVERSAL, reverses="tx-1")
    await store.debts.post(back, NOW + timedelta(hours=3))
    await store.debts.move_clock(NOW + timedelta(days=9))
    (found,) = await store.debts.promises_of("cust-1")
    assert (found.state, found.why) == (PromiseState.WITHDRAWN, "disputed")


async def test_a_clock_that_was_set_back_makes_no_broken_promise_open_again(store: SqliteStore) -> None:
    day = NOW.date()
    promised = [PromiseToPay(Decimal("300.00"), (day + timedelta(days=each)).isoformat()) for each in (1, 4)]
    await store.debts.promise(BILL, promised, made_in="page-1", source="page", now=NOW)
    await store.debts.move_clock(NOW + timedelta(days=4))
    after = [PromiseState.BROKEN, PromiseState.DUE]
    assert [each.state for each in await store.debts.promises_of("cust-1")] == after
    # Somebody sets the clock back by four days, and a small payment comes.
    await store.debts.post(payment("0.01", occurred_at=NOW - timedelta(days=1)), NOW + timedelta(hours=1))
    assert [each.state for each in await store.debts.promises_of("cust-1")] == after
    # Money that the bank had seen in time heals it all the same.
    late = payment("300.00", "tx-2", occurred_at=NOW + timedelta(hours=2))
    await store.debts.post(late, NOW + timedelta(hours=3))
    assert [each.state for each in await store.debts.promises_of("cust-1")] == [PromiseState.KEPT, after[1]]


async def test_a_plan_that_runs_is_the_one_that_counts_although_its_clock_was_set_back(
    store: SqliteStore,
) -> None:
    async def begin(days: int, now: datetime) -> PlanReply:
        wish = PlanRequest(PlanKind.DEFERRAL, until=NOW.date() + timedelta(days=days))
        asked = await store.plans.request(BILL, wish, source="agent", by="li", now=now)
        assert asked.plan is not None, asked
        for by in ("wang", "zhao"):
            await store.plans.approve(asked.plan.plan_id, by=by, role="supervisor", now=now)
        return await store.plans.accept(asked.plan.plan_id, by="customer", now=now)

    await begin(2, NOW + timedelta(hours=2))
    await store.plans.move_clock(NOW + timedelta(days=20))
    again = await begin(30, NOW + timedelta(hours=1))
    assert again.answer is PlanAnswer.DONE
    assert (await store.debts.post(payment("100.00"), NOW + timedelta(hours=1))).result is Posted.RECORDED
    plans = await store.plans.plans(customer_id="cust-1")
    assert {each.state for each in plans} == {PlanState.ACTIVE, PlanState.BREACHED}


async def test_one_bill_that_cannot_be_settled_keeps_no_other_from_its_clock(
    store: SqliteStore, tmp_path: Path
) -> None:
    await store.load_accounts("c1", [account(2)], NOW)
    for number in (1, 2):
        bill = BillKey(f"cust-{number}", f"acc-{number}", "b1")
        promised = [PromiseToPay(Decimal("300.00"), NOW.date().isoformat())]
        await store.debts.promise(bill, promised, made_in=f"page-{number}", source="page", now=NOW)
    with closing(sqlite3.connect(tmp_path / "s.db")) as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON promise_to_pay WHEN new.promise_id = 'page-1.1' "
            "BEGIN SELECT RAISE(ABORT, 'a fault of one row'); END"
        )
    assert await store.debts.move_clock(NOW + timedelta(days=3)) == 1
    (found,) = await store.debts.promises_of("cust-2")
    assert found.state is PromiseState.BROKEN


async def closed_by(store: SqliteStore, wish: PlanRequest) -> None:
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    said = ConversationResult("plan_requested", verified=True, plan=wish)
    ended = replace(talked(attempt), disposition="plan_requested", conversation=said)
    await store.close_attempt(ended, enough, no_events)


async def collected_again(store: SqliteStore) -> bool:
    (found,) = await store.customer_accounts("cust-1")
    return found.state == "waiting"


async def test_the_rest_of_a_bill_is_collected_after_a_part_of_it_was_waived(store: SqliteStore) -> None:
    await closed_by(store, PlanRequest(PlanKind.WAIVER, waived=Decimal("68.32")))
    assert not await collected_again(store)
    (plan,) = await store.plans.plans()
    for by in ("wang", "zhao"):
        await store.plans.approve(plan.plan_id, by=by, role="supervisor", now=NOW + timedelta(hours=1))
    (plan,) = await store.plans.plans()
    assert (plan.state, await owed(store)) == (PlanState.COMPLETED, Decimal("500.00"))
    assert await collected_again(store)


async def test_a_plan_of_a_call_that_goes_beyond_the_calendar_costs_no_outcome(store: SqliteStore) -> None:
    months = PlanRequest(
        PlanKind.INSTALLMENT,
        periods=24,
        first_date=date(9999, 1, 31),
        monthly=Decimal("20.00"),
        last=Decimal("108.32"),
        fee=Decimal(0),
        total=Decimal("568.32"),
    )
    await closed_by(store, months)
    assert await store.plans.plans() == []
    assert await collected_again(store)


@pytest.mark.parametrize("stated", ["50.00", "700.00"])
@pytest.mark.parametrize("kind", [PlanKind.WAIVER, PlanKind.INSTALLMENT])
async def test_a_plan_that_waited_while_another_sum_was_stated_begins_only_where_it_fits(
    store: SqliteStore, kind: PlanKind, stated: str
) -> None:
    wish = PlanRequest(kind, waived=Decimal("68.32"))
    if kind is PlanKind.INSTALLMENT:
        each = Decimal("284.16")
        first = NOW.date() + timedelta(days=5)
        wish = PlanRequest(
            kind, periods=2, first_date=first, monthly=each, last=each, fee=Decimal(0), total=2 * each
        )
    asked = await store.plans.request(BILL, wish, source="agent", by="li", now=NOW)
    assert asked.plan is not None, asked
    await store.load_accounts("c1", [account(amount_due=Decimal(stated))], NOW + timedelta(hours=1))
    at = NOW + timedelta(hours=2)
    for by in ("wang", "zhao"):
        await store.plans.approve(asked.plan.plan_id, by=by, role="supervisor", now=at)
    await store.plans.accept(asked.plan.plan_id, by="customer", now=at)
    plan = await store.plans.plan(asked.plan.plan_id)
    assert plan is not None
    fits = kind is PlanKind.WAIVER and Decimal(stated) > Decimal("68.32")
    assert plan.state is (PlanState.COMPLETED if fits else PlanState.CANCELLED)
    assert await owed(store) == Decimal(stated) - (Decimal("68.32") if fits else 0)


async def test_a_list_that_states_less_keeps_the_promise_of_a_company_that_tells_no_payments(
    store: SqliteStore,
) -> None:
    promised = [PromiseToPay(Decimal("300.00"), (NOW.date() + timedelta(days=2)).isoformat())]
    await store.debts.promise(BILL, promised, made_in="req-1", source="api", now=NOW)
    await store.load_accounts("c1", [account(amount_due=Decimal("268.32"))], NOW + timedelta(days=1))
    assert await owed(store) == Decimal("268.32")
    (found,) = await store.debts.promises_of("cust-1")
    assert (found.state, found.covered) == (PromiseState.KEPT, Decimal("300.00"))
    # Where nothing was promised, a smaller sum is a correction like any other.
    await store.load_accounts("c1", [account(amount_due=Decimal("200.00"))], NOW + timedelta(days=3))
    assert [entry.amount for entry in await store.debts.ledger(BILL)] == [Decimal("300.00")]
    assert await owed(store) == Decimal("200.00")
