"""The clocks of the closed loop as the controller has them: each can be run, and together they bring a case to its end."""

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
from ari_app.domain.call_result import PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.debt.plan import PlanState
from ari_app.domain.event_names import EVENTS
from ari_app.ports import BillKey
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.store_rows import account, campaign
from tests.support.verdicts import BOOK

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")


async def test_the_clocks_of_the_controller_move_promises_and_plans_on(tmp_path: Path) -> None:
    path = tmp_path / "ari-app.yaml"
    wanted = {
        "data_dir": str(tmp_path / "data"),
        "dialplan_dir": str(ROOT / "dialplan"),
        "metrics": {"port": None},
        "api": {"port": None},
        "promises": {"breaches": 1},
    }
    path.write_text(json.dumps(wanted), encoding="utf-8")
    settings, clock, scheduler = load_settings(path), FakeClock(), AsyncIOScheduler(timezone=UTC)

    async with (
        open_store(settings) as store,
        closed_loop(settings, store, clock, scheduler, lambda: BOOK),
    ):

        async def round_of_clocks() -> None:
            for job in scheduler.get_jobs():
                done = job.func()
                if done is not None:
                    await done

        now = clock.now()
        await store.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", tuple(EVENTS)))
        )
        await store.load_accounts("c1", [account()], now)
        wish = [PromiseToPay(Decimal("100.00"), (now + timedelta(days=2)).date().isoformat())]
        await store.debts.promise(BILL, wish, made_in="page-1", source="page", now=now)
        await round_of_clocks()
        assert await store.debts.attempts_to_replan(now) == []
        clock.advance(timedelta(days=4))
        await round_of_clocks()
        (broken,) = await store.debts.promises_of("cust-1")
        assert broken.state == "broken"
        # The table of the operators' folder decides who approves, and the settings how many breaches are too many.
        until = (clock.now() + timedelta(days=5)).date()
        reply = await store.plans.request(
            BILL, PlanRequest(PlanKind.DEFERRAL, until=until), source="page", by="", now=clock.now()
        )
        assert reply.plan is not None
        assert reply.plan.level == "team_lead"
        await store.plans.approve(reply.plan.plan_id, by="Wang", role="supervisor", now=clock.now())
        clock.advance(timedelta(days=10))
        await round_of_clocks()
        (plan,) = await store.plans.plans()
        assert plan.state is PlanState.BREACHED
        (special,) = [each for each in await store.list_entries() if each.kind == "special"]
        assert special.reason == "a promise was broken"
        told = [each.event.removeprefix("collection.") for each in await store.outbox()]
        assert [each for each in told if each.startswith(("ptp", "plan"))] == [
            "ptp.created",
            "ptp.broken",
            "plan.requested",
            "plan.approved",
            "plan.activated",
            "plan.instalment_missed",
            "plan.breached",
        ]
