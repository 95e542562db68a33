"""Disputes in the database: opening pauses, the end lifts what was set, and the outbox knows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.domain.call_result import ConversationResult, DisputeClaim, PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.contact_facts import Flag
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.debt.plan import PlanState
from ari_app.domain.debt.promise import PromiseState
from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeStep, DisputeVerdict, step
from ari_app.domain.event_names import EVENTS
from ari_app.domain.verdict import Rule
from ari_app.errors import InputError, StoreError, UnknownRecord, WrongState
from ari_app.ports import BillKey
from ari_app.ports.disputes import NewDispute
from ari_app.ports.messages import Handed, Letter, Occasion, Reply, ReplyAction, ReplyDecision, SendResult
from ari_app.store.sqlite_store import SqliteStore
from tests.support.rules import decide
from tests.support.store_rows import (
    NOW,
    account,
    allow,
    broken_promises,
    campaign,
    enough,
    ids,
    no_events,
    outcome,
)

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
RIGHT = DisputeDecision(DisputeVerdict.UPHELD, "read wrongly", Decimal("468.32"))
WRONG = DisputeDecision(DisputeVerdict.REJECTED, "the meter is right")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    path = tmp_path / "s.db"
    async with await SqliteStore.open(path) as opened:
        await opened.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        await opened.load_accounts("c1", [account(), account(bill="b2")], NOW)
        yield opened
    assert broken_promises(path) == []


def claim(made_in: str = "req-1", category: str = "bill", bill: BillKey = BILL, **more: object) -> NewDispute:
    return NewDispute(bill, category, "api", made_in, "too much", **more)  # type: ignore[arg-type]


async def opened(store: SqliteStore, made_in: str = "req-1", category: str = "bill") -> str:
    found = await store.disputes.open(claim(made_in, category), NOW)
    assert found is not None
    return found.case_id


async def rule(store: SqliteStore, at: datetime = NOW) -> Rule:
    return decide((await store.contact_facts("cust-1", at))[0], at).rule


async def owed(store: SqliteStore) -> Decimal:
    return (await store.customer_accounts("cust-1"))[0].account.amount_due


async def events(store: SqliteStore) -> list[str]:
    return [each.event.removeprefix("collection.dispute.") for each in await store.outbox()]


async def test_opening_pauses_everything_at_once(store: SqliteStore) -> None:
    await store.debts.promise(
        BILL, [PromiseToPay(Decimal("9.00"), "2026-11-27")], made_in="p", source="page", now=NOW
    )
    before = await store.revision()
    case = await store.disputes.case(await opened(store))
    assert (case.state, case.team, case.escalation_team) == (
        DisputeState.IN_REVIEW,
        "finance",
        "finance-lead",
    )
    assert await rule(store) is Rule.DISPUTE_OPEN
    assert await store.revision() > before, "a ringing call is asked again"
    (promise,) = await store.debts.promises_of("cust-1")
    assert (promise.state, promise.why) == (PromiseState.WITHDRAWN, "disputed")
    assert [each.step for each in await store.disputes.history(case.case_id)] == ["open", "review"]
    assert await events(store) == ["collection.ptp.created", "collection.ptp.withdrawn", "opened"]


async def test_the_same_request_and_the_same_objection_are_one_case(store: SqliteStore) -> None:
    first = await store.disputes.open(claim(), NOW)
    again = await store.disputes.open(claim(), NOW + DAY)
    other = await store.disputes.open(claim("req-2"), NOW + DAY)
    assert first is not None
    assert again is not None
    assert other is not None
    assert [first.new, again.new, other.new] == [True, False, False]
    assert first.case_id == again.case_id == other.case_id
    assert [each.step for each in await store.disputes.history(first.case_id)] == [
        "open",
        "review",
        "repeated",
    ]
    assert await events(store) == ["opened"]


async def test_no_case_without_a_bill_or_a_category(store: SqliteStore) -> None:
    assert await store.disputes.open(claim(bill=BillKey("x", "y", "z")), NOW) is None
    with pytest.raises(InputError, match="meter, bill, service, other"):
        await store.disputes.open(claim(category="weather"), NOW)
    with pytest.raises(UnknownRecord):
        await store.disputes.case("dis-none")


async def test_an_upheld_dispute_credits_the_bill_and_lets_collection_go_on(store: SqliteStore) -> None:
    case_id = await opened(store)
    found = await store.disputes.decide(case_id, RIGHT, "li", NOW + HOUR)
    assert (found.state, found.credited, found.notice_wanted) == (
        DisputeState.DECIDED,
        Decimal("100.00"),
        True,
    )
    assert await owed(store) == Decimal("468.32")
    (entry,) = await store.debts.ledger(BILL)
    assert (entry.kind, entry.provider, entry.reference) == (EntryKind.CREDIT, "dispute", case_id)
    assert await rule(store) is Rule.ALLOWED
    with pytest.raises(WrongState):
        await store.disputes.decide(case_id, WRONG, "li", NOW + HOUR)
    told = await store.disputes.take(case_id, DisputeStep.NOTIFY, "sms", NOW + HOUR)
    assert not told.notice_wanted
    closed = await store.disputes.take(case_id, DisputeStep.CLOSE, "li", NOW + DAY, "answered")
    assert (closed.state, closed.closed_why) == (DisputeState.CLOSED, "answered")
    assert await events(store) == ["opened", "decided", "closed"]
    (decided,) = [each for each in await store.outbox() if each.event.endswith("decided")]
    assert decided.payload["credited"] == 100.0
    assert decided.payload["amountDue"] == 468.32


async def test_a_bill_found_to_be_void_owes_nothing(store: SqliteStore) -> None:
    void = replace(RIGHT, corrected=Decimal(0))
    await store.disputes.decide(await opened(store), void, "li", NOW + HOUR)
    assert await owed(store) == 0
    assert await rule(store) is Rule.PAID
    assert "payment.settled" in await events(store)


async def test_a_rejected_dispute_changes_no_amount(store: SqliteStore) -> None:
    await store.disputes.decide(await opened(store), WRONG, "li", NOW + HOUR)
    assert (await owed(store), await rule(store)) == (Decimal("568.32"), Rule.ALLOWED)
    assert await store.debts.ledger(BILL) == []


async def test_an_amount_that_does_not_fit_decides_nothing(store: SqliteStore) -> None:
    case_id = await opened(store)
    with pytest.raises(InputError, match="not below"):
        await store.disputes.decide(case_id, replace(RIGHT, corrected=Decimal("568.32")), "li", NOW)
    with pytest.raises(InputError, match="rejected"):
        await store.disputes.decide(case_id, replace(WRONG, corrected=Decimal("1.00")), "li", NOW)
    assert (await store.disputes.case(case_id)).state is DisputeState.IN_REVIEW
    assert await rule(store) is Rule.DISPUTE_OPEN


async def test_collection_rests_until_the_last_dispute_of_the_account_is_over(store: SqliteStore) -> None:
    one, two = await opened(store), await opened(store, "req-2", "service")
    other_bill = await store.disputes.open(claim("req-3", bill=replace(BILL, bill_id="b2")), NOW)
    assert other_bill is not None
    await store.disputes.decide(one, WRONG, "li", NOW + HOUR)
    assert await rule(store) is Rule.DISPUTE_OPEN
    await store.disputes.take(two, DisputeStep.WITHDRAW, "li", NOW + HOUR)
    assert await rule(store) is Rule.DISPUTE_OPEN
    await store.disputes.decide(other_bill.case_id, WRONG, "li", NOW + HOUR)
    assert await rule(store) is Rule.ALLOWED


async def test_a_flag_that_somebody_else_had_set_stays(store: SqliteStore) -> None:
    await store.set_flag("cust-1", Flag.DISPUTE, "a letter", NOW, "acc-1")
    await store.disputes.decide(await opened(store), WRONG, "li", NOW + HOUR)
    assert await rule(store) is Rule.DISPUTE_OPEN
    assert await store.clear_flag("cust-1", Flag.DISPUTE, "answered", NOW + HOUR, "acc-1")
    assert await rule(store) is Rule.ALLOWED


async def test_nobody_lifts_the_pause_of_an_open_dispute(store: SqliteStore) -> None:
    await opened(store)
    with pytest.raises(StoreError, match="whoever decides it lifts the pause"):
        await store.clear_flag("cust-1", Flag.DISPUTE, "in a hurry", NOW + HOUR, "acc-1")
    assert await rule(store) is Rule.DISPUTE_OPEN


async def test_what_had_been_refused_is_planned_again(store: SqliteStore) -> None:
    case_id = await opened(store)
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    await store.disputes.decide(case_id, WRONG, "li", NOW + HOUR)
    assert len(await store.claim_due("c1", NOW + HOUR, 5, decide, ids("again"))) == 1


async def test_what_a_call_disputes_is_a_case_in_the_same_transaction(store: SqliteStore) -> None:
    (attempt, *_) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    said = ConversationResult(
        "disputed", verified=True, dispute=DisputeClaim("meter", "never read", ("photo",), answer_days=1)
    )
    ended = outcome(attempt, "disputed", answered_at=NOW, conversation=said)
    await store.close_attempt(ended, enough, no_events)
    (case,) = await store.disputes.cases("cust-1")
    assert (case.category, case.description, case.offered) == ("meter", "never read", ("photo",))
    assert (case.attempt_id, case.source, case.answer_days) == (attempt.attempt_id, "call", 1)
    assert case.due_at == datetime.fromisoformat("2026-11-25T00:00:00+08:00"), "one day was promised"
    await store.disputes.take(case.case_id, DisputeStep.WITHDRAW, "li", NOW + HOUR)
    assert await rule(store, NOW + DAY) is Rule.ALLOWED, "the flag of the call was the dispute's"
    (again,) = await store.claim_due("c1", NOW + HOUR, 1, allow, ids("again"))
    assert again.account.key == attempt.account.key, "collection goes on where the dispute had ended it"
    (record, _) = await store.attempts(customer_id="cust-1")
    assert record.conversation is not None
    assert record.conversation.dispute is not None
    assert record.conversation.dispute.status == "closed"


async def test_a_call_that_says_no_more_than_disputed_is_a_case_all_the_same(store: SqliteStore) -> None:
    (attempt, *_) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    ended = outcome(
        attempt, "disputed", answered_at=NOW, conversation=ConversationResult("disputed", verified=True)
    )
    await store.close_attempt(ended, enough, no_events)
    (case,) = await store.disputes.cases("cust-1")
    assert (case.category, case.team) == ("other", "audit")


async def test_who_is_not_answered_in_time_is_handed_on_once(store: SqliteStore) -> None:
    case_id = await opened(store)
    await store.disputes.take(case_id, DisputeStep.ASK, "li", NOW, "a photo of the meter, please")
    due = (await store.disputes.case(case_id)).due_at
    assert await store.disputes.escalate_due(due - timedelta(microseconds=1)) == 0
    assert await store.disputes.escalate_due(due) == 1
    found = await store.disputes.case(case_id)
    assert (found.state, found.team) == (DisputeState.ESCALATED, "finance-lead")
    assert await rule(store) is Rule.DISPUTE_OPEN
    await store.disputes.take(case_id, DisputeStep.REVIEW, "wang", due, assignee="wang")
    assert await store.disputes.escalate_due(due + DAY) == 0
    assert await events(store) == ["opened", "escalated"]


async def test_many_that_are_late_are_handed_on_in_parts(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ari_app.store.disputes import disputes

    monkeypatch.setattr(disputes, "PART", 1)
    await opened(store)
    await opened(store, "req-2", "service")
    assert await store.disputes.escalate_due(NOW + 30 * DAY) == 2


async def test_a_dispute_ends_the_plan_of_its_bill(store: SqliteStore) -> None:
    wish = PlanRequest(PlanKind.DEFERRAL, until=NOW.date() + timedelta(days=5))
    reply = await store.plans.request(BILL, wish, source="agent", by="li", now=NOW)
    assert reply.plan is not None
    await opened(store)
    plan = await store.plans.plan(reply.plan.plan_id)
    assert plan is not None
    assert (plan.state, plan.why) == (PlanState.CANCELLED, "disputed")


async def test_what_a_customer_writes_against_is_a_case(store: SqliteStore) -> None:
    mark = Reply("sms", "in-1", "sms", account().phone, "这个月的账单不对", NOW)
    decision = ReplyDecision(ReplyAction.DISPUTE, "dispute")
    assert await store.messages.reply(mark, decision, NOW)
    assert not await store.messages.reply(mark, decision, NOW + HOUR)
    (case,) = await store.disputes.cases("cust-1")
    assert (case.source, case.description, case.team) == ("message", "这个月的账单不对", "finance")
    assert await rule(store) is Rule.DISPUTE_OPEN


async def test_who_has_been_written_to_is_notified(store: SqliteStore) -> None:
    await store.messages.open_channels(
        {"sms": "test"}, {"collection.dispute.decided": Occasion("dispute_decided", notice=True)}, NOW
    )
    case_id = await opened(store)
    await store.disputes.decide(case_id, WRONG, "li", NOW + HOUR)
    assert await store.disputes.note_notices(NOW + HOUR) == 0
    (message,) = await store.messages.messages(customer_id="cust-1")
    assert message.template == "dispute_decided"
    letter = Letter(message.message_id, "sms", account().phone, "the meter is right")
    (ready,) = await store.messages.claim(NOW + HOUR, 5, allow)
    assert ready.message_id == message.message_id
    await store.messages.begin(letter, "test", NOW + HOUR, allow)
    await store.messages.handed(message.message_id, SendResult(Handed.ACCEPTED, "ref-1"), NOW + HOUR)
    assert await store.disputes.note_notices(NOW + 2 * HOUR) == 1
    found = await store.disputes.case(case_id)
    assert (found.state, found.notice_wanted, found.notified_at) == (
        DisputeState.NOTIFIED,
        False,
        NOW + 2 * HOUR,
    )
    assert await store.disputes.note_notices(NOW + 3 * HOUR) == 0


async def test_the_decision_is_told_in_the_words_of_whoever_decided(store: SqliteStore) -> None:
    await store.messages.open_channels(
        {"sms": "test"}, {"collection.dispute.decided": Occasion("dispute_decided", notice=True)}, NOW
    )
    await store.disputes.decide(await opened(store), WRONG, "li", NOW + HOUR)
    (ready,) = await store.messages.claim(NOW + HOUR, 5, allow)
    assert ready.values["decision"] == "the meter is right"


async def test_a_call_that_rings_is_released(store: SqliteStore) -> None:
    (attempt, *_) = await store.claim_due("c1", NOW, 1, decide, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    assert await store.withdrawn([attempt.attempt_id], NOW, decide) == {}
    await opened(store)
    (verdict,) = (await store.withdrawn([attempt.attempt_id], NOW, decide)).values()
    assert verdict.rule is Rule.DISPUTE_OPEN


async def test_nothing_is_half_done(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault in the middle of a decision leaves no credit, no lifted pause and no event."""
    from ari_app.store.disputes import cases

    case_id, told = await opened(store), await events(store)
    monkeypatch.setattr(cases, "tell_decided", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        await store.disputes.decide(case_id, RIGHT, "li", NOW + HOUR)
    assert await rule(store) is Rule.DISPUTE_OPEN
    assert (await owed(store), await store.debts.ledger(BILL)) == (Decimal("568.32"), [])
    assert await events(store) == told


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["open", "set", "clear", "review", "ask", "answer", "withdraw", "decide", "late"]),
        st.sampled_from(["bill", "meter"]),
        st.sampled_from(["b1", "b2"]),
    ),
    max_size=14,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MOVES)
async def test_an_open_dispute_always_pauses_and_its_end_lifts_exactly_what_it_set(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, str, str]]
) -> None:
    """Against a plain model: the account rests while a case is open, or while somebody else's flag stands."""
    path = tmp_path_factory.mktemp("disputes") / "s.db"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(), account(bill="b2")], NOW)
        cases: dict[tuple[str, str], str] = {}
        theirs, number = False, 0
        for number, (what, category, bill) in enumerate(moves):
            at = NOW + number * HOUR
            if what == "open":
                found = await store.disputes.open(
                    claim(f"r{number}", category, replace(BILL, bill_id=bill)), at
                )
                assert found is not None
                assert found.new == ((category, bill) not in cases)
                cases[category, bill] = found.case_id
            elif what == "set":
                theirs |= await store.set_flag("cust-1", Flag.DISPUTE, "a letter", at, "acc-1")
            elif what == "clear":
                if cases:
                    with pytest.raises(StoreError):
                        await store.clear_flag("cust-1", Flag.DISPUTE, "me", at, "acc-1")
                else:
                    assert await store.clear_flag("cust-1", Flag.DISPUTE, "me", at, "acc-1") == theirs
                    theirs = False
            elif (category, bill) in cases:
                await _moved(store, what, category, bill, cases, at)
            assert await paused(store, at) == (bool(cases) or theirs)
        for case_id in cases.values():
            await store.disputes.take(case_id, DisputeStep.WITHDRAW, "li", NOW + (number + 1) * HOUR)
        assert await paused(store, NOW + (number + 2) * HOUR) == theirs


async def _moved(
    store: SqliteStore,
    what: str,
    category: str,
    bill: str,
    cases: dict[tuple[str, str], str],
    at: datetime,
) -> None:
    case_id = cases[category, bill]
    if what == "late":
        await store.disputes.escalate_due(at + 60 * DAY)
        return
    taken = DisputeStep(what)
    before = await store.disputes.case(case_id)
    over = what in ("withdraw", "decide")
    try:
        if what == "decide":
            await store.disputes.decide(case_id, WRONG, "li", at)
        else:
            await store.disputes.take(case_id, taken, "li", at)
    except WrongState:
        assert step(before.state, taken) is None
        return
    assert (await store.disputes.case(case_id)).state is step(before.state, taken)
    if over:
        del cases[category, bill]


async def paused(store: SqliteStore, at: datetime) -> bool:
    facts = (await store.contact_facts("cust-1", at))[0]
    return any(each.flag is Flag.DISPUTE for each in facts.flags)
