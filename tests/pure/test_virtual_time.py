"""The virtual-time loop and the clocks that go with it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import virtual_time
from tests.support.clock import MONDAY_MORNING, FakeClock, LoopClock
from tests.support.virtual_time import NothingWillHappenError, VirtualTimeLoop

pytestmark = pytest.mark.pure

virtual = pytest.mark.virtual_time


@virtual
async def test_a_night_of_waiting_takes_no_real_time(virtual_loop: VirtualTimeLoop) -> None:
    await asyncio.sleep(12 * 3600)
    assert virtual_loop.time() == pytest.approx(12 * 3600)


@virtual
async def test_a_wait_longer_than_the_selector_limit_of_a_day(virtual_loop: VirtualTimeLoop) -> None:
    await asyncio.sleep(40 * 24 * 3600)
    assert virtual_loop.time() == pytest.approx(40 * 24 * 3600)


@virtual
async def test_timeouts_strike_at_their_virtual_second(virtual_loop: VirtualTimeLoop) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await asyncio.Event().wait()
    assert virtual_loop.time() == pytest.approx(30)


@virtual
async def test_a_thread_that_is_out_holds_the_clock(virtual_loop: VirtualTimeLoop) -> None:
    """A timer that is already set must not fire while an executor call is under way."""
    order: list[str] = []
    gate = threading.Event()

    def work() -> str:
        assert gate.wait(10)
        return "result"

    async def timer() -> None:
        await asyncio.sleep(60)
        order.append("timer")

    async def caller() -> None:
        await asyncio.to_thread(work)
        order.append("thread")

    opener = threading.Timer(0.02, gate.set)
    opener.start()
    await asyncio.gather(timer(), caller())
    opener.join()
    assert order == ["thread", "timer"]
    assert virtual_loop.calls_outside == 0


@virtual
async def test_a_failed_thread_gives_the_clock_back(virtual_loop: VirtualTimeLoop) -> None:
    def work() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await asyncio.to_thread(work)
    await asyncio.sleep(5)
    assert virtual_loop.time() == pytest.approx(5)


def test_waiting_for_nothing_is_an_error_and_not_a_hang() -> None:
    with (
        asyncio.Runner(loop_factory=VirtualTimeLoop) as runner,
        pytest.raises(NothingWillHappenError, match="no timer is set"),
    ):
        runner.run(asyncio.Event().wait())


def test_a_thread_that_never_comes_back_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(virtual_time, "PATIENCE", 0.01)
    gate = threading.Event()

    async def main() -> None:
        await asyncio.to_thread(gate.wait, 10)

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        try:
            with pytest.raises(NothingWillHappenError, match="did not come back"):
                runner.run(main())
        finally:
            gate.set()


@virtual
async def test_real_sockets_are_refused(virtual_loop: VirtualTimeLoop) -> None:
    ours, theirs = socket.socketpair()
    with contextlib.closing(ours), contextlib.closing(theirs):
        with pytest.raises(RuntimeError, match="no real I/O"):
            virtual_loop.add_reader(ours, lambda: None)
        with pytest.raises(RuntimeError, match="no real I/O"):
            virtual_loop.add_writer(ours, lambda: None)


@given(st.lists(st.floats(min_value=0, max_value=1e5), min_size=1, max_size=12))
def test_timers_fire_in_order_of_time(delays: list[float]) -> None:
    fired: list[float] = []

    async def one(delay: float) -> None:
        await asyncio.sleep(delay)
        fired.append(delay)

    async def main() -> None:
        await asyncio.gather(*(one(delay) for delay in delays))

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(main())
    assert len(fired) == len(delays)
    # Timers closer to each other than the clock's resolution may change places.
    assert all(later >= earlier - 1e-6 for earlier, later in itertools.pairwise(fired))


def test_the_loop_clock_does_not_run_backwards() -> None:
    loop = VirtualTimeLoop()
    with contextlib.closing(loop), pytest.raises(ValueError, match="backwards"):
        loop.advance(-1)


def test_the_fake_clock_moves_only_when_told(fake_clock: FakeClock) -> None:
    assert fake_clock.now() == MONDAY_MORNING
    fake_clock.advance(90)
    fake_clock.advance(timedelta(minutes=1))
    assert fake_clock.now() == MONDAY_MORNING + timedelta(seconds=150)
    assert fake_clock.monotonic() == 150
    fake_clock.set(datetime(2030, 1, 1, tzinfo=UTC))
    assert fake_clock.now() == datetime(2030, 1, 1, tzinfo=UTC)
    assert fake_clock.monotonic() == 150


def test_the_fake_clock_refuses_naive_and_backward_time(fake_clock: FakeClock) -> None:
    with pytest.raises(ValueError, match="aware"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive time is what is refused
    with pytest.raises(ValueError, match="aware"):
        fake_clock.set(datetime(2026, 1, 1))  # noqa: DTZ001 - a naive time is what is refused
    with pytest.raises(ValueError, match="backwards"):
        fake_clock.advance(-0.5)


@virtual
async def test_wall_time_follows_the_loop(virtual_loop: VirtualTimeLoop) -> None:
    clock = LoopClock(virtual_loop)
    await asyncio.sleep(3600)
    assert clock.now() == MONDAY_MORNING + timedelta(hours=1)
    assert clock.monotonic() == pytest.approx(3600)
