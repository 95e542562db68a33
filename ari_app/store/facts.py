"""What the rules ask, gathered from the tables: three statements beside the row of the account."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, timedelta, tzinfo

from ari_app.domain.aging import days_later
from ari_app.domain.campaign import Campaign
from ari_app.domain.contact_facts import (
    Contact,
    ContactFacts,
    Flag,
    ListEntry,
    ListKind,
    RunningPlan,
    StandingFlag,
    is_conversation,
    may_have_talked,
)
from ari_app.domain.debt.settlement import midnight
from ari_app.domain.numbers import NumberState, called_at, next_number
from ari_app.domain.rule_case import zone_of
from ari_app.domain.strategy_book import StrategyBook
from ari_app.services.phones import zones_beside
from ari_app.store.budget import spent
from ari_app.store.codec import account_of, instant, instant_or_none
from ari_app.store.numbers import number_states, other_phones
from ari_app.store.queries import SQL
from ari_app.store.strategies import governed_facts

#: How far back the contacts with a customer are handed to the verdict.
HISTORY = timedelta(days=62)

_LISTS = frozenset(ListKind)


def facts_of(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    campaign: Campaign,
    now: int,
    number: str | None = None,
    *,
    book: StrategyBook,
    promised: tuple[date, ...] | None = None,
) -> ContactFacts:
    """The facts of a row of ``standing``, as they are for planning. ``now`` in microseconds.

    ``number`` is the one that an attempt under way has reserved, where the account still has it; by default the number
    whose turn it is. ``book`` has the strategy files that a campaign may name; ``promised`` are the days of promises that
    are being written.
    """
    facts = customer_facts(connection, row, campaign, now, number)
    return governed_facts(connection, facts, row, book, now, promised) if campaign.strategy.file else facts


def customer_facts(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    campaign: Campaign,
    now: int,
    number: str | None = None,
    *,
    but: str = "",
) -> ContactFacts:
    """The same before any strategy file has been asked; ``but`` is a message that does not count as a contact."""
    account, number_dead = account_of(row), row["number_dead"]
    numbers: tuple[NumberState, ...] = ()
    others = other_phones(connection, row["account"])
    if others:
        account = replace(account, other_phones=others)
        numbers = number_states(connection, account.phones, account.customer_id, now)
        turn = next_number(numbers, campaign.strategy.number_tries)
        turn = next((each for each in numbers if each.phone == number), turn)
        account, number_dead = called_at(account, turn.phone), turn.dead
    listed: list[ListEntry] = []
    flags: list[StandingFlag] = []
    asked = {"phone": account.phone, "customer_id": account.customer_id, "now": now}
    for found in connection.execute(SQL["standing_of_contact"], asked):
        if found["kind"] in _LISTS:
            expires_at = instant_or_none(found["expires_at"])
            listed.append(ListEntry(ListKind(found["kind"]), found["source"], expires_at, found["reason"]))
        else:
            since = instant(found["since"])
            flags.append(StandingFlag(Flag(found["kind"]), found["source"], since, found["account_id"]))
    reaches_back = now - HISTORY // timedelta(microseconds=1)
    since_then = {"customer_id": account.customer_id, "since": reaches_back, "but": but}
    zone = zone_of(account.timezone) or UTC
    return ContactFacts(
        account=account,
        campaign=campaign,
        zones=tuple(
            dict.fromkeys(zone for phone in account.phones for zone in zones_beside(phone, account.timezone))
        ),
        listed=tuple(listed),
        flags=tuple(flags),
        number_dead=number_dead,
        account_open=row["state"] != "done",
        open_attempt=row["open_attempt"] is not None,
        attempts_made=spent(connection, campaign.campaign_id, account.customer_id).dials,
        due_at=instant_or_none(row["planned_at"]),
        contacts=tuple(_contact(found) for found in connection.execute(SQL["contacts_of"], since_then)),
        has_caller_id=bool(campaign.dialler.caller_id_pool),
        contacted_before=row["dials_made"] > 0,
        numbers=numbers,
        plan=_running_plan(connection, row["account"], zone),
    )


def _running_plan(connection: sqlite3.Connection, account: int, zone: tzinfo) -> RunningPlan | None:
    """The plan of a bill that is kept; quiet until the day of its next instalment is over."""
    found = connection.execute(SQL["plan_running"], {"account": account}).fetchone()
    if found is None:
        return None
    day = found["next_day"]
    until = None if day is None else midnight(days_later(date.fromisoformat(day), 1), zone)
    return RunningPlan(found["kind"], until)


def _contact(row: sqlite3.Row) -> Contact:
    at = instant(row["dialled_at"])
    day = at.astimezone(zone_of(row["timezone"]) or UTC).date()
    return Contact(
        at=at,
        account_id=row["account_id"],
        conversation=is_conversation(row["result"], bool(row["verified"]))
        or (row["result"] is None and may_have_talked(row["reason"], row["answered_at"] is not None)),
        reminder=day <= date.fromisoformat(row["due_date"]),
    )
