"""Tasks (campaigns): made by the create-task request, paused and resumed, and how far each is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from ari_app.domain.api_scope import Scope
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.ports import CampaignCount, Store
from ari_app.services.account_row import RowDefaults
from ari_app.services.api.cursors import Cursors
from ari_app.services.campaign_input import CampaignInput, parse_campaign
from ari_app.services.campaign_view import campaign_object
from ari_app.web.api.access import needs
from ari_app.web.api.problems import KINDS, ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.task_schema import task_schema
from ari_app.web.api.values import Cursor, Limit, Listing, Model, Name, Pager, must_match, tagged

#: Raises InputError for a campaign that does not fit its surroundings; reads files.
CheckCampaign = Callable[[Campaign], None]
#: What rows get where they say nothing, at this moment.
Defaults = Callable[[], RowDefaults]
BATCH = 2000


class TaskBody(Model):
    """A task, in the words of the create-task request; the webhook without its secret."""

    task_id: str
    name: str
    status: CampaignStatus
    strategy: dict[str, Any]
    dialer: dict[str, Any]
    webhook: dict[str, Any] | None


class RejectedRow(Model):
    """A row of `list` (from 0) that was not taken, with one of its faults."""

    row: int
    field: str
    wrong: str
    allowed: str


class Loaded(Model):
    """What the list of the request changed."""

    added: int
    updated: int
    unchanged: int


class CreatedTask(Model):
    """What became of a create-task request. `placeholders` are caller IDs left out because digits stand open in them."""

    task: TaskBody
    changed: bool = Field(description="false: the same task was there already")
    loaded: Loaded
    rejects: list[RejectedRow]
    placeholders: int


class TaskPatch(Model):
    """What may be changed without a new create-task request."""

    status: Literal["running", "paused"]


class TaskProgress(Model):
    """How far a task is: accounts by state, and how its calls ended."""

    task_id: str
    accounts: int
    waiting: int
    due_now: int
    open_attempts: int
    done: int
    next_due_at: datetime | None
    dispositions: dict[str, int]


def task_body(campaign: Campaign) -> TaskBody:
    """A task."""
    shown = campaign_object(campaign)
    strategy = shown["strategy"]
    assert isinstance(strategy, dict)
    strategy["minAmount"] = float(campaign.strategy.min_amount)  # amounts are JSON numbers here
    return TaskBody.model_validate(
        {
            "taskId": campaign.campaign_id,
            "name": campaign.name,
            "status": campaign.status,
            **shown,
        }
    )


def _progress(task_id: str, count: CampaignCount) -> TaskProgress:
    return TaskProgress(
        task_id=task_id,
        accounts=count.accounts,
        waiting=count.waiting,
        due_now=count.due_now,
        open_attempts=count.open_attempts,
        done=count.done,
        next_due_at=count.next_due_at,
        dispositions=dict(count.dispositions),
    )


def _rejects(found: CampaignInput) -> list[RejectedRow]:
    return [
        RejectedRow(row=reject.row, field=fault.field, wrong=fault.wrong, allowed=fault.allowed)
        for reject in found.rejects
        for fault in reject.faults
    ][:1000]


_BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": task_schema()}}}
}


def tasks_router(
    door: Door, store: Store, cursors: Cursors, defaults: Defaults, check: CheckCampaign
) -> APIRouter:
    """``/v1/tasks``."""
    router = door.router("/tasks", "tasks")

    async def task(task_id: str) -> Campaign:
        found = await store.campaign(task_id)
        if found is None:
            raise not_found("task")
        return found

    @router.post(
        "",
        status_code=201,
        dependencies=[needs(Scope.WRITE_TASKS)],
        summary="Create a task",
        openapi_extra=_BODY,
        responses={200: {"description": "It was there already, changed or not", "model": CreatedTask}},
    )
    async def create_task(
        request: Request,
        response: Response,
        task_id: Annotated[
            str | None,
            Query(alias="id", max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$"),
        ] = None,
        paused: Annotated[bool, Query(description="Start nothing until it is resumed")] = False,
        allow_placeholders: Annotated[
            bool,
            Query(
                alias="allowPlaceholders",
                description="Leave out caller IDs with open digits; the task is paused then",
            ),
        ] = False,
    ) -> CreatedTask:
        """A fault of the task refuses the whole request; a bad row of `list` is reported and the others load. The same
        request again changes nothing; a changed one of the same name (or `id`) changes the task."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise ApiProblem(
                415, KINDS[415], "the body is not declared as JSON: Content-Type: application/json"
            )
        raw, asked_with = await request.body(), defaults()
        found = await asyncio.to_thread(
            parse_campaign,
            raw,
            "request",
            asked_with,
            campaign_id=task_id,
            allow_placeholders=allow_placeholders,
        )
        await asyncio.to_thread(check, found.campaign)
        campaign = found.campaign
        if paused:
            campaign = replace(campaign, status=CampaignStatus.PAUSED)
        known = await store.campaign(campaign.campaign_id)
        changed = await store.put_campaign(campaign)
        added = updated = unchanged = 0
        for first in range(0, len(found.accounts), BATCH):
            batch = found.accounts[first : first + BATCH]
            count = await store.load_accounts(campaign.campaign_id, batch, asked_with.now)
            added, updated, unchanged = (
                added + count.added,
                updated + count.updated,
                unchanged + count.unchanged,
            )
        stored = await store.campaign(campaign.campaign_id)
        if known is not None:
            response.status_code = 200
        response.headers["Location"] = f"/v1/tasks/{campaign.campaign_id}"
        return CreatedTask(
            task=task_body(stored or campaign),
            changed=changed,
            loaded=Loaded(added=added, updated=updated, unchanged=unchanged),
            rejects=_rejects(found),
            placeholders=found.placeholders,
        )

    @router.get("", dependencies=[needs(Scope.READ_TASKS)], summary="List tasks")
    async def list_tasks(
        request: Request,
        response: Response,
        status: CampaignStatus | None = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[TaskBody]:
        """In the order of their ids."""
        pager = Pager(cursors, request, "tasks", status=status)
        after = pager.after(cursor)
        begins = "" if after is None else str(after[0])
        fitting = sorted(
            (
                each
                for each in await store.campaigns()
                if each.campaign_id > begins and status in (None, each.status)
            ),
            key=lambda each: each.campaign_id,
        )
        shown = fitting[:limit]
        more = (shown[-1].campaign_id,) if len(fitting) > limit else None
        return Listing(items=[task_body(each) for each in shown], next_cursor=pager.next(response, more))

    @router.get(
        "/{task_id}", dependencies=[needs(Scope.READ_TASKS)], summary="One task", response_model=TaskBody
    )
    async def get_task(request: Request, task_id: Name) -> Response:
        """With an entity tag."""
        return tagged(request, task_body(await task(task_id)))

    @router.patch(
        "/{task_id}",
        dependencies=[needs(Scope.WRITE_TASKS)],
        summary="Pause or resume a task",
        response_model=TaskBody,
    )
    async def patch_task(request: Request, task_id: Name, body: TaskPatch) -> Response:
        """A paused task starts no new call; calls in progress end by themselves. Heeds If-Match."""
        must_match(request, task_body(await task(task_id)))
        await store.set_campaign_status(task_id, CampaignStatus(body.status))
        return tagged(request, task_body(await task(task_id)))

    @router.get("/{task_id}/progress", dependencies=[needs(Scope.READ_TASKS)], summary="How far a task is")
    async def get_progress(task_id: Name) -> TaskProgress:
        """Accounts by state, and the dispositions of its attempts."""
        await task(task_id)
        return _progress(task_id, await store.campaign_count(task_id, door.clock.now()))

    return router
