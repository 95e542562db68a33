"""The ledger of one bill: what was stated, what was paid, taken back, waived or added, and what is owed.

Entries are a set, not a sequence of commands: the same callback twice, or a reversal that comes before its payment, leads
to the same balance. Amounts are positive, with two decimal places in the currency of the account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

ZERO = Decimal("0.00")


class EntryKind(StrEnum):
    """What an entry does to what is owed."""

    PAYMENT = "payment"
    """Money that arrived: less is owed."""
    REVERSAL = "reversal"
    """A payment that was taken back (refund, charge-back, failed debit): more is owed. Counts up to its payment."""
    WAIVER = "waiver"
    """What the company lets the customer off: less is owed."""
    CREDIT = "credit"
    """A correction of the bill, such as a dispute that was upheld: less is owed."""
    FEE = "fee"
    """The fee of an instalment plan: more is owed."""


_MORE_IS_OWED = frozenset({EntryKind.REVERSAL, EntryKind.FEE})


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One movement. ``at`` is when we learnt of it, ``occurred_at`` when it happened, by whoever tells us of it.

    ``provider`` and ``reference`` name it there, and together with ``kind`` are its identity; ``reverses`` is the
    reference of the payment that a reversal takes back, at the same provider.
    """

    entry_id: str
    kind: EntryKind
    amount: Decimal
    at: datetime
    occurred_at: datetime
    provider: str = ""
    reference: str = ""
    reverses: str = ""
    source: str = field(default="", compare=False)

    @property
    def identity(self) -> tuple[str, str, str]:
        """Two entries with the same identity are one."""
        return (self.kind, self.provider, self.reference or self.entry_id)


@dataclass(frozen=True, slots=True)
class Receipt:
    """What has stayed of a payment. ``at`` is when it happened, but never later than we learnt of it."""

    at: datetime
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Balance:
    """The sums. ``owed`` and ``overpaid`` are never negative, and one of them is nothing.

    ``stated + fees + reversed - paid - waived - credited`` is ``owed - overpaid``, to the hundredth.
    ``pending`` is what reversals take back of payments that are not known (yet): it counts nowhere else.
    """

    stated: Decimal
    paid: Decimal
    reversed: Decimal
    waived: Decimal
    credited: Decimal
    fees: Decimal
    pending: Decimal

    @property
    def _open(self) -> Decimal:
        return self.stated + self.fees + self.reversed - self.paid - self.waived - self.credited

    @property
    def owed(self) -> Decimal:
        return max(ZERO, self._open)

    @property
    def overpaid(self) -> Decimal:
        return max(ZERO, -self._open)


def distinct(entries: Iterable[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Every entry once, in the order in which we learnt of them."""
    found: dict[tuple[str, str, str], LedgerEntry] = {}
    for entry in sorted(entries, key=lambda each: (each.at, each.entry_id)):
        found.setdefault(entry.identity, entry)
    return tuple(found.values())


def balance(stated: Decimal, stated_at: datetime, entries: Iterable[LedgerEntry]) -> Balance:
    """What is owed of a bill that was ``stated`` at ``stated_at``.

    What we had learnt before is contained in the statement. A reversal of a contained payment counts, where we learnt of
    the reversal later; and one that had waited for its payment counts with it.
    """
    return _walk(stated, stated_at, distinct(entries))[0]


def _walk(stated: Decimal, stated_at: datetime, once: Sequence[LedgerEntry]) -> tuple[Balance, list[Decimal]]:
    """The sums; and what was owed (below nothing: overpaid) before the first movement and after each, in one pass."""
    sums = dict.fromkeys(EntryKind, ZERO)
    payments: dict[tuple[str, str], LedgerEntry] = {}
    left: dict[tuple[str, str], Decimal] = {}
    waiting: dict[tuple[str, str], list[LedgerEntry]] = {}
    course, still = [stated], stated
    for entry in once:
        counted: list[tuple[EntryKind, Decimal]] = []
        backs: list[LedgerEntry] = []
        of = (entry.provider, entry.reverses)
        if entry.kind is EntryKind.REVERSAL and of not in payments:
            waiting.setdefault(of, []).append(entry)
        elif entry.kind is EntryKind.REVERSAL:
            backs = [entry]
        elif entry.at >= stated_at:
            counted = [(entry.kind, entry.amount)]
        if entry.kind is EntryKind.PAYMENT:
            of = (entry.provider, entry.reference)
            payments[of], left[of] = entry, entry.amount
            backs = waiting.pop(of, [])
        for back in backs:
            amount = min(back.amount, left[of])
            left[of] -= amount
            if max(back.at, payments[of].at) >= stated_at:
                counted.append((EntryKind.REVERSAL, amount))
        for kind, amount in counted:
            sums[kind] += amount
            still += amount if kind in _MORE_IS_OWED else -amount
        course.append(still)
    pending = [back.amount for backs in waiting.values() for back in backs if back.at >= stated_at]
    found = Balance(
        stated=stated,
        paid=sums[EntryKind.PAYMENT],
        reversed=sums[EntryKind.REVERSAL],
        waived=sums[EntryKind.WAIVER],
        credited=sums[EntryKind.CREDIT],
        fees=sums[EntryKind.FEE],
        pending=sum(pending, ZERO),
    )
    return found, course


def receipts(entries: Iterable[LedgerEntry]) -> tuple[Receipt, ...]:
    """What has stayed of each payment, in the order in which they happened; what was taken back whole is left out."""
    once = distinct(entries)
    taken: dict[tuple[str, str], Decimal] = {}
    for entry in once:
        if entry.kind is EntryKind.REVERSAL:
            of = (entry.provider, entry.reverses)
            taken[of] = taken.get(of, ZERO) + entry.amount
    found = [
        Receipt(
            min(entry.at, entry.occurred_at),
            entry.amount - taken.get((entry.provider, entry.reference), ZERO),
        )
        for entry in once
        if _is_payment(entry)
    ]
    return tuple(sorted((each for each in found if each.amount > 0), key=lambda each: each.at))


def settled_at(stated: Decimal, stated_at: datetime, entries: Iterable[LedgerEntry]) -> datetime | None:
    """When nothing was owed any more for the last time; None while something is owed."""
    if balance(stated, stated_at, once := distinct(entries)).owed > 0:
        return None
    last = settling_entry(stated, stated_at, once)
    return stated_at if last is None else max(stated_at, last.at)


def settling_entry(
    stated: Decimal, stated_at: datetime, entries: Iterable[LedgerEntry]
) -> LedgerEntry | None:
    """The movement with which nothing was owed any more for the last time: later ones leave it as it is.

    None while something is owed, and where no movement did it (the statement itself says that nothing is owed).
    """
    once = distinct(entries)
    course = _walk(stated, stated_at, once)[1]
    if course[-1] > 0:
        return None
    return next((once[number] for number in reversed(range(len(once))) if course[number] > 0), None)


def _is_payment(entry: LedgerEntry) -> bool:
    return entry.kind is EntryKind.PAYMENT
