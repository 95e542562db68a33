"""``ari-app bench``: measurements that print their ratios."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any

import typer

from ari_app.cli.common import JsonOption, console, error_console, plain, print_json

Bench = Callable[..., Coroutine[Any, Any, dict[str, object]]]

#: Name -> (module, function). A function takes ``progress`` and returns the object that is printed:
#: {"name", "machine", "metrics": {name: number}, "runs": [...]}.
BENCHES: dict[str, tuple[str, str]] = {
    "ari": ("ari_app.bench.ari", "bench_ari"),
    "media": ("ari_app.bench.media", "bench_media"),
    "capacity": ("ari_app.bench.capacity", "bench_capacity"),
    "originate": ("ari_app.bench.originate", "bench_originate"),
    "pacing": ("ari_app.bench.pacing", "bench_pacing"),
    "barge-in": ("ari_app.bench.barge_in", "bench_barge_in"),
    "turn": ("ari_app.bench.turn", "bench_turn"),
    "asr": ("ari_app.bench.asr", "bench_asr"),
    "progress": ("ari_app.bench.progress", "bench_progress"),
    "store": ("ari_app.bench.store", "bench_store"),
    "api": ("ari_app.bench.api", "bench_api"),
    "simulate": ("ari_app.bench.simulate", "bench_simulate"),
}


#: Measurements that grow with a number of accounts, and that number where none is named.
LARGEST = {"store": 1_000_000, "simulate": 100_000}


def bench_command(
    name: Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(BENCHES)}.")],
    accounts: Annotated[
        int | None,
        typer.Option(
            "--accounts",
            min=100,
            max=5_000_000,
            help="Of store: accounts of the largest list (1,000,000); of simulate: accounts (100,000).",
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Measure this machine, with Asterisk instances of its own.

    ari: commands a second over the event socket against HTTP. originate: answered calls a second through gate,
    durable reservation and call machine against a bare loop. pacing: how busy agents are and how many people are
    abandoned, beside VICIdial's documented arithmetic, in simulated shifts. media: what a second of a call's sound costs.
    capacity: how many recorded, talking calls this machine bears. progress: who is taken for whom, beside
    Asterisk's AMD(). asr: how well and how fast the questions of the shipped flow are heard, and what batches are
    worth to Whisper. store: what a list of 10,000, 100,000 and 1,000,000 accounts costs, to load, to claim from and each
    night; no Asterisk. api: what a request costs beside a bare FastAPI route, and how
    many events a second reach a webhook; no Asterisk.
    simulate: contacts a second of a simulated month; no Asterisk.

        ari-app bench ari

        ari-app bench originate --json
    """
    if name not in BENCHES:
        raise typer.BadParameter(f"unknown measurement {name[:40]!r}; one of {', '.join(BENCHES)}")
    import uvloop

    from ari_app.logs import configure_logging

    configure_logging(
        "WARNING"
    )  # a line for each call would stand among the results, and slow what is measured
    module, function = BENCHES[name]
    measure: Bench = getattr(importlib.import_module(module), function)
    err = error_console()
    sizes = {"largest": accounts or largest} if (largest := LARGEST.get(name)) else {}
    found = uvloop.run(measure(progress=lambda line: err.print(line, markup=False), **sizes))
    if json_output:
        print_json(found)
        return
    metrics = found.get("metrics")
    for key, value in metrics.items() if isinstance(metrics, Mapping) else ():
        shown = f"{value:,.2f}" if isinstance(value, float) else str(value)
        console().print(f"{plain(key)}: {plain(shown)}")
