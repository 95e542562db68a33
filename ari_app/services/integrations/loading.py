"""What becomes of rows: accounts through the importer, payments through the ledger, with the same rejects for both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ari_app.errors import InputError, Problem
from ari_app.ports import Debts, Movement, Posted, Store
from ari_app.services.account_row import FieldFault, RowDefaults
from ari_app.services.importer import BATCH, KEPT_REJECTS, import_listing
from ari_app.services.integrations.definition import Definition, Into
from ari_app.services.integrations.payment_row import PAYMENT_ALIASES, PAYMENT_FIELDS, read_payment
from ari_app.services.list_columns import match_columns
from ari_app.services.list_rejects import RejectedRow, RejectsFile
from ari_app.services.list_rows import BadRow, ListFile, Row

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


async def load(
    listing: ListFile,
    definition: Definition,
    store: Store,
    debts: Debts,
    defaults: RowDefaults,
    rejects_path: Path,
) -> Loaded:
    """Load every good row; bad ones are counted, kept (some) and written to ``rejects_path``.

    Raises InputError where nothing of the list can be used, StoreError where the database cannot be written.
    """
    if definition.into is Into.PAYMENTS:
        return await _payments(listing, definition.integration, debts, defaults, rejects_path)
    campaign = definition.campaign or ""
    if await store.campaign(campaign) is None:
        listing.close()
        raise InputError([Problem(campaign, "campaign", "does not exist", "an id that campaign list shows")])
    report = await import_listing(listing, campaign, store, defaults, rejects_path)
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


async def _payments(
    listing: ListFile, provider: str, debts: Debts, defaults: RowDefaults, rejects_path: Path
) -> Loaded:
    reading = _Payments(listing, provider, defaults)
    rejects = RejectsFile(rejects_path, listing.headings or tuple(PAYMENT_FIELDS))
    added = unchanged = 0
    try:
        with rejects:
            rows = reading.rows()
            while batch := await asyncio.to_thread(lambda: list(islice(rows, BATCH))):
                for row, movement in batch:
                    if isinstance(movement, Movement):
                        posting = await debts.post(movement, defaults.now)
                        if posting.result is Posted.RECORDED:
                            added += 1
                            continue
                        if posting.result is Posted.REPEATED:
                            unchanged += 1
                            continue
                        faults: Sequence[FieldFault] = [FieldFault(*_WRONG[posting.result])]
                    else:
                        faults = movement
                    reading.reject(RejectedRow(row.number, tuple(faults)))
                    rejects.write(reading.kept[-1], row.cells)
    finally:
        listing.close()
    good = added + unchanged
    nothing = "no row was good" if reading.count and not good else ""
    return Loaded(
        reading.count,
        added,
        0,
        unchanged,
        reading.rejected,
        tuple(reading.kept[:KEPT_REJECTS]),
        str(rejects.path) if rejects.written else "",
        reading.stopped or nothing,
    )


class _Payments:
    """The movements of a list, row by row, each with what is wrong with it instead where something is."""

    def __init__(self, listing: ListFile, provider: str, defaults: RowDefaults) -> None:
        self._listing, self._provider, self._defaults = listing, provider, defaults
        self._typed = not listing.headings
        columns = match_columns(
            listing.headings, {}, listing.source, fields=PAYMENT_FIELDS, aliases=PAYMENT_ALIASES
        )
        self._fields = {heading: name for name, heading in columns.items()}
        self.count = self.rejected = 0
        self.kept: list[RejectedRow] = []
        self.stopped = ""

    def reject(self, row: RejectedRow) -> None:
        self.rejected += 1
        if len(self.kept) > KEPT_REJECTS:
            self.kept.pop()
        self.kept.append(row)

    def rows(self) -> Iterator[tuple[Row | BadRow, Movement | Sequence[FieldFault]]]:
        try:
            for row in self._listing.rows:
                self.count += 1
                if isinstance(row, BadRow):
                    yield row, [FieldFault(row.name, row.wrong, row.allowed)]
                else:
                    yield (
                        row,
                        read_payment(self._named(row), self._defaults, self._provider, typed=self._typed),
                    )
        except InputError as error:
            if self.count == 0:
                raise
            self.stopped = str(error)
        except UnicodeError:
            self.stopped = f"{self._listing.source}: the text cannot be decoded behind row {self.count}"

    def _named(self, row: Row) -> dict[str, object]:
        if self._typed:
            return {name: row.cells.get(name) for name in PAYMENT_FIELDS}
        return {name: row.cells.get(heading) for heading, name in self._fields.items()}
