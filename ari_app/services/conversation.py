"""One conversation: the dialogue's sentences out, the customer's answers in.

Sound, keys and playout marks come from one queue, in order. The turn-taker decides when the customer has answered; a
recogniser turns sound into text; the dialogue decides what follows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from ari_app.dialogue.model import (
    ConversationResult,
    CustomerInput,
    FlowStep,
    InputKind,
    Question,
)
from ari_app.domain.attempt import Turn
from ari_app.errors import SpeechError
from ari_app.ports import (
    Clock,
    Dialogue,
    MediaEvent,
    MediaFrame,
    MediaKey,
    MediaMark,
    MediaStream,
    Prompts,
    Recogniser,
    RecognitionStream,
)
from ari_app.voice.turn import (
    FrameHeard,
    Gate,
    Interrupted,
    KeyPressed,
    KeysEntered,
    NoInput,
    PromptEnded,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    Tick,
    TurnInput,
    TurnOutput,
    TurnTaker,
    UtteranceEnded,
)

log = structlog.get_logger(__name__)

#: The result of a conversation in which the customer did not want to be recorded.
RECORDING_REFUSED = "recording_refused"
#: How long the loop waits for sound before it looks at the clock, in seconds.
TICK_S = 0.05
#: A playout mark that is later than the sound's own length by this much is not waited for any longer.
MARK_PATIENCE_S = 2.0
#: A recogniser that needs longer is given up for this utterance, and the question is asked again.
RECOGNISER_PATIENCE_S = 4.0
#: How long after the answer a machine is looked for, in seconds.
DETECTION_S = 30.0
#: A terminator that comes within this time after a complete input belongs to it, in seconds.
LATE_TERMINATOR_S = 3.0
#: slin16: two bytes a sample, 16,000 samples a second.
BYTES_A_SECOND = 32_000


class AnswerDetector(Protocol):
    """Tells a person from a machine after the answer."""

    def push(self, frame: bytes, at: float) -> str | None:
        """Add 20 ms of sound; ``human`` or ``machine`` once it is known, else None."""
        ...


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended. ``heard`` is set when no person was there ('voicemail')."""

    result: str
    heard: str | None = None


@dataclass(frozen=True, slots=True)
class ConversationSoFar:
    """What wrap-up needs, whenever the call ends.

    ``answer_verdict`` is who answered (human, machine ...; None: not known), ``verdict_s`` when that was known, in call
    time.
    """

    result: ConversationResult
    turns: tuple[Turn, ...]
    answer_verdict: str | None = None
    verdict_s: float | None = None


class MachineHeard(Exception):
    """A voicemail system or an assistant has answered: nothing more is said."""


@dataclass(frozen=True, slots=True)
class Ears:
    """What a call listens with: a speech gate, a detector, and the recogniser of a language (None: keys only)."""

    gate: Gate
    detector: AnswerDetector
    recogniser: Callable[[str], Recogniser | None]


class Conversation:
    """Runs one dialogue over one call's media stream."""

    def __init__(
        self,
        dialogue: Dialogue,
        media: MediaStream,
        prompts: Prompts,
        ears: Ears,
        clock: Clock,
        stop_recording: Callable[[], Awaitable[None]],
    ) -> None:
        self._dialogue = dialogue
        self._media = media
        self._prompts = prompts
        self._ears = ears
        self._clock = clock
        self._stop_recording = stop_recording
        self._turns: list[Turn] = []
        self._began = clock.monotonic()
        self._frames_before = media.frames_received
        self._detecting = True
        self._marks = 0
        self._asked_at = self._began
        self._late_terminator = ""  # the key that many press after the last digit that was waited for
        self._result: ConversationResult | None = None

    async def run(self) -> Ended:
        """Talk until the dialogue ends. Raises MediaClosed when the sound is gone, SpeechError without a voice."""
        step = self._dialogue.start(self._clock.now())
        try:
            while step.result is None:
                given = await self._ask(step)
                if given.kind is InputKind.SILENCE and self._no_sound_at_all():
                    self._result = ConversationResult("no_media")
                    return Ended("no_media")
                step = self._dialogue.answer(given, self._clock.now())
            self._result = step.result
            if step.result.result == RECORDING_REFUSED:
                await self._stop_recording()  # before another word is said
            await self._say_out(step)
        except MachineHeard:
            self._result = ConversationResult("voicemail")
            return Ended("voicemail", heard="voicemail")
        return Ended(step.result.result)

    def so_far(self) -> ConversationSoFar:
        """The result when the conversation is over; what stands so far when the customer has hung up."""
        result = self._result or self._dialogue.hung_up().result or ConversationResult("hung_up")
        return ConversationSoFar(result, tuple(self._turns))

    def _no_sound_at_all(self) -> bool:
        """The far end sends no RTP: not even silence has arrived since the answer."""
        return self._media.frames_received == self._frames_before

    # ------------------------------------------------------------------------------------------- one question

    async def _ask(self, step: FlowStep) -> CustomerInput:
        """Say the prompt, wait for the answer."""
        question = step.question or Question("closing")
        recogniser = self._ears.recogniser(question.grammar.language) if question.grammar else None
        if recogniser is None:
            question = replace(question, grammar=None)
        pcm = await self._prompts.pcm(step.say)
        self._asked_at = self._clock.monotonic()
        mark = await self._play(pcm)
        self._note_prompt(step, len(pcm) / BYTES_A_SECOND)
        taker = TurnTaker(question, self._ears.gate, self._clock.monotonic(), len(pcm) / BYTES_A_SECOND)
        hearing = _Hearing(question, recogniser)
        try:
            while not taker.done:
                event = await self._media.receive(TICK_S)
                for output in taker.push(self._turn_input(event, mark)):
                    if isinstance(output, Interrupted):
                        await self._media.flush()
                    else:
                        hearing.take(output)
            self._late_terminator = _late_terminator(question, taker)
            return await self._answer(taker, hearing)
        finally:
            hearing.drop()

    async def _play(self, pcm: bytes) -> str:
        self._marks += 1
        mark = f"p{self._marks}"
        if pcm:
            await self._media.play(pcm, mark)
        return mark

    def _turn_input(self, event: MediaEvent | None, mark: str) -> TurnInput:
        match event:
            case MediaFrame(pcm, at):
                self._detect(pcm, at)
                return FrameHeard(pcm, at)
            case MediaKey(digit, at):
                self._detecting = False  # machines do not press keys
                late, self._late_terminator = self._late_terminator, ""
                if digit == late and at - self._asked_at < LATE_TERMINATOR_S:
                    return Tick(self._clock.monotonic())
                if at < self._asked_at:
                    # Pressed while the last answer was recognised: it cannot mean a question not yet heard, which may
                    # be whether a promise was understood.
                    log.info("key before its question ignored")
                    return Tick(self._clock.monotonic())
                return KeyPressed(digit, at)
            case MediaMark(name, at) if name == mark:
                return PromptEnded(at)
            case _:
                return Tick(self._clock.monotonic())

    def _detect(self, pcm: bytes, at: float) -> None:
        """Look for a machine until a key has been pressed; a greeting that sounds human may still end with a beep."""
        if not self._detecting or at - self._began > DETECTION_S:
            return
        verdict = self._ears.detector.push(pcm, at)
        if verdict == "machine":
            raise MachineHeard

    async def _answer(self, taker: TurnTaker, hearing: _Hearing) -> CustomerInput:
        match taker.answer:
            case KeysEntered(digits):
                given = CustomerInput(InputKind.KEYS, digits)
            case UtteranceEnded(seconds):
                given = await hearing.result()
                self._note(given, seconds)
                return given
            case _:
                given = CustomerInput(InputKind.SILENCE)
        self._note(given, 0.0)
        return given

    # ------------------------------------------------------------------------------------------- the last words

    async def _say_out(self, step: FlowStep) -> None:
        """Say the closing and wait until it has been played out (or should have been)."""
        pcm = await self._prompts.pcm(step.say)
        if not pcm:
            return
        mark = await self._play(pcm)
        self._note_prompt(step, len(pcm) / BYTES_A_SECOND)
        deadline = self._clock.monotonic() + len(pcm) / BYTES_A_SECOND + MARK_PATIENCE_S
        while (left := deadline - self._clock.monotonic()) > 0:
            event = await self._media.receive(min(left, 0.5))
            if isinstance(event, MediaMark) and event.name == mark:
                return

    # ------------------------------------------------------------------------------------------- the transcript

    def _at(self) -> float:
        return round(self._clock.monotonic() - self._began, 3)

    def _note_prompt(self, step: FlowStep, seconds: float) -> None:
        text = "".join(part.text if part.language == "zh" else f"{part.text} " for part in step.say).strip()
        at = self._at()
        self._turns.append(Turn("bot", "prompt", text, at, round(at + seconds, 3), covers=step.covers))

    def _note(self, given: CustomerInput, seconds: float) -> None:
        at = self._at()
        start = max(0.0, round(at - seconds, 3))
        turn = Turn("customer", given.kind.value, given.text, start, at, given.confidence, given.engine)
        self._turns.append(turn)


def _late_terminator(question: Question, taker: TurnTaker) -> str:
    """The terminator, when the input was complete without it: it may still come, and belongs to that input."""
    keys = question.keys
    match taker.answer:
        case KeysEntered(digits) if len(digits) >= keys.max_digits > 1:
            return keys.terminator
        case _:
            return ""


class _Hearing:
    """The recogniser's part of one question."""

    def __init__(self, question: Question, recogniser: Recogniser | None) -> None:
        self._question = question
        self._recogniser = recogniser
        self._stream: RecognitionStream | None = None

    def take(self, output: TurnOutput) -> None:
        """Carry out what the turn-taker says about speech; without a recogniser the answer stays empty."""
        try:
            self._take(output)
        except SpeechError as error:
            log.warning("recogniser failed", error=str(error))
            self.drop()
            self._recogniser = None

    def _take(self, output: TurnOutput) -> None:
        match output:
            case SpeechStarted(pcm):
                if self._recogniser is not None and self._question.grammar is not None:
                    self._stream = self._recogniser.open(self._question.grammar)
                    self._stream.feed(pcm)
            case SpeechFrame(pcm):
                if self._stream is not None:
                    self._stream.feed(pcm)
            case SpeechCancelled():
                self.drop()
            case Interrupted() | UtteranceEnded() | KeysEntered() | NoInput():
                pass

    async def result(self) -> CustomerInput:
        """The text of the utterance; empty when the recogniser failed, so that the flow asks again, then keys."""
        stream, self._stream = self._stream, None
        if stream is None:
            return CustomerInput(InputKind.SPEECH, "", 0.0)
        try:
            heard = await stream.result(RECOGNISER_PATIENCE_S)
        except (SpeechError, TimeoutError) as error:
            log.warning("recogniser failed", error=str(error))
            return CustomerInput(InputKind.SPEECH, "", 0.0)
        return CustomerInput(InputKind.SPEECH, heard.text, heard.confidence, heard.engine)

    def drop(self) -> None:
        """Throw away an utterance that nobody needs any more."""
        if self._stream is not None:
            self._stream.cancel()
            self._stream = None
