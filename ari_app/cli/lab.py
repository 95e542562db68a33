"""``ari-app lab`` and ``ari-app demo``: the simulated telephone network."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    console,
    error_console,
    invocation,
    plain,
    print_json,
    run,
)
from ari_app.errors import AriAppError, ConfigError

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.lab.state import LabState

app = typer.Typer(
    no_args_is_help=True,
    help="The simulated telephone network: a carrier and its subscribers on a second Asterisk, with a PBX in front.",
)

FolderOption = Annotated[
    Path | None,
    typer.Option("--folder", metavar="DIR", help="Where the lab lives; `lab` in data_dir when not given."),
]
ScenarioOption = Annotated[
    Path | None,
    typer.Option(
        "--scenario",
        metavar="FILE",
        help="Who answers how: a YAML file, or a shipped one by name (demo, dialogue); demo when not given.",
    ),
]
_BOOT_S = 90.0
_LOOK_S = 0.1


def _folder(settings: Settings, folder: Path | None) -> Path:
    return (folder or settings.data_dir / "lab").absolute()


def _network(place: Path) -> Path:
    """Where the network keeps its state and its records, beside the PBX and the carrier."""
    return place / "lab"


@app.command("up")
def up(
    context: typer.Context,
    scenario: ScenarioOption = None,
    folder: FolderOption = None,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay here until Ctrl-C.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Start the simulated telephone network and a PBX, and leave them running.

    It prints the settings file with which every other command talks to that PBX.

        ari-app lab up

        ari-app lab up --scenario my-town.yaml --folder /tmp/lab
    """
    from ari_app.lab.scenario import load_scenario
    from ari_app.lab.state import read_state

    settings = invocation(context).settings
    load_scenario(scenario)  # a fault of the scenario is told here and not in the log of another process
    place = _folder(settings, folder)
    if foreground:
        from ari_app.logs import configure_logging

        configure_logging(settings.log.level, settings.log.as_json)
        run(_stay_up(settings, place, scenario))
        return
    _start(context, place, scenario)
    state = read_state(_network(place))
    if json_output:
        print_json(_as_object(state, place))
        return
    out = console()
    out.print(f"the lab is up in {plain(place)} (process {state.pid})")
    out.print(f"use it:  ari-app --config {plain(place / 'ari-app.yaml')} doctor")
    out.print("end it:  ari-app lab down" + (f" --folder {plain(place)}" if folder else ""))


def _start(context: typer.Context, place: Path, scenario: Path | None) -> None:
    """Start the lab as a process of its own and wait until it is up."""
    from ari_app.lab.scenario import scenario_file
    from ari_app.lab.state import LabNotRunning, read_state

    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        running = read_state(_network(place))
    except LabNotRunning:
        pass
    else:
        if running.running:
            raise AriAppError(
                f"a lab runs in {place} already (process {running.pid}); end it with: ari-app lab down"
            )
    config = invocation(context).config
    arguments = [sys.executable, "-m", "ari_app", *(["--config", str(config.absolute())] if config else [])]
    arguments += ["lab", "up", "--foreground", "--folder", str(place)]
    arguments += ["--scenario", str(scenario_file(scenario).absolute())] if scenario else []
    log = place / "lab.log"
    with log.open("wb") as stream:
        process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, start_new_session=True
        )
    deadline, pause = time.monotonic() + _BOOT_S, Event()
    while time.monotonic() < deadline:
        if process.poll() is not None:
            tail = log.read_text(encoding="utf-8", errors="replace").strip()[-1500:]
            raise AriAppError(f"the lab did not come up; its log {log} ends with:\n{tail}")
        try:
            if read_state(_network(place)).pid == process.pid:
                return
        except LabNotRunning:
            pass  # not up yet
        pause.wait(_LOOK_S)
    process.terminate()
    process.wait()
    raise AriAppError(f"the lab was not up after {_BOOT_S:.0f} s; see {log}")


async def _stay_up(settings: Settings, place: Path, scenario_file: Path | None) -> None:
    from ari_app.lab.scenario import load_scenario
    from ari_app.lab.state import remove_state, write_state
    from ari_app.site import local_site

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with local_site(place, load_scenario(scenario_file), dialplan_dir=settings.dialplan_dir) as site:
        write_state(
            _network(place),
            scenario=str(scenario_file or "demo"),
            ports={f"{name}_{kind}": port for name, each in (("pbx", site.pbx), ("carrier", site.carrier))
                   for kind, port in asdict(each.ports).items()},
            instances={"pbx": str(site.pbx.folder), "carrier": str(site.carrier.folder)},
            secrets={},
        )  # fmt: skip
        try:
            await stop.wait()
        finally:
            remove_state(_network(place))


@app.command("down")
def down(context: typer.Context, folder: FolderOption = None, json_output: JsonOption = False) -> None:
    """End the lab of a folder: network, subscribers and PBX."""
    from ari_app.lab.state import end_lab

    place = _folder(invocation(context).settings, folder)
    ended = end_lab(_network(place))
    if json_output:
        print_json({"folder": str(place), "ended": ended})
    else:
        console().print(f"the lab in {plain(place)} {'has ended' if ended else 'has not ended in time'}")
    if not ended:
        raise typer.Exit(EXIT_FAILED)


@app.command("status")
def status(context: typer.Context, folder: FolderOption = None, json_output: JsonOption = False) -> None:
    """Whether a lab runs, and what its network has seen. Exit code 1 when none runs."""
    from ari_app.lab.state import lab_status

    place = _folder(invocation(context).settings, folder)
    found = lab_status(_network(place))
    if json_output:
        counts = {"calls": found.calls, "active": found.active, "answered": found.answered}
        print_json(_as_object(found.state, place) | counts)
    else:
        state = f"runs (process {found.state.pid})" if found.running else "was killed; `lab down` tidies up"
        console().print(f"the lab in {plain(place)} {state}")
        console().print(f"calls: {found.calls}, answered: {found.answered}, in progress: {found.active}")
    if not found.running:
        raise typer.Exit(EXIT_FAILED)


def _as_object(state: LabState, place: Path) -> dict[str, object]:
    return {
        "folder": str(place),
        "pid": state.pid,
        "running": state.running,
        "scenario": state.scenario,
        "config": str(place / "ari-app.yaml"),
        "ports": dict(state.ports),
        "instances": dict(state.instances),
    }


def demo_command(
    context: typer.Context,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the report here.")
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything up for a look, until Ctrl-C.")
    ] = False,
    scenario: ScenarioOption = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="DIR", help="Where everything is written; a new one in /tmp."),
    ] = None,
) -> None:
    """Call 24 accounts over every behaviour of a simulated telephone network, and show what came out.

    Real SIP and RTP between two Asterisk instances on this machine; no account anywhere is needed, and no telephone
    network is touched. Exit code 1 when a disposition differs from what its persona was meant to lead to.

    The scenario `dialogue` has a persona for each way through the shipped flows, and compares whole results.

        ari-app demo

        ari-app demo --json report.json --keep

        ari-app demo --scenario dialogue
    """
    from ari_app.demo import run_demo

    if json_file is not None and not json_file.absolute().parent.is_dir():
        raise ConfigError(f"--json {json_file}: the folder {json_file.absolute().parent} does not exist")
    settings = invocation(context).settings
    report = run(
        run_demo(
            folder=folder,
            scenario_file=scenario,
            json_file=json_file,
            keep=keep,
            console=console(),
            dialplan_dir=settings.dialplan_dir,
        )
    )
    if report.mismatches:
        error_console().print(f"{len(report.mismatches)} mismatches")
        raise typer.Exit(EXIT_FAILED)
