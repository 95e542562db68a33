"""The sound of one call over one media WebSocket (``chan_websocket``, JSON control messages, slin16).

Asterisk sends 20 ms frames as binary messages and re-times what it is sent: it queues up to 1,000 frames (20 s) and
ignores what comes beyond. So playout here has a window: sound goes out in chunks of up to a second and a half, each
followed by a mark, and never more than 700 frames are out unmarked. A prompt of any length can be given at once.

Source: the Asterisk documentation of chan_websocket (commands ``MARK_MEDIA``, ``FLUSH_MEDIA``; events
``MEDIA_START``, ``MEDIA_MARK_PROCESSED``, ``MEDIA_XOFF``, ``MEDIA_XON``), tried on 22.10.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from ari_app.asterisk.ari_socket import basic_authorization, reason
from ari_app.asterisk.ari_types import AriSettings
from ari_app.errors import MediaClosed, TelephonyError
from ari_app.ports import MediaEvent, MediaFrame, MediaKey, MediaMark

log = structlog.get_logger(__name__)

FRAME_BYTES = 640
"""20 ms of slin16: 320 samples of 16 bits, little endian, 16 kHz, one channel."""
CHUNK_FRAMES = 75
WINDOW_FRAMES = 700
"""Below the 900 frames at which Asterisk says MEDIA_XOFF, and the 1,000 at which it drops."""
QUEUE_FRAMES = 100
"""Frames (2 s) kept for a slow consumer; the oldest go first and are counted."""
PENDING_BYTES = 600 * 50 * FRAME_BYTES
"""Sound (10 min) that may wait to be sent; more is refused."""
_MAX_MESSAGE = 65_536

_FLUSH = json.dumps({"command": "FLUSH_MEDIA"})


@dataclass(slots=True)
class MediaMetrics:
    """Counters of all media sockets of one telephony adapter."""

    opened: int = 0
    lost: int = 0
    """Sockets that ended before they were closed here."""
    frames_received: int = 0
    frames_dropped: int = 0
    odd_messages: int = 0
    """Messages that are neither sound nor a control event that is known."""
    xoff: int = 0


@dataclass(slots=True)
class _Chunk:
    pcm: bytes = field(repr=False)
    mark: str | None


class ChanWebsocketMedia:
    """One media socket; made by :meth:`open`. Implements :class:`ari_app.ports.MediaStream`."""

    def __init__(self, socket: ClientConnection, metrics: MediaMetrics, clock: Callable[[], float]) -> None:
        self.frames_received = 0
        self.frames_dropped = 0
        self._socket = socket
        self._metrics = metrics
        self._clock = clock
        self._closed = False
        self._closing = False
        self._queue: deque[MediaEvent] = deque()
        self._queued_frames = 0
        self._partial = b""
        self._waiter: asyncio.Future[None] | None = None
        self._chunks: deque[_Chunk] = deque()
        self._pending_bytes = 0
        # Sent and not yet played out: id of its mark, frames, the caller's mark.
        self._out: deque[tuple[str, int, str | None]] = deque()
        self._out_frames = 0
        self._next_mark = 0
        self._xoff = False
        self._may_send = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name="media-reader")
        self._sender = asyncio.create_task(self._send(), name="media-sender")
        metrics.opened += 1

    @classmethod
    async def open(
        cls,
        settings: AriSettings,
        connection_id: str,
        *,
        metrics: MediaMetrics | None = None,
        clock: Callable[[], float] = time.monotonic,
        timeout_s: float = 5.0,
    ) -> ChanWebsocketMedia:
        """Connect to the media socket that ``externalMedia`` named.

        :raises TelephonyError: it cannot be connected.
        """
        try:
            socket = await connect(
                settings.websocket_url(f"/media/{connection_id}"),
                additional_headers=basic_authorization(settings),
                subprotocols=["media"],  # type: ignore[list-item]
                compression=None,
                proxy=None,
                max_queue=256,
                max_size=_MAX_MESSAGE,
                open_timeout=timeout_s,
                ping_interval=20.0,
                ping_timeout=20.0,
                close_timeout=1.0,
            )
        except (OSError, WebSocketException, TimeoutError) as error:
            raise TelephonyError(f"the media socket could not be opened: {reason(error)}") from error
        return cls(socket, metrics or MediaMetrics(), clock)

    # --- from Asterisk --------------------------------------------------------------------------

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        """The next frame, key or mark, in order of arrival; None when nothing came within ``timeout_s`` seconds.

        :raises MediaClosed: the socket has ended and the queue is empty.
        """
        if not self._queue and not self._closed:
            if self._waiter is not None:
                raise RuntimeError("only one consumer may receive from a media stream")
            loop = asyncio.get_running_loop()
            self._waiter = waiter = loop.create_future()
            timer = loop.call_later(timeout_s, _wake, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        if self._queue:
            event = self._queue.popleft()
            if type(event) is MediaFrame:
                self._queued_frames -= 1
            return event
        if self._closed:
            raise MediaClosed("the media socket has ended")
        return None

    def wake(self) -> None:
        """Let a :meth:`receive` that waits return now, with None when nothing has come."""
        if self._waiter is not None:
            _wake(self._waiter)

    def push_key(self, digit: str) -> None:
        """Queue a key (it comes over ARI) behind the frames that came before it."""
        self._put(MediaKey(digit, self._clock()))

    def _put(self, event: MediaEvent) -> None:
        self._queue.append(event)
        if self._waiter is not None:
            _wake(self._waiter)

    def _frame(self, pcm: bytes, at: float) -> None:
        self.frames_received += 1
        self._metrics.frames_received += 1
        if self._queued_frames >= QUEUE_FRAMES:
            self._drop_oldest_frame()
        self._queued_frames += 1
        self._put(MediaFrame(pcm, at))

    def _drop_oldest_frame(self) -> None:
        for place, event in enumerate(self._queue):
            if type(event) is MediaFrame:
                del self._queue[place]
                self._queued_frames -= 1
                self.frames_dropped += 1
                self._metrics.frames_dropped += 1
                return

    def _sound(self, message: bytes) -> None:
        at = self._clock()
        if len(message) == FRAME_BYTES and not self._partial:
            self._frame(message, at)
            return
        data = self._partial + message
        whole = len(data) - len(data) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self._frame(data[start : start + FRAME_BYTES], at)
        self._partial = data[whole:]

    async def _read(self) -> None:
        try:
            while True:
                message = await self._socket.recv()
                if type(message) is bytes:
                    self._sound(message)
                else:
                    self._control(str(message))
        except WebSocketException as error:
            if not self._closing:
                self._metrics.lost += 1
                log.info("a media socket ended", error=str(error))
        finally:
            self._closed = True
            if self._waiter is not None:
                _wake(self._waiter)
            self._may_send.set()

    def _control(self, text: str) -> None:
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            self._metrics.odd_messages += 1
            return
        match event.get("event"):
            case "MEDIA_MARK_PROCESSED":
                self._played_out(event.get("correlation_id"))
            case "MEDIA_XOFF":
                self._xoff = True
                self._metrics.xoff += 1
            case "MEDIA_XON":
                self._xoff = False
                self._may_send.set()
            case "MEDIA_START" | "DTMF_END" | "MEDIA_BUFFERING_COMPLETED" | "QUEUE_DRAINED" | "STATUS":
                pass
            case _:
                self._metrics.odd_messages += 1

    def _played_out(self, mark_id: object) -> None:
        """Marks come in the order in which they were sent; one of before a flush is not known any more."""
        if not any(entry[0] == mark_id for entry in self._out):
            return
        while self._out:
            found, frames, mark = self._out.popleft()
            self._out_frames -= frames
            if mark is not None:
                self._put(MediaMark(mark, self._clock()))
            if found == mark_id:
                break
        self._may_send.set()

    # --- to Asterisk ----------------------------------------------------------------------------

    async def play(self, pcm: bytes, mark: str) -> None:
        """Queue slin16 sound for playout; it is padded with silence to whole frames.

        A :class:`MediaMark` named ``mark`` comes when the last frame has left Asterisk's queue, at once for empty
        sound with nothing before it, and never when :meth:`flush` came first.

        :raises ValueError: an odd number of bytes.
        :raises TelephonyError: more than ten minutes of sound would wait.
        :raises MediaClosed: the socket has ended.
        """
        if len(pcm) % 2:
            raise ValueError("slin16 sound has an even number of bytes")
        if self._closed:
            raise MediaClosed("the media socket has ended")
        if self._pending_bytes + len(pcm) > PENDING_BYTES:
            raise TelephonyError("more than ten minutes of sound are waiting to be played")
        size = CHUNK_FRAMES * FRAME_BYTES
        for start in range(0, len(pcm), size):
            part = pcm[start : start + size]
            last = start + size >= len(pcm)
            padded = part + b"\0" * (-len(part) % FRAME_BYTES) if last else part
            self._chunks.append(_Chunk(padded, mark if last else None))
            self._pending_bytes += len(padded)
        if not pcm:
            self._chunks.append(_Chunk(b"", mark))
        self._may_send.set()

    async def flush(self) -> None:
        """Stop playout within one frame; marks of what is forgotten never come. Harmless on an ended socket."""
        self._chunks.clear()
        self._pending_bytes = 0
        self._out.clear()
        self._out_frames = 0
        self._xoff = False
        if self._closed:
            return
        try:
            await self._socket.send(_FLUSH)
        except WebSocketException:
            pass  # the reader sees the same end and reports it
        self._may_send.set()

    async def _send(self) -> None:
        while not self._closed:
            if not self._chunks or self._xoff or self._out_frames >= WINDOW_FRAMES:
                self._may_send.clear()
                await self._may_send.wait()
                continue
            chunk = self._chunks.popleft()
            self._pending_bytes -= len(chunk.pcm)
            self._next_mark += 1
            mark_id = str(self._next_mark)
            frames = len(chunk.pcm) // FRAME_BYTES
            self._out.append((mark_id, frames, chunk.mark))
            self._out_frames += frames
            try:
                if chunk.pcm:
                    # Written before the first suspension: a flush comes either before it or after it.
                    await self._socket.send(chunk.pcm)
                await self._socket.send(json.dumps({"command": "MARK_MEDIA", "correlation_id": mark_id}))
            except WebSocketException:
                return  # the reader sees the same end and reports it

    async def close(self) -> None:
        """Close the socket; safe to call twice, from several tasks."""
        self._closing = True
        self._closed = True
        self._sender.cancel()
        try:
            await self._socket.close()
        finally:
            self._socket.transport.abort()
            self._reader.cancel()
            await asyncio.wait({self._reader, self._sender})


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
