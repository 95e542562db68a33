"""A provider's or a bank's list of payments as a file: columns found by name, each row checked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import Path

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.payments.reconciliation import BookRow
from ari_app.errors import Problem
from ari_app.ports.debt import BillKey
from ari_app.services.account_row import FieldFault, RowFields
from ari_app.services.list_columns import match_columns
from ari_app.services.list_files import open_list
from ari_app.services.list_rows import BadRow, ListFile, Progress, Row
from ari_app.services.model_problems import RefusedError
from ari_app.services.row_values import MAX_ID, amount_of, text_of

#: Names of the columns; those with True must be there.
STATEMENT_FIELDS: dict[str, bool] = {
    "reference": True,
    "amount": True,
    "type": False,
    "refund": False,
    "refundAmount": False,
    "currency": False,
    "occurredAt": False,
    "orderNo": False,
    "customerId": False,
    "accountId": False,
    "billId": False,
}

#: Headings that are understood besides the names; compared without case, blanks, _ and -.
STATEMENT_ALIASES: dict[str, tuple[str, ...]] = {
    "reference": (
        "transactionId",
        "transaction",
        "交易号",
        "支付宝交易号",
        "微信订单号",
        "流水号",
        "交易流水号",
    ),
    "amount": ("paid", "金额", "交易金额", "订单金额", "订单金额（元）", "应结订单金额", "实收金额"),
    "type": ("kind", "类型", "交易类型", "业务类型", "交易状态"),
    "refund": ("refundId", "refundReference", "退款单号", "微信退款单号", "退款批次号/请求号", "退款批次号"),
    "refundAmount": ("退款金额", "实退金额"),
    "currency": ("币种", "货币种类", "货币"),
    "occurredAt": ("time", "date", "paidAt", "交易时间", "完成时间", "入账时间", "支付时间", "日期"),
    "orderNo": ("order", "outTradeNo", "商户订单号", "订单号"),
    "customerId": ("customer", "客户编号", "客户号", "户号"),
    "accountId": ("account", "账户编号", "账户号"),
    "billId": ("bill", "账单编号", "账单号"),
}

_PAYMENTS = frozenset({"payment", "paid", "success", "支付", "交易", "收款", "支付成功", "缴费", "在线支付"})
_REVERSALS = frozenset({"reversal", "refund", "chargeback", "退款", "冲正", "撤销", "拒付", "退票"})
_CURRENCIES = {"人民币": "CNY", "RMB": "CNY"}
_TIMES = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
)
_TIMES_ALLOWED = "2026-03-01 10:00:00, 2026-03-01, 2026-03-01T10:00:00+08:00 or a date cell"
#: Whole numbers above this are not exact in a spreadsheet.
_EXACT = 2**53
KEPT_FAULTS = 20


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A row of the file. ``payment`` is the reference of the payment that a reversal takes back."""

    number: int
    book: BookRow
    payment: str = ""
    order_no: str = ""
    bill: BillKey | None = None


@dataclass(slots=True)
class Statement:
    """A file while it is read. Columns are found when it is made; rows come once."""

    listing: ListFile
    provider: str
    currency: str
    zone: tzinfo
    now: datetime
    columns: Mapping[str, str]
    rows: int = 0
    rejected: int = 0
    faults: list[Problem] = field(default_factory=list)

    @property
    def unused(self) -> tuple[str, ...]:
        """Headings that nothing was read from."""
        return tuple(each for each in self.listing.headings if each and each not in self.columns.values())

    def read(self) -> Iterator[StatementRow]:
        """The good rows; what is wrong with the others is counted, and the first faults are kept."""
        typed = not self.listing.headings
        for row in self.listing.rows:
            self.rows += 1
            if isinstance(row, BadRow):
                self._reject(row.number, [FieldFault("row", row.wrong, row.allowed)])
                continue
            found = self._row(row, typed)
            if found is not None:
                yield found

    def _row(self, row: Row, typed: bool) -> StatementRow | None:
        columns = {name: name for name in STATEMENT_FIELDS} if typed else self.columns
        fields = RowFields(
            {name: _bare(row.cells.get(heading)) for name, heading in columns.items()},
            typed,
            STATEMENT_FIELDS,
        )
        reference = fields.take("reference", _identifier)
        refund = fields.take("refund", _identifier, "") or ""
        refund = "" if refund == "0" else refund  # as WeChat writes that there is none
        back = fields.take("refundAmount", _amount_back) if refund else None
        signed = -back if back else fields.take("amount", _signed)
        kind = fields.take("type", _kind, None)
        if signed is not None and (signed < 0 or refund):
            kind = EntryKind.REVERSAL
        if kind is EntryKind.REVERSAL and not refund:
            fields.guard("refund", _without_name)
        currency = fields.take("currency", _currency, self.currency)
        at = fields.take("occurredAt", lambda value, _: self._instant(value))
        order_no = fields.take("orderNo", _identifier, "") or ""
        names = [fields.take(name, _identifier, "") or "" for name in ("customerId", "accountId", "billId")]
        if fields.faults or reference is None or signed is None or currency is None:
            self._reject(row.number, fields.faults)
            return None
        reversal = kind is EntryKind.REVERSAL
        name = refund_name(self.provider, reference, refund) if reversal else reference
        book = BookRow(kind or EntryKind.PAYMENT, name, abs(signed), currency, at)
        bill = BillKey(*names) if names[0] else None
        return StatementRow(row.number, book, reference if reversal else "", order_no, bill)

    def _instant(self, value: object) -> datetime:
        """When it happened; a wall clock is that of ``zone``."""
        found = _wall(value)
        try:
            at = (found if found.tzinfo is not None else found.replace(tzinfo=self.zone)).astimezone(UTC)
        except OverflowError:  # the first and the last day of the calendar, which programs write for "never"
            raise RefusedError("is out of range", "2000 to now") from None
        if not datetime(2000, 1, 1, tzinfo=UTC) <= at <= self.now + timedelta(days=1):
            raise RefusedError("is out of range", "2000 to now")
        return at

    def _reject(self, number: int, faults: Iterable[FieldFault]) -> None:
        self.rejected += 1
        place = f"{self.listing.source}{':' if self.listing.kind.startswith('CSV') else ', row '}{number}"
        room = KEPT_FAULTS - len(self.faults)
        self.faults += [Problem(place, each.field, each.wrong, each.allowed) for each in faults][:room]


def open_statement(
    path: Path,
    provider: str,
    currency: str,
    zone: tzinfo,
    now: datetime,
    mapping: Mapping[str, str],
    progress: Progress,
    encoding: str | None = None,
) -> Statement:
    """Open a file. Raises InputError for one that cannot be read, and for columns that are not found."""
    listing = open_list(path, encoding=encoding, progress=progress)
    try:
        columns = match_columns(
            listing.headings, mapping, listing.source, fields=STATEMENT_FIELDS, aliases=STATEMENT_ALIASES
        )
    except BaseException:
        listing.close()
        raise
    return Statement(listing, provider, currency, zone, now, columns)


def refund_name(provider: str, payment: str, refund: str) -> str:
    """How a refund is named in the ledger: at Alipay, whose numbers of refunds are unique for one trade only, with the
    trade's."""
    return f"{payment}/{refund}" if provider == "alipay" else refund


def _bare(value: object) -> object:
    """WeChat writes a grave accent before each value, Alipay a tab behind it, so that no spreadsheet changes them."""
    return value.strip().removeprefix("`").strip() if isinstance(value, str) else value


def _identifier(value: object, typed: bool) -> str:
    if isinstance(value, float | int) and not isinstance(value, bool) and abs(value) >= _EXACT:
        raise RefusedError("is a number that a spreadsheet does not keep exactly", "a cell of text")
    return text_of(value, 2 * MAX_ID)


def _signed(value: object, typed: bool) -> Decimal:
    """An amount, negative for money that went back."""
    if isinstance(value, str) and value.startswith("-"):
        return -amount_of(value[1:].strip())
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value < 0:
        return -amount_of(-value)
    return amount_of(value.removeprefix("+").strip() if isinstance(value, str) else value)


def _amount_back(value: object, typed: bool) -> Decimal:
    """As an amount, and 0 too; some write it with a sign."""
    text = text_of(value, MAX_ID).removeprefix("-")
    return Decimal(0) if re.fullmatch(r"0(\.0+)?", text) else amount_of(text)


def _kind(value: object, typed: bool) -> EntryKind:
    word = text_of(value, MAX_ID).lower()
    if word in _REVERSALS:
        return EntryKind.REVERSAL
    if word in _PAYMENTS:
        return EntryKind.PAYMENT
    raise RefusedError("is no word for a payment or a refund", "payment, refund, 支付, 退款 ...")


def _currency(value: object, typed: bool) -> str:
    text = text_of(value, MAX_ID).upper()
    code = _CURRENCIES.get(text, text)
    if not re.fullmatch(r"[A-Z]{3}", code):
        raise RefusedError("is no currency", "three letters of ISO 4217, such as CNY")
    return code


def _without_name() -> None:
    raise RefusedError("is missing for money that went back", "the refund's own number")


def _wall(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - a wall clock; its zone is added
    if not isinstance(value, str) or len(value) > MAX_ID:
        raise RefusedError("is no time", _TIMES_ALLOWED)
    for shape in _TIMES:
        try:
            return datetime.strptime(value, shape)  # noqa: DTZ007 - a wall clock; its zone is added
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise RefusedError("is no time", _TIMES_ALLOWED) from None
