"""What answers in Asterisk's place: something else is named as such, whatever it says."""

from __future__ import annotations

import asyncio

import pytest

from ari_app.asterisk.ari import AriConnection
from ari_app.asterisk.ari_types import AriSettings
from ari_app.errors import AriAppError

pytestmark = pytest.mark.fakes


@pytest.mark.parametrize(
    "greeting",
    [
        b"Asterisk Call Manager/11.0.0\r\n",
        b"SSH-2.0-x\x1b[31m\r\n" + b"A" * 200_000,
        b"\xff\xfe\x00" * 1000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"",
    ],
)
@pytest.mark.parametrize("speaks_first", [True, False])
async def test_a_server_that_is_not_asterisk(greeting: bytes, speaks_first: bool) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not speaks_first:
            await reader.read(10_000)
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        connection = AriConnection(AriSettings(f"http://127.0.0.1:{port}", "u", "p", "app"))
        with pytest.raises(AriAppError, match=r"no ARI WebSocket|no Asterisk at|answered 200"):
            await connection.start(0.0)
        await connection.close()
