"""The ARI connection against a server that behaves and misbehaves."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from http import HTTPStatus

import pytest

from ari_app.asterisk.ari import AriConnection, ConnectionState
from ari_app.asterisk.ari_types import USED_EVENTS, AriSettings
from ari_app.errors import ConfigError, NotConnected, RequestRefused, RequestTimeout
from ari_app.ports import AriEvent
from tests.support.fake_ari import PASSWORD, FakeAri, fake_ari
from tests.support.tcp_proxy import tcp_proxy
from tests.support.until import until

pytestmark = pytest.mark.fakes


@pytest.fixture
async def server() -> AsyncIterator[FakeAri]:
    async with fake_ari() as fake:
        yield fake


def connection_to(settings: AriSettings, **options: float) -> AriConnection:
    return AriConnection(settings, **({"backoff_s": 0.01} | options), jitter=lambda: 0.0)


@asynccontextmanager
async def connected(settings: AriSettings, **options: float) -> AsyncIterator[AriConnection]:
    ari = connection_to(settings, **options)
    await ari.start()
    try:
        yield ari
    finally:
        await ari.close()


async def next_state(ari: AriConnection, wanted: ConnectionState) -> None:
    reached = asyncio.Event()
    ari.on_state(lambda state: reached.set() if state is wanted else None)
    if (wanted is ConnectionState.CONNECTED) == ari.connected:
        return
    async with asyncio.timeout(10):
        await reached.wait()


# --- requests ------------------------------------------------------------------------------------


async def test_a_request_carries_its_parameters_and_body_and_brings_the_answer(server: FakeAri) -> None:
    async with connected(server.settings) as ari:
        reply = await ari.request(
            "POST",
            "channels/create",
            params={"channelId": "c1", "endpoint": "PJSIP/1@trunk", "app": "ari-app"},
            body={"variables": {"NAME": "陈 & co"}},
        )
    asked = next(asked for asked in server.asked if asked.uri == "channels/create")
    assert asked.params["endpoint"] == "PJSIP/1@trunk"
    assert asked.body == {"variables": {"NAME": "陈 & co"}}
    assert reply.status == 200
    assert isinstance(reply.body, dict)
    assert reply.body["id"] == "c1"


async def test_concurrent_requests_are_written_in_the_order_of_their_tasks(server: FakeAri) -> None:
    async with connected(server.settings) as ari:
        wanted = [f"channels/c{number}/dial" for number in range(200)]
        results = await asyncio.gather(*(ari.request("POST", uri) for uri in wanted), return_exceptions=True)
    assert [asked.uri for asked in server.asked if asked.uri.endswith("/dial")] == wanted
    assert all(isinstance(result, RequestRefused) and result.status == 404 for result in results)
    assert ari.metrics.refused == 200


async def test_a_refusal_tells_status_and_reason_in_one_clean_line(server: FakeAri) -> None:
    def refuse(asked: object) -> int | None:
        return 422 if getattr(asked, "uri", "") == "channels" else None

    server.refuse = refuse
    async with connected(server.settings) as ari:
        with pytest.raises(RequestRefused, match="channels: Asterisk answered 422: refused by the test"):
            await ari.request("GET", "channels")


async def test_an_unanswered_request_times_out_once_and_its_late_answer_is_counted(server: FakeAri) -> None:
    server.mute = lambda asked: asked.uri == "channels"
    async with connected(server.settings) as ari:
        with pytest.raises(RequestTimeout, match="GET channels"):
            await ari.request("GET", "channels", timeout_s=0.02)
        late = next(asked for asked in server.asked if asked.uri == "channels")
        await server.answer(late, 200, [])
        with pytest.raises(RequestRefused):
            await ari.request("DELETE", "bridges/none")
        assert ari.metrics.late_replies == 1
        assert ari.metrics.timeouts == 1
    assert [asked.uri for asked in server.asked].count("channels") == 1


async def test_a_request_that_was_sent_when_the_connection_went_has_an_unknown_outcome(
    server: FakeAri,
) -> None:
    server.mute = lambda asked: asked.uri == "channels"
    async with connected(server.settings) as ari:
        asking = asyncio.create_task(ari.request("GET", "channels"))
        await server.until(lambda: any(asked.uri == "channels" for asked in server.asked))
        await server.cut()
        with pytest.raises(RequestTimeout, match="unknown"):
            await asking
        await server.until(lambda: server.online)
        await next_state(ari, ConnectionState.CONNECTED)
    assert [asked.uri for asked in server.asked].count("channels") == 1, "it was sent again"


async def test_without_a_connection_nothing_is_sent(server: FakeAri) -> None:
    ari = connection_to(server.settings)
    with pytest.raises(NotConnected):
        await ari.request("GET", "channels")
    await ari.start()
    await ari.close()
    with pytest.raises(NotConnected):
        await ari.request("GET", "channels")
    assert "GET channels" not in server.uris()


async def test_a_cancelled_request_leaves_nothing_behind(server: FakeAri) -> None:
    server.mute = lambda asked: asked.uri == "channels"
    async with connected(server.settings) as ari:
        asking = asyncio.create_task(ari.request("GET", "channels"))
        await server.until(lambda: any(asked.uri == "channels" for asked in server.asked))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert ari._pending == {}


# --- events --------------------------------------------------------------------------------------


async def test_events_reach_handlers_in_order_with_their_channel(server: FakeAri) -> None:
    seen: list[AriEvent] = []
    async with connected(server.settings) as ari:
        ari.subscribe(seen.append)
        await server.emit("StasisStart", "c1")
        await server.emit("Dial", "c1", dialstatus="RINGING")
        await server.emit("ApplicationRegistered")
        with pytest.raises(RequestRefused):
            await ari.request("GET", "nothing")
    assert [(event.type, event.channel_id) for event in seen] == [
        ("StasisStart", "c1"),
        ("Dial", "c1"),
        ("ApplicationRegistered", None),
    ]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"not json",
        b"[1, 2]",
        b"null",
        b"{}",
        b'{"type": 7}',
        b'{"type": "RESTResponse"}',
        b'{"type": "RESTResponse", "request_id": 3, "status_code": "200"}',
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"type": "StasisStart", "channel": ' + b"[" * 50_000,
    ],
    ids=lambda value: repr(value[:30]),
)
async def test_garbage_is_counted_and_survived(server: FakeAri, garbage: bytes) -> None:
    async with connected(server.settings) as ari:
        await server.send_raw(garbage)
        assert (await ari.request("GET", "channels")).body == []
        assert ari.metrics.malformed == 1
        assert ari.metrics.disconnects == 0


async def test_an_unknown_event_is_counted_and_still_delivered(server: FakeAri) -> None:
    seen: list[AriEvent] = []
    async with connected(server.settings) as ari:
        ari.subscribe(seen.append)
        await server.emit("SomethingOfAsterisk30", "c1")
        await ari.request("GET", "channels")
        assert ari.metrics.unknown_events == 1
    assert [event.type for event in seen] == ["SomethingOfAsterisk30"]


async def test_a_faulty_handler_ends_neither_the_connection_nor_the_others(server: FakeAri) -> None:
    seen: list[AriEvent] = []

    def faulty(event: AriEvent) -> None:
        raise KeyError(event.type)

    async with connected(server.settings) as ari:
        ari.subscribe(faulty)
        ari.subscribe(seen.append)
        await server.emit("StasisEnd", "c1")
        await ari.request("GET", "channels")
        assert ari.metrics.handler_errors == 1
    assert len(seen) == 1


async def test_a_slow_consumer_loses_the_oldest_events_and_never_the_connection(server: FakeAri) -> None:
    async with connected(server.settings) as ari:
        events = ari.events()
        for number in range(10_050):
            await server.send_raw(json.dumps({"type": "StasisEnd", "number": number}))
        await ari.request("GET", "channels")
        assert ari.metrics.events_dropped == 50
        assert (await anext(events)).data["number"] == 50
        await events.aclose()  # type: ignore[attr-defined]
        await server.emit("StasisEnd", "c1")
        await ari.request("GET", "channels")
        assert ari.metrics.events_dropped == 50, "an ended subscription still collects events"


async def test_asterisk_is_asked_to_send_only_what_is_used(server: FakeAri) -> None:
    async with connected(server.settings):
        await server.until(lambda: any("eventFilter" in asked.uri for asked in server.asked))
    body = next(asked.body for asked in server.asked if "eventFilter" in asked.uri)
    assert isinstance(body, dict)
    kinds = {entry["type"] for entry in body["allowed"]}
    # Without RESTResponse Asterisk 22 holds back its own answers.
    assert kinds == {"RESTResponse", *USED_EVENTS}


# --- the connection's life -----------------------------------------------------------------------


async def test_a_lost_connection_is_re_established_and_told(server: FakeAri) -> None:
    states: list[ConnectionState] = []
    seen: list[AriEvent] = []
    reconnects: list[int] = []
    async with connected(server.settings) as ari:
        ari.on_state(states.append)
        ari.on_reconnect(lambda: reconnects.append(1))
        ari.subscribe(seen.append)
        for _ in range(3):
            connections = server.connections
            await server.cut()
            await server.until(lambda before=connections: server.connections > before)  # type: ignore[misc]
            await next_state(ari, ConnectionState.CONNECTED)
        await server.emit("StasisStart", "c1")
        await ari.request("GET", "channels")
        assert ari.metrics.reconnects == 3
    assert len(reconnects) == 3
    assert states[:2] == [ConnectionState.DISCONNECTED, ConnectionState.CONNECTED]
    assert [event.type for event in seen] == ["StasisStart"]


async def test_an_application_taken_over_is_not_fought_for(server: FakeAri) -> None:
    states: list[ConnectionState] = []
    async with connected(server.settings) as ari:
        ari.on_state(states.append)
        await server.send_raw(json.dumps({"type": "ApplicationReplaced", "application": "ari-app"}))
        await next_state(ari, ConnectionState.REPLACED)
        with pytest.raises(NotConnected, match="another controller"):
            await ari.request("GET", "channels")
        await until(lambda: ari._task is not None and ari._task.done())
    assert states == [ConnectionState.REPLACED]
    assert server.connections == 1


async def test_a_half_open_connection_is_noticed_by_unanswered_pings(server: FakeAri) -> None:
    target = int(server.settings.url.rpartition(":")[2])
    async with tcp_proxy(target) as proxy:
        settings = replace(server.settings, url=f"http://127.0.0.1:{proxy.port}")
        async with connected(settings, ping_s=0.25, open_timeout_s=1.0) as ari:
            proxy.stall()
            await next_state(ari, ConnectionState.DISCONNECTED)
            proxy.mend()
            await next_state(ari, ConnectionState.CONNECTED)
            await ari.request("GET", "channels")


async def test_start_waits_for_an_asterisk_that_is_still_booting(server: FakeAri) -> None:
    server.status = HTTPStatus.NOT_FOUND
    ari = connection_to(server.settings)
    starting = asyncio.create_task(ari.start(patience_s=30))
    await until(lambda: ari.metrics.failed_connects >= 2)
    server.status = None
    await starting
    assert ari.connected
    await ari.close()


# --- clear messages at the first connection ------------------------------------------------------


async def test_a_wrong_password_is_named_without_showing_it(server: FakeAri) -> None:
    settings = replace(server.settings, password="hunter2")
    with pytest.raises(ConfigError, match=r"refused the ARI user 'bot'.*ari\.conf") as caught:
        await connection_to(settings).start(patience_s=30)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(settings)


async def test_a_server_without_ari_is_named(server: FakeAri) -> None:
    server.status = HTTPStatus.NOT_FOUND
    with pytest.raises(ConfigError, match="ARI is not enabled"):
        await connection_to(server.settings).start()


async def test_an_asterisk_without_rest_on_its_socket_is_too_old(server: FakeAri) -> None:
    server.rest_works = False
    with pytest.raises(ConfigError, match="does not answer requests on its event socket"):
        await connection_to(server.settings, request_timeout_s=0.02).start()


async def test_an_asterisk_that_says_an_old_version_is_refused(server: FakeAri) -> None:
    server.version = "22.4.1"
    with pytest.raises(ConfigError, match=r"Asterisk is 22\.4\.1; at least"):
        await connection_to(server.settings).start()


async def test_no_asterisk_at_all(server: FakeAri, unused_port: int) -> None:
    settings = replace(server.settings, url=f"http://127.0.0.1:{unused_port}")
    with pytest.raises(NotConnected, match=f"no Asterisk at http://127.0.0.1:{unused_port}"):
        await connection_to(settings).start()


async def test_what_answers_is_no_web_server(unused_port: int) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", unused_port)
    try:
        with pytest.raises(ConfigError, match="is no ARI WebSocket"):
            await connection_to(AriSettings(f"http://127.0.0.1:{unused_port}", "u", "p")).start()
    finally:
        listener.close()
        await listener.wait_closed()


@pytest.mark.parametrize("url", ["", "127.0.0.1:8088", "ftp://x", "http://", "http://u:p@x", "http://x?y=1"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="must look like"):
        connection_to(AriSettings(url, "u", "p")).settings.websocket_url("/ari/events")


async def test_the_password_travels_in_a_header_and_never_in_the_address(server: FakeAri) -> None:
    async with connected(server.settings):
        pass
    assert all(PASSWORD not in path for path in server.paths)
    assert server.headers[0].startswith("Basic ")
    assert PASSWORD not in repr(server.settings)


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
