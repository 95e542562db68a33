"""The media socket of a call against a far end that sends odd sizes, floods, stalls and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
import uvloop

from ari_app.asterisk import media_socket
from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.media import QUEUE_FRAMES, ChanWebsocketMedia, MediaMetrics
from ari_app.asterisk.playout import CHUNK_FRAMES, FRAME_BYTES, WINDOW_FRAMES
from ari_app.errors import MediaClosed, TelephonyError
from ari_app.ports import MediaEvent, MediaFrame, MediaKey, MediaMark, MediaStarted
from tests.support.fake_ari import FakeMediaPeer, fake_ari
from tests.support.tcp_proxy import tcp_proxy
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

    async def next_mark(self) -> MediaEvent:
        """The next event that is no MediaStarted."""
        while isinstance(event := await self.next(), MediaStarted):
            pass
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


def test_waiting_for_no_time_at_all_works_on_the_loop_that_production_runs() -> None:
    """uvloop's timers without a delay are another kind of handle, and it counts in whole milliseconds."""

    async def wait() -> None:
        async with fake_ari() as server:
            media = await ChanWebsocketMedia.open(server.settings, "m1")
            await server.until(lambda: "m1" in server.media)
            for timeout_s in (0.0, -1.0, 0.0004, 0.0016, 0.0):
                assert await media.receive(timeout_s) is None
                assert await media.listen(timeout_s, Ear(patience=0.0)) is None
            listening = asyncio.create_task(media.listen(10.0, Ear(patience=0.0)))
            await asyncio.sleep(0)
            server.media["m1"].socket.transport.write(frame(FRAME) * 3)
            assert await listening is None
            assert media.frames_received == 3
            assert media.connected
            await media.close()

    uvloop.run(wait())


async def test_one_who_waits_can_be_woken_and_the_next_wait_is_a_whole_one(bench: Bench) -> None:
    bench.media.wake()
    waiting = asyncio.create_task(bench.media.receive(10))
    await asyncio.sleep(0)
    bench.media.wake()
    bench.media.wake()
    assert await waiting is None
    await bench.peer.socket.send(FRAME)
    assert isinstance(await bench.next(), MediaFrame)


async def test_a_short_wait_after_a_long_one_is_short(bench: Bench) -> None:
    await bench.peer.socket.send(FRAME)
    assert isinstance(await bench.media.receive(1_000), MediaFrame), "leaves a timer that rings late"
    assert await bench.media.receive(0.01) is None
    assert await bench.media.receive(0.02) is None


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


# --- listening -----------------------------------------------------------------------------------


class Ear:
    """Takes frames; says ``patience`` until it has had ``enough``."""

    def __init__(self, enough: int = 1_000_000, patience: float = 10.0) -> None:
        self.frames: list[bytes] = []
        self._enough, self._patience = enough, patience

    def __call__(self, pcm: bytes, at: float) -> float:
        self.frames.append(pcm)
        return self._patience if len(self.frames) < self._enough else -1.0


async def test_frames_are_heard_as_they_come_and_other_events_return(bench: Bench) -> None:
    ear = Ear()
    await bench.peer.socket.send(FRAME)
    await until(lambda: bench.media.frames_received == 1)
    listening = asyncio.create_task(bench.media.listen(10, ear))
    for _ in range(3):
        await bench.peer.socket.send(FRAME)
    await until(lambda: len(ear.frames) == 4)
    assert not listening.done()
    bench.media.push_key("5")
    await bench.peer.socket.send(FRAME[::-1])
    assert await listening == MediaKey("5", 42.0)
    await until(lambda: bench.media.frames_received == 5)
    assert len(ear.frames) == 4, "nobody listens now"
    assert await bench.next() == MediaFrame(FRAME[::-1], 42.0), "what came meanwhile waits"


async def test_one_who_has_heard_enough_goes_on_and_the_rest_waits_in_order(bench: Bench) -> None:
    ear = Ear(enough=2)
    listening = asyncio.create_task(bench.media.listen(10, ear))
    await asyncio.sleep(0)
    raw(bench, b"".join(frame(bytes([number]) * FRAME_BYTES) for number in range(5)))
    assert await listening is None
    assert len(ear.frames) == 2
    bench.media.push_key("1")
    later = Ear()
    assert await bench.media.listen(10, later) == MediaKey("1", 42.0)
    assert [each[0] for each in ear.frames + later.frames] == list(range(5))


async def test_one_who_has_heard_enough_of_what_waited_goes_on_at_once(bench: Bench) -> None:
    raw(bench, frame(FRAME) * 3)
    await until(lambda: bench.media.frames_received == 3)
    assert await bench.media.listen(10, Ear(enough=2)) is None
    assert isinstance(await bench.next(), MediaFrame)
    assert bench.media._queued_frames == 0


async def test_each_frame_says_how_long_the_next_is_waited_for(bench: Bench) -> None:
    ear = Ear(patience=0.01)
    listening = asyncio.create_task(bench.media.listen(1_000, ear))
    await asyncio.sleep(0)
    await bench.peer.socket.send(FRAME)
    assert await listening is None
    assert len(ear.frames) == 1


async def test_a_listener_is_woken_told_of_the_end_and_gets_his_own_errors(bench: Bench) -> None:
    class Fault(Exception):
        pass

    def fail(pcm: bytes, at: float) -> float:
        raise Fault

    listening = asyncio.create_task(bench.media.listen(10, Ear()))
    await asyncio.sleep(0)
    bench.media.wake()
    assert await listening is None
    listening = asyncio.create_task(bench.media.listen(10, fail))
    await bench.peer.socket.send(FRAME)
    with pytest.raises(Fault):
        await listening
    listening = asyncio.create_task(bench.media.listen(10, Ear()))
    await asyncio.sleep(0)
    await bench.media.close()
    with pytest.raises(MediaClosed):
        await listening


# --- to Asterisk ---------------------------------------------------------------------------------


async def test_sound_is_padded_to_whole_frames_and_marked(bench: Bench) -> None:
    await bench.media.play(b"\1\2" * 400, "greeting")
    assert await bench.next_mark() == MediaMark("greeting", 42.0)
    assert bytes(bench.peer.sound) == b"\1\2" * 400 + bytes(480)


async def test_empty_sound_is_marked_behind_what_was_queued_before(bench: Bench) -> None:
    await bench.media.play(FRAME, "first")
    await bench.media.play(b"", "second")
    assert [await bench.next() for _ in range(3)] == [
        MediaStarted("first", 42.0),
        MediaMark("first", 42.0),
        MediaMark("second", 42.0),
    ]


async def test_long_sound_never_fills_asterisks_queue(bench: Bench) -> None:
    bench.peer.answer_marks = False
    frames = WINDOW_FRAMES * 3
    await bench.media.play(FRAME * frames, "long")
    await bench.peer.until(lambda: len(bench.peer.held_marks) > 0)
    await bench.peer.play_out(1)  # the mark before the first frame
    played = 0
    while played < frames:
        await bench.peer.until(lambda: len(bench.peer.held_marks) > 0)
        assert len(bench.peer.sound) // FRAME_BYTES - played < WINDOW_FRAMES + CHUNK_FRAMES
        await bench.peer.play_out(1)
        played += CHUNK_FRAMES
    assert await bench.next_mark() == MediaMark("long", 42.0)
    assert len(bench.peer.sound) == frames * FRAME_BYTES
    assert max(bench.peer.messages) < 60_000


async def test_sound_waits_while_asterisk_says_xoff(bench: Bench) -> None:
    await bench.peer.event("MEDIA_XOFF")
    await until(lambda: bench.metrics.xoff == 1)
    await bench.media.play(FRAME, "m")
    assert await bench.media.receive(0.02) is None
    assert not bench.peer.sound
    await bench.peer.event("MEDIA_XON")
    assert await bench.next_mark() == MediaMark("m", 42.0)


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
    assert await bench.next_mark() == MediaMark("next", 42.0)
    assert len(bench.peer.sound) == sent + FRAME_BYTES


async def test_the_mark_of_a_flushed_prompt_does_not_come_with_the_next_one(bench: Bench) -> None:
    bench.peer.answer_marks = False
    await bench.media.play(FRAME, "interrupted")
    await bench.peer.until(lambda: len(bench.peer.held_marks) == 2)
    await bench.media.flush()
    bench.peer.answer_marks = True
    await bench.media.play(FRAME, "next")
    assert await bench.next_mark() == MediaMark("next", 42.0)


async def test_the_start_is_told_when_the_first_frame_leaves_and_the_end_when_the_last_is_over(
    bench: Bench,
) -> None:
    bench.peer.answer_marks = False
    await bench.media.play(FRAME, "first")
    await bench.media.play(FRAME * 3, "second")
    await bench.peer.until(lambda: len(bench.peer.held_marks) == 4)
    assert bench.peer.order == ["mark", 640, "mark", "mark", 3 * 640, "mark"]
    told = []
    for _ in range(4):
        await bench.peer.play_out(1)
        told.append(await bench.next())
    assert told == [
        MediaStarted("first", 42.0),
        MediaMark("first", 42.0),
        MediaStarted("second", 42.0),
        MediaMark("second", 42.0),
    ]


async def test_the_start_of_a_flushed_prompt_does_not_come_either(bench: Bench) -> None:
    bench.peer.answer_marks = False
    await bench.media.play(FRAME, "one")
    await bench.media.play(FRAME, "two")
    await bench.peer.until(lambda: len(bench.peer.held_marks) == 4)
    stale = list(bench.peer.held_marks)
    await bench.media.flush()
    await bench.peer.until(lambda: not bench.peer.held_marks)
    for mark_id in stale:
        await bench.peer.event("MEDIA_MARK_PROCESSED", correlation_id=mark_id)
    bench.peer.answer_marks = True
    await bench.media.play(FRAME, "three")
    assert [await bench.next(), await bench.next()] == [MediaStarted("three", 42.0), MediaMark("three", 42.0)]


async def test_a_flush_ends_an_xoff_for_the_queue_is_empty_then(bench: Bench) -> None:
    await bench.peer.event("MEDIA_XOFF")
    await until(lambda: bench.metrics.xoff == 1)
    await bench.media.flush()
    await bench.media.play(FRAME, "m")
    assert await bench.next_mark() == MediaMark("m", 42.0)


async def test_an_odd_number_of_bytes_is_no_sound(bench: Bench) -> None:
    with pytest.raises(ValueError, match="even"):
        await bench.media.play(b"\0" * 641, "m")


async def test_more_than_ten_minutes_may_not_wait(bench: Bench) -> None:
    with pytest.raises(TelephonyError, match="ten minutes"):
        await bench.media.play(b"\0" * (32_000 * 601), "m")
    await bench.media.play(FRAME, "m")
    assert await bench.next_mark() == MediaMark("m", 42.0)


# --- odd frames ----------------------------------------------------------------------------------


def frame(data: bytes, first: int = 0x82) -> bytes:
    """One frame as a server sends it (RFC 6455, 5.2)."""
    if len(data) < 126:
        return bytes([first, len(data)]) + data
    return bytes([first, 126]) + len(data).to_bytes(2, "big") + data


def raw(bench: Bench, *parts: bytes) -> None:
    """Bytes on the wire, behind the back of the server's protocol machine."""
    for part in parts:
        bench.peer.socket.transport.write(part)


@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5, 643, 644, 645, 646, 700, 1287])
async def test_frames_cut_anywhere_by_the_network_are_whole_again(bench: Bench, cut: int) -> None:
    wire = frame(FRAME) + frame(FRAME[::-1])
    raw(bench, wire[:cut])
    await asyncio.sleep(0.01)  # lets the parts arrive apart; what is asserted does not hang on it
    raw(bench, wire[cut:])
    assert [await bench.next(), await bench.next()] == [
        MediaFrame(FRAME, 42.0),
        MediaFrame(FRAME[::-1], 42.0),
    ]


async def test_sound_text_and_pings_in_one_packet_keep_their_order(bench: Bench) -> None:
    mark = b'{"event":"NEW"}'
    raw(bench, frame(FRAME) + frame(b"p", 0x89) + frame(mark, 0x81) + frame(FRAME))
    assert [await bench.next(), await bench.next()] == [MediaFrame(FRAME, 42.0)] * 2
    assert bench.metrics.odd_messages == 1


async def test_a_message_in_fragments_is_one_message(bench: Bench) -> None:
    raw(bench, frame(FRAME[:300], 0x02), frame(b"", 0x89), frame(FRAME[300:], 0x80), frame(FRAME))
    assert [await bench.next(), await bench.next()] == [MediaFrame(FRAME, 42.0)] * 2


@pytest.mark.parametrize(
    "wire",
    [
        b"\x82\x7f" + (1 << 40).to_bytes(8, "big"),  # a terabyte is announced
        bytes([0x82, 0xFE]) + (640).to_bytes(2, "big") + b"mask" + FRAME,  # a server does not mask
        frame(FRAME, 0xC2),  # a reserved bit
        frame(FRAME, 0x83),  # an opcode of the future
        frame(FRAME[:100], 0x02) + frame(FRAME),  # a message within a message
        frame(FRAME, 0x80),  # the end of nothing
        frame(b"\x03\xe8", 0x88),  # a close frame
    ],
    ids=["too_long", "masked", "reserved", "opcode", "nested", "continuation", "close"],
)
async def test_what_breaks_the_protocol_ends_the_socket(bench: Bench, wire: bytes) -> None:
    raw(bench, wire)
    with pytest.raises(MediaClosed):
        await bench.media.receive(10)
    assert bench.metrics.lost == 1


async def test_a_socket_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_socket, "PING_S", 0.05)
    async with fake_ari() as server, tcp_proxy(int(server.settings.url.rpartition(":")[2])) as proxy:
        settings = replace(server.settings, url=f"http://127.0.0.1:{proxy.port}")
        media = await ChanWebsocketMedia.open(settings, "m1")
        await server.until(lambda: "m1" in server.media)
        proxy.stall()
        with pytest.raises(MediaClosed):
            await media.receive(10)
        await media.close()


async def test_a_quiet_socket_that_answers_pings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_socket, "PING_S", 0.01)
    async with fake_ari() as server:
        media = await ChanWebsocketMedia.open(server.settings, "m1")
        assert await media.receive(0.2) is None
        assert media.connected
        await media.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"220 mail\r\n\r\n",
        b"x" * 70_000,
    ],
    ids=["nothing", "404", "200", "no_accept", "mail", "endless"],
)
async def test_a_server_that_is_no_media_socket(answer: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await reader.read(100)
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = AriSettings(f"http://127.0.0.1:{port}", "bot", "x", "ari-app")
    with pytest.raises(TelephonyError, match="could not be opened"):
        await ChanWebsocketMedia.open(settings, "m1", timeout_s=2)
    server.close()
    await server.wait_closed()


async def test_a_socket_that_cannot_be_opened() -> None:
    async with fake_ari() as server:
        settings = server.settings
    with pytest.raises(TelephonyError, match="could not be opened"):
        await ChanWebsocketMedia.open(settings, "m1", timeout_s=1)
