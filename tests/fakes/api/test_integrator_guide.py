"""docs/integrator.md, run from its first command to its last against a real server and a real receiver."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.api import free_ports
from tests.support.docs import ROOT

pytestmark = pytest.mark.fakes

PAGE = (ROOT / "docs" / "integrator.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The fenced blocks of the page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_page_leads_to_a_signed_webhook(tmp_path: Path) -> None:
    api, receiver = free_ports(2)

    def here(text: str) -> str:
        return text.replace("8090", str(api)).replace("9099", str(receiver))

    (python,) = blocks("python")
    (tmp_path / "receiver.py").write_text(python, encoding="utf-8")
    (tmp_path / "dialplan").symlink_to(ROOT / "dialplan")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name, arguments in (("ari-app", " -m ari_app"), ("python3", "")):
        (commands / name).write_text(f'#!/bin/sh\nexec {sys.executable}{arguments} "$@"\n', encoding="utf-8")
        (commands / name).chmod(0o755)
    path = os.pathsep.join([str(commands), os.environ["PATH"]])
    # Whatever goes wrong, nothing stays behind: `timeout` ends the shell, and the shell what it has started.
    script = "set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT TERM\n" + "\n".join(
        here(block) for block in blocks("bash")
    )
    done = subprocess.run(
        ["timeout", "50", "bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=55,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signed: payment.settled b_30001 0.0" in done.stdout
    assert '"name":"张*"' in done.stdout
    assert '"phone":"***01"' in done.stdout
    assert '"owed":0.0' in done.stdout
    assert "event: payment.settled" in done.stdout
    assert '"wrong": "is not a number"' in done.stdout
    assert "whsec_" not in done.stdout
