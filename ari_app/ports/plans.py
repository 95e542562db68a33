"""Plans as the durable memory keeps them: asked for, approved by people, accepted by the customer, kept or breached."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from ari_app.domain.call_result import PlanKind, PlanRequest
from ari_app.domain.debt.plan import InstalmentStanding, PlanState
from ari_app.ports.debt import BillKey


@dataclass(frozen=True, slots=True)
class PlanApproval:
    """Somebody has approved a plan."""

    name: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PlanStep:
    """A plan came into a state: when, by whom (a person, ``customer``, ``ledger``, ``clock``, ``rules``), and why."""

    state: PlanState
    at: datetime
    by: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlanCase:
    """A plan with all that is known of it.

    ``amount`` is what is put off, ``fee`` comes on top, ``waived`` is let off; ``covered`` has been paid for it. ``level``
    names the row of the approval table that decides: ``people`` different people, each with one of ``roles``.
    ``requested_by`` is '' where the customer asked for it himself. ``late``: an instalment is.
    """

    plan_id: str
    bill: BillKey
    kind: PlanKind
    state: PlanState
    why: str
    source: str
    requested_by: str
    requested_at: datetime
    currency: str
    amount: Decimal
    fee: Decimal
    waived: Decimal
    covered: Decimal
    grace_days: int
    level: str
    people: int
    roles: tuple[str, ...]
    attempt_id: str | None = None
    accepted_at: datetime | None = None
    accepted_by: str = ""
    activated_at: datetime | None = None
    instalments: tuple[InstalmentStanding, ...] = ()
    approvals: tuple[PlanApproval, ...] = ()
    steps: tuple[PlanStep, ...] = field(default=(), compare=False)

    @property
    def left(self) -> Decimal:
        """What is still to be paid of it."""
        return self.amount + self.fee - self.covered

    @property
    def paid_periods(self) -> int:
        """How many instalments are paid."""
        return sum(each.state == "paid" for each in self.instalments)


class PlanAnswer(StrEnum):
    """What became of something that was asked of a plan."""

    DONE = "done"
    UNKNOWN = "unknown"
    """There is no such plan, or no such bill."""
    REFUSED = "refused"
    """A rule or its state does not let it; the reason says why."""


@dataclass(frozen=True, slots=True)
class PlanReply:
    """The answer, with the plan as it is now (None: unknown) and, of a refusal, why."""

    answer: PlanAnswer
    plan: PlanCase | None = None
    reason: str = ""


class Plans(Protocol):
    """Every method is one transaction; the outbox gets its events in the same one. Names of people are as they say them."""

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
        """Ask for a plan (``source`` page, message, agent or api).

        ``by`` is the person of the company who asks, and whoever asks as ``agent`` or ``api`` is one; '' where the customer
        does himself on a page or in a message, which counts as accepted by him. It is looked at by the rules at once:
        refused (the plan is kept as rejected), approved where nobody has to, or waiting for approval. It replaces another
        one of the bill that still waits. ``offered`` False: the strategy does not offer it.
        """
        ...

    async def approve(self, plan_id: str, *, by: str, role: str, now: datetime, note: str = "") -> PlanReply:
        """Approve it as one of the people that its level asks for; the last one makes it approved, and active where the
        customer has accepted it before."""
        ...

    async def reject(self, plan_id: str, *, by: str, role: str, why: str, now: datetime) -> PlanReply:
        """Refuse it; one person with one of its roles is enough. ``why`` is told."""
        ...

    async def accept(self, plan_id: str, *, by: str, now: datetime) -> PlanReply:
        """The customer has accepted the approved plan (``by`` customer, or who has read it to him): it begins."""
        ...

    async def cancel(self, plan_id: str, *, by: str, why: str, now: datetime) -> PlanReply:
        """Take it back; what was owed before is owed again at once."""
        ...

    async def plan(self, plan_id: str) -> PlanCase | None:
        """A plan with its instalments, approvals and steps."""
        ...

    async def plans(
        self, *, customer_id: str | None = None, state: PlanState | None = None, limit: int = 500
    ) -> list[PlanCase]:
        """The newest plans, without their steps."""
        ...

    async def move_clock(self, now: datetime) -> int:
        """Settle every bill with a plan whose instalment's day has come or gone; how many were looked at."""
        ...
