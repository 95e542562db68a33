"""English: intents and slots by rules over normalised text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from ari_app.dialogue.dates_en import find_dates, negated
from ari_app.dialogue.heard import DateSpan, Heard
from ari_app.dialogue.numerals import EN_DIGITS, EN_NUMBER_WORDS, EN_ONES, EN_TENS, en_digit_string, en_number
from ari_app.dialogue.phrases_en import (
    AFFIRM,
    AFFIRM_ONLY,
    CHANNELS,
    COMPILED,
    CORRECTS,
    DENY,
    FULL,
    HALF,
    NO_PROMISE,
    PROMISE,
)

_EXPAND = (
    (r"\bwon t\b|\bwont\b", "will not"),
    (r"\bcan t\b|\bcannot\b|\bcant\b", "can not"),
    (r"\b(do|did|does|is|are|was|have|has|would|should|could) ?n t\b", r"\1 not"),
    (r"\b(do|did|does|is|are|was|have|has|would|should|could)nt\b", r"\1 not"),
    (r"\bi m\b", "i am"),
    (r"\bi ll\b", "i will"),
    (r"\bi ve\b", "i have"),
    (r"\bit s\b", "it is"),
    (r"\bthat s\b", "that is"),
    (r"\b(he|she) s\b", r"\1 is"),
    (r"\blet s\b", "let us"),
    (r"\bgonna\b", "going to"),
    (r"\b(um+|uh+|erm*|hmm+|well|like|you know)\b", ""),
)
_EXPANDED = tuple((re.compile(pattern), to) for pattern, to in _EXPAND)


def normalise_en(text: str) -> str:
    """Lower case, no punctuation but decimal points, contractions and fillers resolved, single spaces."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    text = re.sub(r"\$(?=[0-9])", " ", text)
    text = re.sub(r"[^a-z0-9.]+|\.(?![0-9])|(?<![0-9])\.", " ", text)
    text = " ".join(text.split())
    for pattern, to in _EXPANDED:
        text = pattern.sub(to, text)
    return " ".join(text.split())


def hear_en(text: str, context: str, now: datetime) -> Heard:
    """Findings of an English utterance at a question; ``now`` is local to the customer."""
    text = normalise_en(text)
    heard = Heard(words=len(text.split()))
    if not text:
        return heard
    for intent, pattern in COMPILED:
        if pattern.search(text):
            heard.add(intent)
    _settle_payment(heard, text)
    past = "already_paid" in heard.intents
    spans = find_dates(text, now.date(), past)
    named = [span for span in spans if not negated(text, span)]
    heard.dates = [span.value for span in named if span.value is not None]
    heard.unclear_date = bool(named) and not heard.dates
    blanked = _blank(text, spans)
    heard.amounts = [] if HALF.search(text) else _amounts(blanked.split(), context)
    heard.full_amount = bool(FULL.search(text)) and not HALF.search(text) and not heard.amounts
    heard.channels = [name for name, words in CHANNELS if re.search(words, text)]
    heard.corrects = bool(CORRECTS.search(text))
    if context == "verify_tail":
        heard.phone_tail = _phone_tail(text.split())
    _yes_no(heard, text)
    _settle(heard)
    return heard


def _settle_payment(heard: Heard, text: str) -> None:
    if re.search(
        r"\bnot (yet )?(been )?(paid|settled)|\bnot already\b|have i (already )?paid|(was|is) it (already )?paid\b",
        text,
    ):
        heard.drop("already_paid")
    if re.search(r"when i (get|am) paid|get paid|until i am paid|once i (get|am) paid", text):
        heard.drop("already_paid")
    if "refuse_to_pay" in heard.intents and re.search(
        r"can not pay|not pay (it )?(until|till|before|today|tomorrow|now)", text
    ):
        heard.drop("refuse_to_pay")
    promised = PROMISE.search(text) and not NO_PROMISE.search(text)
    if promised and not {"already_paid", "refuse_to_pay"} & heard.intents.keys():
        heard.add("promise_to_pay")


def _yes_no(heard: Heard, text: str) -> None:
    if AFFIRM.match(text):
        heard.add("affirm", 0.95 if AFFIRM_ONLY.match(text) else 0.8)
    elif DENY.match(text):
        heard.add("deny", 0.95 if len(text.split()) <= 2 else 0.8)


def _settle(heard: Heard) -> None:
    """Findings that rule each other out."""
    intents = heard.intents
    if "identity_deny" in intents or "third_party" in intents:
        heard.drop("identity_confirm", "affirm")
    if "identity_confirm" in intents and "identity_deny" not in intents:
        heard.drop("ask_identity")
    if "stop_calling" in intents:
        heard.drop("request_callback")
    if "recording_refused" in intents:
        heard.drop("ask_if_robot", "stop_calling")
    if "ask_if_robot" in intents:
        heard.drop("request_human", "ask_identity")
    if "already_paid" in intents or "dispute" in intents:
        heard.drop("promise_to_pay", "ask_amount", "refuse_to_pay", "ask_fee_breakdown")
    if "request_callback" in intents:
        heard.dates = []
        heard.drop("promise_to_pay")
    if "request_installment" in intents or "ask_payment_method" in intents:
        heard.drop("promise_to_pay")


def _blank(text: str, spans: Sequence[DateSpan]) -> str:
    for span in spans:
        text = text[: span.start] + "|" * (span.end - span.start) + text[span.end :]
    return text


# ------------------------------------------------------------------------------------------------------- amounts, tail

_UNITS = frozenset({"dollars", "dollar", "yuan", "kuai", "bucks", "rmb"})
_CENTS = frozenset({"cents", "cent"})


def _amounts(words: Sequence[str], context: str) -> list[Decimal]:
    """Amounts in spoken order; without a currency word only where an amount was asked for."""
    found: list[Decimal] = []
    at = 0
    while at < len(words):
        end = at
        while end < len(words) and (
            _numeric(words[end]) or (words[end] in ("and", "a") and end + 1 < len(words))
        ):
            if words[end] == "and" and not _numeric(words[end + 1]):
                break
            if words[end] == "a" and (end != at or words[end + 1] not in ("hundred", "thousand")):
                break
            end += 1
        if end == at:
            at += 1
            continue
        value, end = _with_cents(words, at, end)
        has_unit = (end < len(words) and words[end] in _UNITS) or words[end - 1] in _UNITS | _CENTS
        asked = context in ("ask_amount", "confirm_ptp") and len(words[at:end]) <= 8
        if value is not None and 0 < value < 10**8 and (has_unit or (asked and value >= 10)):
            found.append(value.quantize(Decimal("0.01")))
        at = max(end, at + 1)
    return found


def _with_cents(words: Sequence[str], at: int, end: int) -> tuple[Decimal | None, int]:
    """The number in ``words[at:end]`` with 'point five', 'dollars and thirty two cents' behind it."""
    value = en_number(words[at:end])
    if value is None:
        return None, end
    if end < len(words) and words[end] in _CENTS:
        return value / 100, end + 1
    after = end
    if after < len(words) and words[after] == "point":
        stop = after + 1
        while stop < len(words) and words[stop] in EN_DIGITS and stop - after <= 2:
            stop += 1
        if stop > after + 1:
            return value + Decimal(f"0.{en_digit_string(words[after + 1 : stop])}"), stop
    if after < len(words) and words[after] in _UNITS:
        start = after + 1
        if start < len(words) and words[start] == "and":
            start += 1
        stop = start
        while stop < len(words) and _numeric(words[stop]):
            stop += 1
        cents = en_number(words[start:stop]) if stop > start else None
        if cents is not None and cents < 100 and stop < len(words) and words[stop] in _CENTS:
            return value + cents / 100, stop + 1
        if cents is not None and 10 <= cents < 100 and stop == len(words):
            return value + cents / 100, stop
    return value, end


def _numeric(word: str) -> bool:
    return word in EN_NUMBER_WORDS or word.replace(".", "", 1).isdigit()


def _phone_tail(words: Sequence[str]) -> str | None:
    runs: list[list[str]] = [[]]
    for word in words:
        if (
            word in EN_DIGITS
            or word in EN_ONES
            or word in EN_TENS
            or word.isdigit()
            or word in ("double", "triple")
        ):
            runs[-1].append(word)
        elif runs[-1]:
            runs.append([])
    spoken = [digits for run in runs if run and len(digits := en_digit_string(run)) >= 4]
    if not spoken or not (len(spoken[-1]) == 4 or len(spoken[-1]) >= 7):
        return None
    return spoken[-1][-4:]
