"""``ari-app account show``: a case on the command line."""

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

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a campaign of two accounts, of which one has a flag."""
    monkeypatch.chdir(tmp_path)
    for name in ("rules", "calendars", "flows"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / "dialplan" / name)
    lab = {"clock_start": "2026-03-02T10:00+08:00", "clock_origin": datetime.now(UTC).isoformat()}
    settings = {"data_dir": "data", "dialplan_dir": "dialplan", "lab": lab}
    (tmp_path / "ari-app.yaml").write_text(json.dumps(settings), encoding="utf-8")
    task: dict[str, Any] = {
        "name": "winter",
        "strategy": {"window": ["09:00-12:00"], "closedWeekdays": []},
        "dialer": {"callerIdPool": ["010-65551234"]},
        "list": [a_row(1), a_row(2)],
    }
    (tmp_path / "task.json").write_text(json.dumps(task), encoding="utf-8")

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

    assert run("campaign", "create", "task.json", "--id", "winter")[0] == 0
    assert run("standing", "set", "represented", "c_10001", "--source", "letter")[0] == 0
    return run


def test_a_case_is_shown_in_order_with_its_sources(ari_app: Run) -> None:
    code, out, _ = ari_app("account", "show", "c_10001")
    assert code == 0
    assert "campaign winter: to be followed up by a call" in out
    lines = [line for line in out.splitlines() if line.startswith("2026-03-02")]
    assert ["statement" in lines[0], "campaign" in lines[1], "represented set" in lines[2]] == [True] * 3
    row: dict[str, Any] = a_row(1)
    phone = row["phone"]
    assert phone not in out
    assert row["name"] not in out
    full = ari_app("account", "show", "c_10001", "--full")[1]
    assert phone[-11:] in full


def test_about_a_paid_bill_no_call_is_told_of(ari_app: Run) -> None:
    amount = str(a_row(1)["amountDue"])
    paid = ("payments", "add", "c_10001", "--amount", amount, "--reference", "tx-1", "--by", "li")
    assert ari_app(*paid)[0] == 0
    out = ari_app("account", "show", "c_10001")[1]
    assert "campaign winter: nothing is owed, so nobody calls about it" in out


def test_as_json_it_is_for_programs(ari_app: Run) -> None:
    row = a_row(1)
    code, out, _ = ari_app("account", "show", "c_10001", "--bill", row["billId"], "--json")
    found = json.loads(out)
    assert code == 0
    assert [entry["source"] for entry in found["entries"]] == ["statement", "campaign", "flag"]
    assert found["entries"][0]["fields"]["amount"] == found["accounts"][0]["owed"]
    later = ari_app("account", "show", "c_10001", "--since", "2026-03-03T00:00+08:00", "--json")[1]
    assert json.loads(later)["entries"] == []
    none = ari_app("account", "show", "c_10001", "--account", "a_none", "--json")[1]
    assert [entry["source"] for entry in json.loads(none)["entries"]] == ["flag"]


def test_an_unknown_customer_is_refused(ari_app: Run) -> None:
    code, _, err = ari_app("account", "show", "c_none")
    assert (code, "c_none: customer: is not known" in err) == (1, True)
    assert ari_app("account", "show", "c_10001", "--since", "yesterday")[0] == 2
