"""English: intents and slots by rules over normalised text."""

from __future__ import annotations

import re
from datetime import date, datetime

from ari_app.dialogue.channel_words_en import CHANNELS, not_this_way
from ari_app.dialogue.dates_en import find_dates
from ari_app.dialogue.dates_sense_en import in_the_past, meant_dates
from ari_app.dialogue.digits_en import called_number_tail_en, periods_en, phone_tail_en
from ari_app.dialogue.dispute_words_en import DISPUTE, DISPUTE_IT, NO_DISPUTE
from ari_app.dialogue.distress_words import DISTRESS_WORDS
from ari_app.dialogue.families_en import FAMILIES
from ari_app.dialogue.heard import DateSpan, Heard
from ari_app.dialogue.language_words import language_wish
from ari_app.dialogue.money_en import amounts_en
from ari_app.dialogue.normal_en import normalise_en
from ari_app.dialogue.paid_words_en import PAST, has_paid
from ari_app.dialogue.payment_words_en import (
    CORRECTS,
    FULL,
    HALF,
    NO_PROMISE,
    NOT_REFUSE,
    PROMISE,
    REASONS,
    REFUSE,
)
from ari_app.dialogue.phrases_en import AFFIRM, AFFIRM_ONLY, COMPILED, DENY, NOISE, UPSET
from ari_app.dialogue.rest_words import rest_named
from ari_app.dialogue.service_words import SERVICE_WORDS
from ari_app.dialogue.settling import (
    BEFORE_VERIFICATION,
    HOW_MUCH,
    blanked,
    first_named,
    in_spoken_order,
    named,
)
from ari_app.dialogue.settling_en import settle_en, settle_slots_en
from ari_app.dialogue.times_en import times_en

#: Days by name: they tell the part of the day and are no hours.
_DAY_NAME = re.compile(r"(this |next |coming |later |earlier )*(today|tonight|tomorrow|this|[a-z]+day)\b")
_CALL = re.compile(
    r"\b(call|ring|phone|try|reach|catch|contact|buzz|bell|speak|talk|get (me|hold)|suit|better|free|"
    r"available|home|back)\b"
)
#: Words of a plan: a number of months in their company is its term.
_PLAN_WORDS = re.compile(
    r"\b(plan|split|spread|installments?|monthly|every month|(each|per) month|three "
    r"payments|set me up|break it|cut it up|chunks|pieces|over (three|six|twelve|a year))\b"
)
#: A way to pay is one where paying is spoken of; before verification a card or an app may be anything.
_PAYS = re.compile(r"\b(pay|paid|paying|payment|settle|transfer\w*|send|sent|charged?|debit)\b")
#: A day that is over in so few words, where a day was asked for, is the day of the payment.
_BARE_PAST = 4
#: What is done with money, beside the day on which it was done.
_DEED = re.compile(
    r"\b(paid|pay|paying|sent|made|did it|did that|done|gave|put it|put the|put that|settled|cleared|transferred|"
    r"deposited|went out|gone out|took|"
    r"cashed|posted|mailed|dropped|handed|money|used|debited|deducted|sorted|went)\b"
)
#: A length of time that is the term of a plan, not a day.
_TERM_OF_PLAN = re.compile(
    r"^((in|over|for|within|like|about) )*(three|six|twelve|nine|eighteen|3|6|12) months?|a year"
)
#: A time of this day without an hour, in a wish to be called: no date.
_LATER_TODAY = re.compile(r"this (evening|afternoon|morning)|tonight")
_REASONS, _CHANNELS = named(REASONS), named(CHANNELS)

#: Questions at which "that is wrong" is said of the bill.
_OF_THE_BILL = frozenset({"inform", "ask_when", "ask_amount", "ask_plan", "dispute_describe"})


def hear_en(text: str, context: str, now: datetime, told: str = "") -> Heard:
    """Findings of an English utterance at a question; ``now`` is local to the customer.

    ``told``: an intent that is known from elsewhere; the slots are read by it.
    """
    text = normalise_en(text)
    heard = Heard(words=len(text.split()), text=text)
    if not text:
        return heard
    if NOISE.fullmatch(text):
        heard.add("silence_noise", 0.8)
        return heard
    for intent, pattern in (*COMPILED, *FAMILIES, *SERVICE_WORDS["en"], *DISTRESS_WORDS["en"]):
        if pattern.search(text):
            heard.add(intent)
    wish = language_wish(text, "en")
    if wish is not None:
        heard.add("switch_language")
        heard.language = wish
    _paid_or_not(heard, text, context)
    if told:
        heard.add(told)
    past = told == "already_paid" if told else "already_paid" in heard.intents
    spans = find_dates(text, now.date(), past)
    if not past and not told and _paid_then(heard, text, context, now.date(), spans):
        heard.add("already_paid", 0.95 if len(text.split()) <= _BARE_PAST else 0.75)
        spans = find_dates(text, now.date(), past=True)
    _slots(heard, text, context, now, spans)
    _yes_no(heard, text, context)
    settle_en(heard, text, context)
    if told:
        heard.add(told)
    settle_slots_en(heard, text, context)
    return heard


# ------------------------------------------------------------------------------------------------------------- money


def _paid_or_not(heard: Heard, text: str, context: str) -> None:
    """Paid already, promises, refuses, disputes: the readings of the trade's own verbs."""
    objects = DISPUTE.search(text) or (context in _OF_THE_BILL and DISPUTE_IT.search(text))
    if objects and not NO_DISPUTE.search(text):
        heard.add("dispute")
    if has_paid(text):
        heard.add("already_paid", 0.9 if PAST.search(text) else 0.8)
    if REFUSE.search(text) and not NOT_REFUSE.search(text):
        heard.add("refuse_to_pay")
    elif PROMISE.search(text) and not NO_PROMISE.search(text):
        heard.add("promise_to_pay")


def _called_at(heard: Heard, text: str, context: str) -> None:
    """An hour is the hour of a call: nobody names one for anything else, unless he pays then."""
    others = {
        "promise_to_pay",
        "already_paid",
        "dispute",
        "stop_calling",
        "complaint_threat",
    } & heard.intents.keys()
    if heard.times and not others and (_CALL.search(text) or len(text.split()) <= 6):
        heard.add("request_callback", 0.8)


def _paid_then(heard: Heard, text: str, context: str, today: date, spans: list[DateSpan]) -> bool:
    """Whether a day that is over is the day of the payment: a deed of paying beside it, or hardly anything else."""
    if "dispute" in heard.intents or context in BEFORE_VERIFICATION:
        return False
    for span in meant_dates(text, spans):
        if span.value is None or span.value >= today:
            continue
        if (
            len(text.split()) <= 6
            and not {"hardship", "promise_to_pay", "stop_calling"} & heard.intents.keys()
        ):
            return True
        near = text[max(0, span.start - 60) : span.end + 40]
        if _DEED.search(near):
            return True
    return False


def _slots(heard: Heard, text: str, context: str, now: datetime, spans: list[DateSpan]) -> None:
    planned = (
        context == "ask_plan" or "request_installment" in heard.intents or bool(_PLAN_WORDS.search(text))
    )
    heard.periods = periods_en(text, bare=context == "ask_plan") if planned else []
    meant = meant_dates(text, spans)
    if planned:
        meant = [span for span in meant if not _TERM_OF_PLAN.match(text[span.start : span.end])]
    if not {"already_paid", "dispute"} & heard.intents.keys():
        # What is over is no day to pay on, unless it was the payment.
        today = now.date()
        meant = [
            span
            for span in meant
            if span.value is None
            or span.value > today
            or (span.value == today and not in_the_past(text, span.start, span.end, default=False))
        ]
    heard.times = times_en(
        blanked(text, [span for span in spans if not _DAY_NAME.match(text[span.start : span.end])], "|"), now
    )
    _called_at(heard, text, context)
    if "request_callback" in heard.intents:
        meant = [span for span in meant if not _LATER_TODAY.search(text[span.start : span.end])]
    heard.dates = list(dict.fromkeys(span.value for span in meant if span.value is not None))
    heard.unclear_date = bool(meant) and not heard.dates
    rest = blanked(text, spans, "|")
    heard.amounts = amounts_en(
        rest,
        bare=context in HOW_MUCH,
        owner_known=context not in BEFORE_VERIFICATION,
        terms=context == "ask_plan",
    )
    heard.full_amount = bool(FULL.search(text)) and not HALF.search(text) and not heard.amounts
    heard.rest = rest_named(text, meant, rest, "en")
    heard.currency = "CNY" if re.search(r"\b(yuan|kuai|rmb)\b", text) else ""
    heard.channels = in_spoken_order(_CHANNELS, text, not_this_way)
    if context in BEFORE_VERIFICATION and not _PAYS.search(text):
        heard.channels = []
    heard.corrects = bool(CORRECTS.search(text))
    heard.reason = first_named(_REASONS, text)
    heard.upset = bool(UPSET.search(text)) or "abusive" in heard.intents
    if context == "verify_tail":
        heard.phone_tail = phone_tail_en(text)
    elif "request_callback" in heard.intents:
        heard.phone_tail = called_number_tail_en(text)
    if context in HOW_MUCH and not heard.amounts and HALF.search(text):
        heard.add("promise_to_pay", 0.7)


# ------------------------------------------------------------------------------------------------------------- yes, no


#: A yes that is taken back, or put off, in the next word.
_TAKEN_BACK = re.compile(
    r"^(oh |ok |okay |ah |right |um )*(yes|yeah|yep|yup|yea|sure|right|okay|ok|fine|good|well)"
    r"( but| well| oh| actually)* (no|nope|nah|not|wait|hang on|hold on|grief)\b(?! (problem|worries|doubt|need))"
)


def _yes_no(heard: Heard, text: str, context: str) -> None:
    if AFFIRM.match(text) and not _TAKEN_BACK.match(text):
        heard.add("affirm", 0.95 if AFFIRM_ONLY.match(text) else 0.8)
    elif DENY.match(text):
        heard.add("deny", 0.95 if len(text.split()) <= 2 else 0.8)
    elif context == "verify_tail" and re.search(
        r"not (giving|telling|comfortable|sharing|going to (give|tell|share))|rather not", text
    ):
        heard.add("deny", 0.85)
