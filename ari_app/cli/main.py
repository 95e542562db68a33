"""The root of the command line: options before the command, the commands, and how an error ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from ari_app.cli import (
    accounts,
    alerts,
    announcements,
    api,
    attempts,
    bench,
    caller_ids,
    calls,
    campaigns,
    cases,
    disputes,
    doctor,
    documents,
    explain,
    flows,
    governed_lists,
    imports,
    integrations,
    lab,
    messages,
    nightly,
    payments,
    plan_requests,
    plans,
    promises,
    prompts,
    refusals,
    rules,
    score,
    serve,
    service,
    settings,
    simulate,
    strategies,
    strategy_explain,
    understanding,
    webhooks,
)
from ari_app.cli.common import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_WRONG_USE, Invocation, for_terminal
from ari_app.errors import AriAppError, ConfigError

EPILOG = """
Begin here:

- `ari-app doctor`: is everything there?
- `ari-app demo`: a whole campaign against a simulated telephone network
- `ari-app campaign create task.json`: a campaign from a create-task request
- `ari-app import list.xlsx --campaign ID`: more accounts, from CSV, XLSX or JSON
- `ari-app serve`: dial what is due
- `ari-app explain c_10001`: why was this customer called, or not?

Settings are read from --config, from the file that ARI_APP_CONFIG names, or from ./ari-app.yaml; ARI_APP_SECTION__KEY
overrides one of them. Exit codes: 0 done, 1 failed, 2 wrong use or wrong settings.
"""

app = typer.Typer(
    name="ari-app",
    help="Arrears reminders and collection by telephone, on Asterisk.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(f"ari-app {version('ari-app')}")
        except PackageNotFoundError:
            typer.echo("ari-app (not installed)")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="Settings file (YAML).")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    context.obj = Invocation(config, debug)


app.add_typer(campaigns.app, name="campaign")
app.command("import")(imports.import_command)
app.add_typer(attempts.app, name="attempts")
app.add_typer(calls.app, name="call")
app.command("understand")(understanding.understand_files)
app.command("explain")(explain.explain_command)
app.add_typer(accounts.app, name="account")
app.add_typer(integrations.app, name="integrations")
app.add_typer(caller_ids.app, name="caller-ids")
app.add_typer(refusals.app, name="dnc")
app.add_typer(governed_lists.lists, name="lists")
app.add_typer(governed_lists.standing, name="standing")
app.add_typer(promises.app, name="promises")
plans.app.command("offers")(plan_requests.show_offers)
plans.app.command("request")(plan_requests.request_plan)
app.add_typer(plans.app, name="plans")
app.add_typer(messages.app, name="messages")
app.add_typer(rules.app, name="rules")
app.add_typer(disputes.app, name="disputes")
app.add_typer(service.app, name="service")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(alerts.app, name="alerts")
app.add_typer(cases.app, name="cases")
strategies.app.command("explain")(strategy_explain.explain_strategy)
app.add_typer(strategies.app, name="strategy")
app.add_typer(score.app, name="score")
app.command("simulate")(simulate.simulate_command)
app.add_typer(flows.app, name="flow")
app.add_typer(prompts.app, name="prompts")
app.command("doctor")(doctor.doctor_command)
app.command("serve")(serve.serve_command)
app.add_typer(api.app, name="api")
app.command("nightly")(nightly.nightly_command)
app.add_typer(settings.app, name="config")
app.command("demo")(lab.demo_command)
app.add_typer(payments.app, name="payments")
app.add_typer(lab.app, name="lab")
app.add_typer(announcements.app, name="announcements")
app.command("bench")(bench.bench_command)
app.add_typer(documents.app, name="docs")


def main() -> None:
    """Run the command line; an error that a person can act on is one clear message."""
    debug = "--debug" in sys.argv[1:]
    _open_missing_streams()
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # here, where a full disk or a closed pipe can still be told
    except AriAppError as error:
        if debug:
            raise
        _end(str(error), EXIT_WRONG_USE if isinstance(error, ConfigError) else EXIT_FAILED)
    except BrokenPipeError:
        _forget_output()  # the reader of a pipe has gone (``| head``): nothing more can be said to it
        sys.exit(EXIT_FAILED)
    except OSError as error:
        if debug:
            raise
        _forget_output()
        where = f"{error.filename}: " if error.filename else ""
        _end(f"{where}{error.strerror or error}", EXIT_FAILED)
    except KeyboardInterrupt:
        _end("interrupted", EXIT_INTERRUPTED)


def _open_missing_streams() -> None:
    """A daemon may be started with its output closed: what is written there then goes nowhere, and no file that is
    opened later takes its place.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115  # open to the end


def _end(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"ari-app: {for_terminal(message)}\n")
    sys.exit(code)


def _forget_output() -> None:
    """What is still buffered for standard output goes nowhere, so that the interpreter's end does not fail on it."""
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # not a file (a test's capture)
    os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
