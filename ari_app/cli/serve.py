"""``ari-app serve``: the controller."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import error_console, invocation

if TYPE_CHECKING:
    from ari_app.config import Settings


def serve_command(
    context: typer.Context,
    patience: Annotated[
        float,
        typer.Option("--patience", min=0, help="Seconds that Asterisk may take to be reached at the start."),
    ] = 30.0,
) -> None:
    """Dial what is due, until Ctrl-C or SIGTERM; calls in progress are ended and their outcome is stored.

    Killed at any moment it may be started again: open attempts are reconciled with Asterisk first, and nobody is
    dialled twice.

        ari-app serve

        ari-app --config /etc/ari-app.yaml serve
    """
    import uvloop

    from ari_app.logs import configure_logging

    settings = invocation(context).settings
    configure_logging(settings.log.level, settings.log.as_json)
    uvloop.run(_serve(settings, patience))


async def _serve(settings: Settings, patience_s: float) -> None:
    loop = asyncio.get_running_loop()
    stop, ready = asyncio.Event(), asyncio.Event()
    serving = asyncio.create_task(_serve_until(stop, ready, settings, patience_s))

    def end() -> None:
        if not stop.is_set() and not ready.is_set():
            serving.cancel()  # Asterisk is still being waited for: there is no call to end
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        await serving
    except asyncio.CancelledError:
        if not stop.is_set():
            raise


async def _serve_until(
    stop: asyncio.Event, ready: asyncio.Event, settings: Settings, patience_s: float
) -> None:
    from ari_app.app import open_controller

    async with open_controller(settings, patience_s=patience_s) as controller:
        ready.set()
        if sys.stderr.isatty():
            error_console().print("serving; Ctrl-C ends all calls and stops")
        stopped = asyncio.create_task(stop.wait())
        failed = asyncio.create_task(controller.failed())
        try:
            await asyncio.wait({stopped, failed}, return_when=asyncio.FIRST_COMPLETED)
            if failed.done():
                failed.result()
        finally:
            for task in (stopped, failed):
                task.cancel()
            await asyncio.wait({stopped, failed})
