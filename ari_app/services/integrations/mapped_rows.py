"""Records as rows that the importer takes: mapped where a map is given, with their faults as bad rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ari_app.domain.integration.mapping import FieldMap, Mapped, map_record
from ari_app.services.list_rows import BadRow, ListFile, Row


def mapped_row(
    number: int, record: object, fields: Mapping[str, FieldMap], required: Sequence[str]
) -> Row | BadRow:
    """The row of a record."""
    if not isinstance(record, dict):
        return BadRow(number, "is not an object", "keys and values in braces")
    found = map_record(record, fields, required)
    return _as_row(number, found)


def _as_row(number: int, found: Mapped) -> Row | BadRow:
    cells = dict(found.fields)
    if not found.faults:
        return Row(number, cells)
    first, *others = found.faults
    wrong = "; ".join([first.wrong, *(f"{each.field}: {each.wrong}" for each in others)])
    return BadRow(number, wrong, first.allowed, first.field, cells)


def listing_of(
    source: str,
    records: Iterable[object],
    fields: Mapping[str, FieldMap],
    required: Sequence[str],
) -> ListFile:
    """Pulled records as an opened list; ids must be text in it, as in any JSON list."""

    def rows() -> Iterator[Row | BadRow]:
        for number, record in enumerate(records, 1):
            yield mapped_row(number, record, fields, required)

    return ListFile(source, "JSON", (), rows(), _nothing)


def mapped_listing(listing: ListFile, fields: Mapping[str, FieldMap], required: Sequence[str]) -> ListFile:
    """An opened file whose columns are named (and changed) by a map; without one it stays as it is."""
    if not fields:
        return listing

    def rows() -> Iterator[Row | BadRow]:
        for row in listing.rows:
            if isinstance(row, BadRow):
                yield row
            else:
                yield mapped_row(row.number, row.cells, fields, required)

    headings = tuple(fields) if listing.headings else ()
    return replace(listing, headings=headings, rows=rows())


_nothing: Callable[[], None] = lambda: None  # noqa: E731
