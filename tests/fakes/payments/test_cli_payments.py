"""Payments on the command line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ari_app.cli.main import main
from tests.support.lists import a_row

pytestmark = pytest.mark.fakes

Run = Callable[..., tuple[int, str, str]]
AT = "2026-03-02T10:00+08:00"


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a campaign of two accounts, at a fixed time."""
    monkeypatch.chdir(tmp_path)
    lab = {"clock_start": AT, "clock_origin": datetime.now(UTC).isoformat()}
    settings = {"data_dir": "data", "lab": lab, "payments": {"base_url": "https://pay.example"}}
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

    request: dict[str, Any] = {
        "name": "winter",
        "strategy": {"window": ["09:00-12:00"]},
        "dialer": {"callerIdPool": ["010-65551234"]},
        "list": [a_row(1), a_row(2)],
    }
    (tmp_path / "task.json").write_text(json.dumps(request), encoding="utf-8")
    code, _, err = run("campaign", "create", "task.json", "--id", "winter")
    assert code == 0, err
    return run


def test_a_payment_by_hand_is_recorded_once_and_taken_back(ari_app: Run) -> None:
    add = (
        "payments",
        "add",
        "c_10001",
        "--amount",
        "68.32",
        "--reference",
        "till/1",
        "--by",
        "anna",
        "--json",
    )
    code, out, _ = ari_app(*add)
    first = json.loads(out)
    assert (code, first["result"]) == (0, "recorded")
    code, out, _ = ari_app(*add)
    assert (code, json.loads(out)["result"]) == (0, "repeated")
    code, out, _ = ari_app(*(each.replace("68.32", "70") for each in add))
    assert (code, json.loads(out)["result"]) == (1, "contradicted")
    code, out, _ = ari_app(
        *("payments", "add", "c_10001", "--amount", "60", "--reference", "till/2", "--by", "anna"),
        *("--reverses", "till/1"),
    )
    assert code == 0
    shown = json.loads(ari_app("payments", "list", "c_10001", "--json")[1])
    assert [(each["kind"], each["amount"], each["source"]) for each in shown] == [
        ("reversal", "60.00", "by anna"),
        ("payment", "68.32", "by anna"),
    ]
    assert len(json.loads(ari_app("payments", "list", "--kind", "payment", "--json")[1])) == 1
    shown = json.loads(ari_app("payments", "show", first["payment_id"], "--json")[1])
    assert shown["movements"][0]["reference"] == "till/1"
    assert "till/1" in ari_app("payments", "show", "till/1")[1]
    assert ari_app("payments", "show", "nothing")[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "c_10001", "--amount", "0", "--reference", "x", "--by", "a"),
        ("add", "c_10001", "--amount", "1.001", "--reference", "x", "--by", "a"),
        ("add", "c_10001", "--amount", "1", "--reference", " ", "--by", "a"),
        ("add", "nobody", "--amount", "1", "--reference", "x", "--by", "a"),
        ("match", "1", "--by", "a"),
        ("match", "1", "c_10001", "--refuse", "x", "--by", "a"),
        ("match", "99", "c_10001", "--by", "a"),
        ("link", "c_10001", "--qr", "x.gif"),
        ("reconcile", "none.csv", "--provider", "bank"),
        ("reconcile", "none.csv", "--provider", "bank", "--apply", "--dry-run"),
    ],
)
def test_wrong_use_is_told(ari_app: Run, arguments: tuple[str, ...]) -> None:
    code, _, err = ari_app("payments", *arguments)
    assert code in (1, 2)
    assert err


def test_a_link_with_its_code_is_made_and_revoked(ari_app: Run, tmp_path: Path) -> None:
    code, out, err = ari_app("payments", "link", "c_10001", "--qr", "bill.svg", "--json")
    assert code == 0, err
    made = json.loads(out)
    assert made["url"].startswith("https://pay.example/pay/")
    assert "<svg" in (tmp_path / "bill.svg").read_text(encoding="utf-8")
    assert (tmp_path / "data" / "payment-links.keys").stat().st_mode & 0o777 == 0o600
    assert made["url"] in ari_app("payments", "link", "c_10001", "--qr", "bill.png")[1]
    assert (tmp_path / "bill.png").read_bytes().startswith(b"\x89PNG")
    code, out, _ = ari_app("payments", "link", "c_10001", "--revoke", "wrong number", "--json")
    assert (code, json.loads(out)) == (0, {"revoked": 1})


def test_a_list_of_the_bank_is_compared_posted_and_matched(ari_app: Run, tmp_path: Path) -> None:
    rows = "reference,amount,occurredAt,note\nb1,100.00,2026-03-01,=x\nb2,1.00,2026-03-01,\n"
    (tmp_path / "bank.csv").write_text(rows, encoding="utf-8")
    compare = ("payments", "reconcile", "bank.csv", "--provider", "bank")
    code, out, _ = ari_app(*compare, "--dry-run", "--json")
    found = json.loads(out)
    assert (code, found["counts"]["only_there"], found["report"]) == (1, 2, None)
    assert not (tmp_path / "bank.csv.differences.csv").exists()
    code, out, err = ari_app(*compare, "--apply")
    assert "unmatched: unknown_bill: 2" in out, err
    with (tmp_path / "bank.csv.differences.csv").open(encoding="utf-8-sig", newline="") as stream:
        told = list(csv.DictReader(stream))
    assert [(each["difference"], each["reference"], each["outcome"]) for each in told] == [
        ("only_there", "b1", "unmatched: unknown_bill"),
        ("only_there", "b2", "unmatched: unknown_bill"),
    ]
    waiting = json.loads(ari_app("payments", "unmatched", "--json")[1])
    assert len(waiting) == 2
    assert "unknown_bill" in ari_app("payments", "unmatched")[1]
    first, second = waiting[1]["notice"], waiting[0]["notice"]
    code, out, _ = ari_app("payments", "match", str(first), "c_10001", "--by", "anna")
    assert (code, "is applied: recorded" in out) == (0, True)
    code, out, _ = ari_app("payments", "match", str(second), "--refuse", "not ours", "--by", "anna", "--json")
    assert (code, json.loads(out)["note"]) == (0, "anna: not ours")
    code, out, _ = ari_app(*compare, "--json", "--report", "other.csv")
    found = json.loads(out)
    assert (found["counts"]["same"], found["counts"]["only_there"]) == (1, 1)
    assert (tmp_path / "other.csv").exists()
    assert "nothing waits" in ari_app("payments", "unmatched")[1]
