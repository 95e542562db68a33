"""English: findings that rule each other out, and slots that the chosen meaning does not have."""

from __future__ import annotations

import re

from ari_app.dialogue.dispute_words_en import DISPUTE_KINDS
from ari_app.dialogue.heard import Heard
from ari_app.dialogue.phrases_en import KIN
from ari_app.dialogue.settling import BEFORE_VERIFICATION, RulesOut, first_named, rule_out, settle_speaker

#: Somebody speaks for a customer who is not there.
_FOR_ANOTHER = re.compile(r"\bi am (his|her|their)\b|(he|she) is (not|out|away)")
#: A number that is nobody's whom we look for.
_STRANGER = re.compile(
    r"wrong (number|person)|not (him|her)\b|never heard|do not know (him|her|them)|no such|not me\b"
    r"|by that name"
)
_OWN_RELATIVE = re.compile(rf"\b(my|our|me) {KIN}\b|\b(mum|mom|dad)\b")
#: "I am not Bill": a word alone after it, and none of those that people say of themselves.
_NOT_BY_NAME = re.compile(
    r"^(no |sorry |hi |hello )*i am not (mr |mrs |miss |ms |the )?"
    r"(?!going|paying|sure|at|in|a|able|happy|giving|telling|free|home|interested|comfortable|ready|well|available"
    r"|working|his|her|saying|talking|here|there|really|too|doing|made|that|convinced)\w+( \w+)?$"
)
#: Who speaks for another may still promise, or tell of a payment or a better day.
_OWN_DEED = re.compile(r"\b(pay|paid|paying|settle|settled|send|sent|call|calling|ring|try|phone|transfer)\b")
_CALL_THEN = re.compile(r"(call|ring|phone|try) (me )?(back|later|tomorrow|on|at|after|in)\b")
_NOT_BACK = re.compile(
    r"\b(do not|never|stop|not)( \w+){0,3} (call|calling|ring|ringing|phone|phoning)( me)? (back|again)"
)
#: What makes a wish of a promise.
_ASKS = re.compile(
    r"\b(can not|could (i|we|you)|can (i|we|you)|may i|give (me|us)|more time|extension"
    r"|is it (ok|okay|possible|alright)|would it be|defer|later|too (early|soon)|hold off|wait|possible|please)\b"
)
_NO_PLAN = re.compile(
    r"\b(no|not|rather not|do not (want|need)|without|instead of|forget|rather than|never mind) (a |any |"
    r"to |the |doing |need |want )*"
    r"(installments?|plan|payment plan|split|spread)"
)
_NAMES_PLAN = re.compile(
    r"\b(installments?|plan|split|spread|parts|pieces|bits|chunks|stages|monthly|weekly|(over|in) (three|"
    r"six|twelve|a year|half a year)|"
    r"(a|per|each|every) (week|month|fortnight)|(three|six|twelve) months?|a year|bit by bit|"
    r"payments)\b(?<!back a month)(?<!give me a month)"
    r"(?<!by a month)(?<!off a month)(?<!for a month)(?<!in a month)(?<!half a month)(?<!me a week)(?<!by a week)"
)
#: "Call again and I report you": no wish to be called.
_CALL_AND_THEN = re.compile(
    r"\b(call|ring|phone)( me)? (again|once more|one more time|at this hour)( "
    r"\w+)? (and|or) (i|you|we)\b"
)
#: Questions that are answered by yes and no, with a correction beside it.
_READ_BACK = frozenset({"confirm_ptp", "ask_plan"})
_AGREES = re.compile(
    r"\b(yes please|is (good|fine|great|perfect|ok|okay)|sounds|works|suits|that is right)\b"
)
_YES_AT_LAST = re.compile(
    r"\b(yes|yeah|correct|exactly|brilliant|perfect|cracked|lock it in+|too right|"
    r"bet|you ok)\b( dear| thank you| please)*"
)
_OWN_MATTERS = frozenset(
    {
        *(
            "promise_to_pay",
            "already_paid",
            "dispute",
            "request_deferral",
            "request_installment",
            "request_human",
        ),
        *("request_callback", "send_link", "refuse_to_pay", "hardship", "stop_calling", "complaint_threat"),
        *("identity_confirm", "identity_deny", "third_party", "busy_now", "ask_payment_method", "ask_amount"),
        *("ask_due_date", "ask_fee_breakdown", "ask_identity", "ask_if_robot", "abusive"),
    }
)
#: A plain no to what was just said.
_WRONG_ONLY = re.compile(r"(no )*(that|it|this) is (not (right|correct|it)|wrong|incorrect)( no)?")

_RULES_OUT: RulesOut = (
    (frozenset({"deceased"}), ("hardship", "identity_deny")),
    (
        frozenset({"identity_deny", "third_party", "deceased", "minor"}),
        ("identity_confirm", "affirm", "busy_now", "dispute", "promise_to_pay", "hardship", "refuse_to_pay"),
    ),
    (frozenset({"identity_deny"}), ("third_party", "deny")),
    (frozenset({"recording_refused"}), ("ask_if_robot", "stop_calling", "deny", "affirm")),
    (frozenset({"ask_if_robot"}), ("request_human", "ask_identity")),
    (
        frozenset({"already_paid"}),
        (
            "promise_to_pay",
            "ask_amount",
            "hardship",
            "request_deferral",
            "ask_payment_method",
            "affirm",
            "refuse_to_pay",
            "ask_fee_breakdown",
            "send_link",
        ),
    ),
    (
        frozenset({"dispute"}),
        ("promise_to_pay", "ask_amount", "ask_fee_breakdown", "deny", "ask_due_date"),
    ),
    (frozenset({"request_callback"}), ("promise_to_pay", "request_deferral", "stop_calling")),
    (frozenset({"refuse_to_pay"}), ("promise_to_pay", "deny", "ask_identity")),
    (
        frozenset({"ask_due_date", "ask_amount", "ask_fee_breakdown"}),
        ("promise_to_pay", "ask_identity", "request_deferral"),
    ),
    (frozenset({"request_installment"}), ("ask_payment_method",)),
)


def settle_en(heard: Heard, text: str, context: str) -> None:
    """Drop findings that others rule out, add what follows from them."""
    _settle_persons(heard, text, context)
    _settle_money(heard, text, context)
    rule_out(heard, _RULES_OUT)
    _settle_requests(heard, text, context)
    _settle_yes_no(heard, text, context)
    if "repeat" in heard.intents and len(heard.intents) > 1:
        heard.drop("repeat")


def _settle_yes_no(heard: Heard, text: str, context: str) -> None:
    """Yes and no are only what they answer: beside a matter of its own they merely begin the sentence."""
    intents = heard.intents
    if "abusive" in intents and "ask_identity" in intents:
        heard.drop("abusive")
    if (
        context in _READ_BACK
        and not intents
        and _YES_AT_LAST.search(text)
        and not re.search(r"\b(not|no)\b", text)
    ):
        heard.add("affirm")
    if context == "ask_plan" and {"affirm", "request_installment"} <= intents.keys() and _AGREES.search(text):
        heard.drop("request_installment")  # a yes that repeats the term
    if context in _READ_BACK or not _OWN_MATTERS & intents.keys():
        return
    heard.drop("affirm", "deny")


def _settle_persons(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    settle_speaker(
        heard,
        context,
        for_another=bool(_FOR_ANOTHER.search(text)),
        stranger=bool(_STRANGER.search(text)),
        own_relative=bool(_OWN_RELATIVE.search(text)),
    )
    if context in BEFORE_VERIFICATION and _NOT_BY_NAME.search(text):
        heard.add("identity_deny")
    if "identity_confirm" in intents and "affirm" not in intents:
        heard.drop("ask_if_robot")
    if "complaint_threat" in intents and not re.search(r"transfer|put me|speak to|talk to|manager", text):
        heard.drop("request_human")
    if context == "verify_tail" and heard.phone_tail is None:
        heard.drop("refuse_to_pay", "already_paid", "promise_to_pay")
    elif context == "verify_tail":
        heard.drop("dispute")
    if "stop_calling" in intents and (not _CALL_THEN.search(text) or _NOT_BACK.search(text)):
        heard.drop("request_callback")


def _settle_money(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    if context != "inform" and _WRONG_ONLY.fullmatch(text):
        heard.drop("dispute")
    if {"already_paid", "dispute"} <= intents.keys():
        if re.search(r"twice|double|over ?charg|too much|again", text):
            heard.drop("already_paid")
        elif not re.search(r"\bwrong|meter|not (right|correct|add)|dispute", text):
            heard.drop("dispute")
    if "dispute" in intents and not re.search(r"not (going to )?pay|refuse|never pay", text):
        heard.drop("refuse_to_pay")
    if heard.amounts and re.search(r"(penny|cent|dime|dollar) more", text):
        heard.drop("refuse_to_pay")
    if {"refuse_to_pay", "request_deferral"} <= intents.keys():
        heard.drop("refuse_to_pay")
    if {"refuse_to_pay", "hardship"} <= intents.keys() and re.search(
        r"can not|have not|no (money|job)", text
    ):
        heard.drop("refuse_to_pay")
    if {"request_deferral", "ask_payment_method"} <= intents.keys() and not heard.dates:
        heard.drop("request_deferral")
    if {"request_deferral", "promise_to_pay"} <= intents.keys():
        asks = _ASKS.search(text)
        heard.drop("promise_to_pay" if asks else "request_deferral")


def _settle_requests(heard: Heard, text: str, context: str) -> None:
    intents = heard.intents
    if heard.times and "busy_now" in intents:
        heard.add("request_callback", 0.75)
        heard.drop("promise_to_pay", "request_deferral")
    if {"ask_payment_method", "request_installment"} & intents.keys() and not heard.dates:
        heard.drop("promise_to_pay")
    if "request_installment" in intents and _NO_PLAN.search(text):
        heard.drop("request_installment")
    if {"request_installment", "request_deferral"} <= intents.keys():
        # A wish for later is no wish for a plan, unless one is named.
        heard.drop("request_deferral" if _NAMES_PLAN.search(text) else "request_installment")
    if "request_callback" in intents and _CALL_AND_THEN.search(text) and not heard.times:
        heard.drop("request_callback")
        heard.add("stop_calling")
    named = heard.dates or heard.amounts or heard.full_amount
    if "hardship" in intents and not named:
        heard.drop("promise_to_pay")
    if context == "ask_plan" and heard.periods and "deny" not in intents:
        heard.add("request_installment", 0.9)
    if context == "ask_plan" and "request_installment" not in intents and heard.full_amount:
        heard.add("promise_to_pay", 0.85)
    if (
        context == "confirm_ptp"
        and "request_deferral" in intents
        and re.search(r"too (early|soon|late|much)", text)
    ):
        heard.add("deny", 0.85)
    if "send_link" in intents:
        heard.drop("request_callback")
        if not heard.dates:
            heard.drop("ask_payment_method", "promise_to_pay", "already_paid")


def settle_slots_en(heard: Heard, text: str, context: str) -> None:
    """Slots that the chosen meaning does not have."""
    intents = heard.intents
    callback = "request_callback" in intents
    if not callback:
        heard.times = []
    elif not {"already_paid", "dispute"} & intents.keys():
        heard.amounts = []
    if "dispute" in intents:
        heard.dispute_category = first_named(DISPUTE_KINDS, text)
        heard.channels = []
        if heard.dispute_category in ("meter", "service", "other") and not callback:
            heard.dates = []
        if heard.dispute_category == "meter":
            heard.amounts = []
    if {"identity_deny", "deceased"} & intents.keys() and not callback:
        heard.dates = []
        heard.amounts = []
    if "third_party" in intents and not _OWN_DEED.search(text):
        heard.dates = []
