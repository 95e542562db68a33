"""Files put into a folder: never half read, never twice, put away with a report, whatever races with us."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ari_app.domain.debt.ledger import EntryKind
from ari_app.gateways.integrations.http_fetch import HttpFetch
from ari_app.ports import BillKey, Movement
from ari_app.ports.integrations import Run, RunResult
from ari_app.services.account_row import RowDefaults
from ari_app.services.integrations import inbox
from ari_app.services.integrations.definition import FolderPart
from ari_app.services.integrations.directory import IntegrationDirectory
from ari_app.services.integrations.inbox import InboxError, complete_files, take
from ari_app.services.integrations.loading import Places
from ari_app.services.integrations.runner import Integrations, Surroundings
from ari_app.services.integrations.trial import trial
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

LIST = "customerId,name,phone,accountId,billId,amountDue,dueDate\n"
ROW = "c{0},客户{0},138{0:08d},a{0},b{0},10.5,2026-10-01\n"


class Drop:
    """An integration ``drop`` that looks into a folder; ``wall`` is the time by which files grow old."""

    def __init__(self, tmp_path: Path, store: SqliteStore) -> None:
        self.store, self.clock = store, FakeClock(NOW)
        self.inbox = tmp_path / "inbox"
        self.inbox.mkdir()
        self.folder = tmp_path / "integrations"
        self.folder.mkdir()
        self.wall = 1e12  # far later: every file has been still for long
        self.work = tmp_path / "work"
        self.failed: list[Run] = []
        self.write()

    def write(self, more: str = "", into: str = "accounts", tail: str = "") -> None:
        text = f"integration: drop\ninto: {into}\n" + ("campaign: c1\n" if into == "accounts" else "")
        text += f"folder:\n  inbox: {self.inbox}\n{more}{tail}"
        (self.folder / "drop.yaml").write_text(text, encoding="utf-8")

    async def _failed(self, run: Run) -> None:
        self.failed.append(run)

    @property
    def around(self) -> Surroundings:
        return Surroundings(
            places=Places(self.store, self.store.debts, self.store.disputes),
            runs=self.store.integration_runs,
            clock=self.clock,
            defaults=RowDefaults,
            work=self.work,
            fetch=HttpFetch,
            wall=lambda: self.wall,
            failed=self._failed,
        )

    def integrations(self) -> Integrations:
        directory = IntegrationDirectory(self.folder)
        assert directory.problems == (), directory.problems
        return Integrations(directory, self.around)

    async def run(self) -> list[Run]:
        found = self.integrations()
        return await found.run(IntegrationDirectory(self.folder).definitions["drop"])

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.inbox / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def left(self) -> list[str]:
        return sorted(path.name for path in self.inbox.iterdir() if path.is_file() or path.is_symlink())

    def away(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.inbox / folder).glob("*") if "report" not in path.name)

    def report(self, folder: str) -> dict[str, Any]:
        (path,) = (self.inbox / folder).glob("*.report.json")
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return found

    async def owed(self, number: int) -> Decimal | None:
        found = await self.store.customer_accounts(f"c{number}")
        return found[0].account.amount_due if found else None


async def looked(integrations: Integrations) -> None:
    await integrations.look()
    await integrations.settled()


@pytest.fixture
async def drop(tmp_path: Path) -> AsyncIterator[Drop]:
    async with await SqliteStore.open(tmp_path / "s.db") as store:
        await store.put_campaign(campaign())
        yield Drop(tmp_path, store)


async def test_a_complete_file_is_loaded_and_put_away_with_a_report(drop: Drop) -> None:
    drop.put("list.csv", LIST + ROW.format(1) + "c2,x,12,a2,b2,10,2026-10-01\n")
    (run,) = await drop.run()
    assert (run.result, run.records, run.added, run.rejected) == (RunResult.DONE, 2, 1, 1)
    assert drop.left() == []
    assert drop.away("done") == ["20261123T020000Z-list.csv"]
    report = drop.report("done")
    assert (report["result"], report["added"], report["sha256"]) == ("done", 1, run.digest)
    assert (
        report["rejects"] == [each for each in report["rejects"] if each.startswith("row 3: phone: ")] != []
    )
    assert "客户" not in json.dumps(report, ensure_ascii=False)
    assert list((drop.work / "drop").glob("*list.csv")) == []  # no copy stays
    assert Path(run.rejects_file).exists()


async def test_a_file_that_is_still_written_is_left_until_it_is_still(drop: Drop) -> None:
    drop.write("  still_s: 30\n")
    path = drop.put("list.csv", LIST)
    changed = path.stat().st_ctime
    drop.wall = changed + 29
    assert await drop.run() == []
    # A client that sets the time of the file back does not make it old: the file system keeps its own.
    os.utime(path, (1, 1))
    drop.wall = path.stat().st_ctime + 29
    assert await drop.run() == []
    drop.put("list.csv", LIST + ROW.format(1))
    drop.wall = path.stat().st_ctime + 31
    (run,) = await drop.run()
    assert run.added == 1


async def test_a_marker_says_that_a_file_is_complete(drop: Drop) -> None:
    drop.write("  complete: done\n")
    drop.put("list.csv", LIST + ROW.format(1))
    assert await drop.run() == []
    drop.put("list.csv.done", "")
    assert [run.added for run in await drop.run()] == [1]
    assert drop.left() == []


async def test_a_final_name_says_that_a_file_is_complete(drop: Drop) -> None:
    drop.write("  complete: rename\n")
    part = drop.put("list.csv.part", LIST + ROW.format(1))
    drop.put(".list2.csv", LIST + ROW.format(2))
    assert await drop.run() == []
    part.rename(drop.inbox / "list.csv")
    assert [run.added for run in await drop.run()] == [1]
    assert drop.left() == [".list2.csv"]


async def test_a_file_that_changes_while_it_is_copied_is_not_used(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = drop.put("list.csv", LIST + ROW.format(1))
    copied = inbox._copied

    def and_more(read: Any, copy: Path, most: int) -> str | None:
        found = copied(read, copy, most)
        with path.open("ab") as stream:
            stream.write(ROW.format(2).encode())
        return found

    monkeypatch.setattr(inbox, "_copied", and_more)
    assert await drop.run() == []
    assert drop.left() == ["list.csv"]
    assert await drop.owed(1) is None
    monkeypatch.undo()
    assert [run.added for run in await drop.run()] == [2]


async def test_a_new_file_of_the_same_name_is_not_put_away_with_the_old_one(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("list.csv", LIST + ROW.format(1))
    add = drop.store.integration_runs.add

    async def and_the_next_one_comes(run: Run) -> None:
        await add(run)
        (drop.inbox / "next").write_text(LIST + ROW.format(2), encoding="utf-8")
        (drop.inbox / "next").rename(drop.inbox / "list.csv")

    monkeypatch.setattr(drop.store.integration_runs, "add", and_the_next_one_comes)
    await drop.run()
    monkeypatch.undo()
    assert drop.left() == ["list.csv"]
    assert [run.added for run in await drop.run()] == [1]
    assert (await drop.owed(1), await drop.owed(2)) == (Decimal("10.50"), Decimal("10.50"))


async def test_the_same_content_is_loaded_once_under_whatever_name(drop: Drop) -> None:
    drop.write(into="payments")
    await drop.store.load_accounts("c1", [account()], NOW - timedelta(hours=1))
    payments = "customerId,accountId,billId,amount,reference\ncust-1,acc-1,b1,100,t1\n"
    drop.put("a.csv", payments)
    assert [run.added for run in await drop.run()] == [1]
    drop.clock.advance(timedelta(hours=1))
    drop.put("a.csv", payments)
    drop.put("b.csv", payments)
    assert await drop.run() == []
    assert (drop.left(), len(drop.away("done"))) == ([], 3)
    drop.put("a.csv", payments + "cust-1,acc-1,b1,50,t2\n")
    (run,) = await drop.run()
    assert (run.added, run.unchanged) == (1, 1)
    (found,) = await drop.store.customer_accounts("cust-1")
    assert found.account.amount_due == Decimal("418.32")


async def test_a_payment_that_a_callback_has_told_counts_once(drop: Drop) -> None:
    drop.write(into="payments", tail="provider: wechat\n")
    await drop.store.load_accounts("c1", [account()], NOW - timedelta(hours=1))
    bill = BillKey("cust-1", "acc-1", "b1")
    told = Movement(bill, EntryKind.PAYMENT, Decimal("100.00"), "CNY", NOW, "wechat", "t1")
    await drop.store.debts.post(told, NOW)
    drop.put(
        "a.csv",
        "customerId,accountId,billId,amount,reference\ncust-1,acc-1,b1,100,t1\ncust-1,acc-1,b1,1,t2\n",
    )
    (run,) = await drop.run()
    assert (run.added, run.unchanged) == (1, 1)
    assert [each.provider for each in await drop.store.debts.ledger(bill)] == ["wechat", "wechat"]


async def test_a_crash_after_loading_and_before_putting_away_loads_nothing_twice(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop.put("list.csv", LIST + ROW.format(1))

    class Killed(BaseException):
        pass

    def dies(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("ari_app.services.integrations.runner.put_away", dies)
    with pytest.raises(Killed):
        await drop.run()
    monkeypatch.undo()
    assert drop.left() == ["list.csv"]
    stale = drop.work / "drop" / "taken-1-list.csv"
    stale.write_text("what a killed run has left", encoding="utf-8")
    assert await drop.run() == []
    assert not stale.exists()
    assert (drop.left(), len(drop.away("done"))) == ([], 1)
    assert [run.result for run in await drop.store.integration_runs.runs("drop")] == [RunResult.DONE]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("noise.csv", bytes(range(1, 256)) * 9, ""),
        ("broken.xlsx", b"PK\x03\x04 no workbook", "damaged workbook"),
        ("broken.json", b'[{"customerId": "c1"', ""),
        ("headings.csv", b"a,b\n1,2\n", "no column of this name"),
        ("bad.csv", (LIST + "c2,x,12,a2,b2,10,2026-10-01\n").encode(), "no row was good"),
        ("huge.csv", LIST.encode() + b"x" * 200_000, "too long: more than most_mb 0.1"),
    ],
)
async def test_what_cannot_be_used_is_put_away_as_failed_and_told(
    drop: Drop, name: str, content: bytes, fault: str
) -> None:
    drop.write("  most_mb: 0.1\n")
    drop.put(name, content)
    drop.put("good.csv", LIST + ROW.format(1))
    runs = {run.file: run for run in await drop.run()}
    assert (runs[name].result, runs["good.csv"].result) == (RunResult.FAILED, RunResult.DONE)
    assert fault in runs[name].fault
    assert str(drop.work) not in runs[name].fault
    assert drop.left() == []
    assert drop.away("failed") == [f"20261123T020000Z-{name}"]
    assert drop.report("failed")["fault"] == runs[name].fault
    assert [run.file for run in drop.failed] == [name]
    # Mended and put there again under the same name, or the same content once more: it is tried again.
    drop.put(name, content)
    assert [run.result for run in await drop.run()] == [RunResult.FAILED]
    assert len(drop.away("failed")) == 2


async def test_links_folders_pipes_and_other_names_are_left_alone(drop: Drop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text(LIST + ROW.format(9), encoding="utf-8")
    (drop.inbox / "link.csv").symlink_to(secret)
    (drop.inbox / "folder.csv").mkdir()
    os.mkfifo(drop.inbox / "pipe.csv")
    drop.put("readme.txt", "x")
    drop.put("x.csv.done", "")
    assert await drop.run() == []
    assert await drop.owed(9) is None
    spec = FolderPart.model_validate({"inbox": drop.inbox})
    (drop.work / "x").mkdir(parents=True)
    with pytest.raises(InboxError, match="cannot be read"):
        take(drop.inbox / "link.csv", spec, drop.work / "x")
    assert take(drop.inbox / "pipe.csv", spec, drop.work / "x") is None
    assert take(drop.inbox / "gone.csv", spec, drop.work / "x") is None


async def test_a_file_that_cannot_be_read_is_told(drop: Drop, monkeypatch: pytest.MonkeyPatch) -> None:
    drop.put("list.csv", LIST + ROW.format(1))
    opened = os.open

    def refused(path: Any, *more: Any, **others: Any) -> int:
        if str(path).endswith("inbox/list.csv"):
            raise PermissionError(13, "Permission denied")
        return opened(path, *more, **others)

    monkeypatch.setattr("ari_app.services.integrations.inbox.os.open", refused)
    (run,) = await drop.run()
    assert (run.result, run.fault) == (RunResult.FAILED, "list.csv: cannot be read: Permission denied")


async def test_a_file_that_cannot_be_put_away_is_loaded_and_told_once(
    drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    (drop.inbox / "failed").write_text("a file where the folder should be", encoding="utf-8")
    drop.put("bad.csv", b"")
    integrations = drop.integrations()
    for _ in range(3):
        await looked(integrations)
        drop.clock.advance(timedelta(minutes=1))
    assert [run.file for run in drop.failed] == ["bad.csv"]
    drop.put("bad.csv", LIST + ROW.format(1))
    await looked(integrations)
    assert await drop.owed(1) == Decimal("10.50")


async def test_a_link_in_place_of_the_folder_for_done_files_leads_nowhere(drop: Drop, tmp_path: Path) -> None:
    elsewhere = tmp_path / "strategies"
    elsewhere.mkdir()
    (drop.inbox / "done").symlink_to(elsewhere)
    drop.put("list.csv", LIST + ROW.format(1))
    await looked(drop.integrations())
    assert list(elsewhere.iterdir()) == []
    assert await drop.owed(1) == Decimal("10.50")
    assert "list.csv" in drop.left()


async def test_a_report_is_never_written_through_a_link(drop: Drop, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    done = drop.inbox / "done"
    done.mkdir()
    prefix = NOW.strftime("%Y%m%dT%H%M%SZ")
    (done / f"{prefix}-list.csv.report.json").symlink_to(victim)
    drop.put("list.csv", LIST + ROW.format(1))
    await looked(drop.integrations())
    assert victim.read_text(encoding="utf-8") == "mine"
    (report,) = [each for each in done.glob("*.report.json") if not each.is_symlink()]
    assert json.loads(report.read_text(encoding="utf-8"))["added"] == 1


async def test_a_folder_that_is_not_there_is_told_now_and_then(drop: Drop) -> None:
    drop.inbox.rmdir()
    integrations = drop.integrations()
    for _ in range(16):
        await looked(integrations)
        drop.clock.advance(timedelta(minutes=1))
    assert [run.file for run in drop.failed] == ["", ""]
    drop.inbox.mkdir()
    drop.put("list.csv", LIST + ROW.format(1))
    drop.clock.advance(timedelta(minutes=15))
    await looked(integrations)
    assert await drop.owed(1) == Decimal("10.50")


async def test_columns_may_be_changed_on_the_way(drop: Drop) -> None:
    tail = (
        "map:\n  customerId: 户号\n  name: 姓名\n  phone: 电话\n  accountId: {join: [地区, 户号], between: '-'}\n"
        "  billId: 账单\n  amountDue: {from: 金额分, do: [fen]}\n  dueDate: {from: 到期, do: [{date: '%d.%m.%Y'}]}\n"
    )
    drop.write(tail=tail)
    drop.put(
        "名单.csv",
        "户号,姓名,电话,地区,账单,金额分,到期\nc1,王小明,13800000001,北,b1,1050,01.10.2026\nc2,王,13800000002,,b2,x,1.1.2026\n",
    )
    found = await trial(IntegrationDirectory(drop.folder).definitions["drop"], drop.around, 5)
    assert [sorted({fault.field for fault in each.faults}) for each in found] == [
        [],
        ["accountId", "amountDue"],
    ]
    (run,) = await drop.run()
    assert (run.added, run.rejected) == (1, 1)
    (account_found,) = await drop.store.customer_accounts("c1")
    assert (account_found.account.account_id, account_found.account.amount_due) == ("北-c1", Decimal("10.50"))


async def test_json_and_xlsx_are_taken_too(drop: Drop, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    for line in (LIST + ROW.format(1)).splitlines():
        book.active.append(line.split(","))
    book.save(drop.inbox / "list.xlsx")
    row = dict(zip(LIST.strip().split(","), ROW.format(2).strip().split(","), strict=True))
    drop.put("list.json", json.dumps([row]))
    assert [run.added for run in await drop.run()] == [1, 1]


def test_the_oldest_file_is_loaded_first(tmp_path: Path) -> None:
    spec = FolderPart.model_validate({"inbox": tmp_path, "complete": "rename"})
    for name, age in (("b.csv", 10), ("a.csv", 5), ("c.csv", 20)):
        (tmp_path / name).write_text("x", encoding="utf-8")
        os.utime(tmp_path / name, (age, age))
    assert [path.name for path in complete_files(spec, 1e12)] == ["a.csv", "b.csv", "c.csv"]
