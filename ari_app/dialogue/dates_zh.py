"""Chinese: dates out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.numerals import ZH_NUMBER, zh_integer

_N = f"[{ZH_NUMBER}]"
_WEEKDAYS = (
    {name: number for number, name in enumerate("一二三四五六日")}
    | {"天": 6, "末": 6}
    | {str(number + 1): number for number in range(7)}
)
_NEGATED_BEFORE = re.compile(
    r"(?<!是)(?<!要)(不是|不要|不能是|别|除了|不在|并非|不用等到?)(?:下|这|本)?(?:个)?(?:周|月)?$"
)
_NEGATED_AFTER = re.compile(
    r"^(?:号)?(?:我)?(?:肯定|恐怕|怕是|可能|实在|那天|也|真的?|就|都|还是|之前|以前|前)*"
    r"(?:不行(?!的话)|太早|早了|太晚|太急|不方便|没空|没时间|不可以|来不及|赶不[上及]|不成|太赶|有点早|有点紧|我?不在)"
)


def _offset(days: int) -> Callable[[re.Match[str], date, bool], date | None]:
    return lambda match, today, past: when.in_days(today, days)


#: "三五天", "一两周": nobody knows how many.
_ABOUT = re.compile(r"[一二两三四五六七八九]{2}")


def _count(match: re.Match[str]) -> int | None:
    return None if _ABOUT.fullmatch(match["n"]) else zh_integer(match["n"])


def _days(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    return None if count is None else when.in_days(today, count)


def _days_ago(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    return None if count is None else when.in_days(today, -count if past else count)


def _this_week(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.end_of_week(today)


def _holiday(match: re.Match[str], today: date, past: bool) -> date | None:
    month, day = {"五一": (5, 1), "劳动节": (5, 1), "国庆": (10, 1), "元旦": (1, 1)}[match["holiday"]]
    return when.month_day(today, month, day, past=past)


def _weeks(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    return None if count is None else when.in_days(today, 7 * count)


def _months(match: re.Match[str], today: date, past: bool) -> date | None:
    count = _count(match)
    return None if count is None else when.in_months(today, count)


def _weekday(match: re.Match[str], today: date, past: bool) -> date | None:
    number = _WEEKDAYS[match["day"]]
    if match["day"] == "末":
        return None
    week = {"下下": 2, "下": 1, "上上": -2, "上": -1, "这": 0, "本": 0}.get(match["which"] or "")
    if week is None and number == today.weekday():
        return None  # today or in a week: nobody can tell
    return when.weekday(today, number, week=week, past=past)


def _month_of(match: re.Match[str], today: date) -> tuple[int | None, int | None]:
    """(month number, months from now) of the words before a day; (None, None) when there are none."""
    if match["month"]:
        return zh_integer(match["month"]), None
    which = match["which"] or ""
    return None, {"下下": 2, "下": 1, "这": 0, "本": 0, "上": -1}.get(which)


def _month_end(match: re.Match[str], today: date, past: bool) -> date | None:
    month, offset = _month_of(match, today)
    if month is not None:
        return when.end_of_month(today, month=month) if 1 <= month <= 12 else None
    return when.end_of_month(today, months=offset or 0)


def _day(match: re.Match[str], today: date, past: bool) -> date | None:
    day = zh_integer(match["day"])
    month, offset = _month_of(match, today)
    if day is None or not 1 <= day <= 31:
        return None
    if month is not None:
        return when.month_day(today, month, day, past=past) if 1 <= month <= 12 else None
    return when.day_of_month(today, day, months=offset, past=past)


_MONTH = r"(?:(?P<which>下下|下|这|本|上)个?月的?|(?P<month>[一二三四五六七八九十0-9]{1,3})月份?的?)"
_DATES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date, bool], date | None]], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"大后天", _offset(3)),
        (r"大前天", _offset(-3)),
        (r"后天|后日", _offset(2)),
        (r"前天", _offset(-2)),
        (r"明天|明日|明早|明晚", _offset(1)),
        (r"昨天|昨日|昨晚", _offset(-1)),
        (
            (
                r"今天|今日|今晚|当天|(?:现在|马上|立刻|立马|这就|等下|一会儿?|待会儿?|回头|下午|晚上|中午)"
                r"(?:我|就|去|来|给你|给你们|把钱|把它|用|在|到|上|微信|支付宝|手机|app|网银|银行卡|营业厅|柜台|转账|里|他|自己|直接){0,4}"
                r"(?=交(?!代)|缴|付|还(?!有|是|要|得|没|不)|转(?!人|接)|充)"
            ),
            _offset(0),
        ),
        (r"(?<![这哪])(?:过|等)?两天(?:后|以后|之后|之内|以内|内)?(?!前|没|不)", _offset(2)),
        (rf"{_MONTH}?(?:月?底|月末)(?!下)", _month_end),
        (rf"{_MONTH}?(?P<day>[一二三四五六七八九十廿0-9]{{1,3}})(?:号|日)(?![码楼线院店门子])", _day),
        (
            rf"{_MONTH}(?P<day>[一二三四五六七八九十0-9]{{1,3}})(?![一二三四五六七八九十百千万0-9元块个])",
            _day,
        ),
        (r"(?:这个?|本)周(?:之内|以内|内|里头?|底)", _this_week),
        (r"(?P<holiday>五一(?=节|劳动|假|之前|以前|前|后|再|的时候)|劳动节|国庆|元旦)", _holiday),
        (r"周末", lambda match, today, past: None),
        (
            r"(?P<which>下下|下|上上|上|这|本)?个?周(?P<day>[一二三四五六日天末1-7])(?![个百千])",
            _weekday,
        ),
        (r"(?<![了断停坏等用快])半个月(?!了)(?:后|以后|之后|内|之内|以内)?", _offset(15)),
        (rf"(?P<n>{_N}+)个?月(?:后|以后|之后|内|之内|以内)", _months),
        (rf"(?P<n>{_N}+)天(?:前|以前|之前)", _days_ago),
        (
            rf"(?<![了断停坏等用快])(?P<n>{_N}+)个?周(?![一二三四五六日天了])(?:后|以后|之后|内|之内|以内)?",
            _weeks,
        ),
        (
            rf"(?<![了断停坏等用快有每整这第])(?P<n>{_N}+)天(?![了没天到两])(?:后|以后|之后|内|之内|以内)?",
            _days,
        ),
    )
)
_MARKS_MONTH_END = re.compile(r"月底|月末")


def find_dates(text: str, today: date, past: bool) -> list[DateSpan]:
    """Every date spoken, in order, also those without a value (ambiguous ones)."""
    spans: list[DateSpan] = []
    for pattern, rule in _DATES:
        for match in pattern.finditer(text):
            if rule is _month_end and not _MARKS_MONTH_END.search(match.group()):
                continue
            if any(match.start() < span.end and span.start < match.end() for span in spans):
                continue
            spans.append(DateSpan(match.start(), match.end(), rule(match, today, past)))
    return sorted(spans, key=lambda span: span.start)


def negated(text: str, span: DateSpan) -> bool:
    """Whether the date is rejected by the words around it (不是周五, 二十五号太早了)."""
    return bool(_NEGATED_BEFORE.search(text[: span.start]) or _NEGATED_AFTER.match(text[span.end :]))
