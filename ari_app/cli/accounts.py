"""``ari-app account``: everything that happened to a customer and his accounts, in order."""

from __future__ import annotations

from datetime import tzinfo
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    FullOption,
    JsonOption,
    console,
    invocation,
    local,
    masked_name,
    masked_phone,
    parsed_instant,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.refusals import customer_key
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.record import CustomerAccount
    from ari_app.ports.timeline import TimelineEntry, TimelineQuery

app = typer.Typer(no_args_is_help=True, help="What happened to a customer and his accounts.")

_SHOWN = 500


@app.command("show")
def show(
    context: typer.Context,
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")],
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Of this account alone.")
    ] = None,
    bill: Annotated[str | None, typer.Option("--bill", metavar="ID", help="Of this bill alone.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="ISO", help="From this instant on: 2026-03-01T00:00+08:00."),
    ] = None,
    full: FullOption = False,
    json_output: JsonOption = False,
) -> None:
    """The timeline: bills, contacts, refusals, promises, money, disputes, messages and events, in order.

    Each line says where it comes from. Refusals by the same rule on the same day are one line. Numbers and names are
    masked; --full shows them. As JSON all entries are printed, as text the last 500.

        ari-app account show c_10001

        ari-app account show c_10001 --bill b_30001 --since 2026-03-01T00:00+08:00 --json
    """
    from ari_app.ports.timeline import TimelineQuery

    settings = invocation(context).settings
    instant = None if since is None else parsed_instant(since)
    query = TimelineQuery(customer_key(customer), account, bill, instant)
    accounts, found = run(_read(settings, query))
    from ari_app.services.timeline import shown

    masked = [shown(entry, full=full) for entry in found]
    if json_output:
        print_json(
            {
                "customer_id": query.customer_id,
                "accounts": [_account(each, full) for each in accounts],
                "entries": [
                    {
                        "at": entry.at,
                        "source": entry.source,
                        "ref": entry.ref,
                        "account_id": entry.account_id,
                        "bill_id": entry.bill_id,
                        "what": entry.what,
                        "fields": dict(entry.fields),
                    }
                    for entry in masked
                ],
            }
        )
        return
    _tell(query, accounts, masked, full)


async def _read(
    settings: Settings, query: TimelineQuery
) -> tuple[list[CustomerAccount], list[TimelineEntry]]:
    from ari_app.app import open_store
    from ari_app.services.timeline import entries

    async with open_store(settings) as store:
        if not await store.timeline.known(query.customer_id):
            problem = Problem(query.customer_id[:100], "customer", "is not known", "an id of a loaded list")
            raise InputError([problem])
        accounts = [
            each
            for each in await store.customer_accounts(query.customer_id)
            if query.account_id in (None, each.account.account_id)
            and query.bill_id in (None, each.account.bill_id)
        ]
        return accounts, [entry async for entry in entries(store.timeline, query)]


def _account(each: CustomerAccount, full: bool) -> dict[str, object]:
    account = each.account
    return {
        "account_id": account.account_id,
        "bill_id": account.bill_id,
        "name": masked_name(account.name, full),
        "phone": masked_phone(account.phone, full),
        "owed": account.amount_due,
        "currency": account.currency,
        "due_date": account.due_date.isoformat(),
        "aging_bucket": account.aging_bucket,
        "campaign_id": each.campaign_id,
        "state": each.state,
        "planned_at": each.planned_at,
        "due_at": each.due_at,
        "refused_by": each.refused_by,
        "dials_made": each.dials_made,
    }


def _tell(
    query: TimelineQuery, accounts: list[CustomerAccount], found: list[TimelineEntry], full: bool
) -> None:
    from ari_app.domain.compliance import zone_of
    from ari_app.services.timeline import in_words

    out = console()
    first = accounts[0].account if accounts else None
    zone = None if first is None else zone_of(first.timezone)
    name = "" if first is None else masked_name(first.name, full)
    out.print(f"[bold]{plain(query.customer_id)}[/bold]  {plain(name)}")
    seen: set[tuple[str, str]] = set()
    for each in accounts:
        account = each.account
        if (account.account_id, account.bill_id) not in seen:
            seen.add((account.account_id, account.bill_id))
            owed = f"{account.amount_due} {account.currency} owed, due {account.due_date}, {account.aging_bucket}"
            out.print(
                plain(
                    f"account {account.account_id}, bill {account.bill_id}: {owed}, "
                    f"{masked_phone(account.phone, full)}"
                )
            )
        out.print(plain(f"  campaign {each.campaign_id}: {_follow_up(each, zone)}"))
    if len(found) > _SHOWN:
        out.print(f"... {len(found) - _SHOWN} earlier entries (--since, --json)")
    out.print()
    show_table(
        ["when", "source", "bill", "what", "details"],
        [
            (local(entry.at, zone), entry.source, entry.bill_id, entry.what, in_words(entry, zone))
            for entry in found[-_SHOWN:]
        ],
    )


def _follow_up(each: CustomerAccount, zone: tzinfo | None) -> str:
    """What comes next of an account in a campaign: to be followed up, and when, or not any more."""
    dials = f"{each.dials_made} dials"
    if each.state == "open":
        return f"a call is under way, {dials} before it"
    if each.planned_at is None:
        return f"no further call is planned, {dials}"
    if each.account.amount_due <= 0:
        return f"nothing is owed, so nobody calls about it, {dials}"
    why = f", refused by {each.refused_by} for now" if each.refused_by else ""
    if each.due_at is None:
        return (
            f"to be followed up by a call once {each.refused_by or 'what stands in the way'} is gone, {dials}"
        )
    return f"to be followed up by a call at {local(max(each.planned_at, each.due_at), zone)}{why}, {dials}"
