"""The protocol of ``ports.api.ApiStore`` on SQLite."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from ari_app.domain.record import AttemptRecord, OutboxRecord
from ari_app.ports.api import (
    AccountFilter,
    Answer,
    ApiToken,
    AttemptFilter,
    EntryOf,
    ImportJob,
    Page,
    PromiseOf,
    RequestState,
    StatedAccount,
)
from ari_app.ports.debt import BillKey
from ari_app.store.api import imports, pages, tokens
from ari_app.store.codec import micros
from ari_app.store.queries import SQL
from ari_app.store.readers import Readers
from ari_app.store.writer import Writer

#: How long an idempotency key is remembered.
REMEMBERED = timedelta(hours=24)
Place = tuple[int | str, ...]


class SqliteApi:
    """See ``ports.api.ApiStore``."""

    def __init__(self, writer: Writer, readers: Readers) -> None:
        self._writer, self._readers = writer, readers

    async def add_token(self, token: ApiToken) -> None:
        await self._writer.run(partial(tokens.add_token, token=token))

    async def token(self, token_id: str) -> ApiToken | None:
        return await self._readers.run(partial(tokens.token, token_id=token_id))

    async def tokens(self) -> list[ApiToken]:
        return await self._readers.run(tokens.tokens)

    async def token_used(self, token_id: str, now: datetime) -> None:
        await self._writer.run(partial(tokens.token_used, token_id=token_id, now=micros(now)))

    async def revoke_token(self, token_id: str, now: datetime) -> bool:
        return await self._writer.run(partial(tokens.revoke_token, token_id=token_id, now=micros(now)))

    async def begin_request(self, token_id: str, key: str, fingerprint: bytes, now: datetime) -> RequestState:
        return await self._writer.run(
            lambda db: tokens.begin_request(
                db, token_id, key, fingerprint, micros(now), micros(now - REMEMBERED)
            )
        )

    async def finish_request(self, token_id: str, key: str, answer: Answer) -> None:
        await self._writer.run(lambda db: tokens.finish_request(db, token_id, key, answer))

    async def drop_request(self, token_id: str, key: str) -> None:
        await self._writer.run(lambda db: tokens.drop_request(db, token_id, key))

    async def forget_requests(self, before: datetime) -> int:
        return await self._writer.run(lambda db: tokens.forget_requests(db, micros(before)))

    async def begin_import(self, job: ImportJob) -> tuple[ImportJob, bool]:
        return await self._writer.run(lambda db: imports.begin(db, job))

    async def put_import(self, job: ImportJob) -> None:
        await self._writer.run(lambda db: imports.put(db, job))

    async def import_job(self, job_id: str) -> ImportJob | None:
        return await self._readers.run(lambda db: imports.find(db, job_id))

    async def import_jobs(self, campaign_id: str, limit: int) -> list[ImportJob]:
        return await self._readers.run(lambda db: imports.newest(db, campaign_id, limit))

    async def interrupt_imports(self, alive_before: datetime, now: datetime) -> int:
        return await self._writer.run(lambda db: imports.interrupt(db, micros(alive_before), micros(now)))

    async def cursor_secret(self) -> bytes:
        return await self._readers.run(
            lambda db: bytes(db.execute(SQL["cursor_secret"]).fetchone()["cursor_secret"])
        )

    async def accounts_page(
        self, wanted: AccountFilter, after: Place | None, limit: int
    ) -> Page[StatedAccount]:
        return await self._readers.run(lambda db: pages.accounts(db, wanted, after, limit))

    async def account_of(self, bill: BillKey) -> StatedAccount | None:
        return await self._readers.run(lambda db: pages.account(db, bill))

    async def attempts_page(
        self, wanted: AttemptFilter, after: Place | None, limit: int
    ) -> Page[AttemptRecord]:
        return await self._readers.run(lambda db: pages.attempts(db, wanted, after, limit))

    async def promises_page(
        self, customer_id: str, state: str, after: Place | None, limit: int
    ) -> Page[PromiseOf]:
        return await self._readers.run(lambda db: pages.promises(db, customer_id, state, after, limit))

    async def entries_page(
        self, customer_id: str, bill_id: str, kind: str, after: Place | None, limit: int
    ) -> Page[EntryOf]:
        return await self._readers.run(lambda db: pages.entries(db, customer_id, bill_id, kind, after, limit))

    async def entry(self, entry_id: str) -> EntryOf | None:
        return await self._readers.run(lambda db: pages.entry(db, entry_id))

    async def events_after(self, event_id: int, limit: int) -> list[OutboxRecord]:
        return await self._readers.run(lambda db: pages.events_after(db, event_id, limit))

    async def newest_event(self) -> int:
        return await self._readers.run(pages.newest_event)
