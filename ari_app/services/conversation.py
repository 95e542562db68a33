"""One conversation: the dialogue's sentences out, the customer's answers in.

Sound, keys and playout marks come from one queue, in order. The turn-taker decides when the customer has answered; a
recogniser turns sound into text (see ``hearing``); the dialogue decides what follows; ``speaking`` plays it. Whatever
is late or fails, nobody is left in silence: a short filler comes first, then the question again, then keys.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from ari_app.dialogue.model import CustomerInput, FlowStep, InputKind, Question
from ari_app.domain.attempt import Turn
from ari_app.domain.call_result import ConversationResult
from ari_app.errors import SpeechError
from ari_app.ports import (
    Clock,
    Dialogue,
    MediaEvent,
    MediaFrame,
    MediaKey,
    MediaMark,
    MediaRestored,
    MediaStarted,
    MediaStream,
    Prompts,
    Recogniser,
)
from ari_app.services.advice import Adviser, Advising
from ari_app.services.call_languages import CallLanguages
from ari_app.services.hearing import SURE, Hearing, Listener
from ari_app.services.speaking import Speaker
from ari_app.services.turn_log import Answered, TurnLog
from ari_app.services.waiting import LEAST_S, PATIENCE_S, TICK_S, Waiting
from ari_app.services.who_answered import AnswerDetector, NobodyThere, WhoAnswered
from ari_app.voice.turn import (
    CallMemory,
    Gate,
    Interrupted,
    KeyPressed,
    KeysEntered,
    PromptEnded,
    Resumed,
    SpeechCancelled,
    SpeechFrame,
    Tick,
    TurnLimits,
    TurnOutput,
    TurnState,
    TurnTaker,
    UtteranceEnded,
)

log = structlog.get_logger(__name__)

#: The result of a conversation in which the customer did not want to be recorded.
RECORDING_REFUSED: Final = "recording_refused"
#: A playout mark that is later than the sound's own length by this much is not waited for any longer.
MARK_PATIENCE_S: Final = 2.0
#: What a frame answers when more follows from it than waiting for the next one (see ``ports.MediaStream.listen``).
GO_ON: Final = -1.0
#: As long as frames come, a tick without one is needed only when something is due; at the latest after this time.
FRAMES_COME_S: Final = 0.25
#: Nothing has been said yet that could be lost with a new turn.
_BEFORE_AN_ANSWER: Final = (TurnState.PROMPTING, TurnState.OVERHEARING, TurnState.WAITING)
#: A line that has never sent any sound is not waited for longer after a prompt, in seconds.
NO_SOUND_S: Final = 2.5
#: A terminator that comes within this time after a complete input belongs to it, in seconds.
LATE_TERMINATOR_S: Final = 3.0


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


@dataclass(frozen=True, slots=True)
class Ears:
    """What a call listens with: a speech gate, a detector, the recogniser of a language (None: keys only), and what the
    call teaches about its customer. One for each call."""

    gate: Gate
    detector: AnswerDetector
    recogniser: Callable[[str], Recogniser | None]
    memory: CallMemory = field(default_factory=CallMemory)
    limits: TurnLimits = field(default_factory=TurnLimits)


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
        adviser: Adviser | None = None,
        languages: CallLanguages | None = None,
    ) -> None:
        """:param languages: has prompts ready when the customer asks for another language."""
        self._dialogue = dialogue
        self._media = media
        self._ears = ears
        self._clock = clock
        self._stop_recording = stop_recording
        self._began = clock.monotonic()
        self._log = TurnLog(self._began)
        self._speaker = Speaker(media, clock, self._log)
        self._listener = Listener(ears.recogniser, dialogue.progress, media.wake, clock)
        self._waiting = Waiting(media, prompts, self._speaker, self._listener.errands, clock, self._overhear)
        self._advising = Advising(adviser, dialogue, self._waiting, self._listener.errands, media.wake, clock)
        self._frames_before = media.frames_received
        self._alive_at = self._began  # when the media leg last gave a sign of life
        self._who = WhoAnswered(ears.detector, self._began)
        self._asked_at = self._began
        self._keys_from: float | None = None
        self._keys_until = self._began
        self._late_terminator = ""  # the key that many press after the last digit that was waited for
        self._answered: Answered | None = None  # what the next prompt answers
        self._result: ConversationResult | None = None
        self._languages = languages

    async def run(self) -> Ended:
        """Talk until the dialogue ends. Raises MediaClosed when the sound is gone, SpeechError without a voice."""
        try:
            return await self._talk()
        except NobodyThere:
            self._result = ConversationResult(self._who.heard)
            return Ended(self._who.heard, heard=self._who.heard)
        finally:
            self._speaker.silence()
            await self._listener.close()
            await self._who.close()

    def so_far(self) -> ConversationSoFar:
        """The result when the conversation is over; what stands so far when the customer has hung up."""
        result = self._result or self._dialogue.hung_up().result or ConversationResult("hung_up")
        return ConversationSoFar(result, self._log.turns(), self._who.verdict, self._who.verdict_s)

    async def _talk(self) -> Ended:
        step = self._dialogue.start(self._clock.now())
        self._speaks(step.language)
        while step.result is None:
            given = await self._ask(step)
            if given.kind is InputKind.SILENCE and self._no_sound_at_all():
                self._result = ConversationResult("no_media")
                return Ended("no_media")
            silent_since = self._answered.speech_ended if self._answered else None
            given = await self._advising.advised(given, step.filler, silent_since)
            step = self._dialogue.answer(given, self._clock.now())
            self._advising.took(given, step)
            if self._answered is not None:
                self._answered.decided = self._clock.monotonic()
            self._speaks(step.language)
        self._result = step.result
        if step.result.result == RECORDING_REFUSED:
            await self._stop_recording()  # before another word is said
        await self._say_out(step)
        return Ended(step.result.result)

    def _speaks(self, language: str) -> None:
        """What other languages need is rendered beside the call."""
        work = self._languages.speaks(language) if self._languages is not None else None
        if work is not None:
            self._listener.errands.start(work)

    def _no_sound_at_all(self) -> bool:
        """The far end sends no RTP: not even silence has arrived since the answer."""
        return self._media.frames_received == self._frames_before

    # ------------------------------------------------------------------------------------------- one question

    async def _ask(self, step: FlowStep) -> CustomerInput:
        """Say the prompt, wait for the answer."""
        hearing = self._listener.open(step.question or Question("closing"))
        step, pcm = await self._sound(step)
        self._asked_at = self._clock.monotonic()
        self._keys_from = None
        lasts_s = await self._speaker.say(pcm, step.say, step.covers, self._answered)
        self._answered = None
        self._waiting.over()
        resumes = 0
        try:
            while True:
                taker = await self._listen(self._taker(hearing, lasts_s), hearing)
                self._late_terminator = _late_terminator(hearing.question, taker)
                given = await self._answer(step, taker, hearing)
                ended, limits = taker.answer, taker.limits
                if not isinstance(ended, UtteranceEnded) or ended.prompt_left_s is None:
                    return given
                if resumes == limits.max_resumes or not hearing.only_listens(ended, limits):
                    await self._speaker.cut_off()
                    return given
                resumes += 1
                taker.only_listened()
                self._answered = None
                lasts_s = await self._speaker.resume()
        finally:
            hearing.drop()

    def _taker(self, hearing: Hearing, prompt_s: float) -> TurnTaker:
        ears, now = self._ears, self._clock.monotonic()
        return TurnTaker(hearing.question, ears.gate, now, prompt_s, ears.limits, ears.memory)

    async def _listen(self, taker: TurnTaker, hearing: Hearing) -> TurnTaker:
        """Feed the turn-taker until it has the answer; the one that has it (a lost media leg may need a new one)."""
        media, gate, who, unheard = self._media, self._ears.gate, self._who, hearing.unheard
        outputs: tuple[TurnOutput, ...] = ()
        deaf = False

        def hear(pcm: bytes, at: float) -> float:
            """Fifty times a second in every call: no task, nothing kept, while nothing follows from the frame."""
            nonlocal outputs, deaf
            self._alive_at = at
            if who.listening:
                who.push(pcm, at)
            outputs = taker.hear(pcm, at)
            if outputs:
                if len(outputs) > 1 or type(outputs[0]) is not SpeechFrame:
                    return GO_ON
                hearing.feed(outputs[0].pcm)
                outputs = ()
            if unheard is not None and taker.state is TurnState.WAITING and unheard.push(gate.voiced, at):
                deaf = True
                return GO_ON
            left = taker.due - at
            return FRAMES_COME_S if left > FRAMES_COME_S else max(0.0, left)

        while True:
            while hearing.guesses:
                await self._carry_out(taker.push(hearing.guesses.popleft()), hearing)
            if taker.done:
                return taker
            event = await media.listen(self._patience(taker), hear)
            if deaf:
                return taker
            if isinstance(event, MediaRestored):
                taker = await self._restored(event.at, taker, hearing)
            elif not outputs:
                outputs = self._without_frame(event, taker)
                if not outputs and self._line_is_dead(taker):
                    return taker
            if outputs:
                before, outputs = outputs, ()
                await self._carry_out(before, hearing)

    def _patience(self, taker: TurnTaker) -> float:
        if taker.state is not TurnState.SPEAKING and taker.state is not TurnState.OVERHEARING:
            return TICK_S
        return min(TICK_S, max(0.0, taker.due - self._clock.monotonic()))

    async def _carry_out(self, outputs: tuple[TurnOutput, ...], hearing: Hearing) -> None:
        for output in outputs:
            if isinstance(output, Interrupted):
                await self._speaker.stop()
            elif isinstance(output, Resumed):
                await self._speaker.resume()
            else:
                hearing.take(output)

    def _without_frame(self, event: MediaEvent | None, taker: TurnTaker) -> tuple[TurnOutput, ...]:
        match event:
            case MediaKey(digit, at) if self._counts(digit, at):
                self._keys_from = at if self._keys_from is None else self._keys_from
                self._keys_until = at
                return taker.push(KeyPressed(digit, at))
            case MediaMark(name, at) if self._speaker.ended(name, at):
                return taker.push(PromptEnded(at))
            case MediaStarted(name, at):
                self._speaker.started(name, at)
            case _:
                pass
        return taker.push(Tick(self._clock.monotonic()))

    def _counts(self, digit: str, at: float) -> bool:
        """Whether a key belongs to the question now open."""
        self._who.key(at)
        late, self._late_terminator = self._late_terminator, ""
        if digit == late and at - self._asked_at < LATE_TERMINATOR_S:
            return False
        if at < self._asked_at:
            # Pressed while the last answer was recognised: it cannot mean a question not yet heard, which may be
            # whether a promise was understood.
            log.info("key before its question ignored")
            return False
        return True

    def _line_is_dead(self, taker: TurnTaker) -> bool:
        """Nothing has ever come from the far end: its person may hear us, and is not left in silence for long."""
        if taker.state is not TurnState.WAITING or not self._no_sound_at_all():
            return False
        waiting_since = taker.deadline - taker.question.no_input_s
        return self._clock.monotonic() - waiting_since >= NO_SOUND_S

    async def _restored(self, at: float, taker: TurnTaker, hearing: Hearing) -> TurnTaker:
        """The sound was gone: what was lost of the prompt is said again, then the question goes on."""
        log.info("sound is back", prompt_playing=self._speaker.playing)
        rest_s = await self._speaker.restore(self._alive_at, at)
        if rest_s > 0.0 and taker.state in _BEFORE_AN_ANSWER:
            hearing.take(SpeechCancelled())
            return self._taker(hearing, rest_s)
        return taker

    # ------------------------------------------------------------------------------------------- the answer

    async def _answer(self, step: FlowStep, taker: TurnTaker, hearing: Hearing) -> CustomerInput:
        now = self._clock.monotonic()
        match taker.answer:
            case KeysEntered(digits):
                given = CustomerInput(InputKind.KEYS, digits)
                self._log.customer(given, self._keys_from or now, self._keys_until)
                self._answered = Answered(final_text=now)
            case UtteranceEnded() as ended:
                voice_ended = now - ended.silent_s
                given = await self._text(step, ended, voice_ended, hearing)
                self._log.customer(given, voice_ended - ended.seconds, voice_ended)
                sure = bool(given.text) and given.confidence >= SURE
                self._who.answered(now, self._speaker.ends, sure=sure)
                self._answered = Answered(voice_ended, hearing.text_at)
            case _ if hearing.unheard is not None and hearing.unheard.over:
                given = CustomerInput(InputKind.SPEECH, "", 0.0)
                self._log.customer(given, hearing.unheard.began or now, hearing.unheard.ended)
                self._answered = Answered(hearing.unheard.ended, now)
            case _:
                given = CustomerInput(InputKind.SILENCE)
                self._log.customer(given, now, now)
        return given

    async def _text(
        self, step: FlowStep, ended: UtteranceEnded, voice_ended: float, hearing: Hearing
    ) -> CustomerInput:
        """The text of the utterance; empty when the recogniser failed, so that the flow asks again."""
        now = self._clock.monotonic()
        until = max(voice_ended + PATIENCE_S, now + LEAST_S)
        hearing.finish(ended, until - now)
        silent_since = max(voice_ended, self._speaker.ends) if self._speaker.playing else voice_ended
        await self._waiting.wait(lambda: hearing.given is not None, step.filler, silent_since, until)
        if hearing.given is None:
            hearing.give_up()
        return hearing.given or CustomerInput(InputKind.SPEECH, "", 0.0)

    async def _sound(self, step: FlowStep) -> tuple[FlowStep, bytes]:
        """The sound of a step, and the step as it is said: without an improvised answer that no voice can speak."""
        since = self._answered.speech_ended if self._answered else None
        try:
            return step, await self._waiting.sound(step, since)
        except SpeechError:
            if not step.improvised:
                raise
            log.warning("an answer of the language model cannot be spoken")
            step = replace(step, say=step.say[step.improvised :], improvised=0)
            return step, await self._waiting.sound(step, since)

    def _overhear(self, event: MediaEvent | None) -> None:
        """What comes in while no question is open, and so belongs to none."""
        match event:
            case MediaFrame():
                self._alive_at = event.at
                self._ears.gate.push(event.pcm)  # goes on learning the line's noise
                self._who.push(event.pcm, event.at)
            case MediaKey(digit, at):
                self._who.key(at)
                if digit == self._late_terminator:
                    self._late_terminator = ""
                else:
                    log.info("key before its question ignored")
            case MediaStarted(name, at):
                self._speaker.started(name, at)
            case MediaMark(name, at):
                self._speaker.ended(name, at)
            case _:
                pass

    # ------------------------------------------------------------------------------------------- the last words

    async def _say_out(self, step: FlowStep) -> None:
        """Say the closing and wait until it has been played out (or should have been)."""
        step, pcm = await self._sound(step)
        if not pcm:
            return
        lasts_s = await self._speaker.say(pcm, step.say, step.covers, self._answered)
        deadline = self._clock.monotonic() + lasts_s + MARK_PATIENCE_S
        while (left := deadline - self._clock.monotonic()) > 0:
            event = await self._media.receive(min(left, 0.5))
            match event:
                case MediaFrame():
                    self._alive_at = event.at
                case MediaMark(name, at) if self._speaker.ended(name, at):
                    return
                case MediaStarted(name, at):
                    self._speaker.started(name, at)
                case MediaRestored(at):
                    rest_s = await self._speaker.restore(self._alive_at, at)
                    deadline = self._clock.monotonic() + rest_s + MARK_PATIENCE_S
                case _:
                    pass


def _late_terminator(question: Question, taker: TurnTaker) -> str:
    """The terminator, when the input was complete without it: it may still come, and belongs to that input."""
    keys = question.keys
    match taker.answer:
        case KeysEntered(digits) if len(digits) >= keys.max_digits > 1:
            return keys.terminator
        case _:
            return ""
