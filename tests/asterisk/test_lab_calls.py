"""Every behaviour of the lab, called over real SIP and RTP by a real PBX."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.lab.cdr import read_cdr
from ari_app.lab.persona import Beep
from ari_app.lab.records import LabCall, read_records
from ari_app.lab.scenario import Scenario, parse_scenario
from ari_app.lab.tape import check_far_end
from ari_app.lab.utterances import beep_pcm
from ari_app.speech.espeak import EspeakVoice
from tests.support.lab_pbx import Instances, running_lab, start_instances, stop_instances

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(90)]

SCENARIO = """
personas:
  brief_switched_off: {announce: {text: switched off, language: en, times: 1}, then: {reject: 480}}
  announced_file: {announce: {file: tone, times: 1}, then: {reject: unallocated}}
  everywhere: {reject: 600}
  talks:
    ring: 0.2
    steps: [{wait: prompt}, {say: "yes it is me"}, {press: "{tail}#"}, {wait: {seconds: 0.3}}, hangup]
  interrupts: {ring: 0, steps: [{interrupt: {after: 0.5, say: "stop"}}, {wait: end}]}
  mute: {ring: 0}
  no_rtp: {ring: 0, rtp: none}
  machine: {ring: 0.1, greeting: leave a message, beep: true}
numbers:
  "+8613800000001": talks
  "+8613800000002": interrupts
  "+8613800000003": mute
  "+8613800000004": no_rtp
  "+8613800000005": machine
  "+8613800000006": brief_switched_off
  "+8613800000007": announced_file
  "+8613800000008": no_answer
  "+8613800000009": black_hole
  "+8613800000010": hangs_up_at_once
  "+8613800000011": busy
  "+8613800000012": unallocated
  "+8613800000013": congestion
  "+8613800000014": unreachable
  "+8613800000015": barred
  "+8613800000016": everywhere
  "+8613800000017": rejects
"""
TONE = beep_pcm(Beep(hertz=440.0, seconds=1.0))


@pytest.fixture(scope="module")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instances]:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    running = start_instances(tmp_path_factory.mktemp("lab"))
    yield running
    stop_instances(running)


@pytest.fixture
def scenario() -> Scenario:
    return parse_scenario(SCENARIO)


@pytest.fixture
def voice() -> EspeakVoice:
    if shutil.which("espeak-ng") is None:
        pytest.fail("espeak-ng is not installed")
    return EspeakVoice()


@pytest.fixture
def announcements(tmp_path: Path) -> Path:
    from ari_app.voice.pcm import wav_bytes

    folder = tmp_path / "announcements"
    folder.mkdir()
    (folder / "tone.wav").write_bytes(wav_bytes(TONE))
    return folder


RELEASES = [
    ("13800000011", 486, 17),
    ("13800000012", 404, 1),
    ("13800000013", 503, 34),
    ("13800000014", 480, 19),
    ("13800000015", 403, 21),
    ("13800000016", 600, 17),
    ("13800000017", 603, 21),
]


async def test_each_release_reaches_the_pbx_with_its_sip_status_and_q850_cause(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    async with running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench:

        async def one(number: str) -> tuple[str, int | None, int | None, bool, bool]:
            async with bench.call(number) as call:
                seen = await call.end()
                return number, seen.sip, seen.q850, seen.answered, seen.rang

        found = await asyncio.gather(*(one(number) for number, _, _ in RELEASES))
        records = [await bench.record_of(number) for number, _, _ in RELEASES]
    assert [each[:3] for each in found] == RELEASES
    assert not any(each[3] for each in found)
    assert [number for number, *_, rang in found if rang] == ["13800000017"]
    assert [each.status_sent for each in records] == [status for _, status, _ in RELEASES]
    assert {each.ended_by for each in records} == {"far_end"}
    cdr = {each.number: each for each in read_cdr(instances.carrier.cdr_file)}
    assert {number for number, _, _ in RELEASES} <= set(cdr)
    assert {cdr[number].caller_id for number, _, _ in RELEASES} == {"01055550100"}


@pytest.mark.parametrize(("number", "status"), [("13800000006", 480), ("13800000007", 404)])
async def test_an_announcement_is_heard_in_early_media_before_the_release(
    instances: Instances,
    scenario: Scenario,
    voice: EspeakVoice,
    tmp_path: Path,
    announcements: Path,
    number: str,
    status: int,
) -> None:
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call(number, sound=True) as call,
    ):
        seen = await call.end()
        heard = call.sound.hearing.total_s
        record = await bench.record_of(number)
    assert seen.progressed
    assert not seen.rang
    assert not seen.answered
    assert seen.sip == status
    assert heard == pytest.approx(record.said_seconds, abs=0.4)
    assert heard > 0.4
    assert record.progress_at is not None
    assert record.answered_at is None


async def test_a_talking_customer_is_heard_hears_and_presses_keys(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    number = "+8613800000001"
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call(number, sound=True, caller_name="Example Water") as call,
    ):
        await call.until(lambda: call.seen.answered)
        ringback = call.sound.hearing.total_s  # the PBX makes the tone itself while the far end rings
        await call.sound.say(TONE)
        seen = await call.end()
        heard = call.sound.hearing.total_s - ringback
        record = await bench.record_of(number)
        cdr = [each for each in read_cdr(instances.carrier.cdr_file) if each.number == number]
    assert seen.rang
    assert seen.keys == "0001#"
    assert seen.q850 == 16
    assert heard > 0.5
    assert (record.caller_id, record.caller_name) == ("01055550100", "Example Water")
    assert record.sip_call_id
    assert record.persona == "talks"
    assert record.said == ["yes it is me"]
    assert record.keys == "0001#"
    assert record.ended_by == "far_end"
    assert record.problems == []
    stamps = [record.invited_at, record.ringing_at, record.answered_at, record.ended_at]
    assert stamps == sorted(str(stamp) for stamp in stamps)
    assert record.recording is not None
    far_end = check_far_end(Path(record.recording))
    assert far_end.heard_seconds == pytest.approx(1.0, abs=0.2)
    assert far_end.said_seconds == pytest.approx(record.said_seconds, abs=0.5)
    assert far_end.said_seconds > 0.4
    assert [each.disposition for each in cdr] == ["ANSWERED"]


async def test_a_customer_interrupts_while_the_bot_still_speaks(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    number = "+8613800000002"
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call(number, sound=True) as call,
    ):
        await call.until(lambda: call.seen.answered)
        speaking = asyncio.create_task(call.sound.say(TONE * 6))
        await call.until(lambda: call.sound.hearing.total_s > 0.2)
        still = not speaking.done()
        speaking.cancel()
        await asyncio.wait({speaking})
        await call.hang_up()
        record = await bench.record_of(number)
    assert still
    assert record.said == ["stop"]
    assert record.ended_by == "caller"


async def test_a_silent_customer_sends_steady_silence_and_a_broken_voice_path_sends_nothing(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call("+8613800000003", sound=True) as mute,
        bench.call("+8613800000004", sound=True) as broken,
    ):
        await broken.until(lambda: broken.seen.answered)
        await mute.until(lambda: mute.heard_frames > 100)
        frames, loud = broken.heard_frames, mute.sound.hearing.total_s
        await mute.hang_up()
        await broken.hang_up()
        record = await bench.record_of("+8613800000004")
    assert frames == 0
    assert loud == 0.0
    assert record.answered_at is not None
    assert record.recording is None
    assert record.ended_by == "caller"


async def test_an_answering_machine_greets_and_beeps(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    number = "+8613800000005"
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call(number, sound=True) as call,
    ):
        beeped = bench.seen.until(lambda each: "(beep)" in each.said)
        await call.until(lambda: any("(beep)" in each.said for each in bench.seen.calls))
        await call.until(lambda: call.sound.hearing.prompt_over(asyncio.get_running_loop().time(), 0.5))
        await beeped
        await call.hang_up()
        tape = call.sound.tape
        tape.write(tmp_path / "pbx.wav")
    import wave

    with wave.open(str(tmp_path / "pbx.wav"), "rb") as reader:
        both = np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").reshape(-1, 2)
    heard = both[:, 0].astype(float)
    last = np.flatnonzero(np.abs(heard) > 1000)[-1]
    spectrum = np.abs(np.fft.rfft(heard[last - 3200 : last]))
    assert np.argmax(spectrum) * 16_000 / 3200 == pytest.approx(1000.0, abs=10)


async def test_a_customer_who_hangs_up_at_once_and_one_who_never_answers(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    async with (
        running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench,
        bench.call("+8613800000010") as short,
        bench.call("+8613800000008") as ringing,
    ):
        seen = await short.end()
        await ringing.until(lambda: ringing.seen.rang)
        never = await ringing.hang_up()
        record = await bench.record_of("+8613800000008")
    assert seen.answered
    assert seen.q850 == 16
    assert not never.answered
    assert record.ended_by == "caller"
    assert record.ringing_at is not None
    assert record.answered_at is None


async def test_a_trunk_that_never_replies_still_notes_the_invite(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    number = "+8613800000009"
    assert scenario.on_silent_trunk(number)
    async with running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench:
        async with bench.call(number, trunk="trunk-silent", caller_name='Wa"ter') as call:
            noted = await bench.seen.until(lambda each: each.dialled == number)
            assert not call.seen.rang
            black_hole = bench.lab.black_hole
            assert black_hole is not None
            await call.until(lambda: noted.invites >= 2)
        assert black_hole.calls == 1
    (record,) = read_records(bench.lab.files.records)
    assert record.persona == "black_hole"
    assert record.caller_id == "01055550100"
    assert record.invites >= 2
    assert record.complete


async def test_a_lab_that_stops_releases_its_calls_and_the_next_one_those_that_were_left(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    number = "+8613800000003"
    async with running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench:
        async with bench.call(number) as call:
            await call.until(lambda: call.seen.answered)
            await bench.lab.stop()
            await call.end()
        async with bench.call(number) as orphan:
            await bench.pbx.request("GET", "channels")
            await asyncio.to_thread(_until_arrived, instances)
            await bench.lab.start()
            seen = await orphan.end()
            carrier = bench.lab.carrier
            assert carrier is not None
            assert carrier.counters.left_over == 1
    assert not seen.answered
    (record,) = read_records(bench.lab.files.records)
    assert record.ended_by == "lab"
    assert record.complete
    assert (tmp_path / "lab" / "calls.csv").read_text().count(number) == 1


def _until_arrived(instances: Instances) -> None:
    for _ in range(500):
        if "1 active channel" in instances.carrier.cli("core show channels count"):
            return


async def test_a_hostile_caller_name_is_one_line_in_the_records(
    instances: Instances, scenario: Scenario, voice: EspeakVoice, tmp_path: Path, announcements: Path
) -> None:
    name = '=cmd|"x",\t<b>\x01'
    async with running_lab(instances, tmp_path / "lab", scenario, voice, announcements) as bench:
        async with bench.call("13800000011", caller_name=name) as call:
            await call.end()
        record: LabCall = await bench.record_of("13800000011")
    assert "\n" not in record.caller_name
    assert record.caller_name.isprintable()
    text = (tmp_path / "lab" / "calls.csv").read_text()
    assert ",=cmd" not in text
