"""Recognising what the customer says: guesses while he pauses, the text when he has finished, keys when it fails.

A recogniser may be late, hang, fail or die at any point; here that means an empty answer, so that the question is asked
again, and after ``FAULTS_BEFORE_KEYS`` of them in a call no recogniser is asked any more. Recognition runs in tasks, and
the conversation is woken when one of them has something.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import structlog

from ari_app.dialogue.model import CustomerInput, InputKind, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.errors import SpeechError
from ari_app.ports import Clock, Recogniser, RecognitionStream, Transcript
from ari_app.voice.overlap import only_listened
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn import (
    Guessed,
    Speculate,
    SpeculationDropped,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    TurnLimits,
    TurnOutput,
    UtteranceEnded,
)

log = structlog.get_logger(__name__)

#: After so many faults of the recogniser in one call the customer answers by key.
FAULTS_BEFORE_KEYS: Final = 2
#: How long a guess may be worked out; the question is not held up by it.
GUESS_PATIENCE_S: Final = 2.0
#: A guess of which the recogniser is less sure does not shorten the wait.
SURE: Final = 0.5
#: A short sound over a prompt is mostly a back-channel, which a small grammar forces into words with some confidence.
SURE_OVER_PROMPT: Final = 0.7
#: A task that was cancelled may take so long to go, in seconds.
WIND_DOWN_S: Final = 0.2

#: Somebody who speaks for so long where nothing can be heard any more, and is silent for so long after it, is told the
#: keys: he waits for an answer.
LEAST_VOICE_S: Final = 0.2
UNHEARD_S: Final = 1.2

_T = TypeVar("_T")


class Progress(Protocol):
    """See ``ports.Dialogue.progress``."""

    def __call__(self, text: str, *, over_prompt: bool = False) -> AnswerProgress: ...


class Errands:
    """Tasks of one call that nobody awaits; none outlives ``close``."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Begin a task; who is interested adds a callback and looks at its end there."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._gone)
        return task

    def _gone(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen; who started it looks for itself, unless the call is over

    async def close(self) -> None:
        """Cancel what still runs and wait until it has gone, for a second at most."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=1.0)
            if left:
                log.error("recognition does not let itself be cancelled", tasks=len(left))


class Listener:
    """The ears of one call: a Hearing for each question, and what the call has learnt about the recogniser.

    ``find`` gives the recogniser of a language (None: keys only); ``wake`` is called when a Hearing has something new.
    """

    def __init__(
        self,
        find: Callable[[str], Recogniser | None],
        progress: Progress,
        wake: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.faults = 0
        self.errands = Errands()
        self._heard_before = False
        self._find = find
        self._progress = progress
        self._wake = wake
        self._clock = clock

    def open(self, question: Question) -> Hearing:
        """For one question; its ``question`` has no grammar where nothing can be heard."""
        recogniser = None
        if question.grammar is not None and self.faults < FAULTS_BEFORE_KEYS:
            recogniser = self._find(question.grammar.language)
        if recogniser is not None:
            self._heard_before = True
            return Hearing(self, question, recogniser)
        unheard = UnheardSpeech() if question.grammar is not None and self._heard_before else None
        return Hearing(self, replace(question, grammar=None), None, unheard)

    async def close(self) -> None:
        """End every task of the call's recognition."""
        await self.errands.close()

    # ------------------------------------------------------------------------------------------- for Hearing

    def fault(self) -> None:
        """The recogniser failed."""
        self.faults += 1
        if self.faults == FAULTS_BEFORE_KEYS:
            log.warning("the call goes on by key")

    def progress(self, text: str, over_prompt: bool) -> AnswerProgress:
        return self._progress(text, over_prompt=over_prompt)

    def wake(self) -> None:
        self._wake()

    def now(self) -> float:
        return self._clock.monotonic()


@dataclass(slots=True)
class _Guess:
    """A partial result under way, and its transcript once it is there."""

    number: int
    task: asyncio.Task[Transcript]
    transcript: Transcript | None = None
    at: float = 0.0


class UnheardSpeech:
    """Speech at a question to which nothing can be heard any more, in a call that began with a recogniser."""

    def __init__(self) -> None:
        self.over = False
        """Whether somebody has spoken and now waits for an answer."""
        self.began: float | None = None
        self.ended = 0.0
        self._voiced_s = 0.0

    def push(self, voiced: bool, at: float) -> bool:
        """One frame of the time in which an answer is awaited."""
        if voiced:
            self.began = at if self.began is None else self.began
            self.ended = at
            self._voiced_s += FRAME_S
        elif self.began is not None and at - self.ended >= UNHEARD_S:
            if self._voiced_s >= LEAST_VOICE_S:
                self.over = True
            else:
                self.began, self._voiced_s = None, 0.0
        return self.over


class Hearing:
    """One question: feeds the recogniser, passes guesses on, and has ``given`` once the answer's text is there."""

    def __init__(
        self,
        call: Listener,
        question: Question,
        recogniser: Recogniser | None,
        unheard: UnheardSpeech | None = None,
    ) -> None:
        self.question = question
        self.unheard = unheard
        self.over_prompt = False
        """Whether the utterance began over the prompt."""
        self.guesses: deque[Guessed] = deque()
        self.given: CustomerInput | None = None
        self.text_at = 0.0
        """When the text of ``given`` was there, in monotonic seconds."""
        self._call = call
        self._recogniser = recogniser
        self._stream: RecognitionStream | None = None
        self._guess: _Guess | None = None
        self._final: asyncio.Task[Transcript] | None = None

    def take(self, output: TurnOutput) -> None:
        """Carry out what the turn-taker says about speech; without a recogniser the answer stays empty."""
        match output:
            case SpeechFrame(pcm):
                self.feed(pcm)
            case SpeechStarted(pcm, over_prompt):
                self.over_prompt, self.given = over_prompt, None
                self._open(pcm)
            case Speculate(number):
                self._start_guess(number)
            case SpeculationDropped(number):
                if self._guess is not None and self._guess.number == number:
                    self._guess.task.cancel()
            case SpeechCancelled():
                self.over_prompt = False
                self.drop()
            case _:
                pass

    def feed(self, pcm: bytes) -> None:
        """More of the utterance."""
        if self._stream is not None:
            self._feed(self._stream, pcm)

    # ------------------------------------------------------------------------------------------- the utterance

    def _open(self, pcm: bytes) -> None:
        if self._recogniser is None or self.question.grammar is None:
            return
        try:
            self._stream = self._recogniser.open(self.question.grammar)
        except SpeechError as error:
            log.warning("recogniser failed", error=str(error))
            self._give_in()
        except Exception as error:
            log.error("recogniser failed", error=repr(error), exc_info=error)
            self._give_in()
        else:
            self._feed(self._stream, pcm)

    def _feed(self, stream: RecognitionStream, pcm: bytes) -> None:
        try:
            stream.feed(pcm)
        except SpeechError as error:
            log.warning("recogniser failed", error=str(error))
            self._give_in()
        except Exception as error:
            log.error("recogniser failed", error=repr(error), exc_info=error)
            self._give_in()

    def _give_in(self) -> None:
        """The recogniser cannot take this utterance: the answer will be empty, so that the question is asked again."""
        self._call.fault()
        self.drop()
        self._recogniser = None

    def drop(self) -> None:
        """Throw away an utterance that nobody needs any more."""
        self.guesses.clear()
        for task in (self._guess.task if self._guess is not None else None, self._final):
            if task is not None:
                task.cancel()
        self._guess = self._final = None
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None

    # ------------------------------------------------------------------------------------------- guesses

    def _start_guess(self, number: int) -> None:
        if self._stream is None:
            return
        before = self._guess.task if self._guess is not None else None
        task = self._call.errands.start(_partial(self._stream, before))
        guess = self._guess = _Guess(number, task)
        task.add_done_callback(partial(self._guessed, guess))

    def _guessed(self, guess: _Guess, task: asyncio.Task[Transcript]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            # No word of it to the turn-taker: that nothing was understood is not known.
            _tell("no guess from the recogniser", error)
            return
        if guess is not self._guess:
            return
        guess.transcript, guess.at = task.result(), self._call.now()
        if self._final is None and self.given is None:
            progress = self._progress(guess.transcript)
            doubtful = self.over_prompt and not guess.transcript.confidence >= SURE_OVER_PROMPT
            self.guesses.append(Guessed(guess.number, progress, guess.at, doubtful))
            self._call.wake()

    def _progress(self, heard: Transcript) -> AnswerProgress:
        progress = self._call.progress(heard.text, self.over_prompt)
        return progress if heard.confidence >= SURE else _UNSURE.get(progress, progress)

    def only_listens(self, ended: UtteranceEnded, limits: TurnLimits) -> bool:
        """Whether the text of what was said over a prompt is none of an answer, so that the prompt goes on.

        Most are known by their guess; this is for recognisers that gave none in time.
        """
        given = self.given
        if given is None or ended.prompt_left_s is None:
            return False
        progress = self._progress(Transcript(given.text, given.confidence, given.engine))
        return only_listened(ended, progress, limits, doubtful=not given.confidence >= SURE_OVER_PROMPT)

    # ------------------------------------------------------------------------------------------- the text

    def finish(self, ended: UtteranceEnded, patience_s: float) -> None:
        """The utterance is over: get its text within ``patience_s``; ``given`` is set at once or before a wake."""
        stream, guess, self._guess = self._stream, self._guess, None
        if guess is not None and guess.number != ended.speculation:
            guess.task.cancel()  # more was said after it
        elif guess is not None and guess.transcript is not None and not guess.transcript.provisional:
            self._text(guess.transcript, guess.at)
            self.drop()
            return
        if stream is None:
            self._text(_NOTHING, self._call.now())
            return
        covering = guess.task if guess is not None and guess.number == ended.speculation else None
        before = guess.task if guess is not None else None
        self._final = self._call.errands.start(_whole(stream, covering, before, patience_s, self._call.now))
        self._final.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Transcript]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if task is not self._final:
            return  # given up before
        if error is None:
            self._text(task.result(), self._call.now())
        else:
            _tell("recogniser failed", error)
            self._call.fault()
            self._text(_NOTHING, self._call.now())
        self.drop()
        self._call.wake()

    def give_up(self) -> None:
        """The text has not come in time."""
        if self.given is None:
            log.warning("recogniser too late")
            self._call.fault()
            self._text(_NOTHING, self._call.now())
        self.drop()

    def _text(self, heard: Transcript, at: float) -> None:
        self.given = CustomerInput(InputKind.SPEECH, heard.text, heard.confidence, heard.engine)
        self.text_at = at


_NOTHING: Final = Transcript("", 0.0, "")
#: What words of which the recogniser is not sure amount to at most.
_UNSURE: Final = {
    AnswerProgress.COMPLETE: AnswerProgress.OPEN,
    AnswerProgress.ASSENT: AnswerProgress.BACK_CHANNEL,
}


async def _partial(stream: RecognitionStream, before: asyncio.Task[Transcript] | None) -> Transcript:
    """The text so far. A stream works out one partial at a time."""
    if before is not None:
        before.cancel()
        await asyncio.wait({before}, timeout=WIND_DOWN_S)
    return await stream.partial(GUESS_PATIENCE_S)


async def _whole(
    stream: RecognitionStream,
    covering: asyncio.Task[Transcript] | None,
    before: asyncio.Task[Transcript] | None,
    patience_s: float,
    now: Callable[[], float],
) -> Transcript:
    """The text of the whole utterance, from the guess that covers it where that is as good as final."""
    until = now() + patience_s
    if covering is not None:
        await asyncio.wait({covering}, timeout=GUESS_PATIENCE_S)
        if covering.done() and not covering.cancelled() and covering.exception() is None:
            heard = covering.result()
            if not heard.provisional:
                return heard
    if before is not None and not before.done():
        before.cancel()
        await asyncio.wait({before}, timeout=WIND_DOWN_S)
    return await stream.result(max(0.0, until - now()))


def _tell(event: str, error: BaseException) -> None:
    if isinstance(error, SpeechError | TimeoutError):
        log.warning(event, error=str(error) or "too slow")
    else:
        log.error(event, error=repr(error), exc_info=error)
