"""Providers of messages on loopback that keep to their protocols: a gateway by HTTP, WeCom, DingTalk, Feishu, robots."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ari_app.gateways.messages.robots import dingtalk_sign, feishu_sign

SECRET = "an-application-secret"
AbstractServer = AbstractAsyncContextManager["Provider"]


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Provider:
    """What was asked, and what goes wrong next: an answer, ``hang``, ``cut`` (the connection breaks) or ``garbage``."""

    asked: list[Asked] = field(default_factory=list)
    trouble: list[web.Response | str] = field(default_factory=list)
    tokens: int = 0
    token_good: bool = True
    users: tuple[str, ...] = ("wang",)
    seen: set[str] = field(default_factory=set)
    delivered: int = 0
    url: str = ""

    def current(self) -> str:
        return f"token-{self.tokens}"


async def _trouble(provider: Provider, request: web.Request) -> web.StreamResponse | None:
    if not provider.trouble:
        return None
    found = provider.trouble.pop(0)
    if isinstance(found, web.Response):
        return found
    if found == "hang":
        await asyncio.sleep(3600)
    if found == "cut":
        assert request.transport is not None
        request.transport.abort()
    return web.Response(text="<html>proxy</html>", content_type="text/html")


@asynccontextmanager
async def serving(provider: Provider, *routes: web.RouteDef) -> AsyncIterator[Provider]:
    """The provider on a free port while the context lasts."""

    @web.middleware
    async def keep(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        provider.asked.append(Asked(request.method, request.path, dict(request.query), headers, body))
        if "token" not in request.path:
            wrong = await _trouble(provider, request)
            if wrong is not None:
                return wrong
        return await handler(request)

    app = web.Application(middlewares=[keep])
    app.add_routes(list(routes))
    runner = web.AppRunner(app, shutdown_timeout=0.0, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert site._server is not None
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    provider.url = f"http://127.0.0.1:{port}"
    try:
        yield provider
    finally:
        await runner.cleanup()


def gateway(provider: Provider) -> AbstractServer:
    """A gateway that answers ``{"code": 0, "data": [{"sid": ...}]}`` and takes a key once."""

    async def send(request: web.Request) -> web.Response:
        key = request.headers.get("Idempotency-Key", "")
        if not key or key not in provider.seen:
            provider.delivered += 1
        provider.seen.add(key)
        return web.json_response(
            {"code": 0, "message": "ok", "data": [{"sid": f"sid-{key or provider.delivered}"}]}
        )

    return serving(provider, web.post("/send", send), web.get("/send", send), web.put("/send", send))


def wecom(provider: Provider) -> AbstractServer:
    async def token(request: web.Request) -> web.Response:
        if request.query.get("corpid") != "corp" or request.query.get("corpsecret") != SECRET:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        provider.tokens += 1
        provider.token_good = True
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "access_token": provider.current(), "expires_in": 7200}
        )

    async def send(request: web.Request) -> web.Response:
        if request.query.get("access_token") != provider.current() or not provider.token_good:
            return web.json_response({"errcode": 42001, "errmsg": "access_token expired"})
        body = await request.json()
        assert body["msgtype"] == "text"
        assert body["agentid"] == 7
        if body["touser"] not in provider.users:
            return web.json_response({"errcode": 81013, "errmsg": "user & party & tag all invalid"})
        provider.delivered += 1
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "msgid": f"msg{provider.delivered}", "invaliduser": ""}
        )

    return serving(provider, web.get("/cgi-bin/gettoken", token), web.post("/cgi-bin/message/send", send))


def dingtalk(provider: Provider) -> AbstractServer:
    async def token(request: web.Request) -> web.Response:
        if request.query.get("appkey") != "corp" or request.query.get("appsecret") != SECRET:
            return web.json_response({"errcode": 40089, "errmsg": "not valid appkey or appsecret"})
        provider.tokens += 1
        provider.token_good = True
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "access_token": provider.current(), "expires_in": 7200}
        )

    async def send(request: web.Request) -> web.Response:
        if request.query.get("access_token") != provider.current() or not provider.token_good:
            return web.json_response({"errcode": 40014, "errmsg": "invalid access_token"})
        body = await request.json()
        assert body["agent_id"] == 7
        assert body["msg"]["msgtype"] == "text"
        if body["userid_list"] not in provider.users:
            return web.json_response({"errcode": 33012, "errmsg": "invalid userId"})
        provider.delivered += 1
        return web.json_response(
            {"errcode": 0, "errmsg": "ok", "task_id": 900 + provider.delivered, "request_id": "r"}
        )

    return serving(
        provider, web.get("/gettoken", token), web.post("/topapi/message/corpconversation/asyncsend_v2", send)
    )


def feishu(provider: Provider) -> AbstractServer:
    async def token(request: web.Request) -> web.Response:
        body = await request.json()
        if body != {"app_id": "corp", "app_secret": SECRET}:
            return web.json_response({"code": 10014, "msg": "app secret invalid"})
        provider.tokens += 1
        provider.token_good = True
        return web.json_response(
            {"code": 0, "msg": "ok", "tenant_access_token": provider.current(), "expire": 7200}
        )

    async def send(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {provider.current()}" or not provider.token_good:
            return web.json_response({"code": 99991663, "msg": "token invalid"}, status=400)
        assert request.query["receive_id_type"] == "open_id"
        body = await request.json()
        assert "text" in json.loads(body["content"])
        if body["receive_id"] not in provider.users:
            return web.json_response(
                {"code": 230013, "msg": "bot has no availability to this user"}, status=400
            )
        if body["uuid"] not in provider.seen:
            provider.delivered += 1
        provider.seen.add(body["uuid"])
        return web.json_response(
            {"code": 0, "msg": "success", "data": {"message_id": f"om_{body['uuid'][-6:]}"}}
        )

    return serving(
        provider,
        web.post("/open-apis/auth/v3/tenant_access_token/internal", token),
        web.post("/open-apis/im/v1/messages", send),
    )


def robots(provider: Provider) -> AbstractServer:
    """The three robots; DingTalk and Feishu check the signature."""

    async def wecom_robot(request: web.Request) -> web.Response:
        if request.query.get("key") != "k":
            return web.json_response({"errcode": 93000, "errmsg": "invalid webhook url"})
        return _said(provider, (await request.json())["text"]["content"], {"errcode": 0, "errmsg": "ok"})

    async def dingtalk_robot(request: web.Request) -> web.Response:
        if request.query.get("sign") != dingtalk_sign(SECRET, request.query.get("timestamp", "")):
            return web.json_response({"errcode": 310000, "errmsg": "sign not match"})
        return _said(provider, (await request.json())["text"]["content"], {"errcode": 0, "errmsg": "ok"})

    async def feishu_robot(request: web.Request) -> web.Response:
        body = await request.json()
        if body.get("sign") != feishu_sign(SECRET, str(body.get("timestamp"))):
            return web.json_response(
                {"code": 19021, "msg": "sign match fail or timestamp is not within one hour"}
            )
        return _said(provider, body["content"]["text"], {"code": 0, "msg": "success", "data": {}})

    return serving(
        provider,
        web.post("/cgi-bin/webhook/send", wecom_robot),
        web.post("/robot/send", dingtalk_robot),
        web.post("/open-apis/bot/v2/hook/h", feishu_robot),
    )


def _said(provider: Provider, text: str, answer: dict[str, Any]) -> web.Response:
    assert len(text.encode()) <= 2048
    provider.delivered += 1
    return web.json_response(answer)


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    cert, private = folder / "cert.pem", folder / "key.pem"
    cert.write_bytes(made.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return cert, private
