"""``ari-app payments reconcile``: a provider's own list beside our ledgers."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    mapping_file,
    pairs,
    plain,
    print_json,
    run,
    show_table,
    written_whole,
)
from ari_app.cli.imports import progress_bar

if TYPE_CHECKING:
    from ari_app.domain.payments.reconciliation import DayTotal
    from ari_app.services.list_rows import Progress
    from ari_app.services.payments.reconcile import DifferenceRow, ReconcileReport

_SHOWN_FAULTS = 20
_HEADINGS = (
    "difference",
    "row",
    "type",
    "reference",
    "amount_there",
    "currency_there",
    "occurred_at_there",
    "amount_here",
    "currency_here",
    "occurred_at_here",
    "payment_id",
    "customer_id",
    "account_id",
    "bill_id",
    "outcome",
)


def reconcile_command(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, XLSX or JSON list of the provider.")],
    provider: Annotated[
        str, typer.Option("--provider", metavar="NAME", help="Whose list it is, as in the ledgers.")
    ],
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
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Where the differences go; FILE.differences.csv when not given."
        ),
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Post what is missing here; by default nothing is changed.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare only, and write no report.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Compare a provider's list with the ledgers, to the cent by day and currency.

    Columns are found by name (reference, amount, type, refund, currency, occurredAt, orderNo, customerId, accountId,
    billId) or by usual Chinese headings; --map names the others. Exit code 1 where the two differ.

        ari-app payments reconcile bank.csv --provider bank

        ari-app payments reconcile 账单.xlsx --provider alipay --map amount=订单金额（元） --apply
    """
    if apply and dry_run:
        raise typer.BadParameter("--apply posts, --dry-run does not: one of the two")
    settings = invocation(context).settings
    columns = (mapping_file(mapping) if mapping else {}) | pairs(column, "--map")
    target = report or file.with_name(f"{file.name}.differences.csv")

    async def work(tell: _Book, progress: Progress) -> ReconcileReport:
        from ari_app.app import open_store
        from ari_app.domain.compliance import zone_of
        from ari_app.services.payments.reconcile import reconcile
        from ari_app.services.payments.statement_file import open_statement

        wanted = settings.defaults
        zone = zone_of(wanted.timezone)
        assert zone is not None  # the settings are checked
        now = clock_of(settings).now()
        statement = open_statement(
            file, provider.strip(), wanted.currency, zone, now, columns, progress, encoding
        )
        try:
            async with open_store(settings) as store:
                return await reconcile(statement, store.payments, tell.add, apply=apply)
        finally:
            statement.listing.close()

    with progress_bar(file.name, shown=not json_output) as progress:
        if dry_run:
            found = run(work(_Book(None), progress))
        else:
            with written_whole(target) as stream:
                found = run(work(_Book(stream), progress))
    written = None if dry_run else target
    if json_output:
        print_json(report_object(found) | {"report": written})
    else:
        _tell(found, written)
    if not found.balanced:
        raise typer.Exit(EXIT_FAILED)


class _Book:
    """The report as CSV, row by row; without a stream nothing is written."""

    def __init__(self, stream: TextIO | None) -> None:
        self._writer = None if stream is None else csv.writer(stream)
        if stream is not None:
            stream.write("\ufeff")
        if self._writer is not None:
            self._writer.writerow(_HEADINGS)

    def add(self, row: DifferenceRow) -> None:
        from ari_app.domain.payments.reconciliation import Difference
        from ari_app.services.list_rejects import safe_cell

        if self._writer is None:
            return
        here, there = row.here, None if row.difference is Difference.ONLY_HERE else row.row
        cells: tuple[object, ...] = (
            row.difference,
            row.number,
            row.row.kind,
            row.row.reference,
            None if there is None else there.amount,
            None if there is None else there.currency,
            None if there is None or there.at is None else there.at.isoformat(),
            None if here is None else here.amount,
            None if here is None else here.currency,
            None if here is None else here.occurred_at.isoformat(),
            None if here is None else here.entry_id,
            None if here is None else here.bill.customer_id,
            None if here is None else here.bill.account_id,
            None if here is None else here.bill.bill_id,
            row.outcome,
        )
        self._writer.writerow([safe_cell(cell) for cell in cells])


def report_object(found: ReconcileReport) -> dict[str, object]:
    """The report as JSON."""
    return {
        "source": found.source,
        "provider": found.provider,
        "rows": found.rows,
        "refused": found.rejected,
        "faults": found.faults,
        "counts": {what.value: count for what, count in found.counts.items()},
        "posted": found.posted,
        "balanced": found.balanced,
        "window": None if found.window is None else list(found.window),
        "unused_columns": list(found.unused),
        "stopped": found.stopped,
        "totals": [
            {
                "day": None if day is None else day.isoformat(),
                "currency": currency,
                "there": {"paid": total.there.paid, "back": total.there.back, "net": total.there.net},
                "here": {"paid": total.here.paid, "back": total.here.back, "net": total.here.net},
                "difference": total.difference,
            }
            for (day, currency), total in _in_order(found)
        ],
    }


def _in_order(found: ReconcileReport) -> list[tuple[tuple[date | None, str], DayTotal]]:
    return sorted(found.totals.items(), key=lambda each: (each[0][0] or date.min, each[0][1]))


def _tell(found: ReconcileReport, written: Path | None) -> None:
    err = error_console()
    for fault in found.faults[:_SHOWN_FAULTS]:
        err.print(plain(fault))
    if found.rejected:
        err.print(f"{found.rejected} rows cannot be read, and are compared with nothing")
    if found.stopped:
        err.print(f"[bold]stopped before the end:[/bold] {plain(found.stopped)}")
    if found.unused:
        err.print(f"columns not used: {plain(', '.join(found.unused))}")
    show_table(
        ["day", "currency", "there", "here", "difference"],
        [
            (day or "(no day)", currency, total.there.net, total.here.net, total.difference)
            for (day, currency), total in _in_order(found)
        ],
    )
    counts = ", ".join(f"{what}: {count}" for what, count in found.counts.items() if count)
    console().print(plain(f"{found.rows} rows; {counts or 'nothing to compare'}"))
    if found.window is None:
        err.print("no row says when: our ledgers were not looked through for what the file does not have")
    for outcome, count in sorted(found.posted.items()):
        console().print(plain(f"posted, {outcome}: {count}"))
    if written is not None:
        console().print(f"differences: {plain(written)}")
