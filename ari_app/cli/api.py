"""``ari-app api``: the HTTP API without a controller, and its tokens."""

from __future__ import annotations

import asyncio
import signal
from contextlib import nullcontext
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    error_console,
    invocation,
    local,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.domain.api_scope import READING, Scope
from ari_app.errors import ConfigError

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.ports.api import ApiToken

app = typer.Typer(
    invoke_without_command=True,
    help=(
        "The HTTP API. `ari-app serve` serves it beside the calls where api.port is set; `ari-app api` serves it alone, "
        "on the same database. docs/api.md lists every route."
    ),
)
tokens = typer.Typer(
    no_args_is_help=True, help="Tokens of programs that ask the API: what each may do, and until when."
)
app.add_typer(tokens, name="tokens")

TokenId = Annotated[
    str, typer.Argument(metavar="ID", help="The part of a token between the underscores, as `list` shows it.")
]


@app.callback()
def serve_api(
    context: typer.Context,
    deliver: Annotated[
        bool,
        typer.Option(
            "--deliver", help="Send webhooks too, in the place of a controller; refused while one is running."
        ),
    ] = False,
) -> None:
    """Serve the HTTP API alone, until Ctrl-C or SIGTERM: nothing is dialled, and no Asterisk is needed.

    ari-app api

    ari-app api --deliver

    ari-app api tokens add crm --scope read:accounts --scope write:payments
    """
    if context.invoked_subcommand is not None:
        return
    import uvloop

    from ari_app.logs import configure_logging

    settings = invocation(context).settings
    if settings.api.port is None:
        raise ConfigError("api.port is not set: name the port to listen on (api: {port: 8090})")
    configure_logging(settings.log.level, settings.log.as_json)
    uvloop.run(_serve(settings, deliver))


async def _serve(settings: Settings, deliver: bool) -> None:
    from ari_app.app import open_store
    from ari_app.http_api import http_api, without_controller
    from ari_app.webhook_relay import webhook_relay

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    clock = clock_of(settings)
    async with (
        open_store(settings, controller=deliver) as store,
        without_controller(settings, store, clock),
        http_api(settings, store, clock) as port,
    ):
        if port is None:
            raise ConfigError(f"api.port: {settings.api.host}:{settings.api.port} cannot be listened on")
        if error_console().is_terminal:
            error_console().print(f"serving http://{settings.api.host}:{port}/docs; Ctrl-C stops")
        async with webhook_relay(settings, store, clock) if deliver else nullcontext():
            await stop.wait()


@tokens.command("add")
def add(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Who will use it: crm, billing, payment-desk ...")
    ],
    scope: Annotated[
        list[Scope] | None,
        typer.Option(
            "--scope", help="What it may do; may be given again. By default: everything that only reads."
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days until it expires.")] = 365,
    json_output: JsonOption = False,
) -> None:
    """Make a token and show it, this once: only a digest of it is kept.

    ari-app api tokens add billing --scope write:payments --scope read:accounts --days 90
    """
    from ari_app.services.api.tokens import new_token

    settings = invocation(context).settings
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise typer.BadParameter("a name has 1 to 100 printable characters")
    made = new_token(name.strip(), scope or READING, clock_of(settings).now(), timedelta(days=days))

    async def store_it() -> None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            await store.api.add_token(made.token)

    run(store_it())
    if json_output:
        print_json(_object(made.token) | {"token": made.text})
        return
    console().print(made.text, markup=False)
    error_console().print(
        f"token {made.token.token_id} for {plain(name)}: {', '.join(sorted(made.token.scopes))}; "
        f"until {local(made.token.expires_at, None)}. It is not shown again."
    )


@tokens.command("list")
def list_tokens(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every token: what it may do, until when, and when it was used last."""
    settings = invocation(context).settings

    async def read() -> list[ApiToken]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.api.tokens()

    found = run(read())
    now = clock_of(settings).now()
    if json_output:
        print_json([_object(each) | {"usable": each.usable(now)} for each in found])
    elif not found:
        console().print("there is no token; `ari-app api tokens add NAME` makes one")
    else:
        show_table(
            ["id", "name", "scopes", "expires", "last used", "state"],
            [
                (
                    each.token_id,
                    each.name,
                    " ".join(sorted(each.scopes)),
                    local(each.expires_at, None),
                    local(each.last_used_at, None),
                    "usable" if each.usable(now) else "revoked" if each.revoked_at else "expired",
                )
                for each in found
            ],
        )


@tokens.command("revoke")
def revoke(context: typer.Context, token_id: TokenId, json_output: JsonOption = False) -> None:
    """Refuse a token from now on; a server that is running refuses it within a second."""
    settings = invocation(context).settings

    async def change() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.api.revoke_token(token_id, clock_of(settings).now())

    changed = run(change())
    if json_output:
        print_json({"token_id": token_id, "revoked": changed})
    else:
        said = "is revoked" if changed else "is not there, or was revoked before"
        console().print(plain(f"token {token_id} {said}"))
    if not changed:
        raise typer.Exit(EXIT_FAILED)


def _object(token: ApiToken) -> dict[str, object]:
    return {
        "token_id": token.token_id,
        "name": token.name,
        "scopes": sorted(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
