"""Chinese intents: families of sentences, each with its meaning, and what is said beside it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue.understanding import understand

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday

MEANT: tuple[tuple[str, str, str], ...] = (
    # who asks for leave defers, who states a day promises, who asks for a nod does too
    ("ask_when", "下周四再缴可以不", "request_deferral"),
    ("ask_when", "等我发工资再交行不行", "request_deferral"),
    ("ask_when", "大后天再交能行不", "request_deferral"),
    ("ask_when", "能不能让我下周四再缴", "request_deferral"),
    ("ask_when", "二十号以前我真交不上", "request_deferral"),
    ("ask_when", "二十号我先打五百你看要得不要得", "promise_to_pay"),
    ("ask_when", "下周四交", "promise_to_pay"),
    # 了 of what is done, and of what will be
    ("inform", "钱我都付了还来要", "already_paid"),
    ("inform", "转账转过去好几天了", "already_paid"),
    ("inform", "五百我已经给过你们了剩下三百明天给", "already_paid"),
    ("inform", "不是已经扣了吗", "already_paid"),
    ("inform", "总之我付了你们自己去对", "already_paid"),
    ("inform", "乱收费啊套餐外给我扣了二十九块九", "dispute"),
    ("opening", "我不是他我是他弟", "third_party"),
    ("inform", "房子都卖了别再给我打了", "dispute"),
    ("ask_amount", "一次性都付了吧", "promise_to_pay"),
    ("ask_amount", "三百零五全给你结了", "promise_to_pay"),
    ("ask_when", "一个月以后还了", "promise_to_pay"),
    ("confirm_ptp", "我改主意了不交了", "refuse_to_pay"),
    # will not
    ("ask_when", "不交", "refuse_to_pay"),
    ("ask_when", "分期也不还", "refuse_to_pay"),
    ("ask_when", "等太阳打西边出来再说", "refuse_to_pay"),
    ("inform", "我就是不交你能怎么着", "refuse_to_pay"),
    # cannot
    ("ask_when", "我饭都吃不起拿什么交", "hardship"),
    ("ask_when", "兜里比脸还干净", "hardship"),
    ("ask_plan", "分期也还不起啊", "hardship"),
    ("ask_amount", "一分钱都没有", "hardship"),
    ("ask_amount", "一分不少都给你", "promise_to_pay"),
    # others answer
    ("opening", "俺男人下地去了", "third_party"),
    ("opening", "我儿子在部队里头不好接电话", "third_party"),
    ("opening", "我是他徒弟师父走不开", "third_party"),
    ("opening", "他是我儿子现在在学校上课呢", "third_party"),
    ("opening", "你找我们经理啊他今天休息", "third_party"),
    ("opening", "我压根不是刘先生啊", "identity_deny"),
    ("opening", "我这里没有姓赵的", "identity_deny"),
    ("opening", "你大错了吧", "identity_deny"),
    ("opening", "我是啊什么事", "identity_confirm"),
    # questions back
    ("ask_when", "还有别的法子交吗", "ask_payment_method"),
    ("ask_when", "营业厅还收现金不", "ask_payment_method"),
    ("ask_when", "往哪个账号打", "ask_payment_method"),
    ("closing", "代扣怎么开通", "ask_payment_method"),
    ("inform", "这四百六怎么算出来的", "ask_fee_breakdown"),
    ("inform", "六十八块三都包括什么", "ask_fee_breakdown"),
    ("ask_when", "那四百三十五块钱截止日期是几号来着", "ask_due_date"),
    ("ask_plan", "十二期的话每期要还多少", "ask_amount"),
    # wishes
    ("inform", "有没有真人给我接一个", "request_human"),
    ("inform", "让你们负责抄表的人跟我讲", "request_human"),
    ("inform", "换个有权限能拍板的人来跟我谈", "request_human"),
    ("inform", "那个八十六块二的付款链接能再发一遍不", "send_link"),
    ("inform", "中午十二点我有空那时候打", "request_callback"),
    ("ask_plan", "不要三期我要六期", "request_installment"),
    ("ask_plan", "是的六期就六期", "affirm"),
)


@pytest.mark.parametrize(("context", "text", "intent"), MEANT, ids=[row[1] for row in MEANT])
def test_a_sentence_has_its_meaning(context: str, text: str, intent: str) -> None:
    assert understand(text, "zh", context, NOW).intent == intent


BESIDE: tuple[tuple[str, str, str, str], ...] = (
    ("opening", "我姐在上班她讲叫你五点以后打过来", "third_party", "request_callback"),
    ("ask_when", "我都交了两百了剩下那一百五我周五给你交", "already_paid", "promise_to_pay"),
    ("confirm_ptp", "二十号太早了能不能二十八号", "request_deferral", "deny"),
    ("inform", "我要去消协告你们钱我早就付清了", "already_paid", "complaint_threat"),
    ("ask_when", "没收入了能拖到四月底吗", "request_deferral", "hardship"),
)


@pytest.mark.parametrize(("context", "text", "intent", "also"), BESIDE, ids=[row[1] for row in BESIDE])
def test_a_second_meaning_stands_beside_the_first(context: str, text: str, intent: str, also: str) -> None:
    heard = understand(text, "zh", context, NOW)
    assert heard.intent == intent
    assert also in heard.also


ALONE: tuple[tuple[str, str, str], ...] = (
    # how people begin, and words that only say the first meaning once more
    ("inform", "不用约时间了刚刚在手机上付掉了", "already_paid"),
    ("ask_when", "行那我就大后天交", "promise_to_pay"),
    ("confirm_ptp", "对二十号三百块", "affirm"),
    ("opening", "是我有什么事", "identity_confirm"),
    ("ask_when", "二十号之前我真拿不出来", "request_deferral"),
    ("inform", "不要再打给我了", "stop_calling"),
    ("ask_when", "四月底拆迁款下来我一把给你清了", "promise_to_pay"),
)


@pytest.mark.parametrize(("context", "text", "intent"), ALONE, ids=[row[1] for row in ALONE])
def test_a_single_meaning_stands_alone(context: str, text: str, intent: str) -> None:
    heard = understand(text, "zh", context, NOW)
    assert (heard.intent, heard.also) == (intent, ())


#: Something that is said at a question for a day, and is no promise though a day or a sum stands in it.
_NO_PROMISE = st.sampled_from(
    [
        "{}怎么算出来的",
        "{}都包括什么",
        "{}我已经交过了",
        "{}怎么交啊",
        "{}的付款链接再发一遍",
        "你们多收了我{}",
    ]
)


@given(_NO_PROMISE, st.integers(11, 9_999))
def test_a_sum_in_a_question_is_no_promise(words: str, amount: int) -> None:
    assert understand(words.format(f"{amount}块"), "zh", "ask_when", NOW).intent != "promise_to_pay"
