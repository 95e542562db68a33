"""Alerts: what needs a person, and what was done about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from ari_app.domain.alerts.alert import AlertState, Severity, Signal
from ari_app.domain.alerts.rules import AlertBook
from ari_app.domain.api_scope import Scope
from ari_app.ports.alerts import AlertFilter, AlertRecord, Alerts
from ari_app.services.api.cursors import Cursors
from ari_app.web.api.access import Seen, Sight, needs
from ari_app.web.api.common import WHOLE, Note, Person, instant_place, shown_page
from ari_app.web.api.problems import ApiProblem, not_found
from ari_app.web.api.routing import Door
from ari_app.web.api.values import Cursor, FilterId, Limit, Listing, Model, Name, Pager, tagged


class AlertBody(Model):
    """An alert. `subject` names what it is about; `overdue`: a deadline has passed."""

    alert_id: str
    rule: str
    subject: str
    severity: Severity
    text: str
    state: AlertState
    count: int
    raised_at: datetime
    last_at: datetime
    ack_due: datetime
    contact_due: datetime | None
    level: int
    overdue: bool
    task_id: str | None
    taken_by: str
    closed_at: datetime | None
    closed_by: str
    closed_why: str


class AlertEntryBody(Model):
    """One line of what was done."""

    at: datetime
    by: str
    what: str
    text: str


class AlertNoticeBody(Model):
    """Who was told; `receipt` is what whoever took it said."""

    level: int
    person: str
    copied: bool
    state: str
    tries: int
    receipt: str
    told_at: datetime | None


class AlertWithStory(AlertBody):
    """An alert with its whole record."""

    entries: list[AlertEntryBody]
    notices: list[AlertNoticeBody]


class SignalInput(Model):
    """What a person does about it."""

    signal: Literal["acknowledge", "note", "contact", "close"]
    by: Person
    text: Note = ""


def alert_body(record: AlertRecord, sight: Sight) -> AlertBody:
    """An alert as a token may see it."""
    same = {
        name: getattr(record, name)
        for name in AlertBody.model_fields
        if hasattr(record, name) and name != "text"
    }
    return AlertBody(**same, task_id=record.campaign_id or None, text=sight.text(record.text))


def alerts_router(door: Door, alerts: Alerts, cursors: Cursors, book: Callable[[], AlertBook]) -> APIRouter:
    """``/v1/alerts``. ``book`` gives the rules as they are now."""
    router = door.router("/alerts", "alerts")

    async def story(alert_id: str, sight: Sight) -> AlertWithStory:
        found = await alerts.story(alert_id, door.clock.now())
        if found is None:
            raise not_found("alert")
        return AlertWithStory(
            **alert_body(found.alert, sight).model_dump(by_alias=False),
            entries=[
                AlertEntryBody(at=each.at, by=each.by, what=each.what, text=sight.text(each.text))
                for each in found.entries
            ],
            notices=[
                AlertNoticeBody(
                    level=each.level,
                    person=each.person,
                    copied=each.copy,
                    state=each.state,
                    tries=each.tries,
                    receipt=sight.text(each.receipt),
                    told_at=each.told_at,
                )
                for each in found.notices
            ],
        )

    @router.get("", dependencies=[needs(Scope.READ_ALERTS)], summary="List alerts")
    async def list_alerts(
        request: Request,
        response: Response,
        sight: Seen,
        closed: Annotated[bool, Query(description="Closed ones too")] = False,
        overdue: Annotated[bool, Query(description="Those alone of which a deadline has passed")] = False,
        severity: Severity | None = None,
        rule: Annotated[FilterId, Query()] = "",
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Listing[AlertBody]:
        """The newest first."""
        wanted = AlertFilter(closed, overdue, severity, rule or None, WHOLE)
        found = await alerts.alerts(wanted, door.clock.now())
        pager = Pager(cursors, request, "alerts", wanted=repr(wanted))
        shown, more = shown_page(
            found,
            lambda each: instant_place(each.raised_at, each.alert_id),
            pager,
            response,
            cursor,
            limit,
            newest_first=True,
        )
        return Listing(items=[alert_body(each, sight) for each in shown], next_cursor=more)

    @router.get(
        "/{alert_id}",
        dependencies=[needs(Scope.READ_ALERTS)],
        summary="One alert",
        response_model=AlertWithStory,
    )
    async def get_alert(request: Request, sight: Seen, alert_id: Name) -> Response:
        """With everything that was done, and who was told."""
        return tagged(request, await story(alert_id, sight))

    @router.post("/{alert_id}/signals", dependencies=[needs(Scope.WRITE_ALERTS)], summary="Act on an alert")
    async def signal_alert(sight: Seen, alert_id: Name, body: SignalInput) -> AlertWithStory:
        """Acknowledge, note, contact (somebody has spoken to the customer), close; 409 where it cannot follow."""
        moved = await alerts.signal(
            alert_id, Signal(body.signal), body.by, body.text, book(), door.clock.now()
        )
        if moved.alert is None:
            raise not_found("alert")
        if moved.refused:
            raise ApiProblem(409, "wrong-state", moved.refused)
        return await story(alert_id, sight)

    return router
