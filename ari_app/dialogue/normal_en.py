"""English transcripts in one form: lower case, no punctuation and fillers, contractions written out, common mishearings and
spellings in the words of the rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

_WORDS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    # Contractions, as recognisers and people spell them.
    (r"\bwon t\b|\bwont\b", "will not"),
    (r"\bcan t\b|\bcannot\b|\bcant\b", "can not"),
    (r"\bshan t\b", "shall not"),
    (r"\b(do|did|does|is|are|was|were|have|has|had|would|should|could|need|must) ?n t\b", r"\1 not"),
    (r"\b(do|did|does|is|are|was|were|have|has|had|would|should|could|need)nt\b", r"\1 not"),
    (r"\bain t\b|\baint\b|\bi amn t\b", "is not"),
    (r"\bi m\b|\bim\b", "i am"),
    (r"\bi ve\b|\bive\b", "i have"),
    (r"\b(i|you|he|she|we|they|it|that|there) ll\b", r"\1 will"),
    (r"\b(you|we|they) (re|ve)\b", lambda match: f"{match[1]} {'are' if match[2] == 're' else 'have'}"),
    (r"\b(i|you|he|she|we|they) d\b", r"\1 would"),
    (
        (
            r"\b(it|that|there|here|he|she|who|what|when|where|how|nobody|everything|meter|this|mum|mom|dad|mother|father"
            r"|husband|wife|hubby|bill|internet|money|payment|name|number) s\b"
        ),
        r"\1 is",
    ),
    (r"\b(whats|whos|whens|wheres|thats|hes|shes|its)\b", lambda match: f"{match[1][:-1]} is"),
    (r"\blet s\b|\blets\b", "let us"),
    (r"\bgonna\b|\bgon na\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "have to"),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\bcos\b|\bcuz\b|\bcoz\b", "because"),
    (r"\by all\b|\bya\b(?! know)|\byou lot\b", "you"),
    (
        r"\bme (wife|husband|mum|dad|mother|father|brother|sister|son|daughter|missus|wages|pay|bill)\b",
        r"my \1",
    ),
    # What is commonly heard instead.
    (
        (
            r"\bnecks?(?: s)?\b(?= (week|month|monday|tuesday|wednesday|thursday|friday|saturday|sunday))|"
            r"\bnecked\b"
        ),
        "next",
    ),
    (r"\bnext (?:weak|wick)\b", "next week"),
    (r"\bfry ?day\b|\bfried ?day\b", "friday"),
    (r"\b(?:to|two|too) morrow\b|\btomorow\b", "tomorrow"),
    (r"\bfort night\b|\bfor tonight(?= time)\b", "fortnight"),
    (r"\bforth(?= of|$)", "fourth"),
    (r"\b(my|the|this|that|your|a) bell\b", r"\1 bill"),
    (r"\bbells\b", "bills"),
    (
        (
            r"\b(to|will|can|could|already|gonna|not|i|just|and|or) (?:play|pray|bay)(?=( it| the| you|"
            r" that| this| on| by| in| tomorrow| next| now|$))"
        ),
        r"\1 pay",
    ),
    (r"\b(?:played|prayed|payed)\b", "paid"),
    (r"\bpay ?mants?\b|\bpaymen\b|\bpay meant\b", "payment"),
    (r"\bin ?stall? ?ments?\b|\binstallment s\b|\bemis?\b", "installments"),
    (r"\bmeet er\b|\bmeat er\b|\bmitre\b|\bmetre\b|\bmeteor\b|\bmeta\b", "meter"),
    (r"\brobert\b(?=$| or| are)|\brow ?bot\b|\browboat\b", "robot"),
    (r"\b(?:steak|stake) (?=in)", "take "),
    (r"\bdirect (?:debt|debits|deposit|devit)\b", "direct debit"),
    (r"\bauto ?pay(ment)?\b", "autopay"),
    (r"\bnet ?bank(ing)?\b|\binternet banking\b|\bonline banking\b", "netbanking"),
    (r"\bcheque\b", "check"),
    (r"\b(a )?(hundred|thousand) and a half\b", r"\1\2"),
    (r"\bgrand\b", "thousand"),
    (r"\b(quid|squid)\b", "pounds"),
    (r"\brupee\b|\brs\b", "rupees"),
    (r"\bsorry (?=i |we |but )", ""),
)
_COMPILED = tuple((re.compile(pattern), to) for pattern, to in _WORDS)
_FILLERS = re.compile(
    r"\b(u+m+|u+h+(?! huh)|e+r+m*|h+m+|ah+|oh(?= (no|yes|yeah|right|i|my|well|sorry|hi|hello|ok|"
    r"okay))|well|like(?! (to|a|my|your))|you know(?! what| who| where| that)"
    r"|i mean|sort of|kind of|basically|actually|honestly|literally|obviously|to be honest|"
    r"look(?= i| you| it)|listen(?= i| you)|right so|so yeah|innit|mate|love|darling"
    r"|sir|madam|ma am|please(?= (i|you|we)))\b"
)
_STUTTER = re.compile(r"\b(i|the|a|to|you|we|it|is|my|that|not|on|and|can|will|in|this|what|how|who) \1\b")


def normalise_en(text: str) -> str:
    """Lower case, no punctuation but decimal points, contractions and fillers resolved, single spaces."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    text = re.sub(r"(?<=[0-9]):(?=[0-9]{2})", " ", text)
    text = re.sub(r"([$£€₹])(?=[0-9])", " ", text)
    text = re.sub(r"[^a-z0-9.]+|\.(?![0-9])|(?<![0-9])\.", " ", text)
    text = " ".join(text.split())
    for pattern, to in _COMPILED:
        text = pattern.sub(to, text)
    text = " ".join(_FILLERS.sub(" ", text).split())
    return _STUTTER.sub(r"\1", text)
