"""``ari-app webhooks``: what became of events on their way to other systems, and where they go."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from ari_app.cli.common import (
    EXIT_FAILED,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    parsed_instant,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.domain.webhooks.delivery import DeliveryState
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.webhooks.delivery import Answer
    from ari_app.ports.webhooks import DeliveryRecord, EndpointRecord, Wanted

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Webhooks: events on their way to other systems, the dead letters among them, and standing endpoints. "
        "docs/webhooks.md tells how a receiver verifies them."
    ),
)
endpoints = typer.Typer(
    no_args_is_help=True,
    help="Where events go, besides the webhook of each campaign: add, rotate, enable, disable, test.",
)
app.add_typer(endpoints, name="endpoints")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_LONGEST_SECRET = 200

EventId = Annotated[int, typer.Argument(metavar="EVENT_ID", help="Number of the event, as `list` shows it.")]
EndpointName = Annotated[
    str, typer.Argument(metavar="NAME", help="Name of an endpoint; that of a campaign is campaign/TASK.")
]
StateOption = Annotated[
    DeliveryState | None, typer.Option("--state", help="Only these: pending, sent or dead.")
]
EventOption = Annotated[
    str | None,
    typer.Option("--event", metavar="NAME", help="Only events of this name; collection.* for all of these."),
]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", metavar="NAME", help="Only those of this endpoint.")
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="ISO", help="Only events told at or after this instant.")
]
BeforeOption = Annotated[
    str | None, typer.Option("--before", metavar="ISO", help="Only events told before this instant.")
]
SecretOption = Annotated[
    str | None,
    typer.Option(
        "--secret", metavar="TEXT", help="What events are signed with; `-` reads it from standard input."
    ),
]


@app.command("list")
def list_deliveries(
    context: typer.Context,
    state: StateOption = None,
    event: EventOption = None,
    endpoint: EndpointOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="So many at most.")] = 50,
    json_output: JsonOption = False,
) -> None:
    """Events and where they stand at each endpoint, the newest first.

    ari-app webhooks list --state dead --since 2026-11-01T00:00+08:00
    """
    settings = invocation(context).settings
    found = run(_deliveries(settings, _wanted(None, state, event, endpoint, since, before, limit)))
    if json_output:
        print_json([_row(each) for each in found])
    elif not found:
        console().print("there is no such event")
    else:
        show_table(
            ["id", "event", "endpoint", "state", "tries", "last answer", "told", "next try"],
            [
                (
                    each.event_id,
                    each.event,
                    each.endpoint,
                    each.state,
                    each.tries,
                    _answer(each),
                    local(each.created_at, None),
                    local(each.next_at, None),
                )
                for each in found
            ],
        )


@app.command("show")
def show(context: typer.Context, event_id: EventId, json_output: JsonOption = False) -> None:
    """An event as it is sent, and what became of it at each endpoint."""
    settings = invocation(context).settings
    found = run(_deliveries(settings, _wanted(event_id)))
    if not found:
        raise InputError([Problem("webhooks", "", f"the event {event_id} goes to no endpoint")])
    if json_output:
        print_json([{**_row(each), "payload": json.loads(each.payload)} for each in found])
        return
    out = console()
    out.print(plain(f"{found[0].event}  {found[0].key}"))
    out.print(plain(f"webhook-id {found[0].message_id}"))
    for each in found:
        due = f", next try {local(each.next_at, None)}" if each.next_at else ""
        out.print(plain(f"{each.endpoint}: {each.state} after {each.tries} tries, {_answer(each)}{due}"))
    out.print(plain(json.dumps(json.loads(found[0].payload), ensure_ascii=False)))


@app.command("replay")
def replay(
    context: typer.Context,
    event_id: Annotated[
        int | None, typer.Argument(metavar="[EVENT_ID]", help="One event; or choose by the options.")
    ] = None,
    state: StateOption = None,
    event: EventOption = None,
    endpoint: EndpointOption = None,
    since: SinceOption = None,
    before: BeforeOption = None,
    dead: Annotated[bool, typer.Option("--dead", help="All dead letters; the same as --state dead.")] = False,
    json_output: JsonOption = False,
) -> None:
    """Send events again, each with all its tries before it and under its old id.

    A receiver that keeps `webhook-id` does nothing twice. `serve` sends them within seconds.

        ari-app webhooks replay 4711

        ari-app webhooks replay --dead

        ari-app webhooks replay --endpoint crm --since 2026-11-20T00:00+08:00 --state sent
    """
    settings = invocation(context).settings
    state = DeliveryState.DEAD if dead else state
    if event_id is None and state is None and event is None and endpoint is None and since is None:
        raise typer.BadParameter("say which: an EVENT_ID, --dead, --state, --event, --endpoint or --since")
    wanted = _wanted(event_id, state, event, endpoint, since, before)

    async def work() -> int:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.webhooks.replay(wanted, clock_of(settings).now())

    count = run(work())
    if json_output:
        print_json({"replayed": count})
    else:
        console().print(f"{count} deliveries are sent again")


@endpoints.command("list")
def list_endpoints(context: typer.Context, json_output: JsonOption = False) -> None:
    """Every endpoint, those of campaigns too, with its health and what waits for it."""
    settings = invocation(context).settings

    async def work() -> list[EndpointRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.webhooks.endpoints()

    found = run(work())
    if json_output:
        print_json([{key: getattr(each, key) for key in each.__slots__} for each in found])
    elif not found:
        console().print("there is no endpoint")
    else:
        show_table(
            ["name", "url", "events", "state", "why", "failures", "waiting", "dead", "old secret until"],
            [
                (
                    each.name,
                    each.url,
                    ", ".join(each.events),
                    each.state,
                    each.why,
                    each.failures,
                    each.pending,
                    each.dead,
                    local(each.old_until, None),
                )
                for each in found
            ],
        )


@endpoints.command("add")
def add(
    context: typer.Context,
    name: EndpointName,
    url: Annotated[str, typer.Argument(metavar="URL", help="https://HOST/PATH")],
    events: Annotated[
        list[str] | None,
        typer.Option(
            "--events", metavar="NAME", help="Names or patterns of events (again for more); by default all."
        ),
    ] = None,
    secret: SecretOption = None,
    json_output: JsonOption = False,
) -> None:
    """Send the events of all campaigns to an address from now on; without --secret one is made and shown once.

    ari-app webhooks endpoints add crm https://crm.example.com/hook --events "collection.*" --events payment.settled
    """
    settings = invocation(context).settings
    wanted = events or ["*"]
    _check(settings, name, url, wanted)
    made, chosen = _secret(secret)

    async def work() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.webhooks.add_endpoint(name, url, wanted, chosen, clock_of(settings).now())

    if not run(work()):
        raise InputError([Problem("webhooks", name, "there is an endpoint of this name", "another name")])
    _tell_secret(name, made, chosen, json_output, {"added": True})


@endpoints.command("rotate")
def rotate(
    context: typer.Context,
    name: EndpointName,
    secret: SecretOption = None,
    json_output: JsonOption = False,
) -> None:
    """Sign with a new secret; the old one signs beside it for `webhooks.rotation_hours`, so that no event is refused."""
    settings = invocation(context).settings
    made, chosen = _secret(secret)

    async def work() -> bool:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        until = now + timedelta(hours=settings.webhooks.rotation_hours)
        async with open_store(settings) as store:
            return await store.webhooks.rotate(name, chosen, until, now)

    if not run(work()):
        raise InputError([Problem("webhooks", name, "there is no such endpoint, or it has this secret")])
    _tell_secret(name, made, chosen, json_output, {"rotated": True})


@endpoints.command("enable")
def enable(context: typer.Context, name: EndpointName, json_output: JsonOption = False) -> None:
    """Send events there again, first those that have waited."""
    _switch(context, name, True, "", json_output)


@endpoints.command("disable")
def disable(
    context: typer.Context,
    name: EndpointName,
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words.")] = "switched off",
    json_output: JsonOption = False,
) -> None:
    """Send nothing there; its events wait."""
    _switch(context, name, False, reason[:200] or "switched off", json_output)


@endpoints.command("test")
def send_test(context: typer.Context, name: EndpointName, json_output: JsonOption = False) -> None:
    """Send a signed test event (`webhook.test`) now, and tell what the receiver answered. Exit code 1: no receipt."""
    settings = invocation(context).settings

    async def work() -> Answer | None:
        from ari_app.app import open_store
        from ari_app.clock import SystemClock
        from ari_app.gateways.webhooks.sender import HttpSender
        from ari_app.webhook_relay import sender_terms

        now = clock_of(settings).now()
        key = f"{name}+webhook.test+{uuid4().hex}"
        payload = json.dumps({"event": "webhook.test", "endpoint": name, "timestamp": int(now.timestamp())})
        async with open_store(settings) as store:
            message = await store.webhooks.message_for(name, key, payload, now)
        if message is None:
            return None
        sender = HttpSender(sender_terms(settings), SystemClock())
        try:
            return await sender.send(message)
        finally:
            await sender.close()

    answer = run(work())
    if answer is None:
        raise InputError([Problem("webhooks", name, "there is no such endpoint")])
    if json_output:
        print_json({"delivered": answer.delivered, "status": answer.status or None, "why": answer.why})
    else:
        console().print(plain(f"{name}: {'received' if answer.delivered else 'not received'}, {answer.why}"))
    if not answer.delivered:
        sys.exit(EXIT_FAILED)


def _switch(context: typer.Context, name: str, on: bool, why: str, json_output: bool) -> None:
    settings = invocation(context).settings

    async def work() -> str | None:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.webhooks.switch(name, on, why, clock_of(settings).now())

    state = run(work())
    if state is None:
        raise InputError([Problem("webhooks", name, "there is no such endpoint")])
    if json_output:
        print_json({"name": name, "state": state})
    else:
        console().print(plain(f"{name} is {state}"))


def _check(settings: Settings, name: str, url: str, events: list[str]) -> None:
    """Refuse what can never work, before anything is written."""
    from ari_app.domain.event_names import EVENTS
    from ari_app.domain.webhooks.patterns import fitting_none
    from ari_app.services.model_problems import nearest
    from ari_app.services.webhooks.addresses import refused_url
    from ari_app.webhook_relay import sender_terms

    problems = []
    if not _NAME.fullmatch(name):
        problems.append(
            Problem("webhooks", "NAME", "is no name", "letters, digits, _ . - and at most 64 of them")
        )
    refused = refused_url(url, sender_terms(settings).reach)
    if refused:
        problems.append(Problem("webhooks", "URL", refused, "https://HOST/PATH; see webhooks.allow_networks"))
    unknown = fitting_none(events, EVENTS)
    if unknown is not None:
        problems.append(Problem("webhooks", "--events", "fits no event", nearest(unknown[:100], EVENTS)))
    if problems:
        raise InputError(problems)


def _secret(given: str | None) -> tuple[bool, str]:
    """Whether a secret was made here, and the secret."""
    if given is None:
        import base64
        import secrets

        return True, f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    text = sys.stdin.readline().rstrip("\r\n") if given == "-" else given
    if not 8 <= len(text) <= _LONGEST_SECRET:
        raise typer.BadParameter(f"a secret has 8 to {_LONGEST_SECRET} characters")
    return False, text


def _tell_secret(name: str, made: bool, secret: str, json_output: bool, done: dict[str, object]) -> None:
    if json_output:
        print_json({"name": name, **done, "secret": secret if made else None})
        return
    console().print(plain(f"{name}: {', '.join(done)}"))
    if made:
        console().print(plain(f"its secret, shown this once: {secret}"))


async def _deliveries(settings: Settings, wanted: Wanted) -> list[DeliveryRecord]:
    from ari_app.app import open_store

    async with open_store(settings) as store:
        return await store.webhooks.deliveries(wanted)


def _wanted(
    event_id: int | None,
    state: DeliveryState | None = None,
    event: str | None = None,
    endpoint: str | None = None,
    since: str | None = None,
    before: str | None = None,
    limit: int = 10_000,
) -> Wanted:
    from ari_app.ports.webhooks import Wanted

    return Wanted(
        event_id,
        state,
        event,
        endpoint,
        None if since is None else parsed_instant(since),
        None if before is None else parsed_instant(before),
        limit,
    )


def _answer(each: DeliveryRecord) -> str:
    return each.fault or (str(each.status) if each.status else "")


def _row(each: DeliveryRecord) -> dict[str, object]:
    return {key: getattr(each, key) for key in each.__slots__ if key != "payload"}
