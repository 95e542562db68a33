"""Promises and plans on the command line: what people do with them, told in text and JSON."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.test_cli_rules import REQUEST, Run, ari_app, campaign
from tests.support.docs import ROOT

pytestmark = pytest.mark.fakes

__all__ = ["ari_app", "campaign"]

CUSTOMER, BILL = "c_10001", "b_30001"


def told(run: Run, *arguments: str) -> Any:
    code, out, err = run(*arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def refused(run: Run, *arguments: str) -> str:
    code, _, err = run(*arguments)
    assert code != 0
    return err


@pytest.fixture
def desk(campaign: Run, tmp_path: Path) -> Run:
    shutil.copy(ROOT / "dialplan" / "approvals.yaml", tmp_path / "dialplan" / "approvals.yaml")
    return campaign


def test_a_promise_is_added_shown_and_withdrawn(desk: Run) -> None:
    (made,) = told(
        desk, "promises", "add", CUSTOMER, BILL, "300", "2026-03-06", "--by", "Li Na", "--channel", "app"
    )
    assert (made["state"], made["source"], made["amount"], made["channel"]) == (
        "open",
        "agent",
        "300.00",
        "app",
    )
    assert "wait" not in refused(
        desk, "promises", "add", CUSTOMER, "b_0", "300", "2026-03-06", "--by", "Li Na"
    )
    assert "2026-12-31" in refused(desk, "promises", "add", CUSTOMER, BILL, "300", "Friday", "--by", "Li Na")
    assert "sum" in refused(desk, "promises", "add", CUSTOMER, BILL, "NaN", "2026-03-06", "--by", "Li Na")
    (gone,) = told(desk, "promises", "withdraw", CUSTOMER, BILL, "--by", "Li Na", "--why", "a slip")
    assert (gone["state"], gone["why"]) == ("withdrawn", "a slip (Li Na)")
    assert told(desk, "promises", "list", "--state", "open") == []
    assert "withdrawn" in desk("promises", "show", CUSTOMER)[1]


def test_a_plan_goes_from_its_request_to_its_end(desk: Run) -> None:
    plan = told(desk, "plans", "request", CUSTOMER, BILL, "waiver", "--waive", "20", "--by", "Li Na")
    assert (plan["state"], plan["level"]) == ("awaiting_approval", "small_waiver")
    number = plan["plan_id"]
    assert "asked for" in refused(desk, "plans", "approve", number, "--by", "LI NA", "--role", "supervisor")
    assert "not by agent" in refused(desk, "plans", "approve", number, "--by", "Wang", "--role", "agent")
    done = told(
        desk, "plans", "approve", number, "--by", "Wang", "--role", "supervisor", "--note", "late fee"
    )
    assert (done["state"], done["approvals"][0]["name"]) == ("approved", "Wang")
    assert told(desk, "plans", "accept", number, "--by", "Li Na, on the telephone")["state"] == "completed"
    assert "completed" in refused(desk, "plans", "cancel", number, "--by", "Wang", "--why", "x")
    code, out, _ = desk("plans", "show", number)
    assert code == 0
    assert "waived 20.00" in out
    assert [each["plan_id"] for each in told(desk, "plans", "list", "--of", CUSTOMER)] == [number]
    assert number[:12] in desk("plans", "list", "--state", "completed")[1]
    assert "no such plan" in refused(desk, "plans", "show", "plan-0")


def test_only_what_is_offered_can_be_asked_for(desk: Run) -> None:
    assert "no instalments are offered" in desk("plans", "offers", CUSTOMER, BILL)[1]
    wrong = refused(desk, "plans", "request", CUSTOMER, BILL, "installment", "--months", "7", "--by", "Li Na")
    assert "not offered" in wrong
    late = refused(
        desk, "plans", "request", CUSTOMER, BILL, "deferral", "--until", "2027-03-01", "--by", "Li Na"
    )
    assert "does not offer" in late
    assert "no campaign" in refused(
        desk, "plans", "request", "c_0", BILL, "waiver", "--waive", "1", "--by", "Li"
    )
    (kept,) = told(desk, "plans", "list", "--state", "rejected")
    assert "does not offer" in kept["why"]


def test_of_a_paid_bill_nothing_is_offered(desk: Run) -> None:
    owed = str(told(desk, "plans", "offers", CUSTOMER, BILL)["owed"])
    assert desk("payments", "add", CUSTOMER, "--amount", owed, "--reference", "tx-1", "--by", "Li")[0] == 0
    assert "nothing is owed of this bill" in desk("plans", "offers", CUSTOMER, BILL)[1]


def test_the_table_of_approvals_is_checked_with_lines(desk: Run, tmp_path: Path) -> None:
    assert [each["people"] for each in told(desk, "plans", "check")["levels"]] == [0, 1, 1, 2]
    assert "four_eyes" in desk("plans", "check")[1]
    path = tmp_path / "dialplan" / "approvals.yaml"
    text = path.read_text(encoding="utf-8").replace("people: 2, roles", "people: 2, rolls")
    path.write_text(text, encoding="utf-8")
    line = text.splitlines().index(next(each for each in text.splitlines() if "rolls" in each)) + 1
    assert f"approvals.yaml:{line}" in refused(desk, "plans", "check")


def test_instalments_are_accepted_and_explain_tells_why_nobody_calls(desk: Run, tmp_path: Path) -> None:
    request = REQUEST | {"name": "spring", "strategy": REQUEST["strategy"] | {"flow": "overdue"}}
    (tmp_path / "spring.json").write_text(json.dumps(request), encoding="utf-8")
    assert desk("campaign", "create", "spring.json", "--id", "spring")[0] == 0
    offers = told(desk, "plans", "offers", CUSTOMER, BILL)
    assert 3 in [each["periods"] for each in offers["instalments"]]
    assert "level" in desk("plans", "offers", CUSTOMER, BILL)[1]
    asked = ("plans", "request", CUSTOMER, BILL, "installment", "--months", "3", "--by", "Li Na")
    plan = told(desk, *asked)
    if plan["state"] == "awaiting_approval":
        plan = told(desk, "plans", "approve", plan["plan_id"], "--by", "Wang", "--role", "supervisor")
    assert plan["state"] == "approved"
    begun = told(desk, "plans", "accept", plan["plan_id"], "--by", "customer")
    assert (begun["state"], begun["periods"], begun["paid_periods"]) == ("active", 3, 0)
    sums = [Decimal(each["amount"]) for each in begun["instalments"]]
    assert sum(sums) == Decimal(begun["amount"]) + Decimal(begun["fee"]) == Decimal(begun["left"])
    found = told(desk, "explain", CUSTOMER, "--at", "2026-03-02T10:30+08:00")["accounts"]
    assert {each["rule"] for each in found} == {"plan_active"}
    again = refused(desk, *asked)
    assert "plan that runs" in again
