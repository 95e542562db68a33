"""What a run would make of the first records: before, after, and every fault by field; nothing is stored or taken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import islice

from ari_app.domain.integration.mapping import FieldMap, map_record, value_at
from ari_app.errors import InputError, Problem
from ari_app.services.account_row import ADDRESS_FIELDS, FieldFault, RowDefaults, read_row
from ari_app.services.importer import RowReader
from ari_app.services.integrations.definition import Definition, FolderPart, HttpPart, Into
from ari_app.services.integrations.inbox import complete_files
from ari_app.services.integrations.payment_row import PAYMENT_ALIASES, read_payment
from ari_app.services.integrations.pull import pull
from ari_app.services.integrations.runner import Surroundings, read_secret
from ari_app.services.integrations.ticket_row import TICKET_ALIASES, read_ticket
from ari_app.services.list_columns import match_columns
from ari_app.services.list_files import open_list
from ari_app.services.list_rows import Row


@dataclass(frozen=True, slots=True)
class TrialRow:
    """One record: the values that the map reads, by path; the fields that it gives; what is wrong with them."""

    number: int
    before: Mapping[str, object] = field(repr=False)
    after: Mapping[str, object] = field(repr=False)
    faults: tuple[FieldFault, ...] = ()


async def trial(definition: Definition, around: Surroundings, limit: int) -> list[TrialRow]:
    """The first ``limit`` records. Raises InputError, FetchError or InboxError where there are none to be had."""
    defaults = around.defaults(around.clock.now())
    if definition.http is not None:
        records = await _pulled(definition.http, around, limit)
        return [
            _row(definition, number, record, defaults, typed=True) for number, record in enumerate(records, 1)
        ]
    assert definition.folder is not None
    return await asyncio.to_thread(_of_file, definition, definition.folder, around.wall(), defaults, limit)


async def _pulled(spec: HttpPart, around: Surroundings, limit: int) -> list[object]:
    secret = await asyncio.to_thread(read_secret, spec)
    found: list[object] = []
    async with (
        around.fetch(spec.reach) as fetch,
        aclosing(pull(spec, fetch, secret, "", around.sleep)) as pages,
    ):
        async for page in pages:
            found += page.records
            if len(found) >= limit:
                break
    return found[:limit]


def _of_file(
    definition: Definition, spec: FolderPart, wall: float, defaults: RowDefaults, limit: int
) -> list[TrialRow]:
    files = complete_files(spec, wall)
    if not files:
        wrong = "holds no complete file"
        raise InputError([Problem(str(spec.inbox), "inbox", wrong, ", ".join(spec.names))])
    listing = open_list(files[0], encoding=spec.encoding)
    try:
        columns: Mapping[str, str] = {}
        if not definition.fields and listing.headings:
            columns = (
                RowReader(listing, defaults, {}).columns
                if definition.into is Into.ACCOUNTS
                else match_columns(
                    listing.headings,
                    {},
                    listing.source,
                    fields=definition.into.fields,
                    aliases=PAYMENT_ALIASES if definition.into is Into.PAYMENTS else TICKET_ALIASES,
                )
            )
        typed = not listing.headings
        found = []
        for row in islice(listing.rows, limit):
            if isinstance(row, Row):
                cells = {name: row.cells.get(heading) for name, heading in columns.items()} or row.cells
                found.append(_row(definition, row.number, cells, defaults, typed=typed))
            else:
                found.append(TrialRow(row.number, {}, {}, (FieldFault(row.name, row.wrong, row.allowed),)))
        return found
    finally:
        listing.close()


def _row(
    definition: Definition, number: int, record: object, defaults: RowDefaults, *, typed: bool
) -> TrialRow:
    maps = definition.field_maps
    if not isinstance(record, dict):
        return TrialRow(number, {}, {}, (FieldFault("row", "is not an object", "keys and values in braces"),))
    if not maps:
        checked = _checked(definition, record, defaults, typed)
        return TrialRow(number, record, record, tuple(checked))
    mapped = map_record(record, maps, definition.required)
    faults = [FieldFault(each.field, each.wrong, each.allowed) for each in mapped.faults]
    named = {each.field for each in faults}
    known = {name: mapped.fields.get(name) for name in definition.into.fields}
    faults += [each for each in _checked(definition, known, defaults, typed) if each.field not in named]
    return TrialRow(number, _before(record, maps), mapped.fields, tuple(faults))


def _checked(
    definition: Definition, cells: Mapping[str, object], defaults: RowDefaults, typed: bool
) -> Sequence[FieldFault]:
    if definition.into is Into.ACCOUNTS:
        account = read_row(cells, defaults, typed=typed)
        return account if isinstance(account, list) else []
    if definition.into is Into.TICKETS:
        ticket = read_ticket(cells, defaults, typed=typed)
        return ticket if isinstance(ticket, list) else []
    movement = read_payment(cells, defaults, provider=definition.ledger_provider, typed=typed)
    return movement if isinstance(movement, list) else []


def _before(record: object, maps: Mapping[str, FieldMap]) -> dict[str, object]:
    return {".".join(path): value_at(record, path) for wanted in maps.values() for path in wanted.paths}


def personal_paths(definition: Definition) -> frozenset[str]:
    """Paths and fields that hold names and numbers, to be masked where they are shown."""
    fields = {"name", "phone", "phone2", "phone3", "otherPhones", *ADDRESS_FIELDS}
    paths = {
        ".".join(path)
        for name in fields & definition.fields.keys()
        for path in definition.fields[name].field_map.paths
    }
    return frozenset(fields | paths)
