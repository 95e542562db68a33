"""Lists of providers and banks: rows become payments and refunds, faults are told with their place."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.reconciliation import BookRow, Difference, Side, compared
from ari_app.errors import InputError
from ari_app.services.list_rows import no_progress
from ari_app.services.payments.statement_file import Statement, StatementRow, open_statement
from tests.support.clock import MONDAY_MORNING

pytestmark = pytest.mark.pure

ZONE = ZoneInfo("Asia/Shanghai")


def statement(path: Path, text: str, provider: str = "bank", **mapping: str) -> Statement:
    path.write_text(text, encoding="utf-8")
    return open_statement(path, provider, "CNY", ZONE, MONDAY_MORNING, mapping, no_progress)


def rows(
    path: Path, text: str, provider: str = "bank", **mapping: str
) -> tuple[list[StatementRow], list[str]]:
    opened = statement(path, text, provider, **mapping)
    found = list(opened.read())
    opened.listing.close()
    return found, [str(each).partition(": ")[2] for each in opened.faults]


def test_a_bank_list_is_read(tmp_path: Path) -> None:
    text = (
        "reference,amount,type,refund,currency,occurredAt,orderNo,customerId,accountId,billId\n"
        "t1,568.32,payment,,CNY,2026-11-23 09:30:00,AR1,,,\n"
        't2,"1,000.00",,,,2026/11/22,,c1,a1,b1\n'
        "t1,-68.32,,r1,,2026-11-23T01:45:00Z,,,,\n"
    )
    found, faults = rows(tmp_path / "f.csv", text)
    assert faults == []
    assert [(each.book.kind, each.book.reference, each.book.amount) for each in found] == [
        (EntryKind.PAYMENT, "t1", Decimal("568.32")),
        (EntryKind.PAYMENT, "t2", Decimal("1000.00")),
        (EntryKind.REVERSAL, "r1", Decimal("68.32")),
    ]
    assert found[2].payment == "t1"
    assert found[0].book.at == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    assert (found[0].order_no, found[0].bill) == ("AR1", None)
    assert found[1].bill is not None


def test_wechats_and_alipays_lists_are_understood(tmp_path: Path) -> None:
    wechat = (
        "交易时间,微信订单号,商户订单号,交易状态,应结订单金额,微信退款单号,退款金额,货币种类\n"
        "`2026-11-23 09:30:00,`4200001,`AR1,`SUCCESS,`568.32,`0,`0.00,`CNY\n"
        "`2026-11-23 09:31:00,`4200001,`AR1,`REFUND,`0.00,`5000001,`68.32,`CNY\n"
    )
    found, faults = rows(tmp_path / "w.csv", wechat, "wechat")
    assert faults == []
    assert [(each.book.reference, each.book.amount) for each in found] == [
        ("4200001", Decimal("568.32")),
        ("5000001", Decimal("68.32")),
    ]
    alipay = (
        "支付宝交易号,商户订单号,业务类型,完成时间,订单金额（元）,退款批次号/请求号\n"
        "2026001\t,AR1\t,交易,2026-11-23 09:30:00,568.32,\n"
        "2026001\t,AR1\t,退款,2026-11-23 09:30:00,-68.32,R9\n"
    )
    found, faults = rows(tmp_path / "a.csv", alipay, "alipay")
    assert faults == []
    assert [(each.book.reference, each.payment) for each in found] == [
        ("2026001", ""),
        ("2026001/R9", "2026001"),
    ]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        (",1.00,,,", "reference: is missing"),
        ("t,,,,", "amount: is missing"),
        ("t,1.001,,,", "amount: has more than two decimals"),
        ("t,abc,,,", "amount: is not an amount"),
        ("t,1.00,refund,,", "refund: is missing for money that went back"),
        ("t,-1.00,,,", "refund: is missing for money that went back"),
        ("t,1.00,nonsense,,", "type: is no word"),
        ("t,1.00,,,soon", "occurredAt: is no time"),
        ("t,1.00,,,2031-01-01", "occurredAt: is out of range"),
        ("t,1.00,,,1980-01-01", "occurredAt: is out of range"),
    ],
)
def test_a_faulty_row_is_told_with_its_place(tmp_path: Path, row: str, fault: str) -> None:
    found, faults = rows(tmp_path / "f.csv", f"reference,amount,type,refund,occurredAt\n{row}\nu,1.00,,,\n")
    assert [each.book.reference for each in found] == ["u"]
    assert faults[0].startswith(fault)


def test_numbers_that_a_spreadsheet_rounds_are_refused(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["reference", "amount", "occurredAt"])
    sheet.append([42000012345678901234, 1.5, datetime(2026, 11, 22, 8, 0)])  # noqa: DTZ001 - a cell has no zone
    sheet.append(["42000012345678901234", 0.1 + 0.2, None])
    book.save(tmp_path / "f.xlsx")
    opened = open_statement(tmp_path / "f.xlsx", "bank", "CNY", ZONE, MONDAY_MORNING, {}, no_progress)
    found = list(opened.read())
    opened.listing.close()
    assert [(each.book.reference, each.book.amount) for each in found] == [
        ("42000012345678901234", Decimal("0.30"))
    ]
    assert "does not keep exactly" in str(opened.faults[0])


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="reference"):
        statement(tmp_path / "f.csv", "a,b\n1,2\n")
    found, _ = rows(tmp_path / "g.csv", "no,sum\nx,2\n", reference="no", amount="sum")
    assert found[0].book.reference == "x"


_BOOKS = st.builds(
    BookRow,
    st.sampled_from([EntryKind.PAYMENT, EntryKind.REVERSAL]),
    st.text(max_size=3),
    st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=2),
    st.sampled_from(["CNY", "USD"]),
)


@given(_BOOKS, st.none() | _BOOKS)
def test_two_rows_are_the_same_only_in_amount_and_currency(there: BookRow, here: BookRow | None) -> None:
    found = compared(there, here)
    assert (found is Difference.ONLY_THERE) == (here is None)
    if here is not None:
        same = (here.amount, here.currency) == (there.amount, there.currency)
        assert (found is Difference.SAME) == same


@given(st.lists(_BOOKS, max_size=30))
def test_no_hundredth_is_lost_in_a_sum(books: list[BookRow]) -> None:
    side = Side()
    for each in books:
        side.add(each)
    signed = [each.amount if each.kind is EntryKind.PAYMENT else -each.amount for each in books]
    assert side.net == sum(signed, Decimal(0))
    assert side.payments + side.reversals == len(books)


@pytest.mark.parametrize("never", ["0001-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_row_with_the_first_or_the_last_day_of_the_calendar_spoils_no_other_row(
    tmp_path: Path, never: str
) -> None:
    text = f"reference,amount,occurredAt\nt1,1.00,{never}\nt2,2.00,2026-11-22\n"
    found, faults = rows(tmp_path / "f.csv", text)
    assert [each.book.reference for each in found] == ["t2"]
    assert len(faults) == 1
    assert "out of range" in faults[0]
