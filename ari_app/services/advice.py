"""A language model's advice in a running call: asked only where the rules are unsure, waited for only so long.

It comes as an opinion beside the customer's answer. What comes late, not at all or in the wrong shape was never given, and
the conversation goes on as it would without a model.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog

from ari_app.dialogue.advice import FREE_QUESTION, Doubt, FreeQuestion, Opinion
from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment
from ari_app.errors import LanguageModelError
from ari_app.ports import Clock, Dialogue, LanguageModel
from ari_app.services.hearing import Errands
from ari_app.services.waiting import Waiting

log = structlog.get_logger(__name__)

_T = TypeVar("_T")

#: The model keeps the budget itself, and learns from what it cannot keep; this is for one that does not, in seconds.
GRACE_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class AdviceTerms:
    """``budget_s``: how long a customer may wait for one opinion or answer; ``below``: the rules' confidence under which
    one is asked for; ``answers``: whether free questions may be answered where the flow allows it."""

    budget_s: float = 1.5
    below: float = 0.5
    answers: bool = False


@dataclass(slots=True)
class AdviceCounters:
    """What became of advice, over all calls."""

    asked: int = 0
    """Opinions and answers asked for."""
    late: int = 0
    """Not there in time."""
    failed: int = 0
    """Not given: faults, or the endpoint was not asked."""
    used: int = 0
    """Opinions and answers that the conversation went by."""
    refused: int = 0
    """Given in time and in shape, and not used: the rules did not let them pass, or it said that it does not know."""


class Adviser:
    """The model for all calls."""

    def __init__(self, model: LanguageModel, terms: AdviceTerms) -> None:
        self.terms = terms
        self.counters = AdviceCounters()
        self._model = model

    async def opinion(self, doubt: Doubt) -> Opinion | None:
        """What the model makes of an answer; None without advice."""
        return await self._given(self._model.understand(doubt, self.terms.budget_s))

    async def answer(self, question: FreeQuestion) -> str:
        """What the model would say; '' without advice."""
        return await self._given(self._model.answer(question, self.terms.budget_s)) or ""

    async def _given(self, work: Coroutine[Any, Any, _T]) -> _T | None:
        try:
            return await work
        except TimeoutError:
            self.counters.late += 1
            log.info("no advice in time")
        except LanguageModelError as error:
            self.counters.failed += 1
            log.info("no advice", error=str(error))
        return None


class Advising:
    """The advice in one call; without an ``adviser`` it does nothing at all. ``wake`` ends a wait for sound."""

    def __init__(
        self,
        adviser: Adviser | None,
        dialogue: Dialogue,
        waiting: Waiting,
        errands: Errands,
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        self._adviser = adviser
        self._dialogue = dialogue
        self._waiting = waiting
        self._errands = errands
        self._wake = wake
        self._clock = clock

    async def advised(
        self, given: CustomerInput, filler: tuple[Fragment, ...], since: float | None
    ) -> CustomerInput:
        """The answer with an opinion where there is doubt about it; ``since``: it has been silent. Raises MediaClosed."""
        adviser = self._adviser
        if adviser is None:
            return given
        doubt = self._dialogue.doubt(given, self._clock.now(), adviser.terms.below)
        if doubt is not None and not adviser.terms.answers:
            doubt = replace(doubt, meanings=tuple(name for name in doubt.meanings if name != FREE_QUESTION))
        if doubt is None or not doubt.meanings:
            return given
        opinion = await self._in_time(adviser, adviser.opinion(doubt), filler, since)
        if opinion is None:
            return given
        if opinion.meaning == FREE_QUESTION and doubt.may_ask:
            question = self._dialogue.free_question(given, self._clock.now())
            if question is not None:
                answer = await self._in_time(adviser, adviser.answer(question), filler, since)
                opinion = replace(opinion, answer=answer or "")
        return replace(given, opinion=opinion)

    def took(self, given: CustomerInput, step: FlowStep) -> None:
        """The dialogue has gone on from an answer: count whether it went by an opinion."""
        if self._adviser is None or given.opinion is None:
            return
        used = step.heard is not None and step.heard.advised
        counters = self._adviser.counters
        counters.used, counters.refused = counters.used + used, counters.refused + (not used)
        log.info("advice", used=used, meaning=step.heard.intent if used and step.heard is not None else "")

    async def _in_time(
        self,
        adviser: Adviser,
        work: Coroutine[Any, Any, _T],
        filler: tuple[Fragment, ...],
        since: float | None,
    ) -> _T | None:
        """What the work yields within the budget; the filler is said meanwhile."""
        adviser.counters.asked += 1
        task = self._errands.start(work)
        task.add_done_callback(lambda _: self._wake())
        now = self._clock.monotonic()
        until = now + adviser.terms.budget_s + GRACE_S
        await self._waiting.wait(task.done, filler, now if since is None else since, until)
        if not task.done():
            task.cancel()
            adviser.counters.late += 1
            log.info("no advice in time")
            return None
        return task.result()
