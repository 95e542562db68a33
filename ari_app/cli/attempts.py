"""``ari-app attempts``: what was dialled and how it ended."""

from __future__ import annotations

import csv
import json
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ari_app.cli.arm_report import arms
from ari_app.cli.campaigns import existing
from ari_app.cli.common import (
    FullOption,
    JsonOption,
    console,
    error_console,
    invocation,
    local,
    masked_phone,
    print_json,
    run,
    show_table,
    written_whole,
)
from ari_app.cli.results_view import masked_result
from ari_app.cli.turns_view import Mask, safe_json, turn_objects

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.record import AttemptRecord

app = typer.Typer(
    no_args_is_help=True, help="Attempts: what was dialled, when, from which caller ID, and how it ended."
)
app.command("arms")(arms)

CampaignOption = Annotated[str | None, typer.Option("--campaign", metavar="ID", help="Only this campaign.")]
CustomerOption = Annotated[str | None, typer.Option("--customer", metavar="ID", help="Only this customer.")]


class ExportFormat(StrEnum):
    """How attempts are written."""

    JSONL = "jsonl"
    CSV = "csv"


async def _records(
    settings: Settings, campaign: str | None, customer: str | None
) -> AsyncIterator[AttemptRecord]:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        if campaign is not None:
            await existing(store, campaign)
        async for record in store.iter_attempts(campaign, customer):
            yield record


@app.command("list")
def list_attempts(
    context: typer.Context,
    campaign: CampaignOption = None,
    customer: CustomerOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="The newest that many.")] = 50,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """The newest attempts, oldest first.

    ari-app attempts list --campaign winter-2026

    ari-app attempts list --customer c_10001 --full
    """
    from ari_app.domain.compliance import zone_of

    settings = invocation(context).settings

    async def read() -> deque[AttemptRecord]:
        newest: deque[AttemptRecord] = deque(maxlen=limit)
        async for record in _records(settings, campaign, customer):
            newest.append(record)
        return newest

    found = run(read())
    if json_output:
        print_json([_exported(record, full) for record in found])
        return
    if not found:
        console().print("no attempt yet")
        return
    show_table(
        ["reserved", "customer", "account", "number", "attempt", "disposition", "talk s", "next attempt"],
        [
            (
                local(record.reserved_at, zone_of(record.timezone)),
                record.customer_id,
                record.account_id,
                masked_phone(record.phone, full),
                record.number,
                record.disposition or "(open)",
                f"{record.talk_seconds:.0f}",
                local(record.next_attempt_at, zone_of(record.timezone)),
            )
            for record in found
        ],
    )


def _exported(record: AttemptRecord, full: bool) -> dict[str, object]:
    found = record.to_export()
    if full:
        return found
    return masked_result(found, Mask("", full=False)) | {"phone": masked_phone(record.phone, full=False)}


@app.command("export")
def export(
    context: typer.Context,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="One JSON object a line, or CSV.")
    ] = ExportFormat.JSONL,
    campaign: CampaignOption = None,
    customer: CustomerOption = None,
    turns: Annotated[
        bool,
        typer.Option(
            "--turns",
            help="With each attempt what was said, turn by turn, with its latency ledger (jsonl only).",
        ),
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="With --turns: names, numbers and keyed digits as they were said, not masked."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Written whole or not at all; standard output by default."
        ),
    ] = None,
) -> None:
    """Every attempt with all that is known of it, one object for each contact; the number dialled stands in full.

    ari-app attempts export --format jsonl > attempts.jsonl

    ari-app attempts export --format csv --campaign winter-2026 --output attempts.csv

    ari-app attempts export --turns --output calls.jsonl
    """
    settings = invocation(context).settings
    if turns and form is ExportFormat.CSV:
        raise typer.BadParameter("--turns needs --format jsonl: a call has many turns")
    if full and not turns:
        raise typer.BadParameter("--full belongs to --turns; without it nothing is masked here")

    async def write(stream: TextIO) -> int:
        if turns:
            return await _write_turns(settings, campaign, customer, full, stream)
        put = _writer(form, stream)
        count = 0
        async for record in _records(settings, campaign, customer):
            put(record)
            count += 1
        return count

    if output is None:
        run(write(sys.stdout))
        return
    with written_whole(output) as stream:
        if form is ExportFormat.CSV:
            stream.write("\ufeff")  # spreadsheets take a CSV without this mark for their own code page
        count = run(write(stream))
    error_console().print(f"{count} attempts written to {output}", markup=False)


async def _write_turns(
    settings: Settings, campaign: str | None, customer: str | None, full: bool, stream: TextIO
) -> int:
    """Each attempt with its turns; returns how many attempts were written."""
    from ari_app.app import open_store

    count = 0
    async with open_store(settings) as store:
        if campaign is not None:
            await existing(store, campaign)
        async for record in store.iter_attempts(campaign, customer):
            history = await store.history(record.attempt_id)
            mask = Mask("" if history is None else history.account.name, full=full)
            said = turn_objects(await store.turns(record.attempt_id), mask)
            found = masked_result(record.to_export(), mask) | {"turns": said}
            stream.write(safe_json(found) + "\n")
            count += 1
    return count


def _writer(form: ExportFormat, stream: TextIO) -> Callable[[AttemptRecord], object]:
    if form is ExportFormat.JSONL:
        return lambda record: stream.write(json.dumps(record.to_export(), ensure_ascii=False) + "\n")
    from ari_app.domain.record import EXPORT_FIELDS

    rows = csv.writer(stream)
    rows.writerow(EXPORT_FIELDS)

    def put(record: AttemptRecord) -> None:
        found = record.to_export()
        rows.writerow([_cell(found[name]) for name in EXPORT_FIELDS])

    return put


def _cell(value: object) -> str:
    from ari_app.services.list_rejects import safe_cell

    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else safe_cell(value)
