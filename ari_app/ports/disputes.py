"""Disputes as the durable memory keeps them. Pages, messages, agents and the API come in by this port."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeStep, DisputeVerdict
from ari_app.ports.debt import BillKey


@dataclass(frozen=True, slots=True)
class NewDispute:
    """What somebody objects to. ``category`` is meter, bill, service or other; ``description`` in his words.

    ``source`` is page, message, agent or api (call: a telephone call); ``made_in`` names the request there: told again, it
    is the same dispute. ``offered`` are words for what he says he can send; ``answer_days`` are the working days within
    which he was promised an answer, None where nothing was promised.
    """

    bill: BillKey
    category: str
    source: str
    made_in: str
    description: str = field(default="", repr=False)
    offered: tuple[str, ...] = ()
    answer_days: int | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class OpenedDispute:
    """``new`` is False where this request, or another one about the same thing, had opened it before."""

    case_id: str
    new: bool
    due_at: datetime


@dataclass(frozen=True, slots=True)
class DisputeRecord:
    """A dispute as stored. Amounts have two decimal places in ``currency``; instants are UTC.

    ``credited`` is what the decision took off the bill; ``notice_wanted``: the customer has still to be told of it.
    """

    case_id: str
    bill: BillKey
    currency: str
    category: str
    description: str = field(repr=False)
    offered: tuple[str, ...]
    source: str
    made_in: str
    attempt_id: str | None
    state: DisputeState
    state_at: datetime
    team: str
    escalation_team: str
    assignee: str
    answer_days: int | None
    opened_at: datetime
    opened_by: str
    due_at: datetime
    escalated_at: datetime | None
    verdict: DisputeVerdict | None
    corrected: Decimal | None
    credited: Decimal
    reason: str = field(repr=False)
    decided_at: datetime | None
    decided_by: str
    notice_wanted: bool
    notified_at: datetime | None
    closed_at: datetime | None
    closed_why: str


@dataclass(frozen=True, slots=True)
class DisputeStepRecord:
    """One line of the history of a dispute: what was done, the state after it, by whom, and a note."""

    at: datetime
    step: str
    state: DisputeState
    by: str
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file that belongs to a dispute. ``path`` is relative to the folder of evidence; ``name`` is what the sender calls
    it, for people to read and never for a path."""

    evidence_id: str
    case_id: str
    name: str = field(repr=False)
    content_type: str
    size: int
    sha256: str
    path: str
    source: str
    added_by: str
    added_at: datetime


class Disputes(Protocol):
    """Every method is one transaction, with its events in the outbox. Whoever names a case that there is not gets
    UnknownRecord; a step that cannot follow raises WrongState, and changes nothing."""

    async def open(self, claim: NewDispute, now: datetime) -> OpenedDispute | None:
        """Open a dispute: collection of the account rests from that moment, and open promises and plans of the bill
        end.

        None where there is no such bill. Raises InputError for a category that there is not.
        """
        ...

    async def case(self, case_id: str) -> DisputeRecord: ...

    async def cases(
        self, customer_id: str | None = None, state: DisputeState | None = None, limit: int = 1000
    ) -> list[DisputeRecord]:
        """Disputes, those that are due first standing first."""
        ...

    async def history(self, case_id: str) -> list[DisputeStepRecord]: ...

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
        """Take a step that is neither a decision nor an escalation: review (with ``team`` and ``assignee``), ask, answer,
        notify, close, withdraw."""
        ...

    async def decide(self, case_id: str, decision: DisputeDecision, by: str, now: datetime) -> DisputeRecord:
        """Decide: a credit goes into the ledger, the pause ends where no other dispute of the account is open, and the
        customer is to be told. Raises InputError for a corrected amount that does not fit."""
        ...

    async def add_evidence(self, file: EvidenceFile) -> EvidenceFile:
        """Keep what is known of a file; the same content again gives the record of before."""
        ...

    async def evidence(self, case_id: str) -> list[EvidenceFile]: ...

    async def note_notices(self, now: datetime) -> int:
        """Decided disputes whose customer has been written to by now are notified; how many."""
        ...

    async def close_told(self, before: datetime, now: datetime) -> int:
        """Close disputes whose customer was told at ``before`` or earlier; how many."""
        ...

    async def escalate_due(self, now: datetime) -> int:
        """Hand every dispute whose time has passed to its escalation team, once; how many."""
        ...
