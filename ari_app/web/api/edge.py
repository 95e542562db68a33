"""The outermost part of the API: what holds for every request, whatever it asks for.

A request gets an id, a bounded body and a counted answer; the answer gets headers that keep browsers from misusing it; an
error that nobody expected becomes a 500 without a trace; and once the program is ending, new requests are sent away with
503 while those under way are finished.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ari_app.domain.token_bucket import Bucket
from ari_app.web.api.counters import ApiCounters
from ari_app.web.api.options import ApiOptions
from ari_app.web.api.problems import KINDS, ApiProblem, problem_response
from ari_app.web.api.rates import PROVIDERS, Rates, rate_headers

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}", re.ASCII)
_UPLOAD = re.compile(r"/v1/tasks/[^/]+/imports")
#: A photo or a document: of a program, or in a customer's form on the payment page.
_EVIDENCE = re.compile(r"/v1/disputes/[^/]+/evidence|/pay/[^/]+/objection")
#: Signed words of providers.
_TOLD = re.compile(r"/payments/[^/]+/callback|/messages/(receipts|inbound)/[^/]+")
#: Prefix of everything that wants a token.
PROTECTED = "/v1/"

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Edge:
    """ASGI middleware; ``closing`` is set when the program ends."""

    def __init__(
        self,
        app: ASGIApp,
        options: ApiOptions,
        counters: ApiCounters,
        rates: Rates,
        closing: asyncio.Event,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._app = app
        self._options, self._counters, self._rates, self._closing = options, counters, rates, closing
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id", ""))
        state: dict[str, object] = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._finish_headers(MutableHeaders(scope=message), request_id, state)
                self._counters.add(_route(scope), status, self._clock() - began)
            await send(message)

        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                await self._serve(scope, headers, receive, answer)
        except Exception as error:
            if status:
                raise  # the answer has begun: the connection is broken off, which is all that can still be said
            log.exception("a request failed", route=_route(scope), error=type(error).__name__)
            response = problem_response(request_id, 500, KINDS[500], "the fault is ours, and has been noted")
            await response(scope, receive, answer)

    async def _serve(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        request_id = str(scope["state"]["request_id"])
        if self._closing.is_set():
            refusal = {"Retry-After": "5", "Connection": "close"}
            gone = problem_response(request_id, 503, KINDS[503], "the program is ending", (), refusal)
            await gone(scope, receive, send)
            return
        if not scope["path"].startswith(PROTECTED):
            told = _TOLD.fullmatch(scope["path"]) is not None
            allowance = PROVIDERS if told else self._options.address_rate
            client = _client(scope)
            taken = self._rates.take_provider(client) if told else self._rates.take_address(client)
            if not taken.allowed:
                refusal = dict(rate_headers(taken.bucket, allowance, taken.retry_after_s))
                too_many = problem_response(request_id, 429, KINDS[429], "too many requests", (), refusal)
                await too_many(scope, receive, send)
                return
        limit = self._limit(scope)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:18]) > limit:
            refusal = {"Connection": "close"}
            large = problem_response(request_id, 413, KINDS[413], _too_large(limit), (), refusal)
            await large(scope, receive, send)
            return
        await self._app(scope, _bounded(receive, limit, self._options.piece_s), send)

    def _limit(self, scope: Scope) -> int:
        path = scope["path"].rstrip("/")
        if path == "/v1/tasks":
            return self._options.task_bytes
        if _EVIDENCE.fullmatch(path):
            return self._options.evidence_bytes
        return self._options.upload_bytes if _UPLOAD.fullmatch(path) else self._options.body_bytes

    def _finish_headers(self, headers: MutableHeaders, request_id: str, state: dict[str, object]) -> None:
        for name, value in SECURITY_HEADERS.items():
            headers.setdefault(name, value)
        headers["X-Request-Id"] = request_id
        bucket = state.get("bucket")
        if isinstance(bucket, Bucket):
            for name, value in rate_headers(bucket, self._options.token_rate).items():
                headers.setdefault(name, value)


def _bounded(receive: Receive, limit: int, piece_s: float) -> Receive:
    """A body without a stated length, or with a wrong one, ends at the limit as well; one that stops coming ends too."""
    read, whole = 0, False

    async def bounded() -> Message:
        nonlocal read, whole
        if whole:  # what comes now is the end of the connection, which may take as long as the answer
            return await receive()
        try:
            async with asyncio.timeout(piece_s):
                message = await receive()
        except TimeoutError:
            raise ApiProblem(408, KINDS[408], "the body does not come") from None
        whole = not message.get("more_body", False)
        if message["type"] == "http.request":
            read += len(message.get("body", b""))
            if read > limit:
                raise ApiProblem(413, KINDS[413], _too_large(limit))
        return message

    return bounded


def _too_large(limit: int) -> str:
    return f"the body is longer than {limit} bytes"


def _request_id(given: str) -> str:
    """What the client calls its request, where that is fit for a log; else one of ours."""
    return given if _REQUEST_ID.fullmatch(given) else f"req-{uuid4().hex[:20]}"


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _route(scope: Scope) -> str | None:
    """The pattern of the route (never the path itself, which names customers); None where there is none."""
    route: str | None = scope.get("state", {}).get("route")
    return route or getattr(scope.get("route"), "path_format", None)
