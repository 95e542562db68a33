"""Joins a language model to calls and their summaries, where the settings name one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from ari_app.config import Settings
from ari_app.domain.attempt import CallOutcome, ReservedAttempt
from ari_app.gateways.llm import LlmTerms, OpenAiModel, Task
from ari_app.observation import Observed
from ari_app.ports import Clock, EngineState, Store
from ari_app.services.advice import AdviceTerms, Adviser
from ari_app.services.call_summaries import CallSummaries
from ari_app.web.metrics import Readings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Language:
    """The parts of a controller that a language model has a say in; all None without one."""

    model: OpenAiModel | None = None
    adviser: Adviser | None = None
    summaries: CallSummaries | None = None

    def closed(self, attempt: ReservedAttempt, outcome: CallOutcome) -> None:
        """A call is over and written."""
        if self.summaries is not None:
            self.summaries.closed(attempt, outcome)

    def show(self, observed: Observed) -> None:
        """Have the figures of what there is shown."""
        if self.model is not None:
            for task in Task:
                observed.add("llm", partial(_readings, self.model, task), task.value)
        if self.adviser is not None:
            counters = self.adviser.counters
            observed.add("advice", lambda: counters)
        if self.summaries is not None:
            made = self.summaries.counters
            observed.add("model_summary", lambda: made)


def _readings(model: OpenAiModel, task: Task) -> Readings:
    health, counters = model.health(task), model.counters[task]
    return Readings(
        {
            "up": health.state is EngineState.READY,
            "requests": health.utterances,
            "failures": health.failures,
            "timeouts": health.timeouts,
            "invalid": counters.invalid,
            "turned_away": counters.turned_away,
            "seconds": health.took_sum_s,
        }
    )


def make_model(settings: Settings) -> OpenAiModel | None:
    """The model that the settings name; None without one. Raises ConfigError for a key or certificates of no use."""
    llm = settings.llm
    if llm.url is None or llm.model is None:
        return None
    terms = LlmTerms(
        url=llm.url,
        model=llm.model,
        key=llm.api_key.get_secret_value() if llm.api_key is not None else "",
        max_concurrency=llm.max_concurrency,
        response_format=llm.response_format,
        ca_file=llm.ca_file,
    )
    return OpenAiModel(terms)


@asynccontextmanager
async def language_model(settings: Settings, store: Store, clock: Clock) -> AsyncIterator[Language]:
    """What advises and sums up, while the context lasts."""
    model, llm = make_model(settings), settings.llm
    if model is None:
        yield Language()
        return
    terms = AdviceTerms(llm.budget_s, llm.below_confidence, llm.answer)
    adviser = Adviser(model, terms) if llm.understand else None
    summaries = CallSummaries(model, store, clock, llm.summary_timeout_s) if llm.summarise else None
    uses = {"understand": llm.understand, "answer": llm.understand and llm.answer, "summarise": llm.summarise}
    log.info("a language model advises", uses=[name for name, used in uses.items() if used])
    try:
        if summaries is not None:
            summaries.start()
        yield Language(model, adviser, summaries)
    finally:
        if summaries is not None:
            await summaries.close()
        await model.close()
