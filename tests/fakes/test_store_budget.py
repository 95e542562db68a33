"""One budget for each customer: his accounts in a campaign share attempts and offsets, the oldest bill goes first."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from ari_app.domain.account import Account
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.floor import TABLE
from tests.support.store_rows import NOW, account, broken_promises, campaign, ids, outcome
from tests.support.verdicts import decide

pytestmark = pytest.mark.fakes

NEWER = account(1, "b1", account_id="acc-1", due_date=date(2026, 11, 1))
OLDER = account(1, "b2", account_id="acc-2", due_date=date(2026, 9, 1))
DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budget.db"


async def dial(
    store: SqliteStore,
    folder: Path,
    after: timedelta,
    disposition: str = "no_answer",
    campaign_id: str = "c1",
) -> str | None:
    """One attempt, as the rules let it; the account that it was about."""
    at = NOW + after
    found = await store.claim_due(
        campaign_id, at, 5, decide, ids(f"{campaign_id}-{after.total_seconds():.0f}")
    )
    assert len(found) <= 1
    if not found:
        return None
    (attempt,) = found
    assert (await store.mark_dialled(attempt.attempt_id, at, decide)).allowed
    ended = outcome(attempt, disposition, ended_at=at + timedelta(seconds=30))
    await WrapUp(store, FakeClock(), TABLE, None, folder).write(ended, TABLE.kind(disposition))
    return attempt.account.account_id


async def with_accounts(store: SqliteStore, *accounts: Account) -> None:
    await store.put_campaign(campaign())
    for each in accounts:  # the newer bill was loaded first
        await store.load_accounts("c1", [each], NOW)


async def test_the_oldest_bill_goes_first_and_all_share_the_attempts(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await with_accounts(store, NEWER, OLDER)
        about = [await dial(store, tmp_path, DAY * day) for day in (0, 1, 3, 7, 14)]
        assert about == ["acc-2", "acc-2", "acc-2", None, None], "three in all, not three for each"
        newer, older = await store.contact_facts("cust-1", NOW + 7 * DAY)
        assert (newer.attempts_made, older.attempts_made) == (3, 3)
        assert decide(newer, NOW + 7 * DAY).rule is Rule.MAX_ATTEMPTS
    assert broken_promises(path) == []


async def test_the_other_bill_waits_for_the_next_offset_too(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await with_accounts(store, NEWER, OLDER)
        assert await dial(store, tmp_path, timedelta(0), "disputed") == "acc-2"
        assert await dial(store, tmp_path, timedelta(hours=5)) is None, "within the caps, but not by the plan"
        assert await dial(store, tmp_path, DAY) == "acc-1"
        newer, _ = await store.customer_accounts("cust-1")
        assert newer.planned_at == NOW + 3 * DAY


async def test_where_the_oldest_may_not_be_spoken_of_the_next_one_is(path: Path, tmp_path: Path) -> None:
    async with await SqliteStore.open(path) as store:
        await with_accounts(store, NEWER, OLDER)
        await store.set_flag("cust-1", Flag.DISPUTE, "a letter", NOW, "acc-2")
        assert await dial(store, tmp_path, timedelta(0)) == "acc-1"


async def test_another_customers_and_another_campaigns_budget_is_untouched(
    path: Path, tmp_path: Path
) -> None:
    async with await SqliteStore.open(path) as store:
        await with_accounts(store, OLDER)
        await store.put_campaign(campaign("c2"))
        await store.load_accounts("c2", [NEWER], NOW)
        assert await dial(store, tmp_path, timedelta(0)) == "acc-2"
        assert await dial(store, tmp_path, timedelta(minutes=1), campaign_id="c2") is None, "the gap is his"
        (_, beside) = await store.customer_accounts("cust-1")
        assert beside.due_at is not None
        assert beside.due_at > NOW + timedelta(minutes=1), "placed behind the gap by the same rules"
        assert await dial(store, tmp_path, timedelta(hours=4), campaign_id="c2") == "acc-1"
        facts = {each.campaign.campaign_id: each for each in await store.contact_facts("cust-1", NOW + DAY)}
        assert (facts["c1"].attempts_made, facts["c2"].attempts_made) == (1, 1)
        assert len(facts["c1"].contacts) == 2


async def test_a_page_of_one_customers_accounts_opens_one_attempt(path: Path) -> None:
    many = [account(1, f"b{n}", account_id=f"acc-{n}", due_date=date(2026, 9, 30 - n)) for n in range(20)]
    async with await SqliteStore.open(path) as store:
        await with_accounts(store, *many)
        (attempt,) = await store.claim_due("c1", NOW, 5, decide, ids())
        assert attempt.account.account_id == "acc-19"
        assert await store.claim_due("c1", NOW, 5, decide, ids("again")) == []
    assert broken_promises(path) == []
