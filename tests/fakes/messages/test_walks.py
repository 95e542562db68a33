"""Random walks of one message through the store: whatever happens in whatever order, the table of states holds."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.messages.message import TABLE, MessageState
from ari_app.errors import StoreError
from ari_app.ports.messages import Handed, Letter, Receipt, SendResult
from tests.support.messages import World, world

pytestmark = pytest.mark.fakes

#: What may follow what, over any number of moves of the table.
REACHED = {state: {state, *moves.values()} for state, moves in TABLE.items()}
MOVES = st.one_of(
    st.tuples(st.just("handed"), st.sampled_from(list(Handed))),
    st.tuples(st.just("receipt"), st.sampled_from(["sent", "delivered", "failed"])),
    st.tuples(st.just("recover"), st.booleans()),
    st.tuples(st.just("begin"), st.just("")),
    st.tuples(st.just("claim"), st.just("")),
    st.tuples(st.just("wait"), st.sampled_from([1, 60, 3 * 24 * 60])),
)


async def make(here: World, message_id: str, move: tuple[str, object], begun: list[str]) -> None:
    store, now = here.store.messages, here.clock.now()
    match move:
        case ("handed", Handed() as how):
            try:
                await store.handed(message_id, SendResult(how, "ref-1"), now)
            except StoreError:
                pass  # nothing was begun, and that was told
        case ("receipt", str(status)):
            await store.receipt(Receipt("gw", "ref-1", status, now, bounced=status == "failed"), now)
        case ("recover", bool(recognising)):
            await store.recover(now, now, ["gw"] if recognising else [], ["gw"])
        case ("begin", _):
            letter = Letter(message_id, "sms", "+8613800000001", "x")
            try:
                if (await store.begin(letter, "gw", now, here.decide)).allowed:
                    begun.append(message_id)
            except StoreError:
                pass  # it is not reserved, and was told so
        case ("claim", _):
            await store.claim(now, 5, here.decide)
        case ("wait", int(minutes)):
            here.clock.advance(timedelta(minutes=minutes))


async def walk(path: Path, moves: list[tuple[str, object]]) -> None:
    async with world(path) as here:
        await here.sender.plan()
        (message,) = await here.messages()
        before, begun = message.state, list[str]()
        for move in moves:
            await make(here, message.message_id, move, begun)
            found = await here.store.messages.message(message.message_id)
            assert found is not None
            # A receipt that waited may follow in the same transaction: one more step of the table.
            within = {later for middle in REACHED[before] for later in REACHED[middle]}
            assert found.state in within, (before, move, found.state)
            if before in (MessageState.DELIVERED, MessageState.SUPPRESSED):
                assert found.state is before
            if found.state in (MessageState.SENT, MessageState.UNKNOWN, MessageState.DELIVERED):
                assert found.contact_at is not None
            if found.state is MessageState.PLANNED:
                assert found.contact_at is None
            before = found.state


@given(st.lists(MOVES, min_size=4, max_size=25))
@settings(max_examples=15)
def test_no_walk_leaves_the_table(moves: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        asyncio.run(walk(path, moves))
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
            # Whatever has once been delivered told so once.
            assert (
                db.execute("SELECT COUNT(*) FROM outbox WHERE event = 'message.delivered'").fetchone()[0] <= 1
            )
