"""``ari-app integrations``: lists and payments that other systems give, by HTTP or as files in a folder."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    FullOption,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    local,
    masked_name,
    masked_phone,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ari_app.config import Settings
    from ari_app.ports.integrations import Run
    from ari_app.services.integrations.definition import Definition
    from ari_app.services.integrations.directory import IntegrationDirectory
    from ari_app.services.integrations.trial import TrialRow

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Lists and payments that other systems give: pulled by HTTP, or as files in a folder. "
        "docs/integrations.md tells how they are described."
    ),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the integration: its file without .yaml.")]
_LONGEST = 60


@app.command("check")
def check(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every fault of the files in dialplan/integrations, with line and what would be right; exit code 1 for any."""
    directory = _directory(invocation(context).settings)
    problems = directory.problems
    if json_output:
        print_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            console().print(plain(problem))
        console().print(f"{len(directory.definitions)} can be used, {len(directory.faults)} have faults")
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command("list")
def show_all(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every integration, what it brings, and how its last run ended."""
    settings = invocation(context).settings
    directory = _directory(settings)

    async def read() -> dict[str, Run | None]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return {name: await store.integration_runs.last(name) for name in directory.definitions}

    last = run(read())
    if json_output:
        print_json(
            [
                {
                    "name": name,
                    "into": each.into,
                    "campaign": each.campaign,
                    "enabled": each.enabled,
                    "from": _origin(each),
                    "every_minutes": each.every_minutes if each.http is not None else None,
                    "last": None if (ran := last[name]) is None else asdict(ran),
                }
                for name, each in directory.definitions.items()
            ]
        )
        return
    if not directory.definitions:
        console().print("there is no integration that can be used (ari-app integrations check)")
        return
    show_table(
        ["name", "brings", "from", "last run", "result"],
        [
            (
                name + ("" if each.enabled else " (off)"),
                f"{each.into} of {each.campaign}" if each.campaign else each.into,
                _origin(each),
                local(None if (ran := last[name]) is None else ran.started_at, None),
                "" if ran is None else _result(ran),
            )
            for name, each in directory.definitions.items()
        ],
    )


@app.command("show")
def show(
    context: typer.Context,
    name: Name,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="So many runs at most.")] = 20,
    json_output: JsonOption = False,
) -> None:
    """The newest runs of an integration: what was read, loaded and refused, and why one failed."""
    settings = invocation(context).settings
    _definition(_directory(settings), name)

    async def read() -> tuple[str, list[Run]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            runs = store.integration_runs
            return await runs.position(name), await runs.runs(name, limit)

    position, found = run(read())
    if json_output:
        print_json({"name": name, "position": position, "runs": [asdict(each) for each in found]})
        return
    if position:
        console().print(plain(f"the next pull goes on from {position}"))
    show_table(
        ["started", "file", "records", "added", "updated", "unchanged", "refused", "result"],
        [
            (
                local(each.started_at, None),
                each.file,
                each.records,
                each.added,
                each.updated,
                each.unchanged,
                each.rejected,
                _result(each),
            )
            for each in found
        ],
    )


@app.command("run")
def run_once(context: typer.Context, name: Name, json_output: JsonOption = False) -> None:
    """Pull now, or take every complete file now, whether or not it is due. Exit code 1 when a run failed.

    Beside `serve` it may run too: of two at once, one is refused.
    """
    settings = invocation(context).settings
    directory = _directory(settings)
    definition = _definition(directory, name)

    async def work() -> list[Run]:
        from ari_app.app import open_store
        from ari_app.cli.common import know_strategies
        from ari_app.closed_loop import integration_surroundings
        from ari_app.services.integrations.runner import Integrations

        async with open_store(settings) as store:
            if definition.campaign is not None:
                know_strategies(store, settings, await store.campaign(definition.campaign))
            around = integration_surroundings(settings, store, clock_of(settings))
            return await Integrations(directory, around).run(definition)

    with error_console().status(f"{name} ..."):
        found = run(work())
    if json_output:
        print_json([asdict(each) for each in found])
    elif not found:
        console().print("there is no complete file")
    for each in [] if json_output else found:
        where = f"{each.file}: " if each.file else ""
        console().print(
            plain(
                f"{where}{each.records} records: {each.added} added, {each.updated} updated, "
                f"{each.unchanged} unchanged, {each.rejected} refused; {_result(each)}"
            )
        )
        if each.rejects_file:
            error_console().print(plain(f"refused: {each.rejects_file}"))
    if any(each.result.value == "failed" for each in found):
        raise typer.Exit(EXIT_FAILED)


@app.command("dry-run")
def dry_run(
    context: typer.Context,
    name: Name,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="So many records at most.")] = 5,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """The first records before and after the map, with every fault by field; nothing is stored, no file is taken.

    Exit code 1 when a record has a fault.
    """
    settings = invocation(context).settings
    definition = _definition(_directory(settings), name)

    async def read() -> list[TrialRow]:
        from ari_app.app import open_store
        from ari_app.closed_loop import integration_surroundings
        from ari_app.services.integrations.trial import trial

        async with open_store(settings) as store:
            return await trial(
                definition, integration_surroundings(settings, store, clock_of(settings)), limit
            )

    found = run(read())
    from ari_app.services.integrations.trial import personal_paths

    personal = frozenset() if full else personal_paths(definition)
    if json_output:
        print_json(
            [
                {
                    "record": each.number,
                    "before": _shown(each.before, personal),
                    "after": _shown(each.after, personal),
                    "faults": [asdict(fault) for fault in each.faults],
                }
                for each in found
            ]
        )
    else:
        for each in found:
            console().print(f"[bold]record {each.number}[/bold]")
            for key, value in _shown(each.before, personal).items():
                console().print(plain(f"  {key}: {_short(value)}"))
            console().print("  becomes")
            for key, value in _shown(each.after, personal).items():
                console().print(plain(f"  {key}: {_short(value)}"))
            for fault in each.faults:
                console().print(f"  [red]{plain(fault)}[/red]")
    if not found:
        error_console().print("there are no records")
    if any(each.faults for each in found):
        raise typer.Exit(EXIT_FAILED)


def _directory(settings: Settings) -> IntegrationDirectory:
    from ari_app.services.integrations.directory import IntegrationDirectory

    return IntegrationDirectory(settings.dialplan_dir / "integrations")


def _definition(directory: IntegrationDirectory, name: str) -> Definition:
    if name in directory.faults:
        raise InputError(list(directory.faults[name]))
    found = directory.definitions.get(name)
    if found is None:
        allowed = ", ".join(directory.definitions) or "a file in dialplan/integrations"
        raise InputError([Problem(name[:100], "integration", "does not exist", allowed)])
    return found


def _origin(definition: Definition) -> str:
    if definition.http is not None:
        return definition.http.url
    return "" if definition.folder is None else str(definition.folder.inbox)


def _result(run: Run) -> str:
    return run.result.value if not run.fault else f"{run.result.value}: {run.fault}"


def _shown(values: Mapping[str, object], personal: frozenset[str]) -> dict[str, object]:
    return {key: _masked(value, key) if key in personal else _plain(value) for key, value in values.items()}


def _masked(value: object, key: str) -> object:
    match value:
        case list():
            return [_masked(each, key) for each in value]
        case str() if "name" in key.lower():
            return masked_name(value, False)
        case str() | int():
            text = str(value)
            return (
                masked_phone(text, False)
                if any(sign.isdigit() for sign in text)
                else masked_name(text, False)
            )
        case _:
            return None if value is None else "***"


def _plain(value: object) -> object:
    """What JSON can hold: decimals and days as text."""
    if value is None or isinstance(value, str | int | float | bool | list | dict):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _short(value: object) -> str:
    text = "(nothing)" if value is None else str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
