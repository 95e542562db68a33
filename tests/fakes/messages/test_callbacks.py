"""What providers post: believed by their secret only, kept before it is answered, and never more than text."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from ari_app.domain.messages.message import MessageState
from ari_app.errors import StoreError
from ari_app.ports.messages import Receipt
from ari_app.services.messages.replies import Replies
from ari_app.web.messages.callbacks import MOST_BYTES, CallbackTerms
from ari_app.web.messages.router import message_router
from tests.support.messages import World, world

pytestmark = pytest.mark.fakes

SECRET = "a-secret-of-callbacks"
TERMS = CallbackTerms(
    channel="sms",
    secret=SECRET,
    reference="sid",
    status="stat",
    statuses={"DELIVRD": "delivered", "UNDELIV": "failed"},
    bounced=frozenset({"MK:0001"}),
    detail="err",
    sender="mobile",
    text="content",
)
AUTH = {"Authorization": f"Bearer {SECRET}"}


@asynccontextmanager
async def client(here: World, terms: CallbackTerms = TERMS) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    desk = Replies(here.store.messages, here.clock)
    app.include_router(message_router({"gw": terms}, here.store.messages, desk, here.clock))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as made:
        yield made


async def sent(here: World) -> str:
    await here.round()
    (message,) = await here.messages()
    return message.reference


async def test_receipts_in_json_and_as_a_form_move_the_message(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        reference = await sent(here)
        body = [
            {"sid": reference, "stat": "UNDELIV", "err": "MK:0001"},
            {"sid": "other", "stat": "ACCEPTD"},
            7,
        ]
        for _ in range(2):
            assert (await http.post("/messages/receipts/gw", json=body, headers=AUTH)).status_code == 204
        assert await here.states() == ["failed"]
        form = {**AUTH, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        told = urlencode({"sid": reference, "stat": "DELIVRD"})
        assert (await http.post("/messages/receipts/gw", content=told, headers=form)).status_code == 204
        assert (await here.messages())[0].state is MessageState.DELIVERED


async def test_a_reply_is_taken_and_honoured_at_once(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        await sent(here)
        body = {"sid": "in-1", "mobile": "8613800000001", "content": "TD"}
        for _ in range(2):
            assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        assert "cust-1" in await here.store.do_not_contact()
        assert len(await here.store.messages.replies()) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": SECRET},
        {"Authorization": "Basic " + SECRET},
        {"Authorization": "Bearer "},
    ],
)
async def test_without_the_secret_there_is_nothing_here(tmp_path: Path, headers: dict[str, str]) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        for path in (
            "/messages/receipts/gw",
            "/messages/inbound/gw",
            "/messages/receipts/nobody",
            "/messages/inbound/nobody",
        ):
            body = {"sid": "x", "stat": "DELIVRD", "mobile": "8613800000001", "content": "TD"}
            assert (await http.post(path, json=body, headers=headers)).status_code == 404
        assert await here.store.messages.replies() == []


async def test_a_signature_covers_the_body(tmp_path: Path) -> None:
    signed = replace(TERMS, signature_header="X-Signature")
    async with world(tmp_path / "s.db") as here, client(here, signed) as http:
        reference = await sent(here)
        body = json.dumps({"sid": reference, "stat": "DELIVRD"}).encode()
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        other = body.replace(b"DELIVRD", b"UNDELIV")
        answer = await http.post("/messages/receipts/gw", content=other, headers={"X-Signature": signature})
        assert answer.status_code == 404
        assert (await http.post("/messages/receipts/gw", content=body, headers=AUTH)).status_code == 404
        for shape in (signature, signature.upper(), f"sha256={signature}"):
            answer = await http.post("/messages/receipts/gw", content=body, headers={"X-Signature": shape})
            assert answer.status_code == 204
        assert await here.states() == ["delivered"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"not json", 400),
        (b"\xff\xfe", 400),
        (b"[" * 50_000, 400),
        (json.dumps([{"sid": "x"}] * 501).encode(), 400),
        (b"x" * (MOST_BYTES + 1), 413),
        (b"7", 204),
        (b"null", 204),
        (b'{"sid": {"a": 1}, "stat": ["DELIVRD"]}', 204),
        (b'{"sid": "\\ud800", "stat": "DELIVRD", "err": "\\u0000\\u001b[2J"}', 204),
    ],
)
async def test_hostile_bodies_are_refused_or_say_nothing(tmp_path: Path, content: bytes, status: int) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        for path in ("/messages/receipts/gw", "/messages/inbound/gw"):
            assert (await http.post(path, content=content, headers=AUTH)).status_code == status
        assert await here.messages() == []


HOSTILE = [
    "Robert'); DROP TABLE message;--",
    "{pay_link}" * 100,
    "\u202eSTOP\u0000\x1b[2J",
    "<script>alert(1)</script>",
    "退" * 5000,
    "\ud800",
]


async def test_hostile_replies_are_kept_as_text_and_wait(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        await sent(here)
        for number, text in enumerate(HOSTILE):
            body = json.dumps({"sid": f"in-{number}", "mobile": "+8613800000001", "content": text})
            assert (await http.post("/messages/inbound/gw", content=body, headers=AUTH)).status_code == 204
        found = await here.store.messages.replies()
        assert len(found) == len(HOSTILE)
        assert all(len(each.text) <= 2000 for each in found)
        assert await here.states() == ["sent"]


async def test_a_number_that_is_none_is_nobodys_reply(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        for mobile in ("", "abc", "123", "9" * 40, None, ["8613800000001"]):
            body: dict[str, Any] = {"sid": "x", "mobile": mobile, "content": "TD"}
            assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        assert await here.store.messages.replies() == []


async def test_while_the_database_cannot_be_written_the_provider_is_asked_to_come_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:

        async def full(receipt: Receipt, now: object) -> bool:
            raise StoreError("the disk is full")

        monkeypatch.setattr(here.store.messages, "receipt", full)
        body = {"sid": "x", "stat": "DELIVRD"}
        assert (await http.post("/messages/receipts/gw", json=body, headers=AUTH)).status_code == 503


@pytest.mark.parametrize(
    "mobile",
    [
        "13800000001",
        "8613800000001",
        "008613800000001",
        "+86 138-0000-0001",
        "１３８０００００００１",
        13800000001,
    ],
)
async def test_who_writes_is_found_however_his_number_is_written(tmp_path: Path, mobile: object) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        await here.round()
        (message,) = await here.messages()
        assert message.contact == "+8613800000001"
        body = {"sid": "in-1", "mobile": mobile, "content": "ＴＤ"}
        assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        (reply,) = await here.store.messages.replies()
        assert (reply.customer_id, reply.contact) == (message.customer_id, "+8613800000001")
        assert str(reply.done) == "opt_out"


async def test_a_number_of_another_country_stays_one(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        body = {"sid": "in-1", "mobile": "447911123456", "content": "STOP"}
        assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        (reply,) = await here.store.messages.replies()
        assert reply.contact == "+447911123456"


async def test_a_second_answer_to_one_message_is_another_reply(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        reference = await sent(here)
        for text in ("好的", "STOP", "STOP"):
            body = {"sid": reference, "mobile": "+8613800000001", "content": text}
            assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        found = await here.store.messages.replies()
        assert sorted(str(each.done) for each in found) == ["none", "opt_out"]


async def test_a_reply_that_names_nobody_is_told_to_the_operator_and_not_quoted(tmp_path: Path) -> None:
    async with world(tmp_path / "s.db") as here, client(here) as http:
        body = [{"sid": "1", "mobile": "swordfish", "content": "STOP"}, {"sid": "2", "content": "STOP"}]
        with capture_logs() as told:
            assert (await http.post("/messages/inbound/gw", json=body, headers=AUTH)).status_code == 204
        (error,) = [each for each in told if each["log_level"] == "error"]
        assert (error["provider"], error["replies"]) == ("gw", 2)
        assert "swordfish" not in str(told)
