"""A provider's list beside our ledgers: every difference is found once, and what is missing can be posted."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.notice import NoticeState
from ari_app.domain.payments.reconciliation import Difference
from ari_app.ports.debt import BillKey, Movement
from ari_app.services.list_rows import no_progress
from ari_app.services.payments.reconcile import DifferenceRow, ReconcileReport, reconcile
from ari_app.services.payments.statement_file import open_statement
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, campaign

pytestmark = pytest.mark.fakes

ZONE = ZoneInfo("Asia/Shanghai")
BILL = BillKey("cust-1", "acc-1", "b1")
DAY = "2026-11-23"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(campaign())
        await opened.load_accounts("c1", [account(), account(2)], NOW - timedelta(hours=1))
        yield opened


async def post(
    store: SqliteStore, amount: str, reference: str, reverses: str = "", provider: str = "bank"
) -> None:
    kind = EntryKind.REVERSAL if reverses else EntryKind.PAYMENT
    moved = Movement(BILL, kind, Decimal(amount), "CNY", NOW, provider, reference, reverses)
    await store.debts.post(moved, NOW)


async def run(
    store: SqliteStore, path: Path, text: str, *, apply: bool = False
) -> tuple[ReconcileReport, list[DifferenceRow]]:
    path.write_text(text, encoding="utf-8")
    told: list[DifferenceRow] = []
    statement = open_statement(path, "bank", "CNY", ZONE, NOW + timedelta(hours=2), {}, no_progress)
    try:
        report = await reconcile(statement, store.payments, told.append, apply=apply)
    finally:
        statement.listing.close()
    return report, told


FILE = f"""reference,amount,refund,occurredAt,customerId,accountId,billId
same,100.00,,{DAY},,,
other,20.00,,{DAY},,,
new,30.00,,{DAY},cust-1,acc-1,b1
stray,5.00,,{DAY},cust-9,acc-9,b9
same,100.00,,{DAY},,,
same,-10.00,back,{DAY},,,
"""


async def test_every_difference_is_told_once(store: SqliteStore, tmp_path: Path) -> None:
    await post(store, "100.00", "same")
    await post(store, "20.01", "other")
    await post(store, "7.00", "ours")
    await post(store, "9.00", "elsewhere", provider="alipay")
    report, told = await run(store, tmp_path / "f.csv", FILE)
    assert [(each.difference, each.row.reference) for each in told] == [
        (Difference.TWICE, "same"),
        (Difference.OTHER_AMOUNT, "other"),
        (Difference.ONLY_THERE, "new"),
        (Difference.ONLY_THERE, "stray"),
        (Difference.ONLY_THERE, "back"),
        (Difference.ONLY_HERE, "ours"),
    ]
    assert (report.rows, report.counts[Difference.SAME], report.balanced) == (6, 1, False)
    ((key, total),) = report.totals.items()
    assert (str(key[0]), key[1]) == (DAY, "CNY")
    assert (total.there.net, total.here.net) == (Decimal("145.00"), Decimal("127.01"))
    assert total.difference == Decimal("17.99")
    assert len(await store.debts.ledger(BILL)) == 4  # nothing was changed


async def test_what_is_missing_is_posted_and_a_second_time_changes_nothing(
    store: SqliteStore, tmp_path: Path
) -> None:
    await post(store, "100.00", "same")
    report, told = await run(store, tmp_path / "f.csv", FILE, apply=True)
    assert report.posted == {"applied: recorded": 2, "unmatched: unknown_bill": 2}
    outcomes = {each.row.reference: each.outcome for each in told if each.outcome}
    assert outcomes["new"] == "applied: recorded"
    assert outcomes["back"] == "applied: recorded"
    assert outcomes["stray"] == outcomes["other"] == "unmatched: unknown_bill"
    (found, *_) = await store.customer_accounts("cust-1")
    assert found.account.amount_due == Decimal("568.32") - 100 - 30 + 10
    entries = len(await store.debts.ledger(BILL))
    again, _ = await run(store, tmp_path / "f.csv", FILE, apply=True)
    assert again.counts[Difference.SAME] == 3
    assert len(await store.debts.ledger(BILL)) == entries
    assert len(await store.payments.notices(NoticeState.UNMATCHED)) == 2


async def test_a_callback_after_the_file_is_the_same_payment(store: SqliteStore, tmp_path: Path) -> None:
    from ari_app.domain.payments.notice import NoticeKind, NoticeReason
    from ari_app.ports.payments import Notice

    await run(store, tmp_path / "f.csv", FILE, apply=True)
    late = Notice("bank", "e9", NoticeKind.PAYMENT, Decimal("30.00"), "CNY", NOW, "new", bill=BILL)
    record = await store.payments.take(late, b"{}", NOW + timedelta(hours=3), "callback bank")
    assert (record.state, record.reason) == (NoticeState.APPLIED, NoticeReason.REPEATED)


async def test_without_days_only_the_file_is_compared(store: SqliteStore, tmp_path: Path) -> None:
    await post(store, "7.00", "ours")
    report, told = await run(store, tmp_path / "f.csv", "reference,amount\nx,1.00\n")
    assert report.window is None
    assert [each.difference for each in told] == [Difference.ONLY_THERE]


async def test_without_days_the_totals_are_those_of_the_same_rows(store: SqliteStore, tmp_path: Path) -> None:
    await post(store, "100.00", "same")
    await post(store, "7.00", "ours")
    text = (
        "reference,amount,customerId,accountId,billId\nsame,100.00,,,\nnew,30.00,cust-1,acc-1,b1\nx,1.00,,,\n"
    )
    report, _ = await run(store, tmp_path / "f.csv", text)
    (total,) = report.totals.values()
    assert (total.there.net, total.here.net) == (Decimal("131.00"), Decimal("100.00"))
    report, _ = await run(store, tmp_path / "f.csv", text, apply=True)
    (total,) = report.totals.values()
    assert (total.there.net, total.here.net) == (Decimal("131.00"), Decimal("130.00")), "x is nobody's"


async def test_equal_books_are_balanced(store: SqliteStore, tmp_path: Path) -> None:
    await post(store, "100.00", "same")
    await post(store, "40.00", "back", reverses="same")
    text = f"reference,amount,refund,occurredAt\nsame,100.00,,{DAY}\nsame,40.00,back,{DAY}\n"
    report, told = await run(store, tmp_path / "f.csv", text)
    assert told == []
    assert report.balanced
    assert [each.difference for each in report.totals.values()] == [Decimal("0.00")]


async def test_memory_stays_bounded_by_the_names_of_the_rows(store: SqliteStore, tmp_path: Path) -> None:
    """Measured by hand with 100,000 rows as well; here with few enough for every run."""
    path = tmp_path / "long.csv"
    with path.open("w", encoding="utf-8") as stream:
        stream.write("reference,amount,occurredAt,note\n")
        for number in range(8000):
            stream.write(f"ref-{number:020d},{number % 900 + 1}.00,{DAY},{'x' * 200}\n")
    statement = open_statement(path, "bank", "CNY", ZONE, NOW, {}, no_progress)
    count = 0

    def tell(_: DifferenceRow) -> None:
        nonlocal count
        count += 1

    tracemalloc.start()
    try:
        report = await reconcile(statement, store.payments, tell)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        statement.listing.close()
    assert (count, report.counts[Difference.ONLY_THERE]) == (8000, 8000)
    assert peak < 6_000_000  # the rows alone are 2 MB of text, and many times that as objects
