"""What was worked out of accounts: kept beside the list's own words, seen by strategies, changed only by a new look."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.account import AccountDetails
from ari_app.domain.account_assessment import AccountAssessment
from ari_app.domain.risk import Verdict
from ari_app.errors import StoreError
from ari_app.store import SqliteStore
from tests.support.store_rows import NOW, account, campaign, ids
from tests.support.verdicts import decide

pytestmark = pytest.mark.fakes

FOUND = AccountAssessment(
    account(1).key,
    Verdict("H", "habitual"),
    Verdict("malicious", "evaded"),
    Verdict("warn", "score_low"),
    17,
    "arrears-1",
    ("the last bill was not paid on time (-20)",),
)
SEEN = AccountDetails(
    risk_level="H", debt_type="malicious", score=17, score_model="arrears-1", early_warning=True
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        await opened.load_accounts("c1", [account(1)], NOW)
        yield opened


async def details(store: SqliteStore) -> AccountDetails:
    return (await store.customer_accounts("cust-1"))[0].account.details


async def test_a_strategy_sees_what_was_found(store: SqliteStore) -> None:
    assert await store.record_assessments([FOUND], NOW) == 1
    assert await details(store) == SEEN
    assert [found.details async for found in store.iter_accounts("c1")] == [SEEN]
    assert [found.details async for found in store.iter_accounts("c1", listed=True)] == [AccountDetails()]
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids())
    assert attempt.account.details == SEEN


async def test_what_the_list_says_goes_first(store: SqliteStore) -> None:
    await store.record_assessments([FOUND], NOW)
    own = AccountDetails(risk_level="L", debt_type="legacy", score=90, score_model="bureau")
    await store.load_accounts("c1", [account(1, details=own)], NOW)
    assert await details(store) == replace(own, early_warning=True)
    # The list says nothing again: what was found is still there.
    await store.load_accounts("c1", [account(1)], NOW)
    assert await details(store) == SEEN


async def test_a_new_look_replaces_the_old_one(store: SqliteStore) -> None:
    await store.record_assessments([FOUND], NOW)
    assert await store.record_assessments([FOUND], NOW + timedelta(hours=1)) == 0
    calm = replace(FOUND, warning=None, score=80, risk_level=Verdict("L", "nothing_against"))
    assert await store.record_assessments([calm], NOW) == 1
    assert await details(store) == replace(SEEN, early_warning=False, score=80, risk_level="L")


async def test_without_a_model_the_score_that_is_known_stays(store: SqliteStore) -> None:
    await store.record_assessments([FOUND], NOW)
    rules_alone = replace(FOUND, score=None, score_model="", reasons=(), risk_level=Verdict("M", "score_low"))
    assert await store.record_assessments([rules_alone], NOW, keep_scores=True) == 1
    assert await details(store) == replace(SEEN, risk_level="M")
    (kept,) = await store.assessments("cust-1")
    assert kept.assessment.reasons == FOUND.reasons
    assert await store.record_assessments([rules_alone], NOW) == 1
    assert await details(store) == replace(SEEN, risk_level="M", score=None, score_model="")


async def test_the_record_tells_rules_and_reasons(store: SqliteStore) -> None:
    await store.record_assessments([FOUND], NOW)
    (found,) = await store.assessments("cust-1")
    assert (found.assessment, found.due_date, found.at) == (FOUND, account(1).due_date, NOW)
    assert await store.assessments("cust-2") == []


async def test_an_account_that_nobody_knows_is_left(store: SqliteStore) -> None:
    assert await store.record_assessments([replace(FOUND, key=("x", "y", "z"))], NOW) == 0
    assert await store.assessments("x") == []


async def test_a_score_without_its_model_is_refused_and_nothing_is_kept(store: SqliteStore) -> None:
    with pytest.raises(StoreError):
        await store.record_assessments([FOUND, replace(FOUND, score_model="")], NOW)
    assert await store.assessments("cust-1") == []


async def test_the_gate_looks_up_an_assessment_by_its_key(store: SqliteStore) -> None:
    """What was found must not make the dialler read whole tables."""
    with closing(sqlite3.connect(store.path)) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT * FROM standing WHERE campaign_id = 'c1' AND state = 'waiting' AND due_at <= 1"
            " ORDER BY due_at LIMIT 1"
        ).fetchall()
    steps = [row[3] for row in plan]
    assert any("USING INTEGER PRIMARY KEY" in step and step.startswith("SEARCH s") for step in steps), steps
    assert not [step for step in steps if step.startswith("SCAN") and "CONSTANT" not in step], steps
