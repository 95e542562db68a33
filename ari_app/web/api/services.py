"""Services behind accounts, and the orders to suspend and to restore them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.service.state import OrderKind, OrderState, ServiceRules, ServiceState
from ari_app.ports.service import ServiceOrder, ServiceRecord, Services
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import needs
from ari_app.web.api.common import WHOLE, Person, instant_place, shown_page
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Cursor, FilterId, Id, Limit, Line, Listing, Model, Name, Pager, tagged


class NoticeBody(Model):
    """A warning of a suspension; `reached`: the customer demonstrably has it."""

    at: datetime
    reached: bool
    reference: str


class OrderBody(Model):
    """An order for somebody outside, who confirms it. `paidAt` is when the payment happened that a restoration is for."""

    order_id: str
    customer_id: str
    account_id: str
    bill_id: str
    kind: OrderKind
    state: OrderState
    reason: str
    ordered_at: datetime
    ordered_by: str
    paid_at: datetime | None
    overdue_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_why: str
    took_seconds: float | None
    notices: list[NoticeBody]


class ServiceBody(Model):
    """Where the service of an account stands."""

    customer_id: str
    account_id: str
    state: ServiceState
    state_at: datetime
    order: OrderBody | None


class ConfirmInput(Model):
    """Who has carried the order out."""

    by: Person


class SuspensionInput(Model):
    """Whose service is to be suspended."""

    customer_id: Id
    account_id: Id
    by: Person


class RestorationInput(SuspensionInput):
    """Whose service is to be restored, whatever is owed."""

    reason: Annotated[Line, Field(min_length=1, max_length=200)]


def order_body(order: ServiceOrder) -> OrderBody:
    """An order."""
    return OrderBody(
        order_id=order.order_id,
        customer_id=order.bill.customer_id,
        account_id=order.bill.account_id,
        bill_id=order.bill.bill_id,
        kind=order.kind,
        state=order.state,
        reason=order.reason,
        ordered_at=order.ordered_at,
        ordered_by=order.ordered_by,
        paid_at=order.payment_at,
        overdue_at=order.overdue_at,
        ended_at=order.ended_at,
        ended_by=order.ended_by,
        ended_why=order.ended_why,
        took_seconds=None if order.took is None else order.took.total_seconds(),
        notices=[
            NoticeBody(at=each.at, reached=each.reached, reference=each.reference) for each in order.notices
        ],
    )


def _service(record: ServiceRecord) -> ServiceBody:
    return ServiceBody(
        customer_id=record.customer_id,
        account_id=record.account_id,
        state=record.state,
        state_at=record.state_at,
        order=None if record.order is None else order_body(record.order),
    )


def services_router(door: Door, services: Services, cursors: Cursors, rules: ServiceRules) -> APIRouter:
    """``/v1/services`` and ``/v1/orders``."""
    router = door.router("", "services")

    @router.get("/services", dependencies=[needs(Scope.READ_ORDERS)], summary="List services")
    async def list_services(
        request: Request,
        response: Response,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: ServiceState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[ServiceBody]:
        """Those of which something is known; those first that changed first."""
        found = await services.services(state, customer_id or None, WHOLE)
        pager = Pager(cursors, request, "services", customer=customer_id, state=state)
        shown, more = shown_page(
            found,
            lambda each: instant_place(each.state_at, f"{each.customer_id} {each.account_id}"),
            pager,
            response,
            cursor,
            limit,
        )
        return Listing(items=[_service(each) for each in shown], next_cursor=more)

    @router.get("/orders", dependencies=[needs(Scope.READ_ORDERS)], summary="List service orders")
    async def list_orders(
        request: Request,
        response: Response,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: OrderState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[OrderBody]:
        """The oldest first: what somebody outside has to do is `?state=open`."""
        found = await services.orders(customer_id or None, state, WHOLE)
        pager = Pager(cursors, request, "orders", customer=customer_id, state=state)
        shown, more = shown_page(
            found, lambda each: instant_place(each.ordered_at, each.order_id), pager, response, cursor, limit
        )
        return Listing(items=[order_body(each) for each in shown], next_cursor=more)

    @router.get(
        "/orders/{order_id}",
        dependencies=[needs(Scope.READ_ORDERS)],
        summary="One service order",
        response_model=OrderBody,
    )
    async def get_order(request: Request, order_id: Name) -> Response:
        """With the warnings that prove that a suspension was announced."""
        return tagged(request, order_body(await services.order(order_id)))

    @router.post(
        "/orders/{order_id}/confirm", dependencies=[needs(Scope.WRITE_ORDERS)], summary="Confirm an order"
    )
    async def confirm_order(order_id: Name, body: ConfirmInput) -> OrderBody:
        """It was carried out; told again, it changes nothing."""
        return order_body(await services.confirm(order_id, body.by, door.clock.now()))

    @router.post(
        "/orders/suspension",
        status_code=201,
        dependencies=[needs(Scope.WRITE_ORDERS)],
        summary="Order a suspension",
    )
    async def order_suspension(body: SuspensionInput) -> OrderBody:
        """Only of who was demonstrably warned, objects to nothing and has promised nothing; else 409 with the reason."""
        found = await services.suspend(body.customer_id, body.account_id, rules, body.by, door.clock.now())
        return order_body(found)

    @router.post(
        "/orders/restoration",
        status_code=201,
        dependencies=[needs(Scope.WRITE_ORDERS)],
        summary="Order a restoration",
    )
    async def order_restoration(body: RestorationInput) -> OrderBody:
        """Whatever is owed."""
        found = await services.restore(
            body.customer_id, body.account_id, body.reason, body.by, door.clock.now()
        )
        return order_body(found)

    return router
