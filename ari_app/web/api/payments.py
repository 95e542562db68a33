"""Movements of the ledger: payments and their reversals, waivers, credits, fees."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.debt.ledger import EntryKind
from ari_app.ports.api import ApiStore, EntryOf
from ari_app.ports.debt import Debts, Movement, Posted, Posting
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import needs
from ari_app.web.api.problems import KINDS, ApiProblem, FieldProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
    Amount,
    Bill,
    Currency,
    Cursor,
    FilterId,
    Instant,
    Limit,
    Line,
    Listing,
    Model,
    Money,
    Name,
    Pager,
    tagged,
)


class MovementKind(StrEnum):
    """What may be posted; a reversal has a route of its own."""

    PAYMENT = "payment"
    WAIVER = "waiver"
    CREDIT = "credit"
    FEE = "fee"


Word = Annotated[Line, Field(min_length=1, max_length=100)]


class MovementInput(Bill):
    """A movement as its source names it: the same provider, reference and kind again is the same movement."""

    kind: MovementKind = MovementKind.PAYMENT
    amount: Amount
    currency: Currency
    occurred_at: Instant
    provider: Word = Field(description="Who tells of it: a bank, a payment provider, the billing system")
    reference: Word = Field(description="What it is called there")


class ReversalInput(Model):
    """A payment that was taken back, as a whole or in part."""

    amount: Amount
    occurred_at: Instant
    reference: Word = Field(description="What the reversal is called at the provider of the payment")


class MovementBody(Model):
    """A movement of the ledger."""

    payment_id: str
    kind: EntryKind
    customer_id: str
    account_id: str
    bill_id: str
    amount: Money
    currency: str
    occurred_at: datetime
    recorded_at: datetime
    provider: str
    reference: str
    reverses: str | None
    source: str


class PostedBody(Model):
    """What became of a movement, and what is owed of the bill afterwards (null where it had been known before)."""

    payment_id: str
    result: Posted
    owed: Money | None
    overpaid: Money | None


def movement_body(found: EntryOf) -> MovementBody:
    """A movement."""
    entry = found.entry
    return MovementBody(
        payment_id=entry.entry_id,
        kind=entry.kind,
        customer_id=found.bill.customer_id,
        account_id=found.bill.account_id,
        bill_id=found.bill.bill_id,
        amount=entry.amount,
        currency=found.currency,
        occurred_at=entry.occurred_at,
        recorded_at=entry.at,
        provider=entry.provider,
        reference=entry.reference,
        reverses=entry.reverses or None,
        source=entry.source,
    )


def _posted(posting: Posting, response: Response) -> PostedBody:
    match posting.result:
        case Posted.UNKNOWN_BILL:
            raise not_found("bill")
        case Posted.CONTRADICTED:
            detail = "the provider's reference is known with another amount or for another bill"
            raise ApiProblem(409, "contradiction", detail)
        case Posted.WRONG_CURRENCY:
            wrong = FieldProblem(field="currency", wrong="is not the currency of the bill")
            raise ApiProblem(422, "validation", "the request is not valid", problems=[wrong])
        case Posted.REPEATED:
            response.status_code = 200
    balance = None if posting.settlement is None else posting.settlement.balance
    response.headers["Location"] = f"/v1/payments/{posting.entry_id}"
    return PostedBody(
        payment_id=posting.entry_id,
        result=posting.result,
        owed=None if balance is None else balance.owed,
        overpaid=None if balance is None else balance.overpaid,
    )


def _plausible(at: datetime, now: datetime) -> None:
    """An instant that is no instant of a payment (the epoch, the year 9999) would settle promises that it has nothing to do
    with. Raises ApiProblem."""
    if at.year < 2000 or at > now + timedelta(days=1):
        wrong = FieldProblem(field="occurredAt", wrong="is out of range", allowed="2000 to a day from now")
        raise ApiProblem(422, KINDS[422], "the request is not valid", problems=[wrong])


def payments_router(door: Door, store: ApiStore, debts: Debts, cursors: Cursors) -> APIRouter:
    """``/v1/payments``."""
    router = door.router("/payments", "payments")

    @router.post(
        "",
        status_code=201,
        dependencies=[needs(Scope.WRITE_PAYMENTS)],
        summary="Post a movement",
        responses={200: {"description": "It had been recorded before", "model": PostedBody}},
    )
    async def post_movement(response: Response, body: MovementInput) -> PostedBody:
        """201 for a new movement, 200 for one that had been told before; the bill is settled by it at once."""
        _plausible(body.occurred_at, door.clock.now())
        movement = Movement(
            bill=body.key(),
            kind=EntryKind(body.kind),
            amount=body.amount,
            currency=body.currency,
            occurred_at=body.occurred_at,
            provider=body.provider,
            reference=body.reference,
            source="api",
        )
        return _posted(await debts.post(movement, door.clock.now()), response)

    @router.get("", dependencies=[needs(Scope.READ_PAYMENTS)], summary="List movements")
    async def list_movements(
        request: Request,
        response: Response,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        bill_id: Annotated[FilterId, Query(alias="billId")] = "",
        kind: EntryKind | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[MovementBody]:
        """The newest first."""
        wanted = kind.value if kind is not None else ""
        pager = Pager(cursors, request, "payments", customer=customer_id, bill=bill_id, kind=wanted)
        page = await store.entries_page(customer_id, bill_id, wanted, pager.after(cursor), limit)
        return Listing(
            items=[movement_body(each) for each in page.rows], next_cursor=pager.next(response, page.after)
        )

    @router.get(
        "/{payment_id}",
        dependencies=[needs(Scope.READ_PAYMENTS)],
        summary="One movement",
        response_model=MovementBody,
    )
    async def get_movement(request: Request, payment_id: Name) -> Response:
        """With an entity tag."""
        found = await store.entry(payment_id)
        if found is None:
            raise not_found("payment")
        return tagged(request, movement_body(found))

    @router.post(
        "/{payment_id}/reversal",
        status_code=201,
        dependencies=[needs(Scope.WRITE_PAYMENTS)],
        summary="Take a payment back",
        responses={200: {"description": "It had been recorded before", "model": PostedBody}},
    )
    async def reverse_payment(response: Response, payment_id: Name, body: ReversalInput) -> PostedBody:
        """A refund, a charge-back, a failed debit. It counts up to the payment's amount."""
        found = await store.entry(payment_id)
        if found is None:
            raise not_found("payment")
        if found.entry.kind is not EntryKind.PAYMENT:
            raise ApiProblem(409, "conflict", "only a payment can be taken back")
        _plausible(body.occurred_at, door.clock.now())
        movement = Movement(
            bill=found.bill,
            kind=EntryKind.REVERSAL,
            amount=body.amount,
            currency=found.currency,
            occurred_at=body.occurred_at,
            provider=found.entry.provider,
            reference=body.reference,
            reverses=found.entry.reference,
            source="api",
        )
        return _posted(await debts.post(movement, door.clock.now()), response)

    return router
