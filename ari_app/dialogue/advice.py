"""What a language model is asked about an answer, and what it may say to that: plain values.

``second_opinion`` and ``free_answer`` hold what is made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

#: The meaning of an opinion that takes the answer for a question of the customer's own.
FREE_QUESTION: Final = "free_question"
#: An opinion is never surer than this, so that what hangs on it waits for a person (``flow_findings.REVIEW_BELOW``).
MOST_CONFIDENCE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Doubt:
    """An answer of which the rules are not sure. ``text`` is what was said, without digits before verification.

    ``context`` is the question that was asked, ``meanings`` those that may be chosen (intents and finer meanings, and
    FREE_QUESTION where ``may_ask``); nothing here tells of a debt.
    """

    text: str = field(repr=False)
    language: str
    context: str
    meanings: tuple[str, ...]

    @property
    def may_ask(self) -> bool:
        """Whether a question of the customer's own may be answered here."""
        return FREE_QUESTION in self.meanings


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a language model makes of an answer: a meaning, words quoted from it, confidence 0 to 1.

    ``answer`` is what it would say to a free question, with names of facts in braces; '' where it says nothing.
    """

    meaning: str
    quotes: tuple[str, ...] = field(default=(), repr=False)
    confidence: float = 0.0
    answer: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A fact that may be told: its name, how it is spoken, and other forms in which it may be written."""

    name: str
    words: str = field(repr=False)
    written: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FreeQuestion:
    """A question of a verified customer, and everything that may be said in answer to it."""

    text: str = field(repr=False)
    language: str
    facts: tuple[KnownFact, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToldCall:
    """A call that is over, as a language model is told of it: who said what, how it ended, the facts that it may name.

    ``said`` holds (bot or customer, words) without keys, digits of numbers and the customer's name.
    """

    language: str
    result: str
    said: tuple[tuple[str, str], ...] = field(repr=False)
    facts: tuple[KnownFact, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class WrittenSummary:
    """What a language model wrote about a call."""

    text: str = field(repr=False)
    key_points: tuple[str, ...] = field(default=(), repr=False)
