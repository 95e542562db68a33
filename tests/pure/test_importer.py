"""Lists as files: every form loads the same, bad rows are told, hostile files are refused, none is half-read in silence."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.domain.account import Account
from ari_app.errors import InputError, StoreError
from ari_app.ports import LoadCount, Store
from ari_app.services.importer import ImportReport, import_list
from tests.support.examples import examples
from tests.support.lists import (
    CAMPAIGN,
    DEFAULTS,
    CountingStore,
    a_row,
    csv_bytes,
    write_csv,
    write_json,
    write_xlsx,
)

pytestmark = [pytest.mark.pure, pytest.mark.long]


async def load(path: Path, store: CountingStore | None = None, **options: object) -> ImportReport:
    store = store or CountingStore(CAMPAIGN)
    return await import_list(path, "c-1", cast("Store", store), DEFAULTS, **options)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def three() -> list[dict[str, object]]:
    return [a_row(number, name=name) for number, name in enumerate(("张三", "李四", "王五"), start=1)]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_csv_in_every_encoding_and_delimiter(tmp_path: Path, encoding: str, delimiter: str) -> None:
    store = CountingStore(CAMPAIGN)
    report = await load(write_csv(tmp_path / "l.csv", three(), encoding, delimiter), store)
    assert (report.rows, report.added, report.rejected, report.stopped) == (3, 3, 0, None)
    assert [account.name for account in store.accounts.values()] == ["张三", "李四", "王五"]
    assert names(tmp_path) == ["l.csv"]


async def test_all_forms_load_the_same(tmp_path: Path) -> None:
    rows = three()
    rows[0] |= {"agingBucket": "D91+", "preferredTimeWindow": "18:00-20:00", "language": "en"}
    rows[1] |= {"agingBucket": "", "preferredTimeWindow": "", "language": ""}
    rows[2] |= {"agingBucket": "", "preferredTimeWindow": "", "language": ""}
    stores = []
    for path in (
        write_csv(tmp_path / "l.csv", rows),
        write_json(tmp_path / "l.json", rows),
        write_xlsx(tmp_path / "l.xlsx", rows),
    ):
        stores.append(CountingStore(CAMPAIGN))
        report = await load(path, stores[-1])
        assert (report.rows, report.added, report.rejected) == (3, 3, 0), report
    assert stores[0].accounts == stores[1].accounts == stores[2].accounts


async def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    store = CountingStore(CAMPAIGN)
    path = write_csv(tmp_path / "l.csv", three())
    await load(path, store)
    before = dict(store.accounts)
    report = await load(path, store)
    assert (report.added, report.updated, report.unchanged) == (0, 0, 3)
    assert store.accounts == before


async def test_bad_rows_are_told_and_the_good_ones_load(tmp_path: Path) -> None:
    rows = [
        a_row(1),
        a_row(2, phone="123&Local/9@x"),
        a_row(3, amountDue="-1", dueDate="x"),
        a_row(4),
        a_row(1),
    ]
    report = await load(write_csv(tmp_path / "l.csv", rows))
    assert (report.rows, report.added, report.rejected, report.duplicates) == (5, 2, 3, 1)
    told = {reject.row: [fault.field for fault in reject.faults] for reject in report.rejects}
    assert told == {3: ["phone"], 4: ["amountDue", "dueDate"], 6: ["billId"]}
    assert "as row 2" in str(report.rejects[-1])


async def test_the_rejects_can_be_mended_and_loaded(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "l.csv", [a_row(1), a_row(2, phone="x1x"), a_row(3, name="=cmd|x", phone="")])
    store = CountingStore(CAMPAIGN)
    report = await load(path, store)
    rejects = tmp_path / "l.csv.rejects.csv"
    assert report.rejects_file == str(rejects)
    assert rejects.stat().st_mode & 0o777 == 0o600
    text = rejects.read_text(encoding="utf-8-sig")
    assert "'=cmd|x" in text
    rejects.write_text(text.replace("x1x", "13800000002").replace(",,", ",13800000003,"), encoding="utf-8")
    again = await load(rejects, store, rejects_path=tmp_path / "second.csv")
    assert (again.added, again.rejected) == (2, 0)
    assert len(store.accounts) == 3
    assert names(tmp_path) == ["l.csv", "l.csv.rejects.csv"]


async def test_columns_are_mapped(tmp_path: Path) -> None:
    headings = ["客户编号", "姓名", "手机号", "账户编号", "账单编号", "欠费金额", "到期日", "备注"]
    row = dict(zip(headings, [*a_row().values(), "x"], strict=True))
    report = await load(write_csv(tmp_path / "zh.csv", [row], "gbk"))
    assert (report.added, report.ignored_columns) == (1, ("备注",))
    assert report.columns["phone"] == "手机号"

    odd = {"Nr": "c_1"} | {key: value for key, value in a_row().items() if key != "customerId"}
    path = write_csv(tmp_path / "odd.csv", [odd])
    with pytest.raises(InputError, match=r"customerId: no column of this name .*--map customerId=COLUMN"):
        await load(path)
    assert (await load(path, mapping={"customerId": "Nr"})).added == 1
    with pytest.raises(InputError, match=r"did you mean phone\?"):
        await load(path, mapping={"customerId": "Nr", "fone": "phone"})
    with pytest.raises(InputError, match="no column 'Number'"):
        await load(path, mapping={"customerId": "Number"})


async def test_two_columns_for_one_field_are_not_guessed(tmp_path: Path) -> None:
    both = {key: value for key, value in a_row().items() if key != "phone"} | {"手机号": "1", "联系电话": "2"}
    with pytest.raises(InputError, match="two columns could be it"):
        await load(write_csv(tmp_path / "l.csv", [both]))
    twice = (
        csv_bytes([a_row()])
        .replace(b"name,phone", b"phone,phone")
        .replace(b"customerId", b"customerId,name", 1)
    )
    (tmp_path / "t.csv").write_bytes(twice)
    with pytest.raises(InputError, match="two columns have this heading"):
        await load(tmp_path / "t.csv")


async def test_batches_are_bounded(tmp_path: Path) -> None:
    store = CountingStore(CAMPAIGN)
    shares: list[float] = []
    rows = [a_row(number) for number in range(4500)]
    report = await load(write_csv(tmp_path / "l.csv", rows), store, progress=shares.append)
    assert (report.added, store.batches) == (4500, [2000, 2000, 500])
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


async def test_a_dry_run_checks_and_stores_nothing(tmp_path: Path) -> None:
    store = CountingStore()
    report = await load(write_csv(tmp_path / "l.csv", [*three(), a_row(9, phone="")]), store, dry_run=True)
    assert (report.added, report.rejected, store.accounts) == (3, 1, {})


async def test_an_unknown_campaign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        await load(write_csv(tmp_path / "l.csv", three()), CountingStore())


# ------------------------------------------------------------------------------------------------ hostile CSV


async def test_a_quotation_mark_left_open_costs_one_row(tmp_path: Path) -> None:
    lines = csv_bytes([a_row(number) for number in range(1, 300)]).decode().splitlines()
    lines[5] = lines[5].replace("张三", '"张三')
    path = tmp_path / "l.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    report = await load(path)
    assert (report.added, report.rejected) == (298, 1)
    assert report.rejects[0].row == 6
    assert "quotation mark" in str(report.rejects[0])


async def test_two_open_quotation_marks_cost_two_rows(tmp_path: Path) -> None:
    lines = csv_bytes([a_row(number) for number in range(1, 40)]).decode().splitlines()
    for at in (5, 20):
        lines[at] = lines[at].replace("张三", '"张三')
    (tmp_path / "l.csv").write_text("\n".join(lines), encoding="utf-8")
    report = await load(tmp_path / "l.csv")
    assert (report.added, report.rejected) == (37, 2)


async def test_rows_between_two_stray_quotation_marks_still_load(tmp_path: Path) -> None:
    lines = csv_bytes([a_row(number) for number in range(1, 40)]).decode().splitlines()
    lines[5] = lines[5].replace("张三", '"张三')
    lines[20] = lines[20].replace("张三", '张三"')
    (tmp_path / "l.csv").write_text("\n".join(lines), encoding="utf-8")
    report = await load(tmp_path / "l.csv")
    assert (report.rows, report.added, report.rejected) == (39, 38, 1)
    assert report.rejects[0].row == 6


async def test_a_remark_may_hold_line_breaks(tmp_path: Path) -> None:
    rows = [a_row(number, remark="one\ntwo, and\nthree") for number in range(1, 4)]
    report = await load(write_csv(tmp_path / "l.csv", rows))
    assert (report.rows, report.added, report.rejected) == (3, 3, 0)


async def test_a_name_with_a_line_break_is_one_row(tmp_path: Path) -> None:
    report = await load(write_csv(tmp_path / "l.csv", [a_row(1, name="a\nb"), a_row(2)]))
    assert (report.rows, report.added) == (2, 1)
    assert "control" in str(report.rejects[0])


async def test_rows_with_too_many_or_too_few_cells(tmp_path: Path) -> None:
    text = csv_bytes(three()).decode().splitlines()
    text[1] += ",extra"
    text[2] = "c_1,张三"
    text.insert(3, "")
    (tmp_path / "l.csv").write_text("\r\n".join(text), encoding="utf-8")
    report = await load(tmp_path / "l.csv")
    assert (report.rows, report.added, report.rejected) == (3, 1, 2)
    assert "more cells" in str(report.rejects[0])


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n\n", "empty"),
        (b"\x00" * 1000, "empty"),
        (b"a" * 100_000, "too long"),
        (b",".join([b"x"] * 1000) + b"\n", "more than 200 columns"),
        (b'"phone\n1', "headings"),
        (b"only,nonsense\n1,2\n", "no column of this name"),
        (b"\xff\xfe\xff", "not UTF-16"),
        (b"name,phone\n\x80\xff\xff\xff", "not GB18030"),
        (b"PK\x03\x04 not a zip", "damaged workbook"),
        (b"\xd0\xcf\x11\xe0" + bytes(100), "old or encrypted"),
        (b'{"name":"x","list":[]}', "campaign create"),
        (b"[1, 2", "not closed"),
        (b"[{}] x", "behind the list"),
        (b"[{} {}]", "comma is missing"),
        (b'[{"a":1,"a":2}]', "stands twice"),
        (b"[NaN]", "not a number"),
        (b"[" * 100_000, "nested"),
        (b"[" + b"9" * 5000 + b"]", "5000 digits"),
        (b'["' + b"x" * 200_000 + b'"]', "too long"),
    ],
)
async def test_files_that_are_no_lists_are_refused(tmp_path: Path, content: bytes, wrong: str) -> None:
    path = tmp_path / "list"
    path.write_bytes(content)
    store = CountingStore(CAMPAIGN)
    with pytest.raises(InputError, match=wrong):
        await load(path, store)
    assert store.accounts == {}


async def test_places_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        await load(tmp_path / "none.csv")
    with pytest.raises(InputError, match="not a file"):
        await load(tmp_path)


async def test_a_json_list_with_a_fault_far_down_loads_nothing(tmp_path: Path) -> None:
    path = write_json(tmp_path / "l.json", [a_row(number) for number in range(3000)])
    path.write_text(path.read_text(encoding="utf-8")[:-1] + "{", encoding="utf-8")
    store = CountingStore(CAMPAIGN)
    with pytest.raises(InputError, match="comma is missing"):
        await load(path, store)
    assert store.accounts == {}


async def test_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in [*three(), "x", {"phone": 1}]), encoding="utf-8")
    report = await load(path)
    assert (report.rows, report.added, report.rejected) == (5, 3, 2)


# ------------------------------------------------------------------------------------------------ hostile XLSX


async def test_workbook_cells_keep_their_meaning(tmp_path: Path) -> None:
    row = a_row(customerId=10001, phone=13800000001, amountDue=568.32, dueDate=date(2026, 2, 20))
    store = CountingStore(CAMPAIGN)
    report = await load(write_xlsx(tmp_path / "l.xlsx", [row]), store)
    assert report.added == 1
    expected = CountingStore(CAMPAIGN)
    await load(write_csv(tmp_path / "l.csv", [a_row(customerId="10001")]), expected)
    assert store.accounts == expected.accounts


async def test_formulas_are_not_calculated(tmp_path: Path) -> None:
    rows = [a_row(1, amountDue="=A1+1"), a_row(2, name="=1+1")]
    store = CountingStore(CAMPAIGN)
    report = await load(write_xlsx(tmp_path / "l.xlsx", rows), store)
    assert (report.added, report.rejected) == (1, 1)
    assert [account.name for account in store.accounts.values()] == ["=1+1"]


def repacked(path: Path, target: Path, changes: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(part.filename, changes.get(part.filename, old.read(part)))
    return target


SHEET = "xl/worksheets/sheet1.xml"


async def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = repacked(write_xlsx(tmp_path / "l.xlsx", three()), tmp_path / "b.xlsx", {SHEET: b" " * 30_000_000})
    assert bomb.stat().st_size < 100_000
    with pytest.raises(InputError, match="unpacks to 30 MB"):
        await load(bomb)


@pytest.mark.parametrize(
    ("sheet", "wrong"),
    [
        (b"", "workbook|empty|damaged"),
        (b"<not xml", "workbook|empty|damaged"),
        (b"\x00\x01", "workbook|empty|damaged"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet>&a;</worksheet>', "workbook|empty|damaged|headings"),
    ],
)
async def test_damaged_workbooks_are_refused(tmp_path: Path, sheet: bytes, wrong: str) -> None:
    path = repacked(write_xlsx(tmp_path / "l.xlsx", three()), tmp_path / "b.xlsx", {SHEET: sheet})
    with pytest.raises(InputError, match=wrong):
        await load(path)


async def test_a_sheet_that_breaks_off_says_how_far_it_was_read(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "l.xlsx", [a_row(number) for number in range(3000)])
    with zipfile.ZipFile(path) as archive:
        text = archive.read(SHEET).replace(b"<sheetData>", b'<dimension ref="A1:G3001"/><sheetData>')
    store = CountingStore(CAMPAIGN)
    report = await load(repacked(path, tmp_path / "b.xlsx", {SHEET: text[: len(text) * 9 // 10]}), store)
    assert report.stopped is not None
    assert "damaged" in report.stopped
    assert report.added == report.rows == len(store.accounts) > 2000


async def test_a_sheet_that_claims_a_million_columns(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "l.xlsx", three())
    with zipfile.ZipFile(path) as archive:
        text = archive.read(SHEET)
    lie = text.replace(b"<sheetData>", b'<dimension ref="A1:XFD1048576"/><sheetData>')
    assert (await load(repacked(path, tmp_path / "b.xlsx", {SHEET: lie}))).added == 3
    far = text.replace(b'r="4"', b'r="99999999999"')
    report = await load(repacked(path, tmp_path / "f.xlsx", {SHEET: far}))
    assert report.added == 2


async def test_a_heading_far_to_the_right_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="more than 200 columns"):
        await load(write_xlsx(tmp_path / "l.xlsx", [{f"h{number}": 1 for number in range(500)}]))


async def test_a_huge_cell_is_one_bad_row(tmp_path: Path) -> None:
    report = await load(write_xlsx(tmp_path / "l.xlsx", [a_row(1, name="x" * 32_000), a_row(2)]))
    assert (report.added, report.rejected) == (1, 1)


# ------------------------------------------------------------------------------------------------ properties

cells = st.text(max_size=30) | st.sampled_from(
    ["\r", "\r\n", 'a"b', '"', '""', "\n", ",", "\x00", "13800000001", "568.32", "=1+1"]
)


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.lists(cells, min_size=1, max_size=9), max_size=12))
async def test_random_rows_never_crash_and_counts_add_up(
    tmp_path: Path, rows: Sequence[Sequence[str]]
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(a_row())
    writer.writerows(rows)
    good = [a_row(number) for number in range(5)]
    writer.writerows(row.values() for row in good)
    path = tmp_path / "random.csv"
    path.write_bytes(text.getvalue().encode("utf-8", "replace"))
    store = CountingStore(CAMPAIGN)
    report = await load(path, store)
    assert report.rows == report.added + report.rejected
    assert report.rows >= len(good)
    assert {(row["customerId"], row["accountId"], row["billId"]) for row in good} <= {
        key for _, key in store.accounts
    }
    again = await load(path, store)
    assert replace(again, added=report.added, unchanged=0) == report


@settings(
    max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=400))
async def test_random_bytes_are_refused_or_counted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bytes"
    path.write_bytes(content)
    try:
        report = await load(path)
    except InputError:
        return
    assert report.rows == report.loaded + report.rejected


class FullAfterTheFirstBatch(CountingStore):
    """The disk is full from the second batch on."""

    async def load_accounts(self, campaign_id: str, accounts: Sequence[Account], now: datetime) -> LoadCount:
        if self.batches:
            raise StoreError("the disk is full")
        return await super().load_accounts(campaign_id, accounts, now)


async def test_a_disk_that_fills_up_says_what_is_loaded_and_how_to_go_on(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "l.xlsx", [a_row(number) for number in range(3000)])
    report = await load(path, FullAfterTheFirstBatch(CAMPAIGN))
    assert report.added == 2000
    assert report.stopped is not None
    assert "the disk is full" in report.stopped
    assert "load the file again" in report.stopped
