"""Links to the payment page, and notices of providers that wait for their bill."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.payments.notice import NoticeKind, NoticeReason, NoticeState
from ari_app.ports.payments import NoticeRecord, Payments
from ari_app.services.payments.links import SignedLinks
from ari_app.web.api.access import needs
from ari_app.web.api.problems import ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Bill, Limit, Line, Model, Money

Words = Annotated[Line, Field(min_length=1, max_length=200)]
Number = Annotated[int, Path(ge=1, le=2**53)]


class LinkBody(Model):
    """A link to the payment page of a bill; whoever has it still has to answer its question."""

    url: str
    expires_at: datetime


class RevocationInput(Bill):
    """Every link of a bill is to be worthless."""

    reason: Words


class RevokedBody(Model):
    """How many links were still good."""

    revoked: int


class NoticeBody(Model):
    """A notice of a provider, and what became of it."""

    notice_id: int
    provider: str
    event_id: str
    kind: NoticeKind
    amount: Money | None
    currency: str | None
    reference: str | None
    reverses: str | None
    order_no: str | None
    customer_id: str | None
    account_id: str | None
    bill_id: str | None
    state: NoticeState
    reason: NoticeReason
    note: str
    payment_id: str | None
    received_at: datetime
    decided_at: datetime
    deliveries: int


class NoticesBody(Model):
    """The newest notices."""

    items: list[NoticeBody]


class MatchInput(Bill):
    """Whose payment it is, and who says so."""

    by: Words


class RefusalInput(Model):
    """It is none of ours, by whom, and why."""

    by: Words
    reason: Words


def payment_links_router(door: Door, links: SignedLinks | None, payments: Payments) -> APIRouter:
    """``/v1/payment-links``; without an address of the page (``links`` None) none is made."""
    router = door.router("/payment-links", "payments")

    @router.post(
        "",
        status_code=201,
        dependencies=[needs(Scope.WRITE_PAYMENTS)],
        summary="Make a link to the payment page",
    )
    async def make_link(body: Bill) -> LinkBody:
        """The same link while half of its life is left."""
        if links is None:
            raise ApiProblem(409, "not-set-up", "payments.base_url is not set")
        record = await links.record_for(body.key(), door.clock.now())
        if record is None:
            raise not_found("bill")
        return LinkBody(url=links.address(record), expires_at=record.standing.expires_at)

    @router.post("/revoke", dependencies=[needs(Scope.WRITE_PAYMENTS)], summary="Revoke the links of a bill")
    async def revoke_links(body: RevocationInput) -> RevokedBody:
        """None of them opens the page any more; 0 where none was good, or there is no such bill."""
        return RevokedBody(revoked=await payments.revoke_links(body.key(), body.reason, door.clock.now()))

    return router


def payment_notices_router(door: Door, payments: Payments) -> APIRouter:
    """``/v1/payment-notices``."""
    router = door.router("/payment-notices", "payments")

    @router.get("", dependencies=[needs(Scope.READ_PAYMENTS)], summary="List notices of providers")
    async def list_notices(
        state: Annotated[NoticeState | None, Query()] = None, limit: Limit = 50
    ) -> NoticesBody:
        """The newest first; ``state=unmatched``: those that wait for their bill."""
        return NoticesBody(items=[_body(each) for each in await payments.notices(state, limit)])

    @router.post(
        "/{notice_id}/match",
        dependencies=[needs(Scope.WRITE_PAYMENTS)],
        summary="Say whose payment it is",
    )
    async def match_notice(notice_id: Number, body: MatchInput) -> NoticeBody:
        """It is applied to this bill; it stays unmatched where the bill is in another currency, or there is none."""
        found = await payments.match(notice_id, body.key(), body.by, door.clock.now())
        if found is None:
            raise ApiProblem(409, "wrong-state", "no such notice waits for its bill")
        return _body(found)

    @router.post(
        "/{notice_id}/refuse",
        dependencies=[needs(Scope.WRITE_PAYMENTS)],
        summary="Say that a payment is none of ours",
    )
    async def refuse_notice(notice_id: Number, body: RefusalInput) -> NoticeBody:
        """It is never applied."""
        found = await payments.refuse(notice_id, body.by, body.reason, door.clock.now())
        if found is None:
            raise ApiProblem(409, "wrong-state", "no such notice waits for its bill")
        return _body(found)

    return router


def _body(record: NoticeRecord) -> NoticeBody:
    notice, bill = record.notice, record.notice.bill
    return NoticeBody(
        notice_id=record.seq,
        provider=notice.provider,
        event_id=notice.event_id,
        kind=notice.kind,
        amount=notice.amount,
        currency=notice.currency or None,
        reference=notice.reference or None,
        reverses=notice.reverses or None,
        order_no=notice.order_no or None,
        customer_id=None if bill is None else bill.customer_id,
        account_id=None if bill is None else bill.account_id,
        bill_id=None if bill is None else bill.bill_id,
        state=record.state,
        reason=record.reason,
        note=record.note,
        payment_id=record.entry_id or None,
        received_at=record.received_at,
        decided_at=record.decided_at,
        deliveries=record.deliveries,
    )
