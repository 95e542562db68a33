"""Movements of ledgers and notices of providers, as the commands show them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.cli.common import console, local, print_json, show_table

if TYPE_CHECKING:
    from ari_app.ports.payments import NoticeRecord, PaymentRecord


def record_object(record: PaymentRecord) -> dict[str, object]:
    """A movement as JSON."""
    return {
        "payment_id": record.entry_id,
        "kind": record.kind,
        "customer_id": record.bill.customer_id,
        "account_id": record.bill.account_id,
        "bill_id": record.bill.bill_id,
        "amount": record.amount,
        "currency": record.currency,
        "provider": record.provider,
        "reference": record.reference,
        "reverses": record.reverses or None,
        "occurred_at": record.occurred_at,
        "recorded_at": record.at,
        "source": record.source,
    }


def notice_object(record: NoticeRecord) -> dict[str, object]:
    """A notice as JSON."""
    notice = record.notice
    bill = notice.bill
    return {
        "notice": record.seq,
        "provider": notice.provider,
        "event_id": notice.event_id,
        "kind": notice.kind,
        "amount": notice.amount,
        "currency": notice.currency or None,
        "reference": notice.reference or None,
        "reverses": notice.reverses or None,
        "order_no": notice.order_no or None,
        "customer_id": None if bill is None else bill.customer_id,
        "account_id": None if bill is None else bill.account_id,
        "bill_id": None if bill is None else bill.bill_id,
        "state": record.state,
        "reason": record.reason,
        "note": record.note,
        "payment_id": record.entry_id or None,
        "received_at": record.received_at,
        "decided_at": record.decided_at,
        "deliveries": record.deliveries,
    }


def tell_records(records: list[PaymentRecord], json_output: bool) -> None:
    """Movements as a table, or as JSON."""
    if json_output:
        print_json([record_object(each) for each in records])
    elif not records:
        console().print("there is no such movement")
    else:
        show_table(
            ["happened", "kind", "amount", "customer", "account", "bill", "provider", "reference", "source"],
            [
                (
                    local(each.occurred_at, None),
                    each.kind,
                    f"{each.amount} {each.currency}",
                    each.bill.customer_id,
                    each.bill.account_id,
                    each.bill.bill_id,
                    each.provider,
                    each.reference,
                    each.source,
                )
                for each in records
            ],
        )


def tell_notices(notices: list[NoticeRecord]) -> None:
    """Notices as a table; nothing for none."""
    if not notices:
        return
    show_table(
        ["notice", "received", "provider", "kind", "amount", "reference", "customer", "state", "why"],
        [
            (
                each.seq,
                local(each.received_at, None),
                each.notice.provider,
                each.notice.kind,
                "-" if each.notice.amount is None else f"{each.notice.amount} {each.notice.currency}",
                each.notice.reference,
                "-" if each.notice.bill is None else each.notice.bill.customer_id,
                each.state,
                each.reason,
            )
            for each in notices
        ],
    )
