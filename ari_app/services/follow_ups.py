"""What is to come for an account, each with its place: warnings before a suspension, calls around promised days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from ari_app.domain.compliance import ContactFacts, zone_of
from ari_app.domain.placement import (
    Placed,
    events_of,
    follow_up,
    place,
    suspension_warnings,
)
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.strategy_book import StrategyBook, chosen_version
from ari_app.domain.triggers import DueStep, Moments, promise_calls
from ari_app.domain.verdict import Refusal
from ari_app.ports import Store


async def events_for(
    store: Store,
    strategies: StrategyBook,
    book: RuleBook,
    facts: ContactFacts,
    promised: Sequence[date],
    now: datetime,
) -> tuple[Placed, ...]:
    """The events of an account after ``now``. ``promised`` are the days of its promises that are asked after.

    Where its campaign names a strategy file, the calls around promised days are those of the strategy; each is placed by
    what will be known of the customer then. Raises StoreError.
    """
    account, campaign = facts.account, facts.campaign
    if not campaign.strategy.file:
        return tuple(place(book, facts, wanted) for wanted in events_of(account, promised, now))
    found = [place(book, facts, wanted) for wanted in suspension_warnings(account, now)]
    for due in _calls(strategies, facts, now, Moments(promised=tuple(promised))):
        then = await _facts_at(store, facts, due.at)
        found.append(place(book, then, follow_up(due)))
    return tuple(found)


def _calls(
    strategies: StrategyBook, facts: ContactFacts, now: datetime, moments: Moments
) -> tuple[DueStep, ...]:
    account = facts.account
    name = facts.campaign.strategy.file
    chosen = chosen_version(strategies, name, account.customer_id, account.details.region)
    if isinstance(chosen, Refusal):
        return ()
    return promise_calls(chosen.strategy, account, now, zone_of(account.timezone) or UTC, moments)


async def _facts_at(store: Store, facts: ContactFacts, at: datetime) -> ContactFacts:
    """The facts of the same account in the same campaign, as they will be if nothing happens before."""
    account, campaign_id = facts.account, facts.campaign.campaign_id
    for each in await store.contact_facts(account.customer_id, at):
        same = (each.account.account_id, each.account.bill_id) == (account.account_id, account.bill_id)
        if same and each.campaign.campaign_id == campaign_id:
            return each
    return facts  # it has left the campaign meanwhile
