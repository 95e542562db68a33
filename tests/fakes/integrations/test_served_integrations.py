"""Integrations as the controller runs them: a bad file raises an alert, the next good one closes it, a payment arrives."""

from __future__ import annotations

import asyncio
import json
import shutil
from contextlib import AsyncExitStack
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ari_app.app import open_store
from ari_app.closed_loop import closed_loop
from ari_app.config import load_settings
from ari_app.ports.alerts import AlertFilter
from ari_app.services.integrations.runner import Integrations
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.store_rows import account, campaign
from tests.support.verdicts import BOOK

pytestmark = pytest.mark.fakes


async def test_files_of_a_bank_are_taken_by_the_clock_and_failures_are_alarmed(tmp_path: Path) -> None:
    dialplan, inbox = tmp_path / "dialplan", tmp_path / "inbox"
    shutil.copytree(ROOT / "dialplan", dialplan, ignore=shutil.ignore_patterns("flows", "prompts"))
    inbox.mkdir()
    (dialplan / "integrations" / "bank.yaml").write_text(
        f"integration: bank\ninto: payments\nfolder: {{inbox: {inbox}, complete: rename}}\n", encoding="utf-8"
    )
    path = tmp_path / "ari-app.yaml"
    wanted = {
        "data_dir": str(tmp_path / "data"),
        "dialplan_dir": str(dialplan),
        "metrics": {"port": None},
        "api": {"port": None},
    }
    path.write_text(json.dumps(wanted), encoding="utf-8")
    settings, clock, scheduler = load_settings(path), FakeClock(), AsyncIOScheduler(timezone=UTC)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        await stack.enter_async_context(closed_loop(settings, store, clock, scheduler, lambda: BOOK))
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account()], clock.now())

        async def round_of_clocks() -> None:
            clock.advance(timedelta(minutes=1))
            for job in scheduler.get_jobs():
                done = job.func()
                if done is not None:
                    await done
                owner = getattr(job.func, "__self__", None)
                if isinstance(owner, Integrations):
                    await owner.settled()

        (inbox / "a.csv").write_text("what,is,this\n1,2,3\n", encoding="utf-8")
        await round_of_clocks()
        await round_of_clocks()
        assert await alerts(store, clock) == [("integration_failed", "bank")]
        good = "customerId,accountId,billId,amount,reference\ncust-1,acc-1,b1,568.32,t1\n"
        await asyncio.to_thread((inbox / "b.csv").write_text, good, encoding="utf-8")
        await round_of_clocks()
        await round_of_clocks()
        assert await alerts(store, clock) == []
        (found,) = await store.customer_accounts("cust-1")
        assert found.account.amount_due == Decimal("0.00")


async def alerts(store: SqliteStore, clock: FakeClock) -> list[tuple[str, str]]:
    return [(each.rule, each.subject) for each in await store.alerts.alerts(AlertFilter(), clock.now())]
