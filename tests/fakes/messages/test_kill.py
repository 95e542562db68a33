"""Killed at any moment of sending, the next controller never gives a customer the same message twice."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from aiohttp import web

from tests.support import message_providers as far
from tests.support.docs import ROOT
from tests.support.message_providers import Provider
from tests.support.messages import world
from tests.support.store_rows import broken_promises

pytestmark = pytest.mark.fakes

CUSTOMERS = 60
#: A controller of messages: takes up what was left, then sends what is due.
WORKER = """
import asyncio, logging, sys
from pathlib import Path
import structlog
from ari_app.gateways.messages.http_gateway import HttpGateway, HttpGatewayTerms
from ari_app.services.messages.sender import MessageSender
from ari_app.services.messages.wording import House
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.messages import NOTE, book_of, strategy_of
from tests.support.rules import decide, shipped
from tests.support.store_rows import NOW

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

async def main():
    terms = HttpGatewayTerms("gw", sys.argv[2], body={"to": "{to}", "id": "{message_id}"}, key_header=sys.argv[3])
    channel = HttpGateway("sms", terms)
    async with await SqliteStore.open(Path(sys.argv[1])) as store:
        book = book_of(strategy_of())
        store.use_strategies(lambda: book)
        sender = MessageSender(
            store.messages, [channel], {"note": NOTE}.get, FakeClock(NOW), decide, shipped, House({"zh": "x"})
        )
        await sender.recover(at_start=True)
        await sender.send_due()
        await sender.close()

asyncio.run(main())
"""


async def sender(path: Path, url: str, key: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, str(path), f"{url}/send", key, cwd=ROOT
    )


@pytest.mark.parametrize("key", ["", "Idempotency-Key"])
async def test_killed_while_messages_are_being_sent(tmp_path: Path, key: str) -> None:
    path = tmp_path / "s.db"
    async with world(path, customers=CUSTOMERS) as here:
        await here.sender.plan()
    reached: Counter[str] = Counter()
    keys: Counter[str] = Counter()
    enough, until_death = asyncio.Event(), [0]

    async def send(request: web.Request) -> web.Response:
        body = await request.json()
        reached[body["to"]] += 1
        keys[request.headers.get("Idempotency-Key", "")] += 1
        until_death[0] -= 1
        if until_death[0] <= 0:
            enough.set()
            await asyncio.Event().wait()  # the answer is still on its way when the program dies
        return web.json_response({"id": f"{len(keys)}-{body['id']}"})

    async with far.serving(Provider(), web.post("/send", send)) as provider:
        for requests in (3, 12):
            enough.clear()
            until_death[0] = requests
            process = await sender(path, provider.url, key)
            async with asyncio.timeout(50):
                await enough.wait()
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        until_death[0] = 10 * CUSTOMERS
        process = await sender(path, provider.url, key)
        assert await process.wait() == 0
    assert broken_promises(path) == []
    with closing(sqlite3.connect(path)) as db:
        states = Counter(state for (state,) in db.execute("SELECT state FROM message"))
        lost = {contact for (contact,) in db.execute("SELECT contact FROM message WHERE state = 'unknown'")}
    if key:
        # Asked twice at most, under one key each: the provider sends it once.
        assert states == {"sent": CUSTOMERS}
        assert len(keys) == CUSTOMERS
        assert len(reached) == CUSTOMERS
    else:
        assert max(reached.values()) == 1
        assert set(states) == {"sent", "unknown"}
        # Everybody was reached or is known to be in doubt, and those in doubt are few: what was on its way at two deaths.
        assert states["sent"] + states["unknown"] == CUSTOMERS
        assert 2 <= states["unknown"] <= 16
        assert len(reached) >= states["sent"]
        assert len(lost) == states["unknown"]
