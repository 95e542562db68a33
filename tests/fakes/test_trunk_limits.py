"""Trunks: their rate and lines are kept, one that fails is left alone, and the others go on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.domain.breaker import BreakerRules
from ari_app.domain.call_machine import Call, Event, EventKind
from ari_app.domain.campaign import Campaign
from ari_app.services.dialler import MOST_IN_VAIN, DiallerLimits
from ari_app.services.trunks import TrunkDesk, TrunkLimits
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.clock import MONDAY_MORNING, LoopClock
from tests.support.floor import floor, within
from tests.support.store_rows import account, campaign

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

RINGS = [(1.0, Event(EventKind.RINGING))]
FAILS = [(0.2, Event(EventKind.DESTROYED, sip_status=503, q850_cause=34))]
BUSY = [(0.2, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))]


def rings(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, RINGS, media=FakeMedia())


def fails(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, FAILS, media=FakeMedia())


def busy(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, BUSY, media=FakeMedia())


def parity(phone: str) -> str:
    return "odd" if int(phone[-1]) % 2 else "even"


def desk(*limits: TrunkLimits) -> TrunkDesk:
    return TrunkDesk(limits, parity, LoopClock(asyncio.get_running_loop()), BreakerRules(least_calls=3))


def wide() -> list[Campaign]:
    return [replace(campaign(), dialler=replace(campaign().dialler, concurrency=50))]


async def test_a_trunk_has_never_more_calls_than_its_lines(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd", max_concurrency=2), TrunkLimits("even"))
    async with floor(tmp_path, rings, accounts=10, campaigns=wide(), trunks=trunks) as place:
        await place.dialler.turn()
        numbers = [int(record.phone[-1]) % 2 for record in await place.records()]
        assert (numbers.count(1), numbers.count(0)) == (2, 5)
        assert trunks.readings()["odd"].calls == 2
        assert await place.dialler.turn() == 0


async def test_accounts_of_a_full_trunk_keep_their_plan_and_come_again(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd", max_concurrency=1), TrunkLimits("even", max_concurrency=1))
    async with floor(tmp_path, busy, accounts=6, campaigns=wide(), trunks=trunks) as place:
        for _ in range(8):
            await place.dialler.turn()
            await within(60.0, lambda: not place.dialler.owned())
            await asyncio.sleep(2.1)
        assert len(await place.records()) == 6


async def test_the_starts_of_a_trunk_are_spread_by_its_own_rate(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd", calls_per_second=2.0), TrunkLimits("even", calls_per_second=2.0))
    fast = DiallerLimits(50, 100.0)
    async with floor(tmp_path, rings, accounts=10, campaigns=wide(), trunks=trunks, limits=fast) as place:
        assert await place.dialler.turn() == 4
        await asyncio.sleep(0.1)
        assert place.dials() == 2
        await asyncio.sleep(0.5)
        assert place.dials() == 4


async def test_a_failing_trunk_is_left_alone_and_the_other_goes_on(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd"), TrunkLimits("even"))
    for number in range(3):
        trunks.begin(f"x{number}", "+8613800000001")
        trunks.ended(f"x{number}", Call(dialled_at=MONDAY_MORNING, sip_status=503))
    assert trunks.readings()["odd"].open
    async with floor(tmp_path, rings, accounts=10, campaigns=wide(), trunks=trunks) as place:
        assert await place.dialler.turn() == 5
        assert {int(record.phone[-1]) % 2 for record in await place.records()} == {0}
        due = await place.store.next_due_at("c1")
        assert due is not None
        assert (due - place.clock.now()).total_seconds() >= 25.0, "the rest has to be over first"


async def test_a_call_from_before_the_failures_is_no_trial() -> None:
    """A ring of 40 s that nobody takes, or a long talk, began before the rest: it says nothing of the trunk by now."""
    trunks, odd = desk(TrunkLimits("odd")), "+8613800000001"
    for name in ("late", "talk", "x0", "x1", "x2"):
        trunks.begin(name, odd)
    for name in ("x0", "x1", "x2"):
        trunks.ended(name, Call(dialled_at=MONDAY_MORNING, sip_status=503))
    await asyncio.sleep(31.0)
    trunks.begin("trial", odd)
    assert trunks.room(0.0) == 2
    trunks.ended("late", Call(dialled_at=MONDAY_MORNING, sip_status=408))
    assert not trunks.readings()["odd"].open, "no trial has failed"
    trunks.ended("talk", Call(dialled_at=MONDAY_MORNING, answered_at=MONDAY_MORNING))
    assert trunks.room(0.0) == 2, "no trial has passed"
    trunks.ended("trial", Call(dialled_at=MONDAY_MORNING, sip_status=503))
    assert trunks.readings()["odd"].open


async def test_calls_that_fail_on_the_way_open_the_circuit(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd"), TrunkLimits("even"))
    async with floor(tmp_path, fails, accounts=8, campaigns=wide(), trunks=trunks) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        readings = trunks.readings()
        assert readings["odd"].open
        assert readings["even"].open
        assert readings["odd"].failed == readings["odd"].started == 4
        assert set(await place.dispositions()) == {"congestion"}


async def test_busy_customers_say_nothing_against_a_trunk(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd"), TrunkLimits("even"))
    async with floor(tmp_path, busy, accounts=8, campaigns=wide(), trunks=trunks) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        assert not any(each.open or each.failed for each in trunks.readings().values())


async def test_a_list_longer_than_the_rate_of_its_trunk_is_left_as_it_is(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd", calls_per_second=2.0), TrunkLimits("even", calls_per_second=2.0))
    fast = DiallerLimits(50, 100.0)
    async with floor(tmp_path, rings, accounts=40, campaigns=wide(), trunks=trunks, limits=fast) as place:
        claims = 0
        claim = place.store.claim_due

        async def counted(*args: object) -> object:
            nonlocal claims
            claims += 1
            return await claim(*args)  # type: ignore[arg-type]

        place.store.claim_due = counted  # type: ignore[method-assign,assignment]
        assert await place.dialler.turn() == 4
        assert await place.dialler.turn() == 0
        assert claims <= 2, "where no trunk has room nothing is asked of the store"
        due = await place.store.next_due_at("c1")
        assert due is not None
        assert due <= place.clock.now()


async def test_a_long_list_of_a_full_trunk_does_not_hold_up_a_turn(tmp_path: Path) -> None:
    trunks = desk(TrunkLimits("odd", max_concurrency=1), TrunkLimits("even", max_concurrency=40))
    async with floor(tmp_path, rings, accounts=1, campaigns=wide(), trunks=trunks) as place:
        odd = [account(2 * number + 1) for number in range(300)]
        await place.store.load_accounts("c1", odd, place.clock.now())
        claims = 0
        claim = place.store.claim_due

        async def counted(*args: object) -> object:
            nonlocal claims
            claims += 1
            return await claim(*args)  # type: ignore[arg-type]

        place.store.claim_due = counted  # type: ignore[method-assign,assignment]
        assert await place.dialler.turn() == 1
        assert claims <= MOST_IN_VAIN + 2
