"""How accounts stand and what the last hours were like, as the rules of alerts ask for it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from ari_app.domain.alerts.rules import (
    About,
    Figure,
    Measure,
    MeasureSource,
    Standing,
    StandingSource,
    named,
)
from ari_app.store.alerts.raising import Cause
from ari_app.store.codec import micros, minor_units
from ari_app.store.queries import SQL

#: Accounts that are read at a time.
PAGE: Final = 5000
WHOLE: Final = "*"


def standing_accounts(
    connection: sqlite3.Connection, source: StandingSource, about: About, now: datetime, zone: tzinfo
) -> Iterator[Cause]:
    """A cause for each account that stands as a rule says."""
    today = now.astimezone(zone).date()
    asked: dict[str, object] = {
        "limit": PAGE,
        "amount_minor": minor_units(Decimal(str(source.amount))),
        "today": today.isoformat(),
        "until": (now + timedelta(hours=source.hours)).astimezone(zone).date().isoformat(),
        "since": (today - timedelta(days=source.days)).isoformat(),
        "score": source.score,
    }
    after = 0
    while True:
        rows = connection.execute(_query(source.standing), {**asked, "after": after}).fetchall()
        for row in rows:
            names = (row["customer_id"], row["account_id"], row["bill_id"])
            subject = row["customer_id"] if about is About.CUSTOMER else "/".join(names)
            yield Cause(subject, account=row["id"], holds=True)
        if len(rows) < PAGE:
            return
        after = rows[-1]["id"]


def _query(standing: Standing) -> str:
    match standing:
        case Standing.HIGH_RISK:
            return SQL["accounts_high_risk"]
        case Standing.HIGH_AMOUNT:
            return SQL["accounts_high_amount"]
        case Standing.PRE_SUSPENSION:
            return SQL["accounts_pre_suspension"]
        case Standing.EARLY_WARNING:
            return SQL["accounts_early_warning"]
        case Standing.OVERDUE:
            return SQL["accounts_overdue"]
        case Standing.LOW_SCORE:
            return SQL["accounts_low_score"]


def figures(
    connection: sqlite3.Connection, source: MeasureSource, since: datetime, before: datetime
) -> dict[str, Figure]:
    """The figure of a window for each campaign, or under ``*`` for all of them together."""
    asked = {"since": micros(since), "before": micros(before)}
    hits: dict[str, int] = defaultdict(int)
    cases: dict[str, int] = defaultdict(int)
    for campaign, hit, of in _counted(connection, source, asked):
        where = (campaign or WHOLE) if source.per_campaign else WHOLE
        hits[where] += hit
        cases[where] += of
    return {where: Figure(hits[where], cases[where]) for where in cases}


def _counted(
    connection: sqlite3.Connection, source: MeasureSource, asked: dict[str, int]
) -> Iterator[tuple[str | None, int, int]]:
    match source.measure:
        case Measure.ANSWER_RATE | Measure.COMPLAINT_RATE | Measure.ABANDON_RATE:
            hit, of = {
                Measure.ANSWER_RATE: ("answered", "dialled"),
                Measure.COMPLAINT_RATE: ("complaints", "answered"),
                Measure.ABANDON_RATE: ("abandoned", "answered"),
            }[source.measure]
            for row in connection.execute(SQL["measure_attempts"], asked):
                yield row["campaign_id"], row[hit], row[of]
        case Measure.UNCLEAR_SPEECH_RATE:
            for row in connection.execute(SQL["measure_speech"], asked):
                yield row["campaign_id"], row["unclear"], row["said"]
        case Measure.REFUSED_RATE:
            for row in connection.execute(SQL["measure_verdicts"], asked):
                yield row["campaign_id"], row["refused"], row["asked"]
        case Measure.PROMISE_KEEPING_RATE:
            for row in connection.execute(SQL["measure_promises"], asked):
                yield None, row["kept"], row["ended"]
        case Measure.EVENTS:
            for row in connection.execute(SQL["measure_events"], asked):
                if named(source.events, row["event"]):
                    yield row["campaign_id"], row["found"], row["found"]
