"""Risk level, type of debt and early warning by rules: tables of conditions, the first row that fits decides (B6 to B16).

The tables are data (``dialplan/risk.yaml``); each verdict names the rule that gave it. A fact that is not known fits no
condition, so that nobody is judged by what nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from ari_app.domain.account import DEBT_CAUSES, SERVICES, Account
from ari_app.domain.behaviour import DEFAULT_GRACE_DAYS, History, behaviour_facts
from ari_app.domain.compliance import zone_of

RISK_LEVELS: Final = ("L", "M", "H")

#: Facts that are numbers, with what they mean. Those from ``months_known`` on need a history of payments.
NUMBER_FACTS: Mapping[str, str] = {
    "days_overdue": "days since the due date, where the customer lives; less than 0 before it",
    "amount": "the amount due",
    "score": "the score, 0 to 100; 100 pays surely",
    "broken_promises": "promises not kept: of the list, or of the last 12 bills where that is more",
    "months_known": "bills known before this one",
    "missed_3": "how many of the last 3 bills were not paid on time",
    "missed_12": "how many of the last 12 bills were not paid on time",
    "open_bills": "earlier bills that are still unpaid",
    "times_usual": "this bill divided by the usual one",
    "disputes": "disputes about the last 6 bills",
    "failed_debits": "direct debits that failed among the last 3 bills",
    "answered_share": "share of calls answered around the last 6 bills, 0 to 1",
    "markers": "how many different signs of a debt that was meant not to be paid",
}
FLAG_FACTS: Mapping[str, str] = {
    "good_record": "pays on time as a rule, says the list",
    "legal_stage": "the case has been given to lawyers",
    "suspended": "service is suspended",
}
WORD_FACTS: Mapping[str, tuple[str, ...]] = {
    "customer_level": ("vip", "ordinary", "high_risk"),
    "debt_cause": DEBT_CAUSES,
    "service": SERVICES,
}

Facts = Mapping[str, float | bool | str]


@dataclass(frozen=True, slots=True)
class Condition:
    """What one fact must be: a number within bounds (inclusive, None: open), a flag, or one of some words."""

    fact: str
    least: float | None = None
    most: float | None = None
    flag: bool | None = None
    words: frozenset[str] = frozenset()

    def holds(self, facts: Facts) -> bool:
        """Whether the facts fit; an unknown fact does not."""
        found = facts.get(self.fact)
        match found:
            case None:
                return False
            case bool():
                return found is self.flag
            case str():
                return found in self.words
            case _:
                return (self.least is None or found >= self.least) and (
                    self.most is None or found <= self.most
                )


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table: when all conditions hold, ``verdict`` it is."""

    name: str
    verdict: str
    conditions: tuple[Condition, ...] = ()
    meaning: str = ""

    def fits(self, facts: Facts) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say, and which one: ``rule`` is its name, or ``list`` where the list of accounts had said so."""

    value: str
    rule: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class RiskTable:
    """The three tables. The last row of ``levels`` and ``debt_types`` has no condition: every account has a verdict."""

    levels: tuple[Rule, ...]
    debt_types: tuple[Rule, ...]
    warnings: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What the tables say of an account; ``warning`` is None where no rule warns of it."""

    risk_level: Verdict
    debt_type: Verdict
    warning: Verdict | None


def assess(table: RiskTable, account: Account, facts: Facts) -> Assessment:
    """Level, type and warning of an account. What its list says of level and type holds before every rule."""
    details = account.details
    return Assessment(
        risk_level=_said(details.risk_level) or _first(table.levels, facts) or Verdict("", ""),
        debt_type=_said(details.debt_type) or _first(table.debt_types, facts) or Verdict("", ""),
        warning=_first(table.warnings, facts),
    )


def _said(word: str) -> Verdict | None:
    return Verdict(word, "list", "the list says so") if word else None


def _first(rules: tuple[Rule, ...], facts: Facts) -> Verdict | None:
    rule = next((rule for rule in rules if rule.fits(facts)), None)
    return None if rule is None else Verdict(rule.verdict, rule.name, rule.meaning)


def facts_of(
    account: Account,
    today: date,
    history: History | None = None,
    score: int | None = None,
    grace_days: int = DEFAULT_GRACE_DAYS,
) -> dict[str, float | bool | str]:
    """What is known of an account on a day (local to the customer), for the rules; unknown facts are left out."""
    details = account.details
    facts: dict[str, float | bool | str] = {
        "days_overdue": float((today - account.due_date).days),
        "amount": float(account.amount_due),
        "broken_promises": float(details.broken_promises),
        "good_record": details.good_record,
        "legal_stage": details.legal_stage,
        "suspended": details.service_state == "suspended",
    }
    words = (
        ("customer_level", details.customer_level),
        ("debt_cause", details.debt_cause),
        ("service", details.service),
    )
    facts |= {name: word for name, word in words if word}
    known = score if score is not None else details.score
    if known is not None:
        facts["score"] = float(known)
    if history is not None:
        facts |= behaviour_facts(history, float(account.amount_due), today, grace_days)
        facts["broken_promises"] = max(float(details.broken_promises), float(facts["broken_promises"]))
    return facts


def falls_due_within(account: Account, now: datetime, hours: float) -> bool:
    """Whether the bill's due day is today or begins within so many hours, where the customer lives. ``now`` is aware."""
    zone = zone_of(account.timezone)
    if zone is None:
        return False
    local = now.astimezone(zone)
    begins = datetime.combine(account.due_date, datetime.min.time(), zone)
    return account.due_date >= local.date() and begins - local <= timedelta(hours=hours)
