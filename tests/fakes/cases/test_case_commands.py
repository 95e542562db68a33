"""Cases on the command line: from the list to a verified package and the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.test_cli_rules import Run, ari_app, campaign  # noqa: F401 - fixtures

pytestmark = pytest.mark.fakes


def as_json(answer: tuple[int, str, str]) -> dict[str, object]:
    assert answer[0] == 0, answer
    found: dict[str, object] = json.loads(answer[1])
    return found


def test_a_case_from_its_opening_to_its_end(campaign: Run, tmp_path: Path) -> None:  # noqa: F811
    assert "there is no case" in campaign("cases", "list")[1]
    assert "there is no case" in campaign("cases", "figures")[1]
    assert as_json(campaign("cases", "fix", "--json")) == {"fixed": 0}
    (bill,) = json.loads(campaign("account", "show", "c_10001", "--json")[1])["accounts"]
    key = ("c_10001", str(bill["account_id"]), str(bill["bill_id"]))
    case = str(as_json(campaign("cases", "open", *key, "--by", "li", "--json"))["case_id"])
    assert campaign("cases", "fix", case[:10], "--by", "li")[0] == 0
    shown = as_json(campaign("cases", "show", case, "--json"))
    assert (shown["state"], shown["package_day"]) == ("evidence_fixed", shown["opened_day"])
    package = tmp_path / "data" / "cases" / str(shown["package"])
    digest = str(shown["package_sha256"])
    assert campaign("cases", "verify", str(package), "--sha256", digest)[0] == 0
    code, told, _ = campaign("cases", "verify", str(package), "--sha256", "0" * 64)
    assert (code, "another one" in told) == (1, True)
    package.write_bytes(package.read_bytes().replace(b'"c_10001"', b'"c_10002"', 1))
    code, told, _ = campaign("cases", "verify", str(package))
    assert (code, "changed" in told) == (1, True)
    give = ("cases", "hand-over", case, "--to", "agency", "--name", "Fair & Co", "--by", "li")
    assert campaign(*give, "--reviewed-by", "wang")[0] == 0
    assert "handed_over" in campaign("explain", "c_10001")[1]
    code, _, error = campaign("standing", "set", "handed_over", "c_10001")
    assert (code, "follows from a case" in error) == (1, True)
    assert campaign("cases", "progress", case, "--note", "a letter was sent", "--by", "agency")[0] == 0
    assert campaign("cases", "close", case, "written_off", "--reason", "insolvent", "--by", "li")[0] == 0
    assert "a letter was sent" in campaign("cases", "show", case)[1]
    assert "written_off" in campaign("cases", "list")[1]
    figures = as_json(campaign("cases", "figures", "--json"))
    assert (figures["outcomes"], figures["handling_days"]) == ({"written_off": 1}, pytest.approx(0, abs=0.01))
    assert "1 written_off" in campaign("cases", "figures")[1]


def test_what_is_wrong_is_told(campaign: Run, tmp_path: Path) -> None:  # noqa: F811
    assert "there is no case" in campaign("cases", "show", "case-none")[2]
    assert "no such bill" in campaign("cases", "open", "a", "b", "c", "--by", "li")[2]
    (tmp_path / "x.zip").write_bytes(b"PK")
    code, _, error = campaign("cases", "verify", str(tmp_path / "x.zip"))
    assert (code, "no evidence package" in error) == (1, True)
