"""The metrics endpoint: what a scraper reads of a serving controller, and what hostile clients cannot do to it."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from ari_app.app import open_controller
from ari_app.config import Settings
from ari_app.errors import StoreError
from ari_app.ports import EngineHealth, EngineState
from ari_app.web.health import HealthReport
from ari_app.web.metric_table import METRICS
from ari_app.web.metrics import Exposition, Source
from ari_app.web.server import MOST_CONNECTIONS, MetricsServer, ServerCounters, serve_metrics
from tests.support.fake_ari import PASSWORD, USER, FakeAri, fake_ari
from tests.support.fake_funasr import FakeFunasr, fake_funasr
from tests.support.serving import DIALPLAN
from tests.support.until import until

pytestmark = pytest.mark.fakes

PATIENCE = 10.0


async def ask(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """One request as bytes; status, header fields and body of the answer."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            answer = await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), fields, body


async def get(port: int, path: str) -> tuple[int, dict[str, str], bytes]:
    return await ask(port, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n".encode())


async def ended(reader: asyncio.StreamReader) -> None:
    """Return when the other end has gone, in order or not, without a word."""
    with suppress(ConnectionResetError):
        assert await reader.read() == b""


def values(page: bytes) -> dict[str, float]:
    """Every sample of a page, by name and labels; the page has to be in Prometheus' format."""
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(page.decode("utf-8")):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


# ------------------------------------------------------------------------------------------- a serving controller


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def settings_for(folder: Path, ari: FakeAri, funasr: FakeFunasr, port: int | None) -> Settings:
    return Settings.model_validate(
        {
            "data_dir": str(folder / "data"),
            "dialplan_dir": str(DIALPLAN),
            "ari": {"url": ari.settings.url, "user": USER, "password": PASSWORD},
            "speech": {"recognisers": {"zh": ["funasr"], "en": []}, "funasr_url": funasr.url},
            "llm": {"url": "http://127.0.0.1:9/v1", "model": "small", "summarise": True},
            "metrics": {"port": port},
            "trunks": [{"name": "carrier", "endpoint": "PJSIP/{number}@carrier"}],
        }
    )


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[FakeAri, FakeFunasr, int]]:
    async with fake_ari() as ari, fake_funasr() as funasr:
        port = free_port()
        async with open_controller(settings_for(folder, ari, funasr, port)) as controller:
            await controller.reconciled.wait()
            yield ari, funasr, port


async def test_a_scraper_reads_the_figures_of_a_serving_controller(tmp_path: Path) -> None:
    async with serving(tmp_path) as (_, _, port):
        status, fields, page = await get(port, "/metrics")
        assert status == 200
        assert fields["Content-Type"].startswith("text/plain; version=0.0.4")
        found = values(page)
        assert found["ari_app_ari_connected"] == 1
        assert found["ari_app_ari_connects_total"] == 1
        assert found["ari_app_ari_requests_total"] >= 2
        assert found["ari_app_dialler_halted"] == 0
        assert found["ari_app_dialler_calls"] == 0
        assert found["ari_app_recogniser_up{engine=funasr}"] == 1
        assert found["ari_app_recogniser_result_seconds_count{engine=funasr}"] == 0
        assert found["ari_app_flow_file_problems"] == 0
        assert found["ari_app_store_commits_total"] >= 1
        assert found["ari_app_llm_up{task=understand}"] == 1
        assert found["ari_app_advice_asked_total"] == 0
        assert found["ari_app_trunk_open{trunk=carrier}"] == 0
        assert found["process_resident_memory_bytes"] > 0
        shown = {name.partition("{")[0].removesuffix("_bucket") for name in found}
        # Of what these settings do not have, and of channels that have counted nothing yet, there is no line.
        absent = (
            "ami",
            "recogniser_worker",
            "api",
            "payment_callback",
            "message",
            "message_state",
            "message_refusal",
        )
        missing = {row.name for row in METRICS if row.group not in absent} - shown
        assert missing == set()


async def test_health_follows_asterisk_and_the_recogniser(tmp_path: Path) -> None:
    async with serving(tmp_path) as (ari, funasr, port):
        status, fields, body = await get(port, "/healthz")
        assert (status, fields["Content-Type"]) == (200, "application/json")
        assert json.loads(body) == {
            "status": "ok",
            "ari": {"connected": True, "reconciled": True},
            "store": {"usable": True},
            "engines": {"funasr": "ready"},
        }
        funasr.refuse = True
        for one in list(funasr.open_sockets):
            one.transport.abort()
        ari.status = HTTPStatus.SERVICE_UNAVAILABLE
        await ari.cut()
        report: dict[str, object] = {}
        while report.get("engines") != {"funasr": "resting"} or status == 200:
            status, _, body = await get(port, "/healthz")
            report = json.loads(body)
        assert status == 503
        assert report["status"] == "failing"
        assert report["store"] == {"usable": True}


async def test_a_recogniser_that_is_down_stops_no_controller(tmp_path: Path) -> None:
    async with fake_funasr() as gone:
        pass
    async with fake_ari() as ari:
        port = free_port()
        async with open_controller(settings_for(tmp_path, ari, gone, port)) as controller:
            await controller.reconciled.wait()
            status, _, body = await get(port, "/healthz")
            assert (status, json.loads(body)["engines"]) == (200, {"funasr": "resting"})
            found = values((await get(port, "/metrics"))[2])
            assert found["ari_app_recogniser_up{engine=funasr}"] == 0
            assert found["ari_app_funasr_socket_failed_connects_total"] >= 1


async def test_no_port_no_endpoint(tmp_path: Path) -> None:
    async with (
        fake_ari() as ari,
        fake_funasr() as funasr,
        open_controller(settings_for(tmp_path, ari, funasr, None)) as controller,
    ):
        await controller.reconciled.wait()
        assert not [task for task in asyncio.all_tasks() if "metrics" in task.get_name()]


async def test_a_port_that_is_taken_stops_no_controller(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with fake_ari() as ari, fake_funasr() as funasr:
            port = taken.getsockname()[1]
            async with open_controller(settings_for(tmp_path, ari, funasr, port)) as controller:
                await controller.reconciled.wait()


# ------------------------------------------------------------------------------------------- the server alone


def engine(name: str = "some", **figures: object) -> EngineHealth:
    return EngineHealth(name, EngineState.READY, **figures)  # type: ignore[arg-type]


async def _well() -> None:
    pass


class Endpoint:
    """The endpoint over figures of a test."""

    def __init__(self) -> None:
        self.counters = ServerCounters()
        self.engines = [engine()]
        self.connected = True
        self.pings = 0
        self.store_error: Exception | None = None
        self.now = 0.0
        self.port = 0

    async def ping(self) -> None:
        self.pings += 1
        if self.store_error is not None:
            raise self.store_error


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    held = Endpoint()
    sources = [Source("metrics", lambda: held.counters)]
    exposition = Exposition(sources, lambda: held.engines, clock=lambda: held.now)
    health = HealthReport(
        lambda: held.connected, lambda: True, held.ping, lambda: held.engines, clock=lambda: held.now
    )
    async with serve_metrics("127.0.0.1", 0, exposition, health, held.counters) as server:
        assert server is not None
        held.port = server.port
        yield held


async def test_a_histogram_counts_what_took_at_most_so_long() -> None:
    async with endpoint() as held:
        counts = (0, 2, 0, 1) + (0,) * 7 + (1,)
        held.engines = [engine(utterances=5, timeouts=1, took_counts=counts, took_sum_s=6.25)]
        found = values((await get(held.port, "/metrics"))[2])
    name = "ari_app_recogniser_result_seconds"
    assert found[f"{name}_bucket{{engine=some,le=0.025}}"] == 0
    assert found[f"{name}_bucket{{engine=some,le=0.05}}"] == 2
    assert found[f"{name}_bucket{{engine=some,le=0.2}}"] == 3
    assert found[f"{name}_bucket{{engine=some,le=4.0}}"] == 3
    assert found[f"{name}_bucket{{engine=some,le=+Inf}}"] == 4
    assert found[f"{name}_count{{engine=some}}"] == 4
    assert found[f"{name}_sum{{engine=some}}"] == 6.25
    assert found["ari_app_recogniser_timeouts_total{engine=some}"] == 1


async def test_a_page_is_made_once_a_second() -> None:
    async with endpoint() as held:
        first = (await get(held.port, "/metrics"))[2]
        held.engines = [engine(utterances=7)]
        assert (await get(held.port, "/metrics"))[2] == first
        held.now = 1.0
        assert (
            values((await get(held.port, "/metrics"))[2])["ari_app_recogniser_utterances_total{engine=some}"]
            == 7
        )


async def test_the_store_is_asked_once_a_second() -> None:
    async with endpoint() as held:
        answers = await asyncio.gather(*(get(held.port, "/healthz") for _ in range(8)))
        assert {status for status, _, _ in answers} == {200}
        assert held.pings == 1
        held.store_error = StoreError("the disk is full")
        held.now = 1.0
        status, _, body = await get(held.port, "/healthz")
        assert (status, json.loads(body)["store"]) == (503, {"usable": False})
        assert b"disk" not in body
        held.store_error, held.now = None, 2.0
        assert (await get(held.port, "/healthz"))[0] == 200


async def test_a_store_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.web.health.STORE_PATIENCE_S", 0.01)

    async def hang() -> None:
        await asyncio.Event().wait()

    report = HealthReport(lambda: True, lambda: True, hang, list)
    status, body = await report.answer()
    assert (status, json.loads(body)["status"]) == (503, "failing")


async def test_head_has_no_body() -> None:
    async with endpoint() as held:
        status, fields, body = await ask(held.port, b"HEAD /metrics HTTP/1.1\r\n\r\n")
        assert (status, body) == (200, b"")
        assert int(fields["Content-Length"]) > 100


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics/../secret HTTP/1.1\r\n\r\n", 404),
        (b"GET /metrics?name[]=x HTTP/1.0\r\n\r\n", 200),
        (b"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 405),
        (b"GET http://elsewhere/metrics HTTP/1.1\r\n\r\n", 400),
        (b"GET /metrics\r\n\r\n", 400),
        (b"GET /metrics HTTP/2.0\r\n\r\n", 400),
        (b"get /metrics HTTP/1.1\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 431),
        (b"a" * 20_000, 431),
    ],
)
async def test_odd_requests_get_their_status(request_bytes: bytes, status: int) -> None:
    async with endpoint() as held:
        found, fields, body = await ask(held.port, request_bytes)
        assert found == status
        assert fields["Connection"] == "close"
        if status == 405:
            assert fields["Allow"] == "GET, HEAD"
        assert held.counters.refused_requests == (status != 200)
        assert b"secret" not in body


async def test_a_websocket_handshake_is_no_business_of_this_server() -> None:
    async with endpoint() as held:
        with pytest.raises(Exception, match=r"200|404"):
            await connect(f"ws://127.0.0.1:{held.port}/metrics", proxy=None)


async def test_a_page_that_fails_answers_and_says_nothing_of_it() -> None:
    async def fails() -> tuple[int, str, bytes]:
        raise ValueError("Robin Green")

    server = MetricsServer({"/x": fails}, ServerCounters())
    await server.start("127.0.0.1", 0)
    status, _, body = await get(server.port, "/x")
    await server.close()
    assert status == 500
    assert b"Robin" not in body


async def patient_server(patience_s: float, body: bytes = b"") -> tuple[MetricsServer, ServerCounters]:
    async def page() -> tuple[int, str, bytes]:
        return 200, "text/plain", body

    counters = ServerCounters()
    server = MetricsServer({"/x": page}, counters, patience_s=patience_s)
    await server.start("127.0.0.1", 0)
    return server, counters


@pytest.mark.parametrize("sent", [b"", b"GET /x HTTP/1.1\r\nHost:"])
async def test_a_client_that_does_not_ask_is_dropped(sent: bytes) -> None:
    server, counters = await patient_server(0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE):
        await ended(reader)
    assert counters.dropped_connections == 1
    writer.close()
    await server.close()


async def test_a_client_that_does_not_read_is_dropped() -> None:
    server, counters = await patient_server(0.05, b"x" * 50_000_000)
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /x HTTP/1.1\r\n\r\n")
    await until(lambda: counters.dropped_connections == 1)
    writer.transport.abort()
    await server.close()


async def test_a_client_that_goes_in_the_middle_is_forgotten() -> None:
    server, counters = await patient_server(PATIENCE)
    for _ in range(5):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"GET /x")
        writer.transport.abort()
    await until(lambda: counters.dropped_connections == 5)
    assert not server._connections
    await server.close()


async def test_more_clients_than_it_takes_are_dropped_and_the_next_is_served() -> None:
    server, counters = await patient_server(PATIENCE)
    writers = []
    for _ in range(MOST_CONNECTIONS + 10):
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writers.append(writer)
    await until(lambda: counters.dropped_connections == 10)
    assert len(server._connections) == MOST_CONNECTIONS
    for writer in writers:
        writer.transport.abort()
    await until(lambda: not server._connections)
    assert (await get(server.port, "/x"))[0] == 200
    await server.close()


async def test_closing_ends_what_is_under_way() -> None:
    server, _ = await patient_server(3600.0)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /x")
    await until(lambda: len(server._connections) == 1)
    async with asyncio.timeout(PATIENCE):
        await server.close()
    await ended(reader)
    writer.close()
