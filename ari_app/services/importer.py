"""Loads a list into a campaign: every row checked, the good ones stored in batches, the bad ones reported.

Loading the same list twice changes nothing, so a load that broke off is simply done again. Memory stays bounded whatever
the length of the file: rows stream, and of each key only a digest is kept to find it a second time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ari_app.domain.account import Account
from ari_app.errors import InputError, Problem, StoreError
from ari_app.ports import LoadCount, Store
from ari_app.services.account_row import FieldFault, RowDefaults, read_row
from ari_app.services.list_columns import match_columns
from ari_app.services.list_files import open_list
from ari_app.services.list_first_seen import FirstSeen
from ari_app.services.list_rejects import RejectedRow, RejectsFile
from ari_app.services.list_rows import BadRow, ListFile, Progress, Row, no_progress

BATCH = 2000
#: Rejects that are kept in the report; all of them stand in the rejects file.
KEPT_REJECTS = 1000
#: Shapes of JSON objects whose columns are remembered.
KEPT_SHAPES = 100


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a load did. ``rows`` = ``loaded`` rows + ``rejected``; ``duplicates`` are counted among the rejected."""

    source: str
    kind: str
    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    duplicates: int = 0
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    rejects: tuple[RejectedRow, ...] = ()
    rejects_file: str | None = None
    stopped: str | None = None
    """Why reading ended before the end of the file, None when all of it was read."""

    @property
    def loaded(self) -> int:
        """Good rows: added, updated or there already."""
        return self.added + self.updated + self.unchanged


async def import_list(
    path: Path,
    campaign_id: str,
    store: Store,
    defaults: RowDefaults,
    *,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    rejects_path: Path | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> ImportReport:
    """Load a CSV, XLSX or JSON list into a campaign.

    ``mapping`` names the file's column of a field (``{"phone": "手机号"}``); other columns are found by name. Rejected
    rows are written to ``rejects_path`` (``LIST.rejects.csv`` beside the list when None); with ``dry_run`` every row is
    checked and nothing is stored. ``progress`` is told the share that has been read.

    Raises InputError when nothing of the file can be used or the campaign does not exist. A fault of the file behind
    its first rows ends the load with ``stopped`` set: what was loaded stays loaded.
    """
    if not dry_run and await store.campaign(campaign_id) is None:
        raise InputError(
            [Problem(campaign_id, "campaign", "does not exist", "an id that campaign list shows")]
        )
    listing = await asyncio.to_thread(lambda: open_list(path, encoding=encoding, progress=progress))
    where = rejects_path or path.with_name(f"{path.name}.rejects.csv")
    return await import_listing(listing, campaign_id, store, defaults, where, mapping, dry_run)


async def import_listing(
    listing: ListFile,
    campaign_id: str,
    store: Store,
    defaults: RowDefaults,
    rejects_path: Path,
    mapping: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> ImportReport:
    """Load rows that are open already, whatever they come from, and close them; see :func:`import_list`."""
    rejects = RejectsFile(rejects_path, listing.headings)
    report = ImportReport(listing.source, listing.kind)
    try:
        reader = RowReader(listing, defaults, mapping or {})
        report = replace(report, columns=reader.columns, ignored_columns=reader.ignored)
        total, halted = LoadCount(0, 0, 0), None
        with rejects:
            accounts = reader.accounts(rejects)
            while True:
                batch = await asyncio.to_thread(lambda: list(islice(accounts, BATCH)))
                if not batch:
                    break
                if dry_run:
                    total = LoadCount(total.added + len(batch), total.updated, total.unchanged)
                    continue
                try:
                    count = await store.load_accounts(campaign_id, batch, defaults.now)
                except StoreError as error:
                    if total == LoadCount(0, 0, 0):
                        raise
                    halted = f"{error} (what came before is loaded; load the file again to go on)"
                    break
                total = LoadCount(
                    total.added + count.added,
                    total.updated + count.updated,
                    total.unchanged + count.unchanged,
                )
    finally:
        listing.close()
    return replace(
        report,
        rows=reader.rows,
        added=total.added,
        updated=total.updated,
        unchanged=total.unchanged,
        rejected=reader.rejected,
        duplicates=reader.duplicates,
        rejects=tuple(reader.kept),
        rejects_file=str(rejects.path) if rejects.written else None,
        stopped=halted or reader.stopped,
    )


class RowReader:
    """The good accounts of a list, one by one; what was wrong is counted, kept (some) and written to the rejects."""

    def __init__(self, listing: ListFile, defaults: RowDefaults, mapping: Mapping[str, str]) -> None:
        self._listing = listing
        self._defaults = defaults
        self._typed = not listing.headings
        self.columns = match_columns(listing.headings, mapping, listing.source)
        self._fields = {heading: name for name, heading in self.columns.items()}
        self._mapping = dict(mapping)
        self.ignored = tuple(
            heading for heading in listing.headings if heading and heading not in self._fields
        )
        self._first = FirstSeen()
        self._columns_by_keys: dict[tuple[str, ...], Mapping[str, str]] = {}
        self.rows = self.rejected = self.duplicates = 0
        self.kept: list[RejectedRow] = []
        self.stopped: str | None = None

    def accounts(self, rejects: RejectsFile) -> Iterator[Account]:
        """Every account whose row is good. A fault of the file itself ends the rows and is told in ``stopped``."""
        try:
            for row in self._listing.rows:
                self.rows += 1
                account = self._account(row)
                if isinstance(account, Account):
                    yield account
                    continue
                self.rejected += 1
                if len(self.kept) < KEPT_REJECTS:
                    self.kept.append(account)
                rejects.write(account, row.cells)
        except InputError as error:
            if self.rows == 0:
                raise
            self.stopped = str(error)
        except UnicodeError:
            self.stopped = f"{self._listing.source}: the text cannot be decoded behind row {self.rows}"

    def _account(self, row: Row | BadRow) -> Account | RejectedRow:
        if isinstance(row, BadRow):
            return RejectedRow(row.number, (FieldFault(row.name, row.wrong, row.allowed),))
        cells = row.cells
        if self._typed:
            columns = self._columns_of(tuple(cells))
            found = read_row({name: cells[key] for name, key in columns.items()}, self._defaults, typed=True)
        else:
            named = {name: cells.get(heading) for heading, name in self._fields.items()}
            found = read_row(named, self._defaults)
        if not isinstance(found, Account):
            return RejectedRow(row.number, tuple(found))
        earlier = self._first.row_of(found.key, row.number)
        if earlier != row.number:
            self.duplicates += 1
            wrong = f"the same customer, account and bill as row {earlier}"
            return RejectedRow(row.number, (FieldFault("billId", wrong, "each bill once"),))
        return found

    def _columns_of(self, keys: tuple[str, ...]) -> Mapping[str, str]:
        """The columns of a JSON object; objects of a list mostly have the same keys."""
        found = self._columns_by_keys.get(keys)
        if found is None:
            found = match_columns(keys, self._mapping, "", require=False)
            if len(self._columns_by_keys) < KEPT_SHAPES:
                self._columns_by_keys[keys] = found
        return found
