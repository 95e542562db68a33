"""The protocol of ``ports.cases.Cases`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import uuid4

from ari_app.domain.cases.case import (
    CaseOutcome,
    CaseState,
    CaseStep,
    Commission,
    HandedTo,
    hand_over_refused,
    recovered_since,
    step,
)
from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.ledger import ZERO
from ari_app.errors import UnknownRecord, WrongState
from ari_app.ports.cases import CaseFigures, CaseRecord, CaseStepRecord, Dossier, FixedEvidence
from ari_app.ports.debt import BillKey
from ari_app.store.cases.dossier import read_dossier
from ari_app.store.cases.rows import case_of, figures_of, step_of
from ari_app.store.codec import amount, instant, micros, minor_units, plain, words
from ari_app.store.debt.bills import find_bill
from ari_app.store.debt.ledger import ledger_of
from ari_app.store.debt.telling import tell
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Cases that are opened or closed in one write transaction.
PART = 100
_WE = "ari-app"


class SqliteCases:
    """See ``ports.cases.Cases``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def open_due(self, day: int, now: datetime, limit: int) -> list[str]:
        # A day later than here somewhere on earth: how old a bill is, is asked in the zone of its customer.
        latest = (now + timedelta(days=1)).date() - timedelta(days=day)
        asked = {"day": latest.isoformat(), "limit": limit}
        rows = await self._readers.run(lambda db: db.execute(SQL["bills_grown_old"], asked).fetchall())
        old = [(row["id"], days) for row in rows if (days := _overdue(row, now)) >= day]
        for first in range(0, len(old), PART):
            await self._writer.run(partial(_open_all, bills=old[first : first + PART], now=micros(now)))
        return await self._readers.run(
            lambda db: [
                row["case_id"] for row in db.execute(SQL["cases_to_fix"], {"limit": limit}).fetchall()
            ]
        )

    async def open(self, bill: BillKey, by: str, now: datetime) -> str:
        def write(connection: sqlite3.Connection) -> str:
            found = find_bill(connection, bill)
            if found is None:
                raise UnknownRecord("there is no such bill")
            row = connection.execute(SQL["dossier_account"], {"account": found["id"]}).fetchone()
            days = _overdue(row, now)
            if days < 1 or row["amount_minor"] <= 0:
                raise WrongState("no case is opened: the bill is not overdue, or nothing is owed")
            _open_all(connection, [(found["id"], days)], micros(now), by)
            opened = connection.execute(SQL["open_arrears_case"], {"account": found["id"]}).fetchone()
            case_id: str = opened["case_id"]
            return case_id

        return await self._writer.run(write)

    async def dossier(self, case_id: str, now: datetime) -> Dossier:
        return await self._readers.run(lambda db: read_dossier(db, required(db, case_id), micros(now)))

    async def fixed(self, case_id: str, evidence: FixedEvidence, by: str, now: datetime) -> CaseRecord:
        def write(connection: sqlite3.Connection) -> CaseRecord:
            row = required(connection, case_id)
            state = _following(row, CaseStep.FIX)
            asked = {
                "case_id": case_id,
                "state": state.value,
                "now": micros(now),
                "package": evidence.package,
                "sha": evidence.sha256,
                "day": evidence.days_overdue,
                "missing": words(evidence.missing),
            }
            connection.execute(SQL["arrears_evidence_fixed"], asked)
            note = f"SHA-256 {evidence.sha256}, {len(evidence.missing)} things are missing"
            _note(connection, case_id, CaseStep.FIX.value, state, by, note, micros(now))
            fields = {
                "package": evidence.package,
                "sha256": evidence.sha256,
                "daysOverdue": evidence.days_overdue,
                "missing": list(evidence.missing),
            }
            subject = f"{case_id}+{evidence.sha256}"
            _tell(connection, row, "case.evidence_fixed", subject, fields, micros(now))
            return case_of(required(connection, case_id))

        return await self._writer.run(write)

    async def hand_over(
        self,
        case_id: str,
        to: HandedTo,
        name: str,
        *,
        by: str,
        reviewed_by: str,
        high_amount: Decimal,
        now: datetime,
    ) -> CaseRecord:
        at = micros(now)

        def write(connection: sqlite3.Connection) -> CaseRecord:
            row = required(connection, case_id)
            state = _following(row, CaseStep.HAND_OVER)
            key = {"customer_id": row["customer_id"], "account_id": row["account_id"]}
            wrong = hand_over_refused(
                amount(row["amount_minor"]),
                by,
                reviewed_by,
                high_amount,
                disputed=connection.execute(SQL["service_disputed"], key).fetchone() is not None,
                planned=connection.execute(SQL["plan_active"], {"account": row["account"]}).fetchone()
                is not None,
            )
            if wrong:
                raise WrongState(f"case {case_id} is not handed over: {wrong}")
            connection.execute(
                SQL["arrears_handed_over"],
                {
                    "case_id": case_id,
                    "state": state.value,
                    "now": at,
                    "to": to.value,
                    "name": plain(name)[:200],
                    "by": plain(by)[:100],
                    "reviewed_by": plain(reviewed_by)[:100],
                    "handed_minor": row["amount_minor"],
                },
            )
            _note(connection, case_id, CaseStep.HAND_OVER.value, state, by, f"to {to}: {name}", at)
            fields = {"to": to.value, "name": name, "amount": float(amount(row["amount_minor"]))}
            _tell(connection, row, "case.handed_over", case_id, fields, at)
            return case_of(required(connection, case_id))

        return await self._writer.run(write)

    async def progress(self, case_id: str, note: str, by: str, now: datetime) -> CaseRecord:
        def write(connection: sqlite3.Connection) -> CaseRecord:
            row = required(connection, case_id)
            state = _following(row, CaseStep.PROGRESS)
            asked = {"case_id": case_id, "state": state.value, "now": micros(now)}
            connection.execute(SQL["arrears_progress"], asked)
            _note(connection, case_id, CaseStep.PROGRESS.value, state, by, note, micros(now))
            return case_of(required(connection, case_id))

        return await self._writer.run(write)

    async def close(
        self, case_id: str, outcome: CaseOutcome, commission: Commission, *, by: str, why: str, now: datetime
    ) -> CaseRecord:
        return await self._writer.run(
            partial(
                _close,
                case_id=case_id,
                outcome=outcome,
                commission=commission,
                by=by,
                why=why,
                now=micros(now),
            )
        )

    async def close_paid(self, commission: Commission, now: datetime) -> int:
        asked = {"limit": PART}

        def write(connection: sqlite3.Connection) -> int:
            found = connection.execute(SQL["arrears_cases_paid"], asked).fetchall()
            for row in found:
                case = required(connection, row["case_id"])
                came = recovered_since(ledger_of(connection, case["account"]), instant(case["opened_at"]))
                outcome = CaseOutcome.RECOVERED if came > 0 else CaseOutcome.WITHDRAWN
                why = "nothing is owed any more"
                _close(connection, case["case_id"], outcome, commission, _WE, why, micros(now))
            return len(found)

        done = 0
        while await self._readers.run(
            lambda db: db.execute(SQL["arrears_cases_paid"], {"limit": 1}).fetchall()
        ):
            done += await self._writer.run(write)
        return done

    async def case(self, case_id: str) -> CaseRecord:
        return await self._readers.run(lambda db: case_of(required(db, case_id)))

    async def cases(
        self, state: CaseState | None = None, customer_id: str | None = None, limit: int = 1000
    ) -> list[CaseRecord]:
        asked = {"state": None if state is None else state.value, "customer_id": customer_id, "limit": limit}
        return await self._readers.run(
            lambda db: [case_of(row) for row in db.execute(SQL["arrears_cases"], asked).fetchall()]
        )

    async def named(self, beginning: str, limit: int = 5) -> list[str]:
        """Ids that begin so, at most ``limit``."""
        asked = {"from": plain(beginning), "to": plain(beginning) + "\U0010ffff", "limit": limit}
        return await self._readers.run(
            lambda db: [row["case_id"] for row in db.execute(SQL["arrears_cases_named"], asked).fetchall()]
        )

    async def history(self, case_id: str) -> list[CaseStepRecord]:
        return await self._readers.run(
            lambda db: [
                step_of(row) for row in db.execute(SQL["arrears_case_steps"], {"case_id": case_id}).fetchall()
            ]
        )

    async def figures(self) -> CaseFigures:
        return await self._readers.run(lambda db: figures_of(db.execute(SQL["arrears_figures"]).fetchall()))


def required(connection: sqlite3.Connection, case_id: str) -> sqlite3.Row:
    """The row of a case. Raises UnknownRecord."""
    row: sqlite3.Row | None = connection.execute(SQL["arrears_case"], {"case_id": plain(case_id)}).fetchone()
    if row is None:
        raise UnknownRecord(f"there is no case {case_id[:60]!r}")
    return row


def _following(row: sqlite3.Row, taken: CaseStep) -> CaseState:
    state = step(CaseState(row["state"]), taken)
    if state is None:
        raise WrongState(f"case {row['case_id']} is {row['state']}: {taken.value} cannot follow")
    return state


def _open_all(connection: sqlite3.Connection, bills: list[tuple[int, int]], now: int, by: str = _WE) -> None:
    for account, days in bills:
        case_id = f"case-{uuid4().hex}"
        asked = {"case_id": case_id, "account": account, "now": now, "day": days}
        if connection.execute(SQL["add_arrears_case"], asked).rowcount:
            note = f"{days} days overdue"
            _note(connection, case_id, "open", CaseState.WATCHING, by, note, now)


def _close(
    connection: sqlite3.Connection,
    case_id: str,
    outcome: CaseOutcome,
    commission: Commission,
    by: str,
    why: str,
    now: int,
) -> CaseRecord:
    row = required(connection, case_id)
    state = _following(row, CaseStep.CLOSE)
    handed = row["handed_at"] is not None
    since = row["handed_at"] if handed else row["opened_at"]
    recovered = recovered_since(ledger_of(connection, row["account"]), instant(since))
    fee = ZERO
    if row["handed_to"] == HandedTo.AGENCY:
        fee = commission.amount(amount(row["handed_minor"]), recovered)
    connection.execute(
        SQL["arrears_closed"],
        {
            "case_id": case_id,
            "now": now,
            "outcome": outcome.value,
            "recovered_minor": minor_units(recovered),
            "commission_minor": minor_units(fee),
            "by": plain(by)[:100],
            "why": plain(why)[:500],
        },
    )
    _note(connection, case_id, CaseStep.CLOSE.value, state, by, f"{outcome.value}: {why}", now)
    if handed:  # machines may call again, if anything is left to be asked for
        connection.execute(SQL["rearm_standing"], {"customer_id": row["customer_id"]})
    fields: Mapping[str, object] = {
        "outcome": outcome.value,
        "recovered": float(recovered),
        "commission": float(fee),
        "days": (now - since) // 86_400_000_000,
    }
    _tell(connection, row, "case.closed", case_id, fields, now)
    return case_of(required(connection, case_id))


def _note(
    connection: sqlite3.Connection, case_id: str, what: str, state: CaseState, by: str, note: str, now: int
) -> None:
    asked = {"case_id": case_id, "now": now, "step": what, "state": state.value}
    connection.execute(
        SQL["add_arrears_case_step"], {**asked, "by": plain(by)[:100], "note": plain(note)[:2000]}
    )


def _tell(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    event: str,
    subject: str,
    fields: Mapping[str, object],
    now: int,
) -> None:
    tell(connection, row["account"], event, subject, {"caseId": row["case_id"], **fields}, now)


def _overdue(row: sqlite3.Row, now: datetime) -> int:
    """How many days a bill is overdue where its customer lives."""
    today = now.astimezone(zone_of(row["timezone"]) or UTC).date()
    return (today - date.fromisoformat(row["due_date"])).days
