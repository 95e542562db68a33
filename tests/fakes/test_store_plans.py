"""What is asked for each claim, dial and outcome finds its rows by an index, however large the tables are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from sqlite3 import Connection

import pytest

from ari_app.store.connection import connect_writer
from ari_app.store.migrate import migrate
from ari_app.store.queries import SQL

pytestmark = pytest.mark.fakes

#: Of a claim, a dial, an outcome, a look for changes, and a row of a list.
NARROW = (
    *("campaign", "claim_candidates", "first_of_customer", "standing_of", "spent", "standing_of_contact"),
    *("contacts_of", "other_phones", "tries_of_customer", "repeat_verdict", "plan_opened", "plan_refused"),
    *("attempt", "attempt_dialled", "count_dial", "dial_refused", "plan_next", "plan_done", "plan_beside"),
    *("rearm_customer", "rearm_account", "rearm_contact", "rearm_standing", "next_due_at"),
    *("account_by_key", "update_account", "move_bucket", "rearm_bucket", "pull_forward", "rearm_rules"),
    *("strategy_signed", "strategy_stopped", "strategy_moments", "strategy_dials", "strategy_customers"),
    *("rearm_strategies", "rearm_caller_ids", "rivals"),
    *("rearm_part", "due_of_class", "answers_of_customer", "plans_of_account", "set_call_class"),
)

#: Statements that go through what waits on purpose, in the order of an index and no further than they need.
BY_STATE = ("claim_candidates", "due_of_class")


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    path = tmp_path_factory.mktemp("plans") / "a.sqlite3"
    database = connect_writer(path)
    migrate(database, path)
    with closing(database.conn) as opened:
        yield opened


def plan(connection: Connection, name: str) -> list[str]:
    """How SQLite goes about a statement."""
    values = dict.fromkeys(re.findall(r":([a-z_0-9]+)", SQL[name]), 1)
    return [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", values)]


@pytest.mark.parametrize("name", NARROW)
def test_no_table_is_read_as_a_whole(connection: Connection, name: str) -> None:
    steps = plan(connection, name)
    assert [step for step in steps if step.startswith("SCAN")] == []
    searches = [step for step in steps if step.startswith("SEARCH")]
    assert searches
    # SQLite calls the search for a greatest value by this word too where it reads everything.
    assert [step for step in searches if " USING " not in step] == []


@pytest.mark.parametrize("name", ["claim_candidates", "due_of_class", "aging_page", "order_page"])
def test_a_page_is_read_in_the_order_of_its_index(connection: Connection, name: str) -> None:
    assert [step for step in plan(connection, name) if "TEMP B-TREE" in step] == []


@pytest.mark.parametrize("name", ["first_of_customer", "spent", "rivals"])
def test_a_customers_accounts_are_found_by_the_customer(connection: Connection, name: str) -> None:
    first, second, *_ = plan(connection, name)
    assert "customer_id=?" in first, "not by all that are due"
    assert "account=?" in second


@pytest.mark.parametrize("name", [name for name in NARROW if name not in BY_STATE])
def test_no_statement_goes_through_all_that_waits(connection: Connection, name: str) -> None:
    by_state = [step for step in plan(connection, name) if "state=?" in step]
    assert by_state == [] or name == "next_due_at", "a campaign of a million accounts has a million that wait"


def test_accounts_before_a_suspension_are_found_by_its_day(connection: Connection) -> None:
    assert any("account_suspension" in step for step in plan(connection, "suspensions_page"))
