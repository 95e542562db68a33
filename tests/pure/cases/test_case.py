"""The states of a case, who may hand it over, and what an agency gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.cases.case import (
    NEXT,
    CaseState,
    CaseStep,
    Commission,
    CommissionStep,
    hand_over_refused,
    recovered_since,
    share,
    step,
)
from ari_app.domain.debt.ledger import EntryKind, LedgerEntry

pytestmark = pytest.mark.pure

AT = datetime(2026, 11, 25, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
HIGH = Decimal(5000)
MONEY = st.decimals(min_value=Decimal("0.01"), max_value=10**6, places=2)


@given(st.lists(st.sampled_from(CaseStep), max_size=20))
def test_no_walk_hands_over_without_evidence_or_comes_back_from_the_end(taken: list[CaseStep]) -> None:
    state, fixed, over = CaseState.WATCHING, False, False
    for each in taken:
        found = step(state, each)
        assert (found is not None) == ((state, each) in NEXT)
        if found is None:
            continue
        assert not over
        fixed |= found is CaseState.EVIDENCE_FIXED
        over |= found is CaseState.CLOSED
        assert fixed or found not in (CaseState.HANDED_OVER, CaseState.IN_PROGRESS)
        state = found


def test_every_state_is_reached() -> None:
    assert {*NEXT.values(), CaseState.WATCHING} == set(CaseState)
    assert {state for state, _ in NEXT} == set(CaseState) - {CaseState.CLOSED}


@pytest.mark.parametrize(
    ("recovered", "commission"),
    [
        ("0", "500.00"),
        ("6999.99", "500.00"),
        ("7000", "1300.00"),
        ("8999.99", "1300.00"),
        ("9000", "1700.00"),
        ("10000", "1700.00"),
        ("-50", "500.00"),
    ],
)
def test_the_commission_is_five_percent_with_eight_or_twelve_on_top(recovered: str, commission: str) -> None:
    assert Commission().amount(Decimal(10000), Decimal(recovered)) == Decimal(commission)


def test_other_terms_are_data() -> None:
    terms = Commission(Decimal(3), (CommissionStep(Decimal(50), Decimal("2.5")),))
    assert terms.amount(Decimal("100.00"), Decimal(50)) == Decimal("5.50")
    assert terms.amount(Decimal("0.33"), Decimal(0)) == Decimal("0.01")


@given(MONEY, MONEY, MONEY)
def test_more_recovered_never_costs_less(handed: Decimal, one: Decimal, more: Decimal) -> None:
    assert Commission().amount(handed, one) <= Commission().amount(handed, one + more)
    assert share(handed, Decimal(-1)) == 0
    assert share(Decimal(0), one) == 0


def entry(number: int, kind: EntryKind, amount: str, hours: int, of: str = "") -> LedgerEntry:
    at = AT + hours * HOUR
    return LedgerEntry(f"e{number}", kind, Decimal(amount), at, at, "bank", f"r{number}", of)


def test_only_what_came_since_and_has_stayed_is_recovered() -> None:
    entries = [
        entry(1, EntryKind.PAYMENT, "100.00", -1),
        entry(2, EntryKind.PAYMENT, "50.00", 1),
        entry(3, EntryKind.CREDIT, "30.00", 2),
        entry(4, EntryKind.PAYMENT, "20.00", 3),
        entry(5, EntryKind.REVERSAL, "15.00", 4, "r4"),
        entry(6, EntryKind.REVERSAL, "100.00", 5, "r1"),
    ]
    assert recovered_since(entries, AT) == Decimal("55.00")
    assert recovered_since(reversed(entries), AT) == Decimal("55.00")
    assert recovered_since([*entries, entries[1]], AT) == Decimal("55.00")


@pytest.mark.parametrize(
    ("amount", "by", "reviewed", "changes", "why"),
    [
        ("4999.00", "li", "", {}, ""),
        ("5000.00", "li", "", {}, ""),
        ("5000.01", "li", "", {}, "a second person"),
        ("5000.01", "li", "wang", {}, ""),
        ("5000.01", "li", " LI ", {}, "nobody reviews"),
        ("10.00", "", "", {}, "says who he is"),
        ("0.00", "li", "", {}, "nothing is owed"),
        ("10.00", "li", "", {"disputed": True}, "disputed"),
        ("10.00", "li", "", {"planned": True}, "plan"),
    ],
)
def test_a_person_hands_a_case_over_and_two_do_where_it_is_much(
    amount: str, by: str, reviewed: str, changes: dict[str, bool], why: str
) -> None:
    said = {"disputed": False, "planned": False} | changes
    refused = hand_over_refused(Decimal(amount), by, reviewed, HIGH, **said)
    assert why in refused
    assert bool(refused) == bool(why)
