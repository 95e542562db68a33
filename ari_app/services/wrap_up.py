"""Wrap-up: everything that is written when a call has ended, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from ari_app.dialogue.summary import with_summary
from ari_app.domain.account import Account
from ari_app.domain.attempt import CallOutcome, ReservedAttempt, Turn
from ari_app.domain.call_machine import Call
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.compliance import zone_of
from ari_app.domain.disposition import DispositionKind, DispositionTable, RetryRule, classify
from ari_app.domain.experiment import Arms
from ari_app.domain.placement import first_follow_up
from ari_app.domain.retry import RetryDecision, callback_at, plan_retry
from ari_app.domain.review import looked_over
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.script_coverage import spoken_to_the_end
from ari_app.domain.turn_ledger import notice_of_recording
from ari_app.errors import StoreError, StoreUnavailable, TelephonyError
from ari_app.ports import AttemptHistory, Clock, OutboxEvent, Recorder, RecordingCheck, Store
from ari_app.services.conversation import ConversationSoFar
from ari_app.services.events import call_completed, promises_created
from ari_app.services.transcripts import write_transcript

log = structlog.get_logger(__name__)

#: A database that cannot be written is tried again; meanwhile the attempt stays open and nobody is redialled. While it
#: is unavailable (full disk) the last delay repeats for as long as the controller runs: a promise or a wish not to be
#: called must not be lost.
RETRY_DELAYS_S = (0.5, 2.0, 5.0, 10.0, 30.0)


_NO_RULES = RuleBook({})


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call whose legs are released. ``recording_started_at``: the PBX had begun to record then."""

    attempt: ReservedAttempt
    call: Call
    conversation: ConversationSoFar | None
    recorded: bool
    recording_started_at: datetime | None = None


class WrapUp:
    """Closes attempts: disposition, recording, transcript, what was agreed, next attempt, events."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        table: DispositionTable,
        recorder: Recorder | None,
        transcripts: Path,
        closed: Callable[[ReservedAttempt, CallOutcome], None] | None = None,
        book: Callable[[], RuleBook] = lambda: _NO_RULES,
        public_url: str = "",
    ) -> None:
        """:param closed: told of each call once its outcome is written; returns at once.
        :param book: gives the rule packs by which a call after a promise finds its place; without them it is planned for
            when it is wanted.
        :param public_url: where programs reach the API; events then link to recording and transcript there.
        """
        self._store = store
        self._clock = clock
        self._table = table
        self._recorder = recorder
        self._transcripts = transcripts
        self._closed = closed
        self._book = book
        self._public_url = public_url
        self._hurry = asyncio.Event()

    def hurry(self) -> None:
        """The controller is ending: what cannot be written now is tried once more and then left to reconciliation."""
        self._hurry.set()

    async def close(self, ended: EndedCall) -> RetryDecision | None:
        """Write the outcome of a call. None when the attempt had been closed already."""
        attempt, call = ended.attempt, ended.call
        talked = ended.conversation
        end = call.end()
        if talked is not None and end.result is None:
            end = replace(end, result=talked.result.result)
        kind = classify(self._table, end)
        check = (
            await self._finish_recording(attempt.attempt_id, call.talk_seconds) if ended.recorded else None
        )
        turns = talked.turns if talked is not None else ()
        transcript = await self._transcript(attempt.attempt_id, kind.name, turns)
        ended_at = call.ended_at or self._clock.now()
        outcome = CallOutcome(
            attempt_id=attempt.attempt_id,
            disposition=kind.name,
            ended_at=ended_at,
            answered_at=call.answered_at,
            # An answer is a 200 to our INVITE (RFC 3261, 13.3.1.4); the release that follows carries no status.
            sip_status=200 if call.answered_at is not None and call.sip_status is None else call.sip_status,
            q850_cause=call.q850_cause,
            talk_seconds=round(call.talk_seconds, 3),
            recording=None if check is None else check.path,
            transcript=transcript,
            conversation=yielded(with_variants(talked.result, attempt.arms), turns, attempt.account, ended_at)
            if talked is not None
            else None,
            turns=turns,
            facts={
                "reason": call.reason,
                "do_not_contact": bool(talked and talked.result.do_not_contact),
                **_recording_faults(check),
            },
            recording_started_at=ended.recording_started_at,
            recording_seconds=None if check is None else check.seconds,
            recording_customer_s=None if check is None else check.customer_seconds,
            recording_bot_s=None if check is None else check.bot_seconds,
            answer_verdict=talked.answer_verdict if talked is not None else None,
            verdict_s=talked.verdict_s if talked is not None else None,
        )
        log.info("call ended", disposition=kind.name, sip_status=call.sip_status, q850_cause=call.q850_cause)
        decision = await self.write(outcome, kind)
        if decision is not None and self._closed is not None:
            self._closed(attempt, outcome)
        return decision

    async def close_interrupted(
        self, attempt_id: str, *, invited: bool, answered: bool, recorded: bool
    ) -> RetryDecision | None:
        """Close an attempt that a crash left open (found by reconciliation)."""
        call = Call(reason="interrupted")
        end = replace(call.end(), invited=invited, answered=answered, progressed=answered)
        kind = classify(self._table, end)
        check = await self._finish_recording(attempt_id) if recorded else None
        outcome = CallOutcome(
            attempt_id=attempt_id,
            disposition=kind.name,
            ended_at=self._clock.now(),
            recording=None if check is None else check.path,
            facts={"reason": "interrupted", **_recording_faults(check)},
            recording_seconds=None if check is None else check.seconds,
            recording_customer_s=None if check is None else check.customer_seconds,
            recording_bot_s=None if check is None else check.bot_seconds,
        )
        log.warning("interrupted attempt closed", attempt_id=attempt_id, disposition=kind.name)
        return await self.write(outcome, kind)

    async def write(self, outcome: CallOutcome, kind: DispositionKind) -> RetryDecision | None:
        """One transaction, tried again while the database cannot be written.

        Raises StoreError where the database refuses the outcome, or when there is no time left to wait for it.
        """

        def plan(history: AttemptHistory) -> RetryDecision:
            return plan_retry(
                history.campaign.strategy,
                kind,
                first_dialled_at=history.first_dialled_at,
                dials_made=history.dials_made,
                ended_at=outcome.ended_at,
                wished_at=_wished_at(history, outcome, kind),
                other_number=history.other_number,
                next_step_at=history.next_step_at,
                after_promise=first_follow_up(self._book(), history.follow_ups),
            )

        def events(history: AttemptHistory) -> list[OutboxEvent]:
            # Where no INVITE left there was no call that could be completed.
            return [] if kind.retry is RetryRule.AGAIN else _events(history, outcome, self._public_url)

        tries = 0
        while True:
            try:
                return await self._store.close_attempt(outcome, plan, events)
            except StoreError as error:
                for_good = tries >= len(RETRY_DELAYS_S) and not isinstance(error, StoreUnavailable)
                if for_good or self._hurry.is_set():
                    raise
                delay = RETRY_DELAYS_S[min(tries, len(RETRY_DELAYS_S) - 1)]
                log.error("outcome not written yet", error=str(error), retry_in_s=delay)
            tries += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._hurry.wait()

    async def _transcript(self, attempt_id: str, disposition: str, turns: Sequence[Turn]) -> str | None:
        """The file is a copy: the turns themselves go into the database, so the outcome never waits for it."""
        if not turns:
            return None
        try:
            return await asyncio.to_thread(
                write_transcript, self._transcripts, attempt_id, disposition, turns
            )
        except OSError as error:
            log.error("transcript file not written", error=str(error))
            return None

    async def _finish_recording(self, attempt_id: str, talk_s: float | None = None) -> RecordingCheck | None:
        if self._recorder is None:
            return None
        try:
            check = await self._recorder.finish(attempt_id, talk_s)
        except (TelephonyError, OSError) as error:
            log.error("recording not finished", error=str(error))
            return None
        if check is not None and check.warnings:
            log.warning("recording not as it should be", problems=list(check.warnings))
        return check


def with_variants(result: ConversationResult, arms: Arms) -> ConversationResult:
    """A result with all the arms of its attempt: the conversation knows those of its flow only."""
    return replace(result, variants=arms) if arms else result


def yielded(
    result: ConversationResult, turns: Sequence[Turn], account: Account, ended_at: datetime
) -> ConversationResult:
    """What a conversation has yielded, as it is stored: only what the customer heard out of the script counts as spoken,
    the consent says where its notice stands in the call, doubtful values wait for a person, and the call is summed up.
    """
    if any(turn.speaker == "bot" for turn in turns):
        heard_out = frozenset(element for turn in turns if turn.speaker == "bot" for element in turn.covers)
        spoken = spoken_to_the_end(result, heard_out)
        cut_short = tuple(element for element in result.coverage if element not in spoken)
        result = replace(result, coverage=spoken, cut_short=result.cut_short or cut_short)
    notice = notice_of_recording(turns)
    if result.consent is not None and result.consent.audio_s is None and notice is not None:
        result = replace(result, consent=replace(result.consent, audio_s=notice.start_s))
    today = ended_at.astimezone(zone_of(account.timezone) or UTC).date()
    return with_summary(looked_over(result), account, today)


def _wished_at(history: AttemptHistory, outcome: CallOutcome, kind: DispositionKind) -> datetime | None:
    """When the customer asked to be called again, if he did and it can be kept."""
    callback = None if outcome.conversation is None else outcome.conversation.callback
    if callback is None:
        return None
    zone = zone_of(history.account.timezone) or UTC
    return callback_at(callback, zone, outcome.ended_at, timedelta(hours=kind.min_delay_hours))


def _recording_faults(check: RecordingCheck | None) -> dict[str, object]:
    return {"recording_warnings": list(check.warnings)} if check is not None and check.warnings else {}


def _events(history: AttemptHistory, outcome: CallOutcome, public_url: str) -> list[OutboxEvent]:
    return [call_completed(history, outcome, public_url), *promises_created(history, outcome, public_url)]
