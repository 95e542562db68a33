"""Playout over a media socket: prompts of any length, a window that Asterisk's queue can hold, marks that tell where it is.

Asterisk re-times what it is sent: it queues up to 1,000 frames (20 s) and ignores what comes beyond. So sound goes out in
chunks of up to a second and a half, each followed by a mark, and never more than 700 frames are out unmarked.

Asterisk reports a mark in the tick in which it takes the next frame from its queue (tried on 22.10: the far end of the
bridge has that frame within 0.1 ms). So a mark right before a prompt's first frame tells when that frame leaves, and
one behind its last frame when the sound is over.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ari_app.asterisk.media_socket import MediaSocket
from ari_app.errors import TelephonyError
from ari_app.ports import MediaMark, MediaStarted

FRAME_BYTES = 640
"""20 ms of slin16: 320 samples of 16 bits, little endian, 16 kHz, one channel."""
CHUNK_FRAMES = 75
WINDOW_FRAMES = 700
"""Below the 900 frames at which Asterisk says MEDIA_XOFF, and the 1,000 at which it drops."""
PENDING_BYTES = 600 * 50 * FRAME_BYTES
"""Sound (10 min) that may wait to be sent; more is refused."""
_FLUSH = json.dumps({"command": "FLUSH_MEDIA"})


@dataclass(slots=True)
class _Chunk:
    pcm: bytes = field(repr=False)
    starts: str | None
    """The mark of the sound that begins with this chunk."""
    ends: str | None
    """The mark of the sound that ends with it."""


@dataclass(frozen=True, slots=True)
class _Out:
    """Sent and not yet reported: the id of its mark in Asterisk, frames before it, and what is told then."""

    mark_id: str
    frames: int
    starts: str | None = None
    ends: str | None = None


class Playout:
    """What is to be played on one call and how far it has come; ``tell`` gets the starts and the ends.

    ``socket`` is where it goes; None while there is none.
    """

    def __init__(self, tell: Callable[[MediaStarted | MediaMark], None], clock: Callable[[], float]) -> None:
        self.socket: MediaSocket | None = None
        self.out_frames = 0
        """Frames that were sent and are not yet known to have been played."""
        self._tell = tell
        self._clock = clock
        self._chunks: deque[_Chunk] = deque()
        self._pending_bytes = 0
        self._out: deque[_Out] = deque()
        self._next_mark = 0
        self._held = False

    def add(self, pcm: bytes, mark: str) -> None:
        """Queue slin16 sound, padded with silence to whole frames.

        :raises ValueError: an odd number of bytes.
        :raises TelephonyError: more than ten minutes of sound would wait.
        """
        if len(pcm) % 2:
            raise ValueError("slin16 sound has an even number of bytes")
        if self._pending_bytes + len(pcm) > PENDING_BYTES:
            raise TelephonyError("more than ten minutes of sound are waiting to be played")
        size = CHUNK_FRAMES * FRAME_BYTES
        for start in range(0, len(pcm), size):
            part = pcm[start : start + size]
            last = start + size >= len(pcm)
            padded = part + b"\0" * (-len(part) % FRAME_BYTES) if last else part
            self._chunks.append(_Chunk(padded, None if start else mark, mark if last else None))
            self._pending_bytes += len(padded)
        if not pcm:
            self._chunks.append(_Chunk(b"", None, mark))
        self._send()

    def flush(self) -> None:
        """Stop playout within one frame, and forget it all."""
        self.forget()
        if self.socket is not None:
            self.socket.send_text(_FLUSH)

    def forget(self) -> None:
        """What was given is neither sent nor reported any more."""
        self._chunks.clear()
        self._pending_bytes = 0
        self._out.clear()
        self.out_frames = 0
        self._held = False

    def hold(self) -> None:
        """Asterisk's queue is full: send nothing."""
        self._held = True

    def go_on(self) -> None:
        """It has room again."""
        self._held = False
        self._send()

    def reported(self, mark_id: object) -> None:
        """Marks come in the order in which they were sent; one of before a flush is not known any more."""
        if not any(entry.mark_id == mark_id for entry in self._out):
            return
        at = self._clock()
        while self._out:
            entry = self._out.popleft()
            self.out_frames -= entry.frames
            if entry.starts is not None:
                self._tell(MediaStarted(entry.starts, at))
            if entry.ends is not None:
                self._tell(MediaMark(entry.ends, at))
            if entry.mark_id == mark_id:
                break
        self._send()

    def _send(self) -> None:
        """Send what the window allows; called whenever that may have changed."""
        socket = self.socket
        if socket is None or not socket.is_open:
            return
        while self._chunks and not self._held and self.out_frames < WINDOW_FRAMES:
            chunk = self._chunks.popleft()
            self._pending_bytes -= len(chunk.pcm)
            if chunk.starts is not None:
                self._mark(socket, 0, starts=chunk.starts)
            if chunk.pcm:
                socket.send_sound(chunk.pcm)
            self._mark(socket, len(chunk.pcm) // FRAME_BYTES, ends=chunk.ends)

    def _mark(
        self, socket: MediaSocket, frames: int, *, starts: str | None = None, ends: str | None = None
    ) -> None:
        self._next_mark += 1
        mark_id = str(self._next_mark)
        self._out.append(_Out(mark_id, frames, starts, ends))
        self.out_frames += frames
        socket.send_text(json.dumps({"command": "MARK_MEDIA", "correlation_id": mark_id}))
