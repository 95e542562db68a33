"""A bill as the page shows it: lines of text, worked out of the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.ledger import ZERO
from ari_app.domain.debt.promise import PromiseState
from ari_app.domain.payments.page import may_offer_later
from ari_app.ports.payments import PageBill
from ari_app.web.payments.texts import day_text, money

_LIVE = frozenset({PromiseState.OPEN, PromiseState.DUE})


def today_of(bill: PageBill, now: datetime) -> date:
    """The day where the customer lives."""
    return now.astimezone(zone_of(bill.account.timezone) or UTC).date()


def bill_values(bill: PageBill, t: Mapping[str, str], language: str, now: datetime) -> dict[str, object]:
    """What the template of a bill needs."""

    def say(amount: Decimal) -> str:
        return money(amount, bill.account.currency, language)

    sums = bill.balance
    over = say(sums.overpaid) if sums.overpaid > ZERO else ""
    return {
        "owed": say(sums.owed),
        "settled": sums.owed <= ZERO,
        "overpaid": t["overpaid"].format(amount=over) if over else "",
        "due": day_text(bill.account.due_date, language),
        "notes": _notes(bill, t, language, now),
        "lines": [(label, say(amount)) for label, amount in _lines(bill, t)],
        "currency": bill.account.currency,
        "disputed": bill.disputed,
        "later": may_offer_later(sums.owed, bill.promises, disputed=bill.disputed) is None,
    }


def _lines(bill: PageBill, t: Mapping[str, str]) -> list[tuple[str, Decimal]]:
    details, sums = bill.account.details, bill.balance
    lines = [(item.label, item.amount) for item in details.fee_items]
    lines.append((t["stated"], sums.stated))
    if details.late_fee:
        lines.append((t["late_fee"], details.late_fee))
    more = [
        ("fees", sums.fees),
        ("payments", -sums.paid),
        ("reversed", sums.reversed),
        ("reductions", -(sums.waived + sums.credited)),
    ]
    lines += [(t[name], amount) for name, amount in more if amount]
    lines.append((t["owed"], sums.owed))
    return lines


def _notes(bill: PageBill, t: Mapping[str, str], language: str, now: datetime) -> list[str]:
    account, details = bill.account, bill.account.details
    today = today_of(bill, now)
    if bill.balance.owed <= ZERO:
        return []
    notes: list[str] = []
    late = (today - account.due_date).days
    if late > 0:
        notes.append(t["overdue"].format(days=late))
    notes.append(t["fee_after"] if late > 0 else t["fee_before"])
    if details.service_state == "suspended":
        notes.append(t["suspended"])
    elif details.suspension_on is not None and details.suspension_on >= today:
        when = day_text(details.suspension_on, language)
        if details.suspension_at is not None:
            when = f"{when} {details.suspension_at:%H:%M}"
        notes.append(t["suspends"].format(when=when))
    if bill.disputed:
        notes.append(t["disputed"])
    notes += [
        t["promised"].format(
            day=day_text(each.promise.day, language),
            amount=money(each.promise.amount, account.currency, language),
        )
        for each in bill.promises
        if each.state in _LIVE
    ]
    return notes
