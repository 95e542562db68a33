"""Disputes and services on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.fakes.test_cli_rules import Run, ari_app, campaign  # noqa: F401 - fixtures
from tests.support.docs import ROOT

pytestmark = pytest.mark.fakes


def as_json(answer: tuple[int, str, str]) -> dict[str, object]:
    assert answer[0] == 0, answer
    found: dict[str, object] = json.loads(answer[1])
    return found


def test_a_dispute_from_its_opening_to_its_end(campaign: Run, tmp_path: Path) -> None:  # noqa: F811
    shutil.copy(ROOT / "dialplan" / "disputes.yaml", tmp_path / "dialplan")
    opened = as_json(
        campaign(
            "disputes", "open", "c_10001", "--category", "bill", "--by", "li", "--answer-days", "1", "--json"
        )
    )
    assert (opened["state"], opened["team"], opened["new"]) == ("in_review", "finance", True)
    assert opened["due_at"] == "2026-03-03T16:00:00+00:00"
    case = str(opened["case_id"])
    assert "dispute_open" in campaign("explain", "c_10001")[1]
    code, _, error = campaign(
        "standing", "clear", "dispute", "c_10001", "--account", str(opened["account_id"])
    )
    assert code == 1
    assert "whoever decides it lifts the pause" in error
    assert (
        as_json(campaign("disputes", "assign", case[:9], "--to", "wang", "--by", "li", "--json"))["assignee"]
        == "wang"
    )
    assert campaign("disputes", "ask", case, "--note", "a photo", "--by", "wang")[0] == 0
    assert campaign("disputes", "answer", case, "--note", "sent", "--by", "wang")[0] == 0
    photo = tmp_path / "meter.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0 picture")
    assert (
        campaign("disputes", "evidence", case, str(photo), "--by", "li", "--save", str(tmp_path / "out"))[0]
        == 0
    )
    (copy,) = (tmp_path / "out").iterdir()
    assert copy.read_bytes() == photo.read_bytes()
    decided = as_json(
        campaign(
            *(
                "disputes",
                "decide",
                case,
                "upheld",
                "--corrected",
                "1.00",
                "--by",
                "wang",
                "--reason",
                "read wrongly",
            ),
            "--json",
        )
    )
    assert decided["notice_wanted"] is True
    assert campaign("disputes", "told", case, "--by", "li")[0] == 0
    assert campaign("disputes", "close", case, "--by", "li")[0] == 0
    shown = campaign("disputes", "show", case)[1]
    assert all(word in shown for word in ("read wrongly", "a photo", "meter.jpg", "closed"))
    assert "closed" in campaign("disputes", "list")[1]
    code, _, error = campaign("disputes", "close", case, "--by", "li")
    assert (code, "cannot follow" in error) == (1, True)


def test_what_is_wrong_is_told(campaign: Run, tmp_path: Path) -> None:  # noqa: F811
    assert "no dispute" in campaign("disputes", "show", "dis-none")[2]
    assert "no such bill" in campaign("disputes", "open", "nobody", "--category", "bill", "--by", "li")[2]
    assert "meter, bill" in campaign("disputes", "open", "c_10001", "--category", "sky", "--by", "li")[2]
    (tmp_path / "dialplan" / "disputes.yaml").write_text("calendar: cn\n", encoding="utf-8")
    code, _, error = campaign("disputes", "check")
    assert (code, "disputes.yaml:1: the key 'categories' is missing" in error) == (1, True)
    shutil.copy(ROOT / "dialplan" / "disputes.yaml", tmp_path / "dialplan")
    assert as_json(campaign("disputes", "check", "--json"))["bill"] is not None


def test_services_and_their_orders(campaign: Run) -> None:  # noqa: F811
    assert "nothing is known" in campaign("service", "list")[1]
    assert "nobody has anything to do" in campaign("service", "list", "--orders")[1]
    code, _, error = campaign("service", "restore", "c_10001", "none", "--reason", "x", "--by", "li")
    assert (code, "there is no account" in error) == (1, True)
    code, _, error = campaign("service", "confirm", "svc-none", "--by", "li")
    assert (code, "there is no order" in error) == (1, True)
