"""What the intent model looks at: the words of an utterance, the question, and what the rules have found.

Features are names; a feature is there or not. The same function serves training and use, so both see the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ari_app.dialogue.heard import Heard

#: Longest run of words (English), of characters (Chinese) that is one feature.
WORDS = 3
CHARACTERS = 4
#: Words that stand apart by up to so many others still make a pair.
GAP = 3
#: An utterance of so few words, or characters, is also one feature as a whole.
SHORT = 4

_NUMBER = re.compile(r"[0-9]+")


def features(language: str, context: str, heard: Heard) -> list[str]:
    """The names of the features of one utterance; ``heard`` is what the rules found in it."""
    words = word_features(heard.text, language)
    return [*dict.fromkeys([f"q={context}", *found_features(context, heard), *words])]


def found_features(context: str, heard: Heard) -> Iterator[str]:
    """What the rules found, alone and at this question."""
    for intent in heard.intents:
        yield f"r={intent}"
    for name, there in (
        ("amount", heard.amounts),
        ("date", heard.dates or heard.unclear_date),
        ("time", heard.times),
        ("channel", heard.channels),
        ("periods", heard.periods),
        ("tail", heard.phone_tail),
        ("category", heard.dispute_category),
        ("reason", heard.reason),
        ("full", heard.full_amount),
        ("corrects", heard.corrects),
    ):
        if there:
            yield f"s={name}"
            yield f"s={name}@{context}"


def word_features(text: str, language: str) -> Iterator[str]:
    """The words of an utterance in one form, in runs and pairs, and how many they are."""
    if language == "zh":
        yield from _runs(list(text), CHARACTERS, "")
        yield f"n={min(6, len(text) // 4)}"
    else:
        words = ["#" if _NUMBER.fullmatch(word) else word for word in text.split()]
        yield from _runs(words, WORDS, " ")
        yield from _pairs(words)
        yield f"n={min(6, len(words) // 3)}"


def _runs(parts: Sequence[str], longest: int, between: str) -> Iterator[str]:
    bounded = ["<", *parts, ">"]
    for size in range(1, longest + 1):
        for start in range(len(bounded) - size + 1):
            yield "w=" + between.join(bounded[start : start + size])
    if len(parts) <= SHORT:
        yield "all=" + between.join(parts)


def _pairs(words: Sequence[str]) -> Iterator[str]:
    for first in range(len(words)):
        for second in range(first + 2, min(first + 1 + GAP, len(words))):
            yield f"p={words[first]}_{words[second]}"
