"""What a history of payments says on a day: only what was known then, in bounded figures."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.behaviour import (
    FEATURES,
    MARKERS,
    SOCIAL_FEATURES,
    SPEAKS_AGAINST,
    SPEAKS_FOR,
    Bill,
    History,
    behaviour_facts,
    features,
)
from ari_app.domain.risk import NUMBER_FACTS
from tests.support.docs import ROOT
from tests.support.histories import NEXT_DUE, due, history

pytestmark = pytest.mark.pure

DAY = NEXT_DUE - timedelta(days=3)

BILLS = st.builds(
    Bill,
    due=st.dates(date(2025, 1, 1), date(2026, 6, 1)),
    amount=st.floats(0.01, 1e9),
    paid_on=st.none() | st.dates(date(2025, 1, 1), date(2026, 6, 1)),
    broken_promises=st.integers(0, 999),
    calls=st.integers(5, 999),
    calls_answered=st.integers(0, 5),
    disputes=st.integers(0, 999),
    auto_debit=st.booleans(),
    debit_failed=st.booleans(),
    relations_in_arrears=st.none() | st.integers(0, 999),
)
HISTORIES = st.lists(BILLS, min_size=1, max_size=15, unique_by=lambda bill: bill.due).map(
    lambda bills: History("c", "a", tuple(sorted(bills, key=lambda bill: bill.due)))
)


def test_who_always_pays_on_time() -> None:
    found = features(history([-2, 0, 1, 3]), 100.0, DAY)
    assert found is not None
    assert (found["missed_share_3"], found["missed_share_12"], found["last_missed"], found["open_bills"]) == (
        0,
        0,
        0,
        0,
    )
    assert (found["amount_against_usual"], found["amount_spread"], found["answered_share"]) == (0, 0, 0.5)


def test_who_pays_late_and_not_at_all() -> None:
    found = features(history([0, 10, None]), 200.0, DAY)
    assert found is not None
    assert found["missed_share_3"] == pytest.approx(2 / 3)
    assert (found["last_missed"], found["open_bills"]) == (1, 1)
    assert found["amount_against_usual"] == pytest.approx(math.log(2))


def test_nothing_is_known_of_who_has_no_earlier_bill() -> None:
    assert features(history([0]), 100.0, due(1)) is None
    assert behaviour_facts(history([0]), 100.0, due(1)) == {}


def test_a_bill_just_due_is_not_missed_within_the_grace_days() -> None:
    the_day_after_grace = due(1) + timedelta(days=4)
    for day, missed in ((the_day_after_grace - timedelta(days=1), 0.0), (the_day_after_grace, 1.0)):
        found = features(history([None]), 100.0, day)
        assert found is not None
        assert found["last_missed"] == missed


def test_the_facts_for_the_rules_are_plain_counts() -> None:
    known = history([0] * 10 + [10, None])
    last = replace(
        known.bills[-1], broken_promises=2, calls=4, calls_answered=1, debit_failed=True, disputes=1
    )
    last = replace(last, markers=frozenset({"loophole", "virtual_number"}))
    facts = behaviour_facts(replace(known, bills=(*known.bills[:-1], last)), 150.0, DAY)
    assert facts == {
        "months_known": 12,
        "missed_3": 2,
        "missed_12": 2,
        "open_bills": 1,
        "times_usual": 1.5,
        "broken_promises": 2,
        "disputes": 1,
        "failed_debits": 1,
        "markers": 2,
        "answered_share": 0.25,
    }
    assert facts.keys() <= NUMBER_FACTS.keys()


@given(HISTORIES, st.floats(0.01, 1e9), st.dates(date(2025, 1, 1), date(2026, 6, 1)))
def test_figures_are_finite_bounded_and_known_by_name(known: History, amount: float, day: date) -> None:
    found = features(known, amount, day)
    if found is None:
        assert not known.before(day)
        return
    assert found.keys() - SOCIAL_FEATURES.keys() == FEATURES.keys()
    assert all(math.isfinite(value) and abs(value) <= 20 for value in found.values())


@given(HISTORIES, st.dates(date(2025, 1, 1), date(2026, 6, 1)))
def test_what_comes_later_changes_nothing(known: History, day: date) -> None:
    """A prediction must not see the future: later bills and payments after the day are as good as not there."""
    then = History(
        "c",
        "a",
        tuple(
            replace(bill, paid_on=None if bill.paid_on is None or bill.paid_on > day else bill.paid_on)
            for bill in known.bills
            if bill.due < day
        ),
    )
    assert features(known, 100.0, day) == features(then, 100.0, day)
    assert behaviour_facts(known, 100.0, day) == behaviour_facts(then, 100.0, day)


def test_every_figure_is_documented_with_its_words() -> None:
    page = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
    assert [name for name, figure in FEATURES.items() if f"| `{name}` | {figure.what} |" not in page] == []
    assert [marker for marker in MARKERS if f"`{marker}`" not in page] == []


def test_every_sign_belongs_to_a_figure() -> None:
    assert (FEATURES.keys() | SOCIAL_FEATURES.keys()) >= (SPEAKS_AGAINST | SPEAKS_FOR)
    assert not SPEAKS_AGAINST & SPEAKS_FOR
