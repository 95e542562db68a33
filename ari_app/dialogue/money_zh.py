"""Chinese: sums of money out of normalised text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from ari_app.dialogue.numbers_zh import Number, numbers
from ari_app.dialogue.numerals import zh_digit_string

_CENT = Decimal("0.01")
_DIGIT = "[零一二两三四五六七八九0-9]"
_LARGEST = 9_999_999

_POINT = re.compile(rf"点(?P<point>{_DIGIT}{{1,2}})(?!{_DIGIT}|[刻分钟半十])")
#: The unit, and what is said after it: 五块八, 五块八毛二, 三块零五分.
_UNIT = re.compile(
    rf"个?(?:块|元(?!素|旦|宵)|圆|人民币)钱?(?:零?(?P<lone>{_DIGIT})分(?!期|钟|之|[零一二两三四五六七八九十0-9])"
    rf"|零?(?P<tenth>(?<=零){_DIGIT}(?=毛|角)|(?<!零){_DIGIT})(?:(?:毛|角)(?:零?(?P<cent>{_DIGIT})分?(?!期"
    rf"|钟|[号日天月百千万十]))?)?(?![期个次号日天年月百千万十点成遍回]))?"
)
_JIAO = re.compile(rf"(?<![块元圆])(?P<tenth>{_DIGIT})(?:毛|角)(?!不|都|也)钱?")
_UNIT_PRICE = re.compile(r"每(?:一)?(?:度|吨|方|立方|分钟)")
#: A number before one of these counts something else.
_COUNTED = re.compile(
    r"个(?!块)|次(?!性)|遍|趟|回(?!头|家|来|去|老)|期|分(?![期几成着开批次一二两三四五六七八九十0-9给])"
    r"|年|月(?!底|末)|号|日|天|周|点(?!给|还|交)|楼|层|栋|幢|单元|弄|巷"
    r"|岁|人(?!民币|家|说)|位|度|吨|方(?!便)|立|字|平|公里|里地|斤|只(?!能|有|好|够|是|要"
    r"|交|还|剩)|户|家(?!里|人|属)|张|条|件|种|样|份|米|路|室|房|班"
    r"|瓦|兆|[gm](?![a-z])|倍|%|折|成(?![不吗么交了吧])|小时|分钟|钟头|刻钟|页|名|车|亩"
    r"|站|代|级|档|秒|码|毫|克|厘|队|届|百分|顿|碗|餐|粉丝|来[个块岁天年]|口人|头[猪牛羊]"
)
#: "三百多", "两千来块", "四百几": nobody knows how much.
_ABOUT_AFTER = re.compile(
    r"多(?!少|谢|付|交|缴|收|扣|还(?!是|没)|余)|来(?=[块元万千百个]|$)|余[元块]|把块|出头|以[上下]"
)
#: What is not about this bill, said before or after its sum.
_ELSEWHERE = (
    r"工资|收入|退休[金今]?|养老金|低保|存款|挣|赚|月薪|薪水|底薪|奖金|提成|生活费|伙食费?"
    r"|药[钱费]|医[药疗]费|学费|房租(?!.{0,4}[欠交])|房贷|车贷|月供|奶粉|彩礼"
    r"|保险|押金|份子|红包|货款|本钱|外面欠|外债|网贷|读数|表上|字数|余额|卡里|卡上|兜里"
    r"|身上|补贴|补助|营业额|利润|进账|账户里|户头里|[骗偷]了|流水(?!号)"
)
_ELSEWHERE_BEFORE = re.compile(
    rf"(?:{_ELSEWHERE}|热线|电话是?|号码是?|住在|门牌|房号|工号|账号|户号|卡号|编号|单号"
    rf"|身份证|车牌|尾号是?|后四位是?|录音|第)"
    r"(?:(?!下来|到账|一到|发下|再|先|把|给|那)[^交付缴还充扣欠收转百千万块元号]){0,6}$|[路街巷]$"
)
_ELSEWHERE_AFTER = re.compile(
    r"^(?:块|元|钱|左右|多)*的?(?:工资|收入|退休|养老|低保|存款|月薪|底薪|奖金|提成|药|生活费"
    r"|学费|房租|房贷|车贷|补贴|贷款|手机|读数)"
)
#: These are debts to us as well as to others: 学费一万二我一次性交清.
_BILL_OR_NOT = re.compile(r"(?:卡[里上]|兜里|身上|口袋|学费|房租|保险|医[药疗]费|月供|车贷|房贷).{0,4}$")
_PAID_THEN = re.compile(
    r"[块元]?钱?(?:我|就|先|都|了|全|给你们?|今天|＿)*(?:一次性|全部?|一起)?(?:交|付|还|缴|结|拿|给)(?!不)"
)
#: A number at the end of one of these words is a sum, where "元" is left out.
_PAYS = re.compile(
    r"(?:先|就|只|能|可以|再|还|给(?:你们?|他们|您)?|一共|总共|才|只有|拿出?|交|缴|付|补"
    r"|转|凑|出|扣|收|充|打|存|汇|刷|退|多[收扣算]的?那?|欠|剩下?|余下|应该是?|要|[说讲]好的?(?:是|每月)?)"
    r"(?:了|个|掉|过|到|清|的|款|费|我|去|来|上)?$"
)
_TELEPHONES = re.compile(
    r"1[012]3\d\d|100\d\d|955\d\d|96\d{3}|一[零一二]三[一二三四五六七八九零]{2}|一零零[零一]\d?|幺[零幺二]三.."
)
_READING = re.compile(
    r"表上(?!个|月|周)|读数|字数|度数|(?:水|电|气|燃气)?表(?:显示|是|走|写|读|的数|才|就"
    r"|里)|抄(?:的是|成|了个|表)|读(?:的|成|了个)|底数|示数|走到"
)
#: Before a small number these say which one, not how much.
_POINTING = ("周", "这", "那", "哪", "每", "某", "另", "点", "月", "第")
_REJECTED_BEFORE = re.compile(
    r"(?:(?<!是)(?<!又)不是(?:说|收|欠)?|不要|别(?!的|人)|并非|哪里?是|哪有|怎么会是|怎么是"
    r"|怎么可能是|听成|说成|写成|记成|当成|看成|听错成|超过|没到|不到|不止|卖不出)(?:什么|你说的|那个|这个|的)?$"
)
_REJECTED_AFTER = re.compile(
    r"^(?:块|元|钱|的话|的)*(?:我|现在|是|也|可|都|实在|真|真的|一下子|肯定|恐怕|怕是|有点|根本)*"
    r"(?:太多|凑不|拿不|出不起|给不[起了出]|交不[起了上出]|付不[起了出]|还不[起了上]|掏不"
    r"|不行(?!的话)|没有(?!问题)|没那么多|不够|太难听|不好听|够呛|有困难|不现实)"
)
_TAKEN_BACK = re.compile(
    r"不不|不对|(?:哦|啊|呃|哎)不|说错|错了|应该是|改成|改为|算了|还是(?!要|得|会)|不吉利|口误"
    r"|记错|不是(?!说|要|给|交)|要不(?!然)|干脆|不好听|难听"
)
#: Between two equal sums these say that they are two and not one said twice.
_ONE_MORE = re.compile("[＿再又还另加和跟剩]")
_VAGUE = re.compile(r"几[百千万十]|好几|一半|左右|上下|大概|差不多|部分|一点点?|百来|千把|百把|百八十|多少")


@dataclass(frozen=True, slots=True)
class _Sum:
    start: int
    end: int
    value: Decimal
    rejected: bool = False


def amounts_zh(text: str, *, bare: bool) -> list[Decimal]:
    """Sums about the bill or a payment, in spoken order, without those that were rejected or taken back.

    ``bare``: a small number alone is a sum too, for the question was how much. Larger ones (三百五) always are, unless
    they count something or belong to something else.
    """
    found = sorted(_found(text, bare=bare), key=lambda one: one.start)
    found = [replace(one, rejected=_rejected(text, found, at)) for at, one in enumerate(found)]
    refused = {one.value for one in found if one.rejected}
    kept = [one for one in found if one.value not in refused]
    return [
        one.value
        for at, one in enumerate(kept)
        if not (
            at
            and one.value == kept[at - 1].value
            and one.start - kept[at - 1].end <= 8
            and not _ONE_MORE.search(text[kept[at - 1].end : one.start])
        )
    ]


def vague_zh(text: str) -> bool:
    """Whether an amount was named that is none ("几百", "一半")."""
    return bool(_VAGUE.search(text))


def _found(text: str, *, bare: bool) -> list[_Sum]:
    found: list[_Sum] = []
    reading = bool(_READING.search(text))
    for number in numbers(text):
        if found and number.start < found[-1].end:
            continue
        one = _with_unit(text, number) or _without_unit(text, number, bare=bare, reading=reading)
        if one is not None:
            found.append(one)
    for match in _JIAO.finditer("" if _UNIT_PRICE.search(text) else text):
        if not any(one.start <= match.start() < one.end for one in found):
            value = Decimal(zh_digit_string(match["tenth"])) / 10
            if value:
                found.append(_Sum(match.start(), match.end(), value.quantize(_CENT)))
    return found


def _with_unit(text: str, number: Number) -> _Sum | None:
    """A sum with 块 or 元: 五块八, 二十九点八块."""
    whole, end, part = number.value, number.end, Decimal(0)
    if point := _POINT.match(text, end):
        part, end = Decimal(f"0.{zh_digit_string(point['point'])}"), point.end()
    unit = _UNIT.match(text, end)
    if (
        (not whole and not part)
        or unit is None
        or whole is None
        or whole > _LARGEST
        or _elsewhere(text, number.start, unit.end())
    ):
        return None
    if number.text == "一" and unit.group() == "块":
        return None  # 一块交: together
    if unit["tenth"]:
        part = Decimal(zh_digit_string(unit["tenth"])) / 10
    if hundredth := unit["cent"] or unit["lone"]:
        part += Decimal(zh_digit_string(hundredth)) / 100
    return _Sum(number.start, unit.end(), (whole + part).quantize(_CENT))


def _without_unit(text: str, number: Number, *, bare: bool, reading: bool) -> _Sum | None:
    """A number that is a sum by its size or its place: 三百五, 先交五十, 二十九点八."""
    end, part = number.end, Decimal(0)
    if point := _POINT.match(text, end):
        part, end = Decimal(f"0.{zh_digit_string(point['point'])}"), point.end()
    value, before = number.value, text[: number.start]
    if value is None or reading or not 1 <= value <= _LARGEST or _COUNTED.match(text, end):
        return None
    if _elsewhere(text, number.start, end) or _TELEPHONES.fullmatch(number.text):
        return None
    if number.text in ("一", "两") or (not number.scaled and before.endswith(_POINTING)):
        return None
    if re.search(r"你(?:这|们|个|是|就|就是)*个?$", before) and number.text == "二百五":
        return None
    if (
        number.string
        and (len(number.text) > 5 or not number.text.isascii())
        and not (bare and len(number.text) == 3)
    ):
        return None
    sized = number.scaled or (number.text.isascii() and 3 <= len(number.text) <= 5 and number.text[0] != "0")
    placed = value >= 10 and bool(_PAYS.search(before))
    if not (
        sized or placed or (bare and (value >= 10 or (value >= 2 and len(text) <= len(number.text) + 4)))
    ):
        return None
    return _Sum(number.start, end, (value + part).quantize(_CENT))


def _elsewhere(text: str, start: int, end: int) -> bool:
    """Whether this is no exact sum of the bill: an income, a price of something else, a number of something, or vague."""
    before, after = text[max(start - 16, 0) : start], text[end : end + 8]
    if (
        before.endswith("几")
        or (before.endswith("好") and text[start] in "十百千万")
        or _ABOUT_AFTER.match(after)
    ):
        return True
    if after.startswith("几") and text[end - 1] in "十百千万零":
        return True
    if _PAID_THEN.match(after) and _BILL_OR_NOT.search(before):
        return False
    return bool(_ELSEWHERE_BEFORE.search(before) or _ELSEWHERE_AFTER.match(after))


def _rejected(text: str, found: list[_Sum], at: int) -> bool:
    """Whether a sum is refused (不是三百六, 三百凑不出来) or taken back in one breath (两百五不对三百)."""
    one = found[at]
    if _REJECTED_BEFORE.search(text[: one.start]):
        return True
    if len(found) > 1 and _REJECTED_AFTER.match(text[one.end :]):
        return True
    if at + 1 >= len(found) or found[at + 1].value == one.value:
        return False
    between = text[one.end : found[at + 1].start]
    return len(between) <= 10 and bool(_TAKEN_BACK.search(between)) and not _REJECTED_BEFORE.search(between)
