"""One row of a payment file or a record of a payment, checked field by field and turned into a movement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.ledger import EntryKind
from ari_app.ports.debt import BillKey, Movement
from ari_app.services.account_row import FieldFault, RowDefaults, RowFields
from ari_app.services.model_problems import RefusedError
from ari_app.services.row_values import MAX_ID, amount_of, text_of

#: Names of fields; those with True must be there.
PAYMENT_FIELDS: dict[str, bool] = {
    "customerId": True,
    "accountId": True,
    "billId": True,
    "amount": True,
    "reference": True,
    "paidAt": False,
    "currency": False,
    "kind": False,
    "reverses": False,
}

#: Headings that are understood without being told.
PAYMENT_ALIASES: dict[str, tuple[str, ...]] = {
    "customerId": ("customer", "客户编号", "客户号", "户号"),
    "accountId": ("account", "账户编号", "账户号", "账号"),
    "billId": ("bill", "invoice", "账单编号", "账单号"),
    "amount": ("paid", "amountPaid", "金额", "缴费金额", "支付金额"),
    "reference": ("paymentId", "transaction", "transactionId", "流水号", "交易号", "订单号"),
    "paidAt": ("paidOn", "time", "缴费时间", "支付时间", "交易时间"),
    "currency": ("币种", "货币"),
    "kind": ("type", "类型"),
    "reverses": ("originalReference", "原流水号", "原交易号"),
}

_KINDS = {
    "payment": EntryKind.PAYMENT,
    "reversal": EntryKind.REVERSAL,
    "refund": EntryKind.REVERSAL,
    "缴费": EntryKind.PAYMENT,
    "退款": EntryKind.REVERSAL,
    "冲正": EntryKind.REVERSAL,
}


def read_payment(
    row: Mapping[str, object], defaults: RowDefaults, *, provider: str, typed: bool = False
) -> Movement | list[FieldFault]:
    """The movement of a row, or every fault it has. ``provider`` names the source: references are unique within it."""
    reading = RowFields(row, typed, PAYMENT_FIELDS)
    customer = reading.take("customerId", _identifier)
    account = reading.take("accountId", _identifier)
    bill = reading.take("billId", _identifier)
    amount = reading.take("amount", lambda value, typed: amount_of(value))
    reference = reading.take("reference", _identifier)
    at = reading.take("paidAt", lambda value, typed: _instant(value, defaults), defaults.now)
    currency = reading.take("currency", _currency, defaults.currency)
    kind = reading.take("kind", _kind, EntryKind.PAYMENT)
    reverses = reading.take("reverses", _identifier, "")
    if kind is not None and reverses is not None and (kind is EntryKind.REVERSAL) != bool(reverses):
        reading.faults.append(
            FieldFault("reverses", "does not fit kind", "the reference of the payment, for a reversal only")
        )
    if (
        customer is None
        or account is None
        or bill is None
        or amount is None
        or reference is None
        or at is None
        or currency is None
        or kind is None
        or reverses is None
        or reading.faults
    ):
        return reading.faults
    return Movement(
        BillKey(customer, account, bill), kind, amount, currency, at, provider, reference, reverses, provider
    )


def _identifier(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes, or the step text")
    return text_of(value, MAX_ID)


def _currency(value: object, typed: bool) -> str:
    text = text_of(value, MAX_ID).upper()
    if not re.fullmatch(r"[A-Z]{3}", text, re.ASCII):
        raise RefusedError("is not a currency", "three letters of ISO 4217, such as CNY")
    return text


def _kind(value: object, typed: bool) -> EntryKind:
    found = _KINDS.get(text_of(value, MAX_ID).lower())
    if found is None:
        raise RefusedError("is not a kind", "payment, reversal")
    return found


def _instant(value: object, defaults: RowDefaults) -> datetime:
    """An instant of ISO 8601; without an offset on the clocks of the default zone. At most a day ahead: clocks differ."""
    now = defaults.now
    if isinstance(value, datetime):
        at = value
    else:
        try:
            at = datetime.fromisoformat(text_of(value, MAX_ID))
        except ValueError:
            raise RefusedError("is no instant", "ISO 8601, such as 2026-03-01T10:00:00+08:00") from None
    at = at if at.tzinfo is not None else at.replace(tzinfo=zone_of(defaults.timezone) or UTC)
    try:
        late, old = at - now > timedelta(days=1), now - at > timedelta(days=3660)
    except OverflowError:
        late = old = True
    if late or old:
        raise RefusedError("is out of range", "at most ten years ago, and not to come")
    return at.astimezone(UTC)
