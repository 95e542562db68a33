"""One record of a ticket system about a dispute that we opened there: where it stands, and how it was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from ari_app.domain.disputes.case import DisputeDecision, DisputeState, DisputeStep, DisputeVerdict
from ari_app.errors import InputError, UnknownRecord, WrongState
from ari_app.ports.disputes import Disputes
from ari_app.services.account_row import FieldFault, RowDefaults, RowFields
from ari_app.services.model_problems import RefusedError
from ari_app.services.row_values import MAX_AMOUNT, MAX_FIELD, MAX_ID, text_of

#: Names of fields; those with True must be there.
TICKET_FIELDS: dict[str, bool] = {
    "disputeId": True,
    "status": True,
    "verdict": False,
    "corrected": False,
    "reason": False,
    "team": False,
    "assignee": False,
}

#: Headings that are understood without being told.
TICKET_ALIASES: dict[str, tuple[str, ...]] = {
    "disputeId": ("dispute", "case", "caseId", "工单外部编号", "争议编号"),
    "status": ("state", "状态", "工单状态"),
    "verdict": ("decision", "处理结果", "裁定"),
    "corrected": ("correctedAmount", "更正金额"),
    "reason": ("resolution", "处理说明"),
    "team": ("group", "处理部门"),
    "assignee": ("owner", "处理人"),
}

#: A status is the state that the dispute has there, and the step that leads to it here.
STATUSES: Mapping[str, tuple[DisputeState, DisputeStep]] = {
    "in_review": (DisputeState.IN_REVIEW, DisputeStep.REVIEW),
    "waiting_for_customer": (DisputeState.WAITING_FOR_CUSTOMER, DisputeStep.ASK),
    "decided": (DisputeState.DECIDED, DisputeStep.DECIDE),
    "notified": (DisputeState.NOTIFIED, DisputeStep.NOTIFY),
    "closed": (DisputeState.CLOSED, DisputeStep.CLOSE),
    "withdrawn": (DisputeState.CLOSED, DisputeStep.WITHDRAW),
}
#: Behind these a ticket that still says so tells nothing new.
_LATER = {
    DisputeState.DECIDED: frozenset({DisputeState.DECIDED, DisputeState.NOTIFIED, DisputeState.CLOSED}),
    DisputeState.NOTIFIED: frozenset({DisputeState.NOTIFIED, DisputeState.CLOSED}),
}


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a ticket says of a dispute."""

    dispute_id: str
    status: str
    decision: DisputeDecision | None
    team: str
    assignee: str


def read_ticket(
    row: Mapping[str, object], defaults: RowDefaults, *, typed: bool = False
) -> Ticket | list[FieldFault]:
    """The ticket of a row, or every fault it has."""
    reading = RowFields(row, typed, TICKET_FIELDS)
    dispute_id = reading.take("disputeId", lambda value, typed: text_of(value, MAX_ID))
    status = reading.take("status", _status)
    verdict = reading.take("verdict", _verdict)
    corrected = reading.take("corrected", _corrected)
    reason = reading.take("reason", lambda value, typed: text_of(value, MAX_FIELD), "")
    team = reading.take("team", lambda value, typed: text_of(value, MAX_ID), "")
    assignee = reading.take("assignee", lambda value, typed: text_of(value, MAX_ID), "")
    decision = None
    if status == "decided":
        if verdict is None and not any(each.field == "verdict" for each in reading.faults):
            reading.faults.append(FieldFault("verdict", "is missing", ", ".join(DisputeVerdict)))
        if not reason:
            reading.faults.append(FieldFault("reason", "is missing", "what the customer is told"))
        if verdict is not None and reason:
            decision = DisputeDecision(verdict, reason, corrected)
    if reading.faults or dispute_id is None or status is None:
        return reading.faults
    return Ticket(dispute_id, status, decision, team or "", assignee or "")


async def apply_ticket(ticket: Ticket, disputes: Disputes, by: str, now: datetime) -> bool | FieldFault:
    """Bring a dispute to where its ticket stands; False where it stands there (or further) already."""
    wanted, step = STATUSES[ticket.status]
    unknown = FieldFault(
        "disputeId", "is no dispute that is known here", "the disputeId of the event that opened it"
    )
    try:
        case = await disputes.case(ticket.dispute_id)
    except UnknownRecord:
        return unknown
    try:
        if case.state in _LATER.get(wanted, frozenset({wanted})):
            return False
        if ticket.decision is not None:
            await disputes.decide(ticket.dispute_id, ticket.decision, by, now)
        else:
            await disputes.take(ticket.dispute_id, step, by, now, team=ticket.team, assignee=ticket.assignee)
    except UnknownRecord:
        return unknown
    except WrongState:
        return FieldFault("status", f"cannot follow {case.state.value}", "a status that can come next")
    except InputError as error:
        problem = error.problems[0]
        return FieldFault("corrected", problem.wrong, problem.allowed)
    return True


def _status(value: object, typed: bool) -> str:
    word = text_of(value, MAX_ID).lower()
    if word not in STATUSES:
        raise RefusedError("is not a status", ", ".join(STATUSES))
    return word


def _verdict(value: object, typed: bool) -> DisputeVerdict:
    try:
        return DisputeVerdict(text_of(value, MAX_ID).lower())
    except ValueError:
        raise RefusedError("is not a verdict", ", ".join(DisputeVerdict)) from None


def _corrected(value: object, typed: bool) -> Decimal:
    """What the bill comes to; nothing is an amount here."""
    try:
        amount = Decimal(text_of(value, MAX_ID))
    except InvalidOperation:
        raise RefusedError("is not an amount", "such as 468.32") from None
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount != amount.quantize(Decimal("0.01")):
        raise RefusedError("is out of range", "0 or more, with at most two decimals")
    return amount
