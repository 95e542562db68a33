"""Statements and migrations as files: named, used, complete; rows and values agree."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ari_app.store
from ari_app.domain.account import Account
from ari_app.domain.attempt import Turn, TurnTiming
from ari_app.domain.windows import Window
from ari_app.errors import StoreError
from ari_app.store import codec
from ari_app.store.migrate import shipped, statements
from ari_app.store.queries import SQL, parse_queries

pytestmark = pytest.mark.pure

FOLDER = Path(ari_app.store.__file__).parent


def test_every_statement_is_used_and_every_used_one_is_there() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(FOLDER.rglob("*.py")))
    used = set(re.findall(r'SQL\["([a-z_]+)"\]', source))
    used |= set(re.findall(r'"(attempts_page[a-z_]*)"', source))
    assert used == set(SQL)


def test_no_statement_stands_outside_the_sql_files() -> None:
    """Apart from the handful that manage connections and transactions."""
    allowed = ("BEGIN IMMEDIATE", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
    found = [
        (path.name, text)
        for path in sorted(FOLDER.rglob("*.py"))
        for text in re.findall(r'\.execute(?:many)?\(\s*f?"([^"]*)', path.read_text(encoding="utf-8"))
        if not text.startswith(allowed)
    ]
    assert found == []


def test_the_statements_are_parsed_by_name() -> None:
    assert parse_queries(
        "-- about\n\n-- name: a\nSELECT 1\n  -- why\n  FROM x;\n-- name: b\nSELECT 2;\n"
    ) == {
        "a": "SELECT 1 FROM x",
        "b": "SELECT 2",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;", "line 3: the statement a is there twice"),
        ("-- name: a\n-- name: b\nSELECT 2;", "names without a statement: a"),
        ("SELECT 1;", "line 1: a statement without a name"),
    ],
)
def test_a_faulty_file_of_statements_is_refused(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_queries(text)


def test_migrations_are_numbered_without_gap() -> None:
    numbers = [int(name.split("_")[0]) for name in shipped()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_every_table_is_strict() -> None:
    for name, script in shipped().items():
        for statement in statements(script):
            if statement.startswith("CREATE TABLE"):
                assert re.search(r"\) STRICT(, WITHOUT ROWID)?;\s*$", statement), (
                    name,
                    statement.split("(")[0],
                )


def test_a_script_is_cut_at_its_statements_only() -> None:
    script = "-- a; b\nCREATE TABLE a (x TEXT DEFAULT ';');\n\n"
    script += "CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  SELECT 1;\nEND;\n"
    assert [statement.split()[1] for statement in statements(script)] == ["TABLE", "TRIGGER"]
    with pytest.raises(ValueError, match="does not end"):
        list(statements("SELECT 1"))


def test_the_documentation_names_every_table_and_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")
    words = Counter(re.findall(r"[a-z_0-9]+", text))
    for script in shipped().values():
        for statement in statements(script):
            if match := re.match(r"CREATE (?:TABLE|VIEW) ([a-z_]+)", statement):
                assert f"`{match[1]}`" in text, match[1]
            if statement.startswith("CREATE TABLE"):
                for column in re.findall(
                    r"^    ([a-z_0-9]+) +(?:TEXT|INTEGER|REAL)", statement, re.MULTILINE
                ):
                    assert words[column], (statement.split("(")[0], column)
            if match := re.match(r"ALTER TABLE ([a-z_]+) ADD COLUMN ([a-z_0-9]+) ", statement):
                assert words[match[2]], (match[1], match[2])


INSTANTS = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2200, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(INSTANTS)
def test_instants_are_kept_to_the_microsecond(at: datetime) -> None:
    assert codec.instant(codec.micros(at)) == at
    assert codec.instant(codec.micros(at)).tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        codec.micros(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault


@given(st.decimals(min_value=-(10**15), max_value=10**15, places=2))
def test_money_is_kept_to_the_hundredth(amount: Decimal) -> None:
    assert codec.amount(codec.minor_units(amount)) == amount


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN", "1e30", "1e400"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(StoreError, match="amount"):
        codec.minor_units(Decimal(amount))


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_can_be_stored(text: str) -> None:
    codec.plain(text).encode()
    if not any("\ud800" <= character <= "\udfff" for character in text):
        assert codec.plain(text) == text


WINDOWS = st.lists(
    st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda pair: pair[0] < pair[1]), max_size=4
).map(lambda pairs: tuple(Window(*pair) for pair in pairs))

ACCOUNTS = st.builds(
    Account,
    customer_id=st.text(min_size=1),
    account_id=st.text(),
    bill_id=st.text(),
    name=st.text(),
    phone=st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True),
    amount_due=st.decimals(min_value=0, max_value=10**12, places=2),
    due_date=st.dates(),
    currency=st.sampled_from(["CNY", "USD"]),
    timezone=st.text(),
    language=st.sampled_from(["zh", "en"]),
    aging_bucket=st.text(),
    preferred_windows=WINDOWS,
)


@given(ACCOUNTS)
def test_an_account_comes_back_as_it_went(account: Account) -> None:
    row = codec.account_params(account)
    assert codec.account_of(cast("sqlite3.Row", row)) == account


def test_an_account_edited_by_hand_is_named() -> None:
    account = Account("cust-1", "a", "b", "n", "+8613800000001", Decimal(1), date(2026, 1, 1))
    row = {**codec.account_params(account), "preferred_windows": "25:00-26:00"}
    with pytest.raises(StoreError, match="customer cust-1: the stored account is not valid: '25:00-26:00'"):
        codec.account_of(cast("sqlite3.Row", row))


FIGURES = st.none() | st.floats()
TURNS = st.builds(
    Turn,
    speaker=st.sampled_from(["bot", "customer"]),
    kind=st.sampled_from(["prompt", "speech", "keys", "silence"]),
    text=st.text(),
    start_s=st.floats(0, 1e6),
    end_s=st.floats(0, 1e6),
    confidence=st.floats(0, 1),
    engine=st.text(),
    interrupted=st.booleans(),
    timing=st.none() | st.builds(TurnTiming, *[st.floats(0, 1e6)] * 5),
    covers=st.lists(st.sampled_from(["opening", "recording_notice", "closing"])).map(tuple),
)


@given(TURNS)
def test_a_turn_comes_back_as_it_went(turn: Turn) -> None:
    row = codec.turn_params("att-1", 0, turn)
    assert codec.turn_of(cast("sqlite3.Row", row)) == turn


@given(FIGURES)
def test_a_figure_that_is_none_is_not_stored(figure: float | None) -> None:
    kept, counted = codec.finite(figure), codec.not_negative(figure)
    assert kept is None or kept == figure
    assert counted is None or (counted == kept and counted >= 0)
    turn = Turn("bot", "prompt", "", figure or 0.0, 0.0, timing=TurnTiming(figure))
    row = codec.turn_params("att-1", 0, turn)
    assert row["start_s"] is not None
    assert row["speech_ended_s"] == kept


def test_documents_are_json_objects() -> None:
    assert json.loads(codec.document({"at": datetime(2026, 1, 1, tzinfo=UTC), "text": "\ud800"})) == {
        "at": "2026-01-01 00:00:00+00:00",
        "text": "\ud800",
    }
    with pytest.raises(StoreError, match="JSON"):
        codec.document({"x": float("nan")})
    with pytest.raises(StoreError, match="not a JSON object"):
        codec.mapping("[]")
