"""The worker pool: nothing lost but the requests of a worker that fails, and nobody waits for one that keeps failing."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from ari_app.errors import SpeechError
from ari_app.speech.workers import WorkerPool
from tests.support.until import until

pytestmark = pytest.mark.fakes


def pool_of(
    *arguments: str,
    size: int = 1,
    longest_s: float = 20.0,
    start_s: float = 30.0,
    most_waiting: int = 64,
    batch: int = 1,
    backoff_s: float = 0.0,
) -> WorkerPool:
    return WorkerPool.of_module(
        "tests.support.odd_worker",
        *arguments,
        size=size,
        longest_s=longest_s,
        start_s=start_s,
        most_waiting=most_waiting,
        batch=batch,
        backoff_s=backoff_s,
    )


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    one = pool_of()
    yield one
    await one.close()


async def pid_of(pool: WorkerPool) -> int:
    pid = (await pool.ask({}, b"", 20))["pid"]
    assert isinstance(pid, int)
    return pid


async def settled(tasks: list[asyncio.Task[dict[str, object]]]) -> list[str]:
    """What became of requests: the error, or ``answered``."""
    results = await asyncio.gather(*tasks, return_exceptions=True)
    return [
        str(one) or type(one).__name__ if isinstance(one, BaseException) else "answered" for one in results
    ]


def asked(pool: WorkerPool, *heads: dict[str, object]) -> list[asyncio.Task[dict[str, object]]]:
    return [asyncio.create_task(pool.ask(head, b"", 20)) for head in heads]


async def test_a_worker_is_started_on_demand_and_kept(pool: WorkerPool) -> None:
    assert pool.counters.started == 0
    first = await pid_of(pool)
    assert await pool.ask({}, b"x" * 1_000_000, 20) == {"pid": first, "bytes": 1_000_000, "together": 1}
    assert pool.counters.started == 1


@pytest.mark.parametrize("harm", ["die", "crash"])
async def test_a_worker_that_dies_costs_its_request_and_is_replaced(pool: WorkerPool, harm: str) -> None:
    first = await pid_of(pool)
    with pytest.raises(SpeechError, match="ended"):
        await pool.ask({"do": harm}, b"", 20)
    assert await pid_of(pool) != first
    assert pool.counters.died == 1


async def test_a_worker_that_was_killed_in_between_is_replaced_before_it_is_needed(pool: WorkerPool) -> None:
    first = await pid_of(pool)
    os.kill(first, 9)
    await until(lambda: pool.counters.started == 2)
    assert await pid_of(pool) != first
    assert pool.counters.died == 1


async def test_a_worker_that_hangs_is_ended_and_replaced() -> None:
    pool = pool_of(longest_s=0.5)
    first = await pid_of(pool)
    with pytest.raises(SpeechError, match="did not answer within"):
        await pool.ask({"do": "hang"}, b"", 20)
    assert await pid_of(pool) != first
    assert pool.counters.hung == 1
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    await pool.close()


async def test_while_one_hangs_the_other_works() -> None:
    pool = pool_of(size=2)
    await pid_of(pool)
    hanging = asked(pool, {"do": "hang"})
    await until(lambda: pool.counters.requests == 2)
    pids = {await pid_of(pool) for _ in range(3)}
    assert len(pids) == 1
    await pool.close()
    assert await settled(hanging) == ["the speech workers have been closed"]


async def test_an_error_reply_is_a_reply(pool: WorkerPool) -> None:
    assert await pool.ask({"do": "fail"}, b"", 20) == {"error": "wrong input", "together": 1}


async def test_who_waits_too_long_gets_a_timeout_and_the_worker_lives(pool: WorkerPool) -> None:
    first = await pid_of(pool)
    with pytest.raises(TimeoutError):
        await pool.ask({}, b"x" * 4_000_000, 0.0)
    assert pool.waiting == 0
    assert await pid_of(pool) == first


async def test_too_many_waiting_are_turned_away_and_guesses_first() -> None:
    pool = pool_of(most_waiting=2)
    await pid_of(pool)
    tasks = asked(pool, {"do": "hang"})
    await until(lambda: pool.counters.requests == 2)
    tasks += asked(pool, {})
    await until(lambda: pool.waiting == 1)
    with pytest.raises(SpeechError, match="1 utterances are already waiting"):
        await pool.ask({}, b"", 60, guess=True)
    tasks += asked(pool, {})
    await until(lambda: pool.waiting == 2)
    with pytest.raises(SpeechError, match="2 utterances are already waiting"):
        await pool.ask({}, b"", 60)
    assert pool.counters.turned_away == 2
    await pool.close()
    assert await settled(tasks) == ["the speech workers have been closed"] * 3


async def test_what_came_in_during_a_batch_is_the_next_batch() -> None:
    pool = pool_of(batch=4)
    first = asyncio.create_task(pool.ask({}, b"", 20))
    await until(lambda: pool.counters.started == 1)
    later = [asyncio.create_task(pool.ask({}, b"", 20)) for _ in range(6)]
    assert (await first)["together"] == 4  # what came while the worker started goes with it
    assert [(await one)["together"] for one in later] == [4, 4, 4, 3, 3, 3]
    assert pool.counters.batches == 2
    await pool.close()


async def test_results_go_before_guesses() -> None:
    pool = pool_of()
    order: list[str] = []

    async def ask(name: str, guess: bool) -> None:
        await pool.ask({}, b"", 20, guess=guess)
        order.append(name)

    tasks = [
        asyncio.create_task(ask(name, name.startswith("guess"))) for name in ("guess 1", "guess 2", "end")
    ]
    await asyncio.gather(*tasks)
    assert order == ["end", "guess 1", "guess 2"]
    await pool.close()


@pytest.mark.parametrize("harm", ["die", "hang"])
async def test_a_batch_whose_worker_fails_costs_exactly_that_batch(harm: str) -> None:
    pool = pool_of(batch=2, longest_s=0.5)
    first = await pid_of(pool)
    lost, kept = asked(pool, {}, {"do": harm}), asked(pool, {}, {})
    assert all("the speech worker" in one for one in await settled(lost))
    assert await settled(kept) == ["answered", "answered"]
    assert await pid_of(pool) != first
    assert pool.counters.died + pool.counters.hung == 1
    await pool.close()


async def test_who_gives_up_does_not_disturb_the_others_of_the_batch(tmp_path: Path) -> None:
    pool = pool_of(batch=3)
    await pid_of(pool)
    requests = asked(pool, {}, {}, {"do": "until", "file": str(tmp_path / "go")})
    await until(lambda: pool.counters.requests == 4)
    requests[1].cancel()
    (tmp_path / "go").touch()
    assert await settled(requests) == ["answered", "CancelledError", "answered"]
    assert pool.counters.started == 1
    await pool.close()


async def test_who_gives_up_before_the_batch_is_not_in_it() -> None:
    pool = pool_of(batch=3)
    requests = asked(pool, {}, {}, {})
    await until(lambda: pool.waiting == 3)
    requests[0].cancel()
    assert await settled(requests) == ["CancelledError", "answered", "answered"]
    assert pool.counters.requests == 2
    await pool.close()


async def test_a_worker_that_keeps_failing_is_left_alone_and_requests_fail_at_once() -> None:
    pool = pool_of(backoff_s=1000.0)
    for _ in range(2):
        with pytest.raises(SpeechError, match="ended"):
            await pool.ask({"do": "die"}, b"", 20)
    started = pool.counters.started
    with pytest.raises(SpeechError, match="left alone for a while: the speech worker ended"):
        await pool.ask({}, b"", 20)
    assert (pool.counters.started, pool.counters.turned_away) == (started, 1)
    await pool.close()


async def test_what_waits_for_a_worker_that_is_left_alone_fails_too() -> None:
    pool = pool_of(backoff_s=1000.0)
    assert await settled(asked(pool, {"do": "die"}, {"do": "die"}, {}, {})) == ["the speech worker ended"] * 4
    assert (pool.counters.started, pool.waiting) == (2, 0)
    await pool.close()


async def test_after_a_rest_it_is_tried_again_and_a_reply_forgets_the_faults() -> None:
    pool = pool_of(backoff_s=0.0)
    for _ in range(5):
        with pytest.raises(SpeechError, match="ended"):
            await pool.ask({"do": "die"}, b"", 20)
    await pid_of(pool)
    assert pool.counters.died == 5
    await pool.close()


def _nowhere() -> WorkerPool:
    return WorkerPool(("/nowhere/python",), backoff_s=1000.0)


def _chatter() -> WorkerPool:
    return WorkerPool((sys.executable, "-c", "print('x' * 100)"), backoff_s=1000.0)


def _zeros() -> WorkerPool:
    code = "import sys; sys.stdout.buffer.write(bytes(8)); sys.stdout.flush(); input()"
    return WorkerPool((sys.executable, "-c", code), backoff_s=1000.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (_nowhere, "cannot be started"),
        (_chatter, "no message"),
        (_zeros, "no message"),
        (lambda: pool_of("no model", backoff_s=1000.0), "there is no model"),
        (lambda: pool_of("never ready", start_s=0.2, backoff_s=1000.0), "was not ready within"),
    ],
)
async def test_a_worker_that_cannot_be_had_is_an_error_and_not_tried_for_every_call(
    make: Callable[[], WorkerPool], message: str
) -> None:
    pool = make()
    assert all(message in one for one in await settled(asked(pool, {}, {}, {})))
    with pytest.raises(SpeechError, match=f"left alone.*{message}"):
        await pool.ask({}, b"", 20)
    assert pool.counters.not_started == 1
    await pool.close()


async def test_what_is_too_long_for_a_worker_is_refused(pool: WorkerPool) -> None:
    with pytest.raises(SpeechError, match="too long"):
        await pool.ask({}, bytes(40_000_000), 20)
    with pytest.raises(SpeechError, match="too long"):
        await pool.ask({"jsgf": "x" * 300_000}, b"", 20)
    assert pool.counters.started == 0


async def test_closing_ends_the_workers() -> None:
    pool = pool_of(size=2)
    pid = await pid_of(pool)
    hanging = asyncio.create_task(pool.ask({"do": "hang"}, b"", 60))
    await asyncio.sleep(0)
    await pool.close()
    with pytest.raises(SpeechError, match="closed"):
        await hanging
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(SpeechError, match="closed"):
        await pool.ask({}, b"", 1)
