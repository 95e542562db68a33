"""What another system's records mean here: paths, steps, faults; no record raises."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.integration.mapping import (
    MOST_TEXT,
    Act,
    FieldMap,
    Step,
    map_record,
    value_at,
)

pytestmark = pytest.mark.pure

RECORD: dict[str, Any] = {
    "id": 10001,
    "person": {"name": "  王小明 ", "phones": ["13800138000", "13900139000"], "a.b": "dotted"},
    "fen": 56832,
    "due": "01/03/2026",
    "at": 1772330400,
    "lang": "CN",
    "none": None,
    "empty": "",
    "deep": {"list": [{"x": "y"}]},
    "yes": True,
}


def one(path: str | tuple[str, ...], *steps: Step) -> FieldMap:
    return FieldMap((tuple(path.split(".")) if isinstance(path, str) else path,), steps=steps)


def mapped(wanted: FieldMap, record: object = RECORD) -> object:
    """The value of one field, or what is wrong with it."""
    found = map_record(record, {"field": wanted}, ["field"])
    return found.faults[0].wrong if found.faults else found.fields["field"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", 10001),
        ("person.name", "  王小明 "),
        ("person.phones.1", "13900139000"),
        ("deep.list.0.x", "y"),
        ("person.phones.7", None),
        ("person.name.x", None),
        ("id.0", None),
        ("nobody", None),
        ("person.phones.-1", None),
    ],
)
def test_a_path_is_plain_keys_and_positions(path: str, value: object) -> None:
    assert value_at(RECORD, tuple(path.split("."))) == value


def test_a_key_with_dots_is_reached_by_a_list() -> None:
    assert value_at(RECORD, ("person", "a.b")) == "dotted"


@pytest.mark.parametrize(
    ("wanted", "value"),
    [
        (one("id", Step(Act.TEXT)), "10001"),
        (one("person.name", Step(Act.STRIP)), "王小明"),
        (one("lang", Step(Act.LOWER), Step(Act.VALUES, table={"cn": "zh"})), "zh"),
        (one("due", Step(Act.DATE, "%d/%m/%Y")), "2026-03-01"),
        (one("fen", Step(Act.FEN)), "568.32"),
        (one("at", Step(Act.EPOCH, "s")), "2026-03-01T02:00:00+00:00"),
        (one("at", Step(Act.EPOCH, "s"), Step(Act.DAY_IN, "Asia/Shanghai")), "2026-03-01"),
        (one("none", Step(Act.DEFAULT, "zh")), "zh"),
        (one("lang", Step(Act.DEFAULT, "zh")), "CN"),
        (FieldMap(constant="CNY"), "CNY"),
        (FieldMap((("id",), ("person", "phones", "0")), between="-"), "10001-13800138000"),
        (FieldMap((("id",), ("lang",)), between="/", steps=(Step(Act.LOWER),)), "10001/cn"),
    ],
)
def test_a_field_is_made_of_what_the_record_says(wanted: FieldMap, value: object) -> None:
    assert mapped(wanted) == value


@pytest.mark.parametrize(
    ("wanted", "wrong"),
    [
        (one("nobody"), "is missing"),
        (one("empty"), "is missing"),
        (one("nobody", Step(Act.FEN)), "is missing"),
        (FieldMap((("id",), ("nobody",)), between="-"), "is missing"),
        (one("lang", Step(Act.FEN)), "is not a whole number of hundredths"),
        (one("lang", Step(Act.DATE, "%d/%m/%Y")), "is no day or time of this form"),
        (one("lang", Step(Act.VALUES, table={"x": "y"})), "is a word that the table does not have"),
        (one("lang", Step(Act.EPOCH, "s")), "is no time since 1970"),
        (one("due", Step(Act.DAY_IN, "Asia/Shanghai")), "is no instant"),
        (one("yes", Step(Act.TEXT)), "is yes or no"),
        (one("deep", Step(Act.TEXT)), "is a list or an object"),
    ],
)
def test_what_cannot_be_used_is_told_without_its_value(wanted: FieldMap, wrong: str) -> None:
    assert mapped(wanted) == wrong


def test_a_missing_field_that_is_not_required_is_left_out() -> None:
    found = map_record(RECORD, {"a": one("nobody"), "b": one("id")})
    assert (found.fields, found.faults) == ({"b": 10001}, ())


def test_every_fault_of_a_record_is_told() -> None:
    found = map_record(RECORD, {"a": one("lang", Step(Act.FEN)), "b": one("nobody")}, ["b"])
    assert [(each.field, each.wrong) for each in found.faults] == [
        ("a", "is not a whole number of hundredths"),
        ("b", "is missing"),
    ]


def test_a_text_without_end_is_refused() -> None:
    assert "is too long" in str(mapped(one("x"), {"x": "a" * (MOST_TEXT + 1)}))


@given(st.integers(-(10**15), 10**15))
def test_hundredths_become_the_same_money(fen: int) -> None:
    value = mapped(one("x", Step(Act.FEN)), {"x": fen})
    assert Decimal(str(value)) * 100 == fen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "0"]), inner),
    max_leaves=12,
)
STEPS = st.sampled_from(
    [Step(act) for act in (Act.STRIP, Act.UPPER, Act.LOWER, Act.TEXT, Act.FEN)]
    + [
        Step(Act.DATE, "%Y-%m-%d"),
        Step(Act.INSTANT, "%Y-%m-%dT%H:%M:%S%z"),
        Step(Act.EPOCH, "ms"),
        Step(Act.DAY_IN, "Asia/Shanghai"),
        Step(Act.VALUES, table={"a": "b"}),
        Step(Act.DEFAULT, "x"),
    ]
)
PATHS = st.lists(st.sampled_from(["a", "b", "0", "1"]), min_size=1, max_size=3).map(tuple)
FIELDS = st.builds(
    FieldMap,
    st.lists(PATHS, min_size=1, max_size=3).map(tuple),
    st.just("-"),
    st.none(),
    st.lists(STEPS, max_size=4).map(tuple),
)


@given(JSON, FIELDS)
def test_no_record_raises(record: object, wanted: FieldMap) -> None:
    found = map_record(record, {"field": wanted}, ["field"])
    assert bool(found.faults) != ("field" in found.fields)
    json.dumps([fault.wrong for fault in found.faults])
