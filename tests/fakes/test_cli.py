"""The command line as people and programs use it: results, one clear message for an error, exit codes."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ari_app.cli.main import main
from ari_app.cli.refusals import contact_key
from ari_app.domain.account import Account
from ari_app.domain.attempt import CallOutcome
from ari_app.domain.campaign import Campaign, CampaignStatus, CampaignStrategy, DiallerSpec
from ari_app.domain.compliance import ContactFacts
from ari_app.domain.contact_facts import ListEntry, ListKind
from ari_app.domain.retry import RetryDecision
from ari_app.errors import InputError
from ari_app.services.account_row import read_row
from ari_app.store.sqlite_store import SqliteStore
from tests.support.docs import ROOT
from tests.support.lists import DEFAULTS, a_row, write_csv
from tests.support.rules import decide, next_allowed

pytestmark = pytest.mark.fakes

#: A Monday, 10:00 in China.
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
REQUEST: dict[str, Any] = {
    "name": "winter",
    "strategy": {"window": ["09:00-12:00"], "maxAttempts": 2, "retryHours": [0, 24]},
    "dialer": {"callerIdPool": ["010-65551234"]},
    "list": [a_row(1), a_row(2)],
}


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Ended]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a database of its own."""
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\n", encoding="utf-8")

    def run(*arguments: str) -> Ended:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Ended(code, captured.out, captured.err)

    return run


def request_file(folder: Path, **changes: Any) -> str:
    path = folder / "task.json"
    path.write_text(json.dumps(deepcopy(REQUEST) | changes, ensure_ascii=False), encoding="utf-8")
    return str(path)


async def call_once(database: Path, campaign_id: str, disposition: str = "no_answer") -> None:
    """One attempt from reservation to disposition, as the dialler makes it."""
    async with await SqliteStore.open(database) as store:
        claimed = await store.claim_due(campaign_id, NOW, 1, decide, lambda: "att-1")
        assert [attempt.attempt_id for attempt in claimed] == ["att-1"]
        verdict = await store.mark_dialled("att-1", NOW + timedelta(seconds=1), decide)
        assert verdict.allowed
        due = RetryDecision(NOW + timedelta(hours=24), "attempt 2 of 2")
        outcome = CallOutcome(
            "att-1", disposition, NOW + timedelta(seconds=30), sip_status=480, q850_cause=19
        )
        await store.close_attempt(outcome, lambda history: due, lambda history: [])


@pytest.fixture
def at_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    class MondayClock:
        def now(self) -> datetime:
            return NOW

        def monotonic(self) -> float:
            return 0.0

    monkeypatch.setattr("ari_app.app.make_clock", lambda settings: MondayClock())


# --------------------------------------------------------------------------------------------- the root


def test_help_teaches_and_version_is_told(ari_app: Run) -> None:
    shown = ari_app("--help")
    assert shown.code == 0
    for word in (
        "doctor",
        "demo",
        "campaign",
        "import",
        "serve",
        "explain",
        "dnc",
        "attempts",
        "bench",
        "lab",
    ):
        assert word in shown.out
    assert ari_app("--version").out.startswith("ari-app ")
    assert ari_app().code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["campaign"],
        ["campaign", "show"],
        ["import", "x.csv"],
        ["import", "x.csv", "--campaign", "c", "--map", "phone"],
        ["import", "x.csv", "--campaign", "c", "--map", "phone=a", "--map", "phone=b"],
        ["import", "x.csv", "--campaign", "c", "--encoding", "hex"],
        ["explain", "c_1", "--at", "tomorrow"],
        ["explain", "c_1", "--at", "2026-03-02T10:00"],
        ["attempts", "export", "--format", "xml"],
        ["attempts", "list", "--limit", "0"],
        ["bench", "everything"],
    ],
)
def test_wrong_use_ends_with_2(ari_app: Run, arguments: Sequence[str]) -> None:
    ended = ari_app(*arguments)
    assert ended.code == 2
    assert ended.err or ended.out


def test_wrong_settings_end_with_2_and_their_line(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "ari-app.yaml").write_text("dialer: {}\n", encoding="utf-8")
    ended = ari_app("campaign", "list")
    assert ended.code == 2
    assert "ari-app.yaml:1: dialer: is not a known key" in ended.err
    assert ari_app("--config", "none.yaml", "campaign", "list").code == 2


def test_settings_are_shown_without_secrets(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "ari-app.yaml").write_text("ari: {password: s3cret}\nlog: {json: true}\n", encoding="utf-8")
    shown = ari_app("config", "show")
    assert "log.json: True" in shown.out
    assert "s3cret" not in shown.out
    schema = ari_app("config", "schema").object
    assert "dialler" in schema["properties"]


def test_a_folder_that_cannot_be_written_is_one_message(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "ari-app.yaml").write_text("data_dir: file/data\n", encoding="utf-8")
    ended = ari_app("campaign", "list")
    assert ended.code == 1
    assert "Not a directory" in ended.err


# --------------------------------------------------------------------------------------------- campaigns


def test_a_campaign_from_request_to_list(ari_app: Run, tmp_path: Path) -> None:
    file = request_file(tmp_path)
    created = ari_app("campaign", "create", file, "--id", "w1")
    assert created.code == 0
    assert "accounts: 2 added" in created.out
    again = ari_app("campaign", "create", file, "--id", "w1", "--json").object
    assert again["changed"] is False
    assert again["loaded"] == {"added": 0, "updated": 0, "unchanged": 2}
    assert "w1" in ari_app("campaign", "list").out
    shown = ari_app("campaign", "show", "w1", "--json").object
    assert (shown["accounts"], shown["status"]) == (2, "running")
    assert shown["strategy"]["window"] == ["09:00-12:00"]
    assert "09:00-12:00 (Asia/Shanghai)" in ari_app("campaign", "show", "w1").out


def test_a_campaign_tells_how_it_is_answered(ari_app: Run, tmp_path: Path, at_monday: None) -> None:
    import asyncio

    async def called_and_counted(database: Path) -> None:
        await call_once(database, "w1")
        async with await SqliteStore.open(database) as store:
            await store.order_accounts(NOW + timedelta(hours=1))

    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1")
    assert "answered," not in ari_app("campaign", "show", "w1").out
    asyncio.run(called_and_counted(tmp_path / "data" / "ari-app.sqlite3"))
    shown = ari_app("campaign", "show", "w1", "--json").object
    assert shown["answers"] == {"morning": {"dials": 1, "answered": 0}}
    told = ari_app("campaign", "show", "w1").out
    assert "answered, before 12:00" in told
    assert "0 of 1 dials (0%)" in told


def test_pause_and_resume(ari_app: Run, tmp_path: Path) -> None:
    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1", "--paused")
    assert ari_app("campaign", "show", "w1", "--json").object["status"] == "paused"
    assert ari_app("campaign", "resume", "w1", "--json").object == {
        "campaign_id": "w1",
        "status": "running",
        "changed": True,
    }
    assert "already running" in ari_app("campaign", "resume", "w1").out
    assert "now paused" in ari_app("campaign", "pause", "w1").out
    missing = ari_app("campaign", "pause", "w2")
    assert missing.code == 1
    assert "allowed: w1" in missing.err


def test_a_wrong_request_stores_nothing(ari_app: Run, tmp_path: Path) -> None:
    ended = ari_app("campaign", "create", request_file(tmp_path, strategy={"window": ["25:00-26:00"]}))
    assert ended.code == 1
    assert "task.json: strategy.window[0]: '25:00-26:00': 25:00 is not a time of day" in ended.err
    mute = ari_app("campaign", "create", request_file(tmp_path, strategy={"flow": "remind"}))
    assert "strategy.flow: there is no such flow" in mute.err
    assert "did you mean reminder?" in mute.err
    inward = {"events": ["call.completed"], "url": "http://169.254.169.254/x", "secret": "secret-1"}
    assert "webhook.url: the address is not to be reached: link-local" in (
        ari_app("campaign", "create", request_file(tmp_path, webhook=inward)).err
    )
    assert ari_app("campaign", "list", "--json").object == []


def test_bad_rows_are_told_and_the_good_ones_load(ari_app: Run, tmp_path: Path) -> None:
    file = request_file(tmp_path, list=[a_row(1), a_row(2, phone="123&Local/9@x"), a_row(3, amountDue=True)])
    told = ari_app("campaign", "create", file)
    assert told.code == 0
    assert "list[1]: phone: holds letters" in told.err
    assert "1 added" in told.out
    found = ari_app("campaign", "create", file, "--json").object
    assert [(reject["row"], reject["field"]) for reject in found["rejects"]] == [
        (1, "phone"),
        (2, "amountDue"),
    ]
    none = ari_app("campaign", "create", request_file(tmp_path, list=[a_row(1, phone="x")]))
    assert none.code == 1


def test_placeholders_and_dry_run(ari_app: Run, tmp_path: Path) -> None:
    file = request_file(tmp_path, dialer={"callerIdPool": ["010-6xxxxxxx"]})
    assert "is a placeholder" in ari_app("campaign", "create", file).err
    assert "nothing stored" in ari_app("campaign", "create", file, "--allow-placeholders", "--dry-run").out
    assert ari_app("campaign", "list", "--json").object == []
    allowed = ari_app("campaign", "create", file, "--allow-placeholders")
    assert "the campaign is paused" in allowed.err
    assert ari_app("campaign", "list", "--json").object[0]["status"] == "paused"


# --------------------------------------------------------------------------------------------- lists


def test_a_list_is_imported_once(ari_app: Run, tmp_path: Path) -> None:
    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1")
    rows = [a_row(number) for number in range(2, 8)]
    path = write_csv(tmp_path / "list.csv", [*rows, a_row(9, phone="../x")], "gbk")
    report = ari_app("import", str(path), "--campaign", "w1", "--json")
    assert report.code == 0
    found = report.object
    counts = {key: found[key] for key in ("rows", "added", "unchanged", "rejected", "loaded")}
    assert counts == {"rows": 7, "added": 5, "unchanged": 1, "rejected": 1, "loaded": 6}
    again = ari_app("import", str(path), "--campaign", "w1")
    assert "0 added, 0 updated, 6 unchanged, 1 refused" in again.out
    assert "row 8: phone:" in again.err
    assert (tmp_path / "list.csv.rejects.csv").is_file()


def test_columns_are_mapped_by_option_and_file(ari_app: Run, tmp_path: Path) -> None:
    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1")
    row = {"Nr": "c_5", "Anrufen": "13900000005"} | {
        key: value for key, value in a_row(5).items() if key not in ("customerId", "phone")
    }
    path = str(write_csv(tmp_path / "list.csv", [row]))
    assert ari_app("import", path, "--campaign", "w1").code == 1
    (tmp_path / "map.yaml").write_text("customerId: Nr\n", encoding="utf-8")
    mapped = ari_app("import", path, "--campaign", "w1", "--mapping", "map.yaml", "--map", "phone=Anrufen")
    assert mapped.code == 0
    assert "1 added" in mapped.out
    (tmp_path / "map.yaml").write_text("customerId: [Nr]\n", encoding="utf-8")
    wrong = ari_app("import", path, "--campaign", "w1", "--mapping", "map.yaml")
    assert "map.yaml:1: customerId: is not the name of a column" in wrong.err


def test_a_list_without_a_good_row_ends_with_1(ari_app: Run, tmp_path: Path) -> None:
    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1")
    path = write_csv(tmp_path / "list.csv", [a_row(1, phone="x")])
    assert ari_app("import", str(path), "--campaign", "w1").code == 1
    assert "does not exist" in ari_app("import", str(path), "--campaign", "w2").err
    assert "does not exist" in ari_app("import", "none.csv", "--campaign", "w1").err


# --------------------------------------------------------------------------------------------- attempts


async def attempted(database: Path) -> None:
    await call_once(database, "w1")


@pytest.fixture
def one_attempt(ari_app: Run, tmp_path: Path, at_monday: None) -> Run:
    import asyncio

    ari_app("campaign", "create", request_file(tmp_path), "--id", "w1")
    asyncio.run(attempted(tmp_path / "data" / "ari-app.sqlite3"))
    return ari_app


def test_attempts_are_listed_masked(one_attempt: Run) -> None:
    shown = one_attempt("attempts", "list").out
    assert "no_answer" in shown
    assert "***01" in shown
    assert "13800000001" not in shown
    assert "+8613800000001" in one_attempt("attempts", "list", "--full").out
    listed = one_attempt("attempts", "list", "--json", "--campaign", "w1").object
    assert [record["disposition"] for record in listed] == ["no_answer"]
    assert listed[0]["phone"] == "***01"
    assert one_attempt("attempts", "list", "--customer", "c_0", "--json").object == []
    assert one_attempt("attempts", "list", "--campaign", "w2").code == 1


def test_attempts_are_exported(one_attempt: Run, tmp_path: Path) -> None:
    record = json.loads(one_attempt("attempts", "export").out)
    wanted = {
        *(
            "attempt_id",
            "campaign_id",
            "customer_id",
            "account_id",
            "bill_id",
            "phone",
            "caller_id",
            "channel",
        ),
        *("reserved_at", "dialled_at", "answered_at", "ended_at", "timezone", "sip_status", "q850_cause"),
        *("disposition", "talk_seconds", "strategy", "rule_pack", "recording", "transcript"),
    }
    assert wanted <= set(record)
    assert record["phone"] == "+8613800000001"
    assert record["dialled_at"] == "2026-03-02T10:00:01+08:00"
    written = one_attempt("attempts", "export", "--format", "csv", "--output", "out.csv")
    assert (written.code, written.out) == (0, "")
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(encoding="utf-8-sig"))))
    assert [row["attempt_id"] for row in rows] == ["att-1"]
    assert (tmp_path / "out.csv").stat().st_mode & 0o777 == 0o600


def test_an_export_that_fails_leaves_what_was_there(one_attempt: Run, tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("before", encoding="utf-8")
    assert one_attempt("attempts", "export", "--campaign", "w2", "-o", "out.jsonl").code == 1
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "before"
    assert [path.name for path in tmp_path.glob(".*")] == []
    assert "cannot be written" in one_attempt("attempts", "export", "-o", "no/such/folder/x").err


def test_a_full_disk_is_one_message_and_nothing_is_lost(
    one_attempt: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    (tmp_path / "out.jsonl").write_text("before", encoding="utf-8")
    monkeypatch.setattr("os.fsync", full)
    ended = one_attempt("attempts", "export", "-o", "out.jsonl")
    assert (ended.code, ended.err) == (1, "ari-app: out.jsonl cannot be written: No space left on device\n")
    assert (tmp_path / "out.jsonl").read_text(encoding="utf-8") == "before"


@pytest.mark.parametrize(
    ("shell", "code", "err"),
    [
        ("{} config schema > /dev/full", 1, "ari-app: No space left on device\n"),
        ("{} config schema | true", 0, ""),
        ("{} config schema | head -n 1", 0, ""),
    ],
)
def test_output_that_cannot_be_written(tmp_path: Path, shell: str, code: int, err: str) -> None:
    command = f"{sys.executable} -m ari_app"
    ended = subprocess.run(
        ["/bin/sh", "-c", shell.format(command)],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
    )
    assert (ended.returncode, ended.stderr) == (code, err)


# --------------------------------------------------------------------------------------------- explain, dnc


def test_the_nightly_job_by_hand_says_what_it_did(one_attempt: Run) -> None:
    assert "0 accounts are in another aging bucket now" in one_attempt("nightly").out
    assert one_attempt("nightly", "--json").object == {"aged": 0, "pulled": 0, "no_place": 0, "reordered": 0}


def test_explain_says_why_and_when(one_attempt: Run) -> None:
    told = one_attempt("explain", "c_10001").out
    assert "may not be called" in told
    assert "rule retry_not_due" in told
    assert "next allowed: 2026-03-03 10:00:00 CST" in told
    assert "no_answer" in told
    assert "张*" in told
    assert "13800000001" not in told
    assert "may be called" in one_attempt("explain", "c_10002").out
    evening = one_attempt("explain", "c_10002", "--at", "2026-03-06T21:30+08:00", "--json").object
    account = evening["accounts"][0]
    assert (account["allowed"], account["rule"]) == (False, "calling_window")
    assert account["next_allowed"] == "2026-03-09T01:00:00+00:00"
    assert (account["events"], account["numbers"]) == ([], [])
    assert "is in no campaign" in one_attempt("explain", "c_0").err
    full = one_attempt("explain", "c_10001", "--full", "--json").object
    assert full["accounts"][0]["phone"] == "+8613800000001"
    assert [record["verdict" if "verdict" in record else "allowed"] for record in full["verdicts"]] == [
        True,
        True,
    ]


def test_the_do_not_contact_list(one_attempt: Run) -> None:
    assert "now on" in one_attempt("dnc", "add", "138 0000 0002", "--source", "complaint").out
    assert "already on" in one_attempt("dnc", "add", "13800000002").out
    assert "do_not_contact" in one_attempt("explain", "c_10002").out
    assert one_attempt("dnc", "list", "--json").object == [{"contact": "***02", "source": "complaint"}]
    assert "+8613800000002" in one_attempt("dnc", "list", "--full").out
    assert "now not on" in one_attempt("dnc", "remove", "13800000002").out
    assert "may be called" in one_attempt("explain", "c_10002").out
    assert "now on" in one_attempt("dnc", "add", "c_10002").out
    assert "do_not_contact" in one_attempt("explain", "c_10002").out


def test_a_number_that_is_none_is_not_taken_for_a_customer() -> None:
    assert contact_key(" 13800138000 ", "CN") == "+8613800138000"
    assert contact_key("c_10001", "CN") == "c_10001"
    assert contact_key("10001", "CN") == "10001"
    assert contact_key("138.0013.8000", "CN") == contact_key("（138）00138000", "CN") == "+8613800138000"
    for text in (
        "",
        "1380013800",
        "138.0013.800",
        "(138) 0013-800",
        "138/0013/8000",
        "１３８００１３８００",
        "+12",
        "x" * 65,
        "a\nb",
    ):
        with pytest.raises(InputError):
            contact_key(text, "CN")


def facts(**changes: Any) -> ContactFacts:
    account = read_row(a_row(1), DEFAULTS)
    assert isinstance(account, Account)
    campaign = Campaign(
        "c", "c", CampaignStrategy(), DiallerSpec(), status=changes.pop("status", CampaignStatus.RUNNING)
    )
    return ContactFacts(account, campaign, **changes)


def test_the_next_allowed_time_satisfies_every_rule() -> None:
    """Friday evening, a retry planned for Saturday: Monday morning it is."""
    friday = datetime(2026, 3, 6, 13, 30, tzinfo=UTC)
    planned = facts(due_at=friday + timedelta(hours=10))
    found = next_allowed(planned, friday)
    assert found == datetime(2026, 3, 9, 1, 0, tzinfo=UTC)
    assert decide(planned, found).allowed
    assert next_allowed(facts(), NOW) == NOW
    assert next_allowed(facts(status=CampaignStatus.PAUSED), NOW) is None
    assert next_allowed(facts(listed=[ListEntry(ListKind.DO_NOT_CONTACT, "x")]), NOW) is None
