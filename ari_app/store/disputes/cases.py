"""A dispute and the pause of collection are one: both begin and end in the same transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from uuid import uuid4

from ari_app.domain.compliance import zone_of
from ari_app.domain.contact_facts import Flag
from ari_app.domain.disputes.case import PAUSING, DisputeState, DisputeStep, step
from ari_app.domain.disputes.sla import DisputeTable
from ari_app.errors import UnknownRecord, WrongState
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import DisputeRecord, NewDispute, OpenedDispute
from ari_app.store.codec import instant, micros, plain, words
from ari_app.store.debt.plan_moves import cancel_plan
from ari_app.store.debt.settlement import settle_account, withdraw_promises
from ari_app.store.debt.telling import tell
from ari_app.store.disputes.rows import record_of
from ari_app.store.queries import SQL
from ari_app.store.standing_flags import set_flag

#: Why open promises and plans of a disputed bill end.
DISPUTED = "disputed"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class DisputedBill:
    """The row of the bill that a dispute is about."""

    account: int
    key: BillKey
    timezone: str


def open_case(
    connection: sqlite3.Connection,
    table: DisputeTable,
    bill: DisputedBill,
    claim: NewDispute,
    now: int,
    attempt_id: str | None = None,
) -> OpenedDispute:
    """See ``Disputes.open``. The same objection once more becomes a note of the case that is open."""
    asked = {"source": claim.source, "made_in": plain(claim.made_in)}
    told = connection.execute(SQL["dispute_made_in"], asked).fetchone()
    if told is not None:
        return OpenedDispute(told["case_id"], False, instant(told["due_at"]))
    by = plain(claim.by or claim.source)[:100]
    same = {"account": bill.account, "category": claim.category}
    known = connection.execute(SQL["dispute_case_under_way"], same).fetchone()
    if known is not None:
        row = required(connection, known["case_id"])
        note_step(connection, row["case_id"], "repeated", row["state"], by, claim.description, now)
        return OpenedDispute(row["case_id"], False, instant(row["due_at"]))
    terms, at = table.terms(claim.category), instant(now)
    zone = zone_of(bill.timezone) or UTC
    due_at = table.answer_by(claim.category, at, zone, claim.answer_days)
    case_id = f"dis-{uuid4().hex}"
    params = {
        **asked,
        **same,
        "case_id": case_id,
        "attempt_id": attempt_id,
        "description": plain(claim.description)[:_LONGEST],
        "offered": words(claim.offered),
        "state": DisputeState.OPEN.value,
        "team": terms.team,
        "escalation_team": terms.escalation,
        "answer_days": claim.answer_days,
        "by": by,
        "due_at": micros(due_at),
        "flag": _pause(connection, bill.key, case_id, attempt_id, now),
        "now": now,
    }
    connection.execute(SQL["add_dispute_case"], params)
    note_step(connection, case_id, "open", DisputeState.OPEN, by, "", now)
    _release(connection, bill.account, by, now)
    if terms.review:
        take(connection, case_id, DisputeStep.REVIEW, "ari-app", now, f"given to {terms.team}")
    _tell(connection, case_id, "opened", case_id, now, {"category": claim.category, "source": claim.source})
    return OpenedDispute(case_id, True, due_at)


def take(
    connection: sqlite3.Connection,
    case_id: str,
    taken: DisputeStep,
    by: str,
    now: int,
    note: str = "",
    *,
    team: str = "",
    assignee: str = "",
) -> DisputeState:
    """Take a step of the table; the state after it. Raises UnknownRecord and WrongState."""
    row = required(connection, case_id)
    state = following(row, taken)
    closed = state is DisputeState.CLOSED
    told = taken is DisputeStep.NOTIFY
    connection.execute(
        SQL["dispute_moved"],
        {
            "case_id": case_id,
            "state": state.value,
            "now": now,
            "team": plain(team or row["team"])[:60],
            "assignee": plain(assignee or ("" if team else row["assignee"]))[:100],
            "escalated_at": now if taken is DisputeStep.ESCALATE else row["escalated_at"],
            "notified_at": now if told else row["notified_at"],
            "notice_wanted": 0 if told or closed else row["notice_wanted"],
            "closed_at": now if closed else None,
            "closed_why": (plain(note)[:200] or taken.value) if closed else "",
        },
    )
    note_step(connection, case_id, taken.value, state, by, note, now)
    if DisputeState(row["state"]) in PAUSING and state not in PAUSING:
        lift(connection, row, now)
    if closed:
        if row["attempt_id"] is not None:
            connection.execute(SQL["dispute_claim_answered"], {"attempt_id": row["attempt_id"]})
        _tell(connection, case_id, "closed", case_id, now, {"withdrawn": taken is DisputeStep.WITHDRAW})
    return state


def escalate(connection: sqlite3.Connection, case_id: str, now: int) -> None:
    """The time for an answer has passed: another team works on it from now on."""
    row = required(connection, case_id)
    note = f"no answer by {instant(row['due_at']):%Y-%m-%dT%H:%MZ}"
    take(connection, case_id, DisputeStep.ESCALATE, "ari-app", now, note, team=row["escalation_team"])
    _tell(connection, case_id, "escalated", case_id, now, {"from": row["team"]})


def lift(connection: sqlite3.Connection, row: sqlite3.Row, now: int) -> None:
    """Take away the flag that the dispute of a row has set, where no other one rests on it; what it refused is planned
    again, and so is what had ended with a call that disputed the bill."""
    if connection.execute(SQL["disputes_under_way"], {"account": row["account"]}).fetchone() is None:
        connection.execute(SQL["reopen_disputed"], {"account": row["account"], "now": now})
    if row["flag"] is None:
        return
    asked = {"flag": row["flag"], "now": now, "source": f"dispute {row['case_id']}"}
    if connection.execute(SQL["clear_dispute_flag"], asked).rowcount:
        connection.execute(SQL["rearm_standing"], {"customer_id": row["customer_id"]})


def required(connection: sqlite3.Connection, case_id: str) -> sqlite3.Row:
    """The row of a dispute. Raises UnknownRecord."""
    row: sqlite3.Row | None = connection.execute(SQL["dispute_case"], {"case_id": plain(case_id)}).fetchone()
    if row is None:
        raise UnknownRecord(f"there is no dispute {case_id[:60]!r}")
    return row


def following(row: sqlite3.Row, taken: DisputeStep) -> DisputeState:
    """The state that follows by a step. Raises WrongState."""
    state = step(DisputeState(row["state"]), taken)
    if state is None:
        raise WrongState(f"dispute {row['case_id']} is {row['state']}: {taken.value} cannot follow")
    return state


def note_step(
    connection: sqlite3.Connection, case_id: str, what: str, state: str, by: str, note: str, now: int
) -> None:
    """One line of the history."""
    asked = {"case_id": case_id, "now": now, "step": what, "state": str(state), "by": plain(by)[:100]}
    connection.execute(SQL["add_dispute_step"], {**asked, "note": plain(note)[:_LONGEST]})


def tell_decided(connection: sqlite3.Connection, found: DisputeRecord, now: int) -> None:
    """The event of a decision."""
    fields = {
        "verdict": None if found.verdict is None else found.verdict.value,
        "corrected": None if found.corrected is None else float(found.corrected),
        "credited": float(found.credited),
        "decision": found.reason,
    }
    _tell(connection, found.case_id, "decided", found.case_id, now, fields)


def _tell(
    connection: sqlite3.Connection,
    case_id: str,
    what: str,
    subject: str,
    now: int,
    more: Mapping[str, object],
) -> None:
    row = required(connection, case_id)
    found = record_of(row)
    fields: dict[str, object] = {
        "disputeId": case_id,
        "state": found.state.value,
        "team": found.team,
        "answerBy": int(found.due_at.timestamp()),
        "attemptId": found.attempt_id,
        **more,
    }
    tell(connection, row["account"], f"collection.dispute.{what}", subject, fields, now)


def _release(connection: sqlite3.Connection, account: int, by: str, now: int) -> None:
    """Nobody is held to what he had agreed to about a bill that is in doubt: its promises and plans end."""
    withdraw_promises(connection, account, DISPUTED, now)
    settle_account(connection, account, now)
    for statement in (SQL["plan_waiting"], SQL["plan_active"]):
        plan = connection.execute(statement, {"account": account}).fetchone()
        if plan is not None:
            cancel_plan(connection, plan["plan_id"], by=by, why=DISPUTED, now=now)


def _pause(
    connection: sqlite3.Connection, bill: BillKey, case_id: str, attempt_id: str | None, now: int
) -> int | None:
    """Let collection of the account rest; the flag that the dispute is to lift, None where it is somebody else's."""
    asked = {"customer_id": bill.customer_id, "account_id": bill.account_id}
    found = connection.execute(SQL["dispute_flag"], asked).fetchone()
    if found is None:
        set_flag(
            connection,
            bill.customer_id,
            Flag.DISPUTE,
            f"dispute {case_id}",
            instant(now),
            account_id=bill.account_id,
            attempt_id=attempt_id,
        )
        found = connection.execute(SQL["dispute_flag"], asked).fetchone()
        return int(found["id"])
    flag = int(found["id"])
    by_this_call = attempt_id is not None and found["attempt_id"] == attempt_id
    by_a_dispute = connection.execute(
        SQL["dispute_flag_of_another"], {"flag": flag, "case_id": case_id}
    ).fetchone()
    return flag if by_this_call or by_a_dispute is not None else None
