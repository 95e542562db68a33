"""``lab up``, ``doctor`` and ``lab down`` on real Asterisk instances."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.docs import ROOT

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def ari_app(tmp_path: Path) -> Iterator[Run]:
    """Runs ``ari-app`` as a process of its own; a lab that a test started is ended behind it."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ARI_APP_") or name == "ARI_APP_ASTERISK"
    }
    environment |= {"PYTHONPATH": str(ROOT)}
    (tmp_path / "ari-app.yaml").write_text("data_dir: data\n", encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "ari_app", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
            env=environment,
            cwd=tmp_path,
        )

    yield run
    run("lab", "down")


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it ended meanwhile
            if str(folder) in command:
                found.append(command)
    return found


def test_a_lab_is_started_looked_at_and_ended(ari_app: Run, tmp_path: Path) -> None:
    up = ari_app("lab", "up", "--json")
    assert up.returncode == 0, up.stderr
    lab: dict[str, Any] = json.loads(up.stdout)
    second = ari_app("lab", "up")
    assert second.returncode == 1
    assert "a lab runs in" in second.stderr

    report = json.loads(ari_app("--config", lab["config"], "doctor", "--json").stdout)
    found = {check["name"]: check["health"] for check in report["checks"]}
    for name in (
        "ARI",
        "asterisk version",
        "asterisk modules",
        "AMI",
        "trunks",
        "trunk carrier",
        "asterisk program",
    ):
        assert found[name] == "ok", report

    status = ari_app("lab", "status", "--json")
    assert status.returncode == 0
    assert {key: json.loads(status.stdout)[key] for key in ("running", "calls", "active")} == {
        "running": True,
        "calls": 0,
        "active": 0,
    }
    assert len(processes_of(tmp_path)) >= 3
    down = ari_app("lab", "down")
    assert (down.returncode, "has ended" in down.stdout) == (0, True)
    assert processes_of(tmp_path) == []
    assert ari_app("lab", "status").returncode == 1


def test_doctor_tells_a_wrong_password(ari_app: Run) -> None:
    lab = json.loads(ari_app("lab", "up", "--json").stdout)
    config = Path(lab["config"])
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["ari"]["password"] = settings["ami"]["secret"] = "wrong"
    config.write_text(json.dumps(settings), encoding="utf-8")
    ended = ari_app("--config", str(config), "doctor", "--json")
    assert ended.returncode == 1
    checks = {check["name"]: check for check in json.loads(ended.stdout)["checks"]}
    assert (checks["ARI"]["health"], checks["AMI"]["health"]) == ("fail", "fail")
    assert checks["ARI"]["mend"]


def test_a_scenario_with_a_fault_starts_nothing(ari_app: Run, tmp_path: Path) -> None:
    (tmp_path / "town.yaml").write_text("region: CN\nnumbers: {'+8613800000001': nobody}\n", encoding="utf-8")
    ended = ari_app("lab", "up", "--scenario", "town.yaml")
    assert ended.returncode == 1
    assert "town.yaml:2" in ended.stderr
    assert processes_of(tmp_path) == []
