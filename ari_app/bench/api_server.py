"""The server that ``ari-app bench api`` asks, in a process of its own: the API on a store, or a bare route beside it.

``python -m ari_app.bench.api_server api FOLDER`` or ``... bare``; prints its port, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import uvloop
from fastapi import FastAPI
from pydantic import BaseModel

from ari_app.clock import SystemClock
from ari_app.config import Settings
from ari_app.http_api import build_api
from ari_app.logs import configure_logging
from ari_app.store.sqlite_store import SqliteStore
from ari_app.web.api.server import ServerOptions, serving

#: Nobody is held back while it is measured.
_WIDE = {"rate_per_s": 10_000, "burst": 100_000, "port": 1}


class BareBody(BaseModel):
    """About what an account is: as many fields, no work behind them."""

    account: str
    customer: str
    bill: str
    name: str
    phone: str
    amount: float
    currency: str
    due: str
    bucket: str
    tasks: list[str]


def bare_app() -> FastAPI:
    """One route that answers with a model, and nothing else."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/bare/{account}")
    async def bare(account: str) -> BareBody:
        return BareBody(
            account=account,
            customer="cust-1",
            bill="b1",
            name="name",
            phone="+8613800000001",
            amount=568.32,
            currency="CNY",
            due="2026-10-01",
            bucket="D31-D60",
            tasks=["bench"],
        )

    return app


async def serve(kind: str, folder: Path) -> None:
    """Serve until standard input ends."""
    closing = asyncio.Event()
    if kind == "bare":
        async with serving(bare_app(), ServerOptions(port=0), closing) as port:
            await _told(port)
        return
    settings = Settings(data_dir=folder, api=_WIDE)  # type: ignore[arg-type]
    async with await SqliteStore.open(settings.database) as store:
        api = await build_api(settings, store, SystemClock())
        async with serving(api.app, ServerOptions(port=0), api.closing) as port:
            await _told(port)


async def _told(port: int) -> None:
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    configure_logging("WARNING")
    uvloop.run(serve(sys.argv[1], Path(sys.argv[-1])))
