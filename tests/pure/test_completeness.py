"""How far an answer has come: tables of what people say, and rules that hold for any words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.completeness import YES_NO, progress
from ari_app.dialogue.numerals import EN_DIGITS
from ari_app.dialogue.understanding import CONTEXTS
from ari_app.domain.answer_progress import AnswerProgress
from tests.support.talks import NOW, an_account, keys, shipped_flow, talk

pytestmark = pytest.mark.pure

A = AnswerProgress
#: A Wednesday morning where the customer lives.
HERE = datetime(2026, 3, 11, 10, 30, tzinfo=UTC)

AFTER_THE_PROMPT: list[tuple[str, str, A]] = [
    # yes-no questions
    *(
        ("opening", text, A.COMPLETE)
        for text in ("yes", "Yes.", "yeah", "okay", "uh-huh", "speaking", "this is he")
    ),
    *(
        ("opening", text, A.COMPLETE)
        for text in ("yes I am", "no", "nope", "wrong number", "yes this is me", "mm-hm")
    ),
    *(
        ("confirm_ptp", text, A.COMPLETE)
        for text in ("yes", "yes that is right", "correct", "that is correct", "okay")
    ),
    *(
        ("opening", text, A.IN_PROGRESS)
        for text in ("yes but", "yes I", "um", "uh", "well", "I am on the", "yes I will pay")
    ),
    *(
        ("opening", text, A.OPEN)
        for text in ("hello", "who is this", "he is not here", "I see", "my name is bill")
    ),
    *(("confirm_ptp", text, A.OPEN) for text in ("yes I will pay it", "no I said friday", "no friday")),
    *(
        ("opening", text, A.COMPLETE)
        for text in ("是", "是的", "对", "嗯", "好的", "我就是", "是我", "不是", "打错了")
    ),
    *(("confirm_ptp", text, A.COMPLETE) for text in ("对", "对的", "没错", "嗯嗯", "好", "正确", "可以")),
    *(("opening", text, A.IN_PROGRESS) for text in ("对，我", "那个", "呃", "我", "是的但是")),
    *(("opening", text, A.OPEN) for text in ("喂", "你是谁", "他不在", "你好", "等一下")),
    *(("confirm_ptp", text, A.OPEN) for text in ("不对，是周五", "不是三百块", "错了吧我没说")),
    # dates
    *(
        ("ask_when", text, A.COMPLETE)
        for text in ("tomorrow", "on Friday", "next monday", "the fifth", "in two weeks")
    ),
    *(
        ("ask_when", text, A.COMPLETE)
        for text in ("I will pay tomorrow", "at the end of the month", "press three")
    ),
    *(
        ("ask_when", text, A.IN_PROGRESS)
        for text in ("on", "on the", "by the", "next", "tomorrow or", "in two", "march")
    ),
    *(
        ("ask_when", text, A.IN_PROGRESS)
        for text in ("the twenty", "I will pay", "maybe on the", "the end", "friday and")
    ),
    *(
        ("ask_when", text, A.OPEN)
        for text in ("next week", "I already paid", "no", "okay", "yes", "not friday")
    ),
    ("ask_when", "what is this for", A.OPEN),
    ("ask_when", "operator", A.COMPLETE),
    *(
        ("ask_when", text, A.COMPLETE)
        for text in ("明天", "下周五", "月底", "十五号", "三天后", "两周", "今天晚上")
    ),
    *(("ask_when", text, A.COMPLETE) for text in ("下个月五号", "我明天交", "三月二十号", "转人工")),
    *(
        ("ask_when", text, A.IN_PROGRESS)
        for text in ("下", "星期", "下周", "下个月", "十", "三月", "明天或者", "我", "等")
    ),
    *(("ask_when", text, A.IN_PROGRESS) for text in ("那个", "大概", "到", "二十", "就", "我想")),
    *(("ask_when", text, A.OPEN) for text in ("我交过了", "好的", "嗯", "不想", "没钱", "收到")),
    *(
        ("confirm_ptp", text, A.COMPLETE)
        for text in ("no", "no thank you", "that is wrong", "No, that's not right.")
    ),
    *(("confirm_ptp", text, A.COMPLETE) for text in ("不对", "不是", "错了", "不是的", "不用，谢谢")),
    # amounts
    *(
        ("ask_amount", text, A.COMPLETE)
        for text in ("half", "I will pay half", "half of it", "一半", "先交一半")
    ),
    *(("ask_amount", text, A.COMPLETE) for text in ("three hundred dollars", "all of it", "the full amount")),
    *(("ask_amount", text, A.COMPLETE) for text in ("five hundred sixty eight", "five hundred and twelve")),
    *(
        ("ask_amount", text, A.IN_PROGRESS)
        for text in ("three hundred and", "three", "a", "two hundred point")
    ),
    *(("ask_amount", text, A.OPEN) for text in ("three hundred", "five hundred sixty", "two thousand")),
    *(
        ("ask_amount", text, A.COMPLETE)
        for text in ("三百块", "五百六十八", "全部", "三百零五", "五百元", "三百块钱")
    ),
    *(("ask_amount", text, A.IN_PROGRESS) for text in ("五百点", "三百零", "大概")),
    *(("ask_amount", text, A.OPEN) for text in ("三百", "五百六十", "两千", "三百五")),
    # digits
    *(
        ("verify_tail", text, A.COMPLETE)
        for text in ("eight zero zero zero", "8000", "it is eight zero zero zero")
    ),
    *(
        ("verify_tail", text, A.IN_PROGRESS)
        for text in ("eight", "eight zero zero", "it's eight double", "138 0013")
    ),
    *(("verify_tail", text, A.OPEN) for text in ("I do not know", "no", "no one knows that", "415 555 0100")),
    *(
        ("verify_tail", text, A.COMPLETE)
        for text in ("八零零零", "8000", "尾号是八零零零", "幺三八零零一三八零零零")
    ),
    *(("verify_tail", text, A.IN_PROGRESS) for text in ("八", "八零零", "尾号是", "一三八零零一三")),
    *(("verify_tail", text, A.OPEN) for text in ("我不知道", "不记得了", "等一下")),
]


def language_of(text: str) -> str:
    return "zh" if any(ord(character) > 0x2E80 for character in text) else "en"


@pytest.mark.parametrize(("context", "text", "expected"), AFTER_THE_PROMPT)
def test_after_the_prompt(context: str, text: str, expected: A) -> None:
    assert progress(text, context, language_of(text), HERE) is expected


OVER_THE_PROMPT: list[tuple[str, str, A]] = [
    *(
        ("ask_when", text, A.BACK_CHANNEL)
        for text in ("uh-huh", "mm", "mhm", "okay", "yeah", "yes", "I see", "hello")
    ),
    *(
        ("ask_when", text, A.BACK_CHANNEL)
        for text in ("嗯", "哦", "好的", "对", "嗯嗯", "知道了", "喂", "是的")
    ),
    *(("confirm_ptp", text, A.ASSENT) for text in ("uh-huh", "okay", "all right", "嗯", "好", "嗯嗯")),
    *(("confirm_ptp", text, A.BACK_CHANNEL) for text in ("I see", "hello", "oh", "哦", "喂", "你说")),
    *(("confirm_ptp", text, A.COMPLETE) for text in ("yes", "yes that is right", "对", "是的", "没错")),
    ("ask_when", "tomorrow", A.COMPLETE),
    ("ask_when", "okay tomorrow", A.COMPLETE),
    ("ask_when", "明天", A.COMPLETE),
    ("ask_when", "好，明天", A.COMPLETE),
    ("ask_when", "I already paid", A.OPEN),
    ("opening", "wrong number", A.COMPLETE),
    ("opening", "打错了", A.COMPLETE),
]


@pytest.mark.parametrize(("context", "text", "expected"), OVER_THE_PROMPT)
def test_over_the_prompt(context: str, text: str, expected: A) -> None:
    assert progress(text, context, language_of(text), HERE, over_prompt=True) is expected


# --------------------------------------------------------------------------------------------------- rules

WORDS = st.lists(
    st.sampled_from(
        [
            *(
                "yes",
                "no",
                "um",
                "okay",
                "the",
                "on",
                "friday",
                "three",
                "hundred",
                "and",
                "i",
                "will",
                "pay",
                "tomorrow",
            ),
            *("two", "days", "eight", "zero", "or", "wrong", "number"),
        ]
    ),
    max_size=6,
).map(" ".join)
CHARACTERS = st.text(
    st.sampled_from("是的不对我下周星期五三百零点块明天好嗯哦那个就到号尾码八交"), max_size=8
)
SPEECH = WORDS | CHARACTERS | st.text(max_size=30)
CONTEXT = st.sampled_from(sorted(CONTEXTS))
LANGUAGE = st.sampled_from(["zh", "en"])


@given(SPEECH, CONTEXT, LANGUAGE, st.booleans())
def test_any_words_get_a_judgement(text: str, context: str, language: str, over_prompt: bool) -> None:
    assert progress(text, context, language, HERE, over_prompt=over_prompt) in A


@given(st.text(st.sampled_from(" \t\n.,!?。，…"), max_size=10), CONTEXT, LANGUAGE, st.booleans())
def test_no_words_are_nothing(text: str, context: str, language: str, over_prompt: bool) -> None:
    assert progress(text, context, language, HERE, over_prompt=over_prompt) is A.NOTHING


@given(SPEECH, CONTEXT, LANGUAGE)
def test_over_the_prompt_words_can_only_become_a_back_channel(text: str, context: str, language: str) -> None:
    after = progress(text, context, language, HERE)
    over = progress(text, context, language, HERE, over_prompt=True)
    assert over in (after, A.BACK_CHANNEL, A.ASSENT)
    assert after not in (A.BACK_CHANNEL, A.ASSENT)
    # A yes at the end of the question is one after it.
    assert (over is A.ASSENT) <= (after is A.COMPLETE)


@given(
    SPEECH,
    st.sampled_from(sorted(CONTEXTS - {"verify_tail"})),
    st.sampled_from(["and", "or the", "on the", "或者", "但是"]),
)
def test_words_that_trail_off_are_not_complete(text: str, context: str, tail: str) -> None:
    judged = progress(f"{text} {tail}", context, language_of(tail), HERE)
    assert judged is not A.COMPLETE


@given(st.text("0123456789", min_size=4, max_size=4), st.sampled_from(["zh", "en"]))
def test_four_digits_are_complete_and_fewer_are_not(digits: str, language: str) -> None:
    said = (
        digits
        if language == "zh"
        else " ".join(
            next(word for word, value in EN_DIGITS.items() if str(value) == digit) for digit in digits
        )
    )
    assert progress(said, "verify_tail", language, HERE) is A.COMPLETE
    for length in (1, 2, 3):
        part = digits[:length] if language == "zh" else " ".join(said.split()[:length])
        assert progress(part, "verify_tail", language, HERE) is A.IN_PROGRESS


@given(WORDS, CONTEXT)
def test_punctuation_and_capitals_change_nothing(text: str, context: str) -> None:
    dressed = text.upper().replace(" ", ",  ") + "."
    assert progress(text, context, "en", HERE) is progress(dressed, context, "en", HERE)


@pytest.mark.parametrize("context", sorted(CONTEXTS - YES_NO))
def test_a_yes_is_no_whole_answer_where_no_yes_was_asked(context: str) -> None:
    assert progress("yes", context, "en", HERE) is A.OPEN
    assert progress("对", context, "zh", HERE) is A.OPEN


def test_an_unknown_context_or_language_is_refused() -> None:
    with pytest.raises(ValueError, match="context"):
        progress("yes", "weather", "en", HERE)
    with pytest.raises(ValueError, match="language"):
        progress("ja", "opening", "de", HERE)


# --------------------------------------------------------------------------------------------------- in a flow


def test_a_conversation_judges_by_the_question_that_is_open() -> None:
    told = talk(shipped_flow(), an_account("en"))
    assert told.dialogue.progress("yes") is A.COMPLETE
    assert told.dialogue.progress("one") is A.COMPLETE  # a key of this question
    told = talk(shipped_flow(), an_account("en"), "1")
    assert told.context == "verify_tail"
    assert told.dialogue.progress("eight zero zero") is A.IN_PROGRESS
    assert told.dialogue.progress("eight zero zero zero") is A.COMPLETE
    told = talk(shipped_flow(), an_account("en"), "1", "8000")
    assert told.context == "ask_when"
    assert told.dialogue.progress("yes", over_prompt=True) is A.BACK_CHANNEL
    assert told.dialogue.progress("tomorrow") is A.COMPLETE
    assert told.dialogue.progress("two") is A.IN_PROGRESS  # "two days"


def test_judging_changes_nothing() -> None:
    told = talk(shipped_flow(), an_account("zh"), "1", "8000")
    for text in ("明天", "对", "人工", "", "按一"):
        told.dialogue.progress(text)
    told.steps.append(told.dialogue.answer(keys("1"), NOW))
    assert told.context == "ask_amount"


def test_before_the_start_and_after_the_end_nothing_is_complete() -> None:
    told = talk(shipped_flow(), an_account("en"), "9")
    assert told.result == "recording_refused"
    assert told.dialogue.progress("yes") is A.OPEN
    assert told.dialogue.progress(" ") is A.NOTHING
