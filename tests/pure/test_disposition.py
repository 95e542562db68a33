"""The disposition table: the first row that fits decides, and something always fits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.disposition import (
    CallEnd,
    DispositionKind,
    DispositionRow,
    DispositionTable,
    RetryRule,
    classify,
)
from ari_app.services.disposition_file import read_dispositions

pytestmark = pytest.mark.pure

#: The table that is shipped.
TABLE = read_dispositions(Path(__file__).parents[2] / "dialplan" / "dispositions.yaml")

WORDS = sorted(
    {word for row in TABLE.rows for word in (*row.heard, *row.result, *row.reason)} | {"something else", ""}
)

ends = st.builds(
    CallEnd,
    invited=st.booleans(),
    answered=st.booleans(),
    progressed=st.booleans(),
    sip_status=st.none() | st.integers(100, 699),
    q850_cause=st.none() | st.integers(0, 127),
    heard=st.none() | st.sampled_from(WORDS),
    result=st.none() | st.sampled_from(WORDS),
    reason=st.none() | st.sampled_from(WORDS),
)

names = st.sampled_from(["a", "b", "c"])
flags = st.none() | st.booleans()
numbers = st.frozensets(st.integers(0, 3), max_size=2)
words = st.frozensets(st.sampled_from(["x", "y"]), max_size=2)
rows = st.builds(DispositionRow, names, flags, flags, flags, numbers, numbers, words, words, words)
tables = st.builds(
    lambda listed, last: DispositionTable(
        tuple(DispositionKind(name, RetryRule.PLAN) for name in "abc"), (*listed, DispositionRow(last))
    ),
    st.lists(rows, max_size=6),
    names,
)
small_ends = st.builds(
    CallEnd,
    invited=st.booleans(),
    answered=st.booleans(),
    progressed=st.booleans(),
    sip_status=st.none() | st.integers(0, 3),
    q850_cause=st.none() | st.integers(0, 3),
    heard=st.none() | st.sampled_from("xy"),
    result=st.none() | st.sampled_from("xy"),
    reason=st.none() | st.sampled_from("xy"),
)


@given(tables, small_ends)
def test_the_first_row_that_fits_decides(table: DispositionTable, end: CallEnd) -> None:
    first = next(row for row in table.rows if _fits(row, end))
    assert classify(table, end).name == first.disposition


def _fits(row: DispositionRow, end: CallEnd) -> bool:
    """Each condition that is stated holds; written a second time, field by field."""
    for field in ("invited", "answered", "progressed"):
        if getattr(row, field) not in {None, getattr(end, field)}:
            return False
    for field in ("sip_status", "q850_cause", "heard", "result", "reason"):
        wanted = getattr(row, field)
        if wanted and getattr(end, field) not in wanted:
            return False
    return True


@given(ends)
def test_every_call_ends_with_one_disposition_of_the_shipped_table(end: CallEnd) -> None:
    kind = classify(TABLE, end)
    assert kind is TABLE.kind(kind.name)


@given(ends)
def test_a_slot_is_given_back_only_when_no_invite_left(end: CallEnd) -> None:
    """Otherwise a call that went out would not count as an attempt."""
    kind = classify(TABLE, end)
    assert (kind.retry is RetryRule.AGAIN) == (not end.invited)


@given(ends)
def test_nobody_is_a_right_party_without_an_answer_or_a_conversation(end: CallEnd) -> None:
    kind = classify(TABLE, end)
    if kind.right_party:
        assert end.result is not None


def test_a_table_whose_last_row_has_a_condition_is_refused() -> None:
    kinds = (DispositionKind("a", RetryRule.PLAN),)
    for listed in ((), (DispositionRow("a", invited=True),)):
        with pytest.raises(ValueError, match="last row must have no condition"):
            DispositionTable(kinds, listed)


def test_a_kind_defined_twice_or_never_is_refused() -> None:
    kind = DispositionKind("a", RetryRule.PLAN)
    with pytest.raises(ValueError, match="defined twice"):
        DispositionTable((kind, kind), (DispositionRow("a"),))
    with pytest.raises(ValueError, match="not defined: b, c"):
        DispositionTable((kind,), (DispositionRow("c"), DispositionRow("b"), DispositionRow("a")))


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="nothing"):
        TABLE.kind("nothing")
