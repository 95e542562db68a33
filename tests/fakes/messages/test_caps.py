"""Whatever calls and messages want, a customer bears no more contacts than the rule pack allows, over all of them."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.messages.message import Origin, Purpose
from ari_app.domain.segment import Segment
from ari_app.ports.messages import Handed, SendResult
from tests.support.messages import BILL, WINDOWS, Played, strategy_of, world
from tests.support.rules import MAX_DIALS_A_DAY, decide
from tests.support.store_rows import broken_promises, enough, ids, no_events, outcome, tomorrow
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

SHANGHAI = ZoneInfo("Asia/Shanghai")
GAP = timedelta(minutes=30)
CALLS = strategy_of(
    Segment(
        "rest",
        steps=(step("start", retry_hours=tuple(range(0, 30, 3))),),
        windows=WINDOWS,
        closed_weekdays=(),
        max_attempts=10,
        dials_per_day=None,
    )
)
HANDED = st.sampled_from([Handed.ACCEPTED, Handed.UNKNOWN, Handed.REJECTED, Handed.BUSY])


async def live(path: Path, moves: list[tuple[str, int, Handed]]) -> None:
    channel = Played()
    async with world(path, channels=[channel], strategy=CALLS) as here:
        for number, (what, minutes, handed) in enumerate(moves):
            here.clock.advance(minutes * 60)
            now = here.clock.now()
            if what == "message":
                await here.store.messages.plan(
                    BILL,
                    "note",
                    occasion=f"o{number}",
                    purpose=Purpose.CONTACT,
                    origin=Origin.OPERATOR,
                    now=now,
                    channels=("sms",),
                )
            if what == "call":
                for attempt in await here.store.claim_due("c1", now, 5, decide, ids(f"a{number}")):
                    if (await here.store.mark_dialled(attempt.attempt_id, now, decide)).allowed:
                        end = outcome(attempt, "no_answer", ended_at=now + timedelta(seconds=20))
                        await here.store.close_attempt(end, tomorrow, no_events)
                    else:
                        end = outcome(attempt, "not_allowed", ended_at=now)
                        await here.store.close_attempt(end, enough, no_events)
            channel.answers = [SendResult(handed)]
            await here.round()
    assert broken_promises(path) == []


@given(
    st.lists(
        st.tuples(st.sampled_from(["message", "call", "wait"]), st.integers(1, 300), HANDED),
        min_size=3,
        max_size=14,
    )
)
@settings(max_examples=15)
def test_no_day_has_more_contacts_than_the_pack_allows_and_the_gap_lies_between_them(
    moves: list[tuple[str, int, Handed]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        asyncio.run(live(path, moves))
        with closing(sqlite3.connect(path)) as db:
            rows = db.execute(
                "SELECT dialled_at FROM attempt WHERE dialled_at IS NOT NULL"
                " UNION ALL SELECT contact_at FROM message WHERE contact_at IS NOT NULL ORDER BY 1"
            ).fetchall()
            unsure = db.execute(
                "SELECT COUNT(*) FROM message WHERE state IN ('sent', 'unknown', 'sending') AND contact_at IS NULL"
            ).fetchone()[0]
    contacts = [datetime.fromtimestamp(row[0] / 1_000_000, UTC) for row in rows]
    days = Counter(at.astimezone(SHANGHAI).date() for at in contacts)
    assert all(count <= MAX_DIALS_A_DAY for count in days.values())
    assert all(later - earlier >= GAP for earlier, later in itertools.pairwise(contacts))
    assert all(9 <= at.astimezone(SHANGHAI).hour < 20 for at in contacts)
    assert unsure == 0
