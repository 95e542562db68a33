"""A sentence of a flow as the fragments that are spoken: fixed words, and values in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import PERSONAL, OpeningView, Promised, VerifiedView, render
from ari_app.dialogue.flow import Sentence, Text
from ari_app.dialogue.flow_policy import USUAL_POLICY, Policy
from ari_app.dialogue.flow_values import plan_value
from ari_app.dialogue.model import Fragment
from ari_app.dialogue.number_pieces import pieces_of

_ONE_VOICE_ONLY = frozenset({"name"})
"""Variables that belong to the customer and that no inventory of pieces can say."""


def sentence_fragments(
    sentence: Sentence,
    view: OpeningView | VerifiedView,
    promised: Promised,
    *,
    today: date,
    latest: date,
    policy: Policy = USUAL_POLICY,
) -> list[Fragment]:
    """What is said of a sentence, in the language of the view; a variable that the view does not hold is left out.

    Where a personal value cannot be put together from pieces, the whole sentence is ``local``: it is spoken by one
    voice, and by one that may know the value.
    """
    language = sentence.language or (view.opening if isinstance(view, VerifiedView) else view).language
    local = bool(_ONE_VOICE_ONLY.intersection(sentence.variables))
    found: list[Fragment] = []
    for part in sentence.parts:
        if isinstance(part, Text):
            found.append(Fragment(part.text, language, prompt_id=part.prompt_id, local=local))
            continue
        if part.name == "ptp_all":
            found += _payments(view, promised, language, today)
            continue
        text = render(part.name, view, promised, today=today, latest=latest)
        if text is None and isinstance(view, VerifiedView):
            text = plan_value(part.name, view, promised, policy, today)
        if text is not None:
            found.append(value_fragment(part.name, text, language, local=local))
    if found:
        found[-1] = replace(found[-1], ends=True)
    if any(part.personal and not part.pieces for part in found):  # a currency that nobody has given words
        found = [replace(part, local=True) for part in found]
    return found


def _payments(
    view: OpeningView | VerifiedView, promised: Promised, language: str, today: date
) -> list[Fragment]:
    """Every payment that was promised: a day and a sum each, in the fragments that one payment alone would have."""
    if not isinstance(view, VerifiedView):
        return []
    found: list[Fragment] = []
    for payment in promised.payments:
        amount = spoken.amount(payment.amount, view.currency, language)
        day = spoken.day(payment.date, language, today=today)
        found += [value_fragment("ptp_date", day, language), value_fragment("ptp_amount", amount, language)]
    return found


def value_fragment(variable: str, text: str, language: str, *, local: bool = False) -> Fragment:
    """The value of a variable; where it is the customer's own, with the pieces that say it."""
    personal = PERSONAL[variable]
    pieces = pieces_of(text, language) if personal and variable not in _ONE_VOICE_ONLY else ()
    return Fragment(text, language, personal=personal, pieces=pieces, local=local)
