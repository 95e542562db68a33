"""Routes under /v1: let in, read exactly, carried out once for each idempotency key."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from ari_app.clock import SystemClock
from ari_app.ports import Clock
from ari_app.ports.api import Answer, ApiStore, ApiToken, Begun
from ari_app.services.exact_json import DECODER, JSON_FAULTS, fault_text
from ari_app.web.api.access import Access
from ari_app.web.api.problems import KINDS, ApiProblem

IDEMPOTENCY_KEY = "Idempotency-Key"
_LONGEST_KEY = 255
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: Headers of an answer that are given again with it.
_KEPT_HEADERS = ("content-type", "location", "etag", "link")
#: A longer answer is not kept; the request is then carried out again, which every route bears.
MOST_KEPT = 1 << 20

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

#: By reference alone (``app.py`` puts the schema there): a model for each refusal of each route would be built 1,000 times.
_PROBLEM: dict[str, Any] = {
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a route, for its OpenAPI description; those that every route has come with them."""
    always = (400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 422, 429, 500, 503)
    kinds = {status: KINDS[status].replace("-", " ") for status in sorted({*always, *statuses})}
    return {status: {**_PROBLEM, "description": kind} for status, kind in kinds.items()}


class _ExactRequest(Request):
    """A request whose JSON is read exactly: decimals, no NaN, no key twice, bounded numbers."""

    async def json(self) -> Any:
        if not hasattr(self, "_exact"):
            self._exact = _parsed(await self.body())
        return self._exact


def _parsed(raw: bytes) -> object:
    try:
        return DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ApiProblem(400, KINDS[400], "the body is not UTF-8") from error
    except JSON_FAULTS as error:
        raise ApiProblem(400, KINDS[400], fault_text(error)) from error


class Door:
    """What every route under /v1 needs; one for each application."""

    def __init__(self, access: Access, store: ApiStore, clock: Clock | None = None) -> None:
        self.access, self.store = access, store
        self.clock = clock or SystemClock()
        #: Between looking whether a resource is the one that was seen (If-Match) and changing it nobody else changes it.
        self.changes = asyncio.Lock()

    def router(self, prefix: str, *tags: str) -> APIRouter:
        """A router of /v1 whose routes want a token: add ``needs(...)`` to each."""
        return APIRouter(
            prefix=f"/v1{prefix}", tags=list(tags), route_class=self.route_class(), responses=problems()
        )

    def route_class(self) -> type[APIRoute]:
        """The class of its routes."""
        return type("DoorRoute", (TokenRoute,), {"door": self})


class TokenRoute(APIRoute):
    """A route that wants a token, and does what it does once for each idempotency key."""

    door: ClassVar[Door]

    def get_route_handler(self) -> Handler:
        carry_out, door = super().get_route_handler(), self.door

        async def original(request: Request) -> Response:
            multipart = request.headers.get("content-type", "").startswith("multipart/")
            if request.method in _SAFE or multipart or "if-match" not in request.headers:
                return await carry_out(request)
            await request.body()  # before it is anybody's turn: a body may come slowly
            async with door.changes:
                return await carry_out(request)

        async def handle(request: Request) -> Response:
            request.state.route = self.path_format
            request = _ExactRequest(request.scope, request.receive)
            token = await door.access.enter(request)
            key = request.headers.get(IDEMPOTENCY_KEY)
            if key is None or request.method != "POST":
                return await original(request)
            _check_key(key)
            fingerprint = await _fingerprint(request)
            named = hashlib.sha256(f"{token.token_id}\n{key}\n".encode() + fingerprint)
            request.state.act = named.hexdigest()[:20]
            try:
                return await once(door, token, key, request, fingerprint, original)
            finally:
                await request.close()  # a form that was read for its fingerprint, and then for nothing else

        return handle


def act_of(request: Request) -> str:
    """A name for what a request does: the same where it is sent again under its key, as after a crash before its answer
    was kept; otherwise its own."""
    named: str = getattr(request.state, "act", "")
    return named or uuid4().hex[:20]


def _check_key(key: str) -> None:
    if not key or len(key) > _LONGEST_KEY or not key.isascii() or not key.isprintable():
        wrong = f"{IDEMPOTENCY_KEY} has 1 to {_LONGEST_KEY} printable ASCII characters"
        raise ApiProblem(400, KINDS[400], wrong)


async def _fingerprint(request: Request) -> bytes:
    """What makes two requests the same: method, path, query and body. Of a form its fields, whose separator changes."""
    found = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        await _hash_form(request, found.update)
    else:
        found.update(await request.body())
    return found.digest()


async def _hash_form(request: Request, update: Callable[[bytes], None]) -> None:
    form = await request.form()
    for name, value in form.multi_items():
        if isinstance(value, str):
            update(f"{name}={value}\n".encode("utf-8", "surrogatepass"))
            continue
        update(f"{name}:{value.filename}\n".encode("utf-8", "surrogatepass"))
        while chunk := await value.read(1 << 20):
            update(chunk)
        await value.seek(0)


async def once(
    door: Door, token: ApiToken, key: str, request: Request, fingerprint: bytes, handle: Handler
) -> Response:
    """Carry a request out, or answer as before; 409 while it is being carried out, 422 for a key of another one."""
    state = await door.store.begin_request(token.token_id, key, fingerprint, door.clock.now())
    match state.begun:
        case Begun.UNDER_WAY:
            detail = "a request with this key is being carried out"
            raise ApiProblem(409, "request-under-way", detail, headers={"Retry-After": "1"})
        case Begun.OTHER:
            raise ApiProblem(
                422, "idempotency-key-reused", f"this {IDEMPOTENCY_KEY} belongs to another request"
            )
        case Begun.ANSWERED if state.answer is not None:
            again = {**state.answer.headers, "Idempotency-Replayed": "true"}
            return Response(state.answer.body, state.answer.status, again)
    try:
        response = await handle(request)
        answer = _answer_of(response)
        if answer is None:
            await door.store.drop_request(token.token_id, key)
        else:
            await door.store.finish_request(token.token_id, key, answer)
    except BaseException:  # refused, failed or cut off: nothing to be answered again
        await door.store.drop_request(token.token_id, key)
        raise
    return response


def _answer_of(response: Response) -> Answer | None:
    body = getattr(response, "body", None)
    if not isinstance(body, bytes) or len(body) > MOST_KEPT or response.status_code >= 400:
        return None
    headers: Mapping[str, str] = {
        name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers
    }
    return Answer(response.status_code, headers, body)
