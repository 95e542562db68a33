"""``ari-app promises``: promises to pay, whoever took them, and what became of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import (
    JsonOption,
    clock_of,
    console,
    invocation,
    local,
    plain,
    print_json,
    run,
    show_table,
)
from ari_app.cli.plan_requests import parsed_day, parsed_sum
from ari_app.cli.refusals import customer_key
from ari_app.domain.debt.promise import PromiseState
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.ports import BillKey, PromiseCase
    from ari_app.store.sqlite_store import SqliteStore

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Promises to pay, from calls, pages, messages, people and programs, and what became of each by the money "
        "that came. docs/closed-loop.md"
    ),
)

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")]
Bill = Annotated[str, typer.Argument(metavar="BILL", help="Bill id, as in the list.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does this: a person's name.")]


@app.command("list")
def list_promises(
    context: typer.Context,
    state: Annotated[PromiseState | None, typer.Option("--state", help="In this state alone.")] = None,
    json_output: JsonOption = False,
) -> None:
    """The newest promises of all customers, at most 500.

    ari-app promises list --state broken
    """
    settings = invocation(context).settings

    async def read() -> list[PromiseCase]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.debts.promise_cases(state=state)

    _show(run(read()), json_output)


@app.command("show")
def show(context: typer.Context, customer: Customer, json_output: JsonOption = False) -> None:
    """Every promise of a customer over all his bills, with its state and what was paid for it."""
    settings = invocation(context).settings
    key = customer_key(customer)

    async def read() -> list[PromiseCase]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.debts.promise_cases(customer_id=key)

    _show(run(read()), json_output)


@app.command("add")
def add(
    context: typer.Context,
    customer: Customer,
    bill: Bill,
    amount: Annotated[
        str, typer.Argument(metavar="AMOUNT", help="In the currency of the bill: 300 or 299.90.")
    ],
    day: Annotated[str, typer.Argument(metavar="DAY", help="The promised day: 2026-12-31.")],
    by: By,
    channel: Annotated[str, typer.Option("--channel", help="How he will pay: app, bank_transfer ...")] = "",
    json_output: JsonOption = False,
) -> None:
    """Record a promise that somebody of the company has taken; it replaces those of earlier contacts.

    ari-app promises add c_10001 b_30001 300 2026-12-04 --by "Li Na"
    """
    settings = invocation(context).settings
    key, promised, money = customer_key(customer), parsed_day(day), parsed_sum(amount)
    if not by.strip():
        raise typer.BadParameter("say who has taken the promise: --by NAME")

    async def write() -> list[PromiseCase]:
        from ari_app.app import open_store
        from ari_app.domain.call_result import PromiseToPay

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            found, currency = await _bill(store, key, bill)
            wish = PromiseToPay(money, promised.isoformat(), currency, channel.strip()[:40])
            made_in = f"agent-{int(now.timestamp() * 1_000_000)} {by.strip()[:60]}"
            await store.debts.promise(found, [wish], made_in=made_in, source="agent", now=now)
            return await store.debts.promise_cases(customer_id=key)

    if not date(2000, 1, 1) <= promised <= date(2999, 12, 31):
        raise typer.BadParameter("the promised day lies in no sensible year")
    _show(run(write()), json_output)


@app.command("withdraw")
def withdraw(
    context: typer.Context,
    customer: Customer,
    bill: Bill,
    why: Annotated[str, typer.Option("--why", help="The reason, which is kept and told.")],
    by: By,
    json_output: JsonOption = False,
) -> None:
    """Nothing more is expected of the open promises of a bill; its next call is planned as if there were none."""
    settings = invocation(context).settings
    key = customer_key(customer)
    if not why.strip() or not by.strip():
        raise typer.BadParameter("say who withdraws it and why: --by NAME --why REASON")

    async def write() -> list[PromiseCase]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            found, _ = await _bill(store, key, bill)
            await store.debts.withdraw_promises(
                found, f"{why.strip()[:200]} ({by.strip()[:60]})", clock_of(settings).now()
            )
            return await store.debts.promise_cases(customer_id=key)

    _show(run(write()), json_output)


async def _bill(store: SqliteStore, customer: str, bill: str) -> tuple[BillKey, str]:
    from ari_app.ports import BillKey

    for each in await store.customer_accounts(customer):
        account = each.account
        if account.bill_id == bill:
            return BillKey(account.customer_id, account.account_id, account.bill_id), account.currency
    raise InputError(
        [Problem(customer[:100], "bill", f"there is no bill {bill[:100]!r}", "a bill of a loaded list")]
    )


def _show(found: list[PromiseCase], json_output: bool) -> None:
    if json_output:
        print_json(
            [
                {
                    "promise_id": each.standing.promise.promise_id,
                    "customer_id": each.bill.customer_id,
                    "account_id": each.bill.account_id,
                    "bill_id": each.bill.bill_id,
                    "amount": each.standing.promise.amount,
                    "currency": each.currency,
                    "day": each.standing.promise.day.isoformat(),
                    "channel": each.channel,
                    "source": each.source,
                    "made_at": each.standing.promise.made_at,
                    "state": each.standing.state,
                    "covered": each.standing.covered,
                    "why": each.standing.why,
                }
                for each in found
            ]
        )
    elif not found:
        console().print(plain("there is no promise"))
    else:
        show_table(
            ["promise", "customer", "bill", "sum", "day", "state", "covered", "from", "made", "why"],
            [
                (
                    each.standing.promise.promise_id,
                    each.bill.customer_id,
                    each.bill.bill_id,
                    f"{each.standing.promise.amount} {each.currency}",
                    each.standing.promise.day,
                    each.standing.state,
                    each.standing.covered,
                    each.source,
                    local(each.standing.promise.made_at, None),
                    each.standing.why,
                )
                for each in found
            ],
        )
