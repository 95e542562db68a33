"""Parts of ``ari-app disputes``: the store with its table of terms, a bill by its keys, amounts and files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from ari_app.config import Settings
    from ari_app.ports.debt import BillKey
    from ari_app.store.sqlite_store import SqliteStore


def as_json(value: object) -> dict[str, object]:
    """A record of a dispute with the keys of its bill beside its own fields."""
    found: dict[str, object] = {}
    for each in fields(value):  # type: ignore[arg-type]  # only records come here
        content = getattr(value, each.name)
        if each.name == "bill":
            found |= {key: getattr(content, key) for key in ("customer_id", "account_id", "bill_id")}
        else:
            found[each.name] = content
    return found


@asynccontextmanager
async def dispute_store(settings: Settings) -> AsyncIterator[SqliteStore]:
    """The database, with the table of terms that a dispute opened here is answered by."""
    from ari_app.app import open_store
    from ari_app.services.disputes.table_file import DisputeTableFile
    from ari_app.services.rule_directory import RuleDirectory

    table = DisputeTableFile(settings.dialplan_dir, RuleDirectory(settings.dialplan_dir).calendars).table
    async with open_store(settings) as store:
        store.disputes.use_table(lambda: table)
        yield store


async def only_bill(store: SqliteStore, customer: str, account: str | None, bill: str | None) -> BillKey:
    """The bill of a customer that the options leave. Raises InputError for none and for several."""
    from ari_app.ports.debt import BillKey

    keys = {
        BillKey(*each.account.key)
        for each in await store.customer_accounts(customer)
        if account in (None, each.account.account_id) and bill in (None, each.account.bill_id)
    }
    if len(keys) == 1:
        return keys.pop()
    if not keys:
        raise InputError([Problem("command line", "customer", "has no such bill", "one of a loaded list")])
    bills = ", ".join(sorted(f"{key.account_id}/{key.bill_id}" for key in keys))[:500]
    raise InputError([Problem("command line", "bill", "he has several", f"--account and --bill, of {bills}")])


def amount_of(text: str) -> Decimal:
    """An amount on the command line. Raises InputError."""
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found != round(found, 2):
        raise InputError([Problem("command line", "--corrected", "is no amount", "such as 468.32")])
    return found


def content_of(path: Path, most: int) -> bytes:
    """A file of at most ``most`` bytes, and one more where it is larger: whoever keeps it tells."""
    with path.open("rb") as stream:
        return stream.read(most + 1)
