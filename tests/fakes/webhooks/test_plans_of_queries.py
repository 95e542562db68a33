"""Statements that are asked every second, or for each event, find their rows by an index, however long the history is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ari_app.store.queries import SQL
from ari_app.store.sqlite_store import SqliteStore

pytestmark = pytest.mark.fakes

ASKED: dict[str, dict[str, object]] = {
    "due_deliveries": {"endpoint": 1, "upto": 1, "limit": 9},
    "delivery": {"event": 1, "endpoint": 1},
    "old_events": {"before": 1, "limit": 9},
    "events_after": {"event": 1, "limit": 9},
    "alert_standing": {"rule": "a", "subject": "b"},
    "alerts_holding": {"rule": "a"},
    "alerts_to_look_at": {"now": 1, "limit": 9},
    "due_notices": {"now": 1, "limit": 9},
    "measure_attempts": {"since": 1, "before": 2},
    "measure_speech": {"since": 1, "before": 2},
    "measure_verdicts": {"since": 1, "before": 2},
    "measure_events": {"since": 1, "before": 2},
}


async def test_no_statement_goes_through_a_whole_history(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    async with await SqliteStore.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        for name, asked in ASKED.items():
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", asked)]
            scans = [step for step in plan if step.startswith("SCAN") and step != "SCAN alert_cursor"]
            assert scans == [], (name, plan)
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL['backlog']}")]
        # What waits and what is dead is counted, by indexes that hold nothing else.
        scans = [step for step in plan if step.startswith("SCAN delivery")]
        assert all("USING" in step and "INDEX delivery_" in step for step in scans), plan
        assert not [step for step in plan if step.startswith("SEARCH delivery USING PRIMARY KEY")], plan
