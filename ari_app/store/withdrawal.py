"""Calls on their way, asked again when something has changed that may forbid them."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

from ari_app.domain.compliance import Decide, DialVerdict, Rule
from ari_app.domain.withdrawal import as_when_dialled, withdraws
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import instant_or_none, micros
from ari_app.store.facts import facts_of
from ari_app.store.gate import refused, store_verdict
from ari_app.store.queries import SQL
from ari_app.store.rivals import standing_row


def revision(connection: sqlite3.Connection) -> int:
    """See ``Store.revision``."""
    found: int = connection.execute(SQL["revision"]).fetchone()["number"]
    return found


def withdrawn(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    attempt_ids: Sequence[str],
    now: datetime,
    decide: Decide,
) -> dict[str, DialVerdict]:
    """The open, unanswered ones of the attempts that a verdict of now takes back; only reads."""
    found: dict[str, DialVerdict] = {}
    for attempt_id in attempt_ids:
        attempt = connection.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
        if attempt is None or attempt["ended_at"] is not None or attempt["answered_at"] is not None:
            continue
        row = standing_row(connection, attempt["campaign_account"])
        campaign = campaigns.required(connection, row["campaign_id"])
        facts = facts_of(connection, row, campaign, micros(now), attempt["phone"], book=campaigns.book)
        facts = as_when_dialled(
            facts,
            instant_or_none(attempt["dialled_at"]),
            has_caller_id=attempt["caller_id"] in facts.campaign.dialler.caller_id_pool,
        )
        verdict = decide(facts, now)
        if verdict.allowed and facts.account.phone != attempt["phone"]:
            verdict = refused(
                verdict, Rule.NUMBER_DEAD, "the account's number has changed since the attempt was reserved"
            )
        if withdraws(verdict):
            found[attempt_id] = verdict
    return found


def record_withdrawn(connection: sqlite3.Connection, found: Mapping[str, DialVerdict], now: datetime) -> None:
    """Store the verdicts that took calls back, so that ``explain`` can tell why."""
    for attempt_id, verdict in found.items():
        attempt = connection.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
        row = standing_row(connection, attempt["campaign_account"])
        verdict_id = store_verdict(connection, row, verdict, "dial", attempt_id, micros(now))
        connection.execute(
            SQL["dial_refused"], {"campaign_account": row["campaign_account"], "verdict": verdict_id}
        )
