"""The ledger: no hundredth is made or lost, whatever arrives twice, late or in another order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.debt.ledger import (
    ZERO,
    EntryKind,
    LedgerEntry,
    balance,
    distinct,
    receipts,
    settled_at,
)

pytestmark = pytest.mark.pure

START = datetime(2026, 11, 2, 1, tzinfo=UTC)
BILL = Decimal("568.32")


def entry(
    number: int,
    kind: EntryKind = EntryKind.PAYMENT,
    amount: str = "100.00",
    *,
    hours: int = 1,
    happened: int | None = None,
    reverses: str = "",
    reference: str = "",
) -> LedgerEntry:
    at = START + timedelta(hours=hours)
    return LedgerEntry(
        entry_id=f"pay-{number}",
        kind=kind,
        amount=Decimal(amount),
        at=at,
        occurred_at=START + timedelta(hours=hours if happened is None else happened),
        provider="bank",
        reference=reference or f"ref-{number}",
        reverses=reverses,
    )


def test_payments_waivers_and_credits_reduce_what_is_owed() -> None:
    entries = [
        entry(1, amount="300.00"),
        entry(2, EntryKind.WAIVER, "68.32"),
        entry(3, EntryKind.CREDIT, "50.00"),
        entry(4, EntryKind.FEE, "10.00"),
    ]
    found = balance(BILL, START, entries)
    assert found.owed == Decimal("160.00")
    assert found.overpaid == ZERO


def test_the_same_callback_twice_counts_once() -> None:
    again = entry(7, amount="100.00", reference="ref-1", hours=2)
    assert balance(BILL, START, [entry(1), again]).paid == Decimal("100.00")


def test_what_was_paid_too_much_is_not_lost() -> None:
    found = balance(BILL, START, [entry(1, amount="600.00")])
    assert (found.owed, found.overpaid) == (ZERO, Decimal("31.68"))


def test_a_reversal_counts_up_to_its_payment_and_waits_for_it() -> None:
    taken = entry(2, EntryKind.REVERSAL, "150.00", reverses="ref-1")
    alone = balance(BILL, START, [taken])
    assert (alone.owed, alone.pending) == (BILL, Decimal("150.00"))
    both = balance(BILL, START, [taken, entry(1, hours=3)])
    assert (both.owed, both.reversed, both.pending) == (BILL, Decimal("100.00"), ZERO)


def test_what_was_known_when_the_bill_was_stated_is_contained_in_it() -> None:
    before = entry(1, hours=-1)
    assert balance(BILL, START, [before]).owed == BILL
    # The statement took it for paid; the bank takes it back afterwards.
    assert balance(BILL, START, [before, entry(2, EntryKind.REVERSAL, reverses="ref-1")]).owed == BILL + 100


def test_a_payment_taken_back_whole_is_no_receipt() -> None:
    found = receipts([entry(1), entry(2, amount="40.00"), entry(3, EntryKind.REVERSAL, reverses="ref-1")])
    assert [each.amount for each in found] == [Decimal("40.00")]


def test_a_receipt_is_dated_by_the_payment_but_never_in_the_future() -> None:
    found = receipts([entry(1, hours=5, happened=2), entry(2, hours=6, happened=900)])
    assert [each.at for each in found] == [START + timedelta(hours=2), START + timedelta(hours=6)]


def test_settled_when_the_last_part_came() -> None:
    entries = [entry(1, amount="300.00", hours=1), entry(2, amount="268.32", hours=9)]
    assert settled_at(BILL, START, entries) == START + timedelta(hours=9)
    assert settled_at(BILL, START, entries[:1]) is None
    taken = entry(3, EntryKind.REVERSAL, "1.00", reverses="ref-2", hours=10)
    assert settled_at(BILL, START, [*entries, taken]) is None
    last = entry(4, amount="1.00", hours=30)
    assert settled_at(BILL, START, [*entries, taken, last]) == START + timedelta(hours=30)


_money = st.integers(1, 1_000_00).map(lambda minor: Decimal(minor).scaleb(-2))


@st.composite
def _movements(draw: st.DrawFn) -> list[LedgerEntry]:
    found = []
    for number in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(EntryKind))
        found.append(
            LedgerEntry(
                entry_id=f"pay-{number}",
                kind=kind,
                amount=draw(_money),
                at=START + timedelta(minutes=draw(st.integers(-500, 5000))),
                occurred_at=START + timedelta(minutes=draw(st.integers(-500, 5000))),
                provider=draw(st.sampled_from(["bank", "wallet"])),
                reference=f"ref-{draw(st.integers(0, 6))}",
                reverses=f"ref-{draw(st.integers(0, 6))}" if kind is EntryKind.REVERSAL else "",
            )
        )
    return found


@given(entries=_movements(), stated=_money, data=st.data())
def test_order_and_repetition_change_nothing_and_no_hundredth_is_lost(
    entries: list[LedgerEntry], stated: Decimal, data: st.DataObject
) -> None:
    once = list(distinct(entries))
    found = balance(stated, START, once)
    mixed = data.draw(
        st.permutations(once + data.draw(st.lists(st.sampled_from(once), max_size=4)) if once else once)
    )
    assert balance(stated, START, mixed) == found
    assert receipts(mixed) == receipts(once)
    signed = found.stated + found.fees + found.reversed - found.paid - found.waived - found.credited
    assert signed == found.owed - found.overpaid
    assert min(found.owed, found.overpaid) == ZERO
    assert all(each.amount > 0 for each in receipts(once))
    # Nothing is given back beyond what came in.
    came = sum((each.amount for each in once if each.kind is EntryKind.PAYMENT), ZERO)
    assert sum((each.amount for each in receipts(once)), ZERO) + found.reversed <= came
    assert (settled_at(stated, START, once) is None) == (found.owed > 0)


def test_a_reversal_that_a_statement_knew_counts_with_a_payment_that_it_did_not_know() -> None:
    taken = entry(2, EntryKind.REVERSAL, reverses="ref-1", hours=-1)
    late = entry(1, hours=3, happened=-2)
    found = balance(BILL, START, [taken, late])
    assert (found.owed, found.paid, found.reversed) == (BILL, Decimal("100.00"), Decimal("100.00"))
    assert receipts([taken, late]) == ()


def _one_by_one(stated: Decimal, entries: list[LedgerEntry]) -> datetime | None:
    """When a bill was settled, asked anew after every movement."""
    once = distinct(entries)
    if balance(stated, START, once).owed > 0:
        return None
    for number in range(len(once), 0, -1):
        if balance(stated, START, once[: number - 1]).owed > 0:
            return max(START, once[number - 1].at)
    return START


@given(entries=_movements(), stated=_money)
def test_one_pass_finds_what_asking_after_every_movement_finds(
    entries: list[LedgerEntry], stated: Decimal
) -> None:
    assert settled_at(stated, START, entries) == _one_by_one(stated, entries)


def test_a_bill_with_five_thousand_movements_is_looked_through_once() -> None:
    looked = 0

    class Counted(datetime):
        def __ge__(self, other: date) -> bool:
            nonlocal looked
            looked += 1
            return date.__ge__(self, other) if not isinstance(other, datetime) else super().__ge__(other)

    once = entry(1, amount="0.01")
    entries = [
        replace(once, entry_id=f"p-{n:05}", reference=f"r-{n}", at=Counted(2026, 11, 3, tzinfo=UTC))
        for n in range(5000)
    ]
    assert settled_at(Decimal("50.00"), START, entries) == Counted(2026, 11, 3, tzinfo=UTC)
    assert looked <= 3 * len(entries)
