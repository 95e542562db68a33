"""Requests to receivers that are slow, broken or hostile, and to names that lead inside."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from ari_app.clock import SystemClock
from ari_app.domain.webhooks.message import Message, message_id, secret_key
from ari_app.domain.webhooks.reach import Reach
from ari_app.gateways.webhooks.guarded_resolver import Lookup
from ari_app.gateways.webhooks.sender import HttpSender, SenderTerms, retry_after, signed_headers
from tests.support.receiver import Manner, Request, http, receiver, says
from tests.support.webhooks import HERE, SECRET

pytestmark = pytest.mark.fakes

PAYLOAD = json.dumps({"event": "payment.settled", "name": "王"})


def message(url: str, *secrets: str) -> Message:
    return Message(url, "payment.settled", "task+bill+payment.settled+1", PAYLOAD, secrets or (SECRET,))


@asynccontextmanager
async def sender(
    reach: Reach = HERE, lookup: Lookup | None = None, total_s: float = 5.0
) -> AsyncIterator[HttpSender]:
    made = HttpSender(SenderTerms(2.0, total_s, reach), SystemClock(), lookup)
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize(
    ("secret", "key"),
    [
        (SECRET, SECRET),
        ("any words 密钥", "any words 密钥".encode()),
        ("whsec_no base64!", b"whsec_no base64!"),
    ],
)
async def test_a_receiver_verifies_with_the_library_of_the_standard(secret: str, key: str | bytes) -> None:
    async with receiver() as far, sender() as out:
        assert (await out.send(message(far.url, secret))).delivered
        (request,) = far.requests
        assert Webhook(key).verify(request.body, request.headers) == json.loads(PAYLOAD)
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(request.body + b" ", request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(request.body, {**request.headers, "webhook-id": "msg_other"})


async def test_while_a_secret_is_changed_both_verify() -> None:
    async with receiver() as far, sender() as out:
        await out.send(message(far.url, "new", "old"))
        (request,) = far.requests
        for secret in ("new", "old"):
            Webhook(secret_key(secret)).verify(request.body, request.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(b"older").verify(request.body, request.headers)


def test_the_id_of_an_event_follows_from_its_key_alone() -> None:
    assert message_id("任务+b+e+1") == message_id("任务+b+e+1") != message_id("任务+b+e+2")
    headers = signed_headers(
        Message("", "e", "任务+b", "{}", ("s",)), datetime(2026, 2, 1, 4, 0, 0, 999_999, tzinfo=UTC)
    )
    assert headers["webhook-timestamp"] == "1769918400"
    assert headers["idempotency-key"] == "%E4%BB%BB%E5%8A%A1+b"
    assert all(value.isascii() for value in headers.values())


def writes(*pieces: bytes, then: str = "close") -> Manner:
    async def manner(_: Request, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
        await writer.drain()
        if then == "close":
            writer.close()
        elif then == "hang":
            await asyncio.Event().wait()

    return manner


@pytest.mark.parametrize(
    ("manner", "fault"),
    [
        (writes(), "it hung up"),
        (writes(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP answer: ClientResponseError"),
        (writes(b"HTTP/1.1 2", then="hang"), "no answer in time"),
        (writes(then="hang"), "no answer in time"),
        (
            writes(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n"),
            "no HTTP answer: ClientResponseError",
        ),
        (says(302, "Location: http://127.0.0.1:1/"), "answered with a redirect"),
        (says(308, "Location: https://169.254.169.254/"), "answered with a redirect"),
    ],
)
async def test_what_is_no_receipt_is_told_in_a_few_words(manner: Manner, fault: str) -> None:
    async with receiver() as far, sender(total_s=0.3) as out:
        far.manner = manner
        answer = await out.send(message(far.url))
        assert not answer.delivered
        assert answer.fault == fault
        assert len(far.requests) == 1


@pytest.mark.parametrize(
    "manner",
    [
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n" + b"x" * 200_000, then="hang"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", then="hang"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"),
        writes(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde"),
    ],
)
async def test_a_receipt_stands_whatever_its_body_does(manner: Manner) -> None:
    async with receiver() as far, sender(total_s=0.3) as out:
        far.manner = manner
        assert (await out.send(message(far.url))).delivered


async def test_nobody_there_and_an_unknown_name() -> None:
    async def nowhere(_: str, __: int) -> list[str]:
        raise OSError("no such name")

    async with receiver() as far, sender(lookup=nowhere) as out:
        url = far.url
        assert (await out.send(message("https://e.example/x"))).fault == "the name is not known"
    async with sender() as out:
        assert (await out.send(message(url))).fault == "no connection"


async def test_connections_are_used_again() -> None:
    async with receiver() as far, sender() as out:
        far.manner = writes(http(200, body=b"thanks"), then="stay")
        ports = set()

        async def manner(_: Request, writer: asyncio.StreamWriter) -> None:
            ports.add(writer.get_extra_info("peername")[1])
            writer.write(http(200, body=b"thanks"))

        far.manner = manner
        for _ in range(3):
            assert (await out.send(message(far.url))).delivered
        assert len(ports) == 1


# ------------------------------------------------------------------------------------------- names that lead inside


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_a_name_that_leads_inside_is_not_followed(inside: str) -> None:
    async def lookup(_: str, __: int) -> list[str]:
        return [inside]

    async with receiver() as far, sender(Reach(), lookup) as out:
        answer = await out.send(message(f"http://nice.example:{far.port}/hook"))
        assert answer.fault.startswith("the name leads nowhere that may be reached: ")
        assert inside not in answer.fault
        assert far.requests == []


async def test_an_address_inside_is_not_connected_to_however_it_is_written() -> None:
    async with receiver() as far, sender(Reach()) as out:
        for host in (
            "127.0.0.1",
            "[::ffff:127.0.0.1]",
            "localhost",
            "2130706433",
            "0x7f000001",
            "127.1",
            "0",
            "127.0.0.1.",
            "１２７.０.０.１",
            "127。0。0。1",
            "①②⑦.0.0.1",
            "127.0.0.\u00ad1",
            "%31%32%37.0.0.1",
            "127%2e0.0.1",
        ):
            answer = await out.send(message(f"http://{host}:{far.port}/hook"))
            assert answer.status == 0, host
        assert far.requests == []


async def test_a_name_that_changes_its_mind_is_checked_at_each_connection() -> None:
    answers = [["127.0.0.1"], ["127.0.0.9"]]

    async def rebinding(_: str, __: int) -> list[str]:
        return answers.pop(0)

    only_one = Reach.of(["127.0.0.1/32"])
    async with receiver() as far, sender(only_one, rebinding) as out:
        far.manner = writes(http(200, "Connection: close"))
        url = f"http://nice.example:{far.port}/hook"
        assert (await out.send(message(url))).delivered
        assert not (await out.send(message(url))).delivered
        assert len(far.requests) == 1
        assert answers == [], "looked up once a connection"


async def test_of_several_addresses_only_those_outside_are_used() -> None:
    async def lookup(_: str, __: int) -> list[str]:
        return ["10.0.0.1", "127.0.0.1"]

    async with receiver() as far, sender(HERE, lookup) as out:
        assert (await out.send(message(f"http://nice.example:{far.port}/hook"))).delivered


async def test_the_request_names_the_host_and_not_the_address() -> None:
    async def lookup(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiver() as far, sender(HERE, lookup) as out:
        await out.send(message(f"http://nice.example:{far.port}/hook"))
        assert far.requests[0].headers["host"] == f"nice.example:{far.port}"


def test_retry_after_is_a_number_or_a_date() -> None:
    now = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
    assert retry_after("120", now) == 120
    assert retry_after("Sun, 29 Nov 2026 10:02:00 GMT", now) == 120
    assert retry_after("Sun, 29 Nov 2026 09:00:00 GMT", now) == 0
    for text in ("", "soon", "-5", "1.5", "９", "Sun, 99 Nov"):
        assert retry_after(text, now) is None
    assert retry_after("9" * 50, now) == 1e9
