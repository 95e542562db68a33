"""Whole campaigns: list in, calls over real SIP and RTP, dispositions, recordings and transcripts out."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from ari_app.bench.tiny_whisper import build_tiny_whisper
from ari_app.lab.agreement import check_far_end
from ari_app.lab.scenario import parse_scenario
from ari_app.site import local_site
from tests.support.serving import DIALPLAN, ROOT, create, everybody_called, serving, until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(400)]

REFUSES_RECORDING = """
region: CN
caller_ids: ["01055550100"]
personas:
  refuses_recording:
    language: en
    silence: 1.0
    steps: [{say: hello}, {wait: prompt}, {press: "9"}, {wait: end}]
numbers:
  "+8613800000150": refuses_recording
"""


async def test_the_demonstration_ends_as_its_personas_say(tmp_path: Path) -> None:
    report_file = tmp_path / "report.json"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "demo", "--folder", str(tmp_path / "demo"), "--json", str(report_file),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode(errors="replace")[-5000:]
    report = json.loads(report_file.read_text(encoding="utf-8"))
    attempts = report["attempts"]
    assert report["mismatches"] == []
    assert {each["customer_id"]: each["disposition"] for each in attempts} == report["expected"]
    assert (len(attempts), report["lab_calls"], report["double_dials"]) == (24, 24, 0)
    answered = [each for each in attempts if each["answered_at"]]
    assert report["recordings_checked"] == len(answered)
    for each in answered:
        assert Path(each["recording"]).is_file()
        assert Path(each["transcript"]).is_file()
    promise = next(each for each in attempts if each["customer_id"] == "C01")
    lines = [
        json.loads(line) for line in Path(promise["transcript"]).read_text(encoding="utf-8").splitlines()
    ]
    assert any("friday" in line.get("text", "") and line.get("engine") == "pocketsphinx" for line in lines)


async def test_a_refused_recording_stops_in_the_middle_of_the_call(tmp_path: Path) -> None:
    scenario = parse_scenario(REFUSES_RECORDING)
    async with local_site(tmp_path, scenario, dialplan_dir=DIALPLAN) as site, serving(site) as controller:
        await create(site, scenario)
        await controller.start()
        (attempt,) = await until(site, everybody_called(scenario), 120.0, controller.words)
        await controller.stop()
    assert attempt.disposition == "recording_refused"
    assert attempt.recording is not None
    assert attempt.answered_at is not None
    assert attempt.dialled_at is not None
    recording = check_far_end(Path(attempt.recording))
    ringing = (attempt.answered_at - attempt.dialled_at).total_seconds()
    # The closing sentence takes several seconds; it is not in the recording.
    assert recording.seconds < ringing + attempt.talk_seconds - 3.0


SPEAKS_CHINESE = """
region: CN
caller_ids: ["01055550100"]
personas:
  speaks_chinese:
    language: zh
    silence: 1.0
    steps: [{wait: prompt}, {say: 请不要再给我打电话了}, {wait: prompt}, {say: 请不要再给我打电话了}, {wait: end}]
numbers:
  "+8613800000151": speaks_chinese
"""


async def test_chinese_speech_is_heard_by_faster_whisper_where_a_model_is(tmp_path: Path) -> None:
    model = tmp_path / "model"
    # A canned model: real loading, features, decoding; it hears this sentence in whatever is said.
    build_tiny_whisper(model, "请不要再给我打电话了", language="zh")
    scenario = parse_scenario(SPEAKS_CHINESE)
    speech = {"speech": {"whisper_model": str(model)}}
    async with (
        local_site(tmp_path, scenario, dialplan_dir=DIALPLAN, settings=speech) as site,
        serving(site) as controller,
    ):
        await create(site, scenario, language="zh")
        await controller.start()
        (attempt,) = await until(site, everybody_called(scenario), 120.0, controller.words)
        await controller.stop()
    assert attempt.disposition == "stop_calling", controller.words()
    assert attempt.transcript is not None
    lines = [json.loads(line) for line in Path(attempt.transcript).read_text(encoding="utf-8").splitlines()]
    assert any(line.get("engine") == "faster-whisper" for line in lines)
