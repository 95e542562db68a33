"""How far an answer has come, by its words and by what was asked: what the wait for more is measured by.

A judgement that is too early cuts the customer off, one that is too late makes him wait: ``complete`` is given only where
what was asked for is there and nothing trails. Whatever is in doubt is ``open`` and gets the question's own wait.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ari_app.dialogue.back_channels import back_channel
from ari_app.dialogue.model import Understanding
from ari_app.dialogue.numerals import (
    EN_DIGITS,
    EN_NUMBER_WORDS,
    EN_ONES,
    EN_TENS,
    ZH_DIGITS,
    ZH_UNITS,
    en_digit_string,
    zh_digit_string,
)
from ari_app.dialogue.understanding import MAX_CHARACTERS, understand
from ari_app.domain.answer_progress import AnswerProgress

YES_NO: Final = frozenset({"opening", "ask_plan", "confirm_ptp", "dispute_describe", "closing"})
"""Contexts that a yes or a no answers."""
DIGITS: Final = {"verify_tail": 4}
"""Contexts that so many digits answer."""
WHOLE_NUMBER: Final = 11
"""Who says more than the last digits says the whole telephone number, in groups with pauses between them."""

_SURE = 0.9
"""An understanding that is less sure has more words in it than a plain yes."""

# ------------------------------------------------------------------------------------------------------- word lists

_EN_HESITATIONS = re.compile(
    r"(um+|uh|erm?|well|so|like|let me (see|think)|let's see)( (um+|uh|erm?|well|so|like))*"
)
_EN_TRAILING = re.compile(
    r"\b(on|by|in|at|the|an?|next|and|or|but|of|to|for|from|until|till|before|after|about|around|i|my|we|if|because|with"
    r"|will|can|would|could|should|say|it's|i'm|i'll|i'd|let's|that's|between|every|um+|uh|erm?|press|point|double|triple"
    r"|(i|i'll|we) (will |can )?pay|(i|it) (am|is) (on|the)|not (on|the))$"
)
_EN_WHOLE = re.compile(
    r"(yes|yeah|no|okay|ok|of course)? ?(i|we|you|he|she) (will|can|would|could|should)"
    r"|.*\b(don't|not) want to|go on|come on"
)
"""Whole answers that end like an unfinished one."""
_EN_DATE_TRAILING = re.compile(
    r"\b(this|the (day|end|week)|week (on|from)|january|february"
    r"|march|april|may|june|july|august|september|october|november"
    r"|december)$"
)
_EN_PUNCTUATION = re.compile(r"[^a-z0-9' ]+")

_ZH_HESITATIONS = re.compile(
    r"(呃|额|那个|这个|就是|就是说|然后|那|让我想想|我想想|我看看|我看一下|我想一下)+"
)
_ZH_PUNCTUATION = re.compile(r"[\s,，。.、!！?？;；:：\"'“”‘’()（）…~—\-]+")
_ZH_TRAILING = re.compile(
    r"((?<![一等底])下|这|本|[下上这]个|[下这本]个?(周|星期|礼拜|月)|(?<![一二两三四五六七八九十半几个])(周|星期|礼拜)"
    r"|[一二三四五六七八九十0-9个]月份?|(?<!不)在|(?<![听收看不找遇])到|和|跟|或|或者|还是|但|但是|不过|可是|因为|所以|如果|要是|就"
    r"|(?<!不)要|(?<!不)想|我会|我能|把|从|(?<!不)给|用|每|第|大概|可能|应该|那|那么|然后|等|先|再|最晚|最早|最多|呃|额|的话|按"
    r"|号码是|尾号|尾号是|那个|(?<![是给找])我(们)?)$"
)
_ZH_WHOLE = frozenset({"要", "我要", "我会", "我能"})

_DENIES = {
    "en": re.compile(
        r"(no|nope|nah)( (no|nope|thanks|thank you|sorry|sir|madam|ma'am|not really|(that's|that is|it's|it is)"
        r" (wrong|incorrect|not (right|correct|true))))*|(that's|that is|it's|it is) (wrong|incorrect|not (right|correct))"
        r"|not (really|right|correct|at all)|wrong|incorrect"
    ),
    "zh": re.compile(
        r"(不对|不是|不行|不可以|不同意|不好|不用|不要|不确认|不正确|错了?|没有|不|否)+(的|了|啊|呀|吧|哦|谢谢|谢谢你|这样)*"
    ),
}
"""A no and nothing else; with more words it may be followed by what is right."""
_HALF = {
    "en": re.compile(r"(i'll pay |i will pay |i can pay |about )?half( of (it|that))?( please)?"),
    "zh": re.compile(r"(我)?(先|就)?(交|缴|付|还)?(个)?一半(吧|的|好了)?"),
}
_TAKES_NO_MORE = frozenset({"affirm", "identity_confirm", "identity_deny"})
_CURRENCY_EN = frozenset({"dollars", "dollar", "yuan", "bucks", "cents", "cent", "rmb", "kuai"})
_CURRENCY_ZH = re.compile(r"(元|块|块钱|圆|毛|角|分|元钱|元整|块整)$")
_PRESSED = re.compile(
    r"press (zero|one|two|three|four|five|six|seven|eight|nine|[0-9])|按[零一二三四五六七八九0-9]"
)


# ------------------------------------------------------------------------------------------------------- the judgement


def progress(
    text: str, context: str, language: str, now: datetime, *, over_prompt: bool = False
) -> AnswerProgress:
    """How far an answer has come with these words.

    ``context`` is the question just asked, ``now`` the reference time in the customer's own time zone (as for
    ``understand``). ``over_prompt``: the words came while the question was still being asked, when "okay" and "嗯" only say
    that somebody listens. Raises ValueError for an unknown language or context; any text gets an answer.
    """
    heard = understand(text, language, context, now)
    words = _words_zh(text[:MAX_CHARACTERS]) if language == "zh" else _words_en(text[:MAX_CHARACTERS])
    if not words:
        return AnswerProgress.NOTHING
    plain = "".join(words) if language == "zh" else " ".join(words)
    nod = _nod(plain, context, language, over_prompt)
    if nod is not None:
        return nod
    if _PRESSED.fullmatch(plain):
        return AnswerProgress.COMPLETE
    if context in DIGITS:
        by_digits = _by_digits(words, DIGITS[context], language)
        if by_digits is not None:
            return by_digits
    if _trails(plain, context, language) and not heard.intent.startswith("ask_"):
        return AnswerProgress.IN_PROGRESS
    return _by_meaning(heard, context, plain, words, language)


def _by_meaning(
    heard: Understanding, context: str, plain: str, words: Sequence[str], language: str
) -> AnswerProgress:
    complete = AnswerProgress.COMPLETE
    if heard.intent == "request_human":
        return complete
    if context in YES_NO:
        sure = heard.intent in _TAKES_NO_MORE and (heard.intent != "affirm" or heard.confidence >= _SURE)
        return (
            complete
            if sure or _DENIES[language].fullmatch(plain)
            else _number_or_open(heard, words[-1], language)
        )
    if heard.intent == "promise_to_pay" and context in ("ask_when", "inform") and heard.date is not None:
        return complete
    if heard.intent == "promise_to_pay" and context == "ask_amount" and (heard.full_amount or heard.amount):
        settled = heard.full_amount or _settled_amount(heard, words, language)
        return complete if settled else AnswerProgress.OPEN
    if context == "ask_amount" and _HALF[language].fullmatch(plain):
        return complete
    return _number_or_open(heard, words[-1], language)


def _number_or_open(heard: Understanding, last: str, language: str) -> AnswerProgress:
    """A number that nothing was made of yet goes on: "in two" (days), "三" (天)."""
    if heard.date is not None or heard.amount is not None:
        return AnswerProgress.OPEN
    number = last in ZH_DIGITS or last in ZH_UNITS if language == "zh" else last in EN_NUMBER_WORDS
    return AnswerProgress.IN_PROGRESS if number else AnswerProgress.OPEN


def _settled_amount(heard: Understanding, words: Sequence[str], language: str) -> bool:
    """Whether an amount can hardly go on: with its currency, or down to the ones."""
    if heard.amount is None:
        return False
    if language == "zh":
        if _CURRENCY_ZH.search("".join(words)):
            return True
        return heard.amount >= 100 and words[-1] in ZH_DIGITS and words[-2:-1] in (["十"], ["零"])
    if words[-1] in _CURRENCY_EN:
        return True
    return heard.amount >= 100 and EN_ONES.get(words[-1], 0) > 0


def _trails(plain: str, context: str, language: str) -> bool:
    """Whether it ends with a word that wants another one."""
    if language == "zh":
        if context == "ask_amount" and plain[-1] in "点零":
            return True
        return bool(_ZH_TRAILING.search(plain)) and plain not in _ZH_WHOLE
    if context in ("ask_when", "inform") and _EN_DATE_TRAILING.search(plain):
        return True
    return bool(_EN_TRAILING.search(plain)) and not _EN_WHOLE.fullmatch(plain)


# ------------------------------------------------------------------------------------------------------- digits


def _by_digits(words: Sequence[str], wanted: int, language: str) -> AnswerProgress | None:
    """By the number of digits; None where they are no series of digits ("no one", "oh yes")."""
    digits = _digits(words, language)
    if len(digits) == wanted or len(digits) >= WHOLE_NUMBER:
        return AnswerProgress.COMPLETE
    if len(digits) == WHOLE_NUMBER - 1:
        return AnswerProgress.OPEN  # a whole number, in many countries
    goes_on = words[-1] in ZH_DIGITS if language == "zh" else _is_digits(words[-1])
    return AnswerProgress.IN_PROGRESS if digits and goes_on else None


def _digits(words: Sequence[str], language: str) -> str:
    """All the digits that were said, in groups or not."""
    if language == "zh":
        return zh_digit_string("".join(words))
    return "".join(en_digit_string(run) for run in _digit_runs(words))


def _digit_runs(words: Sequence[str]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for word in words:
        if _is_digits(word) or word in ("double", "triple"):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _is_digits(word: str) -> bool:
    return word in EN_DIGITS or word in EN_ONES or word in EN_TENS or (word.isascii() and word.isdigit())


# ------------------------------------------------------------------------------------------------------- words and nods


def _words_en(text: str) -> list[str]:
    """Lower case, letters, digits and apostrophes; fillers stay, for they tell that somebody is thinking."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'").replace("-", " ")
    return _EN_PUNCTUATION.sub(" ", re.sub(r"(?<=[0-9]),(?=[0-9])", "", text)).split()


def _words_zh(text: str) -> list[str]:
    """Characters, without punctuation."""
    return list(_ZH_PUNCTUATION.sub("", unicodedata.normalize("NFKC", text).lower()))


def _nod(plain: str, context: str, language: str, over_prompt: bool) -> AnswerProgress | None:
    """Over the prompt it says that somebody listens; after a yes-no question it is the answer; else perhaps its start."""
    if (_ZH_HESITATIONS if language == "zh" else _EN_HESITATIONS).fullmatch(plain):
        return AnswerProgress.IN_PROGRESS
    said = back_channel(plain, language)
    if said is None:
        return None
    answers = context in YES_NO and said.says_yes
    if over_prompt and (said.only_listens or context not in YES_NO):
        return AnswerProgress.ASSENT if answers else AnswerProgress.BACK_CHANNEL
    return AnswerProgress.COMPLETE if answers else AnswerProgress.OPEN
