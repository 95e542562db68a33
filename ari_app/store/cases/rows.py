"""Rows of cases as values."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from ari_app.domain.cases.case import CaseOutcome, CaseState, HandedTo, share
from ari_app.ports.cases import CaseFigures, CaseRecord, CaseStepRecord
from ari_app.ports.debt import BillKey
from ari_app.store.codec import amount, amount_or_none, instant, instant_or_none, words_of


def case_of(row: sqlite3.Row) -> CaseRecord:
    """The case of a row with the keys of its bill."""
    return CaseRecord(
        case_id=row["case_id"],
        bill=BillKey(row["customer_id"], row["account_id"], row["bill_id"]),
        currency=row["currency"],
        due_date=row["due_date"],
        owed=amount(row["amount_minor"]),
        state=CaseState(row["state"]),
        state_at=instant(row["state_at"]),
        opened_at=instant(row["opened_at"]),
        opened_day=row["opened_day"],
        opened_amount=amount(row["opened_minor"]),
        package=row["package"],
        package_sha256=row["package_sha256"],
        package_at=instant_or_none(row["package_at"]),
        package_day=row["package_day"],
        missing=words_of(row["missing"]),
        handed_to=HandedTo(row["handed_to"]) if row["handed_to"] else None,
        handed_name=row["handed_name"],
        handed_at=instant_or_none(row["handed_at"]),
        handed_by=row["handed_by"],
        reviewed_by=row["reviewed_by"],
        handed_amount=amount_or_none(row["handed_minor"]),
        outcome=CaseOutcome(row["outcome"]) if row["outcome"] else None,
        recovered=amount_or_none(row["recovered_minor"]),
        commission=amount_or_none(row["commission_minor"]),
        closed_at=instant_or_none(row["closed_at"]),
        closed_by=row["closed_by"],
        closed_why=row["closed_why"],
    )


def step_of(row: sqlite3.Row) -> CaseStepRecord:
    """One line of a history."""
    return CaseStepRecord(instant(row["at"]), row["step"], CaseState(row["state"]), row["by"], row["note"])


def figures_of(rows: Sequence[sqlite3.Row]) -> CaseFigures:
    """How cases go, of the sums by state and outcome."""
    states: Counter[CaseState] = Counter()
    outcomes: Counter[CaseOutcome] = Counter()
    sums: Counter[str] = Counter()
    written_off = ended_legacy = 0
    for row in rows:
        states[CaseState(row["state"])] += row["cases"]
        for name in ("handled", "handed", "handed_minor", "recovered_minor", "commission_minor", "legacy"):
            sums[name] += row[name] or 0
        sums["fixed_late"] += row["fixed_late"] or 0
        if row["outcome"]:
            outcomes[CaseOutcome(row["outcome"])] += row["cases"]
            ended_legacy += row["legacy"]
            written_off += row["legacy"] if row["outcome"] == CaseOutcome.WRITTEN_OFF else 0
    handed = sums["handed"]
    return CaseFigures(
        states=dict(states),
        outcomes=dict(outcomes),
        handling=timedelta(microseconds=sums["handled"] // handed) if handed else None,
        recovered_percent=share(amount(sums["handed_minor"]), amount(sums["recovered_minor"]))
        if handed
        else None,
        commission=amount(sums["commission_minor"]),
        legacy=sums["legacy"],
        written_off_percent=Decimal(written_off * 100) / ended_legacy if ended_legacy else None,
        fixed_late=sums["fixed_late"],
    )
