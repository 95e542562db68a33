"""Speech over a prompt: an interruption, or only a sound, or the word of one who listens.

Whether the prompt has been stopped for it (``TurnState.SPEAKING``) or goes on meanwhile (``OVERHEARING``), the same words
mean the same thing.
"""

from __future__ import annotations

from typing import Final

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import Endpointing
from ari_app.voice.turn_terms import TurnLimits
from ari_app.voice.turn_values import UtteranceEnded

NODS: Final = frozenset({AnswerProgress.BACK_CHANNEL, AnswerProgress.ASSENT})
"""What a customer says who listens."""


def only_listened(
    ended: UtteranceEnded, progress: AnswerProgress, limits: TurnLimits, *, doubtful: bool
) -> bool:
    """Whether an utterance over a prompt, whose text is there at last, was no interruption (see Overlap.is_none)."""
    match progress:
        case AnswerProgress.BACK_CHANNEL:
            return True
        case AnswerProgress.ASSENT:
            return (ended.prompt_left_s or 0.0) > limits.tail_s
        case _:
            wordless = doubtful or progress is AnswerProgress.NOTHING
            return wordless and ended.seconds < limits.wordless_s


class Overlap:
    """One utterance that began over a prompt of which ``left_s`` seconds were still to be played."""

    def __init__(self, limits: TurnLimits, left_s: float) -> None:
        self._limits = limits
        self.left_s = left_s
        self._wordless_s = max(limits.short_s, limits.wordless_s)

    def is_none(self, utterance: Endpointing, now: float) -> bool:
        """Whether it is no interruption, by what was recognised: the prompt goes on.

        A back-channel is none wherever it comes. What also says yes is none but at the end of the prompt; the flow makes
        that difference only where a yes or no is asked. Words that nobody is sure of need a moment: they may be half
        of some that are.
        """
        limits = self._limits
        if not utterance.recent(now):
            return False
        match utterance.progress:
            case AnswerProgress.BACK_CHANNEL:
                return True
            case AnswerProgress.ASSENT:
                return self.left_s > limits.tail_s
            case AnswerProgress.NOTHING:
                return utterance.short(now, self._wordless_s)
            case None:
                return False
            case _:
                silent = now >= utterance.last_voice + limits.complete_s
                return utterance.doubtful and silent and utterance.short(now, self._wordless_s)

    def is_one(self, utterance: Endpointing, now: float) -> bool:
        """Whether it is an interruption, by what was recognised: words of an answer."""
        match utterance.progress:
            case AnswerProgress.IN_PROGRESS | AnswerProgress.OPEN | AnswerProgress.COMPLETE:
                return not (utterance.doubtful and utterance.short(now, self._wordless_s))
            case AnswerProgress.ASSENT:
                return not self.is_none(utterance, now)
            case _:
                return False

    def ends_at(self, utterance: Endpointing) -> float:
        """When silence decides about it.

        Sooner than an answer for short words that nobody is sure of, later for a short sound whose guess is awaited.
        """
        limits = self._limits
        if not utterance.short(utterance.last_voice, self._wordless_s):
            return utterance.end_at
        if utterance.progress is None:
            return min(utterance.limit_at, max(utterance.end_at, utterance.last_voice + limits.guess_wait_s))
        if utterance.doubtful:
            return min(utterance.end_at, utterance.last_voice + limits.complete_s)
        return utterance.end_at

    def is_noise(self, utterance: Endpointing, now: float) -> bool:
        """Whether it is none because it was so short, and no guess has come in time."""
        short = utterance.short(utterance.last_voice)
        return utterance.progress is None and short and utterance.recent(now)
