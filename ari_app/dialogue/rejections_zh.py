"""Chinese: which of the dates spoken are meant; the negated, rejected, corrected and irrelevant ones are not."""

from __future__ import annotations

import re
from datetime import date

from ari_app.dialogue.heard import DateSpan
from ari_app.dialogue.payment_words_zh import VERB

_NEGATED_BEFORE = re.compile(
    r"(?<!是)(?<!要)(?<!又)(?:不是(?:说|讲|要)?|不要|不能是|别|除了|不在|并非|不用等到?"
    r"|没说|哪是|不说)(?:下|这|本)?(?:个)?(?:周|月)?$"
)
_SOFT = (
    r"(?:我|就|肯定|恐怕|怕是|可能|实在|那天|那时候?|也|真的?|都|还是|的话|是|对我来说|对我"
    r"|有点|有些|好像|又|根本|吧|怕|估计)*"
)
_NEGATED_AFTER = re.compile(
    rf"^(?:号)?{_SOFT}(?:不(?:太|大)?行(?!的话)|不?太早|早了|太晚|太急|太快|太近|太赶|太紧"
    rf"|不(?:太|大)?方便|没空|没时间|不可以|来不及|来不赢|不赶趟|赶不[上及]|不成(?!问题)"
    r"|早点|早[啊呀]|紧了|急了|赶了|不现实|够呛|悬|没戏|不在家?(?!乎)|不得空|没工夫|办不到|做不到)"
)
_TAKEN_BACK = re.compile(
    r"不不|不对|不是|说错|哦不|啊不|呃不|错了|应该是|改成|改为|算了|记错|口误|不行|还是(?!要|得|会)|要不(?!然)|要么"
)
_EXCUSE = re.compile(
    r"^(?:我|那天|还|又|要|得|都|们|他|家里?|单位|公司|厂里)*(?:在|去)?(?:[爸妈儿女][^交付还]{0,3})?"
    r"(?:出差|有事|有会|跑货|跑车|上班|加班|开会|没空|没时间|不在|做?手术|值班|考试|搬家"
    r"|休息|没钱|银行[不关休]|要去|出去|没发|看病|喝酒|结婚|带)"
)
#: All that stands around "today" where it is the whole answer.
_SHORT_ANSWER = re.compile(
    r"[那就嗯啊哦好对是行可以成能要吧呀呢嘛的了早晚上下中午班以夜里我会一定肯之前内最迟]*"
)
_MOVE = re.compile(r"(?:改|换|挪|推|放|移|调)(?:到|成|为|在)")
_SETTLED = re.compile(
    rf"{VERB}|给(?!我)|(?:我|就)去$|(?<!是)(?<!对)吧|^(?:行|可以|成|中|好)|一定|肯定|没问题"
    rf"|弄|搞定|处理|拿|凑|掏|打|联系"
)
_SIDE_BY_SIDE = re.compile(r"[和跟或者还是到至、也的号那就]*")
_CALL_THEN = re.compile(
    r"(?:早上|上午|中午|下午|晚上|的|大概|我|你们?|再|就|等)*(?:[一二两三四五六七八九十0-9]{1,3}点|打|联系|回|来电)"
)
_PAID_OR_CALLED = re.compile(
    rf"{VERB}|打给|打过|打来|打电话|给我打|再打|电话|来电|回电|回拨|联系|处理|弄|搞定|办"
    rf"|给你|拿给|掏|给(?!我)|拿|凑|去交"
)


def meant_dates(text: str, spans: list[DateSpan], today: date) -> list[DateSpan]:
    """The spans that the speaker stands by."""
    spans = _moved_to(text, spans)
    rejected = [_rejected(text, spans, at) for at in range(len(spans))]
    refused = {
        span.value for span, gone in zip(spans, rejected, strict=True) if gone and span.value is not None
    }
    return [
        span
        for at, span in enumerate(spans)
        if not rejected[at]
        and (span.value is None or span.value not in refused)
        and not _idle(text, spans, at, today)
    ]


def paid_then(text: str, spans: list[DateSpan]) -> list[DateSpan]:
    """Of several dates those on which something is to be paid: 十五号发补贴十七号给你 is the seventeenth.

    All of them where that does not tell, and where they stand side by side (周五或者周六).
    """
    if len(spans) < 2:
        return spans
    ends = [*(other.start for other in spans[1:]), len(text)]
    parts = [text[span.end : end] for span, end in zip(spans, ends, strict=True)]
    kept = [
        span
        for span, part in zip(spans, parts, strict=True)
        if _SETTLED.search(part) or _SIDE_BY_SIDE.fullmatch(part)
    ]
    return kept or spans


def called_then(text: str, spans: list[DateSpan]) -> list[DateSpan]:
    """Of several dates of a request to be called, those at which the call shall be: the ones with a time or a call."""
    called = [span for span in spans if _CALL_THEN.match(text[span.end :])]
    return called or spans


def _moved_to(text: str, spans: list[DateSpan]) -> list[DateSpan]:
    """What stands after "move it to", where a day stands there: 二十号有事改到二十三号吧."""
    moves = [match.end() for match in _MOVE.finditer(text)]
    after = [span for span in spans if moves and span.start >= moves[-1] - 1]
    return after or spans


def _rejected(text: str, spans: list[DateSpan], at: int) -> bool:
    span = spans[at]
    after = text[span.end :]
    if _NEGATED_BEFORE.search(text[: span.start]) or _NEGATED_AFTER.match(after):
        return True
    later = [other for other in spans[at + 1 :] if other.start >= span.end]
    if not later:
        return False
    between = text[span.end : later[0].start]
    if len(between) <= 8 and _TAKEN_BACK.search(between) and not _NEGATED_BEFORE.search(between):
        return True
    others = {other.value for other in spans} - {span.value}
    return bool(others) and bool(_EXCUSE.match(after)) and not _PAID_OR_CALLED.search(between)


def _idle(text: str, spans: list[DateSpan], at: int, today: date) -> bool:
    """Whether "today" dates nothing that is done about the bill: 今天这事没完."""
    span = spans[at]
    if span.value != today or not text[span.start :].startswith("今"):
        return False
    end = spans[at + 1].start if at + 1 < len(spans) else len(text)
    between = text[span.end : min(end, span.end + 24)]
    if text[: span.start].endswith(("到", "从")) or re.match("[也又还](?:没|是|说|来)", text[span.end :]):
        return True
    rest = text[: span.start] + text[span.end :]
    return not _SHORT_ANSWER.fullmatch(rest) and not _PAID_OR_CALLED.search(between)
