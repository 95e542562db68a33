"""Wrap-up: what stands in the store, in the files and in the outbox when a call has ended."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import structlog

from ari_app.domain.attempt import CallOutcome, ReservedAttempt, Turn, TurnTiming
from ari_app.domain.call_machine import Call, State
from ari_app.domain.call_result import (
    Callback,
    CallSummary,
    Consent,
    ConversationResult,
    DisputeClaim,
    PlanKind,
    PlanRequest,
    PromiseToPay,
)
from ari_app.domain.campaign import Campaign
from ari_app.domain.experiment import Arm, Experiment
from ari_app.domain.retry import RetryDecision
from ari_app.errors import StoreError, StoreUnavailable
from ari_app.ports import AttemptHistory, OutboxEvent, RecordingCheck
from ari_app.services.conversation import ConversationSoFar
from ari_app.services.transcripts import write_transcript
from ari_app.services.wrap_up import EndedCall
from tests.fakes.test_dialler import rings
from tests.support.floor import Floor, floor
from tests.support.store_rows import allow, broken_promises, campaign, ids

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

PROMISE = PromiseToPay(Decimal("300.00"), "2026-11-30", "CNY", "alipay", 0.9)
TURNS = (
    Turn("bot", "prompt", "您好", 0.0, 1.0),
    Turn("customer", "keys", "1", 1.2, 2.0, 1.0, "keys"),
)
ALL_EVENTS = ("call.completed", "collection.ptp.created")


def subscribed(*events: str) -> Campaign:
    base = campaign()
    assert base.webhook is not None
    return replace(base, webhook=replace(base.webhook, events=events))


@asynccontextmanager
async def dialled(
    folder: Path, *, events: Sequence[str] = ALL_EVENTS
) -> AsyncIterator[tuple[Floor, ReservedAttempt]]:
    """A floor with one attempt whose dial is recorded."""
    async with floor(folder, rings, campaigns=[subscribed(*events)]) as place:
        (attempt,) = await place.store.claim_due("c1", place.clock.now(), 1, allow, ids())
        await place.store.mark_dialled(attempt.attempt_id, place.clock.now(), allow)
        yield place, attempt
    assert broken_promises(folder / "floor.db") == []


def ended(attempt: ReservedAttempt, *, talked: bool = True, **facts: object) -> EndedCall:
    """A call that was answered and ended with a promise; or one that was not answered."""
    start = attempt.reserved_at
    call = Call(State.CLOSED, dialled_at=start, progressed=True, ended_at=start + timedelta(seconds=30))
    if not talked:
        return EndedCall(attempt, replace(call, **facts), None, recorded=False)  # type: ignore[arg-type]
    call = replace(call, **{"answered_at": start + timedelta(seconds=5), **facts})  # type: ignore[arg-type]
    result = ConversationResult("promise_to_pay", verified=True, promises=(PROMISE,))
    return EndedCall(attempt, call, ConversationSoFar(result, TURNS), recorded=False)


async def test_a_promise_is_written_with_disposition_turns_and_both_events(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        decision = await place.wrap_up.close(ended(attempt))
        assert decision is not None
        assert decision.due_at is None
        (record,) = await place.records()
        assert (record.disposition, record.talk_seconds) == ("promise_to_pay", 25.0)
        assert [record.promise.amount for record in await place.store.promises()] == [Decimal("300.00")]
        assert tuple(await place.store.turns(attempt.attempt_id)) == TURNS
        assert [event.event for event in await place.store.outbox()] == list(ALL_EVENTS)
        lines = [json.loads(line) for line in Path(record.transcript or "").read_text("utf-8").splitlines()]
        assert lines[0] == {"attempt_id": attempt.attempt_id, "disposition": "promise_to_pay"}
        assert [line["text"] for line in lines[1:]] == ["您好", "1"]


@pytest.mark.parametrize("events", [(), ("call.completed",), ("collection.ptp.created",), ALL_EVENTS])
async def test_only_what_the_webhook_asked_for_goes_out(tmp_path: Path, events: tuple[str, ...]) -> None:
    async with dialled(tmp_path, events=events) as (place, attempt):
        await place.wrap_up.close(ended(attempt))
        assert tuple(event.event for event in await place.store.outbox()) == events


async def test_the_events_of_a_promise_carry_what_integrators_need(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        await place.wrap_up.close(ended(attempt))
        completed, promised = await place.store.outbox()
    assert completed.payload["disposition"] == "promise_to_pay"
    assert completed.payload["talkSeconds"] == 25.0
    assert promised.payload["ptp"] == {
        "amount": 300.0,
        "date": "2026-11-30",
        "channel": "alipay",
        "confidence": 0.9,
    }
    assert {completed.payload["taskId"], promised.payload["taskId"]} == {"c1"}


async def test_a_busy_line_is_planned_again_by_the_campaign(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        decision = await place.wrap_up.close(ended(attempt, talked=False, sip_status=486, q850_cause=17))
        assert decision is not None
        assert decision.due_at is not None
        assert decision.due_at > place.clock.now()
        assert await place.dispositions() == ["busy"]
        assert await place.store.next_due_at("c1") == decision.due_at


async def test_closing_twice_changes_nothing(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        assert await place.wrap_up.close(ended(attempt)) is not None
        once = (await place.records(), await place.store.outbox(), await place.store.promises())
        assert await place.wrap_up.close(ended(attempt)) is None
        assert (
            await place.wrap_up.close_interrupted(
                attempt.attempt_id, invited=True, answered=True, recorded=False
            )
            is None
        )
        assert (await place.records(), await place.store.outbox(), await place.store.promises()) == once


async def test_a_wall_clock_set_back_during_the_call_closes_it_all_the_same(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        hour = timedelta(hours=1)
        start = attempt.reserved_at
        await place.wrap_up.close(ended(attempt, answered_at=start - hour, ended_at=start - 2 * hour))
        (record,) = await place.records()
        assert record.disposition == "promise_to_pay"
        assert record.talk_seconds == 0


async def test_a_wish_not_to_be_called_is_kept(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        wish = ConversationResult("stop_calling", do_not_contact=True)
        await place.wrap_up.close(replace(ended(attempt), conversation=ConversationSoFar(wish, TURNS)))
        assert set(await place.store.do_not_contact()) == {attempt.account.phone, attempt.account.customer_id}


class OneRecording:
    """A recorder whose finished file holds this."""

    def __init__(self, check: RecordingCheck | None) -> None:
        self.check = check
        self.talk_s: float | None = None

    async def finish(self, attempt_id: str, talk_s: float | None = None) -> RecordingCheck | None:
        self.talk_s = talk_s
        return self.check


@pytest.mark.parametrize("kept", [True, False])
async def test_recording_verdict_and_waiting_stand_in_the_record(tmp_path: Path, kept: bool) -> None:
    check = RecordingCheck("calls/a.wav", 24.5, 3.0, 10.0) if kept else None
    said = (
        Turn("bot", "prompt", "这次通话会录音", 0.2, 1.0, covers=("recording_notice",)),
        Turn("customer", "keys", "1", 1.2, 2.0, 1.0, "keys"),
        Turn("bot", "prompt", "好", 2.1, 3.0, timing=TurnTiming(1.8, 2.0, 2.0, 2.01, 2.05)),
    )
    async with dialled(tmp_path) as (place, attempt):
        place.wrap_up._recorder = OneRecording(check)  # type: ignore[assignment]
        call = ended(attempt)
        talk = ConversationSoFar(ConversationResult("informed"), said, "human", 0.93)
        began = attempt.reserved_at + timedelta(seconds=5)
        await place.wrap_up.close(replace(call, conversation=talk, recorded=True, recording_started_at=began))
        (record,) = await place.records()
    assert record.recording_started_at == began
    assert record.recording_notice_at == began + timedelta(seconds=0.2)
    assert record.recording_notice_answer == "1"
    assert (record.answer_verdict, record.answer_verdict_ms) == ("human", 930.0)
    assert (record.replies, record.turn_p50_ms) == (1, 250.0)
    if kept:
        assert (record.recording, record.recording_seconds) == ("calls/a.wav", 24.5)
        assert (record.recording_customer_s, record.recording_bot_s) == (3.0, 10.0)
    else:
        assert (record.recording, record.recording_seconds) == (None, None)
    lines = [json.loads(line) for line in Path(record.transcript or "").read_text("utf-8").splitlines()]
    assert lines[3]["timing"]["on_wire_s"] == 2.05
    assert lines[1]["covers"] == ["recording_notice"]


async def test_what_is_wrong_with_a_recording_is_kept_with_the_attempt(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        recorder = OneRecording(RecordingCheck("a.wav", 7.0, 0.0, 2.0, ("customer leg silent",)))
        place.wrap_up._recorder = recorder  # type: ignore[assignment]
        call = ended(attempt)
        await place.wrap_up.close(replace(call, recorded=True))
        (record,) = await place.records()
    assert record.facts["recording_warnings"] == ["customer leg silent"]
    assert recorder.talk_s == call.call.talk_seconds


async def test_an_interrupted_call_keeps_what_its_recording_holds(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        place.wrap_up._recorder = OneRecording(RecordingCheck("a.wav", 7.0, 1.0, 2.0))  # type: ignore[assignment]
        await place.wrap_up.close_interrupted(attempt.attempt_id, invited=True, answered=True, recorded=True)
        (record,) = await place.records()
    assert (record.disposition, record.recording, record.recording_seconds) == ("interrupted", "a.wav", 7.0)


# ------------------------------------------------------------------------------------------- what a call has yielded

REST = PromiseToPay(Decimal("268.32"), "2026-12-07", "CNY", "", 0.5)
AGREED = ConversationResult(
    "promise_to_pay",
    verified=True,
    promises=(PROMISE, REST),
    plan=PlanRequest(PlanKind.DEFERRAL, until=date(2026, 12, 7), confidence=0.8),
    dispute=DisputeClaim("bill", "有一笔不认", ("截图",), 3, 0.9),
    consent=Consent(True, datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "overdue 1 zh"),
    intents=("promise_to_pay",),
    coverage=("opening", "recording_notice", "verified", "arrears_fact", "deadline"),
    variants=(("opening", "b"),),
    language="zh",
)
SPOKEN = (
    Turn("bot", "prompt", "这次通话会录音", 0.25, 1.0, covers=("opening", "recording_notice")),
    Turn("customer", "keys", "1", 1.2, 2.0, 1.0, "keys"),
    Turn("bot", "prompt", "您欠费", 2.1, 3.0, covers=("arrears_fact",)),
    Turn("bot", "prompt", "请在", 3.1, 3.2, interrupted=True),
)


async def test_the_result_is_completed_before_it_is_written(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        await place.wrap_up.close(replace(ended(attempt), conversation=ConversationSoFar(AGREED, SPOKEN)))
        (record,) = await place.records()
    found = record.conversation
    assert found is not None
    assert found.consent is not None
    assert found.consent.audio_s == 0.25
    assert found.coverage == ("opening", "recording_notice", "verified", "arrears_fact")
    assert found.cut_short == ("deadline",)
    assert [field.name for field in found.review] == ["promise.2"]
    assert (found.summary.risk_level, found.summary.next_action) == ("L", "await_payment")
    assert found.summary.text.startswith("客户承诺付款；身份已核验；2026-11-30 付 300.00 CNY，方式：支付宝；")
    assert "录音证据缺：还款期限" in found.summary.key_points
    assert record.to_export()["evidence_missing"] == ["deadline"]


async def test_a_summary_that_somebody_has_written_is_kept(tmp_path: Path) -> None:
    written = replace(AGREED, summary=CallSummary(("要点",), "一句话。"))
    async with dialled(tmp_path) as (place, attempt):
        await place.wrap_up.close(replace(ended(attempt), conversation=ConversationSoFar(written, SPOKEN)))
        (record,) = await place.records()
    assert record.conversation is not None
    assert record.conversation.summary == CallSummary(("要点",), "一句话。", "L", "await_payment")


async def test_each_promise_of_a_call_is_an_event_of_its_own(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        call = replace(ended(attempt), conversation=ConversationSoFar(AGREED, SPOKEN))
        await place.wrap_up.close(call)
        await place.wrap_up.close(call)
        told = await place.store.outbox()
    assert [event.event for event in told] == ["call.completed", *["collection.ptp.created"] * 2]
    completed, first, second = (json.loads(json.dumps(event.payload, allow_nan=False)) for event in told)
    bill = attempt.account.bill_id
    assert [event.key for event in told] == [
        f"c1+{bill}+call.completed+{attempt.attempt_id}",
        f"c1+{bill}+collection.ptp.created+{attempt.attempt_id}+1",
        f"c1+{bill}+collection.ptp.created+{attempt.attempt_id}+2",
    ]
    assert (first["ptp"]["amount"], second["ptp"]["amount"]) == (300.0, 268.32)
    assert (first["ptpNumber"], second["ptpNumber"], second["ptpCount"]) == (1, 2, 2)
    assert completed["ptp"] == [first["ptp"], second["ptp"]]
    for payload in (completed, first, second):
        assert payload["summary"]["riskLevel"] == "L"
        assert payload["summary"]["nextAction"] == "await_payment"
        assert payload["summary"]["keyPoints"][0] == "客户承诺付款"
        assert payload["summary"]["text"]
        assert payload["plan"] == {
            "type": "deferral",
            "terms": {"currency": "CNY", "until": "2026-12-07"},
            "approver": None,
            "confidence": 0.8,
        }
        assert payload["dispute"] == {
            "category": "bill",
            "description": "有一笔不认",
            "evidence": ["截图"],
            "sla": 3,
            "status": "open",
            "confidence": 0.9,
        }
        assert payload["consent"] == {
            "given": True,
            "time": 1795399200,
            "version": "overdue 1 zh",
            "audioSeconds": 0.25,
        }
    assert completed["variants"] == {"opening": "b"}
    assert completed["review"] == [{"name": "promise.2", "reason": "low_confidence"}]
    assert (completed["completeness"], completed["evidenceMissing"]) == (50, ["deadline"])
    assert {"recordingUrl", "transcriptUrl"} <= set(first)


async def test_a_result_names_every_arm_of_its_attempt(tmp_path: Path) -> None:
    """The conversation knows of the arms of its flow only, not of the voice."""
    tried = (
        Experiment("opening", (Arm("b"), Arm("c", 0))),
        Experiment("pace", (Arm("slow"), Arm("usual", 0))),
    )
    async with floor(tmp_path, rings, campaigns=[subscribed(*ALL_EVENTS)]) as place:
        (attempt,) = await place.store.claim_due("c1", place.clock.now(), 1, allow, ids())
        arms = await place.store.assign_arms(attempt.attempt_id, tried, place.clock.now())
        await place.store.mark_dialled(attempt.attempt_id, place.clock.now(), allow)
        call = ended(replace(attempt, arms=arms))
        talk = ConversationSoFar(ConversationResult("informed", variants=(("opening", "b"),)), TURNS)
        await place.wrap_up.close(replace(call, conversation=talk))
        (record,) = await place.records()
        (completed,) = await place.store.outbox()
    assert record.conversation is not None
    assert record.conversation.variants == arms == (("opening", "b"), ("pace", "slow"))
    assert completed.payload["variants"] == {"opening": "b", "pace": "slow"}


async def test_a_call_that_nobody_answered_tells_of_no_result(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        await place.wrap_up.close(ended(attempt, talked=False, sip_status=486, q850_cause=17))
        (completed,) = await place.store.outbox()
    assert "result" not in completed.payload
    assert completed.payload["disposition"] == "busy"


async def test_a_call_back_is_planned_for_the_time_that_was_agreed(tmp_path: Path) -> None:
    wish = ConversationResult("callback", callback=Callback(date(2026, 11, 24), time(15, 30)))
    async with dialled(tmp_path) as (place, attempt):
        talk = ConversationSoFar(wish, TURNS)
        decision = await place.wrap_up.close(replace(ended(attempt), conversation=talk))
        (record,) = await place.records()
    assert decision is not None
    assert decision.due_at == datetime(2026, 11, 24, 7, 30, tzinfo=UTC)
    assert record.next_attempt_at == decision.due_at
    assert record.conversation is not None
    assert record.conversation.summary.next_action == "call_back"


async def test_nothing_that_was_said_stands_in_a_log(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        with structlog.testing.capture_logs() as logs:
            await place.wrap_up.close(replace(ended(attempt), conversation=ConversationSoFar(AGREED, SPOKEN)))
    assert logs
    for secret in ("300", "268", "不认", "截图", "支付宝", attempt.account.name):
        assert secret not in str(logs)


# ------------------------------------------------------------------------------------------- faults of the disk


class Failing:
    """Closes attempts once it has failed so often."""

    def __init__(self, place: Floor, times: float, error: StoreError) -> None:
        self._close = place.store.close_attempt
        self.left = times
        self._error = error

    async def __call__(
        self,
        outcome: CallOutcome,
        plan: Callable[[AttemptHistory], RetryDecision],
        events: Callable[[AttemptHistory], Sequence[OutboxEvent]],
    ) -> RetryDecision | None:
        self.left -= 1
        if self.left >= 0:
            raise self._error
        return await self._close(outcome, plan, events)


FULL = StoreUnavailable("the disk is full; nothing was written, free some space and it goes on")


@pytest.mark.parametrize("times", [1, 4, 100])
async def test_the_outcome_waits_until_the_disk_has_space_again(tmp_path: Path, times: int) -> None:
    async with dialled(tmp_path) as (place, attempt):
        place.store.close_attempt = Failing(place, times, FULL)  # type: ignore[method-assign]
        assert await place.wrap_up.close(ended(attempt)) is not None
        assert await place.dispositions() == ["promise_to_pay"]
        assert len(await place.store.promises()) == 1


async def test_an_outcome_that_the_database_refuses_is_given_up_in_the_end(tmp_path: Path) -> None:
    refused = StoreError("the change would break a rule of the database, so it was refused")
    async with dialled(tmp_path) as (place, attempt):
        place.store.close_attempt = Failing(place, float("inf"), refused)  # type: ignore[method-assign]
        with pytest.raises(StoreError, match="break a rule"):
            await place.wrap_up.close(ended(attempt))


async def test_a_controller_that_ends_tries_once_more_and_waits_no_longer(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        failing = place.store.close_attempt = Failing(place, 5, FULL)  # type: ignore[method-assign]
        closing = asyncio.create_task(place.wrap_up.close(ended(attempt)))
        await asyncio.sleep(8.0)  # tried after 0, 0.5, 2.5 and 7.5 s; next after 17.5 s
        assert failing.left == 1
        place.wrap_up.hurry()
        with pytest.raises(StoreUnavailable):
            await closing
        assert asyncio.get_running_loop().time() < 9.0


async def test_a_transcript_that_cannot_be_written_does_not_cost_the_outcome(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        (tmp_path / "transcripts").write_text("a file where the folder should be")
        await place.wrap_up.close(ended(attempt))
        (record,) = await place.records()
        assert (record.disposition, record.transcript) == ("promise_to_pay", None)
        assert tuple(await place.store.turns(attempt.attempt_id)) == TURNS


async def test_a_transcript_with_signs_that_are_no_text_does_not_cost_the_outcome(tmp_path: Path) -> None:
    async with dialled(tmp_path) as (place, attempt):
        odd = (Turn("customer", "speech", "half a \ud83d sign\n{}", 0.0, 1.0, 0.5, "engine"),)
        talk = ConversationSoFar(ConversationResult("hung_up"), odd)
        await place.wrap_up.close(replace(ended(attempt), conversation=talk))
        (record,) = await place.records()
        assert record.disposition == "hung_up"
        lines = Path(record.transcript or "").read_text("utf-8").splitlines()
        assert len(lines) == 2
        assert json.loads(lines[1])["kind"] == "speech"


def test_a_transcript_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(write_transcript(tmp_path, "att-1", "busy", TURNS))
    before = path.read_bytes()

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_transcript(tmp_path, "att-1", "hung_up", TURNS * 50)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path], "nothing half-written is left behind"
