"""Which recogniser hears which language: the first of an ordered list that can; the next one when it fails.

An engine that keeps failing says so itself (``supports``, ``open``: see ``engine_health``), so that the calls after it
go to the next one without waiting for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ari_app.dialogue.model import Grammar
from ari_app.errors import SpeechError
from ari_app.ports import EngineHealth, Recogniser, RecognitionStream, Transcript
from ari_app.speech.utterance import LONGEST_PARTIAL_S, LONGEST_UTTERANCE_S
from ari_app.voice.pcm import SAMPLE_RATE

FIRST_SHARE: Final = 0.6
"""Of the time that is left, what an engine gets while there is another one that could step in."""
_GRACE_S: Final = 0.25
"""Engines keep their time themselves; one that does not is cut off after so much more."""


@dataclass(slots=True)
class ChoiceCounters:
    """What happened to utterances."""

    utterances: int = 0
    stepped_in: int = 0
    timed_out: int = 0
    failed: int = 0


class RecogniserChoice:
    """A Recogniser made of others, in order of preference. No result takes longer than ``longest_s``."""

    name = "choice"

    def __init__(self, recognisers: Sequence[Recogniser], *, longest_s: float = 10.0) -> None:
        self.counters = ChoiceCounters()
        self._recognisers = tuple(recognisers)
        self._longest_s = longest_s

    def supports(self, language: str) -> bool:
        """Whether any of them can hear the language here and now."""
        return any(recogniser.supports(language) for recogniser in self._recognisers)

    def engines(self, language: str) -> list[str]:
        """Names of those that can, in order."""
        return [recogniser.name for recogniser in self._recognisers if recogniser.supports(language)]

    def open(self, grammar: Grammar) -> RecognitionStream:
        """Begin an utterance; raises SpeechError when none can take it."""
        willing = [recogniser for recogniser in self._recognisers if recogniser.supports(grammar.language)]
        stream, left = _first_open(willing, grammar)
        self.counters.utterances += 1
        return _ChosenUtterance(stream, left, grammar, self._longest_s, self.counters)

    def health(self) -> Sequence[EngineHealth]:
        """Of each of them, in order."""
        return tuple(health for recogniser in self._recognisers for health in recogniser.health())

    async def warm_up(self, timeout_s: float) -> None:
        """Load the model of the first one that can be loaded. Raises SpeechError when none can."""
        problems: list[str] = []
        for recogniser in self._recognisers:
            try:
                await recogniser.warm_up(timeout_s)
                return
            except (SpeechError, TimeoutError) as error:
                problems.append(f"{recogniser.name}: {str(error) or 'too slow'}")
        raise SpeechError("; ".join(problems) or "no recogniser is configured")

    async def close(self) -> None:
        """Close them all."""
        results = await asyncio.gather(*(one.close() for one in self._recognisers), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result


def _first_open(
    recognisers: Sequence[Recogniser], grammar: Grammar
) -> tuple[RecognitionStream, Sequence[Recogniser]]:
    """A stream of the first that takes the grammar, and those after it."""
    problems: list[str] = []
    for position, recogniser in enumerate(recognisers):
        try:
            return recogniser.open(grammar), recognisers[position + 1 :]
        except SpeechError as error:
            problems.append(f"{recogniser.name}: {error}")
    why = "; ".join(problems) or f"no recogniser for {grammar.language!r}"
    raise SpeechError(f"grammar {grammar.name!r} cannot be heard: {why}")


class _ChosenUtterance:
    """Feeds the chosen engine, and keeps the sound in case that another has to step in."""

    def __init__(
        self,
        stream: RecognitionStream,
        others: Sequence[Recogniser],
        grammar: Grammar,
        longest_s: float,
        counters: ChoiceCounters,
    ) -> None:
        self._stream = stream
        self._others = others
        self._grammar = grammar
        self._longest_s = longest_s
        self._counters = counters
        self._kept = bytearray()

    def feed(self, pcm: bytes) -> None:
        self._stream.feed(pcm)
        if self._others and len(self._kept) < LONGEST_UTTERANCE_S * SAMPLE_RATE * 2:
            self._kept += pcm

    async def partial(self, timeout_s: float) -> Transcript:
        """As the chosen engine hears it now; one that fails is replaced at the end of the utterance, not here."""
        within = min(timeout_s, self._longest_s, LONGEST_PARTIAL_S)
        async with asyncio.timeout(within + _GRACE_S):
            return await self._stream.partial(within)

    async def result(self, timeout_s: float) -> Transcript:
        loop = asyncio.get_running_loop()
        until = loop.time() + min(timeout_s, self._longest_s)
        while True:
            left = max(0.0, until - loop.time())
            within = left * FIRST_SHARE if self._others else left
            try:
                async with asyncio.timeout(within + _GRACE_S):
                    return await self._stream.result(within)
            except (SpeechError, TimeoutError) as error:
                late = isinstance(error, TimeoutError)
                if not self._step_in():
                    if late:
                        self._counters.timed_out += 1
                    else:
                        self._counters.failed += 1
                    raise

    def _step_in(self) -> bool:
        """Give the sound to the next engine that takes it; False when there is none."""
        failed = self._stream
        try:
            self._stream, self._others = _first_open(self._others, self._grammar)
        except SpeechError:
            return False
        failed.cancel()
        self._counters.stepped_in += 1
        self._stream.feed(bytes(self._kept))
        return True

    def cancel(self) -> None:
        self._stream.cancel()
        self._kept.clear()
