"""The protocol of ``ports.disputes.Disputes`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import partial

from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.disputes.case import (
    DisputeDecision,
    DisputeState,
    DisputeStep,
    credit_of,
)
from ari_app.domain.disputes.sla import DEFAULT_TABLE, DisputeTable
from ari_app.domain.review import DISPUTE_CATEGORIES
from ari_app.errors import InputError, Problem, WrongState
from ari_app.ports.debt import Movement, Posted
from ari_app.ports.disputes import (
    DisputeRecord,
    DisputeStepRecord,
    EvidenceFile,
    NewDispute,
    OpenedDispute,
)
from ari_app.store.codec import amount, instant, micros, minor_or_none, minor_units, plain
from ari_app.store.debt.bills import find_bill
from ari_app.store.debt.debts import post
from ari_app.store.debt.settlement import settle_account
from ari_app.store.disputes import cases
from ari_app.store.disputes.rows import file_of, record_of, step_of
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: Disputes that the clock escalates in one write transaction.
PART = 100
#: By this name credits of decisions stand in the ledger.
PROVIDER = "dispute"
#: Steps that have methods of their own.
_NOT_TAKEN = frozenset({DisputeStep.DECIDE, DisputeStep.ESCALATE})


class SqliteDisputes:
    """See ``ports.disputes.Disputes``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers
        self._table: Callable[[], DisputeTable] = lambda: DEFAULT_TABLE

    def use_table(self, table: Callable[[], DisputeTable]) -> None:
        """From now on disputes are answered by these terms; before, by those of the product."""
        self._table = table

    def table(self) -> DisputeTable:
        """The terms by category as they are now."""
        return self._table()

    async def open(self, claim: NewDispute, now: datetime) -> OpenedDispute | None:
        if claim.category not in DISPUTE_CATEGORIES:
            wrong = f"unknown category {claim.category[:40]!r}"
            raise InputError([Problem("dispute", "category", wrong, ", ".join(DISPUTE_CATEGORIES))])
        table = self.table()

        def write(connection: sqlite3.Connection) -> OpenedDispute | None:
            found = find_bill(connection, claim.bill)
            if found is None:
                return None
            row = connection.execute(SQL["debt_of"], {"account": found["id"]}).fetchone()
            bill = cases.DisputedBill(found["id"], claim.bill, row["timezone"])
            return cases.open_case(connection, table, bill, claim, micros(now))

        return await self._writer.run(write)

    async def case(self, case_id: str) -> DisputeRecord:
        return await self._readers.run(lambda db: record_of(cases.required(db, case_id)))

    async def cases(
        self, customer_id: str | None = None, state: DisputeState | None = None, limit: int = 1000
    ) -> list[DisputeRecord]:
        asked = {"customer_id": customer_id, "state": None if state is None else state.value, "limit": limit}
        return await self._readers.run(
            lambda db: [record_of(row) for row in db.execute(SQL["dispute_cases"], asked).fetchall()]
        )

    async def named(self, beginning: str, limit: int = 5) -> list[str]:
        """Ids that begin so, at most ``limit``."""
        asked = {"from": plain(beginning), "to": plain(beginning) + "\U0010ffff", "limit": limit}
        return await self._readers.run(
            lambda db: [row["case_id"] for row in db.execute(SQL["disputes_named"], asked).fetchall()]
        )

    async def history(self, case_id: str) -> list[DisputeStepRecord]:
        return await self._readers.run(
            lambda db: [
                step_of(row) for row in db.execute(SQL["dispute_steps"], {"case_id": case_id}).fetchall()
            ]
        )

    async def take(
        self,
        case_id: str,
        taken: DisputeStep,
        by: str,
        now: datetime,
        note: str = "",
        *,
        team: str = "",
        assignee: str = "",
    ) -> DisputeRecord:
        if taken in _NOT_TAKEN:
            raise ValueError(f"{taken} has a method of its own")

        def write(connection: sqlite3.Connection) -> DisputeRecord:
            cases.take(connection, case_id, taken, by, micros(now), note, team=team, assignee=assignee)
            return record_of(cases.required(connection, case_id))

        return await self._writer.run(write)

    async def decide(self, case_id: str, decision: DisputeDecision, by: str, now: datetime) -> DisputeRecord:
        return await self._writer.run(
            partial(_decide, case_id=case_id, decision=decision, by=by, now=micros(now))
        )

    async def add_evidence(self, file: EvidenceFile) -> EvidenceFile:
        params = {
            "evidence_id": file.evidence_id,
            "case_id": file.case_id,
            "name": plain(file.name)[:200],
            "content_type": file.content_type,
            "bytes": file.size,
            "sha256": file.sha256,
            "path": file.path,
            "source": file.source,
            "added_by": plain(file.added_by)[:100],
            "added_at": micros(file.added_at),
        }

        def write(connection: sqlite3.Connection) -> EvidenceFile:
            row = cases.required(connection, file.case_id)
            if row["state"] == DisputeState.CLOSED.value:
                raise WrongState(f"dispute {file.case_id} is closed: nothing can be added")
            if connection.execute(SQL["add_evidence"], params).rowcount:
                note = f"{file.content_type}, {file.size} bytes, SHA-256 {file.sha256}"
                cases.note_step(
                    connection,
                    file.case_id,
                    "evidence",
                    row["state"],
                    file.added_by,
                    note,
                    micros(file.added_at),
                )
            known = connection.execute(SQL["evidence_of"], {"case_id": file.case_id}).fetchall()
            return next(file_of(each) for each in known if each["sha256"] == file.sha256)

        return await self._writer.run(write)

    async def evidence(self, case_id: str) -> list[EvidenceFile]:
        return await self._readers.run(
            lambda db: [
                file_of(row) for row in db.execute(SQL["evidence_of"], {"case_id": case_id}).fetchall()
            ]
        )

    async def note_notices(self, now: datetime) -> int:
        def write(connection: sqlite3.Connection) -> int:
            told = connection.execute(SQL["disputes_told_of"], {"limit": PART}).fetchall()
            found = {row["case_id"]: row["message_id"] for row in told}
            for case_id, message_id in found.items():
                note = f"told by message {message_id}"
                cases.take(connection, case_id, DisputeStep.NOTIFY, "ari-app", micros(now), note)
            return len(found)

        if not await self._readers.run(
            lambda db: db.execute(SQL["disputes_told_of"], {"limit": 1}).fetchall()
        ):
            return 0
        return await self._writer.run(write)

    async def close_told(self, before: datetime, now: datetime) -> int:
        asked = {"before": micros(before), "limit": PART}

        def write(connection: sqlite3.Connection) -> int:
            found = connection.execute(SQL["disputes_told_long_ago"], asked).fetchall()
            for row in found:
                why = "he was told, and said nothing against it"
                cases.take(connection, row["case_id"], DisputeStep.CLOSE, "ari-app", micros(now), why)
            return len(found)

        done = 0
        while await self._readers.run(
            lambda db: db.execute(SQL["disputes_told_long_ago"], asked | {"limit": 1}).fetchall()
        ):
            done += await self._writer.run(write)
        return done

    async def escalate_due(self, now: datetime) -> int:
        at, done = micros(now), 0

        def write(connection: sqlite3.Connection) -> int:
            asked = {"now": at, "limit": PART}
            found = [row["case_id"] for row in connection.execute(SQL["disputes_overdue"], asked).fetchall()]
            for case_id in found:
                cases.escalate(connection, case_id, at)
            return len(found)

        while True:
            part = await self._writer.run(write)
            done += part
            if part < PART:
                return done


def _decide(
    connection: sqlite3.Connection, case_id: str, decision: DisputeDecision, by: str, now: int
) -> DisputeRecord:
    row = cases.required(connection, case_id)
    cases.following(row, DisputeStep.DECIDE)
    bill = connection.execute(SQL["debt_of"], {"account": row["account"]}).fetchone()
    found = record_of(row)
    sums = settle_account(connection, row["account"], now).balance
    credit, wrong = credit_of(decision, amount(bill["stated_minor"]), sums.credited)
    if wrong:
        raise InputError([Problem("decision", "corrected", wrong, "what the bill comes to when it is right")])
    connection.execute(
        SQL["dispute_decided"],
        {
            "case_id": case_id,
            "now": now,
            "verdict": decision.verdict.value,
            "corrected_minor": minor_or_none(decision.corrected),
            "credit_minor": minor_units(credit),
            "reason": plain(decision.reason)[:2000],
            "by": plain(by)[:100],
        },
    )
    cases.note_step(connection, case_id, "decide", "decided", by, decision.verdict.value, now)
    if credit > 0:
        movement = Movement(
            found.bill,
            EntryKind.CREDIT,
            credit,
            found.currency,
            instant(now),
            PROVIDER,
            case_id,
            source=f"decided by {by}"[:200],
        )
        posted = post(connection, movement, now)
        if posted.result is not Posted.RECORDED:  # the case is decided once, and its id names the movement
            raise WrongState(f"dispute {case_id}: its credit was not recorded ({posted.result.value})")
    cases.lift(connection, row, now)
    decided = record_of(cases.required(connection, case_id))
    cases.tell_decided(connection, decided, now)
    return decided
