"""The shipped flow, both languages: every branch ends with its result, and what must be said is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.flow import RESULTS
from ari_app.dialogue.flow_conversation import FlowConversation
from ari_app.dialogue.flow_prompts import known_fragments
from ari_app.dialogue.guard import wording_fault
from ari_app.dialogue.model import CustomerInput, InputKind
from tests.support.examples import examples
from tests.support.talks import COMPANY, NOW, SILENCE, TAIL, an_account, keys, says, shipped_flow, talk, words

pytestmark = pytest.mark.pure

FLOW = shipped_flow()

#: (language, answers, result). Digits are keys, '' is silence.
TALKS: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("zh", ("1", TAIL, "2", "1", "1"), "promise_to_pay"),
    ("zh", ("是的", "八零零零", "下周五", "全部", "对的"), "promise_to_pay"),
    ("zh", ("我就是", TAIL, "我周五交三百块", "还不知道", "不确定", "是的"), "promise_to_pay"),
    ("zh", ("1", TAIL, "1", "2", "5", "2", "3", "1", "1"), "promise_to_pay"),
    ("zh", ("1", TAIL, "5"), "already_paid"),
    ("zh", ("1", TAIL, "我已经交过了", "对"), "already_paid"),
    ("zh", ("1", TAIL, "6"), "disputed"),
    ("zh", ("1", TAIL, "账单不对", "是"), "disputed"),
    ("zh", ("1", TAIL, "我不交", "1"), "refused"),
    ("zh", ("1", TAIL, "我没钱"), "hardship"),
    ("zh", ("1", TAIL, "0"), "request_human"),
    ("zh", ("0",), "request_human"),
    ("zh", ("转人工",), "request_human"),
    ("zh", ("9",), "recording_refused"),
    ("zh", ("我不同意录音",), "recording_refused"),
    ("zh", ("2", "1"), "wrong_person"),
    ("zh", ("你打错了", "对"), "wrong_person"),
    ("zh", ("2", ""), "not_ended"),
    ("zh", ("2", "", ""), "third_party"),
    ("zh", ("我是他老婆",), "third_party"),
    ("zh", ("1", "1111", "2222"), "not_verified"),
    ("zh", ("1", "不告诉你"), "not_verified"),
    ("zh", ("1", "", ""), "no_input"),
    ("zh", ("", ""), "no_input"),
    ("zh", ("喂", "喂"), "not_verified"),
    ("zh", ("我在开会",), "callback"),
    ("zh", ("你晚点再打吧",), "callback"),
    ("zh", ("别再打了", "1"), "stop_calling"),
    ("zh", ("别再打了", "", ""), "stop_calling"),
    ("zh", ("1", TAIL, "别再给我打电话", "对"), "stop_calling"),
    ("zh", ("1", TAIL, "", ""), "informed"),
    ("zh", ("1", TAIL, "2", "", ""), "informed"),
    ("zh", ("1", TAIL, "2", "1", "", ""), "informed"),
    ("en", ("1", TAIL, "2", "1", "1"), "promise_to_pay"),
    ("en", ("yes", TAIL, "i will pay on friday", "the full amount", "yes"), "promise_to_pay"),
    (
        "en",
        ("yes", "eight zero zero zero", "tomorrow", "three hundred", "no", "that is right"),
        "promise_to_pay",
    ),
    ("en", ("yes", TAIL, "i already paid", "yes"), "already_paid"),
    ("en", ("yes", TAIL, "the bill is wrong", "yes"), "disputed"),
    ("en", ("yes", TAIL, "i will not pay", "yes"), "refused"),
    ("en", ("yes", TAIL, "i want to speak to a person"), "request_human"),
    ("en", ("do not record me",), "recording_refused"),
    ("en", ("wrong number", "yes"), "wrong_person"),
    ("en", ("no", "1"), "wrong_person"),
    ("en", ("i am his wife",), "third_party"),
    ("en", ("1", "1111", "2222"), "not_verified"),
    ("en", ("", ""), "no_input"),
    ("en", ("call me back later",), "callback"),
    ("en", ("stop calling me", "yes"), "stop_calling"),
    ("en", ("1", TAIL, "", ""), "informed"),
)


@pytest.mark.parametrize(
    ("language", "answers", "result"), TALKS, ids=[f"{row[0]}-{'-'.join(row[1])}" for row in TALKS]
)
def test_a_conversation_ends_with_its_result(language: str, answers: tuple[str, ...], result: str) -> None:
    told = talk(FLOW, an_account(language), *answers)
    assert (told.result or "not_ended") == result
    assert told.dialogue.breaches == 0
    assert all(step.result is None for step in told.steps[:-1]), "it ended before the last answer"


def test_the_opening_says_who_calls_that_it_is_a_machine_and_that_it_records() -> None:
    opening = talk(FLOW, an_account("zh"))
    for wanted in ("云杉通信", "自动语音助手", "录音", "张伟"):
        assert wanted in opening.said
    opening = talk(FLOW, an_account("en"))
    for wanted in ("Spruce Telecom", "automated assistant", "recorded", "Bill Smith"):
        assert wanted in opening.said
    assert opening.last.question is not None
    assert not opening.last.question.barge_in, "the notice is heard out"
    again = talk(FLOW, an_account("en"), "")
    assert again.last.question is not None
    assert again.last.question.barge_in


def test_a_promise_carries_what_was_read_back() -> None:
    told = talk(FLOW, an_account("zh"), "1", TAIL, says("下周五我交三百块", 0.8), "5", "1")
    result = told.last.result
    assert result is not None
    assert result.promise is not None
    assert (result.promise.date, result.promise.amount, result.promise.currency) == (
        "2026-03-20",
        Decimal("300.00"),
        "CNY",
    )
    assert 0.0 < result.promise.confidence < 0.9
    read_back = words(told.steps[-2])
    assert "三月二十日，星期五" in read_back
    assert "三百元" in read_back
    assert set(result.coverage) == {
        "opening",
        "recording_notice",
        "verified",
        "arrears_fact",
        "deadline",
        "read_back",
        "closing",
    }
    assert result.verified


@pytest.mark.parametrize(
    ("key", "date_"),
    [("1", "2026-03-11"), ("2", "2026-03-12"), ("3", "2026-03-14"), ("4", "2026-03-18")],
)
def test_dates_by_key(key: str, date_: str) -> None:
    result = talk(FLOW, an_account(), "1", TAIL, key, "1", "1").last.result
    assert result is not None
    assert result.promise is not None
    assert (result.promise.date, result.promise.confidence) == (date_, 1.0)


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("1", "568.32"), ("2", "284.16"), ("300#", "300.00"), ("500*5#", "500.50"), ("568*32", "568.32")],
)
def test_amounts_by_key(typed: str, amount: str) -> None:
    rest = () if typed in ("1", "568*32") else ("5",)
    result = talk(FLOW, an_account(), "1", TAIL, "2", typed, *rest, "1").last.result
    assert result is not None
    assert result.promise is not None
    assert result.promise.amount == Decimal(amount)


def test_half_of_an_odd_cent_rounds_up() -> None:
    result = talk(FLOW, an_account(amount="0.05"), "1", TAIL, "2", "2", "5", "1").last.result
    assert result is not None
    assert result.promise is not None
    assert result.promise.amount == Decimal("0.03")


def test_an_amount_above_the_debt_or_a_date_too_far_is_not_taken() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "2", "9999#")
    assert told.context == "ask_amount"
    assert "不能超过" in told.said
    told = talk(FLOW, an_account(), "1", TAIL, "四月三十号")
    assert told.context == "ask_when"
    assert "最晚" in told.said
    assert told.result is None


def test_a_date_in_the_past_is_no_promise() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "上周五")
    assert told.context == "ask_when"


def test_a_correction_at_the_read_back_is_read_back_again() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "2", "1", "不对是周五")
    assert told.context == "confirm_ptp"
    assert "三月十三日" in told.said
    told = talk(FLOW, an_account("en"), "1", TAIL, "2", "1", "make it friday", "yes")
    assert told.last.result is not None
    assert told.last.result.promise is not None
    assert told.last.result.promise.date == "2026-03-13"


def test_a_plain_no_at_the_read_back_forgets_both() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "2", "1", "2")
    assert told.context == "ask_when"
    told = talk(FLOW, an_account(), "1", TAIL, "2", "1", "2", "3")
    assert told.context == "ask_amount", "the old amount is gone"


def test_a_robot_says_that_it_is_one() -> None:
    for language, question, answer in (
        ("zh", "你是机器人吗", "是的，我是自动语音助手"),
        ("en", "are you a robot", "Yes, I am"),
    ):
        told = talk(FLOW, an_account(language), question)
        assert answer in told.said
        assert told.context == "opening"
        told = talk(FLOW, an_account(language), "1", TAIL, question)
        assert answer in told.said
        assert told.context == "ask_when"


def test_stop_calling_puts_the_customer_on_the_list() -> None:
    result = talk(FLOW, an_account(), "别再打了", "1").last.result
    assert result is not None
    assert result.do_not_contact
    result = talk(FLOW, an_account(), "1", TAIL, "5").last.result
    assert result is not None
    assert not result.do_not_contact


def test_the_reminder_says_how_it_stands() -> None:
    overdue = talk(FLOW, an_account(due=date(2026, 3, 1)), "1", TAIL).said
    assert "三月一日" in overdue
    assert "十天" in overdue
    today = talk(FLOW, an_account(due=date(2026, 3, 11)), "1", TAIL).said
    assert "今天是缴费日期" in today
    ahead = talk(FLOW, an_account(due=date(2026, 3, 20)), "1", TAIL).said
    assert "三月二十日" in ahead
    assert "超过" not in ahead


def test_today_is_the_customers_day() -> None:
    late = datetime(
        2026, 3, 11, 17, 0, tzinfo=UTC
    )  # already Thursday in Shanghai, still Wednesday in New York
    for timezone, wanted in (
        ("Asia/Shanghai", "2026-03-12"),
        ("America/New_York", "2026-03-11"),
        ("Nowhere/At_All", "2026-03-11"),
    ):
        result = talk(FLOW, an_account(timezone=timezone), "1", TAIL, "1", "1", "1", now=late).last.result
        assert result is not None
        assert result.promise is not None
        assert result.promise.date == wanted


def test_the_closing_of_a_promise_states_that_it_is_a_service_reminder() -> None:
    assert "仅为服务提醒" in talk(FLOW, an_account("zh"), "1", TAIL, "2", "1", "1").said
    assert "service reminder only" in talk(FLOW, an_account("en"), "1", TAIL, "2", "1", "1").said


def test_hanging_up_leaves_the_result_so_far() -> None:
    for answers, result, verified in (
        ((), "hung_up", False),
        (("1",), "hung_up", False),
        (("1", TAIL), "informed", True),
    ):
        told = talk(FLOW, an_account(), *answers)
        ended = told.dialogue.hung_up().result
        assert ended is not None
        assert (ended.result, ended.verified, ended.promise) == (result, verified, None)
        assert told.dialogue.hung_up().result == ended, "the result stays"
        after = told.dialogue.answer(keys("1"), NOW)
        assert (after.say, after.result) == ((), ended)


def test_a_promise_that_was_not_confirmed_is_none() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "2", "1")
    ended = told.dialogue.hung_up().result
    assert ended is not None
    assert (ended.result, ended.promise) == ("informed", None)


def test_the_end_stays_the_end() -> None:
    told = talk(FLOW, an_account(), "1", TAIL, "2", "1", "1")
    assert told.dialogue.hung_up().result == told.last.result
    assert told.dialogue.answer(keys("5"), NOW).result == told.last.result


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("due", [date(2026, 3, 1), date(2026, 3, 11), date(2026, 3, 20), date(2024, 1, 31)])
def test_what_keys_can_lead_to_is_known_before_the_dial(language: str, due: date) -> None:
    account = an_account(language, due=due)
    known = set(known_fragments(FLOW, account, COMPANY[language], NOW))
    for answers in (
        ("1", TAIL, "1", "1", "2", "4", "2", "5", "1"),
        ("1", TAIL, "3", "2", "4", "1"),
        ("1", TAIL, "3", "2", "1", "6", "2"),
        ("1", "1111", TAIL, "5"),
        ("", "", ""),
        ("2", "1"),
        ("1", TAIL, "2", "9999999#", "1", "1"),
        ("1", TAIL, "", "7", "", ""),
    ):
        told = talk(FLOW, account, *answers)
        for step in told.steps:
            assert set(step.say) <= known


def test_fragments_of_the_account_are_marked_personal() -> None:
    account = an_account()
    for fragment in known_fragments(FLOW, account, COMPANY["zh"], NOW):
        facts = ("张伟", "五百六十八元", "二百八十四元", "两百八十四元", "十天")
        due = spoken.day(account.due_date, "zh", today=NOW.date())
        assert fragment.personal == (any(fact in fragment.text for fact in facts) or fragment.text == due)
        day_to_promise = fragment.text.startswith(("三月", "四月")) and not fragment.personal
        same_for_all = (COMPANY["zh"], "手机应用、微信、支付宝、银行转账或营业厅现金")
        assert fragment.personal or fragment.prompt_id or fragment.text in same_for_all or day_to_promise


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sentence_with_the_name_is_for_one_voice_and_other_facts_are_said_in_pieces(language: str) -> None:
    account = an_account(language)
    found = known_fragments(FLOW, account, COMPANY[language], NOW)
    named = [fragment for fragment in found if fragment.text == account.name]
    assert named
    assert all(fragment.local and fragment.personal and not fragment.pieces for fragment in named)
    for fragment in found:
        if fragment.personal and fragment not in named:
            assert fragment.pieces, fragment.text
            assert not fragment.local
    carriers = {part.text for part in found if part.local and not part.personal}
    assert carriers == {"zh": {"请问是", "吗？", "请您确认：这个号码不是", "在使用，对吗？"}}.get(
        language, {"Am I speaking to", "Please confirm that this is not the number of"}
    )


def test_every_day_that_may_be_promised_is_known_before_the_dial_and_no_secret() -> None:
    found = known_fragments(FLOW, an_account(), COMPANY["zh"], NOW)
    shared = {fragment.text for fragment in found if not fragment.personal}
    for days in range(FLOW.policy.latest_promise_days + 1):
        assert spoken.day(NOW.date() + timedelta(days=days), "zh", today=NOW.date()) in shared


def test_an_amount_in_a_currency_without_words_makes_its_sentence_one_voices() -> None:
    found = known_fragments(FLOW, replace(an_account(), currency="XTS"), COMPANY["zh"], NOW)
    amounts = [fragment for fragment in found if "X T S" in fragment.text]
    assert amounts
    assert all(fragment.local and not fragment.pieces for fragment in amounts)
    assert any(fragment.local and fragment.text == "您的应缴金额是：" for fragment in found)


def test_two_customers_share_every_sentence_without_their_own_data() -> None:
    one = known_fragments(FLOW, an_account(), COMPANY["zh"], NOW)
    other = known_fragments(
        FLOW, an_account(name="李娜", amount="9.00", due=date(2026, 2, 1)), COMPANY["zh"], NOW
    )
    assert {item for item in one if not item.personal} == {item for item in other if not item.personal}


# ------------------------------------------------------------------------------------------------------- any customer

_SPEECH = {
    "zh": [
        "是的",
        "不是",
        "我就是",
        "打错了",
        "明天",
        "下周五",
        "二十号",
        "全部",
        "三百五",
        "已经交了",
        "账单不对",
        "我不交",
        "转人工",
        "别打了",
        "你是谁",
        "多少钱",
        "不要录音",
        "八零零零",
        "好的",
        "我在忙",
        "什么时候到期",
    ],
    "en": [
        "yes",
        "no",
        "speaking",
        "wrong number",
        "tomorrow",
        "next friday",
        "the full amount",
        "three fifty",
        "i already paid",
        "the bill is wrong",
        "i will not pay",
        "operator",
        "stop calling me",
        "who is this",
        "how much is it",
        "eight zero zero zero",
    ],
}


def _inputs(language: str) -> st.SearchStrategy[CustomerInput]:
    return st.one_of(
        st.just(SILENCE),
        st.sampled_from(["1", "2", "3", "4", "5", "6", "0", "9", TAIL, "1111", "300#", "*", "#", ""]).map(
            keys
        ),
        st.text("0123456789*#ABCD", max_size=12).map(keys),
        st.sampled_from(_SPEECH[language]).map(says),
        st.lists(st.sampled_from(_SPEECH[language]), max_size=4).map(lambda said: says(" ".join(said))),
        st.text(max_size=60).map(says),
        st.builds(CustomerInput, st.sampled_from(InputKind), st.text(max_size=20), st.floats(-1, 2)),
    )


_CASES = st.sampled_from(["zh", "en"]).flatmap(
    lambda language: st.tuples(st.just(language), st.lists(_inputs(language), max_size=60))
)


@settings(max_examples=examples(300))
@given(
    case=_CASES,
    amount=st.decimals("0.01", "99999.99", places=2),
    due=st.dates(date(2023, 1, 1), date(2026, 12, 31)),
)
def test_whatever_the_customer_does(
    case: tuple[str, list[CustomerInput]], amount: Decimal, due: date
) -> None:
    """No debt before verification, an end after boundedly many questions, always a known result."""
    language, given_ = case
    account = an_account(language, amount=str(amount), due=due)
    dialogue = FlowConversation(FLOW, account, COMPANY[language])
    secrets = (
        spoken.amount(account.amount_due, "CNY", language),
        spoken.day(due, language, today=date(2026, 3, 11)),
        spoken.day(due, language),
    )
    step = dialogue.start(NOW)
    for asked, item in enumerate(given_, 1):
        if not dialogue.verified:
            text = words(step)
            assert not any(secret in text for secret in secrets)
            worded = text.replace("Bill Smith", "")
            assert not wording_fault(worded, language, verified=False)
        if step.result is not None:
            break
        assert step.question is not None
        assert asked <= FLOW.most_questions()
        step = dialogue.answer(item, NOW)
    ended = step if step.result is not None else dialogue.hung_up()
    assert ended.result is not None
    assert ended.result.result in RESULTS
    assert ended.result.verified or not RESULTS[ended.result.result]
    assert (ended.result.promise is not None) == (ended.result.result == "promise_to_pay")
    if ended.result.promise is not None:
        assert 0 < ended.result.promise.amount <= account.amount_due
        assert "2026-03-11" <= ended.result.promise.date <= "2026-04-11"
    assert dialogue.breaches == 0


@given(
    st.lists(
        st.text("0123456789", min_size=4, max_size=4).filter(lambda tail: tail != TAIL),
        min_size=2,
        max_size=6,
    )
)
def test_only_the_right_digits_open_the_account(tails: list[str]) -> None:
    told = talk(FLOW, an_account(), "1", *tails)
    assert not told.dialogue.verified
    assert told.result == "not_verified"


def test_silence_and_mumbling_always_end() -> None:
    for item in (SILENCE, says("呜呜"), keys("*"), says("你是机器人吗")):
        told = talk(FLOW, an_account(), *[item] * 10)
        assert told.result in ("no_input", "not_verified")
        asked = sum(step.question is not None for step in told.steps)
        assert asked <= 3


def test_what_the_recogniser_is_not_sure_of_is_not_believed() -> None:
    for heard in (
        says("下周五我交三百块", 0.3),
        says("", 0.0),
        says("。", 1.0),
        says("我已经交过了", float("nan")),
    ):
        told = talk(FLOW, an_account(), "1", TAIL, heard)
        assert told.context == "ask_when"
        assert "没有听清" in told.said


def test_the_word_of_a_key_counts_as_the_key() -> None:
    told = talk(FLOW, an_account(), "一", TAIL, "按二", says("1"), says("一"))
    assert told.last.result is not None
    assert told.last.result.promise is not None
    assert told.last.result.promise.date == "2026-03-12"
    assert talk(FLOW, an_account("en"), says("two"), says("one")).result == "wrong_person"


def test_a_day_that_nobody_can_be_sure_of_is_asked_for_again() -> None:
    for language, said in (("zh", "周三"), ("zh", "下个月"), ("en", "next month"), ("en", "wednesday")):
        told = talk(FLOW, an_account(language), "1", TAIL, said)
        assert told.context == "ask_when"
        assert told.last.heard is not None


def test_every_state_has_both_languages() -> None:
    for state in FLOW.states.values():
        for prompt in state.prompts():
            assert all(set(wording.sentences) == {"zh", "en"} for wording in prompt)
