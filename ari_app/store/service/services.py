"""The protocol of ``ports.service.Services`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from ari_app.domain.service.state import (
    STALE,
    WARNING_SPAN,
    OrderKind,
    OrderState,
    ServiceFacts,
    ServiceRules,
    ServiceState,
    ServiceStep,
    SuspensionDecision,
    may_suspend,
    next_step,
)
from ari_app.errors import UnknownRecord, WrongState
from ari_app.ports.debt import BillKey
from ari_app.ports.service import ServiceOrder, ServiceRecord
from ari_app.store.codec import instant, instant_or_none, micros
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.service import hook
from ari_app.store.service.facts import Bills, bills_of, facts_of_service
from ari_app.store.writer import Writer

#: Services that are looked at in one go.
PART = 200
#: Suspensions so far ahead are looked at: no warning is made earlier.
AHEAD = WARNING_SPAN + timedelta(days=1)
#: No service takes more steps at once.
_MOST_STEPS = 4

_Key = tuple[str, str]


class SqliteServices:
    """See ``ports.service.Services``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def services(
        self, state: ServiceState | None = None, customer_id: str | None = None, limit: int = 1000
    ) -> list[ServiceRecord]:
        asked = {"state": None if state is None else state.value, "customer_id": customer_id, "limit": limit}

        def read(connection: sqlite3.Connection) -> list[ServiceRecord]:
            return [
                ServiceRecord(
                    row["customer_id"],
                    row["account_id"],
                    ServiceState(row["state"]),
                    instant(row["state_at"]),
                    None if row["order_id"] is None else _required(connection, row["order_id"]),
                )
                for row in connection.execute(SQL["services_page"], asked).fetchall()
            ]

        return await self._readers.run(read)

    async def orders(
        self, customer_id: str | None = None, state: OrderState | None = None, limit: int = 1000
    ) -> list[ServiceOrder]:
        asked = {"customer_id": customer_id, "state": None if state is None else state.value, "limit": limit}
        return await self._readers.run(
            lambda db: [order_of(row) for row in db.execute(SQL["service_orders"], asked).fetchall()]
        )

    async def order(self, order_id: str) -> ServiceOrder:
        return await self._readers.run(lambda db: _required(db, order_id))

    async def confirm(self, order_id: str, by: str, now: datetime) -> ServiceOrder:
        return await self._writer.run(partial(_confirm, order_id=order_id, by=by, now=micros(now)))

    async def decision(
        self, customer_id: str, account_id: str, rules: ServiceRules, now: datetime
    ) -> SuspensionDecision:
        def read(connection: sqlite3.Connection) -> SuspensionDecision:
            facts, _ = _facts(connection, (customer_id, account_id), micros(now))
            return may_suspend(facts, rules, now, by_hand=True)

        return await self._readers.run(read)

    async def suspend(
        self, customer_id: str, account_id: str, rules: ServiceRules, by: str, now: datetime
    ) -> ServiceOrder:
        def write(connection: sqlite3.Connection) -> ServiceOrder:
            key = (customer_id, account_id)
            advance(connection, key, rules, micros(now))
            facts, bills = _facts(connection, key, micros(now))
            decision = may_suspend(facts, rules, now, by_hand=True)
            if not decision.ordered:
                raise WrongState(f"no suspension is ordered: {decision.reason}")
            order_id = _order_suspension(connection, key, facts, bills, decision, by, micros(now))
            if order_id is None:
                raise WrongState("no suspension is ordered: there was an order for this instant before")
            return _required(connection, order_id)

        return await self._writer.run(write)

    async def restore(
        self, customer_id: str, account_id: str, why: str, by: str, now: datetime
    ) -> ServiceOrder:
        at = micros(now)

        def write(connection: sqlite3.Connection) -> ServiceOrder:
            bills = bills_of(connection, customer_id, account_id, at)
            row = hook.required(connection, customer_id, account_id, bills, at)
            if row["state"] != ServiceState.SUSPENDED:
                raise WrongState(f"the service is {row['state']}: there is nothing to restore")
            account = bills.rows[0]["id"]
            order_id = hook.order_restoration(connection, row["id"], account, hook.BY_HAND, why, None, by, at)
            assert order_id is not None  # its cause is its own id
            return _required(connection, order_id)

        return await self._writer.run(write)

    async def move_clock(self, rules: ServiceRules, now: datetime) -> int:
        changed = 0
        day = now.date()
        asked: dict[str, object] = {
            "from": (day - STALE - timedelta(days=1)).isoformat(),
            "to": (day + AHEAD).isoformat(),
            "since": micros(now - STALE - WARNING_SPAN),
        }
        for look in (
            lambda db, each: db.execute(SQL["services_to_look_at"], each).fetchall(),
            lambda db, each: db.execute(SQL["warned_services"], each).fetchall(),
        ):
            changed += await self._look(look, asked, rules, now)
        return changed + await self._late(rules, now)

    async def _look(
        self,
        find: Callable[[sqlite3.Connection, dict[str, object]], list[sqlite3.Row]],
        asked: dict[str, object],
        rules: ServiceRules,
        now: datetime,
    ) -> int:
        """Ask page by page beside the writer; write only where something follows."""
        after: _Key = ("", "")
        changed = 0
        while True:
            page = {**asked, "customer_id": after[0], "account_id": after[1], "limit": PART}
            keys, wanted = await self._readers.run(
                partial(_wanted, find=find, page=page, rules=rules, now=now)
            )
            if wanted:
                changed += await self._writer.run(
                    partial(_advance_all, keys=wanted, rules=rules, now=micros(now))
                )
            if len(keys) < PART:
                return changed
            after = keys[-1]

    async def _late(self, rules: ServiceRules, now: datetime) -> int:
        at = micros(now)
        asked = {"before": at - round(rules.confirm_hours * 3_600_000_000), "limit": PART}

        def write(connection: sqlite3.Connection) -> int:
            late = connection.execute(SQL["late_service_orders"], asked).fetchall()
            for row in late:
                _tell_late(connection, row["order_id"], at)
            return len(late)

        done = 0
        while True:
            part = await self._writer.run(write)
            done += part
            if part < PART:
                return done


def order_of(row: sqlite3.Row) -> ServiceOrder:
    """The order of a row with the keys of its bill."""
    return ServiceOrder(
        order_id=row["order_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        kind=OrderKind(row["kind"]),
        state=OrderState(row["state"]),
        reason=row["reason"],
        ordered_at=instant(row["ordered_at"]),
        ordered_by=row["ordered_by"],
        payment_at=instant_or_none(row["payment_at"]),
        notices=hook.notices_of(row["notices"]),
        overdue_at=instant_or_none(row["overdue_at"]),
        ended_at=instant_or_none(row["ended_at"]),
        ended_by=row["ended_by"],
        ended_why=row["ended_why"],
    )


def advance(connection: sqlite3.Connection, key: _Key, rules: ServiceRules, now: int) -> int:
    """What the clock does with one service; how many steps it took."""
    for taken in range(_MOST_STEPS):
        facts, bills = _facts(connection, key, now)
        following = next_step(facts, rules, instant(now))
        if following is None:
            return taken
        row = hook.required(connection, *key, bills, now)
        account = _account(bills)
        if following is ServiceStep.ORDER_SUSPENSION:
            decision = may_suspend(facts, rules, instant(now))
            if _order_suspension(connection, key, facts, bills, decision, "ari-app", now) is None:
                return taken
            continue
        if following is ServiceStep.WITHDRAW_SUSPENSION:
            hook.withdraw(connection, row["id"], account, "nothing is owed any more", now)
        hook.move(connection, row["id"], ServiceState(row["state"]), following, now)
    return _MOST_STEPS


def _wanted(
    connection: sqlite3.Connection,
    find: Callable[[sqlite3.Connection, dict[str, object]], list[sqlite3.Row]],
    page: dict[str, object],
    rules: ServiceRules,
    now: datetime,
) -> tuple[list[_Key], list[_Key]]:
    keys = [(row["customer_id"], row["account_id"]) for row in find(connection, page)]
    wanted = [
        key for key in keys if next_step(_facts(connection, key, micros(now))[0], rules, now) is not None
    ]
    return keys, wanted


def _advance_all(connection: sqlite3.Connection, keys: Sequence[_Key], rules: ServiceRules, now: int) -> int:
    return sum(advance(connection, key, rules, now) for key in keys)


def _facts(connection: sqlite3.Connection, key: _Key, now: int) -> tuple[ServiceFacts, Bills]:
    bills = bills_of(connection, *key, now)
    if not bills.rows:
        raise UnknownRecord(f"there is no account {key[1][:60]!r} of this customer")
    row = connection.execute(SQL["service_by_key"], {"customer_id": key[0], "account_id": key[1]}).fetchone()
    if row is not None:
        state = ServiceState(row["state"])
    else:
        state = ServiceState.SUSPENDED if bills.listed == "suspended" else ServiceState.ACTIVE
    return facts_of_service(connection, *key, state, bills), bills


def _account(bills: Bills) -> int:
    found = bills.suspension()
    account: int = bills.rows[0]["id"] if found is None else found[0]
    return account


def _order_suspension(
    connection: sqlite3.Connection,
    key: _Key,
    facts: ServiceFacts,
    bills: Bills,
    decision: SuspensionDecision,
    by: str,
    now: int,
) -> str | None:
    row = hook.required(connection, *key, bills, now)
    assert facts.suspends_at is not None  # without an announced instant nothing is ordered
    return hook.order_suspension(
        connection,
        row["id"],
        ServiceState(row["state"]),
        _account(bills),
        decision,
        facts.suspends_at,
        by,
        now,
    )


def _required(connection: sqlite3.Connection, order_id: str) -> ServiceOrder:
    row = connection.execute(SQL["service_order"], {"order_id": order_id}).fetchone()
    if row is None:
        raise UnknownRecord(f"there is no order {order_id[:60]!r}")
    return order_of(row)


def _confirm(connection: sqlite3.Connection, order_id: str, by: str, now: int) -> ServiceOrder:
    found = _required(connection, order_id)
    if found.state is OrderState.DONE:
        return found
    row = connection.execute(SQL["service_order"], {"order_id": order_id}).fetchone()
    key = {"customer_id": found.bill.customer_id, "account_id": found.bill.account_id}
    state = ServiceState(connection.execute(SQL["service_by_key"], key).fetchone()["state"])
    taken = ServiceStep.SUSPEND if found.kind is OrderKind.SUSPENSION else ServiceStep.RESTORE
    hook.carried_out(connection, row["service"], state, taken, row["account"], by, now, order_id)
    # It may have been paid while somebody outside was at work.
    hook.follow(connection, key["customer_id"], key["account_id"], row["account"], now)
    return _required(connection, order_id)


def _tell_late(connection: sqlite3.Connection, order_id: str, now: int) -> None:
    connection.execute(SQL["service_order_is_late"], {"order_id": order_id, "now": now})
    row = connection.execute(SQL["service_order"], {"order_id": order_id}).fetchone()
    if row["kind"] == OrderKind.RESTORATION:
        fields = {"orderId": order_id, "orderedAt": row["ordered_at"] // 1_000_000}
        tell(connection, row["account"], "service.restoration.overdue", order_id, fields, now)
