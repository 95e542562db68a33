"""``ari-app import``: load a list into a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    know_strategies,
    mapping_file,
    pairs,
    plain,
    print_json,
    row_defaults,
    run,
)

if TYPE_CHECKING:
    from ari_app.services.importer import ImportReport
    from ari_app.services.list_rows import Progress

_SHOWN_REJECTS = 20


def import_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or JSON list.")],
    campaign: Annotated[str, typer.Option("--campaign", metavar="ID", help="The campaign to load into.")],
    column: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Which column holds a field; may be given again."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option("--mapping", metavar="FILE", help="The same as a YAML file of FIELD: COLUMN lines."),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", metavar="NAME", help="Encoding of a CSV; found out when not given."),
    ] = None,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects", metavar="FILE", help="Where refused rows go; FILE.rejects.csv when not given."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every row, store nothing.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Load a list into a campaign: good rows load, bad ones are reported and written to a file to be mended.

    Columns are found by name (customerId, name, phone, accountId, billId, amountDue, dueDate, agingBucket,
    preferredTimeWindow, language, currency, timezone, phone2 ...) or by usual Chinese headings; --map names the
    others. UTF-8, GBK, GB18030 and UTF-16 are recognised, as are comma, semicolon and tab. Loading the same list
    twice changes nothing. Exit code 1 when no row was good or the file broke off.

        ari-app import list.csv --campaign winter-2026

        ari-app import 名单.xlsx --campaign winter-2026 --map phone=手机号 --map customerId=户号
    """
    from ari_app.services.importer import import_list

    if encoding is not None:
        try:
            "x".encode(encoding)
        except (LookupError, UnicodeError) as error:
            raise typer.BadParameter(
                f"unknown encoding {encoding[:40]!r}; allowed: utf-8, gb18030, utf-16 ..."
            ) from error
    columns = (mapping_file(mapping) if mapping else {}) | pairs(column, "--map")
    settings = invocation(context).settings

    async def load(progress: Progress) -> ImportReport:
        from ari_app.app import open_store

        defaults = row_defaults(settings, clock_of(settings).now())
        async with open_store(settings) as store:
            know_strategies(store, settings, await store.campaign(campaign))
            return await import_list(
                file,
                campaign,
                store,
                defaults,
                mapping=columns,
                encoding=encoding,
                rejects_path=rejects,
                dry_run=dry_run,
                progress=progress,
            )

    with progress_bar(file.name, shown=not json_output) as progress:
        report = run(load(progress))
    if json_output:
        print_json(asdict(report) | {"loaded": report.loaded})
    else:
        _tell(report, dry_run)
    if report.stopped is not None or (report.rows and not report.loaded):
        raise typer.Exit(EXIT_FAILED)


@contextmanager
def progress_bar(name: str, shown: bool) -> Iterator[Progress]:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=error_console(),
        transient=True,
        disable=not (shown and error_console().is_terminal),
    )
    with bar:
        task = bar.add_task(plain(name), total=1.0)
        yield lambda share: bar.update(task, completed=share)


def _tell(report: ImportReport, dry_run: bool) -> None:
    err = error_console()
    for reject in report.rejects[:_SHOWN_REJECTS]:
        err.print(plain(reject))
    if report.rejected > _SHOWN_REJECTS:
        err.print(f"... and {report.rejected - _SHOWN_REJECTS} more refused rows")
    if report.rejects_file:
        err.print(f"refused rows, to be mended and loaded again: {plain(report.rejects_file)}")
    if report.stopped:
        err.print(f"[bold]stopped before the end:[/bold] {plain(report.stopped)}")
        err.print("what was loaded stays loaded; mend the file and load it again")
    if report.ignored_columns:
        err.print(f"columns not used: {plain(', '.join(report.ignored_columns))}")
    checked = "checked, nothing stored: " if dry_run else ""
    console().print(
        f"{checked}{report.kind}, {report.rows} rows: {report.added} {'good' if dry_run else 'added'}, "
        f"{report.updated} updated, {report.unchanged} unchanged, {report.rejected} refused "
        f"({report.duplicates} of them twice in the list)"
    )
