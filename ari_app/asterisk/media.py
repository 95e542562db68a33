"""The sound of one call over media WebSockets (``chan_websocket``, JSON control messages, slin16).

Asterisk sends 20 ms frames as binary messages, and events as JSON text; what is sent to it is ``playout.py``'s affair.

Source: the Asterisk documentation of chan_websocket (commands ``MARK_MEDIA``, ``FLUSH_MEDIA``; events
``MEDIA_START``, ``MEDIA_MARK_PROCESSED``, ``MEDIA_XOFF``, ``MEDIA_XON``), tried on 22.10.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from ari_app.asterisk.ari_types import AriSettings
from ari_app.asterisk.media_socket import MediaSocket
from ari_app.asterisk.playout import FRAME_BYTES, Playout
from ari_app.errors import MediaClosed, TelephonyError
from ari_app.ports import HearFrame, MediaEvent, MediaFrame, MediaKey, MediaRestored

log = structlog.get_logger(__name__)

QUEUE_FRAMES = 100
"""Frames (2 s) kept for a slow consumer; the oldest go first and are counted."""
_CLOCK_S = 0.001


@dataclass(slots=True)
class MediaMetrics:
    """Counters of all media sockets of one telephony adapter."""

    opened: int = 0
    lost: int = 0
    """Sockets that ended before they were closed here."""
    restored: int = 0
    """Calls whose sound was lost and came back over a new socket."""
    frames_received: int = 0
    frames_dropped: int = 0
    odd_messages: int = 0
    """Messages that are neither sound nor a control event that is known."""
    xoff: int = 0


class ChanWebsocketMedia:
    """The sound of one call; made by :meth:`open`. Implements :class:`ari_app.ports.MediaStream`.

    It outlives its socket where :meth:`restore_with` says how another one is had: until then nothing arrives and
    nothing is played, and a MediaRestored tells that both go on.
    """

    def __init__(self, settings: AriSettings, metrics: MediaMetrics, clock: Callable[[], float]) -> None:
        self.frames_received = 0
        self.frames_dropped = 0
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self.playout = Playout(self._put, clock)
        self._socket: MediaSocket | None = None
        self._closed = False
        self._closing = False
        self._restore: Callable[[], Awaitable[None]] | None = None
        self._restoring: asyncio.Task[None] | None = None
        self._queue: deque[MediaEvent] = deque()
        self._queued_frames = 0
        self._partial = b""
        self._waiter: asyncio.Future[bool] | None = None
        self._hear: HearFrame | None = None  # of one who listens now, with nothing queued before him
        self._wake_at = 0.0
        self._alarm: asyncio.Handle | None = None
        self._alarm_at = 0.0

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
        media = cls(settings, metrics or MediaMetrics(), clock)
        media._socket = media.playout.socket = await MediaSocket.open(
            settings, connection_id, media, timeout_s
        )
        media._metrics.opened += 1
        return media

    @property
    def connected(self) -> bool:
        """Whether sound can be sent and may come now."""
        return self._socket is not None and self._socket.is_open

    # --- a lost socket --------------------------------------------------------------------------

    def restore_with(self, restore: Callable[[], Awaitable[None]]) -> None:
        """What to do when the socket ends by itself: ``restore`` makes a new media channel and calls :meth:`reopen`.

        It raises TelephonyError when there will be no sound any more; then the stream ends.
        """
        self._restore = restore

    async def reopen(self, connection_id: str, timeout_s: float) -> None:
        """Go on over another media socket.

        :raises TelephonyError: it cannot be connected, or the stream was closed meanwhile.
        """
        socket = await MediaSocket.open(self._settings, connection_id, self, timeout_s)
        if self._closing or self._closed:
            socket.abort()
            raise MediaClosed("the stream was closed")
        before, self._socket = self._socket, socket
        if before is not None:
            before.abort()
        self._metrics.opened += 1

    def ended(self, socket: MediaSocket, why: str) -> None:
        """Called by the socket."""
        if socket is not self._socket:
            return  # replaced already
        if self._closing or self._closed:
            self._end()
            return
        self._metrics.lost += 1
        log.info("a media socket ended", error=why)
        self.playout.socket = None
        self._partial = b""
        self.playout.forget()
        if self._restore is None:
            self._end()
        elif self._restoring is None:
            self._restoring = asyncio.create_task(self._restored(self._restore), name="media-restore")

    async def _restored(self, restore: Callable[[], Awaitable[None]]) -> None:
        try:
            await restore()
        except TelephonyError as error:
            log.warning("the sound of a call is lost", error=str(error))
            self._end()
            return
        finally:
            self._restoring = None
        if not self.connected:
            self._end()
            return
        self._metrics.restored += 1
        self.playout.forget()  # what was given meanwhile as well: who plays is told now, and begins anew
        self.playout.socket = self._socket
        self._put(MediaRestored(self._clock()))

    def _end(self) -> None:
        self._closed = True
        self._go_on()

    # --- from Asterisk --------------------------------------------------------------------------

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        """The next frame, key or mark, in order of arrival; None when nothing came within ``timeout_s`` seconds.

        :raises MediaClosed: the sound has ended and the queue is empty.
        """
        queue = self._queue
        if not queue and not self._closed:
            await self._something(timeout_s, None)
        if queue:
            return self._next()
        if self._closed:
            raise MediaClosed("the media socket has ended")
        return None

    async def listen(self, timeout_s: float, hear: HearFrame) -> MediaEvent | None:
        """As :meth:`receive`, but frames go to ``hear`` as they arrive, without a task switch.

        It says how many seconds to wait for what comes next, or, with a negative number, that its caller goes on.

        :raises MediaClosed: the sound has ended and the queue is empty. What ``hear`` raises is raised here.
        """
        queue = self._queue
        while queue:
            event = self._next()
            if type(event) is not MediaFrame:
                return event
            timeout_s = hear(event.pcm, event.at)
            if timeout_s < 0.0:
                return None
        if not self._closed and await self._something(timeout_s, hear):
            return None
        if queue:
            return self._next()  # no frame: those were heard as they came
        if self._closed:
            raise MediaClosed("the media socket has ended")
        return None

    def _next(self) -> MediaEvent:
        event = self._queue.popleft()
        if type(event) is MediaFrame:
            self._queued_frames -= 1
        return event

    async def _something(self, timeout_s: float, hear: HearFrame | None) -> bool:
        """Wait for an event, the end, a wake, or the time. True: ``hear`` wants its caller to go on."""
        if self._waiter is not None:
            raise RuntimeError("only one consumer may receive from a media stream")
        waiter: asyncio.Future[bool] = self._loop.create_future()
        self._waiter = waiter
        self._hear = hear
        self._set_alarm(self._loop.time() + timeout_s)
        try:
            return await waiter
        finally:
            self._waiter = self._hear = None

    def _set_alarm(self, when: float) -> None:
        """One timer for many waits: frames come before it rings, so that it is seldom set."""
        self._wake_at = when
        alarm = self._alarm
        if alarm is not None:
            if self._alarm_at <= when:
                return  # it rings before, and is set again then
            alarm.cancel()
        self._alarm, self._alarm_at = self._loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._alarm = None
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        left = self._wake_at - self._loop.time()
        if left <= 0.0:
            self._go_on()
        else:
            # A loop that counts in milliseconds would ring for the rest of one again and again.
            self._alarm, self._alarm_at = (
                self._loop.call_later(max(left, _CLOCK_S), self._ring),
                self._wake_at,
            )

    def wake(self) -> None:
        """Let a :meth:`receive` or :meth:`listen` that waits return None now; nothing happens without one."""
        self._go_on()

    def push_key(self, digit: str) -> None:
        """Queue a key (it comes over ARI) behind the frames that came before it."""
        self._put(MediaKey(digit, self._clock()))

    def _put(self, event: MediaEvent) -> None:
        self._queue.append(event)
        self._go_on()

    def _go_on(self, *, heard: bool = False) -> None:
        """Let the consumer go on; what comes before it runs is queued."""
        self._hear = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(heard)

    def _frame(self, pcm: bytes, at: float) -> None:
        self.frames_received += 1
        self._metrics.frames_received += 1
        hear = self._hear
        if hear is None:
            if self._queued_frames >= QUEUE_FRAMES:
                self._drop_oldest_frame()
            self._queued_frames += 1
            self._put(MediaFrame(pcm, at))
            return
        try:
            patience = hear(pcm, at)
        except Exception as error:  # noqa: BLE001 - it belongs to who listens, not to the reader of the socket
            waiter, self._hear = self._waiter, None
            if waiter is not None and not waiter.done():
                waiter.set_exception(error)
                waiter.exception()  # seen, also where the listener is cancelled in this moment
            return
        if patience < 0.0:
            self._go_on(heard=True)
            return
        when = self._loop.time() + patience
        if when < self._alarm_at or self._alarm is None:
            self._set_alarm(when)
        else:
            self._wake_at = when  # the alarm rings before, and is set again then

    def _drop_oldest_frame(self) -> None:
        for place, event in enumerate(self._queue):
            if type(event) is MediaFrame:
                del self._queue[place]
                self._queued_frames -= 1
                self.frames_dropped += 1
                self._metrics.frames_dropped += 1
                return

    def sound(self, message: bytes) -> None:
        """Called by the socket."""
        at = self._clock()
        if len(message) == FRAME_BYTES and not self._partial:
            self._frame(message, at)
            return
        data = self._partial + message
        whole = len(data) - len(data) % FRAME_BYTES
        for start in range(0, whole, FRAME_BYTES):
            self._frame(data[start : start + FRAME_BYTES], at)
        self._partial = data[whole:]

    def text(self, message: str) -> None:
        """Called by the socket."""
        try:
            event = json.loads(message)
        except (ValueError, RecursionError):
            event = None
        if not isinstance(event, dict):
            self._metrics.odd_messages += 1
            return
        match event.get("event"):
            case "MEDIA_MARK_PROCESSED":
                self.playout.reported(event.get("correlation_id"))
            case "MEDIA_XOFF":
                self.playout.hold()
                self._metrics.xoff += 1
            case "MEDIA_XON":
                self.playout.go_on()
            case "MEDIA_START" | "DTMF_END" | "MEDIA_BUFFERING_COMPLETED" | "QUEUE_DRAINED" | "STATUS":
                pass
            case _:
                self._metrics.odd_messages += 1

    # --- to Asterisk ----------------------------------------------------------------------------

    async def play(self, pcm: bytes, mark: str) -> None:
        """Queue slin16 sound for playout; it is padded with silence to whole frames.

        A :class:`MediaStarted` named ``mark`` comes when its first frame leaves Asterisk's queue (none for empty
        sound), a :class:`MediaMark` when its last frame is over, at once for empty sound with nothing before it.
        Neither comes any more once :meth:`flush` came first.

        :raises ValueError: an odd number of bytes.
        :raises TelephonyError: more than ten minutes of sound would wait.
        :raises MediaClosed: the sound has ended.
        """
        if self._closed:
            raise MediaClosed("the media socket has ended")
        self.playout.add(pcm, mark)

    async def flush(self) -> None:
        """Stop playout within one frame; marks of what is forgotten never come. Harmless on an ended socket."""
        self.playout.flush()

    async def close(self) -> None:
        """Close the socket; safe to call twice, from several tasks."""
        self._closing = True
        self._end()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        restoring = self._restoring
        if restoring is not None:
            restoring.cancel()
            await asyncio.wait({restoring})
        if self._socket is not None:
            await self._socket.close()
