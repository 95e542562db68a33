"""Chinese: dates out of normalised text."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from ari_app.dialogue import calendar_words as when
from ari_app.dialogue.durations_zh import find_durations
from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.numerals import ZH_NUMBER, zh_integer

_Rule = Callable[[re.Match[str], date, bool], date | None]

_N = f"[{ZH_NUMBER}]"
_WEEKDAYS = (
    {name: number for number, name in enumerate("一二三四五六日")}
    | {"天": 6, "末": 6}
    | {str(number + 1): number for number in range(7)}
)


def _offset(days: int) -> _Rule:
    return lambda match, today, past: when.in_days(today, days)


def _at_once(match: re.Match[str], today: date, past: bool) -> date | None:
    return None if past else today


def _same_day(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.in_months(today, 1) if match["unit"] == "月" else when.in_days(today, 7)


def _none(match: re.Match[str], today: date, past: bool) -> date | None:
    return None


def _this_week(match: re.Match[str], today: date, past: bool) -> date | None:
    return when.end_of_week(today)


def _holiday(match: re.Match[str], today: date, past: bool) -> date | None:
    month, day = {"五一": (5, 1), "劳动节": (5, 1), "国庆": (10, 1), "元旦": (1, 1)}[match["holiday"]]
    return when.month_day(today, month, day, past=past)


def _weekday(match: re.Match[str], today: date, past: bool) -> date | None:
    number = _WEEKDAYS[match["day"]]
    if match["day"] == "末":
        return None
    week = {"下下": 2, "下": 1, "上上": -2, "上": -1, "这": 0, "本": 0}.get(match["which"] or "")
    if week is None and number == today.weekday() and not past:
        return None  # today or in a week: nobody can tell
    return when.weekday(today, number, week=week, past=past)


def _month_of(match: re.Match[str]) -> tuple[int | None, int | None]:
    """(month number, months from now) of the words before a day; (None, None) when there are none."""
    if match["month"]:
        return zh_integer(match["month"]), None
    return None, {"下下": 2, "后": 2, "下": 1, "这": 0, "本": 0, "当": 0, "上": -1}.get(match["which"] or "")


def _month_end(match: re.Match[str], today: date, past: bool) -> date | None:
    month, offset = _month_of(match)
    if month is not None:
        return when.end_of_month(today, month=month) if 1 <= month <= 12 else None
    if offset is None and past:
        return when.end_of_month(today, months=-1)
    return when.end_of_month(today, months=offset or 0)


def _day(match: re.Match[str], today: date, past: bool) -> date | None:
    day = zh_integer(match["day"].replace("廿", "二十").replace("卅", "三十"))
    month, offset = _month_of(match)
    if day is None or not 1 <= day <= 31:
        return None
    if month is not None:
        return when.month_day(today, month, day, past=past) if 1 <= month <= 12 else None
    return when.day_of_month(today, day, months=offset, past=past)


#: After a number of hundreds a month or day begins anew: 一百八月底 is 180 at the month's end.
_FRESH = r"(?<![百千万零〇一二三四五六七八九十0-9])"
_MONTH = (
    rf"(?:(?P<which>下下|(?<!一)下|这|本|当|上|后)个?月份?(?:的|那个)?|{_FRESH}(?P<month>十[一二]?"
    rf"|[一二三四五六七八九]|1[0-2]|0?[1-9])月份?的?)"
)
_DAY = (
    r"(?P<day>[二三]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|卅[一]?|[一二三四五六七八九]"
    r"|[0-2]?[0-9]|3[01])"
)
_NO_DAY_BEFORE = r"(?<![零〇一二三四五六七八九十0-9第几路街巷弄初栋幢])(?<!尾)"
#: What follows a day that is named without 号: 下个月十五交.
_DAY_ALONE = r"(?P<day>[二三]?十[一二三四五六七八九]?|[1-3]?[0-9])"

_DATES: tuple[tuple[re.Pattern[str], _Rule | None], ...] = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        # None as a rule: no date at all, though it looks like one.
        (
            (
                r"这一?[两几]天|(?:最近|前|头|那|近)[两几]天|天天|每天|白天|当天|那天|半天|三天两头"
                r"|今后|明年|今年|去年"
                r"|一天(?=打|到晚|天|一|几|也|能|就卖|挣|赚|才|好几|多|不|[两三四五六七八九十])|[每按]个?月"
                r"|一周(?=打|[一两三四五六七八九十]次)"
            ),
            None,
        ),
        (
            (
                r"(?:哪|第[一二三四五六七八九十]+)天|几[号日]|周[几期]|(?:上|这|本|下)?个?月(?=的?(?:账单"
                r"|电费|水费|气费|话费|费))"
            ),
            None,
        ),
        (
            r"(?:等|发|到账|工资|有了?钱|拿到|回来|下来)[^号周天月]{0,8}(?:马上|立刻|立马|现在|这就|下午|晚上)",
            None,
        ),
        # Nobody can resolve these.
        (
            (
                r"(?:明后|今明|后大后)[天两]天?|改天|过几天|这几天|几天[后内]|周末|个把(?:周|月)|十天半个?月"
                r"|十来天|[一二三]?十[多来几][号日]"
            ),
            _none,
        ),
        (rf"(?:初[一二三四五六七八九十]+|(?:农历|阴历|正月|腊月|大年)(?:初|底)?{_N}*)(?:号|日)?", _none),
        (r"下个?(?P<unit>周|月)的?(?:今天|这天|这个时候)", _same_day),
        (r"大后天", _offset(3)),
        (r"大前天", _offset(-3)),
        (r"后天|后晚(?=[上给交还付打])", _offset(2)),
        (r"前天|前晚", _offset(-2)),
        (r"明天|明早|明晚|明(?=上午|下午|中午)", _offset(1)),
        (r"昨天|昨晚|昨(?=夜|下午|上午)", _offset(-1)),
        (r"今天|今晚|今早|今(?=上午|下午)", _offset(0)),
        (
            (
                r"(?<![了等发到完后天号周月晚早一二三四五六日])(?:现在|马上|立刻|立马|这就|等下|一会儿?"
                r"|待会儿?|下午|晚上|中午)"
                r"(?:我|就|去|来|给你们?|把钱|把它|用|在|到|上|里|微信|支付宝|手机|app|网银|银行卡|营业厅"
                r"|柜台|转账|他|自己|直接){0,4}"
                r"(?=交(?!代|不)|缴(?!不)|付(?!不|得)|还(?!有|是|要|得|没|不)|转(?!人|接)|充)"
            ),
            _at_once,
        ),
        (r"(?:这个?|本)周(?:之内|以内|内|里头?|底|结束|过完|过去|最后)(?:之?前)?", _this_week),
        (r"(?P<holiday>五一(?=节|劳动|假|之前|以前|前|后|再|的时候|放)|劳动节|国庆|元旦)", _holiday),
        (rf"(?:{_MONTH}(?:底|末|的?最后一天)|月底|月末)(?!下|细|线|子|层|气|价)", _month_end),
        (rf"(?:{_MONTH}|{_NO_DAY_BEFORE}){_DAY}(?:号|日)(?![码楼线院店门子房机桌卡车人])", _day),
        (rf"{_MONTH}{_DAY_ALONE}(?![{ZH_NUMBER}元块个点期笔次份度吨方多来几天年分毛])", _day),
        (
            (
                r"(?P<which>下下|(?<!一)下|上上|上|这|本)?个?周(?P<day>[一二三四五六日天1-7])(?![个百千期年月周天块次]"
                r"|[一二三四五六七八九十]周)"
            ),
            _weekday,
        ),
        (r"(?:下下|下|这)个?(?:周|月)|[过等]一?(?:段时间|阵子)", _none),
    )
)


def find_dates(text: str, today: date, is_past: Callable[[str, str], bool]) -> list[DateSpan]:
    """Every date spoken, in order, also those without a value (ambiguous ones).

    ``is_past`` tells from the text before and after a date whether something already done is dated by it.
    """
    spans = find_durations(text, today, is_past)
    taken = [(span.start, span.end) for span in spans]
    for pattern, rule in _DATES:
        for match in pattern.finditer(text):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            taken.append(match.span())
            if rule is not None:
                past = is_past(text[: match.start()], text[match.end() :])
                spans.append(DateSpan(match.start(), match.end(), rule(match, today, past)))
    return sorted(spans, key=lambda span: span.start)
