"""Payment histories as files: CSV, XLSX or JSON, one row for each bill of an account.

A row with a fault is left out, counted and told with its place; columns of what a customer is, or whom he knows, are
refused before a row is read, unless they are to be left unread.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from ari_app.domain.behaviour import MARKERS, Bill, History
from ari_app.errors import InputError, Problem
from ari_app.services.account_details import read_age_band, read_income_band, read_yes_or_no
from ari_app.services.account_row import FieldFault, RowFields
from ari_app.services.history_columns import (
    HISTORY_ALIASES,
    HISTORY_FIELDS,
    LONGEST_HEADING,
    SOCIAL_COLUMN,
    kind_of_heading,
    refused_columns,
)
from ari_app.services.list_columns import match_columns
from ari_app.services.list_files import open_list
from ari_app.services.list_rows import BadRow, ListFile, Row
from ari_app.services.model_problems import RefusedError, nearest
from ari_app.services.row_values import MAX_FIELD, MAX_ID, amount_of, day_of, text_of

#: Faults that are kept to be told; all are counted.
KEPT_FAULTS = 20
#: Shapes of JSON objects, and names of unused columns, that are remembered.
KEPT_SHAPES = 100
#: Columns that may be left unread; a model file has room for so many.
MOST_DROPPED = 200
_MOST = 999


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be read besides payment behaviour: ``authorised`` names what the customers have agreed to ('': nothing);
    ``drop`` leaves columns unread that must not be used, instead of refusing the file.
    """

    authorised: str = ""
    drop: bool = False


NOTHING_MORE = Permission()


@dataclass(frozen=True, slots=True)
class HistoryBook:
    """The histories of a file, by customer and account.

    ``rows`` were read, ``rejected`` of them left out (``faults``: the first of them), ``dropped`` tells for each column
    that was left unread how many of its cells said something. ``until`` is the last day of which the file tells
    anything; ``digest`` the file's SHA-256.
    """

    source: str
    digest: str
    histories: Mapping[tuple[str, str], History] = field(repr=False)
    rows: int = 0
    rejected: int = 0
    faults: tuple[Problem, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    until: date | None = None

    @property
    def bills(self) -> int:
        return sum(len(history.bills) for history in self.histories.values())


def read_history(
    path: Path, today: date, permission: Permission = NOTHING_MORE, mapping: Mapping[str, str] | None = None
) -> HistoryBook:
    """The histories of a file. ``today`` bounds its days; ``mapping`` names the file's column of a field.

    Raises InputError for a file that cannot be read, for columns that must not be used, and when no row is good.
    """
    listing = open_list(path)
    try:
        reading = _Reading(listing, today, permission, mapping or {})
        for row in listing.rows:
            reading.take(row)
    finally:
        listing.close()
    if not reading.bills:
        raise InputError(
            [*reading.faults]
            or [Problem(str(path), "", "holds no bill", "one row for each bill of an account")]
        )
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return reading.book(digest)


class _Reading:
    """The state of reading one file."""

    def __init__(
        self, listing: ListFile, today: date, permission: Permission, mapping: Mapping[str, str]
    ) -> None:
        self._source, self._today, self._permission = listing.source, today, permission
        self._line_place = ":" if listing.kind.startswith("CSV") else ", row "
        self._typed, self._mapping = not listing.headings, mapping
        self._columns: dict[tuple[str, ...], Mapping[str, str]] = {}
        self.bills: dict[tuple[str, str], dict[date, Bill]] = {}
        self._bands: dict[tuple[str, str], tuple[str, str]] = {}
        self.rows = self.rejected = 0
        self.faults: list[Problem] = []
        self.dropped: dict[str, int] = {}
        self._ignored: dict[str, None] = {}
        if not self._typed:
            self._columns_of(listing.headings, self._place(1), require=True)
        self._headings = listing.headings

    def take(self, row: Row | BadRow) -> None:
        """Read a row; what is wrong with it is noted."""
        self.rows += 1
        if isinstance(row, BadRow):
            self._reject(row.number, [FieldFault("row", row.wrong, row.allowed)])
            return
        columns = self._columns_of(
            tuple(row.cells) if self._typed else self._headings, self._place(row.number)
        )
        if self.dropped:
            for heading, cell in row.cells.items():
                if heading[:LONGEST_HEADING] in self.dropped:
                    self.dropped[heading[:LONGEST_HEADING]] += cell not in (None, "")
        fields = RowFields(
            {name: row.cells.get(heading) for name, heading in columns.items()}, self._typed, HISTORY_FIELDS
        )
        key, bill, bands = _bill(fields, self._today)
        if bill is None or fields.faults:
            self._reject(row.number, fields.faults)
            return
        known = self.bills.setdefault(key, {})
        if bill.due in known:
            self._reject(row.number, [FieldFault("dueDate", "the account has a bill of this day already")])
            return
        known[bill.due] = bill
        before = self._bands.get(key, ("", ""))
        self._bands[key] = (bands[0] or before[0], bands[1] or before[1])

    def book(self, digest: str) -> HistoryBook:
        """What was read."""
        histories = {
            key: History(*key, tuple(known[due] for due in sorted(known)), *self._bands[key])
            for key, known in sorted(self.bills.items())
        }
        paid = [bill.paid_on for known in self.bills.values() for bill in known.values() if bill.paid_on]
        # Bills may be written ahead of their day; what is known ends with the last payment.
        until = max(paid, default=max(due for known in self.bills.values() for due in known))
        return HistoryBook(
            self._source,
            digest,
            histories,
            self.rows,
            self.rejected,
            tuple(self.faults),
            dict(self.dropped),
            tuple(self._ignored),
            until,
        )

    def _columns_of(
        self, headings: tuple[str, ...], place: str, *, require: bool = False
    ) -> Mapping[str, str]:
        """The columns of these headings, checked once."""
        found = self._columns.get(headings)
        if found is not None:
            return found
        found = match_columns(
            headings,
            self._mapping,
            self._source,
            require=require,
            fields=HISTORY_FIELDS,
            aliases=HISTORY_ALIASES,
        )
        social = found.get(SOCIAL_COLUMN)
        refused = refused_columns(headings, social, place, authorised=bool(self._permission.authorised))
        if refused and not self._permission.drop:
            raise InputError(refused)
        for problem in refused:
            self.dropped.setdefault(problem.field, 0)
        if len(self.dropped) > MOST_DROPPED:
            wrong = f"holds more than {MOST_DROPPED} columns that must not be used"
            raise InputError([Problem(place, "", wrong, "a file of payments")])
        found = {
            name: heading for name, heading in found.items() if heading[:LONGEST_HEADING] not in self.dropped
        }
        for heading in headings:
            known = heading in found.values() or kind_of_heading(heading)
            if heading and not known and len(self._ignored) < KEPT_SHAPES:
                self._ignored[heading[:LONGEST_HEADING]] = None
        if len(self._columns) < KEPT_SHAPES:
            self._columns[headings] = found
        return found

    def _place(self, number: int) -> str:
        return f"{self._source}{self._line_place}{number}"

    def _reject(self, number: int, faults: Iterable[FieldFault]) -> None:
        self.rejected += 1
        if len(self.faults) < KEPT_FAULTS:
            self.faults += [
                Problem(self._place(number), each.field, each.wrong, each.allowed) for each in faults
            ]


def _bill(fields: RowFields, today: date) -> tuple[tuple[str, str], Bill | None, tuple[str, str]]:
    """Customer and account, the bill (None with a fault), and the bands of age and income."""
    customer = fields.take("customerId", _identifier)
    account = fields.take("accountId", _identifier)
    due = fields.take("dueDate", lambda value, typed: day_of(value, today))
    amount = fields.take("amountDue", lambda value, typed: amount_of(value))
    paid_on = fields.take("paidOn", lambda value, typed: _not_ahead(day_of(value, today), today))
    paid = fields.take("amountPaid", _amount_paid)
    calls = fields.take("calls", _count) or 0
    answered = fields.take("callsAnswered", _count) or 0
    fields.guard("callsAnswered", lambda: _at_most(answered, calls))
    fields.guard("paidOn", lambda: _has_its_day(paid, amount, paid_on))
    in_full = paid is None or (amount is not None and paid >= amount)
    markers = fields.take("markers", _markers) or frozenset()
    counts = {name: fields.take(name, _count) for name in ("brokenPromises", "disputes", SOCIAL_COLUMN)}
    debit = fields.take("autoDebit", read_yes_or_no) or False
    failed = fields.take("debitFailed", read_yes_or_no) or False
    bands = (fields.take("ageBand", read_age_band) or "", fields.take("incomeBand", read_income_band) or "")
    if customer is None or account is None or due is None or amount is None:
        return ("", ""), None, bands
    bill = Bill(
        due=due,
        amount=float(amount),
        paid_on=paid_on if in_full else None,
        broken_promises=counts["brokenPromises"] or 0,
        calls=calls,
        calls_answered=answered,
        disputes=counts["disputes"] or 0,
        auto_debit=debit,
        debit_failed=failed,
        markers=markers,
        relations_in_arrears=counts[SOCIAL_COLUMN],
    )
    return (customer, account), bill, bands


def _identifier(value: object, typed: bool) -> str:
    if typed and not isinstance(value, str):
        raise RefusedError("is not text", "text in quotes")
    return text_of(value, MAX_ID)


def _count(value: object, typed: bool) -> int:
    text = text_of(value, MAX_ID)
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII):
        raise RefusedError("is not a count", f"0 to {_MOST}")
    return int(text)


def _amount_paid(value: object, typed: bool) -> Decimal:
    """As an amount due, and 0 too."""
    if not isinstance(value, bool) and (
        value == 0 or (isinstance(value, str) and re.fullmatch(r"0(\.0+)?", value))
    ):
        return Decimal(0)
    return amount_of(value)


def _markers(value: object, typed: bool) -> frozenset[str]:
    words = [
        part.strip().lower() for part in re.split(r"[,;，；、|]", text_of(value, MAX_FIELD)) if part.strip()
    ]
    for word in words:
        if word not in MARKERS:
            raise RefusedError("holds a word that is no marker", nearest(word, MARKERS))
    return frozenset(words)


def _not_ahead(day: date, today: date) -> date:
    """A payment of next year would make every open bill look as if nobody had paid it by then."""
    if day > today + timedelta(days=1):  # tomorrow may have begun where the customer lives
        raise RefusedError(
            "is in the future", "the day on which it had been paid in full, empty while it is not"
        )
    return day


def _at_most(answered: int, calls: int) -> None:
    if answered > calls:
        raise RefusedError("is more than calls", "calls that were answered, of those in calls")


def _has_its_day(paid: Decimal | None, amount: Decimal | None, day: date | None) -> None:
    if paid is not None and amount is not None and paid >= amount and day is None:
        raise RefusedError(
            "is missing, though the bill was paid", "the day on which it had been paid in full"
        )
