"""Summaries by a language model: after the call is closed, beside that of the rules, checked and marked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ari_app.dialogue.advice import WrittenSummary
from ari_app.domain.attempt import CallOutcome, ReservedAttempt, Turn
from ari_app.domain.call_machine import Call, State
from ari_app.domain.call_result import ConversationResult, ModelSummary, PromiseToPay
from ari_app.services.call_summaries import MOST_WAITING, CallSummaries
from ari_app.services.conversation import ConversationSoFar
from ari_app.services.wrap_up import EndedCall, WrapUp
from tests.fakes.test_dialler import rings
from tests.support.advising import ScriptedModel
from tests.support.floor import TABLE, Floor, floor
from tests.support.leaks import leaked_tasks
from tests.support.store_rows import allow, ids

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

RESULT = ConversationResult(
    "promise_to_pay",
    verified=True,
    promises=(PromiseToPay(Decimal("300.00"), "2026-11-30"),),
    language="en",
)
TURNS = (
    Turn("bot", "prompt", "When will you pay?", 0.0, 1.0),
    Turn("customer", "speech", "at the end of the month", 1.2, 2.0),
)
GOOD = WrittenSummary("The customer will pay 300.00 CNY on 2026-11-30.", ("He was friendly.",))


@asynccontextmanager
async def place_with(
    folder: Path, model: ScriptedModel
) -> AsyncIterator[tuple[Floor, ReservedAttempt, CallSummaries]]:
    """A floor with one attempt whose dial is recorded, and summaries that are made."""
    async with floor(folder, rings) as place:
        (attempt,) = await place.store.claim_due("c1", place.clock.now(), 1, allow, ids())
        await place.store.mark_dialled(attempt.attempt_id, place.clock.now(), allow)
        summaries = CallSummaries(model, place.store, place.clock, 30.0)
        summaries.start()
        try:
            yield place, attempt, summaries
        finally:
            await summaries.close()
    assert await leaked_tasks() == []


def ended(attempt: ReservedAttempt, result: ConversationResult = RESULT) -> EndedCall:
    start = attempt.reserved_at
    call = Call(
        State.CLOSED,
        dialled_at=start,
        progressed=True,
        answered_at=start + timedelta(seconds=5),
        ended_at=start + timedelta(seconds=30),
    )
    return EndedCall(attempt, call, ConversationSoFar(result, TURNS), recorded=False)


async def close(place: Floor, summaries: CallSummaries, call: EndedCall) -> None:
    wrap_up = WrapUp(place.store, place.clock, TABLE, None, place.folder / "transcripts", summaries.closed)
    await wrap_up.close(call)


async def test_a_summary_is_kept_beside_that_of_the_rules(tmp_path: Path) -> None:
    model = ScriptedModel(summaries=[GOOD])
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        await close(place, summaries, ended(attempt))
        await asyncio.sleep(1.0)
        (record,) = await place.store.attempts()
        kept = record.model_summary
        assert kept is not None
        assert (kept.text, kept.key_points, kept.model) == (GOOD.text, GOOD.key_points, "scripted")
        assert record.conversation is not None
        assert record.conversation.summary.text.startswith("The customer promised to pay")
        exported = record.to_export()["model_summary"]
        assert isinstance(exported, dict)
        assert exported["text"] == GOOD.text
        assert summaries.counters.kept == 1


async def test_closing_does_not_wait_for_it(tmp_path: Path) -> None:
    model = ScriptedModel(summaries=[GOOD], takes=20.0)
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        began = asyncio.get_running_loop().time()
        await close(place, summaries, ended(attempt))
        assert asyncio.get_running_loop().time() == began
        (record,) = await place.store.attempts()
        assert record.disposition == "promise_to_pay"
        assert record.model_summary is None


@pytest.mark.parametrize(
    "written",
    [
        None,
        WrittenSummary("The customer will pay 301.00 CNY.", ()),
        WrittenSummary("The customer will pay 300.00 CNY on 2026-12-01.", ()),
        WrittenSummary("<img src=x onerror=alert(1)>", ()),
        WrittenSummary("", ()),
    ],
)
async def test_one_that_is_broken_or_names_something_else_leaves_that_of_the_rules(
    tmp_path: Path, written: WrittenSummary | None
) -> None:
    async with place_with(tmp_path, ScriptedModel(summaries=[written])) as (place, attempt, summaries):
        await close(place, summaries, ended(attempt))
        await asyncio.sleep(1.0)
        (record,) = await place.store.attempts()
        assert record.model_summary is None
        assert record.conversation is not None
        assert record.conversation.summary.text
        assert summaries.counters.failed + summaries.counters.refused == 1


@pytest.mark.parametrize("keeps_time", [True, False])
async def test_a_late_one_is_given_up_and_the_next_call_is_summed_up(
    tmp_path: Path, keeps_time: bool
) -> None:
    model = ScriptedModel(summaries=[GOOD], takes=1e6, keeps_time=keeps_time)
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        await close(place, summaries, ended(attempt))
        await asyncio.sleep(31.0)
        assert summaries.counters.failed == 1
        model.takes = 0.1
        await close(place, summaries, ended(attempt))  # closed already: not told again
        await asyncio.sleep(1.0)
        assert len(model.calls) == 1


async def test_a_call_without_words_is_not_told(tmp_path: Path) -> None:
    model = ScriptedModel(summaries=[GOOD])
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        call = replace(ended(attempt), conversation=ConversationSoFar(RESULT, TURNS[:1]))
        await close(place, summaries, call)
        await asyncio.sleep(1.0)
        assert model.calls == []


async def test_one_summary_is_kept_for_a_call_and_none_for_a_call_that_is_not_closed(tmp_path: Path) -> None:
    async with place_with(tmp_path, ScriptedModel()) as (place, attempt, summaries):
        summary = ModelSummary("All is well.", (), "x", place.clock.now())
        assert not await place.store.add_model_summary(attempt.attempt_id, summary)
        assert not await place.store.add_model_summary("nobody", summary)
        await close(place, summaries, ended(attempt))
        assert await place.store.add_model_summary(attempt.attempt_id, summary)
        assert not await place.store.add_model_summary(attempt.attempt_id, replace(summary, text="Other."))
        (record,) = await place.store.attempts()
        assert record.model_summary == summary


async def test_when_too_many_wait_the_rest_has_none(tmp_path: Path) -> None:
    model = ScriptedModel(takes=1e6, keeps_time=False)
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        await close(place, summaries, ended(attempt))
        await asyncio.sleep(0.1)  # the first one is under way
        now = place.clock.now()
        outcome = CallOutcome(attempt.attempt_id, "informed", now, conversation=RESULT, turns=TURNS)
        for _ in range(MOST_WAITING + 3):
            summaries.closed(attempt, outcome)
        assert summaries.counters.dropped == 3
    assert summaries.counters.dropped == MOST_WAITING + 3


async def test_nothing_of_a_call_stands_in_the_log(tmp_path: Path) -> None:
    model = ScriptedModel(summaries=[WrittenSummary("He pays 5 yuan.", ())])
    async with place_with(tmp_path, model) as (place, attempt, summaries):
        with capture_logs() as logs:
            await close(place, summaries, ended(attempt))
            await asyncio.sleep(1.0)
        assert "summary by a model refused" in repr(logs)
        for secret in ("end of the month", "He pays", "300"):
            assert secret not in repr([entry for entry in logs if "model" in entry["event"]])
