"""The protocol of ``ports.payments.Payments`` on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from ari_app.domain.account import Account
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.link import LinkRefusal
from ari_app.domain.payments.notice import NoticeState
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import OpenedDispute
from ari_app.ports.payments import (
    LinkRecord,
    Notice,
    NoticeRecord,
    Objection,
    PageActRecord,
    PageBill,
    PaymentOrder,
    PaymentRecord,
)
from ari_app.store.codec import amount, instant, micros, plain
from ari_app.store.disputes.disputes import SqliteDisputes
from ari_app.store.payments import inbox, links
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer


class SqlitePayments:
    """See ``ports.payments.Payments``."""

    def __init__(self, writer: Writer, readers: Readers, disputes: SqliteDisputes) -> None:
        self._writer, self._readers, self._disputes = writer, readers, disputes

    # ------------------------------------------------------------------------------------------- links and the page

    async def link(self, bill: BillKey, fresh: LinkRecord, now: datetime) -> LinkRecord | None:
        return await self._writer.run(lambda db: links.link(db, bill, fresh, micros(now)))

    async def find_link(self, link_id: str) -> LinkRecord | None:
        return await self._readers.run(lambda db: links.find_link(db, link_id))

    async def account_of_link(self, link_id: str) -> Account | None:
        return await self._readers.run(lambda db: links.account_of_link(db, link_id))

    async def revoke_links(self, bill: BillKey, why: str, now: datetime) -> int:
        return await self._writer.run(lambda db: links.revoke_links(db, bill, why, micros(now)))

    async def answer_question(self, link_id: str, digits: str, now: datetime) -> LinkRefusal | bool:
        return await self._writer.run(lambda db: links.answer_question(db, link_id, digits, micros(now)))

    async def page_bill(self, link_id: str, now: datetime) -> PageBill | None:
        return await self._writer.run(lambda db: links.page_bill(db, link_id, micros(now)))

    async def promise_later(
        self, link_id: str, amount: Decimal, day: date, made_in: str, now: datetime
    ) -> str | None:
        return await self._writer.run(
            lambda db: links.promise_later(db, link_id, amount, day, made_in, micros(now))
        )

    async def opt_out(self, link_id: str, now: datetime) -> bool:
        return await self._writer.run(lambda db: links.opt_out(db, link_id, micros(now)))

    async def object_to(self, link_id: str, claim: Objection, now: datetime) -> OpenedDispute | None:
        table = self._disputes.table()
        return await self._writer.run(lambda db: links.object_to(db, table, link_id, claim, micros(now)))

    async def acts_of(self, customer_id: str) -> list[PageActRecord]:
        return await self._readers.run(lambda db: links.acts_of(db, customer_id))

    # ------------------------------------------------------------------------------------------- orders and notices

    async def add_order(self, order: PaymentOrder, now: datetime) -> bool:
        return await self._writer.run(lambda db: links.add_order(db, order, micros(now)))

    async def place_order(self, order_no: str, address: str) -> None:
        asked = {"order_no": order_no, "address": plain(address)}
        await self._writer.run(lambda db: db.execute(SQL["place_payment_order"], asked).rowcount)

    async def find_order(self, order_no: str) -> PaymentOrder | None:
        return await self._readers.run(lambda db: links.find_order(db, order_no))

    async def take(self, notice: Notice, body: bytes, now: datetime, source: str) -> NoticeRecord:
        return await self._writer.run(lambda db: inbox.take(db, notice, body, micros(now), source))

    async def take_all(self, notices: Sequence[Notice], now: datetime, source: str) -> list[NoticeRecord]:
        return await self._writer.run(
            lambda db: [inbox.take(db, each, b"", micros(now), source) for each in notices]
        )

    async def notices(self, state: NoticeState | None = None, limit: int = 100) -> list[NoticeRecord]:
        asked = {"state": None if state is None else state.value, "limit": limit}
        return await self._readers.run(
            lambda db: [inbox.notice_record(row) for row in db.execute(SQL["payment_notices"], asked)]
        )

    async def match(self, seq: int, bill: BillKey, by: str, now: datetime) -> NoticeRecord | None:
        return await self._writer.run(lambda db: inbox.match(db, seq, bill, by, micros(now)))

    async def refuse(self, seq: int, by: str, why: str, now: datetime) -> NoticeRecord | None:
        return await self._writer.run(lambda db: inbox.refuse(db, seq, by, why, micros(now)))

    async def retry_unmatched(self, now: datetime) -> int:
        # Asked beside the writer first: mostly there is none, however many wait.
        if not await self._readers.run(inbox.can_be_matched):
            return 0
        looked, last = await self._writer.run(lambda db: inbox.ask_again(db, micros(now)))
        found = looked
        while found:
            found, last = await self._writer.run(partial(inbox.ask_again, now=micros(now), after=last))
            looked += found
        return looked

    # ------------------------------------------------------------------------------------------- what the ledgers hold

    async def records(
        self, provider: str, since: datetime, until: datetime, after: int, limit: int
    ) -> list[PaymentRecord]:
        asked = {
            "provider": provider,
            "since": micros(since),
            "until": micros(until),
            "after": after,
            "limit": limit,
        }
        return await self._readers.run(lambda db: _records(db, SQL["payment_records"], asked))

    async def records_named(self, provider: str, references: Sequence[str]) -> list[PaymentRecord]:
        asked = {"provider": provider, "references": json.dumps(list(references))}
        return await self._readers.run(lambda db: _records(db, SQL["payment_records_named"], asked))

    async def records_of(
        self, customer_id: str | None, kind: EntryKind | None, limit: int
    ) -> list[PaymentRecord]:
        asked = {
            "customer_id": customer_id,
            "kind": None if kind is None else kind.value,
            "limit": limit,
        }
        return await self._readers.run(lambda db: _records(db, SQL["payment_records_of"], asked))

    async def records_called(self, name: str) -> list[PaymentRecord]:
        return await self._readers.run(lambda db: _records(db, SQL["payment_records_called"], {"name": name}))

    async def notices_of(self, entry_id: str) -> list[NoticeRecord]:
        asked = {"entry_id": entry_id}
        return await self._readers.run(
            lambda db: [inbox.notice_record(row) for row in db.execute(SQL["notices_of_entry"], asked)]
        )


def _records(
    connection: sqlite3.Connection, statement: str, asked: Mapping[str, object]
) -> list[PaymentRecord]:
    return [
        PaymentRecord(
            seq=row["seq"],
            entry_id=row["entry_id"],
            bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
            kind=EntryKind(row["kind"]),
            amount=amount(row["amount_minor"]),
            currency=row["currency"],
            at=instant(row["at"]),
            occurred_at=instant(row["occurred_at"]),
            provider=row["provider"],
            reference=row["reference"],
            reverses=row["reverses"],
            source=row["source"],
        )
        for row in connection.execute(statement, asked).fetchall()
    ]
