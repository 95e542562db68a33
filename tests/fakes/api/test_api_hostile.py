"""What nobody should send: the API refuses it, names nothing of it, and goes on."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from ari_app.domain.api_scope import Scope
from ari_app.http_api import http_api
from ari_app.web.api.server import ServerOptions, serving
from tests.support.api import Served, served

pytestmark = pytest.mark.fakes


JSON = {"Content-Type": "application/json"}


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Served, int]]:
    async with (
        served(folder, anonymous_rate_per_s=10_000, anonymous_burst=10_000) as it,
        serving(it.api.app, ServerOptions(port=0), it.api.closing) as port,
    ):
        yield it, port


async def raw(port: int, request: bytes) -> bytes:
    """What is answered to bytes as they stand."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        return await reader.read(65_536)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_no_bytes_bring_it_down(tmp_path: Path) -> None:
    async with listening(tmp_path) as (it, port):
        token = it.client.headers["authorization"].encode()
        end = b"\r\nHost: x\r\nAuthorization: " + token + b"\r\nConnection: close\r\n"
        requests = [
            b"\x00\xff\x16\x03\x01 nonsense\r\n\r\n",
            b"GET /v1/accounts/../../etc/passwd HTTP/1.1" + end + b"\r\n",
            b"GET //v1/accounts HTTP/1.1" + end + b"\r\n",
            b"GET /v1/accounts/%2e%2e%2f%2e%2e%2fetc%2fpasswd HTTP/1.1" + end + b"\r\n",
            b"GET /v1/attempts/%00/recording HTTP/1.1" + end + b"\r\n",
            b"GET /v1/attempts/%ff%fe/recording HTTP/1.1" + end + b"\r\n",
            b"GET /v1/accounts?limit=%ff&taskId=%00 HTTP/1.1" + end + b"\r\n",
            b"GET /" + b"a" * 200_000 + b" HTTP/1.1" + end + b"\r\n",
            b"GET /v1/accounts HTTP/1.1" + end + b"X: " + b"y" * 200_000 + b"\r\n\r\n",
            b"POST /v1/payments HTTP/1.1" + end + b"Content-Length: -1\r\n\r\n",
            b"POST /v1/payments HTTP/1.1" + end + b"Content-Length: 99999999999999999999\r\n\r\n",
            b"POST /v1/payments HTTP/1.1"
            + end
            + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"POST /v1/payments HTTP/1.1" + end + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"TRACE /v1/accounts HTTP/1.1" + end + b"\r\n",
        ]
        for request in requests:
            answer = await raw(port, request)
            status = int(answer.split(b" ", 2)[1])
            assert 400 <= status < 500, request[:60]
            assert b"Traceback" not in answer
            assert b"root:" not in answer
        assert b" 200 OK" in await raw(port, b"GET /v1/accounts HTTP/1.1" + end + b"\r\n")


BODIES = [
    (b"\xff\xfe", "application/json"),
    (b'{"customerId": "\\ud800"}', "application/json"),
    (b'{"customerId": "\\u0000", "accountId": "a", "billId": "b"}', "application/json"),
    (b'{"a":' * 20_000, "application/json"),
    (b"[1e999999999]", "application/json"),
    (b'{"amount": 1e400}', "application/json"),
    (b'{"amount": -0.0}', "application/json"),
    (b'{"amount": Infinity}', "application/json"),
    (b"null", "application/json"),
    (b'"text"', "application/json"),
    (b"a=1&b=2", "application/x-www-form-urlencoded"),
    (b"--x\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\n", "multipart/form-data; boundary=x"),
    (b"", "multipart/form-data"),
    (gzip.compress(b"{}"), "application/json"),
    (b"{}", "application/json; charset=utf-7"),
    (b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>", "application/xml"),
]
PLACES = [
    "/v1/payments",
    "/v1/promises",
    "/v1/tasks",
    "/v1/tasks/c1/imports",
    "/v1/lists/black",
    "/v1/customers/c/flags",
    "/v1/disputes",
    "/v1/messages",
    "/v1/webhooks/endpoints",
]


async def test_no_body_is_more_than_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        for place in PLACES:
            for number, (body, kind) in enumerate(BODIES):
                headers = {"Content-Type": kind, "Idempotency-Key": f"{place} {number}"}
                answer = await it.client.post(place, content=body, headers=headers)
                assert 400 <= answer.status_code < 500, (place, body[:40], answer.text)
                assert answer.headers["content-type"] == "application/problem+json"
                assert "passwd" not in answer.text


async def test_no_endpoint_keeps_events_from_being_told(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        for number, pattern in enumerate(("*" * 200_000, "*" * 101, "[!\ud800]*", "[!x]*")):
            body = {
                "name": f"e{number}",
                "url": "https://e.example/hook",
                "events": [pattern],
                "secret": "a-secret-of-webhooks",
            }
            answer = await it.client.post("/v1/webhooks/endpoints", content=json.dumps(body), headers=JSON)
            assert answer.status_code == 422, pattern[:10]
        paid = {
            "customerId": "cust-1",
            "accountId": "acc-1",
            "billId": "b1",
            "amount": 1,
            "currency": "CNY",
            "occurredAt": "2026-03-02T10:00:00+08:00",
            "provider": "bank",
            "reference": "tx-1",
        }
        assert (await it.client.post("/v1/payments", json=paid)).status_code == 201


async def test_a_token_in_the_address_counts_for_nothing_and_is_told_to_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as it:
        text = await it.token(Scope.READ_ACCOUNTS)
        headers = {"Authorization": ""}
        answer = await it.client.get(f"/v1/accounts?token={text}&access_token={text}", headers=headers)
        assert answer.status_code == 401
        assert text not in answer.text
        assert text not in repr(await it.store.api.tokens())
        assert text.encode() not in (it.settings.database).read_bytes()


async def test_a_port_that_is_taken_stops_nothing_and_routes_are_shown(tmp_path: Path) -> None:
    shown: list[tuple[str, str]] = []
    async with listening(tmp_path) as (it, port):
        settings = it.settings.model_copy(update={"api": it.settings.api.model_copy(update={"port": port})})

        def show(group: str, read: object, label: str) -> None:
            shown.append((group, label))

        async with http_api(settings, it.store, it.clock, show) as found:
            assert found is None
    assert ("api", "/v1/accounts/{account_ref}") in shown
    assert {group for group, _ in shown} == {"api"}
