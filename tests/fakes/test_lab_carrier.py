"""Subscribers on a fake carrier, in virtual time: order, timing, and everything that may go wrong under way."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
from pathlib import Path

import pytest

import ari_app.lab.carrier
from ari_app.errors import InputError, SpeechError, TelephonyError
from ari_app.lab.persona import Beep
from ari_app.lab.records import read_records
from ari_app.lab.tape import check_far_end
from ari_app.lab.utterances import beep_pcm
from ari_app.voice.pcm import wav_bytes
from tests.support.lab_fakes import FakeSound, gone, lab_on_fakes

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

NUMBER = "+8613800001234"


def scenario(persona: str) -> str:
    return f'personas: {{it: {persona}}}\nnumbers: {{"{NUMBER}": it}}\n'


def some(sound: FakeSound | None) -> FakeSound:
    assert sound is not None
    return sound


async def test_a_customer_rings_answers_listens_speaks_presses_and_hangs_up(tmp_path: Path) -> None:
    text = scenario(
        '{ring: 2, steps: [{wait: prompt}, {say: "yes {tail}"}, {wait: prompt}, {press: "{tail}#"}, hangup]}'
    )
    async with lab_on_fakes(text, tmp_path) as bench:
        channel = bench.carrier.invite("13800001234", name="Water")
        sound = some(await bench.answered(channel))
        carrier = bench.carrier
        assert carrier.when("POST", "/answer") - carrier.when("POST", "/ring") == pytest.approx(2.0, abs=0.05)
        answered = asyncio.get_running_loop().time()
        sound.speak(1.0, after=0.5)
        await bench.until(lambda: len(sound.played) == 1)
        assert sound.played[0][0] - answered == pytest.approx(0.5 + 1.0 + 0.6, abs=0.1)
        await bench.until(lambda: asyncio.get_running_loop().time() > sound.played[0][0] + 0.6)
        sound.speak(0.5)
        call = await bench.ended(channel)
    assert bench.voice.asked == [("yes 1 2 3 4", "en")]
    assert carrier.did("POST", "/dtmf") == [{"dtmf": "1234#", "duration": "100", "between": "120"}]
    assert carrier.did("DELETE", f"channels/{channel}") == [{"reason_code": "16"}]
    assert (call.dialled, call.caller_id, call.caller_name) == ("13800001234", "01055550100", "Water")
    assert (call.said, call.keys, call.ended_by, call.problems) == (["yes 1 2 3 4"], "1234#", "far_end", [])
    assert call.sip_call_id == f"sip-{channel}"
    assert sound.closed
    assert sound.quiet_s > 1.0
    assert call.recording is not None
    far_end = check_far_end(Path(call.recording))
    assert far_end.heard_seconds == pytest.approx(1.5, abs=0.05)
    assert far_end.said_seconds == pytest.approx(0.5, abs=0.05)
    assert len(carrier.did("DELETE", "")) == 3  # call, media channel, bridge
    assert read_records(bench.lab.files.records) == [call]


@pytest.mark.parametrize(
    ("persona", "asked", "params"),
    [
        ("{reject: busy}", "DELETE", {"reason_code": "17"}),
        ("{reject: 603}", "DELETE", {"reason_code": "16"}),
        ("{reject: 600}", "POST", {"context": "lab-release", "extension": "600", "priority": "1"}),
    ],
)
async def test_a_release_is_sent_once_and_without_an_answer(
    persona: str, asked: str, params: dict[str, str], tmp_path: Path
) -> None:
    async with lab_on_fakes(scenario(persona), tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        call = await bench.ended(channel)
    ending = f"channels/{channel}" if asked == "DELETE" else "/continue"
    assert bench.carrier.did(asked, ending) == [params]
    assert not bench.carrier.did("POST", "/answer")
    assert not bench.carrier.did("POST", "/ring")
    assert call.status_sent == int(
        params.get("extension", {"17": "486", "16": "603"}.get(params.get("reason_code", ""), ""))
    )
    assert call.ended_by == "far_end"


async def test_an_interruption_begins_so_many_seconds_into_the_prompt(tmp_path: Path) -> None:
    text = scenario("{ring: 0, steps: [{interrupt: {after: 1.5, say: stop}}, {wait: prompt}, hangup]}")
    async with lab_on_fakes(text, tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        sound = some(await bench.answered(channel))
        began = asyncio.get_running_loop().time()
        sound.speak(1.7)
        call = await bench.ended(channel)
    # What was still heard while he spoke is no prompt: the wait ends at its limit, and the customer hangs up.
    assert sound.played[0][0] - began == pytest.approx(1.5, abs=0.05)
    assert call.problems == ["waited 60 s in vain"]


async def test_what_is_heard_before_the_answer_is_no_prompt(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: 2, steps: [{wait: prompt}, hangup]}"), tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        await bench.until(lambda: channel in bench.carrier.sounds)
        bench.carrier.sounds[channel].speak(1.0)
        call = await bench.ended(channel)
    assert call.heard_seconds == pytest.approx(1.0, abs=0.05)
    assert call.problems == ["waited 60 s in vain"]


@pytest.mark.parametrize("step", ["prompt", "speech", "{for: prompt, limit: 5}"])
async def test_a_bot_that_says_nothing_is_hung_up_on(step: str, tmp_path: Path) -> None:
    async with lab_on_fakes(scenario(f"{{steps: [{{wait: {step}}}, {{say: hello}}]}}"), tmp_path) as bench:
        call = await bench.ended(bench.carrier.invite(NUMBER))
    assert call.said == []
    assert call.ended_by == "far_end"
    assert call.problems == [f"waited {5 if '5' in step else 60} s in vain"]


async def test_a_caller_who_hangs_up_in_the_middle_ends_everything_at_once(tmp_path: Path) -> None:
    async with lab_on_fakes(
        scenario("{ring: 0, steps: [{say: a long story}, {wait: end}]}"), tmp_path
    ) as bench:
        channel = bench.carrier.invite(NUMBER)
        sound = some(await bench.answered(channel))
        await bench.until(lambda: bool(sound.played))
        await asyncio.sleep(0.2)
        bench.carrier.caller_hangs_up(channel)
        call = await bench.ended(channel)
    assert call.ended_by == "caller"
    assert call.cause_received == 16
    assert 0.1 < call.said_seconds < 0.4
    assert call.recording is not None
    assert check_far_end(Path(call.recording)).said_seconds == pytest.approx(call.said_seconds, abs=0.05)
    assert call.problems == []
    assert sound.closed
    assert not bench.carrier.did("DELETE", f"channels/{channel}")


async def test_a_caller_who_hangs_up_while_it_rings(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: forever}"), tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        await bench.until(lambda: bool(bench.carrier.did("POST", "/ring")))
        bench.carrier.caller_hangs_up(channel)
        call = await bench.ended(channel)
    assert (call.ended_by, call.answered_at, call.recording) == ("caller", None, None)


async def test_a_channel_that_has_left_already_is_no_fault(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: 1, steps: [hangup]}"), tmp_path) as bench:
        bench.carrier.refuse["c1"] = gone("DELETE")
        call = await bench.ended(bench.carrier.invite(NUMBER))
    assert call.problems == []


async def test_silence_is_sent_while_nobody_speaks_and_nothing_on_a_broken_voice_path(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: 0, patience: 10}"), tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        sound = some(await bench.answered(channel))
        await bench.ended(channel)
        assert 10.0 <= sound.quiet_s <= 13.0
    async with lab_on_fakes(scenario("{ring: 0, rtp: none, patience: 10}"), tmp_path / "b") as bench:
        channel = bench.carrier.invite(NUMBER)
        await bench.ended(channel)
        assert not bench.carrier.sounds


@pytest.mark.parametrize("fault", ["open", "external", "arrival", "connection"])
async def test_a_line_that_cannot_be_opened_releases_the_call_and_says_so(fault: str, tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: 1}"), tmp_path) as bench:
        match fault:
            case "open":
                bench.carrier.open_error = TelephonyError("no socket")
            case "external":
                bench.carrier.refuse["channels/externalMedia"] = TelephonyError("no socket")
            case "arrival":
                bench.carrier.media_arrives = False
            case _:
                bench.carrier.refuse["/answer"] = TelephonyError("no answer from the carrier")
        channel = bench.carrier.invite(NUMBER)
        call = await bench.ended(channel)
    assert len(call.problems) == 1
    assert call.ended_by == "lab"
    assert bench.carrier.did("DELETE", f"channels/{channel}") == [{"reason_code": "38"}]


async def test_a_socket_that_goes_while_the_customer_speaks_ends_the_call(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{ring: 0, steps: [{say: hello}]}"), tmp_path) as bench:
        channel = bench.carrier.invite(NUMBER)
        sound = some(await bench.answered(channel))
        await bench.until(lambda: bool(sound.played))
        sound.lose()
        call = await bench.ended(channel)
    assert call.problems == ["the sound was not played out"]


async def test_an_announcement_is_played_before_the_release(tmp_path: Path) -> None:
    folder = tmp_path / "announcements"
    folder.mkdir()
    (folder / "off.wav").write_bytes(wav_bytes(beep_pcm(Beep(440.0, 1.0))))
    text = scenario("{announce: {file: off, times: 3, pause: 0.5}, then: {reject: 480}}")
    async with lab_on_fakes(text, tmp_path / "lab", folder) as bench:
        channel = bench.carrier.invite(NUMBER)
        call = await bench.ended(channel)
    starts = [at for at, _ in bench.carrier.sounds[channel].played]
    assert [b - a for a, b in itertools.pairwise(starts)] == pytest.approx([1.5, 1.5], abs=0.05)
    assert bench.carrier.did("POST", "/progress")
    assert not bench.carrier.did("POST", "/answer")
    assert (call.status_sent, call.cause_sent, call.answered_at) == (480, 19, None)


@pytest.mark.parametrize("content", [None, b"no WAV"])
async def test_an_announcement_that_is_missing_or_no_sound_is_told_before_the_start(
    content: bytes | None, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "off.wav").write_bytes(content)
    with pytest.raises(InputError, match=r"off\.wav: announce of persona it"):
        async with lab_on_fakes(scenario("{announce: off}"), tmp_path / "lab", tmp_path):
            raise AssertionError


async def test_a_language_that_the_voice_cannot_speak_is_told_before_the_start(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="persona it speaks zh"):
        async with lab_on_fakes(scenario("{language: zh, steps: [{say: 您好}]}"), tmp_path):
            raise AssertionError


async def test_a_lab_that_stops_releases_and_records_every_call(tmp_path: Path) -> None:
    text = (
        "personas: {it: {ring: 0}, rings: {ring: 60}}\n"
        'patterns: [{match: "+861380*", persona: it}, {match: "+861390*", persona: rings}]\n'
    )
    async with lab_on_fakes(text, tmp_path) as bench:
        talking, ringing = bench.carrier.invite("13800000001"), bench.carrier.invite("13900000001")
        await bench.answered(talking)
        assert bench.lab.carrier is not None
        assert len(bench.lab.carrier.active) == 2
    calls = read_records(bench.lab.files.records)
    assert [each.ended_by for each in calls] == ["lab", "lab"]
    assert all(each.complete for each in calls)
    for channel in (talking, ringing):
        assert bench.carrier.did("DELETE", f"channels/{channel}") == [{"reason_code": "38"}]
    assert bench.lab.files.csv.read_text().count("lab") >= 2
    await bench.lab.stop()


async def test_calls_of_a_lab_before_this_one_are_released_at_the_start(tmp_path: Path) -> None:
    async with lab_on_fakes("{}", tmp_path) as bench:
        assert not bench.carrier.did("DELETE", "old")
        await bench.lab.stop()
        bench.carrier.channels = [{"id": "old"}, {"id": "older"}, "rubbish"]
        bench.carrier.refuse["older"] = gone("DELETE")
        await bench.lab.start()
        assert bench.carrier.did("DELETE", "old") == [{"reason_code": "38"}]
        assert bench.lab.carrier is not None
        assert bench.lab.carrier.counters.left_over == 2


async def test_events_of_a_wrong_shape_are_counted_and_survived(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{reject: busy}"), tmp_path) as bench:
        emit = bench.carrier.emit
        emit("StasisStart", "x", args=[])
        emit("StasisStart", "x", args="9", channel={})
        emit("StasisStart", "x", args=["9"], channel=7)
        emit("StasisStart", None)
        emit("StasisEnd", "unknown")
        emit("Surprise", "x")
        call = await bench.ended(bench.carrier.invite(NUMBER))
        assert bench.lab.carrier is not None
        assert bench.lab.carrier.counters.strange_events == 3
    assert call.call == 1


async def test_more_calls_than_the_network_has_room_for_are_refused_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ari_app.lab.carrier, "MOST_CALLS", 1)
    async with lab_on_fakes(scenario("{ring: 0}"), tmp_path) as bench:
        bench.carrier.invite(NUMBER)
        second = await bench.ended(bench.carrier.invite(NUMBER))
        assert bench.lab.carrier is not None
        assert bench.lab.carrier.counters.refused == 1
    assert second.ended_by == "lab"
    assert second.answered_at is None


async def test_a_call_that_cannot_be_noted_is_not_let_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with lab_on_fakes(scenario("{ring: 0}"), tmp_path) as bench:
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            channel = bench.carrier.invite(NUMBER)
            await bench.until(lambda: len(bench.told) == 2)
        assert bench.carrier.did("DELETE", f"channels/{channel}") == [{"reason_code": "38"}]
        assert not bench.carrier.did("POST", "/answer")


async def test_a_number_of_the_silent_trunk_that_comes_to_the_carrier_is_told(tmp_path: Path) -> None:
    async with lab_on_fakes(scenario("{black_hole: true}"), tmp_path) as bench:
        call = await bench.ended(bench.carrier.invite(NUMBER))
    assert call.problems == ["this number belongs on the trunk that never replies"]


async def test_a_number_that_nobody_has_is_unallocated(tmp_path: Path) -> None:
    async with lab_on_fakes("{}", tmp_path) as bench:
        call = await bench.ended(bench.carrier.invite("123&Local/9@x"))
    assert (call.persona, call.status_sent) == ("unallocated", 404)


async def test_a_watcher_that_fails_ends_no_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab_on_fakes(scenario("{reject: busy}"), tmp_path) as bench:
        assert bench.lab.carrier is not None

        def fails(_: object) -> None:
            raise RuntimeError("the table is too narrow")

        monkeypatch.setattr(bench.lab.carrier, "_on_change", fails)
        bench.carrier.invite(NUMBER)
        await bench.until(lambda: any(each.complete for each in bench.lab.records()))


async def test_a_csv_view_that_cannot_be_written_does_not_keep_the_lab_from_stopping(tmp_path: Path) -> None:
    async with lab_on_fakes("{}", tmp_path) as bench:
        bench.lab.files.csv.mkdir()
    assert bench.lab.files.csv.is_dir()
