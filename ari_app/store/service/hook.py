"""A service follows its bills: what a payment, a list or a reversal changes of it, in the transaction of that change."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from uuid import uuid4

from ari_app.domain.service.state import (
    ON,
    Notice,
    OrderKind,
    OrderState,
    ServiceState,
    ServiceStep,
    SuspensionDecision,
    step,
)
from ari_app.errors import UnknownRecord, WrongState
from ari_app.store.codec import instant, micros_or_none, plain
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.service.facts import Bills, Settled, bills_of

#: Causes of orders that no reversal takes back.
BY_HAND = "by hand "
_WE = "ari-app"


def after_settlement(connection: sqlite3.Connection, account: int, now: int) -> None:
    """Called by ``settle_account``: let the service of a bill follow what is owed and what lists say of it."""
    row = connection.execute(SQL["service_of_account"], {"account": account}).fetchone()
    if row["id"] is None and row["service_state"] != "suspended":
        return
    follow(connection, row["customer_id"], row["account_id"], account, now)


def follow(connection: sqlite3.Connection, customer_id: str, account_id: str, account: int, now: int) -> None:
    """Bring a service to where its bills have it. Twice in a row, the second time changes nothing."""
    bills = bills_of(connection, customer_id, account_id, now)
    known = required(connection, customer_id, account_id, bills, now)
    service, state = known["id"], ServiceState(known["state"])
    if bills.listed == "suspended" and state in ON:
        state = carried_out(connection, service, state, ServiceStep.SUSPEND, account, "list", now)
    elif bills.listed == "active" and state not in ON:
        state = carried_out(connection, service, state, ServiceStep.RESTORE, account, "list", now)
    if state is ServiceState.ACTIVE:
        return
    settled = bills.settled(connection)
    if state is ServiceState.SUSPENDED and settled is not None:
        _order_restoration(connection, service, account, settled, now)
    elif state is ServiceState.RESTORATION_ORDERED and settled is None:
        _take_back(connection, service, account, now)
    elif state is ServiceState.SUSPENSION_ORDERED and settled is not None:
        why = "a plan is being kept to" if settled.by_plan else "nothing is owed any more"
        withdraw(connection, service, account, why, now)
        move(connection, service, state, ServiceStep.WITHDRAW_SUSPENSION, now)
    elif state in (ServiceState.WARNED_24H, ServiceState.WARNED_4H) and settled is not None:
        move(connection, service, state, ServiceStep.CALM, now)


def required(
    connection: sqlite3.Connection, customer_id: str, account_id: str, bills: Bills, now: int
) -> sqlite3.Row:
    """The row of a service, made where nothing was known of it. Raises UnknownRecord for an account that is not there."""
    asked: dict[str, object] = {"customer_id": customer_id, "account_id": account_id}
    found: sqlite3.Row | None = connection.execute(SQL["service_by_key"], asked).fetchone()
    if found is None:
        if not bills.rows:
            raise UnknownRecord(f"there is no account {account_id[:60]!r} of this customer")
        state = ServiceState.SUSPENDED if bills.listed == "suspended" else ServiceState.ACTIVE
        connection.execute(SQL["add_service"], {**asked, "state": state.value, "now": now})
        found = connection.execute(SQL["service_by_key"], asked).fetchone()
        assert found is not None
    return found


def move(
    connection: sqlite3.Connection, service: int, state: ServiceState, taken: ServiceStep, now: int
) -> ServiceState:
    """Take a step of the table. Raises WrongState."""
    found = step(state, taken)
    if found is None:
        raise WrongState(f"the service is {state}: {taken.value} cannot follow")
    asked = {"service": service, "state": found.value, "was": state.value, "now": now}
    connection.execute(SQL["move_service"], asked)
    return found


def carried_out(
    connection: sqlite3.Connection,
    service: int,
    state: ServiceState,
    taken: ServiceStep,
    account: int,
    by: str,
    now: int,
    order_id: str | None = None,
) -> ServiceState:
    """Service was suspended or restored outside, as ``by`` says: the order for it is done."""
    found = move(connection, service, state, taken, now)
    kind = OrderKind.SUSPENSION if taken is ServiceStep.SUSPEND else OrderKind.RESTORATION
    opened = connection.execute(SQL["open_service_order"], {"service": service}).fetchone()
    if opened is not None and opened["order_id"] != order_id:
        if _order(connection, opened["order_id"])["kind"] != kind:
            withdraw(connection, service, account, "the opposite was done", now)
        elif order_id is None:
            order_id = opened["order_id"]
        else:
            end(connection, opened["order_id"], OrderState.DONE, by, f"with {order_id}", now)
    if order_id is not None:
        end(connection, order_id, OrderState.DONE, by, "", now)
    row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    key = {"customer_id": row["customer_id"], "account_id": row["account_id"]}
    said = "suspended" if taken is ServiceStep.SUSPEND else "active"
    if connection.execute(SQL["say_service_state"], {**key, "said": said}).rowcount:
        for bill in connection.execute(SQL["bills_of_service"], key).fetchall():
            connection.execute(SQL["rearm_account"], {"account": bill["id"]})
    fields: dict[str, object] = {"orderId": order_id, "by": by}
    if order_id is not None and kind is OrderKind.RESTORATION:
        paid_at = _order(connection, order_id)["payment_at"]
        fields["paymentAt"] = None if paid_at is None else int(instant(paid_at).timestamp())
        fields["tookSeconds"] = None if paid_at is None else (now - paid_at) // 1_000_000
    event = "service.suspended" if taken is ServiceStep.SUSPEND else "service.restored"
    tell(connection, account, event, f"{order_id or service}+{now}", fields, now)
    return found


def order_suspension(
    connection: sqlite3.Connection,
    service: int,
    state: ServiceState,
    account: int,
    decision: SuspensionDecision,
    suspends_at: datetime,
    by: str,
    now: int,
) -> str | None:
    """Order the suspension of an announced instant, once; the id of the order, None where there was one for it before."""
    notices = [
        {
            "at": each.at.isoformat(),
            "channel": each.channel,
            "reference": each.reference,
            "reached": each.reached,
        }
        for each in decision.warnings
    ]
    cause = f"announced for {suspends_at.isoformat()}"
    order_id = _add(
        connection, service, account, OrderKind.SUSPENSION, cause, decision.reason, by, now, notices=notices
    )
    if order_id is None:
        return None
    move(connection, service, state, ServiceStep.ORDER_SUSPENSION, now)
    fields = {"orderId": order_id, "suspendsAt": int(suspends_at.timestamp()), "notices": notices}
    tell(connection, account, "service.suspension.ordered", order_id, fields, now)
    return order_id


def order_restoration(
    connection: sqlite3.Connection,
    service: int,
    account: int,
    cause: str,
    reason: str,
    payment_at: datetime | None,
    by: str,
    now: int,
) -> str | None:
    """Order a restoration for a cause, once; the id of the order, None where there was one for it before."""
    order_id = _add(
        connection,
        service,
        account,
        OrderKind.RESTORATION,
        cause,
        reason,
        by,
        now,
        payment_at=payment_at,
    )
    if order_id is None:
        return None
    move(connection, service, ServiceState.SUSPENDED, ServiceStep.ORDER_RESTORATION, now)
    fields = {
        "orderId": order_id,
        "paymentAt": None if payment_at is None else int(payment_at.timestamp()),
        "reason": reason,
    }
    tell(connection, account, "service.restoration.ordered", order_id, fields, now)
    return order_id


def withdraw(connection: sqlite3.Connection, service: int, account: int, why: str, now: int) -> None:
    """The open order of a service is not to be carried out any more."""
    opened = connection.execute(SQL["open_service_order"], {"service": service}).fetchone()
    if opened is None:
        return
    kind = _order(connection, opened["order_id"])["kind"]
    end(connection, opened["order_id"], OrderState.WITHDRAWN, _WE, why, now)
    fields = {"orderId": opened["order_id"], "why": why}
    tell(connection, account, f"service.{kind}.withdrawn", opened["order_id"], fields, now)


def end(
    connection: sqlite3.Connection, order_id: str, state: OrderState, by: str, why: str, now: int
) -> None:
    """Write down how an order has ended."""
    asked = {"order_id": order_id, "state": state.value, "by": plain(by)[:100], "why": plain(why)[:200]}
    connection.execute(SQL["end_service_order"], {**asked, "now": now})


def _order(connection: sqlite3.Connection, order_id: str) -> sqlite3.Row:
    row: sqlite3.Row | None = connection.execute(SQL["service_order"], {"order_id": order_id}).fetchone()
    if row is None:
        raise UnknownRecord(f"there is no order {order_id[:60]!r}")
    return row


def _order_restoration(
    connection: sqlite3.Connection, service: int, account: int, settled: Settled, now: int
) -> None:
    reason = "a plan is being kept to" if settled.by_plan else "nothing is owed any more"
    asked = {"service": service, "kind": OrderKind.RESTORATION.value, "cause": settled.cause}
    times = connection.execute(SQL["times_withdrawn"], asked).fetchone()["times"]
    # What was withdrawn (another bill was owed for a while) holds again; what was carried out is not ordered twice.
    cause = f"{settled.cause} again {times}" if times else settled.cause
    order_restoration(connection, service, account, cause, reason, settled.at, _WE, now)


def _take_back(connection: sqlite3.Connection, service: int, account: int, now: int) -> None:
    opened = connection.execute(SQL["open_service_order"], {"service": service}).fetchone()
    if opened is not None and _order(connection, opened["order_id"])["cause"].startswith(BY_HAND):
        return
    withdraw(connection, service, account, "the payment was taken back, or the plan was not kept to", now)
    move(connection, service, ServiceState.RESTORATION_ORDERED, ServiceStep.WITHDRAW_RESTORATION, now)


def _add(
    connection: sqlite3.Connection,
    service: int,
    account: int,
    kind: OrderKind,
    cause: str,
    reason: str,
    by: str,
    now: int,
    *,
    payment_at: datetime | None = None,
    notices: list[dict[str, object]] | None = None,
) -> str | None:
    order_id = f"svc-{uuid4().hex}"
    params: Mapping[str, object] = {
        "order_id": order_id,
        "service": service,
        "account": account,
        "kind": kind.value,
        "cause": cause if cause != BY_HAND else f"{BY_HAND}{order_id}",
        "reason": plain(reason)[:200],
        "by": plain(by)[:100],
        "payment_at": micros_or_none(payment_at),
        "notices": json.dumps(notices or [], separators=(",", ":")),
        "now": now,
    }
    return order_id if connection.execute(SQL["add_service_order"], params).rowcount else None


def notices_of(text: str) -> tuple[Notice, ...]:
    """The notices of a stored order."""
    return tuple(
        Notice(datetime.fromisoformat(each["at"]), each["channel"], each["reference"], bool(each["reached"]))
        for each in json.loads(text)
    )
