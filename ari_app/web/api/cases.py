"""Cases over 90 days: their evidence, who has them, how they end."""

from __future__ import annotations

import asyncio
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.cases.case import CaseOutcome, CaseState, Commission, HandedTo
from ari_app.ports.cases import CaseRecord, Cases
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.common import WHOLE, Person, instant_place, shown_page
from ari_app.web.api.files import WatchedFile, below
from ari_app.web.api.problems import not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
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


class CaseBody(Model):
    """A case; `missing` is what its evidence lacks, `recovered` and `commission` count since the hand-over."""

    case_id: str
    customer_id: str
    account_id: str
    bill_id: str
    currency: str
    due_date: str
    owed: Money
    state: CaseState
    state_at: datetime
    opened_at: datetime
    opened_day: int
    opened_amount: Money
    package_url: str | None
    package_sha256: str | None
    package_at: datetime | None
    missing: list[str]
    handed_to: HandedTo | None
    handed_name: str
    handed_at: datetime | None
    handed_by: str
    reviewed_by: str
    handed_amount: Money | None
    handled_seconds: float | None
    outcome: CaseOutcome | None
    recovered: Money | None
    commission: Money | None
    closed_at: datetime | None
    closed_by: str
    closed_why: str


class CaseStepBody(Model):
    """One line of the history of a case."""

    at: datetime
    step: str
    state: CaseState
    by: str
    note: str


class CaseWithHistory(CaseBody):
    """A case with what was done."""

    history: list[CaseStepBody]


class HandOverInput(Model):
    """Who gets the case; `reviewedBy`, a second person, is needed for a high amount."""

    to: HandedTo
    name: Annotated[Line, Field(min_length=1, max_length=100)]
    by: Person
    reviewed_by: Annotated[Line, Field(max_length=100)] = ""


class ProgressInput(Model):
    """What whoever has the case has done."""

    by: Person
    note: Annotated[Line, Field(min_length=1, max_length=500)]


class CloseInput(Model):
    """How a case ends."""

    outcome: CaseOutcome
    by: Person
    reason: Annotated[Line, Field(min_length=1, max_length=500)]


def case_body(record: CaseRecord, now: datetime, sight: Sight) -> CaseBody:
    """A case as a token may see it."""
    handled = record.handled(now)
    same = {
        name: getattr(record, name)
        for name in CaseBody.model_fields
        if hasattr(record, name) and name not in ("missing", "package_sha256", "closed_why")
    }
    return CaseBody(
        **same,
        customer_id=record.bill.customer_id,
        account_id=record.bill.account_id,
        bill_id=record.bill.bill_id,
        package_url=f"/v1/cases/{record.case_id}/package" if record.package else None,
        package_sha256=record.package_sha256 or None,
        missing=list(record.missing),
        handled_seconds=None if handled is None or record.closed_at is None else handled.total_seconds(),
        closed_why=sight.text(record.closed_why),
    )


def cases_router(
    door: Door, cases: Cases, cursors: Cursors, folder: Path, high_amount: Decimal, commission: Commission
) -> APIRouter:
    """``/v1/cases``. ``folder`` has the packages of evidence."""
    router = door.router("/cases", "cases")

    async def whole(case_id: str, sight: Sight) -> CaseWithHistory:
        body = case_body(await cases.case(case_id), door.clock.now(), sight)
        history = [
            CaseStepBody(at=each.at, step=each.step, state=each.state, by=each.by, note=sight.text(each.note))
            for each in await cases.history(case_id)
        ]
        return CaseWithHistory(**body.model_dump(by_alias=False), history=history)

    @router.get("", dependencies=[needs(Scope.READ_CASES)], summary="List cases")
    async def list_cases(
        request: Request,
        response: Response,
        sight: Seen,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: CaseState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[CaseBody]:
        """Those first that were opened first."""
        found = await cases.cases(state, customer_id or None, WHOLE)
        pager = Pager(cursors, request, "cases", customer=customer_id, state=state)
        shown, more = shown_page(
            found, lambda each: instant_place(each.opened_at, each.case_id), pager, response, cursor, limit
        )
        now = door.clock.now()
        return Listing(items=[case_body(each, now, sight) for each in shown], next_cursor=more)

    @router.get(
        "/{case_id}",
        dependencies=[needs(Scope.READ_CASES)],
        summary="One case",
        response_model=CaseWithHistory,
    )
    async def get_case(request: Request, sight: Seen, case_id: Name) -> Response:
        """With its history."""
        return tagged(request, await whole(case_id, sight))

    @router.get(
        "/{case_id}/package",
        dependencies=[needs(Scope.READ_CASES, Scope.READ_PERSONAL, Scope.READ_RECORDINGS)],
        summary="The package of evidence",
        response_class=FileResponse,
        responses={
            200: {"content": {"application/zip": {}}, "description": "Documents, recordings, manifest"},
            206: {"content": {"application/zip": {}}, "description": "A part of it"},
        },
    )
    async def get_package(case_id: Name) -> Response:
        """Its SHA-256 stands in the case."""
        record = await cases.case(case_id)
        path = await asyncio.to_thread(below, folder, record.package) if record.package else None
        if path is None:
            raise not_found("package")
        return WatchedFile(path, media_type="application/zip", filename=f"{record.case_id}.zip")

    @router.post(
        "/{case_id}/hand-over",
        dependencies=[needs(Scope.WRITE_CASES)],
        summary="Hand a case over",
        response_model=CaseWithHistory,
    )
    async def hand_over_case(request: Request, sight: Seen, case_id: Name, body: HandOverInput) -> Response:
        """No machine calls about it from then on. Heeds If-Match."""
        must_match(request, await whole(case_id, sight))
        await cases.hand_over(
            case_id,
            body.to,
            body.name,
            by=body.by,
            reviewed_by=body.reviewed_by,
            high_amount=high_amount,
            now=door.clock.now(),
        )
        return tagged(request, await whole(case_id, sight))

    @router.post(
        "/{case_id}/progress",
        dependencies=[needs(Scope.WRITE_CASES)],
        summary="Note what was done",
        response_model=CaseWithHistory,
    )
    async def progress_case(request: Request, sight: Seen, case_id: Name, body: ProgressInput) -> Response:
        """Whoever has the case has told of something."""
        await cases.progress(case_id, body.note, body.by, door.clock.now())
        return tagged(request, await whole(case_id, sight))

    @router.post(
        "/{case_id}/close",
        dependencies=[needs(Scope.WRITE_CASES)],
        summary="End a case",
        response_model=CaseWithHistory,
    )
    async def close_case(request: Request, sight: Seen, case_id: Name, body: CloseInput) -> Response:
        """What was recovered and the commission are worked out. Heeds If-Match."""
        must_match(request, await whole(case_id, sight))
        await cases.close(
            case_id, body.outcome, commission, by=body.by, why=body.reason, now=door.clock.now()
        )
        return tagged(request, await whole(case_id, sight))

    return router
