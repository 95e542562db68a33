"""English: the words of paying, having paid, refusing and objecting, over normalised text (``normal_en``)."""

from __future__ import annotations

import re

PROMISE = re.compile(
    r"\b(i|we|he|she|wife|husband|hubby|son|daughter|they|mum|dad)( will| can| could| am going to|"
    r" is going to| shall| plan to| want to| would like to| promise( you)?( to)?| intend to|"
    r" guess i can| should be able to| might| am able to| aim to| hope to| may| would|( wi)?ll|"
    r" am planning to| have to| will be able to| will try to| try to| am)( \w+)?( \w+)? ?(pay|"
    r"paying|settle|settling|clear|send|sending|transfer|do it|do that|do the|make the payment|"
    r"make a payment|sort|get it (paid|done|sorted)|drop|put|manage|have it|get (it|that|"
    r"the money)|go|pop|deposit|wire|give you|visit|swing|come in|try|bring|arrange|remit|process)"
    r"|^(pay|paying) |\bwill (pay|do|clear|send|transfer|settle|be (paid|settled|done|sent|"
    r"cleared|there)|sort|make|try|arrange|remit|come|manage)|going to pay|can (pay|do|manage|"
    r"give|send|spare)|let us (say|do|make it|go)|get paid|make it\b|it will be (paid|settled|"
    r"done|sorted|cleared|there|in)|promise|expect (it|the money|payment)|you will (have|get|see|"
    r"receive) (it|your money|the money|that|payment)|(pay|send|transfer)( \w+){0,3} (on|by|"
    r"tomorrow|next|today|tonight|this|in|after|before|at the|end|when|as soon|half|the (rest|"
    r"full|whole)|in full|everything)|(money|payment) (is|will be|comes|on) (on|in|by|there|"
    r"its way)|\bpay (it|the|you|that|this|half|all|everything|full)\b|the rest (on|by|next|in|"
    r"later|after|at)|(soon|shortly|asap|as soon as (possible|i can))$|do it (on|by|tomorrow|next|"
    r"today|tonight|this|in|now|right)"
)
NO_PROMISE = re.compile(
    r"(can|could|will|would|am|do|did) not( \w+)? (going to )?(pay|promise|do it|make|manage|"
    r"settle)|not (going to )?(pay|promise|paying)|(how|where|when|what|why)( \w+)? (can|do|"
    r"should|would|am|must|shall|else can)( i| we)( \w+)? (supposed to )?pay|(can|could|"
    r"may) i (pay|use|do)\b(?!.*(on|by|next|tomorrow|friday|monday) )"
)
REFUSE = re.compile(
    r"\b(i|we|you|am|do|would|going|never|not) (will not|would not|am not|are not|not|will never|"
    r"shall not|refuse to|never|do not intend to|have no intention of|ever)( ever| be| going| to|"
    r" want| bloody| gonna| have| even| planning| getting| give| see)*( you)? (pay|paying|"
    r"giving you|give you|hand)\b|refus(e|ing) to pay|i refuse\b|never (ever )?(going to )?pay|"
    r"(why|how come) (should|would|must|do|the \w+ should) i( have to)? pay|not paying( a| you|"
    r" for| it| that| this| any| one| anything)?|(not|get|see|getting|giving you|have)( getting|"
    r" get| see)? (a|one|another) (penny|cent|dime|dollar|pound|rupee|red cent)( from me| more|"
    r" out of me)?(?! to my)|no (way|chance)( am| i| in hell| on earth| you)? ?(i )?(am )?(paying|"
    r"pay|going to pay|getting)?$|not a chance|over my dead body|(cut|switch|"
    r"disconnect) me off (then|see)|(go ahead and|so) (sue|cut|disconnect)|do your worst|"
    r"whistle for it|(forget|dream) (it|on)$|not my problem|(will|do) not pay (for|it|that|this|"
    r"you|a|any|until you|unless)|get it from (someone|somebody) else|good luck (getting|with)|"
    r"(make|try and make) me( pay)?$|not happening|in your dreams"
)
NOT_REFUSE = re.compile(
    r"(is|it is|that is)? ?not that i (will|do|would|am) not|not (because|refusing)|(never|not) (said|"
    r"say|saying) (that )?i (will|would|am|do) not|not (trying|looking) to (avoid|get out|dodge)|(can|"
    r"could) not pay|not pay (it |that |you |this |all )?(until|till|before|today|tomorrow|now|"
    r"this (week|month)|by|all|the (full|whole)|right|everything|on|yet)|do not mind paying|"
    r"not pay (it )?(in full|at once|the lot)"
)
FULL = re.compile(
    r"\b(in full|full (amount|whack|payment|sum|balance|thing|bill)|the full|whole (thing|amount|"
    r"lot|bill|sum|balance)|everything|all of (it|that)|entire|the lot|(pay|paying|clear|"
    r"settle) (it |that |them )?all|all at once|(in )?one go|the total|all in one|every (penny|"
    r"cent)|lump sum|full$|the whole)\b"
)
HALF = re.compile(
    r"\bhalf\b|\bsome( of)?\b|\bpart\b|\ba few\b|\babout\b|\baround\b|\ba bit\b|\bper ?cent\b|"
    r"\bcouple of hundred\b|\bmost of\b"
)
CORRECTS = re.compile(
    r"make (it|that)|change (it|that)|\binstead\b|\bmove (it|that) to\b|switch (it|that)|\bi meant\b"
)
REASONS: tuple[tuple[str, str], ...] = (
    ("bereavement", r"passed away|died|funeral|lost my (husband|wife|mother|father|son|daughter|mum|dad)"),
    (
        "illness",
        r"hospital|surgery|operation|\bsick\b(?! of)|\bill\b|illness|cancer|chemo|stroke|accident|medical",
    ),
    ("job_loss", r"lost my job|unemployed|laid off|redundan|fired|sacked|out of work|no job|no work"),
    (
        "payment_failed",
        (
            r"(payment|debit|card|transaction|app|website|autopay)( \w+){0,3} (failed|declined|bounced|"
            r"did not (work|go through)|not working|rejected|crashed|would not)"
        ),
    ),
    (
        "no_bill",
        (
            r"(never|not|did not) (got|get|received?|seen?|had|have) (a|the|any|your|that|my) (bill|"
            r"invoice|letter|statement|notice|email)|did not know"
        ),
    ),
    ("bill_in_doubt", r"wrong|too much|over ?charg|incorrect|mistake"),
    (
        "forgot",
        (
            r"forgot|slipped my mind|forgotten|did not remember|lost track|completely missed|overlooked|"
            r"missed it"
        ),
    ),
    (
        "away",
        r"\b(abroad|on holiday|on vacation|overseas|travelling|traveling|out of (town|the country|station))\b",
    ),
    (
        "short_of_money",
        r"money|afford|broke|skint|tight|struggling|salary|wages|get paid|payday|funds|cash flow",
    ),
)
