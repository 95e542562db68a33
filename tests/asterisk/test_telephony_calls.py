"""Calls through a real Asterisk over real SIP and RTP to a scripted far end."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from ari_app.asterisk.binary import AsteriskMissing, find_asterisk
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.asterisk.playout import FRAME_BYTES, WINDOW_FRAMES
from ari_app.asterisk.trunks import reload_module, trunk_contacts, trunk_registrations
from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import MediaClosed, RequestRefused, TelephonyError
from ari_app.ports import MediaFrame, MediaKey, MediaMark, MediaStream
from tests.support.far_end import Bench, Pair, Subscriber, bench, start_pair
from tests.support.tcp_proxy import tcp_proxy
from tests.support.until import until, until_asked

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(90)]

TONE_HZ = 1000.0


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    running = start_pair(tmp_path_factory.mktemp("telephony"))
    yield running
    running.stop()


@pytest.fixture
async def pbx(pair: Pair) -> AsyncIterator[Bench]:
    async with bench(pair) as running:
        yield running


# --- far ends ------------------------------------------------------------------------------------


async def answers_and_sounds(call: Subscriber) -> None:
    await call.do("answer")
    await call.sound(TONE_HZ)


async def answers_silently(call: Subscriber) -> None:
    await call.do("answer")


async def rings(call: Subscriber) -> None:
    await call.do("ring")


async def sounds_before_the_answer(call: Subscriber) -> None:
    await call.do("progress")
    await call.sound(TONE_HZ)


async def answers_and_presses(call: Subscriber) -> None:
    await call.do("answer")
    await call.do("dtmf", dtmf="159#", before="200", between="80", duration="80")


# --- helpers -------------------------------------------------------------------------------------


@asynccontextmanager
async def call(
    pbx: Bench, number: str, *, with_media: bool = True, dial: bool = True
) -> AsyncIterator[AsteriskCallLeg]:
    leg = pbx.telephony.call(f"att-{uuid.uuid4().hex[:12]}")
    try:
        await leg.prepare(
            endpoint=f"PJSIP/{number}@trunk",
            caller_id="+8675588886666",
            caller_name='ACME "Bank" <x>',
            with_media=with_media,
        )
        if dial:
            await leg.dial(30)
        yield leg
    finally:
        await leg.release()


async def event_of(leg: AsteriskCallLeg, kind: EventKind) -> Event:
    async with asyncio.timeout(20):
        while True:
            event = await leg.next_event()
            if event.kind is kind:
                return event
            assert event.kind not in (EventKind.DESTROYED, EventKind.GONE), f"ended before {kind}"


async def frames_of(leg: AsteriskCallLeg, count: int) -> list[MediaFrame]:
    assert leg.media is not None
    frames: list[MediaFrame] = []
    async with asyncio.timeout(20):
        while len(frames) < count:
            event = await leg.media.receive(1.0)
            if isinstance(event, MediaFrame):
                frames.append(event)
    return frames


async def drain(media: MediaStream) -> None:
    """Read until the socket ends, which raises."""
    while True:
        await media.receive(20.0)


def loudest_hz(frames: list[MediaFrame]) -> float:
    samples = np.frombuffer(b"".join(frame.pcm for frame in frames), dtype="<i2").astype(float)
    return float(np.fft.rfftfreq(len(samples), 1 / 16000)[np.argmax(np.abs(np.fft.rfft(samples))[1:]) + 1])


def tone(seconds: float, hertz: float = 440.0) -> bytes:
    moments = np.arange(int(16000 * seconds)) / 16000
    return np.asarray(np.sin(2 * np.pi * hertz * moments) * 8000, dtype="<i2").tobytes()


async def nothing_left(pbx: Bench) -> None:
    """No channel and no bridge of ours is left on the PBX."""

    async def empty() -> bool:
        return not any([(await pbx.ari.request("GET", what)).body for what in ("channels", "bridges")])

    await until_asked(empty)


# --- sound ---------------------------------------------------------------------------------------


async def test_sound_of_before_the_answer_reaches_the_media_socket(pbx: Bench) -> None:
    pbx.far.scripts["100"] = sounds_before_the_answer
    async with call(pbx, "100") as leg:
        await event_of(leg, EventKind.PROGRESS)
        frames = await frames_of(leg, 50)
        assert all(len(frame.pcm) == FRAME_BYTES for frame in frames)
        assert loudest_hz(frames[10:]) == pytest.approx(TONE_HZ, rel=0.02)
        await pbx.far.calls[0].silence()
        await pbx.far.calls[0].do("answer")
        await event_of(leg, EventKind.ANSWERED)
    await nothing_left(pbx)


async def test_what_is_played_is_heard_and_its_mark_comes_after_its_length(pbx: Bench) -> None:
    pbx.far.scripts["101"] = answers_and_sounds
    async with call(pbx, "101") as leg:
        await event_of(leg, EventKind.ANSWERED)
        assert leg.media is not None
        await leg.media.play(tone(0.5), "first")
        await leg.media.play(tone(0.25), "second")
        marks: dict[str, int] = {}
        frames = 0
        async with asyncio.timeout(20):
            while len(marks) < 2:
                event = await leg.media.receive(1.0)
                if isinstance(event, MediaMark):
                    marks[event.name] = frames
                elif isinstance(event, MediaFrame):
                    frames += 1
        assert list(marks) == ["first", "second"]
        # Frames of the far end are the clock: 25 and 37 of them, give or take what the trunk's start took.
        assert marks["second"] - marks["first"] == pytest.approx(12.5, abs=6)


async def test_a_flush_stops_playout_and_the_next_prompt_is_heard(pbx: Bench) -> None:
    pbx.far.scripts["102"] = answers_and_sounds
    async with call(pbx, "102") as leg:
        await event_of(leg, EventKind.ANSWERED)
        assert leg.media is not None
        await leg.media.play(tone(30), "interrupted")
        await frames_of(leg, 10)
        await leg.media.flush()
        await leg.media.play(tone(0.1), "next")
        frames = 0
        async with asyncio.timeout(20):
            while not isinstance(event := await leg.media.receive(1.0), MediaMark):
                frames += isinstance(event, MediaFrame)
        assert event.name == "next"
        assert frames < 50, "the interrupted prompt was played on"


async def test_a_long_prompt_given_at_once_does_not_fill_asterisks_queue(pbx: Bench) -> None:
    """Asterisk queues 20 s, says XOFF at 18 s and drops what comes beyond: the window must hold the rest back."""
    pbx.far.scripts["103"] = answers_and_sounds
    async with call(pbx, "103") as leg:
        await event_of(leg, EventKind.ANSWERED)
        assert leg.media is not None
        await leg.media.play(tone(60), "long")
        await frames_of(leg, 100)
        assert leg.media.playout.out_frames >= WINDOW_FRAMES
        assert pbx.telephony.media_metrics.xoff == 0
        await leg.media.flush()


async def test_keys_arrive_in_order(pbx: Bench) -> None:
    pbx.far.scripts["104"] = answers_and_presses
    async with call(pbx, "104") as leg:
        await event_of(leg, EventKind.ANSWERED)
        assert leg.media is not None
        keys = ""
        async with asyncio.timeout(20):
            while len(keys) < 4:
                event = await leg.media.receive(1.0)
                if isinstance(event, MediaKey):
                    keys += event.digit
        assert keys == "159#"


# --- signalling ----------------------------------------------------------------------------------


@pytest.mark.parametrize("with_media", [False, True])
async def test_the_far_end_sees_our_caller_id_and_a_harmless_name(pbx: Bench, with_media: bool) -> None:
    pbx.far.scripts["110"] = rings
    async with call(pbx, "110", with_media=with_media) as leg:
        await event_of(leg, EventKind.RINGING)
        seen = pbx.far.calls[0]
        assert (seen.caller_number, seen.caller_name) == ("+8675588886666", "ACME Bank x")


@pytest.mark.parametrize(
    ("status", "cause"), [(486, 17), (404, 1), (603, 21), (503, None), (480, None), (410, None)]
)
async def test_how_a_call_was_refused(pbx: Bench, status: int, cause: int | None) -> None:
    async def rejects(subscriber: Subscriber) -> None:
        await subscriber.reject(status)

    pbx.far.scripts["111"] = rejects
    async with call(pbx, "111") as leg:
        end = await event_of(leg, EventKind.DESTROYED)
    assert end.sip_status == status
    if cause is not None:
        assert end.q850_cause == cause
    await nothing_left(pbx)


async def test_the_far_end_hangs_up(pbx: Bench) -> None:
    pbx.far.scripts["112"] = answers_silently
    async with call(pbx, "112") as leg:
        await event_of(leg, EventKind.ANSWERED)
        await pbx.far.calls[0].hang_up()
        end = await event_of(leg, EventKind.DESTROYED)
        assert end.q850_cause == 16
    await nothing_left(pbx)


async def test_hanging_up_ends_the_call_everywhere(pbx: Bench) -> None:
    pbx.far.scripts["113"] = answers_silently
    async with call(pbx, "113") as leg:
        await event_of(leg, EventKind.ANSWERED)
        await leg.hang_up()
        await event_of(leg, EventKind.DESTROYED)
        await leg.hang_up()
    await nothing_left(pbx)

    async def idle() -> bool:
        return not (await pbx.far.ari.request("GET", "channels")).body

    await until_asked(idle)


async def test_ringing_longer_than_allowed_is_ended_by_asterisk(pbx: Bench) -> None:
    pbx.far.scripts["114"] = rings
    async with call(pbx, "114", with_media=False, dial=False) as leg:
        await leg.dial(1)
        await event_of(leg, EventKind.DESTROYED)


async def test_no_one_is_left_on_the_line_by_a_controller_that_died(pair: Pair) -> None:
    async with bench(pair) as pbx:
        pbx.far.scripts["115"] = answers_silently
        pbx.telephony.max_call_s = 1
        async with call(pbx, "115") as leg:
            await event_of(leg, EventKind.ANSWERED)
            await event_of(leg, EventKind.DESTROYED)


async def test_a_prepared_call_sends_no_invite(pbx: Bench) -> None:
    async with call(pbx, "116", dial=False) as leg:
        assert await pbx.telephony.live_calls() == {leg.call_id}
    assert pbx.far.calls == []
    await nothing_left(pbx)
    assert await pbx.telephony.live_calls() == frozenset()


async def test_an_endpoint_that_does_not_exist_is_refused(pbx: Bench) -> None:
    leg = pbx.telephony.call("att-nowhere")
    with pytest.raises(RequestRefused):
        await leg.prepare(endpoint="PJSIP/1@nowhere", caller_id="1", caller_name="", with_media=True)
    await leg.release()
    await nothing_left(pbx)


async def test_twenty_calls_at_once_are_all_prepared(pbx: Bench) -> None:
    pbx.far.scripts["117"] = answers_and_sounds

    async def one() -> None:
        async with call(pbx, "117") as leg:
            await event_of(leg, EventKind.ANSWERED)
            await frames_of(leg, 5)

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(one())
    assert pbx.telephony.call_metrics.prepare_failed == 0
    await nothing_left(pbx)


# --- recording -----------------------------------------------------------------------------------


async def test_a_recording_has_both_sides_apart(pbx: Bench) -> None:
    pbx.far.scripts["120"] = answers_and_sounds
    async with call(pbx, "120", dial=False) as leg:
        await leg.start_recording(f"recordings/{leg.call_id}.wav")
        await leg.dial(30)
        await event_of(leg, EventKind.ANSWERED)
        await frames_of(leg, 25)
        assert leg.media is not None
        await leg.media.play(tone(0.5), "spoken")
        await frames_of(leg, 50)
    check = await pbx.recorder.finish(leg.call_id)
    assert check is not None
    assert check.path == str(pbx.recorder.path(leg.call_id))
    assert check.customer_seconds > 1.0
    assert 0.3 < check.bot_seconds < 0.8
    assert check.seconds >= check.customer_seconds
    folder = pbx.pair.pbx.recordings_dir
    assert [path.name for path in folder.glob(f"{leg.call_id}*")] == [f"{leg.call_id}.wav"]


async def test_a_call_without_sound_has_no_recording(pbx: Bench) -> None:
    async def rejects(subscriber: Subscriber) -> None:
        await subscriber.reject(486)

    pbx.far.scripts["121"] = rejects
    async with call(pbx, "121", dial=False) as leg:
        await leg.start_recording(leg.call_id)
        await leg.dial(30)
        await event_of(leg, EventKind.DESTROYED)
    assert await pbx.recorder.finish(leg.call_id) is None
    assert list(pbx.pair.pbx.recordings_dir.glob(f"{leg.call_id}*")) == []


async def test_a_channel_that_is_not_there_cannot_be_recorded(pbx: Bench) -> None:
    with pytest.raises(RequestRefused, match="No such channel"):
        await pbx.recorder.start("nobody", "att-1")


async def test_state_of_the_trunk_and_reload(pbx: Bench) -> None:
    async def reachable() -> bool:
        return [contact.status for contact in await trunk_contacts(pbx.ami, "trunk")] == ["Reachable"]

    await until_asked(reachable)
    assert await trunk_registrations(pbx.ami) == {}
    await reload_module(pbx.ami, "pbx_config")


# --- lost connections ----------------------------------------------------------------------------


async def test_calls_survive_a_lost_ari_connection_and_are_reconciled(pair: Pair) -> None:
    async with (
        tcp_proxy(pair.pbx.ports.http) as proxy,
        bench(pair, url=f"http://127.0.0.1:{proxy.port}") as pbx,
    ):
        for number, script in (("130", rings), ("131", rings), ("132", rings), ("133", rings)):
            pbx.far.scripts[number] = script
        legs = {
            number: pbx.telephony.call(f"att-{uuid.uuid4().hex[:12]}")
            for number in ("130", "131", "132", "133")
        }
        for number, leg in legs.items():
            await leg.prepare(
                endpoint=f"PJSIP/{number}@trunk", caller_id="1", caller_name="", with_media=False
            )
            await leg.dial(60)
            await event_of(leg, EventKind.RINGING)
        answered, refused, released, steady = pbx.far.calls
        back = asyncio.Event()
        pbx.telephony.on_reconnect(back.set)

        proxy.cut()
        await until(lambda: not pbx.telephony.connected)
        await answered.do("answer")
        await refused.hang_up()
        await legs["132"].hang_up()
        await asyncio.sleep(0)
        proxy.mend()
        async with asyncio.timeout(20):
            await back.wait()

        await event_of(legs["130"], EventKind.ANSWERED)
        await event_of(legs["131"], EventKind.GONE)
        await event_of(legs["132"], EventKind.DESTROYED)
        await steady.do("answer")
        await event_of(legs["133"], EventKind.ANSWERED)
        assert released.channel_id
        assert await pbx.telephony.live_calls() == {legs["130"].call_id, legs["133"].call_id}
        for leg in legs.values():
            await leg.release()
        await nothing_left(pbx)


async def test_orphans_of_a_controller_that_died_are_found_and_released(pair: Pair) -> None:
    async with bench(pair) as pbx:
        pbx.far.scripts["134"] = answers_silently
        leg = pbx.telephony.call("att-orphan")
        await leg.prepare(endpoint="PJSIP/134@trunk", caller_id="1", caller_name="", with_media=True)
        await leg.dial(30)
        await event_of(leg, EventKind.ANSWERED)
    async with bench(pair) as pbx:
        assert await pbx.telephony.live_calls() == {"att-orphan"}
        await pbx.telephony.hang_up_orphan("att-orphan")
        await pbx.telephony.hang_up_orphan("att-orphan")
        await nothing_left(pbx)


async def test_a_second_controller_takes_the_application_over(pair: Pair) -> None:
    async with bench(pair) as first:
        first.far.scripts["135"] = rings
        async with call(first, "135", with_media=False) as leg:
            await event_of(leg, EventKind.RINGING)
            async with bench(pair) as second:
                assert (await leg.next_event()).kind is EventKind.GONE
                assert not first.telephony.connected
                await second.telephony.hang_up_orphan(leg.call_id)


async def test_when_asterisk_is_killed_every_call_is_gone_and_the_next_works(tmp_path: Path) -> None:
    try:
        find_asterisk()
    except AsteriskMissing as error:
        pytest.fail(str(error))
    pair = await asyncio.to_thread(start_pair, tmp_path)
    try:
        async with bench(pair) as pbx:
            pbx.far.scripts["140"] = answers_and_sounds
            async with call(pbx, "140", dial=False) as leg:
                await leg.start_recording(leg.call_id)
                await leg.dial(30)
                await event_of(leg, EventKind.ANSWERED)
                await frames_of(leg, 5)
                await asyncio.to_thread(pair.pbx.kill)
                assert leg.media is not None
                with pytest.raises(MediaClosed):
                    await drain(leg.media)
                with pytest.raises(TelephonyError):
                    await pbx.ari.request("GET", "channels")
                await pair.pbx.start_async()
                await event_of(leg, EventKind.GONE)
                await until(lambda: pbx.ami.connected, 20)
            async with call(pbx, "140") as leg:
                await event_of(leg, EventKind.ANSWERED)
                await frames_of(leg, 5)
            await nothing_left(pbx)
    finally:
        await asyncio.to_thread(pair.stop)
