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
EN_DIGITS = {word: value for word, value in EN_ONES.items() if value < 10} | {"oh": 0, "o": 0, "nought": 0}
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
    """An English number in words (or one written number).

    'five hundred sixty eight' is 568, 'three fifty' 350, 'three oh five' 305, 'twenty eight hundred' 2800,
    'five hundred and twelve forty' 512.40. None for anything else.
    """
    if len(words) == 1 and words[0].replace(",", "").replace(".", "", 1).isdigit():
        written = words[0].replace(",", "")
        return Decimal(written) if written.isascii() and len(written) <= 12 else None
    groups = _pairs([word for word in words if word != "and"])
    if groups is None or not groups:
        return None
    return _join(groups)


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
                out.append(value)
        elif word == "a" and not out:
            out.append(1)
        elif word in ("hundred", "thousand", "oh"):
            out.append(word)
        else:
            return None
        tens_open = False
    return out


def _join(groups: Sequence[int | str]) -> Decimal | None:
    total = 0
    section: int | None = None
    scaled = False
    cents: int | None = None
    oh = False
    for group in groups:
        if cents is not None:
            return None
        if group == "oh":
            oh = True
        elif group == "hundred":
            if section is None or section >= 100:
                return None
            section, scaled = section * 100, True
        elif group == "thousand":
            if section is None or total:
                return None
            total, section, scaled = section * 1000, None, True
        elif isinstance(group, int):
            if section is None:
                section = group
            elif section % 100 == 0 and section and scaled:
                section += group
            elif oh and 0 < section < 10 and group < 10:
                section = section * 100 + group
            elif not scaled and 0 < section < 10 and 10 <= group < 100:
                section, scaled = section * 100 + group, True
            elif scaled and section % 100 and 10 <= group < 100:
                cents = group
            else:
                return None
    value = Decimal(total + (section or 0))
    return value + Decimal(cents) / 100 if cents is not None else value


def en_digit_string(words: Sequence[str]) -> str:
    """Digits said one by one, with double and triple; '' when another word stands between: 'one three double eight'."""
    out = ""
    repeat = 1
    for word in words:
        if word in ("double", "triple"):
            repeat = 2 if word == "double" else 3
            continue
        if word in EN_DIGITS:
            piece = str(EN_DIGITS[word])
        elif word in EN_ONES or word in EN_TENS:
            piece = str(EN_ONES.get(word, EN_TENS.get(word)))
        elif word.isascii() and word.isdigit():
            piece = word
        else:
            return ""
        out += piece * repeat
        repeat = 1
    return out
