"""「剩下的」, "the rest": what is left of a debt after a part of it, told without a figure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.numerals import EN_NUMBER_WORDS

_NUMBER_EN: Final = "|".join(sorted(EN_NUMBER_WORDS))
#: The words of a sum that is told after all make no rest of it: "the rest two hundred", 剩下的三百.
_REST: Final[dict[str, re.Pattern[str]]] = {
    "en": re.compile(
        r"\b(?>(the|my) (rest|remainder|remaining( (amount|part|balance|sum|money|half))?|other (half|part)|difference)"
        r"|(and|then) (the )?balance|what(ever)? (is|s) left|(and|then) everything else)\b"
        rf"(?! of (my|the) (life|week|day|month|year|time|family|world|call)|( of \w+)*( is)? (\d|({_NUMBER_EN})\b))"
    ),
    "zh": re.compile(
        r"(?>剩下?来?的?那?|剩余的?|余下的?|其余的?|余款|尾款|另外?一半|后一半|另外那些)(?>(部分|金额|钱|款|是)?)"
        r"(?![一二两三四五六七八九十0-9百千万])"
    ),
}
#: "how much is left", 还剩多少: a question.
_ASKED: Final[dict[str, re.Pattern[str]]] = {
    "en": re.compile(r"\bhow much\b|\bwhat is the (rest|remainder|balance|difference)\b"),
    "zh": re.compile(r"剩(?:下|余)?的?(?:是|有)?(?:多少|几|什么)|还剩"),
}


def rest_named(text: str, spans: Sequence[DateSpan], blanked: str, language: str) -> int | None:
    """How many of the days ``spans`` were named before "the rest" was; None where it was not named.

    ``blanked`` is the normalised ``text`` with its dates made unreadable, every place unchanged.
    """
    found = _REST[language].search(blanked)
    if found is None or _ASKED[language].search(text):
        return None
    before = {span.value for span in spans if span.value is not None and span.start < found.start()}
    return len(before)
