"""Providers by HTTP, each against a server that keeps to its protocol: what left, what did not, and what nobody knows."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from ari_app.gateways.messages.http_gateway import HttpGateway, HttpGatewayTerms
from ari_app.gateways.messages.messengers import DingTalk, Feishu, MessengerTerms, WeCom
from ari_app.gateways.messages.robots import Robot, RobotTerms, dingtalk_sign, feishu_sign
from ari_app.ports.messages import Handed, Letter, MessageChannel
from tests.support import message_providers as far
from tests.support.message_providers import SECRET, Provider

pytestmark = pytest.mark.fakes

LETTER = Letter(
    "msg-abcdef123456",
    "sms",
    "+8613800138000",
    "您好，{text} & <b>",
    subject="标题",
    template="note",
    variant="B",
)
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def terms(provider: Provider, **changes: object) -> HttpGatewayTerms:
    fields: dict[str, object] = {
        "provider": "acme",
        "url": f"{provider.url}/send",
        "body": {
            "mobile": "{to_local}",
            "content": "{text}",
            "more": {"ref": "{message_id}", "list": ["{variant}"]},
        },
        "bearer": "tok",
        "country_code": "+86",
        "ok_field": "code",
        "ok_values": ("0",),
        "busy_values": ("1008",),
        "bad_address_values": ("1004",),
        "reference_field": "data.0.sid",
        "detail_field": "message",
        "key_header": "Idempotency-Key",
        "timeout_s": 5.0,
    }
    return HttpGatewayTerms(**{**fields, **changes})  # type: ignore[arg-type]


async def hand(channel: MessageChannel, letter: Letter = LETTER) -> Any:
    try:
        return await channel.send(letter)
    finally:
        await channel.close()


async def test_a_message_arrives_as_the_settings_describe_it() -> None:
    async with far.gateway(Provider()) as provider:
        result = await hand(HttpGateway("sms", terms(provider)))
        assert (result.handed, result.reference) == (Handed.ACCEPTED, "sid-msg-abcdef123456")
        (asked,) = provider.asked
        # A value is never read as a place itself.
        assert asked.json == {
            "mobile": "13800138000",
            "content": "您好，{text} & <b>",
            "more": {"ref": "msg-abcdef123456", "list": ["B"]},
        }
        assert asked.headers["authorization"] == "Bearer tok"
        assert asked.headers["idempotency-key"] == "msg-abcdef123456"
        assert "您好".encode() in asked.body


@pytest.mark.parametrize(("method", "form"), [("POST", True), ("GET", False), ("PUT", False)])
async def test_forms_queries_and_passwords(method: str, form: bool) -> None:
    body = {"to": "{to}", "text": "{text}"}
    async with far.gateway(Provider()) as provider:
        channel = HttpGateway(
            "sms", terms(provider, method=method, form=form, body=body, bearer="", user="u", password="p")
        )
        assert (await hand(channel)).handed is Handed.ACCEPTED
        (asked,) = provider.asked
        assert asked.headers["authorization"] == "Basic dTpw"
        if method == "GET":
            assert asked.query == {"to": LETTER.contact, "text": LETTER.text}
        elif form:
            assert asked.headers["content-type"].startswith("application/x-www-form-urlencoded")


ANSWERS: list[tuple[Callable[[], web.Response | str], Handed, bool]] = [
    (lambda: web.json_response({"code": 1008, "message": "slow down"}), Handed.BUSY, False),
    (lambda: web.json_response({"code": 1004, "message": "no such number"}), Handed.REJECTED, True),
    (lambda: web.json_response({"code": 2000, "message": "spam"}), Handed.REJECTED, False),
    (lambda: web.Response(status=429, headers={"Retry-After": "120"}), Handed.BUSY, False),
    (lambda: web.Response(status=503), Handed.BUSY, False),
    (lambda: web.Response(status=500, text="oops"), Handed.UNKNOWN, False),
    (lambda: web.Response(status=401), Handed.REJECTED, False),
    (
        lambda: web.Response(status=302, headers={"Location": "http://elsewhere.invalid/"}),
        Handed.REJECTED,
        False,
    ),
    (lambda: web.Response(text="x" * 200_000), Handed.UNKNOWN, False),
    (lambda: web.Response(text="[" * 5000), Handed.UNKNOWN, False),
    (lambda: "garbage", Handed.UNKNOWN, False),
    (lambda: "cut", Handed.UNKNOWN, False),
]


@pytest.mark.parametrize(("answer", "handed", "bad_address"), ANSWERS)
async def test_what_an_answer_means(
    answer: Callable[[], web.Response | str], handed: Handed, bad_address: bool
) -> None:
    async with far.gateway(Provider(trouble=[answer()])) as provider:
        result = await hand(HttpGateway("sms", terms(provider)))
        assert (result.handed, result.bad_address) == (handed, bad_address)
        assert len(provider.asked) == 1  # nothing is asked twice by itself
        assert LETTER.contact not in result.detail
        assert LETTER.text not in result.detail


async def test_a_wait_is_taken_over() -> None:
    async with far.gateway(
        Provider(trouble=[web.Response(status=429, headers={"Retry-After": "120"})])
    ) as provider:
        assert (await hand(HttpGateway("sms", terms(provider)))).wait_s == 120.0


async def test_no_answer_in_time_leaves_it_unknown() -> None:
    async with far.gateway(Provider(trouble=["hang"])) as provider:
        result = await hand(HttpGateway("sms", terms(provider, timeout_s=0.2)))
        assert (result.handed, result.detail) == (Handed.UNKNOWN, "no answer in time")


async def test_a_provider_that_is_not_there_took_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/send"
        result = await hand(HttpGateway("sms", terms(Provider(), url=url)))
    assert result.handed is Handed.BUSY


async def test_the_same_key_is_delivered_once() -> None:
    async with far.gateway(Provider()) as provider:
        channel = HttpGateway("sms", terms(provider))
        first = await channel.send(LETTER)
        assert await hand(channel) == first
        assert provider.delivered == 1
        assert channel.recognises
        assert not HttpGateway("sms", terms(provider, key_header="")).recognises


def test_secrets_stand_in_no_repr() -> None:
    shown = repr(terms(Provider(url="http://127.0.0.1:1"), password="hunter2", headers={"X-Key": "hunter2"}))
    assert "tok" not in shown
    assert "hunter2" not in shown
    assert SECRET not in repr(MessengerTerms("http://x", "corp", SECRET))
    assert "hunter2" not in repr(RobotTerms("wecom", "http://x/?key=hunter2", "hunter2"))


# ------------------------------------------------------------------------------------------- company messengers

MESSENGERS = {
    "wecom": (far.wecom, WeCom),
    "dingtalk": (far.dingtalk, DingTalk),
    "feishu": (far.feishu, Feishu),
}
TO_WANG = Letter("msg-abcdef123456", "wecom", "wang", "您好\n第二行")


def messenger(name: str, provider: Provider, secret: str = SECRET) -> Any:
    return MESSENGERS[name][1](MessengerTerms(provider.url, "corp", secret, agent=7, timeout_s=5.0))


@pytest.mark.parametrize("name", MESSENGERS)
async def test_a_messenger_takes_a_message_and_keeps_its_token(name: str) -> None:
    async with MESSENGERS[name][0](Provider()) as provider:
        channel = messenger(name, provider)
        first, second = await channel.send(TO_WANG), await channel.send(TO_WANG)
        await channel.close()
        assert first.handed is second.handed is Handed.ACCEPTED
        assert first.reference
        assert provider.tokens == 1
        assert provider.delivered == (1 if channel.recognises else 2)


@pytest.mark.parametrize("name", MESSENGERS)
async def test_a_token_that_has_gone_stale_is_replaced_once(name: str) -> None:
    async with MESSENGERS[name][0](Provider()) as provider:
        channel = messenger(name, provider)
        await channel.send(TO_WANG)
        provider.token_good = False
        result = await channel.send(TO_WANG)
        await channel.close()
        assert (result.handed, provider.tokens) == (Handed.ACCEPTED, 2)


@pytest.mark.parametrize("name", MESSENGERS)
async def test_two_at_once_get_one_token(name: str) -> None:
    async with MESSENGERS[name][0](Provider()) as provider:
        channel = messenger(name, provider)
        results = await asyncio.gather(*[channel.send(TO_WANG) for _ in range(4)])
        await channel.close()
        assert {each.handed for each in results} == {Handed.ACCEPTED}
        assert provider.tokens == 1


@pytest.mark.parametrize("name", MESSENGERS)
async def test_a_user_who_is_not_there_is_a_bad_address(name: str) -> None:
    async with MESSENGERS[name][0](Provider(users=("li",))) as provider:
        result = await hand(messenger(name, provider), TO_WANG)
        assert (result.handed, result.bad_address) == (Handed.REJECTED, True)


@pytest.mark.parametrize("name", MESSENGERS)
async def test_a_wrong_secret_is_no_message_and_stands_nowhere(name: str) -> None:
    async with MESSENGERS[name][0](Provider()) as provider:
        result = await hand(messenger(name, provider, "wrong-secret"), TO_WANG)
        assert result.handed is Handed.BUSY
        assert "wrong-secret" not in result.detail
        assert provider.delivered == 0


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("wecom", {"errcode": 45009, "errmsg": "api freq out of limit"}),
        ("wecom", {"errcode": -1, "errmsg": "system busy"}),
        ("dingtalk", {"errcode": 90018, "errmsg": "too many requests"}),
        ("feishu", {"code": 99991400, "msg": "request trigger frequency limit"}),
    ],
)
async def test_too_much_at_once_is_tried_later(name: str, answer: dict[str, Any]) -> None:
    async with MESSENGERS[name][0](Provider(trouble=[web.json_response(answer)])) as provider:
        assert (await hand(messenger(name, provider), TO_WANG)).handed is Handed.BUSY


@pytest.mark.parametrize("name", MESSENGERS)
@pytest.mark.parametrize("trouble", ["cut", "garbage"])
async def test_a_messenger_that_breaks_off_leaves_it_unknown(name: str, trouble: str) -> None:
    async with MESSENGERS[name][0](Provider(trouble=[trouble])) as provider:
        assert (await hand(messenger(name, provider), TO_WANG)).handed is Handed.UNKNOWN


async def test_wecom_that_names_the_user_invalid_beside_a_success_sent_nothing() -> None:
    answer = web.json_response({"errcode": 0, "errmsg": "ok", "invaliduser": "wang", "msgid": "x"})
    async with far.wecom(Provider(trouble=[answer])) as provider:
        result = await hand(messenger("wecom", provider), TO_WANG)
        assert (result.handed, result.bad_address) == (Handed.REJECTED, True)


# ------------------------------------------------------------------------------------------- robots

PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=k",
    "dingtalk": "/robot/send?access_token=t",
    "feishu": "/open-apis/bot/v2/hook/h",
}


@pytest.mark.parametrize("kind", PATHS)
async def test_a_robot_says_it_to_its_group(kind: Any) -> None:
    async with far.robots(Provider()) as provider:
        robot = Robot(RobotTerms(kind, provider.url + PATHS[kind], "" if kind == "wecom" else SECRET))
        result = await robot.say("磁盘将满 " * 1000, NOW)
        await robot.close()
        assert (result.handed, provider.delivered) == (Handed.ACCEPTED, 1)


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
async def test_a_robot_with_another_secret_is_refused(kind: Any) -> None:
    async with far.robots(Provider()) as provider:
        robot = Robot(RobotTerms(kind, provider.url + PATHS[kind], "another"))
        result = await robot.say("x", NOW)
        await robot.close()
        assert (result.handed, provider.delivered) == (Handed.REJECTED, 0)


def test_signatures_are_those_of_the_platforms() -> None:
    """Worked out once with ``openssl dgst -sha256 -hmac KEY -binary | base64``."""
    assert dingtalk_sign("SECabc", "1577262236757") == "I5TKCOTTj6fad4sJ4q9RsIffw0PAChVQZQGTdtRbNEQ="
    assert feishu_sign("abc", "1599360473") == "cgtpJzI2j6bUDggbdGYjskCK3FPgKpTkwosfWsMzKqM="


@pytest.mark.virtual_time
async def test_a_provider_that_takes_so_many_a_second_gets_no_more() -> None:
    """Nobody is there to answer; what counts is when each is tried."""
    tried: list[float] = []
    channel = HttpGateway("sms", terms(Provider(url="http://127.0.0.1:1"), per_second=4.0))
    loop = asyncio.get_running_loop()

    async def try_one() -> None:
        await channel._turn()
        tried.append(loop.time())

    await asyncio.gather(*[try_one() for _ in range(9)])
    assert tried == pytest.approx([tried[0] + 0.25 * number for number in range(9)])


async def test_an_answer_that_comes_in_pieces_is_read_to_its_end() -> None:
    async def in_pieces(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        for piece in (b'{"code": 0, "da', b'ta": [{"si', b'd": "sid-9"}]}'):
            await answer.write(piece)
            await asyncio.sleep(0.01)
        return answer

    async with far.serving(Provider(), web.post("/send", in_pieces)) as provider:
        found = await hand(HttpGateway("sms", terms(provider)))
    assert (found.handed, found.reference) == (Handed.ACCEPTED, "sid-9")


@pytest.mark.parametrize("lasts", ["9" * 400, "1e999", "-1", "NaN", '"soon"', "true", "null"])
async def test_a_token_that_lasts_nonsense_sends_the_message_all_the_same(lasts: str) -> None:
    async def token(_: web.Request) -> web.Response:
        text = f'{{"errcode": 0, "access_token": "t", "expires_in": {lasts}}}'
        return web.Response(text=text, content_type="application/json")

    async def send(_: web.Request) -> web.Response:
        return web.json_response({"errcode": 0, "errmsg": "ok", "msgid": "m1", "invaliduser": ""})

    routes = (web.get("/cgi-bin/gettoken", token), web.post("/cgi-bin/message/send", send))
    async with far.serving(Provider(), *routes) as provider:
        channel = WeCom(MessengerTerms(provider.url, "corp", SECRET, 7, 5.0))
        found = await hand(channel, Letter("m", "wecom", "wang", "t", "", "zh", "note"))
    assert found.handed is Handed.ACCEPTED


async def test_wecom_never_writes_to_everybody() -> None:
    async with far.wecom(Provider(users=("wang", "@all"))) as provider:
        channel = WeCom(MessengerTerms(provider.url, "corp", SECRET, 7, 5.0))
        found = await hand(channel, Letter("m", "wecom", "@all", "t", "", "zh", "note"))
    assert (found.handed, found.bad_address) == (Handed.REJECTED, True)
    assert provider.delivered == 0
