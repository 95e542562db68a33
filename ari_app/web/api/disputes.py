"""Disputes: opened, worked on, decided."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeStep, DisputeVerdict
from ari_app.ports.disputes import DisputeRecord, Disputes, EvidenceFile, NewDispute
from ari_app.services.api.cursors import Cursors
from ari_app.services.disputes.evidence_files import CONTENT_TYPES
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.common import WHOLE, Note, Person, instant_place, shown_page
from ari_app.web.api.problems import not_found
from ari_app.web.api.routing import Door, act_of
from ari_app.web.api.values import (
    AmountOrNothing,
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

#: Reads a file that was kept; raises AriAppError where it is gone or has changed.
ReadEvidence = Callable[[EvidenceFile], Awaitable[bytes]]
#: Keeps a file: dispute, name, content, stated type, who sends it.
KeepEvidence = Callable[[str, str, bytes, str, str], Awaitable[EvidenceFile]]
Words = Annotated[Line, Field(max_length=2000)]


class DisputeInput(Bill):
    """What a customer objects to."""

    category: Literal["meter", "bill", "service", "other"]
    by: Person
    description: Words = ""
    reference: Annotated[
        Line, Field(max_length=100, description="A letter or ticket: told again, it is the same dispute")
    ] = ""
    answer_days: Annotated[int, Field(ge=0, le=60, description="Working days that were promised")] | None = (
        None
    )


class StepInput(Model):
    """A step that is neither a decision nor an escalation."""

    step: Literal["review", "ask", "answer", "notify", "close", "withdraw"]
    by: Person
    note: Words = ""
    team: Note = ""
    assignee: Note = ""


class DecisionInput(Model):
    """The answer. `corrected` is what the bill comes to when it is put right; a credit follows from it."""

    verdict: DisputeVerdict
    by: Person
    reason: Annotated[Line, Field(min_length=1, max_length=1000)]
    corrected: AmountOrNothing | None = None


class HistoryBody(Model):
    """One line of the history of a dispute."""

    at: datetime
    step: str
    state: DisputeState
    by: str
    note: str


class EvidenceBody(Model):
    """A file of a dispute."""

    evidence_id: str
    name: str
    content_type: str
    size: int
    sha256: str
    source: str
    added_by: str
    added_at: datetime


class DisputeBody(Model):
    """A dispute; `credited` is what its decision took off the bill."""

    dispute_id: str
    customer_id: str
    account_id: str
    bill_id: str
    currency: str
    category: str
    description: str
    source: str
    attempt_id: str | None
    state: DisputeState
    state_at: datetime
    team: str
    assignee: str
    opened_at: datetime
    opened_by: str
    due_at: datetime
    escalated_at: datetime | None
    verdict: DisputeVerdict | None
    corrected: Money | None
    credited: Money
    reason: str
    decided_at: datetime | None
    decided_by: str
    notified_at: datetime | None
    closed_at: datetime | None
    closed_why: str


class DisputeWithHistory(DisputeBody):
    """A dispute with what was done, and its files."""

    history: list[HistoryBody]
    evidence: list[EvidenceBody]


def dispute_body(record: DisputeRecord, sight: Sight) -> DisputeBody:
    """A dispute as a token may see it."""
    same = {
        name: getattr(record, name)
        for name in DisputeBody.model_fields
        if hasattr(record, name) and name not in ("description", "reason")
    }
    return DisputeBody(
        **same,
        dispute_id=record.case_id,
        customer_id=record.bill.customer_id,
        account_id=record.bill.account_id,
        bill_id=record.bill.bill_id,
        description=sight.text(record.description),
        reason=sight.text(record.reason),
    )


def _evidence(file: EvidenceFile, sight: Sight) -> EvidenceBody:
    return EvidenceBody(
        evidence_id=file.evidence_id,
        name=sight.text(file.name),
        content_type=file.content_type,
        size=file.size,
        sha256=file.sha256,
        source=file.source,
        added_by=file.added_by,
        added_at=file.added_at,
    )


def disputes_router(
    door: Door, disputes: Disputes, cursors: Cursors, keep: KeepEvidence, read: ReadEvidence
) -> APIRouter:
    """``/v1/disputes``."""
    router = door.router("/disputes", "disputes")

    async def whole(dispute_id: str, sight: Sight) -> DisputeWithHistory:
        record = await disputes.case(dispute_id)
        history = [
            HistoryBody(at=each.at, step=each.step, state=each.state, by=each.by, note=sight.text(each.note))
            for each in await disputes.history(dispute_id)
        ]
        files = [_evidence(each, sight) for each in await disputes.evidence(dispute_id)]
        return DisputeWithHistory(
            **dispute_body(record, sight).model_dump(by_alias=False), history=history, evidence=files
        )

    @router.get("", dependencies=[needs(Scope.READ_DISPUTES)], summary="List disputes")
    async def list_disputes(
        request: Request,
        response: Response,
        sight: Seen,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: DisputeState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[DisputeBody]:
        """Those first whose answer is due first."""
        found = await disputes.cases(customer_id or None, state, WHOLE)
        pager = Pager(cursors, request, "disputes", customer=customer_id, state=state)
        shown, more = shown_page(
            found, lambda each: instant_place(each.due_at, each.case_id), pager, response, cursor, limit
        )
        return Listing(items=[dispute_body(each, sight) for each in shown], next_cursor=more)

    @router.post(
        "",
        status_code=201,
        dependencies=[needs(Scope.WRITE_DISPUTES)],
        summary="Open a dispute",
        responses={200: {"description": "It was open before", "model": DisputeWithHistory}},
    )
    async def open_dispute(
        request: Request, response: Response, sight: Seen, body: DisputeInput
    ) -> DisputeWithHistory:
        """Collection of the account rests at once, and a call that rings is released."""
        claim = NewDispute(
            body.key(),
            body.category,
            "api",
            body.reference or f"api-{act_of(request)}",
            body.description,
            answer_days=body.answer_days,
            by=body.by,
        )
        opened = await disputes.open(claim, door.clock.now())
        if opened is None:
            raise not_found("bill")
        response.status_code = 201 if opened.new else 200
        response.headers["Location"] = f"/v1/disputes/{opened.case_id}"
        return await whole(opened.case_id, sight)

    @router.get(
        "/{dispute_id}",
        dependencies=[needs(Scope.READ_DISPUTES)],
        summary="One dispute",
        response_model=DisputeWithHistory,
    )
    async def get_dispute(request: Request, sight: Seen, dispute_id: Name) -> Response:
        """With its history and its files."""
        return tagged(request, await whole(dispute_id, sight))

    @router.post(
        "/{dispute_id}/steps",
        dependencies=[needs(Scope.WRITE_DISPUTES)],
        summary="Move a dispute on",
        response_model=DisputeWithHistory,
    )
    async def take_step(request: Request, sight: Seen, dispute_id: Name, body: StepInput) -> Response:
        """Review (with `team` and `assignee`), ask, answer, notify, close, withdraw; 409 where it cannot follow."""
        must_match(request, await whole(dispute_id, sight))
        await disputes.take(
            dispute_id,
            DisputeStep(body.step),
            body.by,
            door.clock.now(),
            body.note,
            team=body.team,
            assignee=body.assignee,
        )
        return tagged(request, await whole(dispute_id, sight))

    @router.post(
        "/{dispute_id}/decision",
        dependencies=[needs(Scope.WRITE_DISPUTES)],
        summary="Decide a dispute",
        response_model=DisputeWithHistory,
    )
    async def decide_dispute(
        request: Request, sight: Seen, dispute_id: Name, body: DecisionInput
    ) -> Response:
        """A credit goes into the ledger, the pause ends, and the customer is told."""
        must_match(request, await whole(dispute_id, sight))
        decision = DisputeDecision(body.verdict, body.reason, body.corrected)
        await disputes.decide(dispute_id, decision, body.by, door.clock.now())
        return tagged(request, await whole(dispute_id, sight))

    @router.post(
        "/{dispute_id}/evidence",
        status_code=201,
        dependencies=[needs(Scope.WRITE_DISPUTES)],
        summary="Add a file",
    )
    async def add_evidence(
        sight: Seen,
        dispute_id: Name,
        file: Annotated[UploadFile, File(description="JPEG, PNG, WebP, HEIC, MP4, PDF")],
    ) -> EvidenceBody:
        """Told by what it holds; the same file again is the same."""
        content = await file.read()
        kept = await keep(dispute_id, file.filename or "", content, file.content_type or "", "api")
        return _evidence(kept, sight)

    @router.get(
        "/{dispute_id}/evidence/{evidence_id}",
        dependencies=[needs(Scope.READ_DISPUTES, Scope.READ_PERSONAL)],
        summary="A file of a dispute",
        response_class=Response,
        responses={
            200: {"content": {"application/octet-stream": {}}, "description": "The file, as it was sent"}
        },
    )
    async def get_evidence(dispute_id: Name, evidence_id: Name) -> Response:
        """Always to be saved, never shown in place: it comes from outside. Refused where it is no longer what was sent."""
        for each in await disputes.evidence(dispute_id):
            if each.evidence_id == evidence_id:
                ending = CONTENT_TYPES.get(each.content_type, "")
                name = f"{each.evidence_id}{ending}"
                return Response(
                    await read(each),
                    media_type="application/octet-stream",
                    headers={"Content-Disposition": f'attachment; filename="{name}"'},
                )
        raise not_found("file")

    return router
