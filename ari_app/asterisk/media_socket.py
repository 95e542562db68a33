"""The WebSocket under a media stream: frames of sound at the cost of a read, everything else by the library.

Nine of ten messages of a call are whole binary frames of 640 bytes (RFC 6455, 5.2: FIN, opcode 2, no mask). Those are
cut out here and handed on with no task, no queue and no parser between; the handshake, text, pings, closing and whatever is
out of the ordinary goes through the library's own protocol machine (``websockets.client.ClientProtocol``).
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Protocol, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from ari_app.asterisk.ari_socket import basic_authorization, reason
from ari_app.asterisk.ari_types import AriSettings
from ari_app.errors import TelephonyError

MOST_BYTES = 65_536
"""Longest message; Asterisk's own limit is 65,535."""
PING_S = 0.75
"""A socket over which nothing came for this long is asked whether it still stands, and given up after as long again:
nobody may hear silence for three seconds because a connection hangs. A call whose sound flows sends no ping."""
CLOSE_S = 1.0
_SOUND_HEAD = b"\x82\x7e\x02\x80"  # FIN and binary; 126: the length follows in two bytes; 640
_SOUND_BYTES = len(_SOUND_HEAD) + 640
_WHOLE_BINARY = 0x82
_MASKED = 0x80
_HEAD_END = b"\r\n\r\n"


class SocketUser(Protocol):
    """Who is told what a socket receives. All three return at once."""

    def sound(self, message: bytes) -> None:
        """A binary message of any size."""
        ...

    def text(self, message: str) -> None:
        """A text message; what is no UTF-8 in it is replaced."""
        ...

    def ended(self, socket: MediaSocket, why: str) -> None:
        """The socket has ended; told once, and nothing comes after it."""
        ...


class MediaSocket(asyncio.Protocol):
    """One open media socket; made by :meth:`open`. Use it in the loop that opened it."""

    def __init__(self, user: SocketUser, protocol: ClientProtocol) -> None:
        self._user = user
        self._protocol = protocol
        self._buffer = b""
        self._message = bytearray()  # of the fragments so far, with their kind
        self._message_kind: Opcode | None = None
        self._plain = False  # connected, and not within a fragmented message
        self._transport: asyncio.Transport | None = None
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._ready: asyncio.Future[None] = loop.create_future()
        self._gone: asyncio.Future[None] = loop.create_future()
        self._alive = True
        self._pinged = False
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(
        cls, settings: AriSettings, connection_id: str, user: SocketUser, timeout_s: float
    ) -> MediaSocket:
        """Connect to the media socket that ``externalMedia`` named.

        :raises TelephonyError: it cannot be connected.
        """
        uri = parse_uri(settings.websocket_url(f"/media/{connection_id}"))
        protocol = ClientProtocol(uri, subprotocols=[Subprotocol("media")], max_size=MOST_BYTES)
        socket = cls(user, protocol)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.get_running_loop().create_connection(
                    lambda: socket,
                    uri.host,
                    uri.port,
                    ssl=ssl.create_default_context() if uri.secure else None,
                )
                socket._shake_hands(settings)
                await socket._ready
        except (OSError, WebSocketException, TimeoutError) as error:
            socket.abort()
            raise TelephonyError(f"the media socket could not be opened: {reason(error)}") from error
        except BaseException:
            socket.abort()
            raise
        return socket

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN and not self._gone.done()

    # --- to Asterisk ----------------------------------------------------------------------------

    def send_sound(self, pcm: bytes) -> None:
        """Send one binary message, at most :data:`MOST_BYTES`; nothing on an ended socket."""
        if self.is_open:
            self._protocol.send_binary(pcm)
            self._flush()

    def send_text(self, text: str) -> None:
        """Send one text message; nothing on an ended socket."""
        if self.is_open:
            self._protocol.send_text(text.encode())
            self._flush()

    async def close(self) -> None:
        """Close with the closing handshake, or without it after a second; safe to call twice, from several tasks."""
        try:
            if self.is_open:
                self._protocol.send_close(1000)
                self._flush()
                await asyncio.wait({self._gone}, timeout=CLOSE_S)
        finally:
            self.abort()

    def abort(self) -> None:
        """End the socket now; safe to call twice. Who uses it is told that it has ended, if it was open."""
        if self._transport is not None:
            self._transport.abort()

    def _shake_hands(self, settings: AriSettings) -> None:
        request = self._protocol.connect()
        for name, value in basic_authorization(settings).items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()

    def _flush(self) -> None:
        """Hand what the protocol machine wants to say to the transport."""
        transport = self._transport
        for data in self._protocol.data_to_send():
            if transport is not None and data:
                transport.write(data)

    # --- from Asterisk --------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._timer = self._loop.call_later(PING_S, self._look_alive)

    def data_received(self, data: bytes) -> None:
        self._alive = True
        if self._buffer:
            data = self._buffer + data
        elif len(data) == _SOUND_BYTES and self._plain and data.startswith(_SOUND_HEAD):
            self._user.sound(data[4:])  # by far the most common case: one read, one frame
            return
        if not self._ready.done():
            data = self._opened(data)
            if not self._ready.done() or self._ready.exception() is not None:
                return
        self._buffer = data[self._take_frames(data) :]

    def _opened(self, data: bytes) -> bytes:
        """The answer to our request; what comes behind it are frames already."""
        head, separator, rest = data.partition(_HEAD_END)
        if not separator and len(data) <= MOST_BYTES:
            self._buffer = data
            return b""
        self._buffer = b""
        self._protocol.receive_data(head + separator)
        self._protocol.events_received()
        self._flush()
        if self._protocol.state is not State.OPEN:
            why = self._protocol.handshake_exc or InvalidHandshake("the server did not open a WebSocket")
            self._ready.set_exception(why)
            self.abort()
            return b""
        self._ready.set_result(None)
        self._plain = True
        return rest

    def _take_frames(self, data: bytes) -> int:
        """Take all whole frames; where the first unfinished one begins."""
        place, size = 0, len(data)
        while size - place >= 2:
            length = data[place + 1] & 0x7F
            start = place + 2
            if length >= 126:
                start += 2 if length == 126 else 8
                if size < start:
                    break
                length = int.from_bytes(data[place + 2 : start], "big")
            if length > MOST_BYTES:
                self._protocol.fail(1009, "message too big")
                self._flush()
                self.abort()
                return size
            if data[place + 1] & _MASKED:
                start += 4
            end = start + length
            if end > size:
                break
            if self._plain and data[place] == _WHOLE_BINARY and not data[place + 1] & _MASKED:
                self._user.sound(data[start:end])
            else:
                self._by_the_library(data[place:end])
            place = end
        return place

    def _by_the_library(self, frame: bytes) -> None:
        """One whole frame of any kind; faults are answered with a close frame, as RFC 6455 asks."""
        self._protocol.receive_data(frame)
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._frame(event)
        self._flush()
        if self._protocol.close_expected() and self._transport is not None:
            self._transport.close()

    def _frame(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._message_kind = frame.opcode
            self._message = bytearray(frame.data)
        elif frame.opcode is Opcode.CONT:
            self._message += frame.data
        else:
            return
        self._plain = frame.fin
        if not frame.fin:
            return
        kind, message = self._message_kind, bytes(self._message)
        self._message_kind, self._message = None, bytearray()
        if kind is Opcode.BINARY:
            self._user.sound(message)
        else:
            self._user.text(message.decode("utf-8", "replace"))

    def _look_alive(self) -> None:
        """Every so often: a socket over which nothing came is asked, and ended when it does not answer."""
        if not self._alive and self._pinged:
            self.abort()
            return
        self._pinged = not self._alive
        if self._pinged and self.is_open:
            self._protocol.send_ping(b"")
            self._flush()
        self._alive = False
        self._timer = self._loop.call_later(PING_S, self._look_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._protocol.state is not State.CLOSED and not self._protocol.eof_sent:
            self._protocol.receive_eof()
        was_open = self._ready.done() and self._ready.exception() is None
        if not self._ready.done():
            self._ready.set_exception(exc or self._protocol.handshake_exc or ConnectionResetError("closed"))
        self._ready.exception()  # seen, also where nobody waits any more
        if not self._gone.done():
            self._gone.set_result(None)
            if was_open:
                why = self._protocol.close_reason or (str(exc) if exc else "") or "without a reason"
                self._user.ended(self, why)
