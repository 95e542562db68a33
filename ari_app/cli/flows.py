"""``ari-app flow``: check, draw, try and test what operators write under ``dialplan/flows``."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    EXIT_WRONG_USE,
    JsonOption,
    clock_of,
    console,
    invocation,
    plain,
    print_json,
)
from ari_app.errors import ConfigError, InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.dialogue.flow import Flow
    from ari_app.dialogue.model import Understanding
    from ari_app.domain.experiment import Arms
    from ari_app.services.flow_trial import Exchange, Trial

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Flows: what the bot says, asks and does. Check them, draw them, talk to them, run their conversations.\n\n"
        "A flow is a file DIALPLAN/flows/NAME.yaml; its conversations are DIALPLAN/flows/tests/NAME.yaml, and what "
        "several flows share are parts, DIALPLAN/flows/parts/NAME.yaml. An edit holds "
        "from the next call on; a file with a fault is not taken over. docs/flows-guide.md leads to a flow of your own, "
        "docs/flows.md tells every key."
    ),
)

FlowName = Annotated[str, typer.Argument(metavar="FLOW", help="Name of a flow (or path of a flow file).")]


@app.command("check")
def check(
    context: typer.Context,
    flows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FLOW]...", help="Names or paths; by default every flow, and parts that none has."
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Find every fault: file, line, what is wrong and what would be right.

    A part is looked at together with each flow that takes it in; one that no flow has, alone.

    ari-app flow check
    ari-app flow check overdue
    ari-app flow check /tmp/draft.yaml
    """
    settings = invocation(context).settings
    from ari_app.services.flow_files import experiments_apart

    found: list[Problem] = []
    good: list[dict[str, object]] = []
    parts: set[str] = set()
    read: list[Flow] = []
    for path in _paths(settings, flows or []):
        try:
            flow = _read(path)
        except InputError as error:
            found += [problem for problem in error.problems if problem not in found]
        else:
            parts |= flow.parts.keys()
            read.append(flow)
            good.append(
                {
                    "flow": flow.name,
                    "version": flow.version,
                    "file": str(path),
                    "parts": list(flow.parts),
                    "languages": "/".join(flow.languages),
                    "states": len(flow.states),
                    "questions_at_most": flow.most_questions(),
                    "experiments": {one.name: list(one.arm_names) for one in flow.experiments},
                }
            )
    if not flows:
        found += [one for one in _faults_of_parts(_folder(settings), parts) if one not in found]
    found += experiments_apart(read)
    if json_output:
        problems = [
            {"where": one.where, "field": one.field, "wrong": one.wrong, "allowed": one.allowed}
            for one in found
        ]
        print_json({"flows": good, "problems": problems})
    else:
        for entry in good:
            console().print(
                plain(
                    f"{entry['flow']} {entry['version']}: no fault; {entry['states']} states,"
                    f" {entry['languages']}, at most {entry['questions_at_most']} questions a call"
                )
            )
        for problem in found:
            console().print(plain(str(problem)))
    if found:
        raise typer.Exit(EXIT_FAILED)


@app.command("draw")
def draw(
    context: typer.Context,
    flow: FlowName,
    form: Annotated[
        str, typer.Option("--format", metavar="svg|mermaid", help="The kind of picture.")
    ] = "svg",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write; by default standard output.")
    ] = None,
) -> None:
    """A picture of a flow: blue states ask, grey ones go on, green ones end the call; dashed ways are taken after silence.

    A state with a broken edge comes from a part.

    ari-app flow draw overdue --out overdue.svg
    ari-app flow draw overdue --format mermaid
    """
    from ari_app.dialogue import flow_picture

    pictures = {"svg": flow_picture.svg, "mermaid": flow_picture.mermaid}
    if form not in pictures:
        raise typer.BadParameter("svg or mermaid", param_hint="--format")
    (path,) = _paths(invocation(context).settings, [flow])
    picture = pictures[form](_read(path))
    if out is None:
        sys.stdout.write(picture)
        return
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{out} cannot be written: {error.strerror}") from None
    console().print(plain(str(out)))


@app.command("schema")
def schema(
    part: Annotated[
        bool, typer.Option("--part", help="That of a part, DIALPLAN/flows/parts/NAME.yaml.")
    ] = False,
) -> None:
    """The JSON Schema of flow files, for editors that complete and check while you type.

    ari-app flow schema > flow.schema.json
    ari-app flow schema --part > part.schema.json

    In the first line of a flow: # yaml-language-server: $schema=flow.schema.json
    """
    from ari_app.dialogue.flow_schema import flow_schema, part_schema

    sys.stdout.write(
        json.dumps(part_schema() if part else flow_schema(), indent=2, ensure_ascii=False) + "\n"
    )


@app.command("talk")
def talk(
    context: typer.Context,
    flow: FlowName,
    language: Annotated[str, typer.Option("--lang", metavar="zh|en", help="Language of the account.")] = "zh",
    account: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="A field of the account, as in a list: amountDue=120, dueDate=2026-04-01 ...",
        ),
    ] = None,
    arms: Annotated[
        list[str] | None,
        typer.Option(
            "--arm", metavar="NAME=ARM", help="An arm of an experiment that the customer has: opening=brief."
        ),
    ] = None,
    now: Annotated[
        str,
        typer.Option(
            "--now", metavar="TIME", help="The time of the call, such as 2026-03-11T10:30; by default now."
        ),
    ] = "",
) -> None:
    """Be the customer: type what you say, or digits for keys; an empty line is silence, q hangs up.

    The telephone number ends in 8000 unless --set phone=... says otherwise.

    ari-app flow talk overdue --lang en --set amountDue=120 --set dueDate=2026-03-01
    """
    from ari_app.services.flow_trial import HANGS_UP, SILENCE

    trial = _trial(invocation(context).settings, flow, language, account or [], now, arms or [])
    _tell(trial.begin())
    while trial.result is None:
        try:
            typed = input("> ").strip()
        except (EOFError, KeyboardInterrupt):
            typed = "q"
        _tell(trial.give(HANGS_UP if typed == "q" else typed or SILENCE))
    _tell_result(trial)


@app.command("test")
def run_conversations(
    context: typer.Context,
    flows: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FLOW]...", help="Names of flows or paths of conversation files; by default all."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print every conversation word by word.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Run the conversations that stand in DIALPLAN/flows/tests, and tell each that does not end as it has to.

    ari-app flow test
    ari-app flow test overdue --verbose
    """
    from ari_app.app import company_names
    from ari_app.services.flow_fixtures import read_fixtures, run_fixture

    settings = invocation(context).settings
    names = company_names(settings)
    known: dict[str, Flow] = {}
    run = 0
    failures: list[str] = []
    for path in _fixture_paths(settings, flows or []):
        for fixture in read_fixtures(path):
            if fixture.flow not in known:
                known[fixture.flow] = _read(_paths(settings, [fixture.flow])[0])
            outcome = run_fixture(fixture, known[fixture.flow], names)
            run += 1
            failures += outcome.failures
            if verbose and not json_output:
                console().print(plain(f"\n{fixture.flow}: {fixture.name}"))
                for exchange in outcome.trial.exchanges:
                    _tell(exchange)
    if json_output:
        print_json({"conversations": run, "failures": failures})
    else:
        for failure in failures:
            console().print(plain(failure))
        console().print(f"{run} conversations, {len(failures)} not as they should be")
    if failures or not run:
        raise typer.Exit(EXIT_FAILED)


# ------------------------------------------------------------------------------------------------------------- helpers


def _folder(settings: Settings) -> Path:
    return settings.dialplan_dir / "flows"


def _paths(settings: Settings, wanted: list[str]) -> list[Path]:
    """The files of the flows named; all of them where none is."""
    folder = _folder(settings)
    if not wanted:
        found = sorted(folder.glob("*.yaml"))
        if not found:
            raise ConfigError(f"there is no flow in {folder}; a flow is a file NAME.yaml")
        return found
    return [
        _path(folder, name, f"flows are: {', '.join(sorted(p.stem for p in folder.glob('*.yaml')))}")
        for name in wanted
    ]


def _fixture_paths(settings: Settings, wanted: list[str]) -> list[Path]:
    folder = _folder(settings) / "tests"
    if not wanted:
        return sorted(folder.glob("*.yaml"))
    return [_path(folder, name, f"conversations stand in {folder}/NAME.yaml") for name in wanted]


def _path(folder: Path, name: str, allowed: str) -> Path:
    path = Path(name) if name.endswith((".yaml", ".yml")) else folder / f"{name}.yaml"
    if not path.is_file():
        raise ConfigError(f"there is no {path} ({allowed})")
    return path


def _faults_of_parts(folder: Path, known: set[str]) -> list[Problem]:
    """What is wrong with the parts that were not read together with a flow."""
    from ari_app.services.flow_sources import check_part_file, part_files

    found: list[Problem] = []
    for path in part_files(folder):
        if path.stem not in known:
            try:
                check_part_file(path)
            except InputError as error:
                found += error.problems
    return found


def _read(path: Path) -> Flow:
    from ari_app.services.flow_sources import read_flow_file

    return read_flow_file(path)


def _trial(
    settings: Settings, name: str, language: str, fields: list[str], now: str, arms: list[str]
) -> Trial:
    from ari_app.app import company_names
    from ari_app.domain.account import Account
    from ari_app.domain.compliance import zone_of
    from ari_app.services.account_row import FIELDS
    from ari_app.services.flow_trial import trial_account, try_flow

    (path,) = _paths(settings, [name])
    flow = _read(path)
    if language not in flow.languages:
        raise typer.BadParameter(f"the flow is written in {', '.join(flow.languages)}", param_hint="--lang")
    having = _arms(flow, arms)
    row: dict[str, object] = {}
    for entry in fields:
        key, equals, value = entry.partition("=")
        if not equals or key not in FIELDS:
            raise typer.BadParameter(
                f"{entry[:40]!r} is not FIELD=VALUE; fields are {', '.join(FIELDS)}", param_hint="--set"
            )
        row[key] = value
    zone = zone_of(str(row.get("timezone") or "Asia/Shanghai"))
    try:
        moment = datetime.fromisoformat(now) if now else clock_of(settings).now()
    except ValueError:
        raise typer.BadParameter(
            f"{now[:40]!r} is no time, such as 2026-03-11T10:30", param_hint="--now"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    account = trial_account(row, moment, language)
    if not isinstance(account, Account):
        for fault in account:
            typer.echo(str(fault), err=True)
        raise typer.Exit(EXIT_WRONG_USE)
    return try_flow(flow, account, company_names(settings), moment, having)


def _arms(flow: Flow, entries: list[str]) -> Arms:
    """``--arm NAME=ARM``, as far as the flow has such arms. Raises typer.BadParameter."""
    from ari_app.domain.experiment import unknown_arms

    pairs = tuple(sorted(dict(entry.partition("=")[::2] for entry in entries).items()))
    unknown = unknown_arms(flow.experiments, pairs)
    if unknown or len(pairs) < len(entries):
        raise typer.BadParameter(unknown or "one arm of each experiment", param_hint="--arm")
    return pairs


def _tell(exchange: Exchange) -> None:
    if exchange.given:
        console().print(plain(f"customer: {exchange.given}"), style="cyan")
    if exchange.heard is not None:
        console().print(plain(f"  understood: {_reading(exchange.heard)}"), style="dim")
    if exchange.said:
        console().print(plain(f"bot: {exchange.said}"))


def _reading(heard: Understanding) -> str:
    parts = [" + ".join(word for word in (heard.intent, *heard.also))]
    slots: dict[str, object] = {
        "finer": heard.finer,
        "amount": ", ".join(str(amount) for amount in heard.amounts),
        "date": ", ".join(day.isoformat() for day in heard.dates),
        "time": ", ".join(f"{at:%H:%M}" for at in heard.times),
        "channel": ", ".join(heard.channels),
        "periods": ", ".join(str(period) for period in heard.periods),
        "dispute": heard.dispute_category,
        "digits": heard.phone_tail,
        "reason": heard.reason,
    }
    parts += [f"{name}={value}" for name, value in slots.items() if value]
    return f"{', '.join(parts)} (confidence {heard.confidence:.2f})"


def _tell_result(trial: Trial) -> None:
    from ari_app.cli.results_view import callback_words, dispute_words, plan_words

    result = trial.result
    if result is None:
        return
    console().print(
        plain(f"result: {result.result}" + (", verified" if result.verified else "")), style="bold"
    )
    facts: dict[str, object] = {
        "promises": "; ".join(f"{one.amount} {one.currency} on {one.date}" for one in result.promises),
        "plan": plan_words(result.plan) if result.plan is not None else "",
        "dispute": dispute_words(result.dispute, str) if result.dispute is not None else "",
        "callback": callback_words(result.callback) if result.callback is not None else "",
        "transfer": result.transfer_reason,
        "message": result.message,
        "do not contact": "yes" if result.do_not_contact else "",
        "intents": ", ".join(result.intents),
        "reasons": ", ".join(result.reasons),
        "spoken of the script": ", ".join(result.coverage),
        "variants": ", ".join(f"{name}={value}" for name, value in result.variants),
        "to be reviewed": ", ".join(one.name for one in result.review),
    }
    for name, value in facts.items():
        if value:
            console().print(plain(f"  {name}: {value}"))
