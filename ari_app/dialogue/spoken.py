"""Numbers, amounts, dates and digits as they are spoken, in Chinese and English.

A voice that is left to read ``568.32`` or ``0311`` says something else in each language and version, so every such
value is written out in words before it reaches a voice.
"""

from __future__ import annotations

from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal

from ari_app.dialogue.numerals import EN_ONES, EN_TENS

ZH, EN = "zh", "en"
LANGUAGES: tuple[str, ...] = (ZH, EN)

_ZH_DIGITS = "零一二三四五六七八九"
_ZH_UNITS = ("", "十", "百", "千")
_ZH_GROUPS = ("", "万", "亿", "万亿")
#: On the telephone 1 is read yao, so that it is not taken for 7.
_ZH_TELEPHONE = "零幺二三四五六七八九"
ZH_WEEKDAYS = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")

#: Parts of a day: the last hour of each, and its name.
_ZH_DAY_PARTS = ((5, "凌晨"), (11, "上午"), (12, "中午"), (17, "下午"), (23, "晚上"))
_EN_DAY_PARTS = ((4, "at night"), (11, "in the morning"), (17, "in the afternoon"), (23, "in the evening"))

_EN_SMALL = tuple(EN_ONES)
_EN_TENS = ("", "", *EN_TENS)
_EN_GROUPS = ("", "thousand", "million", "billion", "trillion")
EN_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
EN_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_EN_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}

#: ISO 4217 code: Chinese (unit, tenth, hundredth), English (one, many, hundredth one, hundredths).
#: A unit without tenths says hundredths as a whole ("三十二美分").
CURRENCIES: dict[str, tuple[tuple[str, str, str], tuple[str, str, str, str]]] = {
    "CNY": (("元", "角", "分"), ("yuan", "yuan", "cent", "cents")),
    "USD": (("美元", "", "美分"), ("dollar", "dollars", "cent", "cents")),
    "HKD": (("港元", "", "港仙"), ("Hong Kong dollar", "Hong Kong dollars", "cent", "cents")),
    "EUR": (("欧元", "", "欧分"), ("euro", "euros", "cent", "cents")),
    "GBP": (("英镑", "", "便士"), ("pound", "pounds", "penny", "pence")),
    "INR": (("卢比", "", "派士"), ("rupee", "rupees", "paisa", "paise")),
    "SGD": (("新加坡元", "", "分"), ("Singapore dollar", "Singapore dollars", "cent", "cents")),
}

LARGEST = 10**15 - 1


def integer(number: int, language: str) -> str:
    """A whole number 0 to 10^15 - 1 in words; ValueError outside."""
    if not 0 <= number <= LARGEST:
        raise ValueError(f"{number} is outside 0 to {LARGEST}")
    return _zh_integer(number) if language == ZH else _en_integer(number)


def _zh_integer(number: int) -> str:
    if number == 0:
        return "零"
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        groups.append(group)
    text = ""
    gap = False
    for power in range(len(groups) - 1, -1, -1):
        group = groups[power]
        if group == 0:
            gap = bool(text)
            continue
        if text and (gap or group < 1000):
            text += "零"
        text += _zh_group(group, first=not text, ends=power > 0) + _ZH_GROUPS[power]
        gap = False
    return text


def _zh_group(group: int, *, first: bool, ends: bool) -> str:
    """A group below 10,000. ``first``: nothing stands before it; ``ends``: a group word follows."""
    text = ""
    gap = False
    for power in range(3, -1, -1):
        digit = group // 10**power % 10
        if digit == 0:
            gap = bool(text)
            continue
        if gap:
            text += "零"
            gap = False
        if power == 1 and digit == 1 and first and not text:
            text += "十"
        elif digit == 2 and (power >= 2 or (power == 0 and ends and group == 2)):
            text += "两" + _ZH_UNITS[power]
        else:
            text += _ZH_DIGITS[digit] + _ZH_UNITS[power]
    return text


def _en_integer(number: int) -> str:
    if number == 0:
        return "zero"
    words: list[str] = []
    for power in range(len(_EN_GROUPS) - 1, -1, -1):
        group = number // 1000**power % 1000
        if group:
            words += [*_en_group(group), _EN_GROUPS[power]]
    return " ".join(word for word in words if word)


def _en_group(group: int) -> list[str]:
    hundreds, rest = divmod(group, 100)
    words = [_EN_SMALL[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_EN_TENS[rest // 10])
        rest %= 10
    if rest:
        words.append(_EN_SMALL[rest])
    return words


def ordinal(number: int) -> str:
    """An English ordinal in words, 1 to 99: 'first', 'twenty second'."""
    *before, last = _en_integer(number).split()
    if last in _EN_ORDINALS:
        last = _EN_ORDINALS[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return " ".join([*before, last])


def amount(value: Decimal, currency: str, language: str) -> str:
    """An amount in words, to the hundredth: 568.32 CNY is 五百六十八元三角二分 / five hundred sixty eight yuan
    and thirty two cents. An unknown currency is spelled by its letters. ValueError for a negative amount.
    """
    if value.is_nan() or value < 0:
        raise ValueError("an amount to be spoken is not negative")
    cents = int((value * 100).to_integral_value(ROUND_HALF_UP))
    whole, part = divmod(cents, 100)
    if language == ZH:
        return _zh_amount(whole, part, currency)
    return _en_amount(whole, part, currency)


def _zh_amount(whole: int, part: int, currency: str) -> str:
    unit, tenth, hundredth = CURRENCIES.get(currency, ((" ".join(currency), "", "分"), ()))[0]
    units = ("两" if whole == 2 else _zh_integer(whole)) + unit
    if part == 0:
        return units
    if not tenth:
        cents = ("两" if part == 2 else _zh_integer(part)) + hundredth
        return units + cents if whole else cents
    tens, ones = divmod(part, 10)
    text = units if whole else ""
    if tens:
        text += _ZH_DIGITS[tens] + tenth
    elif whole:
        text += "零"
    return text + (_ZH_DIGITS[ones] + hundredth if ones else "")


def _en_amount(whole: int, part: int, currency: str) -> str:
    spelled = " ".join(currency)
    _, words = CURRENCIES.get(currency, ((), (spelled, spelled, "cent", "cents")))
    one, many, cent, cents = words
    units = f"{_en_integer(whole)} {one if whole == 1 else many}"
    if part == 0:
        return units
    parts = f"{_en_integer(part)} {cent if part == 1 else cents}"
    return f"{units} and {parts}" if whole else parts


def day(value: date, language: str, *, today: date | None = None) -> str:
    """A date in words: 三月十一日，星期三 / Wednesday, March eleventh; with the year unless ``today`` shares it."""
    with_year = today is None or today.year != value.year
    if language == ZH:
        text = f"{_zh_integer(value.month)}月{_zh_integer(value.day)}日"
        if with_year:
            return f"{digits(str(value.year), ZH, telephone=False)}年{text}"
        return f"{text}，{ZH_WEEKDAYS[value.weekday()]}"
    text = f"{EN_MONTHS[value.month - 1]} {ordinal(value.day)}"
    return f"{text}, {_en_year(value.year)}" if with_year else f"{EN_WEEKDAYS[value.weekday()]}, {text}"


def _en_year(year: int) -> str:
    if 2000 <= year < 2010 or year < 1000:
        return _en_integer(year)
    century, rest = divmod(year, 100)
    if rest == 0:
        return f"{_en_integer(century)} hundred"
    return f"{_en_integer(century)} {'oh ' if rest < 10 else ''}{_en_integer(rest)}"


def digits(text: str, language: str, *, telephone: bool = True) -> str:
    """Digits one by one; in Chinese telephone reading 1 is 幺. Anything but ASCII digits is left out."""
    wanted = [int(character) for character in text if character.isascii() and character.isdigit()]
    if language == ZH:
        table = _ZH_TELEPHONE if telephone else _ZH_DIGITS
        return "".join(table[digit] for digit in wanted)
    return " ".join(_EN_SMALL[digit] for digit in wanted)


def clock(value: time, language: str) -> str:
    """A time of day in words, to the minute: 下午两点三十分 / two thirty in the afternoon."""
    hour = value.hour % 12 or 12
    if language == ZH:
        part = next(word for last, word in _ZH_DAY_PARTS if value.hour <= last)
        hours = "两" if hour == 2 else _zh_integer(hour if value.hour else 0)
        minutes = f"{'零' if value.minute < 10 else ''}{_zh_integer(value.minute)}分" if value.minute else ""
        return f"{part}{hours}点{minutes}"
    if not value.minute and value.hour in (0, 12):
        return "noon" if value.hour else "midnight"
    minutes = (
        f"{'oh ' if value.minute < 10 else ''}{_en_integer(value.minute)}" if value.minute else "o'clock"
    )
    part = next(word for last, word in _EN_DAY_PARTS if value.hour <= last)
    return f"{_en_integer(hour)} {minutes} {part}"


def days(number: int, language: str) -> str:
    """A number of days: 十天 / ten days."""
    if language == ZH:
        return f"{'两' if number == 2 else _zh_integer(number)}天"
    return f"{_en_integer(number)} {'day' if number == 1 else 'days'}"
