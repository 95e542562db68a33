"""The server itself: event streams, an orderly end, trusted proxies, and the command line."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from typer.testing import CliRunner

from ari_app.app import open_store
from ari_app.cli.main import app
from ari_app.closed_loop import closed_loop
from ari_app.config import load_settings
from ari_app.domain.api_scope import Scope
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.token_bucket import Allowance
from ari_app.observation import Observed
from ari_app.ports.debt import BillKey, Movement
from ari_app.services.api.tokens import new_token
from ari_app.web.api.app import make_api
from ari_app.web.api.edge import Edge
from ari_app.web.api.options import ApiOptions
from ari_app.web.api.rates import Rates
from ari_app.web.api.server import ServerOptions, serving
from ari_app.web.metrics import Exposition
from tests.support.api import Served, free_ports, served
from tests.support.clock import FakeClock
from tests.support.docs import ROOT
from tests.support.store_rows import NOW, campaign
from tests.support.verdicts import BOOK

pytestmark = pytest.mark.fakes


@asynccontextmanager
async def listening(it: Served, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application behind a real server, and a client with every right."""
    chosen = ServerOptions(port=0, **options)
    async with (
        serving(it.api.app, chosen, it.api.closing) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=it.client.headers) as client,
    ):
        yield client


async def pay(it: Served, reference: str) -> None:
    from decimal import Decimal

    bill = BillKey("cust-1", "acc-1", "b1")
    movement = Movement(bill, EntryKind.PAYMENT, Decimal("1.00"), "CNY", NOW, "bank", reference)
    await it.store.debts.post(movement, it.clock.now())


async def told(lines: AsyncIterator[str], count: int) -> list[dict[str, Any]]:
    """The next events of a stream."""
    found: list[dict[str, Any]] = []
    async for line in lines:
        if line.startswith("data: "):
            found.append(json.loads(line.removeprefix("data: ")))
            if len(found) == count:
                return found
    raise AssertionError(f"the stream ended after {len(found)} events")


async def test_events_come_as_they_happen_and_none_is_lost_by_coming_back(tmp_path: Path) -> None:
    async with served(tmp_path) as it, listening(it) as client:
        await pay(it, "before")
        async with client.stream("GET", "/v1/events/stream") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            assert await anext(lines) == ": ready"
            await pay(it, "one")
            (first,) = await told(lines, 1)
            assert first["payload"]["reference"] == "one"
        await pay(it, "two")
        await pay(it, "three")
        headers = {"Last-Event-ID": str(first["id"])}
        async with client.stream("GET", "/v1/events/stream", headers=headers) as stream:
            found = await told(stream.aiter_lines(), 2)
        assert [each["payload"]["reference"] for each in found] == ["two", "three"]


async def test_there_are_only_so_many_streams(tmp_path: Path) -> None:
    async with served(tmp_path, max_streams=1) as it, listening(it) as client:
        async with client.stream("GET", "/v1/events/stream") as stream:
            assert await anext(stream.aiter_lines()) == ": ready"
            refused = await client.get("/v1/events/stream")
            assert (refused.status_code, refused.headers["content-type"]) == (503, "application/problem+json")
        for _ in range(200):  # the server notices the end of the first one in its own time
            async with client.stream("GET", "/v1/events/stream") as again:
                if again.status_code == 200:
                    return
            await asyncio.sleep(0.01)
        raise AssertionError("the place of a stream that has ended stays taken")


async def test_the_end_lets_requests_finish_and_ends_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with served(tmp_path) as it:
        held, go = asyncio.Event(), asyncio.Event()
        read = it.store.api.accounts_page

        async def slow(*arguments: Any) -> Any:
            held.set()
            await go.wait()
            return await read(*arguments)

        monkeypatch.setattr(it.store.api, "accounts_page", slow)
        server = serving(it.api.app, ServerOptions(port=0), it.api.closing)
        port = await server.__aenter__()
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, headers=it.client.headers) as client:
            async with client.stream("GET", "/v1/events/stream") as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == ": ready"
                under_way = asyncio.create_task(client.get("/v1/accounts"))
                await held.wait()
                ending = asyncio.create_task(server.__aexit__(None, None, None))
                assert [line async for line in lines if line.startswith("data")] == []
                go.set()
                assert (await under_way).status_code == 200
            await ending
            with pytest.raises(httpx.HTTPError):
                await client.get("/v1/accounts")


async def test_the_controllers_loop_serves_it_and_ends_it_before_the_store(tmp_path: Path) -> None:
    path, (port,) = tmp_path / "ari-app.yaml", free_ports(1)
    wanted = {
        "data_dir": str(tmp_path / "data"),
        "dialplan_dir": str(ROOT / "dialplan"),
        "api": {"port": port},
    }
    path.write_text(json.dumps(wanted), encoding="utf-8")
    settings, clock, observed = load_settings(path), FakeClock(), Observed()
    scheduler = AsyncIOScheduler(timezone=UTC)
    async with (
        open_store(settings) as store,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        made = new_token("crm", [Scope.READ_TASKS, Scope.READ_EVENTS], clock.now(), timedelta(days=1))
        await store.api.add_token(made.token)
        client.headers["Authorization"] = f"Bearer {made.text}"
        async with closed_loop(settings, store, clock, scheduler, lambda: BOOK, observed.add):
            assert (await client.get("/v1/tasks")).json()["items"] == []
            await store.put_campaign(campaign())
            assert (await client.get("/v1/tasks/c1")).json()["status"] == "running"
            assert (await client.get("/v1/none")).status_code == 404
            page = Exposition(observed.sources, tuple).page().decode()
            assert 'ari_app_api_requests_total{route="/v1/tasks"} 1.0' in page
            assert 'ari_app_api_refused_total{route="(none)"} 1.0' in page
        with pytest.raises(httpx.HTTPError):
            await client.get("/v1/tasks")
        await store.ping()


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async with served(tmp_path) as it, listening(it) as client:
        port = client.base_url.port
        assert port is not None
        with pytest.raises(OSError, match="in use"):
            async with serving(it.api.app, ServerOptions(port=port), asyncio.Event()):
                pass


async def test_connections_that_ask_for_nothing_keep_nobody_out(tmp_path: Path) -> None:
    options = ServerOptions(port=0, most_connections=3, head_s=0.05)
    async with served(tmp_path) as it, serving(it.api.app, options, it.api.closing) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        for number, (_, writer) in enumerate(silent):
            writer.write(b"GET /docs HTTP/1.1\r\nX: "[: number * 8])
        for reader, writer in silent:
            await reader.read()  # to its end: the server has closed it
            writer.close()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/docs")).status_code == 200


async def test_a_connection_that_is_kept_alive_may_not_begin_a_request_for_ever(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as it,
        serving(it.api.app, ServerOptions(port=0, head_s=0.05), it.api.closing) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /docs.css HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"GET /docs.css HTT")
        await reader.read()
        writer.close()


async def test_a_connection_that_is_in_use_lasts_longer_than_one_head_may_take(tmp_path: Path) -> None:
    async with (
        served(tmp_path, anonymous_rate_per_s=10_000, anonymous_burst=10_000) as it,
        serving(it.api.app, ServerOptions(port=0, head_s=0.05), it.api.closing) as port,
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        ends = asyncio.get_running_loop().time() + 0.2
        while asyncio.get_running_loop().time() < ends:
            writer.write(b"HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 404")
        writer.close()


async def test_a_stream_lasts_longer_than_the_head_of_a_request_may_take(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as it,
        listening(it, head_s=0.01) as client,
        client.stream("GET", "/v1/events/stream", headers={"Last-Event-ID": "0"}) as stream,
    ):
        lines = stream.aiter_lines()
        await anext(lines)
        await asyncio.sleep(0.05)
        await pay(it, "p1")
        assert await told(lines, 1)


async def test_a_body_that_stops_coming_is_waited_for_no_longer(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        edge = Edge(
            it.api.app,
            ApiOptions(piece_s=0.01),
            it.api.counters,
            Rates(Allowance(9.0, 9), Allowance(9.0, 9)),
            asyncio.Event(),
        )
        authorization = it.client.headers["authorization"]

        async def stops() -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

        transport = httpx.ASGITransport(edge)
        async with httpx.AsyncClient(transport=transport, base_url="http://api.test") as client:
            answer = await client.post(
                "/v1/payments",
                content=stops(),
                headers={"Authorization": authorization, "Content-Type": "application/json"},
            )
        assert (answer.status_code, answer.json()["type"]) == (408, "urn:ari-app:problem:too-slow")


@pytest.mark.parametrize(("trusted", "addresses"), [((), 1), (("127.0.0.0/8",), 2)])
async def test_only_a_trusted_proxy_says_who_asks(trusted: tuple[str, ...], addresses: int) -> None:
    options = ApiOptions(address_rate=Allowance(0.001, 1))
    made = make_api(options, Rates(options.token_rate, options.address_rate), [])
    async with (
        serving(made, ServerOptions(port=0, trusted_proxies=trusted), asyncio.Event()) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answers = [
            await client.get("/docs", headers={"X-Forwarded-For": address})
            for address in ("192.0.2.1", "192.0.2.2")
        ]
        assert [each.status_code for each in answers].count(200) == addresses


def test_the_command_serves_alone_and_its_tokens_open_the_door(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    settings = tmp_path / "ari-app.yaml"
    dialplan = Path("dialplan").absolute()
    settings.write_text(
        f"data_dir: {tmp_path}\ndialplan_dir: {dialplan}\napi: {{port: {port}}}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "ari_app", "--config", str(settings), "api"]

    def ask(*more: str) -> Any:
        done = CliRunner().invoke(app, ["--config", str(settings), "api", "tokens", *more, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    made = ask("add", "billing", "--scope", "read:accounts", "--days", "30")
    assert made["scopes"] == ["read:accounts"]
    assert made["token"].split("_")[1] == made["token_id"]
    (listed,) = ask("list")
    assert (listed["usable"], "token" in listed, "digest" in listed) == (True, False, False)
    server = subprocess.Popen(command, env={**os.environ}, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            headers = {"Authorization": f"Bearer {made['token']}"}
            transport = httpx.HTTPTransport(retries=8)
            with httpx.Client(base_url=client.base_url, transport=transport, timeout=30) as patient:
                assert patient.get("/v1/accounts", headers=headers).json() == {
                    "items": [],
                    "nextCursor": None,
                }
            assert ask("revoke", made["token_id"])["revoked"] is True
            for _ in range(400):
                if client.get("/v1/accounts", headers=headers).status_code == 401:
                    break
                threading.Event().wait(0.05)
            else:
                raise AssertionError("a revoked token goes on")
    finally:
        server.send_signal(signal.SIGTERM)
        _, said = server.communicate(timeout=30)
    assert server.returncode == 0, said
    assert made["token"] not in said
    assert "Traceback" not in said
