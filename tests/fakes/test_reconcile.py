"""After a crash or a lost connection: store and PBX agree again before anybody is dialled."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import NotConnected, StoreError, TelephonyError
from ari_app.ports import RecordingCheck
from tests.fakes.test_dialler import Slowly, answers, rings
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.floor import Floor, floor, within
from tests.support.store_rows import allow, broken_promises, ids

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]


async def left_open(place: Floor, number: int = 1, *, dialled: bool = True) -> list[ReservedAttempt]:
    """Attempts of an earlier run that was killed."""
    claimed = await place.store.claim_due("c1", place.clock.now(), number, allow, ids("old"))
    for attempt in claimed if dialled else ():
        await place.store.mark_dialled(attempt.attempt_id, place.clock.now(), allow)
    return claimed


async def test_a_call_of_nobody_is_hung_up_and_its_attempt_closed_as_interrupted(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        await left_open(place)
        place.telephony.live = {"old-1", "unknown-9"}
        done = await place.reconciler.run()
        assert (done.closed, done.released, done.left) == (1, 2, 0)
        assert sorted(place.telephony.hung_up) == ["old-1", "unknown-9"]
        assert await place.dispositions() == ["interrupted"]


async def test_an_attempt_that_was_never_dialled_is_planned_again_without_using_one_up(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path, rings) as place:
        await left_open(place, dialled=False)
        await place.reconciler.run()
        assert await place.dispositions() == ["not_dialled"]
        (due,) = [await place.store.next_due_at("c1")]
        assert due is not None
        assert due - place.clock.now() <= timedelta(minutes=1)
        assert await place.store.outbox() == [], "where nobody was called, no call was completed"


async def test_an_interrupted_call_is_told_to_the_webhook(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        await left_open(place)
        await place.reconciler.run()
        assert [event.event for event in await place.store.outbox()] == ["call.completed"]


async def test_a_call_that_is_running_is_left_alone(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        await place.dialler.turn()
        await within(5.0, lambda: place.dials() == 1)
        place.telephony.live = set(place.telephony.legs)
        done = await place.reconciler.run()
        assert (done.closed, done.released) == (0, 0)
        assert place.telephony.hung_up == []
        assert await place.dispositions() == [None]


async def test_when_asterisk_cannot_be_asked_nothing_is_closed(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        await left_open(place)
        place.telephony.error = NotConnected("no connection to Asterisk; nothing was sent")
        with pytest.raises(NotConnected):
            await place.reconciler.run()
        assert await place.dispositions() == [None]


async def test_a_claim_under_way_is_not_taken_for_one_of_an_earlier_run(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=3) as place:
        claims = asyncio.create_task(place.dialler.turn())
        done = await place.reconciler.run()
        assert await claims == 3
        assert done.closed == 0
        assert await place.dispositions() == [None] * 3


async def test_a_call_that_cannot_be_released_keeps_its_attempt_open(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=2) as place:
        await left_open(place, 2)
        place.telephony.live = {"old-1"}
        release = place.telephony.hang_up_orphan

        async def refuses(call_id: str) -> None:
            raise TelephonyError("DELETE channels/x: no answer")

        place.telephony.hang_up_orphan = refuses  # type: ignore[method-assign]
        await place.controller.start()
        await within(5.0, place.controller.reconciled.is_set)
        assert await place.dispositions() == [None, "interrupted"]
        place.telephony.hang_up_orphan = release  # type: ignore[method-assign]
        await asyncio.sleep(10.0)
        assert place.telephony.hung_up == ["old-1"]
        assert await place.dispositions() == ["interrupted", "interrupted"]


async def test_a_channel_with_a_strange_id_does_not_end_the_controller(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        await left_open(place)
        place.telephony.live = {"../strange;2"}

        async def as_asterisk(call_id: str) -> None:
            raise ValueError("not a call id")

        place.telephony.hang_up_orphan = as_asterisk  # type: ignore[method-assign]
        done = await place.reconciler.run()
        assert (done.closed, done.released, done.left) == (1, 0, 0)


async def test_one_attempt_that_cannot_be_closed_does_not_hold_the_others(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=3) as place:
        await left_open(place, 3)
        close = place.store.close_attempt

        async def but_one(outcome, plan, events):  # type: ignore[no-untyped-def]
            if outcome.attempt_id == "old-2":
                raise StoreError("the change would break a rule of the database, so it was refused")
            return await close(outcome, plan, events)

        place.store.close_attempt = but_one  # type: ignore[method-assign]
        done = await place.reconciler.run()
        assert (done.closed, done.left) == (2, 1)
        assert await place.dispositions() == ["interrupted", None, "interrupted"]


class DeadAsterisk:
    """A recorder whose files are given up after five seconds each."""

    async def start(self, channel_id: str, attempt_id: str) -> None:
        raise TelephonyError("no such channel")

    async def stop(self, channel_id: str) -> None:
        raise TelephonyError("no such channel")

    async def pause(self, channel_id: str) -> None:
        raise TelephonyError("no such channel")

    async def resume(self, channel_id: str) -> None:
        raise TelephonyError("no such channel")

    async def finish(self, attempt_id: str, talk_s: float | None = None) -> RecordingCheck | None:
        await asyncio.sleep(5.0)
        return None


async def test_many_recordings_of_a_dead_asterisk_do_not_hold_the_dialler_for_minutes(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=60, recorder=DeadAsterisk()) as place:
        await left_open(place, 60)
        before = asyncio.get_running_loop().time()
        assert (await place.reconciler.run()).closed == 60
        assert asyncio.get_running_loop().time() - before <= 30.0


# ------------------------------------------------------------------------------------------- the controller


async def test_nothing_is_dialled_before_the_first_reconciliation(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=2, halted=True) as place:
        place.telephony.error = NotConnected("no connection to Asterisk; nothing was sent")
        await place.controller.start()
        place.controller.tick()
        await asyncio.sleep(10.0)
        assert await place.records() == []
        assert not place.controller.reconciled.is_set()
        place.telephony.error = None
        await within(5.0, lambda: place.dials() == 2)


async def test_a_reconnect_halts_until_store_and_asterisk_agree(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=1, halted=True) as place:
        await place.controller.start()
        await within(5.0, place.controller.reconciled.is_set)
        place.telephony.error = NotConnected("no connection to Asterisk; nothing was sent")
        place.telephony.reconnect()
        assert place.dialler.halted
        place.controller.tick()
        await asyncio.sleep(3.0)
        assert place.dialler.halted
        place.telephony.error = None
        await within(5.0, lambda: not place.dialler.halted)


async def test_a_reconnect_during_a_reconciliation_asks_again_before_dialling(tmp_path: Path) -> None:
    async with floor(tmp_path, rings, accounts=1, halted=True) as place:
        slowly = place.store.open_attempts = Slowly(place.store.open_attempts)  # type: ignore[method-assign,assignment]
        await place.controller.start()
        await slowly.asked.wait()
        place.telephony.reconnect()
        asked: list[bool] = []
        live = place.telephony.live_calls

        async def live_calls() -> frozenset[str]:
            asked.append(place.dialler.halted)
            return await live()

        place.telephony.live_calls = live_calls  # type: ignore[method-assign]
        slowly.go.set()
        await within(5.0, place.controller.reconciled.is_set)
        assert asked == [True]


async def test_an_attempt_that_a_failed_call_left_open_is_closed_by_the_controller(tmp_path: Path) -> None:
    def ends(call_id: str) -> FakeLeg:
        return FakeLeg(
            call_id, [(0.5, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))], media=FakeMedia()
        )

    async with floor(tmp_path, ends, halted=True) as place:
        close = place.wrap_up.close
        broken = [True]

        async def fails_once(ended):  # type: ignore[no-untyped-def]
            if broken.pop() if broken else False:
                raise StoreError("the database has gone")
            return await close(ended)

        place.wrap_up.close = fails_once  # type: ignore[method-assign]
        await place.controller.start()
        await within(5.0, lambda: place.dials() == 1)
        await asyncio.sleep(5.0)
        assert await place.dispositions() == ["interrupted"]


async def test_a_part_that_dies_ends_the_controller_with_its_error(tmp_path: Path) -> None:
    async with floor(tmp_path, answers, halted=True) as place:

        async def broken() -> frozenset[str]:
            raise RuntimeError("a fault of the program")

        place.telephony.live_calls = broken  # type: ignore[method-assign]
        await place.controller.start()
        with pytest.raises(RuntimeError, match="a fault of the program"):
            await place.controller.failed()
    assert broken_promises(tmp_path / "floor.db") == []
