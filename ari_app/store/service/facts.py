"""What is known of a service, gathered from the bills of its account, its calls and its promises."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.ledger import settling_entry
from ari_app.domain.service.state import (
    PLAIN_SPAN,
    STALE,
    WARNING_SPAN,
    Notice,
    ServiceFacts,
    ServiceState,
)
from ari_app.domain.triggers import SUSPENSION_HOUR
from ari_app.domain.windows import local_instant
from ari_app.store.codec import amount, instant, micros
from ari_app.store.debt.ledger import ledger_of
from ari_app.store.queries import SQL


@dataclass(frozen=True, slots=True)
class Settled:
    """With what nothing was owed any more (or is asked for, ``by_plan``): ``cause`` names it for good, ``at`` is when it
    happened."""

    cause: str
    at: datetime
    by_plan: bool = False


@dataclass(frozen=True, slots=True)
class Bills:
    """The bills of an account, as far as its service hangs on them."""

    rows: tuple[sqlite3.Row, ...]
    now: datetime

    @property
    def that_count(self) -> tuple[sqlite3.Row, ...]:
        """Bills that are due, or that a suspension is announced for; all where there are none such."""
        found = tuple(
            row
            for row in self.rows
            if row["due_date"] <= _day(row, self.now).isoformat() or row["suspension_on"] is not None
        )
        return found or self.rows

    @property
    def owed(self) -> Decimal:
        return amount(sum(row["amount_minor"] for row in self.that_count))

    @property
    def listed(self) -> str:
        """What the lists say: suspended where they say so of one bill, active, or nothing."""
        said = {row["service_state"] for row in self.rows}
        return next((word for word in ("suspended", "active") if word in said), "")

    def suspension(self) -> tuple[int, datetime] | None:
        """The bill with the suspension that comes next, or came last, and its instant."""
        found = sorted(
            (at, row["id"])
            for row in self.rows
            if row["amount_minor"] > 0 and (at := _suspends_at(row)) is not None
        )
        if not found:
            return None
        at, account = next((each for each in found if each[0] > self.now - STALE), found[-1])
        return account, at

    def planned(self, connection: sqlite3.Connection) -> Settled | None:
        """The plans that are being kept to, where each bill that is still owed has one: the last of them."""
        last: Settled | None = None
        for row in self.that_count:
            if row["amount_minor"] <= 0:
                continue
            plan = connection.execute(SQL["plan_that_runs"], {"account": row["id"]}).fetchone()
            if plan is None:
                return None
            at = instant(plan["activated_at"])
            if last is None or at >= last.at:
                last = Settled(f"plan {plan['plan_id']}", at, by_plan=True)
        return last

    def settled(self, connection: sqlite3.Connection) -> Settled | None:
        """The last movement or statement after which nothing was owed, or the plan that is being kept to; None while
        neither is."""
        if self.owed > 0:
            return self.planned(connection)
        last: tuple[datetime, Settled] | None = None
        for row in self.that_count:
            stated_at = instant(row["stated_at"])
            entry = settling_entry(amount(row["stated_minor"]), stated_at, ledger_of(connection, row["id"]))
            if entry is None:  # the list says that nothing is owed
                found = (stated_at, Settled(f"statement {row['stated_at']}", stated_at))
            else:
                found = (entry.at, Settled(entry.entry_id, min(entry.at, entry.occurred_at)))
            if last is None or found[0] >= last[0]:
                last = found
        return None if last is None else last[1]


def bills_of(connection: sqlite3.Connection, customer_id: str, account_id: str, now: int) -> Bills:
    """The bills of an account of a customer."""
    asked = {"customer_id": customer_id, "account_id": account_id}
    return Bills(tuple(connection.execute(SQL["bills_of_service"], asked).fetchall()), instant(now))


def facts_of_service(
    connection: sqlite3.Connection,
    customer_id: str,
    account_id: str,
    state: ServiceState,
    bills: Bills,
) -> ServiceFacts:
    """The facts by which a suspension is decided."""
    key = {"customer_id": customer_id, "account_id": account_id}
    found = bills.suspension()
    at = None if found is None else found[1]
    return ServiceFacts(
        state=state,
        owed=bills.owed,
        suspends_at=at,
        warnings=() if at is None else _notices(connection, key, at),
        planned=bills.planned(connection) is not None,
        disputed=connection.execute(SQL["service_disputed"], key).fetchone() is not None,
        promised=connection.execute(SQL["service_promised"], key).fetchone() is not None,
    )


def _notices(
    connection: sqlite3.Connection, key: dict[str, str], suspends_at: datetime
) -> tuple[Notice, ...]:
    asked = {
        **key,
        "first": micros(suspends_at - WARNING_SPAN),
        "late": micros(suspends_at - PLAIN_SPAN),
        "last": micros(suspends_at),
    }
    calls = [
        Notice(
            instant(row["dialled_at"]),
            "call",
            row["attempt_id"],
            row["answered_at"] is not None and bool(row["verified"]),
        )
        for row in connection.execute(SQL["calls_that_warned"], asked).fetchall()
    ]
    messages = [
        Notice(instant(row["contact_at"]), row["channel"], row["message_id"], row["state"] == "delivered")
        for row in connection.execute(SQL["messages_that_warned"], asked).fetchall()
    ]
    return tuple(sorted((*calls, *messages), key=lambda each: (each.at, each.reference)))


def _day(row: sqlite3.Row, now: datetime) -> date:
    return now.astimezone(zone_of(row["timezone"]) or UTC).date()


def _suspends_at(row: sqlite3.Row) -> datetime | None:
    if row["suspension_on"] is None:
        return None
    at = time(SUSPENSION_HOUR) if row["suspension_at"] is None else time.fromisoformat(row["suspension_at"])
    day = date.fromisoformat(row["suspension_on"])
    try:
        return local_instant(day, at.hour * 60 + at.minute, zone_of(row["timezone"]) or UTC)
    except OverflowError:  # a day at the end of the calendar is no announcement
        return None
