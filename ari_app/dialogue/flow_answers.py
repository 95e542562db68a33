"""What an answer to a question of a flow means: keys by the question's own table, speech by the understanding."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import half
from ari_app.dialogue.answer_notes import read_answer_note
from ari_app.dialogue.flow import Ask, KeyMeaning
from ari_app.dialogue.model import CustomerInput, InputKind, Understanding
from ari_app.dialogue.understanding import FINER, understand

#: "Press one" answered with the word.
_SPOKEN_KEYS: dict[str, str] = {
    spoken.integer(digit, language): str(digit) for digit in range(10) for language in spoken.LANGUAGES
} | {str(digit): str(digit) for digit in range(10)}

SILENCE = Understanding("silence_noise")
NOT_UNDERSTOOD = Understanding("unclear", confidence=0.0)


def read_answer(
    given: CustomerInput,
    ask: Ask,
    language: str,
    now: datetime,
    due: Decimal | None,
    min_confidence: float,
) -> Understanding:
    """The meaning of an answer; ``now`` is local to the customer. Speech below ``min_confidence`` means nothing.

    ``due`` is what may still be promised; None before verification.
    """
    if given.kind is InputKind.SILENCE:
        return SILENCE
    if given.kind is InputKind.KEYS:
        return _keyed(given.text, ask, now, due)
    if not given.confidence >= min_confidence or not given.text.strip():
        return NOT_UNDERSTOOD
    key = spoken_key(given.text, ask)
    if key is not None:
        return _key_meaning(ask.keys[key], now, due)
    heard = understand(given.text, language, ask.context, now)
    heard = less_sure(heard, given, due)
    return read_answer_note(ask.note, heard, given, language, now) if ask.note else heard


def less_sure(heard: Understanding, given: CustomerInput, due: Decimal | None) -> Understanding:
    """As sure as the recogniser was of the words, and the sum that "all of it" is."""
    heard = replace(heard, confidence=round(heard.confidence * min(1.0, max(0.0, given.confidence)), 3))
    if heard.full_amount and heard.amount is None and due is not None:
        heard = replace(heard, amounts=(due,))
    return heard


def spoken_key(text: str, ask: Ask) -> str | None:
    """The key that somebody names ("press one"), where it means something at this question."""
    key = _SPOKEN_KEYS.get(text.strip(" .,。，").lower().removeprefix("press ").removeprefix("按"))
    return key if key is not None and key in ask.keys and ask.digits != "phone_tail" else None


def _keyed(text: str, ask: Ask, now: datetime, due: Decimal | None) -> Understanding:
    text = text.strip().removesuffix(ask.key_input.terminator)
    if text in ask.keys:
        return _key_meaning(ask.keys[text], now, due)
    if ask.digits == "phone_tail" and len(text) == 4 and text.isascii() and text.isdigit():
        return Understanding("identity_confirm", phone_tail=text)
    if ask.digits == "amount":
        amount = _keyed_amount(text)
        if amount is not None:
            return Understanding("promise_to_pay", amounts=(amount,))
    return NOT_UNDERSTOOD


def _key_meaning(key: KeyMeaning, now: datetime, due: Decimal | None) -> Understanding:
    share = _share(key.amount, due)
    return Understanding(
        FINER.get(key.intent, key.intent),
        finer=key.intent if key.intent in FINER else "",
        dates=() if key.days is None else (now.date() + timedelta(days=key.days),),
        amounts=() if share is None else (share,),
        periods=(key.periods,) if key.periods else (),
        dispute_category=key.category,
        channels=(key.channel,) if key.channel else (),
        reason=key.reason,
        evidence=(key.evidence,) if key.evidence else (),
        full_amount=key.amount == "full",
    )


def _share(share: str, due: Decimal | None) -> Decimal | None:
    if not share or due is None:
        return None
    return due if share == "full" else half(due)


def _keyed_amount(text: str) -> Decimal | None:
    """An amount keyed on the telephone, the star as decimal point: 568*32."""
    whole, star, part = text.partition("*")
    if not (whole.isascii() and whole.isdigit()) or len(whole) > 8:
        return None
    if star and not (part.isascii() and part.isdigit() and len(part) <= 2):
        return None
    return Decimal(f"{whole}.{part or 0}")
