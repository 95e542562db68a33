"""Disputes of a database of before: those that nobody has answered are cases now, and nothing else is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeVerdict
from ari_app.store.codec import micros
from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate, shipped
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW

pytestmark = pytest.mark.fakes

OLD = """
INSERT INTO campaign VALUES ('c1', 'n', 'running', '{"min_amount":"1"}', '{"caller_id_pool":["+861088880001"]}', NULL, 0);
INSERT INTO account (id, customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, currency,
    due_date, aging_bucket, preferred_windows, stated_minor)
SELECT value, 'cust-' || value, 'acc-' || value, 'b1', 'n', '+86138' || value, 'Asia/Shanghai', 'zh', 100, 'CNY',
    '2026-10-01', 'D1-D30', '', 100 FROM json_each('[1, 2, 3]');
INSERT INTO campaign_account (id, campaign_id, account, state, closed_reason) SELECT id, 'c1', id, 'done', 'x' FROM account;
INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone, caller_id, number,
    timezone, strategy, rule_pack, rule_pack_version, reserved_at, ended_at, disposition, plan_reason)
SELECT 'att-' || c.id || n.value, c.id, 'c1', 'cust-' || c.id, 'acc-' || c.id, 'b1', '+86138', '+8610', 1, 'Asia/Shanghai',
    's', 'cn-telecom', '1', :at, :at, 'disputed', 'x'
FROM campaign_account AS c, json_each('["a", "b"]') AS n;
INSERT INTO dispute SELECT attempt_id, 'bill', 'too much', '["photo"]', 3, CASE customer_id WHEN 'cust-3' THEN 'closed'
    ELSE 'open' END, 0.9, :at + (attempt_id LIKE '%b') FROM attempt;
INSERT INTO standing_flag (customer_id, account_id, flag, source, attempt_id, set_at, cleared_at, cleared_source)
SELECT customer_id, account_id, 'dispute', 'said so', attempt_id, :at,
    CASE customer_id WHEN 'cust-1' THEN NULL ELSE :at END,
    CASE customer_id WHEN 'cust-1' THEN NULL ELSE 'answered' END FROM attempt WHERE attempt_id LIKE '%a';
"""


async def test_what_nobody_has_answered_is_a_case(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    database = connect_writer(path)
    migrate(database, path, {name: script for name, script in shipped().items() if name < "0020"})
    for statement in OLD.split(";\n"):
        if statement.strip():
            database.conn.execute(statement, {"at": micros(NOW)})
    database.conn.commit()
    database.close()
    async with await SqliteStore.open(path) as store:
        (case,) = await store.disputes.cases()
        assert (case.bill.customer_id, case.attempt_id, case.state) == ("cust-1", "att-1a", DisputeState.OPEN)
        assert (case.description, case.offered, case.due_at) == (
            "too much",
            ("photo",),
            NOW + timedelta(days=3),
        )
        await store.disputes.decide(
            case.case_id, DisputeDecision(DisputeVerdict.REJECTED, "right"), "li", NOW + timedelta(days=1)
        )
        (flag,) = await store.flags("cust-1")
        assert flag.cleared_at is not None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
