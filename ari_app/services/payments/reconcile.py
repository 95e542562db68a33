"""Compares a provider's list with the ledgers, tells the differences, and posts what is missing here where that is wanted.

Memory stays bounded whatever the length of the file: rows stream in batches, and of each name only a digest is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import islice

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.notice import NoticeKind, NoticeState
from ari_app.domain.payments.reconciliation import (
    BookRow,
    Difference,
    Side,
    Totals,
    compared,
    total_of,
)
from ari_app.errors import InputError
from ari_app.ports.payments import Notice, NoticeRecord, PaymentRecord, Payments
from ari_app.services.list_first_seen import FirstSeen
from ari_app.services.payments.statement_file import Statement, StatementRow

BATCH = 500
#: Rows that are posted in one write transaction.
POSTED = 100
_NOT_THERE = sys.maxsize - 1
_KINDS = {EntryKind.PAYMENT: NoticeKind.PAYMENT, EntryKind.REVERSAL: NoticeKind.REVERSAL}


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """One line of the report. ``outcome`` is what became of it where it was posted."""

    difference: Difference
    row: BookRow
    number: int | None = None
    here: PaymentRecord | None = None
    outcome: str = ""


@dataclass(slots=True)
class ReconcileReport:
    """What was found. ``window`` is the time of which our ledgers were looked through, None where none is known."""

    source: str
    provider: str
    rows: int = 0
    rejected: int = 0
    faults: list[str] = field(default_factory=list)
    counts: dict[Difference, int] = field(default_factory=lambda: dict.fromkeys(Difference, 0))
    posted: dict[str, int] = field(default_factory=dict)
    totals: Totals = field(default_factory=dict)
    window: tuple[datetime, datetime] | None = None
    unused: tuple[str, ...] = ()
    stopped: str | None = None

    @property
    def balanced(self) -> bool:
        """Whether both books say the same."""
        differ = sum(count for what, count in self.counts.items() if what is not Difference.SAME)
        return not differ and not self.rejected and self.stopped is None


Tell = Callable[[DifferenceRow], None]


async def reconcile(
    statement: Statement, payments: Payments, tell: Tell, *, apply: bool = False
) -> ReconcileReport:
    """Go through the file and then through our ledgers of the same days. ``tell`` gets every difference."""
    work = _Work(statement, payments, tell, apply)
    rows = statement.read()
    try:
        while batch := list(islice(rows, BATCH)):
            await work.take(batch)
    except InputError as error:
        if not statement.rows:
            raise
        work.report.stopped = str(error)
    await work.look_here()
    report = work.report
    report.rows, report.rejected = statement.rows, statement.rejected
    report.faults, report.unused = [str(each) for each in statement.faults], statement.unused
    return report


class _Work:
    def __init__(self, statement: Statement, payments: Payments, tell: Tell, apply: bool) -> None:
        self._statement, self._payments, self._tell, self._apply = statement, payments, tell, apply
        self._seen = FirstSeen()
        self._first: datetime | None = None
        self._last: datetime | None = None
        # Ours of the names in the file, by currency: all that can be told where no row says when.
        self._undated: dict[str, Side] = {}
        self.report = ReconcileReport(statement.listing.source, statement.provider)

    async def take(self, batch: Sequence[StatementRow]) -> None:
        """Compare a batch of the file."""
        fresh = [row for row in batch if self._is_new(row)]
        provider = self._statement.provider
        found = await self._payments.records_named(provider, sorted({row.book.reference for row in fresh}))
        here = {(each.kind.value, each.reference): each for each in found}
        missing: list[StatementRow] = []
        for row in fresh:
            self._count_there(row.book)
            ours = here.get(row.book.key)
            what = compared(row.book, None if ours is None else book_of(ours))
            self.report.counts[what] += 1
            if ours is not None:
                self._count_undated(book_of(ours))
            if what is Difference.ONLY_THERE and self._apply:
                missing.append(row)
            elif what is not Difference.SAME:
                self._tell(DifferenceRow(what, row.book, row.number, ours))
        for first in range(0, len(missing), POSTED):
            await self._post(missing[first : first + POSTED])

    async def look_here(self) -> None:
        """What our ledgers have of the days of the file: sums, and what the file does not have."""
        if self._first is None or self._last is None:
            for currency, side in self._undated.items():
                total_of(self.report.totals, None, currency).here = side
            return
        zone = self._statement.zone
        begins = datetime.combine(self._first.astimezone(zone).date(), time(), zone).astimezone(UTC)
        ends = datetime.combine(
            self._last.astimezone(zone).date() + timedelta(days=1), time(), zone
        ).astimezone(UTC)
        self.report.window = (begins, ends)
        since, after = begins, 0
        while page := await self._payments.records(self._statement.provider, since, ends, after, BATCH):
            for each in page:
                book = book_of(each)
                total_of(
                    self.report.totals, each.occurred_at.astimezone(zone).date(), each.currency
                ).here.add(book)
                if self._seen.row_of(book.key, _NOT_THERE) == _NOT_THERE:
                    self.report.counts[Difference.ONLY_HERE] += 1
                    self._tell(DifferenceRow(Difference.ONLY_HERE, book, None, each))
            since, after = page[-1].occurred_at, page[-1].seq

    def _is_new(self, row: StatementRow) -> bool:
        if self._seen.row_of(row.book.key, row.number) == row.number:
            return True
        self.report.counts[Difference.TWICE] += 1
        self._tell(DifferenceRow(Difference.TWICE, row.book, row.number))
        return False

    def _count_there(self, book: BookRow) -> None:
        at = book.at
        day = None if at is None else at.astimezone(self._statement.zone).date()
        total_of(self.report.totals, day, book.currency).there.add(book)
        if at is not None:
            self._first = at if self._first is None else min(self._first, at)
            self._last = at if self._last is None else max(self._last, at)

    def _count_undated(self, book: BookRow) -> None:
        self._undated.setdefault(book.currency, Side()).add(book)

    async def _post(self, rows: Sequence[StatementRow]) -> None:
        now = self._statement.now
        notices = [_notice(row, self._statement.provider) for row in rows]
        records = await self._payments.take_all(notices, now, f"file {self._statement.listing.source[-100:]}")
        for row, record in zip(rows, records, strict=True):
            outcome = _outcome(record)
            if record.state is NoticeState.APPLIED:
                self._count_undated(row.book)
            self.report.posted[outcome] = self.report.posted.get(outcome, 0) + 1
            self._tell(DifferenceRow(Difference.ONLY_THERE, row.book, row.number, None, outcome))


def book_of(record: PaymentRecord) -> BookRow:
    """A movement of ours as a row of a book."""
    return BookRow(record.kind, record.reference, record.amount, record.currency, record.occurred_at)


def _notice(row: StatementRow, provider: str) -> Notice:
    book = row.book
    return Notice(
        provider=provider,
        event_id=f"file:{book.kind}:{book.reference}",
        kind=_KINDS[book.kind],
        amount=book.amount,
        currency=book.currency,
        occurred_at=book.at,
        reference=book.reference,
        reverses=row.payment,
        order_no=row.order_no,
        bill=row.bill,
    )


def _outcome(record: NoticeRecord) -> str:
    return f"{record.state}: {record.reason}"
