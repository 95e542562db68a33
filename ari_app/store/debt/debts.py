"""The protocol of ``ports.debt.Debts`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from uuid import uuid4

from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.debt.breach import PromiseRule
from ari_app.domain.debt.ledger import EntryKind, LedgerEntry
from ari_app.domain.debt.promise import PromiseStanding, PromiseState
from ari_app.ports.debt import BillKey, Movement, NextAttempt, Posted, Posting, PromiseCase
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import micros, minor_units, plain
from ari_app.store.debt.bills import find_bill, settle_each
from ari_app.store.debt.breaches import promise_rule, put_promise_rule, standings_of_customer
from ari_app.store.debt.ledger import ledger_of
from ari_app.store.debt.promise_rows import promise_case, promised_days
from ari_app.store.debt.replan import put_replanned, to_replan
from ari_app.store.debt.settlement import add_promises, settle_account, withdraw_promises
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Movements of money that webhooks are told of.
_TOLD = {EntryKind.PAYMENT: "payment.received", EntryKind.REVERSAL: "payment.reversed"}


class SqliteDebts:
    """See ``ports.debt.Debts``."""

    def __init__(
        self, writer: Writer, readers: Readers, campaigns: Callable[[], CampaignCache] = CampaignCache
    ) -> None:
        self._writer, self._readers, self._campaigns = writer, readers, campaigns

    async def post(self, movement: Movement, now: datetime) -> Posting:
        return await self._writer.run(partial(post, movement=movement, now=micros(now)))

    async def ledger(self, bill: BillKey) -> list[LedgerEntry]:
        def read(connection: sqlite3.Connection) -> list[LedgerEntry]:
            found = find_bill(connection, bill)
            return [] if found is None else list(ledger_of(connection, found["id"]))

        return await self._readers.run(read)

    async def promise(
        self, bill: BillKey, promises: Sequence[PromiseToPay], *, made_in: str, source: str, now: datetime
    ) -> bool:
        at = micros(now)

        def write(connection: sqlite3.Connection) -> bool:
            found = find_bill(connection, bill)
            if found is None:
                return False
            add_promises(connection, found["id"], promises, made_in=made_in, source=source, now=at)
            settle_account(connection, found["id"], at)
            return True

        return await self._writer.run(write)

    async def promises_of(self, customer_id: str) -> list[PromiseStanding]:
        return await self._readers.run(lambda db: standings_of_customer(db, customer_id))

    async def promise_cases(
        self, *, customer_id: str | None = None, state: PromiseState | None = None, limit: int = 500
    ) -> list[PromiseCase]:
        asked = {"customer_id": customer_id, "state": None if state is None else state.value, "limit": limit}

        def read(connection: sqlite3.Connection) -> list[PromiseCase]:
            return [promise_case(row) for row in connection.execute(SQL["promise_cases"], asked).fetchall()]

        return await self._readers.run(read)

    async def promised_days(self, bill: BillKey) -> tuple[date, ...]:
        def read(connection: sqlite3.Connection) -> tuple[date, ...]:
            found = find_bill(connection, bill)
            return () if found is None else promised_days(connection, found["id"])

        return await self._readers.run(read)

    async def withdraw_promises(self, bill: BillKey, why: str, now: datetime) -> None:
        at = micros(now)

        def write(connection: sqlite3.Connection) -> None:
            found = find_bill(connection, bill)
            if found is not None:
                withdraw_promises(connection, found["id"], why, at)
                settle_account(connection, found["id"], at)

        await self._writer.run(write)

    async def attempts_to_replan(self, now: datetime, after: int = 0) -> list[NextAttempt]:
        return await self._readers.run(lambda db: to_replan(db, self._campaigns(), now, after))

    async def replan(self, wanted: NextAttempt, at: datetime) -> bool:
        return await self._writer.run(lambda db: put_replanned(db, wanted, at))

    async def judge_by(self, rule: PromiseRule) -> None:
        if await self._readers.run(promise_rule) != rule:
            await self._writer.run(lambda db: put_promise_rule(db, rule))

    async def move_clock(self, now: datetime) -> int:
        # A day later than here somewhere on earth: whether a promise is due is asked in the zone of its customer.
        day = (now + timedelta(days=1)).date().isoformat()
        return await settle_each(self._writer, self._readers, SQL["promises_to_look_at"], day, micros(now))


def post(connection: sqlite3.Connection, movement: Movement, now: int) -> Posting:
    """See ``Debts.post``."""
    found = find_bill(connection, movement.bill)
    if found is None:
        return Posting(Posted.UNKNOWN_BILL)
    if movement.currency != found["currency"]:
        return Posting(Posted.WRONG_CURRENCY)
    entry_id = f"pay-{uuid4().hex}"
    asked: dict[str, object] = {
        "entry_id": entry_id,
        "account": found["id"],
        "kind": movement.kind.value,
        "amount_minor": minor_units(movement.amount),
        "currency": movement.currency,
        "now": now,
        "occurred_at": micros(movement.occurred_at),
        "provider": plain(movement.provider),
        "reference": plain(movement.reference),
        "reverses": plain(movement.reverses),
        "source": plain(movement.source),
    }
    # A clock that was set back puts no movement before the statement: it would count as contained in it.
    if connection.execute(SQL["add_ledger_entry"], asked).rowcount == 0:
        known = connection.execute(SQL["ledger_entry"], asked).fetchone()
        same = known["account"] == found["id"] and known["amount_minor"] == asked["amount_minor"]
        return Posting(Posted.REPEATED if same else Posted.CONTRADICTED, known["entry_id"])
    settled = settle_account(connection, found["id"], now)
    _tell_posted(connection, found["id"], movement, entry_id, now)
    return Posting(Posted.RECORDED, entry_id, settled)


def _tell_posted(
    connection: sqlite3.Connection, account: int, movement: Movement, entry_id: str, now: int
) -> None:
    """Behind the settlement, so that ``amountDue`` is what is owed from now on."""
    event = _TOLD.get(movement.kind)
    if event is None:
        return
    fields = {
        "paymentId": entry_id,
        "provider": movement.provider,
        "reference": movement.reference,
        "reverses": movement.reverses or None,
        "amount": float(movement.amount),
        "occurredAt": int(movement.occurred_at.timestamp()),
        "source": movement.source,
    }
    tell(connection, account, event, entry_id, fields, now)
