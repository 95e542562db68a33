"""A language model that is a script, for conversations on the loop's own time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

from ari_app.dialogue.advice import Doubt, FreeQuestion, Opinion, ToldCall, WrittenSummary
from ari_app.errors import LanguageModelError

_T = TypeVar("_T")


@dataclass(slots=True)
class ScriptedModel:
    """Gives the opinions, answers and summaries given, one after the other, each after ``takes`` seconds.

    None, or nothing left: it fails. ``keeps_time``: it keeps the time
    allowed, as the product's client does.
    """

    opinions: list[Opinion | None] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)
    summaries: list[WrittenSummary | None] = field(default_factory=list)
    takes: float = 0.1
    keeps_time: bool = True
    doubts: list[Doubt] = field(default_factory=list)
    questions: list[FreeQuestion] = field(default_factory=list)
    calls: list[ToldCall] = field(default_factory=list)
    name: str = "scripted"
    closed: bool = False

    async def understand(self, doubt: Doubt, timeout_s: float) -> Opinion:
        self.doubts.append(doubt)
        await self._work(timeout_s)
        return _given(self.opinions)

    async def answer(self, question: FreeQuestion, timeout_s: float) -> str:
        self.questions.append(question)
        await self._work(timeout_s)
        return _given(self.answers)

    async def summarise(self, call: ToldCall, timeout_s: float) -> WrittenSummary:
        self.calls.append(call)
        await self._work(timeout_s)
        return _given(self.summaries)

    async def close(self) -> None:
        self.closed = True

    async def _work(self, timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s if self.keeps_time else None):
            await asyncio.sleep(self.takes)


def _given(script: list[_T | None]) -> _T:
    given = script.pop(0) if script else None
    if given is None:
        raise LanguageModelError("an answer that is no completion")
    return given
