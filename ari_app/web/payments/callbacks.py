"""``POST /payments/{provider}/callback``: where providers tell of money."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from ari_app.ports.payments import Answer
from ari_app.services.payments.callbacks import MOST_BYTES, CallbackDesk


def callback_router(desk: CallbackDesk) -> APIRouter:
    """The router; the answer is given when what came is on the disk."""
    router = APIRouter()

    @router.post("/payments/{provider}/callback", include_in_schema=False)
    async def callback(provider: str, request: Request) -> Response:
        if not desk.knows(provider):
            return Response(status_code=404)
        body = await _bounded(request)
        if body is None:
            return _response(desk.too_long(provider))
        headers = {name.lower(): value for name, value in request.headers.items()}
        return _response(await desk.receive(provider, headers, body))

    return router


async def _bounded(request: Request) -> bytes | None:
    """The body; None above the limit, whatever its length claims to be."""
    claimed = request.headers.get("content-length", "0")
    if not claimed.isascii() or not claimed.isdigit() or int(claimed[:18]) > MOST_BYTES:
        return None
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > MOST_BYTES:
            return None
    return bytes(found)


def _response(answer: Answer) -> Response:
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=answer.media_type,
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )
