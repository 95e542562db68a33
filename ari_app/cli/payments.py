"""``ari-app payments``: what was paid, by whom it was told, and links to the payment page."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
)
from ari_app.cli.payments_reconcile import reconcile_command
from ari_app.cli.payments_view import notice_object, record_object, tell_notices, tell_records
from ari_app.cli.refusals import customer_key
from ari_app.domain.debt.ledger import EntryKind
from ari_app.errors import AriAppError, ConfigError, InputError, Problem

if TYPE_CHECKING:
    from ari_app.ports import BillKey, Posting
    from ari_app.ports.payments import NoticeRecord, PaymentRecord
    from ari_app.store.sqlite_store import SqliteStore

#: The provider of what is entered by hand.
MANUAL = "manual"

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Payments: what the ledgers have, what waits for its bill, links to the payment page, and the comparison with a "
        "provider's own list. docs/payments.md tells how they come in."
    ),
)
app.command("reconcile")(reconcile_command)

Customer = Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id, as in the list.")]
Account = Annotated[
    str, typer.Option("--account", metavar="ID", help="Which account, where the customer has several.")
]
Bill = Annotated[str, typer.Option("--bill", metavar="ID", help="Which bill, where there are several.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who says so; stays on record.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="The newest so many.")]


@app.command("list")
def list_payments(
    context: typer.Context,
    customer: Annotated[
        str | None, typer.Argument(metavar="[CUSTOMER]", help="Of one customer; by default of all.")
    ] = None,
    kind: Annotated[
        EntryKind | None, typer.Option("--kind", help="Only payments, reversals, waivers, credits or fees.")
    ] = None,
    limit: Limit = 50,
    json_output: JsonOption = False,
) -> None:
    """The newest movements of the ledgers: payments, reversals, waivers, credits and fees."""
    settings = invocation(context).settings
    key = None if customer is None else customer_key(customer)

    async def read() -> list[PaymentRecord]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            return await store.payments.records_of(key, kind, limit)

    tell_records(run(read()), json_output)


@app.command("show")
def show_payment(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="ID_OR_REFERENCE", help="pay-..., or the reference at the provider.")
    ],
    json_output: JsonOption = False,
) -> None:
    """A movement, and every notice by which it was told. Exit code 1 where there is none."""
    settings = invocation(context).settings

    async def read() -> tuple[list[PaymentRecord], list[NoticeRecord]]:
        from ari_app.app import open_store

        async with open_store(settings) as store:
            records = await store.payments.records_called(name.strip())
            return records, [
                told for each in records for told in await store.payments.notices_of(each.entry_id)
            ]

    records, notices = run(read())
    if json_output:
        print_json(
            {
                "movements": [record_object(each) for each in records],
                "notices": [notice_object(each) for each in notices],
            }
        )
    else:
        tell_records(records, False)
        tell_notices(notices)
    if not records:
        raise typer.Exit(EXIT_FAILED)


@app.command("add")
def add_payment(
    context: typer.Context,
    customer: Customer,
    amount: Annotated[str, typer.Option("--amount", metavar="SUM", help="What was paid: 568.32.")],
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="The number of the receipt; told once only.")
    ],
    by: By,
    account: Account = "",
    bill: Bill = "",
    reverses: Annotated[
        str,
        typer.Option(
            "--reverses", metavar="REFERENCE", help="Take this payment back instead, wholly or in part."
        ),
    ] = "",
    provider: Annotated[
        str,
        typer.Option("--provider", metavar="NAME", help="Whose number the reference is; manual by default."),
    ] = MANUAL,
    at: Annotated[
        str | None, typer.Option("--at", metavar="ISO", help="When it happened; by default now.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Enter a payment by hand, or take one back. The same reference again changes nothing.

    ari-app payments add c_10001 --amount 568.32 --reference till-7/0231 --by anna

    ari-app payments add c_10001 --amount 568.32 --reference till-7/0232 --reverses till-7/0231 --by anna
    """
    settings = invocation(context).settings
    sum_ = _sum(amount)
    occurred = None if at is None else parsed_instant(at)
    text = {"reference": reference, "by": by, "provider": provider, "reverses": reverses}
    values = {name: _short(name, value) for name, value in text.items()}

    async def post() -> tuple[BillKey, Posting]:
        from ari_app.app import open_store
        from ari_app.ports import Movement

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            key, currency = await bill_of(store, customer, account, bill)
            movement = Movement(
                bill=key,
                kind=EntryKind.REVERSAL if values["reverses"] else EntryKind.PAYMENT,
                amount=sum_,
                currency=currency,
                occurred_at=occurred or now,
                provider=values["provider"],
                reference=values["reference"],
                reverses=values["reverses"],
                source=f"by {values['by']}",
            )
            return key, await store.debts.post(movement, now)

    key, posting = run(post())
    owed = None if posting.settlement is None else posting.settlement.balance.owed
    if json_output:
        print_json(
            {
                "result": posting.result,
                "payment_id": posting.entry_id or None,
                "customer_id": key.customer_id,
                "account_id": key.account_id,
                "bill_id": key.bill_id,
                "owed": owed,
            }
        )
    else:
        left = "" if owed is None else f"; still owed: {owed}"
        console().print(plain(f"{posting.result}: {posting.entry_id or '-'}{left}"))
    if posting.result not in ("recorded", "repeated"):
        raise typer.Exit(EXIT_FAILED)


@app.command("unmatched")
def unmatched(context: typer.Context, limit: Limit = 100, json_output: JsonOption = False) -> None:
    """Payments and refunds that wait for their bill. They are asked again after each list."""
    settings = invocation(context).settings

    async def read() -> list[NoticeRecord]:
        from ari_app.app import open_store
        from ari_app.domain.payments.notice import NoticeState

        async with open_store(settings) as store:
            return await store.payments.notices(NoticeState.UNMATCHED, limit)

    found = run(read())
    if json_output:
        print_json([notice_object(each) for each in found])
    elif not found:
        console().print("nothing waits for its bill")
    else:
        tell_notices(found)


@app.command("match")
def match(
    context: typer.Context,
    notice: Annotated[int, typer.Argument(metavar="NOTICE", help="The number that `unmatched` shows.")],
    by: By,
    customer: Annotated[str | None, typer.Argument(metavar="[CUSTOMER]", help="Whose payment it is.")] = None,
    account: Account = "",
    bill: Bill = "",
    refuse: Annotated[
        str, typer.Option("--refuse", metavar="WHY", help="It is none of ours: never apply it.")
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """Say whose payment it is, or that it is none of ours. Exit code 1 where nothing was decided.

    ari-app payments match 17 c_10001 --by anna

    ari-app payments match 18 --refuse "sent to us by mistake, paid back" --by anna
    """
    if (customer is None) == (not refuse):
        raise typer.BadParameter("name a CUSTOMER, or --refuse with a reason")
    settings = invocation(context).settings
    name = _short("by", by)

    async def decide() -> NoticeRecord | None:
        from ari_app.app import open_store

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            if customer is None:
                return await store.payments.refuse(notice, name, refuse[:200], now)
            key, _ = await bill_of(store, customer, account, bill)
            return await store.payments.match(notice, key, name, now)

    found = run(decide())
    if found is None:
        raise AriAppError(f"the notice {notice} does not wait for its bill")
    if json_output:
        print_json(notice_object(found))
    else:
        console().print(plain(f"notice {found.seq} is {found.state}: {found.reason}"))
    if found.state == "unmatched":
        raise typer.Exit(EXIT_FAILED)


@app.command("link")
def link(
    context: typer.Context,
    customer: Customer,
    account: Account = "",
    bill: Bill = "",
    qr: Annotated[
        Path | None,
        typer.Option("--qr", metavar="FILE", help="Write it as a QR code too: FILE.svg or FILE.png."),
    ] = None,
    revoke: Annotated[
        str,
        typer.Option("--revoke", metavar="WHY", help="Make every link of the bill worthless instead."),
    ] = "",
    json_output: JsonOption = False,
) -> None:
    """A link to the payment page of a bill; whoever has it still has to know the customer's telephone number.

    ari-app payments link c_10001 --qr bill.svg

    ari-app payments link c_10001 --revoke "sent to a wrong number"
    """
    settings = invocation(context).settings
    if qr is not None and qr.suffix.lower() not in (".svg", ".png"):
        raise typer.BadParameter("--qr wants a file that ends in .svg or .png")

    async def make() -> tuple[str | None, datetime | None, int]:
        from ari_app.app import open_store
        from ari_app.payment_site import payment_links

        now = clock_of(settings).now()
        async with open_store(settings) as store:
            key, _ = await bill_of(store, customer, account, bill)
            if revoke:
                return None, None, await store.payments.revoke_links(key, revoke[:200], now)
            links = payment_links(settings, store)
            if links is None:
                raise ConfigError(
                    "payments.base_url is not set: name the address of the payment page in the settings"
                )
            record = await links.record_for(key, now)
            assert record is not None  # the bill was found above
            return links.address(record), record.standing.expires_at, 0

    address, expires, revoked = run(make())
    if address is None:
        if json_output:
            print_json({"revoked": revoked})
        else:
            console().print(f"{revoked} links were revoked")
        return
    if qr is not None:
        _write_code(qr, address)
    if json_output:
        print_json({"url": address, "expires_at": expires, "qr": qr})
    else:
        console().print(plain(address))
        console().print(f"good until {local(expires, None)}")


async def bill_of(store: SqliteStore, customer: str, account: str, bill: str) -> tuple[BillKey, str]:
    """The one bill that is meant, and its currency. Raises InputError where there is none, or more than one."""
    from ari_app.ports import BillKey

    key = customer_key(customer)
    found = {
        BillKey(
            each.account.customer_id, each.account.account_id, each.account.bill_id
        ): each.account.currency
        for each in await store.customer_accounts(key)
        if account in ("", each.account.account_id) and bill in ("", each.account.bill_id)
    }
    if len(found) != 1:
        wrong = f"{len(found)} bills fit" if found else "no bill fits"
        named = ", ".join(f"--account {each.account_id} --bill {each.bill_id}" for each in list(found)[:10])
        raise InputError([Problem("command line", f"customer {key}", wrong, named or "a customer of a list")])
    return next(iter(found.items()))


def _sum(text: str) -> Decimal:
    from ari_app.services.model_problems import RefusedError
    from ari_app.services.row_values import amount_of

    try:
        return amount_of(text.strip())
    except RefusedError as error:
        raise typer.BadParameter(f"--amount {error.wrong}; allowed: {error.allowed}") from error


def _short(name: str, value: str) -> str:
    """A text of the command line as a ledger keeps it."""
    text = value.strip()
    if (not text and name != "reverses") or len(text) > 128 or not (text.isprintable()):
        raise typer.BadParameter(f"--{name} wants one line of text, of at most 128 characters")
    return text


def _write_code(path: Path, address: str) -> None:
    import segno

    code = segno.make(address, error="m", micro=False)
    try:
        code.save(str(path), scale=8, border=4)
    except OSError as error:
        raise AriAppError(f"{path} cannot be written: {error.strerror or error}") from error
