"""Closing an attempt: disposition, plan, results, transcript and events, in one transaction."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

from ari_app.domain.attempt import CallOutcome
from ari_app.domain.contact_facts import ContactFacts, ListKind
from ari_app.domain.debt.approval import CAUTIOUS_TABLE, ApprovalTable
from ari_app.domain.disputes.sla import DEFAULT_TABLE, DisputeTable
from ari_app.domain.placement import FollowUp, follow_up
from ari_app.domain.retry import RetryDecision, next_offset
from ari_app.domain.review import looked_over
from ari_app.domain.standing import flags_after, lists_after
from ari_app.domain.turn_ledger import notice_of_recording, reply_figures
from ari_app.domain.verdict import Rule
from ari_app.errors import StoreError
from ari_app.ports import AttemptHistory, BillKey, OutboxEvent
from ari_app.ports.disputes import NewDispute
from ari_app.store.arms import arms_in
from ari_app.store.budget import plan_beside, spent
from ari_app.store.caller_ids import count_answered
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import (
    Params,
    account_of,
    document,
    finite,
    instant,
    instant_or_none,
    micros,
    micros_or_none,
    not_negative,
    plain,
    turn_params,
)
from ari_app.store.debt.plan_moves import request_of_call
from ari_app.store.debt.settlement import add_promises, settle_account
from ari_app.store.disputes.cases import DisputedBill, open_case
from ari_app.store.facts import facts_of
from ari_app.store.lists import add_list_entry
from ari_app.store.numbers import number_states, other_phones
from ari_app.store.order import Orders
from ari_app.store.queries import SQL
from ari_app.store.results import write_result
from ari_app.store.standing_flags import set_flag
from ari_app.store.strategies import what_follows
from ari_app.store.webhooks.events import add_event


def history_of(
    connection: sqlite3.Connection, campaigns: CampaignCache, campaign_account: int
) -> tuple[AttemptHistory, sqlite3.Row]:
    """What the retry decision needs, and the row of ``standing`` it was read from."""
    row = connection.execute(SQL["standing_of"], {"campaign_account": campaign_account}).fetchone()
    used = spent(connection, row["campaign_id"], row["customer_id"])
    history = AttemptHistory(
        first_dialled_at=instant_or_none(used.first_at),
        dials_made=used.dials,
        campaign=campaigns.required(connection, row["campaign_id"]),
        account=account_of(row),
    )
    return history, row


def close_attempt(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    outcome: CallOutcome,
    plan: Callable[[AttemptHistory], RetryDecision],
    events: Callable[[AttemptHistory], Sequence[OutboxEvent]],
    disputes: DisputeTable = DEFAULT_TABLE,
    approvals: ApprovalTable = CAUTIOUS_TABLE,
) -> RetryDecision | None:
    """See ``Store.close_attempt``. ``disputes`` has the terms by which a dispute of this call is answered,
    ``approvals`` who approves a plan that it has asked for."""
    attempt = connection.execute(SQL["attempt"], {"attempt_id": outcome.attempt_id}).fetchone()
    if attempt is None:
        raise StoreError(f"attempt {outcome.attempt_id}: there is no such attempt")
    if attempt["ended_at"] is not None:
        return None
    if outcome.answered_at is not None and attempt["dialled_at"] is None:
        raise StoreError(f"attempt {outcome.attempt_id}: answered, but its dial was never recorded")
    history, row = history_of(connection, campaigns, attempt["campaign_account"])
    phones = (row["phone"], *other_phones(connection, row["account"]))
    beside = [phone for phone in phones if phone != attempt["phone"]]
    if history.campaign.strategy.file:
        history = _by_strategy(connection, campaigns, history, attempt, row, outcome)
    history = replace(
        history,
        arms=arms_in(attempt["arms"]),
        other_number=any(
            each.usable
            for each in number_states(connection, beside, attempt["customer_id"], micros(outcome.ended_at))
        )
        if beside
        else False,
    )
    decision = plan(history)
    if outcome.answered_at is not None and attempt["dialled_at"] is not None:
        count_answered(connection, attempt["caller_id"], attempt["dialled_at"])
    ended_at = _close_row(connection, attempt, outcome, decision)
    order = replace(Orders(connection, campaigns, instant(ended_at)).of_row(row), days=0)
    _plan(
        connection,
        attempt,
        row,
        outcome,
        decision,
        ended_at,
        phones=phones,
        another=history.other_number,
        call_class=order.code,
    )
    connection.execute(SQL["rearm_customer"], {"customer_id": attempt["customer_id"]})
    offset = next_offset(history.campaign.strategy, history.first_dialled_at, history.dials_made)
    if offset is not None and attempt["dialled_at"] is not None:
        plan_beside(connection, attempt, micros(offset))
    _stand(connection, attempt, outcome)
    if outcome.conversation is not None:
        write_result(connection, outcome.attempt_id, outcome.conversation, ended_at)
        _promises(connection, row["account"], attempt, outcome, ended_at)
    _dispute(connection, disputes, row, outcome, ended_at)
    if outcome.conversation is not None:
        request_of_call(connection, row["account"], attempt, outcome.conversation, approvals, ended_at)
    connection.executemany(
        SQL["add_turn"],
        [turn_params(outcome.attempt_id, seq, turn) for seq, turn in enumerate(outcome.turns)],
    )
    for event in events(history):
        add_event(
            connection,
            event.event,
            event.key,
            event.payload,
            ended_at,
            campaign_id=attempt["campaign_id"],
            account=row["account"],
        )
    return decision


def _by_strategy(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    history: AttemptHistory,
    attempt: sqlite3.Row,
    row: sqlite3.Row,
    outcome: CallOutcome,
) -> AttemptHistory:
    """The history as the strategy file of the campaign has it: the dials of this step, and what comes after it."""
    said = None if outcome.conversation is None else looked_over(outcome.conversation)
    promised = () if said is None else tuple(date.fromisoformat(each.date) for each in said.promises)
    follows = what_follows(
        connection,
        history.campaign,
        history.account,
        attempt,
        campaigns.book,
        outcome.ended_at,
        promised,
    )

    def then(at: datetime) -> ContactFacts:
        facts = facts_of(
            connection, row, history.campaign, micros(at), book=campaigns.book, promised=promised
        )
        # This very call is stored as a conversation only now.
        dialled_at = instant_or_none(attempt["dialled_at"])
        contacts = [
            replace(each, conversation=True) if each.at == dialled_at else each for each in facts.contacts
        ]
        return replace(facts, contacts=tuple(contacts))

    return replace(
        history,
        campaign=follows.campaign,
        first_dialled_at=follows.first_dialled_at,
        dials_made=follows.dials_made,
        next_step_at=follows.next_step_at,
        follow_ups=tuple(FollowUp(follow_up(due), then(due.at)) for due in follows.after_promise),
    )


def _promises(
    connection: sqlite3.Connection,
    account: int,
    attempt: sqlite3.Row,
    outcome: CallOutcome,
    ended_at: int,
) -> None:
    """What was promised is kept an eye on from now on. Money that comes while people still talk counts for it: made is a
    promise when the call was answered, and not when its end was written."""
    promises = () if outcome.conversation is None else looked_over(outcome.conversation).promises
    if promises:
        answered_at = attempt["answered_at"] or micros_or_none(outcome.answered_at) or ended_at
        add_promises(
            connection,
            account,
            promises,
            made_in=outcome.attempt_id,
            source="call",
            now=min(answered_at, ended_at),
            attempt_id=outcome.attempt_id,
        )
        settle_account(connection, account, ended_at)


def _dispute(
    connection: sqlite3.Connection, table: DisputeTable, row: sqlite3.Row, outcome: CallOutcome, ended_at: int
) -> None:
    """What was disputed becomes a case, also where the call has no more than its end to say of it."""
    said = None if outcome.conversation is None else looked_over(outcome.conversation)
    claim = None if said is None else said.dispute
    disputed = "disputed" in (outcome.disposition, "" if said is None else said.result)
    if claim is None and not disputed:
        return
    key = BillKey(row["customer_id"], row["account_id"], row["bill_id"])
    claimed = NewDispute(
        key,
        category="other" if claim is None else claim.category,
        source="call",
        made_in=outcome.attempt_id,
        description="" if claim is None else claim.description,
        offered=() if claim is None else claim.evidence,
        answer_days=None if claim is None else claim.answer_days,
        by="call",
    )
    bill = DisputedBill(row["account"], key, row["timezone"])
    open_case(connection, table, bill, claimed, ended_at, outcome.attempt_id)


def _stand(connection: sqlite3.Connection, attempt: sqlite3.Row, outcome: CallOutcome) -> None:
    """What the call leaves standing for every campaign: lists, and flags of the customer or the account."""
    customer, said = attempt["customer_id"], f"on the telephone (attempt {outcome.attempt_id})"
    if outcome.facts.get("do_not_contact") is True:
        for contact in (customer, attempt["phone"]):
            add_list_entry(
                connection, ListKind.DO_NOT_CONTACT, contact, f"asked for it {said}", outcome.ended_at
            )
    for kind in lists_after(outcome.disposition, outcome.conversation):
        add_list_entry(connection, kind, customer, f"said so {said}", outcome.ended_at)
    for found in flags_after(outcome.disposition, outcome.conversation):
        set_flag(
            connection,
            customer,
            found.flag,
            f"said so {said}",
            outcome.ended_at,
            account_id="" if found.whole_customer else attempt["account_id"],
            attempt_id=outcome.attempt_id,
        )


def _close_row(
    connection: sqlite3.Connection, attempt: sqlite3.Row, outcome: CallOutcome, decision: RetryDecision
) -> int:
    """Close the attempt; the instant of its end as stored.

    The wall clock may have been set back during the call, and the network may send figures that no standard knows.
    Neither may keep an attempt open for ever: instants are moved up to the one before them, such figures left out.
    """
    answered_at = micros_or_none(outcome.answered_at)
    if answered_at is None:
        answered_at = attempt["answered_at"]
    if answered_at is not None:
        answered_at = max(answered_at, attempt["dialled_at"])
    ended_at = max(
        instant
        for instant in (micros(outcome.ended_at), answered_at, attempt["dialled_at"], attempt["reserved_at"])
        if instant is not None
    )
    sip_status, cause, talked = outcome.sip_status, outcome.q850_cause, outcome.talk_seconds
    connection.execute(
        SQL["attempt_closed"],
        {
            "attempt_id": outcome.attempt_id,
            "answered_at": answered_at,
            "ended_at": ended_at,
            "sip_status": sip_status if sip_status is not None and 100 <= sip_status <= 699 else None,
            "q850_cause": cause if cause is not None and 0 <= cause <= 127 else None,
            "disposition": outcome.disposition,
            "talk_seconds": talked if math.isfinite(talked) and talked > 0 else 0.0,
            "recording": outcome.recording,
            "transcript": outcome.transcript,
            "facts": document(outcome.facts),
            "next_attempt_at": micros_or_none(decision.due_at),
            "plan_reason": decision.reason,
            **_voice(outcome, answered_at),
        },
    )
    return ended_at


def _voice(outcome: CallOutcome, answered_at: int | None) -> Params:
    """The recording with its notice, who answered, and how long the customer waited for replies."""
    notice = notice_of_recording(outcome.turns) if answered_at is not None else None
    figures = reply_figures(outcome.turns)
    verdict_ms = not_negative(outcome.verdict_s)
    return {
        "recording_started_at": micros_or_none(outcome.recording_started_at),
        "recording_seconds": not_negative(outcome.recording_seconds),
        "recording_customer_s": not_negative(outcome.recording_customer_s),
        "recording_bot_s": not_negative(outcome.recording_bot_s),
        "recording_notice_at": None
        if notice is None or answered_at is None or finite(notice.start_s) is None
        else answered_at + round(notice.start_s * 1_000_000),
        "recording_notice_answer": None
        if notice is None or notice.answer is None
        else plain(notice.answer.text),
        "answer_verdict": outcome.answer_verdict or None,
        "answer_verdict_ms": None if verdict_ms is None else round(verdict_ms * 1000.0, 1),
        "replies": figures.replies if answered_at is not None else None,
        "turn_p50_ms": figures.p50_ms,
        "turn_max_ms": figures.max_ms,
    }


def _plan(
    connection: sqlite3.Connection,
    attempt: sqlite3.Row,
    row: sqlite3.Row,
    outcome: CallOutcome,
    decision: RetryDecision,
    ended_at: int,
    *,
    phones: Sequence[str],
    another: bool,
    call_class: int,
) -> None:
    """Plan what follows. A dead number ends the account unless it has another one, or a list has given it one meanwhile."""
    due_at = micros_or_none(decision.due_at)
    if decision.number_dead:
        connection.execute(
            SQL["add_dead_number"],
            {
                "phone": attempt["phone"],
                "disposition": outcome.disposition,
                "attempt_id": outcome.attempt_id,
                "now": ended_at,
            },
        )
        if attempt["phone"] not in phones and due_at is None:
            due_at = ended_at
    if due_at is not None:
        planned_at = due_at if decision.asked_from is None else min(due_at, micros(decision.asked_from))
        connection.execute(
            SQL["plan_next"],
            {
                "campaign_account": row["campaign_account"],
                "planned_at": planned_at,
                "due_at": due_at,
                "refused_by": Rule.STEP_NOT_DUE.value if planned_at < due_at else None,
                "disposition": outcome.disposition,
                "call_class": call_class,
            },
        )
        return
    connection.execute(
        SQL["plan_done"],
        {
            "campaign_account": row["campaign_account"],
            "disposition": outcome.disposition,
            "reason": decision.reason,
            "closed_phone": attempt["phone"] if decision.number_dead and not another else None,
        },
    )
