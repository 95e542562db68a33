"""``ari-app service``: which services are warned of, suspended or to be restored, and the orders for it."""

from __future__ import annotations

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
from ari_app.cli.record_ids import who
from ari_app.cli.refusals import customer_key
from ari_app.domain.service.state import OrderState, ServiceState

if TYPE_CHECKING:
    from ari_app.ports.service import ServiceOrder, ServiceRecord

app = typer.Typer(
    no_args_is_help=True,
    help="Services: warned of, suspended, to be restored; and the orders for it. docs/service-state.md.",
)

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")]
AccountId = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account id, as in the list.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; stands with the order.")]


@app.command("list")
def list_services(
    context: typer.Context,
    state: Annotated[ServiceState | None, typer.Option("--state", help="In this state alone.")] = None,
    orders: Annotated[
        bool, typer.Option("--orders", help="The orders that nobody has confirmed, instead of services.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Services of which something is known, or what somebody outside has still to do.

    ari-app service list --orders
    """
    settings = invocation(context).settings

    async def read() -> tuple[list[ServiceRecord], list[ServiceOrder]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            if orders:
                return [], await store.services.orders(state=OrderState.OPEN)
            return await store.services.services(state), []

    found, waiting = run(read())
    if orders:
        _tell_orders(waiting, json_output)
        return
    if json_output:
        print_json([_service(each) for each in found])
        return
    if not found:
        console().print("nothing is known of any service")
        return
    show_table(
        ["customer", "account", "state", "since", "order"],
        [
            (
                each.customer_id,
                each.account_id,
                each.state,
                local(each.state_at, None),
                "" if each.order is None else each.order.order_id,
            )
            for each in found
        ],
    )


@app.command("show")
def show(context: typer.Context, customer: Customer, json_output: JsonOption = False) -> None:
    """The services of a customer, and every order there was: with its notices, and how long a restoration took."""
    settings = invocation(context).settings
    key = customer_key(customer)

    async def read() -> tuple[list[ServiceRecord], list[ServiceOrder]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.services.services(customer_id=key), await store.services.orders(key)

    found, orders = run(read())
    if json_output:
        print_json(
            {"services": [_service(each) for each in found], "orders": [_order(each) for each in orders]}
        )
        return
    if not found:
        console().print("nothing is known of a service of this customer")
        return
    for each in found:
        console().print(plain(f"account {each.account_id}: {each.state} since {local(each.state_at, None)}"))
    if orders:
        _tell_orders(orders, False)


@app.command("confirm")
def confirm(
    context: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="Id of the order.")],
    by: By,
    json_output: JsonOption = False,
) -> None:
    """Somebody outside has suspended or restored the service as ordered; told again, it changes nothing.

    ari-app service confirm svc-5d0c... --by billing
    """
    settings = invocation(context).settings

    async def write() -> ServiceOrder:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.services.confirm(order.strip(), who(by), clock_of(settings).now())

    _tell_order(run(write()), json_output)


@app.command("suspend")
def suspend(
    context: typer.Context, customer: Customer, account: AccountId, by: By, json_output: JsonOption = False
) -> None:
    """Order a suspension by hand: only of who was demonstrably warned, objects to nothing, and has promised nothing."""
    settings = invocation(context).settings

    async def write() -> ServiceOrder:
        from ari_app.app import open_store
        from ari_app.case_work import service_rules

        async with open_store(settings) as store:
            return await store.services.suspend(
                customer_key(customer),
                account.strip(),
                service_rules(settings),
                who(by),
                clock_of(settings).now(),
            )

    _tell_order(run(write()), json_output)


@app.command("restore")
def restore(
    context: typer.Context,
    customer: Customer,
    account: AccountId,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why, although it is not paid.")],
    json_output: JsonOption = False,
) -> None:
    """Order a restoration by hand, whatever is owed."""
    settings = invocation(context).settings

    async def write() -> ServiceOrder:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.services.restore(
                customer_key(customer), account.strip(), reason[:200], who(by), clock_of(settings).now()
            )

    _tell_order(run(write()), json_output)


def _tell_order(found: ServiceOrder, json_output: bool) -> None:
    if json_output:
        print_json(_order(found))
        return
    took = "" if found.took is None else f", {found.took} after the payment"
    console().print(plain(f"{found.kind} {found.order_id} is {found.state}{took}"))


def _tell_orders(found: list[ServiceOrder], json_output: bool) -> None:
    if json_output:
        print_json([_order(each) for each in found])
        return
    if not found:
        console().print("nobody has anything to do")
        return
    show_table(
        ["order", "what", "customer", "account", "state", "ordered", "paid", "took", "notices"],
        [
            (
                each.order_id,
                each.kind,
                each.bill.customer_id,
                each.bill.account_id,
                f"{each.state} (late)" if each.overdue_at is not None else each.state,
                local(each.ordered_at, None),
                local(each.payment_at, None),
                "-" if each.took is None else str(each.took),
                len(each.notices),
            )
            for each in found
        ],
    )


def _service(each: ServiceRecord) -> dict[str, object]:
    return {
        "customer_id": each.customer_id,
        "account_id": each.account_id,
        "state": each.state,
        "state_at": each.state_at,
        "order": None if each.order is None else _order(each.order),
    }


def _order(each: ServiceOrder) -> dict[str, object]:
    return {
        "order_id": each.order_id,
        "customer_id": each.bill.customer_id,
        "account_id": each.bill.account_id,
        "bill_id": each.bill.bill_id,
        "kind": each.kind,
        "state": each.state,
        "reason": each.reason,
        "ordered_at": each.ordered_at,
        "ordered_by": each.ordered_by,
        "payment_at": each.payment_at,
        "overdue_at": each.overdue_at,
        "ended_at": each.ended_at,
        "ended_by": each.ended_by,
        "ended_why": each.ended_why,
        "took_s": None if each.took is None else each.took.total_seconds(),
        "notices": [
            {
                "at": notice.at,
                "channel": notice.channel,
                "reference": notice.reference,
                "reached": notice.reached,
            }
            for notice in each.notices
        ],
    }
