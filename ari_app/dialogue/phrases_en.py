"""English: the phrases by which an intent is recognised, over normalised text."""

from __future__ import annotations

import re

_PAY = r"(?:pay|paid|paying|settle|clear|send|transfer)"
_RULES: tuple[tuple[str, str], ...] = (
    (
        "recording_refused",
        r"(do not|not|no|stop|refuse|never)( \w+){0,3} record(ing|ed)?\b|without (a )?recording",
    ),
    (
        "identity_deny",
        (
            r"wrong (number|person)|no one (here )?(by|of) that name"
            r"|nobody (here )?(by|of|with) that name|not (him|her|me)\b"
            r"|(this is|i am) not (him|her|he|she|the)|do not know (him|her|them|that person|anyone)"
            r"|never heard of (him|her)|no such person|you have the wrong"
        ),
    ),
    (
        "third_party",
        (
            r"\bi am (his|her|their) \w+|this is (his|her) \w+"
            r"|(he|she) (is|has) (not (here|in|home|available)|out|away|at work|dead|passed|gone|died)"
            r"|(he|she) (passed away|died|will be back)|speaking on behalf"
            r"|(his|her) (wife|husband|son|daughter|mother|father|brother|sister)\b"
            r"|can i take a message"
        ),
    ),
    (
        "identity_confirm",
        (
            r"^speaking\b|this is (he|she|him|her)\b|that is me|it is me\b|yes i am\b"
            r"|i am (he|she|him|her)\b|you are (speaking|talking) (to|with) (him|her|me)|this is me\b"
        ),
    ),
    (
        "already_paid",
        (
            rf"\b(already|just) {_PAY}|\bi( have)?( \w+)? (paid|settled|cleared)\b(?! (you )?(if|when))"
            r"|it (is|was|has been) (already )?(paid|settled)"
            r"|\bpaid (it|that|this|them|the bill|in full|last|yesterday|on)"
            r"|already (done|made) (the|a|that|my)? ?(payment)?|made the payment"
            r"|payment (was|has been|is) (made|sent)"
        ),
    ),
    (
        "dispute",
        (
            r"(bill|amount|charge|number|invoice|total|figure)( \w+){0,2} (is|are|was|looks|seems)"
            r" (\w+ )?(wrong|incorrect|not right|too (much|high)|not correct|mistaken)"
            r"|\bdispute\b|that is (way )?too (much|high)"
            r"|over ?charged|charged (me )?(twice|too much|double)|double (charged|charge)"
            r"|do not (owe|agree)|not my (bill|debt|contract|account)"
            r"|never (used|ordered|signed|received)|\bmeter\b|(wrong|incorrect) (bill|amount|charge)"
            r"|cancelled (it|that|the)|do not recogni[sz]e"
        ),
    ),
    (
        "request_human",
        (
            r"(real|live|human) (person|agent|being|operator)"
            r"|\b(a|to|want|an) (person|human|agent|operator|representative|manager|supervisor)\b"
            r"|speak (to|with) (someone|somebody|anyone|a |an |your)"
            r"|talk (to|with) (someone|somebody|a |an |your)|customer service"
            r"|^(agent|operator|representative|person|human)$|transfer me|connect me"
        ),
    ),
    (
        "request_callback",
        (
            r"call (me )?(back|again|later|tomorrow|in |after|this|at |on |another)"
            r"|ring (me )?(back|later)|phone me (back|later)|call you back|try again later"
        ),
    ),
    (
        "busy_now",
        (
            r"\bi am (busy|driving|working|at work|in a meeting|eating|not free)|\bbusy\b|bad time"
            r"|not a good time|can not (talk|speak) (now|right now)|no time|in a meeting|not now\b"
            r"|later please"
        ),
    ),
    (
        "stop_calling",
        (
            r"(stop|quit) (calling|phoning|ringing|harassing|bothering)"
            r"|do not (ever )?(call|phone|ring|contact)( \w+)?|never call|no more calls|take me off"
            r"|remove (me|my number)|leave me alone|(calling|harassing) me"
        ),
    ),
    (
        "ask_if_robot",
        (
            r"(are you|is this|am i (talking|speaking) (to|with)) (really )?"
            r"(a |an )?(robot|machine|computer|bot|ai|real|human|recording|person|automated)"
        ),
    ),
    (
        "ask_payment_method",
        (
            r"(how|where) (can|do|should|could|would|may) (i|we) pay|(ways?|method|methods) (to|of) pay"
            r"|can i (pay|use) (by|with|my|a)|pay (by|with) what"
        ),
    ),
    (
        "ask_due_date",
        (
            r"when (is|was) (it|this|that|the \w+) due|what is the (due date|deadline)|\bdue date\b"
            r"|latest (date|day)|by when"
        ),
    ),
    (
        "ask_fee_breakdown",
        (
            r"what (is|was) (this|that|it) for"
            r"|what (is|are) (the|this|that|these) (charges?|fees?|bill)|break ?down|itemi[sz]ed"
        ),
    ),
    ("ask_amount", r"how much|what is the (amount|balance|total)|what do i owe"),
    (
        "ask_identity",
        (
            r"who (are|is) (you|this|calling|speaking)|who s (this|calling)|which company|what company"
            r"|scam|where are you calling from|is this (legit|real)"
        ),
    ),
    (
        "send_link",
        (
            r"(send|text|email|message) (me )?(a|the|that|it|your)? ?(link|text|message|sms|bill|invoice)"
            r"|send it to (me|my)"
        ),
    ),
    (
        "request_installment",
        (
            r"install?ments?|payment plan|pay (it )?in parts|split (it|the)|monthly payments?"
            r"|pay (it )?off (over|monthly)"
        ),
    ),
    (
        "request_deferral",
        (
            r"(more|extra|some) time|extension|(extend|postpone|delay|defer)\b"
            r"|can not (pay|do it|manage)( it)? (until|till|before|by)"
            r"|give (me|us) (\w+ )?(\w+ )?(days?|weeks?|fortnight|months?|until|till|time)"
            r"|(another|have) (\w+ )?(week|month|few days|fortnight)\b|could i pay later"
            r"|pay (it )?later|too (early|soon)"
        ),
    ),
    (
        "complaint_threat",
        r"complain(t)?\b|my lawyer|\bsue\b|legal action|report you|ombudsman|the police|the press|attorney",
    ),
    ("abusive", r"\bfuck|\bshit\b|\bbastard|\basshole|\bidiot|go to hell|\bbitch|screw you|piss off"),
    (
        "refuse_to_pay",
        (
            r"(will|am|do|would|going|not) not (going to |want to |be )?(pay|paying)"
            r"|not (going to |gonna )?(pay|paying)|refuse to pay|never (going to )?pay|why should i pay"
            r"|not paying"
        ),
    ),
    (
        "hardship",
        (
            r"(no|not have (the|any|enough)|have no|short of|out of) money|lost my job|unemployed"
            r"|can not afford|broke\b|in (the )?hospital|laid off|struggling|can not pay"
        ),
    ),
)
COMPILED = tuple((intent, re.compile(pattern)) for intent, pattern in _RULES)

PROMISE = re.compile(
    r"\b(i|we)( will| can| could| am going to| shall| plan to| want to| would like to| promise( to)?"
    r"| intend to| guess i can)( \w+)?( \w+)? (pay|settle|clear|send|transfer|do it|make the payment|make a payment)"
    r"|^(pay|paying) |will pay|going to pay|can pay|let us (say|do|make it)|(i|we) get paid"
    r"|make it\b|it will be (paid|settled)|promise"
)
NO_PROMISE = re.compile(
    r"can not pay|not (going to )?(pay|promise)|(how|where|when) (can|do|should) (i|we) pay"
)
AFFIRM = re.compile(
    r"^(oh |ok |okay )*(yes|yeah|yep|yup|ya|sure|correct|right|okay|ok|fine|certainly"
    r"|of course|absolutely|exactly|true|that is (right|correct|fine|it|ok|okay|good)|i do|it is"
    r"|sounds good|all right|alright|no problem|i agree|i understand|confirmed?|perfect|good)\b"
)
_YES = r"(yes|yeah|yep|yup|sure|correct|right|okay|ok|fine|please|that|is|it|i|do|am|exactly|thank|you|thanks|confirm|good)"
AFFIRM_ONLY = re.compile(rf"^{_YES}( {_YES})*$")
DENY = re.compile(
    r"^(oh |well |sorry )*(no(?! problem| one)|nope|nah|not (really|correct|right|quite|that|true|at all)"
    r"|wrong(?! (number|person))|incorrect|that is (wrong|not|incorrect)|it is not|negative"
    r"|i do not(?! know (him|her)))\b"
)
FULL = re.compile(
    r"\b(full|whole|everything|all of it|all of that|entire|in full|the lot|pay (it )?all|all at once|the total)\b"
)
HALF = re.compile(r"\bhalf\b|\bsome\b|\bpart\b|\ba few\b|\babout\b|\baround\b|\ba bit\b|\bper ?cent\b")
CORRECTS = re.compile(r"make (it|that)|change (it|that)|\binstead\b")
CHANNELS = (
    ("wechatpay", r"\bwe ?chat"),
    ("alipay", r"\bali ?pay"),
    ("bank_transfer", r"\b(bank transfer|net ?banking|neft|imps|wire|transfer)\b"),
    ("card", r"\b(card|visa|mastercard)\b"),
    ("cash_counter", r"\b(counter|in cash|at the (office|shop|store|branch))\b"),
    ("auto_debit", r"\b(direct debit|auto ?pay)\b"),
    ("app", r"\bapp\b"),
)
