"""The protocol of ``ports.alerts.Alerts`` on SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Final

from ari_app.domain.alerts.alert import AlertState, Severity, Signal, refusal
from ari_app.domain.alerts.rules import (
    AlertBook,
    AlertRule,
    EventSource,
    Figure,
    MeasureSource,
    StandingSource,
    fits,
    judge,
    named,
    subject_of,
)
from ari_app.ports.alerts import (
    AlertCount,
    AlertFilter,
    AlertRecord,
    AlertStory,
    DueNotice,
    HandRaised,
    Moved,
)
from ari_app.store.alerts.figures import WHOLE, figures, standing_accounts
from ari_app.store.alerts.raising import (
    MACHINE,
    Cause,
    gone,
    move,
    raise_alert,
    raise_by_hand,
    write,
)
from ari_app.store.alerts.rows import alert_of, due_of, entry_of, notice_of, record_of
from ari_app.store.codec import micros, micros_or_none, plain
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Alerts that are raised or closed in one write transaction.
PART: Final = 25
#: Alerts that one rule raises in one sweep; what is left is raised by the next.
MOST_RAISED: Final = 2000
#: Events of alerts themselves raise none.
_OWN: Final = "alert."


class SqliteAlerts:
    """See ``ports.alerts.Alerts``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def read_events(self, book: AlertBook, now: datetime, most: int = 500) -> int:
        waiting = await self._readers.run(lambda db: _new_events(db, 1))
        if not waiting:
            return 0  # without a write transaction, for it is asked every few seconds
        return await self._writer.run(partial(read_events, book=book, now=micros(now), most=most))

    async def sweep(self, book: AlertBook, now: datetime, zone: tzinfo) -> int:
        raised = 0
        for rule in book.rules:
            if isinstance(rule.source, EventSource):
                continue
            causes, over = await self._readers.run(
                partial(_look, rule=rule, source=rule.source, now=now, zone=zone)
            )
            for first in range(0, min(len(causes), MOST_RAISED), PART):
                part = causes[first : first + PART]
                raised += await self._writer.run(
                    partial(_raise_all, book=book, rule=rule, causes=part, now=micros(now))
                )
            for first in range(0, len(over), PART):
                ended = over[first : first + PART]
                await self._writer.run(partial(_end_all, book=book, rule=rule, alerts=ended, now=micros(now)))
        return raised

    async def escalate(self, book: AlertBook, now: datetime) -> int:
        moved = 0
        while True:
            found = await self._writer.run(partial(_escalate, book=book, now=micros(now)))
            moved += found
            if found < PART:
                return moved

    async def signal(
        self, alert_id: str, signal: Signal, by: str, text: str, book: AlertBook, now: datetime
    ) -> Moved:
        def run(connection: sqlite3.Connection) -> Moved:
            row = connection.execute(SQL["alert"], {"alert_id": alert_id}).fetchone()
            if row is None:
                return Moved(None, "there is no such alert")
            refused = refusal(alert_of(row), signal)
            if refused:
                return Moved(record_of(row, now), refused)
            move(connection, book, row, signal, by, text, micros(now))
            after = connection.execute(SQL["alert"], {"alert_id": alert_id}).fetchone()
            return Moved(record_of(after, now))

        return await self._writer.run(run)

    async def raise_by_hand(self, wish: HandRaised, book: AlertBook, now: datetime) -> AlertRecord | None:
        return await self._writer.run(partial(raise_by_hand, wish=wish, book=book, now=now))

    async def alerts(self, wanted: AlertFilter, now: datetime) -> list[AlertRecord]:
        asked = {
            "closed": int(wanted.closed),
            "overdue": int(wanted.overdue),
            "severity": None if wanted.severity is None else wanted.severity.value,
            "rule": wanted.rule,
            "limit": wanted.limit,
            "now": micros(now),
        }
        rows = await self._readers.run(lambda db: db.execute(SQL["alerts"], asked).fetchall())
        return [record_of(row, now) for row in rows]

    async def story(self, alert_id: str, now: datetime) -> AlertStory | None:
        asked = {"alert_id": alert_id}

        def read(connection: sqlite3.Connection) -> AlertStory | None:
            row = connection.execute(SQL["alert"], asked).fetchone()
            if row is None:
                return None
            entries = connection.execute(SQL["alert_records"], asked).fetchall()
            notices = connection.execute(SQL["alert_notices"], asked).fetchall()
            return AlertStory(
                record_of(row, now), tuple(map(entry_of, entries)), tuple(map(notice_of, notices))
            )

        return await self._readers.run(read)

    async def counts(self, now: datetime) -> Mapping[Severity, AlertCount]:
        asked = {"now": micros(now)}
        rows = await self._readers.run(lambda db: db.execute(SQL["alert_counts"], asked).fetchall())
        found = {Severity(row["severity"]): AlertCount(row["open"], row["overdue"] or 0) for row in rows}
        return {severity: found.get(severity, AlertCount()) for severity in Severity}

    async def due_notices(self, now: datetime, most: int = 50) -> Sequence[DueNotice]:
        asked = {"now": micros(now), "limit": most}
        rows = await self._readers.run(lambda db: db.execute(SQL["due_notices"], asked).fetchall())
        return [due_of(row) for row in rows]

    async def told(self, notice: DueNotice, receipt: str, now: datetime) -> None:
        asked = {"id": notice.id, "receipt": plain(receipt)[:500], "now": micros(now)}

        def run(connection: sqlite3.Connection) -> None:
            if connection.execute(SQL["notice_sent"], asked).rowcount:
                text = f"{notice.person}: {receipt}"
                write(connection, notice.alert_id, MACHINE, "told", text, micros(now))

        await self._writer.run(run)

    async def not_told(self, notice: DueNotice, why: str, again_at: datetime | None, now: datetime) -> None:
        asked = {"id": notice.id, "receipt": plain(why)[:500], "next_at": micros_or_none(again_at)}

        def run(connection: sqlite3.Connection) -> None:
            if connection.execute(SQL["notice_failed"], asked).rowcount and again_at is None:
                text = f"{notice.person}: {why}"
                write(connection, notice.alert_id, MACHINE, "not_told", text, micros(now))

        await self._writer.run(run)


# ------------------------------------------------------------------------------------------- events


def _new_events(connection: sqlite3.Connection, limit: int) -> list[sqlite3.Row]:
    cursor = connection.execute(SQL["alert_cursor"]).fetchone()["event"]
    return connection.execute(SQL["events_after"], {"event": cursor, "limit": limit}).fetchall()


def read_events(connection: sqlite3.Connection, book: AlertBook, now: int, most: int) -> int:
    """See ``Alerts.read_events``."""
    rows = _new_events(connection, most)
    for row in rows:
        if row["event"].startswith(_OWN):
            continue
        payload = json.loads(row["payload"])
        for rule in book.rules:
            _read(connection, book, rule, row, payload, now)
    if rows:
        connection.execute(SQL["move_alert_cursor"], {"event": rows[-1]["id"]})
    return len(rows)


def _read(
    connection: sqlite3.Connection,
    book: AlertBook,
    rule: AlertRule,
    row: sqlite3.Row,
    payload: Mapping[str, object],
    now: int,
) -> None:
    subject = subject_of(rule.about, payload)
    if not subject:
        return
    if isinstance(rule.source, EventSource) and fits(rule.source, row["event"], payload):
        # Told to two campaigns of one account it is one cause: their keys differ in what stands before the first plus.
        occurrence = str(row["key"]).partition("+")[2] or row["key"]
        cause = Cause(subject, "", row["account"], row["campaign_id"], occurrence)
        raise_alert(connection, book, rule, cause, now)
    elif named(rule.closes_on, row["event"]):
        known = connection.execute(SQL["alert_standing"], {"rule": rule.name, "subject": subject}).fetchone()
        if known is not None and known["state"] != AlertState.CLOSED.value:
            move(connection, book, known, Signal.GONE, MACHINE, row["event"], now)


# ------------------------------------------------------------------------------------------- standings and figures


def _look(
    connection: sqlite3.Connection,
    rule: AlertRule,
    source: StandingSource | MeasureSource,
    now: datetime,
    zone: tzinfo,
) -> tuple[list[Cause], list[str]]:
    """What of a rule is to be raised, and which alerts have lost their cause."""
    holding = {
        row["subject"]: row["alert_id"]
        for row in connection.execute(SQL["alerts_holding"], {"rule": rule.name}).fetchall()
    }
    if isinstance(source, StandingSource):
        found = {
            cause.subject: cause for cause in standing_accounts(connection, source, rule.about, now, zone)
        }
        over = [alert for subject, alert in holding.items() if subject not in found]
    else:
        found, over = _measured(connection, source, holding, now)
    return [cause for subject, cause in found.items() if subject not in holding], over


def _measured(
    connection: sqlite3.Connection, source: MeasureSource, holding: Mapping[str, str], now: datetime
) -> tuple[dict[str, Cause], list[str]]:
    since = now - timedelta(hours=source.window_hours)
    present = figures(connection, source, since, now)
    past = figures(connection, source, since - timedelta(days=source.baseline_days), since)
    found: dict[str, Cause] = {}
    over: list[str] = []
    for where in {*present, *holding}:
        at_present, before = present.get(where, Figure(0, 0)), past.get(where, Figure(0, 0))
        verdict = judge(source, at_present, before)
        if verdict:
            campaign = None if where == WHOLE else where
            found[where] = Cause(where, _words(source, at_present, before), None, campaign, holds=True)
        elif verdict is False and where in holding:
            over.append(holding[where])
    return found, over


def _words(source: MeasureSource, now: Figure, before: Figure) -> str:
    hours = f"{source.window_hours:g} h"
    if now.hits == now.cases and source.events:
        return f"{now.hits} in {hours}"
    text = f"{now.value:.1%} of {now.cases} in {hours}"
    return text if source.drop is None and source.rise is None else f"{text}, before {before.value:.1%}"


def _raise_all(
    connection: sqlite3.Connection, book: AlertBook, rule: AlertRule, causes: Sequence[Cause], now: int
) -> int:
    return sum(raise_alert(connection, book, rule, cause, now) for cause in causes)


def _end_all(
    connection: sqlite3.Connection, book: AlertBook, rule: AlertRule, alerts: Sequence[str], now: int
) -> None:
    for alert_id in alerts:
        gone(connection, book, alert_id, rule.closes_itself, now)


def _escalate(connection: sqlite3.Connection, book: AlertBook, now: int) -> int:
    rows = connection.execute(SQL["alerts_to_look_at"], {"now": now, "limit": PART}).fetchall()
    for row in rows:
        chain = book.chain_of(row["rule"])
        level = row["level"] + 1
        if level >= len(chain):
            # The chain was shortened in the file: nobody is left to be told.
            connection.execute(SQL["alert_not_looked_at"], {"alert_id": row["alert_id"]})
            continue
        words = f"level {level}: {', '.join(chain[level].to + chain[level].copy)}"
        move(connection, book, row, Signal.OVERDUE, MACHINE, words, now)
    return len(rows)
