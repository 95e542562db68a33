"""Promises of a database of before the ledger: what nobody can judge any more is not held against anybody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ari_app.domain.debt.promise import PromiseState
from ari_app.store.codec import micros
from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate, shipped
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW

pytestmark = pytest.mark.fakes

OLD = """
INSERT INTO campaign VALUES ('c1', 'n', 'running', '{"min_amount":"1"}', '{"caller_id_pool":["+861088880001"]}', NULL, 0);
INSERT INTO account (id, customer_id, account_id, bill_id, name, phone, timezone, language, amount_minor, currency,
    due_date, aging_bucket, preferred_windows, broken_promises)
VALUES (1, 'cust-1', 'acc-1', 'b1', 'n', '+8613800000001', 'Asia/Shanghai', 'zh', 56832, 'CNY', '2026-10-01',
    'D1-D30', '', 1);
INSERT INTO campaign_account (id, campaign_id, account, state, closed_reason) VALUES (1, 'c1', 1, 'done', 'x');
INSERT INTO attempt (attempt_id, campaign_account, campaign_id, customer_id, account_id, bill_id, phone, caller_id, number,
    timezone, strategy, rule_pack, rule_pack_version, reserved_at, ended_at, disposition, plan_reason)
SELECT 'att-' || n.value, 1, 'c1', 'cust-1', 'acc-1', 'b1', '+8613800000001', '+8610', n.value, 'Asia/Shanghai',
    's', 'cn-telecom', '1', :at, :at, 'promise_to_pay', 'x' FROM json_each('[1, 2, 3]') AS n;
INSERT INTO promise (attempt_id, position, amount_minor, currency, date, channel, confidence, promised_at) VALUES
    ('att-1', 1, 10000, 'CNY', '2020-01-10', 'alipay', 0.9, :at - 3000000),
    ('att-2', 1, 10000, 'CNY', '2020-02-10', 'alipay', 0.9, :at - 2000000),
    ('att-3', 1, 10000, 'CNY', '2099-02-10', 'alipay', 0.9, :at - 1000000);
"""


async def test_promises_of_before_the_ledger_are_not_broken_by_it(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    database = connect_writer(path)
    migrate(database, path, {name: script for name, script in shipped().items() if name < "0019"})
    for statement in OLD.split(";\n"):
        if statement.strip():
            database.conn.execute(statement, {"at": micros(NOW)})
    database.conn.commit()
    database.close()
    async with await SqliteStore.open(path) as store:
        await store.debts.move_clock(datetime.now(UTC) + timedelta(days=2))
        states = [each.state for each in await store.debts.promises_of("cust-1")]
        assert states == [PromiseState.WITHDRAWN, PromiseState.WITHDRAWN, PromiseState.OPEN]
        (found,) = await store.customer_accounts("cust-1")
        assert found.account.details.broken_promises == 1
        assert await store.outbox() == []
