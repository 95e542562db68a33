"""Chinese: sums of money, callback times, terms of months and telephone digits out of normalised text."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from decimal import Decimal

from ari_app.dialogue.numerals import ZH_NUMBER, zh_digit_string, zh_integer

_N = f"[{ZH_NUMBER}]"
_DIGIT = "[零一二两三四五六七八九0-9]"
_CENT = Decimal("0.01")

_MONEY = re.compile(
    rf"(?P<whole>{_N}+)(?:点(?P<point>[零一二三四五六七八九0-9]{{1,2}}))?(?P<more>多|来|几)?(?:个)?(?:元(?!素)|块|圆|人民币)(?:钱)?"
    rf"(?:零?(?P<lone>{_DIGIT})分(?!期|钟|之)|(?P<tenth>{_DIGIT})(?:(?:毛|角)(?:零?(?P<cent>{_DIGIT})分?)?)?(?![期个次号天年月]))?"
)
_JIAO = re.compile(rf"(?<![块元{ZH_NUMBER}])(?P<tenth>{_DIGIT})(?:毛|角)(?:钱)?")
_BARE = re.compile(
    rf"(?P<whole>{_N}+)(?:点(?P<point>[零一二三四五六七八九0-9]{{1,2}}))?(?![多来几期个次分年月号日天周点楼单元弄岁人位度吨方立字{ZH_NUMBER}])"
)
#: Words before a number that make it a sum, where "元" is left out.
_PAYS = re.compile(
    r"(?:先|就|只|我|能|可以|再|还|给你们?|一共|总共|才|只有|拿出|交|缴|付|还|转|凑|出|扣了?|收了?|充|打|欠了?|剩下的?|是|要|共|那)+"
    r"(?:了|个|掉|过|到|清|的)?$"
)
#: What stands before a sum that is not about the bill.
_NOT_DUE = re.compile(
    r"(?:工资|收入|退休金|养老金|低保|存款|挣|赚|月薪|奖金|外面欠|房贷|车贷|读数|表上|字数|热线|拨打?|电话是?|号码是?|住在?|补贴|余额|卡里)"
    r"[^交付缴还]{0,6}$"
)
_VAGUE = re.compile(r"几[百千万十]|好几|一半|左右|上下|大概|差不多|部分|一点点?|百来|千把|百把|多少")
_TAKEN_BACK = re.compile(r"(?:不不|不对|不是|说错|哦不|啊不|错了|应该是|改成|改为|还是)")


def amounts_zh(text: str, *, bare: bool) -> list[Decimal]:
    """Sums in spoken order. ``bare``: a number alone is a sum too, for the question was how much."""
    found: list[tuple[int, int, Decimal]] = []
    for match in _MONEY.finditer(text):
        if (
            match["more"]
            or _NOT_DUE.search(text[: match.start()])
            or text[: match.start()].endswith(("几", "好"))
        ):
            continue
        value = _money(match)
        if value is not None:
            found.append((match.start(), match.end(), value))
    for match in _JIAO.finditer(text):
        if not any(start <= match.start() < end for start, end, _ in found):
            found.append((match.start(), match.end(), Decimal(zh_digit_string(match["tenth"])) / 10))
    for match in _BARE.finditer(text):
        if any(start < match.end() and match.start() < end for start, end, _ in found):
            continue
        before = text[: match.start()]
        if _NOT_DUE.search(before) or before.endswith(
            ("第", "几", "好", "周", "尾号", "这", "那", "哪", "每", "分", "某", "另")
        ):
            continue
        if not (bare or (_PAYS.search(before) and _is_sum(match["whole"]))):
            continue
        value = _money(match)
        if value is not None and value >= 1 and match["whole"] not in ("一", "两"):
            found.append((match.start(), match.end(), value))
    found.sort()
    kept = [one for at, one in enumerate(found) if not _replaced(text, found, at)]
    return [value.quantize(_CENT) for _, _, value in kept]


def _is_sum(whole: str) -> bool:
    """A bare number that is large enough to be money: a hundred, or two digits and more."""
    if any(sign in whole for sign in "百千万"):
        return True
    return whole.isascii() and len(whole) in (2, 3, 4, 5)


def _replaced(text: str, found: list[tuple[int, int, Decimal]], at: int) -> bool:
    """Whether a sum is taken back right after it was said: "两百五不不三百"."""
    if at + 1 >= len(found):
        return False
    between = text[found[at][1] : found[at + 1][0]]
    return len(between) <= 8 and bool(_TAKEN_BACK.search(between))


def vague_zh(text: str) -> bool:
    """Whether an amount was named that is none ("几百", "一半")."""
    return bool(_VAGUE.search(text))


def _money(match: re.Match[str]) -> Decimal | None:
    whole = zh_integer(match["whole"])
    if whole is None or (match["whole"].isdigit() and len(match["whole"]) > 7):
        return None
    groups = match.groupdict()
    part = Decimal(0)
    if groups["point"]:
        part = Decimal(f"0.{zh_digit_string(groups['point'])}")
    elif groups.get("tenth"):
        part = Decimal(f"0.{zh_digit_string(groups['tenth'])}")
    hundredth = groups.get("cent") or groups.get("lone")
    if hundredth:
        part += Decimal(zh_digit_string(hundredth)) / 100
    return (Decimal(whole) + part).quantize(_CENT)


# ------------------------------------------------------------------------------------------------------- telephone digits

_RUN = re.compile(r"[零〇洞幺一二三四五六七八九0-9]{4,}")
_SAME = re.compile(r"([三四]|3|4)个([零幺一二三四五六七八九0-9])")


def phone_tail_zh(text: str) -> str | None:
    """The last four digits of a number that was read out; "四个八" is 8888, "三个六八" 6668."""
    text = _SAME.sub(lambda match: match[2] * {"三": 3, "3": 3}.get(match[1], 4), text)
    runs = _RUN.findall(text)
    if not runs:
        return None
    digits = zh_digit_string(runs[-1])
    return digits[-4:] if len(digits) == 4 or len(digits) >= 7 else None


# ------------------------------------------------------------------------------------------------------- months of a plan

_PERIODS = re.compile(
    r"(?<![零一二两三四五六七八九十百第0-9])(三|六|十二|3|6|12)(?:个)?(?:期|个月|月(?![一二三四五六七八九十零0-9初底末份]))"
)
_NOT_PERIODS = re.compile(r"(?:不|别|不要|不用|不想|除了|不是)(?:要|分|用|想)*$")
_MONTHS = {"三": 3, "六": 6, "十二": 12, "3": 3, "6": 6, "12": 12}


def periods_zh(text: str) -> list[int]:
    """Terms of a plan in months, in spoken order: 3, 6 and 12 only."""
    found = [
        (match.start(), _MONTHS[match[1]])
        for match in _PERIODS.finditer(text)
        if not _NOT_PERIODS.search(text[: match.start()])
        and not re.match(r"太|不行|不要", text[match.end() :])
    ]
    found += [(match.start(), 6) for match in re.finditer(r"半年(?!前|没)", text)]
    found += [(match.start(), 12) for match in re.finditer(r"(?<![半零0-9十])(?:一年|1年)(?!前|没|多)", text)]
    return list(dict.fromkeys(value for _, value in sorted(found)))


# ------------------------------------------------------------------------------------------------------- times of day

_TIME = re.compile(
    r"(?P<part>凌晨|清晨|早上|早晨|一早|上午|中午|下午|傍晚|晚上|夜里|今晚|明晚|明早)?(?:的)?"
    r"(?P<hour>[零一二两三四五六七八九十0-9]{1,3})点(?:钟)?(?P<rest>半|一刻|三刻|[零一二三四五六七八九十0-9]{1,3}分?)?(?![多几])"
)
_AFTER = re.compile(
    rf"(?:过|等|再过)?(?P<n>半|{_N}+)个?(?P<half>半)?(?P<unit>小时|钟头|分钟|刻钟)(?P<plus>半)?(?:后|以后|之后|再|左右|$|打)?"
)
_EVENING = ("下午", "傍晚", "晚上", "今晚", "明晚", "夜里")


def times_zh(text: str, now: datetime) -> list[time]:
    """Times of day in spoken order; a bare hour of 1 to 7 is in the afternoon, "半个小时后" counts from ``now``."""
    found: list[tuple[int, time]] = []
    for match in _TIME.finditer(text):
        hour = zh_integer(match["hour"])
        if hour is None or hour > 24:
            continue
        minute = _minute(match["rest"])
        part = match["part"] or ""
        if (part in _EVENING and hour < 12) or (part == "中午" and hour < 3) or (not part and 1 <= hour <= 7):
            hour += 12
        if minute < 60 and hour < 24:
            found.append((match.start(), time(hour, minute)))
    for match in _AFTER.finditer(text):
        minutes = _minutes(match)
        if minutes is not None and 0 < minutes <= 720:
            later = now + timedelta(minutes=minutes)
            found.append((match.start(), time(later.hour, later.minute)))
    return list(dict.fromkeys(value for _, value in sorted(found)))


def _minute(rest: str | None) -> int:
    if not rest:
        return 0
    named = {"半": 30, "一刻": 15, "三刻": 45}.get(rest)
    if named is not None:
        return named
    return zh_integer(rest.removesuffix("分").removeprefix("零") or "0") or 0


def _minutes(match: re.Match[str]) -> int | None:
    if match["n"] == "半":
        return 30 if match["unit"] in ("小时", "钟头") else None
    count = zh_integer(match["n"])
    if count is None:
        return None
    unit = {"小时": 60, "钟头": 60, "分钟": 1, "刻钟": 15}[match["unit"]]
    return count * unit + (unit // 2 if match["half"] or match["plus"] else 0)
