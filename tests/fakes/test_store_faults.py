"""Full disks, foreign files, newer versions, other controllers: a clear sentence, and nothing half-written."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.errors import StoreError, StoreUnavailable
from ari_app.store import ControllerLock, SqliteStore
from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate, shipped
from ari_app.store.writer import Writer
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, broken_promises, campaign, enough, ids, no_events, outcome

pytestmark = pytest.mark.fakes


async def limited(writer: Writer, pages: int) -> None:
    await writer.run(lambda db: db.execute(f"PRAGMA max_page_count = {pages}").fetchone())


async def test_a_full_disk_loses_nothing_and_the_writer_goes_on_when_there_is_space(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1)], NOW)
        writer = store._writer
        used = (await writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()))[0]
        await limited(writer, used + 1)
        with pytest.raises(StoreError, match="disk is full"):
            await store.load_accounts("c1", [account(n, name="x" * 500) for n in range(2, 90)], NOW)
        assert (await store.campaign_count("c1", NOW)).accounts == 1
        assert broken_promises(path) == []
        await limited(writer, 2**30)
        assert len(await store.claim_due("c1", NOW, 5, decide, ids())) == 1
        assert (await store.load_accounts("c1", [account(2)], NOW)).added == 1
    assert broken_promises(path) == []


async def test_a_load_that_fills_the_disk_does_not_fail_the_calls_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1)], NOW)
        (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
        used = (await store._writer.run(lambda db: db.execute("PRAGMA page_count").fetchone()))[0]
        await limited(store._writer, used + 3)
        results = await asyncio.gather(
            store.campaign_count("c1", NOW),
            store.mark_dialled(attempt.attempt_id, NOW, decide),
            store.load_accounts("c1", [account(n, name="x" * 500) for n in range(2, 90)], NOW),
            store.close_attempt(outcome(attempt), enough, no_events),
            return_exceptions=True,
        )
        assert isinstance(results[2], StoreError)
        assert [type(result).__name__ for result in (results[1], results[3])] == [
            "DialVerdict",
            "RetryDecision",
        ]
        (record,) = await store.attempts()
        assert (record.dialled_at, record.disposition) == (NOW, "busy")
    assert broken_promises(path) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two MiB."""
    mounted = tmp_path / "small"
    mounted.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs more rights")
    yield mounted
    subprocess.run(["umount", mounted], check=True)


async def test_a_real_small_file_system_that_is_full(small_disk: Path) -> None:
    path = small_disk / "a.sqlite3"
    filler = small_disk / "filler"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(1)], NOW)
        (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
        _fill(filler)
        with pytest.raises(StoreError, match=r"disk (is full|reports an error)"):
            await store.load_accounts("c1", [account(n, name="x" * 500) for n in range(2, 500)], NOW)
        with pytest.raises(StoreError):
            await store.mark_dialled(attempt.attempt_id, NOW, decide)
        assert [found.dialled_at for found in await store.open_attempts()] == [None]
        filler.unlink()
        assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).allowed
        assert broken_promises(path) == []


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    database = connect_writer(path)
    migrate(database, path, {**shipped(), "9001_future": "CREATE TABLE future (x INTEGER) STRICT;"})
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"written by a newer version .*9001_future"):
        await SqliteStore.open(path)
    assert path.read_bytes() == before


async def test_a_database_of_an_older_version_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
    database = connect_writer(path)
    more = {
        **shipped(),
        "9001_a": "CREATE TABLE a (x INTEGER) STRICT;",
        "9002_b": "CREATE TABLE b (x INTEGER) STRICT;",
    }
    assert migrate(database, path, more) == ["9001_a", "9002_b"]
    assert migrate(database, path, more) == []
    database.close()


async def test_a_migration_that_fails_leaves_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    database = connect_writer(path)
    migrate(database, path)
    broken = {
        **shipped(),
        "9001_broken": "CREATE TABLE a (x INTEGER) STRICT;\nINSERT INTO nowhere VALUES (1);",
    }
    with pytest.raises(StoreError, match="nowhere"):
        migrate(database, path, broken)
    assert "a" not in database.table_names()
    mended = {**shipped(), "9001_broken": "CREATE TABLE a (x INTEGER) STRICT;"}
    assert migrate(database, path, mended) == ["9001_broken"]
    database.close()


async def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x INTEGER)")
        connection.commit()
    with pytest.raises(StoreError, match="no database of ari-app"):
        await SqliteStore.open(path)


async def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    path.write_text("customerId,name\n" * 400)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not an SQLite database"):
        await SqliteStore.open(path, controller=True)
    assert path.read_bytes() == before
    ControllerLock(path).acquire()  # the failed one has given it back


async def test_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(number) for number in range(500)], NOW)
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|malformed"):
        async with await SqliteStore.open(path) as store:
            await store.campaign_count("c1", NOW)


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="does not exist; make it first"):
        await SqliteStore.open(tmp_path / "nowhere" / "a.sqlite3")
    with pytest.raises(StoreError, match="Is a directory"):
        await SqliteStore.open(tmp_path)


async def test_a_read_only_database(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store._writer.run(lambda db: db.execute("PRAGMA query_only = ON"))
        with pytest.raises(StoreError, match="read-only"):
            await store.load_accounts("c1", [account(1)], NOW)


async def test_personal_data_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path, controller=True) as store:
        await store.put_campaign(campaign())
        assert {name: mode for name, mode in _modes(tmp_path).items() if mode != 0o600} == {}


def _modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_a_database_locked_by_another_process_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path, busy_timeout_s=0.01) as store:
        await store.put_campaign(campaign())
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="another process keeps it locked"):
                await store.load_accounts("c1", [account(1)], NOW)
            together = await asyncio.gather(
                *(store.load_accounts("c1", [account(n)], NOW) for n in range(5)), return_exceptions=True
            )
            assert {type(result) for result in together} == {StoreUnavailable}
            assert await store.campaigns() == [campaign()]  # readers go on
            other.execute("ROLLBACK")
        assert (await store.load_accounts("c1", [account(1)], NOW)).added == 1


async def test_a_second_controller_is_refused_with_the_number_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path, controller=True) as first:
        with pytest.raises(StoreError, match=rf"another controller \(process {os.getpid()}\)"):
            await SqliteStore.open(path, controller=True)
        async with await SqliteStore.open(path) as beside:  # an import, a pause
            await beside.put_campaign(campaign())
        assert await first.campaigns() == [campaign()]
    async with await SqliteStore.open(path, controller=True):
        pass


HOLDER = """
import sys
from pathlib import Path
from ari_app.store import ControllerLock
ControllerLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_the_lock_of_a_controller_dies_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        lock = ControllerLock(path)
        with pytest.raises(StoreError, match=rf"process {holder.pid}"):
            lock.acquire()
        holder.kill()
        holder.wait()
        lock.acquire()
        lock.release()
        lock.release()


async def test_an_import_beside_a_serving_controller_waits_its_turn(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with (
        await SqliteStore.open(path, controller=True) as serving,
        await SqliteStore.open(path) as importing,
    ):
        await serving.put_campaign(campaign())
        loads = [importing.load_accounts("c1", [account(n)], NOW) for n in range(40)]
        pauses = [
            serving.add_do_not_contact(f"cust-{n}", "letter", NOW, NOW + timedelta(days=n + 1))
            for n in range(40)
        ]
        results = await asyncio.gather(*loads, *pauses)
        assert all(results)
        assert (await serving.campaign_count("c1", NOW)).accounts == 40
