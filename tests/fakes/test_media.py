"""The media socket of a call against a far end that sends odd sizes, floods, stalls and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from ari_app.asterisk.media import (
    CHUNK_FRAMES,
    FRAME_BYTES,
    QUEUE_FRAMES,
    WINDOW_FRAMES,
    ChanWebsocketMedia,
    MediaMetrics,
)
from ari_app.errors import MediaClosed, TelephonyError
from ari_app.ports import MediaEvent, MediaFrame, MediaKey, MediaMark
from tests.support.fake_ari import FakeMediaPeer, fake_ari
from tests.support.until import until

pytestmark = pytest.mark.fakes

FRAME = bytes(range(256)) * 2 + bytes(128)


@dataclass(slots=True)
class Bench:
    media: ChanWebsocketMedia
    peer: FakeMediaPeer
    metrics: MediaMetrics

    async def next(self) -> MediaEvent:
        event = await self.media.receive(10)
        assert event is not None
        return event


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with fake_ari() as server:
        metrics = MediaMetrics()
        media = await ChanWebsocketMedia.open(server.settings, "m1", metrics=metrics, clock=lambda: 42.0)
        await server.until(lambda: "m1" in server.media)
        try:
            yield Bench(media, server.media["m1"], metrics)
        finally:
            await media.close()


# --- from Asterisk -------------------------------------------------------------------------------


async def test_frames_arrive_with_their_time(bench: Bench) -> None:
    await bench.peer.socket.send(FRAME)
    assert await bench.next() == MediaFrame(FRAME, 42.0)
    assert bench.media.frames_received == 1


async def test_nothing_in_time_is_none(bench: Bench) -> None:
    assert await bench.media.receive(0.001) is None
    await bench.peer.socket.send(FRAME)
    assert isinstance(await bench.next(), MediaFrame)


@pytest.mark.parametrize("sizes", [[320, 320, 640], [1280], [1, 639, 640], [641, 639], [1000, 280], [1920]])
async def test_odd_sizes_are_cut_into_whole_frames(bench: Bench, sizes: list[int]) -> None:
    sound = bytes(index % 251 for index in range(sum(sizes)))
    start = 0
    for size in sizes:
        await bench.peer.socket.send(sound[start : start + size])
        start += size
    received = b""
    for _ in range(len(sound) // FRAME_BYTES):
        frame = await bench.next()
        assert isinstance(frame, MediaFrame)
        assert len(frame.pcm) == FRAME_BYTES
        received += frame.pcm
    assert received == sound


async def test_a_slow_consumer_loses_the_oldest_frames_and_no_key_and_no_mark(bench: Bench) -> None:
    bench.media.push_key("1")
    await bench.media.play(b"", "mark")
    await until(lambda: len(bench.media._queue) == 2)
    extra = 30
    for number in range(QUEUE_FRAMES + extra):
        await bench.peer.socket.send(number.to_bytes(2, "big") * (FRAME_BYTES // 2))
        if number == 50:
            await until(lambda: bench.media.frames_received == 51)
            bench.media.push_key("2")
    await until(lambda: bench.media.frames_received == QUEUE_FRAMES + extra)
    assert bench.media.frames_dropped == extra
    assert bench.metrics.frames_dropped == extra
    events = [await bench.next() for _ in range(QUEUE_FRAMES + 3)]
    assert [event.digit for event in events if isinstance(event, MediaKey)] == ["1", "2"]
    assert [event.name for event in events if isinstance(event, MediaMark)] == ["mark"]
    frames = [int.from_bytes(event.pcm[:2], "big") for event in events if isinstance(event, MediaFrame)]
    assert frames == list(range(extra, QUEUE_FRAMES + extra))
    assert events.index(MediaKey("2", 42.0)) == 2 + (51 - extra), "the key lost its place among the frames"


@pytest.mark.parametrize(
    "text",
    ["", "MEDIA_XOFF", "[]", "7", '{"event": 3}', '{"event": "BRAND_NEW"}', '{"ev', "[" * 60_000],
    ids=lambda value: value[:12],
)
async def test_odd_control_messages_are_counted_and_survived(bench: Bench, text: str) -> None:
    await bench.peer.socket.send(text)
    await bench.peer.socket.send(FRAME)
    assert isinstance(await bench.next(), MediaFrame)
    assert bench.metrics.odd_messages == 1


async def test_a_mark_that_was_never_set_is_ignored(bench: Bench) -> None:
    for mark_id in ("99", "", None, 7, ["1"]):
        await bench.peer.event("MEDIA_MARK_PROCESSED", correlation_id=mark_id)
    await bench.peer.socket.send(FRAME)
    assert isinstance(await bench.next(), MediaFrame)


async def test_the_end_of_the_socket_comes_after_what_was_received(bench: Bench) -> None:
    await bench.peer.socket.send(FRAME)
    await until(lambda: bench.media.frames_received == 1)
    bench.peer.socket.transport.abort()
    assert isinstance(await bench.next(), MediaFrame)
    with pytest.raises(MediaClosed):
        await bench.media.receive(10)
    with pytest.raises(MediaClosed):
        await bench.media.play(FRAME, "m")
    await bench.media.flush()
    assert bench.metrics.lost == 1


async def test_who_waits_is_told_when_the_socket_is_closed_here(bench: Bench) -> None:
    waiting = asyncio.create_task(bench.media.receive(10))
    await asyncio.sleep(0)
    await bench.media.close()
    with pytest.raises(MediaClosed):
        await waiting
    await bench.media.close()
    assert bench.metrics.lost == 0


# --- to Asterisk ---------------------------------------------------------------------------------


async def test_sound_is_padded_to_whole_frames_and_marked(bench: Bench) -> None:
    await bench.media.play(b"\1\2" * 400, "greeting")
    assert await bench.next() == MediaMark("greeting", 42.0)
    assert bytes(bench.peer.sound) == b"\1\2" * 400 + bytes(480)


async def test_empty_sound_is_marked_behind_what_was_queued_before(bench: Bench) -> None:
    await bench.media.play(FRAME, "first")
    await bench.media.play(b"", "second")
    assert [await bench.next(), await bench.next()] == [MediaMark("first", 42.0), MediaMark("second", 42.0)]


async def test_long_sound_never_fills_asterisks_queue(bench: Bench) -> None:
    bench.peer.answer_marks = False
    frames = WINDOW_FRAMES * 3
    await bench.media.play(FRAME * frames, "long")
    played = 0
    while played < frames:
        await bench.peer.until(lambda: len(bench.peer.held_marks) > 0)
        assert len(bench.peer.sound) // FRAME_BYTES - played < WINDOW_FRAMES + CHUNK_FRAMES
        await bench.peer.play_out(1)
        played += CHUNK_FRAMES
    assert await bench.next() == MediaMark("long", 42.0)
    assert len(bench.peer.sound) == frames * FRAME_BYTES
    assert max(bench.peer.messages) < 60_000


async def test_sound_waits_while_asterisk_says_xoff(bench: Bench) -> None:
    await bench.peer.event("MEDIA_XOFF")
    await until(lambda: bench.metrics.xoff == 1)
    await bench.media.play(FRAME, "m")
    assert await bench.media.receive(0.02) is None
    assert not bench.peer.sound
    await bench.peer.event("MEDIA_XON")
    assert await bench.next() == MediaMark("m", 42.0)


async def test_a_flush_forgets_what_was_queued_and_its_marks_never_come(bench: Bench) -> None:
    bench.peer.answer_marks = False
    await bench.media.play(FRAME * WINDOW_FRAMES * 2, "interrupted")
    await bench.peer.until(lambda: len(bench.peer.sound) >= WINDOW_FRAMES * FRAME_BYTES)
    stale = list(bench.peer.held_marks)
    await bench.media.flush()
    await bench.peer.until(lambda: {"command": "FLUSH_MEDIA"} in bench.peer.commands)
    sent = len(bench.peer.sound)
    bench.peer.answer_marks = True
    await bench.media.play(FRAME, "next")
    for mark_id in stale:
        await bench.peer.event("MEDIA_MARK_PROCESSED", correlation_id=mark_id)
    assert await bench.next() == MediaMark("next", 42.0)
    assert len(bench.peer.sound) == sent + FRAME_BYTES


async def test_the_mark_of_a_flushed_prompt_does_not_come_with_the_next_one(bench: Bench) -> None:
    bench.peer.answer_marks = False
    await bench.media.play(FRAME, "interrupted")
    await bench.peer.until(lambda: len(bench.peer.held_marks) == 1)
    await bench.media.flush()
    bench.peer.answer_marks = True
    await bench.media.play(FRAME, "next")
    assert await bench.next() == MediaMark("next", 42.0)


async def test_a_flush_ends_an_xoff_for_the_queue_is_empty_then(bench: Bench) -> None:
    await bench.peer.event("MEDIA_XOFF")
    await until(lambda: bench.metrics.xoff == 1)
    await bench.media.flush()
    await bench.media.play(FRAME, "m")
    assert await bench.next() == MediaMark("m", 42.0)


async def test_an_odd_number_of_bytes_is_no_sound(bench: Bench) -> None:
    with pytest.raises(ValueError, match="even"):
        await bench.media.play(b"\0" * 641, "m")


async def test_more_than_ten_minutes_may_not_wait(bench: Bench) -> None:
    with pytest.raises(TelephonyError, match="ten minutes"):
        await bench.media.play(b"\0" * (32_000 * 601), "m")
    await bench.media.play(FRAME, "m")
    assert await bench.next() == MediaMark("m", 42.0)


async def test_a_socket_that_cannot_be_opened() -> None:
    async with fake_ari() as server:
        settings = server.settings
    with pytest.raises(TelephonyError, match="could not be opened"):
        await ChanWebsocketMedia.open(settings, "m1", timeout_s=1)
