"""What the commands of ``score`` read: a payment history, and what of it may be used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import clock_of, error_console, invocation, pairs, plain

if TYPE_CHECKING:
    from ari_app.services.history_file import HistoryBook

MapOption = Annotated[
    list[str] | None,
    typer.Option(
        "--map", metavar="FIELD=COLUMN", help="Which column of the history holds a field; may be given again."
    ),
]
AuthoriseOption = Annotated[
    str,
    typer.Option(
        "--authorise", metavar="TEXT", help="What the customers have agreed to: allows social data."
    ),
]
DropOption = Annotated[
    bool,
    typer.Option("--drop", help="Leave columns unread that must not be used, instead of refusing the file."),
]


def authorised(text: str) -> str:
    """What ``--authorise`` says, as short as a model file holds it."""
    return text.strip()[:400]


def read_book(
    context: typer.Context, file: Path, column: list[str] | None, authorise: str, drop: bool
) -> HistoryBook:
    """The histories of a file."""
    from ari_app.services.history_file import Permission, read_history

    today = clock_of(invocation(context).settings).now().date()
    allowed = Permission(authorised(authorise), drop)
    return read_history(file, today, allowed, pairs(column, "--map"))


def tell_faults(book: HistoryBook) -> None:
    """Rows that were left out and columns that were not read, on standard error."""
    err = error_console()
    for fault in book.faults:
        err.print(plain(fault))
    if book.rejected:
        err.print(f"{book.rejected} of {book.rows} rows have a fault and are left out")
    for heading, cells in book.dropped.items():
        err.print(plain(f"column {heading} is left unread: {cells} cells"))
