"""What the rules ask about a message: the facts of a call, as far as they have a say in what is written."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from decimal import Decimal

from ari_app.domain.campaign import Campaign
from ari_app.domain.contact_facts import ContactFacts, Flag
from ari_app.domain.messages.message import Purpose
from ari_app.domain.strategy_book import StrategyBook
from ari_app.domain.windows import MINUTES_A_DAY, Window
from ari_app.store.facts import customer_facts
from ari_app.store.strategies import governed_message

#: A notice tells of these, or is what ends them; who has asked for something gets it all the same.
_TOLD_ABOUT = frozenset({Flag.DISPUTE, Flag.PAID})
_ALL_DAY = (Window(0, MINUTES_A_DAY),)


def message_facts(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    campaign: Campaign,
    now: int,
    *,
    book: StrategyBook,
    purpose: Purpose,
    phone: str = "",
    message_id: str = "",
) -> ContactFacts:
    """The facts of a row of ``standing`` for a message. ``now`` in microseconds.

    ``phone`` is the number that it would go to; ``message_id`` the message itself, which is no earlier contact of its own.
    What is asked of calls alone (attempts, caller IDs, the plan of retries) has no say here, and a dead number only where
    no other channel is left, which the caller adds.
    """
    facts = customer_facts(connection, row, campaign, now, phone or None, but=message_id)
    facts = replace(
        facts, number_dead=None, account_open=True, attempts_made=0, due_at=None, has_caller_id=True
    )
    if campaign.strategy.file:
        facts = governed_message(connection, facts, row, book, now)
    if purpose is Purpose.CONTACT:
        return facts
    facts = replace(
        facts,
        flags=tuple(each for each in facts.flags if each.flag not in _TOLD_ABOUT),
        plan=None,  # a plan that begins is told of, and who pays by one may ask for a link
        # What is owed has no say: a receipt goes out when nothing is.
        account=replace(facts.account, amount_due=max(facts.account.amount_due, Decimal(1))),
        campaign=replace(
            facts.campaign, strategy=replace(facts.campaign.strategy, min_amount=Decimal(0), aging_buckets=())
        ),
    )
    if purpose is Purpose.NOTICE:
        return facts
    strategy = replace(facts.campaign.strategy, windows=_ALL_DAY, closed_weekdays=(), open_holidays=True)
    return replace(
        facts,
        contacts=(),
        open_attempt=False,
        account=replace(facts.account, preferred_windows=()),
        campaign=replace(facts.campaign, strategy=strategy),
    )
