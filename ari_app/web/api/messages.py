"""Messages to customers, and what they write back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.messages.message import MessageState, Origin, Purpose
from ari_app.ports.messages import MessageRecord, Messages, ReplyRecord
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.common import WHOLE, Person, instant_place, shown_page
from ari_app.web.api.problems import ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import (
    Bill,
    Cursor,
    FilterId,
    Limit,
    Line,
    Listing,
    Model,
    Name,
    Pager,
    tagged,
)


class MessageInput(Bill):
    """A message about a bill by a template; sent when the rules allow it, once for its `reference`."""

    template: Annotated[str, Field(pattern="^[a-z0-9][a-z0-9_.-]{0,63}$")]
    reference: Annotated[
        Line, Field(min_length=1, max_length=100, description="Told again, it is the same message")
    ]
    notice: Annotated[bool, Field(description="Something he waits for: also where nothing is owed")] = False


class Planned(Model):
    """The message that was planned (now, or by the same reference before)."""

    message_id: str


class MessageBody(Model):
    """A message and what became of it."""

    message_id: str
    task_id: str
    customer_id: str
    account_id: str
    bill_id: str
    origin: Origin
    purpose: Purpose
    template: str
    variant: str
    language: str
    state: MessageState
    state_at: datetime
    planned_at: datetime
    due_at: datetime | None
    contact_at: datetime | None
    channel: str
    contact: str
    subject: str
    text: str
    parts: int
    provider: str
    rule: str
    why: str
    tries: int


class ReplyBody(Model):
    """What somebody wrote, what was understood, and what was done."""

    reply_id: str
    at: datetime
    channel: str
    contact: str
    customer_id: str
    message_id: str
    text: str
    understood: str
    done: str
    handled_at: datetime | None
    handled_by: str


class HandledInput(Model):
    """Who has looked at it."""

    by: Person


def message_body(record: MessageRecord, sight: Sight) -> MessageBody:
    """A message as a token may see it: without the right, neither its address nor its words."""
    veiled = {"contact", "subject", "text"}
    same = {
        name: getattr(record, name)
        for name in MessageBody.model_fields
        if hasattr(record, name) and name not in veiled
    }
    return MessageBody(
        **same,
        task_id=record.campaign_id,
        contact=_address(record.contact, sight),
        subject=sight.text(record.subject),
        text=sight.text(record.text) if sight.full else "",
    )


def _address(contact: str, sight: Sight) -> str:
    if sight.full or not contact:
        return contact
    return sight.phone(contact) if contact.startswith("+") else "***"


def _reply(record: ReplyRecord, sight: Sight) -> ReplyBody:
    return ReplyBody(
        reply_id=record.reply_id,
        at=record.at,
        channel=record.channel,
        contact=_address(record.contact, sight),
        customer_id=record.customer_id,
        message_id=record.message_id,
        text=sight.text(record.text),
        understood=record.understood,
        done=str(record.done),
        handled_at=record.handled_at,
        handled_by=record.handled_by,
    )


def messages_router(door: Door, messages: Messages, cursors: Cursors) -> APIRouter:
    """``/v1/messages`` and ``/v1/replies``."""
    router = door.router("", "messages")

    @router.get("/messages", dependencies=[needs(Scope.READ_MESSAGES)], summary="List messages")
    async def list_messages(
        request: Request,
        response: Response,
        sight: Seen,
        customer_id: Annotated[FilterId, Query(alias="customerId")] = "",
        state: MessageState | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[MessageBody]:
        """Those first that were planned last."""
        found = await messages.messages(customer_id=customer_id, state=state, limit=WHOLE)
        pager = Pager(cursors, request, "messages", customer=customer_id, state=state)
        shown, more = shown_page(
            found,
            lambda each: instant_place(each.planned_at, each.message_id),
            pager,
            response,
            cursor,
            limit,
            newest_first=True,
        )
        return Listing(items=[message_body(each, sight) for each in shown], next_cursor=more)

    @router.post(
        "/messages",
        status_code=202,
        dependencies=[needs(Scope.WRITE_MESSAGES)],
        summary="Plan a message",
    )
    async def plan_message(response: Response, body: MessageInput) -> Planned:
        """The rules of hours, caps and lists hold for it as for everything else: what became of it is told by the message.
        A template that there is not makes it fail."""
        message_id = await messages.plan(
            body.key(),
            body.template,
            occasion=f"api:{body.reference}",
            purpose=Purpose.NOTICE if body.notice else Purpose.CONTACT,
            origin=Origin.OPERATOR,
            now=door.clock.now(),
        )
        if message_id is None:
            raise not_found("bill in a task")
        response.headers["Location"] = f"/v1/messages/{message_id}"
        return Planned(message_id=message_id)

    @router.get(
        "/messages/{message_id}",
        dependencies=[needs(Scope.READ_MESSAGES)],
        summary="One message",
        response_model=MessageBody,
    )
    async def get_message(request: Request, sight: Seen, message_id: Name) -> Response:
        """With an entity tag."""
        found = await messages.message(message_id)
        if found is None:
            raise not_found("message")
        return tagged(request, message_body(found, sight))

    @router.post(
        "/messages/{message_id}/resend",
        status_code=202,
        dependencies=[needs(Scope.WRITE_MESSAGES)],
        summary="Send a message again",
    )
    async def resend_message(message_id: Name) -> Planned:
        """One that has failed or expired without leaving."""
        if await messages.message(message_id) is None:
            raise not_found("message")
        again = await messages.resend(message_id, door.clock.now())
        if again is None:
            raise ApiProblem(409, "wrong-state", "it has not failed, or it may have left")
        return Planned(message_id=again)

    @router.get("/replies", dependencies=[needs(Scope.READ_MESSAGES)], summary="What customers wrote")
    async def list_replies(
        request: Request,
        response: Response,
        sight: Seen,
        waiting: Annotated[bool, Query(description="Those alone that somebody has to look at")] = False,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[ReplyBody]:
        """The newest first."""
        found = await messages.replies(waiting=waiting, limit=WHOLE)
        pager = Pager(cursors, request, "replies", waiting=waiting)
        shown, more = shown_page(
            found,
            lambda each: instant_place(each.at, each.reply_id),
            pager,
            response,
            cursor,
            limit,
            newest_first=True,
        )
        return Listing(items=[_reply(each, sight) for each in shown], next_cursor=more)

    @router.post(
        "/replies/{reply_id}/handled",
        status_code=204,
        dependencies=[needs(Scope.WRITE_MESSAGES)],
        summary="Somebody has looked at a reply",
        response_class=Response,
    )
    async def handle_reply(reply_id: Name, body: HandledInput) -> None:
        """409 where somebody has already, or there is none."""
        if not await messages.handle_reply(reply_id, body.by, door.clock.now()):
            raise ApiProblem(409, "wrong-state", "there is no such reply that waits")

    return router
