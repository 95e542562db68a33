"""What people do with plans, each in the transaction of its caller: ask, approve, reject, accept, cancel."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from uuid import uuid4

from ari_app.domain.call_result import ConversationResult, PlanKind, PlanRequest
from ari_app.domain.compliance import zone_of
from ari_app.domain.debt.approval import ApprovalTable, approval_refused, person_key
from ari_app.domain.debt.eligibility import PlanCircumstances, PlanRefusal, ineligible, plan_sum
from ari_app.domain.debt.ledger import ZERO, EntryKind
from ari_app.domain.debt.plan import WAITING, Instalment, PlanState, PlanTerms, counted_receipts, schedule_of
from ari_app.domain.review import looked_over
from ari_app.store.codec import Params, amount, instant, minor_units, plain, words, words_of
from ari_app.store.debt.ledger import ledger_of
from ari_app.store.debt.plan_settlement import move_plan, record_step, resume, terms_of
from ari_app.store.debt.settlement import settle_account, withdraw_promises
from ari_app.store.queries import SQL

#: Who decides where no person does.
RULES, CUSTOMER = "rules", "customer"
#: The ledger's entries of plans are named by this provider and the plan's id.
PROVIDER = "plan"
#: These requests are made by the customer himself, who sees the terms: they count as accepted.
HIS_OWN = frozenset({"call", "page", "message"})


def request_plan(
    connection: sqlite3.Connection,
    account: int,
    wish: PlanRequest,
    table: ApprovalTable,
    *,
    source: str,
    by: str,
    now: int,
    sum_at: int | None = None,
    attempt_id: str | None = None,
    offered: bool = True,
) -> tuple[str, str]:
    """Write a plan down and look at it: its id ('' where the request is not complete), and why it was refused ('': not).

    ``sum_at`` is when its sum was worked out (default: now).
    """
    if source not in HIS_OWN and not person_key(by):
        return "", "whoever asks for a plan says who he is"  # or he could approve it himself
    bill = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    owed = amount(bill["amount_minor"])
    known = _circumstances(connection, bill, owed, now, offered)
    if sum_at is not None:
        counted = counted_receipts(PlanTerms(instant(sum_at), ()), ledger_of(connection, account))
        known = replace(known, paid=sum((each.amount for each in counted), ZERO))
    refused = ineligible(wish, known, table.limits_of(wish.kind))
    about = plan_sum(wish, owed)
    total = owed if wish.kind is PlanKind.WAIVER else about
    wrong = "" if refused is None else refused.reason
    schedule: tuple[Instalment, ...] = ()
    nothing = total <= 0 or (refused is not None and refused.refusal is PlanRefusal.INCOMPLETE)
    if not nothing:
        try:
            schedule = schedule_of(wish, total)
        except ValueError as error:  # its months go beyond the calendar
            nothing, wrong = True, str(error)
    if nothing:
        if attempt_id is not None:  # its call has closed the account for the sake of this plan
            resume(connection, account, now)
        return "", wrong
    if refused is None:
        _replace_waiting(connection, account, now)
    level = table.level(wish.kind, about, wish.periods)
    accepted = source in HIS_OWN and not person_key(by)
    asked: Params = {
        "plan_id": f"plan-{uuid4().hex}",
        "account": account,
        "attempt_id": attempt_id,
        "kind": wish.kind.value,
        "state": (PlanState.REQUESTED if refused is None else PlanState.REJECTED).value,
        "why": "" if refused is None else plain(refused.reason),
        "source": source,
        "requested_by": plain(by.strip()),
        "requester": person_key(by),
        "now": now,
        "sum_at": now if sum_at is None else sum_at,
        "currency": plain(wish.currency),
        "amount_minor": minor_units(total),
        "fee_minor": minor_units(wish.fee or ZERO) if wish.kind is PlanKind.INSTALLMENT else 0,
        "waived_minor": minor_units(wish.waived or ZERO) if wish.kind is PlanKind.WAIVER else 0,
        "grace_days": table.grace_days,
        "level": plain(level.name),
        "people": level.people,
        "roles": words(level.roles),
        "accepted_at": now if accepted else None,
        "accepted_by": CUSTOMER if accepted else "",
    }
    plan_id = str(asked["plan_id"])
    connection.execute(SQL["add_plan_case"], asked)
    for position, each in enumerate(schedule, 1):
        row = {"plan_id": plan_id, "position": position, "day": each.day.isoformat(), "now": now}
        connection.execute(SQL["add_plan_instalment"], row | {"amount_minor": minor_units(each.amount)})
    case = plan_row(connection, plan_id)
    record_step(connection, case, PlanState.REQUESTED, "", by.strip() or CUSTOMER, now)
    if refused is not None:
        record_step(connection, case, PlanState.REJECTED, refused.reason, RULES, now)
        if attempt_id is not None:  # its call has closed the account for the sake of this plan
            resume(connection, account, now)
        return plan_id, refused.reason
    if level.people:
        move_plan(connection, case, PlanState.AWAITING_APPROVAL, f"level {level.name}", RULES, now)
    else:
        _approved(connection, case, RULES, f"level {level.name} asks for nobody", now)
    return plan_id, ""


def request_of_call(
    connection: sqlite3.Connection,
    account: int,
    attempt: sqlite3.Row,
    said: ConversationResult,
    table: ApprovalTable,
    ended_at: int,
) -> None:
    """The plan that a call has asked for. Its sum was worked out when the attempt was reserved; it was read back and
    confirmed, so it counts as accepted."""
    wish = looked_over(said).plan
    if wish is not None:
        request_plan(
            connection,
            account,
            wish,
            table,
            source="call",
            by="",
            now=ended_at,
            sum_at=attempt["reserved_at"],
            attempt_id=attempt["attempt_id"],
        )


def approve_plan(
    connection: sqlite3.Connection, plan_id: str, *, by: str, role: str, now: int, note: str = ""
) -> str:
    """Write an approval; why it is refused, '' where it counts. The plan exists."""
    row = plan_row(connection, plan_id)
    if row["state"] != PlanState.AWAITING_APPROVAL:
        return _is(row)
    before = {each["person"] for each in connection.execute(SQL["plan_approvals"], {"plan_id": plan_id})}
    person = person_key(by)
    wrong = approval_refused(words_of(row["roles"]), row["requester"], before, person, role)
    if wrong:
        return wrong
    name = plain(by.strip())
    asked = {"plan_id": plan_id, "person": person, "name": name, "role": role, "now": now}
    connection.execute(SQL["add_plan_approval"], asked)
    if len(before) + 1 >= row["people"]:
        _approved(connection, row, name, note, now)
    return ""


def reject_plan(
    connection: sqlite3.Connection, plan_id: str, *, by: str, role: str, why: str, now: int
) -> str:
    """Refuse a plan that waits for approval or acceptance; why that is refused, '' where it was done."""
    row = plan_row(connection, plan_id)
    if row["state"] not in (PlanState.AWAITING_APPROVAL, PlanState.APPROVED):
        return _is(row)
    wrong = approval_refused(words_of(row["roles"]), row["requester"], (), person_key(by), role)
    if wrong or not why.strip():
        return wrong or "whoever refuses a plan says why"
    move_plan(connection, row, PlanState.REJECTED, why.strip(), by.strip(), now)
    return ""


def accept_plan(connection: sqlite3.Connection, plan_id: str, *, by: str, now: int) -> str:
    """The customer accepts an approved plan; why he cannot, '' where it has begun."""
    row = plan_row(connection, plan_id)
    if row["state"] != PlanState.APPROVED:
        return _is(row)
    if not person_key(by):
        return "whoever tells of it says who he is"
    connection.execute(SQL["accept_plan"], {"plan_id": plan_id, "now": now, "by": plain(by.strip())})
    return _begin(connection, plan_row(connection, plan_id), by.strip(), now)


def cancel_plan(connection: sqlite3.Connection, plan_id: str, *, by: str, why: str, now: int) -> str:
    """Take a plan back; why that is refused, '' where it was done."""
    row = plan_row(connection, plan_id)
    if PlanState(row["state"]) not in WAITING | {PlanState.ACTIVE}:
        return _is(row)
    if not person_key(by) or not why.strip():
        return "whoever cancels a plan says who he is, and why"
    move_plan(connection, row, PlanState.CANCELLED, why.strip(), by.strip(), now)
    settle_account(connection, row["account"], now)
    return ""


def plan_row(connection: sqlite3.Connection, plan_id: str) -> sqlite3.Row:
    """The row of a plan that exists."""
    row: sqlite3.Row = connection.execute(SQL["plan_case"], {"plan_id": plan_id}).fetchone()
    return row


def _is(row: sqlite3.Row) -> str:
    return f"the plan is {row['state']}" + (f": {row['why']}" if row["why"] else "")


def _approved(connection: sqlite3.Connection, row: sqlite3.Row, by: str, note: str, now: int) -> None:
    """Nobody else has to agree. What the customer has accepted before begins at once."""
    move_plan(connection, row, PlanState.APPROVED, note, by, now)
    if row["attempt_id"] is not None:
        names = [
            each["name"] for each in connection.execute(SQL["plan_approvals"], {"plan_id": row["plan_id"]})
        ]
        approver = ", ".join(names) or by
        connection.execute(SQL["plan_approver"], {"attempt_id": row["attempt_id"], "approver": approver})
    if row["accepted_at"] is not None:
        _begin(connection, plan_row(connection, row["plan_id"]), by, now)


def _begin(connection: sqlite3.Connection, row: sqlite3.Row, by: str, now: int) -> str:
    """An approved and accepted plan begins: its ledger entries, promises that it replaces, its state. Otherwise it is
    cancelled with the reason that is given back."""
    account = row["account"]
    bill = connection.execute(SQL["debt_of"], {"account": account}).fetchone()
    known = _circumstances(connection, bill, amount(bill["amount_minor"]), now, offered=True)
    schedule = terms_of(connection, row).schedule
    wrong = ""
    if known.owed <= 0:
        wrong = "nothing is owed any more"
    elif known.plan_active:
        wrong = "the bill has a plan that runs"
    elif known.disputed:
        wrong = "the bill is disputed, and nobody has answered yet"
    elif schedule and schedule[0].day < known.today:
        wrong = "its first day has passed before it began"
    else:
        wrong = _changed(connection, row, known.owed)
    if wrong:
        move_plan(connection, row, PlanState.CANCELLED, wrong, RULES, now)
        return wrong
    if row["fee_minor"]:
        _post(connection, row, EntryKind.FEE, row["fee_minor"], now)
    if row["waived_minor"]:
        _post(connection, row, EntryKind.WAIVER, row["waived_minor"], now)
    why = "replaced by a plan"
    if row["kind"] != PlanKind.WAIVER:
        withdraw_promises(connection, account, why, now)
    move_plan(connection, row, PlanState.ACTIVE, "", by, now)
    settle_account(connection, account, now)
    return ""


def _changed(connection: sqlite3.Connection, row: sqlite3.Row, owed: Decimal) -> str:
    """Why a plan does not fit what is owed by now, as where a list has stated another sum since; '' where it fits."""
    if row["kind"] == PlanKind.WAIVER and amount(row["waived_minor"]) > owed:
        return f"{amount(row['waived_minor'])} would be waived, and {owed} is owed by now"
    if row["kind"] != PlanKind.INSTALLMENT:
        return ""
    terms, fee = terms_of(connection, row), amount(row["fee_minor"])
    about = sum((each.amount for each in terms.schedule), -fee)
    whole = sum(
        (each.amount for each in counted_receipts(terms, ledger_of(connection, row["account"]))), owed
    )
    return "" if about == whole else f"it is about {about}, and {whole} is owed by now"


def _post(connection: sqlite3.Connection, row: sqlite3.Row, kind: EntryKind, minor: int, now: int) -> None:
    """A ledger entry of a plan; named by the plan, so that it stands there once."""
    connection.execute(
        SQL["add_ledger_entry"],
        {
            "entry_id": f"{kind.value}-{row['plan_id']}",
            "account": row["account"],
            "kind": kind.value,
            "amount_minor": minor,
            "currency": row["currency"],
            "now": now,
            "occurred_at": now,
            "provider": PROVIDER,
            "reference": row["plan_id"],
            "reverses": "",
            "source": f"{row['kind']} plan",
        },
    )


def _replace_waiting(connection: sqlite3.Connection, account: int, now: int) -> None:
    row = connection.execute(SQL["plan_waiting"], {"account": account}).fetchone()
    if row is not None:
        move_plan(
            connection, row, PlanState.CANCELLED, "replaced by another request", RULES, now, replaced=True
        )


def _circumstances(
    connection: sqlite3.Connection, bill: sqlite3.Row, owed: Decimal, now: int, offered: bool
) -> PlanCircumstances:
    asked = {"customer_id": bill["customer_id"], "account_id": bill["account_id"], "account": bill["id"]}
    return PlanCircumstances(
        owed=owed,
        currency=bill["currency"],
        today=instant(now).astimezone(zone_of(bill["timezone"]) or UTC).date(),
        disputed=bool(connection.execute(SQL["plan_disputed"], asked).fetchone()["disputed"]),
        plan_active=connection.execute(SQL["plan_active"], asked).fetchone() is not None,
        broken_plans=connection.execute(SQL["plans_breached"], asked).fetchone()["plans"],
        offered=offered,
    )
