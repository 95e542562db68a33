"""English: what a recogniser commonly writes instead of the words of the trade, and where that may be put right.

Each line names written words, the place (before, after) in which they make no sense, and the near-sounding neighbour that
does: "weak" after "next" is a week, "for" between digits a four. In any other place the words stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ari_app.dialogue.misheard_days_en import MISHEARD_DAYS_AND_SUMS
from ari_app.dialogue.misheard_words_en import MISHEARD_WORDS


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    to: str


_MISHEARD = MISHEARD_DAYS_AND_SUMS + MISHEARD_WORDS


def _rule(before: str, written: str, after: str, right: str) -> _Rule:
    """``after`` beginning with "!" says what must not follow; "^" and "$" are its beginning and end."""
    lead = "^()" if before == "^" else rf"\b((?:{before}) )" if before else r"\b()"
    follow = rf"(?! (?:{after[1:]})\b)" if after.startswith("!") else _following(after)
    return _Rule(re.compile(rf"{lead}(?:{written})\b{follow}"), rf"\g<1>{right}")


def _following(after: str) -> str:
    if not after:
        return ""
    if after.endswith("|$"):
        return rf"(?= (?:{after[:-2]})\b|$)"
    return "(?=$)" if after == "$" else rf"(?= (?:{after})\b)"


def _by_first_word() -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for place, (_, written, _, _) in enumerate(_MISHEARD):
        for first in {phrase.split()[0] for phrase in written.split("|")}:
            places.setdefault(first, []).append(place)
    return places


_RULES = tuple(_rule(*line) for line in _MISHEARD)
_FIRST = _by_first_word()


def put_right(text: str) -> str:
    """The text with near-sounding words replaced where their place betrays them; other rules cost nothing."""
    due = sorted({place for word in set(text.split()) for place in _FIRST.get(word, ())})
    for place in due:
        text = _RULES[place].pattern.sub(_RULES[place].to, text)
    return " ".join(text.split())
