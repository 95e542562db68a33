"""Chinese: durations that stand for a date (三天后, 给我两个星期), out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.numerals import zh_integer

_DURATION = re.compile(
    r"(?<![零一二两三四五六七八九十0-9百千万点])"
    r"(?P<n>[一二两三四五六七八九十0-9]{1,3}|半)(?P<unit>天|个?周(?![一二三四五六日天末])"
    r"|个月(?![份底末初])|月(?=后|以后|之后|内|之内|以内)|个工作日)(?P<half>半)?"
    r"(?P<within>过?后|以后|之后|内|之内|以内|里头|(?=再交|再还|再付|再给))?(?P<before>前|以前|之前)?"
)
#: "三五天", "一两周": nobody knows how many.
_ABOUT = re.compile(r"[一二两三四五六七八九]{2}")
#: Put off by so long: from now, or from the day it was due?
_PUT_OFF = re.compile(
    r"(?:缓|晚|迟|拖|延|延后|延长|延期|推|推迟|推后|宽限|宽|往后|顺延|错后|退后)(?:个|上"
    r"|一|我|我们|期|它|了?再|延|推|缓|到)*$"
)
#: Something that lasted, or comes again and again.
_LASTED = re.compile(
    r"(?:了|小|断|停|坏|用|快|有|每|这|第|整|那|哪|前|头|好|几|上|下|月|连着|连续|才|都|干|欠|过去)$"
)
_ASKED_FOR = re.compile(
    r"(?:^|给(?:我|我们|俺)?|过|过个|等|等我|等个|再|再过|再等|要|还要|还得|需要|得|最多"
    r"|最迟|最晚|顶多|大概|差不多|大约|吧|啊|呀|哦|嗯|就|限我|容我|容我们|来个|至少|宽我)$"
)
_GIVEN = re.compile(r"(?:给|容)(?:我|我们)(?:再)?$")
_MONTHS_ASKED_FOR = re.compile(r"(?:给(?:我|我们)|过|过个|再过|等|等我|再等|容我)$")
_ANSWER = re.compile(
    r"$|吧|啊|呀|行|可以|成[吗不么吧]|就(?!没|停|断)|我|给|交|还(?!没|是|不)|付|缴|肯定"
    r"|一定|保证|时间|够|左右|的时间|好[不吗嘛吧]|准|能[不行]|凑|怎么样|再说"
)


def find_durations(text: str, today: date, is_past: Callable[[str, str], bool]) -> list[DateSpan]:
    """Durations from now, in order; without a value where nobody can tell from when they count or how long they are."""
    spans: list[DateSpan] = []
    for match in _DURATION.finditer(text):
        before, after = text[: match.start()], text[match.end() :]
        if before.endswith("哪"):
            continue
        if _PUT_OFF.search(before) and not match["before"]:
            spans.append(DateSpan(match.start(), match.end(), None))
        elif match["before"]:
            ago = is_past(before, after)
            spans.append(DateSpan(match.start(), match.end(), _value(match, today, -1 if ago else 1)))
        elif _counts(match, before, after):
            start = match.start() - (before.endswith(("过", "等")))
            spans.append(DateSpan(start, match.end(), _value(match, today, 1)))
    return spans


def _counts(match: re.Match[str], before: str, after: str) -> bool:
    """Whether this length of time is said to begin now."""
    if match["n"] == "半" and match["unit"] == "天":
        return False
    if match["within"] is not None:
        return not before.endswith(("这", "每", "第", "过去", "最近")) and not re.match("没", after)
    if _LASTED.search(before):
        return False
    if "月" in match["unit"] and match["n"] != "半":
        return bool(_MONTHS_ASKED_FOR.search(before)) and not re.match("工资|的?[利费租]|一次", after)
    if _GIVEN.search(before):
        return not re.match("的|工资", after)
    return bool(_ASKED_FOR.search(before) and _ANSWER.match(after))


def _value(match: re.Match[str], today: date, sign: int) -> date | None:
    if match["half"] or _ABOUT.fullmatch(match["n"]) or match["unit"] == "个工作日":
        return None
    if match["n"] == "半":
        return when.in_days(today, 15 * sign) if "月" in match["unit"] else None
    count = zh_integer(match["n"])
    if count is None:
        return None
    if "月" in match["unit"]:
        return when.in_months(today, count) if sign > 0 else None
    return when.in_days(today, sign * count * (7 if "周" in match["unit"] else 1))
