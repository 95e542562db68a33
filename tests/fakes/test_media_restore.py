"""A media socket that ends while the call goes on: a new one takes its place, or the sound ends in bounded time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ari_app.asterisk import media_leg
from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.call_leg import AsteriskCallLeg
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.asterisk.telephony import AsteriskTelephony
from ari_app.errors import MediaClosed
from ari_app.ports import MediaFrame, MediaMark, MediaRestored, MediaStarted
from tests.support.fake_ari import FakeAri, FakeChannel, FakeMediaPeer, fake_ari
from tests.support.until import until

pytestmark = pytest.mark.fakes

FRAME = bytes(640)


class Call:
    """A call with sound, and the server's side of it."""

    def __init__(self, server: FakeAri, telephony: AsteriskTelephony, leg: AsteriskCallLeg) -> None:
        self.server, self.telephony, self.leg = server, telephony, leg

    @property
    def media(self) -> ChanWebsocketMedia:
        assert self.leg.media is not None
        return self.leg.media

    def peer(self, name: str = "c1-media") -> FakeMediaPeer:
        return self.server.media[name]

    async def cut(self, name: str = "c1-media") -> None:
        self.peer(name).socket.transport.abort()
        self.server.channels.pop(name, None)  # Asterisk ends the channel whose socket has gone

    async def restored(self, name: str = "c1-media2") -> None:
        """Wait until the call has its sound again, over the media channel of this name."""
        while not isinstance(await self.media.receive(10), MediaRestored):
            pass
        await self.peer(name).socket.send(FRAME)
        while not isinstance(await self.media.receive(10), MediaFrame):
            pass


@asynccontextmanager
async def call_with_sound() -> AsyncIterator[Call]:
    async with fake_ari() as server:
        ari = AriConnection(server.settings, backoff_s=0.01, jitter=lambda: 0.0)
        telephony = AsteriskTelephony(ari)
        await ari.start()
        leg = telephony.call("c1")
        try:
            await leg.prepare(endpoint="PJSIP/1@trunk", caller_id="1", caller_name="", with_media=True)
            yield Call(server, telephony, leg)
        finally:
            await leg.release()
            await telephony.close()
            await ari.close()


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    async with call_with_sound() as call:
        yield call


async def test_a_new_media_channel_joins_the_bridge_and_the_old_one_is_removed(call: Call) -> None:
    before = len(call.server.uris())
    await call.cut()
    await call.restored()
    await call.server.until(lambda: "DELETE channels/c1-media" in call.server.uris())
    asked = call.server.uris()[before:]
    assert sorted(asked) == [
        "DELETE channels/c1-media",
        "POST bridges/c1-bridge/addChannel",
        "POST channels/externalMedia",
    ]
    assert call.server.bridges == {"c1-bridge": ["c1-media2"]}, "the fake keeps what joined last"
    assert call.telephony.media_metrics.restored == call.telephony.media_metrics.lost == 1
    await call.leg.release()
    assert call.server.channels == {}
    assert call.server.bridges == {}


async def test_what_was_queued_before_is_never_played_and_what_comes_after_is(call: Call) -> None:
    refusals = iter([500])
    call.server.refuse = lambda asked: next(refusals, None) if asked.uri == "channels/externalMedia" else None
    call.peer().answer_marks = False
    await call.media.play(FRAME * 2_000, "lost")
    await call.cut()
    await until(lambda: not call.media.connected)
    await call.media.play(FRAME, "lost as well")
    await call.restored("c1-media3")
    await call.media.play(FRAME, "heard")
    told = [await call.media.receive(10) for _ in range(2)]
    assert [(type(each), each.name) for each in told if isinstance(each, MediaStarted | MediaMark)] == [
        (MediaStarted, "heard"),
        (MediaMark, "heard"),
    ]
    assert len(call.peer("c1-media3").sound) == len(FRAME)


async def test_the_consumer_goes_on_with_its_clock_meanwhile(call: Call) -> None:
    call.server.mute = lambda asked: asked.uri == "channels/externalMedia"
    await call.cut()
    await until(lambda: not call.media.connected)
    assert await call.media.receive(0.01) is None
    await call.media.flush()


async def test_a_first_try_that_fails_is_followed_by_a_second(call: Call) -> None:
    refusals = iter([500])
    call.server.refuse = lambda asked: next(refusals, None) if asked.uri == "channels/externalMedia" else None
    await call.cut()
    await call.restored("c1-media3")
    await call.leg.release()
    assert call.server.channels == {}


async def test_a_new_channel_that_cannot_join_is_removed_and_replaced(call: Call) -> None:
    refusals = iter([422])
    call.server.refuse = lambda asked: next(refusals, None) if asked.uri.endswith("addChannel") else None
    await call.cut()
    await call.restored("c1-media3")
    await until(lambda: "c1-media2" not in call.server.channels)


async def test_after_two_tries_the_sound_has_ended(call: Call) -> None:
    call.server.refuse = lambda asked: 500 if asked.uri == "channels/externalMedia" else None
    await call.cut()
    with pytest.raises(MediaClosed):
        await call.media.receive(10)
    assert call.server.uris().count("POST channels/externalMedia") == 1 + media_leg.RESTORE_TRIES
    with pytest.raises(MediaClosed):
        await call.media.play(FRAME, "x")
    assert call.telephony.media_metrics.restored == 0


async def test_a_request_that_is_not_answered_is_not_waited_for(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_leg, "RESTORE_S", 0.05)
    call.server.mute = lambda asked: asked.uri == "channels/externalMedia"
    await call.cut()
    with pytest.raises(MediaClosed):
        await call.media.receive(10)


async def test_a_channel_that_never_enters_the_application_is_not_waited_for(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_leg, "RESTORE_S", 0.2)
    call.server.hold_stasis = {"c1-media2", "c1-media3"}
    await call.cut()
    with pytest.raises(MediaClosed):
        await call.media.receive(10)
    await call.leg.release()
    assert call.server.channels == {}


async def test_sound_comes_back_when_asterisk_was_away_for_a_moment(call: Call) -> None:
    await call.server.cut()
    await call.cut()
    await call.restored(next(iter(await _names(call))))


async def _names(call: Call) -> list[str]:
    """The newest media channel: how many were asked for meanwhile depends on the reconnect."""
    await call.server.until(lambda: len(call.server.media) == 2)
    return [name for name in call.server.media if name != "c1-media"]


async def test_nothing_is_restored_for_a_call_that_is_over(call: Call) -> None:
    await call.server.destroy("c1", cause=16)
    while (await call.leg.next_event()).kind.value != "destroyed":
        pass
    await call.cut()
    with pytest.raises(MediaClosed):
        await call.media.receive(10)
    assert call.server.uris().count("POST channels/externalMedia") == 1


async def test_a_release_in_the_middle_leaves_nothing_behind(call: Call) -> None:
    call.server.hold_stasis = {"c1-media2"}
    await call.cut()
    await call.server.until(lambda: "c1-media2" in call.server.media)
    await call.leg.release()
    assert call.server.channels == {}
    assert call.server.bridges == {}
    with pytest.raises(MediaClosed):
        await call.media.receive(10)


async def test_a_socket_that_breaks_again_and_again_is_given_up(call: Call) -> None:
    name = "c1-media"
    for number in range(media_leg.MOST_RESTORED):
        await call.cut(name)
        name = f"c1-media{number + 2}"
        await call.restored(name)
    await call.cut(name)
    with pytest.raises(MediaClosed):
        await call.media.receive(10)


async def test_who_waits_for_sound_is_not_told_of_a_socket_that_was_replaced(call: Call) -> None:
    waiting = asyncio.create_task(call.media.receive(10))
    await asyncio.sleep(0)
    await call.cut()
    assert isinstance(await waiting, MediaRestored)


async def test_a_media_channel_that_outlived_its_call_is_found_and_released(call: Call) -> None:
    call.server.channels["old-media3"] = FakeChannel("old-media3")
    call.server.channels["elsewhere-media2"] = FakeChannel("elsewhere-media2", app="other")
    assert await call.telephony.live_calls() == {"c1", "old"}
    await call.telephony.hang_up_orphan("old")
    assert sorted(call.server.channels) == ["c1", "c1-media", "elsewhere-media2"]
