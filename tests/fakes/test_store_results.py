"""What a conversation has yielded, in the store: written and read, refused by the database, and in databases of before."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from ari_app.domain.account import (
    AGE_BANDS,
    DEBT_CAUSES,
    DEBT_TYPES,
    INCOME_BANDS,
    MAX_SCORE,
    AccountDetails,
    FeeItem,
)
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_result import (
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.plan import InstalmentOption, instalment_terms
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.errors import StoreError
from ari_app.store import SqliteStore
from ari_app.store.codec import campaign_params, micros, plain
from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate, shipped
from ari_app.store.queries import SQL
from tests.support.examples import examples
from tests.support.results import RESULTS
from tests.support.rules import decide
from tests.support.store_rows import (
    NOW,
    account,
    broken_promises,
    campaign,
    ids,
    no_events,
    outcome,
    talked,
    tomorrow,
)

pytestmark = pytest.mark.fakes

RATES = instalment_terms(Decimal("568.32"), InstalmentOption(6, Decimal("0.5")), date(2026, 11, 30))
FULL = ConversationResult(
    "promise_to_pay",
    verified=True,
    promises=(
        PromiseToPay(Decimal("300.00"), "2026-11-30", "CNY", "wechatpay", 0.9),
        PromiseToPay(Decimal("268.32"), "2026-12-07", "CNY", "", 0.8),
    ),
    plan=RATES.request("CNY", 0.7),
    dispute=DisputeClaim("meter", "电表读数不对", ("照片",), 5, 0.95),
    callback=Callback(date(2026, 11, 25), time(15, 30)),
    consent=Consent(True, NOW + timedelta(seconds=4), "overdue 3 zh", 0.25),
    transfer_reason="plan_approval",
    message="plan_form",
    intents=("identity_confirm", "request_installment"),
    reasons=("job_loss",),
    coverage=("opening", "recording_notice", "verified", "arrears_fact"),
    variants=(("opening", "b"),),
    review=(ReviewField("amount", "300", 0.5),),
    summary=CallSummary(("答应付款", "有异议"), "答应付款；有异议。", "H", "approve_plan"),
    language="zh",
    upset=True,
    cut_short=("deadline",),
    required=("opening", "verified", "deadline"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def dialled(store: SqliteStore, number: int = 1) -> ReservedAttempt:
    await store.load_accounts("c1", [account(number)], NOW)
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids(f"att-{number}"))
    await store.mark_dialled(attempt.attempt_id, NOW, decide)
    return attempt


async def close_with(store: SqliteStore, result: ConversationResult, number: int = 1) -> ReservedAttempt:
    attempt = await dialled(store, number)
    await store.close_attempt(replace(talked(attempt), conversation=result), tomorrow, no_events)
    return attempt


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(RESULTS)
def test_what_is_written_is_what_is_read(tmp_path: Path, result: ConversationResult) -> None:
    async def there_and_back() -> None:
        path = tmp_path / "round.sqlite3"
        path.unlink(missing_ok=True)
        for rest in ("-wal", "-shm"):
            Path(f"{path}{rest}").unlink(missing_ok=True)
        async with await SqliteStore.open(path) as store:
            await store.put_campaign(campaign())
            await close_with(store, result)
            (record,) = await store.attempts()
            assert record.conversation == result
            assert record.promises == result.promises
            assert [found.promise for found in await store.promises()] == list(result.promises)
            json.dumps(record.to_export(), allow_nan=False)

    asyncio.run(there_and_back())


async def test_every_part_of_a_result_is_exported(store: SqliteStore) -> None:
    await close_with(store, FULL)
    (record,) = await store.attempts()
    assert record.conversation == FULL
    found = json.loads(json.dumps(record.to_export()))
    assert tuple(found) == EXPORT_FIELDS
    assert found["promise"] == found["promises"][0]
    assert [(each["amount"], each["date"]) for each in found["promises"]] == [
        ("300.00", "2026-11-30"),
        ("268.32", "2026-12-07"),
    ]
    assert found["plan"] == {
        "type": "installment",
        "terms": {
            "currency": "CNY",
            "periods": 6,
            "monthly": "97.56",
            "last": "97.57",
            "fee": "17.05",
            "total": "585.37",
            "first_date": "2026-11-30",
            "until": None,
            "waived": None,
        },
        "approver": None,
        "confidence": 0.7,
    }
    assert found["dispute"] == {
        "category": "meter",
        "description": "电表读数不对",
        "evidence": ["照片"],
        "sla_working_days": 5,
        "status": "open",
        "confidence": 0.95,
    }
    assert found["callback"] == {"day": "2026-11-25", "time": "15:30"}
    assert found["consent"] == {
        "given": True,
        "time": "2026-11-23T10:00:04+08:00",
        "version": "overdue 3 zh",
        "audio_s": 0.25,
        "audio_ref": "recordings/x.wav",
    }
    assert (found["intents"], found["reasons"]) == (["identity_confirm", "request_installment"], ["job_loss"])
    assert (found["transfer_reason"], found["message"]) == ("plan_approval", "plan_form")
    assert (found["summary"], found["key_points"]) == ("答应付款；有异议。", ["答应付款", "有异议"])
    assert (found["risk_level"], found["next_action"]) == ("H", "approve_plan")
    assert found["variants"] == {"opening": "b"}
    # Wanted: opening, verified, deadline and, for a promise, that it was read back. Two of the four were spoken.
    assert (found["completeness"], found["evidence_missing"]) == (50, ["deadline"])
    assert found["review"] == [
        {"name": "amount", "value": "300", "confidence": 0.5, "reason": "low_confidence"}
    ]
    assert (found["review_count"], found["language"], found["upset"]) == (1, "zh", True)


async def test_promises_are_told_in_order_of_calls_and_days(store: SqliteStore) -> None:
    await close_with(store, replace(FULL, promises=FULL.promises[::-1]))
    await close_with(store, FULL, 2)
    found = await store.promises()
    assert [(each.customer_id, each.position, each.promise.date) for each in found] == [
        ("cust-1", 1, "2026-11-30"),
        ("cust-1", 2, "2026-12-07"),
        ("cust-2", 1, "2026-11-30"),
        ("cust-2", 2, "2026-12-07"),
    ]


async def test_a_call_that_nobody_answered_has_no_result(store: SqliteStore) -> None:
    attempt = await dialled(store)
    await store.close_attempt(outcome(attempt), tomorrow, no_events)
    (record,) = await store.attempts()
    assert (record.conversation, record.promises, record.promise) == (None, (), None)
    found = record.to_export()
    assert (found["result"], found["promises"], found["review_count"]) == (None, [], None)


async def test_what_cannot_be_true_waits_for_a_person_and_does_not_cost_the_outcome(
    store: SqliteStore,
) -> None:
    nan = float("nan")
    broken = replace(
        FULL,
        promises=(
            PromiseToPay(Decimal("NaN"), "2026-11-30"),
            PromiseToPay(Decimal("-3"), "2026-11-30"),
            PromiseToPay(Decimal("5"), "2026-02-30"),
            PromiseToPay(Decimal("5"), "2026-11-30", confidence=nan),
        ),
        plan=PlanRequest(
            PlanKind.INSTALLMENT, periods=3, monthly=Decimal("1"), last=Decimal("1"), fee=Decimal(0)
        ),
        dispute=DisputeClaim("\ud800", "x" * 9000, answer_days=-1, confidence=7.0),
        consent=replace(FULL.consent or Consent(True, NOW, ""), audio_s=-1.0),
        intents=("\ud800",),
        review=(),
    )
    await close_with(store, broken)
    (record,) = await store.attempts()
    kept = record.conversation
    assert kept is not None
    assert [(promise.amount, promise.confidence) for promise in kept.promises] == [(Decimal("5.00"), 0.0)]
    assert kept.plan is None
    assert kept.dispute is not None
    assert (kept.dispute.category, len(kept.dispute.description), kept.dispute.answer_days) == (
        "other",
        2000,
        0,
    )
    assert (kept.dispute.confidence, kept.intents) == (1.0, (plain("\ud800"),))
    assert kept.consent is not None
    assert kept.consent.audio_s is None
    assert [(field.name, field.reason) for field in kept.review] == [
        ("promise", "incomplete"),
        ("promise", "incomplete"),
        ("promise", "incomplete"),
        ("plan", "incomplete"),
        ("promise.1", "low_confidence"),
    ]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE promise SET amount_minor = 0",
        "UPDATE promise SET date = '2026-02-30'",
        "UPDATE promise SET date = 'soon'",
        "UPDATE promise SET confidence = 1.5",
        "UPDATE promise SET position = 1",
        "UPDATE plan SET total_minor = total_minor + 1",
        "UPDATE plan SET first_date = NULL",
        "UPDATE plan SET kind = 'gift'",
        "UPDATE plan SET kind = 'deferral', until = NULL",
        "UPDATE dispute SET category = 'weather'",
        "UPDATE dispute SET status = 'lost'",
        "UPDATE consent SET given = 2",
        "UPDATE consent SET audio_s = -1",
        "UPDATE call_result SET risk_level = 'X'",
        "UPDATE call_result SET next_action = ''",
        "UPDATE call_result SET review = 'x'",
        "UPDATE call_result SET callback = 0",
        "UPDATE account SET customer_level = 'king'",
        "UPDATE account SET risk_level = 'X'",
        "UPDATE account SET suspension_on = '2026-13-01'",
        "UPDATE account SET suspension_at = '25:00'",
        "UPDATE account SET suspension_at = '9:30'",
        "UPDATE account SET late_fee_minor = -1",
        "UPDATE account SET minor = 'yes'",
    ],
)
async def test_the_database_refuses_what_cannot_be(store: SqliteStore, change: str) -> None:
    await close_with(store, FULL)
    with (
        closing(sqlite3.connect(store.path)) as connection,
        pytest.raises(sqlite3.IntegrityError, match=r"CHECK|UNIQUE|cannot store"),
    ):
        connection.execute(change)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE call_result SET variants = '[1]'",
        "UPDATE call_result SET review = '[{}]'",
        "UPDATE call_result SET callback_time = '25:00'",
        "UPDATE call_result SET coverage = '{}'",
    ],
)
async def test_a_result_edited_by_hand_is_named(store: SqliteStore, change: str) -> None:
    await close_with(store, FULL)
    with closing(sqlite3.connect(store.path)) as connection, connection:
        connection.execute(change)
    with pytest.raises(StoreError, match=r"attempt att-1-1|stored document"):
        await store.attempts()


# ------------------------------------------------------------------------------------------- accounts with details

DETAILS = AccountDetails(
    service="electricity",
    fee_items=(FeeItem("用电", Decimal("500.00")), FeeItem("违约金; 3%", Decimal("68.32"))),
    late_fee=Decimal("68.32"),
    service_state="active",
    suspension_on=date(2026, 12, 1),
    suspension_at=time(9, 30),
    customer_level="vip",
    risk_level="L",
    broken_promises=2,
    good_record=True,
    legal_stage=True,
    minor=True,
    region="朝阳区",
    age_band="65+",
    income_band="low",
    debt_type="non_malicious",
    debt_cause="forgot",
    score=37,
    score_model="arrears-2026-10",
    early_warning=True,
)


async def test_what_a_list_says_of_an_account_reaches_the_call(store: SqliteStore) -> None:
    row = account(
        1, details=replace(DETAILS, minor=False)
    )  # only a guardian may be spoken to of a minor's bill
    assert (await store.load_accounts("c1", [row], NOW)).added == 1
    assert (await store.load_accounts("c1", [row], NOW)).unchanged == 1
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
    assert attempt.account == row
    changed = account(1, details=replace(DETAILS, service_state="suspended"))
    assert (await store.load_accounts("c1", [changed], NOW)).updated == 1
    assert [found async for found in store.iter_accounts("c1")] == [changed]
    assert (await store.customer_accounts("cust-1"))[0].account == changed


async def test_the_database_knows_the_vocabularies_and_the_bounds_of_a_score(store: SqliteStore) -> None:
    known: dict[str, tuple[object, ...]] = {
        "age_band": AGE_BANDS,
        "income_band": INCOME_BANDS,
        "debt_type": DEBT_TYPES,
        "debt_cause": DEBT_CAUSES,
        "score": (0, MAX_SCORE),
    }
    for column, values in known.items():
        for value in values:
            changed: dict[str, Any] = {column: value}
            row = account(1, details=replace(DETAILS, **changed))
            await store.load_accounts("c1", [row], NOW)
            assert (await store.customer_accounts("cust-1"))[0].account == row
    wrongs: tuple[dict[str, Any], ...] = (
        {"age_band": "18-30"},
        {"debt_cause": "lazy"},
        {"score": MAX_SCORE + 1},
    )
    for wrong in wrongs:
        with pytest.raises(StoreError):
            await store.load_accounts("c1", [account(1, details=replace(DETAILS, **wrong))], NOW)


# ------------------------------------------------------------------------------------------- databases of before

OLD_ROWS = (
    """INSERT INTO account (customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, currency,
        due_date, aging_bucket, preferred_windows)
    VALUES ('cust-1', 'acc-1', 'b1', '王小明', '+8613800000001', 'Asia/Shanghai', 'zh', 56832, 'CNY', '2026-10-01',
        'D31-D60', '')""",
    """INSERT INTO campaign_account (campaign_id, account, state, dials_made, first_dialled_at, last_disposition,
        closed_reason) VALUES ('c1', 1, 'done', 1, :at, 'promise_to_pay', 'kept')""",
    """INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone,
        caller_id, number, timezone, strategy, rule_pack, rule_pack_version, reserved_at, dialled_at, answered_at,
        ended_at, disposition, talk_seconds, recording, plan_reason, facts, replies, turn_p50_ms)
    VALUES ('att-old', 1, 'c1', 'cust-1', 'acc-1', 'b1', '+8613800000001', '+861088880001', 1, 'Asia/Shanghai',
        'standard', 'cn-telecom', '2025.1', :at, :at, :at, :at, 'promise_to_pay', 12.5, 'old.wav', 'kept',
        '{"reason":null}', 2, 321.5)""",
    """INSERT INTO verdict (campaign_account, campaign_id, customer_id, attempt_id, asked, allowed, rule, reason,
        rule_pack, rule_pack_version, first_at, last_at)
    VALUES (1, 'c1', 'cust-1', 'att-old', 'plan', 1, 'allowed', 'fine', 'cn-telecom', '2025.1', :at, :at),
        (1, 'c1', 'cust-1', 'att-old', 'dial', 1, 'allowed', 'fine', 'cn-telecom', '2025.1', :at, :at)""",
    """INSERT INTO promise (attempt_id, amount_minor, currency, date, channel, confidence, promised_at)
    VALUES ('att-old', 30001, 'CNY', '2026-11-30', 'alipay', 0.875, :at)""",
    """INSERT INTO turn (attempt_id, seq, speaker, kind, text, start_s, end_s, confidence, engine, covers)
    VALUES ('att-old', 0, 'bot', 'prompt', '您好', 0.5, 1.5, 1.0, '', 'opening')""",
    """INSERT INTO outbox (campaign_id, event, key, payload, created_at) VALUES ('c1', 'call.completed', 'k', '{}', :at)""",
    """INSERT INTO do_not_contact (contact, source, added_at) VALUES ('cust-9', 'letter', :at)""",
)
#: Tables whose rows stand elsewhere since.
MOVED = {"do_not_contact": "list_entry", "outbox": "outbox_standing"}
#: What a row that waited for nothing waits for since.
DUE = {"next_at": micros(NOW)}
TABLES = ("campaign", "account", "campaign_account", "attempt", "verdict", "turn", "outbox", "do_not_contact")


def second_database(path: Path) -> dict[str, list[dict[str, object]]]:
    """A database as the second migration left it, with rows in every table that a call writes; what it holds."""
    database = connect_writer(path)
    before = {name: script for name, script in shipped().items() if name < "0003"}
    assert migrate(database, path, before) == ["0001_spine", "0002_voice"]
    database.conn.execute(SQL["put_campaign"], campaign_params(campaign()))
    for statement in OLD_ROWS:
        database.conn.execute(statement, {"at": micros(NOW)})
    held = {name: [dict(row) for row in database.conn.execute(f"SELECT * FROM {name}")] for name in TABLES}
    database.close()
    return held


async def test_a_database_of_before_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    before = second_database(path)
    async with await SqliteStore.open(path) as store:
        (old,) = await store.attempts()
        promise = PromiseToPay(Decimal("300.01"), "2026-11-30", "CNY", "alipay", 0.875)
        assert (old.promises, old.promise, old.conversation) == ((promise,), promise, None)
        assert (old.talk_seconds, old.replies, old.turn_p50_ms) == (12.5, 2, 321.5)
        (told,) = await store.promises()
        assert (told.promise, told.position, told.promised_at) == (promise, 1, NOW)
        assert (await store.customer_accounts("cust-1"))[0].account == account(1)
        found = old.to_export()
        assert (found["promise"], found["result"]) == (
            {
                "amount": "300.01",
                "currency": "CNY",
                "date": "2026-11-30",
                "channel": "alipay",
                "confidence": 0.875,
            },
            None,
        )
        assert found["promises"] == [found["promise"]]
        with closing(sqlite3.connect(path)) as connection:
            connection.row_factory = sqlite3.Row
            for name, rows in before.items():
                after = [dict(row) for row in connection.execute(f"SELECT * FROM {MOVED.get(name, name)}")]
                held = [{**row, **DUE} if name == "outbox" else row for row in rows]
                assert [{key: row[key] for key in rows[0]} for row in after] == held, name
        await close_with(store, FULL, 2)
        assert (await store.attempts())[-1].conversation == FULL
    assert broken_promises(path) == []


async def test_a_database_of_before_that_cannot_be_brought_up_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    second_database(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE promise SET date = 'some day'")
    with pytest.raises(StoreError, match="rule of the database"):
        await SqliteStore.open(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT date FROM promise").fetchall() == [("some day",)]
        assert connection.execute("SELECT COUNT(*) FROM attempt_record").fetchone() == (1,)
