"""English: the ways to pay, as they are named, and the words that refuse one."""

from __future__ import annotations

import re

_AT = r"(?:at|to|into|in|visit|down to|over to|inside|by|through|from)"
_PLACE = r"(?:office|branch|shop|store|post office|service cent\w+|outlet|bank)"
CHANNELS: tuple[tuple[str, str], ...] = (
    ("wechatpay", r"\bwe ?chat( ?pay)?"),
    ("alipay", r"\bali ?pay"),
    (
        "bank_transfer",
        (
            r"\b(bank (transfer|payment|deposit|draft)|netbanking|neft|imps|rtgs|wire(d)?( transfer)?|e "
            r"transfer(red)?|"
            r"transfer(red|ring|s)?(?! (me|us|this call|my call|the call|you to|him|her|to (a|an|the|your|"
            r"someone|somebody|another) ?(real |human |live )?"
            r"(person|human|agent|manager|someone|somebody|department|supervisor|operator|colleague|advisor|"
            r"adviser|rep|team|line)))|"
            r"bacs|chaps|faster payments?|standing order|bank account to|iban|sort code|(through|via) "
            r"(the |my )?bank(?! (holiday|manager)))\b"
        ),
    ),
    (
        "card",
        (
            r"\b((?<!sim )(?<!pay the )(?<!birthday )(?<!appointment )(?<!business "
            r")(?<!report )(?<!id )(?<!green "
            r")(?<!post )(?<!medical )(?<!health )"
            r"(credit |debit |bank )?cards?(?! (game|reader|shop))|visa|mastercard|amex|american express)\b"
        ),
    ),
    (
        "cash_counter",
        (
            r"\b((?<!kitchen )counter|(in|with|by|pay|paid|take|bring|using|hand over|send|accept|"
            r"notes and) cash(?! (flow|strapped))|cash (on|at|in|to|payment|over|is|only|ok)|"
            rf"(pay|paid|paying|pop|popped|pop in|come|came|go|went|going|nip|nipped|swing|walk|walked|walking|"
            rf"drop|dropped|visit|hand|cash|deposit|cheque|check|settle|do it|do that|run|drive|bring|in "
            rf"person)(?: \w+){{0,6}} "
            rf"{_AT} (?:the|your|a|one of your|my local|any|yer|that|our) (?:\w+ )?{_PLACE}|"
            r"over the counter|in person|(at|through|via) the post office|in store|payzone|paypoint|cashiers?|"
            r"(the|a|your|at) (teller|kiosk|pay window|payment window|service window)|which window|at "
            r"(the|a|your) window)\b"
        ),
    ),
    (
        "auto_debit",
        (
            r"\b(direct debits?|autopay|auto debit(ed)?|auto deduct(ion|ed)?|automatic(ally)?( payments?| "
            r"debit| deduction)?|ecs|nach|standing instruction|giro(?! (day|comes|is))|automatic|"
            r"(take|taken|takes|comes?|came|goes) (it |this |them )?(out )?(of my account )?(by itself|"
            r"automatically|on its own|every month by itself))\b"
        ),
    ),
    (
        "app",
        (
            r"\b(?<!for the )(?<!dating )(?<!delivery )((the|your|my|an|that|this|mobile|phone|banking|"
            r"company|on|via|through|in|by) )(mobile |phone |banking |company )?apps?\b|\bapps\b|\bthe "
            r"application\b(?! form)"
        ),
    ),
    (
        "sms_link",
        (
            r"\b(link (in|from|on|inside|you sent|that you|you texted)( the| a| my)?( text| message| sms)?|"
            r"(use|used|click|clicked|"
            r"through|via|with|using|tap|tapped|open|opened|on|from|by|press|follow|followed|hit) (the|that|"
            r"your|this|a) (\w+ )?link|"
            r"(through|via|from|by|with|using|on) (the|that|your|a) (text|sms)( message)?( link)?|text link|"
            r"sms link|message link|"
            r"(pay|paid|settle)( \w+){0,3} (the|that|your) (\w+ )?link)\b"
        ),
    ),
)
_NOT_BEFORE = re.compile(
    r"\b(not|without|never|except|anything but|hate|besides|other than|apart from|instead of|rather "
    r"than|do not|did not|can not|could not|will not|would not|neither|nor|"
    r"wary of|scared of|against)( (a|an|any|the|use|using|have|do|got|get|on|by|with|my|via|through|trust|"
    r"in|your|like|want|know how to|own|credit|debit|bank|need|"
    r"touch|understand|believe in|really|even|ever|go|going|into|be|mess with|bother with|take|accept|pay|"
    r"paying|it|anything|to|for|much|of|or|feel|safe|work|log))*$"
)
_NO_SUCH = re.compile(r"\bno (credit |debit |bank |more )?$|\bno$")
_NOT_AFTER = re.compile(
    r"^( \w+)? ?(is|are|was|has|have|got|gets|keeps?|will|does|did|just|always|that|thing|he|she|it|i|app|"
    r"on my phone|been)*( \w+)? ?(not (work|go|let|load|open|accept)\w*|crash\w*|stolen|eaten|swallowed|"
    r"snapped|stopped|declin\w+|"
    r"block\w*|expired|maxed( out)?|bounced|broken|down|rejected|frozen|useless|cancelled|lost|is not an "
    r"option|a no|rubbish|no good|not (an option|for me))\b"
)


def not_this_way(before: str, after: str) -> bool:
    """Whether a way to pay is refused, or told not to work, by the words before and after it."""
    before = before.rstrip()
    return bool(_NOT_BEFORE.search(before) or _NO_SUCH.search(before) or _NOT_AFTER.match(after))
