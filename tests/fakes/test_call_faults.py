"""A call in which something goes wrong or which is told to end: nobody stays on the line, no attempt stays open."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path

import pytest

from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.compliance import Decide, DialVerdict
from ari_app.errors import ConfigError, RequestTimeout, TelephonyError
from ari_app.ports import Dialogue
from ari_app.services.call_session import to_the_end
from tests.fakes.test_dialler import all_calls_over, rings
from tests.support.calls import FakeLeg, FakeMedia, OneQuestion
from tests.support.floor import Floor, floor, within
from tests.support.leaks import leaked_tasks
from tests.support.store_rows import broken_promises, campaign

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

ANSWERED = [(0.3, Event(EventKind.RINGING)), (0.6, Event(EventKind.ANSWERED))]


def answers(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, ANSWERED, media=FakeMedia())


def leg_of(place: Floor) -> FakeLeg:
    (leg,) = place.telephony.legs.values()
    return leg


def no_flow() -> Dialogue:
    raise ConfigError("there is no flow 'reminder'")


def faulty_flow() -> Dialogue:
    raise RuntimeError("a fault of the program")


@pytest.mark.parametrize("open_dialogue", [no_flow, faulty_flow])
async def test_a_conversation_that_cannot_begin_does_not_leave_the_customer_in_silence(
    tmp_path: Path, open_dialogue: object
) -> None:
    async with floor(tmp_path, answers, open_dialogue=open_dialogue) as place:  # type: ignore[arg-type]
        lost: list[bool] = []
        place.dialler.on_lost = lambda: lost.append(True)
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert "hang_up" in leg_of(place).log
        assert asyncio.get_running_loop().time() < 5.0
        assert await place.dispositions() == ["failed"]
        assert lost == []


class Faulty(OneQuestion):
    """A dialogue that fails at the first answer."""

    def answer(self, given: object, now: object) -> object:  # type: ignore[override]
        raise RuntimeError("a fault of the program")


async def test_a_dialogue_that_fails_ends_the_call(tmp_path: Path) -> None:
    async with floor(tmp_path, answers, open_dialogue=Faulty) as place:  # type: ignore[arg-type]
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert "hang_up" in leg_of(place).log
        assert await place.dispositions() == ["failed"]


class BadRelease(FakeLeg):
    """Asterisk does not answer when the rest is released."""

    async def release(self) -> None:
        await super().release()
        raise TelephonyError("DELETE bridges/x: no answer")


async def test_a_release_that_fails_does_not_cost_the_outcome(tmp_path: Path) -> None:
    def busy(call_id: str) -> FakeLeg:
        script = [(0.5, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))]
        return BadRelease(call_id, script, media=FakeMedia())

    async with floor(tmp_path, busy) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert await place.dispositions() == ["busy"]


class DeafLeg(FakeLeg):
    """A leg that neither answers a hang-up nor tells anything after the answer."""

    async def hang_up(self, reason: str = "normal") -> None:
        self.log.append("hang_up")
        await asyncio.sleep(2.0)
        raise RequestTimeout("DELETE channels/x: no answer")


@pytest.mark.parametrize("moment", [0.1, 0.45, 1.0, 4.0])
async def test_asterisk_that_has_fallen_silent_does_not_hold_the_stop(tmp_path: Path, moment: float) -> None:
    async with floor(tmp_path, lambda call_id: DeafLeg(call_id, ANSWERED, media=FakeMedia())) as place:
        await place.dialler.turn()
        await within(5.0, lambda: place.dials() == 1)
        await asyncio.sleep(moment)
        await place.dialler.stop()
        assert await place.dispositions() == ["cancelled"]
        assert leg_of(place).log[-1] == "release"
        assert await leaked_tasks() == []


@pytest.mark.parametrize("turns", [*range(40), 60, 100])
async def test_a_call_cancelled_after_any_number_of_turns_is_released_and_closed(
    tmp_path: Path, turns: int
) -> None:
    async with floor(tmp_path, answers) as place:
        await place.dialler.turn()
        await within(5.0, lambda: bool(place.telephony.legs))
        for _ in range(turns):
            await asyncio.sleep(0)
        (task,) = place.dialler._tasks
        task.cancel()
        await asyncio.wait({task})
        assert None not in await place.dispositions()
        log = leg_of(place).log
        assert log[-1] == "release"
        assert "dial" not in log or "hang_up" in log
        assert await leaked_tasks() == []
    assert broken_promises(tmp_path / "floor.db") == []


async def test_a_call_cancelled_again_and_again_is_closed_once(tmp_path: Path) -> None:
    async with floor(tmp_path, lambda call_id: DeafLeg(call_id, ANSWERED, media=FakeMedia())) as place:
        await place.dialler.turn()
        await within(5.0, lambda: place.dials() == 1)
        await asyncio.sleep(1.0)
        (task,) = place.dialler._tasks
        while not task.done():
            task.cancel()
            await asyncio.sleep(0.1)
        assert task.cancelled()
        assert await place.dispositions() == ["cancelled"]
        assert await leaked_tasks() == []


async def test_a_stop_while_the_dial_is_recorded_sends_no_invite(tmp_path: Path) -> None:
    async with floor(tmp_path, rings) as place:
        mark = place.store.mark_dialled
        asked = asyncio.Event()

        async def slowly(attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
            verdict = await mark(attempt_id, now, decide)
            asked.set()
            await asyncio.sleep(1.0)
            return verdict

        place.store.mark_dialled = slowly  # type: ignore[method-assign]
        await place.dialler.turn()
        await asked.wait()
        await place.dialler.stop()
        assert place.dials() == 0
        assert await place.dispositions() == ["not_dialled"]
    assert broken_promises(tmp_path / "floor.db") == []


async def test_a_fault_while_the_dial_is_recorded_sends_no_invite_and_closes_the_attempt(
    tmp_path: Path,
) -> None:
    async with floor(tmp_path, rings) as place:

        async def broken(attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
            raise RuntimeError("a fault of the program")

        place.store.mark_dialled = broken  # type: ignore[method-assign]
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        assert place.dials() == 0
        assert await place.dispositions() == ["not_dialled"]
        assert "hang_up" in leg_of(place).log


async def test_an_answer_after_we_gave_up_is_hung_up_again(tmp_path: Path) -> None:
    def late(call_id: str) -> FakeLeg:
        gave_up = campaign().dialler.ring_timeout_s
        script = [(1.0, Event(EventKind.RINGING)), (gave_up + 1.0, Event(EventKind.ANSWERED))]
        return FakeLeg(call_id, script, media=FakeMedia(), hang_up_ends=False)

    async with floor(tmp_path, late) as place:
        await place.dialler.turn()
        await all_calls_over(place.dialler)
        leg = leg_of(place)
        assert leg.log.count("dial") == 1
        assert leg.log.count("hang_up") == 2
        assert leg.media is not None
        assert leg.media.played == []


async def test_work_that_is_waited_for_to_the_end_is_done_before_the_cancellation() -> None:
    done: list[str] = []

    async def work() -> None:
        await asyncio.sleep(5.0)
        done.append("work")

    task = asyncio.create_task(to_the_end(work()))
    for _ in range(3):
        await asyncio.sleep(1.0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["work"]


async def test_an_error_of_work_that_is_waited_for_to_the_end_is_raised() -> None:
    async def work() -> None:
        await asyncio.sleep(1.0)
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await to_the_end(work())
