"""What holds for every request: who may ask, how often, how errors look, and what is done once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.api_scope import Scope
from ari_app.domain.token_bucket import Allowance
from ari_app.web.api.edge import SECURITY_HEADERS
from ari_app.web.api.rates import Rates
from tests.support.api import Served, served

pytestmark = pytest.mark.fakes

PAYMENT = {
    "customerId": "cust-1",
    "accountId": "acc-1",
    "billId": "b1",
    "amount": 100.25,
    "currency": "CNY",
    "occurredAt": "2026-11-23T10:00:00+08:00",
    "provider": "bank",
    "reference": "tx-1",
}


@pytest.fixture
async def it(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as found:
        yield found


async def test_a_request_without_a_token_that_counts_is_refused(it: Served) -> None:
    wrong = ["", "Bearer", "Bearer x", "Basic abc", f"Bearer ari_{'a' * 8}_{'b' * 43}"]
    good = await it.token(Scope.READ_ACCOUNTS)
    wrong += [f"Bearer {good[:-1]}{'A' if good[-1] != 'A' else 'B'}", f"Bearer {good}x"]
    for header in wrong:
        answer = await it.client.get("/v1/accounts", headers={"Authorization": header})
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["type"] == "urn:ari-app:problem:unauthenticated"


async def test_a_token_expires_and_is_revoked(it: Served) -> None:
    text = await it.token(Scope.READ_ACCOUNTS, lasts=timedelta(hours=1))
    headers = {"Authorization": f"Bearer {text}"}
    assert (await it.client.get("/v1/accounts", headers=headers)).status_code == 200
    used = next(each for each in await it.store.api.tokens() if each.token_id == text.split("_")[1])
    assert used.last_used_at == it.clock.now()
    it.clock.advance(3601)
    assert (await it.client.get("/v1/accounts", headers=headers)).status_code == 401
    other = await it.token(Scope.READ_ACCOUNTS)
    headers = {"Authorization": f"Bearer {other}"}
    assert (await it.client.get("/v1/accounts", headers=headers)).status_code == 200
    assert await it.store.api.revoke_token(other.split("_")[1], it.clock.now())
    assert not await it.store.api.revoke_token(other.split("_")[1], it.clock.now())
    it.clock.advance(1)
    assert (await it.client.get("/v1/accounts", headers=headers)).status_code == 401


async def test_a_scope_opens_its_own_routes_alone(it: Served) -> None:
    headers = await it.asking(Scope.READ_PAYMENTS)
    refused = await it.client.post("/v1/payments", json=PAYMENT, headers=headers)
    assert refused.status_code == 403
    assert "write:payments" in refused.json()["detail"]
    assert (await it.client.get("/v1/payments", headers=headers)).status_code == 200


async def test_personal_data_is_masked_without_its_scope(it: Served) -> None:
    (full,) = (await it.client.get("/v1/accounts")).json()["items"]
    assert (full["name"], full["phone"]) == ("王小明", "+8613800000001")
    headers = await it.asking(Scope.READ_ACCOUNTS)
    (masked,) = (await it.client.get("/v1/accounts", headers=headers)).json()["items"]
    assert (masked["name"], masked["phone"]) == ("王*", "***01")
    assert masked["amountDue"] == 568.32


async def test_who_asks_too_often_has_to_wait(tmp_path: Path) -> None:
    async with served(tmp_path, burst=3, rate_per_s=0.001, anonymous_burst=2) as it:
        answers = [await it.client.get("/v1/accounts") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        assert [each.headers["x-ratelimit-remaining"] for each in answers] == ["2", "1", "0", "0"]
        assert int(answers[3].headers["retry-after"]) > 0
        assert answers[3].json()["type"] == "urn:ari-app:problem:too-many-requests"
        strangers = [await it.client.get("/docs", headers={"Authorization": ""}) for _ in range(3)]
        assert [each.status_code for each in strangers] == [200, 200, 429]


def test_all_addresses_of_one_ipv6_network_are_one() -> None:
    rates = Rates(Allowance(1.0, 1), Allowance(0.001, 2), lambda: 0.0)
    home = [rates.take_address(f"2001:db8:1:2::{number:x}").allowed for number in range(1, 5)]
    assert home == [True, True, False, False]
    assert rates.take_address("2001:db8:1:3::1").allowed
    assert [rates.take_address(each).allowed for each in ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1")] == [
        True,
        True,
        False,
    ]
    assert rates.take_provider("2001:db8:1:2::1").allowed


ERRORS = [
    ("GET", "/nothing", "", "", 404, "not-found"),
    ("GET", "/v1/accounts/nobody", "", "", 404, "not-found"),
    ("DELETE", "/v1/accounts", "", "", 405, "method-not-allowed"),
    ("POST", "/v1/payments", "{", "application/json", 400, "malformed"),
    ("POST", "/v1/payments", '{"amount": NaN}', "application/json", 400, "malformed"),
    ("POST", "/v1/payments", '{"amount": 1, "amount": 2}', "application/json", 400, "malformed"),
    ("POST", "/v1/payments", "[" * 100_000, "application/json", 400, "malformed"),
    ("POST", "/v1/payments", '{"amount": ' + "9" * 5000 + "}", "application/json", 400, "malformed"),
    ("POST", "/v1/payments", "{}", "text/plain", 415, "unsupported-media-type"),
    ("POST", "/v1/payments", "{}", "application/json", 422, "validation"),
    ("POST", "/v1/payments", '"' + "x" * 1_100_000 + '"', "application/json", 413, "too-large"),
    ("GET", "/v1/accounts?limit=0", "", "", 422, "validation"),
    ("GET", "/v1/accounts?cursor=made-up", "", "", 422, "validation"),
]


async def test_every_error_is_problem_details(it: Served) -> None:
    for method, path, body, kind, status, name in ERRORS:
        headers = {"Content-Type": kind} if kind else {}
        answer = await it.client.request(method, path, content=body, headers=headers)
        said = (answer.status_code, answer.headers["content-type"])
        assert said == (status, "application/problem+json"), (method, path, body[:20])
        found = answer.json()
        assert (found["type"], found["status"]) == (f"urn:ari-app:problem:{name}", status)
        assert found["instance"] == f"urn:request:{answer.headers['x-request-id']}"


async def test_a_fault_is_named_with_its_field_and_what_is_allowed(it: Served) -> None:
    body = PAYMENT | {
        "amount": "100",
        "currency": "yuan",
        "kind": "gift",
        "more": 1,
        "occurredAt": "2026-11-30T10:00:00",
    }
    found = (await it.client.post("/v1/payments", json=body)).json()["problems"]
    said = {each["field"]: (each["wrong"], each["allowed"]) for each in found}
    assert said["amount"] == ("is not a number", "a JSON number such as 568.32")
    assert said["kind"][1] == "payment, waiver, credit, fee"
    assert said["more"] == ("is not a known field", "leave it out; openapi.json has every field")
    assert said["occurredAt"][0] == "has no offset"
    assert set(said) == {"amount", "currency", "kind", "more", "occurredAt"}
    found = (await it.client.post("/v1/payments", json={})).json()["problems"]
    assert {(each["wrong"], each["allowed"]) for each in found} == {
        ("is missing", "this field has to be given")
    }


async def test_a_body_of_unknown_length_ends_at_the_limit(it: Served) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 100_000

    answer = await it.client.post(
        "/v1/payments", content=endless(), headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["type"]) == (413, "urn:ari-app:problem:too-large")


async def test_an_unexpected_error_tells_nothing_of_itself(
    it: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret is swordfish")

    monkeypatch.setattr(it.store.api, "accounts_page", broken)
    answer = await it.client.get("/v1/accounts")
    assert answer.status_code == 500
    assert "swordfish" not in answer.text
    assert "Traceback" not in answer.text
    assert it.api.counters.routes["/v1/accounts"].failed == 1


async def test_answers_carry_the_headers_that_browsers_heed(it: Served) -> None:
    answer = await it.client.get("/v1/accounts", headers={"X-Request-Id": "mine-1"})
    assert answer.headers["x-request-id"] == "mine-1"
    forged = await it.client.get("/v1/accounts", headers={"X-Request-Id": "a b\tc"})
    assert forged.headers["x-request-id"].startswith("req-")
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_a_request_with_a_key_is_carried_out_once(it: Served) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await it.client.post("/v1/payments", json=PAYMENT, headers=headers)
    again = await it.client.post("/v1/payments", json=PAYMENT, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    other = await it.client.post("/v1/payments", json=PAYMENT | {"amount": 1}, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "urn:ari-app:problem:idempotency-key-reused")
    # The key belongs to the token.
    stranger = await it.asking(Scope.WRITE_PAYMENTS)
    theirs = await it.client.post("/v1/payments", json=PAYMENT, headers=headers | stranger)
    assert (theirs.status_code, theirs.json()["result"]) == (200, "repeated")
    it.clock.advance(24 * 3600 - 5)
    assert (
        "idempotency-replayed"
        in (await it.client.post("/v1/payments", json=PAYMENT, headers=headers)).headers
    )
    it.clock.advance(10)
    late = await it.client.post("/v1/payments", json=PAYMENT, headers=headers)
    assert ("idempotency-replayed" in late.headers, late.json()["result"]) == (False, "repeated")


async def test_a_refused_request_leaves_its_key_free(it: Served) -> None:
    headers = {"Idempotency-Key": "k-2"}
    wrong = await it.client.post("/v1/payments", json=PAYMENT | {"billId": "none"}, headers=headers)
    assert wrong.status_code == 404
    assert (await it.client.post("/v1/payments", json=PAYMENT, headers=headers)).status_code == 201
    for key in ("", "x" * 256, "ключ"):
        bad = {b"Idempotency-Key": key.encode()}
        assert (await it.client.post("/v1/payments", json=PAYMENT, headers=bad)).status_code == 400


async def test_the_same_key_twice_at_once_is_a_conflict(it: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    held, go = asyncio.Event(), asyncio.Event()
    post = it.store.debts.post

    async def slow(*arguments: object) -> object:
        held.set()
        await go.wait()
        return await post(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(it.store.debts, "post", slow)
    headers = {"Idempotency-Key": "k-3"}
    first = asyncio.create_task(it.client.post("/v1/payments", json=PAYMENT, headers=headers))
    await held.wait()
    second = await it.client.post("/v1/payments", json=PAYMENT, headers=headers)
    assert (second.status_code, second.json()["type"]) == (409, "urn:ari-app:problem:request-under-way")
    go.set()
    assert (await first).status_code == 201


async def test_the_description_and_its_page_are_served_from_here(it: Served) -> None:
    described = (await it.client.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    for path in ("/docs", "/docs.js", "/docs.css"):
        page = await it.client.get(path)
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text


async def test_once_the_program_ends_new_requests_are_sent_away(it: Served) -> None:
    it.api.closing.set()
    answer = await it.client.get("/v1/accounts")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
