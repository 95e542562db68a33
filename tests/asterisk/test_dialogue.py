"""Conversations over real SIP and RTP: a persona for each way through the shipped flows, and all that must come of it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.support.serving import ROOT

pytestmark = [pytest.mark.asterisk, pytest.mark.alone, pytest.mark.timeout(1200)]


async def test_every_persona_ends_with_the_structured_result_that_its_account_expects(tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "demo", "--scenario", "dialogue",
        "--folder", str(tmp_path / "dialogue"), "--json", str(report_file),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert report_file.is_file(), output.decode(errors="replace")[-5000:]
    report = json.loads(report_file.read_text(encoding="utf-8"))
    assert report["mismatches"] == []
    assert process.returncode == 0, output.decode(errors="replace")[-5000:]
    attempts = report["attempts"]
    whole = [each for each in report["expected"].values() if isinstance(each, dict)]
    assert len(whole) >= 60
    assert len({each["campaign_id"] for each in attempts}) == 4
    assert report["lab_calls"] == len(attempts) == len(report["expected"])
    assert report["double_dials"] == 0
    heard = {
        engine for each in attempts if each["transcript"] for engine in engines(Path(each["transcript"]))
    }
    assert "pocketsphinx" in heard


def engines(transcript: Path) -> set[str]:
    """The recognisers that have heard something in a call."""
    lines = [json.loads(line) for line in transcript.read_text(encoding="utf-8").splitlines()]
    return {line["engine"] for line in lines if line.get("kind") == "speech"}
