"""What the labelled corpus of call progress says: texts by kind and language, apart for tuning and for the held-out part.

Each entry is a tuple of phrases; between two phrases lies a pause. The two parts share no text and no voice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Texts = Mapping[str, Mapping[str, tuple[tuple[str, ...], ...]]]
"""Part (``tuning``, ``held_out``) -> language -> texts."""

SHORT_HELLO: Final[Texts] = {
    "tuning": {
        "en": (
            ("Hello?",),
            ("Yes?",),
            ("Hello, good morning.",),
            ("Hi.",),
            ("Yeah, hello?",),
            ("Hello, Tom here.",),
        ),
        "zh": (("喂？",), ("你好。",), ("喂，您好。",), ("喂，哪位？",), ("哎，你好。",)),
    },
    "held_out": {
        "en": (
            ("Hullo.",),
            ("Yeah?",),
            ("Good afternoon.",),
            ("Hi, hello.",),
            ("Speaking.",),
            ("Hello, Anna speaking.",),
        ),
        "zh": (("您好。",), ("喂，你好。",), ("哪位？",), ("喂，谁啊？",), ("嗯，喂。",)),
    },
}

HELLO_TWICE: Final[Texts] = {
    "tuning": {
        "en": (("Hello?", "Hello?"), ("Yes?", "Hello, who is it?")),
        "zh": (("喂？", "喂？"), ("喂，你好。", "喂，听得到吗？")),
    },
    "held_out": {
        "en": (("Hello?", "Hello, anybody there?"), ("Hi.", "Hello?")),
        "zh": (("你好。", "喂，说话呀。"), ("喂？", "喂，哪位？")),
    },
}

LONG_WINDED: Final[Texts] = {
    "tuning": {
        "en": (
            ("Hello, this is the Baker residence, who am I speaking to please?",),
            ("Good morning, Harris plumbing, how can I help you today?",),
            ("Hello, hold on a second, let me just turn the radio down.",),
            ("Yes hello, sorry, I was in the kitchen, who is this please?",),
        ),
        "zh": (
            ("喂，您好，这里是张师傅修理铺，请问您找哪位？",),
            ("喂，你好，不好意思刚才在做饭，请问是哪位？",),
            ("您好，我是小陈，请问有什么事情吗？",),
        ),
    },
    "held_out": {
        "en": (
            ("Hello, this is the Miller residence, who is speaking please?",),
            ("Good afternoon, you are through to Green Street garage, Peter speaking.",),
            ("Hi there, give me a moment, I need to get out of the meeting room.",),
            ("Hello, hello, can you hear me now, the line is very bad.",),
        ),
        "zh": (
            ("喂，你好，这里是李家，请问您是哪一位？",),
            ("喂，等一下啊，我这边有点吵，我走出去听。",),
            ("您好，这里是向阳小卖部，您有什么需要？",),
        ),
    },
}

MACHINE: Final[Texts] = {
    "tuning": {
        "en": (
            (
                "Hi, you have reached Tom and Mary.",
                "We can not come to the phone right now.",
                "Please leave a message after the tone.",
            ),
            (
                "The person you are trying to reach is not available.",
                "At the tone, please record your message.",
            ),
            (
                "This is the voicemail of Harris plumbing.",
                "Our office is closed.",
                "Leave your name and number and we will call you back.",
            ),
            ("Hello.", "I am not able to answer your call.", "Please leave your message after the beep."),
            (
                "Your call has been forwarded to an automatic voice message system.",
                "Please record your message after the tone.",
            ),
        ),
        "zh": (
            ("您好，您拨打的用户暂时无法接听。", "请在提示音后留言，留言结束请挂机。"),
            ("你好，我是小王。", "我现在不方便接电话，请在滴声后留下您的姓名和电话。"),
            ("您好，欢迎使用语音信箱。", "机主现在不能接听您的电话，请在嘟声后留言。"),
        ),
    },
    "held_out": {
        "en": (
            (
                "Hello, this is Anna.",
                "Sorry I missed your call.",
                "Leave me a message and I will get back to you as soon as I can.",
            ),
            (
                "We are sorry, there is no one available to take your call.",
                "Please leave a message after the tone.",
            ),
            (
                "You have reached the mailbox of Green Street garage.",
                "Please leave your name and number after the beep.",
            ),
            (
                "The customer you have called can not take your call at the moment.",
                "To leave a message, please wait for the tone.",
            ),
            ("Hey.", "It is Peter, I am probably out surfing.", "You know what to do after the beep."),
            (
                "Hi, this is the answering machine of the Miller family.",
                "Nobody is at home just now, so tell the machine what you want.",
            ),
        ),
        "zh": (
            ("您好，我现在有事走开了。", "有什么事情请在嘀一声之后给我留言，谢谢。"),
            ("您所呼叫的用户已开通留言服务。", "请在提示音之后开始录音，按井号键结束。"),
            ("你好，这里是李家的自动答录机。", "请留下您的姓名和联系方式，我们会尽快回复您。"),
        ),
    },
}

SHORT_MACHINE: Final[Texts] = {
    "tuning": {
        "en": (("Please leave a message.",), ("This is Tom, leave a message.",)),
        "zh": (("请留言。",), ("我不在，请留言。",)),
    },
    "held_out": {
        "en": (("Leave your message after the tone.",), ("Anna here, talk after the beep.",)),
        "zh": (("请在嘟声后留言。",), ("现在没空，请留言。",)),
    },
}

ASSISTANT: Final[Texts] = {
    "tuning": {
        "en": (
            (
                "Hello, I am the automatic assistant of the person you are calling.",
                "Please say who you are and why you are calling.",
            ),
            (
                "This call is being screened.",
                "Say your name after this message, and I will see whether he is free.",
            ),
        ),
        "zh": (
            ("您好，我是机主的通话助理。", "机主现在不方便接听，请问您有什么事情需要转告？"),
            ("你好，这里是智能秘书。", "请说出您的姓名和来电目的。"),
        ),
    },
    "held_out": {
        "en": (
            (
                "Hi, the person you called is using a screening service.",
                "Go ahead and tell me your name and what this is about.",
            ),
            (
                "You are talking to a virtual assistant.",
                "Please state the reason for your call, and I will pass it on.",
            ),
        ),
        "zh": (
            ("您好，我是来电助手，正在帮机主接听电话。", "请问您是哪里，找他有什么事？"),
            ("您好，对方开启了人工智能代接。", "请您简单说明一下来意，我会记录下来。"),
        ),
    },
}

IVR: Final[Texts] = {
    "tuning": {
        "en": (
            (
                "Thank you for calling Harris plumbing.",
                "For sales, press one.",
                "For service, press two.",
                "To repeat this menu, press nine.",
            ),
            ("Welcome to the city bank.", "Please enter your account number followed by the hash key."),
        ),
        "zh": (
            ("欢迎致电华光电器。", "售前咨询请按一，售后服务请按二，人工服务请按零。"),
            ("您好，欢迎拨打客服热线。", "中文服务请按一，英文服务请按二。"),
        ),
    },
    "held_out": {
        "en": (
            (
                "Thank you for calling Green Street garage.",
                "If you know the extension of the person you want, dial it now.",
                "For opening hours press one, for repairs press two.",
            ),
            ("Welcome.", "For English press one.", "To speak to an operator, please stay on the line."),
        ),
        "zh": (
            ("您好，这里是向阳物流。", "查询快递请按一，投诉建议请按二，转接人工请按零。"),
            ("欢迎您的来电。", "请直接拨分机号，查号请按零。"),
        ),
    },
}

VOICES: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "tuning": {
        "en": (
            "en-us+m1",
            "en-gb+f1",
            "en-us+m3",
            "en-gb-scotland+m5",
            "en-us+f3",
            "en-029+m7",
            "en-gb+klatt2",
        ),
        "zh": ("cmn", "cmn+f1", "cmn+m3", "cmn+f3", "cmn+m5"),
    },
    "held_out": {
        "en": (
            "en-gb+m2",
            "en-us+f2",
            "en-gb-x-rp+m4",
            "en-us+m6",
            "en-us-nyc+f4",
            "en-gb-x-gbcwmd+m8",
            "en-us+klatt4",
        ),
        "zh": ("cmn+m2", "cmn+f2", "cmn+m4", "cmn+f4", "cmn+m6"),
    },
}
"""espeak-ng voices. English in words a minute of 120 to 220, Chinese of 180 to 320 (its unit is longer)."""
