"""What an utterance means at a question: the conventions of the trade, one line each.

The expectation reads: intent (or the finer meaning), then the date, ``a=`` amount, ``t=`` telephone digits, ``full``
where they were heard.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.model import Understanding
from ari_app.dialogue.understanding import CONTEXTS, FINER, INTENTS, understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday

SAID = (
    ("zh", "opening", "是的", "affirm"),
    ("zh", "opening", "嗯我就是", "identity_confirm"),
    ("zh", "opening", "对是我", "identity_confirm"),
    ("zh", "opening", "不是我", "identity_deny"),
    ("zh", "opening", "你打错了", "identity_deny"),
    ("zh", "opening", "我是他老婆", "third_party"),
    ("zh", "opening", "他不在家", "third_party"),
    ("zh", "opening", "我现在在开会", "busy_now"),
    ("zh", "opening", "你晚点再打吧", "request_callback"),
    ("zh", "opening", "你是机器人吗", "ask_if_robot"),
    ("zh", "opening", "不要录音", "recording_refused"),
    ("zh", "opening", "别再给我打电话了", "stop_calling"),
    ("zh", "opening", "转人工", "request_human"),
    ("zh", "opening", "我要真人客服", "request_human"),
    ("zh", "opening", "你是谁啊", "ask_identity"),
    ("zh", "verify_tail", "尾号是幺三八零", "identity_confirm t=1380"),
    ("zh", "verify_tail", "1380", "identity_confirm t=1380"),
    ("zh", "verify_tail", "一三八零零一三八零零零", "identity_confirm t=8000"),
    ("zh", "verify_tail", "我不告诉你", "deny"),
    ("zh", "ask_when", "明天", "promise_to_pay 2026-03-12"),
    ("zh", "ask_when", "后天交", "promise_to_pay 2026-03-13"),
    ("zh", "ask_when", "下周五", "promise_to_pay 2026-03-20"),
    ("zh", "ask_when", "周五吧", "promise_to_pay 2026-03-13"),
    ("zh", "ask_when", "礼拜一", "promise_to_pay 2026-03-16"),
    ("zh", "ask_when", "二十号", "promise_to_pay 2026-03-20"),
    ("zh", "ask_when", "五号", "promise_to_pay 2026-04-05"),
    ("zh", "ask_when", "下个月五号", "promise_to_pay 2026-04-05"),
    ("zh", "ask_when", "月底", "promise_to_pay 2026-03-31"),
    ("zh", "ask_when", "下个月底", "promise_to_pay 2026-04-30"),
    ("zh", "ask_when", "三天后", "promise_to_pay 2026-03-14"),
    ("zh", "ask_when", "三天之内", "promise_to_pay 2026-03-14"),
    ("zh", "ask_when", "一个礼拜", "promise_to_pay 2026-03-18"),
    ("zh", "ask_when", "两个星期后", "promise_to_pay 2026-03-25"),
    ("zh", "ask_when", "半个月后", "promise_to_pay 2026-03-26"),
    ("zh", "ask_when", "一个月以后", "promise_to_pay 2026-04-11"),
    ("zh", "ask_when", "大后天", "promise_to_pay 2026-03-14"),
    ("zh", "ask_when", "过两天", "promise_to_pay 2026-03-13"),
    ("zh", "ask_when", "下下周一", "promise_to_pay 2026-03-23"),
    ("zh", "ask_when", "三月二十号我交五百块", "promise_to_pay 2026-03-20 a=500.00"),
    ("zh", "ask_when", "周五不行", "unclear"),
    ("zh", "ask_when", "我三号就交了", "already_paid 2026-03-03"),
    ("zh", "ask_when", "我已经交过了", "already_paid"),
    ("zh", "ask_when", "上周五就交了", "already_paid 2026-03-06"),
    ("zh", "ask_when", "我还没交", "unclear"),
    ("zh", "ask_when", "我明天就交", "promise_to_pay 2026-03-12"),
    ("zh", "ask_when", "我不交", "refuse_to_pay"),
    ("zh", "ask_when", "没钱不还", "refuse_to_pay"),
    ("zh", "ask_when", "我没钱", "hardship"),
    ("zh", "ask_when", "账单不对", "dispute"),
    ("zh", "ask_when", "你们多收了", "dispute"),
    ("zh", "ask_when", "能分期吗", "request_installment"),
    ("zh", "ask_when", "宽限几天吧", "request_deferral"),
    ("zh", "ask_when", "多少钱", "ask_amount"),
    ("zh", "ask_amount", "全部", "promise_to_pay full"),
    ("zh", "ask_amount", "三百五", "promise_to_pay a=350.00"),
    ("zh", "ask_amount", "五百六十八块三毛二", "promise_to_pay a=568.32"),
    ("zh", "ask_amount", "568.32元", "promise_to_pay a=568.32"),
    ("zh", "ask_amount", "两千八", "promise_to_pay a=2800.00"),
    ("zh", "ask_amount", "一万二", "promise_to_pay a=12000.00"),
    ("zh", "ask_amount", "五块八毛", "promise_to_pay a=5.80"),
    ("zh", "ask_amount", "一半", "promise_to_pay"),
    ("zh", "confirm_ptp", "对的", "affirm"),
    ("zh", "confirm_ptp", "是的明天五百块", "affirm 2026-03-12 a=500.00"),
    ("zh", "confirm_ptp", "不对是周五", "deny 2026-03-13"),
    ("zh", "confirm_ptp", "改到周五", "promise_to_pay 2026-03-13"),
    ("zh", "confirm_ptp", "不是", "deny"),
    ("zh", "confirm_ptp", "错了", "deny"),
    ("zh", "closing", "嗯好的谢谢", "affirm"),
    ("zh", "opening", "您好", "unclear"),
    ("zh", "opening", "喂", "unclear"),
    ("zh", "opening", "投诉你们", "complaint_threat"),
    ("zh", "ask_when", "發工資就交", "promise_to_pay"),
    ("zh", "ask_when", "這個禮拜五", "promise_to_pay 2026-03-13"),
    ("en", "opening", "yes", "affirm"),
    ("en", "opening", "speaking", "identity_confirm"),
    ("en", "opening", "yes this is she", "identity_confirm"),
    ("en", "opening", "no", "deny"),
    ("en", "opening", "wrong number", "identity_deny"),
    ("en", "opening", "not him", "identity_deny"),
    ("en", "opening", "i'm his wife", "third_party"),
    ("en", "opening", "he is not here", "third_party"),
    ("en", "opening", "i'm driving", "busy_now"),
    ("en", "opening", "call me back later", "request_callback"),
    ("en", "opening", "are you a robot", "ask_if_robot"),
    ("en", "opening", "i do not want to be recorded", "recording_refused"),
    ("en", "opening", "stop calling me", "stop_calling"),
    ("en", "opening", "i want a person", "request_human"),
    ("en", "opening", "who is this", "ask_identity"),
    ("en", "opening", "agent", "request_human"),
    ("en", "verify_tail", "one three eight oh", "identity_confirm t=1380"),
    ("en", "verify_tail", "one three double eight", "identity_confirm t=1388"),
    ("en", "ask_when", "tomorrow", "promise_to_pay 2026-03-12"),
    ("en", "ask_when", "i will pay on friday", "promise_to_pay 2026-03-13"),
    ("en", "ask_when", "next friday", "promise_to_pay 2026-03-20"),
    ("en", "ask_when", "this friday", "promise_to_pay 2026-03-13"),
    ("en", "ask_when", "friday week", "promise_to_pay 2026-03-20"),
    ("en", "ask_when", "a week on monday", "promise_to_pay 2026-03-23"),
    ("en", "ask_when", "coming monday", "promise_to_pay 2026-03-16"),
    ("en", "ask_when", "the twentieth", "promise_to_pay 2026-03-20"),
    ("en", "ask_when", "on the 5th", "promise_to_pay 2026-04-05"),
    ("en", "ask_when", "the first of next month", "promise_to_pay 2026-04-01"),
    ("en", "ask_when", "march twentieth", "promise_to_pay 2026-03-20"),
    ("en", "ask_when", "end of the month", "promise_to_pay 2026-03-31"),
    ("en", "ask_when", "by the end of the week", "promise_to_pay 2026-03-15"),
    ("en", "ask_when", "in three days", "promise_to_pay 2026-03-14"),
    ("en", "ask_when", "in two weeks", "promise_to_pay 2026-03-25"),
    ("en", "ask_when", "a fortnight", "promise_to_pay 2026-03-25"),
    ("en", "ask_when", "the day after tomorrow", "promise_to_pay 2026-03-13"),
    ("en", "ask_when", "a couple of days", "promise_to_pay 2026-03-13"),
    ("en", "ask_when", "not friday", "unclear"),
    ("en", "ask_when", "i already paid", "already_paid"),
    ("en", "ask_when", "i paid on monday", "already_paid 2026-03-09"),
    ("en", "ask_when", "i paid it on the third", "already_paid 2026-03-03"),
    ("en", "ask_when", "i won't pay", "refuse_to_pay"),
    ("en", "ask_when", "the bill is wrong", "dispute"),
    ("en", "ask_when", "i was charged twice", "dispute"),
    ("en", "ask_when", "i lost my job", "hardship"),
    ("en", "ask_when", "how much is it", "ask_amount"),
    ("en", "ask_when", "give me two weeks", "request_deferral 2026-03-25"),
    ("en", "ask_when", "when i get paid", "promise_to_pay"),
    ("en", "ask_amount", "the full amount", "promise_to_pay full"),
    ("en", "ask_amount", "all of it", "promise_to_pay full"),
    ("en", "ask_amount", "three fifty", "promise_to_pay a=350.00"),
    ("en", "ask_amount", "three hundred fifty dollars", "promise_to_pay a=350.00"),
    ("en", "ask_amount", "five hundred sixty eight dollars and thirty two cents", "promise_to_pay a=568.32"),
    ("en", "ask_amount", "two hundred", "promise_to_pay a=200.00"),
    ("en", "ask_amount", "half", "promise_to_pay"),
    ("en", "confirm_ptp", "yes", "affirm"),
    ("en", "confirm_ptp", "no", "deny"),
    ("en", "confirm_ptp", "that's right", "affirm"),
    ("en", "confirm_ptp", "no friday", "deny 2026-03-13"),
    ("en", "confirm_ptp", "make it friday", "promise_to_pay 2026-03-13"),
    ("en", "ask_when", "next month", "promise_to_pay"),
    ("en", "ask_when", "can i get a payment plan", "request_installment"),
)


def told(heard: Understanding) -> str:
    """An understanding as the table writes it."""
    parts = [
        heard.finer or heard.intent,
        str(heard.date or ""),
        f"a={heard.amount}" if heard.amount else "",
        f"t={heard.phone_tail}" if heard.phone_tail else "",
        "full" if heard.full_amount else "",
    ]
    return " ".join(part for part in parts if part)


@pytest.mark.parametrize(
    ("language", "context", "text", "expected"), SAID, ids=[f"{row[0]}-{row[1]}-{row[2]}" for row in SAID]
)
def test_an_utterance_is_understood(language: str, context: str, text: str, expected: str) -> None:
    assert told(understand(text, language, context, NOW)) == expected


def test_a_correction_denies_and_promises() -> None:
    for text in ("不对是周五", "不是周四是周五"):
        heard = understand(text, "zh", "confirm_ptp", NOW)
        assert {heard.intent, *heard.also} >= {"deny", "promise_to_pay"}
        assert str(heard.date) == "2026-03-13"
    heard = understand("改到周五", "zh", "confirm_ptp", NOW)
    assert (heard.intent, heard.also) == ("promise_to_pay", ("deny",))
    heard = understand("make it friday", "en", "confirm_ptp", NOW)
    assert heard.intent == "promise_to_pay"
    assert "deny" in heard.also


def test_a_promise_with_a_wish_to_be_left_alone_is_a_promise() -> None:
    heard = understand("我周五交你们别再打电话了", "zh", "ask_when", NOW)
    assert (heard.intent, "stop_calling" in heard.also) == ("promise_to_pay", True)


def test_punctuation_width_script_and_fillers_do_not_matter() -> None:
    for text in ("我，周五，交。", "我 周 五 交", "呃我周五交", "我週五交", "我周五交！！"):
        assert told(understand(text, "zh", "ask_when", NOW)) == "promise_to_pay 2026-03-13"
    for text in ("I'll pay on Friday.", "um i will pay uh on friday", "I WILL PAY ON FRIDAY"):
        assert told(understand(text, "en", "ask_when", NOW)) == "promise_to_pay 2026-03-13"


def test_weekdays_count_from_the_day_of_the_call() -> None:
    sunday = NOW + timedelta(days=4)
    assert str(understand("周一", "zh", "ask_when", sunday).date) == "2026-03-16"
    assert str(understand("下周一", "zh", "ask_when", sunday).date) == "2026-03-16"
    assert str(understand("next monday", "en", "ask_when", sunday).date) == "2026-03-16"


def test_today_spoken_as_a_bare_weekday_is_no_date() -> None:
    assert understand("周三", "zh", "ask_when", NOW).date is None
    assert understand("wednesday", "en", "ask_when", NOW).date is None


def test_silence_has_its_own_intent() -> None:
    for text in ("", "   ", "。。。"):
        assert understand(text, "zh", "opening", NOW).intent == "silence_noise"


def test_an_unknown_question_or_language_is_our_own_fault() -> None:
    with pytest.raises(ValueError, match="context"):
        understand("好", "zh", "chat", NOW)
    with pytest.raises(ValueError, match="language"):
        understand("好", "fr", "opening", NOW)


@given(st.text(max_size=600), st.sampled_from(["zh", "en"]), st.sampled_from(sorted(CONTEXTS)))
def test_any_text_gets_an_answer(text: str, language: str, context: str) -> None:
    heard = understand(text, language, context, NOW)
    assert heard.intent in INTENTS
    assert heard.intent not in heard.also
    assert set(heard.also) <= INTENTS
    assert heard.finer in {"", *FINER}
    assert heard.finer == "" or FINER[heard.finer] in (heard.intent, *heard.also)
    assert 0.0 <= heard.confidence <= 1.0
    assert heard.amount is None or heard.amount >= 0
    assert heard.phone_tail is None or (len(heard.phone_tail) == 4 and heard.phone_tail.isdigit())


_WORDS = (
    "明天 周五 下周 不 是 已经 交 了 钱 三百五 二十号 月底 别 打 录音 机器人 吗 我 他 老婆 多少 人工"
    " 零 幺 两 万 点 个 半 天 号"
)


@given(st.lists(st.sampled_from(_WORDS.split()), max_size=14), st.sampled_from(sorted(CONTEXTS)))
def test_any_mixture_of_the_trades_words_gets_an_answer(words: list[str], context: str) -> None:
    heard = understand("".join(words), "zh", context, NOW)
    assert heard.intent in INTENTS
    assert heard.date is None or abs((heard.date - NOW.date()).days) <= 800


_TRADE_WORDS = (
    "i will pay paid not no friday next the twentieth of april end month two hundred and fifty dollars half past three at"
    " call me back already meter wrong twice in weeks days my card app link six months plan double oh seven to for ate won"
    " until if he is she never moved sold tomorrow yesterday ago last this between hours minutes point a grand k p m"
)


@given(st.lists(st.sampled_from(_TRADE_WORDS.split()), max_size=18), st.sampled_from(sorted(CONTEXTS)))
def test_any_mixture_of_english_words_gets_an_answer(words: list[str], context: str) -> None:
    heard = understand(" ".join(words), "en", context, NOW)
    assert heard.intent in INTENTS
    assert all(abs((day - NOW.date()).days) <= 800 for day in heard.dates)
    assert all(amount > 0 for amount in heard.amounts)


@given(st.integers(1, 9_999_999))
def test_an_amount_spoken_back_is_the_amount(cents: int) -> None:
    value = Decimal(cents) / 100
    for language in spoken.LANGUAGES:
        if value < 1:
            continue
        heard = understand(spoken.amount(value, "CNY", language), language, "ask_amount", NOW)
        assert heard.amount == value.quantize(Decimal("0.01")), (
            language,
            spoken.amount(value, "CNY", language),
        )


@given(st.integers(1, 27))
def test_a_date_spoken_back_is_the_date(days: int) -> None:
    day = NOW.date() + timedelta(days=days)
    for language in spoken.LANGUAGES:
        said = spoken.day(day, language, today=NOW.date()).split("，")[0].split(", ")[-1]
        assert understand(said, language, "ask_when", NOW).date == day


#: At a question for a yes: what only sounds like one, asks back, puts off, or is taken back in the same breath.
NO_YES = {
    "zh": ("呵呵", "是吗", "对吗", "真的吗", "好像不对", "好个屁", "对了我问一下", "对不起", "全部", "什么"),
    "en": (
        *(
            "haha",
            "huh",
            "really",
            "why",
            "says who",
            "are you sure",
            "sorry what",
            "mom come here",
            "good grief",
        ),
        *(
            "yeah no",
            "right no",
            "yes but no",
            "okay wait",
            "right hold on",
            "okay hang on",
            "in your dreams",
        ),
    ),
}


@pytest.mark.parametrize("context", ["confirm_ptp", "closing", "ask_plan"])
@pytest.mark.parametrize(("language", "text"), [(one, text) for one in NO_YES for text in NO_YES[one]])
def test_a_yes_is_never_guessed(language: str, text: str, context: str) -> None:
    heard = understand(text, language, context, NOW)
    assert "affirm" not in (heard.intent, *heard.also)


@pytest.mark.parametrize("text", ["yes no problem", "okay no worries", "right", "妥了妥了没毛病"])
def test_a_yes_with_more_words_stays_one(text: str) -> None:
    language = "en" if text.isascii() else "zh"
    assert understand(text, language, "confirm_ptp", NOW).intent == "affirm"
