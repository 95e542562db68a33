"""The write-ahead log is moved beside the writer: it does not grow without end, and nothing is lost by it."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ari_app.store import checkpoints
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, broken_promises, campaign

pytestmark = pytest.mark.fakes


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.sqlite3"


async def test_the_log_is_moved_now_and_then_and_begins_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_COMMITS", 10)
    log = path.with_name(f"{path.name}-wal")
    sizes: list[int] = []
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        for number in range(120):
            await store.load_accounts("c1", [account(number)], NOW)
            if (running := store._writer.checkpoints._running) is not None:
                await asyncio.wait([running])  # with nobody writing meanwhile, all of it is moved
            sizes.append(log.stat().st_size)
        assert store._writer.checkpoints.done >= 9
    assert max(sizes[60:]) <= max(sizes[:60]), "used again from its beginning"
    assert broken_promises(path) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM account").fetchone() == (120,)


async def test_a_log_that_cannot_be_moved_costs_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_COMMITS", 1)
    async with await SqliteStore.open(path) as store:
        store._writer.checkpoints._path = path.parent  # a folder is no database
        await store.put_campaign(campaign())
        for number in range(5):
            await store.load_accounts("c1", [account(number)], NOW)
        assert store._writer.checkpoints.done == 0
    assert broken_promises(path) == []


async def test_a_commit_does_not_wait_for_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY_COMMITS", 1)
    async with await SqliteStore.open(path) as store:
        moving = asyncio.get_running_loop().create_future()
        store._writer.checkpoints._running = moving  # one that does not end
        for number in range(3):
            await store.put_campaign(campaign(f"c{number}"))
        assert len(await store.campaigns()) == 3
        moving.set_result(None)
        store._writer.checkpoints._running = None
