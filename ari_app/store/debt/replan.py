"""The next attempt, planned again after a promise that did not come from a call, and after one that is expected no more."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from ari_app.domain.aging import days_later
from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.settlement import midnight
from ari_app.domain.placement import FollowUp, follow_up, promise_follow_ups
from ari_app.domain.retry import next_offset
from ari_app.domain.strategy_book import chosen_version
from ari_app.domain.triggers import next_call, promise_calls
from ari_app.domain.verdict import Refusal
from ari_app.ports.debt import NextAttempt
from ari_app.store.budget import spent
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import account_of, instant_or_none, micros
from ari_app.store.facts import facts_of
from ari_app.store.queries import SQL
from ari_app.store.strategies import MOST_FOLLOW_UPS, moments_of

#: Accounts planned again at a time.
PART = 50


def to_replan(
    connection: sqlite3.Connection, campaigns: CampaignCache, now: datetime, after: int
) -> list[NextAttempt]:
    """The waiting accounts whose next attempt is planned again, with the calls that their promises ask for. Only reads."""
    rows = connection.execute(SQL["to_replan"], {"after": after, "limit": PART}).fetchall()
    return [_next_attempt(connection, campaigns, row["id"], row["replan"], now) for row in rows]


def put_replanned(connection: sqlite3.Connection, wanted: NextAttempt, at: datetime) -> bool:
    """Plan an attempt; False where something has come between, so that it is looked at again."""
    asked = {"campaign_account": wanted.campaign_account, "replan": wanted.seen, "at": micros(at)}
    return connection.execute(SQL["replanned"], asked).rowcount == 1


def _next_attempt(
    connection: sqlite3.Connection, campaigns: CampaignCache, campaign_account: int, seen: int, now: datetime
) -> NextAttempt:
    row = connection.execute(SQL["standing_of"], {"campaign_account": campaign_account}).fetchone()
    campaign, account = campaigns.required(connection, row["campaign_id"]), account_of(row)
    zone, moments = zone_of(account.timezone) or UTC, moments_of(connection, campaign_account)
    if not moments.promised:
        used = spent(connection, row["campaign_id"], row["customer_id"])
        offset = next_offset(campaign.strategy, instant_or_none(used.first_at), used.dials)
        return NextAttempt(campaign_account, seen, (), max(now, offset or now))
    quiet_until = max(now, *(midnight(days_later(day, 1), zone) for day in moments.promised))
    if not campaign.strategy.file:
        facts = facts_of(connection, row, campaign, micros(now), book=campaigns.book)
        wanted = [each for day in moments.promised for each in promise_follow_ups(day, zone, now)]
        wanted.sort(key=lambda each: each.at)
        return NextAttempt(
            campaign_account, seen, tuple(FollowUp(each, facts) for each in wanted), quiet_until
        )
    chosen = chosen_version(
        campaigns.book, campaign.strategy.file, account.customer_id, account.details.region
    )
    if isinstance(chosen, Refusal):
        return NextAttempt(campaign_account, seen, (), quiet_until)
    steps = promise_calls(chosen.strategy, account, now, zone, moments)
    last = next_call(chosen.strategy, account, steps[-1].at, zone, moments) if steps else None
    follow_ups = tuple(
        FollowUp(follow_up(due), facts_of(connection, row, campaign, micros(due.at), book=campaigns.book))
        for due in (*steps[:MOST_FOLLOW_UPS], *(() if last is None else (last,)))
    )
    return NextAttempt(campaign_account, seen, follow_ups, quiet_until)
