"""Where a bill stands, written down: what is owed, what became of its promises, and the events of both."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, date
from functools import partial

from ari_app.domain.aging import days_later
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.ledger import LedgerEntry
from ari_app.domain.debt.promise import Promise, PromiseStanding, PromiseState
from ari_app.domain.debt.settlement import DebtFacts, Settlement, midnight, settle
from ari_app.store.codec import amount, instant, micros, minor_units, plain
from ari_app.store.debt.breaches import count_breaches, promise_rule
from ari_app.store.debt.ledger import ledger_of
from ari_app.store.debt.plan_settlement import settle_plan
from ari_app.store.debt.promise_rows import promise_of_row
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.service.hook import after_settlement

#: Moves of a promise that webhooks are told of.
_TOLD = frozenset({PromiseState.KEPT, PromiseState.PARTLY_KEPT, PromiseState.BROKEN, PromiseState.WITHDRAWN})


def settle_account(connection: sqlite3.Connection, account: int, now: int) -> Settlement:
    """Work out anew where a bill stands at ``now`` (microseconds), and write what has changed with its events.

    Called in the transaction of every change of a ledger, a promise, a plan or a statement, and when the clock moves a
    promise on. Twice in a row, the second time changes nothing.
    """
    row = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    entries = ledger_of(connection, account)
    facts = DebtFacts(
        stated=amount(row["stated_minor"]),
        stated_at=instant(row["stated_at"]),
        zone=zone_of(row["timezone"]) or UTC,
        entries=entries,
        promises=promises_of_account(connection, account),
        grace_days=promise_rule(connection).grace_days,
    )
    found = settle(facts, instant(now))
    owed = minor_units(found.balance.owed)
    changed = connection.execute(SQL["owed"], {"account": account, "owed": owed}).rowcount > 0
    if changed and owed > row["amount_minor"]:
        connection.execute(SQL["rearm_owed"], {"account": account})
    moved = [each for each in found.promises if _move(connection, account, each, len(entries), now)]
    if moved:
        count_breaches(connection, row["customer_id"], now)
    begins = partial(midnight, zone=facts.zone)
    today = instant(now).astimezone(facts.zone).date()
    settle_plan(connection, account, entries, found.settled_at, today, begins, now)
    if changed and owed == 0 and entries:
        _tell_settled(connection, account, found, entries[-1], now)
    after_settlement(connection, account, now)
    return found


def promises_of_account(connection: sqlite3.Connection, account: int) -> tuple[Promise, ...]:
    """The promises of a bill, in the order of their days."""
    rows = connection.execute(SQL["promises_to_pay_of"], {"account": account}).fetchall()
    return tuple(promise_of_row(row) for row in rows)


def add_promises(
    connection: sqlite3.Connection,
    account: int,
    promises: Sequence[PromiseToPay],
    *,
    made_in: str,
    source: str,
    now: int,
    attempt_id: str | None = None,
) -> None:
    """Record the promises of one contact: ``made_in`` names it, and they are numbered from 1 within it."""
    added = 0
    for position, promise in enumerate(promises, 1):
        promise_id = f"{made_in}.{position}"
        written = connection.execute(
            SQL["add_promise_to_pay"],
            {
                "promise_id": promise_id,
                "account": account,
                "attempt_id": attempt_id,
                "made_in": made_in,
                "source": source,
                "amount_minor": minor_units(promise.amount),
                "currency": plain(promise.currency),
                "day": promise.date,
                "channel": plain(promise.channel),
                "confidence": promise.confidence,
                "now": now,
            },
        )
        added += written.rowcount
        if written.rowcount and source != "call":  # the end of a call tells more of it, by itself
            fields = {
                "promiseId": promise_id,
                "source": source,
                "ptp": {
                    "amount": float(promise.amount),
                    "date": promise.date,
                    "channel": promise.channel,
                    "confidence": promise.confidence,
                },
                "ptpNumber": position,
                "ptpCount": len(promises),
            }
            tell(connection, account, "collection.ptp.created", promise_id, fields, now)
    if added and source != "call":  # the end of a call plans what follows itself
        _put_off(connection, account, promises)


def _put_off(connection: sqlite3.Connection, account: int, promises: Sequence[PromiseToPay]) -> None:
    """Nobody asks before a promised day is over; then the next attempt is placed like that of a promise in a call."""
    zone = zone_of(connection.execute(SQL["debt_of"], {"account": account}).fetchone()["timezone"]) or UTC
    first = date.fromisoformat(min(each.date for each in promises))
    at = midnight(days_later(first, 1), zone)
    connection.execute(SQL["put_off"], {"account": account, "at": micros(at)})
    connection.execute(SQL["replan"], {"account": account})


def withdraw_promises(connection: sqlite3.Connection, account: int, why: str, now: int) -> None:
    """Nothing more is expected of the open promises of a bill, and its next attempt is planned as if there were none; nor
    of those that money has ended before their day, where it is taken back. The caller settles the account.
    """
    day = days_later(instant(now).date(), -1 - promise_rule(connection).grace_days)
    asked = {"account": account, "why": plain(why), "now": now, "day": day.isoformat()}
    gone = connection.execute(SQL["withdraw_promises"], asked).fetchall()
    if any(row["state"] in (PromiseState.OPEN, PromiseState.DUE) for row in gone):
        connection.execute(SQL["replan"], {"account": account})


def _move(
    connection: sqlite3.Connection, account: int, standing: PromiseStanding, entries: int, now: int
) -> bool:
    """Write where a promise stands; whether that has changed. A clock that was set back takes back no day that has gone."""
    promise = standing.promise
    moved = connection.execute(
        SQL["move_promise"],
        {
            "promise_id": promise.promise_id,
            "state": standing.state.value,
            "covered_minor": minor_units(standing.covered),
            "why": standing.why,
            "now": now,
        },
    )
    if not moved.rowcount or standing.state not in _TOLD:
        return moved.rowcount > 0
    fields = {
        "promiseId": promise.promise_id,
        "ptp": {"amount": float(promise.amount), "date": promise.day.isoformat()},
        "state": standing.state.value,
        "covered": float(standing.covered),
        "why": standing.why or None,
    }
    # The same facts never bring a promise into one state twice, so the number of movements makes each move one of its kind.
    subject = f"{promise.promise_id}+{entries}"
    tell(connection, account, f"collection.ptp.{standing.state.value}", subject, fields, now)
    return True


def _tell_settled(
    connection: sqlite3.Connection, account: int, found: Settlement, last: LedgerEntry, now: int
) -> None:
    sums = found.balance
    fields = {
        "paymentId": last.entry_id,
        "provider": last.provider,
        "paid": float(sums.paid - sums.reversed),
        "waived": float(sums.waived),
        "credited": float(sums.credited),
        "overpaid": float(sums.overpaid),
    }
    tell(connection, account, "payment.settled", last.entry_id, fields, now)
