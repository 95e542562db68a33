"""Who owes what: one row of a list, checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from ari_app.domain.windows import Window


@dataclass(frozen=True, slots=True)
class Account:
    """One bill in arrears (or about to fall due) of one customer.

    ``phone`` is E.164; ``timezone`` an IANA name; ``amount_due`` has two decimal places in ``currency`` (ISO 4217);
    ``language`` is ``zh`` or ``en``. The same ``customer_id`` may own several accounts: contact limits count
    per customer.
    """

    customer_id: str
    account_id: str
    bill_id: str
    name: str = field(repr=False)
    phone: str = field(repr=False)
    amount_due: Decimal
    due_date: date
    currency: str = "CNY"
    timezone: str = "Asia/Shanghai"
    language: str = "zh"
    aging_bucket: str = ""
    preferred_windows: tuple[Window, ...] = ()

    @property
    def phone_tail(self) -> str:
        """The last four digits, which the customer confirms before anything about a debt is said."""
        return self.phone[-4:]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a row the same row when a list is loaded again."""
        return (self.customer_id, self.account_id, self.bill_id)


#: More days than the calendar has: a due date in 1900 is an odd one, but it has its bucket.
_ANY_DAYS = date.max.toordinal()

#: Day scheme of aging buckets: (name, first day overdue, last day overdue), both inclusive (requirement B2).
DAY_BUCKETS: tuple[tuple[str, int, int], ...] = (
    ("pre-due", -_ANY_DAYS, -1),
    ("due-day", 0, 0),
    ("D1-D30", 1, 30),
    ("D31-D60", 31, 60),
    ("D61-D90", 61, 90),
    ("D91+", 91, 730),
    ("legacy", 731, _ANY_DAYS),
)

BUCKET_NAMES: tuple[str, ...] = tuple(name for name, _, _ in DAY_BUCKETS)


def aging_bucket(due_date: date, today: date) -> str:
    """The aging bucket of a bill on a given local day."""
    overdue = (today - due_date).days
    return next(name for name, first, last in DAY_BUCKETS if first <= overdue <= last)
