"""What was worked out of one account: score with reasons, risk level and type of debt, early warning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ari_app.domain.account import Account
from ari_app.domain.behaviour import DEFAULT_GRACE_DAYS, History, features
from ari_app.domain.compliance import zone_of
from ari_app.domain.risk import RiskTable, Verdict, assess, facts_of, falls_due_within
from ari_app.domain.score_model import ScoreModel

#: A warning is given so long before the due date (requirement B11).
WARN_HOURS = 72.0


@dataclass(frozen=True, slots=True)
class AccountAssessment:
    """``key`` is customer, account and bill. ``score`` is None without a model or without an earlier bill; ``reasons``
    are its strongest ones in words. ``warning`` names the rule that warns of a bill about to fall due, None: no warning.
    """

    key: tuple[str, str, str]
    risk_level: Verdict
    debt_type: Verdict
    warning: Verdict | None = None
    score: int | None = None
    score_model: str = ""
    reasons: tuple[str, ...] = ()


def assess_account(
    account: Account,
    now: datetime,
    table: RiskTable,
    model: ScoreModel | None = None,
    history: History | None = None,
    warn_hours: float = WARN_HOURS,
) -> AccountAssessment:
    """Work out an account as its list says it. ``now`` is aware; days are counted where the customer lives.

    A score that the list gives is used by the rules where there is no model or no history, and never replaced.
    """
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    grace = model.grace_days if model is not None else DEFAULT_GRACE_DAYS
    found = None
    if model is not None and history is not None:
        found = features(history, float(account.amount_due), today, grace)
    score = None if model is None or found is None else model.score(found)
    used = account.details.score if account.details.score is not None else score
    said = assess(table, account, facts_of(account, today, history, used, grace))
    return AccountAssessment(
        key=account.key,
        risk_level=said.risk_level,
        debt_type=said.debt_type,
        warning=said.warning if falls_due_within(account, now, warn_hours) else None,
        score=score,
        score_model=model.name if model is not None and score is not None else "",
        reasons=tuple(map(str, model.reasons(found))) if model is not None and found is not None else (),
    )
