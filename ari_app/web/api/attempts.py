"""Attempts: what was dialled, what came of it, what was said, and the recording."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse

from ari_app.domain.api_scope import Scope
from ari_app.domain.attempt import Turn
from ari_app.domain.record import AttemptRecord
from ari_app.ports import Store
from ari_app.ports.api import ApiStore, ApiToken, AttemptFilter
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.files import WatchedFile, inside
from ari_app.web.api.problems import not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
    Cursor,
    FilterId,
    Instant,
    Limit,
    Listing,
    Model,
    Money,
    Name,
    Pager,
    tagged,
)

#: Makes of a recording the file that is handed out to the holder of a token; a watermark of who listened goes in here.
Prepare = Callable[[Path, ApiToken], Awaitable[Path]]


async def as_recorded(path: Path, token: ApiToken) -> Path:
    """The recording itself."""
    return path


class PromisedBody(Model):
    """What was promised in a call."""

    amount: Money
    currency: str
    date: str
    channel: str
    confidence: float


class AttemptBody(Model):
    """One dial; an open one has neither `endedAt` nor `disposition`."""

    attempt_id: str
    task_id: str
    customer_id: str
    account_id: str
    bill_id: str
    phone: str
    caller_id: str
    channel: str
    number: int
    reserved_at: datetime
    dialled_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    sip_status: int | None
    q850_cause: int | None
    disposition: str | None
    talk_seconds: float
    strategy: str
    strategy_version: str
    segment: str
    step: str
    rule_pack: str
    rule_pack_version: str
    next_attempt_at: datetime | None
    plan_reason: str | None
    result: str | None
    verified: bool | None
    intents: list[str]
    summary: str | None
    risk_level: str | None
    next_action: str | None
    promises: list[PromisedBody]
    variants: dict[str, str]
    recording_seconds: float | None
    recording_url: str | None


class TurnBody(Model):
    """A sentence, a key or a silence; seconds of call time."""

    speaker: str
    kind: str
    text: str
    start_s: float
    end_s: float
    confidence: float
    interrupted: bool


class AttemptWithTurns(AttemptBody):
    """An attempt with its transcript."""

    turns: list[TurnBody]


def _fields(record: AttemptRecord, sight: Sight) -> dict[str, Any]:
    talked = record.conversation
    return {
        **{
            name: getattr(record, name)
            for name in AttemptBody.model_fields
            if hasattr(record, name) and name not in ("phone", "promises", "variants")
        },
        "task_id": record.campaign_id,
        "phone": sight.phone(record.phone),
        "result": None if talked is None else talked.result,
        "verified": None if talked is None else talked.verified,
        "intents": [] if talked is None else list(talked.intents),
        "summary": None if talked is None else sight.text(talked.summary.text),
        "risk_level": None if talked is None else talked.summary.risk_level,
        "next_action": None if talked is None else talked.summary.next_action,
        "promises": [
            PromisedBody(
                amount=each.amount,
                currency=each.currency,
                date=str(each.date),
                channel=each.channel,
                confidence=each.confidence,
            )
            for each in record.promises
        ],
        "variants": dict(record.variants),
        "recording_url": f"/v1/attempts/{record.attempt_id}/recording" if record.recording else None,
    }


def _turn(turn: Turn, sight: Sight) -> TurnBody:
    return TurnBody(
        speaker=turn.speaker,
        kind=turn.kind,
        text=sight.text(turn.text),
        start_s=turn.start_s,
        end_s=turn.end_s,
        confidence=turn.confidence,
        interrupted=turn.interrupted,
    )


def attempts_router(
    door: Door,
    store: Store,
    pages: ApiStore,
    cursors: Cursors,
    recordings: Path,
    prepare: Prepare = as_recorded,
) -> APIRouter:
    """``/v1/attempts``. ``recordings`` is the folder that recordings may lie in."""
    router = door.router("/attempts", "attempts")

    async def attempt(attempt_id: str) -> AttemptRecord:
        found = [each for each in await store.attempts_named(attempt_id, 2) if each.attempt_id == attempt_id]
        if not found:
            raise not_found("attempt")
        return found[0]

    @router.get("", dependencies=[needs(Scope.READ_ATTEMPTS)], summary="List attempts")
    async def list_attempts(
        request: Request,
        response: Response,
        sight: Seen,
        task_id: Annotated[FilterId, Query(alias="taskId")] = "",
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        bill_id: Annotated[FilterId, Query(alias="billId")] = "",
        disposition: Annotated[FilterId, Query()] = "",
        since: Annotated[Instant | None, Query(description="Reserved then or later")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[AttemptBody]:
        """The newest first, open ones included."""
        wanted = AttemptFilter(task_id, customer_id, bill_id, disposition, since)
        pager = Pager(cursors, request, "attempts", wanted=repr(wanted))
        page = await pages.attempts_page(wanted, pager.after(cursor), limit)
        return Listing(
            items=[AttemptBody(**_fields(each, sight)) for each in page.rows],
            next_cursor=pager.next(response, page.after),
        )

    @router.get(
        "/{attempt_id}",
        dependencies=[needs(Scope.READ_ATTEMPTS)],
        summary="One attempt, with its transcript",
        response_model=AttemptWithTurns,
    )
    async def get_attempt(request: Request, sight: Seen, attempt_id: Name) -> Response:
        """Without `read:personal` names and numbers in texts are masked. With an entity tag."""
        record = await attempt(attempt_id)
        turns = [_turn(each, sight) for each in await store.turns(attempt_id)]
        return tagged(request, AttemptWithTurns(**_fields(record, sight), turns=turns))

    @router.get(
        "/{attempt_id}/recording",
        dependencies=[needs(Scope.READ_RECORDINGS)],
        summary="The recording of an attempt",
        response_class=FileResponse,
        responses={
            200: {"content": {"audio/wav": {}}, "description": "Stereo: left the customer, right the bot"},
            206: {"content": {"audio/wav": {}}, "description": "A part of it"},
        },
    )
    async def get_recording(request: Request, attempt_id: Name) -> Response:
        """Heeds Range and If-Range (RFC 9110), so that a player may jump."""
        record = await attempt(attempt_id)
        path = (
            None
            if record.recording is None
            else await asyncio.to_thread(inside, recordings, record.recording)
        )
        if path is None:
            raise not_found("recording")
        token: ApiToken = request.state.token
        return WatchedFile(
            await prepare(path, token),
            media_type="audio/wav",
            headers={"Accept-Ranges": "bytes", "Content-Disposition": "inline"},
        )

    return router
