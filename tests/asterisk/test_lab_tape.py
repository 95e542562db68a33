"""The lab's tape says when, not only what: both ends of real calls write down the same sounds on the same clock."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from ari_app.lab.persona import Beep
from ari_app.lab.records import LabCall
from ari_app.lab.scenario import parse_scenario
from ari_app.lab.tape_reading import read_tape, spans
from ari_app.lab.utterances import beep_pcm
from ari_app.speech.espeak import EspeakVoice
from tests.support.lab_pbx import Instances, running_lab

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(90)]

SCENARIO = parse_scenario(
    """
personas:
  beeps:
    ring: 0
    silence: 0.3
    steps:
      - repeat: {times: 4, steps: [{wait: prompt}, {wait: {seconds: [0.1, 0.4]}}, {beep: {hertz: 800, seconds: 0.3}}]}
      - wait: end
numbers: {"+8613800000001": beeps}
"""
)
TONE = beep_pcm(Beep(hertz=440.0, seconds=0.41))
#: Sound takes a few milliseconds from one Asterisk to the other; a busy machine reads it up to a few frames late.
MOST_S = 0.06


def _has_said(call: LabCall, sounds: list[str]) -> bool:
    return call.said == sounds


async def test_a_sound_stands_on_both_tapes_where_it_was(shared_instances: Instances, tmp_path: Path) -> None:
    async with (
        running_lab(shared_instances, tmp_path / "lab", SCENARIO, EspeakVoice()) as bench,
        bench.call("+8613800000001", sound=True) as call,
    ):
        await call.until(lambda: call.seen.answered)
        await call.sound.send_quiet()
        carrier = bench.lab.carrier
        assert carrier is not None
        (far,) = carrier._calls.values()
        for beeps in (["(beep)"] * count for count in range(1, 5)):
            await call.sound.say(TONE)
            await call.until(partial(_has_said, far.call, beeps))
            await call.until(lambda: call.sound.hearing.prompt_over(call.sound._clock.monotonic(), 0.3))
            call.sound.hearing.forget()
        line = far._line
        assert line is not None
        near_start, far_start = call.sound.tape._start, line.tape._start
        call.sound.tape.write(tmp_path / "near.wav")
        await call.hang_up()
        record = await bench.record_of("+8613800000001")
    near, there = read_tape(tmp_path / "near.wav"), read_tape(Path(record.recording or ""))
    ways = []
    for said, said_start, heard, heard_start in (
        (near.said, near_start, there.heard, far_start),
        (there.said, far_start, near.heard, near_start),
    ):
        spoken, arrived = spans(said, joined_s=0.1), spans(heard, joined_s=0.1)
        assert len(spoken) == len(arrived) == 4
        # The mouth spoke a frame before it left.
        ways.append(
            [
                (after.start_s + heard_start) - (before.start_s + said_start) - 0.02
                for before, after in zip(spoken, arrived, strict=True)
            ]
        )
        lengths = [
            (one.end_s - one.start_s) - (other.end_s - other.start_s)
            for one, other in zip(spoken, arrived, strict=True)
        ]
        assert max(map(abs, lengths)) < 0.006, "no frame was lost or put beside its place"
    assert all(-0.002 <= way <= MOST_S for each in ways for way in each), ways
