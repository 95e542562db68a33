"""Back-channels: what people say while they listen, in English and Chinese, and what of it also says yes.

One table for all who need it: how far an answer has come (``completeness``), and what the grammar recogniser has to tell
from answers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_LISTENS_EN: Final = frozenset(
    re.split(
        r"\|",
        "mm|mmm|mhm|mm hm|mm hmm|mmhm|mm mm|hm|hmm|huh|uh huh|aha|ah|oh|okay|ok|right|i see|sure|all right|alright|got it"
        "|go on|hello|hi|fine|oh okay|oh ok|oh i see|okay okay|yeah okay|uh huh okay|yeah yeah",
    )
)
_NODS_EN: Final = frozenset({"yes", "yeah", "yep", "ya", "yes yes", "oh yes", "oh yeah"})
_NO_YES_EN: Final = frozenset(
    {"hello", "hi", "oh", "ah", "hm", "hmm", "huh", "go on", "i see", "oh i see", "got it"}
)
"""Of those who listen, what does not say yes to a question either."""

_LISTENS_ZH: Final = re.compile(
    r"(嗯|恩|哦|噢|喔|啊|唔|呣|诶|欸|好|好的|好吧|好啊|行|行吧|知道|知道了|明白|明白了|了解|收到|这样|这样啊|是吗|喂|你好|您好|你说|您说"
    r"|请说|请讲|ok)+"
)
_NODS_ZH: Final = re.compile(r"(对|是|是的|对的|对啊|是啊|嗯)+")
_YES_ZH: Final = re.compile(r"嗯|恩|(?<!你)(?<!您)好|行|对|是(?!吗)|ok")

HEARD_EN: Final = (
    *("uh huh", "okay", "right", "all right", "i see", "sure", "got it", "fine", "yeah", "yes"),
)
"""What a recogniser that turns every sound into a sentence must know beside the answers: without "right" it hears
"friday". Each word stands in CMUdict. What is hardly a word ("mm", "oh") is left out: it would be heard in the noise of a
line."""


@dataclass(frozen=True, slots=True)
class BackChannel:
    """Words that say: I listen.

    ``only_listens``: they say nothing more ("uh-huh", "okay"); "yes" and "对" are a back-channel only where no yes or no
    was asked. ``says_yes``: where one was asked, and is answered by them, it is a yes.
    """

    only_listens: bool
    says_yes: bool


def back_channel(plain: str, language: str) -> BackChannel | None:
    """What words without punctuation (English: lower case, Chinese: without blanks) say as a back-channel; None: they are
    none."""
    if language == "zh":
        listens, nods = bool(_LISTENS_ZH.fullmatch(plain)), bool(_NODS_ZH.fullmatch(plain))
        says_yes = bool(_YES_ZH.search(plain))
    else:
        listens, nods = plain in _LISTENS_EN, plain in _NODS_EN
        says_yes = plain not in _NO_YES_EN
    return BackChannel(listens, says_yes) if listens or nods else None
