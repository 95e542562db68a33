"""An ARI server in this process: REST over the event socket, media sockets, and every misbehaviour on request."""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ari_app.asterisk.ari_types import AriSettings

USER, PASSWORD, APP = "bot", "s3cret-p4ss", "ari-app"


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    request_id: str
    method: str
    uri: str
    params: dict[str, str]
    body: object


@dataclass(slots=True)
class FakeChannel:
    channel_id: str
    state: str = "Down"
    app: str = APP

    def snapshot(self) -> dict[str, object]:
        place = {
            "context": "default",
            "exten": "s",
            "priority": 1,
            "app_name": "Stasis",
            "app_data": self.app,
        }
        return {
            "id": self.channel_id,
            "name": f"PJSIP/trunk-{self.channel_id}",
            "state": self.state,
            "dialplan": place,
        }


@dataclass(slots=True)
class FakeMediaPeer:
    """The far end of one media socket: what it was sent, and what it sends."""

    socket: ServerConnection
    sound: bytearray = field(default_factory=bytearray)
    commands: list[dict[str, object]] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    order: list[int | str] = field(default_factory=list)
    """Sizes of sound messages and ``mark``, as they came."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    answer_marks: bool = True
    held_marks: deque[str] = field(default_factory=deque)

    async def event(self, name: str, **fields: object) -> None:
        await self.socket.send(json.dumps({"event": name, "channel_id": "x", **fields}))

    async def serve(self) -> None:
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.sound += message
                    self.messages.append(len(message))
                    self.order.append(len(message))
                else:
                    await self._command(json.loads(message))
                self.changed.set()
        except ConnectionClosed:
            pass  # a test cut the socket

    async def _command(self, command: dict[str, object]) -> None:
        self.commands.append(command)
        if command["command"] == "MARK_MEDIA":
            self.held_marks.append(str(command["correlation_id"]))
            self.order.append("mark")
            if self.answer_marks:
                await self.play_out()
        elif command["command"] == "FLUSH_MEDIA":
            self.held_marks.clear()

    async def play_out(self, count: int | None = None) -> None:
        """Report the oldest marks as played out."""
        for _ in range(len(self.held_marks) if count is None else count):
            await self.event("MEDIA_MARK_PROCESSED", correlation_id=self.held_marks.popleft())

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():
                self.changed.clear()
                await self.changed.wait()


class FakeAri:
    """Holds channels and bridges like Asterisk; the switches below make it misbehave."""

    def __init__(self) -> None:
        self.version = "22.10.1"
        self.asked: list[Asked] = []
        self.channels: dict[str, FakeChannel] = {}
        self.bridges: dict[str, list[str]] = {}
        self.connections = 0
        self.paths: list[str] = []
        self.headers: list[str] = []
        self.media: dict[str, FakeMediaPeer] = {}
        self.mute: Callable[[Asked], bool] = lambda asked: False
        self.refuse: Callable[[Asked], int | None] = lambda asked: None
        self.hold_stasis: set[str] = set()
        self.status: HTTPStatus | None = None
        self.rest_works = True
        self._socket: ServerConnection | None = None
        self._server: Server | None = None
        self._changed = asyncio.Event()

    # --- what a test sees -----------------------------------------------------------------------

    @property
    def settings(self) -> AriSettings:
        assert self._server is not None
        port = next(iter(self._server.sockets)).getsockname()[1]
        return AriSettings(f"http://127.0.0.1:{port}", USER, PASSWORD, APP)

    def uris(self) -> list[str]:
        """Methods and uris asked for, without the connection's own two requests."""
        own = ("eventFilter", "asterisk/info")
        return [f"{asked.method} {asked.uri}" for asked in self.asked if not asked.uri.endswith(own)]

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true; looked at after everything that arrives."""
        async with asyncio.timeout(10):
            while not true():
                self._changed.clear()
                await self._changed.wait()

    # --- what a test does -----------------------------------------------------------------------

    async def send_raw(self, message: str | bytes) -> None:
        assert self._socket is not None
        await self._socket.send(message, text=True)

    async def emit(self, kind: str, channel_id: str | None = None, **fields: object) -> None:
        """Send an event; ``Dial`` names its channel ``peer``."""
        event: dict[str, object] = {"type": kind, "application": APP, **fields}
        if channel_id is not None:
            channel = self.channels.get(channel_id) or FakeChannel(channel_id)
            event["peer" if kind == "Dial" else "channel"] = channel.snapshot()
        await self.send_raw(json.dumps(event))

    async def destroy(self, channel_id: str, **fields: object) -> None:
        await self.emit("ChannelDestroyed", channel_id, **fields)
        self.channels.pop(channel_id, None)

    async def cut(self) -> None:
        """Break the event socket without a closing handshake."""
        socket, self._socket = self._socket, None
        assert socket is not None
        socket.transport.abort()
        await socket.wait_closed()

    @property
    def online(self) -> bool:
        return self._socket is not None

    # --- serving --------------------------------------------------------------------------------

    def _gate(self, connection: ServerConnection, request: Request) -> Response | None:
        self.paths.append(request.path)
        authorization = request.headers.get("Authorization", "")
        self.headers.append(authorization)
        expected = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        path = urlsplit(request.path).path
        if self.status is not None:
            return connection.respond(self.status, "no\n")
        if authorization != expected:
            return connection.respond(HTTPStatus.UNAUTHORIZED, "no\n")
        if path != "/ari/events" and not path.startswith("/media/"):
            return connection.respond(HTTPStatus.NOT_FOUND, "no\n")
        return None

    async def _serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        url = urlsplit(socket.request.path)
        if url.path.startswith("/media/"):
            await self._serve_media(socket, url.path.removeprefix("/media/"))
            return
        assert parse_qs(url.query)["app"] == [APP]
        self.connections += 1
        self._socket = socket
        self._changed.set()
        try:
            async for message in socket:
                await self._request(json.loads(message))
                self._changed.set()
        except ConnectionClosed:
            pass  # a test cut the socket
        finally:
            if self._socket is socket:
                self._socket = None

    async def _serve_media(self, socket: ServerConnection, connection_id: str) -> None:
        peer = self.media[connection_id] = FakeMediaPeer(socket)
        self._changed.set()
        await peer.event("MEDIA_START", optimal_frame_size=640, ptime=20, format="slin16")
        await self._enter(connection_id)
        await peer.serve()

    async def _enter(self, channel_id: str) -> None:
        if channel_id in self.channels and channel_id not in self.hold_stasis and self._socket is not None:
            await self.emit("StasisStart", channel_id, args=[])

    async def _request(self, message: dict[str, object]) -> None:
        raw = message.get("query_strings") or []
        assert isinstance(raw, list)
        body = message.get("message_body")
        asked = Asked(
            str(message["request_id"]),
            str(message["method"]),
            str(message["uri"]),
            {pair["name"]: pair["value"] for pair in raw},
            json.loads(body) if isinstance(body, str) else None,
        )
        self.asked.append(asked)
        if not self.rest_works or self.mute(asked):
            return
        status = self.refuse(asked)
        if status is not None:
            await self.answer(asked, status, {"message": "refused by the test"})
            return
        await self._obey(asked)

    async def answer(self, asked: Asked, status: int, body: object = None) -> None:
        reply: dict[str, object] = {
            "type": "RESTResponse",
            "request_id": asked.request_id,
            "status_code": status,
            "reason_phrase": HTTPStatus(status).phrase,
            "uri": asked.uri,
        }
        if body is not None:
            reply |= {"content_type": "application/json", "message_body": json.dumps(body)}
        await self.send_raw(json.dumps(reply))

    async def _obey(self, asked: Asked) -> None:
        parts = asked.uri.split("/")
        match (asked.method, parts[0], parts[1:]):
            case ("GET", "asterisk", ["info"]):
                await self.answer(asked, 200, {"system": {"version": self.version}})
            case ("PUT", "applications", [_, "eventFilter"]):
                await self.answer(asked, 200, {"name": APP})
            case ("GET", "channels", []):
                await self.answer(asked, 200, [channel.snapshot() for channel in self.channels.values()])
            case ("POST", "channels", ["create" | "externalMedia" as kind]):
                await self._create(asked, kind)
            case ("POST", "channels", [channel_id, "dial"]):
                await self.answer(asked, 204 if channel_id in self.channels else 404)
            case ("POST", "bridges", []):
                self.bridges[asked.params["bridgeId"]] = []
                await self.answer(asked, 200, {"id": asked.params["bridgeId"]})
            case ("POST", "bridges", [bridge_id, "addChannel"]):
                self.bridges[bridge_id] = asked.params["channel"].split(",")
                await self.answer(asked, 204)
            case ("DELETE", "channels", [channel_id]):
                known = channel_id in self.channels
                await self.answer(asked, 204 if known else 404)
                if known:
                    await self.destroy(channel_id, cause=16)
            case ("DELETE", "bridges", [bridge_id]):
                await self.answer(asked, 204 if self.bridges.pop(bridge_id, None) is not None else 404)
            case _:
                await self.answer(asked, 404, {"message": "no such resource"})

    async def _create(self, asked: Asked, kind: str) -> None:
        channel_id = asked.params["channelId"]
        if channel_id in self.channels:
            await self.answer(asked, 409, {"message": "Channel with given unique ID already exists"})
            return
        channel = self.channels[channel_id] = FakeChannel(channel_id)
        body = channel.snapshot()
        if kind == "externalMedia":
            body["channelvars"] = {"MEDIA_WEBSOCKET_CONNECTION_ID": channel_id}
        await self.answer(asked, 200, body)
        if kind == "create":  # a media channel enters when its socket is connected
            await self._enter(channel_id)


@asynccontextmanager
async def fake_ari() -> AsyncIterator[FakeAri]:
    """A fake ARI on a free loopback port."""
    fake = FakeAri()
    async with serve(
        fake._serve,
        "127.0.0.1",
        0,
        process_request=fake._gate,
        subprotocols=[Subprotocol("media")],
        select_subprotocol=lambda connection, offered: offered[0] if offered else None,
        compression=None,
        max_size=65_535,
        close_timeout=0.2,
    ) as server:
        fake._server = server
        yield fake
