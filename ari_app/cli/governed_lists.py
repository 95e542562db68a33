"""``ari-app lists``: the governed lists, and ``ari-app standing``: flags that stand in the way of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    FullOption,
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    masked_phone,
    parsed_instant,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.refusals import contact_key, customer_key
from ari_app.domain.contact_facts import Flag, ListKind

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.ports import FlagRecord, ListRecord

lists = typer.Typer(
    no_args_is_help=True,
    help=(
        "Governed lists: do_not_contact, black and complaint refuse every call; special and white refuse nothing. "
        "docs/compliance.md tells what each is for."
    ),
)
standing = typer.Typer(
    no_args_is_help=True,
    help=(
        "Flags that stand in the way of calling a customer, or about one account, until somebody clears them. "
        "docs/compliance.md tells what each is for."
    ),
)

Kind = Annotated[ListKind, typer.Argument(metavar="LIST", help=", ".join(ListKind))]
Contacts = Annotated[
    list[str], typer.Argument(metavar="PHONE_OR_CUSTOMER...", help="Telephone numbers, or customer ids.")
]
Customers = Annotated[list[str], typer.Argument(metavar="CUSTOMER...", help="Customer ids, as in the list.")]
FlagName = Annotated[Flag, typer.Argument(metavar="FLAG", help=", ".join(Flag))]
Source = Annotated[
    str, typer.Option("--source", help="Where it comes from: a letter, a register, a ticket ...")
]
AsCustomer = Annotated[
    bool, typer.Option("--customer", help="Take the texts as customer ids even if they look like numbers.")
]
AccountId = Annotated[
    str,
    typer.Option("--account", metavar="ID", help="Of this account alone; by default of the whole customer."),
]


@lists.command("add")
def add(
    context: typer.Context,
    kind: Kind,
    contacts: Contacts,
    source: Source = "operator",
    reason: Annotated[str, typer.Option("--reason", help="Why, in a few words.")] = "",
    expires: Annotated[
        str | None,
        typer.Option(
            "--expires", metavar="ISO", help="Until when: 2026-12-31T00:00+08:00; by default for good."
        ),
    ] = None,
    customer: AsCustomer = False,
    json_output: JsonOption = False,
) -> None:
    """Put numbers or customers on a list; it holds for the next dial at once.

    ari-app lists add black 13800138000 --source fraud-desk

    ari-app lists add special c_10001 c_10002 --reason "three broken promises" --expires 2026-12-31T00:00+08:00
    """
    settings = invocation(context).settings
    until = None if expires is None else parsed_instant(expires)
    keys = _keys(settings, contacts, customer)

    async def change() -> list[bool]:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            return [
                await store.add_list_entry(kind, key, source[:100], now, until, reason[:200]) for key in keys
            ]

    _tell_list(kind, keys, run(change()), True, json_output)


@lists.command("remove")
def remove(
    context: typer.Context,
    kind: Kind,
    contacts: Contacts,
    customer: AsCustomer = False,
    json_output: JsonOption = False,
) -> None:
    """Take numbers or customers off a list; what it refused is planned again."""
    settings = invocation(context).settings
    keys = _keys(settings, contacts, customer)

    async def change() -> list[bool]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return [await store.remove_list_entry(kind, key) for key in keys]

    _tell_list(kind, keys, run(change()), False, json_output)


@lists.command("show")
def show_lists(
    context: typer.Context,
    kind: Annotated[ListKind | None, typer.Argument(metavar="[LIST]", help="A list; by default all.")] = None,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """Everybody on a list, with source, reason and expiry; entries that have lapsed are marked."""
    settings = invocation(context).settings

    async def read() -> list[ListRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.list_entries(kind)

    found = run(read())
    now = clock_of(settings).now()
    if json_output:
        print_json(
            [
                {
                    "list": each.kind,
                    "contact": _shown(each.contact, full),
                    "source": each.source,
                    "reason": each.reason,
                    "added_at": each.added_at,
                    "expires_at": each.expires_at,
                    "in_force": each.in_force(now),
                }
                for each in found
            ]
        )
        return
    if not found:
        console().print("there is no entry")
        return
    show_table(
        ["list", "contact", "source", "reason", "added", "expires"],
        [
            (
                each.kind,
                _shown(each.contact, full),
                each.source,
                each.reason,
                local(each.added_at, None),
                local(each.expires_at, None) + ("" if each.in_force(now) else " (lapsed)"),
            )
            for each in found
        ],
    )


@standing.command("set")
def set_flags(
    context: typer.Context,
    flag: FlagName,
    customers: Customers,
    source: Source = "operator",
    account: AccountId = "",
    json_output: JsonOption = False,
) -> None:
    """Set a flag of customers, or of one account; it holds for the next dial at once.

    ari-app standing set represented c_10001 --source "letter of 2026-03-02"

    ari-app standing set dispute c_10001 --account a_20001
    """
    _change_flags(context, flag, customers, source, account, True, json_output)


@standing.command("clear")
def clear_flags(
    context: typer.Context,
    flag: FlagName,
    customers: Customers,
    source: Source = "operator",
    account: AccountId = "",
    json_output: JsonOption = False,
) -> None:
    """Clear a flag; what it refused is planned again. Who cleared it stays on record."""
    _change_flags(context, flag, customers, source, account, False, json_output)


@standing.command("show")
def show_flags(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    json_output: JsonOption = False,
) -> None:
    """Every flag of a customer that is or was set, with its source."""
    settings = invocation(context).settings

    async def read() -> list[FlagRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.flags(customer_key(customer))

    found = run(read())
    if json_output:
        print_json([{key: getattr(each, key) for key in each.__slots__} for each in found])
    elif not found:
        console().print("no flag was ever set")
    else:
        show_table(
            ["flag", "account", "source", "set", "cleared", "cleared by"],
            [
                (
                    each.flag,
                    each.account_id or "(whole customer)",
                    each.source,
                    local(each.set_at, None),
                    local(each.cleared_at, None),
                    each.cleared_source or "",
                )
                for each in found
            ],
        )


def _change_flags(
    context: typer.Context,
    flag: Flag,
    customers: list[str],
    source: str,
    account: str,
    wanted: bool,
    json_output: bool,
) -> None:
    settings = invocation(context).settings
    keys = [customer_key(each) for each in customers]

    async def change() -> tuple[list[bool], list[list[str]]]:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            call = store.set_flag if wanted else store.clear_flag
            done = [await call(key, flag, source[:100], now, account.strip()) for key in keys]
            if wanted:
                return done, [[] for _ in keys]
            return done, [_still_set(await store.flags(key), flag) for key in keys]

    changed, left = run(change())
    if json_output:
        print_json(
            [
                {
                    "customer_id": key,
                    "account_id": account,
                    "flag": flag,
                    "set": wanted,
                    "changed": each,
                    "still_set_for": still,
                }
                for key, each, still in zip(keys, changed, left, strict=True)
            ]
        )
        return
    of = f", account {account}" if account else ""
    for key, each, still in zip(keys, changed, left, strict=True):
        state = f"{flag} is {'now' if each else 'already'} {'set' if wanted else 'not set'}"
        # A call sets flags of one account, so clearing that of the whole customer may leave what refuses.
        more = (
            f"; still set for {', '.join(where or 'the whole customer' for where in still)}" if still else ""
        )
        console().print(plain(f"customer {key}{of}: {state}{more}"))


def _still_set(found: list[FlagRecord], flag: Flag) -> list[str]:
    """The accounts for which a flag is set; '' is the whole customer."""
    return [each.account_id for each in found if each.flag is flag and each.cleared_at is None]


def _keys(settings: Settings, contacts: list[str], customer: bool) -> list[str]:
    country = settings.defaults.country
    return [customer_key(each) if customer else contact_key(each, country) for each in contacts]


def _tell_list(kind: ListKind, keys: list[str], changed: list[bool], on: bool, json_output: bool) -> None:
    if json_output:
        print_json(
            [
                {"list": kind, "contact": key, "listed": on, "changed": each}
                for key, each in zip(keys, changed, strict=True)
            ]
        )
        return
    for key, each in zip(keys, changed, strict=True):
        state = "on" if on else "not on"
        console().print(plain(f"{key} is {'now' if each else 'already'} {state} the list {kind}"))


def _shown(contact: str, full: bool) -> str:
    return masked_phone(contact, full) if contact.startswith("+") else contact
