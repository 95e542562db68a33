"""``ari-app docs``: documents that are made from the program itself."""

from __future__ import annotations

import sys

import typer

app = typer.Typer(no_args_is_help=True, help="Documents made from the program itself.")


@app.command("call-machine")
def call_machine() -> None:
    """The diagram of the call machine, as docs/call-machine.md holds it.

    ari-app docs call-machine > docs/call-machine.md
    """
    from ari_app.domain.call_diagram import markdown

    sys.stdout.write(markdown())
