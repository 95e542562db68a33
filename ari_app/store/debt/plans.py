"""The protocol of ``ports.plans.Plans`` on SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.debt.approval import CAUTIOUS_TABLE, ApprovalTable
from ari_app.domain.debt.plan import Instalment, InstalmentStanding, InstalmentState, PlanState
from ari_app.ports.debt import BillKey
from ari_app.ports.plans import PlanAnswer, PlanApproval, PlanCase, PlanReply, PlanStep
from ari_app.store.codec import amount, instant, instant_or_none, micros, words_of
from ari_app.store.debt import plan_moves
from ari_app.store.debt.bills import find_bill, settle_each
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer


class SqlitePlans:
    """See ``ports.plans.Plans``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers
        self._approvals: Callable[[], ApprovalTable] = lambda: CAUTIOUS_TABLE

    def use_approvals(self, table: Callable[[], ApprovalTable]) -> None:
        """From now on this table says who approves; before, two people approve everything."""
        self._approvals = table

    @property
    def table(self) -> ApprovalTable:
        """The table as it is now."""
        return self._approvals()

    async def request(
        self,
        bill: BillKey,
        wish: PlanRequest,
        *,
        source: str,
        by: str,
        now: datetime,
        offered: bool = True,
    ) -> PlanReply:
        table = self.table

        def write(connection: sqlite3.Connection) -> PlanReply:
            found = find_bill(connection, bill)
            if found is None:
                return PlanReply(PlanAnswer.UNKNOWN, None, "there is no such bill")
            plan_id, why = plan_moves.request_plan(
                connection, found["id"], wish, table, source=source, by=by, now=micros(now), offered=offered
            )
            plan = _plan(connection, plan_id) if plan_id else None
            done = plan is not None and plan.state is not PlanState.REJECTED
            return PlanReply(PlanAnswer.DONE if done else PlanAnswer.REFUSED, plan, why)

        return await self._writer.run(write)

    async def approve(self, plan_id: str, *, by: str, role: str, now: datetime, note: str = "") -> PlanReply:
        return await self._do(
            plan_id, partial(plan_moves.approve_plan, by=by, role=role, now=micros(now), note=note)
        )

    async def reject(self, plan_id: str, *, by: str, role: str, why: str, now: datetime) -> PlanReply:
        return await self._do(
            plan_id, partial(plan_moves.reject_plan, by=by, role=role, why=why, now=micros(now))
        )

    async def accept(self, plan_id: str, *, by: str, now: datetime) -> PlanReply:
        return await self._do(plan_id, partial(plan_moves.accept_plan, by=by, now=micros(now)))

    async def cancel(self, plan_id: str, *, by: str, why: str, now: datetime) -> PlanReply:
        return await self._do(plan_id, partial(plan_moves.cancel_plan, by=by, why=why, now=micros(now)))

    async def plan(self, plan_id: str) -> PlanCase | None:
        return await self._readers.run(lambda db: _plan(db, plan_id))

    async def plans(
        self, *, customer_id: str | None = None, state: PlanState | None = None, limit: int = 500
    ) -> list[PlanCase]:
        asked = {"customer_id": customer_id, "state": None if state is None else state.value, "limit": limit}

        def read(connection: sqlite3.Connection) -> list[PlanCase]:
            rows = connection.execute(SQL["plan_cases"], asked).fetchall()
            return [_case(connection, row, steps=False) for row in rows]

        return await self._readers.run(read)

    async def move_clock(self, now: datetime) -> int:
        # A day later than here somewhere on earth: whether an instalment is due is asked in the zone of its customer.
        day = (now + timedelta(days=1)).date().isoformat()
        return await settle_each(self._writer, self._readers, SQL["plans_to_look_at"], day, micros(now))

    async def _do(self, plan_id: str, move: Callable[[sqlite3.Connection, str], str]) -> PlanReply:
        def write(connection: sqlite3.Connection) -> PlanReply:
            if _plan(connection, plan_id) is None:
                return PlanReply(PlanAnswer.UNKNOWN, None, "there is no such plan")
            why = move(connection, plan_id)
            answer = PlanAnswer.REFUSED if why else PlanAnswer.DONE
            return PlanReply(answer, _plan(connection, plan_id), why)

        return await self._writer.run(write)


def _plan(connection: sqlite3.Connection, plan_id: str) -> PlanCase | None:
    row = connection.execute(SQL["plan_case"], {"plan_id": plan_id}).fetchone()
    return None if row is None else _case(connection, row)


def _case(connection: sqlite3.Connection, row: sqlite3.Row, *, steps: bool = True) -> PlanCase:
    asked = {"plan_id": row["plan_id"]}
    return PlanCase(
        plan_id=row["plan_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        kind=PlanKind(row["kind"]),
        state=PlanState(row["state"]),
        why=row["why"],
        source=row["source"],
        requested_by=row["requested_by"],
        requested_at=instant(row["requested_at"]),
        currency=row["currency"],
        amount=amount(row["amount_minor"]),
        fee=amount(row["fee_minor"]),
        waived=amount(row["waived_minor"]),
        covered=amount(row["covered_minor"]),
        grace_days=row["grace_days"],
        level=row["level"],
        people=row["people"],
        roles=words_of(row["roles"]),
        attempt_id=row["attempt_id"],
        accepted_at=instant_or_none(row["accepted_at"]),
        accepted_by=row["accepted_by"],
        activated_at=instant_or_none(row["activated_at"]),
        instalments=tuple(
            InstalmentStanding(
                Instalment(date.fromisoformat(each["day"]), amount(each["amount_minor"])),
                InstalmentState(each["state"]),
                amount(each["covered_minor"]),
            )
            for each in connection.execute(SQL["plan_instalments"], asked).fetchall()
        ),
        approvals=tuple(
            PlanApproval(each["name"], each["role"], instant(each["at"]))
            for each in connection.execute(SQL["plan_approvals"], asked).fetchall()
        ),
        steps=tuple(
            PlanStep(PlanState(each["state"]), instant(each["at"]), each["by"], each["why"])
            for each in connection.execute(SQL["plan_steps"], asked).fetchall()
        )
        if steps
        else (),
    )
