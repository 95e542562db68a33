"""What is made of a language model's opinion: a reading of the same words, less sure than any rule, or nothing.

The model chooses among the meanings to which the open question reacts and which cannot end the call; values come from the
rules, out of the words that were said. It stands nowhere between a customer's yes and what that completes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

from ari_app.dialogue.advice import FREE_QUESTION, MOST_CONFIDENCE, Opinion
from ari_app.dialogue.dispute_answers import DESCRIPTION
from ari_app.dialogue.flow import Ask, Flow, State
from ari_app.dialogue.model import Understanding
from ari_app.dialogue.understanding import FINER, INTENTS, MAX_CHARACTERS, understand

_T = TypeVar("_T")

#: What the rules are so sure of is never looked at again, whatever the settings say.
NEVER_DOUBTED: Final = 0.7
#: Wishes and warnings that are never doubted, however unsure the rules are: what protects somebody is not argued away.
PROTECTED: Final = frozenset(
    {"stop_calling", "request_human", "identity_deny", "third_party", "complaint_threat", "hardship"}
)
#: Only a customer's own words or keys can mean these. Yes may be chosen at the opening alone, where the digits follow.
NOT_BY_OPINION: Final = frozenset(
    {"affirm", "identity_confirm", "recording_refused", "silence_noise", "unclear"}
)
#: Results to which an opinion may lead without another question: they agree nothing and take nothing away.
HARMLESS_RESULTS: Final = frozenset({"request_human", "callback"})
#: At these questions no opinion is asked for.
_NEVER_AT: Final = frozenset({"verify_tail", "confirm_ptp"})
_MOST_QUOTES: Final = 6
_SHORTEST_QUOTE: Final = {"zh": 1, "en": 2}

_DIGIT_ZH = "零〇洞幺一二两三四五六七八九0-9"
_DIGIT_EN = (
    r"(?:zero|oh|o|nought|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|double|triple|\d+)"
)
#: Digits said in a row, which may be those of a telephone number or of a document.
_RUNS: Final = (
    re.compile(rf"[{_DIGIT_ZH}](?:[\s,.，、-]*[{_DIGIT_ZH}]){{2,}}"),
    re.compile(rf"\b{_DIGIT_EN}(?:[\s,.-]+{_DIGIT_EN}){{2,}}\b", re.IGNORECASE),
    re.compile(r"\d{3,}"),
)
HIDDEN: Final = "#"


def without_digits(text: str) -> str:
    """A transcript in which runs of three and more digits, written or said, are hidden."""
    text = unicodedata.normalize("NFKC", text)
    for run in _RUNS:
        text = run.sub(HIDDEN, text)
    return text


def unsure(heard: Understanding, below: float) -> bool:
    """Whether the rules' reading may be looked at again: nothing was understood, or it is less sure than ``below``."""
    if heard.finer or PROTECTED & {heard.intent, *heard.also}:
        return False
    return heard.intent == "unclear" or heard.confidence < min(below, NEVER_DOUBTED)


def open_meanings(flow: Flow, state: State) -> tuple[str, ...]:
    """The meanings that an opinion may choose at a question: none at a confirmation, none that can end the call."""
    ask = state.ask
    if ask is None or ask.context in _NEVER_AT or ask.digits == "phone_tail" or _confirms(flow, ask):
        return ()
    if ask.note == DESCRIPTION:
        return ()  # whatever he says is the answer
    found = [name for name in ask.on if _may_mean(name, ask) and not _ends(flow, ask, name)]
    return (*sorted(found), FREE_QUESTION) if ask.answers_questions else tuple(sorted(found))


def second_reading(
    opinion: Opinion, text: str, meanings: Collection[str], language: str, context: str, now: datetime
) -> Understanding | None:
    """The reading of an opinion on a transcript; None where it is not one of ``meanings`` or quotes what was not said.

    Its values are among those that the rules find in the whole of ``text``, so that what was negated or belongs to
    something else stays out; and among those that they find in the quotations.
    """
    if opinion.meaning not in meanings or opinion.meaning == FREE_QUESTION:
        return None
    if not 0.0 <= opinion.confidence <= 1.0 or len(opinion.quotes) > _MOST_QUOTES:
        return None
    text = text[:MAX_CHARACTERS]
    said = _bare(text, language)
    quotes = [_bare(quote[:MAX_CHARACTERS], language) for quote in opinion.quotes]
    if any(
        len(quote) < _SHORTEST_QUOTE[language] or not _stands_in(quote, said, language) for quote in quotes
    ):
        return None
    whole = understand(text, language, context, now)
    finer = opinion.meaning if opinion.meaning in FINER else ""
    return replace(
        _values(whole, opinion, text, language, now),
        intent=FINER.get(opinion.meaning, opinion.meaning),
        also=(),
        finer=finer,
        phone_tail=None,
        advised=True,
        confidence=min(opinion.confidence, MOST_CONFIDENCE),
    )


# ------------------------------------------------------------------------------------------------------------- meanings


def _may_mean(name: str, ask: Ask) -> bool:
    if name not in INTENTS and name not in FINER:
        return False
    return name not in NOT_BY_OPINION or (name == "affirm" and ask.context == "opening")


def _confirms(flow: Flow, ask: Ask) -> bool:
    """Whether a yes can end the call: it completes something there, and a no undoes it."""
    return "affirm" in ask.on and _ends(flow, ask, "affirm", harmless=frozenset())


def _ends(flow: Flow, ask: Ask, meaning: str, harmless: Collection[str] = HARMLESS_RESULTS) -> bool:
    """Whether a spoken answer of this meaning can end the call without another question."""
    for move in ask.on[meaning]:
        by_key = any(condition.name == "by_key" and condition.wanted for condition in move.when)
        if move.go and not by_key and not _leads_on(flow, move.go, harmless):
            return True
    return False


def _leads_on(flow: Flow, name: str, harmless: Collection[str]) -> bool:
    """Whether every way from a state comes to a question, or to an end that is harmless. The reader refuses circles."""
    state = flow.states[name]
    if state.end is not None:
        return state.end.result in harmless and not state.end.do_not_contact
    return state.ask is not None or all(_leads_on(flow, move.go, harmless) for move in state.next)


# ------------------------------------------------------------------------------------------------------------- values

#: Which values a meaning may have.
_DATED: Final = frozenset({"promise_to_pay", "request_deferral", "request_callback", "already_paid"})
_COSTING: Final = frozenset({"promise_to_pay", "already_paid"})
_PAYING: Final = frozenset({"promise_to_pay", "ask_payment_method", "already_paid", "send_link"})


def _values(whole: Understanding, opinion: Opinion, text: str, language: str, now: datetime) -> Understanding:
    """Of the rules' values those that are quoted; for each kind the transcript is read at the question that asks for it."""
    meaning = opinion.meaning

    def found(context: str, wanted: Collection[str]) -> tuple[Understanding, list[Understanding]]:
        if meaning not in wanted:
            return Understanding(meaning), []
        return (
            understand(text, language, context, now),
            [understand(quote, language, context, now) for quote in opinion.quotes],
        )

    dated, days = found("ask_when", _DATED)
    costing, sums = found("ask_amount", _COSTING)
    planned, terms = found("ask_plan", {"request_installment"})
    paying, ways = found("ask_when", _PAYING)
    return Understanding(
        intent=meaning,
        dates=_both(dated.dates, [one.dates for one in days]),
        times=_both(dated.times, [one.times for one in days]) if meaning == "request_callback" else (),
        amounts=_both(costing.amounts, [one.amounts for one in sums]),
        periods=_both(planned.periods, [one.periods for one in terms]),
        channels=_both(paying.channels, [one.channels for one in ways]),
        full_amount=costing.full_amount and not costing.amounts and any(one.full_amount for one in sums),
        unclear_date=dated.unclear_date,
        dispute_category=whole.dispute_category if meaning == "dispute" else "",
        reason=whole.reason,
        currency=whole.currency,
        upset=whole.upset,
    )


def _both(of_the_whole: tuple[_T, ...], of_the_quotes: list[tuple[_T, ...]]) -> tuple[_T, ...]:
    quoted = {value for values in of_the_quotes for value in values}
    return tuple(value for value in of_the_whole if value in quoted)


def _bare(text: str, language: str) -> str:
    """A text without what nobody hears: width, case, punctuation; Chinese without spaces, English with single ones."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\W_]+", "" if language == "zh" else " ", text).strip()


def _stands_in(quote: str, said: str, language: str) -> bool:
    """Whether a quotation was said; in English as whole words."""
    return quote in said if language == "zh" else f" {quote} " in f" {said} "
