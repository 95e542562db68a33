"""Chinese: findings that rule each other out, and the slots that are left to what was meant."""

from __future__ import annotations

import re

from ari_app.dialogue.disputes_zh import dispute_kind_zh
from ari_app.dialogue.heard import Heard
from ari_app.dialogue.payment_words_zh import VERB, remainder_at
from ari_app.dialogue.persons_zh import KIN
from ari_app.dialogue.phrases_zh import HUMAN_TALK
from ari_app.dialogue.requests_zh import asks_leave
from ari_app.dialogue.settling import RulesOut, rule_out, settle_speaker

_PAYING_WORD = re.compile(VERB)
_NO_PLAN_EITHER = re.compile(r"期也(?:不|还不|没)|期都(?:没用|不)|分不分|多少期.{0,3}不")
_WANTS_PLAN = re.compile(r"我(?:想|要|需要)|能不能|可不可以|给我|帮我|想分|办一|申请|[吗吧]$")
_SAYS_YES = re.compile(r"(?:嗯|对|是)+(?:的|啊)?[那就按]*(?:三|六|十二|3|6|12)期|是的|对的|没错")
#: Findings that rule others out wherever they stand, in this order.
_RULES_OUT: RulesOut = (
    (frozenset({"deceased"}), ("hardship", "identity_deny")),
    (
        frozenset({"identity_deny", "third_party", "deceased", "minor"}),
        ("identity_confirm", "affirm", "busy_now", "dispute", "promise_to_pay", "hardship"),
    ),
    (frozenset({"identity_deny"}), ("third_party", "ask_identity", "deny")),
    (frozenset({"identity_confirm"}), ("affirm",)),
    (frozenset({"recording_refused"}), ("ask_if_robot", "stop_calling", "deny", "affirm")),
    (
        frozenset({"already_paid"}),
        ("promise_to_pay", "ask_amount", "hardship", "request_deferral", "ask_payment_method", "affirm"),
    ),
    (frozenset({"dispute"}), ("promise_to_pay", "ask_amount", "hardship", "ask_fee_breakdown", "deny")),
    (frozenset({"request_callback"}), ("promise_to_pay", "request_deferral")),
    (frozenset({"refuse_to_pay"}), ("promise_to_pay", "deny", "hardship", "ask_identity")),
    (frozenset({"ask_due_date"}), ("promise_to_pay", "ask_amount", "request_deferral")),
    (frozenset({"ask_amount", "ask_fee_breakdown"}), ("promise_to_pay", "ask_identity")),
)

_FOR_ANOTHER = re.compile(r"我是(他|她)|(他|她|本人)(现在)?不在|你(们)?(打|找|问)(他|她)")
_STRANGER = re.compile(
    r"打错|找错|拨错|认错|(搞|弄)错(人|号)|不是(他|她|本人|机主|我(?!们|的))|不认(识|得)|(这|那)个人|查无|问错|"
    r"(当|认)成了?别人|不是你要?[找说]|不是(同)?一个人|不是什么?[\u4e00-\u9fff]{1,3}(先生|女士|小姐)|我姓|非本人"
)
_OWN_RELATIVE = re.compile(rf"我(的|们)?(家)?{KIN}")
_CALL_THEN = re.compile(r"(下午|晚上|明天|后天|点|时候)(再)?(打|联系)(?!.*别)")
_TWICE = re.compile(r"重复|两次|二次|双|多(收|扣)")
_WRONG_BILL = re.compile(r"多(收|扣)|重复|两次|二次|双|错|不对|不准|没(用|办|订)")
_PLAINLY_WRONG = re.compile(
    r"不对|错|多(?:收|扣|算)|乱|重复|坏|断|停|没(?:用|办|签|开|订)|不认(?!我)|不服|凭什么"
    r"|卖|搬|租|表|不准|没人|修|不是我|不合理|翻"
)
_NO_PAYMENT = re.compile(r"不(交|缴|付|给)")
_NEVER = re.compile(r"凭什么|就不|休想|没门|拒绝")
_NO_PLAN = re.compile(r"(不|别)(要|用|想|需要|分)+(分期)?")


def settle(heard: Heard, text: str, context: str) -> None:
    """Findings that rule each other out."""
    _settle_persons(heard, text, context)
    _settle_money(heard, text)
    rule_out(heard, _RULES_OUT)
    _settle_requests(heard, text, context)
    if "repeat" in heard.intents and len(heard.intents) > 1:
        heard.drop("repeat")
    _settle_seconds(heard, text, context)


#: Beside one of these a "yes" or a "no" at the beginning is only how people begin.
_SAYS_MORE = frozenset(
    {
        "promise_to_pay",
        "already_paid",
        "dispute",
        "request_deferral",
        "request_installment",
        "request_human",
        "ask_payment_method",
        "stop_calling",
        "hardship",
        "send_link",
        "third_party",
        "identity_deny",
    }
)
_HARD_TIMES = re.compile(
    r"失业|下岗|裁|住院|[生重]病|手术|癌|没(?:有)?(?:什么|那么多)?(?:收入|工作|钱|能力|生意)"
    r"|困难|紧|工资|破产|亏|周转|债|饭|低保|花光|兜|效益|赔|挤不出|账上没"
)
_WHO_CALLS = re.compile(r"谁|哪里|哪位|哪个|哪家|哪儿|骗|公司|单位|证明|干什么的|什么人")


def _settle_seconds(heard: Heard, text: str, context: str) -> None:
    """Second meanings that are only how the first one is said."""
    intents = heard.intents
    if context != "confirm_ptp" and _SAYS_MORE & intents.keys():
        heard.drop("deny", "affirm")
    if context == "confirm_ptp" and "affirm" in intents and "deny" not in intents and not heard.corrects:
        heard.drop("promise_to_pay")
    if {
        "request_deferral",
        "request_installment",
        "promise_to_pay",
    } & intents.keys() and not _HARD_TIMES.search(text):
        heard.drop("hardship")
    if "identity_confirm" in intents and not _WHO_CALLS.search(text):
        heard.drop("ask_identity")
    if "ask_fee_breakdown" in intents:
        heard.drop("ask_amount")
    if "promise_to_pay" in intents and heard.dates:
        heard.drop("busy_now")


def _settle_persons(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    settle_speaker(
        heard,
        context,
        for_another=bool(_FOR_ANOTHER.search(text)),
        stranger=bool(_STRANGER.search(text)),
        own_relative=bool(_OWN_RELATIVE.search(text)),
    )
    if "third_party" in intents and _FOR_ANOTHER.search(text):
        heard.drop("identity_deny")
    if "stop_calling" in intents and not _CALL_THEN.search(text):
        heard.drop("request_callback")
    if "ask_if_robot" in intents and not HUMAN_TALK.search(text):
        heard.drop("request_human", "ask_identity")
    if "complaint_threat" in intents and not re.search(r"人工|转", text):
        heard.drop("request_human")


def _settle_money(heard: Heard, text: str) -> None:
    intents = heard.intents
    if {"already_paid", "dispute"} <= intents.keys():
        if _TWICE.search(text):
            heard.drop("already_paid")
        elif not _WRONG_BILL.search(text):
            heard.drop("dispute")
    if "dispute" in intents and not _NO_PAYMENT.search(text):
        heard.drop("refuse_to_pay")
    if (
        "dispute" in intents
        and {"ask_fee_breakdown", "ask_payment_method", "request_deferral"} & intents.keys()
    ) and not _PLAINLY_WRONG.search(text):
        heard.drop("dispute")
    if {"refuse_to_pay", "request_deferral"} <= intents.keys() and not _NEVER.search(text):
        heard.drop("refuse_to_pay")


def _settle_requests(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    dated = bool(heard.dates) or heard.unclear_date
    if "already_paid" in intents and dated and remainder_at(text) < len(text):
        heard.add("promise_to_pay", 0.8)
    if (
        not heard.amounts
        and not {"already_paid", "request_callback", "dispute", "ask_payment_method"} & intents.keys()
        and asks_leave(text, dated=dated)
    ):
        heard.add("request_deferral", 0.9)
    if "request_deferral" in intents and dated and "request_installment" not in intents and not heard.amounts:
        heard.drop("promise_to_pay", "affirm")
    if heard.times and "busy_now" in intents and "third_party" not in intents:
        heard.add("request_callback", 0.75)
        heard.drop("promise_to_pay")
    if {"ask_payment_method", "request_installment"} & intents.keys() and not heard.dates:
        heard.drop("promise_to_pay")
    if "request_installment" in intents and _NO_PLAN.search(text):
        heard.drop("request_installment")
        heard.add("deny", 0.85)
    named = heard.dates or heard.amounts or heard.full_amount
    if "hardship" in intents and not named:
        heard.drop("promise_to_pay")
    if "request_installment" in intents:
        if {"refuse_to_pay", "hardship"} & intents.keys() and _NO_PLAN_EITHER.search(text):
            heard.drop("request_installment")
        if {
            "ask_amount",
            "ask_fee_breakdown",
            "ask_due_date",
            "ask_payment_method",
        } & intents.keys() and not _WANTS_PLAN.search(text):
            heard.drop("request_installment")
    if context == "ask_plan" and _SAYS_YES.match(text) and not _WANTS_PLAN.search(text):
        heard.drop("request_installment")
    elif (
        context == "ask_plan"
        and heard.periods
        and not {"ask_amount", "ask_fee_breakdown", "refuse_to_pay"} & intents.keys()
    ):
        heard.add("request_installment", 0.9)
    if (
        context == "confirm_ptp"
        and "request_deferral" in intents
        and re.search(r"太(早|急|赶|快)|不行|来不及", text)
    ):
        heard.add("deny", 0.85)
    if "send_link" in intents:
        heard.drop("request_callback")
        if not heard.dates:
            heard.drop("ask_payment_method", "promise_to_pay")


_ABOUT_PAYING = frozenset(
    {"promise_to_pay", "already_paid", "dispute", "request_deferral", "request_callback"}
)
#: A day on which something is paid in spite of a dispute: 二十号我先交一部分.
_STILL_PAYS = re.compile(rf"(?:号|天|周.|底)(?:我|就|也)*(?:先|再|就){VERB}")
#: Words by which a time is that of a call.
_CALLED_AT = re.compile(r"打|电话|联系|来电|接|聊|谈|call|说|方便|有空|得空|下班|下课|收工|轮休|歇|讲|忙")
_PAYS_FOR_HIM = re.compile(rf"{VERB}|给你|垫|来想办法")
_CALL_AGAIN = re.compile(r"打(?!工|针|麻将|牌|球)|联系|来电|回电")
_PLAN_WORDS = re.compile(r"分(?!钟|之)|期|摊|份|一?个月.{0,6}(?:还|交|付|给)|慢慢还")


def settle_slots(heard: Heard, text: str, context: str) -> None:
    """Slots that the chosen meaning does not have."""
    intents = heard.intents
    callback = "request_callback" in intents
    if not callback and not (_CALLED_AT.search(text) and not _PAYING_WORD.search(text)):
        heard.times = []
    elif callback and not {"already_paid", "dispute"} & intents.keys():
        heard.amounts = []
    if (
        "request_installment" not in intents
        and context not in ("ask_plan", "confirm_ptp")
        and not _PLAN_WORDS.search(text)
    ):
        heard.periods = []
    heard.dispute_category = dispute_kind_zh(text)
    if "dispute" in intents and "already_paid" not in intents:
        heard.channels = []
        if heard.dispute_category in ("meter", "service", "other") and not _STILL_PAYS.search(text):
            heard.dates = []
    called = callback or bool(_CALL_AGAIN.search(text))
    if "complaint_threat" in intents and not intents.keys() & _ABOUT_PAYING and not _PAYING_WORD.search(text):
        heard.dates = []
    if "identity_deny" in intents or (
        "third_party" in intents and not called and not _PAYS_FOR_HIM.search(text)
    ):
        heard.dates = []
