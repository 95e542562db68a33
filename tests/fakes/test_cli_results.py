"""What a call has yielded, on the command line: ``call show``, ``attempts list`` and ``attempts export``."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.cli.main import main
from ari_app.domain.arm_report import FORMULAS
from ari_app.domain.call_result import (
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
    ReviewField,
)
from ari_app.domain.experiment import Arm, Experiment
from ari_app.domain.plan import InstalmentOption, instalment_terms
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.store import SqliteStore
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, campaign, no_events, outcome, talked, tomorrow

pytestmark = pytest.mark.fakes

RATES = instalment_terms(Decimal("568.32"), InstalmentOption(6, Decimal("0.5")), date(2026, 11, 30))
FULL = ConversationResult(
    "plan_requested",
    verified=True,
    promises=(
        PromiseToPay(Decimal("300.00"), "2026-11-30", "CNY", "wechatpay", 0.9),
        PromiseToPay(Decimal("268.32"), "2026-12-07", "CNY", "", 0.4),
    ),
    plan=RATES.request("CNY", 0.7),
    dispute=DisputeClaim("meter", "Wang Xiaoming at 13800138000 [bold]used[/bold] it", ("a photo",), 5, 0.95),
    callback=Callback(date(2026, 11, 25), time(15, 30)),
    consent=Consent(True, NOW + timedelta(seconds=4), "overdue 3 en", 0.25),
    transfer_reason="plan_approval",
    message="plan_form",
    reasons=("job_loss",),
    coverage=("opening", "recording_notice", "verified", "arrears_fact"),
    variants=(("opening", "b"),),
    review=(ReviewField("amount", "call 13800138000", 0.5),),
    summary=CallSummary(("Wang Xiaoming pays",), "Wang Xiaoming pays.", "H", "approve_plan"),
    language="en",
    upset=True,
    cut_short=("deadline",),
)
OTHER = ConversationResult(
    "deferral_requested",
    verified=True,
    plan=PlanRequest(PlanKind.DEFERRAL, until=date(2026, 12, 9), approver="Li"),
    callback=Callback(),
    consent=Consent(False, NOW, "x"),
    coverage=("verified", "arrears_fact", "deadline"),
)

PACE = Experiment("pace", (Arm("slow", 0), Arm("usual")))

Run = Callable[..., str]


async def calls(database: Path) -> None:
    names = iter(["att-full", "att-other", "att-busy"])
    async with await SqliteStore.open(database) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(n, name="Wang Xiaoming") for n in (1, 2, 3)], NOW)
        claimed = await store.claim_due("c1", NOW, 3, decide, lambda: next(names))
        for attempt in claimed:
            await store.assign_arms(attempt.attempt_id, [PACE], NOW)
            await store.mark_dialled(attempt.attempt_id, NOW, decide)
        for attempt, result in zip(claimed, (FULL, OTHER), strict=False):
            await store.close_attempt(replace(talked(attempt), conversation=result), tomorrow, no_events)
        await store.close_attempt(outcome(claimed[2]), tomorrow, no_events)


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with three closed calls in its database; what it prints."""
    for name in list(os.environ):
        if name.upper().startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\n", encoding="utf-8")
    (tmp_path / "data").mkdir()
    asyncio.run(calls(tmp_path / "data" / "ari-app.sqlite3"))

    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["ari-app", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        assert not end.value.code, captured.err
        return captured.out

    return run


def test_arms_are_told_of_every_call_answered_or_not_and_counted(ari_app: Run) -> None:
    assert "variants pace usual" in " ".join(ari_app("call", "show", "att-busy").split())
    rows = [json.loads(line) for line in ari_app("attempts", "export").splitlines()]
    assert [row["variants"] for row in rows] == [{"pace": "usual"}] * 3
    report = json.loads(ari_app("attempts", "arms", "--campaign", "c1", "--json"))
    assert report["formulas"] == FORMULAS
    (row,) = report["arms"]
    assert list(row) == ["experiment", "arm", *FORMULAS]
    assert (row["experiment"], row["arm"], row["customers"], row["attempts"]) == ("pace", "usual", 3, 3)
    assert (row["answered"], row["verified"], row["promises"], row["complaints"]) == (2, 2, 1, 0)
    assert (row["answered_share"], row["promise_share"]) == (0.6667, 0.5)
    shown = ari_app("attempts", "arms").splitlines()
    assert shown[1].split() == ["pace", "usual", "3", "3", "2", "2", "1", "0", "66.7", "100.0", "50.0"]
    by_bucket = json.loads(ari_app("attempts", "arms", "--by", "bucket", "--json"))["arms"]
    assert [(one["group"], one["customers"]) for one in by_bucket] == [("D31-D60", 3)]
    assert ari_app("attempts", "arms", "--by", "level").splitlines()[1].split()[:3] == ["pace", "-", "usual"]
    assert "pace usual: since" in ari_app("attempts", "arms", "--customer", "cust-1")
    given = json.loads(ari_app("attempts", "arms", "--customer", "cust-1", "--json"))
    assert [(one["arm"], one["number"], one["reason"]) for one in given] == [("usual", 1, "first")]


def test_a_call_shows_what_it_has_yielded(ari_app: Run) -> None:
    shown = " ".join(ari_app("call", "show", "att-full").split())
    for line in (
        "result plan_requested, identity verified",
        "promise 300.00 CNY by 2026-11-30, wechatpay, sure 0.90",
        "promise 268.32 CNY by 2026-12-07, sure 0.40",
        "plan installment, 6 rates of 97.56 CNY, the last 97.57, 585.37 in all with a fee of 17.05, from 2026-11-30",
        "not approved yet, sure 0.70",
        "dispute meter: W* at ***00 [bold]used[/bold] it (a photo), answer within 5 working days, open",
        "call back 2026-11-25 15:30",
        "consent given 2026-11-23 10:00:04 CST, wording overdue 3 en, notice at 0.2 s",
        "why unpaid job_loss",
        "person wanted plan_approval",
        "message plan_form, to be sent",
        "mood upset",
        "variants pace usual",
        "summary W* pays.",
        "risk H, next: approve_plan",
        "script 50 % complete, missing deadline, guidance, read_back, statement",
        "spoken opening, recording_notice, verified, arrears_fact",
        "cut short deadline",
        "evidence the recording lacks deadline",
        "to be checked amount call ***00: low_confidence, sure 0.50",
        "to be checked promise.2 268.32 CNY on 2026-12-07: low_confidence, sure 0.40",
    ):
        assert line in shown


def test_another_call(ari_app: Run) -> None:
    lines = [" ".join(line.split()) for line in ari_app("call", "show", "att-other").splitlines()]
    assert "plan deferral until 2026-12-09, approved by Li, sure 1.00" in lines
    assert "call back no time named" in lines
    assert "consent refused 2026-11-23 10:00:00 CST, wording x" in lines
    assert "evidence complete" in lines


def test_a_call_that_nobody_answered_shows_no_result(ari_app: Run) -> None:
    shown = ari_app("call", "show", "att-busy")
    assert "busy" in shown
    for head in ("  result ", "  script ", "  risk "):
        assert head not in shown


@pytest.mark.parametrize(
    "arguments", [("call", "show", "att-full", "--json"), ("attempts", "list", "--json")]
)
def test_for_programs_the_words_of_the_customer_are_masked_too(
    ari_app: Run, arguments: tuple[str, ...]
) -> None:
    shown = ari_app(*arguments)
    assert "13800138000" not in shown
    found = json.loads(shown)
    found = found[0] if isinstance(found, list) else found
    assert found["dispute"]["description"].endswith("[bold]used[/bold] it")
    assert found["review"][0]["value"] == "call ***00"
    assert (found["completeness"], found["evidence_missing"], found["review_count"]) == (50, ["deadline"], 2)
    assert found["language"] == "en"


def test_asked_for_in_full_nothing_is_masked(ari_app: Run) -> None:
    found = json.loads(ari_app("call", "show", "att-full", "--json", "--full"))
    assert "Wang Xiaoming at 13800138000" in found["dispute"]["description"]
    assert found["summary"] == "Wang Xiaoming pays."


def test_the_exports_hold_the_results(ari_app: Run) -> None:
    found = [json.loads(line) for line in ari_app("attempts", "export").splitlines()]
    assert [each["result"] for each in found] == ["plan_requested", "deferral_requested", None]
    assert all(tuple(each) == EXPORT_FIELDS for each in found)
    rows = list(csv.DictReader(io.StringIO(ari_app("attempts", "export", "--format", "csv"))))
    assert [row["result"] for row in rows] == ["plan_requested", "deferral_requested", ""]
    assert json.loads(rows[0]["promises"]) == found[0]["promises"]
    assert json.loads(rows[0]["coverage"]) == list(FULL.coverage)
    assert (rows[0]["review_count"], rows[0]["completeness"], rows[2]["completeness"]) == ("2", "50", "")
    turns = [json.loads(line) for line in ari_app("attempts", "export", "--turns").splitlines()]
    assert turns[0]["dispute"]["description"] == "W* at ***00 [bold]used[/bold] it"
