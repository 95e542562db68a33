"""What becomes of rows: accounts by the importer, payments by the ledger, tickets by disputes; the same rejects for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from ari_app.errors import InputError, Problem
from ari_app.ports import Debts, Movement, Posted, Store
from ari_app.ports.disputes import Disputes
from ari_app.services.account_row import FieldFault, RowDefaults
from ari_app.services.importer import BATCH, KEPT_REJECTS, import_listing
from ari_app.services.integrations.definition import Definition, Into
from ari_app.services.integrations.payment_row import PAYMENT_ALIASES, PAYMENT_FIELDS, read_payment
from ari_app.services.integrations.ticket_row import (
    TICKET_ALIASES,
    TICKET_FIELDS,
    Ticket,
    apply_ticket,
    read_ticket,
)
from ari_app.services.list_columns import match_columns
from ari_app.services.list_rejects import RejectedRow, RejectsFile
from ari_app.services.list_rows import BadRow, ListFile, Row

T = TypeVar("T")

_WRONG = {
    Posted.CONTRADICTED: (
        "reference",
        "was told before with another amount or bill",
        "a reference of its own",
    ),
    Posted.UNKNOWN_BILL: ("billId", "is not known", "a bill of a loaded list"),
    Posted.WRONG_CURRENCY: ("currency", "is not that of the bill", "the currency of the bill"),
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load did; ``fault`` says why it ended before the end, or that nothing was good."""

    records: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: tuple[RejectedRow, ...] = ()
    rejects_file: str = ""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where rows go."""

    store: Store
    debts: Debts
    disputes: Disputes


async def load(
    listing: ListFile, definition: Definition, places: Places, defaults: RowDefaults, rejects_path: Path
) -> Loaded:
    """Load every good row; bad ones are counted, kept (some) and written to ``rejects_path``.

    Raises InputError where nothing of the list can be used, StoreError where the database cannot be written.
    """
    name = definition.integration
    if definition.into is Into.PAYMENTS:
        read = partial(read_payment, provider=definition.ledger_provider)
        payments = _Rows(listing, PAYMENT_FIELDS, PAYMENT_ALIASES, defaults, read)
        return await _each(payments, rejects_path, partial(_post, places.debts, defaults))
    if definition.into is Into.TICKETS:
        tickets = _Rows(listing, TICKET_FIELDS, TICKET_ALIASES, defaults, read_ticket)
        return await _each(tickets, rejects_path, partial(_ticket, places.disputes, name, defaults))
    campaign = definition.campaign or ""
    if await places.store.campaign(campaign) is None:
        listing.close()
        raise InputError([Problem(campaign, "campaign", "does not exist", "an id that campaign list shows")])
    report = await import_listing(listing, campaign, places.store, defaults, rejects_path)
    nothing = "no row was good" if report.rows and not report.loaded else ""
    return Loaded(
        report.rows,
        report.added,
        report.updated,
        report.unchanged,
        report.rejected,
        report.rejects,
        report.rejects_file or "",
        report.stopped or nothing,
    )


async def _post(debts: Debts, defaults: RowDefaults, movement: Movement) -> bool | FieldFault:
    posting = await debts.post(movement, defaults.now)
    if posting.result in _WRONG:
        return FieldFault(*_WRONG[posting.result])
    return posting.result is Posted.RECORDED


async def _ticket(disputes: Disputes, name: str, defaults: RowDefaults, ticket: Ticket) -> bool | FieldFault:
    return await apply_ticket(ticket, disputes, name, defaults.now)


async def _each(
    reading: _Rows[T], rejects_path: Path, apply: Callable[[T], Awaitable[bool | FieldFault]]
) -> Loaded:
    """Apply row by row: True is something new, False what was known, a fault is a reject."""
    rejects = RejectsFile(rejects_path, reading.headings)
    added = unchanged = 0
    try:
        with rejects:
            rows = reading.rows()
            while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
                for row, found in batch:
                    faults: Sequence[FieldFault]
                    if isinstance(found, list):
                        faults = found
                    else:
                        done = await apply(found)
                        if isinstance(done, bool):
                            added, unchanged = added + done, unchanged + (not done)
                            continue
                        faults = [done]
                    rejects.write(reading.reject(row, faults), row.cells)
    finally:
        reading.close()
    nothing = "no row was good" if reading.count and not added + unchanged else ""
    return Loaded(
        reading.count,
        added,
        0,
        unchanged,
        reading.rejected,
        tuple(reading.kept),
        str(rejects.path) if rejects.written else "",
        reading.stopped or nothing,
    )


class _Rows(Generic[T]):
    """What the rows of a list say, one by one, each with what is wrong with it instead where something is."""

    def __init__(
        self,
        listing: ListFile,
        fields: Mapping[str, bool],
        aliases: Mapping[str, tuple[str, ...]],
        defaults: RowDefaults,
        read: Callable[..., T | list[FieldFault]],
    ) -> None:
        self._listing, self._names, self._defaults, self._read = listing, fields, defaults, read
        self._typed = not listing.headings
        self.headings = listing.headings or tuple(fields)
        try:
            columns = match_columns(listing.headings, {}, listing.source, fields=fields, aliases=aliases)
        except InputError:
            listing.close()
            raise
        self._fields = {heading: name for name, heading in columns.items()}
        self.count = self.rejected = 0
        self.kept: list[RejectedRow] = []
        self.stopped = ""

    def close(self) -> None:
        self._listing.close()

    def reject(self, row: Row | BadRow, faults: Sequence[FieldFault]) -> RejectedRow:
        self.rejected += 1
        rejected = RejectedRow(row.number, tuple(faults))
        if len(self.kept) < KEPT_REJECTS:
            self.kept.append(rejected)
        return rejected

    def rows(self) -> Iterator[tuple[Row | BadRow, T | list[FieldFault]]]:
        try:
            for row in self._listing.rows:
                self.count += 1
                if isinstance(row, BadRow):
                    yield row, [FieldFault(row.name, row.wrong, row.allowed)]
                else:
                    yield row, self._read(self._named(row), self._defaults, typed=self._typed)
        except InputError as error:
            if self.count == 0:
                raise
            self.stopped = str(error)
        except UnicodeError:
            self.stopped = f"{self._listing.source}: the text cannot be decoded behind row {self.count}"

    def _named(self, row: Row) -> dict[str, object]:
        if self._typed:
            return {name: row.cells.get(name) for name in self._names}
        return {name: row.cells.get(heading) for heading, name in self._fields.items()}
