"""Calls over a fake ARI: what is asked of Asterisk, in which order, and what is done when it goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from ari_app.asterisk import telephony
from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import RequestRefused, TelephonyError
from ari_app.ports import MediaKey
from tests.support.fake_ari import FakeAri, FakeChannel, fake_ari
from tests.support.until import until

pytestmark = pytest.mark.fakes

ENDPOINT = "PJSIP/13800000000@trunk"


@dataclass(slots=True)
class Bench:
    server: FakeAri
    ari: AriConnection
    telephony: AsteriskTelephony

    async def prepared(self, call_id: str = "c1", *, with_media: bool = False) -> AsteriskCallLeg:
        leg = self.telephony.call(call_id)
        await leg.prepare(endpoint=ENDPOINT, caller_id="075512345", caller_name="", with_media=with_media)
        return leg

    async def dialled(self, call_id: str = "c1", *, with_media: bool = False) -> AsteriskCallLeg:
        leg = await self.prepared(call_id, with_media=with_media)
        await leg.dial(30)
        return leg

    async def settled(self) -> None:
        """Everything that the server sent so far has been read."""
        await self.ari.request("GET", "asterisk/info")

    async def reconnected(self) -> None:
        """Wait until a cut connection is back and the calls are reconciled."""
        done = asyncio.Event()
        self.telephony.on_reconnect(done.set)
        async with asyncio.timeout(10):
            await done.wait()


@asynccontextmanager
async def bench_of(setup_timeout_s: float = 5.0) -> AsyncIterator[Bench]:
    async with fake_ari() as server:
        ari = AriConnection(server.settings, backoff_s=0.01, jitter=lambda: 0.0)
        telephony = AsteriskTelephony(ari, setup_timeout_s=setup_timeout_s, max_call_s=123)
        await ari.start()
        try:
            yield Bench(server, ari, telephony)
        finally:
            await telephony.close()
            await ari.close()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_of() as bench:
        yield bench


def kinds(events: list[Event]) -> list[EventKind]:
    return [event.kind for event in events]


async def events_until(leg: AsteriskCallLeg, last: EventKind) -> list[Event]:
    found: list[Event] = []
    async with asyncio.timeout(10):
        while not found or found[-1].kind is not last:
            found.append(await leg.next_event())
    return found


# --- preparing and dialling ----------------------------------------------------------------------


async def test_preparing_creates_joins_and_sends_no_invite(bench: Bench) -> None:
    leg = await bench.prepared(with_media=True)
    assert bench.server.uris() == [
        "POST channels/create",
        "POST channels/externalMedia",
        "POST bridges",
        "POST bridges/c1-bridge/addChannel",
    ]
    assert bench.server.bridges == {"c1-bridge": ["c1", "c1-media"]}
    assert leg.media is not None
    await leg.release()


async def test_a_probe_has_one_channel_and_no_sound(bench: Bench) -> None:
    leg = await bench.prepared(with_media=False)
    assert bench.server.uris() == ["POST channels/create"]
    assert leg.media is None
    await leg.release()


async def test_the_caller_id_and_the_emergency_brake_are_channel_variables(bench: Bench) -> None:
    leg = bench.telephony.call("c1")
    await leg.prepare(
        endpoint=ENDPOINT, caller_id="+8675512345", caller_name='Bank "X"\r\nEvil: 1', with_media=False
    )
    body = next(asked.body for asked in bench.server.asked if asked.uri == "channels/create")
    assert body == {
        "variables": {
            "TIMEOUT(absolute)": "123",
            "CALLERID(num)": "+8675512345",
            "CALLERID(name)": "Bank X Evil: 1",
            "CONNECTEDLINE(num,i)": "+8675512345",
            "CONNECTEDLINE(name,i)": "Bank X Evil: 1",
        }
    }
    await leg.release()


async def test_the_bridge_waits_until_both_channels_are_in_the_application(bench: Bench) -> None:
    bench.server.hold_stasis = {"c1"}
    leg = bench.telephony.call("c1")
    preparing = asyncio.create_task(
        leg.prepare(endpoint=ENDPOINT, caller_id="1", caller_name="", with_media=True)
    )
    await bench.server.until(lambda: "c1-media" in bench.server.media)
    await bench.settled()
    assert "POST bridges/c1-bridge/addChannel" not in bench.server.uris()
    await bench.server.emit("StasisStart", "c1", args=[])
    await preparing
    assert bench.server.uris()[-1] == "POST bridges/c1-bridge/addChannel"
    await leg.release()


async def test_a_channel_that_never_enters_fails_the_preparation_and_is_released() -> None:
    async with bench_of(setup_timeout_s=0.05) as bench:
        bench.server.hold_stasis = {"c1"}
        with pytest.raises(TelephonyError, match="never handed it"):
            await bench.prepared(with_media=True)
        leg = bench.telephony._legs["c1"]
        await leg.release()
        assert bench.server.channels == {}
        assert bench.server.bridges == {}
        assert bench.telephony.call_metrics.prepare_failed == 1


async def test_a_channel_that_ends_while_it_is_prepared_fails_the_preparation(bench: Bench) -> None:
    bench.server.hold_stasis = {"c1"}
    leg = bench.telephony.call("c1")
    preparing = asyncio.create_task(
        leg.prepare(endpoint=ENDPOINT, caller_id="1", caller_name="", with_media=False)
    )
    await bench.server.until(lambda: "c1" in bench.server.channels)
    await bench.server.destroy("c1", cause=38)
    with pytest.raises(TelephonyError, match="ended while"):
        await preparing
    assert kinds(await events_until(leg, EventKind.DESTROYED)) == [EventKind.DESTROYED]
    await leg.release()


async def test_an_id_that_asterisk_has_already_is_refused(bench: Bench) -> None:
    bench.server.refuse = lambda asked: 409 if asked.uri == "channels/create" else None
    with pytest.raises(RequestRefused, match="409"):
        await bench.prepared(with_media=True)
    await bench.telephony._legs["c1"].release()
    assert bench.server.channels == {}
    assert bench.server.bridges == {}


@pytest.mark.parametrize(
    ("endpoint", "caller_id"),
    [
        ("PJSIP/1@trunk&Local/9@evil", "1"),
        ("Local/9@x/n", "1"),
        ("../x", "1"),
        ("PJSIP/1\r\n@trunk", "1"),
        ("PJSIP/" + "1" * 10_000 + "@trunk", "1"),
        ("", "1"),
        (ENDPOINT, "1>;evil=1"),
        (ENDPOINT, "sip:1@x"),
        (ENDPOINT, "1\n2"),
        (ENDPOINT, "1" * 33),
    ],
)
async def test_hostile_endpoints_and_caller_ids_are_refused_before_anything_is_asked(
    bench: Bench, endpoint: str, caller_id: str
) -> None:
    leg = bench.telephony.call("c1")
    with pytest.raises(ValueError, match="not a"):
        await leg.prepare(endpoint=endpoint, caller_id=caller_id, caller_name="", with_media=True)
    await leg.release()
    assert bench.server.uris() == []


async def test_the_invite_is_asked_for_once(bench: Bench) -> None:
    leg = await bench.prepared()
    await leg.dial(29.2)
    with pytest.raises(RuntimeError, match="once"):
        await leg.dial(29.2)
    dials = [asked for asked in bench.server.asked if asked.uri == "channels/c1/dial"]
    assert [asked.params for asked in dials] == [{"timeout": "30"}]
    await leg.release()


async def test_a_refused_dial_is_told(bench: Bench) -> None:
    leg = await bench.prepared()
    bench.server.refuse = lambda asked: 409 if asked.uri.endswith("/dial") else None
    with pytest.raises(RequestRefused, match="409"):
        await leg.dial(30)
    await leg.release()


async def test_a_dial_without_a_connection_is_a_refusal_because_nothing_was_sent(bench: Bench) -> None:
    leg = await bench.prepared()
    await bench.ari.close()
    with pytest.raises(RequestRefused, match="nothing was sent"):
        await leg.dial(30)
    assert "POST channels/c1/dial" not in bench.server.uris()
    await leg.release()


async def test_a_dial_whose_answer_is_lost_may_have_left_and_is_not_repeated(bench: Bench) -> None:
    leg = await bench.prepared()
    bench.server.mute = lambda asked: asked.uri.endswith("/dial")
    dialling = asyncio.create_task(leg.dial(30))
    await bench.server.until(lambda: "POST channels/c1/dial" in bench.server.uris())
    await bench.server.cut()
    await dialling
    await bench.reconnected()
    assert bench.telephony.call_metrics.dial_unknown == 1
    assert bench.server.uris().count("POST channels/c1/dial") == 1
    await leg.release()


# --- events --------------------------------------------------------------------------------------


async def test_the_way_of_an_answered_call(bench: Bench) -> None:
    leg = await bench.dialled()
    server = bench.server
    await server.emit("Dial", "c1", dialstatus="")
    await server.emit("Dial", "c1", dialstatus="PROGRESS")
    await server.emit("Dial", "c1", dialstatus="RINGING")
    server.channels["c1"].state = "Ringing"
    await server.emit("ChannelStateChange", "c1")
    server.channels["c1"].state = "Up"
    await server.emit("ChannelStateChange", "c1")
    await server.emit("Dial", "c1", dialstatus="ANSWER")
    await server.destroy("c1", cause=16, cause_txt="Normal Clearing", tech_cause=0)
    events = await events_until(leg, EventKind.DESTROYED)
    assert kinds(events) == [
        EventKind.PROGRESS,
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.DESTROYED,
    ]
    assert (events[-1].q850_cause, events[-1].sip_status) == (16, None)
    await leg.release()


@pytest.mark.parametrize(
    ("cause", "tech_cause", "wanted"),
    [
        (17, 486, (17, 486)),
        (0, 603, (None, 603)),
        ("17", "486", (None, None)),
        (True, -1, (None, None)),
        (None, 503, (None, 503)),
    ],
)
async def test_the_causes_of_a_release(
    bench: Bench, cause: object, tech_cause: object, wanted: tuple[int | None, int | None]
) -> None:
    leg = await bench.dialled()
    await bench.server.destroy("c1", cause=cause, tech_cause=tech_cause)
    event = (await events_until(leg, EventKind.DESTROYED))[-1]
    assert (event.q850_cause, event.sip_status) == wanted
    await leg.release()


async def test_repeated_events_are_told_once_and_nothing_follows_the_end(bench: Bench) -> None:
    leg = await bench.dialled()
    bench.server.channels["c1"].state = "Up"
    for _ in range(3):
        await bench.server.emit("Dial", "c1", dialstatus="RINGING")
        await bench.server.emit("ChannelStateChange", "c1")
    await bench.server.emit("ChannelDestroyed", "c1", cause=16)
    await bench.server.emit("ChannelDestroyed", "c1", cause=17)
    await bench.server.emit("ChannelStateChange", "c1")
    await bench.settled()
    assert kinds([await leg.next_event() for _ in range(3)]) == [
        EventKind.RINGING,
        EventKind.ANSWERED,
        EventKind.DESTROYED,
    ]
    waiting = asyncio.create_task(leg.next_event())
    await bench.settled()
    assert not waiting.done()
    waiting.cancel()
    await leg.release()


async def test_nothing_of_before_the_answer_comes_after_it(bench: Bench) -> None:
    leg = await bench.dialled()
    await bench.server.emit("Dial", "c1", dialstatus="ANSWER")
    await bench.server.emit("Dial", "c1", dialstatus="RINGING")
    await bench.server.emit("Dial", "c1", dialstatus="PROGRESS")
    await bench.settled()
    assert kinds(list(leg._events)) == [EventKind.ANSWERED]
    await leg.release()


async def test_events_of_other_channels_are_not_this_calls(bench: Bench) -> None:
    leg = await bench.dialled()
    await bench.server.emit("ChannelDestroyed", "c2", cause=16)
    await bench.server.emit("ChannelDestroyed", "c1-media", cause=16)
    await bench.server.emit("Dial", "c1", dialstatus="RINGING")
    assert kinds(await events_until(leg, EventKind.RINGING)) == [EventKind.RINGING]
    await leg.release()


async def test_keys_come_in_the_stream_of_the_sound(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    assert leg.media is not None
    for digit in ("1", "d", "#", "12", "", "x"):
        await bench.server.emit("ChannelDtmfReceived", "c1", digit=digit, duration_ms=100)
    await bench.settled()
    pressed = [await leg.media.receive(5) for _ in range(3)]
    assert [key.digit for key in pressed if isinstance(key, MediaKey)] == ["1", "D", "#"]
    assert bench.ari.metrics.malformed == 3
    await leg.release()


async def test_malformed_events_are_counted_and_survived(bench: Bench) -> None:
    leg = await bench.dialled()
    await bench.server.send_raw('{"type":"ChannelStateChange","channel":{"id":"c1"}}')
    await bench.server.send_raw('{"type":"Dial","peer":{"id":"c1"}}')
    await bench.server.send_raw('{"type":"ChannelDestroyed","channel":["c1"]}')
    await bench.server.emit("Dial", "c1", dialstatus="RINGING")
    assert kinds(await events_until(leg, EventKind.RINGING)) == [EventKind.RINGING]
    assert bench.ari.metrics.malformed == 2
    await leg.release()


async def test_a_network_that_repeats_itself_fills_no_queue(bench: Bench) -> None:
    leg = await bench.dialled()
    bench.server.channels["c1"].state = "Up"
    for _ in range(500):
        await bench.server.emit("Dial", "c1", dialstatus="PROGRESS")
        await bench.server.emit("Dial", "c1", dialstatus="RINGING")
    await bench.server.emit("ChannelStateChange", "c1")
    await bench.server.emit("Dial", "c1", dialstatus="PROGRESS")
    await bench.settled()
    assert kinds(list(leg._events)) == [EventKind.PROGRESS, EventKind.RINGING, EventKind.ANSWERED]
    await leg.release()


# --- ending --------------------------------------------------------------------------------------


async def test_hanging_up_a_channel_that_is_gone_is_success(bench: Bench) -> None:
    leg = await bench.dialled()
    del bench.server.channels["c1"]
    await leg.hang_up()
    await leg.release()
    await bench.settled()
    assert bench.server.uris().count("DELETE channels/c1") == 2
    assert bench.telephony.call_metrics.deferred_releases == 0


async def test_releasing_twice_asks_once_and_leaves_nothing(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    await leg.release()
    asked = list(bench.server.uris())
    await leg.release()
    assert bench.server.uris() == asked
    assert bench.server.channels == {}
    assert bench.server.bridges == {}
    assert bench.telephony._legs == {}


async def test_a_call_that_waits_for_events_is_woken_by_its_release(bench: Bench) -> None:
    leg = await bench.prepared()
    waiting = asyncio.create_task(leg.next_event())
    await bench.settled()
    bench.server.mute = lambda asked: True
    bench.ari._request_timeout_s = 0.02
    await leg.release()
    assert (await waiting).kind is EventKind.GONE
    bench.server.mute = lambda asked: False
    await bench.server.until(lambda: "c1" not in bench.server.channels)


async def test_what_could_not_be_released_is_released_after_the_reconnect(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    await bench.server.cut()
    await leg.hang_up()
    await leg.release()
    await until(lambda: bench.telephony.call_metrics.deferred_releases == 3)
    assert bench.server.channels == {}
    assert bench.server.bridges == {}


async def test_a_release_that_asterisk_refuses_is_not_asked_for_ever(bench: Bench) -> None:
    leg = await bench.dialled()
    bench.server.refuse = lambda asked: 500 if asked.method == "DELETE" else None
    await leg.release()
    await bench.server.until(lambda: bench.server.uris().count("DELETE channels/c1") == 2)
    await bench.settled()
    assert bench.server.uris().count("DELETE channels/c1") == 2


# --- reconciliation ------------------------------------------------------------------------------


async def test_after_a_reconnect_each_call_is_what_asterisk_says(bench: Bench) -> None:
    legs = {name: await bench.dialled(name) for name in ("gone", "up", "ringing", "same")}
    bench.server.channels.pop("gone")
    bench.server.channels["up"].state = "Up"
    bench.server.channels["ringing"].state = "Ringing"
    await bench.server.cut()
    await bench.reconnected()
    assert (await legs["gone"].next_event()).kind is EventKind.GONE
    assert (await legs["up"].next_event()).kind is EventKind.ANSWERED
    assert (await legs["ringing"].next_event()).kind is EventKind.RINGING
    await bench.server.destroy("same", cause=17, tech_cause=486)
    assert (await legs["same"].next_event()).sip_status == 486
    for leg in legs.values():
        await leg.release()


async def test_a_call_is_reconciled_before_others_are_told_of_the_reconnect(bench: Bench) -> None:
    leg = await bench.dialled()
    bench.server.channels.pop("c1")
    queued: list[int] = []
    bench.telephony.on_reconnect(lambda: queued.append(len(leg._events)))
    await bench.server.cut()
    await bench.reconnected()
    assert queued == [1]
    await leg.release()


async def test_a_list_of_channels_that_fails_once_is_asked_for_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telephony, "COMPARE_RETRY_S", 0.01)
    leg = await bench.dialled()
    bench.server.channels.pop("c1")
    refusals = iter([500, 500])
    bench.server.refuse = lambda asked: next(refusals, None) if asked.uri == "channels" else None
    await bench.server.cut()
    await bench.reconnected()
    assert (await leg.next_event()).kind is EventKind.GONE
    await leg.release()


async def test_a_call_that_was_not_created_yet_is_not_taken_for_gone(bench: Bench) -> None:
    leg = bench.telephony.call("c1")
    await bench.server.cut()
    await bench.reconnected()
    assert not leg._events
    await leg.prepare(endpoint=ENDPOINT, caller_id="1", caller_name="", with_media=False)
    await leg.release()


async def test_a_call_begun_after_the_reconnect_is_not_taken_for_gone(bench: Bench) -> None:
    await bench.server.cut()
    await bench.server.until(lambda: bench.server.online)
    await until(lambda: bench.telephony.connected)
    leg = await bench.dialled("fresh")
    await bench.settled()
    await bench.server.emit("Dial", "fresh", dialstatus="RINGING")
    assert (await leg.next_event()).kind is EventKind.RINGING
    await leg.release()


async def test_all_calls_end_when_another_controller_takes_over(bench: Bench) -> None:
    leg = await bench.dialled()
    await bench.server.emit("ApplicationReplaced")
    event = await leg.next_event()
    assert (event.kind, event.text) == (EventKind.GONE, "another controller took over")
    await leg.release()


async def test_live_calls_are_the_customers_channels_of_this_application(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    bench.server.channels["somebody-elses"] = FakeChannel("somebody-elses", app="other")
    assert await bench.telephony.live_calls() == {"c1"}
    del bench.server.channels["somebody-elses"]
    await leg.release()


async def test_an_orphan_is_released_with_everything_that_belongs_to_it(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    bench.telephony.unregister("c1")
    await bench.telephony.hang_up_orphan("c1")
    assert bench.server.channels == {}
    assert bench.server.bridges == {}
    await bench.telephony.hang_up_orphan("c1")
    with pytest.raises(ValueError, match="not a call id"):
        await bench.telephony.hang_up_orphan("../bridges/x")
    await leg.release()


async def test_a_bridge_that_is_being_dissolved_is_released_already(bench: Bench) -> None:
    leg = await bench.dialled(with_media=True)
    bench.server.refuse = lambda asked: (
        409 if (asked.method, asked.uri[:8]) == ("DELETE", "bridges/") else None
    )
    await bench.telephony.hang_up_orphan("c1")
    await leg.release()
    assert bench.telephony._left_over == {}
    bench.server.refuse = lambda asked: 409 if asked.method == "DELETE" else None
    with pytest.raises(RequestRefused):
        await bench.telephony.hang_up_orphan("c1")


@pytest.mark.parametrize(
    "call_id", ["", "a/b", "a b", "a%2f", "x" * 65, "c1-media", "c1-media2", "c1-bridge", "é"]
)
async def test_ids_that_a_path_cannot_carry_are_refused(bench: Bench, call_id: str) -> None:
    with pytest.raises(ValueError, match="not a call id"):
        bench.telephony.call(call_id)


async def test_an_id_is_registered_once(bench: Bench) -> None:
    leg = bench.telephony.call("c1")
    with pytest.raises(ValueError, match="already"):
        bench.telephony.call("c1")
    await leg.release()
    await bench.telephony.call("c1").release()


async def test_a_call_released_after_the_end_of_the_telephony_starts_no_task(bench: Bench) -> None:
    leg = await bench.dialled()
    bench.server.mute = lambda asked: asked.method == "DELETE"
    bench.ari._request_timeout_s = 0.02
    await bench.telephony.close()
    await leg.release()
    assert bench.telephony._task is None
