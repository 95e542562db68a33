"""What the HTTP API keeps of its own: tokens, answered requests, uploaded lists; and pages of what is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from ari_app.domain.account import Account
from ari_app.domain.api_scope import Scope
from ari_app.domain.debt.ledger import LedgerEntry
from ari_app.domain.debt.promise import PromiseStanding
from ari_app.domain.record import AttemptRecord, OutboxRecord
from ari_app.ports.debt import BillKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as stored: everything but the token itself. ``digest`` is the SHA-256 of its text."""

    token_id: str
    name: str
    digest: bytes = field(repr=False)
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def usable(self, now: datetime) -> bool:
        """Neither revoked nor expired."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Begun(StrEnum):
    """What is known of a request with an idempotency key."""

    NEW = "new"
    """Nobody has sent it: carry it out, then ``finish_request`` or ``drop_request``."""
    ANSWERED = "answered"
    UNDER_WAY = "under_way"
    OTHER = "other"
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class RequestState:
    """The answer to ``begin_request``; ``answer`` for ANSWERED alone."""

    begun: Begun
    answer: Answer | None = None


class ImportState(StrEnum):
    """How far an uploaded list is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    """The file cannot be used; ``problem`` says why."""
    INTERRUPTED = "interrupted"
    """The program ended meanwhile. What was loaded stays loaded; the same file sent again goes on."""


@dataclass(frozen=True, slots=True)
class ImportJob:
    """An uploaded list. ``share`` of it has been read; ``digest`` is the SHA-256 of the file."""

    job_id: str
    campaign_id: str
    digest: bytes = field(repr=False)
    file_name: str
    bytes: int
    state: ImportState
    created_at: datetime
    alive_at: datetime
    share: float = 0.0
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    problem: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the place behind the last one; None: there are no more."""

    rows: Sequence[T]
    after: tuple[int | str, ...] | None


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts; '' and None: all. ``max_due`` and ``min_due`` are what is owed now."""

    task_id: str = ""
    customer_id: str = ""
    account_id: str = ""
    bill_id: str = ""
    bucket: str = ""
    min_due: Decimal | None = None
    due_before: date | None = None


@dataclass(frozen=True, slots=True)
class AttemptFilter:
    """Which attempts; '' and None: all. ``since`` compares with the reservation."""

    task_id: str = ""
    customer_id: str = ""
    bill_id: str = ""
    disposition: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatedAccount:
    """An account as it stands: ``account.amount_due`` is owed now, ``stated`` is what its list said."""

    account: Account
    stated: Decimal
    stated_at: datetime
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromiseOf:
    """A promise with whose it is."""

    bill: BillKey
    currency: str
    channel: str
    source: str
    standing: PromiseStanding


@dataclass(frozen=True, slots=True)
class EntryOf:
    """A movement with whose it is."""

    bill: BillKey
    currency: str
    entry: LedgerEntry


class ApiStore(Protocol):
    """Every method is one transaction. Pages are in a fixed order, so that rows added meanwhile move nothing."""

    async def add_token(self, token: ApiToken) -> None: ...

    async def token(self, token_id: str) -> ApiToken | None: ...

    async def tokens(self) -> list[ApiToken]:
        """All of them, oldest first."""
        ...

    async def token_used(self, token_id: str, now: datetime) -> None: ...

    async def revoke_token(self, token_id: str, now: datetime) -> bool:
        """False where there is none, or it is revoked already."""
        ...

    async def begin_request(self, token_id: str, key: str, fingerprint: bytes, now: datetime) -> RequestState:
        """Claim an idempotency key. A claim without an answer lapses after a while: its program has ended."""
        ...

    async def finish_request(self, token_id: str, key: str, answer: Answer) -> None: ...

    async def drop_request(self, token_id: str, key: str) -> None:
        """Nothing was done: the key may be used again."""
        ...

    async def forget_requests(self, before: datetime) -> int: ...

    async def begin_import(self, job: ImportJob) -> tuple[ImportJob, bool]:
        """The job of a file, and whether it has to be begun: ``job``, or the one of the same file and campaign that was
        interrupted; not one that waits or runs."""
        ...

    async def put_import(self, job: ImportJob) -> None: ...

    async def import_job(self, job_id: str) -> ImportJob | None: ...

    async def import_jobs(self, campaign_id: str, limit: int) -> list[ImportJob]:
        """The newest ones."""
        ...

    async def interrupt_imports(self, alive_before: datetime, now: datetime) -> int:
        """Jobs of programs that have gone."""
        ...

    async def cursor_secret(self) -> bytes: ...

    async def accounts_page(
        self, wanted: AccountFilter, after: tuple[int | str, ...] | None, limit: int
    ) -> Page[StatedAccount]: ...

    async def account_of(self, bill: BillKey) -> StatedAccount | None: ...

    async def attempts_page(
        self, wanted: AttemptFilter, after: tuple[int | str, ...] | None, limit: int
    ) -> Page[AttemptRecord]:
        """Newest first."""
        ...

    async def promises_page(
        self, customer_id: str, state: str, after: tuple[int | str, ...] | None, limit: int
    ) -> Page[PromiseOf]:
        """Newest first."""
        ...

    async def entries_page(
        self, customer_id: str, bill_id: str, kind: str, after: tuple[int | str, ...] | None, limit: int
    ) -> Page[EntryOf]:
        """Newest first."""
        ...

    async def entry(self, entry_id: str) -> EntryOf | None: ...

    async def events_after(self, event_id: int, limit: int) -> list[OutboxRecord]:
        """Events of the outbox behind an id, oldest first."""
        ...

    async def newest_event(self) -> int:
        """The id of the newest event, 0 where there is none."""
        ...
