"""``dialplan/approvals.yaml``: every fault with its line, and a file with a fault changes nothing."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import PlanKind
from ari_app.domain.debt.approval import CAUTIOUS_TABLE
from ari_app.errors import InputError
from ari_app.services.plans.approval_file import APPROVAL_FILE, ApprovalFile, parse_approvals, read_approvals
from tests.support.docs import ROOT

pytestmark = pytest.mark.pure

GOOD = """\
grace_days: 5
limits:
  waiver: {most: 100, most_percent: 30, broken_plans: 0}
levels:
  - {level: small, kinds: [installment], up_to: 500, up_to_periods: 3, people: 0}
  - {level: all, people: 2, roles: [finance, legal]}
"""


def test_a_table_is_read_with_its_sums_and_people() -> None:
    table = parse_approvals(GOOD)
    assert table.grace_days == 5
    assert table.level(PlanKind.INSTALLMENT, Decimal(500), 3).people == 0
    assert table.level(PlanKind.INSTALLMENT, Decimal(500), 6).name == "all"
    assert table.level(PlanKind.WAIVER, Decimal(1)).roles == ("finance", "legal")
    limits = table.limits_of(PlanKind.WAIVER)
    assert (limits.most, limits.most_percent, limits.broken_plans) == (Decimal("100.00"), Decimal("30.0"), 0)


@pytest.mark.parametrize(
    ("old", "new", "line", "wrong"),
    [
        ("grace_days: 5", "grace_days: soon", 1, "does not fit"),
        ("grace_days: 5", "grace: 5", 1, "unknown key"),
        ("most: 100,", "most: 10, least: 20,", 3, "more than most"),
        ("waiver: {", "present: {", 3, "unknown key"),
        ("waiver: {most: 100, most_percent", "deferral: {most_percent", 3, "for waivers"),
        ("kinds: [installment]", "kinds: [gift]", 5, "unknown kind of plan"),
        ("people: 0}", "people: 0, roles: [legal]}", 5, "roles are named"),
        ("people: 0}", "people: 1}", 5, "nobody has an office"),
        ("people: 0}", "people: 9}", 5, "does not fit"),
        ("level: small", "level: Small one", 5, "no name of a level"),
        ("level: small", "level: all", 6, "two rows are called"),
        ("roles: [finance, legal]", "roles: [king]", 6, "unknown office"),
        ("people: 2,", "up_to: 9000, people: 2,", 4, "nobody decides about every waiver"),
        (
            "up_to: 500, up_to_periods: 3, people: 0}",
            "people: 0}\n  - {level: more, kinds: [installment], people: 0}",
            6,
            "a row above takes",
        ),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int, wrong: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        parse_approvals(GOOD.replace(old, new, 1))
    told = [(each.where, each.wrong) for each in caught.value.problems]
    assert any(where.endswith(f":{line}") and wrong in text for where, text in told), told


def test_the_shipped_table_lets_nobody_give_money_away_alone() -> None:
    table = read_approvals(ROOT / "dialplan" / APPROVAL_FILE)
    assert table.level(PlanKind.WAIVER, Decimal("0.01")).people >= 1
    assert table.level(PlanKind.WAIVER, Decimal(1_000_000)).people >= 2


def test_an_edit_holds_at_once_and_a_fault_changes_nothing(tmp_path: Path) -> None:
    found, path = ApprovalFile(tmp_path), tmp_path / APPROVAL_FILE
    assert found.table() == CAUTIOUS_TABLE

    def write(text: str, second: int) -> None:
        path.write_text(text, encoding="utf-8")
        os.utime(path, (second, second))

    write(GOOD, 1)
    assert found.table().grace_days == 5
    write(GOOD.replace("grace_days: 5", "grace_days: 7"), 2)
    assert found.table().grace_days == 7
    write(GOOD.replace("grace_days: 5", "grace_days: [3]"), 3)
    assert found.table().grace_days == 7
    path.unlink()
    assert found.table().grace_days == 7
