"""A conversation over scripted sound, speech and recognisers, on the loop's own time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment, Grammar, KeyInput, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_result import ConversationResult
from ari_app.errors import SpeechError
from ari_app.ports import Dialogue, EngineHealth, Prompts, Transcript
from ari_app.services.advice import Adviser
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.who_answered import AnswerDetector
from ari_app.voice.pcm import Floats
from ari_app.voice.turn_terms import Sound
from tests.support.calls import FakeMedia, FakePrompts, NoDetector
from tests.support.clock import LoopClock

YES_OR_NO = Question("closing", KeyInput(1, 1), Grammar("yes", "en"), no_input_s=3.0)
FILLER = (Fragment("one moment", "en"),)


class Speaks:
    """A gate that hears speech in the given stretches of the loop's time, and always sounding alike."""

    def __init__(self, *stretches: tuple[float, float]) -> None:
        self.voiced = False
        self.level_dbfs = -70.0
        self._stretches = stretches

    def push(self, frame: bytes) -> bool:
        now = asyncio.get_running_loop().time()
        # Half a millisecond: sums of 0.02 are not exact.
        self.voiced = any(start <= now + 0.0005 < end for start, end in self._stretches)
        self.level_dbfs = -20.0 if self.voiced else -70.0
        return self.voiced

    def sound(self) -> Sound:
        return Sound.VOICE

    def shape(self) -> Callable[[], Floats]:
        return lambda: np.zeros(3, np.float32)


@dataclass
class Utterance:
    """What a recogniser makes of one utterance. Times in seconds; None: it fails; infinite: it never comes."""

    text: str = "yes"
    partial_after: float | None = None
    result_after: float | None = 0.05
    provisional: bool = False
    confidence: float = 0.9
    feeds: int = 1_000_000
    """After so many the worker is gone."""
    error: type[Exception] = SpeechError
    fed: int = 0
    partials: int = 0
    at_once: int = 0
    most_at_once: int = 0
    results: int = 0
    cancelled: bool = False

    def feed(self, pcm: bytes) -> None:
        self.fed += len(pcm)
        self.feeds -= 1
        if self.feeds < 0:
            raise self.error("the worker has gone")

    async def partial(self, timeout_s: float) -> Transcript:
        self.partials += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._after(self.partial_after, self.provisional, timeout_s)
        finally:
            self.at_once -= 1

    async def result(self, timeout_s: float) -> Transcript:
        assert not self.at_once, "a partial result is under way"
        self.results += 1
        return await self._after(self.result_after, False, None)

    async def _after(self, seconds: float | None, provisional: bool, timeout_s: float | None) -> Transcript:
        if seconds is None:
            raise self.error("the recogniser has failed")
        async with asyncio.timeout(timeout_s):
            await asyncio.sleep(min(seconds, 1e6))
        return Transcript(self.text, self.confidence, "scripted", provisional)

    def cancel(self) -> None:
        self.cancelled = True


class ScriptedEar:
    """A recogniser that hears the utterances given, one after the other; the last one again and again."""

    name = "scripted"

    def __init__(self, *utterances: Utterance) -> None:
        self.heard: list[Utterance] = []
        self._left = list(utterances)

    def supports(self, language: str) -> bool:
        return True

    def health(self) -> Sequence[EngineHealth]:
        return ()

    def open(self, grammar: Grammar) -> Utterance:
        utterance = self._left.pop(0) if len(self._left) > 1 else self._left[0]
        self.heard.append(utterance)
        return utterance

    async def warm_up(self, timeout_s: float) -> None: ...

    async def close(self) -> None: ...


class Asks:
    """A dialogue that asks the questions given and ends; what words amount to is told by a table."""

    def __init__(self, *questions: Question, progress: dict[str, AnswerProgress] | None = None) -> None:
        self.given: list[CustomerInput] = []
        self.given_at: list[float] = []
        self.over_prompt: list[bool] = []
        self._questions = list(questions)
        self._progress = progress or {"yes": AnswerProgress.COMPLETE, "": AnswerProgress.NOTHING}

    def start(self, now: object) -> FlowStep:
        return self._step()

    def answer(self, given: CustomerInput, now: object) -> FlowStep:
        self.given.append(given)
        self.given_at.append(asyncio.get_running_loop().time())
        return self._step()

    def _step(self) -> FlowStep:
        number = len(self.given)
        say = (Fragment(f"sentence {number}", "en"),)
        if number == len(self._questions):
            return FlowStep(say, result=ConversationResult("informed"), covers=("closing",), filler=FILLER)
        return FlowStep(say, self._questions[number], covers=("opening",), filler=FILLER)

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        self.over_prompt.append(over_prompt)
        return self._progress.get(text, AnswerProgress.OPEN)

    def doubt(self, given: CustomerInput, now: object, below: float) -> None: ...

    def free_question(self, given: CustomerInput, now: object) -> None: ...

    def hung_up(self) -> FlowStep:
        return FlowStep((), result=ConversationResult("hung_up"))


async def nothing_to_stop() -> None:
    raise AssertionError("nobody refused the recording")


@dataclass
class Scene:
    """A conversation and everything around it; ``after`` schedules what happens."""

    conversation: Conversation
    media: FakeMedia
    ear: ScriptedEar
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)

    def after(self, seconds: float, happens: Callable[..., object], *args: object) -> Scene:
        self._loop.call_later(seconds, happens, *args)
        return self

    def said(self) -> list[tuple[str, str]]:
        """The transcript: speaker and text."""
        return [(turn.speaker, turn.text) for turn in self.conversation.so_far().turns]


def scene(
    dialogue: Dialogue,
    *speech: tuple[float, float],
    ear: ScriptedEar | None = None,
    media: FakeMedia | None = None,
    prompts: Prompts | None = None,
    detector: AnswerDetector | None = None,
    adviser: Adviser | None = None,
) -> Scene:
    """A conversation in which the customer speaks in the given stretches, heard by ``ear``."""
    media, ear = media or FakeMedia(), ear or ScriptedEar(Utterance())
    ears = Ears(Speaks(*speech), detector or NoDetector(), lambda _: ear)
    clock = LoopClock(asyncio.get_running_loop())
    spoken = prompts or FakePrompts()
    conversation = Conversation(dialogue, media, spoken, ears, clock, nothing_to_stop, adviser)
    return Scene(conversation, media, ear)
