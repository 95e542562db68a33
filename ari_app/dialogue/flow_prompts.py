"""Everything a call may say that is known before it is dialled, so that it lies rendered when it is wanted.

Known: all fixed words; name, amounts, due date and days overdue of the account; every day that a promise may name; the
full and the half amount. Not known: another amount that the customer names or keys. It is joined from the inventory of
number words where the voice has them, and otherwise rendered by the offline voice when it is spoken.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from ari_app.dialogue import spoken
from ari_app.dialogue.account_view import (
    OpeningView,
    Payment,
    Promised,
    SealedAccount,
    VerifiedView,
    opening_view,
)
from ari_app.dialogue.flow import Flow, Sentence, Text, sentences_in
from ari_app.dialogue.guard import NEUTRAL
from ari_app.dialogue.model import Fragment
from ari_app.dialogue.sentence_fragments import sentence_fragments, value_fragment
from ari_app.dialogue.source import file_of
from ari_app.dialogue.spoken import LANGUAGES
from ari_app.domain.account import Account
from ari_app.domain.compliance import zone_of


def known_fragments(
    flow: Flow, account: Account, company: str, now: datetime, others: Container[str] = LANGUAGES
) -> tuple[Fragment, ...]:
    """Every fragment of a call in the account's language, each once, in the order in which it may be said.

    ``others`` are the languages in which it may go on; a sentence in another one ("for English, press eight") is not said.
    """
    language = account.language
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    # A call that is dialled before midnight may speak after it.
    latest = today + timedelta(days=flow.policy.latest_promise_days)
    opening = opening_view(account, company)
    view: OpeningView | VerifiedView = SealedAccount(account, opening).open(account.phone_tail) or opening
    found: dict[Fragment, None] = {}
    for sentence in _sentences(flow, language):
        if sentence.language and sentence.language not in others:
            continue
        for offer in _offers(flow, view, sentence, today):
            for last in (latest, latest + timedelta(days=1)):
                for fragment in sentence_fragments(
                    sentence, view, offer, today=today, latest=last, policy=flow.policy
                ):
                    found[fragment] = None
                if "latest_date" not in sentence.variables:
                    break
    found[neutral_fragment(language)] = None
    return tuple(found)


def shared_fragments(flow: Flow, language: str, company: str, today: date) -> tuple[Fragment, ...]:
    """What is the same for every customer: the fixed words of a flow, the company's name, the days of a promise."""
    found: dict[Fragment, None] = {}
    anybody = OpeningView(company=company, name="", language=language)
    for sentence in _sentences(flow, language):
        for fragment in sentence_fragments(
            sentence, anybody, Promised(), today=date.min, latest=date.min, policy=flow.policy
        ):
            if fragment.text and not fragment.personal:
                found[replace(fragment, ends=False)] = None  # the sentence is not all here
    variables = {name for sentence in _sentences(flow, language) for name in sentence.variables}
    if variables & {"ptp_date", "ptp_all", "latest_date"}:
        for days in range(flow.policy.latest_promise_days + 2):
            day = spoken.day(today + timedelta(days=days), language, today=today)
            found[value_fragment("ptp_date", day, language)] = None
    found[neutral_fragment(language)] = None
    return tuple(found)


def state_fragments(
    flow: Flow, state: str, account: Account, company: str, now: datetime
) -> tuple[Fragment, ...]:
    """What a state says to a verified account that has promised all of it for tomorrow; for listening to it."""
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    opening = opening_view(account, company)
    view: OpeningView | VerifiedView = SealedAccount(account, opening).open(account.phone_tail) or opening
    offer = Promised(today + timedelta(days=1), account.amount_due)
    latest = today + timedelta(days=flow.policy.latest_promise_days)
    found: list[Fragment] = []
    for sentence in sentences_in(flow.states[state].say, account.language):
        found += sentence_fragments(sentence, view, offer, today=today, latest=latest, policy=flow.policy)
    return tuple(found)


def neutral_fragment(language: str) -> Fragment:
    """What is said in the place of a sentence that the guard has stopped."""
    return Fragment(NEUTRAL[language], language, prompt_id="guard.neutral", ends=True)


def prompt_ids(flow: Flow, language: str) -> Iterator[tuple[str, str, str]]:
    """Every prompt id of a flow that a recording may have: the id, file and line where its words stand, the words.

    A file alone: these words stand in none, they come with the product.
    """
    seen: set[str] = set()
    for sentence in _spoken_in(flow, language):
        for part in sentence.parts:
            if isinstance(part, Text) and part.prompt_id not in seen:
                seen.add(part.prompt_id)
                place = f"{file_of(sentence.line, flow.file)}:{sentence.line}" if sentence.line else flow.file
                yield part.prompt_id, place, part.text
    neutral = neutral_fragment(language)
    yield neutral.prompt_id, flow.file, neutral.text


def _spoken_in(flow: Flow, language: str) -> Iterator[Sentence]:
    """The sentences in a language, whatever the language of the call in which they are said."""
    for of_call in flow.languages:
        for sentence in _sentences(flow, of_call):
            if (sentence.language or of_call) == language:
                yield sentence


def _sentences(flow: Flow, language: str) -> Iterator[Sentence]:
    """What a call in a language may say."""
    for state in flow.states.values():
        for prompt in state.prompts():
            yield from sentences_in(prompt, language)
    yield from sentences_in(flow.filler, language)


def _offers(
    flow: Flow, view: OpeningView | VerifiedView, sentence: Sentence, today: date
) -> tuple[Promised, ...]:
    """What may have been promised when a sentence is spoken, as far as that can be known."""
    if not isinstance(view, VerifiedView):
        return (Promised(),)
    dates: list[date | None] = [None]
    amounts = [view.amount_due]
    if {"ptp_date", "ptp_all"} & set(sentence.variables):
        dates = [today + timedelta(days=days) for days in range(flow.policy.latest_promise_days + 2)]
    half = view.half()
    parts = [one for one in dict.fromkeys((half, view.amount_due - half)) if one]
    if {"ptp_amount", "ptp_all"} & set(sentence.variables):
        amounts = list(dict.fromkeys((view.amount_due, *parts)))
    elif "rest" in sentence.variables:
        amounts = parts
    days = [Promised(day, amounts[0]) for day in dates]
    plans: tuple[Promised, ...] = ()
    if any(name.startswith("plan_") for name in sentence.variables):
        plans = tuple(Promised(periods=option.periods) for option in flow.policy.instalments)
    if "deferral_date" in sentence.variables:
        until = range(flow.policy.latest_deferral_days + 2)
        plans += tuple(Promised(deferral=today + timedelta(days=days_on)) for days_on in until)
    twice = tuple(
        Promised(dates[0], amount, later=(Payment(today, amount),))
        for amount in amounts
        if "ptp_all" in sentence.variables
    )
    return (*days, *(Promised(dates[0], amount) for amount in amounts[1:]), *twice, *plans)
