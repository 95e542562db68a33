"""English: dates out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.numerals import EN_ONES, EN_TENS

_WEEKDAYS = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon"),
            ("tuesday", "tues", "tue"),
            ("wednesday", "wed"),
            ("thursday", "thurs", "thu"),
            ("friday", "fri"),
            ("saturday", "sat"),
            ("sunday", "sun"),
        )
    )
    for name in names
}
_MONTHS = {
    name: number
    for number, name in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_ORDINAL_WORDS = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
    "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
)
_ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS.split(), 1)}
_ORDINALS |= {f"twenty {word}": 20 + number for word, number in tuple(_ORDINALS.items())[:9]}
_ORDINALS |= {"thirtieth": 30, "thirty first": 31}
#: "march twenty", "april five": cardinals stand for ordinals after a month.
_CARDINALS = {word: value for word, value in EN_ONES.items() if value} | {
    "twenty": 20,
    "thirty": 30,
    "thirty one": 31,
}
_CARDINALS |= {f"twenty {word}": 20 + value for word, value in EN_ONES.items() if 0 < value < 10}

_DAY = "(?P<day>" + "|".join(sorted(_WEEKDAYS, key=len, reverse=True)) + ")"
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_NTH = "(?P<nth>" + "|".join(sorted(_ORDINALS, key=len, reverse=True)) + r"|[0-9]{1,2} ?(?:st|nd|rd|th))"
_CARDINAL = "|".join(sorted(_CARDINALS, key=len, reverse=True))
_COUNT = (
    "(?P<n>"
    + "|".join(sorted({*EN_ONES, *EN_TENS}, key=len, reverse=True))
    + r"|a couple of|a couple|a few|an?|[0-9]{1,3})"
)

_NEGATED_BEFORE = re.compile(
    r"(?<!why )(?<!if )\b(not|except|but not|anything but|never|(can|could|will) not (do|make|"
    r"manage))( on| by| the)*( next| this| coming)? $"
)
_NEGATED_AFTER = re.compile(
    r"^ (is|are|will be|would be|does|might be) (a bit |way |far )?(too|not|no|impossible|out|"
    r"bad)\b|^ (does|would|will) not (work|do|suit|be)"
    r"|^ is (a bit |a little )?(early|late|soon)|^ (no good|not possible|no can do)"
)


_Rule = Callable[[re.Match[str], date, bool], date | None]


def _offset(days: int) -> _Rule:
    return lambda match, today, past: when.in_days(today, days)


def _count(match: re.Match[str]) -> int | None:
    word = match["n"]
    if word in ("a", "an"):
        return 1
    if word.startswith("a couple"):
        return 2
    if word == "a few":
        return None
    return int(word) if word.isdigit() else EN_ONES.get(word, EN_TENS.get(word))


def _in_units(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    if count is None:
        return None
    if match["unit"].startswith("month"):
        return when.in_months(today, count)
    return when.in_days(today, count * (7 if match["unit"].startswith("week") else 1))


def _weekday(match: re.Match[str], today: date, past: bool) -> date | None:
    number = _WEEKDAYS[match["day"]]
    which = match["which"] or ""
    week = {"next": 1, "last": -1, "this": 0}.get(which)
    if week is None and number == today.weekday() and which != "coming":
        return None  # today or in a week: nobody can tell
    return when.weekday(today, number, week=week, past=past)


def _weekday_and_week(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.in_days(when.weekday(today, _WEEKDAYS[match["day"]]), 7)


def _nth(match: re.Match[str]) -> int:
    text = match["nth"]
    return (
        _ORDINALS.get(text)
        or _CARDINALS.get(text)
        or int("".join(character for character in text if character.isdigit()))
    )


def _day(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.day_of_month(today, _nth(match), past=past)


def _day_of(match: re.Match[str], today: date, past: bool) -> date | None:
    months = {"next": 1, "this": 0, "last": -1}.get(match["which"])
    return when.day_of_month(today, _nth(match), months=months, past=past)


def _month_and_day(match: re.Match[str], today: date, past: bool) -> date | None:
    groups = match.groupdict()
    number = groups.get("number")
    day = (_CARDINALS.get(number) or int(number)) if number else _nth(match)
    return when.month_day(today, _MONTHS[match["month"]], day, past=past) if day else None


def _month_end(match: re.Match[str], today: date, past: bool) -> date | None:
    which = match["which"] or ""
    if which in _MONTHS:
        return when.end_of_month(today, month=_MONTHS[which])
    return when.end_of_month(today, months=1 if which == "next month" else 0)


def _ago(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    if count is None or match["unit"].startswith("month"):
        return None
    return when.in_days(today, -count * (7 if match["unit"].startswith("week") else 1))


_MONTH_WORDS = "|".join(_MONTHS)
_DATES: tuple[tuple[re.Pattern[str], _Rule], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"\b(?:the )?day after tomorrow\b|\bovermorrow\b", _offset(2)),
        (r"\b(?:the )?day before yesterday\b", _offset(-2)),
        (r"\b(?:a week tomorrow|tomorrow week)\b", _offset(8)),
        (
            (
                r"\b(?:a week (?:from )?(?:today|now)|one week from (?:today|now)|this day next week|"
                r"today week)\b"
            ),
            _offset(7),
        ),
        (r"\btomorrow\b", _offset(1)),
        (r"\byesterday\b|\blast night\b", _offset(-1)),
        (
            (
                r"\b(?:later )?today\b|\btonight\b|\bthis (?:evening|afternoon|morning)\b|\b(?:by |"
                r"at )?(?:the )?(?:end of (?:the )?day|close of business)\b"
            ),
            _offset(0),
        ),
        (
            (
                r"(?<=pay )(?:it |that |this |you |the \w+ ){0,2}(?:right now|right away|straight away|immediately|now)\b"
                r"|(?<=do )(?:it |that |this )?(?:right now|right away|straight away|now)\b"
            ),
            _offset(0),
        ),
        (rf"\b(?:a|one) week (?:on|from|after) (?:this |coming )?{_DAY}\b", _weekday_and_week),
        (rf"\b{_DAY} week\b", _weekday_and_week),
        (rf"\b(?:(?P<which>next|last|this|coming) )?{_DAY}\b(?: only)?", _weekday),
        (
            rf"\b(?:the )?(?:very )?end of (?:the |this |of )?(?P<which>next month|month|{_MONTH_WORDS})\b",
            _month_end,
        ),
        (r"\bmonth ?s? end\b|\bend of month\b", lambda match, today, past: when.end_of_month(today)),
        (rf"\b(?P<which>{_MONTH_WORDS}) end\b", _month_end),
        (
            r"\b(?:the )?(?:end of (?:the |this )?week|week end(?:ing)?)\b|\bwithin (?:the|this) week\b",
            lambda match, today, past: when.end_of_week(today),
        ),
        (rf"\b(?:the )?{_NTH} (?:of )?(?P<which>next|this|the|last) month\b", _day_of),
        (
            rf"\bnext month (?:on )?(?:the )?{_NTH}\b(?P<which>)",
            lambda match, today, past: when.day_of_month(today, _nth(match), months=1),
        ),
        (rf"\b(?:the )?{_NTH} (?:of )?{_MONTH}\b", _month_and_day),
        (rf"\b{_MONTH} (?:the )?(?:{_NTH}|(?P<number>{_CARDINAL}|[0-9]{{1,2}}))\b", _month_and_day),
        (rf"\b{_COUNT} (?P<unit>days?|weeks?|months?) ago\b", _ago),
        (
            (
                rf"(?<!for )(?<!over )(?<!past )(?<!last )(?<!every )(?<!been )\b(?:in |within |after |"
                rf"give me |give us )?(?:about |another |like )?"
                rf"{_COUNT} (?:more )?(?P<unit>days?|weeks?|months?)\b(?! (?:late|notice|ago|old|"
                rf"overdue|behind|plan|without))(?: time| from now)?"
            ),
            _in_units,
        ),
        (r"(?<!for )\b(?:in |within )?(?:a|one|another) fortnight\b", _offset(14)),
        (r"\bhalf a month\b", _offset(15)),
        (r"\b(?:this |the )?weekend\b", lambda match, today, past: None),
        (r"\bnext (?:week|month)\b", lambda match, today, past: None),
        (
            (
                rf"\b(?:the|on|by|until|till|before|after) (?:the )?{_NTH}(?! (?:payment|time|bill|one|"
                rf"person|floor|thing|place|month|call|reminder|week|of all))\b"
            ),
            _day,
        ),
        (
            (
                r"\b(?:on |by |until |till |before |after )the (?P<nth>[0-9]{1,2})\b(?! (?:percent|"
                r"dollars|pounds|rupees|yuan|days?|weeks?|months?))"
            ),
            _day,
        ),
        (rf"\b{_NTH}$", _day),
    )
)


def find_dates(text: str, today: date, past: bool) -> list[DateSpan]:
    """Every date spoken, in order, also those without a value (ambiguous ones)."""
    spans: list[DateSpan] = []
    for pattern, rule in _DATES:
        for match in pattern.finditer(text):
            if any(match.start() < span.end and span.start < match.end() for span in spans):
                continue
            spans.append(DateSpan(match.start(), match.end(), rule(match, today, past)))
    return sorted(spans, key=lambda span: span.start)


def negated(text: str, span: DateSpan) -> bool:
    """Whether the date is rejected by the words around it ('not friday', 'friday is too early')."""
    return bool(_NEGATED_BEFORE.search(text[: span.start]) or _NEGATED_AFTER.match(text[span.end :]))
