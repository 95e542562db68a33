"""Two books of the same money, ours and a provider's, compared: row by row, and to the cent by day and currency."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.debt.ledger import ZERO, EntryKind


@dataclass(frozen=True, slots=True)
class BookRow:
    """A payment or a reversal as a book has it. ``amount`` is positive; ``at`` None: it does not say when."""

    kind: EntryKind
    reference: str
    amount: Decimal
    currency: str
    at: datetime | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What makes two rows the same movement, at one provider."""
        return (self.kind.value, self.reference)


class Difference(StrEnum):
    """How a row of one book stands to the other."""

    SAME = "same"
    ONLY_THERE = "only_there"
    """In the provider's file and not in our ledgers."""
    ONLY_HERE = "only_here"
    """In our ledgers and not in the provider's file."""
    OTHER_AMOUNT = "other_amount"
    OTHER_CURRENCY = "other_currency"
    TWICE = "twice"
    """Stands in the file a second time; counted once."""


def compared(there: BookRow, here: BookRow | None) -> Difference:
    """How a row of the file stands to ours of the same name."""
    if here is None:
        return Difference.ONLY_THERE
    if here.currency != there.currency:
        return Difference.OTHER_CURRENCY
    return Difference.SAME if here.amount == there.amount else Difference.OTHER_AMOUNT


@dataclass(slots=True)
class Side:
    """What one book has of a day: payments and reversals, their sums and how many."""

    paid: Decimal = ZERO
    payments: int = 0
    back: Decimal = ZERO
    reversals: int = 0

    @property
    def net(self) -> Decimal:
        return self.paid - self.back

    def add(self, row: BookRow) -> None:
        """Count a row."""
        if row.kind is EntryKind.REVERSAL:
            self.back += row.amount
            self.reversals += 1
        else:
            self.paid += row.amount
            self.payments += 1


@dataclass(slots=True)
class DayTotal:
    """A day in one currency, in both books."""

    there: Side = field(default_factory=Side)
    here: Side = field(default_factory=Side)

    @property
    def difference(self) -> Decimal:
        """How much more they have than we."""
        return self.there.net - self.here.net


Totals = dict[tuple[date | None, str], DayTotal]


def total_of(totals: Totals, day: date | None, currency: str) -> DayTotal:
    """The total of a day, made where there is none yet; None: rows that do not say when."""
    return totals.setdefault((day, currency), DayTotal())
