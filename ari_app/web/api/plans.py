"""Plans: instalments, deferrals and waivers, from the approval to their end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field, model_validator

from ari_app.domain.api_scope import Scope
from ari_app.domain.call_result import PlanKind
from ari_app.domain.debt.plan import InstalmentState, PlanState
from ari_app.domain.plan import LEAST_PERIODS, MOST_PERIODS
from ari_app.ports.debt import BillKey
from ari_app.ports.plans import PlanAnswer, PlanCase, PlanReply, Plans
from ari_app.services.api.cursors import Cursors
from ari_app.services.plans.offers import PlanOffers, plan_wish
from ari_app.web.api.access import needs
from ari_app.web.api.common import WHOLE, Note, Person, instant_place, shown_page
from ari_app.web.api.problems import ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
    Amount,
    Bill,
    Cursor,
    FilterId,
    Limit,
    Line,
    Listing,
    Model,
    Money,
    Name,
    Pager,
    must_match,
    tagged,
)

Role = Annotated[
    Line, Field(min_length=1, max_length=60, description="An office of `dialplan/approvals.yaml`")
]
_PARTS = {PlanKind.INSTALLMENT: "periods", PlanKind.DEFERRAL: "until", PlanKind.WAIVER: "waived"}
#: What a bill is offered now, with its currency. Raises LookupError where it is in no campaign.
Offers = Callable[[BillKey], Awaitable[tuple[PlanOffers, str]]]
Reason = Annotated[Line, Field(min_length=1, max_length=200, description="Kept, and told")]


class PlanInput(Bill):
    """A plan that somebody of the company asks for: the `periods` of instalments, `until` when, or the sum `waived`."""

    by: Person
    kind: PlanKind
    periods: Annotated[int, Field(ge=LEAST_PERIODS, le=MOST_PERIODS)] | None = None
    until: date | None = None
    waived: Amount | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        given = {name for name in _PARTS.values() if getattr(self, name) is not None}
        wanted = _PARTS[self.kind]
        if given != {wanted}:
            raise ValueError(f"{self.kind} takes {wanted}, and nothing else")
        return self


class Approval(Model):
    """Somebody approves: never the one who asked for the plan."""

    by: Person
    role: Role
    note: Note = ""


class Rejection(Model):
    """Somebody refuses."""

    by: Person
    role: Role
    reason: Reason


class Acceptance(Model):
    """The customer has accepted, after its terms were told to him."""

    by: Person


class Cancellation(Model):
    """It is taken back: what was owed before is owed again at once."""

    by: Person
    reason: Reason


class InstalmentBody(Model):
    """An instalment and what became of it."""

    date: date
    amount: Money
    covered: Money
    state: InstalmentState


class ApprovalBody(Model):
    """Who has approved."""

    by: str
    role: str
    at: datetime


class PlanStepBody(Model):
    """A state that the plan came into."""

    state: PlanState
    at: datetime
    by: str
    why: str


class PlanBody(Model):
    """A plan: `amount` is put off, `fee` comes on top, `waived` is let off; `covered` has been paid of it."""

    plan_id: str
    customer_id: str
    account_id: str
    bill_id: str
    kind: PlanKind
    state: PlanState
    why: str
    source: str
    requested_by: str
    requested_at: datetime
    currency: str
    amount: Money
    fee: Money
    waived: Money
    covered: Money
    left: Money
    level: str
    people: int
    roles: list[str]
    accepted_at: datetime | None
    activated_at: datetime | None
    instalments: list[InstalmentBody]
    approvals: list[ApprovalBody]
    steps: list[PlanStepBody] = Field(description="Of one plan alone; empty in lists")


def plan_body(plan: PlanCase) -> PlanBody:
    """A plan."""
    return PlanBody(
        plan_id=plan.plan_id,
        customer_id=plan.bill.customer_id,
        account_id=plan.bill.account_id,
        bill_id=plan.bill.bill_id,
        kind=plan.kind,
        state=plan.state,
        why=plan.why,
        source=plan.source,
        requested_by=plan.requested_by,
        requested_at=plan.requested_at,
        currency=plan.currency,
        amount=plan.amount,
        fee=plan.fee,
        waived=plan.waived,
        covered=plan.covered,
        left=plan.left,
        level=plan.level,
        people=plan.people,
        roles=list(plan.roles),
        accepted_at=plan.accepted_at,
        activated_at=plan.activated_at,
        instalments=[
            InstalmentBody(
                date=each.instalment.day,
                amount=each.instalment.amount,
                covered=each.covered,
                state=each.state,
            )
            for each in plan.instalments
        ],
        approvals=[ApprovalBody(by=each.name, role=each.role, at=each.at) for each in plan.approvals],
        steps=[PlanStepBody(state=each.state, at=each.at, by=each.by, why=each.why) for each in plan.steps],
    )


def plans_router(door: Door, plans: Plans, cursors: Cursors, offers: Offers) -> APIRouter:
    """``/v1/plans``."""
    router = door.router("/plans", "plans")

    async def plan(plan_id: str) -> PlanCase:
        found = await plans.plan(plan_id)
        if found is None:
            raise not_found("plan")
        return found

    async def answer(request: Request, plan_id: str, reply: PlanReply) -> Response:
        match reply.answer:
            case PlanAnswer.UNKNOWN:
                raise not_found("plan")
            case PlanAnswer.REFUSED:
                raise ApiProblem(409, "refused", reply.reason)
        return tagged(request, plan_body(await plan(plan_id)))

    @router.get("", dependencies=[needs(Scope.READ_PLANS)], summary="List plans")
    async def list_plans(
        request: Request,
        response: Response,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: PlanState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[PlanBody]:
        """The newest first."""
        found = await plans.plans(customer_id=customer_id or None, state=state, limit=WHOLE)
        pager = Pager(cursors, request, "plans", customer=customer_id, state=state)
        shown, more = shown_page(
            found,
            lambda each: instant_place(each.requested_at, each.plan_id),
            pager,
            response,
            cursor,
            limit,
            newest_first=True,
        )
        return Listing(items=[plan_body(each) for each in shown], next_cursor=more)

    @router.post(
        "",
        status_code=201,
        dependencies=[needs(Scope.WRITE_PLANS)],
        summary="Ask for a plan",
        response_model=PlanBody,
    )
    async def request_plan(request: Request, body: PlanInput) -> Response:
        """Looked at by the rules at once: refused (kept as `rejected`), approved where nobody has to, or waiting."""
        bill = body.key()
        try:
            offered, currency = await offers(bill)
        except LookupError:
            raise not_found("bill") from None
        wish = plan_wish(
            body.kind, offered, currency, periods=body.periods or 0, until=body.until, waived=body.waived
        )
        reply = await plans.request(
            bill, wish, source="api", by=body.by, now=door.clock.now(), offered=offered.allows(wish)
        )
        if reply.plan is None:
            raise ApiProblem(409, "refused", reply.reason)
        made = await answer(request, reply.plan.plan_id, replace(reply, answer=PlanAnswer.DONE))
        made.status_code = 201
        return made

    @router.get(
        "/{plan_id}", dependencies=[needs(Scope.READ_PLANS)], summary="One plan", response_model=PlanBody
    )
    async def get_plan(request: Request, plan_id: Name) -> Response:
        """With its instalments, approvals and every state that it came into."""
        return tagged(request, plan_body(await plan(plan_id)))

    @router.post(
        "/{plan_id}/approve",
        dependencies=[needs(Scope.WRITE_PLANS)],
        summary="Approve a plan",
        response_model=PlanBody,
    )
    async def approve_plan(request: Request, plan_id: Name, body: Approval) -> Response:
        """As many different people as its level asks for; the last one makes it approved. Heeds If-Match."""
        must_match(request, plan_body(await plan(plan_id)))
        reply = await plans.approve(plan_id, by=body.by, role=body.role, now=door.clock.now(), note=body.note)
        return await answer(request, plan_id, reply)

    @router.post(
        "/{plan_id}/reject",
        dependencies=[needs(Scope.WRITE_PLANS)],
        summary="Refuse a plan",
        response_model=PlanBody,
    )
    async def reject_plan(request: Request, plan_id: Name, body: Rejection) -> Response:
        """One person with one of its roles is enough. Heeds If-Match."""
        must_match(request, plan_body(await plan(plan_id)))
        reply = await plans.reject(plan_id, by=body.by, role=body.role, why=body.reason, now=door.clock.now())
        return await answer(request, plan_id, reply)

    @router.post(
        "/{plan_id}/accept",
        dependencies=[needs(Scope.WRITE_PLANS)],
        summary="The customer accepts",
        response_model=PlanBody,
    )
    async def accept_plan(request: Request, plan_id: Name, body: Acceptance) -> Response:
        """An approved plan begins. Heeds If-Match."""
        must_match(request, plan_body(await plan(plan_id)))
        return await answer(request, plan_id, await plans.accept(plan_id, by=body.by, now=door.clock.now()))

    @router.post(
        "/{plan_id}/cancel",
        dependencies=[needs(Scope.WRITE_PLANS)],
        summary="Take a plan back",
        response_model=PlanBody,
    )
    async def cancel_plan(request: Request, plan_id: Name, body: Cancellation) -> Response:
        """What is left is due at once, and collection goes on. Heeds If-Match."""
        must_match(request, plan_body(await plan(plan_id)))
        reply = await plans.cancel(plan_id, by=body.by, why=body.reason, now=door.clock.now())
        return await answer(request, plan_id, reply)

    return router
