"""Campaigns: stored documents, parsed once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.strategy_book import NO_BOOK, StrategyBook
from ari_app.errors import StoreError
from ari_app.store.codec import campaign_of, campaign_params
from ari_app.store.queries import SQL
from ari_app.store.webhooks.events import put_campaign_endpoint


class CampaignCache:
    """Parsed campaigns, kept as long as their row is word for word the same, beside the strategy files that they may name.
    Used by one thread at a time."""

    def __init__(self, book: Callable[[], StrategyBook] = lambda: NO_BOOK) -> None:
        self._book = book
        self._parsed: dict[str, tuple[tuple[object, ...], Campaign]] = {}

    @property
    def book(self) -> StrategyBook:
        """The strategy files as they are now."""
        return self._book()

    def find(self, connection: sqlite3.Connection, campaign_id: str) -> Campaign | None:
        """The campaign as it is in the database now."""
        row = connection.execute(SQL["campaign"], {"campaign_id": campaign_id}).fetchone()
        if row is None:
            return None
        words = tuple(row)
        known = self._parsed.get(campaign_id)
        if known is None or known[0] != words:
            known = self._parsed[campaign_id] = (words, campaign_of(row))
        return known[1]

    def required(self, connection: sqlite3.Connection, campaign_id: str) -> Campaign:
        """The same; StoreError when there is none."""
        campaign = self.find(connection, campaign_id)
        if campaign is None:
            raise StoreError(f"campaign {campaign_id}: there is no such campaign")
        return campaign


def put_campaign(connection: sqlite3.Connection, campaign: Campaign) -> tuple[bool, int]:
    """See ``Store.put_campaign``; and how many changes, broken off ones included, call for asking its accounts again."""
    params = campaign_params(campaign)
    row = connection.execute(SQL["campaign"], {"campaign_id": campaign.campaign_id}).fetchone()
    if row is None:
        connection.execute(SQL["put_campaign"], params)
        put_campaign_endpoint(connection, campaign.campaign_id, campaign.webhook)
        return True, 0
    if row["status"] != CampaignStatus.RUNNING.value and campaign.status is CampaignStatus.RUNNING:
        params["status"] = row["status"]
    changed = dict(row) != params
    if changed:
        connection.execute(SQL["put_campaign"], params)
        put_campaign_endpoint(connection, campaign.campaign_id, campaign.webhook)
        connection.execute(SQL["campaign_changed"], {"campaign_id": campaign.campaign_id})
    found = connection.execute(SQL["campaign_to_ask"], {"campaign_id": campaign.campaign_id}).fetchone()
    return changed, int(found["to_ask"])


def asked_again(connection: sqlite3.Connection, campaign_id: str, changes: int) -> None:
    """Every account of a campaign was asked again after so many changes; a change that came meanwhile stays to do."""
    connection.execute(SQL["campaign_asked"], {"campaign_id": campaign_id, "to_ask": changes})


def set_campaign_status(connection: sqlite3.Connection, campaign_id: str, status: CampaignStatus) -> bool:
    """See ``Store.set_campaign_status``."""
    params = {"campaign_id": campaign_id, "status": status.value}
    return connection.execute(SQL["set_campaign_status"], params).rowcount > 0


def is_stopped(connection: sqlite3.Connection, campaign_id: str) -> bool:
    """Whether there is such a campaign and it is not running."""
    row = connection.execute(SQL["campaign"], {"campaign_id": campaign_id}).fetchone()
    return row is not None and row["status"] != CampaignStatus.RUNNING.value


def rearm_part(connection: sqlite3.Connection, campaign_id: str, after: int, upto: int) -> int:
    """Ask again what was refused or moved, of the campaign's accounts with ids in (``after``, ``upto``]."""
    asked = {"campaign_id": campaign_id, "after": after, "upto": upto}
    return connection.execute(SQL["rearm_part"], asked).rowcount


def all_campaigns(connection: sqlite3.Connection) -> list[Campaign]:
    """Every campaign, by id."""
    return [campaign_of(row) for row in connection.execute(SQL["campaigns"]).fetchall()]


def last_plan(connection: sqlite3.Connection) -> int:
    """The highest id of an account in a campaign."""
    found: int = connection.execute(SQL["last_plan"]).fetchone()["id"]
    return found


def ask_rules_again(connection: sqlite3.Connection, after: int, upto: int, *, moved: bool) -> int:
    """See ``Store.ask_rules_again``: the part of it with ids in (``after``, ``upto``]."""
    asked = {"after": after, "upto": upto, "moved": moved}
    return connection.execute(SQL["rearm_rules"], asked).rowcount
