"""Words of a reply that need no understanding: how somebody ends messages, and what asks for nothing.

``STOP``, ``STOPALL``, ``UNSUBSCRIBE``, ``CANCEL``, ``END`` and ``QUIT`` are those that CTIA's Messaging Principles name,
``REVOKE`` and ``OPT OUT`` stand beside them in 47 CFR 64.1200(a)(10); TD, T and R (退订, 拒收) are those of operators in
China.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

#: Whole replies that end everything; compared without case, blanks and marks.
OPT_OUT: Final = frozenset(
    {
        "td",
        "t",
        "r",
        "回td",
        "回t",
        "回r",
        "退订",
        "退訂",
        "退定",
        "拒收",
        "取消订阅",
        "取消",
        "停止",
        "请停止",
        "請停止",
        "停止发送",
        "停止發送",
        "请停止发送",
        "請停止發送",
        "别发了",
        "別發了",
        "不要发了",
        "不要發了",
        "免打扰",
        "请勿打扰",
        "勿扰",
        "勿擾",
        "免打擾",
        "請勿打擾",
        "不要打扰",
        "别打扰我",
        "不要再联系我",
        "别再联系我",
        "不要再发了",
        "别再发了",
        "stop",
        "stopall",
        "unsubscribe",
        "unsub",
        "revoke",
        "cancel",
        "end",
        "quit",
        "optout",
        "optmeout",
        "removeme",
        "leavemealone",
        "donotcontactme",
        "dontcontactme",
        "stopmessaging",
        "stopmessagingme",
        "stoptextingme",
        "stopcontactingme",
    }
)
#: Beginnings after which anything may follow: "退订，谢谢", "STOP please".
_OPENINGS: Final = re.compile(
    r"^\W*(?:回复?)?(?:td|退订|退訂|拒收|stop|stopall|unsubscribe|opt[ -]?out)(?![a-z0-9])", re.IGNORECASE
)
#: Wishes about this kind of message alone.
_CHANNEL: Final = re.compile(
    r"(?:不要|别|不想|请勿|勿)(?:再)?(?:给我)?(?:发|收到?)?(?:任何)?(?:短信|邮件|消息|信息)"
    r"|(?:no|stop|don'?t|do not)\s+(?:more\s+)?(?:send(?:ing)?\s+(?:me\s+)?)?(?:any\s+)?(?:more\s+)?"
    r"(?:texts?|text messages|sms|e-?mails?|messages|texting me|e-?mailing me)\b",
    re.IGNORECASE,
)
#: Anywhere in a short reply.
_ANYWHERE: Final = re.compile(
    r"退订|退訂|(?:不要|别|请勿|勿)再?(?:打扰|骚扰|联系)|\bunsubscribe\b|\bopt[ -]?(?:me )?out\b"
    r"|\b(?:do not|don'?t|stop|never) (?:contact|calling|messag\w+|text\w*|writ\w+|bother\w*)(?: me)?\b|\bleave me alone\b",
    re.IGNORECASE,
)
#: Answers of machines and courtesies: nothing has to be done.
_NOTHING: Final = re.compile(
    r"^\W*(?:好的?|收到|知道了|谢谢|多谢|谢谢你|好的谢谢|嗯+|ok(?:ay)?|thanks?(?: you)?|thx|got it|k|"
    r"(?:automatic|auto)[ -]?reply\b.*|out of office\b.*|自动回复.*|我现在不方便.*自动.*)\W*$",
    re.IGNORECASE | re.DOTALL,
)
_NUMBERS_ASKED: Final = 200


def plain_words(text: str) -> str:
    """A reply without case, blanks, marks and widths, for comparing whole replies."""
    folded = unicodedata.normalize("NFKC", text[:_NUMBERS_ASKED]).casefold()
    return "".join(sign for sign in folded if sign.isalnum())


def ends_everything(text: str) -> bool:
    """Whether a reply asks for no contact at all. In doubt between this and one channel, this."""
    shown = unicodedata.normalize("NFKC", text[:_NUMBERS_ASKED]).strip()
    if plain_words(text) in OPT_OUT or (_OPENINGS.search(shown) is not None and not ends_channel(text)):
        return True
    return _ANYWHERE.search(shown) is not None and not ends_channel(text)


def ends_channel(text: str) -> bool:
    """Whether a reply asks for no more messages of this kind, and of nothing else."""
    shown = unicodedata.normalize("NFKC", text[:_NUMBERS_ASKED])
    return plain_words(text) not in OPT_OUT and _CHANNEL.search(shown) is not None


def asks_nothing(text: str) -> bool:
    """Whether nothing has to be done about a reply."""
    shown = unicodedata.normalize("NFKC", text[:_NUMBERS_ASKED]).strip()
    return not shown or _NOTHING.match(shown) is not None
