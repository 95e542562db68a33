"""What a score model and the risk rules have said of accounts."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import date, datetime

from ari_app.domain.account_assessment import AccountAssessment
from ari_app.domain.risk import Verdict
from ari_app.ports import AssessmentRecord
from ari_app.store.codec import Params, instant, micros, plain, words, words_of
from ari_app.store.queries import SQL


def record(
    connection: sqlite3.Connection, found: Sequence[AccountAssessment], now: datetime, *, keep_scores: bool
) -> int:
    """See ``Store.record_assessments``."""
    changed = 0
    for each in found:
        customer_id, account_id, bill_id = each.key
        key = {"customer_id": customer_id, "account_id": account_id, "bill_id": bill_id}
        row = connection.execute(SQL["account_row"], key).fetchone()
        if row is None:
            continue
        account = {"account": row["id"]}
        known = connection.execute(SQL["assessment_of"], account).fetchone()
        params = _params(each)
        if keep_scores and known is not None:
            params |= {key: known[key] for key in ("score", "score_model", "reasons")}
        connection.execute(SQL["put_assessment"], account | params | {"at": micros(now)})
        if known is None or dict(known) != params:
            changed += 1
            # A strategy may see the account with other eyes now.
            connection.execute(SQL["rearm_account"], account)
    return changed


def of_customer(connection: sqlite3.Connection, customer_id: str) -> list[AssessmentRecord]:
    """See ``Store.assessments``."""
    rows = connection.execute(SQL["assessments_of_customer"], {"customer_id": customer_id}).fetchall()
    return [
        AssessmentRecord(_assessment_of(row), date.fromisoformat(row["due_date"]), instant(row["at"]))
        for row in rows
    ]


def _params(found: AccountAssessment) -> Params:
    return {
        "score": found.score,
        "score_model": plain(found.score_model),
        "reasons": words(found.reasons),
        "risk_level": found.risk_level.value,
        "risk_rule": found.risk_level.rule,
        "debt_type": found.debt_type.value,
        "debt_type_rule": found.debt_type.rule,
        "warning_rule": found.warning.rule if found.warning is not None else "",
    }


def _assessment_of(row: sqlite3.Row) -> AccountAssessment:
    return AccountAssessment(
        key=(row["customer_id"], row["account_id"], row["bill_id"]),
        risk_level=Verdict(row["risk_level"], row["risk_rule"]),
        debt_type=Verdict(row["debt_type"], row["debt_type_rule"]),
        warning=Verdict("warn", row["warning_rule"]) if row["warning_rule"] else None,
        score=row["score"],
        score_model=row["score_model"],
        reasons=words_of(row["reasons"]),
    )
