"""Accounts: what is owed, by whom, and what may be changed of it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from ari_app.domain.api_scope import Scope
from ari_app.ports.api import AccountFilter, ApiStore, StatedAccount
from ari_app.ports.debt import BillKey
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.problems import not_found
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


def accounts_router(door: Door, store: ApiStore, cursors: Cursors) -> APIRouter:
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

    return router
