"""One call over a scripted network: every way to end, each with its outcome in the hands of wrap-up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import ClassVar

import pytest

from ari_app.domain.account import Account
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Call, Event, EventKind, State
from ari_app.domain.compliance import Decide, DialVerdict, Rule
from ari_app.errors import StoreError, TelephonyError
from ari_app.services.call_session import CallLimits, CallServices, CallSession, DialPlan
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.progress_watch import ProgressWatch
from ari_app.services.wrap_up import EndedCall
from tests.support.calls import (
    REFUSED,
    UNKNOWN_OUTCOME,
    FakeLeg,
    FakeMedia,
    FakePrompts,
    NoDetector,
    OneQuestion,
    QuietGate,
)
from tests.support.clock import LoopClock

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
ALLOWED = DialVerdict(True, Rule.ALLOWED, "", None, NOW)
DENIED = DialVerdict(False, Rule.DO_NOT_CONTACT, "on the list", None, NOW)
RINGING, ANSWERED = Event(EventKind.RINGING), Event(EventKind.ANSWERED)


def attempt() -> ReservedAttempt:
    account = Account("c1", "a1", "b1", "n", "+8613800000001", Decimal("10.00"), date(2026, 3, 1))
    return ReservedAttempt("att-1", "k", account, "+861055501234", 1, NOW, ALLOWED, "reminder", 20.0)


class GateStore:
    """The one method of the store that a session needs."""

    def __init__(self, verdict: DialVerdict = ALLOWED, error: StoreError | None = None) -> None:
        self.asked = 0
        self._verdict, self._error = verdict, error

    async def mark_dialled(self, attempt_id: str, now: datetime, decide: Decide) -> DialVerdict:
        self.asked += 1
        if self._error is not None:
            raise self._error
        return self._verdict


@dataclass
class WrittenDown:
    """Takes the place of wrap-up and keeps what it is given."""

    ended: list[EndedCall] = field(default_factory=list)
    seconds: float = 0.0

    async def close(self, ended: EndedCall) -> None:
        await asyncio.sleep(self.seconds)
        self.ended.append(ended)


class SwitchedOffAfterOneSecond:
    """Hears an announcement once 50 frames have come."""

    heard: ClassVar[list[str]] = []

    def __init__(self) -> None:
        self._frames = 0

    def push(self, frame: bytes) -> str | None:
        self._frames += 1
        return "switched_off" if self._frames == 50 else None


class HearsNothing:
    """Never recognises anything."""

    heard: ClassVar[list[str]] = []

    def push(self, frame: bytes) -> str | None:
        return None


def session(
    leg: FakeLeg,
    *,
    store: GateStore | None = None,
    listener: SwitchedOffAfterOneSecond | HearsNothing | None = None,
    wrap_up: WrittenDown | None = None,
) -> tuple[CallSession, WrittenDown]:
    clock = LoopClock(asyncio.get_running_loop())
    written = wrap_up or WrittenDown()
    services = CallServices(
        store=store or GateStore(),  # type: ignore[arg-type]
        clock=clock,
        decide=lambda facts, now: ALLOWED,
        wrap_up=written,  # type: ignore[arg-type]
        recorder=object(),  # type: ignore[arg-type]
        limits=CallLimits(call_s=60.0, clear_s=5.0),
        conversation=lambda _, media, stop_recording: Conversation(
            OneQuestion(),
            media,
            FakePrompts(),
            Ears(QuietGate(), NoDetector(), lambda _: None),
            clock,
            stop_recording,
        ),
        progress_watch=lambda _, media: ProgressWatch(media, listener or HearsNothing()),
    )
    return CallSession(attempt(), DialPlan("PJSIP/1@trunk"), leg, services), written


async def run(leg: FakeLeg, **options: object) -> Call:
    call, written = session(leg, **options)  # type: ignore[arg-type]
    await call.run()
    (ended,) = written.ended
    assert ended.call.state is State.CLOSED
    assert leg.log[-1] == "release"
    return ended.call


async def test_answered_talks_and_ends_with_a_result() -> None:
    leg = FakeLeg("att-1", [(1.0, RINGING), (2.0, ANSWERED)], media=FakeMedia())
    asyncio.get_running_loop().call_later(5.0, leg.media.press, "1")  # type: ignore[union-attr]
    call = await run(leg)
    assert call.result == "promise_to_pay"
    assert leg.log == [
        "prepare PJSIP/1@trunk +861055501234",
        "dial",
        "record",
        "hang_up",
        "release",
    ] or leg.log == [
        "prepare PJSIP/1@trunk +861055501234",
        "record",
        "dial",
        "hang_up",
        "release",
    ]


async def test_busy_ends_with_the_codes_of_the_network() -> None:
    call = await run(FakeLeg("att-1", [(0.1, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))]))
    assert (call.sip_status, call.q850_cause) == (486, 17)
    assert call.end().invited
    assert not call.end().answered


async def test_nobody_answers() -> None:
    leg = FakeLeg("att-1", [(1.0, RINGING)], media=FakeMedia())
    call = await run(leg)
    assert call.reason == "ring_timeout"
    assert "hang_up" in leg.log


async def test_silence_of_a_lost_connection_is_no_silence_of_the_customer() -> None:
    leg = FakeLeg("att-1", [(1.0, RINGING)], media=FakeMedia())
    leg.in_touch = False
    call = await run(leg)
    assert call.reason == "interrupted", "he may have answered, and nobody has heard of it"
    assert "hang_up" in leg.log


async def test_announcement_in_early_media_releases_before_the_answer() -> None:
    leg = FakeLeg("att-1", [(0.5, Event(EventKind.PROGRESS))], media=FakeMedia())
    call = await run(leg, listener=SwitchedOffAfterOneSecond())
    assert call.heard == "switched_off"
    assert call.answered_at is None


async def test_a_verdict_that_has_changed_stops_the_dial() -> None:
    leg = FakeLeg("att-1")
    call = await run(leg, store=GateStore(DENIED))
    assert "dial" not in leg.log
    assert not call.end().invited
    assert call.reason == "dial_forbidden"


async def test_a_store_that_cannot_write_stops_the_dial() -> None:
    leg = FakeLeg("att-1")
    call = await run(leg, store=GateStore(error=StoreError("disk full")))
    assert "dial" not in leg.log
    assert call.reason is not None
    assert call.reason.startswith("store_failed")


async def test_legs_that_cannot_be_made_are_released_and_nothing_is_dialled() -> None:
    leg = FakeLeg("att-1", prepare_error=TelephonyError("no channel"))
    call = await run(leg)
    assert "dial" not in leg.log
    assert not call.end().invited


async def test_an_unknown_outcome_of_the_dial_is_never_repeated() -> None:
    leg = FakeLeg("att-1", [(1.0, RINGING), (3.0, ANSWERED)], media=FakeMedia(), dial_error=UNKNOWN_OUTCOME)
    asyncio.get_running_loop().call_later(6.0, leg.media.press, "1")  # type: ignore[union-attr]
    call = await run(leg)
    assert leg.log.count("dial") == 1
    assert call.result == "promise_to_pay"


async def test_a_refused_dial_ends_the_call() -> None:
    leg = FakeLeg("att-1", dial_error=REFUSED)
    call = await run(leg)
    assert call.reason is not None
    assert call.reason.startswith("dial_refused")
    assert not call.end().invited, "nothing has left"


async def test_refused_recording_stops_before_another_word_is_said() -> None:
    media = FakeMedia()
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=media)
    said_before: list[int] = []
    stop_recording = leg.stop_recording

    async def stop() -> None:
        said_before.append(len(media.played))
        await stop_recording()

    leg.stop_recording = stop  # type: ignore[method-assign]
    asyncio.get_running_loop().call_later(3.0, media.press, "9")
    call = await run(leg)
    assert call.result == "recording_refused"
    assert said_before == [1]
    assert len(media.played) == 2


async def test_a_recording_that_cannot_be_stopped_ends_the_call() -> None:
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=FakeMedia())

    async def fail() -> None:
        raise TelephonyError("the AMI connection was lost")

    leg.stop_recording = fail  # type: ignore[method-assign]
    asyncio.get_running_loop().call_later(3.0, leg.media.press, "9")  # type: ignore[union-attr]
    call = await run(leg)
    assert call.reason == "recording_refused"
    assert "hang_up" in leg.log


async def test_what_must_not_be_kept_is_said_in_a_pause_of_the_recording() -> None:
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=FakeMedia())
    call, _ = session(leg)
    running = asyncio.create_task(call.run())
    await asyncio.sleep(2.0)
    await call.pause_recording()
    await asyncio.sleep(1.0)
    await call.resume_recording()
    await call.resume_recording()
    call.stop("enough")
    await running
    assert [each for each in leg.log if "recording" in each] == ["pause_recording", "resume_recording"]


async def test_a_pause_that_is_not_granted_is_told_to_who_asked() -> None:
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=FakeMedia())

    async def fail() -> None:
        raise TelephonyError("the AMI connection was lost")

    leg.pause_recording = fail  # type: ignore[method-assign]
    call, _ = session(leg)
    running = asyncio.create_task(call.run())
    await asyncio.sleep(2.0)
    with pytest.raises(TelephonyError):
        await call.pause_recording()
    call.stop("enough")
    await running


@pytest.mark.parametrize("refused", [False, True])
async def test_a_pause_asked_for_while_the_recording_begins_counts(refused: bool) -> None:
    leg = FakeLeg("att-1", [(5.0, ANSWERED)], media=FakeMedia())
    started, start = asyncio.Event(), leg.start_recording

    async def slowly(path: str) -> None:
        await started.wait()
        await start(path)

    async def fail() -> None:
        raise TelephonyError("refused")

    leg.start_recording = slowly  # type: ignore[method-assign]
    if refused:
        leg.pause_recording = fail  # type: ignore[method-assign]
    call, _ = session(leg)
    running = asyncio.create_task(call.run())
    await asyncio.sleep(1.0)
    await call.pause_recording()
    started.set()
    await asyncio.sleep(1.0)
    call.stop("enough")
    await running
    wanted = "stop_recording" if refused else "pause_recording"
    assert [each for each in leg.log if "recording" in each] == [wanted], "nothing is recorded unpaused"


async def test_a_call_that_is_not_recorded_has_nothing_to_pause() -> None:
    leg = FakeLeg("att-1")
    call, _ = session(leg)
    await call.pause_recording()
    await call.resume_recording()
    assert leg.log == []


async def test_hang_up_by_the_customer_keeps_what_was_said() -> None:
    script = [(1.0, ANSWERED), (2.0, Event(EventKind.DESTROYED, q850_cause=16))]
    leg = FakeLeg("att-1", script, media=FakeMedia())
    call, written = session(leg)
    await call.run()
    (ended,) = written.ended
    assert ended.conversation is not None
    assert ended.conversation.result.result == "hung_up"
    assert "hang_up" not in leg.log


async def test_lost_media_releases_the_customer() -> None:
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=FakeMedia())
    asyncio.get_running_loop().call_later(2.0, leg.media.lose)  # type: ignore[union-attr]
    call = await run(leg)
    assert call.reason == "media_lost"
    assert "hang_up" in leg.log


async def test_a_release_that_is_never_confirmed_does_not_hold_the_call() -> None:
    leg = FakeLeg("att-1", [(1.0, RINGING)], media=FakeMedia(), hang_up_ends=False)
    call = await run(leg)
    assert call.state is State.CLOSED
    assert asyncio.get_running_loop().time() == pytest.approx(25.0, abs=0.5)


async def test_a_stop_before_the_start_dials_nobody() -> None:
    leg = FakeLeg("att-1")
    call, written = session(leg)
    call.stop("prompts_missing")
    await call.run()
    assert leg.log == ["release"]
    assert written.ended[0].call.reason == "prompts_missing"


async def test_a_cancelled_session_still_hangs_up_and_writes_its_outcome() -> None:
    leg = FakeLeg("att-1", [(1.0, ANSWERED)], media=FakeMedia())
    call, written = session(leg, wrap_up=WrittenDown(seconds=1.0))
    task = asyncio.create_task(call.run())
    await asyncio.sleep(2.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "hang_up" in leg.log
    assert written.ended[0].call.reason == "stopped"
