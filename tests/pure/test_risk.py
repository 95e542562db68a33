"""Risk level, type of debt and early warning by rules: what the shipped tables say, and faults of a file."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.account import DEBT_TYPES, AccountDetails
from ari_app.domain.account_assessment import AccountAssessment, assess_account
from ari_app.domain.risk import (
    FLAG_FACTS,
    NUMBER_FACTS,
    RISK_LEVELS,
    WORD_FACTS,
    Condition,
    Facts,
    RiskTable,
    Rule,
    Verdict,
    assess,
    facts_of,
    falls_due_within,
)
from ari_app.domain.score_model import ScoreModel, Weight
from ari_app.errors import InputError
from ari_app.services.risk_file import parse_risk_table, read_risk_table
from tests.support.docs import ROOT
from tests.support.histories import NEXT_DUE, history
from tests.support.talks import an_account

pytestmark = pytest.mark.pure

TABLE = read_risk_table(ROOT / "dialplan" / "risk.yaml")
ACCOUNT = replace(an_account("zh"), due_date=NEXT_DUE, amount_due=Decimal(100), timezone="Asia/Shanghai")
NOON = datetime(2026, 3, 18, 4, 0, tzinfo=UTC)


def at_days_overdue(days: int, details: AccountDetails | None = None, **changes: Any) -> AccountAssessment:
    account = replace(ACCOUNT, details=details or AccountDetails(), **changes)
    return assess_account(account, NOON + timedelta(days=2 + days), TABLE)


@pytest.mark.parametrize(
    ("days", "details", "amount", "level", "rule"),
    [
        (-2, {}, 100, "L", "nothing_against"),
        (1, {"legal_stage": True}, 100, "H", "lawyers"),
        (90, {}, 100, "M", "overdue_a_month"),
        (91, {}, 100, "H", "long_overdue"),
        (30, {}, 100, "L", "nothing_against"),
        (31, {}, 5000, "M", "overdue_a_month"),
        (31, {}, 5001, "H", "large_and_late"),
        (1, {}, 5001, "M", "large_amount"),
        (1, {"broken_promises": 1}, 100, "M", "promise_broken"),
        (1, {"broken_promises": 2}, 100, "H", "promises_broken"),
        (60, {"good_record": True}, 100, "L", "good_record"),
        (61, {"good_record": True}, 100, "M", "overdue_a_month"),
        (1, {"customer_level": "high_risk"}, 100, "M", "known_as_risky"),
        (1, {"score": 29}, 100, "H", "unlikely_to_pay"),
        (1, {"score": 59}, 100, "M", "score_low"),
        (1, {"score": 60}, 100, "L", "nothing_against"),
        (900, {"risk_level": "L"}, 100, "L", "list"),
    ],
)
def test_the_shipped_levels(days: int, details: dict[str, Any], amount: int, level: str, rule: str) -> None:
    found = at_days_overdue(days, AccountDetails(**details), amount_due=Decimal(amount))
    assert (found.risk_level.value, found.risk_level.rule) == (level, rule)


@pytest.mark.parametrize(
    ("late", "days", "level", "rule"),
    [
        ([0] * 11 + [10, 0], 10, "L", "sudden"),
        ([0] * 10, 10, "L", "nothing_against"),
        ([10, 0] * 6, 10, "H", "habitual"),
        ([0, 0, 0, 10, 10], -2, "M", "missed_lately"),
    ],
)
def test_who_owes_only_now_and_who_owes_always_are_told_apart(
    late: list[int], days: int, level: str, rule: str
) -> None:
    now = NOON + timedelta(days=2 + days)
    found = assess_account(ACCOUNT, now, TABLE, ScoreModel("m", 5.0, ()), history(late))
    assert (found.risk_level.value, found.risk_level.rule) == (level, rule)


@pytest.mark.parametrize(
    ("days", "details", "kind", "rule"),
    [
        (10, {}, "non_malicious", "nothing_against"),
        (10, {"debt_cause": "evasion"}, "malicious", "evaded"),
        (10, {"debt_cause": "loophole"}, "malicious", "evaded"),
        (900, {"debt_cause": "forgot"}, "legacy", "years_overdue"),
        (900, {"debt_type": "new_business"}, "new_business", "list"),
    ],
)
def test_the_shipped_types(days: int, details: dict[str, Any], kind: str, rule: str) -> None:
    found = at_days_overdue(days, AccountDetails(**details))
    assert (found.debt_type.value, found.debt_type.rule) == (kind, rule)


def test_signs_of_intent_make_a_debt_malicious_and_the_customer_a_high_risk() -> None:
    known = history([0, 0])
    marked = replace(known.bills[-1], markers=frozenset({"many_numbers", "virtual_number"}))
    found = assess_account(
        ACCOUNT, NOON, TABLE, ScoreModel("m", 5.0, ()), replace(known, bills=(*known.bills[:-1], marked))
    )
    assert (found.debt_type.rule, found.risk_level.rule) == ("signs_of_intent", "signs_of_intent")


@pytest.mark.parametrize(
    ("late", "bias", "rule"),
    [
        ([0, 0, 0], 0.0, "score_low"),
        ([0, 0, 0], 5.0, None),
        ([0, None, 0], 5.0, "earlier_bill_open"),
        ([9, 9, 0], 5.0, "missed_lately"),
    ],
)
def test_the_shipped_warnings(late: list[int | None], bias: float, rule: str | None) -> None:
    found = assess_account(ACCOUNT, NOON, TABLE, ScoreModel("m", bias, ()), history(late))
    assert (found.warning and found.warning.rule) == rule


def test_a_score_comes_with_its_model_and_its_reasons() -> None:
    model = ScoreModel("arrears-1", 0.0, (Weight("last_missed", -1.0, 0.0, 1.0),))
    found = assess_account(ACCOUNT, NOON, TABLE, model, history([0, 9]))
    assert (found.score, found.score_model) == (27, "arrears-1")
    assert found.reasons == ("the last bill was not paid on time (-23)",)
    without = assess_account(ACCOUNT, NOON, TABLE, model, None)
    assert (without.score, without.score_model, without.reasons) == (None, "", ())


def test_the_score_of_the_list_goes_first_for_the_rules() -> None:
    model = ScoreModel("arrears-1", 5.0, ())
    listed = replace(ACCOUNT, details=AccountDetails(score=10))
    assert assess_account(listed, NOON, TABLE, model, history([0, 0])).risk_level.rule == "unlikely_to_pay"


@pytest.mark.parametrize(
    ("now", "due", "hours", "falls"),
    [
        ("2026-03-16T23:59", "2026-03-20", 72, False),
        ("2026-03-17T00:00", "2026-03-20", 72, True),
        ("2026-03-20T23:59", "2026-03-20", 72, True),
        ("2026-03-21T00:00", "2026-03-20", 72, False),
        ("2026-03-18T00:00", "2026-03-20", 47, False),
    ],
)
def test_72_hours_are_counted_where_the_customer_lives(now: str, due: str, hours: float, falls: bool) -> None:
    for zone in ("Asia/Shanghai", "America/New_York"):
        account = replace(ACCOUNT, due_date=date.fromisoformat(due), timezone=zone)
        instant = datetime.fromisoformat(now).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert falls_due_within(account, instant, hours) is falls


def test_no_warning_before_its_time_and_after_the_due_day() -> None:
    for days in (-4, 1):
        assert at_days_overdue(days, AccountDetails(score=5)).warning is None


FACTS = st.fixed_dictionaries(
    {},
    optional={name: st.floats(-2e9, 2e9) for name in NUMBER_FACTS}
    | {name: st.booleans() for name in FLAG_FACTS}
    | {name: st.sampled_from(words) for name, words in WORD_FACTS.items()},
)


@given(FACTS)
def test_every_account_has_a_level_and_a_type_of_a_named_rule(facts: dict[str, float | bool | str]) -> None:
    found = assess(TABLE, ACCOUNT, facts)
    assert found.risk_level.value in RISK_LEVELS
    assert found.debt_type.value in DEBT_TYPES
    assert found.risk_level.rule in {rule.name for rule in TABLE.levels}


@given(FACTS)
def test_the_first_row_that_fits_decides(facts: dict[str, float | bool | str]) -> None:
    found = assess(TABLE, ACCOUNT, facts)
    fitting = [rule for rule in TABLE.levels if rule.fits(facts)]
    assert found.risk_level == Verdict(fitting[0].verdict, fitting[0].name, fitting[0].meaning)


def test_what_nobody_knows_fits_no_condition() -> None:
    unknown: Facts = {}
    for condition in (Condition("score", most=1e9), Condition("legal_stage", flag=False)):
        assert not condition.holds(unknown)
    assert Rule("any", "L").fits(unknown)


def test_the_facts_of_an_account_are_those_that_a_rule_may_ask() -> None:
    details = AccountDetails(debt_cause="forgot", service="water", customer_level="vip", score=3)
    facts = facts_of(replace(ACCOUNT, details=details), NEXT_DUE, history([0, 9]))
    assert facts.keys() <= NUMBER_FACTS.keys() | FLAG_FACTS.keys() | WORD_FACTS.keys()
    assert (facts["days_overdue"], facts["score"], facts["debt_cause"]) == (0, 3, "forgot")


def test_every_fact_is_documented_with_its_words() -> None:
    page = (ROOT / "docs" / "scoring.md").read_text(encoding="utf-8")
    told = {**NUMBER_FACTS, **FLAG_FACTS}
    assert [name for name, words in told.items() if f"| `{name}` | {words} |" not in page] == []
    assert [name for name in WORD_FACTS if f"`{name}`" not in page] == []


LEVELS = "levels:\n- {rule: all, level: L}\n"
TYPES = "debt_types:\n- {rule: all, type: legacy}\n"


def test_a_table_of_ones_own() -> None:
    table = parse_risk_table(
        "levels:\n- {rule: cheap, when: {amount: {most: 50}}, level: L}\n- {rule: rest, level: H}\n" + TYPES
    )
    assert table == RiskTable(
        (Rule("cheap", "L", (Condition("amount", most=50.0),)), Rule("rest", "H")), (Rule("all", "legacy"),)
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TYPES, "risk.yaml:1: the key 'levels' is missing"),
        (LEVELS, "the key 'debt_types' is missing"),
        (LEVELS + TYPES + "x: 1\n", "unknown key 'x'"),
        (TYPES + "levels:\n- {rule: a, level: X}\n", "risk.yaml:4: levels 1: unknown level 'X'"),
        (TYPES + "levels:\n- {rule: a, level: L}\n- {rule: b, level: H}\n", "so no row below it counts"),
        (TYPES + "levels:\n- {rule: a, when: {score: 5}, level: L}\n", "the last row has a condition"),
        (
            TYPES + "levels:\n- {rule: a, when: {score: 5}, level: L}\n- {rule: a, level: L}\n",
            "are called 'a'",
        ),
        (TYPES + "levels:\n- {rule: A b, level: L}\n", "is no name of a rule"),
        (TYPES + "levels:\n- {rule: a, when: {shoe: 5}, level: L}\n", "unknown key 'shoe'"),
        (
            TYPES + "levels:\n- {rule: a, when: {score: {least: 9, most: 3}}, level: L}\n",
            "at least 9 and at most 3",
        ),
        (TYPES + "levels:\n- {rule: a, when: {score: {}}, level: L}\n", "this is empty"),
        (TYPES + "levels:\n- {rule: a, when: {score: {least: low}}, level: L}\n", "does not fit"),
        (TYPES + "levels:\n- {rule: a, when: {legal_stage: 1}, level: L}\n", "true or false"),
        (TYPES + "levels:\n- {rule: a, when: {debt_cause: [bad]}, level: L}\n", "unknown word 'bad'"),
        (LEVELS + TYPES + "warnings:\n- {rule: a}\n", "would warn of every account"),
        (LEVELS + TYPES + "warnings:\n- {rule: a, when: {score: 1}, level: H}\n", "unknown key 'level'"),
        ("levels: 5\n" + TYPES, "not a mapping"),
    ],
)
def test_a_fault_of_the_file_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_risk_table(text)
    assert told in str(refused.value)
