"""A FunASR server in this process: the messages of funasr-wss-server-2pass, with words from a script.

It follows the server's own source: sound is worked in steps of 1,600 bytes, the streaming model speaks after each
600 ms, hot words and chunk size are taken from the first message only, ``is_final`` is true in the one message that
answers the end, and that message has no mode when its text is empty.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

STEP = 1600
ONLINE_BYTES = 19_200


@dataclass(slots=True)
class Line:
    """What one utterance says.

    ``online``: pieces of the streaming model, one for each 600 ms of sound. ``earlier``: corrected segments that the
    server's detector closes, each after the piece of the same position. ``offline``: the corrected text that answers
    the end (of what no earlier segment holds).
    """

    online: Sequence[str] = ()
    offline: str = ""
    earlier: Sequence[str] = ()


@dataclass(slots=True)
class FakeUtterance:
    """What arrived on one socket."""

    first: dict[str, object] = field(default_factory=dict)
    texts: list[dict[str, object]] = field(default_factory=list)
    sound: bytearray = field(default_factory=bytearray)
    messages: int = 0
    ended: bool = False


class FakeFunasr:
    """A server whose words and manners are fields. Made by :func:`fake_funasr`."""

    def __init__(self) -> None:
        self.url = ""
        self.lines: list[Line] = []
        self.utterances: list[FakeUtterance] = []
        self.sockets = 0
        self.open_sockets: set[ServerConnection] = set()
        self.changed = asyncio.Condition()
        # manners
        self.refuse = False
        """Close each new socket at once."""
        self.hold_online = asyncio.Event()
        self.hold_online.set()
        self.hold_offline = asyncio.Event()
        """The answer to the end waits for it."""
        self.hold_offline.set()
        self.hang = False
        """Take everything and say nothing."""
        self.stop_reading = False
        self.drop_after: int | None = None
        """Cut the connection after so many bytes of sound."""
        self.before_answer: list[str | bytes] = []
        """Messages to send as they are before the answer to the end."""
        self.raw_frames: list[bytes] = []
        """Bytes to write into the stream, past the protocol, before the answer to the end."""
        self.instead: list[str | bytes] | None = None
        """Messages to send instead of the answer to the end."""
        self.answer_first = False
        """Answer the end before anybody has said it (wrong order)."""
        self.mirror = False
        """``is_final`` repeats ``is_speaking``, as some servers of the family do; no closing message."""
        self.quiet_end = False
        """No closing message after the corrected text."""

    async def until_utterances(self, count: int) -> None:
        """Wait until so many utterances have ended."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: sum(one.ended for one in self.utterances) >= count)

    async def until_sockets(self, count: int) -> None:
        """Wait until so many sockets stand open."""
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: len(self.open_sockets) == count)

    async def handle(self, socket: ServerConnection) -> None:
        """One connection."""
        self.sockets += 1
        self.open_sockets.add(socket)
        await self._tell()
        try:
            if not self.refuse:
                await self._serve(socket)
        except ConnectionClosed:
            pass  # the client has what it wanted, or a test cut it
        finally:
            self.open_sockets.discard(socket)
            await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _serve(self, socket: ServerConnection) -> None:
        utterance, line, spoken = FakeUtterance(), Line(), 0
        async for message in socket:
            utterance.messages += 1
            if isinstance(message, str):
                said = json.loads(message)
                utterance.texts.append(said)
                if not utterance.first:
                    utterance.first = said
                    self.utterances.append(utterance)
                    line = self.lines.pop(0) if self.lines else Line()
                    if self.answer_first:
                        await self._answer(socket, utterance, line)
                if said.get("is_speaking") is False:
                    await self.hold_offline.wait()
                    await self._answer(socket, utterance, line)
                    utterance.ended = True
                    await self._tell()
                if self.stop_reading:
                    socket.transport.pause_reading()
                    await socket.wait_closed()
                continue
            utterance.sound += message
            if self.drop_after is not None and len(utterance.sound) >= self.drop_after:
                socket.transport.abort()
                return
            heard = len(utterance.sound) // STEP * STEP // ONLINE_BYTES
            while spoken < min(heard, len(line.online)):
                await self.hold_online.wait()
                await self._say(socket, utterance, "2pass-online", line.online[spoken], final=self.mirror)
                if spoken < len(line.earlier) and line.earlier[spoken]:
                    await self._say(
                        socket, utterance, "2pass-offline", line.earlier[spoken], final=self.mirror
                    )
                spoken += 1

    async def _answer(self, socket: ServerConnection, utterance: FakeUtterance, line: Line) -> None:
        if self.hang:
            return
        for message in self.before_answer:
            await socket.send(message)
        for raw in self.raw_frames:
            socket.transport.write(raw)
        if self.instead is not None:
            for message in self.instead:
                await socket.send(message)
            return
        final = not (self.mirror or self.quiet_end)
        if line.offline:
            await self._say(socket, utterance, "2pass-offline", line.offline, final=final)
        elif final:
            await self._say(socket, utterance, None, "", final=True)

    async def _say(
        self, socket: ServerConnection, utterance: FakeUtterance, mode: str | None, text: str, *, final: bool
    ) -> None:
        if self.hang:
            return
        message: dict[str, object] = {
            "text": text,
            "wav_name": utterance.first["wav_name"],
            "is_final": final,
        }
        if mode is not None:
            message["mode"] = mode
        if mode == "2pass-offline":
            message["timestamp"] = "[[100,200],[200,500]]"
            message["stamp_sents"] = [
                {"text_seg": " ".join(text), "punc": "。", "start": 100, "end": 500, "ts_list": [[100, 500]]}
            ]
        await socket.send(json.dumps(message, ensure_ascii=False))


def result_message(wav_name: str, text: str, *, mode: str = "2pass-offline", final: bool = True) -> str:
    """A message as the server would write it, for any utterance."""
    return json.dumps({"mode": mode, "text": text, "wav_name": wav_name, "is_final": final})


@asynccontextmanager
async def fake_funasr(*, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[FakeFunasr]:
    """A server on loopback, gone with the context."""
    fake = FakeFunasr()
    server: Server
    async with serve(
        fake.handle, "127.0.0.1", port, ssl=tls, compression=None, max_size=None, close_timeout=0.2
    ) as server:
        host, at = next(iter(server.sockets)).getsockname()[:2]
        fake.url = f"{'wss' if tls else 'ws'}://{host}:{at}"
        try:
            yield fake
        finally:
            for socket in list(fake.open_sockets):
                socket.transport.abort()
