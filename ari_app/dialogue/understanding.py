"""What an utterance means: one primary intent, its slots; the same words at the same question always mean the same.

``understand`` is pure. The rules of a language live in ``understanding_zh`` and ``understanding_en`` and find intents,
dates and amounts; what a bare date or number means at the question just asked is the same for both and stands here. Which
of the intents is primary is weighed by ``intent_model``; where it finds one that no rule has found, the rules read the
slots again with that in mind. Finer meanings, and what a rule is certain of, are the rules' alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from ari_app.dialogue.heard import Heard
from ari_app.dialogue.intent_model import weigh
from ari_app.dialogue.model import Understanding
from ari_app.dialogue.understanding_en import hear_en
from ari_app.dialogue.understanding_zh import hear_zh

CONTEXTS: frozenset[str] = frozenset(
    {
        "opening",
        "verify_tail",
        "inform",
        "ask_when",
        "ask_amount",
        "ask_plan",
        "confirm_ptp",
        "dispute_describe",
        "closing",
    }
)

#: Highest first: of several intents in one utterance, the first of these is primary.
PRIORITY: tuple[str, ...] = (
    "identity_deny",
    "third_party",
    "already_paid",
    "dispute",
    "promise_to_pay",
    "request_human",
    "request_callback",
    "send_link",
    "request_installment",
    "request_deferral",
    "stop_calling",
    "complaint_threat",
    "refuse_to_pay",
    "abusive",
    "hardship",
    "identity_confirm",
    "ask_if_robot",
    "ask_payment_method",
    "ask_due_date",
    "ask_fee_breakdown",
    "ask_amount",
    "ask_identity",
    "busy_now",
    "affirm",
    "deny",
    "silence_noise",
    "unclear",
)
INTENTS: frozenset[str] = frozenset(PRIORITY)

#: Intents of which the earlier one is primary where several were said.
ORDERED: tuple[str, ...] = PRIORITY[: PRIORITY.index("abusive") + 1]
REQUESTS: tuple[str, ...] = ORDERED[ORDERED.index("request_human") : ORDERED.index("stop_calling")]
#: Who asks for something while he tells one of these, asks.
ASIDE: frozenset[str] = frozenset({"hardship", "busy_now"})

#: Meanings that are more exact than an intent, the weightiest first, and the intent that each one is.
FINER: dict[str, str] = {
    "distress": "hardship",
    "recording_refused": "deny",
    "deceased": "third_party",
    "minor": "third_party",
    "special_needs": "hardship",
    "switch_language": "unclear",
    "repeat": "unclear",
    "wait": "busy_now",
    "restore_wanted": "unclear",
}

#: Why somebody has not paid or cannot pay.
REASONS: tuple[str, ...] = (
    "forgot",
    "short_of_money",
    "job_loss",
    "illness",
    "bereavement",
    "bill_in_doubt",
    "payment_failed",
    "no_bill",
    "away",
)

CHANNELS: tuple[str, ...] = (
    "alipay",
    "wechatpay",
    "bank_transfer",
    "card",
    "cash_counter",
    "auto_debit",
    "app",
    "sms_link",
)
PERIODS: tuple[int, ...] = (3, 6, 12)
DISPUTE_CATEGORIES: tuple[str, ...] = ("meter", "bill", "service", "other")

#: Where a bare date or amount is the answer to the question.
_PROMISE_CONTEXTS = frozenset({"inform", "ask_when", "ask_amount", "ask_plan", "confirm_ptp"})

MAX_CHARACTERS = 400
"""Longer transcripts are cut: nobody says more in one answer, and rules stay quick."""

#: From here on a rule is certain, and nothing is weighed.
CERTAIN = 0.95
#: An intent less probable than this is not believed against the rules.
LIKELY = 0.35
#: That nothing was meant, where a rule is sure that something was.
NOTHING, NOTHING_AFTER_ALL = frozenset({"unclear", "silence_noise"}), 0.75
#: A rule as sure as this, and a model that holds it for possible, are believed together.
SURE, POSSIBLE = 0.85, 0.1
#: What was weighed is never surer than this.
MOST_WEIGHED = 0.9
#: A second intent that is this probable was said too.
SAID_TOO = 0.25

#: A date or a sum in so few words (characters in Chinese) is the answer to the question for it, and nothing else.
BARE: dict[str, int] = {"zh": 8, "en": 4}

_HEAR: dict[str, Callable[[str, str, datetime, str], Heard]] = {"zh": hear_zh, "en": hear_en}


def understand(text: str, language: str, context: str, now: datetime) -> Understanding:
    """The meaning of a transcript.

    ``context`` is the question just asked (CONTEXTS), ``now`` the reference time in the customer's own time zone.
    Raises ValueError for an unknown language or context; any text gets an answer.
    """
    if context not in CONTEXTS:
        raise ValueError(f"unknown question context {context!r}")
    if language not in _HEAR:
        raise ValueError(f"no rules for language {language!r}")
    text = text[:MAX_CHARACTERS]
    heard = findings(text, language, context, now)
    if heard.words == 0:
        return Understanding("silence_noise", confidence=1.0)
    primary, second = _by_rules(heard, context), ""
    confidence = heard.intents.get(primary, 0.0)
    if not _rules_alone(heard, primary, confidence):
        weighed = weigh(language, context, heard)
        likely, second = sorted(weighed, key=lambda intent: -weighed[intent])[:2]
        second = second if weighed[second] >= SAID_TOO and not _only_guessed(second, context, heard) else ""
        likely = _comes_first(likely, weighed, heard)
        probability = max(weighed.values())
        if probability >= _likely_enough(likely, confidence) and not _only_guessed(likely, context, heard):
            if likely not in heard.intents and likely != "unclear":
                heard = findings(text, language, context, now, told=likely)
            weighed_as = min(probability, MOST_WEIGHED)
            confidence = max(confidence, weighed_as) if likely == primary else weighed_as
            primary = likely
    finer = next((name for name in FINER if name in heard.finer), "")
    also = [
        intent
        for intent in PRIORITY
        if intent == second or (intent in heard.intents and not _outweighed(intent, primary, context))
    ]
    return Understanding(
        intent=primary,
        also=tuple(intent for intent in also if intent not in (primary, "unclear")),
        finer=finer,
        amounts=tuple(heard.amounts),
        dates=tuple(heard.dates),
        times=tuple(heard.times),
        channels=tuple(heard.channels),
        periods=tuple(heard.periods),
        dispute_category=heard.dispute_category if "dispute" in (primary, *also) else "",
        phone_tail=heard.phone_tail,
        reason=heard.reason,
        language=heard.language,
        currency=heard.currency,
        full_amount=heard.full_amount and heard.rest is None,
        rest=heard.rest,
        unclear_date=heard.unclear_date,
        upset=heard.upset,
        confidence=round(confidence, 3),
    )


def findings(text: str, language: str, context: str, now: datetime, told: str = "") -> Heard:
    """What the rules find; ``told`` is an intent that they are to read the slots by, whether they found it or not."""
    heard = _HEAR[language](text, context, now, told)
    for name in FINER.keys() & heard.intents.keys():
        heard.finer.add(name)
        heard.add(FINER[name], heard.intents.pop(name))
    _weigh(heard, language, context)
    return heard


def _likely_enough(likely: str, confidence: float) -> float:
    """How probable an intent has to be to stand in place of the rules' choice."""
    return NOTHING_AFTER_ALL if likely in NOTHING and confidence >= SURE else LIKELY


def _only_guessed(likely: str, context: str, heard: Heard) -> bool:
    """Whether a yes is in no word that was said. What somebody agrees to is never guessed; at the opening digits follow."""
    return likely == "affirm" and likely not in heard.intents and context != "opening"


def _comes_first(likely: str, weighed: Mapping[str, float], heard: Heard) -> str:
    """Of several things that were surely said, the one that comes first by the order of PRIORITY."""
    for intent in (
        ORDERED[: ORDERED.index(likely)] if likely in ORDERED else REQUESTS if likely in ASIDE else ()
    ):
        if heard.intents.get(intent, 0.0) >= SURE and weighed[intent] >= POSSIBLE:
            return intent
    return likely


def _outweighed(intent: str, primary: str, context: str) -> bool:
    """Whether a finding would have come first, had it been meant: a dispute is no second meaning of a complaint."""
    return context != "confirm_ptp" and PRIORITY.index(intent) < PRIORITY.index(primary)


def _rules_alone(heard: Heard, primary: str, confidence: float) -> bool:
    """Whether the rules' choice stands: certain words, digits that were asked for, and finer meanings, from which follows
    what must not hang on a probability."""
    return confidence >= CERTAIN or heard.phone_tail is not None or bool(heard.finer)


def _weigh(heard: Heard, language: str, context: str) -> None:
    """What the question makes of the findings."""
    named = bool(heard.dates or heard.amounts or heard.full_amount or heard.unclear_date)
    confirmed = context == "confirm_ptp" and "affirm" in heard.intents and "deny" not in heard.intents
    if context in _PROMISE_CONTEXTS and named and not confirmed and not _explained(heard):
        asked = context in ("ask_when", "ask_amount")
        bare = heard.words <= BARE[language] and set(heard.intents) <= {"promise_to_pay"}
        heard.add("promise_to_pay", (CERTAIN if bare else 0.9) if asked else 0.8)
    if context == "verify_tail" and heard.phone_tail is not None:
        heard.add("identity_confirm", 0.9)
    if context == "confirm_ptp" and heard.corrects and named:
        heard.add("deny")
        if "request_deferral" not in heard.intents:
            heard.add("promise_to_pay")


def _explained(heard: Heard) -> bool:
    """Whether a date or amount belongs to something other than a promise."""
    others = (
        "already_paid",
        "dispute",
        "request_callback",
        "request_deferral",
        "refuse_to_pay",
        "request_installment",
        "ask_due_date",
        "ask_fee_breakdown",
        "ask_payment_method",
        "send_link",
        "complaint_threat",
    )
    return any(intent in heard.intents for intent in others)


def _by_rules(heard: Heard, context: str) -> str:
    chosen = [intent for intent in PRIORITY if intent in heard.intents]
    if not chosen:
        return "unclear"
    first = chosen[0]
    if context == "confirm_ptp" and first == "promise_to_pay":
        # A confirmation that repeats the slots is a confirmation; a correction is a denial with the new promise.
        if "affirm" in chosen and "deny" not in chosen:
            return "affirm"
        if "deny" in chosen and not heard.corrects:
            return "deny"
    if first == "promise_to_pay" and "request_deferral" in chosen and not (heard.dates or heard.amounts):
        return "request_deferral"
    if "busy_now" in chosen and first == "hardship":
        return "busy_now"
    return first
