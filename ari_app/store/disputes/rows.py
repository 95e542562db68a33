"""Rows of disputes as values."""

from __future__ import annotations

import sqlite3

from ari_app.domain.disputes.case import DisputeState, DisputeVerdict
from ari_app.ports.debt import BillKey
from ari_app.ports.disputes import DisputeRecord, DisputeStepRecord, EvidenceFile
from ari_app.store.codec import amount, amount_or_none, instant, instant_or_none, words_of


def record_of(row: sqlite3.Row) -> DisputeRecord:
    """The dispute of a row with the keys of its bill."""
    return DisputeRecord(
        case_id=row["case_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        currency=row["currency"],
        category=row["category"],
        description=row["description"],
        offered=words_of(row["offered"]),
        source=row["source"],
        made_in=row["made_in"],
        attempt_id=row["attempt_id"],
        state=DisputeState(row["state"]),
        state_at=instant(row["state_at"]),
        team=row["team"],
        escalation_team=row["escalation_team"],
        assignee=row["assignee"],
        answer_days=row["answer_days"],
        opened_at=instant(row["opened_at"]),
        opened_by=row["opened_by"],
        due_at=instant(row["due_at"]),
        escalated_at=instant_or_none(row["escalated_at"]),
        verdict=None if row["verdict"] is None else DisputeVerdict(row["verdict"]),
        corrected=amount_or_none(row["corrected_minor"]),
        credited=amount(row["credit_minor"]),
        reason=row["reason"],
        decided_at=instant_or_none(row["decided_at"]),
        decided_by=row["decided_by"],
        notice_wanted=bool(row["notice_wanted"]),
        notified_at=instant_or_none(row["notified_at"]),
        closed_at=instant_or_none(row["closed_at"]),
        closed_why=row["closed_why"],
    )


def step_of(row: sqlite3.Row) -> DisputeStepRecord:
    """One line of a history."""
    return DisputeStepRecord(
        instant(row["at"]), row["step"], DisputeState(row["state"]), row["by"], row["note"]
    )


def file_of(row: sqlite3.Row) -> EvidenceFile:
    """What is known of a file."""
    return EvidenceFile(
        evidence_id=row["evidence_id"],
        case_id=row["case_id"],
        name=row["name"],
        content_type=row["content_type"],
        size=row["bytes"],
        sha256=row["sha256"],
        path=row["path"],
        source=row["source"],
        added_by=row["added_by"],
        added_at=instant(row["added_at"]),
    )
