"""``ari-app plans offers`` and ``request``: what a bill may be offered, and asking for it in the name of the company."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from ari_app.cli.common import JsonOption, clock_of, console, invocation, plain, print_json, run, show_table
from ari_app.cli.plans import By, tell_reply
from ari_app.cli.refusals import customer_key
from ari_app.domain.call_result import PlanKind
from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.domain.debt.approval import ApprovalTable
    from ari_app.ports.plans import PlanReply
    from ari_app.services.plans.offers import PlanOffers
    from ari_app.store.sqlite_store import SqliteStore

_CENT, _MOST_MONEY = Decimal("0.01"), Decimal("1e12")

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")]
Bill = Annotated[str, typer.Argument(metavar="BILL", help="Bill id, as in the list.")]


def show_offers(
    context: typer.Context, customer: Customer, bill: Bill, json_output: JsonOption = False
) -> None:
    """What may be offered for a bill today: the policy of its flow, narrowed by its strategy, and who would approve it.

    ari-app plans offers c_10001 b_30001
    """
    settings = invocation(context).settings

    async def read() -> tuple[PlanOffers, str, ApprovalTable, Decimal]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            now = clock_of(settings).now()
            offers, key, currency = await _offers(settings, store, customer_key(customer), bill, now)
            known = [each.account for each in await store.customer_accounts(key[0])]
            owed = next(each.amount_due for each in known if (each.account_id, each.bill_id) == key[1:])
            return offers, currency, store.plans.table, owed

    offers, currency, table, owed = run(read())
    rows = [
        {
            "periods": each.periods,
            "monthly": each.monthly,
            "last": each.last,
            "fee": each.fee,
            "total": each.total,
            "first_date": each.first_date.isoformat(),
            "level": table.level(PlanKind.INSTALLMENT, each.amount, each.periods).name,
        }
        for each in offers.instalments
    ]
    latest = None if offers.latest_deferral is None else offers.latest_deferral.isoformat()
    deferral = table.level(PlanKind.DEFERRAL, owed).name if latest else None
    if json_output:
        print_json(
            {
                "currency": currency,
                "owed": owed,
                "instalments": rows,
                "latest_deferral": latest,
                "level": deferral,
            }
        )
        return
    if owed <= 0:
        console().print("nothing is owed of this bill")
        return
    if rows:
        show_table(list(rows[0]), [tuple(row.values()) for row in rows])
    else:
        console().print(
            "no instalments are offered: the policy of the bill's flow and strategy has none for it"
        )
    console().print(
        plain(
            f"payment may be put off to {latest}, level {deferral}" if latest else "payment cannot be put off"
        )
    )


def request_plan(
    context: typer.Context,
    customer: Customer,
    bill: Bill,
    kind: Annotated[PlanKind, typer.Argument(metavar="KIND", help=", ".join(PlanKind))],
    by: By,
    months: Annotated[int, typer.Option("--months", help="Instalments: how many.")] = 0,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DAY", help="Deferral: to which day, 2026-12-31.")
    ] = None,
    waive: Annotated[str | None, typer.Option("--waive", metavar="SUM", help="Waiver: how much.")] = None,
    json_output: JsonOption = False,
) -> None:
    """Ask for a plan in the name of the company; the customer accepts it after its approval.

    ari-app plans request c_10001 b_30001 installment --months 6 --by "Li Na"

    ari-app plans request c_10001 b_30001 waiver --waive 50 --by "Li Na"
    """
    settings = invocation(context).settings
    day = None if until is None else parsed_day(until)
    waived = None if waive is None else parsed_sum(waive)

    async def ask() -> PlanReply:
        from ari_app.app import open_store
        from ari_app.ports import BillKey
        from ari_app.services.plans.offers import plan_wish

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            offers, key, currency = await _offers(settings, store, customer_key(customer), bill, now)
            wish = plan_wish(kind, offers, currency, periods=months, until=day, waived=waived)
            return await store.plans.request(
                BillKey(*key), wish, source="agent", by=by, now=now, offered=offers.allows(wish)
            )

    tell_reply(run(ask()), json_output)


async def _offers(
    settings: Settings, store: SqliteStore, customer: str, bill: str, now: datetime
) -> tuple[PlanOffers, tuple[str, str, str], str]:
    """What is offered for a bill, the key of that, and its currency. Raises InputError."""
    from ari_app.app import company_names, strategy_directory
    from ari_app.services.flow_files import FlowDirectory
    from ari_app.services.plans.offers import best_offers
    from ari_app.services.rule_directory import RuleDirectory

    flows = FlowDirectory(settings.dialplan_dir / "flows", company_names(settings), settings.speech.voices)
    strategies = strategy_directory(settings, RuleDirectory(settings.dialplan_dir)).book
    store.use_strategies(lambda: strategies)
    found = [each for each in await store.contact_facts(customer, now) if each.account.bill_id == bill]
    if not found:
        wrong = f"{bill[:100]!r} is in no campaign"
        raise InputError([Problem(customer[:100], "bill", wrong, "a bill of a loaded list")])
    best = best_offers(found, lambda name: flows.flow(name).policy, now)
    account = found[0].account
    return best, (account.customer_id, account.account_id, account.bill_id), account.currency


def parsed_day(text: str) -> date:
    """A day of the command line. Raises typer.BadParameter."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write a day such as 2026-12-31") from error


def parsed_sum(text: str) -> Decimal:
    """A sum of the command line, with two decimal places. Raises typer.BadParameter."""
    try:
        amount = Decimal(text)
        if amount.is_finite() and 0 < amount < _MOST_MONEY and amount == amount.quantize(_CENT):
            return amount.quantize(_CENT)
    except InvalidOperation:
        pass
    raise typer.BadParameter("write a sum such as 50 or 49.90")
