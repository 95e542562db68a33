"""Everything a call may say that is known before it is dialled, so that it lies rendered when it is wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ari_app.dialogue.account_view import (
    PERSONAL,
    Promised,
    SealedAccount,
    VerifiedView,
    opening_view,
    render,
)
from ari_app.dialogue.flow import Flow, Text
from ari_app.dialogue.guard import NEUTRAL
from ari_app.dialogue.model import Fragment
from ari_app.domain.account import Account
from ari_app.domain.compliance import zone_of


def known_fragments(flow: Flow, account: Account, company: str, now: datetime) -> tuple[Fragment, ...]:
    """Every fragment of a flow in the account's language, each once, in the order in which it may be said.

    Promised dates and amounts are those that keys can give; others are rendered when they are spoken.
    """
    language = account.language
    found: dict[Fragment, None] = {}
    values: dict[str, tuple[str, ...]] = {}
    for state in flow.states.values():
        for prompt in state.prompts():
            for sentence in prompt.get(language, ()):
                for part in sentence.parts:
                    if isinstance(part, Text):
                        found[Fragment(part.text, language, prompt_id=part.prompt_id)] = None
                        continue
                    if part.name not in values:
                        values[part.name] = _values(part.name, flow, account, company, now)
                    for text in values[part.name]:
                        found[Fragment(text, language, personal=PERSONAL[part.name])] = None
    found[Fragment(NEUTRAL[language], language, prompt_id="guard.neutral")] = None
    return tuple(found)


def _values(variable: str, flow: Flow, account: Account, company: str, now: datetime) -> tuple[str, ...]:
    """Every value that a variable can take without the customer having spoken."""
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    latest = today + timedelta(days=flow.latest_days)
    view = SealedAccount(account, opening_view(account, company)).open(account.phone_tail)
    if (
        view is None
    ):  # no telephone number of four digits: nobody can be verified, and nothing of the debt is said
        plain = render(variable, opening_view(account, company), Promised(), today=today, latest=latest)
        return () if plain is None else (plain,)
    texts = [
        render(variable, view, offer, today=today, latest=latest)
        for offer in _offers(flow, view, now, account)
    ]
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def _offers(flow: Flow, view: VerifiedView, now: datetime, account: Account) -> list[Promised]:
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    keys = [key for state in flow.states.values() if state.ask is not None for key in state.ask.keys.values()]
    dates = [today + timedelta(days=key.days) for key in keys if key.days is not None]
    shares = {"full": view.amount_due, "half": view.half()}
    amounts = [shares[key.amount] for key in keys if key.amount] or [view.amount_due]
    return [
        Promised(),
        *(Promised(day, amounts[0]) for day in dates),
        *(Promised(None, amount) for amount in amounts),
    ]
