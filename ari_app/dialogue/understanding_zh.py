"""Chinese: intents and slots by rules over normalised text."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial

from ari_app.dialogue.channels_zh import channels_zh
from ari_app.dialogue.dates_zh import find_dates
from ari_app.dialogue.disputes_zh import DISPUTE, NOT_DISPUTE, dispute_kind_zh
from ari_app.dialogue.heard import DateSpan, Heard
from ari_app.dialogue.language_words import language_wish
from ari_app.dialogue.money_zh import amounts_zh, vague_zh
from ari_app.dialogue.normal_zh import normalise_zh
from ari_app.dialogue.paid_zh import is_paid
from ari_app.dialogue.payment_words_zh import (
    DONE_AFTER,
    NOT_REFUSE,
    PAID_BY_SOMEBODY,
    PROMISE,
    REASONS,
    REFUSE,
    VERB,
    remainder_at,
)
from ari_app.dialogue.persons_zh import KIN
from ari_app.dialogue.phrases_zh import (
    AFFIRM_EXACT,
    AFFIRM_START,
    AFFIRM_WORD,
    COMPILED,
    CORRECTS,
    DENY_START,
    DENY_TAIL,
    FULL,
    HALF,
    HUMAN_TALK,
    NODS,
    NOISE,
    UPSET,
)
from ari_app.dialogue.rejections_zh import called_then, meant_dates, paid_then
from ari_app.dialogue.requests_zh import asks_leave
from ari_app.dialogue.service_words import SERVICE_WORDS
from ari_app.dialogue.settling import (
    HOW_MUCH,
    RulesOut,
    blanked,
    first_named,
    named,
    rule_out,
    settle_speaker,
)
from ari_app.dialogue.terms_zh import periods_zh, phone_tail_zh, times_zh, without_telephones

VERB_ZH = re.compile(VERB)
_REASONS = named(REASONS)
#: What is told of a day that is over: "(上周五)微信上付的".
_PAID_THEN = re.compile(
    rf"(?<!没)(?<!没有)(?:{VERB}|续|弄|办|点|给(?!我)(?:房东|物业|你们|他们|老师|公司)?|打给你们)(?:费"
    rf"|款|钱)?(?:了(?!吗|没|再|就)|过(?!来)"
    rf"|完|好了|上了|掉了|掉的|的(?!话|时候|钱|费|时间))"
)
#: Before a day on which somebody only meant to pay: 本来打算二十号交的.
_MEANT_TO = re.compile(r"(?:打算|准备|计划|本来就?[想要是说]|想着|预计|安排|定在|约好|说好|想)(?:在|是|等)?$")
#: A date that belongs to something else than paying: "二十号发工资".
_PAYDAY = re.compile(
    r"^(?:号|左右|才|就|要|会|我|们|公司|厂里|单位)*(?:才|就|要|会)?(?:发(?:工资|薪|钱|奖金)"
    r"|走账|放款|回款|打款给我|结账|报销|下款|出账|开(?:工资|支)|领(?:工资|薪|钱)|工资|到账)"
)


def hear_zh(text: str, context: str, now: datetime) -> Heard:
    """Findings of a Chinese utterance at a question; ``now`` is local to the customer."""
    text = normalise_zh(text)
    heard = Heard(words=len(text))
    if not text:
        return heard
    if NOISE.fullmatch(text) and not NODS.fullmatch(text):
        heard.add("silence_noise", 0.8)
        return heard
    for intent, pattern in (*COMPILED, *SERVICE_WORDS["zh"]):
        if pattern.search(text):
            heard.add(intent)
    wish = language_wish(text, "zh")
    if wish is not None:
        heard.add("switch_language")
        heard.language = wish
    _paid_or_not(heard, text, context, now.date())
    spans = find_dates(
        text, now.date(), partial(_is_past, "already_paid" in heard.intents, remainder_at(text))
    )
    if any(
        span.value is not None and span.value < now.date() and _PAID_THEN.search(text, span.end)
        for span in spans
    ):
        heard.add("already_paid", 0.75)
    _slots(heard, text, context, now, spans)
    _yes_no(heard, text, context)
    _settle(heard, text, context)
    _settle_slots(heard, text, context)
    return heard


# ------------------------------------------------------------------------------------------------------------- money


#: With one of these an answer to "what is wrong?" is no reason.
_NO_REASON = frozenset(
    {
        "request_human",
        "request_callback",
        "request_installment",
        "request_deferral",
        "send_link",
        "ask_identity",
        "ask_if_robot",
        "third_party",
        "identity_deny",
        "busy_now",
        "hardship",
    }
)


def _paid_or_not(heard: Heard, text: str, context: str, today: date) -> None:
    """Paid already, promises, refuses, disputes: the readings of the trade's own verbs."""
    if DISPUTE.search(text) and not NOT_DISPUTE.search(text):
        heard.add("dispute")
    elif context == "dispute_describe" and dispute_kind_zh(text) and not heard.intents.keys() & _NO_REASON:
        heard.add("dispute", 0.7)
    told = text[: remainder_at(text)]
    ahead = find_dates(told, today, lambda before, after: bool(DONE_AFTER.match(after)))
    paid = is_paid(told, dated_ahead=any(span.value is not None and span.value >= today for span in ahead))
    if paid:
        heard.add("already_paid", paid)
    elif PROMISE.search(text) and not re.search(r"不(?:了|上|起|出)(?!多少)", text):
        heard.add("promise_to_pay")
    if REFUSE.search(text) and not NOT_REFUSE.search(text) and "already_paid" not in heard.intents:
        heard.add("refuse_to_pay")
        heard.drop("promise_to_pay")


def _slots(heard: Heard, text: str, context: str, now: datetime, spans: list[DateSpan]) -> None:
    meant = meant_dates(text, spans, now.date())
    paying = [span for span in meant if not (len(meant) > 1 and _PAYDAY.match(text[span.end :]))]
    if "request_callback" in heard.intents and len(paying) > 1:
        paying = called_then(text, paying)
    elif len({span.value for span in paying}) > 1:
        paying = paid_then(text, paying)
    if "already_paid" not in heard.intents and not heard.intents.keys() & {"dispute", "deny"}:
        paying = [span for span in paying if span.value is None or span.value >= now.date()]
    heard.dates = list(dict.fromkeys(span.value for span in paying if span.value is not None))
    heard.unclear_date = bool(meant) and not heard.dates
    heard.phone_tail = phone_tail_zh(text, asked=context == "verify_tail")
    rest = without_telephones(blanked(text, spans, "＿"))
    heard.amounts = (
        amounts_zh(rest, bare=context in HOW_MUCH)
        if not (heard.phone_tail and context == "verify_tail")
        else []
    )
    heard.full_amount = bool(FULL.search(text)) and not HALF.search(text) and not heard.amounts
    heard.times = times_zh(text, now)
    heard.periods = periods_zh(text)
    heard.channels = channels_zh(text)
    heard.corrects = bool(CORRECTS.search(text))
    heard.reason = first_named(_REASONS, text)
    heard.upset = bool(UPSET.search(text)) or "abusive" in heard.intents
    if context in HOW_MUCH and not heard.amounts and vague_zh(rest):
        heard.add("promise_to_pay", 0.7)


def _is_past(paid: bool, remainder: int, before: str, after: str) -> bool:
    """Whether a date is that of a payment already made: the rest (剩下的) is still to come."""
    if (DONE_AFTER.match(after) or PAID_BY_SOMEBODY.match(after)) and not _MEANT_TO.search(before):
        return True
    return paid and len(before) < remainder


# ------------------------------------------------------------------------------------------------------------- yes, no


def _yes_no(heard: Heard, text: str, context: str) -> None:
    if AFFIRM_EXACT.match(text) and AFFIRM_WORD.search(re.sub(r"[你您]好", "", text)):
        heard.add("affirm", 0.95)
    elif DENY_START.match(text) and not re.match(r"不(?:好意思|用了?谢|知道)", text):
        heard.add("deny", 0.9)
    elif AFFIRM_START.match(text):
        heard.add("affirm", 0.75)
    if context == "verify_tail" and DENY_TAIL.search(text):
        heard.add("deny", 0.85)
    if text in ("不是我", "我不是") and context in ("opening", "verify_tail"):
        heard.add("identity_deny")
    if (
        context == "closing"
        and re.match(r"没有?(?:了|什么|问题|别的|事)|我?还没有?(?:交|缴|付|还|清|呢|啊|呀)*$", text)
        and not re.search(r"没有?问题", text)
    ):
        heard.add("deny", 0.85)


# ------------------------------------------------------------------------------------------------------------- settling

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
    r"打错|找错|拨错|认错|(搞|弄)错(人|号)|不是(他|她|本人|机主|我(?!们|的))|不认(识|得)|(这|那)个人|查无"
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


def _settle(heard: Heard, text: str, context: str) -> None:
    """Findings that rule each other out."""
    _settle_persons(heard, text, context)
    _settle_money(heard, text)
    rule_out(heard, _RULES_OUT)
    _settle_requests(heard, text, context)
    if "repeat" in heard.intents and len(heard.intents) > 1:
        heard.drop("repeat")


def _settle_persons(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    settle_speaker(
        heard,
        context,
        for_another=bool(_FOR_ANOTHER.search(text)),
        stranger=bool(_STRANGER.search(text)),
        own_relative=bool(_OWN_RELATIVE.search(text)),
    )
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


def _settle_slots(heard: Heard, text: str, context: str) -> None:
    """Slots that the chosen meaning does not have."""
    intents = heard.intents
    callback = "request_callback" in intents
    if not callback and not (_CALLED_AT.search(text) and not VERB_ZH.search(text)):
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
    if "complaint_threat" in intents and not intents.keys() & _ABOUT_PAYING and not VERB_ZH.search(text):
        heard.dates = []
    if "identity_deny" in intents or (
        "third_party" in intents and not called and not _PAYS_FOR_HIM.search(text)
    ):
        heard.dates = []
