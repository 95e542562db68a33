"""What the rules of one language found in an utterance, before one meaning is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A date as spoken: where it stands in the text, and its value, None where it is ambiguous."""

    start: int
    end: int
    value: date | None


@dataclass(slots=True)
class Heard:
    """Findings of one utterance.

    ``intents`` maps an intent, or a finer meaning, to how sure its rule is (0 to 1); ``finer`` are the finer meanings
    once they have been made intents. Slots are in spoken order, what was
    negated left out; ``unclear_date``: a date was named that nobody can be sure of (a bare weekday
    that is today). ``corrects`` is set by words that replace what was said before ('改到', 'make it'). ``language``
    is the one that is asked for (``language_words``). ``rest`` is as in ``Understanding``. ``words`` is the number of
    words (characters in Chinese) of ``text``, the utterance in one form (``normal_*``); 0 for silence.
    """

    words: int
    text: str = field(default="", repr=False)
    intents: dict[str, float] = field(default_factory=dict)
    finer: set[str] = field(default_factory=set)
    dates: list[date] = field(default_factory=list)
    amounts: list[Decimal] = field(default_factory=list)
    unclear_date: bool = False
    full_amount: bool = False
    rest: int | None = None
    phone_tail: str | None = None
    times: list[time] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)
    periods: list[int] = field(default_factory=list)
    dispute_category: str = ""
    reason: str = ""
    language: str = ""
    currency: str = ""
    upset: bool = False
    corrects: bool = False

    def add(self, intent: str, confidence: float = 0.85) -> None:
        """Note an intent; the surest rule counts."""
        self.intents[intent] = max(confidence, self.intents.get(intent, 0.0))

    def drop(self, *intents: str) -> None:
        """Forget intents that another finding rules out."""
        for intent in intents:
            self.intents.pop(intent, None)
