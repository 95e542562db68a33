"""``ari-app dnc``: the do-not-contact list."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ari_app.cli.common import (
    FullOption,
    JsonOption,
    clock_of,
    console,
    invocation,
    masked_phone,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.errors import InputError, Problem

app = typer.Typer(
    no_args_is_help=True, help="The do-not-contact list: numbers and customers who are never called."
)

Contact = Annotated[
    str, typer.Argument(metavar="PHONE_OR_CUSTOMER", help="A telephone number, or a customer id.")
]


def contact_key(text: str, country: str) -> str:
    """What the list holds for a text: a number as E.164, else the customer id as it stands.

    A text that looks like a number but is none is refused: it would protect nobody.
    """
    from ari_app.services.model_problems import RefusedError
    from ari_app.services.phones import parse_phone

    text = text.strip()
    try:
        return parse_phone(text, country)
    except RefusedError as error:
        numeric = re.sub(r"[^\w]|_", "", text)  # whatever people write between the digits of a number
        wrong = "" if text else "is empty"
        if numeric.isdecimal() and (len(numeric) >= 7 or text.startswith("+")):
            wrong = error.wrong
        if wrong:
            raise InputError(
                [
                    Problem(
                        "command line",
                        "contact",
                        wrong,
                        "a telephone number, or a customer id with --customer",
                    )
                ]
            ) from error
        return customer_key(text)


def customer_key(text: str) -> str:
    """A customer id as it stands; what no list could hold is refused, because it would protect nobody."""
    from ari_app.services.row_values import MAX_ID

    text = text.strip()
    if not text or len(text) > MAX_ID or not text.isprintable():
        allowed = f"one line of text of at most {MAX_ID} characters, as in a loaded list"
        raise InputError([Problem("command line", "contact", "is no customer id", allowed)])
    return text


@app.command("add")
def add(
    context: typer.Context,
    contact: Contact,
    source: Annotated[
        str, typer.Option("--source", help="Where it comes from: complaint, regulator ...")
    ] = "operator",
    customer: Annotated[
        bool,
        typer.Option("--customer", help="Take the text as a customer id even if it looks like a number."),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Never call this number or customer again, in any campaign; it holds for the next dial at once.

    ari-app dnc add 13800138000 --source complaint

    ari-app dnc add c_10001
    """
    _change(context, contact, source, customer, json_output)


@app.command("remove")
def remove(
    context: typer.Context,
    contact: Contact,
    customer: Annotated[
        bool,
        typer.Option("--customer", help="Take the text as a customer id even if it looks like a number."),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Take a number or customer off the list; what was planned is planned again."""
    _change(context, contact, None, customer, json_output)


def _change(
    context: typer.Context, contact: str, source: str | None, customer: bool, json_output: bool
) -> None:
    settings = invocation(context).settings
    key = customer_key(contact) if customer else contact_key(contact, settings.defaults.country)

    async def change() -> bool:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            if source is None:
                return await store.remove_do_not_contact(key)
            return await store.add_do_not_contact(key, source[:100], clock_of(settings).now())

    changed = run(change())
    if json_output:
        print_json({"contact": key, "listed": source is not None, "changed": changed})
    else:
        state = "on the do-not-contact list" if source is not None else "not on the do-not-contact list"
        what = "number" if key.startswith("+") else "customer"
        console().print(f"{what} {plain(key)} is {'now' if changed else 'already'} {state}")


@app.command("list")
def list_refusals(context: typer.Context, full: FullOption = False, json_output: JsonOption = False) -> None:
    """Everybody who is on the list now; `lists show` tells of entries that have lapsed, too."""
    settings = invocation(context).settings

    async def read() -> list[tuple[str, str]]:
        from ari_app.app import open_store
        from ari_app.domain.contact_facts import ListKind

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            return [
                (each.contact, each.source)
                for each in await store.list_entries(ListKind.DO_NOT_CONTACT)
                if each.in_force(now)
            ]

    found = run(read())
    if json_output:
        print_json([{"contact": _shown(contact, full), "source": source} for contact, source in found])
    elif found:
        show_table(["contact", "source"], [(_shown(contact, full), source) for contact, source in found])
    else:
        console().print("nobody is on the do-not-contact list")


def _shown(contact: str, full: bool) -> str:
    """Customer ids are no secret, numbers are masked."""
    return masked_phone(contact, full) if contact.startswith("+") else contact
