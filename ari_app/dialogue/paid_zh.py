"""Chinese: telling what is paid from what will be paid, over normalised text. Both are said with 了: 交了, 明天就交了."""

from __future__ import annotations

import re

from ari_app.dialogue.payment_words_zh import DONE, FUTURE, NOT_DONE, PAST, VERB

#: Surely done, whatever else is said of the future.
_SURELY = re.compile(
    rf"(?:已经|早就?|早都|不是都?|都)(?:给你们?)?(?:{VERB}|给|打)(?:费|款|钱)?(?:了(?!吧)"
    rf"|过|完|清)|{VERB}过(?:了|的(?!话)|啊|呀)|(?:给|打|转|交)过(?:你们|了|钱|去了)|{VERB}过去(?:了|好几|几天)"
    rf"|(?:交|付|还|缴|结)清(?:了|的)"
    rf"|{VERB}(?:费|款|钱)?了(?=还|怎么|为什么|又|啊?你们还)|(?:续|交|缴|补)上了(?!我|吧)"
    rf"|交给.{{1,4}}了|(?:扣款|扣费|缴费|支付|付款)成功|销账|(?:收条|凭证|小票|回执|发票"
    rf"|回单).{{0,6}}(?:有|在|开|打|留)|有.{{0,4}}(?:凭证|收条|小票|回执|回单)"
)
#: Done, unless a day still to come or a condition is named.
_LIKELY = re.compile(
    rf"已付|^结清|处理掉了|清过账|付清好几天|(?:就|刚|总之我|(?<![给把跟])我)(?:结|付|充|清|处理|{VERB})(?:掉"
    rf"|清|进去)?了(?!吧|它|再|就|不)|充进去了|交完(?:了都|三天|好几)|前脚刚|之前付的|都寄到"
)
_GAVE = re.compile(
    r"(?:昨天|昨晚|前天|上个?周.|上个?月|刚才|刚刚|已经|早就|号).{0,14}给了|不是.{0,4}给了.{0,8}了吗"
    r"|早(?:就)?给了|月初交的|年前交的|(?:昨天|昨晚|前天|上周.|上个月).{0,16}(?:给|点|付"
    r"|交|还|打给你们|弄)(?:掉)?[了的]|头[两几]天.{0,6}(?:弄|交|办)完|早打过去了"
)
#: A sentence that ends so is a promise: 一次性都付了吧, 全给你结了, 把电费交了.
_ABOUT_TO = re.compile(
    rf"{VERB}(?:费|款|钱|上|掉)?了吧|(?:给你们?|给它|全给你)(?:全)?{VERB}(?:上|掉)?了?$|(?:就"
    rf"|去|顺路|把.{{1,12}})(?:给你们?)?{VERB}(?:费|款|钱|上|掉)?了(?:$|它|省得|不就|行|可以)"
    rf"|(?<!早)(?<!都)不{VERB}了|{VERB}完(?:可以|行|还是|再|就|吃不消)"
    rf"|(?:该|归|由|应该|是)(?:房东|租客|他|她|老板|公司).{{0,3}}{VERB}的|{VERB}(?:你们|他们"
    rf"|我们)的$|房贷|多(?:交|缴|付)了|过户|套餐.{{0,4}}退|又夹在|抄的|{VERB}过(?:钱|的)?(?:吗"
    rf"|么)|答应过|交[了完]房租|以后{VERB}了|后{VERB}了$"
)


_CONDITION = re.compile(r"等|到时|如果|要是|只要|发了|有了?钱|一会|马上|下午|晚上|回去|明|后天")


def is_paid(text: str, *, dated_ahead: bool) -> float:
    """How sure it is that somebody says he has paid: 0 to 1. ``dated_ahead``: a day still to come was named."""
    if NOT_DONE.search(text) and not _SURELY.search(text):
        return 0.0
    if _SURELY.search(text) or _GAVE.search(text):
        return 0.0 if re.search(r"(?:如果|要是|等|只要).{0,8}" + VERB + "|该房东|答应过", text) else 0.9
    if (
        _LIKELY.search(text)
        and not dated_ahead
        and not _ABOUT_TO.search(text)
        and not _CONDITION.search(text)
    ):
        return 0.8
    past = bool(PAST.search(text))
    if not DONE.search(text) or _ABOUT_TO.search(text):
        return 0.0
    if past:
        return 0.9
    return 0.0 if FUTURE.search(text) or dated_ahead else 0.75
