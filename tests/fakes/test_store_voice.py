"""The latency ledger, the evidence of consent and the recording's check in the store; databases of before."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.attempt import ReservedAttempt, Turn, TurnTiming
from ari_app.store import SqliteStore
from ari_app.store.codec import campaign_params, micros
from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate, shipped
from ari_app.store.queries import SQL
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, broken_promises, campaign, ids, no_events, talked, tomorrow

pytestmark = pytest.mark.fakes

NOTICE = Turn("bot", "prompt", "This call is recorded.", 0.25, 3.0, covers=("opening", "recording_notice"))
ANSWER = Turn("customer", "speech", "yes", 3.4, 3.8, 0.93, "pocketsphinx")
REPLY = Turn(
    "bot", "prompt", "and when?", 4.1, 5.0, interrupted=True, timing=TurnTiming(3.8, 4.0, 4.01, 4.02, 4.05)
)
TURNS = (NOTICE, ANSWER, REPLY)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def dialled(store: SqliteStore, number: int = 1, prefix: str = "att") -> ReservedAttempt:
    await store.load_accounts("c1", [account(number)], NOW)
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids(prefix))
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    return attempt


async def test_turns_come_back_with_their_ledger(store: SqliteStore) -> None:
    attempt = await dialled(store)
    await store.close_attempt(replace(talked(attempt), turns=TURNS), tomorrow, no_events)
    assert tuple(await store.turns(attempt.attempt_id)) == TURNS


async def test_the_attempt_tells_of_consent_recording_verdict_and_waiting(store: SqliteStore) -> None:
    attempt = await dialled(store)
    answered = NOW + timedelta(seconds=1)
    end = replace(
        talked(attempt),
        turns=TURNS,
        recording_started_at=answered + timedelta(milliseconds=40),
        recording_seconds=2.0,
        recording_customer_s=0.4,
        recording_bot_s=1.5,
        answer_verdict="human",
        verdict_s=0.9304,
    )
    await store.close_attempt(end, tomorrow, no_events)
    (record,) = await store.attempts()
    assert record.recording_started_at == answered + timedelta(milliseconds=40)
    assert record.recording_notice_at == answered + timedelta(milliseconds=250)
    assert record.recording_notice_answer == "yes"
    assert (record.recording_seconds, record.recording_customer_s, record.recording_bot_s) == (2.0, 0.4, 1.5)
    assert (record.answer_verdict, record.answer_verdict_ms) == ("human", 930.4)
    assert (record.replies, record.turn_p50_ms, record.turn_max_ms) == (1, 250.0, 250.0)
    exported = json.loads(json.dumps(record.to_export()))
    assert exported["recording_notice_at"] == "2026-11-23T10:00:01.250000+08:00"
    assert exported["turn_p50_ms"] == 250.0


async def test_a_call_without_voice_has_none_of_it(store: SqliteStore) -> None:
    attempt = await dialled(store)
    end = replace(talked(attempt), answered_at=None, turns=(), conversation=None, talk_seconds=0.0)
    await store.close_attempt(end, tomorrow, no_events)
    (record,) = await store.attempts()
    found = record.to_export()
    for name in ("recording_started_at", "recording_notice_at", "recording_notice_answer", "answer_verdict"):
        assert found[name] is None
    assert (found["replies"], found["turn_p50_ms"], found["turn_max_ms"]) == (None, None, None)


async def test_figures_that_are_none_do_not_cost_the_outcome(store: SqliteStore) -> None:
    attempt = await dialled(store)
    nan, endless = float("nan"), float("inf")
    odd = Turn("customer", "speech", "\ud800", nan, endless, nan, "e", timing=TurnTiming(nan, endless))
    end = replace(
        talked(attempt),
        turns=(replace(NOTICE, start_s=nan), odd),
        recording_seconds=-1.0,
        recording_customer_s=nan,
        recording_bot_s=endless,
        answer_verdict="",
        verdict_s=-3.0,
    )
    await store.close_attempt(end, tomorrow, no_events)
    (record,) = await store.attempts()
    assert record.disposition == "promise_to_pay"
    assert (record.recording_seconds, record.recording_customer_s, record.recording_bot_s) == (
        None,
        None,
        None,
    )
    assert (record.answer_verdict, record.answer_verdict_ms, record.recording_notice_at) == (None, None, None)
    assert len(await store.turns(attempt.attempt_id)) == 2


async def test_attempts_are_found_by_the_beginning_of_their_id(store: SqliteStore) -> None:
    for number, prefix in enumerate(("att-aa", "att-ab", "btt"), start=1):
        await dialled(store, number, prefix)
    found = await store.attempts_named("att-a", 5)
    assert [record.attempt_id for record in found] == ["att-aa-1", "att-ab-1"]
    assert [record.attempt_id for record in await store.attempts_named("att-a", 1)] == ["att-aa-1"]
    for strange in ("att_a", "%", "att-aa-1x", "\ud800", "\U0010ffff"):
        assert await store.attempts_named(strange, 5) == []
    assert len(await store.attempts_named("", 5)) == 3
    assert await store.newest_attempt_ids(2) == ["btt-1", "att-ab-1"]


# ------------------------------------------------------------------------------------------- databases of before

OLD_ACCOUNT = """
    INSERT INTO account (customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, currency,
        due_date, aging_bucket, preferred_windows)
    VALUES ('cust-1', 'acc-1', 'b1', '王小明', '+8613800000001', 'Asia/Shanghai', 'zh', 56832, 'CNY', '2026-10-01',
        'D31-D60', '')
"""
OLD_ATTEMPT = """
    INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone, caller_id,
        number, timezone, strategy, rule_pack, rule_pack_version, reserved_at, dialled_at, answered_at, ended_at,
        disposition, talk_seconds, recording, plan_reason)
    VALUES ('att-old', 1, 'c1', 'cust-1', 'acc-1', 'b1', '+8613800000001', '+861088880001', 1, 'Asia/Shanghai',
        'standard', 'cn-telecom', '2025.1', :at, :at, :at, :at, 'informed', 12.5, 'old.wav', 'nothing more')
"""
OLD_VERDICT = """
    INSERT INTO verdict (campaign_account, campaign_id, customer_id, attempt_id, asked, allowed, rule, reason,
        rule_pack, rule_pack_version, first_at, last_at)
    VALUES (1, 'c1', 'cust-1', 'att-old', :asked, 1, 'allowed', 'fine', 'cn-telecom', '2025.1', :at, :at)
"""


def old_database(path: Path) -> None:
    """A database as the first migration left it, with one closed call and its two turns."""
    database = connect_writer(path)
    assert migrate(database, path, {"0001_spine": shipped()["0001_spine"]}) == ["0001_spine"]
    at = micros(NOW)
    run = database.conn.execute
    run(SQL["put_campaign"], campaign_params(campaign()))
    run(OLD_ACCOUNT)
    run(
        "INSERT INTO campaign_account (campaign_id, account, planned_at, due_at) VALUES ('c1', 1, ?, ?)",
        (at, at),
    )
    run(
        "UPDATE campaign_account SET state = 'done', planned_at = NULL, due_at = NULL, dials_made = 1,"
        " first_dialled_at = ?, last_disposition = 'informed', closed_reason = 'nothing more'",
        (at,),
    )
    run(OLD_ATTEMPT, {"at": at})
    for asked in ("plan", "dial"):
        run(OLD_VERDICT, {"at": at, "asked": asked})
    for seq, (speaker, kind, text) in enumerate((("bot", "prompt", "您好"), ("customer", "keys", "1"))):
        run(
            "INSERT INTO turn (attempt_id, seq, speaker, kind, text, start_s, end_s, confidence, engine)"
            " VALUES ('att-old', ?, ?, ?, ?, 0.5, 1.5, 0.75, 'keys')",
            (seq, speaker, kind, text),
        )
    database.close()


async def test_an_old_database_is_read_and_written_on(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    old_database(path)
    async with await SqliteStore.open(path) as store:
        (old,) = await store.attempts()
        assert (old.attempt_id, old.disposition, old.talk_seconds, old.recording) == (
            "att-old",
            "informed",
            12.5,
            "old.wav",
        )
        assert (old.recording_started_at, old.replies, old.answer_verdict) == (None, None, None)
        assert await store.turns("att-old") == [
            Turn("bot", "prompt", "您好", 0.5, 1.5, 0.75, "keys"),
            Turn("customer", "keys", "1", 0.5, 1.5, 0.75, "keys"),
        ]
        attempt = await dialled(store, 2)
        await store.close_attempt(replace(talked(attempt), turns=TURNS), tomorrow, no_events)
        assert (await store.attempts())[-1].replies == 1
    async with await SqliteStore.open(path) as again:
        assert len(await again.attempts()) == 2
    assert broken_promises(path) == []
