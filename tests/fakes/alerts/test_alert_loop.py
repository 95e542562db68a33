"""From what happens to a customer to the webhook and the alert about it, by the jobs of the controller itself."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from ari_app.app import open_store
from ari_app.closed_loop import closed_loop
from ari_app.config import load_settings
from ari_app.domain.alerts.alert import Severity
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.observation import Observed
from ari_app.ports import BillKey
from ari_app.ports.alerts import AlertFilter
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.receiver import receiver
from tests.support.store_rows import account, campaign
from tests.support.until import until
from tests.support.verdicts import BOOK

pytestmark = pytest.mark.fakes


async def test_a_broken_promise_reaches_the_webhook_and_the_people(tmp_path: Path) -> None:
    path = tmp_path / "ari-app.yaml"
    wanted = {
        "data_dir": str(tmp_path / "data"),
        "dialplan_dir": str(ROOT / "dialplan"),
        "metrics": {"port": None},
        "webhooks": {"allow_networks": ["127.0.0.1"]},
    }
    path.write_text(json.dumps(wanted), encoding="utf-8")
    settings, clock, scheduler = load_settings(path), FakeClock(), AsyncIOScheduler(timezone=UTC)
    observed = Observed()
    async with (
        receiver() as far,
        open_store(settings) as store,
        closed_loop(settings, store, clock, scheduler, lambda: BOOK, observed.add),
    ):
        events = ("collection.ptp.broken", "alert.triggered")
        await store.put_campaign(replace(campaign(), webhook=WebhookSpec(far.url, events, "secret-1")))
        await store.load_accounts("c1", [account()], clock.now())
        promised = [PromiseToPay(Decimal("100.00"), clock.now().date().isoformat())]
        bill = BillKey("cust-1", "acc-1", "b1")
        await store.debts.promise(bill, promised, made_in="p-1", source="page", now=clock.now())
        clock.advance(timedelta(days=3))
        for _ in range(2):
            for job in scheduler.get_jobs():
                done = job.func()
                if done is not None:
                    await done
        rules = [each.rule for each in await store.alerts.alerts(AlertFilter(), clock.now())]
        assert rules == ["promise_broken"]
        await until(lambda: len(far.requests) == 2)
        assert [each.event["event"] for each in far.requests] == list(events)
        shown = {(source.group, source.label): source.read() for source in observed.sources}
        assert shown["alerts", Severity.P2.value].open == 1  # type: ignore[attr-defined]
        await until(lambda: shown["webhooks", ""].sent == 2)  # type: ignore[attr-defined]
