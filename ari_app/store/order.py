"""The order of calls: what is known of an account as one number, and the due accounts in the order of those numbers."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache

from ari_app.domain.account import Account
from ari_app.domain.call_order import (
    NO_TRIES,
    TURN_LOST,
    CallOrder,
    DayPart,
    Tries,
    amount_class,
    answering,
    days_lost,
    part_of,
)
from ari_app.domain.campaign import Campaign
from ari_app.domain.rule_case import zone_of
from ari_app.domain.strategy import segment_of
from ari_app.domain.strategy_book import StrategyBook, chosen_version
from ari_app.domain.verdict import Refusal, Rule
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import Params, account_of, amount, instant, instant_or_none, micros
from ari_app.store.queries import SQL

#: How far back a customer's own calls are looked at, and those of a campaign.
OWN_HISTORY = timedelta(days=180)
USUAL_HISTORY = timedelta(days=28)

_HOUR = timedelta(hours=1)


def campaign_zone(campaign: Campaign, book: StrategyBook) -> tzinfo:
    """The zone by whose clocks the parts of the day of a campaign are told."""
    known = book.current.get(campaign.strategy.file) if campaign.strategy.file else None
    return zone_of(campaign.strategy.timezone if known is None else known.strategy.timezone) or UTC


# ------------------------------------------------------------------------------------------------- claims


def due_in_order(
    connection: sqlite3.Connection, campaign: Campaign, book: StrategyBook, now: datetime, limit: int
) -> list[int]:
    """The accounts of a campaign that are due (``campaign_account.id``), whoever is called first at the beginning; at most
    ``limit``. Where more are due, each number that accounts wait with is looked for once, the highest rank first."""
    part = part_of(now.astimezone(campaign_zone(campaign, book)))
    asked: Params = {"campaign_id": campaign.campaign_id, "now": micros(now), "limit": limit}
    rows = connection.execute(SQL["claim_candidates"], asked).fetchall()
    if len(rows) < limit:  # nobody is left out: the longest wait is first already
        rows.sort(key=lambda row: -_rank(row["call_class"], part))
        return [row["id"] for row in rows]
    equals: dict[int, list[int]] = {}
    for row in connection.execute(SQL["call_classes"], {"campaign_id": campaign.campaign_id}):
        equals.setdefault(_rank(row["call_class"], part), []).append(row["call_class"])
    found: list[int] = []
    for rank in sorted(equals, reverse=True):
        due: list[tuple[int, int]] = []
        for code in equals[rank]:
            one = asked | {"call_class": code, "limit": limit - len(found)}
            due += [(row["due_at"], row["id"]) for row in connection.execute(SQL["due_of_class"], one)]
        found += [number for _, number in sorted(due)][: limit - len(found)]
        if len(found) == limit:
            break
    return found


@lru_cache(maxsize=10_000)
def _rank(code: int, part: DayPart) -> int:
    return CallOrder.of_code(code).rank(part)


def after_refusal(row: sqlite3.Row, rule: Rule, now: datetime) -> Params:
    """What a refusal does to the order of a row of ``standing``: whoever was due when the day ended goes earlier the next
    day; any other refusal ends such a wait."""
    order = CallOrder.of_code(row["call_class"])
    if rule not in TURN_LOST:
        return {"call_class": replace(order, days=0, put_off=False).code, "turn_lost_at": None}
    since = instant_or_none(row["turn_lost_at"]) or now
    order = replace(order, days=days_lost(since, now), put_off=False)
    return {"call_class": order.code, "turn_lost_at": micros(since)}


def after_postponing(row: sqlite3.Row) -> Params:
    """What it does to the order of a row of ``standing`` that its trunk has no line now."""
    return {"call_class": replace(CallOrder.of_code(row["call_class"]), put_off=True).code}


# ------------------------------------------------------------------------------------------------- what is known


class Orders:
    """Works out the order of accounts at one moment; how customers of a campaign usually answer is read once."""

    def __init__(self, connection: sqlite3.Connection, campaigns: CampaignCache, now: datetime) -> None:
        self._connection, self._campaigns, self._now = connection, campaigns, now
        self._usual: dict[str, dict[DayPart, Tries]] = {}
        self._known: dict[str, Campaign] = {}

    def of_account(self, campaign: Campaign, account: Account) -> CallOrder:
        """The order of an account that has lost no turn."""
        return self._order(campaign, account.customer_id, account.amount_due, account)

    def of_row(self, row: sqlite3.Row) -> CallOrder:
        """The same of a row of ``standing``; the turns that it has lost stay."""
        name = row["campaign_id"]
        campaign = self._known.get(name)
        if campaign is None:
            campaign = self._known[name] = self._campaigns.required(self._connection, name)
        account = account_of(row) if campaign.strategy.file else None
        found = self._order(campaign, row["customer_id"], amount(row["amount_minor"]), account)
        return replace(found, days=CallOrder.of_code(row["call_class"]).days)

    def again(self, account_row: int) -> None:
        """Work out the order of an account anew wherever it waits, after a list has changed it."""
        for plan in self._connection.execute(SQL["plans_of_account"], {"account": account_row}).fetchall():
            asked = {"campaign_account": plan["id"]}
            row = self._connection.execute(SQL["standing_of"], asked).fetchone()
            put(self._connection, [change_of(row, self.of_row(row))])

    def _order(
        self, campaign: Campaign, customer_id: str, due: Decimal, account: Account | None
    ) -> CallOrder:
        priority = 0 if account is None else self._priority(campaign, account)
        order = CallOrder(priority, amount_class(due))
        asked = {"customer_id": customer_id, "since": micros(self._now - OWN_HISTORY)}
        calls = self._connection.execute(SQL["answers_of_customer"], asked).fetchall()
        if not calls:
            return order
        zone = campaign_zone(campaign, self._campaigns.book)
        parts = [part_of(instant(call["dialled_at"]).astimezone(zone)) for call in calls]
        dials = Counter(parts)
        answers = Counter(part for part, call in zip(parts, calls, strict=True) if call["answered"])
        usual = self._usual_of(campaign.campaign_id)
        return replace(
            order,
            answers=tuple(
                answering(Tries(dials[part], answers[part]), usual.get(part, NO_TRIES)) for part in DayPart
            ),
        )

    def _priority(self, campaign: Campaign, account: Account) -> int:
        """That of the segment; 0 for a campaign without a strategy file, and where nobody is called by it."""
        name = campaign.strategy.file
        if not name:
            return 0
        chosen = chosen_version(self._campaigns.book, name, account.customer_id, account.details.region)
        if isinstance(chosen, Refusal):
            return 0
        today = self._now.astimezone(zone_of(account.timezone) or UTC).date()
        return segment_of(chosen.strategy, account, today).priority

    def _usual_of(self, campaign_id: str) -> dict[DayPart, Tries]:
        found = self._usual.get(campaign_id)
        if found is None:
            found = self._usual[campaign_id] = usual_of(self._connection, campaign_id)
        return found


def change_of(row: sqlite3.Row, order: CallOrder) -> Params:
    """The change that gives a row of ``standing`` another order."""
    return {
        "campaign_account": row["campaign_account"],
        "before": row["call_class"],
        "call_class": order.code,
    }


def put(connection: sqlite3.Connection, changes: Sequence[Params]) -> int:
    """Write them, unless the account was called or ordered meanwhile."""
    return sum(
        connection.execute(SQL["set_call_class"], change).rowcount
        for change in changes
        if change["before"] != change["call_class"]
    )


def usual_of(connection: sqlite3.Connection, campaign_id: str) -> dict[DayPart, Tries]:
    """How the customers of a campaign answered, as counted last night."""
    rows = connection.execute(SQL["answer_profile"], {"campaign_id": campaign_id})
    return {DayPart(row["day_part"]): Tries(row["dials"], row["answered"]) for row in rows}


def usual_answers(
    connection: sqlite3.Connection, campaign: Campaign, book: StrategyBook, now: datetime
) -> list[Params]:
    """How the customers of a campaign have answered of late, by part of the day: rows of ``answer_profile``."""
    zone = campaign_zone(campaign, book)
    asked = {"campaign_id": campaign.campaign_id, "since": micros(now - USUAL_HISTORY)}
    dials: Counter[DayPart] = Counter()
    answered: Counter[DayPart] = Counter()
    for row in connection.execute(SQL["answers_by_hour"], asked):
        part = part_of((datetime(1970, 1, 1, tzinfo=UTC) + row["hour"] * _HOUR).astimezone(zone))
        dials[part] += row["dials"]
        answered[part] += row["answered"]
    return [
        {
            "campaign_id": campaign.campaign_id,
            "day_part": part.value,
            "dials": dials[part],
            "answered": answered[part],
        }
        for part in DayPart
    ]


def put_usual(connection: sqlite3.Connection, rows: Sequence[Params]) -> None:
    """Write rows of ``answer_profile``."""
    connection.executemany(SQL["put_answer_profile"], rows)
