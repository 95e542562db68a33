"""The addresses under which providers tell of receipts and replies: ``POST /messages/receipts/PROVIDER`` and ``/inbound/``.

Whoever has not the provider's secret gets 404, like somebody who asks for a provider that is none. What was taken is
answered with 204 only once it is in the database; the same thing told again is answered alike and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from fastapi import APIRouter, Request, Response

from ari_app.errors import StoreError
from ari_app.ports.clock import Clock
from ari_app.ports.messages import Messages
from ari_app.services.messages.replies import Replies
from ari_app.web.messages.callbacks import (
    MOST_BYTES,
    CallbackTerms,
    Unreadable,
    receipts,
    replies,
    trusted,
)

log = structlog.get_logger(__name__)

NOT_HERE, TAKEN, UNREADABLE, TOO_LARGE, LATER = 404, 204, 400, 413, 503


def message_router(
    providers: Mapping[str, CallbackTerms], messages: Messages, taking: Replies, clock: Clock
) -> APIRouter:
    """A router for the API. It wants no token of the API; each provider proves itself by its own secret."""
    router = APIRouter(prefix="/messages", tags=["messages"], include_in_schema=False)

    async def body_of(request: Request, terms: CallbackTerms | None) -> bytes | Response:
        length = request.headers.get("content-length", "0")
        if terms is None:
            return Response(status_code=NOT_HERE)
        if not length.isascii() or not length.isdigit() or int(length[:12]) > MOST_BYTES:
            return Response(status_code=TOO_LARGE)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return Response(status_code=TOO_LARGE)
        return body if trusted(terms, request.headers, body) else Response(status_code=NOT_HERE)

    @router.post("/receipts/{provider}", name="message_receipts")
    async def take_receipts(provider: str, request: Request) -> Response:
        terms = providers.get(provider)
        body = await body_of(request, terms)
        if isinstance(body, Response) or terms is None:
            return body if isinstance(body, Response) else Response(status_code=NOT_HERE)
        now, kind = clock.now(), request.headers.get("content-type", "")
        try:
            for each in receipts(terms, provider, kind, body, now):
                await messages.receipt(each, now)
        except Unreadable as error:
            log.warning("a receipt cannot be read", provider=provider, wrong=str(error))
            return Response(status_code=UNREADABLE)
        except StoreError:
            return Response(status_code=LATER)  # the provider tells it again
        return Response(status_code=TAKEN)

    @router.post("/inbound/{provider}", name="message_replies")
    async def take_replies(provider: str, request: Request) -> Response:
        terms = providers.get(provider)
        body = await body_of(request, terms)
        if isinstance(body, Response) or terms is None:
            return body if isinstance(body, Response) else Response(status_code=NOT_HERE)
        try:
            kind = request.headers.get("content-type", "")
            found, nobody = replies(terms, provider, kind, body, clock.now())
            if nobody:
                # One of them may be the wish to get no more: somebody has to look at `callbacks.sender`.
                log.error("replies name nobody who wrote them", provider=provider, replies=nobody)
            for each in found:
                await taking.take(each)
        except Unreadable as error:
            log.warning("a reply cannot be read", provider=provider, wrong=str(error))
            return Response(status_code=UNREADABLE)
        except StoreError:
            return Response(status_code=LATER)
        return Response(status_code=TAKEN)

    return router
