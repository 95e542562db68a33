"""Raising an alert and moving it, each with its record, its notices and its event, in one transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from ari_app.domain.alerts.alert import Alert, AlertState, Chain, Signal, look_at, step
from ari_app.domain.alerts.rules import AlertBook, AlertRule, EventSource
from ari_app.ports.alerts import AlertRecord, HandRaised
from ari_app.store.alerts.rows import alert_of, record_of
from ari_app.store.codec import instant, micros, micros_or_none, plain
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.webhooks.events import add_event

#: Who writes into the record what no person has done.
MACHINE: Final = "ari-app"
#: The rule of alerts that no rule has raised; it tells the chain ``default``.
BY_HAND: Final = "by_hand"
#: Of what a person writes so much is kept.
LONGEST: Final = 2000
_RECORDED: Final[Mapping[Signal, str]] = {
    Signal.AGAIN: "again",
    Signal.ACKNOWLEDGE: "acknowledged",
    Signal.OVERDUE: "escalated",
    Signal.NOTE: "note",
    Signal.CONTACT: "contact",
    Signal.CLOSE: "closed",
    Signal.GONE: "gone",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """Why an alert is raised. ``occurrence`` tells one cause from the next; ``holds``: it lasts until it is seen gone."""

    subject: str
    detail: str = ""
    account: int | None = None
    campaign_id: str | None = None
    occurrence: str = ""
    holds: bool = False


def raise_alert(
    connection: sqlite3.Connection, book: AlertBook, rule: AlertRule, cause: Cause, now: int
) -> bool:
    """Raise an alert, or count its cause once more; True for a new one.

    A lasting cause that a person has dealt with is not raised again before it was gone.
    """
    known = connection.execute(
        SQL["alert_standing"], {"rule": rule.name, "subject": plain(cause.subject)}
    ).fetchone()
    if known is not None:
        repeated = cause.holds or (cause.occurrence != "" and known["occurrence"] == cause.occurrence)
        if known["state"] != AlertState.CLOSED.value and not repeated:
            move(connection, book, known, Signal.AGAIN, MACHINE, cause.detail, now, cause.occurrence)
        return False
    chain = book.chains.get(rule.chain, ())
    alert = Alert.raised(rule.severity, instant(now), rule.hours, rule.contact_hours)
    text = f"{rule.text}: {cause.detail}" if cause.detail else rule.text
    alert_id = f"al-{uuid4().hex}"
    fields: dict[str, object] = {
        "alert_id": alert_id,
        "rule": rule.name,
        "subject": plain(cause.subject),
        "severity": rule.severity.value,
        "text": plain(text)[:LONGEST],
        "account": cause.account,
        "campaign_id": cause.campaign_id,
        "holds": int(cause.holds),
        "occurrence": plain(cause.occurrence),
        "now": now,
        "ack_due": micros(alert.ack_due),
        "contact_due": micros_or_none(alert.contact_due),
        "look_at": micros_or_none(look_at(alert, chain)),
    }
    connection.execute(SQL["add_alert"], fields)
    _write(connection, alert_id, MACHINE, "raised", text, now)
    _notices(connection, book, chain, alert_id, 0, now)
    _tell(connection, alert_id, "alert.triggered", alert_id, now, {})
    return True


def raise_by_hand(
    connection: sqlite3.Connection, wish: HandRaised, book: AlertBook, now: datetime
) -> AlertRecord | None:
    """See ``Alerts.raise_by_hand``."""
    at, account = micros(now), None
    if wish.customer_id:
        row = connection.execute(SQL["account_of_customer"], {"customer_id": wish.customer_id}).fetchone()
        if row is None:
            return None
        account = row["id"]
    rule = AlertRule(
        BY_HAND, plain(wish.text), wish.severity, EventSource(()), contact_hours=wish.contact_hours
    )
    occurrence = uuid4().hex
    subject = wish.customer_id or f"by hand {occurrence[:12]}"
    raise_alert(connection, book, rule, Cause(subject, account=account, occurrence=occurrence), at)
    row = connection.execute(SQL["alert_standing"], {"rule": BY_HAND, "subject": plain(subject)}).fetchone()
    _write(connection, row["alert_id"], wish.by, "note", wish.text, at)
    return record_of(row, now)


def move(
    connection: sqlite3.Connection,
    book: AlertBook,
    row: sqlite3.Row,
    signal: Signal,
    by: str,
    text: str,
    now: int,
    occurrence: str = "",
) -> None:
    """Give a signal to an alert whose state knows it."""
    before, chain = alert_of(row), book.chain_of(row["rule"])
    alert = step(before, signal)
    closing = alert.state is AlertState.CLOSED and before.state is not AlertState.CLOSED
    connection.execute(
        SQL["move_alert"],
        {
            "alert_id": row["alert_id"],
            "state": alert.state.value,
            "count": alert.count,
            "level": alert.level,
            "look_at": micros_or_none(look_at(alert, chain)),
            "last_at": now if signal is Signal.AGAIN else row["last_at"],
            "occurrence": plain(occurrence) if signal is Signal.AGAIN else row["occurrence"],
            "taken_by": by if signal is Signal.ACKNOWLEDGE else row["taken_by"],
            "closed_at": now if closing else row["closed_at"],
            "closed_by": by if closing else row["closed_by"],
            "closed_why": plain(text)[:LONGEST] if closing else row["closed_why"],
        },
    )
    _write(connection, row["alert_id"], by, _RECORDED[signal], text, now)
    told: dict[str, object] = {"by": by}
    if signal is Signal.OVERDUE:
        level = chain[alert.level]
        _notices(connection, book, chain, row["alert_id"], alert.level, now)
        told = {"to": list(level.to), "copy": list(level.copy)}
        subject = f"{row['alert_id']}+{before.state.value}+{alert.level}"
        _tell(connection, row["alert_id"], "alert.escalated", subject, now, told)
    elif signal is Signal.ACKNOWLEDGE:
        _tell(connection, row["alert_id"], "alert.acknowledged", row["alert_id"], now, told)
    elif closing:
        told |= {"closedBy": signal.value, "why": plain(text)[:LONGEST] or None}
        _tell(connection, row["alert_id"], "alert.closed", row["alert_id"], now, told)


def gone(connection: sqlite3.Connection, book: AlertBook, alert_id: str, closes: bool, now: int) -> None:
    """The lasting cause of an alert is gone: it may be raised again, and is closed where its rule says so."""
    connection.execute(SQL["alert_gone"], {"alert_id": alert_id})
    row = connection.execute(SQL["alert"], {"alert_id": alert_id}).fetchone()
    if closes and row["state"] != AlertState.CLOSED.value:
        move(connection, book, row, Signal.GONE, MACHINE, "its cause is gone", now)


def _notices(
    connection: sqlite3.Connection, book: AlertBook, chain: Chain, alert_id: str, level: int, now: int
) -> None:
    if level >= len(chain):
        return
    told: set[str] = set()
    for people, copy in ((chain[level].to, 0), (chain[level].copy, 1)):
        for person in people:
            for address in book.people.get(person, ()):
                if address in told:
                    continue
                told.add(address)
                connection.execute(
                    SQL["add_alert_notice"],
                    {
                        "alert_id": alert_id,
                        "level": level,
                        "person": person,
                        "address": address,
                        "copy": copy,
                        "now": now,
                    },
                )


def _write(connection: sqlite3.Connection, alert_id: str, by: str, what: str, text: str, now: int) -> None:
    connection.execute(
        SQL["add_alert_record"],
        {
            "alert_id": alert_id,
            "by": plain(by)[:200],
            "what": what,
            "text": plain(text)[:LONGEST],
            "now": now,
        },
    )


write = _write


def _tell(
    connection: sqlite3.Connection,
    alert_id: str,
    event: str,
    subject: str,
    now: int,
    more: Mapping[str, object],
) -> None:
    row = connection.execute(SQL["alert"], {"alert_id": alert_id}).fetchone()
    fields: dict[str, object] = {
        "alertId": alert_id,
        "rule": row["rule"],
        "severity": row["severity"],
        "state": row["state"],
        "subject": row["subject"],
        "text": row["text"],
        "count": row["count"],
        "level": row["level"],
        "raisedAt": row["raised_at"] // 1_000_000,
        "ackDueAt": row["ack_due"] // 1_000_000,
        "contactDueAt": None if row["contact_due"] is None else row["contact_due"] // 1_000_000,
        **more,
    }
    if row["account"] is not None:
        tell(connection, row["account"], event, subject, fields, now)
        return
    campaign = row["campaign_id"]
    payload = {"event": event, "taskId": campaign, **fields, "timestamp": now // 1_000_000}
    add_event(connection, event, f"{campaign or ''}++{event}+{subject}", payload, now, campaign_id=campaign)
