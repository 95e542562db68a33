"""Plans in the database: asked for, approved by different people, accepted, kept or breached, each told once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from ari_app.domain.call_result import (
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
)
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag
from ari_app.domain.debt.approval import ApprovalLevel, ApprovalTable, PlanLimits
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.debt.plan import NEXT, PlanState
from ari_app.domain.event_names import EVENTS
from ari_app.domain.plan import InstalmentOption, instalment_terms
from ari_app.errors import StoreError
from ari_app.ports import BillKey, Movement
from ari_app.ports.messages import Occasion
from ari_app.ports.plans import PlanAnswer, PlanCase
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, allow, campaign, enough, ids, no_events, outcome, tomorrow
from tests.support.verdicts import decide

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
SUM = Decimal("568.32")
TABLE = ApprovalTable(
    (
        ApprovalLevel("nobody", 0, (), (PlanKind.DEFERRAL,), Decimal(100)),
        ApprovalLevel("lead", 1, ("supervisor",), (PlanKind.INSTALLMENT, PlanKind.DEFERRAL)),
        ApprovalLevel("two", 2, ("finance", "legal")),
    ),
    {PlanKind.WAIVER: PlanLimits(most_percent=Decimal(50))},
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        await opened.load_accounts("c1", [account()], NOW - timedelta(hours=1))
        opened.plans.use_approvals(lambda: TABLE)
        yield opened


def rates(periods: int = 3, fee: str = "1", first: date | None = None, amount: Decimal = SUM) -> PlanRequest:
    first = first or NOW.date() + timedelta(days=7)
    return instalment_terms(amount, InstalmentOption(periods, Decimal(fee)), first).request("CNY")


async def asked(
    store: SqliteStore, wish: PlanRequest | None = None, source: str = "page", by: str = ""
) -> PlanCase:
    reply = await store.plans.request(BILL, wish or rates(), source=source, by=by, now=NOW)
    assert reply.plan is not None, reply
    return reply.plan


async def running(store: SqliteStore, wish: PlanRequest | None = None) -> PlanCase:
    plan = await asked(store, wish)
    reply = await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    assert reply.plan is not None
    assert reply.plan.state is PlanState.ACTIVE
    return reply.plan


async def pay(store: SqliteStore, amount: str, at: datetime, reference: str, **changes: object) -> None:
    fields: dict[str, object] = {
        "bill": BILL,
        "kind": EntryKind.PAYMENT,
        "amount": Decimal(amount),
        "currency": "CNY",
        "occurred_at": at,
        "provider": "bank",
        "reference": reference,
    }
    await store.debts.post(Movement(**{**fields, **changes}), at)  # type: ignore[arg-type]


async def owed(store: SqliteStore) -> Decimal:
    (found,) = await store.customer_accounts("cust-1")
    return found.account.amount_due


async def events(store: SqliteStore) -> list[str]:
    return [each.event.removeprefix("collection.") for each in await store.outbox()]


async def now_is(store: SqliteStore, plan: PlanCase) -> PlanCase:
    found = await store.plans.plan(plan.plan_id)
    assert found is not None
    return found


async def test_a_customers_own_request_begins_when_the_last_of_those_who_have_to_approves_it(
    store: SqliteStore,
) -> None:
    plan = await asked(store)
    assert (plan.state, plan.level, plan.people) == (PlanState.AWAITING_APPROVAL, "lead", 1)
    assert [str(each.instalment.amount) for each in plan.instalments] == ["195.12", "195.12", "195.13"]
    reply = await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW, note="pays well")
    assert reply.plan is not None
    assert reply.plan.state is PlanState.ACTIVE
    assert [step.state.value for step in reply.plan.steps] == [
        "requested",
        "awaiting_approval",
        "approved",
        "active",
    ]
    # The fee is owed now, once.
    assert await owed(store) == Decimal("585.37") == SUM + plan.fee
    assert [entry.kind for entry in await store.debts.ledger(BILL)] == [EntryKind.FEE]
    assert await events(store) == ["plan.requested", "plan.approved", "plan.activated"]


async def test_what_the_company_asks_for_waits_for_the_customers_acceptance(store: SqliteStore) -> None:
    plan = await asked(store, source="agent", by="Li Na")
    approved = await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    assert approved.plan is not None
    assert approved.plan.state is PlanState.APPROVED
    assert (await store.plans.accept(plan.plan_id, by=" ", now=NOW)).answer is PlanAnswer.REFUSED
    accepted = await store.plans.accept(plan.plan_id, by="customer", now=NOW)
    assert accepted.plan is not None
    assert (accepted.plan.state, accepted.plan.accepted_by) == (PlanState.ACTIVE, "customer")
    assert (await store.plans.accept(plan.plan_id, by="customer", now=NOW)).answer is PlanAnswer.REFUSED


async def test_two_people_are_two_and_never_the_one_who_asked(store: SqliteStore) -> None:
    waiver = PlanRequest(PlanKind.WAIVER, waived=Decimal("68.32"))
    plan = await asked(store, waiver, source="agent", by="Li Na")

    async def tries(name: str, role: str = "finance") -> str:
        return (await store.plans.approve(plan.plan_id, by=name, role=role, now=NOW)).reason

    assert "asked for" in await tries("li  NA")
    assert "not by agent" in await tries("Wang", "agent")
    assert await tries("Wang") == ""
    assert "another person" in await tries("WANG ", "legal")
    assert (await now_is(store, plan)).state is PlanState.AWAITING_APPROVAL
    assert await tries("Zhao", "legal") == ""
    assert (await now_is(store, plan)).state is PlanState.APPROVED
    assert [each.name for each in (await now_is(store, plan)).approvals] == ["Wang", "Zhao"]


async def test_the_database_itself_keeps_four_eyes(store: SqliteStore) -> None:
    plan = await asked(store, PlanRequest(PlanKind.WAIVER, waived=Decimal(9)), source="agent", by="Li Na")
    with closing(sqlite3.connect(store.path)) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="asked for"):
            connection.execute(
                "INSERT INTO plan_approval (plan_id, person, name, role, at) VALUES (?, 'li na', 'x', 'legal', 0)",
                [plan.plan_id],
            )
        with pytest.raises(sqlite3.IntegrityError, match="as many people"):
            connection.execute("UPDATE plan_case SET state = 'approved' WHERE plan_id = ?", [plan.plan_id])


async def test_a_waiver_lets_off_its_sum_and_is_over(store: SqliteStore) -> None:
    plan = await asked(store, PlanRequest(PlanKind.WAIVER, waived=Decimal("68.32")))
    for name in ("Wang", "Zhao"):
        await store.plans.approve(plan.plan_id, by=name, role="finance", now=NOW)
    assert (await now_is(store, plan)).state is PlanState.COMPLETED
    assert await owed(store) == Decimal("500.00")


async def test_a_rule_refuses_with_its_reason_and_keeps_the_request(store: SqliteStore) -> None:
    reply = await store.plans.request(
        BILL, PlanRequest(PlanKind.WAIVER, waived=Decimal(300)), source="api", by="crm", now=NOW
    )
    assert reply.answer is PlanAnswer.REFUSED
    assert "more than" in reply.reason
    assert reply.plan is not None
    assert reply.plan.state is PlanState.REJECTED
    await store.set_flag("cust-1", Flag.DISPUTE, "letter", NOW)
    refused = await store.plans.request(BILL, rates(), source="page", by="", now=NOW)
    assert "disputed" in refused.reason
    assert await events(store) == ["plan.requested", "plan.rejected"] * 2
    stranger = BillKey("nobody", "x", "y")
    assert (
        await store.plans.request(stranger, rates(), source="page", by="", now=NOW)
    ).answer is PlanAnswer.UNKNOWN
    assert (
        await store.plans.approve("plan-0", by="Wang", role="legal", now=NOW)
    ).answer is PlanAnswer.UNKNOWN


async def test_who_asks_in_the_name_of_the_company_says_who_he_is(store: SqliteStore) -> None:
    for source in ("agent", "api"):
        reply = await store.plans.request(BILL, rates(), source=source, by=" \u200b", now=NOW)
        assert (reply.answer, reply.plan, "who he is" in reply.reason) == (PlanAnswer.REFUSED, None, True)


async def test_a_charge_back_after_a_waiver_reopens_the_plan_before_it(store: SqliteStore) -> None:
    plan = await running(store, PlanRequest(PlanKind.DEFERRAL, until=NOW.date() + timedelta(days=9)))
    await pay(store, "568.32", NOW + timedelta(days=1), "t1")
    assert (await now_is(store, plan)).state is PlanState.COMPLETED
    await store.load_accounts("c1", [account(amount_due=Decimal("600.00"))], NOW + timedelta(days=2))
    waiver = PlanRequest(PlanKind.WAIVER, waived=Decimal(30))
    reply = await store.plans.request(BILL, waiver, source="page", by="", now=NOW + timedelta(days=2))
    assert reply.plan is not None
    for name in ("Wang", "Zhao"):
        await store.plans.approve(reply.plan.plan_id, by=name, role="legal", now=NOW + timedelta(days=2))
    assert (await now_is(store, reply.plan)).state is PlanState.COMPLETED
    await pay(store, "568.32", NOW + timedelta(days=3), "r1", kind=EntryKind.REVERSAL, reverses="t1")
    assert (await now_is(store, plan)).state is PlanState.ACTIVE


async def test_a_person_refuses_with_a_reason(store: SqliteStore) -> None:
    plan = await asked(store)
    assert (
        "says why"
        in (await store.plans.reject(plan.plan_id, by="Wang", role="supervisor", why=" ", now=NOW)).reason
    )
    done = await store.plans.reject(plan.plan_id, by="Wang", role="supervisor", why="pays in cash", now=NOW)
    assert done.plan is not None
    assert (done.plan.state, done.plan.why) == (PlanState.REJECTED, "pays in cash")


async def test_the_newer_request_replaces_one_that_waits(store: SqliteStore) -> None:
    first = await asked(store)
    second = await asked(store, rates(6))
    assert (await now_is(store, first)).state is PlanState.CANCELLED
    assert second.state is PlanState.AWAITING_APPROVAL
    await store.plans.approve(second.plan_id, by="Wang", role="supervisor", now=NOW)
    third = await store.plans.request(BILL, rates(12), source="page", by="", now=NOW)
    assert "plan that runs" in third.reason


async def test_a_plan_withdraws_the_promises_it_replaces(store: SqliteStore) -> None:
    promise = [PromiseToPay(Decimal("300.00"), (NOW.date() + timedelta(days=2)).isoformat())]
    await store.debts.promise(BILL, promise, made_in="page-1", source="page", now=NOW)
    await running(store)
    (found,) = await store.debts.promises_of("cust-1")
    assert (found.state, found.why) == ("withdrawn", "replaced by a plan")


async def test_one_payment_moves_the_plan_and_what_is_owed_at_once(store: SqliteStore) -> None:
    plan = await running(store, rates(fee="0"))
    await pay(store, "189.44", NOW + timedelta(days=2), "t1")
    found = await now_is(store, plan)
    assert (found.paid_periods, found.covered, found.left) == (1, Decimal("189.44"), Decimal("378.88"))
    await pay(store, "378.88", NOW + timedelta(days=3), "t2")
    assert (await now_is(store, plan)).state is PlanState.COMPLETED
    assert (await events(store))[-3:] == ["plan.completed", "payment.settled", "payment.received"]
    await pay(store, "378.88", NOW + timedelta(days=4), "r2", kind=EntryKind.REVERSAL, reverses="t2")
    again = await now_is(store, plan)
    assert (again.state, again.paid_periods) == (PlanState.ACTIVE, 1)


async def test_an_instalment_that_is_missed_is_told_and_breaches_the_plan_after_its_grace(
    store: SqliteStore,
) -> None:
    plan = await running(store, rates(fee="0"))
    first = plan.instalments[0].instalment.day
    day_after = datetime.combine(first, NOW.timetz()) + timedelta(days=1)
    assert await store.plans.move_clock(day_after) == 1
    assert (await now_is(store, plan)).state is PlanState.ACTIVE
    assert (await events(store))[-1] == "plan.instalment_missed"
    await pay(store, "10.00", day_after, "t1")  # a part of it tells nothing new
    assert (await events(store)).count("plan.instalment_missed") == 1
    await store.plans.move_clock(day_after + timedelta(days=3))
    breached = await now_is(store, plan)
    assert (breached.state, breached.why) == (
        PlanState.BREACHED,
        "instalment 1 was not paid within its days of grace",
    )
    assert (await events(store)).count("plan.breached") == 1
    assert await store.plans.move_clock(day_after + timedelta(days=60)) == 0
    # The bank tells late that it came in time after all.
    in_time = day_after - timedelta(hours=30)
    await store.debts.post(
        Movement(BILL, EntryKind.PAYMENT, Decimal("189.44"), "CNY", in_time, "bank", "t9"),
        day_after + timedelta(days=5),
    )
    assert (await now_is(store, plan)).state is PlanState.ACTIVE


async def test_a_plan_that_nobody_decides_about_ends_with_its_first_day(store: SqliteStore) -> None:
    plan = await asked(store)
    await store.plans.move_clock(NOW + timedelta(days=9))
    found = await now_is(store, plan)
    assert (found.state, found.why) == (PlanState.CANCELLED, "its first day has passed before it began")


async def test_a_waiting_plan_of_a_paid_bill_is_cancelled(store: SqliteStore) -> None:
    plan = await asked(store)
    await pay(store, "568.32", NOW + timedelta(hours=1), "t1")
    assert (await now_is(store, plan)).why == "nothing is owed any more"


async def test_cancelling_needs_a_name_and_a_reason(store: SqliteStore) -> None:
    plan = await running(store)
    assert (await store.plans.cancel(plan.plan_id, by="", why="x", now=NOW)).answer is PlanAnswer.REFUSED
    done = await store.plans.cancel(plan.plan_id, by="Wang", why="the customer wants to pay at once", now=NOW)
    assert done.plan is not None
    assert done.plan.state is PlanState.CANCELLED


async def test_whatever_is_done_in_whatever_order_plans_move_as_the_table_says(store: SqliteStore) -> None:
    """A random walk of people, money and days."""
    dice, now, ids = Random(7), NOW, []
    names, roles = ["Wang", "wang", "Zhao", "Li Na", ""], ["supervisor", "finance", "legal", "agent"]
    wishes = [
        rates(),
        rates(6),
        PlanRequest(PlanKind.DEFERRAL),
        PlanRequest(PlanKind.WAIVER, waived=Decimal(50)),
    ]
    for step in range(160):
        now += timedelta(hours=dice.randint(0, 30))
        wish = dice.choice(wishes)
        if wish.kind is PlanKind.DEFERRAL:
            wish = replace(wish, until=now.date() + timedelta(days=dice.randint(-1, 20)))
        elif wish.kind is PlanKind.INSTALLMENT:
            amount = await owed(store)
            if amount < 10:
                await store.load_accounts("c1", [account(amount_due=SUM + step)], now)
                continue
            wish = rates(wish.periods, first=now.date() + timedelta(days=5), amount=amount)
        source = dice.choice(["page", "agent", "api"])
        name, role = dice.choice(names), dice.choice(roles)
        match dice.randint(0, 7):
            case 0 | 1:
                reply = await store.plans.request(
                    BILL, wish, source=source, by="" if source == "page" else name or "crm", now=now
                )
                if reply.plan is not None:
                    ids.append(reply.plan.plan_id)
            case 2 | 3 | 4 if ids:
                await store.plans.approve(ids[-1], by=name, role=role, now=now)
            case 5 if ids:
                await store.plans.accept(ids[-1], by=name, now=now)
            case 6:
                await pay(store, str(dice.randint(1, 200)), now, f"t{step}")
            case _:
                await store.plans.move_clock(now)
    kinds = set()
    for plan in await store.plans.plans(customer_id="cust-1"):
        found = await now_is(store, plan)
        moves = [each.state for each in found.steps]
        assert moves[0] is PlanState.REQUESTED
        for before, after in pairwise(moves):
            assert after in NEXT[before], (plan.plan_id, moves)
            kinds.add(after)
        assert moves[-1] is found.state
        keys = {each.name.strip().casefold() for each in found.approvals}
        assert len(keys) == len(found.approvals)
        assert found.requested_by.strip().casefold() not in keys or not found.requested_by
        if PlanState.APPROVED in moves:
            assert len(keys) >= found.people
        assert found.covered <= found.amount + found.fee
    assert {PlanState.ACTIVE, PlanState.APPROVED, PlanState.REJECTED, PlanState.CANCELLED} <= kinds


# ------------------------------------------------------------------------------------------------- the gate


async def verdict(store: SqliteStore, at: datetime) -> tuple[bool, Rule, datetime | None]:
    (facts,) = await store.contact_facts("cust-1", at)
    found = decide(replace(facts, due_at=None), at)
    return found.allowed, found.rule, found.until


async def test_nobody_is_called_about_a_bill_whose_plan_is_kept(store: SqliteStore) -> None:
    assert (await verdict(store, NOW))[0]
    plan = await running(store)
    first = plan.instalments[0].instalment.day
    after = datetime.combine(first + timedelta(days=1), time(), ZoneInfo("Asia/Shanghai"))
    assert await verdict(store, NOW) == (False, Rule.PLAN_ACTIVE, after)
    claimed = await store.claim_due("c1", NOW, 1, decide, ids())
    assert claimed == []
    assert await store.next_due_at("c1") == after
    # Late: it may be reminded of.
    late = after + timedelta(hours=10)
    await store.plans.move_clock(late)
    assert (await verdict(store, late))[1] is not Rule.PLAN_ACTIVE
    # Paid after all: quiet until the next one.
    await pay(store, "195.12", late, "t1")
    assert (await verdict(store, late))[1] is Rule.PLAN_ACTIVE


async def test_the_end_of_a_plan_lets_calls_begin_again_at_once(store: SqliteStore) -> None:
    plan = await running(store)
    await store.claim_due("c1", NOW, 1, decide, ids())
    await store.plans.cancel(plan.plan_id, by="Wang", why="asked for by the customer", now=NOW)
    assert await store.next_due_at("c1") == NOW - timedelta(hours=1)
    assert (await verdict(store, NOW))[0]


async def test_a_call_that_rings_when_the_plan_begins_is_taken_back(store: SqliteStore) -> None:
    plan = await asked(store)
    before = await store.revision()
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    assert await store.revision() > before
    found = await store.withdrawn([attempt.attempt_id], NOW, decide)
    assert found[attempt.attempt_id].rule is Rule.PLAN_ACTIVE


# ---------------------------------------------------------------------------------------------------- of calls


async def talked(store: SqliteStore, said: ConversationResult) -> str:
    """A call that ends with this; the id of its attempt."""
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    await pay(store, "68.32", NOW + timedelta(seconds=1), "during the call")
    ended = outcome(attempt, "plan_requested", answered_at=NOW + timedelta(seconds=1), conversation=said)
    await store.close_attempt(ended, tomorrow, no_events)
    return attempt.attempt_id


async def test_a_plan_of_a_call_was_read_back_so_its_approval_begins_it(store: SqliteStore) -> None:
    attempt = await talked(store, ConversationResult("plan_requested", verified=True, plan=rates(fee="0")))
    (plan,) = await store.plans.plans(state=PlanState.AWAITING_APPROVAL)
    assert (plan.source, plan.attempt_id, plan.requested_by, plan.accepted_by) == (
        "call",
        attempt,
        "",
        "customer",
    )
    await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW + timedelta(hours=1))
    begun = await now_is(store, plan)
    # What was paid while they talked counts for the sum that was read back.
    assert (begun.state, begun.amount, begun.covered) == (PlanState.ACTIVE, SUM, Decimal("68.32"))


async def test_a_plan_that_is_not_complete_is_left_to_a_person_and_keeps_no_call_open(
    store: SqliteStore,
) -> None:
    await talked(
        store, ConversationResult("plan_requested", verified=True, plan=PlanRequest(PlanKind.WAIVER))
    )
    assert await store.plans.plans() == []
    assert await store.open_attempts() == []


async def test_a_dispute_in_the_same_call_goes_before_its_plan(store: SqliteStore) -> None:
    claim = DisputeClaim("bill", "too much")
    await talked(store, ConversationResult("disputed", verified=True, plan=rates(), dispute=claim))
    (plan,) = await store.plans.plans()
    assert (plan.state, "disputed" in plan.why) == (PlanState.REJECTED, True)


async def closed(store: SqliteStore) -> PlanCase:
    """An account that a call has closed, because a plan was asked for."""
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    said = ConversationResult("plan_requested", verified=True, plan=rates(fee="0"))
    await store.close_attempt(
        outcome(attempt, "plan_requested", answered_at=NOW, conversation=said), enough, no_events
    )
    assert await store.next_due_at("c1") is None
    (plan,) = await store.plans.plans()
    return plan


async def test_collection_goes_on_where_what_was_agreed_has_failed(store: SqliteStore) -> None:
    plan = await closed(store)
    await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    assert await store.next_due_at("c1") is None
    later = NOW + timedelta(days=20)
    await store.plans.move_clock(later)
    assert (await now_is(store, plan)).state is PlanState.BREACHED
    assert await store.next_due_at("c1") == later + timedelta(minutes=1)
    (again,) = await store.debts.attempts_to_replan(later)
    assert again.otherwise == later
    assert (again.follow_ups, await store.debts.replan(again, again.otherwise)) == ((), True)
    assert len(await store.claim_due("c1", later, 1, allow, ids("again"))) == 1


async def test_a_plan_that_is_refused_lets_collection_go_on_and_one_that_is_replaced_does_not(
    store: SqliteStore,
) -> None:
    first = await closed(store)
    second = await asked(store, rates(6))
    assert (await now_is(store, first)).state is PlanState.CANCELLED
    assert await store.next_due_at("c1") is None
    await store.plans.reject(second.plan_id, by="Wang", role="supervisor", why="no", now=NOW)
    assert await store.next_due_at("c1") == NOW + timedelta(minutes=1)


async def test_who_has_approved_stands_in_the_result_of_the_call(store: SqliteStore) -> None:
    plan = await closed(store)
    await store.plans.approve(plan.plan_id, by="Wang Li", role="supervisor", now=NOW)
    (record,) = await store.attempts("c1")
    assert record.conversation is not None
    assert record.conversation.plan is not None
    assert record.conversation.plan.approver == "Wang Li"


async def test_a_message_tells_the_customer_of_the_plan_that_begins(store: SqliteStore) -> None:
    occasion = Occasion("plan_approved", notice=True)
    await store.messages.open_channels({"sms": "gateway"}, {"collection.plan.activated": occasion}, NOW)
    await running(store)
    (message,) = await store.messages.claim(NOW, 9, allow)
    assert (message.template, message.values["plan"]) == (
        "plan_approved",
        "分 3 期，每期 195.12 元，末期 195.13 元，首期 2026年11月30日",
    )


# ------------------------------------------------------------------------------------- at once, and broken off


async def test_of_the_same_approval_twice_at_once_one_counts(store: SqliteStore) -> None:
    plan = await asked(store, PlanRequest(PlanKind.WAIVER, waived=Decimal(30)))
    names = ["Wang Li", "wang li", "WANG  LI"]
    replies = await asyncio.gather(
        *(store.plans.approve(plan.plan_id, by=name, role="finance", now=NOW) for name in names)
    )
    assert sorted(each.answer for each in replies) == ["done", "refused", "refused"]
    assert (await now_is(store, plan)).state is PlanState.AWAITING_APPROVAL


async def test_a_plan_that_is_accepted_twice_at_once_begins_once(store: SqliteStore) -> None:
    plan = await asked(store, source="agent", by="Li Na")
    await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    replies = await asyncio.gather(
        *(store.plans.accept(plan.plan_id, by="customer", now=NOW) for _ in range(5))
    )
    assert sorted(each.answer for each in replies) == ["done", *["refused"] * 4]
    assert [entry.kind for entry in await store.debts.ledger(BILL)] == [EntryKind.FEE]


async def test_what_breaks_off_while_a_plan_begins_leaves_nothing_of_it(store: SqliteStore) -> None:
    plan = await asked(store)
    promise = [PromiseToPay(Decimal("300.00"), (NOW.date() + timedelta(days=2)).isoformat())]
    await store.debts.promise(BILL, promise, made_in="page-1", source="page", now=NOW)
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute(
            "CREATE TRIGGER fault BEFORE INSERT ON outbox WHEN new.event = 'collection.plan.activated' "
            "BEGIN SELECT RAISE(ABORT, 'the disk has gone'); END"
        )
        connection.commit()
    with pytest.raises(StoreError):
        await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    found = await now_is(store, plan)
    assert (found.state, found.approvals) == (PlanState.AWAITING_APPROVAL, ())
    assert await store.debts.ledger(BILL) == []
    (still,) = await store.debts.promises_of("cust-1")
    assert still.state == "open"
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("DROP TRIGGER fault")
        connection.commit()
    await store.plans.approve(plan.plan_id, by="Wang", role="supervisor", now=NOW)
    assert (await now_is(store, plan)).state is PlanState.ACTIVE


async def test_the_list_loaded_again_leaves_a_running_plan_as_it_is(store: SqliteStore) -> None:
    plan = await running(store, rates(fee="0"))
    await pay(store, "189.44", NOW + timedelta(days=1), "t1")
    assert (await store.load_accounts("c1", [account()], NOW + timedelta(days=2))).unchanged == 1
    # The billing system states what is left: the money that it has counted still counts for the plan.
    await store.load_accounts("c1", [account(amount_due=Decimal("378.88"))], NOW + timedelta(days=2))
    found = await now_is(store, plan)
    assert (found.state, found.paid_periods, await owed(store)) == (PlanState.ACTIVE, 1, Decimal("378.88"))
