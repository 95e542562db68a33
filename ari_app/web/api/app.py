"""The application: everything under /v1 behind its door, and what other rooms bring along."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from importlib import resources
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.routing import APIRoute

from ari_app import __version__
from ari_app.web.api.counters import ApiCounters, RouteCounters
from ari_app.web.api.edge import PROTECTED, Edge
from ari_app.web.api.options import ApiOptions
from ari_app.web.api.problems import ProblemDetails, add_handlers
from ari_app.web.api.rates import Rates

_DESCRIPTION = (
    "Arrears reminders and collection by telephone. Every route under /v1 wants a token (`ari-app api tokens add`); "
    "errors are problem details (RFC 9457)."
)
Lifespan = Callable[[], AbstractAsyncContextManager[object]]


def make_api(
    options: ApiOptions,
    rates: Rates,
    routers: Sequence[APIRouter],
    *,
    counters: ApiCounters | None = None,
    closing: asyncio.Event | None = None,
    around: Sequence[Lifespan] = (),
) -> FastAPI:
    """The ASGI application.

    :param routers: those of ``Door.router`` (with a token), and others that want none: pages for customers, callbacks of
        providers, receipts. The latter are bounded by their address alone.
    :param closing: set by the server when it ends; from then on new requests are answered with 503.
    :param around: what lives as long as the application does.
    """
    counted = counters if counters is not None else ApiCounters()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for each in around:
                await stack.enter_async_context(each())
            yield

    app = FastAPI(
        title="ari-app",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        servers=[{"url": options.public_url}] if options.public_url else None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    add_handlers(app)
    app.add_middleware(
        Edge, options=options, counters=counted, rates=rates, closing=closing or asyncio.Event()
    )
    for router in (_own_pages(), *routers):
        app.include_router(router)
    app.openapi = partial(_described, app, app.openapi)  # type: ignore[method-assign]
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                counted.routes.setdefault(route.path_format, RouteCounters())
    return app


_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Sent again within 24 hours, the request is answered as before and not carried out",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
}


def _described(app: FastAPI, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The OpenAPI document, with the problem details that every route refers to."""
    known = app.openapi_schema is not None
    found = describe()
    if not known:
        for path, methods in found["paths"].items():
            if path.startswith(PROTECTED) and "post" in methods:
                methods["post"].setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
        schema = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
        parts = schema.pop("$defs", {})
        found.setdefault("components", {}).setdefault("schemas", {}).update(
            {**parts, ProblemDetails.__name__: schema}
        )
    return found


def _operation_id(route: APIRoute) -> str:
    return route.name


_PAGES = {
    "docs": ("docs.html", "text/html"),
    "docs.css": ("docs.css", "text/css"),
    "docs.js": ("docs.js", "text/javascript"),
}
_POLICY = (
    "default-src 'none'; connect-src 'self'; style-src 'self'; script-src 'self'; frame-ancestors 'none'"
)


def _own_pages() -> APIRouter:
    """What the API says of itself: a page for people, which loads nothing from elsewhere."""
    router = APIRouter(include_in_schema=False)
    for path, (name, kind) in _PAGES.items():
        text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
        router.add_api_route(f"/{path}", partial(_page, text, kind), name=path)
    return router


async def _page(text: str, kind: str) -> Response:
    return Response(text, media_type=kind, headers={"Content-Security-Policy": _POLICY})
