"""Which language somebody asks for, in the words of each language that is understood."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_ZH: Final[Mapping[str, str]] = {
    "英文": "en",
    "英语": "en",
    "english": "en",
    "普通话": "zh",
    "中文": "zh",
    "国语": "zh",
    "汉语": "zh",
    "粤语": "yue",
    "广东话": "yue",
    "白话": "yue",
    "闽南语": "nan",
    "闽南话": "nan",
    "客家话": "hak",
    "上海话": "wuu",
    "维吾尔语": "ug",
    "维语": "ug",
    "藏语": "bo",
    "蒙古语": "mn",
    "蒙语": "mn",
    "日语": "ja",
    "韩语": "ko",
    "俄语": "ru",
    "法语": "fr",
    "西班牙语": "es",
}
_EN: Final[Mapping[str, str]] = {
    "english": "en",
    "chinese": "zh",
    "mandarin": "zh",
    "putonghua": "zh",
    "cantonese": "yue",
    "spanish": "es",
    "hindi": "hi",
    "urdu": "ur",
    "punjabi": "pa",
    "bengali": "bn",
    "polish": "pl",
    "arabic": "ar",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "russian": "ru",
    "vietnamese": "vi",
    "korean": "ko",
    "japanese": "ja",
    "tagalog": "tl",
}
_NAME_ZH, _NAME_EN = "|".join(_ZH), "|".join(_EN)

#: What is not understood, or not spoken; the first group is the language.
_NOT: Final[Mapping[str, re.Pattern[str]]] = {
    "zh": re.compile(
        rf"(?:(?<![能会想要])不(?:太)?(?:会|能|懂|想|要)|听不(?:太)?懂|别)(?:再)?(?:说|讲|用|听)?({_NAME_ZH})"
    ),
    "en": re.compile(
        rf"\b(?:no|not|never|little)\b(?: \w+){{0,3}}? ({_NAME_EN})\b"
        rf"|\b(?:no|little|(?:my|of) (?:\w+ )?)({_NAME_EN}) is (?:not|bad|poor|very|so|terrible)\b"
    ),
}
_WANTED: Final[Mapping[str, re.Pattern[str]]] = {
    "zh": re.compile(
        rf"(?:说|讲|换|用|会|改|要|转)(?:成|到|个|一下)?({_NAME_ZH})|({_NAME_ZH})(?:吧|可以吗|服务|行吗|行不行|$)|(english)"
    ),
    "en": re.compile(
        rf"\b(?:speaks?|talk|in|use|prefer|to|only|want|need) ({_NAME_EN})\b|({_NAME_EN}) (?:please|speak)"
        rf"|^(?:yes |no |sorry |um )*({_NAME_EN})$"
    ),
}
_CODES: Final[Mapping[str, Mapping[str, str]]] = {"zh": _ZH, "en": _EN}


def language_wish(text: str, language: str) -> str | None:
    """The language that is asked for in a normalised text of a language: ISO 639 code, '' where only the present one is
    turned down, None where nothing of the kind is said.
    """
    codes, refused = _CODES[language], set[str]()

    def refuse(match: re.Match[str]) -> str:
        refused.add(codes[next(name for name in match.groups() if name)])
        return " "

    rest = _NOT[language].sub(refuse, text)
    wanted = _WANTED[language].search(rest)
    if wanted is not None:
        return codes[next(name for name in wanted.groups() if name)]
    return "" if language in refused else None
