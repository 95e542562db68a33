"""Chinese slots: what people say on the telephone, family by family, and the value that is meant.

Dates are seen from Wednesday 2026-03-11, 10:30.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.dialogue import spoken
from ari_app.dialogue.normal_zh import normalise_zh
from ari_app.dialogue.numbers_zh import numbers
from ari_app.dialogue.understanding import understand
from ari_app.dialogue.understanding_slots import SlotValue, slots_of

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 10, 30, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday


def slots(text: str, context: str) -> dict[str, SlotValue]:
    return slots_of(understand(text, "zh", context, NOW))


# ---------------------------------------------------------------------------------------------------------------- dates

DATES: tuple[tuple[str, str], ...] = (
    # days from today, in the words of several regions
    ("明个儿一早给你", "03-12"),
    ("听日交", "03-12"),
    ("后儿个交吧", "03-13"),
    ("大后天我去交", "03-14"),
    ("今晚回家交", "03-11"),
    ("这个礼拜天交", "03-15"),
    ("下下个礼拜一交", "03-23"),
    ("这个星期结束之前给", "03-15"),
    # days of a month
    ("下个月十五交", "04-15"),
    ("四月一号还", "04-01"),
    ("三月份的二十号", "03-20"),
    ("廿五号交", "03-25"),
    ("我把那一百八月底交", "03-31"),
    ("三月底我再去交行不行", "03-31"),
    # durations from today
    ("十天之内交", "03-21"),
    ("给我两个星期吧", "03-25"),
    ("俩礼拜以后交", "03-25"),
    ("再过一个月吧", "04-11"),
    ("过个三天给你", "03-14"),
    # limits are the day itself
    ("二十号以前我真交不上", "03-20"),
    ("不到下个月五号我拿不出来", "04-05"),
    # corrections and rejections: only what stands
    ("礼拜四哦不对礼拜五我礼拜四要跑货", "03-13"),
    ("周五不行我那天出差周六交", "03-14"),
    ("二十号哦不对二十号我爸做手术那就二十六号吧", "03-26"),
    ("我说的是这周六不是下周六", "03-14"),
    ("周四交不对周五", "03-13"),
    ("二十号有人情要随改到二十三号吧", "03-23"),
    # days on which something else happens
    ("我十五号发补贴十六号能取十七号给你", "03-17"),
    ("三月十八号办完酒我十九号就去你们那交", "03-19"),
    ("今天都十一号了对吧那我后天去交", "03-13"),
    ("下周的今天给你", "03-18"),
    ("下个月的今天", "04-11"),
    # said twice
    ("下周五下周五我去交", "03-20"),
    # an hour of the same day is no second date
    ("明天下午去交", "03-12"),
    # what recognisers make of them
    ("下里拜三交", "03-18"),
    ("二十好交", "03-20"),
    ("三月而十五号交", "03-25"),
    ("月地补上", "03-31"),
    ("二十九好缴清", "03-29"),
    ("名天负掉", "03-12"),
)


@pytest.mark.parametrize(("text", "day"), DATES, ids=[row[0] for row in DATES])
def test_a_date_is_the_day_that_is_meant(text: str, day: str) -> None:
    assert slots(text, "ask_when").get("date") == f"2026-{day}"


PAID_ON: tuple[tuple[str, str], ...] = (
    ("礼拜一我就整完了", "2026-03-09"),
    ("二十六号就交了不信你翻翻", "2026-02-26"),
    ("昨儿晚上支付宝交的", "2026-03-10"),
    ("上个礼拜五我在营业厅交的", "2026-03-06"),
    ("网银转的星期二就转了", "2026-03-10"),
    ("三天前就还了", "2026-03-08"),
    ("月底就交了呀", "2026-02-28"),
    ("周一我老婆去柜台交的收据还在呢", "2026-03-09"),
    ("昨天夜里我用手机付掉的呀", "2026-03-10"),
    ("房租一号就给房东了", "2026-03-01"),
)


@pytest.mark.parametrize(("text", "day"), PAID_ON, ids=[row[0] for row in PAID_ON])
def test_what_is_paid_was_paid_in_the_past(text: str, day: str) -> None:
    heard = understand(text, "zh", "inform", NOW)
    assert (heard.intent, str(heard.date)) == ("already_paid", day)


def test_the_rest_of_a_part_payment_is_still_to_come() -> None:
    assert slots("我都交了两百了剩下那一百五我周五给你交", "ask_when") == {
        "amount": ["200.00", "150.00"],
        "date": "2026-03-13",
    }
    assert slots("礼拜天不是付过一千了吗还有八百下个礼拜三给你", "inform") == {
        "amount": ["1000.00", "800.00"],
        "date": ["2026-03-08", "2026-03-18"],
    }


NO_DATE = (
    "缓一个月中不中",  # from now, or from the day it was due?
    "能不能晚半个月交",
    "推迟两个礼拜可以不",
    "下个月吧下个月肯定交",
    "周末睡醒了就交",
    "礼拜三我一准交",  # today, or in a week?
    "三五天吧",
    "二十几号交",
    "别一天一个电话",
    "一天打八遍",
    "等发了工资马上交",
    "今天这事没完",
    "昨天那场球你看没看",
    "停了三天水",
    "断了两个星期了",
    "幸福路三百零二号",
    "初五交",
    "二十号太早了",
    "我就住三号楼",
    "下个月一定交",
)


@pytest.mark.parametrize("text", NO_DATE)
def test_what_nobody_can_date_has_no_date(text: str) -> None:
    assert "date" not in slots(text, "ask_when")


@given(st.integers(1, 60), st.sampled_from(["{}天后交", "{}天之内给你", "过{}天我去交", "给我{}天吧"]))
def test_any_number_of_days_counts_from_today(days: int, words: str) -> None:
    said = "两" if days == 2 else spoken.integer(days, "zh")
    due = NOW.date() + timedelta(days=days)
    assert slots(words.format(said), "ask_when").get("date") == due.isoformat()


@given(
    st.integers(0, 6),
    st.sampled_from(["周", "星期", "礼拜"]),
    st.sampled_from([("这个", 0), ("下个", 1), ("下下个", 2)]),
)
def test_any_weekday_of_a_named_week(day: int, week: str, which: tuple[str, int]) -> None:
    words, weeks = which
    due = NOW.date() + timedelta(days=7 * weeks + day - NOW.weekday())
    heard = slots(f"{words}{week}{'一二三四五六日'[day]}交", "ask_when").get("date")
    assert heard == (due.isoformat() if due >= NOW.date() else None)  # nobody pays in the past


# ----------------------------------------------------------------------------------------------------------------- sums

SUMS: tuple[tuple[str, str | list[str]], ...] = (
    # any exact sum, with its unit or without
    ("一百二", "120.00"),
    ("两千八先给你", "2800.00"),
    ("二十九块九", "29.90"),
    ("五块八毛", "5.80"),
    ("一百五十块零五毛", "150.50"),
    ("十块零五分", "10.05"),
    ("二百一十三块七小票上写着", "213.70"),
    ("一百三十五点八", "135.80"),
    ("一百十二", "112.00"),
    ("一万零五百", "10500.00"),
    ("3千5", "3500.00"),
    ("1200块", "1200.00"),
    ("三百蚊", "300.00"),
    ("先交五十", "50.00"),
    ("两百一起交", "200.00"),
    ("三百一次性给你", "300.00"),
    ("我卡里头只有四百二十五了都给你", "425.00"),
    ("三嚿水", "300.00"),
    # several, in spoken order
    ("十五号先给两百二十五号再给三百", ["200.00", "300.00"]),
    ("这周六交一千下周一交剩下的九百", ["1000.00", "900.00"]),
    ("十五号还五百月底再还五百", ["500.00", "500.00"]),
    # corrections and rejections: only what stands
    ("错了是两百六不是三百六", "260.00"),
    ("两百五呃算了太难听三百吧", "300.00"),
    ("我手头就能凑出来两百三百是真凑不出来", "200.00"),
    ("哪里是六百八明明是三百八", "380.00"),
    ("四百四你怎么听成十四", "440.00"),
    # what recognisers make of them
    ("三白五", "350.00"),
    ("一千零五快", "1005.00"),
    ("六仟", "6000.00"),
)


@pytest.mark.parametrize(("text", "amount"), SUMS, ids=[row[0] for row in SUMS])
def test_a_sum_is_what_is_meant(text: str, amount: str | list[str]) -> None:
    assert slots(text, "ask_amount").get("amount") == amount


NO_SUM = (
    "几百块吧",
    "到底是两百多还是三百多",
    "我一天卖不出二十块钱",
    "先给一半",
    "三四百",
    "一天也就卖百八十块",
    "一个月工资四千来块",
    "我一个月两千三的工资",
    "生活费一个月就一千五",
    "我那表上明明是一千二百三十四",
    "你们读的一百八",
    "我要打12345",
    "我打12315投诉",
    "我卡里就三百",
    "我住三栋一零零五室",
    "一块儿交",
    "等两个月",
    "我都七十三了",
    "打我手机幺三八零零幺三八零零零",
    "三百多",
)


@pytest.mark.parametrize("text", NO_SUM)
def test_what_is_no_exact_sum_of_the_bill_is_no_amount(text: str) -> None:
    assert "amount" not in slots(text, "inform")


@given(st.integers(100, 99_999), st.integers(100, 99_999))
def test_two_sums_in_one_breath_stay_two(first: int, second: int) -> None:
    said = f"先给{spoken.integer(first, 'zh')}再给{spoken.integer(second, 'zh')}"
    expected = [f"{value}.00" for value in (first, second)]
    assert slots(said, "ask_when").get("amount") == expected


@given(st.integers(1, 9_999_999))
def test_a_number_is_cut_as_one_piece(value: int) -> None:
    said = spoken.integer(value, "zh")
    assert [(number.text, number.value) for number in numbers(f"给{said}吧")] == [(said, value)]


@given(st.text("零一二两三四五六七八九十百千万0123456789", max_size=16))
def test_any_row_of_number_signs_is_cut_into_pieces_that_fit(text: str) -> None:
    pieces = numbers(text)
    assert "".join(number.text for number in pieces) == text[: pieces[-1].end] if pieces else text == ""
    assert all(number.value is None or number.value >= 0 for number in pieces)


# -------------------------------------------------------------------------------------------- times, terms, digits, ways

CALLS: tuple[tuple[str, str], ...] = (
    ("下午三点半打给我", "15:30"),
    ("十点一刻再打", "10:15"),
    ("晚上八点联系我", "20:00"),
    ("五点再打", "17:00"),
    ("早上七点打", "07:00"),
    ("中午十二点半你再打", "12:30"),
    ("半个小时后打我", "11:00"),
    ("俩钟头以后再打", "12:30"),
    ("一个半小时以后给我来电话", "12:00"),
    ("二十分钟后再来个电话", "10:50"),
    ("晚上九点一刻以后我下了班才能接电话", "21:15"),
    ("大概六点多回来要不你六点半再打", "18:30"),
)


@pytest.mark.parametrize(("text", "at"), CALLS, ids=[row[0] for row in CALLS])
def test_a_call_has_its_time(text: str, at: str) -> None:
    assert slots(text, "inform").get("time") == at


@pytest.mark.parametrize("text", ["下午再打", "晚一点打给我", "明天上午十点去交", "我排了两个小时队交的"])
def test_no_hour_no_time(text: str) -> None:
    assert "time" not in slots(text, "inform")


@given(st.integers(8, 23), st.sampled_from([("", 0), ("半", 30), ("一刻", 15), ("十分", 10), ("零五分", 5)]))
def test_any_time_of_day_is_heard(hour: int, minutes: tuple[str, int]) -> None:
    said, minute = minutes
    part, short = ("晚上", hour - 12) if hour >= 18 else ("下午", hour - 12) if hour > 12 else ("", hour)
    number = "两" if short == 2 else spoken.integer(short, "zh")
    assert slots(f"{part}{number}点{said}打给我", "inform").get("time") == f"{hour:02}:{minute:02}"


TAILS: tuple[tuple[str, str, str], ...] = (
    ("尾号幺三八洞", "verify_tail", "1380"),
    ("拐拐洞两", "verify_tail", "7702"),
    ("四个八", "verify_tail", "8888"),
    ("三个六八", "verify_tail", "6668"),
    ("三个八一个六", "verify_tail", "8886"),
    ("38零2", "verify_tail", "3802"),
    ("不是三八二九是三八二七", "verify_tail", "3827"),
    ("链接发这个手机号尾号七七洞二", "inform", "7702"),
    ("你打幺三五七四八二零幺九六", "opening", "0196"),
)


@pytest.mark.parametrize(("text", "context", "tail"), TAILS, ids=[row[0] for row in TAILS])
def test_digits_of_a_telephone(text: str, context: str, tail: str) -> None:
    found = slots(text, context)
    assert found.get("phone_tail") == tail
    assert "amount" not in found


@given(
    st.text("0123456789", min_size=4, max_size=4),
    st.sampled_from(["零一二三四五六七八九", "洞幺两三四五六拐八勾"]),
)
def test_any_four_digits_in_any_words(digits: str, called: str) -> None:
    said = "".join(called[int(digit)] for digit in digits)
    assert slots(f"是{said}", "verify_tail").get("phone_tail") == digits


TERMS: tuple[tuple[str, int | list[int] | None], ...] = (
    ("分六期", 6),
    ("分半年", 6),
    ("我要分一年的那种", 12),
    ("不要三期我要十二期的", 12),
    ("六期吧十二期太长了", 6),
    ("分三次给成不成", 3),
    ("三期或者六期", [3, 6]),
    ("切成十二份每个月一份", 12),
    ("我失业三个月了", None),
    ("分两期", None),
)


@pytest.mark.parametrize(("text", "periods"), TERMS, ids=[row[0] for row in TERMS])
def test_a_plan_has_its_months(text: str, periods: int | list[int] | None) -> None:
    assert slots(text, "ask_plan").get("periods") == periods


WAYS: tuple[tuple[str, str | list[str] | None], ...] = (
    ("用威信交", "wechatpay"),
    ("支付宝和微信哪个方便", ["alipay", "wechatpay"]),
    ("能不能去营业厅交啊", "cash_counter"),
    ("除了支付宝还能怎么交", None),
    ("刷卡吧支付宝我是不用的", "card"),
    ("我不会弄微信窗口能不能收", "cash_counter"),
    ("银行转账过去", "bank_transfer"),
    ("自动口怎么开通", "auto_debit"),
    ("我从短信里点进去交", "sms_link"),
    ("你加我微信吧", None),
    ("在你们那个app上交", "app"),
)


@pytest.mark.parametrize(("text", "channel"), WAYS, ids=[row[0] for row in WAYS])
def test_a_way_of_paying(text: str, channel: str | list[str] | None) -> None:
    assert slots(text, "ask_when").get("channel") == channel


KINDS: tuple[tuple[str, str | None], ...] = (
    ("水表肯定坏了", "meter"),
    ("表玻璃都花了看不清数", "meter"),
    ("停电也不提前通知我一锅卤肉全废了", "service"),
    ("违约金比本金都高", "bill"),
    ("房子拆迁了拆了两年了", "other"),
    ("抄表的都没上门瞎写的数", "meter"),
    ("重复扣了我两回", "bill"),
    ("滞纳金凭什么收我不认", "bill"),
    ("说好五十九你们收我一百二十九", "bill"),
    ("宽带断了九天没人来修", "service"),
    ("电压不稳把我冰箱都烧了", "service"),
    ("那房子我早就卖了", "other"),
    ("我是租房的水电归房东出", "other"),
    ("合同不是我签的", "other"),
    ("这笔钱我不认", None),
    ("我对这个欠费有异议", None),
)


@pytest.mark.parametrize(("text", "kind"), KINDS, ids=[row[0] for row in KINDS])
def test_a_dispute_has_its_reason(text: str, kind: str | None) -> None:
    heard = understand(text, "zh", "dispute_describe", NOW)
    assert heard.intent == "dispute"
    assert slots_of(heard).get("dispute_category") == kind


# ------------------------------------------------------------------------------------------------------------- one form

FORMS: tuple[tuple[str, str], ...] = (
    ("帐单", "账单"),
    ("治那金", "滞纳金"),
    ("支付保", "支付宝"),
    ("俺就是不教恁", "我就是不交你"),
    ("分不分都不环", "分不分都不还"),
    ("给我赚人工", "给我转人工"),
    ("金额不对", "金额不对"),
    ("别欺负人", "别欺负人"),
    ("这个负责人", "这个负责人"),
    ("我都三十好几了", "我都三十好几了"),
    ("以前的费用", "以前的费用"),
    ("最后日子", "最后日子"),
    ("三八三八", "三八三八"),
    ("五角钱", "五角钱"),
    ("我去听课", "我去听课"),
    ("教育局", "教育局"),
)


@pytest.mark.parametrize(("said", "form"), FORMS, ids=[row[0] for row in FORMS])
def test_what_is_misheard_becomes_the_word_and_nothing_else_does(said: str, form: str) -> None:
    assert normalise_zh(said) == form


@given(
    st.integers(1, 9_999_999), st.sampled_from(["我交{}", "{}明天给你", "先还{}剩下的再说", "你们收了我{}"])
)
def test_a_sum_is_heard_in_any_sentence(cents: int, words: str) -> None:
    value = Decimal(cents) / 100
    if value < 10:
        return
    said = words.format(spoken.amount(value, "CNY", "zh"))
    assert slots(said, "inform").get("amount") == f"{value:.2f}"
