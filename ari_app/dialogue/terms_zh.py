"""Chinese: callback times, months of a plan and telephone digits out of normalised text."""

from __future__ import annotations

import itertools
import re
from datetime import datetime, time, timedelta

from ari_app.dialogue.numbers_zh import numbers
from ari_app.dialogue.numerals import ZH_NUMBER, zh_digit_string, zh_integer

_N = f"[{ZH_NUMBER}]"

# ------------------------------------------------------------------------------------------------------- telephone digits

#: The way digits are called on the telephone and in the army, and what recognisers write for 幺.
_CALLED = str.maketrans("〇洞幺妖腰邀拐勾", "零零一一一一七九")
_SIGN = "[零〇洞幺妖腰邀拐勾一二两三四五六七八九0-9]"
_RUN = re.compile(rf"{_SIGN}(?:[嗯啊呃哦]?{_SIGN}){{3,}}")
_SAME = re.compile(rf"(一|两|二|三|四|[1234])个({_SIGN})(?!月|号|天|周)")
_TIMES = {"一": 1, "1": 1, "两": 2, "二": 2, "2": 2, "三": 3, "3": 3, "四": 4, "4": 4}
#: What makes four digits the end of a telephone number at any question.
_TELEPHONE = re.compile(
    r"(?:尾号|后四位|后面四位|最后四位|末四位|手机|电话|号码|联系方式|打|拨)(?:号码?)?(?:这个"
    r"|那个|我的?|他的?)?(?:是|就是|叫|呢|为|到|换成|改成)?$"
)
_OTHER_NUMBER = re.compile(
    r"(?:户号|账号|卡号|工号|单号|编号|身份证号?码?|合同号?|栋|幢|楼|单元|热线|客服)(?:是|就是|为)?$"
)
_NOT = re.compile(r"不是(?:那个)?$")


def phone_tail_zh(text: str, *, asked: bool) -> str | None:
    """The last four digits of a number that was read out; "四个八" is 8888, "三个六八" 6668, 幺 is 1 and 洞 0.

    ``asked``: the question was for these digits; otherwise only a whole number counts, or four digits named as such.
    """
    found = None
    text = _SAME.sub(lambda match: match[2] * _TIMES[match[1]], text)
    for match in _RUN.finditer(text):
        before = text[: match.start()]
        digits = zh_digit_string(match.group().translate(_CALLED))
        if _NOT.search(before) or _OTHER_NUMBER.search(before):
            continue
        if len(digits) >= 7 or (len(digits) == 4 and (asked or _TELEPHONE.search(before))):
            found = digits[-4:]
    if found is None and asked:
        whole = [number.value for number in numbers(text) if number.scaled and number.value]
        found = next((str(value) for value in whole if 1000 <= value <= 9999), None)
    return found


def without_telephones(text: str) -> str:
    """The text with everything unreadable that is no number but a row of digits, every other place unchanged."""
    return re.sub(
        rf"{_SIGN}{{6,}}|(?<=尾号){_SIGN}{{4}}|(?<=尾号是){_SIGN}{{4}}",
        lambda match: "＃" * len(match.group()),
        text,
    )


# ------------------------------------------------------------------------------------------------------- months of a plan

_PERIODS = re.compile(
    r"(?<![零一二两三四五六七八九十百第0-9])(三|六|十二|3|6|12)(?:个)?(?:期|个月|月(?![一二三四五六七八九十零0-9初底末份]))"
)
_YEAR = re.compile(
    r"(?P<half>(?<!了)半)年(?![前没多来])|(?<![半零0-9十二两三四五六七八九这那去前整哪])(?:一"
    r"|1)年(?![前没多半级来])(?:期)?"
)
_TIMES_TO_PAY = re.compile(r"(?:分|切|拆|摊)(?:成|作|个)?(三|六|十二|3|6|12)(?:次|回|笔|批|份)")
_NOT_PERIODS = re.compile(
    r"(?:不|别|不要|不用|不想|除了|不是|用不着|失业|停|断|病|住院|走了|欠了?|拖了?)(?:要"
    r"|分|用|想|选|办|成|做)*$"
)
_NOT_PERIODS_AFTER = re.compile(
    r"^(?:的|也|又|我|可|就|有点|还是|实在|都)*(?:太|不行(?!的话)|不要|不用|不够|不合适|短了"
    r"|长了|压力|利息.{0,2}太|没还|没发|没交|没工作|没收入|没活|前|了(?![吧行]))"
)
_MONTHS = {"三": 3, "六": 6, "十二": 12, "3": 3, "6": 6, "12": 12}


def periods_zh(text: str) -> list[int]:
    """Terms of a plan in months, in spoken order: 3, 6 and 12 only, without the rejected ones."""
    found = [(match, _MONTHS[match[1]]) for match in _PERIODS.finditer(text)]
    found += [(match, _MONTHS[match[1]]) for match in _TIMES_TO_PAY.finditer(text)]
    found += [(match, 6 if match["half"] else 12) for match in _YEAR.finditer(text)]
    found.sort(key=lambda one: one[0].start())
    refused = {
        value
        for match, value in found
        if _NOT_PERIODS.search(text[: match.start()]) or _NOT_PERIODS_AFTER.match(text[match.end() :])
    }
    for (one, value), (other, _) in itertools.pairwise(found):
        between = text[one.end() : other.start()]
        if len(between) <= 8 and re.search(r"不对|说错|错了|算了|改成|不不|还是", between):
            refused.add(value)
    return list(dict.fromkeys(value for _, value in found if value not in refused))


# ------------------------------------------------------------------------------------------------------- times of day

_PART = (
    "凌晨|清晨|早上|早晨|一早|大早|上午|中午|正午|下午|午后|傍晚|晚上|晚间|夜里|半夜|今晚"
    "|明晚|后晚|今早|明早|早|晚"
)
_TIME = re.compile(
    rf"(?P<part>{_PART})?(?:的|大概|大约|差不多|个|就|要)?"
    r"(?P<hour>二十[一二三四]?|十[一二]?|[一二两三四五六七八九]|1[0-9]|2[0-4]|0?[0-9])点(?:钟|整|来钟)?"
    r"(?P<rest>半|[一三]刻|过?(?:零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?"
    r"|五|[0-5][0-9])分?(?!钟后))?(?!多|几|[块元毛个])"
)
_HOUR = re.compile(r"(?P<n>[一二两三四五六七八九十0-9]{1,2})(?:个)?时(?:正|整)?(?=打|来|再)")
_AFTER = re.compile(
    rf"(?<!每)(?P<n>半|{_N}+)个?(?P<half>半)?(?:多)?(?P<unit>小时|钟头|分钟|刻钟|钟(?=后"
    rf"|以后|之后))(?P<plus>半)?(?:的?时间)?(?P<later>过?后|以后|之后|再|左右|内|$|打|联系|来)?"
)
_EVENING = ("下午", "午后", "傍晚", "晚上", "晚间", "今晚", "明晚", "后晚", "夜里", "晚")
_MORNING = ("凌晨", "清晨", "早上", "早晨", "一早", "大早", "上午", "今早", "明早", "早")


def times_zh(text: str, now: datetime) -> list[time]:
    """Times of day in spoken order; a bare hour of 1 to 7 is in the afternoon, "半个小时后" counts from ``now``."""
    found: list[tuple[int, time]] = []
    part = ""
    for match in _TIME.finditer(text):
        hour = zh_integer(match["hour"])
        if hour is None or hour > 24 or _not_a_time(text, match):
            continue
        minute = _minute(match["rest"])
        part = match["part"] or part
        evening = part in _EVENING or (not part and 1 <= hour <= 7)
        if (evening and hour < 12) or (part in ("中午", "正午") and hour < 3):
            hour += 12
        if minute < 60 and hour < 24:
            found.append((match.start(), time(hour, minute)))
    for match in _AFTER.finditer(text):
        minutes = _minutes(match)
        if (
            minutes is not None
            and 0 < minutes <= 720
            and _counted_from_now(text, match)
            and not re.search(r"(?:排|等|打|忙|干|耗|花|用|停|断)了$", text[: match.start()])
        ):
            later = now + timedelta(minutes=minutes)
            found.append((match.start(), time(later.hour, later.minute)))
    return list(dict.fromkeys(value for _, value in sorted(found)))


def _counted_from_now(text: str, match: re.Match[str]) -> bool:
    return match["later"] is not None or text[: match.start()].endswith(("过", "等"))


def _not_a_time(text: str, match: re.Match[str]) -> bool:
    """一点 and 两点 without a part of the day are a little, or points that somebody makes."""
    after = text[match.end() :]
    if match["part"] in ("早", "晚") and match["hour"] in ("一", "1"):
        return True  # 晚一点
    if match["hour"] == "一" and not match["part"] and not match["rest"]:
        return (
            not re.match(r"钟|整|以后|之后|左右|再打|打|给我打|联系|来电", after)
            and "钟" not in match.group()
        )
    return bool(
        re.search(r"(?:有|快|早|慢|晚|差|多|少|这|那|第)$", text[: match.start()])
        and match["hour"] in ("一", "两")
    )


def _minute(rest: str | None) -> int:
    if not rest:
        return 0
    named = {"半": 30, "一刻": 15, "三刻": 45}.get(rest)
    if named is not None:
        return named
    return zh_integer(rest.removeprefix("过").removesuffix("分").removeprefix("零") or "0") or 0


def _minutes(match: re.Match[str]) -> int | None:
    if match["n"] == "半":
        return 30 if match["unit"] in ("小时", "钟头", "钟") else None
    count = zh_integer(match["n"])
    if count is None or re.fullmatch("[一二两三四五六七八九]{2}", match["n"]):
        return None
    unit = {"小时": 60, "钟头": 60, "钟": 60, "分钟": 1, "刻钟": 15}[match["unit"]]
    return count * unit + (unit // 2 if match["half"] or match["plus"] else 0)
