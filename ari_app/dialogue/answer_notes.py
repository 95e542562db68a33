"""What a question of a flow asks for besides its context (``note``): a bare answer then means more than elsewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from ari_app.dialogue.dispute_answers import NOTES as DISPUTE_NOTES
from ari_app.dialogue.dispute_answers import read_note
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.understanding import understand

DEFERRAL, PAID = "deferral", "paid"
#: When is the rest paid? What is named then comes on top of what stands (``flow_promises``).
REST: Final = "rest"
#: What a question may ask for.
NOTES: Final = (*DISPUTE_NOTES, DEFERRAL, PAID, REST)
_NO_OTHER_WISH: Final = frozenset({"unclear", "affirm", "already_paid", "promise_to_pay"})
_I_PAID: Final = {"zh": "我{}缴过了", "en": "i paid it {}"}
#: Meanings beside which a day is no day to which payment is put off.
_OTHER_DAY: Final = frozenset({"already_paid", "request_callback", "dispute", "refuse_to_pay"})


def read_answer_note(
    note: str, heard: Understanding, given: CustomerInput, language: str, now: datetime
) -> Understanding:
    """The reading of a spoken answer to a question with ``note``; as it was where the answer has nothing of it."""
    if given.kind is not InputKind.SPEECH:
        return heard
    meanings = {heard.intent, *heard.also}
    if note == DEFERRAL and heard.dates and not _OTHER_DAY & meanings:
        return _as("request_deferral", heard, without="promise_to_pay")
    if note == PAID and meanings <= _NO_OTHER_WISH and not heard.dates:
        # "Yesterday" alone is the day of a payment here.
        paid = understand(_I_PAID[language].format(given.text), language, "closing", now)
        heard = replace(heard, dates=paid.dates) if "already_paid" in (paid.intent, *paid.also) else heard
    if note == PAID and (heard.dates or heard.channels) and "deny" not in meanings:
        return _as("already_paid", heard, without="promise_to_pay")
    return read_note(note, heard, given, language)


def _as(intent: str, heard: Understanding, *, without: str) -> Understanding:
    also = tuple(one for one in (heard.intent, *heard.also) if one not in (intent, without, "unclear"))
    return replace(heard, intent=intent, also=also, confidence=max(heard.confidence, 0.75))
