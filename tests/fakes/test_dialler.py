"""The dialler: what may start, what may not, and what becomes of calls when it is told to stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from ari_app.dialogue.model import Fragment
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.compliance import ContactFacts, Decide, DialVerdict
from ari_app.errors import RequestTimeout, SpeechError, StoreError
from ari_app.ports import Admission
from ari_app.services.call_session import DialPlan
from ari_app.services.dialler import DiallerLimits
from tests.support.calls import FakeLeg, FakeMedia, FakePrompts
from tests.support.floor import floor, within
from tests.support.leaks import leaked_tasks
from tests.support.store_rows import allow, broken_promises, campaign

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

RINGS = [(1.0, Event(EventKind.RINGING))]
BUSY = [(0.5, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))]


def rings(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, RINGS, media=FakeMedia())


def busy(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, BUSY, media=FakeMedia())


async def all_calls_over(dialler: object) -> None:
    await within(60.0, lambda: not dialler.owned())  # type: ignore[attr-defined]


async def test_a_campaign_never_has_more_calls_than_its_concurrency(tmp_path: Path) -> None:
    few = replace(campaign(), dialler=replace(campaign().dialler, concurrency=3))
    async with floor(tmp_path, busy, accounts=8, campaigns=[few]) as place:
        assert await place.dialler.turn() == 3
        assert await place.dialler.turn() == 0
        assert len(place.dialler.owned()) == 3
        await all_calls_over(place.dialler)
        assert await place.dialler.turn() == 3


async def test_all_campaigns_together_never_have_more_calls_than_the_controller_may(tmp_path: Path) -> None:
    limits = DiallerLimits(max_concurrency=5, calls_per_second=100.0)
    both = [campaign("c1"), campaign("c2")]
    async with floor(tmp_path, rings, accounts=4, campaigns=both, limits=limits) as place:
        assert await place.dialler.turn() == 5
        assert {record.campaign_id for record in await place.records()} == {"c1", "c2"}
        assert await place.dialler.turn() == 0


async def test_a_campaign_with_much_to_do_leaves_lines_to_the_others(tmp_path: Path) -> None:
    limits = DiallerLimits(max_concurrency=2, calls_per_second=100.0)
    both = [campaign("c1"), campaign("c2")]
    async with floor(tmp_path, busy, accounts=4, campaigns=both, limits=limits) as place:
        for _ in range(2):
            await place.dialler.turn()
            await all_calls_over(place.dialler)
        assert [record.campaign_id for record in await place.records()] == ["c1", "c2", "c1", "c2"]


async def test_starts_follow_the_weights_of_the_campaigns(tmp_path: Path) -> None:
    limits = DiallerLimits(max_concurrency=4, calls_per_second=100.0)
    heavy = replace(campaign("c2"), dialler=replace(campaign("c2").dialler, weight=3))
    async with floor(tmp_path, busy, accounts=20, campaigns=[campaign("c1"), heavy], limits=limits) as place:
        for _ in range(4):
            await place.dialler.turn()
            await all_calls_over(place.dialler)
        of = Counter(record.campaign_id for record in await place.records())
        assert of == {"c1": 4, "c2": 12}


async def test_no_more_calls_start_in_a_second_than_the_rate_allows(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=9, limits=DiallerLimits(50, 2.0)) as place:
        assert await place.dialler.turn() == 2
        assert await place.dialler.turn() == 0
        await asyncio.sleep(1.0)
        assert await place.dialler.turn() == 2
        await asyncio.sleep(60.0)
        assert await place.dialler.turn() <= 3, "an idle minute is no burst"


async def test_calls_leave_one_after_the_other_and_not_in_a_burst(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=5, limits=DiallerLimits(50, 4.0)) as place:
        assert await place.dialler.turn() == 4
        for number in range(1, 5):
            await asyncio.sleep(0.1)
            assert place.dials() == number
            await asyncio.sleep(0.15)


async def test_a_slow_tick_does_not_slow_the_schedule_down(tmp_path: Path) -> None:
    wide = replace(campaign(), dialler=replace(campaign().dialler, concurrency=50))
    limits = DiallerLimits(50, 5.0)
    async with floor(tmp_path, rings, accounts=40, campaigns=[wide], limits=limits) as place:
        serving = asyncio.create_task(place.dialler.run())
        place.dialler.wake()
        await asyncio.sleep(4.1)
        assert place.dials() == 21
        serving.cancel()
        await asyncio.wait([serving])


@pytest.mark.parametrize("reason", ["disconnected", "halted", "paused"])
async def test_nothing_is_claimed_while_nothing_may_be_dialled(tmp_path: Path, reason: str) -> None:
    async with floor(tmp_path, rings, halted=reason == "halted") as place:
        place.telephony.connected = reason != "disconnected"
        if reason == "paused":
            await place.store.set_campaign_status("c1", CampaignStatus.PAUSED)
        assert await place.dialler.turn() == 0
        assert await place.records() == []


async def test_a_number_without_a_route_is_closed_undialled(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, route=lambda attempt: None) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert await place.dispositions() == ["no_route"]
        assert place.dials() == 0
        due = await place.store.next_due_at("c1")
        assert due is not None
        assert due >= place.clock.now() + timedelta(minutes=55), (
            "it would use up the rate of those who have one"
        )


def bad_route(attempt: ReservedAttempt) -> DialPlan | None:
    raise ValueError("a number that nobody can write")


async def test_a_route_that_fails_closes_the_attempt_and_releases_the_leg(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, route=bad_route) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert await place.dispositions() == ["no_route"]
        (leg,) = place.telephony.legs.values()
        assert leg.log == ["release"]


class NoVoice(FakePrompts):
    """Renders nothing."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "disposition"),
    [(SpeechError("no voice"), "no_prompt"), (RuntimeError("a voice with a fault"), "not_dialled")],
)
async def test_prompts_that_cannot_be_rendered_stop_the_dial(
    tmp_path: Path, error: Exception, disposition: str
) -> None:
    async with floor(tmp_path, rings, prompts=NoVoice(error)) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert await place.dispositions() == [disposition]
        assert place.dials() == 0
        (leg,) = place.telephony.legs.values()
        assert leg.log == ["release"]


async def test_a_session_that_fails_leaves_its_attempt_to_reconciliation(tmp_path: Path) -> None:
    async with floor(tmp_path, busy) as place:

        async def broken(ended: object) -> None:
            raise StoreError("the database has gone")

        lost: list[bool] = []
        place.dialler.on_lost = lambda: lost.append(True)
        place.wrap_up.close = broken  # type: ignore[method-assign]
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert lost == [True]
        assert await place.dispositions() == [None]
        assert (await place.reconciler.run()).closed == 1
        assert await place.dispositions() == ["interrupted"]


async def test_one_campaign_that_cannot_be_claimed_does_not_stop_the_others(tmp_path: Path) -> None:
    both = [campaign("c1"), campaign("c2")]
    async with floor(tmp_path, rings, accounts=1, campaigns=both) as place:
        claim = place.store.claim_due

        async def fails_for_the_first(
            campaign_id: str,
            now: datetime,
            limit: int,
            decide: Decide,
            new_id: Callable[[], str],
            admission: Admission | None = None,
        ) -> list[ReservedAttempt]:
            if campaign_id == "c1":
                raise StoreError("campaign c1: its strategy cannot be read")
            return await claim(campaign_id, now, limit, decide, new_id, admission)

        place.store.claim_due = fails_for_the_first  # type: ignore[method-assign]
        assert await place.dialler.turn() == 1
        assert [record.campaign_id for record in await place.records()] == ["c2"]


async def test_the_dialler_outlives_a_store_that_cannot_be_written(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        campaigns = place.store.campaigns
        broken = [True]

        async def sometimes() -> object:
            if broken.pop() if broken else False:
                raise StoreError("the disk is full")
            return await campaigns()

        place.store.campaigns = sometimes  # type: ignore[method-assign,assignment]
        await place.controller.start()
        await within(5.0, place.controller.reconciled.is_set)
        await asyncio.sleep(0.1)
        place.controller.tick()
        await within(5.0, lambda: place.dials() == 1)


# ------------------------------------------------------------------------------------------- told to stop


class Slowly:
    """Holds a method of the store until it is let go; the change itself is made at once."""

    def __init__(self, method: Callable[..., object]) -> None:
        self._method = method
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, *args: object) -> object:
        value = await self._method(*args)  # type: ignore[misc]
        self.asked.set()
        await self.go.wait()
        return value


async def test_a_claim_that_is_under_way_when_the_stop_comes_dials_nobody(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=3) as place:
        slowly = place.store.claim_due = Slowly(place.store.claim_due)  # type: ignore[method-assign,assignment]
        await place.controller.start()
        await slowly.asked.wait()
        stop = asyncio.create_task(place.controller.stop())
        await asyncio.sleep(1.0)
        slowly.go.set()
        await stop
        assert place.dials() == 0
        assert await place.dispositions() == ["not_dialled"] * 3
        assert place.dialler.owned() == frozenset()


async def test_a_reconciliation_that_ends_during_the_stop_does_not_start_the_dialler_again(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path, rings, accounts=2, limits=DiallerLimits(50, 1.0)) as place:
        await place.controller.start()
        await within(5.0, lambda: place.dials() == 1)
        for leg in place.telephony.legs.values():
            leg._hang_up_ends = False  # the stop waits for the clear timer
        place.telephony.reconnect()
        await place.controller.stop()
        assert place.dials() == 1
        assert await place.dispositions() == ["cancelled"]


class SlowVoice(FakePrompts):
    """Renders for an hour."""

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        await asyncio.sleep(3600)


async def test_a_stop_while_prompts_are_rendered_closes_the_attempt_at_once(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, prompts=SlowVoice()) as place:
        await place.dialler.turn()
        await asyncio.sleep(1.0)
        before = asyncio.get_running_loop().time()
        await place.dialler.stop()
        assert asyncio.get_running_loop().time() - before < 5.0
        assert await place.dispositions() == ["not_dialled"]
        assert place.dials() == 0


def answers(call_id: str) -> FakeLeg:
    return FakeLeg(
        call_id, [(0.5, Event(EventKind.RINGING)), (2.0, Event(EventKind.ANSWERED))], media=FakeMedia()
    )


@pytest.mark.parametrize("moment", [0.0, 0.001, 0.25, 0.75, 1.9, 2.0, 2.01, 3.0, 8.5, 9.2])
async def test_a_stop_at_any_moment_closes_every_attempt(tmp_path: Path, moment: float) -> None:
    async with floor(tmp_path, answers, accounts=2) as place:
        await place.controller.start()
        await within(5.0, lambda: len(place.telephony.legs) == 2)
        await asyncio.sleep(moment)
        await place.controller.stop()
        assert None not in await place.dispositions()
        for leg in place.telephony.legs.values():
            assert leg.log[-1] == "release"
            assert "dial" not in leg.log or "hang_up" in leg.log
        assert await leaked_tasks() == []
    assert broken_promises(tmp_path / "floor.db") == []


@pytest.mark.parametrize("turns", range(0, 60, 3))
async def test_a_stop_after_any_number_of_turns_of_the_loop_closes_every_attempt(
    tmp_path: Path, turns: int
) -> None:
    async with floor(tmp_path, answers) as place:
        await place.controller.start()
        await within(5.0, place.controller.reconciled.is_set)
        for _ in range(turns):
            await asyncio.sleep(0)
        await place.controller.stop()
        assert None not in await place.dispositions()
        for leg in place.telephony.legs.values():
            assert leg.log[-1] == "release"
        assert await leaked_tasks() == []
    assert broken_promises(tmp_path / "floor.db") == []


class StuckLeg(FakeLeg):
    """A leg whose events and answers never come: the hang-up itself takes for ever until cancelled or 30 s."""

    async def hang_up(self, reason: str = "normal") -> None:
        self.log.append("hang_up")
        await asyncio.sleep(30.0)
        raise RequestTimeout("DELETE channels/x: no answer")


async def test_a_call_that_does_not_end_in_time_is_cancelled_and_still_closed(tmp_path: Path) -> None:
    def stuck(call_id: str) -> FakeLeg:
        return StuckLeg(call_id, [(1.0, Event(EventKind.ANSWERED))], media=FakeMedia())

    async with floor(tmp_path, stuck) as place:
        await place.dialler.turn()
        await asyncio.sleep(2.0)
        await place.dialler.stop(patience_s=1.0)
        assert await place.dispositions() == ["cancelled"]
        assert await leaked_tasks() == []


async def test_a_full_disk_does_not_hold_the_stop_for_ever(tmp_path: Path) -> None:
    async with floor(tmp_path, busy) as place:

        async def full(*_: object) -> None:
            raise StoreError("the disk is full")

        place.store.close_attempt = full  # type: ignore[method-assign,assignment]
        await place.dialler.turn()
        await asyncio.sleep(2.0)
        await place.dialler.stop()
        assert asyncio.get_running_loop().time() < 60.0
        assert await leaked_tasks() == []
        assert await place.dispositions() == [None]


async def test_a_verdict_that_has_turned_meanwhile_is_kept_at_the_dial(tmp_path: Path) -> None:
    asked = 0

    def once(facts: ContactFacts, now: datetime) -> DialVerdict:
        nonlocal asked
        asked += 1
        return replace(allow(facts, now), allowed=asked == 1)

    async with floor(tmp_path, rings, decide=once) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert asked == 2
        assert place.dials() == 0
        assert await place.dispositions() == ["forbidden"]
