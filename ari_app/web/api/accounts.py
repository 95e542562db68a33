"""Accounts: what is owed, by whom, and what may be changed of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.account import Account
from ari_app.domain.api_scope import Scope
from ari_app.errors import InputError, Problem
from ari_app.ports import Store
from ari_app.ports.api import AccountFilter, ApiStore, StatedAccount
from ari_app.ports.debt import BillKey
from ari_app.services.account_row import RowDefaults, read_row
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.problems import KINDS, ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
    Cursor,
    FilterId,
    Limit,
    Listing,
    Model,
    Money,
    Pager,
    Reference,
    bill_of,
    must_match,
    reference_of,
    tagged,
)


class AccountBody(Model):
    """One bill of one customer. `amountDue` is owed now, `stated` is what its list said at `statedAt`."""

    account_ref: str
    customer_id: str
    account_id: str
    bill_id: str
    name: str
    phone: str
    amount_due: Money
    currency: str
    stated: Money
    stated_at: datetime
    due_date: date
    aging_bucket: str
    timezone: str
    language: str
    service: str
    risk_level: str
    customer_level: str
    score: int | None
    preferred_windows: list[str]
    tasks: list[str]


#: What may be changed, and where it stands in an account.
_PATCHABLE = {
    "name": "name",
    "phone": "phone",
    "language": "language",
    "timezone": "timezone",
    "preferredTimeWindow": "preferred_windows",
}


class AccountPatch(Model):
    """What may be changed of an account; each as in a row of a list."""

    name: Annotated[str, Field(min_length=1, max_length=100)] = ""
    phone: Annotated[str, Field(min_length=3, max_length=40)] = ""
    language: Literal["zh", "en"] = "zh"
    timezone: Annotated[str, Field(min_length=1, max_length=64)] = ""
    preferred_time_window: Annotated[str, Field(min_length=1, max_length=100)] = ""


def account_body(found: StatedAccount, sight: Sight) -> AccountBody:
    """An account as this token may see it."""

    account = found.account
    return AccountBody(
        account_ref=reference_of(BillKey(account.customer_id, account.account_id, account.bill_id)),
        customer_id=account.customer_id,
        account_id=account.account_id,
        bill_id=account.bill_id,
        name=sight.name(account.name),
        phone=sight.phone(account.phone),
        amount_due=account.amount_due,
        currency=account.currency,
        stated=found.stated,
        stated_at=found.stated_at,
        due_date=account.due_date,
        aging_bucket=account.aging_bucket,
        timezone=account.timezone,
        language=account.language,
        service=account.details.service,
        risk_level=account.details.risk_level,
        customer_level=account.details.customer_level,
        score=account.details.score,
        preferred_windows=[str(window) for window in account.preferred_windows],
        tasks=list(found.tasks),
    )


def accounts_router(
    door: Door, store: ApiStore, campaigns: Store, cursors: Cursors, defaults: Callable[[], RowDefaults]
) -> APIRouter:
    """``/v1/accounts``."""
    router = door.router("/accounts", "accounts")

    @router.get("", dependencies=[needs(Scope.READ_ACCOUNTS)], summary="List accounts")
    async def list_accounts(
        request: Request,
        response: Response,
        sight: Seen,
        task_id: Annotated[FilterId, Query(alias="taskId")] = "",
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        account_id: Annotated[FilterId, Query(alias="accountId")] = "",
        bill_id: Annotated[FilterId, Query(alias="billId")] = "",
        aging_bucket: Annotated[FilterId, Query(alias="agingBucket")] = "",
        min_due: Annotated[float | None, Query(alias="minDue", ge=0, le=999_999_999)] = None,
        due_before: Annotated[date | None, Query(alias="dueBefore")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[AccountBody]:
        """In the order in which they were loaded; what is loaded meanwhile comes at the end."""
        wanted = AccountFilter(
            task_id,
            customer_id,
            account_id,
            bill_id,
            aging_bucket,
            None if min_due is None else Decimal(str(min_due)),
            due_before,
        )
        pager = Pager(cursors, request, "accounts", wanted=repr(wanted))
        page = await store.accounts_page(wanted, pager.after(cursor), limit)
        return Listing(
            items=[account_body(each, sight) for each in page.rows],
            next_cursor=pager.next(response, page.after),
        )

    @router.get(
        "/{account_ref}",
        dependencies=[needs(Scope.READ_ACCOUNTS)],
        summary="One account",
        response_model=AccountBody,
    )
    async def get_account(request: Request, sight: Seen, account_ref: Reference) -> Response:
        """With an entity tag."""
        bill = bill_of(account_ref)
        found = None if bill is None else await store.account_of(bill)
        if found is None:
            raise not_found("account")
        return tagged(request, account_body(found, sight))

    @router.patch(
        "/{account_ref}",
        dependencies=[needs(Scope.WRITE_ACCOUNTS)],
        summary="Change what a company knows of a customer",
        response_model=AccountBody,
    )
    async def patch_account(
        request: Request, sight: Seen, account_ref: Reference, body: AccountPatch
    ) -> Response:
        """Heeds If-Match. Sums, due dates and buckets are the billing system's: load its list again, or post a movement."""
        bill = bill_of(account_ref)
        found = None if bill is None else await store.account_of(bill)
        if bill is None or found is None:
            raise not_found("account")
        must_match(request, account_body(found, sight))
        if not found.tasks:
            raise ApiProblem(409, KINDS[409], "the account is in no task")
        changed = _changed(found, body, defaults())
        await campaigns.load_accounts(found.tasks[0], [changed], door.clock.now())
        found = await store.account_of(bill)
        if found is None:
            raise not_found("account")
        return tagged(request, account_body(found, sight))

    return router


def _changed(found: StatedAccount, body: AccountPatch, defaults: RowDefaults) -> Account:
    """The account with the changes, checked as a row of a list is. Raises InputError."""
    account = found.account
    row: dict[str, object] = {
        "customerId": account.customer_id,
        "accountId": account.account_id,
        "billId": account.bill_id,
        "name": account.name,
        "phone": account.phone,
        "amountDue": found.stated,
        "dueDate": account.due_date.isoformat(),
        "timezone": account.timezone,
        "language": account.language,
    }
    wanted = body.model_dump(by_alias=True, exclude_unset=True)
    if not wanted:
        raise InputError([Problem("request", "", "changes nothing", ", ".join(_PATCHABLE))])
    read = read_row(row | wanted, defaults, typed=True)
    if not isinstance(read, Account):
        raise InputError([Problem("request", fault.field, fault.wrong, fault.allowed) for fault in read])
    fields = {_PATCHABLE[name]: getattr(read, _PATCHABLE[name]) for name in wanted}
    return replace(account, amount_due=found.stated, **fields)
