"""The one writer: small changes committed together, each on its own account."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ari_app.errors import StoreError
from ari_app.store import SqliteStore
from ari_app.store.writer import MAX_GROUP, Operation, Writer
from tests.support.rules import decide
from tests.support.store_rows import (
    NOW,
    account,
    broken_promises,
    campaign,
    ids,
    no_events,
    outcome,
    tomorrow,
)

pytestmark = pytest.mark.fakes


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Writer]:
    opened = await Writer.open(tmp_path / "a.sqlite3")
    await opened.run(lambda db: db.execute("CREATE TABLE note (text TEXT UNIQUE, number INTEGER) STRICT"))
    yield opened
    await opened.close()


def note(text: str) -> Operation[str]:
    def operation(db: sqlite3.Connection) -> str:
        db.execute("INSERT INTO note (text) VALUES (?)", (text,))
        return text

    return operation


def notes(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT text FROM note ORDER BY rowid")]
    finally:
        connection.close()


async def held(writer: Writer, *operations: Operation[object]) -> list[object]:
    """Run operations so that they surely form one group: they wait while another is being carried out."""
    gate = threading.Event()
    first = asyncio.create_task(writer.run(lambda db: gate.wait(10)))
    await asyncio.sleep(0)
    tasks = [asyncio.create_task(writer.run(operation)) for operation in operations]
    await asyncio.sleep(0)
    gate.set()
    await first
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_arrives_together_is_committed_together(writer: Writer, tmp_path: Path) -> None:
    before = writer.commits
    texts = [f"n{number}" for number in range(MAX_GROUP)]
    assert await held(writer, *map(note, texts)) == texts
    assert writer.commits - before == 2
    assert notes(tmp_path / "a.sqlite3") == texts


async def test_more_than_a_group_takes_another_turn(writer: Writer, tmp_path: Path) -> None:
    before = writer.commits
    texts = [f"n{number}" for number in range(MAX_GROUP + 1)]
    assert await held(writer, *map(note, texts)) == texts
    assert writer.commits - before == 3


async def test_one_that_fails_does_not_fail_its_neighbours(writer: Writer, tmp_path: Path) -> None:
    def half_done(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO note (text) VALUES ('half')")
        raise LookupError("a mistake of its own")

    results = await held(writer, note("a"), note("a"), half_done, note("b"))
    assert (results[0], results[3]) == ("a", "b")
    assert isinstance(results[1], StoreError)
    assert isinstance(results[2], LookupError)
    assert notes(tmp_path / "a.sqlite3") == ["a", "b"]


async def test_one_that_loses_the_whole_transaction_does_not_fail_its_neighbours(
    writer: Writer, tmp_path: Path
) -> None:
    def lose(db: sqlite3.Connection) -> None:
        db.execute("ROLLBACK")  # what SQLite itself does on a full disk or an I/O error
        raise sqlite3.OperationalError("disk I/O error")

    results = await held(writer, note("a"), lose, note("b"))
    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], StoreError)
    assert notes(tmp_path / "a.sqlite3") == ["a", "b"]


async def test_a_commit_that_fails_is_repaired_one_by_one(writer: Writer, tmp_path: Path) -> None:
    def owes(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA defer_foreign_keys = ON")
        db.execute(
            "INSERT INTO import_batch (campaign_id, at, added, updated, unchanged) VALUES ('none', 0, 0, 0, 0)"
        )

    results = await held(writer, note("a"), owes, note("b"))
    assert (results[0], results[2]) == ("a", "b")
    assert isinstance(results[1], StoreError)
    assert notes(tmp_path / "a.sqlite3") == ["a", "b"]


async def test_who_stops_waiting_does_not_stop_the_writing(writer: Writer, tmp_path: Path) -> None:
    gate = threading.Event()
    first = asyncio.create_task(writer.run(lambda db: gate.wait(10)))
    await asyncio.sleep(0)
    given_up = asyncio.create_task(writer.run(note("a")))
    last = asyncio.create_task(writer.run(note("b")))
    await asyncio.sleep(0)
    given_up.cancel()
    gate.set()
    await asyncio.gather(first, last)
    assert given_up.cancelled() or (await asyncio.gather(given_up, return_exceptions=True))
    assert notes(tmp_path / "a.sqlite3") == ["a", "b"]


async def test_closing_carries_out_what_waits(tmp_path: Path) -> None:
    writer = await Writer.open(tmp_path / "a.sqlite3")
    await writer.run(lambda db: db.execute("CREATE TABLE note (text TEXT UNIQUE) STRICT"))
    waiting = [asyncio.create_task(writer.run(note(f"n{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    await writer.close()
    await writer.close()
    assert await asyncio.gather(*waiting) == [f"n{number}" for number in range(5)]
    with pytest.raises(StoreError, match="has been closed"):
        await writer.run(note("late"))


async def test_reading_after_closing_is_an_error(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "a.sqlite3")
    await store.close()
    with pytest.raises(StoreError, match="has been closed"):
        await store.campaigns()


async def test_whoever_reserved_hears_of_it_before_the_list_of_open_attempts_is_out(tmp_path: Path) -> None:
    """Reconciliation relies on it: an open attempt that it sees is owned by then, or nobody's."""
    order: list[str] = []

    async def claim(store: SqliteStore) -> None:
        assert await store.claim_due("c1", NOW, 1, decide, ids())
        order.append("claimed")

    async def look(store: SqliteStore) -> None:
        assert len(await store.open_attempts()) == 1
        order.append("seen")

    async with await SqliteStore.open(tmp_path / "a.sqlite3") as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1)], NOW)
        await asyncio.gather(claim(store), look(store))
    assert order == ["claimed", "seen"]


async def test_two_stores_on_one_file_reserve_nobody_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as one, await SqliteStore.open(path) as other:
        await one.put_campaign(campaign())
        await one.load_accounts("c1", [account(n // 2, f"b{n}") for n in range(60)], NOW)

        async def work(store: SqliteStore, prefix: str) -> list[str]:
            new_id, served = ids(prefix), []
            while claimed := await store.claim_due("c1", NOW, 3, decide, new_id):
                for attempt in claimed:
                    await store.mark_dialled(attempt.attempt_id, NOW, decide)
                    served.append(attempt.account.customer_id)
                    await store.close_attempt(outcome(attempt), tomorrow, no_events)
            return served

        served = [
            name for names in await asyncio.gather(work(one, "one"), work(other, "other")) for name in names
        ]
        # One bill of each customer: the other waits for the least gap between two dials to one customer.
        assert len(served) == len(set(served)) == len(await one.attempts()) == 30
        assert broken_promises(path) == []


async def test_many_processes_may_open_a_new_database_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(8)))
    try:
        assert [await store.campaigns() for store in stores] == [[]] * 8
    finally:
        for store in stores:
            await store.close()
