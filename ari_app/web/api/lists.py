"""Governed lists, and flags that stand in the way of a customer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.errors import InputError, Problem
from ari_app.ports import FlagRecord, ListRecord, Store
from ari_app.services.api.cursors import Cursors
from ari_app.services.model_problems import RefusedError
from ari_app.services.phones import parse_phone
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Cursor, Id, Instant, Limit, Line, Listing, Model, Name, Pager

Source = Annotated[
    Line, Field(min_length=1, max_length=100, description="A letter, a register, a ticket ...")
]


class EntryKey(Model):
    """Who stands on a list: a telephone number or a customer id, one of the two."""

    phone: Annotated[Line, Field(min_length=3, max_length=40)] | None = None
    customer_id: Id | None = None


class EntryInput(EntryKey):
    """An entry of a list; without `expiresAt` it is for good."""

    source: Source
    reason: Annotated[Line, Field(max_length=200)] = ""
    expires_at: Instant | None = None


class EntryBody(Model):
    """An entry; `contact` is a telephone number (E.164) or a customer id. `inForce`: it has not lapsed."""

    list: ListKind
    contact: str
    source: str
    reason: str
    added_at: datetime
    expires_at: datetime | None
    in_force: bool


class ListChange(Model):
    """What a request has done. `changed` is false where it was so already."""

    list: ListKind
    contact: str
    listed: bool
    changed: bool


class FlagKey(Model):
    """A flag of a customer, or of one of his accounts."""

    flag: Flag
    account_id: Annotated[Line, Field(max_length=100)] = ""
    source: Source


class FlagBody(Model):
    """A flag that is or was set; `accountId` is empty for the whole customer."""

    flag: Flag
    account_id: str
    source: str
    attempt_id: str | None
    set_at: datetime
    cleared_at: datetime | None
    cleared_source: str | None


class FlagChange(Model):
    """What a request has done."""

    customer_id: str
    account_id: str
    flag: Flag
    set: bool
    changed: bool


def _contact(key: EntryKey, country: str) -> str:
    if (key.phone is None) == (key.customer_id is None):
        raise InputError(
            [Problem("request", "phone", "one of phone and customerId is wanted", "one of the two")]
        )
    if key.phone is None:
        return key.customer_id or ""
    try:
        return parse_phone(key.phone, country)
    except RefusedError as error:
        raise InputError([Problem("request", "phone", error.wrong, error.allowed)]) from error


def _entry(record: ListRecord, sight: Sight, now: datetime) -> EntryBody:
    return EntryBody(
        list=record.kind,
        contact=sight.contact(record.contact),
        source=record.source,
        reason=sight.text(record.reason),
        added_at=record.added_at,
        expires_at=record.expires_at,
        in_force=record.in_force(now),
    )


def _flag(record: FlagRecord) -> FlagBody:
    return FlagBody(**{name: getattr(record, name) for name in FlagBody.model_fields})


def lists_router(door: Door, store: Store, cursors: Cursors, country: str) -> APIRouter:
    """``/v1/lists`` and ``/v1/customers/{customerId}/flags``."""
    router = door.router("", "lists")

    @router.get("/lists/{kind}", dependencies=[needs(Scope.READ_LISTS)], summary="Entries of a list")
    async def list_entries(
        request: Request,
        response: Response,
        sight: Seen,
        kind: ListKind,
        in_force: Annotated[bool | None, Query(alias="inForce")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[EntryBody]:
        """In the order of the contacts; lapsed entries are among them."""
        pager, now = Pager(cursors, request, f"lists/{kind}", in_force=in_force), door.clock.now()
        after = pager.after(cursor)
        begins = "" if after is None else str(after[0])
        fitting = sorted(
            (
                each
                for each in await store.list_entries(kind)
                if each.contact > begins and in_force in (None, each.in_force(now))
            ),
            key=lambda each: each.contact,
        )
        shown = fitting[:limit]
        more = (shown[-1].contact,) if len(fitting) > limit else None
        return Listing(
            items=[_entry(each, sight, now) for each in shown], next_cursor=pager.next(response, more)
        )

    @router.post("/lists/{kind}", dependencies=[needs(Scope.WRITE_LISTS)], summary="Put on a list")
    async def add_entry(kind: ListKind, sight: Seen, body: EntryInput) -> ListChange:
        """It holds for the next dial at once; a call that rings is released within a second."""
        contact, now = _contact(body, country), door.clock.now()
        changed = await store.add_list_entry(kind, contact, body.source, now, body.expires_at, body.reason)
        return ListChange(list=kind, contact=sight.contact(contact), listed=True, changed=changed)

    @router.post("/lists/{kind}/remove", dependencies=[needs(Scope.WRITE_LISTS)], summary="Take off a list")
    async def remove_entry(kind: ListKind, sight: Seen, body: EntryKey) -> ListChange:
        """What it refused is planned again."""
        contact = _contact(body, country)
        changed = await store.remove_list_entry(kind, contact)
        return ListChange(list=kind, contact=sight.contact(contact), listed=False, changed=changed)

    @router.get(
        "/customers/{customer_id}/flags",
        dependencies=[needs(Scope.READ_LISTS)],
        summary="Flags of a customer",
    )
    async def list_flags(customer_id: Name) -> Listing[FlagBody]:
        """Every flag that is or was set, the oldest first."""
        return Listing(items=[_flag(each) for each in await store.flags(customer_id)])

    @router.post(
        "/customers/{customer_id}/flags", dependencies=[needs(Scope.WRITE_LISTS)], summary="Set a flag"
    )
    async def set_flag(customer_id: Name, body: FlagKey) -> FlagChange:
        """It holds for the next dial at once."""
        changed = await store.set_flag(customer_id, body.flag, body.source, door.clock.now(), body.account_id)
        return FlagChange(
            customer_id=customer_id, account_id=body.account_id, flag=body.flag, set=True, changed=changed
        )

    @router.post(
        "/customers/{customer_id}/flags/clear",
        dependencies=[needs(Scope.WRITE_LISTS)],
        summary="Clear a flag",
    )
    async def clear_flag(customer_id: Name, body: FlagKey) -> FlagChange:
        """What it refused is planned again; who cleared it stays on record."""
        changed = await store.clear_flag(
            customer_id, body.flag, body.source, door.clock.now(), body.account_id
        )
        return FlagChange(
            customer_id=customer_id, account_id=body.account_id, flag=body.flag, set=False, changed=changed
        )

    return router
