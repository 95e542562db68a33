"""Amounts, dates and digits out of pieces that are the same for everybody.

An online voice may not be told what somebody owes. So it is given a fixed *inventory* instead: every number word, unit,
month, day and weekday, always all of them, whoever is called. "Five hundred sixty eight yuan" is joined in this house
from "five hundred", "sixty eight" and "yuan"; the joined sentence never leaves it, and which pieces exist says
nothing about any account.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ari_app.dialogue import spoken
from ari_app.dialogue.spoken import EN, ZH

_CLAUSE_ENDS = "，,"


@lru_cache(maxsize=8)
def inventory(language: str) -> tuple[str, ...]:
    """Every piece of a language, in a fixed order; empty for a language that has none."""
    match language:
        case "zh":
            return tuple(dict.fromkeys(_zh_inventory()))
        case "en":
            return tuple(dict.fromkeys(_en_inventory()))
        case _:
            return ()


def pieces_of(text: str, language: str) -> tuple[str, ...]:
    """A spoken value (of ``spoken``) as pieces of the inventory, in order; empty where they cannot say all of it.

    A piece keeps the comma that follows it, which makes a pause; without that it stands in the inventory.
    """
    known, longest = _known(language)
    parts = _parts(text, language)
    joint = "" if language == ZH else " "
    # best[at]: the fewest pieces that say everything from ``at`` on. Longer pieces are spoken in one breath.
    best: list[tuple[str, ...] | None] = [None] * len(parts) + [()]
    for at in range(len(parts) - 1, -1, -1):
        for size in range(min(longest, len(parts) - at), 0, -1):
            piece, rest = joint.join(parts[at : at + size]), best[at + size]
            if rest is None or bare(piece) not in known:
                continue
            here = best[at]
            if here is None or len(rest) + 1 < len(here):
                best[at] = (piece, *rest)
    return best[0] or ()


def _parts(text: str, language: str) -> list[str]:
    """The smallest parts of a text that are spoken: signs in Chinese, words elsewhere, with the comma that follows."""
    if language == ZH:
        parts = re.findall(f"[^{_CLAUSE_ENDS}][{_CLAUSE_ENDS}]?", text)
        return parts if "".join(parts) == text else []
    return text.split()


def bare(piece: str) -> str:
    """A piece without the comma that follows it."""
    return piece.rstrip(_CLAUSE_ENDS)


@lru_cache(maxsize=8)
def _known(language: str) -> tuple[frozenset[str], int]:
    pieces = inventory(language)
    sizes = [len(piece) if language == ZH else len(piece.split()) for piece in pieces]
    return frozenset(pieces), max(sizes, default=0)


def _zh_inventory() -> Iterator[str]:
    digits = [spoken.integer(number, ZH) for number in range(10)]
    below_hundred = [spoken.integer(number, ZH) for number in range(100)]
    teens = [f"一{text}" for text in below_hundred[10:20]]  # 一百一十五
    after_gap = [f"零{digit}" for digit in digits[1:]]  # 一百零五
    hundreds = [spoken.integer(number * 100, ZH) for number in range(1, 10)]
    thousands = [spoken.integer(number * 1000, ZH) for number in range(1, 10)]
    yield from (*below_hundred, "幺", "两", *teens, *after_gap, *hundreds, *thousands, "万", "亿", "万亿")
    # The commonest unit is spoken in one breath with what stands before it.
    whole = (*below_hundred[1:], "两", *teens, *after_gap, *hundreds, *thousands)
    yield from (f"{text}元" for text in whole)
    yield from (f"{digit}{unit}" for digit in digits[1:] for unit in ("角", "分"))
    yield from (f"{text}分" for text in after_gap)
    for (unit, tenth, hundredth), _ in spoken.CURRENCIES.values():
        yield from (word for word in (unit, tenth, hundredth) if word)
    yield from (f"{spoken.integer(month, ZH)}月" for month in range(1, 13))
    yield from (f"{spoken.integer(day, ZH)}日" for day in range(1, 32))
    yield from (*spoken.ZH_WEEKDAYS, "年", "天", "点", "凌晨", "上午", "中午", "下午", "晚上")


def _en_inventory() -> Iterator[str]:
    below_hundred = [spoken.integer(number, EN) for number in range(100)]
    yield from below_hundred
    yield from (f"{text} hundred" for text in below_hundred[1:])
    yield from ("thousand", "million", "billion", "trillion", "and")
    yield from (f"oh {text}" for text in below_hundred[1:10])
    for _, words in spoken.CURRENCIES.values():
        yield from words
    yield from spoken.EN_MONTHS
    yield from (spoken.ordinal(day) for day in range(1, 32))
    yield from (*spoken.EN_WEEKDAYS, "day", "days", "o'clock", "noon", "midnight", "at night")
    yield from (f"in the {part}" for part in ("morning", "afternoon", "evening"))
