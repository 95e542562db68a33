"""What networks and machines say, as words: a grammar for a recogniser, and the meaning of what it understood.

The meanings are those of ``dialplan/announcements``. Words are a second opinion, for announcements whose sound nobody has
recorded. A meaning needs a whole turn of phrase, because people use the single words as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ari_app.dialogue.model import Grammar

_PHRASES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "en": {
        "switched_off": (
            r"(?:phone|mobile|subscriber|customer|number)\b.* (?:is|has been) (?:switched|turned|powered) off",
        ),
        "out_of_reach": (
            r"(?:out of|not in|outside) (?:the )?(?:coverage|service area|reach)",
            r"(?:can not|cannot|could not) be reached",
            r"not reachable",
        ),
        "empty_number": (
            r"number\b.* (?:is )?(?:not in (?:use|service)|no longer in (?:use|service)|not valid|does not exist)",
            r"number\b.* (?:is|has been) disconnected",
        ),
        "number_changed": (r"number\b.* has (?:been )?changed",),
        "suspended": (r"(?:service|number|line)\b.* (?:is|has been) suspended",),
        "call_barred": (r"(?:incoming )?calls? (?:is|are|has been|have been) (?:barred|restricted)",),
        "network_busy": (r"(?:all )?(?:circuits|lines) are busy", r"network is busy"),
        "call_assistant": (
            r"(?:call|virtual|automatic) assistant",
            r"screening (?:service|this call)|call is being screened",
            r"(?:say|state|tell me) your name and (?:why|the reason|what)",
            r"reason for (?:your|the) call",
        ),
        "ivr": (
            r"press (?:zero|one|two|three|four|five|six|seven|eight|nine)\b",
            r"dial (?:it|the extension) now",
        ),
        "voicemail": (
            r"(?:leave|record) (?:a|your|me a|your name and)\b.*(?:message|number)",
            r"(?:after|at|wait for|hear) the (?:tone|beep)",
            r"voice ?mail|mailbox|answering machine",
            r"(?:not available|not able|unable|can not|cannot|no one available) to (?:take|answer|come)",
        ),
    },
    "zh": {
        "switched_off": (r"已?经?关机",),
        "empty_number": (r"是空号|号码不存在",),
        "number_changed": (r"号码(?:已经?)?(?:更改|变更|改号)",),
        "suspended": (r"已经?停机|(?:拨打|呼叫)的.*停机|暂停服务",),
        "out_of_reach": (r"(?:无法|不能)接通|接不通|不在服务区",),
        "busy_in_call": (r"正在(?:和别人)?通话中?|用户正忙",),
        "no_answer": (r"(?:无人|没有人)(?:接听|应答)",),
        "call_barred": (r"来电限制|呼入限制|限制呼入",),
        "network_busy": (r"(?:网络|线路)(?:很|正)?忙",),
        "call_assistant": (
            r"(?:通话|来电|语音|智能|电话)(?:小)?(?:助理|助手|秘书)",
            r"(?:代|帮|替)(?:机主|他|她|您)?接听",
            r"(?:请|您)(?:说|讲|留)(?:出|下|一下)?.*(?:来意|来电目的|什么事)",
        ),
        "ivr": (r"请按[零〇一二三四五六七八九0-9]|直接拨分机",),
        "voicemail": (
            r"(?:请|开始)?留言",
            r"(?:提示音|滴声|嘀声|嘟声|哔声)(?:之?后|以后)",
            r"语音信箱|答录机",
        ),
    },
}

_COMPILED: Final = {
    language: [(meaning, [re.compile(each) for each in shapes]) for meaning, shapes in table.items()]
    for language, table in _PHRASES.items()
}

_ANSWERED: Final = frozenset({"voicemail", "call_assistant", "ivr"})
"""Meanings that words may have after the answer: a person may well say that he was switched off."""

_SENTENCES: Final = (
    "[ sorry ] the ( phone | mobile | number | person | subscriber | customer ) [ that ] <called> <state>",
    "[ sorry ] the number [ that ] <called> <dead>",
    "the number has [ been ] changed",
    "[ sorry ] all ( circuits | lines ) are busy [ now | at the moment ]",
    "[ hi | hello ] you have reached the ( voicemail | mailbox | answering machine ) of",
    "[ please ] leave [ me ] ( a message | your message | your name and number ) [ <after> ]",
    "[ at the tone | after the tone ] please ( record | leave ) your message",
    "[ please ] ( record | leave ) your message <after>",
    "to leave a message [ please ] wait for the tone",
    "<after>",
    "( i am | we are ) ( not able | unable ) to ( take | answer ) your call [ right now | at the moment ]",
    "( i | we ) can not ( take your call | come to the phone | answer your call ) [ right now | at the moment ]",
    "there is no one available to take your call",
    "[ hi | hello ] [ this is | i am ] ( a | the ) ( call | virtual | automatic ) assistant",
    "this call is being screened",
    "[ please | go ahead and ] ( say | state | tell me ) your name and <why>",
    "please state the reason for your call",
    "[ for | to ] <what> [ please ] press <digit>",
    "press <digit> for <what>",
    "if you know the extension [ please ] dial it now",
)
_RULES: Final = """
<called> = you ( are calling | have called | called | have dialed | are trying to reach );
<why> = ( why you are calling | what this is about | the reason for your call );
<state> = ( is | has been ) ( switched off | turned off | not available | out of coverage | not reachable )
  | can not ( be reached | take your call ) [ right now | at the moment ];
<dead> = ( is | has been ) ( not in service | not in use | no longer in service | disconnected );
<after> = ( after | at ) the ( tone | beep );
<digit> = ( zero | one | two | three | four | five | six | seven | eight | nine );
<what> = ( sales | service | support | repairs | english | an operator | customer service | opening hours | billing );
"""


def announcement_grammar(language: str) -> Grammar:
    """What a recogniser may expect before the answer and from a machine."""
    if language == "en":
        sentences = " |\n  ".join(_SENTENCES)
        jsgf = f"#JSGF V1.0;\ngrammar announcement;\npublic <answer> =\n  {sentences};{_RULES}"
        return Grammar("en-announcement", "en", jsgf)
    words = (
        "关机",
        "空号",
        "停机",
        "无法接通",
        "正在通话",
        "无人接听",
        "请留言",
        "提示音",
        "语音信箱",
        "助理",
        "请按",
    )
    return Grammar(f"{language}-announcement", language, hot_words=words)


def meaning_of(text: str, language: str, *, answered: bool) -> str | None:
    """The meaning of words, as in the list of announcements; None for words that any person may say.

    After the answer only machines are meant: voicemail, call_assistant, ivr.
    """
    heard = text.lower() if language == "en" else re.sub(r"\s+", "", text)
    for meaning, shapes in _COMPILED.get(language, ()):
        if answered and meaning not in _ANSWERED:
            continue
        if any(shape.search(heard) for shape in shapes):
            return meaning
    return None
