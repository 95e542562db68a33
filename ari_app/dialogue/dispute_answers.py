"""Answers about a dispute: what it is about, what happened in the customer's own words, which vouchers he can send.

A question of a flow says with ``note`` which of these it asks for. A bare "the meter" is then a category, and "a photo"
a voucher, though neither says so anywhere else (requirements E4, F15).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ari_app.dialogue.dispute_words_en import DISPUTE_KINDS as KINDS_EN
from ari_app.dialogue.disputes_zh import DISPUTE_KINDS as KINDS_ZH
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.normal_en import normalise_en
from ari_app.dialogue.normal_zh import normalise_zh
from ari_app.dialogue.settling import Named, first_named, named

CATEGORY, DESCRIPTION, EVIDENCE_NOTE = "category", "description", "evidence"
#: What a question may ask for.
NOTES: Final = (CATEGORY, DESCRIPTION, EVIDENCE_NOTE)
#: The meaning of an answer in the customer's own words, which nothing else in the flow reacts to.
DESCRIBED: Final = "described"
#: What can be sent with a dispute.
EVIDENCE: Final = ("bill_number", "address", "photo", "video", "document")

_NOTHING_ELSE: Final = frozenset({"unclear", "silence_noise", "affirm", "dispute"})
"""Intents under which a category may lie unseen."""
_ONE_WORD: Final = 0.75
"""How sure a category or voucher is that was told by its word alone."""
_NO_VOUCHER: Final = frozenset({"deny", "refuse_to_pay"})

_CATEGORIES: Final[Mapping[str, Named]] = {
    "zh": (*KINDS_ZH, *named((("bill", "账|单|金额|费|钱|价"), ("other", "其他|别的|都不是")))),
    "en": (
        *KINDS_EN,
        *named(
            (
                ("bill", r"\b(bill|amount|charges?|money|figure|sum)\b"),
                ("other", r"\b(other|else|none of)\b"),
            )
        ),
    ),
}
_EVIDENCE: Final[Mapping[str, Named]] = {
    "zh": named(
        (
            ("bill_number", "账单号|单号|户号|账号|编号"),
            ("address", "地址|住址|住在"),
            ("photo", "照片|图片|拍照|拍(了|个|张)|截图|照(了|个|张)"),
            ("video", "视频|录像"),
            ("document", "单据|凭证|收据|发票|合同|小票|回单|票据|证明"),
        )
    ),
    "en": named(
        (
            ("bill_number", r"\b(bill|account|reference|invoice) (number|id)\b"),
            ("address", r"\baddress\b"),
            ("photo", r"\b(photo\w*|pictures?|screen ?shots?|images?)\b"),
            ("video", r"\bvideos?\b"),
            ("document", r"\b(documents?|receipts?|contract|paper\w*|letters?|statements?|proof)\b"),
        )
    ),
}


def read_note(note: str, heard: Understanding, given: CustomerInput, language: str) -> Understanding:
    """The reading of a spoken answer to a question with ``note``; as it was where the answer has nothing of it."""
    if given.kind is not InputKind.SPEECH:
        return heard
    # As it was said, too: a filler is taken out of the middle of a word (金额).
    text = (normalise_zh if language == "zh" else normalise_en)(given.text) + f" {given.text.lower()}"
    if note == CATEGORY and not heard.dispute_category and heard.intent in _NOTHING_ELSE:
        category = first_named(_CATEGORIES[language], text)
        if category:
            also = tuple(one for one in heard.also if one != "dispute")
            return replace(
                heard,
                intent="dispute",
                also=also,
                dispute_category=category,
                confidence=round(min(max(heard.confidence, _ONE_WORD), given.confidence), 3),
            )
    if note == EVIDENCE_NOTE and not _NO_VOUCHER & {heard.intent, *heard.also}:
        found = tuple(name for name, pattern in _EVIDENCE[language] if pattern.search(text))
        if found:
            return replace(heard, intent="affirm", also=(), finer="", evidence=found, confidence=_ONE_WORD)
    return heard
