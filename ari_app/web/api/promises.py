"""Promises to pay: listed with what became of them, added, withdrawn."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.debt.promise import PromiseState
from ari_app.ports.api import ApiStore, PromiseOf
from ari_app.ports.debt import Debts
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import needs
from ari_app.web.api.problems import ApiProblem, FieldProblem, not_found
from ari_app.web.api.routing import Door, act_of
from ari_app.web.api.values import (
    Amount,
    Bill,
    Currency,
    Cursor,
    FilterId,
    Limit,
    Line,
    Listing,
    Model,
    Money,
    Pager,
)

Word = Annotated[Line, Field(max_length=40)]


class PromisePart(Model):
    """A sum and the day by whose end it is to be paid, where the customer lives."""

    amount: Amount
    date: date
    channel: Word = ""


class PromiseInput(Bill):
    """What somebody has promised elsewhere (a branch, a letter, a chat). Replaces the open promises of the bill."""

    currency: Currency
    promises: Annotated[list[PromisePart], Field(min_length=1, max_length=10)]


class WithdrawInput(Bill):
    """Nothing more is expected of the open promises of a bill."""

    reason: Annotated[Line, Field(min_length=1, max_length=100)]


class PromiseBody(Model):
    """A promise and what became of it; `covered` of its amount has been paid for it."""

    promise_id: str
    customer_id: str
    account_id: str
    bill_id: str
    amount: Money
    currency: str
    date: date
    channel: str
    source: str
    made_at: datetime
    state: PromiseState
    covered: Money
    why: str


class Recorded(Model):
    """The contact under which promises were recorded."""

    made_in: str
    promises: list[PromiseBody]


def promise_body(found: PromiseOf) -> PromiseBody:
    """A promise."""
    standing = found.standing
    return PromiseBody(
        promise_id=standing.promise.promise_id,
        customer_id=found.bill.customer_id,
        account_id=found.bill.account_id,
        bill_id=found.bill.bill_id,
        amount=standing.promise.amount,
        currency=found.currency,
        date=standing.promise.day,
        channel=found.channel,
        source=found.source,
        made_at=standing.promise.made_at,
        state=standing.state,
        covered=standing.covered,
        why=standing.why,
    )


def promises_router(door: Door, store: ApiStore, debts: Debts, cursors: Cursors) -> APIRouter:
    """``/v1/promises``."""
    router = door.router("/promises", "promises")

    @router.get("", dependencies=[needs(Scope.READ_PROMISES)], summary="List promises")
    async def list_promises(
        request: Request,
        response: Response,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: PromiseState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[PromiseBody]:
        """The newest first."""
        wanted = state.value if state is not None else ""
        pager = Pager(cursors, request, "promises", customer=customer_id, state=wanted)
        page = await store.promises_page(customer_id, wanted, pager.after(cursor), limit)
        return Listing(
            items=[promise_body(each) for each in page.rows], next_cursor=pager.next(response, page.after)
        )

    @router.post("", status_code=201, dependencies=[needs(Scope.WRITE_PROMISES)], summary="Add promises")
    async def add_promises(request: Request, body: PromiseInput) -> Recorded:
        """They become due, kept or broken by the money that comes, as those of a call do."""
        account, now = await store.account_of(body.key()), door.clock.now()
        if account is None:
            raise not_found("bill")
        if account.account.currency != body.currency:
            wrong = FieldProblem(field="currency", wrong="is not the currency of the bill")
            raise ApiProblem(422, "validation", "the request is not valid", problems=[wrong])
        if sum((part.amount for part in body.promises), Decimal(0)) > account.account.amount_due:
            wrong = FieldProblem(field="promises", wrong="add up to more than is owed")
            raise ApiProblem(422, "validation", "the request is not valid", problems=[wrong])
        late = [part for part in body.promises if part.date < now.date() or part.date.year > now.year + 5]
        if late:
            wrong = FieldProblem(
                field="promises", wrong="has a day that has passed, or is more than five years away"
            )
            raise ApiProblem(422, "validation", "the request is not valid", problems=[wrong])
        made_in = f"api-{act_of(request)}"
        promised = [
            PromiseToPay(part.amount, part.date.isoformat(), body.currency, part.channel)
            for part in body.promises
        ]
        if not await debts.promise(body.key(), promised, made_in=made_in, source="api", now=now):
            raise not_found("bill")
        page = await store.promises_page(body.customer_id, "", None, 200)
        made = [promise_body(each) for each in page.rows if each.standing.promise.made_in == made_in]
        return Recorded(made_in=made_in, promises=sorted(made, key=lambda each: each.date))

    @router.post(
        "/withdraw",
        status_code=204,
        dependencies=[needs(Scope.WRITE_PROMISES)],
        summary="Withdraw promises",
        response_class=Response,
    )
    async def withdraw_promises(body: WithdrawInput) -> None:
        """Those of a bill that are open or due; nothing becomes broken by it."""
        if await store.account_of(body.key()) is None:
            raise not_found("bill")
        await debts.withdraw_promises(body.key(), body.reason, door.clock.now())

    return router
