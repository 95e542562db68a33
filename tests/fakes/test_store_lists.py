"""Campaigns, accounts and the do-not-contact list in the store."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.campaign import CampaignStatus, CampaignStrategy
from ari_app.domain.compliance import Rule
from ari_app.domain.windows import Window
from ari_app.errors import InputError, StoreError
from ari_app.ports import LoadCount
from ari_app.store import SqliteStore
from tests.support.rules import decide
from tests.support.store_rows import NOW, account, allow, broken_promises, campaign, deny_with, ids

pytestmark = pytest.mark.fakes


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def test_a_campaign_comes_back_as_it_was_put(store: SqliteStore) -> None:
    spec = campaign(
        strategy=CampaignStrategy(
            timezone="Asia/Urumqi",
            windows=(Window(540, 720), Window(840, 1170)),
            max_attempts=5,
            retry_hours=(0, 0.5, 24),
            aging_buckets=("D1-D30",),
            min_amount=Decimal("10.05"),
            closed_weekdays=(),
        )
    )
    assert await store.put_campaign(spec)
    assert await store.campaign("c1") == spec
    assert await store.campaigns() == [spec]
    assert await store.campaign("nobody") is None


async def test_putting_the_same_campaign_again_changes_nothing(store: SqliteStore) -> None:
    assert await store.put_campaign(campaign())
    assert not await store.put_campaign(campaign())
    assert await store.put_campaign(replace(campaign(), name="another"))
    changed = await store.campaign("c1")
    assert changed is not None
    assert changed.name == "another"


async def test_putting_never_starts_a_paused_campaign(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    assert await store.set_campaign_status("c1", CampaignStatus.PAUSED)
    assert not await store.put_campaign(campaign())
    assert await store.put_campaign(replace(campaign(), name="another"))
    found = await store.campaign("c1")
    assert found is not None
    assert found.status is CampaignStatus.PAUSED


async def test_putting_may_pause(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    assert await store.put_campaign(replace(campaign(), status=CampaignStatus.PAUSED))
    found = await store.campaign("c1")
    assert found is not None
    assert found.status is CampaignStatus.PAUSED


async def test_status_says_whether_it_changed(store: SqliteStore) -> None:
    assert not await store.set_campaign_status("c1", CampaignStatus.PAUSED)
    await store.put_campaign(campaign())
    assert not await store.set_campaign_status("c1", CampaignStatus.RUNNING)
    assert await store.set_campaign_status("c1", CampaignStatus.FINISHED)


async def test_a_campaign_edited_by_hand_is_named_and_its_secret_is_not(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE campaign SET strategy = json_set(strategy, '$.max_attempts', 'many')")
        connection.execute("UPDATE campaign SET webhook = json_set(webhook, '$.events', 'x')")
        connection.commit()
    with pytest.raises(
        StoreError, match=r"campaign c1: the stored CampaignStrategy is not valid: max_attempts"
    ) as caught:
        await store.campaigns()
    assert "whsec" not in str(caught.value)


async def test_loading_the_same_list_twice_changes_nothing(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    accounts = [account(number) for number in range(20)]
    assert await store.load_accounts("c1", accounts, NOW) == LoadCount(20, 0, 0)
    before = _dump(store.path)
    assert await store.load_accounts("c1", accounts, NOW + timedelta(days=1)) == LoadCount(0, 0, 20)
    assert _dump(store.path) == before


async def test_a_changed_row_is_an_update_and_a_repeated_one_is_not_added_twice(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    first = account(1)
    assert await store.load_accounts("c1", [first, first], NOW) == LoadCount(1, 0, 1)
    changed = replace(first, amount_due=Decimal("9.99"), preferred_windows=(Window(600, 660),))
    assert await store.load_accounts("c1", [changed, account(2)], NOW) == LoadCount(1, 1, 0)
    assert [found.account for found in await store.customer_accounts("cust-1")] == [changed]


async def test_the_same_account_in_two_campaigns(store: SqliteStore) -> None:
    await store.put_campaign(campaign("c1"))
    await store.put_campaign(campaign("c2"))
    assert await store.load_accounts("c1", [account(1)], NOW) == LoadCount(1, 0, 0)
    assert await store.load_accounts("c2", [account(1)], NOW) == LoadCount(1, 0, 0)
    assert [found.campaign_id for found in await store.customer_accounts("cust-1")] == ["c1", "c2"]


async def test_a_batch_loads_whole_or_not_at_all(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    with pytest.raises(StoreError, match="amount"):
        await store.load_accounts("c1", [account(1), account(2, amount_due=Decimal(10) ** 30)], NOW)
    with pytest.raises(StoreError, match="rule of the database"):
        await store.load_accounts("c1", [account(1), account(2, customer_id="")], NOW)
    with pytest.raises(StoreError, match="surrogates"):
        await store.load_accounts("c1", [account(1), account(2, bill="\ud800")], NOW)
    assert (await store.campaign_count("c1", NOW)).accounts == 0


async def test_a_list_for_an_unknown_campaign_is_refused(store: SqliteStore) -> None:
    with pytest.raises(StoreError, match="campaign c9: there is no such campaign"):
        await store.load_accounts("c9", [account(1)], NOW)


async def test_hostile_text_is_kept_as_text(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    nasty = account(1, name="x'); DROP TABLE account; --\x00\ud800", bill="../../etc/passwd")
    await store.load_accounts("c1", [nasty], NOW)
    found = (await store.customer_accounts("cust-1"))[0].account
    assert found.name.startswith("x'); DROP TABLE account; --\x00\ufffd")
    assert found.bill_id == "../../etc/passwd"


async def test_do_not_contact_is_added_once_and_removed_once(store: SqliteStore) -> None:
    assert await store.add_do_not_contact(" +8613800000001 ", "letter", NOW)
    assert not await store.add_do_not_contact("+8613800000001", "another letter", NOW)
    assert await store.do_not_contact() == {"+8613800000001": "letter"}
    assert await store.remove_do_not_contact("+8613800000001")
    assert not await store.remove_do_not_contact("+8613800000001")
    with pytest.raises(InputError, match="empty"):
        await store.add_do_not_contact("  ", "x", NOW)
    with pytest.raises(InputError, match="lapse"):
        await store.add_do_not_contact("x", "x", NOW, NOW)


async def test_a_later_expiry_replaces_an_earlier_one_only(store: SqliteStore) -> None:
    day = timedelta(days=1)
    assert await store.add_do_not_contact("cust-1", "a", NOW, NOW + 2 * day)
    assert not await store.add_do_not_contact("cust-1", "b", NOW, NOW + day)
    assert await store.add_do_not_contact("cust-1", "c", NOW, NOW + 3 * day)
    assert await store.add_do_not_contact("cust-1", "d", NOW)
    assert not await store.add_do_not_contact("cust-1", "e", NOW, NOW + 9 * day)
    assert await store.do_not_contact() == {"cust-1": "d"}


@pytest.mark.parametrize("contact", ["+8613800000001", "cust-1"])
async def test_do_not_contact_holds_for_phone_and_customer_until_it_is_lifted(
    store: SqliteStore, contact: str
) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1)], NOW)
    await store.add_do_not_contact(contact, "letter", NOW)
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert await store.next_due_at("c1") is None
    plan = (await store.customer_accounts("cust-1"))[0]
    assert (plan.refused_by, plan.due_at) == ("do_not_contact", None)
    assert await store.remove_do_not_contact(contact)
    assert len(await store.claim_due("c1", NOW, 5, decide, ids())) == 1


async def test_an_entry_that_expires_sets_the_next_look_to_its_expiry(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1)], NOW)
    expiry = NOW + timedelta(hours=2)
    await store.add_do_not_contact("cust-1", "letter", NOW, expiry)
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert await store.next_due_at("c1") == expiry
    assert len(await store.claim_due("c1", expiry, 5, decide, ids())) == 1


async def test_a_resumed_campaign_goes_on(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1)], NOW)
    await store.set_campaign_status("c1", CampaignStatus.PAUSED)
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert await store.next_due_at("c1") is None
    await store.set_campaign_status("c1", CampaignStatus.RUNNING)
    assert await store.next_due_at("c1") == NOW
    assert len(await store.claim_due("c1", NOW, 5, decide, ids())) == 1


async def test_a_changed_campaign_or_account_is_asked_about_again(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1, amount_due=Decimal("1.00"))], NOW)
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert (await store.customer_accounts("cust-1"))[0].refused_by == Rule.BELOW_MINIMUM_AMOUNT
    await store.load_accounts("c1", [account(1, amount_due=Decimal("1.20"))], NOW)
    assert await store.next_due_at("c1") == NOW
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert await store.next_due_at("c1") is None
    await store.put_campaign(campaign(strategy=CampaignStrategy()))
    assert len(await store.claim_due("c1", NOW, 5, decide, ids())) == 1


async def test_a_refusal_for_a_time_is_looked_at_then(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1)], NOW)
    later = NOW + timedelta(hours=3)
    assert await store.claim_due("c1", NOW, 5, deny_with(Rule.CALLING_WINDOW, later), ids()) == []
    assert await store.next_due_at("c1") == later
    assert await store.claim_due("c1", later - timedelta(seconds=1), 5, allow, ids()) == []
    assert len(await store.claim_due("c1", later, 5, allow, ids())) == 1


async def test_facts_for_an_explanation_name_the_plan_and_not_the_next_look(store: SqliteStore) -> None:
    await store.put_campaign(campaign())
    await store.load_accounts("c1", [account(1)], NOW)
    await store.claim_due("c1", NOW, 5, deny_with(Rule.CALLING_WINDOW, NOW + timedelta(hours=3)), ids())
    (facts,) = await store.contact_facts("cust-1", NOW)
    assert facts.due_at == NOW
    assert decide(facts, NOW).allowed
    assert await store.contact_facts("nobody", NOW) == []


def _dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
