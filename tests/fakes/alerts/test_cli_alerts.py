"""The rules of alerts on the command line: what their check finds."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.fakes.test_cli_rules import Run, ari_app, campaign
from tests.support.docs import ROOT

pytestmark = pytest.mark.fakes

__all__ = ["ari_app", "campaign"]


def test_the_check_knows_the_dispositions_of_the_operators(campaign: Run, tmp_path: Path) -> None:
    folder = tmp_path / "dialplan"
    for name in ("alerts.yaml", "dispositions.yaml"):
        shutil.copy(ROOT / "dialplan" / name, folder / name)
    code, out, err = campaign("alerts", "check")
    assert (code, "no fault" in out) == (0, True), err
    path = folder / "alerts.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("disposition: distress", "disposition: distres"))
    code, _, err = campaign("alerts", "check")
    assert (code, "no call ends as distres (allowed: did you mean distress?" in err) == (1, True), err
