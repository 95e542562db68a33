"""Services in the database: a payment restores in its own transaction, once; nobody is cut off who was not warned."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.domain.account import AccountDetails
from ari_app.domain.call_result import ConversationResult, PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.event_names import EVENTS
from ari_app.domain.messages.message import Origin, Purpose
from ari_app.domain.service.state import OrderKind, OrderState, ServiceRules, ServiceState
from ari_app.errors import UnknownRecord, WrongState
from ari_app.ports import BillKey, Movement
from ari_app.ports.disputes import NewDispute
from ari_app.ports.messages import Handed, Letter, Receipt, SendResult
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, allow, campaign, ids, no_events, outcome, tomorrow

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
KEY = ("cust-1", "acc-1")
HOUR = timedelta(hours=1)
RULES = ServiceRules(order_suspensions=True)
#: Tomorrow at noon in China.
CUT = AccountDetails(suspension_on=date(2026, 11, 24), suspension_at=time(12), service_state="active")
SUSPENDED = AccountDetails(service_state="suspended")


async def filled(path: Path, details: AccountDetails, *bills: str) -> SqliteStore:
    store = await SqliteStore.open(path)
    await store.put_campaign(replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS))))
    await store.load_accounts("c1", [account(bill=bill, details=details) for bill in bills or ("b1",)], NOW)
    return store


@pytest.fixture
async def suspended(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await filled(tmp_path / "s.db", SUSPENDED) as store:
        yield store


@pytest.fixture
async def announced(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await filled(tmp_path / "s.db", CUT) as store:
        yield store


def paid(reference: str = "tx-1", amount: str = "568.32", **changes: object) -> Movement:
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


async def events(store: SqliteStore) -> list[str]:
    told = [each.event for each in await store.outbox()]
    return [each.removeprefix("service.") for each in told if each.startswith("service.")]


async def state(store: SqliteStore) -> ServiceState:
    (found,) = await store.services.services(customer_id="cust-1")
    return found.state


async def call(store: SqliteStore, number: int, *, reached: bool, hours: float = 0) -> None:
    at = NOW + timedelta(hours=hours)
    (attempt,) = await store.claim_due("c1", at, 1, allow, ids(f"att{number}"))
    await store.mark_dialled(attempt.attempt_id, at, allow)
    said = ConversationResult("informed", verified=True) if reached else None
    ended = outcome(
        attempt,
        "informed" if reached else "busy",
        answered_at=at if reached else None,
        ended_at=at + timedelta(minutes=1),
        conversation=said,
    )
    await store.close_attempt(ended, lambda history: replace(tomorrow(history), due_at=at), no_events)


async def test_a_payment_restores_the_service_in_its_own_transaction(suspended: SqliteStore) -> None:
    await suspended.debts.post(paid("tx-1", "300.00"), NOW + HOUR)
    assert await suspended.services.orders() == []
    await suspended.debts.post(paid("tx-2", "268.32", occurred_at=NOW + HOUR), NOW + 2 * HOUR)
    (order,) = await suspended.services.orders()
    assert (order.kind, order.state, order.payment_at) == (OrderKind.RESTORATION, OrderState.OPEN, NOW + HOUR)
    assert await events(suspended) == ["restoration.ordered"]
    done = await suspended.services.confirm(order.order_id, "billing", NOW + 3 * HOUR)
    assert (done.state, done.took) == (OrderState.DONE, 2 * HOUR)
    assert await suspended.services.confirm(order.order_id, "billing", NOW + 9 * HOUR) == done
    assert await state(suspended) is ServiceState.ACTIVE
    (listed,) = await suspended.customer_accounts("cust-1")
    assert listed.account.details.service_state == "active"
    (*_, told) = await suspended.outbox()
    assert (told.event, told.payload["tookSeconds"]) == ("service.restored", 7200)


async def test_a_payment_told_twice_orders_once_and_one_taken_back_withdraws(suspended: SqliteStore) -> None:
    for again in (1, 2, 3):
        await suspended.debts.post(paid(), NOW + again * HOUR)
    await suspended.debts.post(paid("tx-over", "5.00"), NOW + 4 * HOUR)
    back = paid("tx-back", kind=EntryKind.REVERSAL, reverses="tx-1")
    await suspended.debts.post(back, NOW + 5 * HOUR)
    assert await state(suspended) is ServiceState.SUSPENDED
    assert await events(suspended) == ["restoration.ordered", "restoration.withdrawn"]
    await suspended.debts.post(paid("tx-2"), NOW + 6 * HOUR)
    assert [each.state for each in await suspended.services.orders()] == [
        OrderState.WITHDRAWN,
        OrderState.OPEN,
    ]


async def test_who_owes_another_bill_of_the_account_waits(tmp_path: Path) -> None:
    async with await filled(tmp_path / "s.db", SUSPENDED, "b1", "b2") as store:
        await store.debts.post(paid(), NOW + HOUR)
        assert await events(store) == []
        await store.debts.post(paid("tx-2", bill=replace(BILL, bill_id="b2")), NOW + 2 * HOUR)
        assert await events(store) == ["restoration.ordered"]


async def test_a_restoration_that_nobody_confirms_is_told_once(suspended: SqliteStore) -> None:
    await suspended.debts.post(paid(), NOW)
    rules = ServiceRules(confirm_hours=4)
    late = NOW + 4 * HOUR
    assert await suspended.services.move_clock(rules, late - timedelta(microseconds=1)) == 0
    assert await suspended.services.move_clock(rules, late) == 1
    assert await suspended.services.move_clock(rules, late + HOUR) == 0
    assert await events(suspended) == ["restoration.ordered", "restoration.overdue"]
    (order,) = await suspended.services.orders()
    assert order.overdue_at == late


async def test_a_list_that_says_so_confirms_too(suspended: SqliteStore) -> None:
    await suspended.debts.post(paid(), NOW)
    await suspended.load_accounts("c1", [account(details=AccountDetails(service_state="active"))], NOW + HOUR)
    (order,) = await suspended.services.orders()
    assert (order.state, order.ended_by) == (OrderState.DONE, "list")
    # A stale list says suspended once more: what was ordered for this payment is not ordered again.
    await suspended.load_accounts("c1", [account(details=SUSPENDED)], NOW + 2 * HOUR)
    assert len(await suspended.services.orders()) == 1


async def test_a_warned_customer_is_cut_off_when_it_was_announced(announced: SqliteStore) -> None:
    cut = NOW + 26 * HOUR
    await call(announced, 1, reached=True, hours=2)
    assert await announced.services.move_clock(RULES, NOW + 3 * HOUR) == 1
    assert await state(announced) is ServiceState.WARNED_24H
    await call(announced, 2, reached=False, hours=22)
    await announced.services.move_clock(RULES, NOW + 23 * HOUR)
    assert await state(announced) is ServiceState.WARNED_4H
    assert await announced.services.move_clock(RULES, cut - timedelta(microseconds=1)) == 0
    assert await announced.services.move_clock(RULES, cut) == 1
    (order,) = await announced.services.orders()
    assert (order.kind, [each.reached for each in order.notices]) == (OrderKind.SUSPENSION, [True, False])
    assert await events(announced) == ["suspension.ordered"]
    assert await announced.services.move_clock(RULES, cut + HOUR) == 0
    await announced.services.confirm(order.order_id, "billing", cut + HOUR)
    assert await state(announced) is ServiceState.SUSPENDED
    await announced.debts.post(paid(), cut + 2 * HOUR)
    assert await events(announced) == ["suspension.ordered", "suspended", "restoration.ordered"]


async def test_by_default_nothing_is_suspended_from_here(announced: SqliteStore) -> None:
    await call(announced, 1, reached=True, hours=2)
    await announced.services.move_clock(ServiceRules(), NOW + 30 * HOUR)
    assert await announced.services.orders() == []


async def test_who_was_not_reached_is_not_cut_off(announced: SqliteStore) -> None:
    await call(announced, 1, reached=False, hours=2)
    await announced.services.move_clock(RULES, NOW + 27 * HOUR)
    assert await announced.services.orders() == []
    with pytest.raises(WrongState, match="1 of 3 tries"):
        await announced.services.suspend(*KEY, RULES, "li", NOW + 27 * HOUR)
    decision = await announced.services.decision(*KEY, ServiceRules(tries=1), NOW + 27 * HOUR)
    assert decision.ordered
    order = await announced.services.suspend(*KEY, ServiceRules(tries=1), "li", NOW + 27 * HOUR)
    assert order.ordered_by == "li"


@pytest.mark.parametrize("what", ["dispute", "promise"])
async def test_who_objects_or_has_promised_is_not_cut_off(announced: SqliteStore, what: str) -> None:
    await call(announced, 1, reached=True, hours=2)
    if what == "dispute":
        await announced.disputes.open(NewDispute(BILL, "bill", "api", "r1"), NOW + 3 * HOUR)
    else:
        promise = PromiseToPay(Decimal("568.32"), "2026-11-27")
        await announced.debts.promise(BILL, [promise], made_in="r1", source="api", now=NOW + 3 * HOUR)
    await announced.services.move_clock(RULES, NOW + 27 * HOUR)
    assert await announced.services.orders() == []


async def test_a_payment_withdraws_an_ordered_suspension(announced: SqliteStore) -> None:
    cut = NOW + 26 * HOUR
    await call(announced, 1, reached=True, hours=2)
    await announced.services.move_clock(RULES, cut)
    (order,) = await announced.services.orders()
    await announced.debts.post(paid(), cut + HOUR)
    assert await state(announced) is ServiceState.ACTIVE
    assert await events(announced) == ["suspension.ordered", "suspension.withdrawn"]
    # The billing system was faster: it says so, and the service is to come back at once.
    await announced.services.confirm(order.order_id, "billing", cut + 2 * HOUR)
    assert await state(announced) is ServiceState.RESTORATION_ORDERED
    assert await events(announced) == [
        "suspension.ordered",
        "suspension.withdrawn",
        "suspended",
        "restoration.ordered",
    ]


async def test_a_person_may_restore_out_of_goodwill(suspended: SqliteStore) -> None:
    order = await suspended.services.restore(*KEY, "a child in the house", "li", NOW)
    assert (order.payment_at, order.ordered_by) == (None, "li")
    await suspended.debts.post(paid("tx", "1.00"), NOW + HOUR)
    assert await state(suspended) is ServiceState.RESTORATION_ORDERED, "what is owed takes nothing back"
    with pytest.raises(WrongState):
        await suspended.services.restore(*KEY, "again", "li", NOW + HOUR)
    with pytest.raises(UnknownRecord):
        await suspended.services.restore("nobody", "none", "why", "li", NOW)
    with pytest.raises(UnknownRecord):
        await suspended.services.confirm("svc-none", "li", NOW)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.sampled_from(["a", "b", "c"])),
        st.tuples(st.just("back"), st.sampled_from(["a", "b", "c"])),
        st.tuples(st.just("confirm"), st.just("")),
        st.tuples(st.just("cut"), st.just("")),
    ),
    max_size=12,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_each_settlement_restores_once_whatever_is_repeated_or_taken_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str]]
) -> None:
    """Against a plain count: an order for each time that a suspended service came to owe nothing."""
    path = tmp_path_factory.mktemp("service") / "s.db"
    async with await filled(path, SUSPENDED) as store:
        done: set[tuple[str, str]] = set()
        now, expected, suspended_, open_ = NOW, 0, True, False
        for hour, (what, name) in zip(count(1), steps, strict=False):
            now = NOW + hour * HOUR
            before = _settled(done)
            if what == "pay":
                await store.debts.post(paid(name), now)
                done.add((what, name))
            elif what == "back":
                back = paid(f"back-{name}", kind=EntryKind.REVERSAL, reverses=name)
                await store.debts.post(back, now)
                done.add((what, name))
            elif what == "confirm" and open_:
                (order,) = await store.services.orders(state=OrderState.OPEN)
                await store.services.confirm(order.order_id, "billing", now)
                suspended_ = open_ = False
            elif what == "cut" and not suspended_ and not _settled(done):
                await store.load_accounts("c1", [account(details=SUSPENDED)], now)
                suspended_ = True
            after = _settled(done)
            if after and not before and suspended_:
                expected, open_ = expected + 1, True
            elif before and not after:
                open_ = False
        orders = await store.services.orders()
        assert len(orders) == expected
        told = Counter(await events(store))
        assert told["restoration.ordered"] == expected
        assert told["restoration.withdrawn"] == sum(each.state is OrderState.WITHDRAWN for each in orders)


def _settled(done: set[tuple[str, str]]) -> bool:
    stayed = {name for what, name in done if what == "pay"} - {name for what, name in done if what == "back"}
    return bool(stayed)


async def test_a_plan_restores_too_and_takes_it_back_when_it_ends(suspended: SqliteStore) -> None:
    later = NOW.date() + timedelta(days=5)
    wish = PlanRequest(PlanKind.DEFERRAL, until=later)
    reply = await suspended.plans.request(BILL, wish, source="agent", by="li", now=NOW)
    assert reply.plan is not None
    plan = reply.plan.plan_id
    for by in ("wang", "zhao"):
        await suspended.plans.approve(plan, by=by, role="supervisor", now=NOW)
    await suspended.plans.accept(plan, by="customer", now=NOW + HOUR)
    (order,) = await suspended.services.orders()
    assert (order.reason, order.payment_at) == ("a plan is being kept to", NOW + HOUR)
    await suspended.plans.cancel(plan, by="li", why="asked for it", now=NOW + 2 * HOUR)
    assert await state(suspended) is ServiceState.SUSPENDED


@pytest.mark.parametrize("delivered", [False, True])
async def test_a_delivered_message_is_a_notice_too(announced: SqliteStore, delivered: bool) -> None:
    await announced.messages.open_channels({"sms": "test"}, {}, NOW)
    at = NOW + HOUR
    planned = await announced.messages.plan(
        BILL,
        "suspension_warning",
        occasion="warning",
        purpose=Purpose.CONTACT,
        origin=Origin.OPERATOR,
        now=at,
    )
    (ready,) = await announced.messages.claim(at, 5, allow)
    assert ready.message_id == planned
    letter = Letter(ready.message_id, "sms", account().phone, "tomorrow at noon")
    await announced.messages.begin(letter, "test", at, allow)
    await announced.messages.handed(ready.message_id, SendResult(Handed.ACCEPTED, "ref-1"), at)
    if delivered:
        await announced.messages.receipt(Receipt("test", "ref-1", "delivered", at), at)
    await announced.services.move_clock(RULES, NOW + 27 * HOUR)
    orders = await announced.services.orders()
    assert [each.reference for order in orders for each in order.notices] == ([planned] if delivered else [])


async def test_who_has_settled_another_bill_by_a_list_is_restored_although_an_old_payment_restored_once(
    suspended: SqliteStore,
) -> None:
    await suspended.debts.post(paid(), NOW + HOUR)
    (first,) = await suspended.services.orders()
    await suspended.services.confirm(first.order_id, "billing", NOW + 2 * HOUR)
    # A month later another bill of the same account is open, and the service is suspended for it.
    later = NOW + timedelta(days=30)
    await suspended.load_accounts("c1", [account(bill="b2", details=SUSPENDED)], later)
    await suspended.load_accounts(
        "c1", [account(bill="b2", details=replace(SUSPENDED, region="BJ"))], later + HOUR
    )
    assert await state(suspended) is ServiceState.SUSPENDED
    nothing = account(bill="b2", details=SUSPENDED, amount_due=Decimal(0))
    await suspended.load_accounts("c1", [nothing], later + 2 * HOUR)
    assert await state(suspended) is ServiceState.RESTORATION_ORDERED
    orders = await suspended.services.orders(state=OrderState.OPEN)
    assert [each.payment_at for each in orders] == [later + 2 * HOUR]


async def test_a_plan_that_is_kept_again_orders_the_restoration_again(suspended: SqliteStore) -> None:
    wish = PlanRequest(PlanKind.DEFERRAL, until=NOW.date() + timedelta(days=10))
    reply = await suspended.plans.request(BILL, wish, source="agent", by="li", now=NOW)
    assert reply.plan is not None
    plan = reply.plan.plan_id
    for by in ("anna", "ben"):
        await suspended.plans.approve(plan, by=by, role="supervisor", now=NOW)
    await suspended.plans.accept(plan, by="customer", now=NOW + HOUR)
    # Another bill falls into arrears, and is paid at the counter: the first one's plan goes on.
    await suspended.load_accounts("c1", [account(bill="b2", details=SUSPENDED)], NOW + 2 * HOUR)
    changed = account(bill="b2", details=SUSPENDED, amount_due=Decimal(70))
    await suspended.load_accounts("c1", [changed], NOW + 3 * HOUR)
    assert await state(suspended) is ServiceState.SUSPENDED
    nothing = account(bill="b2", details=SUSPENDED, amount_due=Decimal(0))
    await suspended.load_accounts("c1", [nothing], NOW + 4 * HOUR)
    assert await state(suspended) is ServiceState.RESTORATION_ORDERED
    orders = await suspended.services.orders()
    assert Counter(each.state for each in orders) == {OrderState.WITHDRAWN: 1, OrderState.OPEN: 1}
