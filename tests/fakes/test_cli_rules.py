"""Rules, lists and flags on the command line, and what they do to the next call."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ari_app.cli.main import main
from tests.support.docs import ROOT
from tests.support.lists import a_row

pytestmark = pytest.mark.fakes

REQUEST: dict[str, Any] = {
    "name": "winter",
    "strategy": {"window": ["09:00-12:00"], "closedWeekdays": []},
    "dialer": {"callerIdPool": ["010-65551234"]},
    "list": [a_row(1), a_row(2)],
}
#: A Monday, 10:00 in China.
AT = "2026-03-02T10:00+08:00"

ASKED = "2026-03-02T10:30+08:00"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a database and a dialplan of its own, at a fixed time."""
    monkeypatch.chdir(tmp_path)
    for name in ("rules", "calendars", "flows"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / "dialplan" / name)
    lab = {"clock_start": AT, "clock_origin": datetime.now(UTC).isoformat()}
    settings = {"data_dir": "data", "dialplan_dir": "dialplan", "lab": lab}
    (tmp_path / "ari-app.yaml").write_text(json.dumps(settings), encoding="utf-8")

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return code, captured.out, captured.err

    return run


@pytest.fixture
def campaign(ari_app: Run, tmp_path: Path) -> Run:
    """The same with a campaign of two accounts."""
    (tmp_path / "task.json").write_text(json.dumps(REQUEST), encoding="utf-8")
    code, _, err = ari_app("campaign", "create", "task.json", "--id", "winter")
    assert code == 0, err
    return ari_app


def explained(run: Run, customer: str = "c_10001") -> Any:
    """What explain tells of the customer's account."""
    code, out, err = run("explain", customer, "--at", ASKED, "--json")
    assert code == 0, err
    return json.loads(out)["accounts"][0]


def test_a_pack_is_shown_with_the_source_of_every_number(ari_app: Run) -> None:
    code, out, _ = ari_app("rules", "show", "us-reg-f", "--json")
    shown = json.loads(out)
    assert (code, shown["version"], shown["limits"]["dials_per_7_days"]["value"]) == (0, "2021.1", 7)
    assert all(limit["source"] for limit in shown["limits"].values())
    assert "1006.14" in ari_app("rules", "show", "us-reg-f")[1]
    assert (
        json.loads(ari_app("rules", "show", "us-reg-f", "--on", "2020-01-01", "--json")[1])["version"] is None
    )
    assert "nobody is called" in ari_app("rules", "show", "us-reg-f", "--on", "2020-01-01")[1]
    assert "cn-utilities" in ari_app("rules", "show")[1]
    assert len(json.loads(ari_app("rules", "show", "--json")[1])["packs"]) == 4
    code, _, err = ari_app("rules", "show", "cn-telecon")
    assert code == 1
    assert "cn-telecom" in err


def test_faults_and_unconfirmed_years_are_told(ari_app: Run, tmp_path: Path) -> None:
    code, out, _ = ari_app("rules", "check")
    assert (code, "has not confirmed 2027" in out) == (0, True)
    pack = tmp_path / "dialplan" / "rules" / "cn-telecom.yaml"
    pack.write_text(pack.read_text(encoding="utf-8").replace("hard: 3", "hard: x"), encoding="utf-8")
    code, out, _ = ari_app("rules", "check", "--json")
    assert code == 1
    assert "cn-telecom.yaml:17" in json.loads(out)["problems"][0]
    shutil.rmtree(tmp_path / "dialplan" / "rules")
    code, out, _ = ari_app("rules", "check", "--json")
    assert (code, "there is no rule pack in" in json.loads(out)["problems"][0]) == (1, True)


def test_the_days_of_a_year_can_be_compared_with_the_notice(ari_app: Run) -> None:
    shown = json.loads(ari_app("rules", "calendar", "cn", "--year", "2026", "--json")[1])
    assert (
        shown["confirmed"],
        {"day": "2026-10-10", "kind": "make_up"}.items() <= shown["days"][-1].items(),
    ) == (
        True,
        True,
    )
    assert json.loads(ari_app("rules", "calendar", "cn", "--year", "2027", "--json")[1])["confirmed"] is False
    assert "not confirmed" in ari_app("rules", "calendar", "cn", "--year", "2027")[1]
    assert ari_app("rules", "calendar", "mars")[0] == 1


def test_the_schemas_are_of_the_files_that_ship(ari_app: Run) -> None:
    pack = json.loads(ari_app("rules", "schema")[1])
    version = pack["properties"]["versions"]["items"]
    assert set(version["required"]) <= set(version["properties"])
    assert version["properties"]["dials_per_day"]["required"] == ["usual", "hard", "source"]
    assert json.loads(ari_app("rules", "schema", "--calendar")[1])["title"] == "Calendar"


def test_a_list_refuses_until_the_customer_is_off_it(campaign: Run) -> None:
    assert explained(campaign)["allowed"]
    code, out, _ = campaign(
        "lists", "add", "black", "c_10001", "c_10002", "--reason", "fraud", "--source", "desk"
    )
    assert (code, out.count("is now on the list black")) == (0, 2)
    assert "already on" in campaign("lists", "add", "black", "c_10001")[1]
    refused = explained(campaign)
    assert (refused["rule"], refused["next_allowed"]) == ("black_list", None)
    assert refused["reason"] == "on the black list: desk (fraud)"
    assert "not before something is changed" in campaign("explain", "c_10001", "--at", ASKED)[1]
    (entry, _) = json.loads(campaign("lists", "show", "black", "--json")[1])
    assert (entry["contact"], entry["reason"], entry["in_force"]) == ("c_10001", "fraud", True)
    assert "fraud" in campaign("lists", "show")[1]
    assert "is now not on the list black" in campaign("lists", "remove", "black", "c_10001")[1]
    assert explained(campaign)["allowed"]
    assert campaign("lists", "add", "red", "c_10001")[0] == 2


def test_an_entry_that_expires_tells_when_the_customer_may_be_called(campaign: Run) -> None:
    until = "2026-03-02T11:00+08:00"
    campaign("lists", "add", "complaint", "c_10001", "--expires", until)
    refused = explained(campaign)
    assert refused["rule"] == "complaint_list"
    assert datetime.fromisoformat(refused["next_allowed"]) == datetime.fromisoformat(until)
    assert refused["next_rule_pack"] == "cn-telecom/2025.1"
    campaign("lists", "add", "do_not_contact", "c_10002", "--expires", "2026-03-03T11:00+08:00")
    assert "c_10002" in campaign("dnc", "list")[1]
    campaign("lists", "add", "white", "c_10001")
    assert explained(campaign)["rule"] == "complaint_list"


def test_flags_of_an_account_and_of_a_customer(campaign: Run) -> None:
    account = explained(campaign)["account_id"]
    assert "now set" in campaign("standing", "set", "dispute", "c_10001", "--account", account)[1]
    campaign("standing", "set", "represented", "c_10001", "--source", "letter")
    refused = explained(campaign)
    assert [each["rule"] for each in refused["blocking"]] == ["represented", "dispute_open"]
    assert "also dispute_open" in campaign("explain", "c_10001", "--at", ASKED)[1]
    campaign("standing", "clear", "represented", "c_10001", "--source", "letter of release")
    assert "now not set" in campaign("standing", "clear", "dispute", "c_10001", "--account", account)[1]
    assert "already not set" in campaign("standing", "clear", "dispute", "c_10001")[1]
    campaign("standing", "set", "dispute", "c_10001", "--account", account)
    told = campaign("standing", "clear", "dispute", "c_10001")[1]
    assert f"dispute is already not set; still set for {account}" in told
    campaign("standing", "clear", "dispute", "c_10001", "--account", account)
    assert explained(campaign)["allowed"]
    shown = json.loads(campaign("standing", "show", "c_10001", "--json")[1])
    assert [(each["flag"], each["cleared_source"]) for each in shown] == [
        ("dispute", "operator"),
        ("represented", "letter of release"),
        ("dispute", "operator"),
    ]
    assert "letter of release" in campaign("standing", "show", "c_10001")[1]
    assert "no flag" in campaign("standing", "show", "c_10002")[1]


def test_a_campaign_names_its_pack_and_stays_within_it(ari_app: Run, tmp_path: Path) -> None:
    request = {**REQUEST, "strategy": {**REQUEST["strategy"], "rulePack": "cn-utilities", "dialsPerDay": 2}}
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    assert ari_app("campaign", "create", "task.json", "--id", "u")[0] == 0
    shown = json.loads(ari_app("campaign", "show", "u", "--json")[1])["strategy"]
    assert (shown["rulePack"], shown["dialsPerDay"], shown["openHolidays"]) == ("cn-utilities", 2, False)
    assert "cn-utilities" in ari_app("campaign", "show", "u")[1]
    assert explained(ari_app)["rule_pack"] == "cn-utilities/2025.1"
    request["strategy"]["dialsPerDay"] = 3
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    code, _, err = ari_app("campaign", "create", "task.json", "--id", "u")
    assert code == 1
    assert "strategy.dialsPerDay" in err
    assert "up to 2" in err


def test_a_pack_with_a_fault_stops_its_campaign_and_no_other(campaign: Run, tmp_path: Path) -> None:
    pack = tmp_path / "dialplan" / "rules" / "cn-telecom.yaml"
    pack.write_text("pack: cn-telecom\n", encoding="utf-8")
    refused = explained(campaign)
    assert (refused["rule"], refused["next_allowed"]) == ("rules_unreadable", None)
    assert "cn-telecom.yaml" in refused["reason"]
