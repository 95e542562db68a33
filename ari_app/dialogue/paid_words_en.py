"""English: the words of having paid, over normalised text (``normal_en``)."""

from __future__ import annotations

import re

_WHO = (
    r"(?:i|we|he|she|they|(?:my |the |our |his |her )?(?:wife|husband|hubby|missus|mum|mom|dad|mother|"
    r"father|son|daughter|partner|brother|sister|"
    r"tenant|landlord|company|boss|accountant|flatmate|roommate|office|cousin|uncle|aunt|nephew|niece|"
    r"grandson|granddaughter|bank|employer))"
)
_ADVERBS = (
    r"(?: (?:have|has|had|already|just|actually|all|fully|definitely|certainly|even|personally|myself|"
    r"only|both|been and|went and|gone and|"
    r"went ahead and|long ago|now|long since|did|well and truly))*"
)
_DID = (
    r"(?:paid|settled|cleared|sent|transferred|wired|mailed|posted|deposited|remitted|squared|e "
    r"transferred|handed over|handed in|dropped off|"
    r"took care of|taken care of|forwarded|pay already|already pay|coughed up|forked out|swiped|put "
    r"through|bunged|sorted (?:it|that|this)(?: out)?)"
)
_THINGS = (
    r"(?:letter|text|reminder|message|email|complaint|reading|readings|form|forms|photo|picture|"
    r"details|documents|note|pictures)"
)
#: What may not follow: wages, habits, and what is sent that is no money.
_NO_PAYMENT = (
    r"(?! (?:me|us|him|her|weekly|monthly|fortnightly|late|too much|more than|my (?:suppliers|workers|"
    r"staff|rent|way|dues|taxes)|all my|"
    rf"(?:you |in |them )?(?:a |an |the |my |your |two |three )?(?:\w+ )?{_THINGS}|for (?:by|years|this "
    rf"(?:service|every)|a service)|on the dot)\b)"
)
_IT = (
    r"(?:it|that|this|(?:the |my |this |that |your |whole |full |last )*(?:bill|money|payment|amount|"
    r"balance|account|invoice|lot|total|one|sum|rent|fee|charges?|transfer|half|thing)|"
    r"everything|all of it|half of it|half|all|hundred|thousand|dollars|bucks|yuan|pounds|[0-9]+|twenty|"
    r"thirty|forty|fifty|sixty|seventy|eighty|ninety|"
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|oh) \w+)"
)
PAID = re.compile(
    r"\b(?:pay|paid|send|sent|transfer|deduct|did|done|finish|settle|clear|debit|use)\w*(?: \w+){0,5} already\b"
    r"|\balready (?:\w+ )?(?:did|done|do)(?: it| that| the payment| payment)?\b(?! not)"
    r"|\b(?:\w+ )(?:has|have|s|was|were|is all|had|got|is)(?: (?:already|been|just|fully|all))* (?:paid|"
    r"settled|cleared|discharged|zeroed)\b(?! (?:me|us|weekly|monthly|late|by friday))"
    r"|\bput(?: \w+){1,6} on (?:my|the) (?:credit |debit )?(?:card|visa|mastercard)(?= (?:already|"
    r"yesterday|last|on|this morning|and|ages)|$)(?<!will put)"
    r"|\bgave (?:you|them|him|her|the \w+|your \w+)(?: \w+){0,5} (?:hundred|money|cash|dollars|bucks|"
    r"check)\b|\b(?:took|taken|took out|grabbed) (?:it|my money|the money)(?: \w+)? (?:by|through|via|"
    r"over|from|last|on|yesterday|this)\b"
    r"|\bmoney (?:is|has|s)(?: all| already)? (?:gone|left|went)\b(?! up)|\b(?:nothing|no more|nil)(?: "
    r"is)? (?:left )?(?:to pay|outstanding|owing|balance)\b|^(?:i )?(?:sorted|did|done|sent|settled) "
    r"(?:it|that|this|you)\b|\bhave pay (?:it|that|this)\b"
    r"|\b(?:had|got) (?:my|the|our) \w+ (?:do|pay) it\b"
    rf"|\b(?P<subject>{_WHO}){_ADVERBS} {_DID}\b{_NO_PAYMENT}"
    rf"|\b{_WHO}{_ADVERBS} (?:did|made|done|put through|set up and made) (?:it|that|this|the|a|my|your) "
    rf"?(?:\w+ )?(?:payment|transfer|yesterday|already|on|last|by|via|online|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|this morning|the other day|through|at|over|"
    r"with|in|ages ago|$)"
    r"|\b(?:i|we|she|he) (?:have |already |just )*(?:gave|put|did|dropped|handed|left|took|gone|went|"
    r"popped|used) (?:\w+ ){0,6}?(?:hundred|thousand|dollars|bucks|yuan|kuai|cash|counter|cheque|check|"
    r"card|the money|"
    r"your office|the office|your branch|the branch)\b(?=.*\b(?:already|yesterday|last|on|ago|monday|"
    r"tuesday|thursday|friday|saturday|sunday|earlier|morning|receipt|it cleared|week)\b)"
    rf"|\b{_IT}(?: (?:is|was|has been|have been|has|have|are|got|were|been|had|s))(?: (?:all|already|just|"
    rf"fully|long|now|been|well|most definitely|definitely|sorted and))* (?:paid|settled|cleared|deducted|debited|"
    r"taken(?: care of| out| from)?|done and dusted|done already|sorted already|squared away|sent|made|"
    r"processed|wired|transferred|posted|mailed|handed)\b(?! (?:me|us|weekly|monthly|aback))"
    rf"|\b{_IT}(?: (?:has|have|had|already|just|all|did))* (?:went|gone|go|came|come|cleared)(?: "
    rf"(?:straight|already|right|clean))? ?(?:through|out of(?! my (?:head|mind))|out(?! of (?:my|me) "
    rf"(?:head|mind))|off|over to|into your|yesterday|last|on "
    rf"(?!to|about)|to you|to your|this morning|in on)"
    r"\b|\b(?:payment|transfer) (?:done|made|sent|already)\b|\b(?:done|did) (?:it|that|this|the payment|"
    r"my payment|payment) (?:already|yesterday|last|on|via|by|through|online|long|this morning|ages)"
    r"|^(?:\w+ ){0,3}(?:already |just |all )*paid\b(?! (?:me|us))|\balready (?:\w+ )?(?:paid|settled|"
    r"cleared|sent|transferred|made|done the payment|done it|deposited|put (?:it|that|the|my))\b"
    r"|(?:came|went|taken|gone|deducted|debited|has left|left) (?:straight )?(?:out |off |from )+(?:of |"
    r"my |the |our )+(?:\w+ )?(?:account|bank|card)|left (?:my|our) (?:\w+ )?account"
    r"|(?:you|they) (?:have |had )?(?:already )?(?:took|taken|debited|deducted|cashed|had|got|received|"
    r"banked)(?: (?:it|the money|my money|the payment|your money|my check|the check|my cheque|my payment))(?! wrong)"
    r"|(?:have|got|has|is) (?:(?:the|a|my|your|proof|here|right|also|all|in front of me|still|even) "
    r")*(?:receipts?|confirmation|stub|proof of payment|screenshot|transaction (?:id|number|reference)|"
    r"reference number|bank statement)\b"
    r"|do not owe (?:you )?(?:anything|a (?:penny|cent|thing|dime)|nothing)|nothing (?:is "
    r")?(?:outstanding|owing|left to pay)|\ball (?:paid|settled|cleared|square|squared)\b"
    r"|my balance is (?:zero|clear)|check your (?:records|system|receipts|books|account)"
)
#: Words right before such a phrase that make it something not done yet, or a question.
UNDONE_BEFORE = re.compile(
    r"\b(when|once|until|till|after|if|unless|before|as soon as|whether|the moment|by the time|will have|would have|"
    r"to have|should have|could have|get|getting|gets|never|not|nobody|no one|will get|have to have|need to|want to|"
    r"see|consider|get all|will be|to be|will|can|could|shall|going to|know|make sure|be sure|ensure|what if|"
    r"who|thought|"
    r"wish)( (it|that|the|all|this|my|i have|your))*$|"
    r"\b(was|is|did|has|have|do|does)( (it|that|this|he|she|they|you|anyone|someone|i|we|the \w+))+$"
)
#: What a promise or a wish makes of "paid" further on: "will have it all paid by friday".
UNDONE_WITHIN = re.compile(
    r"\b(not|never|will|would|to be|be|get|gets|getting|if|when|once|until|till)( \w+)? (paid|settled|"
    r"cleared|sent|sorted|done|made|taken)|"
    r"not (already|even|yet)|^(to|should|would|could|will|might|must|not|never|nobody|been|who|if|when|"
    r"once|until)( \w+)? paid$|"
    r"^(us|we|i|he|she|they|me|staff|people|workers) (have |has |had |are |is |was |were )*been paid$"
)
PAST = re.compile(
    r"\b(already|yesterday|last (week|month|night|mon|tue|wed|thu|fri|sat|sun)\w*|ago|earlier|"
    r"this morning|the other day|just (paid|sent|did|now)|days back|weeks back|long back|long time)\b"
)


def has_paid(text: str) -> bool:
    """Whether somebody tells that the bill, or a part of it, was paid."""
    for match in PAID.finditer(text):
        before = text[: match.start()].rstrip()
        if not UNDONE_BEFORE.search(before) and not UNDONE_WITHIN.search(match.group()):
            return True
    return False
