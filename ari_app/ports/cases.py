"""Cases over 90 days as the durable memory keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from ari_app.domain.cases.case import CaseOutcome, CaseState, Commission, HandedTo
from ari_app.ports.debt import BillKey


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """A case as stored. Amounts have two decimal places in ``currency``; instants are UTC.

    ``opened_day`` is how many days overdue the bill was then, ``package`` the file of evidence below the folder of cases
    ('': none), ``missing`` what it lacks. ``recovered`` and ``commission`` count since the hand-over.
    """

    case_id: str
    bill: BillKey
    currency: str
    due_date: str
    owed: Decimal
    state: CaseState
    state_at: datetime
    opened_at: datetime
    opened_day: int
    opened_amount: Decimal
    package: str
    package_sha256: str
    package_at: datetime | None
    package_day: int | None
    missing: tuple[str, ...]
    handed_to: HandedTo | None
    handed_name: str
    handed_at: datetime | None
    handed_by: str
    reviewed_by: str
    handed_amount: Decimal | None
    outcome: CaseOutcome | None
    recovered: Decimal | None
    commission: Decimal | None
    closed_at: datetime | None
    closed_by: str
    closed_why: str

    def handled(self, now: datetime) -> timedelta | None:
        """How long whoever has the case has had it; None where nobody has."""
        return None if self.handed_at is None else (self.closed_at or now) - self.handed_at


@dataclass(frozen=True, slots=True)
class CaseStepRecord:
    """One line of the history of a case."""

    at: datetime
    step: str
    state: CaseState
    by: str
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class DossierCall:
    """One contact by telephone as evidence: ``elements`` were spoken to the end, ``lacking`` is what the three elements
    (requirement K2) lack of it. The paths are those that were stored."""

    attempt_id: str
    recording: str
    transcript: str
    talked: bool
    consent: bool
    elements: tuple[str, ...]
    lacking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything that is stored of a bill: ``documents`` by file name (JSON values), and the files that belong to it.

    ``evidence`` has paths below the folder of evidence with their SHA-256. ``days_overdue`` counts to the day of ``at``.
    """

    case_id: str
    bill: BillKey
    at: datetime
    days_overdue: int
    documents: Mapping[str, object] = field(repr=False)
    calls: Sequence[DossierCall] = ()
    evidence: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class FixedEvidence:
    """A package that was written: its file below the folder of cases, its SHA-256, and what it lacks."""

    package: str
    sha256: str
    missing: tuple[str, ...]
    days_overdue: int


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """How cases go. ``handling`` is the mean time from hand-over to the end; ``recovered_percent`` is of what was handed
    over and has ended, ``written_off_percent`` of the ended cases whose bill was older than two years."""

    states: Mapping[CaseState, int]
    outcomes: Mapping[CaseOutcome, int]
    handling: timedelta | None
    recovered_percent: Decimal | None
    commission: Decimal
    legacy: int
    written_off_percent: Decimal | None
    fixed_late: int
    """Packages that were made after the 90th day."""


class Cases(Protocol):
    """Every method is one transaction, with its events in the outbox. Whoever names a case that there is not gets
    UnknownRecord; a step that cannot follow raises WrongState, and changes nothing."""

    async def open_due(self, day: int, now: datetime, limit: int) -> list[str]:
        """Open a case for bills that are ``day`` days overdue or more; the cases whose evidence is to be fixed, at most
        ``limit``, those first that come to their 90th day first."""
        ...

    async def open(self, bill: BillKey, by: str, now: datetime) -> str:
        """Open a case for a bill that is overdue, by hand; the id of the one that is open already."""
        ...

    async def dossier(self, case_id: str, now: datetime) -> Dossier: ...

    async def fixed(self, case_id: str, evidence: FixedEvidence, by: str, now: datetime) -> CaseRecord: ...

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
    ) -> CaseRecord: ...

    async def progress(self, case_id: str, note: str, by: str, now: datetime) -> CaseRecord: ...

    async def close(
        self, case_id: str, outcome: CaseOutcome, commission: Commission, *, by: str, why: str, now: datetime
    ) -> CaseRecord: ...

    async def close_paid(self, commission: Commission, now: datetime) -> int:
        """Close every case of which nothing is owed any more; how many."""
        ...

    async def case(self, case_id: str) -> CaseRecord: ...

    async def cases(
        self, state: CaseState | None = None, customer_id: str | None = None, limit: int = 1000
    ) -> list[CaseRecord]:
        """Cases, the oldest bills first, closed ones last."""
        ...

    async def history(self, case_id: str) -> list[CaseStepRecord]: ...

    async def figures(self) -> CaseFigures: ...
