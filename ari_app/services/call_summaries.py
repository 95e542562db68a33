"""Summaries by a language model: made when a call is closed and written, one after the other, beside that of the rules.

Nothing waits for them. What is late, broken, or names a number or day that is not the result's, is left out.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC
from typing import Final

import structlog

from ari_app.dialogue.told_summary import checked_summary, told_call
from ari_app.domain.attempt import CallOutcome, ReservedAttempt
from ari_app.domain.call_result import ModelSummary
from ari_app.domain.compliance import zone_of
from ari_app.errors import LanguageModelError, StoreError
from ari_app.ports import Clock, LanguageModel, Store

log = structlog.get_logger(__name__)

#: So many calls may wait for their summary; those that come then have none.
MOST_WAITING: Final = 200


@dataclass(slots=True)
class SummaryCounters:
    """What became of summaries."""

    kept: int = 0
    refused: int = 0
    """Written, and not kept: a number or day that is not the result's, or no plain text."""
    failed: int = 0
    """Not written, or not in time, or not stored."""
    dropped: int = 0
    """Not asked for: too many calls were waiting, or the program ended."""


class CallSummaries:
    """Has calls summed up, one at a time; ``closed`` is handed to wrap-up."""

    def __init__(self, model: LanguageModel, store: Store, clock: Clock, timeout_s: float) -> None:
        self.counters = SummaryCounters()
        self._model = model
        self._store = store
        self._clock = clock
        self._timeout_s = timeout_s
        self._waiting: asyncio.Queue[tuple[ReservedAttempt, CallOutcome]] = asyncio.Queue(MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to work."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Leave what has not been summed up yet."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        self.counters.dropped += self._waiting.qsize()

    def closed(self, attempt: ReservedAttempt, outcome: CallOutcome) -> None:
        """A call is over and written."""
        if outcome.conversation is None:
            return
        try:
            self._waiting.put_nowait((attempt, outcome))
        except asyncio.QueueFull:
            self.counters.dropped += 1
            log.info("no summary by a model: too many calls wait for one", attempt_id=attempt.attempt_id)

    async def _run(self) -> None:
        while True:
            attempt, outcome = await self._waiting.get()
            try:
                await self._sum_up(attempt, outcome)
            except (LanguageModelError, StoreError, TimeoutError) as error:
                self.counters.failed += 1
                why = str(error) or "too late"
                log.info("no summary by a model", attempt_id=attempt.attempt_id, error=why)
            except (ValueError, ArithmeticError, LookupError, TypeError) as error:
                # One call whose data nobody has thought of does not end the summaries of all others.
                self.counters.failed += 1
                log.error(
                    "summary by a model failed", attempt_id=attempt.attempt_id, error=type(error).__name__
                )

    async def _sum_up(self, attempt: ReservedAttempt, outcome: CallOutcome) -> None:
        account, result = attempt.account, outcome.conversation
        assert result is not None
        today = outcome.ended_at.astimezone(zone_of(account.timezone) or UTC).date()
        call = told_call(outcome.turns, result, account, today)
        if call is None:
            return
        async with asyncio.timeout(self._timeout_s):
            written = await self._model.summarise(call, self._timeout_s)
        summary = checked_summary(written, call)
        if summary is None:
            self.counters.refused += 1
            log.info("summary by a model refused", attempt_id=attempt.attempt_id)
            return
        kept = ModelSummary(summary.text, summary.key_points, self._model.name, self._clock.now())
        if await self._store.add_model_summary(attempt.attempt_id, kept):
            self.counters.kept += 1
