"""A relay that is killed between sending and writing down sends again, under the same id; nothing is lost."""

from __future__ import annotations

import asyncio
import sys
from functools import partial
from pathlib import Path

import pytest

from ari_app.bench.webhooks import measure_webhooks
from tests.support.docs import ROOT
from tests.support.receiver import Request, http, receiver
from tests.support.until import until_asked
from tests.support.webhooks import Place, place

pytestmark = pytest.mark.fakes


async def test_killed_while_the_receiver_has_the_event_and_before_its_receipt_is_written(
    tmp_path: Path,
) -> None:
    processes: list[asyncio.subprocess.Process] = []
    async with receiver() as far, place(tmp_path, far.url, accounts=3) as here:

        async def manner(request: Request, writer: asyncio.StreamWriter) -> None:
            if processes[-1].returncode is None and len(far.requests) <= 2:
                # Received, and the sender dies before it can know.
                processes[-1].kill()
                await processes[-1].wait()
                return
            writer.write(http(200))

        far.manner = manner
        for number in (1, 2, 3):
            await here.tell(number, "a")
        async with asyncio.timeout(40):
            while "pending" in await here.states():
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "tests.support.killed_relay", str(tmp_path / "s.db")), cwd=ROOT
                )
                processes.append(process)
                await until_asked(partial(_ended_or_done, process, here), 40)
        processes[-1].kill()
        for process in processes:
            await process.wait()
        assert len(processes) >= 2
        assert await here.states() == ["sent"] * 3
        ids = [each.id for each in far.requests]
        assert len(set(ids)) == 3
        assert len(ids) > 3, "at least once is more than once here"


async def _ended_or_done(process: asyncio.subprocess.Process, here: Place) -> bool:
    return process.returncode is not None or "pending" not in await here.states()


async def test_what_is_measured_is_what_was_delivered(tmp_path: Path) -> None:
    figures = await measure_webhooks(tmp_path, events=60, accounts=20, concurrency=4)
    assert figures.events == 60
    assert figures.events_per_s > 0
    assert 1 <= figures.commits <= 60
