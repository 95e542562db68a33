"""Rows of alerts as values, and back."""

from __future__ import annotations

import sqlite3
from datetime import datetime

from ari_app.domain.alerts.alert import Alert, AlertState, Severity
from ari_app.ports.alerts import AlertEntry, AlertNotice, AlertRecord, DueNotice
from ari_app.store.codec import instant, instant_or_none


def alert_of(row: sqlite3.Row) -> Alert:
    """What the rules of the trade need of an alert."""
    return Alert(
        severity=Severity(row["severity"]),
        raised_at=instant(row["raised_at"]),
        ack_due=instant(row["ack_due"]),
        contact_due=instant_or_none(row["contact_due"]),
        state=AlertState(row["state"]),
        level=row["level"],
        count=row["count"],
    )


def record_of(row: sqlite3.Row, now: datetime) -> AlertRecord:
    """The alert of a row as it stands at ``now``."""
    alert = alert_of(row)
    return AlertRecord(
        alert_id=row["alert_id"],
        rule=row["rule"],
        subject=row["subject"],
        severity=alert.severity,
        text=row["text"],
        state=alert.state,
        count=alert.count,
        raised_at=alert.raised_at,
        last_at=instant(row["last_at"]),
        ack_due=alert.ack_due,
        contact_due=alert.contact_due,
        level=alert.level,
        overdue=alert.overdue(now),
        campaign_id=row["campaign_id"] or "",
        taken_by=row["taken_by"],
        closed_at=instant_or_none(row["closed_at"]),
        closed_by=row["closed_by"],
        closed_why=row["closed_why"],
    )


def entry_of(row: sqlite3.Row) -> AlertEntry:
    return AlertEntry(instant(row["at"]), row["by"], row["what"], row["text"])


def notice_of(row: sqlite3.Row) -> AlertNotice:
    return AlertNotice(
        row["level"],
        row["person"],
        row["address"],
        bool(row["copy"]),
        row["state"],
        row["tries"],
        row["receipt"],
        instant_or_none(row["told_at"]),
    )


def due_of(row: sqlite3.Row) -> DueNotice:
    return DueNotice(
        id=row["id"],
        alert_id=row["alert_id"],
        level=row["level"],
        person=row["person"],
        address=row["address"],
        copy=bool(row["copy"]),
        tries=row["tries"],
        rule=row["rule"],
        severity=Severity(row["severity"]),
        text=row["text"],
        subject=row["subject"],
        count=row["count"],
        state=AlertState(row["state"]),
        raised_at=instant(row["raised_at"]),
        ack_due=instant(row["ack_due"]),
        contact_due=instant_or_none(row["contact_due"]),
    )
