"""``ari-app config``: what the settings are and what they may be."""

from __future__ import annotations

import typer

from ari_app.cli.common import JsonOption, console, invocation, plain, print_json

app = typer.Typer(no_args_is_help=True, help="Settings: what holds now, and what may be set.")


@app.command("show")
def show(context: typer.Context, json_output: JsonOption = False) -> None:
    """The settings that hold now, from file and environment; secrets stay hidden."""
    values = invocation(context).settings.model_dump(mode="json", by_alias=True)
    if json_output:
        print_json(values)
        return
    for name, value in _flat(values, ""):
        console().print(f"{plain(name)}: {plain(value)}")


@app.command("schema")
def schema() -> None:
    """JSON Schema of the settings file, for editors that complete and check YAML."""
    from ari_app.config import Settings

    print_json(Settings.model_json_schema(by_alias=True))


def _flat(values: dict[str, object], prefix: str) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for key, value in values.items():
        if isinstance(value, dict) and value:
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", value))
    return found
