"""Chinese: the numbers in a text, cut where one ends and the next begins (两百三百 are two, 三百零五 is one)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ari_app.dialogue.numerals import ZH_DIGITS, ZH_NUMBER, ZH_UNITS, zh_integer

_RUN = re.compile(f"[{ZH_NUMBER}]+")
_LONGEST = 24
#: "一" at the end of a number belongs to the word that follows it: 三百一次性, 五百一起.
_ONE_OF_A_WORD = re.compile(
    r"次|起|共|定|下|点|直|般|会儿|样|把|遍|趟|天|周|个月|笔|口气|边|方面|块(?:儿|堆|交|付|给|还)"
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as spoken, and where it stands.

    ``value`` is None where nobody can know it (三四百, 百来). ``scaled``: it has a hundred, a thousand or ten thousand in
    it; ``string``: its digits were read out one by one.
    """

    start: int
    end: int
    text: str
    value: int | None

    @property
    def scaled(self) -> bool:
        """Whether a unit of a hundred and more was spoken."""
        return any(unit in self.text for unit in "百千万")

    @property
    def string(self) -> bool:
        """Whether these are digits without any unit, more than one."""
        return len(self.text) > 1 and not any(unit in self.text for unit in ZH_UNITS)


def numbers(text: str) -> list[Number]:
    """Every number of a text in its order."""
    found: list[Number] = []
    for run in _RUN.finditer(text):
        at = run.start()
        while at < run.end():
            end = at + _length(run.group()[at - run.start() :])
            if (
                end == run.end()
                and end - at > 1
                and text[end - 1] == "一"
                and _ONE_OF_A_WORD.match(text, end)
                and (text[end - 2] in ZH_UNITS)
            ):
                end -= 1
            piece = text[at:end]
            found.append(Number(at, end, piece, _value(piece)))
            at = end
            if at == run.end() - 1 and text[at] == "一" and _ONE_OF_A_WORD.match(text, at + 1):
                break
    return found


def _length(run: str) -> int:
    """How many signs of a run of number signs make its first number."""
    plain = re.match(r"[零〇一二两三四五六七八九0-9]*", run)
    digits = len(plain.group()) if plain else 0
    if digits == len(run[:_LONGEST]) or (digits > 1 and run[digits] not in "百千万十"):
        return digits
    at, last, wan = 0, 100_000, False
    while at < len(run) and at < _LONGEST:
        step = re.match(r"零?(?:[0-9]+|[一二两三四五六七八九]{0,2})", run[at:])
        size = len(step.group()) if step else 0
        after = run[at + size : at + size + 1]
        if after == "万" and not wan:
            at, last, wan = at + size + 1, 10_000, True
        elif (
            after in ZH_UNITS
            and after != "万"
            and ZH_UNITS[after] < last
            and (size or after == "十" or not at)
        ):
            at, last = at + size + 1, ZH_UNITS[after]
        elif after in ZH_UNITS and size == 2 and at:
            return at + 1 if run[at] != "零" else at + 2  # 两百五三百
        elif after in ZH_UNITS and at:
            return at
        else:
            tail = re.match("零?(?:[0-9]+|[一二两三四五六七八九])?", run[at:])
            return max(at + len(tail.group()), 1) if at and tail else max(size, 1)
    return max(at, 1)


def _value(piece: str) -> int | None:
    """None for what is only about a number: two digits before one unit, a unit of a hundred alone."""
    if piece[0] in "百千万":
        return None
    if re.search(r"[一二两三四五六七八九]{2}[十百千万]", piece):
        return None
    if not any(sign in ZH_UNITS for sign in piece):
        return int("".join(str(ZH_DIGITS[sign]) for sign in piece))
    return zh_integer(piece)
