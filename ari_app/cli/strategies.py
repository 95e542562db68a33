"""``ari-app strategy``: check, compare, explain, sign, stop and list strategy files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    invocation,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.domain.strategy_book import Role
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.strategy import Strategy
    from ari_app.ports import SignOff, StrategyStop
    from ari_app.services.strategy_check import Surroundings

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Strategies: who is called in which segment, by which steps and within which limits. A strategy is a file "
        "DIALPLAN/strategies/NAME.yaml. docs/strategies.md tells every key."
    ),
)

StrategyName = Annotated[str, typer.Argument(metavar="STRATEGY", help="Name of a strategy.")]
ByOption = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this; it is kept.")]


@app.command("check")
def check(
    context: typer.Context,
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[STRATEGY]...", help="Names or files; by default all.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Find every fault of strategy files: file, line, what is wrong and what would be right.

    What is wider than the rule pack is a fault. A version that is not signed yet is told, but is none.

        ari-app strategy check

        ari-app strategy check telecom-overdue
    """
    from ari_app.services.strategy_directory import read_checked
    from ari_app.services.strategy_standing import (
        standing_of,
        unsigned,
        version_not_raised,
    )

    settings = invocation(context).settings
    around, signed = _surroundings(settings), sign_offs(settings)
    paths = [path_of(settings, name) for name in files or ()] or _all(settings)
    problems: list[Problem] = []
    notes: list[str] = []
    good: list[str] = []
    for path in paths:
        reading, faults = read_checked(path, around, settings.defaults.country)
        if reading is not None:
            faults = [*faults, *version_not_raised(reading, signed)]
            missing = unsigned(reading.strategy, standing_of(signed))
            notes += [missing] if missing and not faults else []
        problems += faults
        good += [] if faults else [path.stem]
    if json_output:
        print_json({"strategies": good, "problems": list(map(str, problems)), "unsigned": notes})
    else:
        for line in (*(f"{name}: no fault" for name in good), *map(str, problems), *notes):
            console().print(plain(line))
    if problems:
        raise typer.Exit(EXIT_FAILED)


@app.command("list")
def list_strategies(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every strategy: its version, who has signed it, whether it is stopped, how far it is rolled out."""
    from ari_app.services.strategy_content import digest_of
    from ari_app.services.strategy_standing import standing_of

    settings = invocation(context).settings
    signed, stops = sign_offs(settings), stops_of(settings)
    stopped = {each.strategy: each.reason for each in stops if each.resumed_at is None}
    rows = []
    for path in _all(settings):
        strategy = read(settings, path)
        missing = standing_of(signed).missing(digest_of(strategy))
        shares = ", ".join(f"{share.version}: {share.percent:g} %" for share in strategy.rollout.shares)
        rows.append(
            {
                "strategy": path.stem,
                "version": strategy.version,
                "title": strategy.title,
                "segments": len(strategy.segments),
                "unsigned": list(missing),
                "stopped": stopped.get(strategy.name),
                "rollout": shares or "everybody",
            }
        )
    if json_output:
        print_json(rows)
        return
    show_table(
        ["strategy", "version", "segments", "may dial", "roll-out", "title"],
        [
            (
                row["strategy"],
                row["version"],
                row["segments"],
                f"stopped: {row['stopped']}"
                if row["stopped"]
                else f"not signed: {', '.join(map(str, row['unsigned']))}"  # type: ignore[call-overload]
                if row["unsigned"]
                else "yes",
                row["rollout"],
                row["title"],
            )
            for row in rows
        ],
    )


@app.command("diff")
def diff(
    context: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="OLD", help="A file, NAME, or NAME:VERSION (kept or signed).")
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The same.")],
    json_output: JsonOption = False,
) -> None:
    """What one version of a strategy says otherwise than another: by segment, step and key, not by line.

    ari-app strategy diff telecom-overdue:2025.4 telecom-overdue
    """
    from ari_app.services.strategy_content import differences

    settings = invocation(context).settings
    found = differences(_version(settings, old), _version(settings, new))
    if json_output:
        print_json([{"where": each.where, "old": each.old, "new": each.new} for each in found])
        return
    if not found:
        console().print("no difference in content")
        return
    show_table(["where", "old", "new"], [(each.where, each.old or "-", each.new or "-") for each in found])


@app.command("schema")
def schema() -> None:
    """The JSON Schema of strategy files, for editors that complete and check while you type.

    ari-app strategy schema > strategy.schema.json
    """
    from ari_app.services.strategy_schema import strategy_schema

    sys.stdout.write(json.dumps(strategy_schema(), indent=2, ensure_ascii=False) + "\n")


@app.command("sign")
def sign(
    context: typer.Context,
    name: StrategyName,
    role: Annotated[Role, typer.Option("--as", help="For which office you sign.")],
    by: ByOption,
) -> None:
    """Sign a version as it is now. All three offices have to, each by another person, before it may dial.

    The signature is for the content (SHA-256 of the canonical form); another content needs another version and three new
    signatures. Comments and the roll-out are not part of it.

        ari-app strategy sign telecom-overdue --as legal --by "Li Wei"
    """
    from ari_app.ports import SignOff
    from ari_app.services.strategy_content import canonical, digest_of
    from ari_app.services.strategy_directory import read_checked
    from ari_app.services.strategy_standing import (
        signed_for_another,
        standing_of,
        unsigned,
        version_not_raised,
    )

    settings = invocation(context).settings
    path = path_of(settings, name)
    reading, faults = read_checked(path, _surroundings(settings), settings.defaults.country)
    before = sign_offs(settings)
    if reading is None or faults or (faults := version_not_raised(reading, before)):
        raise InputError(faults)
    strategy, digest = reading.strategy, digest_of(reading.strategy)
    sign_off = SignOff(strategy.name, strategy.version, digest, role, by, clock_of(settings).now())
    if wrong := signed_for_another(before, sign_off):
        raise InputError(wrong)

    async def write() -> list[SignOff]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            await store.sign_strategy(sign_off, canonical(strategy))
            return await store.sign_offs(strategy.name)

    signed = run(write())
    out = console()
    out.print(plain(f"{strategy.name} {strategy.version} ({digest[:12]}): signed as {role} by {by}"))
    out.print(plain(unsigned(strategy, standing_of(signed)) or "all three have signed: it may dial"))


@app.command("stop")
def stop(
    context: typer.Context,
    name: StrategyName,
    reason: Annotated[str, typer.Option("--reason", help="Why; every refused call tells it.")],
    by: ByOption = "operator",
) -> None:
    """Stop a strategy at once: nothing is claimed or dialled by it any more, and calls that ring are released.

    Calls that have been answered go on. `ari-app strategy resume` lets it dial again.
    """
    settings = invocation(context).settings
    name = _strategy_name(name)
    _known(settings, name)

    async def write() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.stop_strategy(name, reason, by, clock_of(settings).now())

    stopped = run(write())
    console().print(plain(f"{name}: {'stopped' if stopped else 'was stopped already'}"))


@app.command("resume")
def resume(context: typer.Context, name: StrategyName, by: ByOption = "operator") -> None:
    """Let a stopped strategy dial again."""
    settings = invocation(context).settings
    name = _strategy_name(name)

    async def write() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.resume_strategy(name, by, clock_of(settings).now())

    console().print(plain(f"{name}: {'dials again' if run(write()) else 'was not stopped'}"))


# ---------------------------------------------------------------------------------------------- reading


def _folder(settings: Settings) -> Path:
    return settings.dialplan_dir / "strategies"


def _all(settings: Settings) -> list[Path]:
    return sorted(_folder(settings).glob("*.yaml"))


def path_of(settings: Settings, name: str) -> Path:
    """The file of a name, or the file itself. Raises InputError where there is none."""
    path = Path(name) if name.endswith((".yaml", ".yml")) else _folder(settings) / f"{name}.yaml"
    if not path.is_file():
        _known(settings, name)
        raise InputError([Problem(str(path), "", "there is no such file")])
    return path


def _strategy_name(text: str) -> str:
    """The strategy that is meant, also by one of its files: a stop of ``lender.yaml`` has to stop ``lender``."""
    return Path(text).name.partition(".")[0]


def _known(settings: Settings, name: str) -> None:
    from ari_app.services.model_problems import nearest

    known = [path.stem for path in _all(settings)]
    if name not in known and not Path(name).is_file():
        wrong = f"there is no strategy {name[:60]!r} in {_folder(settings)}"
        raise InputError([Problem(name[:60], "strategy", wrong, nearest(name, known))])


def read(settings: Settings, path: Path) -> Strategy:
    """A strategy as its file has it now."""
    from ari_app.services.strategy_file import read_strategy

    return read_strategy(path, settings.defaults.country).strategy


def _version(settings: Settings, text: str) -> Strategy:
    """A file, a name, or NAME:VERSION, which is a file that was kept or a content that was signed."""
    from ari_app.services.strategy_content import strategy_of
    from ari_app.services.strategy_file import file_names

    name, colon, version = text.partition(":")
    if not colon or text.endswith((".yaml", ".yml")):
        return read(settings, path_of(settings, text))
    for each in file_names(name, version):
        path = _folder(settings) / each
        if path.is_file() and (found := read(settings, path)).version == version:
            return found

    async def query() -> str | None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.signed_content(name, version)

    content = run(query())
    if content is None:
        wrong = f"version {version!r} is neither kept as a file nor was it ever signed"
        raise InputError([Problem(text[:80], "version", wrong)])
    return strategy_of(content)


def _surroundings(settings: Settings) -> Surroundings:
    from ari_app.domain.compliance import zone_of
    from ari_app.services.rule_directory import RuleDirectory
    from ari_app.services.strategy_surroundings import flow_policies, surroundings

    today = clock_of(settings).now().astimezone(zone_of(settings.defaults.timezone)).date()

    def versions(name: str) -> list[str]:
        start = f"{name}.v"
        return [path.stem.removeprefix(start) for path in _all(settings) if path.stem.startswith(start)]

    folder = settings.dialplan_dir
    return surroundings(folder, RuleDirectory(folder).book, today, versions, flow_policies(folder))


def sign_offs(settings: Settings) -> list[SignOff]:
    """Signatures, where there is a database at all."""
    if not settings.database.exists():
        return []

    async def read() -> list[SignOff]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.sign_offs()

    return run(read())


def stops_of(settings: Settings) -> list[StrategyStop]:
    """Stops, where there is a database at all."""
    if not settings.database.exists():
        return []

    async def read() -> list[StrategyStop]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.strategy_stops()

    return run(read())
