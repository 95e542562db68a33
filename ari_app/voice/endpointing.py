"""Endpointing: how long a silence must be before the customer has finished, and what a call teaches about it.

``CallMemory`` lives as long as the call and is handed to each question's turn-taker. ``Endpointing`` is one utterance.
Times are seconds of the steady clock that the frames carry.
"""

from __future__ import annotations

import math
from typing import Final

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.likeness import Familiar, Trail
from ari_app.voice.pcm import FRAME_S
from ari_app.voice.turn_terms import TurnLimits

SHORTEST_PAUSE_S: Final = 0.15
"""Shorter gaps are the closures inside words (the t of "sixteen"), not pauses."""
CUT_IN_S: Final = 1.0
"""Who speaks again so soon after his last word cannot be answering the next question yet."""
QUIET_DBFS: Final = -60.0
"""A background that is softer makes no difference."""
LEAST_FACTOR: Final = 0.75
MOST_FACTOR: Final = 1.75
_LONGEST_PAUSE: Final = 2.5
_GAIN: Final = 0.125
_DEVIATION_GAIN: Final = 0.25
_DEVIATIONS: Final = 2.5
_START_MEAN: Final = 0.5
_START_DEVIATION: Final = 0.2
_HASTE_STEP_S: Final = 0.1
_MOST_HASTE_S: Final = 0.3
_HASTE_DECAY: Final = 0.8
_MOST_CAUTION: Final = 3
_BACKGROUND_RISE: Final = FRAME_S / 3.0
_BACKGROUND_FALL: Final = FRAME_S / 0.7


class CallMemory:
    """What one call has taught so far; kept by the caller, one for each call.

    Pauses are smoothed like round-trip times (RFC 6298): mean and mean deviation, in multiples of the wait of the
    question at hand, so that mean + 2.5 deviations is the factor by which to wait longer or shorter. It starts at 1
    and stays within 0.75 and 1.75. A customer who goes on right after he was thought to have finished has shown a
    pause longer than the wait: the only way to see those.
    """

    def __init__(self) -> None:
        self.cut_ins = 0
        self.pauses = 0
        self.false_interruptions = 0
        self.background_dbfs = QUIET_DBFS
        self.familiar = Familiar()
        self._mean = _START_MEAN
        self._deviation = _START_DEVIATION
        self._haste_s = 0.0
        self._caution = 0
        self._number = 0
        self._ended: tuple[float, float, bool] | None = None

    @property
    def factor(self) -> float:
        """What the wait of a question is multiplied by, 0.75 to 1.75."""
        return min(MOST_FACTOR, max(LEAST_FACTOR, self._mean + _DEVIATIONS * self._deviation))

    @property
    def complete_extra_s(self) -> float:
        """Seconds that complete answers wait longer, because some were not complete; 0 to 0.3."""
        return self._haste_s

    @property
    def caution(self) -> float:
        """What the speech needed to interrupt a prompt is multiplied by, after false interruptions; 1 to 2.5."""
        return 1.0 + 0.5 * self._caution

    def heard(self, level_dbfs: float) -> None:
        """The level of a frame, of any kind: what goes on all the time is the background."""
        gain = _BACKGROUND_RISE if level_dbfs > self.background_dbfs else _BACKGROUND_FALL
        self.background_dbfs += gain * (max(QUIET_DBFS, level_dbfs) - self.background_dbfs)

    def next_number(self) -> int:
        """Numbers speculations through the whole call, so that a late guess never meets another question's."""
        self._number += 1
        return self._number

    def paused(self, seconds: float, asked_s: float) -> None:
        """Within an answer the customer paused and went on; ``asked_s`` is the question's own wait."""
        if seconds < SHORTEST_PAUSE_S or asked_s <= 0:
            return
        self.pauses += 1
        sample = min(_LONGEST_PAUSE, seconds / asked_s)
        self._deviation += _DEVIATION_GAIN * (abs(sample - self._mean) - self._deviation)
        self._mean += _GAIN * (sample - self._mean)

    def ended(self, last_voice: float, asked_s: float, *, complete: bool) -> None:
        """An utterance was taken for finished."""
        self._ended = (last_voice, asked_s, complete)
        if complete:
            self._haste_s *= _HASTE_DECAY

    def spoke(self, at: float) -> None:
        """Speech began; right after the last end it was a cut-in, and the end came too early."""
        ended, self._ended = self._ended, None
        if ended is None:
            return
        last_voice, asked_s, complete = ended
        gap = at - last_voice
        if not 0.0 < gap <= CUT_IN_S:
            return
        self.cut_ins += 1
        if complete:
            self._haste_s = min(_MOST_HASTE_S, self._haste_s + _HASTE_STEP_S)
        else:
            self.paused(gap, asked_s)

    def interrupted(self, sound: Trail, *, rightly: bool, nodded: bool = False) -> None:
        """A sound that stopped a prompt turned out to be an interruption, or none; ``nodded``: it was a back-channel.

        Those are known again by their sound; against the others more speech is asked for.
        """
        self.false_interruptions += not rightly
        if rightly:
            self.familiar.forget(sound)
        else:
            self.familiar.learn(sound, surely=nodded)
        step = -1 if rightly else 0 if nodded else 1
        self._caution = max(0, min(_MOST_CAUTION, self._caution + step))

    def went_on(self) -> None:
        """Right after a sound that was taken for nothing its speaker went on: it was the beginning of something."""
        self.familiar.unlearn()
        self._caution = max(0, self._caution - 1)


def silence_wait(
    asked_s: float, progress: AnswerProgress | None, memory: CallMemory, limits: TurnLimits
) -> float:
    """Seconds of silence that end the utterance, by what the words so far amount to (None: not known yet)."""
    wait = asked_s * memory.factor
    match progress:
        case AnswerProgress.COMPLETE | AnswerProgress.ASSENT:
            return min(wait, limits.complete_s + memory.complete_extra_s)
        case AnswerProgress.IN_PROGRESS:
            return max(wait, min(wait * limits.in_progress_factor, limits.in_progress_max_s))
        case _:
            return wait


class Endpointing:
    """One utterance: its last voice, the speculation that covers it, and when it ends.

    ``began`` is when its speech began, ``limit_at`` when it ends in any case.
    """

    def __init__(
        self,
        asked_s: float,
        began: float,
        now: float,
        limit_at: float,
        memory: CallMemory,
        limits: TurnLimits,
    ) -> None:
        self.began = began
        self.limit_at = limit_at
        self.last_voice = now
        self.voiced_s = 0.0
        self.progress: AnswerProgress | None = None
        self.doubtful = False
        self.number: int | None = None
        self._asked_s = asked_s
        self._memory = memory
        self._limits = limits
        self._blip: float | None = None
        self._least_s = min(limits.speculate_s, limits.complete_s, LEAST_FACTOR * asked_s)
        self.nothing_before = min(limit_at, now + self._least_s)
        """Neither a guess nor an end is due before: cheap, for every frame. Who works out when they are may put it there;
        what could make them earlier sets it back."""

    @property
    def speculate_at(self) -> float:
        """When the words so far are asked for; never, while a request covers them all."""
        return math.inf if self.number is not None else self.last_voice + self._limits.speculate_s

    @property
    def end_at(self) -> float:
        """When the silence is long enough. A single voiced frame is given the time to become speech."""
        end = self.last_voice + silence_wait(self._asked_s, self.progress, self._memory, self._limits)
        if self._blip is not None:
            end = max(end, self._blip + 2 * FRAME_S)
        return min(self.limit_at, end)

    def hear(self, voiced: bool, now: float) -> int | None:
        """One frame; returns the speculation that it makes worthless.

        After a short silence two voiced frames within three are speech again, one is a click.
        """
        if not voiced:
            if self._blip is not None and now - self._blip >= 2 * FRAME_S:
                self._blip = None
                self.nothing_before = -math.inf
            return None
        self.voiced_s += FRAME_S
        silent = now - self.last_voice
        if silent >= self._limits.speculate_s and (self._blip is None or now - self._blip > 3 * FRAME_S):
            self._blip = now
            return None
        if self._blip is not None:
            silent, self._blip = self._blip - self.last_voice, None
        self._memory.paused(silent, self._asked_s)
        self.last_voice = now
        self.nothing_before = min(self.limit_at, now + self._least_s)
        dropped, self.number, self.progress = self.number, None, None
        return dropped

    def speculate(self) -> int:
        """A new number for the request that covers all voice so far."""
        self.number = self._memory.next_number()
        return self.number

    def guessed(self, number: int, progress: AnswerProgress, doubtful: bool = False) -> bool:
        """What the words amount to; False (and nothing changes) for a number that is not the open one."""
        if number != self.number:
            return False
        self.progress, self.doubtful = progress, doubtful
        self.nothing_before = -math.inf
        return True

    def short(self, now: float, voice_s: float | None = None) -> bool:
        """Whether there was too little voice (``voice_s``: ``short_s``), and all of it just now, to be an answer."""
        enough_s = self._limits.short_s if voice_s is None else voice_s
        # Half a frame: sums of 0.02 are not exact.
        return self.voiced_s < enough_s - FRAME_S / 2 and self.recent(now)

    def recent(self, now: float) -> bool:
        """Whether the utterance began so lately that it may be taken back."""
        return now - self.began <= self._limits.false_start_s

    def end(self, cut_off: bool) -> None:
        """The utterance is taken for finished; a cut-off one teaches nothing."""
        if not cut_off:
            complete = self.progress in (AnswerProgress.COMPLETE, AnswerProgress.ASSENT)
            self._memory.ended(self.last_voice, self._asked_s, complete=complete)
