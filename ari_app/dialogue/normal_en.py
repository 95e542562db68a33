"""English transcripts in one form: lower case, no punctuation and fillers, contractions written out, common mishearings and
spellings in the words of the rules."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from ari_app.dialogue.mishearings_en import put_right

_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
#: After these "i mean" and "actually" take back what was just said.
_VALUE = (
    rf"{_DAYS}|today|tomorrow|week|month|[a-z]+t[hy]|first|second|third|hundred|thousand|dollars|"
    r"bucks|[0-9]+|[a-z]*(?:one|two|three|four|five|six|seven|eight|nine|ten|teen)"
)
_CONTRACTIONS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
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
            r"\b(it|that|there|here|he|she|who|what|when|where|how|nobody|everything|meter|this|mum|dad|mother|father"
            r"|husband|wife|hubby|bill|internet|money|payment|name|number"
            rf"|grandpa|grandma|mom|boss|salary|{_DAYS}|tomorrow) s\b"
        ),
        r"\1 is",
    ),
    (r"\b(whats|whos|whens|wheres|thats|hes|shes|its)\b", lambda match: f"{match[1][:-1]} is"),
    (
        (
            r"\bill(?= (?:just|pay|do|send|be|get|call|have|try|sort|transfer|settle|make|go|give|put|take|"
            r"see|need|not|also|probably|ring|clear)\b)"
        ),
        "i will",
    ),
    (r"\b(you|they|it|that|we)(?:ll|l)\b(?<!well)(?<!that l)(?<!it l)", r"\1 will"),
    (r"\b(you|they)(re|ve)\b", lambda match: f"{match[1]} {'are' if match[2] == 're' else 'have'}"),
    (r"\bweve\b", "we have"),
    (r"\b(there|here)s\b", r"\1 is"),
    (r"\bid(?= (?:like|rather|prefer|say|pay|need|love|have|be|want|go)\b)", "i would"),
    (r"\blet s\b|\blets\b", "let us"),
    (r"\bgonna\b|\bgon na\b", "going to"),
    (r"\bwanna\b", "want to"),
    (r"\bgotta\b", "have to"),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\bcos\b|\bcuz\b|\bcoz\b", "because"),
    (r"\by all\b|\bya\b(?! know)|\byou lot\b|\bye\b|\byous\b", "you"),
    (
        r"\bme (wife|husband|mum|dad|mother|father|brother|sister|son|daughter|missus|wages|pay|bill)\b",
        r"my \1",
    ),
)
_WORDS: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    # Words of the trade in one spelling.
    (r"\bstake (?=in)|\bsteak (?=in)", "take "),
    (
        (
            r"\b(a|couple of|few|half a|one|two|three|four|five|six|seven|eight|nine|ten|[0-9.]+|half|point "
            r"[a-z]+) grand\b"
        ),
        r"\1 thousand",
    ),
    (r"\b(quid|squid)\b", "pounds"),
    (r"\b([0-9.]+|one|two|three|four|five|six|seven|eight|nine|ten) k\b", r"\1 thousand"),
    (r"\brn\b", "right now"),
    (r"\btenner\b", "ten pounds"),
    (r"\bfiver\b", "five pounds"),
    (r"\brupee\b|\brs\b", "rupees"),
    (r"\bcouple (?=(hundred|thousand|days|weeks|months|hours)\b)", "couple of "),
    (r"\bsorry (?=i |we |but )", ""),
)
_SPELLED, _SPOKEN = (
    tuple((re.compile(pattern), to) for pattern, to in words) for words in (_CONTRACTIONS, _WORDS)
)
_TAKES_BACK = re.compile(
    rf"\b({_VALUE})( (?:no|um|uh|er|sorry|wait))* (?:i mean|actually|or rather)(?= (?:the |on |next |"
    rf"this |by |in |a |make |let us )?"
    rf"(?:{_VALUE}|{'|'.join(_MONTHS)}|end|month|fortnight))"
)
_SLASHED = re.compile(r"\b([0-9]{1,2})[/-]([0-9]{1,2})(?:[/-](?:20)?[0-9]{2})?\b(?![/-])")
_CURRENCIES = {"$": "dollars", "£": "pounds", "€": "euros", "₹": "rupees", "¥": "yuan"}
_PRICED = re.compile(
    r"([$£€₹¥]) ?([0-9]+(?:\.[0-9]+)?)(?! ?(?:dollars|bucks|pounds|yuan|euros|rupees|cents|hundred|thousand))"
)
_FILLERS = re.compile(
    r"\b(u+m+|u+h+(?! huh)|e+r+m*|h+m+|ah+|oh(?= (no|yes|yeah|right|i|my|well|sorry|hi|hello|ok|"
    r"okay))|well|like(?! (to|a|my|your))|you know(?! what| who| where| that)"
    r"|i mean|sort of|kind of|basically|actually|honestly|literally|obviously|to be honest|"
    r"look(?= i| you| it)|listen(?= i| you)|right so|so yeah|innit|mate|love|darling"
    r"|sir|madam|ma am|lah|leh|lor|abeg|boss(?= i)|sweetheart|hon|please(?= (i|you|we)))\b"
)
_STUTTER = re.compile(r"\b(i|the|a|to|you|we|it|is|my|that|not|on|and|can|will|in|this|what|how|who) \1\b")


def normalise_en(text: str) -> str:
    """Lower case, no punctuation but decimal points, contractions and fillers resolved, single spaces."""
    text = unicodedata.normalize("NFKC", text).lower()
    text = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text)
    text = re.sub(r"(?<=[0-9]):(?=[0-9]{2})", " ", text)
    text = _PRICED.sub(lambda match: f"{match[2]} {_CURRENCIES[match[1]]} ", text)
    text = _SLASHED.sub(_written_date, text)
    text = re.sub(r"[^a-z0-9.]+|\.(?![0-9])|(?<![0-9])\.", " ", text)
    text = " ".join(text.split())
    for pattern, to in _SPELLED:
        text = pattern.sub(to, text)
    text = put_right(text)
    for pattern, to in _SPOKEN:
        text = pattern.sub(to, text)
    text = _TAKES_BACK.sub(r"\1 sorry", text)
    text = " ".join(_FILLERS.sub(" ", text).split())
    return _STUTTER.sub(r"\1", text)


def _written_date(match: re.Match[str]) -> str:
    """3/20 and 20/3 as month and day, month first where both could be; anything else as it is."""
    first, second = int(match[1]), int(match[2])
    if not 1 <= first <= 12:
        first, second = second, first
    return f" {_MONTHS[first - 1]} {second} " if 1 <= first <= 12 and 1 <= second <= 31 else match[0]
