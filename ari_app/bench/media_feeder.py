"""A server that sends sound as Asterisk's media sockets do: 20 ms frames at their pace, marks when sound is over.

A process of its own (``python -m ari_app.bench.media_feeder SOUND``), so that its work is not counted with that of
the contestant; prints its port. Every connection gets the same sound from another place on, and another phase of the 20 ms.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.protocol import State
from websockets.typing import Subprotocol

FRAME_BYTES = 640
FRAME_S = 0.02
_HEAD = b"\x82\x7e\x02\x80"  # a whole, unmasked binary message of 640 bytes (RFC 6455, 5.2)
_PHASES = 40


def messages(sound: bytes) -> list[bytes]:
    """WebSocket messages of whole frames, ready to be written."""
    return [
        _HEAD + sound[at : at + FRAME_BYTES] for at in range(0, len(sound) - FRAME_BYTES + 1, FRAME_BYTES)
    ]


class Playout:
    """What the client plays: taken at any speed, over at its own pace; marks are reported when that is so."""

    def __init__(self, socket: ServerConnection) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._over = 0.0
        self._marks: deque[asyncio.TimerHandle] = deque()
        self._reports: set[asyncio.Task[None]] = set()

    def take(self, message: str | bytes) -> None:
        now = self._loop.time()
        if isinstance(message, bytes):
            self._over = max(now, self._over) + len(message) / FRAME_BYTES * FRAME_S
            return
        command = json.loads(message)
        match command.get("command"):
            case "FLUSH_MEDIA":
                self._over = now
                while self._marks:
                    self._marks.popleft().cancel()
            case "MARK_MEDIA":
                when = max(now, self._over)
                self._marks.append(self._loop.call_at(when, self._report, command.get("correlation_id")))

    def _report(self, mark: object) -> None:
        if self._marks:
            self._marks.popleft()
        event = json.dumps({"event": "MEDIA_MARK_PROCESSED", "correlation_id": mark})
        task = asyncio.ensure_future(self._send(event))
        self._reports.add(task)
        task.add_done_callback(self._reports.discard)

    async def _send(self, event: str) -> None:
        try:
            await self._socket.send(event)
        except ConnectionClosed:
            pass  # the call has ended before its mark

    def close(self) -> None:
        for timer in self._marks:
            timer.cancel()


class Feeder:
    """Serves any number of calls."""

    def __init__(self, frames: Sequence[bytes]) -> None:
        self._frames = frames
        self._calls = itertools.count()

    async def serve(self, socket: ServerConnection) -> None:
        number = next(self._calls)
        loop = asyncio.get_running_loop()
        playout = Playout(socket)
        place = number * 331 % len(self._frames)
        due = loop.time() + number % _PHASES / _PHASES * FRAME_S
        timer: asyncio.TimerHandle | None = None

        def tick() -> None:
            nonlocal place, due, timer
            if socket.state is State.OPEN and not socket.transport.is_closing():
                socket.transport.write(self._frames[place])
                place = (place + 1) % len(self._frames)
                due += FRAME_S
                timer = loop.call_at(due, tick)

        tick()
        try:
            async for message in socket:
                playout.take(message)
        except ConnectionClosed:
            pass  # the call has ended
        finally:
            playout.close()
            if timer is not None:
                timer.cancel()


async def main(sound: bytes) -> None:
    """Serve until the process is ended."""
    feeder = Feeder(messages(sound))
    async with serve(
        feeder.serve,
        "127.0.0.1",
        0,
        compression=None,
        ping_interval=None,
        max_size=None,
        subprotocols=[Subprotocol("media")],
        select_subprotocol=lambda connection, offered: offered[0] if offered else None,
    ) as server:
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]).read_bytes()))
