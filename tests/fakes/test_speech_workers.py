"""The worker pool: one utterance at a time, nothing lost but the utterance of a worker that fails."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator

import pytest

from ari_app.errors import SpeechError
from ari_app.speech.workers import WorkerPool

pytestmark = pytest.mark.fakes


def pool_of(size: int = 1, longest_s: float = 20.0, most_waiting: int = 64) -> WorkerPool:
    return WorkerPool.of_module(
        "tests.support.odd_worker", size=size, longest_s=longest_s, most_waiting=most_waiting
    )


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    one = pool_of()
    yield one
    await one.close()


async def pid_of(pool: WorkerPool) -> int:
    reply, _ = await pool.ask({}, b"", 20)
    pid = reply["pid"]
    assert isinstance(pid, int)
    return pid


async def test_a_worker_is_started_on_demand_and_kept(pool: WorkerPool) -> None:
    assert pool.counters.started == 0
    first = await pid_of(pool)
    reply, _ = await pool.ask({}, b"x" * 1_000_000, 20)
    assert reply == {"pid": first, "bytes": 1_000_000}
    assert pool.counters.started == 1


@pytest.mark.parametrize("harm", ["die", "crash"])
async def test_a_worker_that_dies_costs_its_utterance_and_is_replaced(pool: WorkerPool, harm: str) -> None:
    first = await pid_of(pool)
    with pytest.raises(SpeechError, match="ended"):
        await pool.ask({"do": harm}, b"", 20)
    assert await pid_of(pool) != first
    assert pool.counters.died == 1


async def test_a_worker_that_was_killed_in_between_is_replaced(pool: WorkerPool) -> None:
    first = await pid_of(pool)
    os.kill(first, 9)
    try:
        second = await pid_of(pool)
    except SpeechError:
        second = await pid_of(pool)
    assert second != first


async def test_a_worker_that_hangs_is_ended_and_replaced() -> None:
    pool = pool_of(longest_s=3.0)
    first = await pid_of(pool)
    with pytest.raises(SpeechError, match="did not answer within"):
        await pool.ask({"do": "hang"}, b"", 20)
    assert await pid_of(pool) != first
    assert pool.counters.hung == 1
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    await pool.close()


async def test_an_error_reply_is_a_reply(pool: WorkerPool) -> None:
    reply, _ = await pool.ask({"do": "fail"}, b"", 20)
    assert reply == {"error": "wrong input"}


async def test_who_waits_too_long_gets_a_timeout_and_the_worker_lives(pool: WorkerPool) -> None:
    first = await pid_of(pool)
    with pytest.raises(TimeoutError):
        await pool.ask({}, b"x" * 4_000_000, 0.0)
    assert await pid_of(pool) == first


async def test_too_many_waiting_are_turned_away() -> None:
    pool = pool_of(most_waiting=2)
    await pid_of(pool)
    tasks = [asyncio.create_task(pool.ask({"do": "hang"}, b"", 60)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(SpeechError, match="2 utterances are already waiting"):
        await pool.ask({}, b"", 60)
    assert pool.counters.turned_away == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await pool.close()


async def test_a_program_that_is_no_worker_is_an_error() -> None:
    eight_zeros = "import sys; sys.stdout.buffer.write(bytes(8)); sys.stdout.flush(); input()"
    for command, message in (
        (("/nowhere/python",), "cannot be started"),
        ((sys.executable, "-c", "print('x' * 100)"), "no message"),
        (
            (sys.executable, "-c", eight_zeros),
            "no message",
        ),
    ):
        pool = WorkerPool(command)
        with pytest.raises(SpeechError, match=message):
            await pool.ask({}, b"", 20)
        await pool.close()


async def test_closing_ends_the_workers() -> None:
    pool = pool_of(size=2)
    pid = await pid_of(pool)
    hanging = asyncio.create_task(pool.ask({"do": "hang"}, b"", 60))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises((SpeechError, asyncio.CancelledError)):
        await hanging
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SpeechError, match="closed"):
        await pool.ask({}, b"", 1)
