"""``dialplan/disputes.yaml``: every fault with its line, and a change without a restart."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ari_app.domain.disputes.sla import DEFAULT_TABLE
from ari_app.errors import InputError
from ari_app.services.disputes.table_file import DisputeTableFile, parse_dispute_table, read_dispute_table
from ari_app.services.rule_directory import RuleDirectory
from tests.support.docs import ROOT

pytestmark = pytest.mark.pure

CALENDARS = RuleDirectory(ROOT / "dialplan").calendars()
SHIPPED = (ROOT / "dialplan" / "disputes.yaml").read_text(encoding="utf-8")


def test_what_ships_is_what_holds_without_a_file() -> None:
    table = read_dispute_table(ROOT / "dialplan" / "disputes.yaml", CALENDARS)
    assert dict(table.categories) == dict(DEFAULT_TABLE.categories)
    assert table.calendar is CALENDARS["cn"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("days: 5", "days: five", "disputes.yaml:13: categories.meter.days: 'five' does not fit"),
        ("days: 5", "days: 61", "0 to 60"),
        ("team: finance,", "team: Finance Dept,", "is no name of a team"),
        ("calendar: cn", "calendar: mars", "disputes.yaml:11: calendar: unknown calendar 'mars'"),
        ("  other:", "  weather:", "unknown key 'weather'"),
        ("escalation: audit-lead, ", "", "the key 'escalation' is missing"),
        ("review: true", "review: maybe", "true or false"),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, fault: str) -> None:
    assert old in SHIPPED
    with pytest.raises(InputError) as caught:
        parse_dispute_table(SHIPPED.replace(old, new, 1), CALENDARS)
    assert fault in str(caught.value)


def test_a_change_counts_without_a_restart_and_a_fault_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "disputes.yaml"
    table = DisputeTableFile(tmp_path, lambda: CALENDARS)
    assert table.table is DEFAULT_TABLE
    assert not table.refresh()
    file.write_text(SHIPPED.replace("days: 5", "days: 9", 1), encoding="utf-8")
    assert table.refresh()
    assert table.table.terms("meter").days == 9
    assert not table.refresh()
    file.write_text("calendar: [", encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert not table.refresh()
    assert table.table.terms("meter").days == 9
    assert "disputes.yaml:1" in str(table.problems[0])
    file.unlink()
    assert not table.refresh()
    assert table.table.terms("meter").days == 9
