"""Messages on the command line: templates checked, words shown, messages planned, replies dealt with."""

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
    "list": [a_row(1, email="wang@example.com")],
}
AT = "2026-03-02T10:00+08:00"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a database and a dialplan of its own, and one account."""
    monkeypatch.chdir(tmp_path)
    for name in ("rules", "calendars", "flows", "strategies", "messages"):
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

    (tmp_path / "task.json").write_text(json.dumps(REQUEST), encoding="utf-8")
    assert run("campaign", "create", "task.json")[0] == 0
    return run


def test_the_shipped_templates_have_no_fault(ari_app: Run) -> None:
    code, out, _ = ari_app("messages", "check", "--json")
    assert (code, json.loads(out)["problems"]) == (0, [])


def test_faults_and_templates_that_nobody_has_are_told_with_their_place(ari_app: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dialplan" / "messages"
    file = folder / "due_soon.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("{amount}", "{amuont}", 1), encoding="utf-8")
    (folder / "last_notice.yaml").unlink()
    code, out, _ = ari_app("messages", "check")
    assert code == 1
    assert "unknown variable {amuont}" in out
    assert "telecom-overdue.yaml:190: there is no message template last_notice" in out
    code, _, err = ari_app("messages", "preview", "due_soon")
    assert code == 1
    assert "due_soon.yaml:" in err


def test_a_preview_shows_words_and_size_for_everybody_or_a_customer(ari_app: Run) -> None:
    code, out, _ = ari_app("messages", "preview", "due_soon", "--lang", "en", "--json")
    (shown,) = json.loads(out)
    assert (code, shown["size"]["encoding"], shown["why_not"]) == (0, "gsm-7", None)
    code, out, _ = ari_app("messages", "preview", "overdue_notice", "--customer", "c_10001", "--json")
    (shown,) = json.loads(out)
    assert code == 0
    assert "回复TD退订" not in shown["text"]  # the preview for a customer asks no pack
    code, out, _ = ari_app("messages", "preview", "payment_link", "--customer", "c_10001", "--json")
    assert json.loads(out)[0]["why_not"] == "nothing is known of pay_link"


def test_a_message_is_planned_shown_masked_and_not_sent_again_while_it_is_on_its_way(ari_app: Run) -> None:
    code, out, _ = ari_app("messages", "send", "overdue_notice", "c_10001", "--json")
    assert code == 0
    planned = json.loads(out)["result"]
    code, out, _ = ari_app("messages", "list", "--customer", "c_10001", "--state", "planned", "--json")
    (shown,) = json.loads(out)
    assert (shown["message_id"], shown["origin"], shown["template"]) == (
        planned,
        "operator",
        "overdue_notice",
    )
    assert ari_app("messages", "show", planned)[0] == 0
    code, _, err = ari_app("messages", "resend", planned)
    assert (code, "not sent twice" in err) == (1, True)
    assert ari_app("messages", "send", "no_such", "c_10001")[0] == 1
    assert ari_app("messages", "send", "overdue_notice", "c_9")[0] == 1
    assert ari_app("messages", "send", "overdue_notice", "c_10001", "--channel", "pigeon")[0] == 2


def test_an_address_is_written_to_no_more_and_again(ari_app: Run) -> None:
    for clear, words in (
        ((), "now not written to"),
        ((), "already not written to"),
        (("--clear",), "now written to"),
    ):
        code, out, _ = ari_app("messages", "address", "sms", "13800138000", *clear)
        assert (code, words in out) == (0, True)
    assert ari_app("messages", "address", "sms", "12")[0] != 0


def test_nobody_has_written_yet(ari_app: Run) -> None:
    assert "nobody has written" in ari_app("messages", "inbound")[1]
    code, _, err = ari_app("messages", "inbound", "--handled", "rep-1", "--by", "Wu")
    assert (code, "no reply that waits" in err) == (1, True)
