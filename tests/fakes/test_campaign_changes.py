"""A changed campaign asks its accounts again part by part: claims come between, and what broke off is done later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from sqlite3 import Connection

import pytest

from ari_app.domain.campaign import Campaign, CampaignStrategy
from ari_app.domain.windows import Window
from ari_app.errors import StoreError
from ari_app.store import campaigns, sqlite_store
from ari_app.store.campaigns import rearm_part
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign, ids
from tests.support.verdicts import decide

pytestmark = pytest.mark.fakes

CLOSED = CampaignStrategy(windows=(Window(15 * 60, 16 * 60),))
OPEN = CampaignStrategy(windows=(Window(9 * 60, 16 * 60),))
MANY = 30


def of(strategy: CampaignStrategy) -> Campaign:
    return replace(campaign(), strategy=strategy)


async def waiting(path: Path) -> SqliteStore:
    """A store whose accounts all wait for a window of the afternoon, beside a campaign that is about to call."""
    store = await SqliteStore.open(path)
    await store.put_campaign(of(CLOSED))
    await store.load_accounts("c1", [account(n) for n in range(1, MANY + 1)], NOW)
    assert await store.claim_due("c1", NOW, 1, decide, ids()) == []
    await store.put_campaign(campaign("c2"))
    await store.load_accounts("c2", [account(99)], NOW)
    return store


def _only_the_first_part(connection: Connection, campaign_id: str, after: int, upto: int) -> int:
    if after:
        raise StoreError("the disk is full")
    return rearm_part(connection, campaign_id, after, upto)


async def test_claims_come_between_the_parts_of_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "PART", 1)
    async with await waiting(tmp_path / "a.db") as store:
        changing = asyncio.create_task(store.put_campaign(of(OPEN)))
        assert len(await store.claim_due("c2", NOW, 1, decide, ids("other"))) == 1
        assert not changing.done()
        assert await changing
        assert (await store.campaign_count("c1", NOW)).due_now == MANY


async def test_what_a_change_left_undone_is_done_when_the_campaign_is_put_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "PART", 10)
    async with await waiting(tmp_path / "a.db") as store:
        with monkeypatch.context() as full:
            full.setattr(campaigns, "rearm_part", _only_the_first_part)
            with pytest.raises(StoreError):
                await store.put_campaign(of(OPEN))
        assert (await store.campaign_count("c1", NOW)).due_now == 10
        assert not await store.put_campaign(of(OPEN)), "it is the same campaign"
        assert (await store.campaign_count("c1", NOW)).due_now == MANY
        later = NOW + timedelta(hours=9)
        assert await store.claim_due("c1", later, 1, decide, ids()) == []
        assert not await store.put_campaign(of(OPEN))
        assert (await store.campaign_count("c1", later)).due_now == 0, "and then it is done with"
