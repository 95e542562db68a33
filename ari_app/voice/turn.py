"""Turn-taking for one question: the customer speaks, presses keys, interrupts or stays silent.

A machine without a clock: frames, keys, playout marks and ticks go in as values, commands come out as values. Whatever
comes in, exactly one answer comes out (UtteranceEnded, KeysEntered or NoInput), within ``TurnTaker.latest_answer_at``.
Silence is measured by the clock, because a far end that sends no RTP produces no frames at all.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.barge_in import BargeIn, sound_over_prompt
from ari_app.voice.endpointing import CUT_IN_S, CallMemory, Endpointing
from ari_app.voice.overlap import NODS, Overlap
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn_table import TRANSITIONS, TurnSignal, TurnState
from ari_app.voice.turn_terms import Asked, AskedKeys, DiscerningGate, Gate, Sound, TurnLimits
from ari_app.voice.turn_values import (
    Answer,
    FrameHeard,
    Guessed,
    Interrupted,
    KeyPressed,
    KeysEntered,
    NoInput,
    PromptEnded,
    Resumed,
    Speculate,
    SpeculationDropped,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    Tick,
    TurnInput,
    TurnOutput,
    UtteranceEnded,
)

__all__ = [
    "KEYS",
    "TRANSITIONS",
    "Answer",
    "Asked",
    "AskedKeys",
    "CallMemory",
    "FrameHeard",
    "Gate",
    "Guessed",
    "Interrupted",
    "KeyPressed",
    "KeysEntered",
    "NoInput",
    "PromptEnded",
    "Resumed",
    "Speculate",
    "SpeculationDropped",
    "SpeechCancelled",
    "SpeechFrame",
    "SpeechStarted",
    "Tick",
    "TurnInput",
    "TurnLimits",
    "TurnOutput",
    "TurnSignal",
    "TurnState",
    "TurnTaker",
    "UtteranceEnded",
]

KEYS: Final = frozenset("0123456789*#ABCD")


class TurnTaker:
    """Takes one question to its one answer; ``push`` every input in order, execute what it returns.

    ``prompt_s`` is the length of the prompt that is being played (0: none, the customer may answer at once).
    With ``barge_in`` off, speech over the prompt is not heard, keys are kept until the prompt has ended. Without a
    grammar speech is not collected; without ``max_digits`` keys are not. ``memory`` is the call's own, so that its
    lessons outlive the question. ``resumes``, ``overheard`` and ``false_starts`` count what was no answer: prompts that
    were stopped and went on, prompts that were not stopped, sounds after the prompt.
    """

    def __init__(
        self,
        question: Asked,
        gate: Gate,
        now: float,
        prompt_s: float = 0.0,
        limits: TurnLimits | None = None,
        memory: CallMemory | None = None,
    ) -> None:
        self.question = question
        self.limits = limits or TurnLimits()
        self.memory = memory or CallMemory()
        self.state = TurnState.PROMPTING if prompt_s > 0 else TurnState.WAITING
        self.answer: Answer | None = None
        self.ignored_keys = 0
        self.stale_guesses = 0
        self.resumes = 0
        self.overheard = 0
        self.false_starts = 0
        self._gate = gate
        self._discerning = gate if isinstance(gate, DiscerningGate) else None
        self._now = now
        self._started_at = now
        self._prompt_s = max(0.0, prompt_s)
        self._prompt_limit = self._prompt_s + self.limits.prompt_grace_s
        self._deadline = now + (self._prompt_limit if prompt_s > 0 else question.no_input_s)
        self._no_input_at = self._deadline
        self._prompt_left_s = self._prompt_s
        self._playing_since = now
        self._barge_in = BargeIn(self.limits, self.memory.caution)
        self._utterance: Endpointing | None = None
        self._overlap: Overlap | None = None
        self._nodded = False
        self._trail = self.memory.familiar.trail()
        self._doubted_at = -math.inf
        self._went_on = 0
        self._heard: deque[bytes] = deque(maxlen=max(1, round((self.limits.pre_roll_s + 1.2) / FRAME_S)))
        self._onset = 0
        self._voiced_onset = 0
        self._digits = ""
        self._ahead = ""
        self._frame = b""
        self._frame_at = now
        self._key = ""
        self._dropped: int | None = None

    @property
    def done(self) -> bool:
        """Whether the answer has been given; every later input is ignored."""
        return self.state is TurnState.DONE

    @property
    def deadline(self) -> float:
        """When a Tick is needed at the latest."""
        if self._utterance is None:
            return self._deadline
        return min(self._utterance.speculate_at, self._ends_at(self._utterance))

    @property
    def due(self) -> float:
        """Nothing is due before, so far as is known: as a rule the deadline, sometimes earlier, and cheap."""
        return self._deadline if self._utterance is None else self._utterance.nothing_before

    @property
    def latest_answer_at(self) -> float:
        """The answer is out by this time as long as ticks come, whatever the customer and the recogniser do.

        The prompt may be played ``max_resumes`` times more, each after a false start, and as often after the first half
        of something; its end may be talked over; the waiting time runs on through such sounds; then comes one utterance
        or one series of keys.
        """
        ask, limits = self.question, self.limits
        resumed = self._prompt_limit + min(limits.false_start_s, ask.max_speech_s)
        prompting = self._prompt_limit + 2 * limits.max_resumes * resumed + ask.max_speech_s
        keying = ask.keys.inter_digit_s * max(1, ask.keys.max_digits)
        return self._started_at + prompting + ask.no_input_s + ask.max_speech_s + keying

    def push(self, given: TurnInput) -> tuple[TurnOutput, ...]:
        """Take one input; time that runs backwards stands still instead."""
        if type(given) is FrameHeard:
            return self.hear(given.pcm, given.at)
        out = self._until(given.at)
        if self.state is TurnState.DONE:
            return tuple(out)
        match given:
            case KeyPressed():
                out += self._press(given.digit)
            case PromptEnded():
                out += self._step(TurnSignal.PROMPT_ENDED)
            case Guessed():
                out += self._take_guess(given)
            case _:
                pass
        return tuple(out)

    def hear(self, pcm: bytes, at: float) -> tuple[TurnOutput, ...]:
        """The same as to push ``FrameHeard(pcm, at)``; for what happens fifty times a second."""
        out = self._until(at)
        if self.state is TurnState.DONE:
            return tuple(out)
        heard = self._hear(pcm, at)
        return (*out, *heard) if out else tuple(heard)

    def _until(self, at: float) -> list[TurnOutput]:
        if at > self._now:
            self._now = at
        utterance = self._utterance
        due = self._deadline if utterance is None else utterance.nothing_before
        return self._pass_time() if self._now >= due else []

    # ---------------------------------------------------------------------------------------------- inputs to signals

    def _pass_time(self) -> list[TurnOutput]:
        """Everything whose time has come, in its order."""
        out: list[TurnOutput] = []
        while not self.done and self._now >= self.deadline:
            utterance = self._utterance
            if utterance is None:
                out += self._step(TurnSignal.TIME_UP)
            elif self._now >= self._ends_at(utterance):
                out += self._step(self._verdict(utterance))
            else:
                out += self._step(TurnSignal.PAUSE)
        if self._utterance is not None:
            self._utterance.nothing_before = self.deadline
        return out

    def _hear(self, frame: bytes, at: float) -> Sequence[TurnOutput]:
        gate = self._gate
        speaking = gate.push(frame)
        voiced = gate.voiced
        self._frame, self._frame_at = frame, at
        if self._discerning is not None:
            self.memory.heard(self._discerning.level_dbfs)
        self._heard.append(frame)
        if self._utterance is not None:
            self._dropped = self._utterance.hear(voiced, self._now)
            if self._dropped is not None:
                out = self._step(TurnSignal.VOICE_AGAIN)
            else:
                out = [
                    SpeechFrame(frame)
                ]  # as the table says of a frame, in both states that have an utterance
            if self._overlap is None:
                return out
            self._trace(voiced)
            return out if self.state is TurnState.SPEAKING else out + self._overhear(self._utterance, voiced)
        if not speaking:
            self._onset = self._voiced_onset = 0
        else:
            self._onset += 1
            self._voiced_onset += voiced
            if voiced and self._onset == 1:
                self.memory.spoke(at)
        if self._counts_as_start(speaking, voiced):
            aside = self.state is TurnState.PROMPTING and self._patient()
            return self._step(TurnSignal.ASIDE if aside else TurnSignal.SPEECH)
        return ()

    def _sound(self, voiced: bool) -> Sound | None:
        if not voiced:
            return None
        if self._discerning is None:
            return Sound.VOICE
        return sound_over_prompt(self._discerning, self.memory.background_dbfs, self.limits)

    def _trace(self, voiced: bool) -> None:
        """How the sound over the prompt goes on."""
        if self._discerning is not None and not self._trail.full:
            self._trail.add(self._discerning.shape() if voiced else None)

    def _patient(self) -> bool:
        """Whether the prompt goes on until it is known that somebody interrupts: it sounds as what was none before."""
        return not self._may_resume() or self._trail.familiar is not None

    def _overhear(self, utterance: Endpointing, voiced: bool) -> list[TurnOutput]:
        """The prompt goes on over speech, but not for long: no back-channel lasts so."""
        limits = self.limits
        self._barge_in.hear(self._sound(voiced))
        if voiced and not self._patient():
            return self._step(TurnSignal.SPEECH)
        # What could not be taken back any more may not stop the prompt before it is that long.
        enough_s = limits.nod_s if self._may_resume() else limits.false_start_s
        if self._now - utterance.began < enough_s - FRAME_S / 2:
            return []
        if voiced and self._barge_in.evidence_s >= limits.nod_s / 2 - FRAME_S / 2:
            return self._step(TurnSignal.SPEECH)
        return [] if utterance.recent(self._now) else self._step(TurnSignal.FALSE_INTERRUPTION)

    def _counts_as_start(self, speaking: bool, voiced: bool) -> bool:
        if self.question.grammar is None:
            return False
        if self.state is TurnState.WAITING:
            return speaking and voiced
        if self.state is not TurnState.PROMPTING or not self.question.barge_in:
            return False
        stops = self._barge_in.hear(self._sound(voiced))
        if self._barge_in.frames:
            self._trace(voiced)
        elif self._trail.frames:
            self._trail = self.memory.familiar.trail()
        if not stops:
            return False
        self._onset = max(self._onset, self._barge_in.frames)
        self._voiced_onset = max(self._voiced_onset, self._barge_in.voiced_frames)
        return True

    def _press(self, digit: str) -> list[TurnOutput]:
        keys = self.question.keys
        if digit not in KEYS or keys.max_digits < 1:
            self.ignored_keys += 1
            return []
        if self.state is TurnState.PROMPTING and not self.question.barge_in:
            self._ahead = (self._ahead + digit)[: keys.max_digits + 1]
            return []
        self._key = digit
        return self._step(TurnSignal.LAST_KEY if is_last(keys, self._digits, digit) else TurnSignal.KEY)

    def _take_guess(self, guess: Guessed) -> list[TurnOutput]:
        utterance = self._utterance
        if utterance is None or not utterance.guessed(guess.number, guess.progress, guess.doubtful):
            self.stale_guesses += 1
            return []
        out: list[TurnOutput] = []
        if self._takes_back(utterance):
            out = self._step(TurnSignal.FALSE_INTERRUPTION)
        elif self._overlap is not None and self._overlap.is_one(utterance, self._now):
            out = self._step(TurnSignal.SPEECH)
        return out + self._pass_time()

    def _may_take_back(self) -> bool:
        return self.state is TurnState.OVERHEARING or self._may_resume()

    def _may_resume(self) -> bool:
        """Whether the prompt may be stopped for nothing once more; the first halves of something do not count."""
        return self.resumes - self._went_on < self.limits.max_resumes

    def _takes_back(self, utterance: Endpointing) -> bool:
        """Whether what was said over the prompt was no interruption, by what was recognised."""
        overlap = self._overlap
        return overlap is not None and self._may_take_back() and overlap.is_none(utterance, self._now)

    def _ends_at(self, utterance: Endpointing) -> float:
        """When the utterance ends."""
        if self._overlap is None or not self._may_take_back():
            return utterance.end_at
        return self._overlap.ends_at(utterance)

    def _verdict(self, utterance: Endpointing) -> TurnSignal:
        """What an utterance whose time is up amounts to."""
        now, overlap = self._now, self._overlap
        if overlap is not None:
            # Over a prompt that goes on, a guess without words of an answer; without a guess the text must tell.
            wordless = self.state is TurnState.OVERHEARING and utterance.progress is not None
            noise = self._may_take_back() and overlap.is_noise(utterance, now)
            none = wordless or noise or self._takes_back(utterance)
            return TurnSignal.FALSE_INTERRUPTION if none else TurnSignal.TIME_UP
        nothing = utterance.progress is AnswerProgress.NOTHING and utterance.short(now)
        # Begun over the prompt and ended after it.
        nods = utterance.progress is AnswerProgress.BACK_CHANNEL and utterance.recent(now)
        if (nothing or nods) and self.false_starts < self.limits.max_false_starts:
            return TurnSignal.FALSE_START
        return TurnSignal.TIME_UP

    def _step(self, signal: TurnSignal) -> list[TurnOutput]:
        entry = TRANSITIONS.get((self.state, signal))
        if entry is None:
            return []
        self.state, actions = entry
        out: list[TurnOutput] = []
        for action in actions:
            out += _ACTIONS[action](self)
        return out

    # ---------------------------------------------------------------------------------------------- actions

    def _begin_overlap(self) -> list[TurnOutput]:
        if self._now - self._onset * FRAME_S - self._doubted_at < CUT_IN_S:
            self.memory.went_on()
            if self._went_on < self.limits.max_resumes:
                self._went_on += 1
        self._doubted_at = -math.inf
        self._overlap = Overlap(self.limits, self._left_at(self._now - self._onset * FRAME_S))
        return []

    def _left_at(self, at: float) -> float:
        """Seconds of the prompt that had not been played at a moment."""
        return max(0.0, self._prompt_left_s - (at - self._playing_since))

    def _interrupt_by_speech(self) -> list[TurnOutput]:
        if self._utterance is not None:
            self._utterance.nothing_before = -math.inf  # who may not take back waits for no guess
        self._prompt_left_s = self._left_at(self._now)
        return [Interrupted("speech")]

    def _prompt_over(self) -> list[TurnOutput]:
        self._overlap = None
        if self._utterance is not None:
            self._utterance.nothing_before = -math.inf
        self._deadline = self._no_input_at = self._now + self.question.no_input_s
        return []

    def _interrupt_by_keys(self) -> list[TurnOutput]:
        return [Interrupted("keys")]

    def _await_input(self) -> list[TurnOutput]:
        self._deadline = self._no_input_at = self._now + self.question.no_input_s
        out: list[TurnOutput] = []
        ahead, self._ahead = self._ahead, ""
        for digit in ahead:
            if not self.done:
                out += self._press(digit)
        return out

    def _start_speech(self) -> list[TurnOutput]:
        ask = self.question
        self.memory.spoke(self._frame_at - (self._onset - 1) * FRAME_S)
        self._utterance = Endpointing(
            ask.endpoint_s,
            began=self._now - self._onset * FRAME_S,
            now=self._now,
            limit_at=self._now + ask.max_speech_s,
            memory=self.memory,
            limits=self.limits,
        )
        self._utterance.voiced_s = self._voiced_onset * FRAME_S
        keep = self._onset + round(self.limits.pre_roll_s / FRAME_S)
        pcm = b"".join(list(self._heard)[-keep:])
        return [SpeechStarted(pcm, over_prompt=self._overlap is not None)]

    def _pass_frame(self) -> list[TurnOutput]:
        return [SpeechFrame(self._frame)]

    def _speculate(self) -> list[TurnOutput]:
        return [] if self._utterance is None else [Speculate(self._utterance.speculate())]

    def _drop_speculation(self) -> list[TurnOutput]:
        return [] if self._dropped is None else [SpeculationDropped(self._dropped)]

    def _cancel_speech(self) -> list[TurnOutput]:
        self._nodded = self._utterance is not None and self._utterance.progress in NODS
        self._utterance = self._overlap = None
        self._onset = self._voiced_onset = 0
        return [SpeechCancelled()]

    def _talk_on(self) -> list[TurnOutput]:
        self.overheard += 1
        self.memory.familiar.learn(self._trail, surely=self._nodded)
        self._listen_anew()
        return []

    def _listen_anew(self) -> None:
        """For the next sound over the prompt."""
        self._barge_in = BargeIn(self.limits, self.memory.caution)
        self._trail = self.memory.familiar.trail()

    def only_listened(self) -> None:
        """The answer that was given was none, by its text: the call learns that."""
        self.memory.interrupted(self._trail, rightly=False, nodded=True)

    def _resume_prompt(self) -> list[TurnOutput]:
        self.resumes += 1
        self.memory.interrupted(self._trail, rightly=False, nodded=self._nodded)
        self._doubted_at = -math.inf if self._nodded else self._now
        self._listen_anew()
        self._playing_since = self._now
        self._deadline = self._now + self._prompt_limit
        return [Resumed()]

    def _go_on_waiting(self) -> list[TurnOutput]:
        self.false_starts += 1
        self._deadline = self._no_input_at
        return []

    def _collect_key(self) -> list[TurnOutput]:
        self._deadline = self._now + self.question.keys.inter_digit_s
        if self._key != self.question.keys.terminator or not self._digits:
            self._digits += self._key
        return []

    def _answer_keys(self) -> list[TurnOutput]:
        enough = len(self._digits) >= self.question.keys.min_digits
        return self._finish(KeysEntered(self._digits, complete=enough))

    def _answer_speech(self) -> list[TurnOutput]:
        utterance = self._utterance
        if utterance is None:  # not reachable: SPEAKING has its utterance
            return self._finish(UtteranceEnded(0.0))
        cut_off = self._now >= utterance.limit_at
        utterance.end(cut_off)
        if self._overlap is not None:
            rightly = utterance.progress is not AnswerProgress.NOTHING
            self.memory.interrupted(self._trail, rightly=rightly)
        return self._finish(
            UtteranceEnded(
                seconds=max(0.0, utterance.last_voice - utterance.began),
                cut_off=cut_off,
                speculation=utterance.number,
                silent_s=max(0.0, self._now - utterance.last_voice),
                prompt_left_s=None if self._overlap is None else self._overlap.left_s,
            )
        )

    def _answer_no_input(self) -> list[TurnOutput]:
        return self._finish(NoInput())

    def _finish(self, answer: Answer) -> list[TurnOutput]:
        self.answer = answer
        return [answer]


def is_last(keys: AskedKeys, digits: str, digit: str) -> bool:
    """Whether this key completes the input: the terminator, or the last digit that may come.

    A terminator that comes first is a key like any other, and alone it ends the input.
    """
    return digit == keys.terminator or len(digits) + 1 >= keys.max_digits


_ACTIONS: Final[Mapping[str, Callable[[TurnTaker], list[TurnOutput]]]] = {
    "begin_overlap": TurnTaker._begin_overlap,
    "interrupt_by_speech": TurnTaker._interrupt_by_speech,
    "interrupt_by_keys": TurnTaker._interrupt_by_keys,
    "await_input": TurnTaker._await_input,
    "start_speech": TurnTaker._start_speech,
    "pass_frame": TurnTaker._pass_frame,
    "speculate": TurnTaker._speculate,
    "drop_speculation": TurnTaker._drop_speculation,
    "cancel_speech": TurnTaker._cancel_speech,
    "talk_on": TurnTaker._talk_on,
    "prompt_over": TurnTaker._prompt_over,
    "resume_prompt": TurnTaker._resume_prompt,
    "go_on_waiting": TurnTaker._go_on_waiting,
    "collect_key": TurnTaker._collect_key,
    "answer_keys": TurnTaker._answer_keys,
    "answer_speech": TurnTaker._answer_speech,
    "answer_no_input": TurnTaker._answer_no_input,
}
