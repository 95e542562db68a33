"""A customer of several campaigns is called first by that of the higher priority, then by that of the older due date."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from ari_app.domain.account import Account
from ari_app.domain.campaign import CampaignStatus, CampaignStrategy
from ari_app.domain.contact_facts import Flag
from ari_app.domain.segment import Segment
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import KnownStrategy, Role, StrategyBook
from ari_app.domain.windows import Window
from ari_app.ports import SignOff
from ari_app.services.strategy_content import canonical, digest_of
from ari_app.store.rivals import PRECEDENCE
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign, ids
from tests.support.strategies import step
from tests.support.verdicts import decide

pytestmark = pytest.mark.fakes

NEWER = account(1, "b1", account_id="acc-1", due_date=date(2026, 11, 1))
OLDER = account(1, "b2", account_id="acc-2", due_date=date(2026, 9, 1))
URGENT = Strategy("urgent", "1", (Segment("all", steps=(step("start"),), priority=50),))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.db") as opened:
        yield opened


async def begin(
    store: SqliteStore, campaign_id: str, whose: Account, strategy: CampaignStrategy | None = None
) -> None:
    await store.put_campaign(campaign(campaign_id, strategy))
    await store.load_accounts(campaign_id, [whose], NOW)


async def claimed(store: SqliteStore, campaign_id: str, now: datetime = NOW) -> int:
    return len(await store.claim_due(campaign_id, now, 5, decide, ids(f"{campaign_id}-{now:%H%M}")))


async def test_the_older_due_date_goes_first(store: SqliteStore) -> None:
    await begin(store, "new", NEWER)
    await begin(store, "old", OLDER)
    assert (await claimed(store, "new"), await claimed(store, "old")) == (0, 1)


async def test_the_higher_priority_of_a_strategy_goes_before_the_older_due_date(store: SqliteStore) -> None:
    known = KnownStrategy(URGENT, digest_of(URGENT))
    store.use_strategies(lambda: StrategyBook({"urgent": known}))
    for role in Role:
        await store.sign_strategy(
            SignOff("urgent", "1", known.digest, role, f"Li of {role}", NOW), canonical(URGENT)
        )
    await begin(store, "new", NEWER, CampaignStrategy(file="urgent"))
    await begin(store, "old", OLDER)
    assert (await claimed(store, "old"), await claimed(store, "new")) == (0, 1)


async def test_of_equals_whoever_comes_first_calls(store: SqliteStore) -> None:
    await begin(store, "one", NEWER)
    await begin(store, "two", NEWER)
    assert (await claimed(store, "two"), await claimed(store, "one")) == (1, 0)


async def test_precedence_ends_so_that_a_campaign_that_does_not_call_holds_nobody_up(
    store: SqliteStore,
) -> None:
    await begin(store, "new", NEWER)
    await begin(store, "old", OLDER)
    assert await claimed(store, "new") == 0
    assert await store.next_due_at("new") == NOW + PRECEDENCE
    assert await claimed(store, "new", NOW + PRECEDENCE - timedelta(seconds=1)) == 0
    assert await claimed(store, "new", NOW + PRECEDENCE) == 1


async def test_who_may_not_be_called_now_has_no_precedence(store: SqliteStore) -> None:
    closed = CampaignStrategy(windows=(Window(15 * 60, 16 * 60),))
    await begin(store, "new", NEWER)
    await begin(store, "old", OLDER, closed)
    assert await claimed(store, "new") == 1


@pytest.mark.parametrize("status", [CampaignStatus.PAUSED, CampaignStatus.FINISHED])
async def test_a_campaign_that_does_not_run_has_no_precedence(
    store: SqliteStore, status: CampaignStatus
) -> None:
    await begin(store, "new", NEWER)
    await store.put_campaign(replace(campaign("old"), status=status))
    await store.load_accounts("old", [OLDER], NOW)
    assert await claimed(store, "new") == 1


async def test_what_is_paid_has_no_precedence(store: SqliteStore) -> None:
    await begin(store, "new", NEWER)
    await begin(store, "old", OLDER)
    await store.set_flag("cust-1", Flag.PAID, "the bank", NOW, "acc-2")
    assert await claimed(store, "new") == 1
