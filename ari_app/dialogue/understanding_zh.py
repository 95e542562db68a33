"""Chinese: intents and slots by rules over normalised text."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from decimal import Decimal

from ari_app.dialogue.dates_zh import find_dates, negated
from ari_app.dialogue.heard import DateSpan, Heard
from ari_app.dialogue.numerals import ZH_NUMBER, zh_digit_string, zh_integer
from ari_app.dialogue.phrases_zh import (
    AFFIRM_EXACT,
    AFFIRM_START,
    AFFIRM_WORD,
    CHANNELS,
    COMPILED,
    CORRECTS,
    DENY_START,
    DISPUTE,
    FULL,
    FUTURE,
    HALF,
    NOT_PAID,
    PAID,
    PAID_SURE,
    PROMISE,
    REFUSE,
    VERB,
)

_PUNCTUATION = re.compile(r"[\s,，。.、!！?？;；:：\"'“”‘’()（）…~—\-]+")
_FILLERS = re.compile(r"呃|额(?!度)|就是说|然后呢")
#: Recognisers return either script; only the characters of this vocabulary.
_SIMPLIFIED = str.maketrans(
    "電話繳費還錢說號這個機錄認識對嗎沒關係給誰問題賬單額數開轉貴發講萬兩幾點時間週禮後過聽見與為應該總間實訴請謝經決結確"
    "記現會買東車門體麼從來馬嘗試帳責線聯繫騷擾際業務員師爸媽兒媳舊兄爺麗愛歲處滯納約寬錯項內裡裏邊頭帶剛剩餘讓幫",
    "电话缴费还钱说号这个机录认识对吗没关系给谁问题账单额数开转贵发讲万两几点时间周礼后过听见与为应该总间实诉请谢经决结确"
    "记现会买东车门体么从来马尝试账责线联系骚扰际业务员师爸妈儿媳旧兄爷丽爱岁处滞纳约宽错项内里里边头带刚剩余让帮",
)

_N = f"[{ZH_NUMBER}]"


def normalise_zh(text: str) -> str:
    """One script, one width, no spaces, punctuation or fillers."""
    text = unicodedata.normalize("NFKC", text).lower().translate(_SIMPLIFIED)
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    text = re.sub(r"(?<=[0-9])\.(?=[0-9])", "点", text)
    return _FILLERS.sub("", _PUNCTUATION.sub("", text))


def hear_zh(text: str, context: str, now: datetime) -> Heard:
    """Findings of a Chinese utterance at a question; ``now`` is local to the customer."""
    text = normalise_zh(text)
    heard = Heard(words=len(text))
    if not text:
        return heard
    for intent, pattern in COMPILED:
        if pattern.search(text):
            heard.add(intent)
    _money_intents(heard, text)
    past = "already_paid" in heard.intents
    spans = find_dates(text, now.date(), past)
    named = [span for span in spans if not negated(text, span)]
    heard.dates = [span.value for span in named if span.value is not None]
    heard.unclear_date = bool(named) and not heard.dates
    bare = "".join(text[a:b] for a, b in _gaps(text, spans))
    heard.amounts = _amounts(bare, context)
    heard.full_amount = bool(FULL.search(text)) and not HALF.search(text) and not heard.amounts
    heard.channels = [name for name, words in CHANNELS if re.search(words, text)]
    heard.corrects = bool(CORRECTS.search(text))
    if context == "verify_tail":
        heard.phone_tail = _phone_tail(text)
    _yes_no(heard, text, context)
    _settle(heard, text)
    return heard


def _money_intents(heard: Heard, text: str) -> None:
    if DISPUTE.search(text):
        heard.add("dispute")
    future = bool(FUTURE.search(text))
    if PAID.search(text) and not NOT_PAID.search(text) and (PAID_SURE.search(text) or not future):
        heard.add("already_paid")
    elif PROMISE.search(text) and not REFUSE.search(text) and not re.search(rf"{VERB}不|没{VERB}", text):
        heard.add("promise_to_pay")
    if REFUSE.search(text) and "already_paid" not in heard.intents:
        heard.add("refuse_to_pay")


def _yes_no(heard: Heard, text: str, context: str) -> None:
    if AFFIRM_EXACT.match(text) and AFFIRM_WORD.search(re.sub(r"[你您]好", "", text)):
        heard.add("affirm", 0.95)
    elif DENY_START.match(text):
        heard.add("deny", 0.9)
    elif AFFIRM_START.match(text):
        heard.add("affirm", 0.75)
    if text in ("不是我", "我不是") and context in ("opening", "verify_tail"):
        heard.add("identity_deny")


def _settle(heard: Heard, text: str) -> None:
    """Findings that rule each other out."""
    intents = heard.intents
    if "identity_deny" in intents or "third_party" in intents:
        heard.drop("identity_confirm", "affirm")
    if "stop_calling" in intents:
        heard.drop("request_callback")
    if "recording_refused" in intents:
        heard.drop("ask_if_robot", "stop_calling")
    if "ask_if_robot" in intents and not re.search(r"转|要|找|换", text):
        heard.drop("request_human")
    if "already_paid" in intents or "dispute" in intents:
        heard.drop("promise_to_pay", "ask_amount", "hardship")
    if "request_callback" in intents:
        heard.dates = []
        heard.drop("promise_to_pay")
    if "ask_payment_method" in intents or "request_installment" in intents:
        heard.drop("promise_to_pay")
    if "refuse_to_pay" in intents and "request_deferral" in intents:
        heard.drop("refuse_to_pay")


def _gaps(text: str, spans: list[DateSpan]) -> list[tuple[int, int]]:
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), len(text)]
    return list(zip(edges[::2], edges[1::2], strict=True))


# ------------------------------------------------------------------------------------------------------- amounts, tail

_DIGIT = "[零一二两三四五六七八九0-9]"
_MONEY = re.compile(
    rf"(?P<whole>{_N}+)(?:点(?P<point>[零一二三四五六七八九0-9]{{1,2}}))?(?:个)?(?:元|块|圆)(?:钱)?"
    rf"(?:零?(?P<lone>{_DIGIT})分|(?P<tenth>{_DIGIT})(?:(?:毛|角)(?:零?(?P<cent>{_DIGIT})分?)?)?)?"
)
_BARE = re.compile(
    rf"(?P<whole>{_N}+)(?:点(?P<point>[零一二三四五六七八九0-9]{{1,2}}))?(?![期个次分年月号日{ZH_NUMBER}])"
)


def _amounts(text: str, context: str) -> list[Decimal]:
    if HALF.search(text):
        return []
    found = [value for match in _MONEY.finditer(text) if (value := _money(match)) is not None]
    if found or context not in ("ask_amount", "confirm_ptp"):
        return found
    return [value for match in _BARE.finditer(text) if (value := _money(match)) is not None and value >= 1]


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
    return (Decimal(whole) + part).quantize(Decimal("0.01"))


def _phone_tail(text: str) -> str | None:
    runs = re.findall(r"[零〇洞幺一二三四五六七八九0-9]{4,}", text)
    if not runs:
        return None
    spoken = zh_digit_string(runs[-1])
    return spoken[-4:] if len(spoken) == 4 or len(spoken) >= 7 else None
