"""``ari-app integrations``: check, try, run, and see what came of it."""

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

CSV = (
    "customerId,name,phone,accountId,billId,amountDue,dueDate\nc_7,王小明,13800000007,a7,b7,10.5,2026-01-10\n"
)


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a campaign and an integration that looks into a folder."""
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
        "list": [a_row(1)],
    }
    (tmp_path / "task.json").write_text(json.dumps(task), encoding="utf-8")
    folder = tmp_path / "dialplan" / "integrations"
    folder.mkdir()
    (tmp_path / "inbox").mkdir()
    (folder / "drop.yaml").write_text(
        f"integration: drop\ninto: accounts\ncampaign: winter\nfolder: {{inbox: {tmp_path}/inbox, complete: rename}}\n",
        encoding="utf-8",
    )

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
    return run


def test_a_file_is_tried_loaded_and_told_of(ari_app: Run, tmp_path: Path) -> None:
    assert ari_app("integrations", "check")[0] == 0
    (tmp_path / "inbox" / "list.csv").write_text(CSV, encoding="utf-8")
    code, out, _ = ari_app("integrations", "dry-run", "drop")
    assert code == 0
    assert "13800000007" not in out
    assert "王小明" not in out
    assert "amountDue: 10.5" in out
    assert "13800000007" in ari_app("integrations", "dry-run", "drop", "--full", "--json", "--limit", "1")[1]
    code, out, _ = ari_app("integrations", "run", "drop", "--json")
    assert (code, json.loads(out)[0]["added"]) == (0, 1)
    assert "done" in ari_app("integrations", "list")[1]
    shown = json.loads(ari_app("integrations", "show", "drop", "--json", "--limit", "3")[1])
    assert [run["file"] for run in shown["runs"]] == ["list.csv"]
    entries = json.loads(ari_app("account", "show", "c_7", "--json")[1])["entries"]
    assert [entry["source"] for entry in entries] == ["statement", "campaign"]


def test_a_failed_run_ends_with_its_code(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "inbox" / "list.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    code, out, _ = ari_app("integrations", "run", "drop")
    assert (code, "failed" in out, "no column of this name" in out) == (1, True, True)
    assert "failed" in json.loads(ari_app("integrations", "list", "--json")[1])[0]["last"]["result"]


def test_faults_are_told_with_file_and_line(ari_app: Run, tmp_path: Path) -> None:
    bad = tmp_path / "dialplan" / "integrations" / "bad.yaml"
    bad.write_text("integration: bad\ninto: money\n", encoding="utf-8")
    code, out, _ = ari_app("integrations", "check")
    assert (code, "bad.yaml:2: into: is not one of the known values" in out) == (1, True)
    assert json.loads(ari_app("integrations", "check", "--json")[1])[0]["field"] == "into"
    code, _, err = ari_app("integrations", "run", "bad")
    assert (code, "bad.yaml:2" in err) == (1, True)
    code, _, err = ari_app("integrations", "show", "nobody")
    assert (code, "nobody: integration: does not exist (allowed: drop)" in err) == (1, True)


def test_the_doctor_looks_at_folders_secrets_and_files(ari_app: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dialplan" / "integrations"
    bill = """integration: crm
into: tickets
http: {url: "https://crm.example.invalid/t", auth: {secret_file: /nowhere/secret}}
map: {disputeId: a, status: b}
"""
    (folder / "crm.yaml").write_text(bill, encoding="utf-8")
    (folder / "bad.yaml").write_text("integration: bad\n", encoding="utf-8")
    (tmp_path / "inbox").rmdir()
    found = json.loads(ari_app("doctor", "--offline", "--json")[1])["checks"]
    told = [each["found"] for each in found if each["name"].startswith("integration")]
    assert any("bad.yaml" in each for each in told)
    assert any("inbox is no folder" in each for each in told)
    assert any("secret_file: cannot be read" in each for each in told)
    assert told[-1] == "crm, drop"
