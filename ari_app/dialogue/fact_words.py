"""Numbers and dates that stand in a text beside known facts: what a language model writes may hold none of its own.

In doubt a word counts as a number or a date; a sentence is lost then, and nothing wrong is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from ari_app.dialogue import spoken
from ari_app.dialogue.advice import KnownFact
from ari_app.dialogue.numerals import EN_ONES, EN_TENS

#: Letters, digits and the punctuation of plain sentences; nothing that formats, links or hides.
_PLAIN: Final = re.compile(r"[\w ,.;:!?'\"’“”‘()%，。、；：！？（）《》￥¥$£€-]+")

_INNOCENT_ZH: Final = re.compile(r"一下|一起|一般|一并|统一|十分|第三方|唯一|万一")
_LEFT: Final[dict[str, re.Pattern[str]]] = {
    "zh": re.compile(
        r"[0-9零〇一二两三四五六七八九十百千万亿半几壹贰叁肆伍陆柒捌玖拾佰仟]|%|百分"
        r"|今天|今日|今晚|明天|明日|后天|昨天|前天|星期|礼拜|周末|[本上下这]周|[本上下这]个?月|月底|月初|月中|年底|明年|今年|去年|次日|当天"
    ),
    "en": re.compile(
        r"\d|%|\b("
        + "|".join([*EN_ONES, *EN_TENS])
        + r"|hundreds?|thousands?|millions?|billions?|dozens?|half|quarter|third|double|twice|once|couple|few"
        r"|several|per ?cent|first|second|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\w+teenth|\w+tieth"
        r"|today|tomorrow|yesterday|tonight|weekends?|(this|next|last|coming) (week|month|year)|fortnight|end of|"
        + "|".join(day.lower() for day in spoken.EN_WEEKDAYS)
        + "|"
        + "|".join(month.lower() for month in spoken.EN_MONTHS if month != "May")
        + r"|(in|by|of|until|since|before|after) may)\b",
        re.IGNORECASE,
    ),
}


def is_plain(text: str) -> bool:
    """Whether a text is nothing but words and punctuation: no mark-up, link, brace, control or invisible sign."""
    if not _PLAIN.fullmatch(text):
        return False
    return not any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Cn") for sign in text)


def leftover(text: str, language: str) -> str:
    """The first number or date of a text; '' where there is none."""
    text = unicodedata.normalize("NFKC", text)
    if language == "zh":
        text = _INNOCENT_ZH.sub("＿", text)
    found = _LEFT[language].search(text)
    return found.group() if found is not None else ""


def replaced(text: str, facts: Iterable[KnownFact], put: str = "{{{}}}") -> str:
    """A text in which facts that are written out are named by ``put``; the longest form first."""
    forms = [(form, fact.name) for fact in facts for form in (fact.words, *fact.written) if form]
    for form, name in sorted(forms, key=lambda pair: -len(pair[0])):
        before = r"(?<![0-9A-Za-z.,])" if form[0].isascii() and form[0].isalnum() else ""
        after = r"(?![0-9A-Za-z]|[.,]\d)" if form[-1].isascii() and form[-1].isalnum() else ""
        text = re.sub(before + re.escape(form) + after, put.format(name), text, flags=re.IGNORECASE)
    return text


def amount_fact(name: str, amount: Decimal, currency: str, language: str) -> KnownFact:
    """An amount: in words as it is spoken, and the ways in which it may be written."""
    plain = {f"{amount:.2f}", f"{amount:,.2f}"}
    if amount == amount.to_integral_value():
        plain |= {f"{amount:.0f}", f"{amount:,.0f}"}
    unit = {"CNY": ("元", "yuan"), "USD": ("美元", "dollars")}.get(currency, ())
    sign = {"CNY": ("¥", "￥"), "USD": ("$",), "EUR": ("€",), "GBP": ("£",)}.get(currency, ())
    written = [f"{number} {word}" for number in plain for word in (currency, *unit)]
    written += [f"{number}{word}" for number in plain for word in unit]
    written += [f"{before}{number}" for number in plain for before in (*sign, f"{currency} ")]
    return KnownFact(
        name, spoken.amount(amount, currency, language), tuple(sorted({*written, *plain}, reverse=True))
    )


def day_fact(name: str, day: date, language: str, today: date) -> KnownFact:
    """A day: in words as it is spoken, and the ways in which it may be written."""
    if language == "zh":
        written = [
            f"{day.year}年{day.month}月{day.day}日",
            f"{day.month}月{day.day}日",
            f"{day.month}月{day.day}号",
        ]
    else:
        month = spoken.EN_MONTHS[day.month - 1]
        written = [f"{month} {day.day}, {day.year}", f"{day.day} {month} {day.year}", f"{month} {day.day}"]
        written += [f"{day.day} {month}", spoken.day(day, language)]
    return KnownFact(name, spoken.day(day, language, today=today), (day.isoformat(), *written))
