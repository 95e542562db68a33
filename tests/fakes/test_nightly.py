"""The nightly job: bills grow older on their customer's own day, warnings find their place, twice changes nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ari_app.domain.account import AccountDetails
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import ContactFacts, Rule
from ari_app.domain.retry import RetryDecision
from ari_app.services.nightly import Nightly, NightlyReport
from ari_app.store import sqlite_store
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import (
    NOW,
    account,
    broken_promises,
    campaign,
    deny_with,
    ids,
    no_events,
    outcome,
    talked,
)
from tests.support.verdicts import BOOK, decide

pytestmark = pytest.mark.fakes

DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "night.db"


async def night(store: SqliteStore, at: datetime) -> NightlyReport:
    return await Nightly(store, FakeClock(at), lambda: BOOK).run()


async def facts_of(store: SqliteStore, number: int) -> ContactFacts:
    (found,) = await store.contact_facts(f"cust-{number}", NOW)
    return found


async def test_a_bill_grows_older_once_and_is_asked_again(path: Path) -> None:
    wanted = replace(campaign().strategy, aging_buckets=("D31-D60",))
    late = date(2026, 10, 24)  # 30 days overdue on the 23rd of November
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign(strategy=wanted))
        await store.load_accounts("c1", [account(1, due_date=late, aging_bucket="D1-D30")], NOW)
        assert await store.claim_due("c1", NOW, 1, decide, ids()) == []
        assert (await night(store, NOW)).aged == 0
        assert await store.claim_due("c1", NOW, 1, decide, ids()) == []
        assert (await night(store, NOW + DAY)).aged == 1
        assert (await facts_of(store, 1)).account.aging_bucket == "D31-D60"
        assert len(await store.claim_due("c1", NOW + DAY, 1, decide, ids("later"))) == 1
        assert (await night(store, NOW + DAY)) == NightlyReport(0, 0, 0)
    assert broken_promises(path) == []


async def test_the_day_is_the_customers_own(path: Path) -> None:
    here = account(1, due_date=date(2026, 10, 24), aging_bucket="D1-D30")
    there = account(2, due_date=date(2026, 10, 24), aging_bucket="D1-D30", timezone="America/New_York")
    late = datetime(2026, 11, 24, 1, 0, tzinfo=ZoneInfo("Asia/Shanghai"))  # still the 23rd in New York
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [here, there], NOW)
        assert (await night(store, late)).aged == 1
        assert (await facts_of(store, 2)).account.aging_bucket == "D1-D30"


async def test_an_older_bucket_of_the_list_and_an_unknown_one_stay(path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        given = [account(1, aging_bucket="legacy"), account(2, aging_bucket="M2")]
        await store.load_accounts("c1", given, NOW)
        assert (await night(store, NOW + 90 * DAY)).aged == 0


async def test_pages_miss_nobody_and_take_nobody_twice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "BATCH", 3)
    monkeypatch.setattr(sqlite_store, "CHANGES", 2)
    many = [account(n, due_date=date(2026, 10, 24), aging_bucket="D1-D30") for n in range(1, 11)]
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", many, NOW)
        assert (await night(store, NOW + DAY)).aged == 10


async def test_claims_come_between_the_pages(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "CHANGES", 1)
    many = [account(n, due_date=date(2026, 10, 24), aging_bucket="D1-D30") for n in range(1, 31)]
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", many, NOW)
        working = asyncio.create_task(night(store, NOW + DAY))
        claimed = await store.claim_due("c1", NOW + DAY, 1, decide, ids())
        assert len(claimed) == 1
        assert not working.done()
        assert (await working).aged == 30


async def test_the_next_attempt_is_pulled_forward_to_a_warning_and_never_put_off(path: Path) -> None:
    ends = AccountDetails(suspension_on=(NOW + 2 * DAY).date(), suspension_at=time(14))
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(n, details=ends) for n in (1, 2)], NOW)
        (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
        await store.mark_dialled(attempt.attempt_id, NOW, decide)
        later = RetryDecision(NOW + 3 * DAY, "after the suspension")
        await store.close_attempt(outcome(attempt), lambda history: later, no_events)
        assert await night(store, NOW + timedelta(hours=1)) == NightlyReport(0, 1, 0)
        (pulled,) = await store.customer_accounts(attempt.account.customer_id)
        (waiting,) = await store.customer_accounts("cust-2")
        assert pulled.planned_at == datetime(2026, 11, 24, 14, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
        assert waiting.planned_at == NOW, "it is due before its warning, and stays so"
        assert await night(store, NOW + timedelta(hours=1)) == NightlyReport(0, 0, 0)


async def test_who_has_promised_to_pay_is_not_called_before_that_day(path: Path) -> None:
    ends = AccountDetails(suspension_on=(NOW + 2 * DAY).date(), suspension_at=time(14))
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1, details=ends)], NOW)
        (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
        await store.mark_dialled(attempt.attempt_id, NOW, decide)
        asked_after = RetryDecision(NOW + 8 * DAY, "called again if the promise is not kept")
        await store.close_attempt(talked(attempt), lambda history: asked_after, no_events)
        assert await night(store, NOW + timedelta(hours=1)) == NightlyReport(0, 0, 0, reordered=1)
        (waiting,) = await store.customer_accounts("cust-1")
        assert waiting.planned_at == NOW + 8 * DAY


async def test_a_warning_without_an_allowed_instant_is_counted(path: Path) -> None:
    never = CampaignStrategy(max_attempts=0)
    ends = AccountDetails(suspension_on=(NOW + 2 * DAY).date(), suspension_at=time(14))
    over = AccountDetails(suspension_on=(NOW + 2 * DAY).date(), service_state="suspended")
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign(strategy=never))
        await store.load_accounts("c1", [account(1, details=ends), account(2, details=over)], NOW)
        assert await store.claim_due("c1", NOW, 5, deny_with(Rule.MAX_ATTEMPTS), ids()) == []
        assert await night(store, NOW) == NightlyReport(0, 0, 1)
