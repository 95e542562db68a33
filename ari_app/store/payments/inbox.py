"""The inbox of notices: kept as they came, and applied to the ledger in the same transaction."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass
from decimal import Decimal

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.notice import NoticeKind, NoticeReason, NoticeState
from ari_app.ports.debt import BillKey, Movement, Posted
from ari_app.ports.payments import Notice, NoticeRecord
from ari_app.store.codec import amount, amount_or_none, instant, micros, minor_or_none, plain
from ari_app.store.debt.debts import post
from ari_app.store.debt.telling import tell_campaigns
from ari_app.store.queries import SQL

#: Unmatched notices that one transaction asks again.
PART = 200

_KINDS = {NoticeKind.PAYMENT: EntryKind.PAYMENT, NoticeKind.REVERSAL: EntryKind.REVERSAL}

_DECIDED = {
    Posted.RECORDED: (NoticeState.APPLIED, NoticeReason.RECORDED),
    Posted.REPEATED: (NoticeState.APPLIED, NoticeReason.REPEATED),
    Posted.CONTRADICTED: (NoticeState.REFUSED, NoticeReason.CONTRADICTS),
    Posted.UNKNOWN_BILL: (NoticeState.UNMATCHED, NoticeReason.UNKNOWN_BILL),
    Posted.WRONG_CURRENCY: (NoticeState.UNMATCHED, NoticeReason.WRONG_CURRENCY),
}


@dataclass(frozen=True, slots=True)
class _Decision:
    state: NoticeState
    reason: NoticeReason
    entry_id: str = ""
    note: str = ""


def take(connection: sqlite3.Connection, notice: Notice, body: bytes, now: int, source: str) -> NoticeRecord:
    """See ``Payments.take``."""
    known = _known(connection, notice.provider, notice.event_id)
    if known is not None:
        if not _contradicts(known, notice):
            connection.execute(SQL["count_delivery"], {"seq": known["seq"]})
            return notice_record(_row(connection, known["seq"]))
        return _keep_contradiction(connection, notice, body, now, source)
    decision = _apply(connection, notice, now, source)
    seq = _add(connection, notice, notice.event_id, body, now, source, decision)
    if decision.state is NoticeState.UNMATCHED:
        _tell_unmatched(connection, seq, notice, decision.reason, now)
    if decision.state is NoticeState.APPLIED and notice.kind is NoticeKind.PAYMENT:
        _ask_reversals(connection, notice, now)
    return notice_record(_row(connection, seq))


def match(connection: sqlite3.Connection, seq: int, bill: BillKey, by: str, now: int) -> NoticeRecord | None:
    """See ``Payments.match``."""
    row = _unmatched(connection, seq)
    if row is None:
        return None
    decision = _apply(connection, notice_of(row), now, row["source"], bill)
    _decide(connection, seq, decision, now, f"matched by {by}")
    if decision.state is NoticeState.APPLIED:
        _ask_reversals(connection, notice_of(row), now)
    return notice_record(_row(connection, seq))


def refuse(connection: sqlite3.Connection, seq: int, by: str, why: str, now: int) -> NoticeRecord | None:
    """See ``Payments.refuse``."""
    row = _unmatched(connection, seq)
    if row is None:
        return None
    decision = _Decision(NoticeState.REFUSED, NoticeReason.BY_A_PERSON)
    _decide(connection, seq, decision, now, f"{by}: {why}")
    return notice_record(_row(connection, seq))


def can_be_matched(connection: sqlite3.Connection) -> bool:
    """Whether the bill of an unmatched notice is known by now."""
    return connection.execute(SQL["matchable_notices"], {"limit": 1, "after": 0}).fetchone() is not None


def ask_again(connection: sqlite3.Connection, now: int, after: int = 0) -> tuple[int, int]:
    """Ask a part of the unmatched again, those behind ``after`` whose bill is known by now: how many were looked at, and
    the last of them. What stays unmatched is not met again by whoever goes on behind it."""
    rows = connection.execute(SQL["matchable_notices"], {"limit": PART, "after": after}).fetchall()
    for row in rows:
        _ask(connection, row, now)
    return len(rows), rows[-1]["seq"] if rows else after


def ask_all_again(connection: sqlite3.Connection, now: int) -> None:
    """Ask all of the unmatched again whose bill is known by now."""
    looked, last = ask_again(connection, now)
    while looked:
        looked, last = ask_again(connection, now, last)


def notice_of(row: sqlite3.Row) -> Notice:
    """The notice of a row."""
    bill = BillKey(row["customer_id"], row["account_id"], row["bill_id"])
    return Notice(
        provider=row["provider"],
        event_id=row["event_id"],
        kind=NoticeKind(row["kind"]),
        amount=amount_or_none(row["amount_minor"]),
        currency=row["currency"],
        occurred_at=instant(row["occurred_at"]),
        reference=row["reference"],
        reverses=row["reverses"],
        order_no=row["order_no"],
        bill=bill if bill.customer_id else None,
        total=bool(row["is_total"]),
    )


def notice_record(row: sqlite3.Row) -> NoticeRecord:
    """The record of a row."""
    return NoticeRecord(
        seq=row["seq"],
        notice=notice_of(row),
        state=NoticeState(row["state"]),
        reason=NoticeReason(row["reason"]),
        received_at=instant(row["received_at"]),
        decided_at=instant(row["decided_at"]),
        deliveries=row["deliveries"],
        entry_id=row["entry_id"],
        note=row["note"],
    )


def _apply(
    connection: sqlite3.Connection, notice: Notice, now: int, source: str, matched: BillKey | None = None
) -> _Decision:
    """Move the money of a notice, where it can be; ``matched`` is what a person says of its bill."""
    if notice.kind is NoticeKind.OTHER or notice.amount is None:
        return _Decision(NoticeState.RECEIVED, NoticeReason.NOTHING_MOVED)
    bill, note = _bill_of(connection, notice, matched)
    if bill is None:
        return _Decision(NoticeState.UNMATCHED, NoticeReason.UNKNOWN_BILL)
    moved = notice.amount
    if notice.total:
        # The sum of all refunds so far: what is known of them by now is contained in it, in whatever order they come.
        asked = {"provider": plain(notice.provider), "reverses": plain(notice.reverses)}
        moved -= amount(connection.execute(SQL["taken_back"], asked).fetchone()[0])
        if moved <= 0:
            return _Decision(NoticeState.APPLIED, NoticeReason.ALREADY_TAKEN_BACK)
    posting = post(connection, _movement(notice, bill, moved, now, source), now)
    state, reason = _DECIDED[posting.result]
    return _Decision(state, reason, posting.entry_id, note)


def _ask(connection: sqlite3.Connection, row: sqlite3.Row, now: int) -> None:
    decision = _apply(connection, notice_of(row), now, row["source"])
    _decide(connection, row["seq"], decision, now, decision.note)
    if decision.state is NoticeState.APPLIED:
        _ask_reversals(connection, notice_of(row), now)


def _ask_reversals(connection: sqlite3.Connection, paid: Notice, now: int) -> None:
    """What takes a payment back may have come before it, and may not have known its bill."""
    asked = {"provider": plain(paid.provider), "reverses": plain(paid.reference)}
    for row in connection.execute(SQL["waiting_reversals"], asked).fetchall():
        _ask(connection, row, now)


def _bill_of(
    connection: sqlite3.Connection, notice: Notice, matched: BillKey | None
) -> tuple[BillKey | None, str]:
    """The bill of a notice, and a note where it is not for what was asked: by a person, by the payment that it takes back
    (which may have been put right by a person), by its order, by itself."""
    if matched is not None:
        return matched, ""
    if notice.kind is NoticeKind.REVERSAL:
        key = {"provider": plain(notice.provider), "reference": plain(notice.reverses)}
        paid = connection.execute(SQL["account_of_payment"], key).fetchone()
        if paid is not None:
            row = connection.execute(SQL["bill_row"], {"account": paid["account"]}).fetchone()
            return BillKey(row["customer_id"], row["account_id"], row["bill_id"]), ""
    if notice.order_no:
        order = connection.execute(SQL["payment_order"], {"order_no": plain(notice.order_no)}).fetchone()
        if order is not None:
            bill = BillKey(order["customer_id"], order["account_id"], order["bill_id"])
            asked = amount(order["amount_minor"])
            other = notice.kind is NoticeKind.PAYMENT and asked != notice.amount
            return bill, f"the order was for {asked} {order['currency']}" if other else ""
    return notice.bill, ""


def _movement(notice: Notice, bill: BillKey, moved: Decimal, now: int, source: str) -> Movement:
    return Movement(
        bill=bill,
        kind=_KINDS[notice.kind],
        amount=moved,
        currency=notice.currency,
        occurred_at=notice.occurred_at or instant(now),
        provider=notice.provider,
        reference=notice.reference,
        reverses=notice.reverses,
        source=source,
    )


def _known(connection: sqlite3.Connection, provider: str, event_id: str) -> sqlite3.Row | None:
    asked = {"provider": plain(provider), "event_id": plain(event_id)}
    row: sqlite3.Row | None = connection.execute(SQL["payment_notice"], asked).fetchone()
    return row


def _row(connection: sqlite3.Connection, seq: int) -> sqlite3.Row:
    row: sqlite3.Row = connection.execute(SQL["payment_notice_by_seq"], {"seq": seq}).fetchone()
    return row


def _unmatched(connection: sqlite3.Connection, seq: int) -> sqlite3.Row | None:
    row: sqlite3.Row | None = connection.execute(SQL["payment_notice_by_seq"], {"seq": seq}).fetchone()
    return row if row is not None and row["state"] == NoticeState.UNMATCHED else None


def _contradicts(known: sqlite3.Row, notice: Notice) -> bool:
    before = notice_of(known)
    return (before.kind, before.amount, before.currency, before.reference, before.reverses) != (
        notice.kind,
        notice.amount,
        plain(notice.currency),
        plain(notice.reference),
        plain(notice.reverses),
    )


def _keep_contradiction(
    connection: sqlite3.Connection, notice: Notice, body: bytes, now: int, source: str
) -> NoticeRecord:
    """The first word stays; the other is kept beside it, once."""
    other = hashlib.sha256(repr((notice.kind, notice.amount, notice.currency, notice.reference)).encode())
    event_id = f"{notice.event_id}#{other.hexdigest()[:12]}"
    known = _known(connection, notice.provider, event_id)
    if known is not None:
        connection.execute(SQL["count_delivery"], {"seq": known["seq"]})
        return notice_record(_row(connection, known["seq"]))
    moves = notice.kind is not NoticeKind.OTHER
    decision = _Decision(
        NoticeState.REFUSED if moves else NoticeState.RECEIVED,
        NoticeReason.CONTRADICTS,
        note="the same notice had said something else",
    )
    seq = _add(connection, notice, event_id, body, now, source, decision)
    return notice_record(_row(connection, seq))


def _add(
    connection: sqlite3.Connection,
    notice: Notice,
    event_id: str,
    body: bytes,
    now: int,
    source: str,
    decision: _Decision,
) -> int:
    bill = notice.bill or BillKey("", "", "")
    added = connection.execute(
        SQL["add_payment_notice"],
        {
            "provider": plain(notice.provider),
            "event_id": plain(event_id),
            "kind": notice.kind.value,
            "amount_minor": minor_or_none(notice.amount),
            "is_total": int(notice.total),
            "currency": plain(notice.currency),
            "occurred_at": now if notice.occurred_at is None else micros(notice.occurred_at),
            "reference": plain(notice.reference),
            "reverses": plain(notice.reverses),
            "order_no": plain(notice.order_no),
            "customer_id": plain(bill.customer_id),
            "account_id": plain(bill.account_id),
            "bill_id": plain(bill.bill_id),
            "body": body,
            "source": plain(source),
            "state": decision.state.value,
            "reason": decision.reason.value,
            "note": plain(decision.note),
            "entry_id": decision.entry_id,
            "now": now,
        },
    )
    assert added.lastrowid is not None
    return added.lastrowid


def _decide(connection: sqlite3.Connection, seq: int, decision: _Decision, now: int, note: str) -> None:
    connection.execute(
        SQL["decide_notice"],
        {
            "seq": seq,
            "state": decision.state.value,
            "reason": decision.reason.value,
            "note": plain(note),
            "entry_id": decision.entry_id,
            "now": now,
        },
    )


def _tell_unmatched(
    connection: sqlite3.Connection, seq: int, notice: Notice, reason: NoticeReason, now: int
) -> None:
    bill = notice.bill or BillKey("", "", "")
    fields = {
        "customerId": bill.customer_id,
        "accountId": bill.account_id,
        "billId": bill.bill_id,
        "noticeId": seq,
        "kind": notice.kind.value,
        "provider": notice.provider,
        "reference": notice.reference,
        "orderNo": notice.order_no or None,
        "amount": None if notice.amount is None else float(notice.amount),
        "currency": notice.currency,
        "reason": reason.value,
    }
    tell_campaigns(connection, "payment.unmatched", str(seq), fields, now)
