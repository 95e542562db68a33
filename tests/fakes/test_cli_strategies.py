"""Strategy files on the command line: checked, explained, signed, compared, stopped; the guide says what they say."""

from __future__ import annotations

import json
import re
import shlex
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

#: A Monday, 10:00 in China.
AT = "2026-03-02T10:00+08:00"
ROLES = ("legal", "compliance", "data-security")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ari_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``ari-app`` with a database and a dialplan of its own, at a fixed time."""
    monkeypatch.chdir(tmp_path)
    for name in ("rules", "calendars", "flows", "strategies"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / "dialplan" / name)
    shutil.copy(ROOT / "dialplan" / "dispositions.yaml", tmp_path / "dialplan")
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


def edit(name: str, old: str, new: str) -> Path:
    path = Path("dialplan/strategies") / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_check_says_what_has_no_fault_and_what_is_not_signed(ari_app: Run) -> None:
    code, out, _ = ari_app("strategy", "check", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["strategies"] == ["landlord", "lender", "telecom-overdue", "water-company"]
    assert found["problems"] == []
    assert len(found["unsigned"]) == 4


def test_check_tells_file_line_and_cure_against_the_real_flows(ari_app: Run) -> None:
    path = edit("lender", "offers: {instalments: [3, 6, 12]}", "offers: {instalments: [3, 48]}")
    line = path.read_text(encoding="utf-8").splitlines().index("    offers: {instalments: [3, 48]}") + 1
    code, out, _ = ari_app("strategy", "check", "lender")
    assert code == 1
    assert f"{path}:{line}: segments[5].offers.instalments: 48 months are no plan of the flow's policy" in out
    assert "(allowed: one of 3, 6, 12)" in out
    assert ari_app("strategy", "check", "telecom-overdue")[0] == 0


def test_an_unknown_strategy_is_answered_with_the_nearest(ari_app: Run) -> None:
    code, _, err = ari_app("strategy", "check", "lander")
    assert code == 1
    assert "did you mean lender?" in err


def test_three_signatures_let_it_dial_and_an_edit_takes_them_back(ari_app: Run) -> None:
    signed = [
        ari_app("strategy", "sign", "landlord", "--as", role, "--by", f"Li Wei of {role}") for role in ROLES
    ]
    code, out, err = signed[-1]
    assert code == 0, err
    assert "all three have signed: it may dial" in out
    (row,) = [
        one for one in json.loads(ari_app("strategy", "list", "--json")[1]) if one["strategy"] == "landlord"
    ]
    assert (row["unsigned"], row["stopped"]) == ([], None)
    edit("landlord", "when: due+5d", "when: due+7d")
    code, out, _ = ari_app("strategy", "check", "landlord")
    assert code == 1
    assert "version '2026.1' was signed with another content" in out
    code, _, err = ari_app("strategy", "sign", "landlord", "--as", "legal", "--by", "Li Wei")
    assert code == 1
    assert "was signed with another content" in err
    edit("landlord", 'version: "2026.1"', 'version: "2026.2"')
    assert ari_app("strategy", "check", "landlord")[0] == 0
    differing = json.loads(ari_app("strategy", "diff", "landlord:2026.1", "landlord", "--json")[1])
    assert {one["where"] for one in differing} == {
        "version",
        "segments[first-month].steps[call-due+5d].kind",
        "segments[first-month].steps[call-due+5d].when.anchor",
        "segments[first-month].steps[call-due+5d].when.days",
        "segments[first-month].steps[call-due+5d].when.hours",
        "segments[first-month].steps[call-due+5d].at",
        "segments[first-month].steps[call-due+7d].kind",
        "segments[first-month].steps[call-due+7d].when.anchor",
        "segments[first-month].steps[call-due+7d].when.days",
        "segments[first-month].steps[call-due+7d].when.hours",
        "segments[first-month].steps[call-due+7d].at",
    }
    assert "no difference" in ari_app("strategy", "diff", "landlord", "dialplan/strategies/landlord.yaml")[1]
    assert ari_app("strategy", "diff", "landlord:2020.1", "landlord")[0] == 1


def test_a_stop_is_told_wherever_it_matters(ari_app: Run) -> None:
    assert "stopped" in ari_app("strategy", "stop", "lender", "--reason", "complaints", "--by", "Wang")[1]
    assert "was stopped already" in ari_app("strategy", "stop", "lender", "--reason", "again")[1]
    assert "stopped: complaints" in ari_app("strategy", "list")[1]
    assert (
        "lender is stopped: complaints" in ari_app("strategy", "explain", "lender", "--fact", "overdue=3")[1]
    )
    assert "dials again" in ari_app("strategy", "resume", "lender")[1]
    assert "was not stopped" in ari_app("strategy", "resume", "lender")[1]
    assert ari_app("strategy", "stop", "nobody", "--reason", "x")[0] == 1


@pytest.mark.parametrize("name", ["dialplan/strategies/lender.yaml", "lender.v2025.4", "lender.yaml"])
def test_a_stop_is_of_the_strategy_however_its_file_is_named(ari_app: Run, name: str) -> None:
    shutil.copy("dialplan/strategies/lender.yaml", "dialplan/strategies/lender.v2025.4.yaml")
    assert ari_app("strategy", "stop", name, "--reason", "complaints")[1].startswith("lender: stopped")
    assert "lender is stopped" in ari_app("strategy", "explain", "lender", "--fact", "overdue=3")[1]
    assert ari_app("strategy", "resume", name)[1].startswith("lender: dials again")


def task(**strategy: object) -> dict[str, Any]:
    return {
        "name": "winter",
        "strategy": strategy,
        "dialer": {"callerIdPool": ["010-65551234", "010-65551200"]},
        "list": [a_row(1), a_row(2)],
    }


def create(run: Run, request: dict[str, Any]) -> tuple[int, str, str]:
    Path("task.json").write_text(json.dumps(request), encoding="utf-8")
    return run("campaign", "create", "task.json", "--id", "winter")


def test_one_person_signs_for_one_office_only(ari_app: Run) -> None:
    assert ari_app("strategy", "sign", "landlord", "--as", "legal", "--by", "Li Wei")[0] == 0
    code, _, err = ari_app("strategy", "sign", "landlord", "--as", "compliance", "--by", " LI  wei ")
    assert code == 1
    assert "has signed this version for legal already (allowed: another person for each" in err
    assert ari_app("strategy", "sign", "landlord", "--as", "legal", "--by", "Li Wei")[0] == 0


def test_a_campaign_names_a_strategy_file_and_explain_tells_by_it(ari_app: Run) -> None:
    code, _, err = create(ari_app, task(file="telecom-overdue"))
    assert code == 0, err
    assert "telecom-overdue: says what follows, by segment" in ari_app("campaign", "show", "winter")[1]
    code, out, err = ari_app("explain", "c_10001", "--json")
    assert code == 0, err
    assert json.loads(out)["accounts"][0]["rule"] == "strategy_not_signed"
    for role in ROLES:
        ari_app("strategy", "sign", "telecom-overdue", "--as", role, "--by", f"Li Wei of {role}")
    (found,) = json.loads(ari_app("explain", "c_10001", "--json")[1])["accounts"]
    assert found["rule"] == "step_not_due"
    assert found["next_allowed"].startswith("2026-03-03T02:00")
    later = ari_app("explain", "c_10001", "--at", "2026-03-03T10:01+08:00")[1]
    assert re.search(r"attempts: 0 of \d+ of this step, 0 of \d+ of this segment, 0 in all", later), later
    code, out, err = ari_app("strategy", "explain", "telecom-overdue", "c_10001", "--json")
    assert code == 0, err
    assert json.loads(out)["accounts"][0]["segment"] == "first-month"


@pytest.mark.parametrize(
    ("strategy", "wrong"),
    [
        ({"file": "telekom"}, "there is no strategy 'telekom'"),
        ({"file": "telecom-overdue", "retryHours": [0]}, "retryHours stand beside file"),
        ({"file": "lender"}, "has no number of the group 'early'"),
        ({"file": "Telecom Overdue"}, "strategy.file"),
    ],
)
def test_a_strategy_that_cannot_be_used_refuses_the_campaign(
    ari_app: Run, strategy: dict[str, Any], wrong: str
) -> None:
    code, _, err = create(ari_app, task(**strategy))
    assert code == 1
    assert wrong in err


@pytest.mark.parametrize(
    ("fact", "wrong"),
    [
        ("overdue=soon", "a whole number"),
        ("overdue=--5", "a whole number"),
        ("risk_level=X", "no such word"),
        ("amout=5", "did you mean amount?"),
        ("amount=much", "is not an amount"),
        ("amount=Infinity", "is not an amount"),
        ("good_record=yes", "true or false"),
        ("language=fr", "no such word"),
    ],
)
def test_a_fact_that_cannot_be_used_is_told(ari_app: Run, fact: str, wrong: str) -> None:
    code, _, err = ari_app("strategy", "explain", "lender", "--fact", fact)
    assert code == 1
    assert wrong in err


def test_the_doctor_tells_a_faulty_strategy(ari_app: Run) -> None:
    edit("lender", "scheme: m-stage", "scheme: weeks")
    out = ari_app("doctor")[1]
    assert "lender.yaml:9" in out
    assert "unknown scheme 'weeks'" in out


CONSOLE = re.compile(r"```console\n\$ (ari-app strategy [^\n]*)\n(.*?)\n```", re.DOTALL)


@pytest.mark.parametrize("page", ["strategies.md", "strategies.zh-CN.md"])
def test_the_guide_shows_what_the_commands_say(ari_app: Run, page: str) -> None:
    examples = CONSOLE.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))
    assert len(examples) == 6
    for command, shown in examples:
        code, out, err = ari_app(*shlex.split(command)[1:])
        assert code == 0, err
        assert [line.rstrip() for line in out.rstrip().splitlines()] == shown.splitlines(), command
