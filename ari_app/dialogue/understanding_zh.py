"""Chinese: intents and slots by rules over normalised text."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import partial

from ari_app.dialogue.channels_zh import channels_zh
from ari_app.dialogue.dates_zh import find_dates
from ari_app.dialogue.disputes_zh import DISPUTE, NOT_DISPUTE, dispute_kind_zh
from ari_app.dialogue.distress_words import DISTRESS_WORDS
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
    NODS,
    NOISE,
    UPSET,
)
from ari_app.dialogue.rejections_zh import called_then, meant_dates, paid_then
from ari_app.dialogue.rest_words import rest_named
from ari_app.dialogue.service_words import SERVICE_WORDS
from ari_app.dialogue.settling import (
    HOW_MUCH,
    blanked,
    first_named,
    named,
)
from ari_app.dialogue.settling_zh import settle, settle_slots
from ari_app.dialogue.terms_zh import periods_zh, phone_tail_zh, times_zh, without_telephones

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


def hear_zh(text: str, context: str, now: datetime, told: str = "") -> Heard:
    """Findings of a Chinese utterance at a question; ``now`` is local to the customer.

    ``told``: an intent that is known from elsewhere; the slots are read by it.
    """
    text = normalise_zh(text)
    heard = Heard(words=len(text), text=text)
    if not text:
        return heard
    if NOISE.fullmatch(text) and not NODS.fullmatch(text):
        heard.add("silence_noise", 0.8)
        return heard
    for intent, pattern in (*COMPILED, *SERVICE_WORDS["zh"], *DISTRESS_WORDS["zh"]):
        if pattern.search(text):
            heard.add(intent)
    wish = language_wish(text, "zh")
    if wish is not None:
        heard.add("switch_language")
        heard.language = wish
    _paid_or_not(heard, text, context, now.date())
    if told:
        heard.add(told)
    past = told == "already_paid" if told else "already_paid" in heard.intents
    spans = find_dates(text, now.date(), partial(_is_past, past, remainder_at(text)))
    if not told and any(
        span.value is not None and span.value < now.date() and _PAID_THEN.search(text, span.end)
        for span in spans
    ):
        heard.add("already_paid", 0.75)
    _slots(heard, text, context, now, spans)
    _yes_no(heard, text, context)
    settle(heard, text, context)
    if told:
        heard.add(told)
    settle_slots(heard, text, context)
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
    heard.rest = rest_named(text, paying, rest, "zh")
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
