"""Numbers out of words: Chinese numerals and English number words, as recognisers return them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

ZH_DIGITS = {
    "零": 0,
    "〇": 0,
    "洞": 0,
    "幺": 1,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
} | {str(digit): digit for digit in range(10)}
ZH_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
#: Characters of a Chinese number, for regular expressions.
ZH_NUMBER = "零〇一二两三四五六七八九十百千万0-9"

EN_ONES = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "thirteen": 13,
    "fourteen": 14,
    "fifteen": 15,
    "sixteen": 16,
    "seventeen": 17,
    "eighteen": 18,
    "nineteen": 19,
}
EN_TENS = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
EN_DIGITS = {word: value for word, value in EN_ONES.items() if value < 10} | dict.fromkeys(
    ("oh", "o", "nought", "naught", "nil"), 0
)
#: How often the next digit is meant.
REPEATS = {"double": 2, "triple": 3, "treble": 3, "quadruple": 4}
EN_NUMBER_WORDS = frozenset({*EN_ONES, *EN_TENS, "hundred", "thousand", "oh"})


def zh_integer(text: str) -> int | None:
    """A Chinese numeral below 10^8: 两千八 is 2800, 三百五 350, 三百零五 305, 一万二 12000, 568 as written."""
    if not text or len(text) > 20:
        return None
    if text.isascii() and text.isdigit():
        return int(text)
    if len(text) > 1 and all(character in ZH_DIGITS for character in text):
        return int("".join(str(ZH_DIGITS[character]) for character in text))
    total = section = digit = 0
    unit = 0
    gap = False
    pending = False
    for character in text:
        if character in ZH_DIGITS:
            value = ZH_DIGITS[character]
            digit = digit * 10 + value if character.isascii() and pending else value
            gap = gap or (value == 0 and not character.isascii())
            pending = True
        elif character == "万":
            if total:
                return None
            total = (section + digit or 1) * 10_000
            section = digit = 0
            unit, gap, pending = 10_000, False, False
        elif character in ZH_UNITS:
            unit = ZH_UNITS[character]
            section += (digit if pending else 1) * unit
            digit = 0
            gap = pending = False
        else:
            return None
    if pending and digit and unit >= 100 and not gap and digit < 10:
        digit *= unit // 10
    return total + section + digit


def zh_digit_string(text: str) -> str:
    """The digits of a text in Chinese or ASCII digits, anything else left out: 幺三八零 is 1380."""
    return "".join(str(ZH_DIGITS[character]) for character in text if character in ZH_DIGITS)


def en_number(words: Sequence[str]) -> Decimal | None:
    """An English number in words (or one written number), read as money is spoken.

    'five hundred sixty eight' is 568, 'three fifty' 350, 'three oh five' 305, 'twenty eight hundred' 2800,
    'five hundred and twelve forty' 512.40, 'sixty four fifty' 64.50, 'one thirty three twenty' 133.20,
    'two and a half thousand' 2500. None for anything else (also for digits read out one by one).
    """
    if len(words) == 1 and words[0].replace(",", "").replace(".", "", 1).isdigit():
        written = words[0].replace(",", "")
        return Decimal(written) if written.isascii() and len(written) <= 12 else None
    if list(words) == ["zero"]:
        return Decimal(0)
    if words[-4:-1] == ["and", "a", "half"] and words[-1] in _SCALES:
        whole = en_number(words[:-4])
        return None if whole is None else (whole + Decimal("0.5")) * _SCALES[words[-1]]
    if words[-3:] == ["and", "a", "half"] and len(words) > 3 and words[-4] in _SCALES:
        whole = en_number(words[:-3])
        return None if whole is None else whole + _SCALES[words[-4]] // 2
    groups = _pairs([word for word in words if word != "and"])
    if not groups:
        return None
    return _scaled(groups) if "hundred" in groups or "thousand" in groups else _plain(groups)


_SCALES = {"hundred": 100, "thousand": 1000}


def _pairs(words: Sequence[str]) -> list[int | str] | None:
    """Words to values below 100 and the words hundred, thousand, oh: twenty eight hundred is [28, 'hundred']."""
    out: list[int | str] = []
    tens_open = False
    for word in words:
        if word in EN_TENS:
            out.append(EN_TENS[word])
            tens_open = True
            continue
        if word in EN_ONES:
            value = EN_ONES[word]
            last = out[-1] if out else None
            if tens_open and 0 < value < 10 and isinstance(last, int):
                out[-1] = last + value
            else:
                out.append("oh" if word == "zero" else value)
        elif word == "a" and not out:
            out.append(1)
        elif word.isascii() and word.isdigit() and len(word) <= 3:
            out.append(int(word))
        elif word in ("hundred", "thousand", "oh"):
            if not out and word != "oh":
                out.append(1)
            out.append(word)
        else:
            return None
        tens_open = False
    return out


def _plain(groups: Sequence[int | str]) -> Decimal | None:
    """Pairs without hundred and thousand: [3, 50] is 350, [3, 'oh', 5] 305, [64, 50] 64.50, [1, 33, 20] 133.20."""
    whole, rest = groups[0], list(groups[1:])
    if not isinstance(whole, int):
        return None
    if not rest:
        return Decimal(whole)
    if whole == 0:
        return None
    if whole < 10:
        if rest[0] == "oh" and len(rest) > 1 and isinstance(rest[1], int) and 0 < rest[1] < 10:
            whole, rest = whole * 100 + rest[1], rest[2:]
        elif isinstance(rest[0], int) and 10 <= rest[0] < 100:
            whole, rest = whole * 100 + rest[0], rest[1:]
        else:
            return None
    return _and_cents(whole, rest)


def _and_cents(whole: int, rest: Sequence[int | str]) -> Decimal | None:
    if not rest:
        return Decimal(whole)
    if len(rest) == 1 and isinstance(rest[0], int) and 10 <= rest[0] < 100:
        if whole % 10 == 0 and whole != 20 and 0 < rest[0] - whole < 10:
            return None  # "ninety ninety five" is said by somebody who makes up his mind
        return whole + Decimal(rest[0]) / 100
    if len(rest) == 2 and rest[0] == "oh" and isinstance(rest[1], int) and 0 < rest[1] < 10:
        return whole + Decimal(rest[1]) / 100
    return None


def _scaled(groups: Sequence[int | str]) -> Decimal | None:
    """Pairs with hundred or thousand: [12, 'hundred', 50] is 1250, [5, 'hundred', 12, 40] 512.40."""
    if "thousand" in groups:
        at = groups.index("thousand")
        before = groups[:at]
        head = _scaled(before) if "hundred" in before else _plain(before)
        rest = groups[at + 1 :]
        if head is None or head != int(head) or head >= 1000 or "thousand" in rest:
            return None
        if not rest:
            return head * 1000
        if rest[0] == "oh":
            rest = rest[1:]
        if not rest:
            return None
        tail = _scaled(rest) if "hundred" in rest else _plain(rest)
        return None if tail is None or tail >= 1000 else head * 1000 + tail
    at = groups.index("hundred")
    rest = groups[at + 1 :]
    if at != 1 or not isinstance(groups[0], int) or not 0 < groups[0] < 100 or "hundred" in rest:
        return None
    whole = groups[0] * 100
    if rest and rest[0] == "oh" and len(rest) == 2:
        rest = rest[1:]
    if rest and isinstance(rest[0], int) and rest[0] < 100:
        whole, rest = whole + rest[0], rest[1:]
    return _and_cents(whole, rest)


def en_digit_string(words: Sequence[str]) -> str:
    """Digits said one by one, with double and triple; '' when another word stands between: 'one three double eight'."""
    out = ""
    repeat = 1
    tens = False
    for word in words:
        if word in REPEATS:
            repeat = REPEATS[word]
            continue
        if tens and 0 < EN_ONES.get(word, 0) < 10:
            out = out[:-1]
        if word in EN_DIGITS:
            piece = str(EN_DIGITS[word])
        elif word in EN_ONES or word in EN_TENS:
            piece = str(EN_ONES.get(word, EN_TENS.get(word)))
        elif word == "hundred" and out:
            piece = "00"
        elif word.isascii() and word.isdigit():
            piece = word
        else:
            return ""
        out += piece * repeat
        tens = word in EN_TENS and repeat == 1
        repeat = 1
    return out
