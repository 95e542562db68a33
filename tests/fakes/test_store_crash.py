"""Killed at any moment, the database keeps every promise, and no recorded dial is forgotten."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ari_app.store import SqliteStore
from tests.support.store_rows import NOW, account, broken_promises, campaign, enough, no_events, outcome

pytestmark = pytest.mark.fakes

#: Works through the campaign and says on its standard output what it was told is done.
WORKER = """
import asyncio, sys
from pathlib import Path
from ari_app.store import SqliteStore
from tests.support.store_rows import NOW, completed, enough, ids, talked
from tests.support.rules import decide

async def call(store, attempt):
    verdict = await store.mark_dialled(attempt.attempt_id, NOW, decide)
    print("dialled" if verdict.allowed else "refused", attempt.attempt_id, flush=True)
    if verdict.allowed:
        await store.close_attempt(talked(attempt), enough, completed(attempt.attempt_id))
        print("closed", attempt.attempt_id, flush=True)

async def main():
    async with await SqliteStore.open(Path(sys.argv[1]), controller=True) as store:
        print("started", "-", flush=True)
        new_id = ids(sys.argv[2])
        while claimed := await store.claim_due("c1", NOW, 4, decide, new_id):
            await asyncio.gather(*(call(store, attempt) for attempt in claimed))

asyncio.run(main())
"""

ACCOUNTS = 400


async def test_killed_at_random_moments_nothing_is_lost_and_nobody_is_dialled_twice(tmp_path: Path) -> None:
    path = tmp_path / "a.sqlite3"
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        await store.load_accounts("c1", [account(number) for number in range(ACCOUNTS)], NOW)
    moments = random.Random(20261123)
    told: dict[str, set[str]] = {"dialled": set(), "closed": set(), "refused": set(), "started": set()}
    for turn in range(8):
        for line in _killed_after(path, f"t{turn}", lines=moments.randrange(1, 60)):
            kind, _, attempt_id = line.partition(" ")
            told[kind].add(attempt_id)
        assert broken_promises(path) == []
        async with await SqliteStore.open(path, controller=True) as store:
            for attempt in await store.open_attempts():
                end = outcome(
                    attempt.attempt_id, "not_dialled" if attempt.dialled_at is None else "interrupted"
                )
                await store.close_attempt(end, enough, no_events)
    async with await SqliteStore.open(path) as store:
        records = await store.attempts()
        dialled = {record.attempt_id for record in records if record.dialled_at is not None}
        closed = {record.attempt_id for record in records if record.disposition == "promise_to_pay"}
        assert told["dialled"] <= dialled, "a dial that was reported is forgotten"
        assert told["closed"] <= closed, "an outcome that was reported is forgotten"
        assert len(dialled) > 20, "the test killed too early to show anything"
        customers = [record.customer_id for record in records if record.dialled_at is not None]
        assert len(customers) == len(set(customers)), "somebody was dialled twice"
        assert {promise.attempt_id for promise in await store.promises()} == closed
        assert {event.payload["attemptId"] for event in await store.outbox()} == closed
        assert (await store.campaign_count("c1", NOW)).accounts == ACCOUNTS
    assert broken_promises(path) == []
    assert told["refused"] == set()


def _killed_after(path: Path, prefix: str, lines: int) -> list[str]:
    """Run the worker, kill it with -9 once it has said so many lines, and return what it said until it died."""
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, path, prefix],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as worker:
        assert worker.stdout is not None
        said = []
        for line in worker.stdout:
            said.append(line.strip())
            if len(said) == lines:
                worker.send_signal(signal.SIGKILL)
        assert worker.wait() == -signal.SIGKILL
    # A last line may have been cut off in the middle.
    return [line for line in said if line.partition(" ")[2]]
