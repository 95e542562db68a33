"""What the ledger makes of the plan of a bill, written down with its events; every move of a plan goes through here."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from ari_app.domain.call_result import PlanKind
from ari_app.domain.debt.ledger import LedgerEntry
from ari_app.domain.debt.plan import (
    NEXT,
    Instalment,
    InstalmentState,
    PlanStanding,
    PlanState,
    PlanTerms,
    plan_standing,
)
from ari_app.domain.debt.plan_words import plan_words
from ari_app.errors import StoreError
from ari_app.store.codec import amount, instant, minor_units, plain
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL

#: What webhooks are told of a plan that comes into a state; of ``awaiting_approval`` and ``approved`` once each.
TOLD: Mapping[PlanState, str] = {
    PlanState.REQUESTED: "collection.plan.requested",
    PlanState.APPROVED: "collection.plan.approved",
    PlanState.REJECTED: "collection.plan.rejected",
    PlanState.ACTIVE: "collection.plan.activated",
    PlanState.COMPLETED: "collection.plan.completed",
    PlanState.BREACHED: "collection.plan.breached",
    PlanState.CANCELLED: "collection.plan.cancelled",
}
#: After these the bill is collected again.
_RESUME = frozenset({PlanState.BREACHED, PlanState.REJECTED})
MISSED = "collection.plan.instalment_missed"
_MINUTE = 60_000_000
LEDGER = "ledger"
CLOCK = "clock"


def settle_plan(
    connection: sqlite3.Connection,
    account: int,
    entries: Sequence[LedgerEntry],
    settled_at: datetime | None,
    today: date,
    day_begins: Callable[[date], datetime],
    now: int,
) -> PlanStanding | None:
    """Work out anew where the plans of a bill stand, and write what has changed; the standing of the one that was begun
    last, None where none was. ``today`` is the day where the customer lives."""
    _overtaken(connection, account, settled_at, today, now)
    row = connection.execute(SQL["plan_by_ledger"], {"account": account}).fetchone()
    if row is None:
        return None
    terms = terms_of(connection, row)
    found = plan_standing(terms, entries, settled_at, instant(now), day_begins)
    subject = f"{row['plan_id']}+{len(entries)}"
    before = PlanState(row["state"])
    known = [each["state"] for each in _instalments(connection, row)]
    for position, standing in enumerate(found.instalments, 1):
        written = connection.execute(
            SQL["move_instalment"],
            {
                "plan_id": row["plan_id"],
                "position": position,
                "state": standing.state.value,
                "covered_minor": minor_units(standing.covered),
                "now": now,
            },
        )
        missed = standing.state is InstalmentState.LATE and known[position - 1] != standing.state
        if (
            written.rowcount
            and missed
            and before is PlanState.ACTIVE
            and found.state is not PlanState.COMPLETED
        ):
            fields = _fields(row) | {
                "instalment": position,
                "amount": float(standing.instalment.amount),
                "covered": float(standing.covered),
                "day": standing.instalment.day.isoformat(),
            }
            tell(connection, account, MISSED, f"{subject}+{position}", fields, now)
    connection.execute(
        SQL["plan_covered"], {"plan_id": row["plan_id"], "covered_minor": minor_units(found.covered)}
    )
    if found.state is not before:
        # A plan that another one has followed keeps its end; only one runs at a time.
        move_plan(connection, row, found.state, _why(found), LEDGER, now, subject=subject)
        if found.state is PlanState.COMPLETED and settled_at is None:
            resume(
                connection, account, now
            )  # the rest of a bill of which something was waived, or more was stated since
    return found


def _overtaken(
    connection: sqlite3.Connection, account: int, settled_at: datetime | None, today: date, now: int
) -> None:
    """A plan that still waits, although nothing is owed any more or its first day has passed, waits in vain."""
    row = connection.execute(SQL["plan_waiting"], {"account": account}).fetchone()
    if row is None:
        return
    schedule = terms_of(connection, row).schedule
    if settled_at is not None:
        move_plan(connection, row, PlanState.CANCELLED, "nothing is owed any more", LEDGER, now)
    elif schedule and schedule[0].day < today:
        why = "its first day has passed before it began"
        move_plan(connection, row, PlanState.CANCELLED, why, CLOCK, now)


def _why(found: PlanStanding) -> str:
    match found.state:
        case PlanState.BREACHED:
            return f"instalment {found.missed} was not paid within its days of grace"
        case PlanState.COMPLETED:
            return "everything is paid"
        case _:
            return "what was paid has changed"


def terms_of(connection: sqlite3.Connection, row: sqlite3.Row) -> PlanTerms:
    """What was agreed, of a row of ``plan_case``."""
    schedule = tuple(
        Instalment(date.fromisoformat(each["day"]), amount(each["amount_minor"]))
        for each in _instalments(connection, row)
    )
    return PlanTerms(instant(row["sum_at"]), schedule, row["grace_days"])


def _instalments(connection: sqlite3.Connection, row: sqlite3.Row) -> list[sqlite3.Row]:
    return connection.execute(SQL["plan_instalments"], {"plan_id": row["plan_id"]}).fetchall()


def move_plan(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    to: PlanState,
    why: str,
    by: str,
    now: int,
    *,
    subject: str = "",
    replaced: bool = False,
) -> None:
    """Bring a plan into another state, with its step and its event; ``replaced`` by another one, it lets nothing begin
    again. Raises StoreError for a move that no plan makes."""
    before = PlanState(row["state"])
    if to not in NEXT[before]:
        raise StoreError(f"plan {row['plan_id']}: it is {before}, and no plan becomes {to} then")
    asked = {
        "plan_id": row["plan_id"],
        "before": before.value,
        "state": to.value,
        "why": plain(why),
        "now": now,
    }
    if connection.execute(SQL["move_plan"], asked).rowcount != 1:
        raise StoreError(f"plan {row['plan_id']}: it is not {before} any more")
    record_step(connection, row, to, why, by, now, subject)
    # What the plan has kept away may be asked again: another rule decides now.
    connection.execute(SQL["rearm_plan"], {"account": row["account"]})
    if to in _RESUME or (to is PlanState.CANCELLED and not replaced):
        resume(connection, row["account"], now)


def resume(connection: sqlite3.Connection, account: int, now: int) -> None:
    """Collection of a bill goes on, also where a call had ended it because something was agreed."""
    # A minute on, so that it is planned again before it is called.
    connection.execute(SQL["reopen_agreed"], {"account": account, "at": now + _MINUTE})
    connection.execute(SQL["replan"], {"account": account})


def record_step(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    state: PlanState,
    why: str,
    by: str,
    now: int,
    subject: str = "",
) -> None:
    """Write down that a plan has come into a state, and tell who wants to know."""
    step = {"plan_id": row["plan_id"], "state": state.value, "now": now, "by": plain(by), "why": plain(why)}
    connection.execute(SQL["add_plan_step"], step)
    event = TOLD.get(state)
    if event is not None:
        fields = _fields(row) | {"state": state.value, "by": by, "why": why or None}
        tell(
            connection, row["account"], event, subject or row["plan_id"], fields, now, _words(connection, row)
        )


def _words(connection: sqlite3.Connection, row: sqlite3.Row) -> dict[str, str]:
    """The terms of a plan in the customer's language, for a message that follows its event."""
    language = connection.execute(SQL["language_of"], {"account": row["account"]}).fetchone()["language"]
    schedule = terms_of(connection, row).schedule
    waived = amount(row["waived_minor"])
    return {"plan": plan_words(PlanKind(row["kind"]), schedule, waived, row["currency"], language)}


def _fields(row: sqlite3.Row) -> dict[str, object]:
    return {
        "planId": row["plan_id"],
        "plan": {
            "type": row["kind"],
            "amount": float(amount(row["amount_minor"])),
            "fee": float(amount(row["fee_minor"])),
            "waived": float(amount(row["waived_minor"])),
        },
    }
