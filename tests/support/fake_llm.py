"""A model's endpoint in this process, with manners of every kind; raw sockets: nothing of HTTP is taken for granted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from ari_app.gateways.llm import LlmTerms, OpenAiModel


@dataclass(slots=True)
class Request:
    """What arrived."""

    line: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def told(self) -> dict[str, Any]:
        """The user's message."""
        read: dict[str, Any] = json.loads(self.body["messages"][1]["content"])
        return read


Manner = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def completion(content: object, **more: object) -> bytes:
    """A body as servers of this kind write it."""
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "stop",
        **more,
    }
    return json.dumps({"id": "x", "object": "chat.completion", "choices": [choice], "usage": {}}).encode()


def http(body: bytes, status: str = "200 OK", *headers: str, length: bool = True) -> bytes:
    """A response."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(data: bytes, *, close: bool = False) -> Manner:
    """Writes this, and closes the connection where wanted."""

    async def manner(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        if close:
            writer.close()

    return manner


def says(content: object, **more: object) -> Manner:
    """Completes with this text."""
    return sends(http(completion(content, **more)))


async def hangs(_: Request, writer: asyncio.StreamWriter) -> None:
    """Takes the request and says nothing."""
    await writer.wait_closed()


async def resets(_: Request, writer: asyncio.StreamWriter) -> None:
    """Cuts the connection."""
    writer.transport.abort()


def drips(start: bytes, piece: bytes) -> Manner:
    """Sends something every few milliseconds, without end."""

    async def manner(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)

    return manner


@dataclass(slots=True)
class FakeLlm:
    """An endpoint. ``manner`` is how it answers next; made by :func:`fake_llm`."""

    manner: Manner = field(default_factory=lambda: says("{}"))
    requests: list[Request] = field(default_factory=list)
    url: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            while not writer.is_closing():
                line = (await reader.readline()).decode().strip()
                if not line:
                    return
                headers: dict[str, str] = {}
                while header := (await reader.readline()).decode().strip():
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                request = Request(line, headers, json.loads(body or b"{}"))
                self.requests.append(request)
                await self.manner(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client has gone, which is what several tests are about
        finally:
            writer.transport.abort()


@asynccontextmanager
async def fake_llm() -> AsyncIterator[FakeLlm]:
    """An endpoint on loopback, gone with the context."""
    fake = FakeLlm()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(fake.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    fake.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield fake
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


@asynccontextmanager
async def model_of(fake: FakeLlm, **terms: Any) -> AsyncIterator[OpenAiModel]:
    """The product's client of an endpoint."""
    model = OpenAiModel(LlmTerms(fake.url, "small", **terms))
    try:
        yield model
    finally:
        await model.close()
