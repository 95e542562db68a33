"""From reservation to disposition in the store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.attempt import OpenAttempt, ReservedAttempt
from ari_app.domain.call_result import ConversationResult, PromiseToPay
from ari_app.domain.campaign import CampaignStatus, DiallerSpec
from ari_app.domain.compliance import ContactFacts, DialVerdict, Rule
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.domain.retry import RetryDecision
from ari_app.errors import StoreError
from ari_app.ports import AttemptHistory
from ari_app.store import SqliteStore, gate, sqlite_store
from tests.support.rules import MAX_DIALS_A_DAY, decide
from tests.support.store_rows import (
    NOW,
    account,
    allow,
    broken_promises,
    campaign,
    completed,
    dead,
    deny_with,
    enough,
    ids,
    no_events,
    outcome,
    talked,
    tomorrow,
)

pytestmark = pytest.mark.fakes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def reserve(store: SqliteStore, *numbers: int) -> list[ReservedAttempt]:
    await store.load_accounts("c1", [account(number) for number in numbers], NOW)
    return await store.claim_due("c1", NOW, len(numbers), decide, ids())


async def test_a_claim_reserves_an_attempt_and_stores_why(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    assert attempt.account == account(1)
    assert attempt.caller_id in campaign().dialler.caller_id_pool
    assert (attempt.number, attempt.reserved_at, attempt.flow) == (1, NOW, "reminder")
    assert await store.open_attempts() == [OpenAttempt(attempt.attempt_id, "c1", "cust-1", NOW, None, None)]
    (verdict,) = await store.verdicts("cust-1")
    assert (verdict.asked, verdict.attempt_id, verdict.count) == ("plan", attempt.attempt_id, 1)
    assert verdict.verdict == attempt.verdict
    count = await store.campaign_count("c1", NOW)
    assert (count.accounts, count.waiting, count.due_now, count.open_attempts) == (1, 0, 0, 1)


async def test_a_claim_takes_the_longest_due_first_and_no_more_than_asked(store: SqliteStore) -> None:
    for number in (3, 1, 2):
        await store.load_accounts("c1", [account(number)], NOW - timedelta(minutes=number))
    claimed = await store.claim_due("c1", NOW, 2, decide, ids())
    assert [attempt.account.customer_id for attempt in claimed] == ["cust-3", "cust-2"]
    assert await store.claim_due("c1", NOW, 0, decide, ids("zero")) == []
    assert (await store.campaign_count("c1", NOW)).due_now == 1


async def test_a_claim_for_an_unknown_campaign_is_an_error(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="campaign c9: there is no such campaign"):
        await store.claim_due("c9", NOW, 1, decide, ids())


@pytest.mark.parametrize("gate_of_test", [decide, allow], ids=["the law", "a gate that allows everything"])
async def test_two_bills_of_one_customer_are_never_open_together(
    store: SqliteStore, gate_of_test: object
) -> None:
    await store.load_accounts("c1", [account(1, "b1"), account(1, "b2")], NOW)
    ask = decide if gate_of_test is decide else allow
    (attempt,) = await store.claim_due("c1", NOW, 5, ask, ids())
    refused = [found for found in await store.verdicts("cust-1") if not found.verdict.allowed]
    assert [found.verdict.rule for found in refused] == [Rule.OPEN_ATTEMPT]
    assert await store.next_due_at("c1") is None
    await store.close_attempt(outcome(attempt), tomorrow, no_events)
    (second,) = await store.claim_due("c1", NOW + timedelta(seconds=9), 5, ask, ids("second"))
    assert second.account.bill_id != attempt.account.bill_id


async def test_the_open_attempt_of_another_campaign_counts(store: SqliteStore) -> None:
    await store.put_campaign(campaign("c2"))
    await store.load_accounts("c2", [account(1)], NOW)
    (attempt,) = await reserve(store, 1)
    assert await store.claim_due("c2", NOW, 5, decide, ids("other")) == []
    await store.close_attempt(outcome(attempt), tomorrow, no_events)
    assert len(await store.claim_due("c2", NOW + timedelta(seconds=9), 5, decide, ids("other"))) == 1


async def test_the_database_itself_refuses_a_second_open_attempt(store: SqliteStore) -> None:
    await reserve(store, 1)
    with (
        closing(sqlite3.connect(store.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="UNIQUE"),
    ):
        connection.execute(
            "INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone, "
            "caller_id, number, timezone, strategy, rule_pack, rule_pack_version, reserved_at) SELECT 'x', "
            "campaign_account, campaign_id, customer_id, account_id, bill_id, phone, caller_id, number, timezone, "
            "strategy, rule_pack, rule_pack_version, reserved_at FROM attempt"
        )


async def test_an_attempt_id_used_twice_undoes_the_whole_claim(store: SqliteStore) -> None:
    await store.load_accounts("c1", [account(1), account(2)], NOW)
    with pytest.raises(StoreError, match="rule of the database"):
        await store.claim_due("c1", NOW, 5, decide, lambda: "same")
    assert await store.open_attempts() == []


async def test_many_refusals_are_passed_over_and_bounded(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "MAX_EXAMINED", 40)
    sleeping = [account(number, timezone="America/New_York") for number in range(60)]
    await store.load_accounts("c1", sleeping, NOW - timedelta(minutes=1))
    await store.load_accounts("c1", [account(99)], NOW)
    assert await store.claim_due("c1", NOW, 1, decide, ids()) == []
    assert await store.next_due_at("c1") == NOW - timedelta(minutes=1)
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
    assert attempt.account.customer_id == "cust-99"


async def test_a_refusal_that_lapses_at_once_is_not_asked_for_ever(store: SqliteStore) -> None:
    await store.load_accounts("c1", [account(1)], NOW)
    assert await store.claim_due("c1", NOW, 5, deny_with(Rule.CALLING_WINDOW, NOW), ids()) == []
    assert await store.next_due_at("c1") == NOW + timedelta(microseconds=1)


async def test_the_same_refusal_is_one_row_with_a_count(store: SqliteStore) -> None:
    await store.load_accounts("c1", [account(1)], NOW)
    for hour in range(3):
        at = NOW + timedelta(hours=hour)
        await store.claim_due("c1", at, 5, deny_with(Rule.CALLING_WINDOW), ids())
        await store.set_campaign_status("c1", CampaignStatus.PAUSED)
        await store.set_campaign_status("c1", CampaignStatus.RUNNING)
    (verdict,) = await store.verdicts("cust-1")
    assert (verdict.count, verdict.at, verdict.last_at) == (3, NOW, NOW + timedelta(hours=2))
    await store.claim_due("c1", NOW, 5, deny_with(Rule.DAILY_CAP), ids())
    assert [found.verdict.rule for found in await store.verdicts("cust-1")] == [
        Rule.CALLING_WINDOW,
        Rule.DAILY_CAP,
    ]


async def test_a_dial_is_recorded_with_its_verdict(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    at = NOW + timedelta(seconds=2)
    assert (await store.mark_dialled(attempt.attempt_id, at, decide)).allowed
    assert [found.dialled_at for found in await store.open_attempts()] == [at]
    assert [found.asked for found in await store.verdicts("cust-1")] == ["plan", "dial"]
    history = await store.history(attempt.attempt_id)
    assert history == AttemptHistory(at, 1, campaign(), account(1))
    assert await store.history("nobody") is None


async def test_an_attempt_is_dialled_once(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    with pytest.raises(StoreError, match="dialled once"):
        await store.mark_dialled(attempt.attempt_id, NOW, decide)
    await store.close_attempt(outcome(attempt), tomorrow, no_events)
    with pytest.raises(StoreError, match="has been closed"):
        await store.mark_dialled(attempt.attempt_id, NOW, decide)
    with pytest.raises(StoreError, match="no such attempt"):
        await store.mark_dialled("nobody", NOW, decide)


async def test_a_pause_between_reservation_and_dial_is_seen(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.set_campaign_status("c1", CampaignStatus.PAUSED)
    verdict = await store.mark_dialled(attempt.attempt_id, NOW, decide)
    assert (verdict.allowed, verdict.rule) == (False, Rule.CAMPAIGN_NOT_RUNNING)
    assert [found.dialled_at for found in await store.open_attempts()] == [None]
    assert [found.verdict.rule for found in await store.verdicts("cust-1")] == [
        Rule.ALLOWED,
        Rule.CAMPAIGN_NOT_RUNNING,
    ]


async def test_an_entry_on_the_list_between_reservation_and_dial_is_seen(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.add_do_not_contact("cust-1", "letter", NOW)
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).rule is Rule.DO_NOT_CONTACT


async def test_another_number_between_reservation_and_dial_is_seen(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.load_accounts("c1", [account(1, phone="+8613900000000")], NOW)
    verdict = await store.mark_dialled(attempt.attempt_id, NOW, decide)
    assert not verdict.allowed
    assert "changed" in verdict.reason


async def test_a_caller_id_that_left_the_pool_is_not_shown(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.put_campaign(replace(campaign(), dialler=DiallerSpec(caller_id_pool=("+861099990000",))))
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).rule is Rule.NO_CALLER_ID


async def test_an_attempt_that_never_left_is_no_dial(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    seen: list[AttemptHistory] = []

    def plan(history: AttemptHistory) -> RetryDecision:
        seen.append(history)
        return RetryDecision(NOW, "again")

    await store.close_attempt(outcome(attempt, "not_dialled"), plan, no_events)
    assert [(history.dials_made, history.first_dialled_at) for history in seen] == [(0, None)]
    (facts,) = await store.contact_facts("cust-1", NOW)
    assert (facts.attempts_made, tuple(facts.contacts)) == (0, ())
    (again,) = await store.claim_due("c1", NOW, 5, decide, ids("again"))
    assert again.number == 1


async def test_the_daily_cap_counts_a_customer_over_all_campaigns(store: SqliteStore) -> None:
    names = [f"c{number}" for number in range(1, MAX_DIALS_A_DAY + 2)]
    refused: list[str] = []
    for hours, name in enumerate(names):
        at = NOW + timedelta(hours=hours)
        await store.put_campaign(campaign(name))
        await store.load_accounts(name, [account(1)], NOW)
        claimed = await store.claim_due(name, at, 1, decide, ids(name))
        if not claimed:
            refused.append(name)
            continue
        await store.mark_dialled(claimed[0].attempt_id, at, decide)
        await store.close_attempt(outcome(claimed[0], ended_at=at), tomorrow, no_events)
    assert refused == names[-1:]
    assert (await store.verdicts("cust-1"))[-1].verdict.rule is Rule.DAILY_CAP


async def test_closing_writes_everything_at_once(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    end = talked(attempt)
    assert await store.close_attempt(end, enough, completed(attempt.attempt_id)) == enough(
        _any_history(attempt)
    )
    (record,) = await store.attempts()
    assert (record.disposition, record.answered_at, record.talk_seconds) == (
        "promise_to_pay",
        end.answered_at,
        2.0,
    )
    assert record.promise == end.promise
    assert tuple(await store.turns(attempt.attempt_id)) == end.turns
    (promise,) = await store.promises()
    assert (promise.customer_id, promise.promise) == ("cust-1", end.promise)
    (event,) = await store.outbox()
    assert (event.event, event.state, event.payload) == (
        "call.completed",
        "pending",
        {"attemptId": attempt.attempt_id},
    )
    assert await store.outbox("sent") == []
    (plan,) = await store.customer_accounts("cust-1")
    assert (plan.state, plan.closed_reason) == ("done", "nothing more is needed")
    count = await store.campaign_count("c1", NOW)
    assert (count.done, count.dispositions) == (1, {"promise_to_pay": 1})


async def test_closing_twice_changes_nothing(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    assert await store.close_attempt(outcome(attempt), tomorrow, completed("a")) is not None
    assert await store.close_attempt(outcome(attempt, "other"), enough, completed("b")) is None
    assert [record.disposition for record in await store.attempts()] == ["busy"]
    assert len(await store.outbox()) == 1


async def test_an_event_told_twice_is_one_event(store: SqliteStore) -> None:
    first, second = await reserve(store, 1, 2)
    await store.close_attempt(outcome(first), tomorrow, completed("same"))
    await store.close_attempt(outcome(second), tomorrow, completed("same"))
    assert len(await store.outbox()) == 1


async def test_closing_an_unknown_attempt_is_an_error(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="no such attempt"):
        await store.close_attempt(outcome("nobody"), tomorrow, no_events)


async def test_a_failure_while_closing_leaves_the_attempt_open_and_whole(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)

    def broken(history: AttemptHistory) -> list[object]:
        raise KeyError("no such event")

    with pytest.raises(KeyError):
        await store.close_attempt(talked(attempt), enough, broken)  # type: ignore[arg-type]
    assert len(await store.open_attempts()) == 1
    assert await store.promises() == []
    assert await store.turns(attempt.attempt_id) == []
    assert await store.close_attempt(talked(attempt), enough, no_events) is not None


async def test_a_clock_set_back_during_the_call_does_not_keep_it_open(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    back = NOW - timedelta(hours=1)
    await store.mark_dialled(attempt.attempt_id, back, allow)
    end = outcome(attempt, answered_at=back, ended_at=back - timedelta(hours=1))
    assert await store.close_attempt(end, tomorrow, no_events) is not None
    (record,) = await store.attempts()
    assert (record.dialled_at, record.answered_at, record.ended_at) == (NOW, NOW, NOW)


async def test_figures_that_no_standard_knows_do_not_keep_it_open(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    end = outcome(attempt, sip_status=10**30, q850_cause=-1, talk_seconds=float("nan"))
    assert await store.close_attempt(end, tomorrow, no_events) is not None
    (record,) = await store.attempts()
    assert (record.sip_status, record.q850_cause, record.talk_seconds) == (None, None, 0.0)


async def test_an_answer_without_a_dial_is_refused(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    with pytest.raises(StoreError, match="never recorded"):
        await store.close_attempt(outcome(attempt, answered_at=NOW), tomorrow, no_events)


async def test_a_dead_number_is_refused_everywhere_until_the_account_has_another(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.load_accounts("c1", [account(2, phone=account(1).phone)], NOW)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    await store.close_attempt(outcome(attempt, "unallocated"), dead, no_events)
    assert await store.dead_numbers() == {account(1).phone: "unallocated"}
    assert await store.claim_due("c1", NOW, 5, decide, ids("x")) == []
    assert "unallocated" in (await store.verdicts("cust-2"))[-1].verdict.reason
    await store.load_accounts("c1", [account(1, phone="+8613900000001")], NOW)
    (again,) = await store.claim_due("c1", NOW + timedelta(hours=1), 5, decide, ids("y"))
    assert (again.account.phone, again.number) == ("+8613900000001", 2)


async def test_a_dead_number_that_was_replaced_during_the_call_is_followed_by_the_new_one(
    store: SqliteStore,
) -> None:
    (attempt,) = await reserve(store, 1)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    await store.load_accounts("c1", [account(1, phone="+8613900000001")], NOW)
    end = outcome(attempt, "unallocated")
    await store.close_attempt(end, dead, no_events)
    assert await store.next_due_at("c1") == end.ended_at


async def test_who_asks_not_to_be_called_is_not_called(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.close_attempt(outcome(attempt, facts={"do_not_contact": True}), tomorrow, no_events)
    assert sorted(await store.do_not_contact()) == [account(1).phone, "cust-1"]
    assert await store.claim_due("c1", NOW + timedelta(days=1), 5, decide, ids("x")) == []
    assert (await store.verdicts("cust-1"))[-1].verdict.rule is Rule.DO_NOT_CONTACT


async def test_the_next_attempt_shows_the_next_caller_id(store: SqliteStore) -> None:
    (first,) = await reserve(store, 1)
    await store.mark_dialled(first.attempt_id, NOW, decide)
    await store.close_attempt(outcome(first), tomorrow, no_events)
    (second,) = await store.claim_due("c1", NOW + timedelta(days=1), 5, decide, ids("second"))
    assert second.number == 2
    assert {first.caller_id, second.caller_id} == set(campaign().dialler.caller_id_pool)


async def test_attempts_are_read_page_by_page_and_by_campaign_and_customer(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "PAGE", 3)
    await store.put_campaign(campaign("c2"))
    await store.load_accounts("c2", [account(50)], NOW)
    await reserve(store, *range(7))
    await store.claim_due("c2", NOW, 5, decide, ids("second"))
    everything = await store.attempts()
    assert [record.attempt_id for record in everything] == [f"att-{n}" for n in range(1, 8)] + ["second-1"]
    assert [record.attempt_id async for record in store.iter_attempts("c2")] == ["second-1"]
    assert [record.attempt_id for record in await store.attempts(customer_id="cust-3")] == ["att-4"]
    assert await store.attempts("c2", "cust-3") == []


async def test_the_export_has_local_times_and_plain_json(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    await store.close_attempt(talked(attempt), tomorrow, no_events)
    (record,) = await store.attempts()
    exported = json.loads(json.dumps(record.to_export()))
    assert tuple(exported) == EXPORT_FIELDS
    assert exported["dialled_at"] == "2026-11-23T10:00:00+08:00"
    assert datetime.fromisoformat(exported["ended_at"]) == talked(attempt).ended_at
    assert (exported["phone"], exported["channel"], exported["rule_pack"]) == (
        "+8613800000001",
        "call",
        "cn-telecom/2025.1",
    )
    assert exported["promise"] == {
        "amount": "300.00",
        "currency": "CNY",
        "date": "2026-11-30",
        "channel": "alipay",
        "confidence": 0.9,
    }
    assert exported["next_attempt_at"] == "2026-11-24T10:00:00+08:00"


async def test_an_odd_promise_is_rounded_to_the_hundredth(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    odd = ConversationResult("promise_to_pay", promises=(PromiseToPay(Decimal("300.005"), "2026-11-30"),))
    end = outcome(attempt, conversation=odd)
    await store.close_attempt(end, tomorrow, no_events)
    assert [found.promise.amount for found in await store.promises()] == [Decimal("300.01")]


async def test_due_accounts_are_found_by_index(store: SqliteStore) -> None:
    from ari_app.store.queries import SQL

    with closing(sqlite3.connect(store.path)) as connection:
        params = {"campaign_id": "c1", "now": 0, "limit": 5}
        plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + SQL["claim_candidates"], params)]
    assert any("campaign_account_due (campaign_id=? AND state=? AND due_at<?)" in step for step in plan), plan
    assert not any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in plan), plan


async def test_the_facts_of_the_last_gate_leave_out_its_own_attempt(store: SqliteStore) -> None:
    (attempt,) = await reserve(store, 1)
    seen: list[ContactFacts] = []

    def watch(facts: ContactFacts, now: datetime) -> DialVerdict:
        seen.append(facts)
        return decide(facts, now)

    await store.mark_dialled(attempt.attempt_id, NOW, watch)
    assert [(facts.open_attempt, facts.due_at, facts.account_open) for facts in seen] == [(False, None, True)]
    (explained,) = await store.contact_facts("cust-1", NOW)
    assert explained.open_attempt


def _any_history(attempt: ReservedAttempt) -> AttemptHistory:
    return AttemptHistory(NOW, 1, campaign(), attempt.account)
