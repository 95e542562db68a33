"""Links to the page, and what customers do there: each act in the transaction of what it changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from ari_app.domain.account import Account
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.contact_facts import ListKind
from ari_app.domain.debt.ledger import ZERO
from ari_app.domain.debt.promise import PromiseStanding, PromiseState
from ari_app.domain.disputes.sla import DisputeTable
from ari_app.domain.payments.link import MAX_FAILURES, LinkRefusal, LinkStanding, Purpose, refusal
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import NewDispute, OpenedDispute
from ari_app.ports.payments import LinkRecord, Objection, PageAct, PageActRecord, PageBill, PaymentOrder
from ari_app.store.codec import account_of, amount, instant, instant_or_none, micros, minor_units, plain
from ari_app.store.debt.bills import find_bill
from ari_app.store.debt.promise_rows import promise_of_row
from ari_app.store.debt.settlement import add_promises, settle_account
from ari_app.store.debt.telling import tell
from ari_app.store.disputes.cases import DisputedBill, open_case
from ari_app.store.lists import add_list_entry
from ari_app.store.numbers import other_phones
from ari_app.store.queries import SQL

#: Orders that may be begun for one bill in a day.
MOST_ORDERS = 50
_DAY = 86_400_000_000


def link(connection: sqlite3.Connection, bill: BillKey, fresh: LinkRecord, now: int) -> LinkRecord | None:
    """See ``Payments.link``."""
    found = find_bill(connection, bill)
    if found is None:
        return None
    asked = {"account": found["id"], "purpose": fresh.purpose.value, "now": now}
    known = connection.execute(SQL["newest_payment_link"], asked).fetchone()
    if known is not None:
        return link_of(known)
    added = {
        "link_id": fresh.link_id,
        "expires_at": micros(fresh.standing.expires_at),
        "max_uses": fresh.standing.max_uses,
    }
    connection.execute(SQL["add_payment_link"], {**asked, **added})
    return fresh


def find_link(connection: sqlite3.Connection, link_id: str) -> LinkRecord | None:
    """See ``Payments.find_link``."""
    row = connection.execute(SQL["payment_link"], {"link_id": link_id}).fetchone()
    return None if row is None else link_of(row)


def account_of_link(connection: sqlite3.Connection, link_id: str) -> Account | None:
    """See ``Payments.account_of_link``."""
    row = connection.execute(SQL["payment_link"], {"link_id": link_id}).fetchone()
    if row is None:
        return None
    return account_of(connection.execute(SQL["bill_row"], {"account": row["account"]}).fetchone())


def revoke_links(connection: sqlite3.Connection, bill: BillKey, why: str, now: int) -> int:
    """See ``Payments.revoke_links``."""
    found = find_bill(connection, bill)
    if found is None:
        return 0
    asked = {"account": found["id"], "why": plain(why), "now": now}
    return connection.execute(SQL["revoke_payment_links"], asked).rowcount


def answer_question(
    connection: sqlite3.Connection, link_id: str, digits: str, now: int
) -> LinkRefusal | bool:
    """See ``Payments.answer_question``."""
    row = connection.execute(SQL["payment_link"], {"link_id": link_id}).fetchone()
    if row is None:
        return LinkRefusal.UNKNOWN
    refused = refusal(link_of(row).standing, instant(now), opening=True)
    if refused is not None:
        return refused
    account = connection.execute(SQL["bill_row"], {"account": row["account"]}).fetchone()
    phones = (account["phone"], *other_phones(connection, row["account"]))
    right = len(digits) == 4 and any(phone.endswith(digits) for phone in phones)
    connection.execute(
        SQL["count_link_use"], {"link_id": link_id, "used": int(right), "failed": int(not right)}
    )
    _act(connection, link_id, PageAct.OPENED if right else PageAct.FAILED, "", now)
    if not right and row["failures"] + 1 >= MAX_FAILURES:
        return LinkRefusal.LOCKED
    return right


def page_bill(connection: sqlite3.Connection, link_id: str, now: int) -> PageBill | None:
    """See ``Payments.page_bill``. Writes nothing that has not become true by itself."""
    row = _good(connection, link_id, now)
    if row is None:
        return None
    account_row: int = row["account"]
    settled = settle_account(connection, account_row, now)
    stored = connection.execute(SQL["bill_row"], {"account": account_row}).fetchone()
    asked = {"customer_id": row["customer_id"], "account_id": row["account_id"]}
    return PageBill(
        account=account_of(stored),
        balance=settled.balance,
        settled_at=settled.settled_at,
        promises=_promises(connection, account_row),
        disputed=connection.execute(SQL["is_disputed"], asked).fetchone() is not None,
    )


def promise_later(
    connection: sqlite3.Connection, link_id: str, wanted: Decimal, day: date, made_in: str, now: int
) -> str | None:
    """See ``Payments.promise_later``."""
    row = _good(connection, link_id, now)
    if row is None:
        return None
    account: int = row["account"]
    owed = settle_account(connection, account, now).balance.owed
    if not ZERO < wanted <= owed:
        return None
    currency = connection.execute(SQL["bill_row"], {"account": account}).fetchone()["currency"]
    promise = PromiseToPay(wanted, day.isoformat(), currency, "page", 1.0)
    add_promises(connection, account, [promise], made_in=made_in, source="page", now=now)
    settle_account(connection, account, now)
    _act(connection, link_id, PageAct.PROMISED, f"{made_in}.1", now)
    return f"{made_in}.1"


def opt_out(connection: sqlite3.Connection, link_id: str, now: int) -> bool:
    """See ``Payments.opt_out``."""
    row = _good(connection, link_id, now)
    if row is None:
        return False
    reason = "asked for it on the payment page"
    add_list_entry(
        connection, ListKind.DO_NOT_CONTACT, row["customer_id"], "page", instant(now), None, reason
    )
    customer = {"customer_id": row["customer_id"]}
    connection.execute(SQL["stop_messages"], {**customer, "now": now, "why": reason})
    for each in connection.execute(SQL["accounts_of_customer"], customer).fetchall():
        tell(connection, each["id"], "customer.opted_out", f"{link_id}+{each['id']}", {"channel": None}, now)
    _act(connection, link_id, PageAct.OPTED_OUT, "", now)
    return True


def object_to(
    connection: sqlite3.Connection, table: DisputeTable, link_id: str, claim: Objection, now: int
) -> OpenedDispute | None:
    """See ``Payments.object_to``."""
    row = _good(connection, link_id, now)
    if row is None:
        return None
    account = connection.execute(SQL["bill_row"], {"account": row["account"]}).fetchone()
    key = BillKey(row["customer_id"], row["account_id"], row["bill_id"])
    told = NewDispute(
        bill=key,
        category=claim.category,
        source="page",
        made_in=claim.made_in,
        description=claim.description,
        by="customer",
    )
    opened = open_case(connection, table, DisputedBill(row["account"], key, account["timezone"]), told, now)
    _act(connection, link_id, PageAct.OBJECTED, opened.case_id, now)
    return opened


def add_order(connection: sqlite3.Connection, order: PaymentOrder, now: int) -> bool:
    """See ``Payments.add_order``."""
    found = find_bill(connection, order.bill)
    if found is None or found["currency"] != order.currency:
        return False
    asked = {"account": found["id"], "since": now - _DAY}
    if connection.execute(SQL["count_recent_orders"], asked).fetchone()[0] >= MOST_ORDERS:
        return False
    added = connection.execute(
        SQL["add_payment_order"],
        {
            "order_no": order.order_no,
            "account": found["id"],
            "provider": order.provider,
            "method": order.method,
            "amount_minor": minor_units(order.amount),
            "currency": order.currency,
            "now": now,
            "expires_at": micros(order.expires_at),
            "address": plain(order.address),
            "link_id": order.link_id or None,
        },
    )
    if added.rowcount and order.link_id:
        _act(connection, order.link_id, PageAct.ORDERED, order.order_no, now)
    return added.rowcount > 0


def find_order(connection: sqlite3.Connection, order_no: str) -> PaymentOrder | None:
    """See ``Payments.find_order``."""
    row = connection.execute(SQL["payment_order"], {"order_no": order_no}).fetchone()
    if row is None:
        return None
    return PaymentOrder(
        order_no=row["order_no"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        provider=row["provider"],
        method=row["method"],
        amount=amount(row["amount_minor"]),
        currency=row["currency"],
        created_at=instant(row["created_at"]),
        expires_at=instant(row["expires_at"]),
        address=row["address"],
        link_id=row["link_id"] or "",
    )


def acts_of(connection: sqlite3.Connection, customer_id: str) -> list[PageActRecord]:
    """See ``Payments.acts_of``."""
    return [
        PageActRecord(row["link_id"], PageAct(row["act"]), row["subject"], instant(row["at"]))
        for row in connection.execute(SQL["page_acts"], {"customer_id": customer_id}).fetchall()
    ]


def link_of(row: sqlite3.Row) -> LinkRecord:
    """The link of a row with its bill."""
    return LinkRecord(
        link_id=row["link_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        purpose=Purpose(row["purpose"]),
        created_at=instant(row["created_at"]),
        standing=LinkStanding(
            expires_at=instant(row["expires_at"]),
            max_uses=row["max_uses"],
            revoked_at=instant_or_none(row["revoked_at"]),
            uses=row["uses"],
            failures=row["failures"],
        ),
    )


def _good(connection: sqlite3.Connection, link_id: str, now: int) -> sqlite3.Row | None:
    """The row of a link that is good for one who has answered its question."""
    row: sqlite3.Row | None = connection.execute(SQL["payment_link"], {"link_id": link_id}).fetchone()
    if row is None or refusal(link_of(row).standing, instant(now)) is not None:
        return None
    return row


def _act(connection: sqlite3.Connection, link_id: str, act: PageAct, subject: str, now: int) -> None:
    connection.execute(
        SQL["add_page_act"], {"link_id": link_id, "act": act.value, "subject": plain(subject), "now": now}
    )


def _promises(connection: sqlite3.Connection, account: int) -> Sequence[PromiseStanding]:
    return tuple(
        PromiseStanding(
            promise_of_row(row), PromiseState(row["state"]), amount(row["covered_minor"]), row["why"]
        )
        for row in connection.execute(SQL["promises_on_page"], {"account": account}).fetchall()
    )
