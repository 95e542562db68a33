"""Lists, flags and what the gate gathers: one transaction with what set them, asked again when somebody changes them."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.call_result import ConversationResult, DisputeClaim
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.errors import InputError
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.rule_watch import RuleWatch
from ari_app.store import SqliteStore
from ari_app.store.gate import FILES_AGAIN
from tests.support.docs import ROOT
from tests.support.rules import decide
from tests.support.store_rows import (
    NOW,
    account,
    broken_promises,
    campaign,
    deny_with,
    enough,
    ids,
    no_events,
    outcome,
    tomorrow,
)

pytestmark = pytest.mark.fakes

HOUR = timedelta(hours=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    """A store with one campaign of two accounts of two customers."""
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        await opened.load_accounts("c1", [account(1), account(2)], NOW)
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def called(store: SqliteStore, disposition: str, conversation: ConversationResult | None = None) -> str:
    """Call customer 1 and end it so; the attempt."""
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids(disposition))
    assert attempt.account.customer_id == "cust-1"
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).allowed
    end = outcome(attempt, disposition, answered_at=NOW + timedelta(seconds=1), conversation=conversation)
    await store.close_attempt(end, tomorrow, no_events)
    return attempt.attempt_id


async def rule_for(store: SqliteStore, customer: str = "cust-1") -> Rule:
    """The rule that decides about the customer's first account, two days later."""
    at = NOW + timedelta(days=2)
    return decide((await store.contact_facts(customer, at))[0], at).rule


@pytest.mark.parametrize(
    ("result", "flag", "whole", "rule"),
    [
        ("disputed", Flag.DISPUTE, False, Rule.DISPUTE_OPEN),
        ("already_paid", Flag.PAID, False, Rule.PAID),
        ("deceased", Flag.DECEASED, True, Rule.DECEASED),
        ("minor", Flag.GUARDIAN, True, Rule.GUARDIAN),
    ],
)
async def test_what_a_call_found_out_stands_in_every_campaign(
    store: SqliteStore, result: str, flag: Flag, whole: bool, rule: Rule
) -> None:
    attempt_id = await called(store, result, ConversationResult(result, verified=True))
    (found,) = await store.flags("cust-1")
    assert (found.flag, found.account_id, found.attempt_id) == (flag, "" if whole else "acc-1", attempt_id)
    assert attempt_id in found.source
    await store.put_campaign(campaign("c2"))
    other = account(1, bill="b2", account_id="acc-9")
    await store.load_accounts("c2", [account(1), other], NOW)
    claimed = await store.claim_due("c2", NOW + timedelta(days=2), 5, decide, ids("other"))
    assert [each.account.account_id for each in claimed] == ([] if whole else ["acc-9"])
    assert await rule_for(store) is rule
    assert await rule_for(store, "cust-2") is Rule.ALLOWED


async def test_a_dispute_counts_also_where_the_call_ended_with_something_else(store: SqliteStore) -> None:
    claim = DisputeClaim("meter", "too much")
    await called(store, "request_human", ConversationResult("request_human", verified=True, dispute=claim))
    assert [each.flag for each in await store.flags("cust-1")] == [Flag.DISPUTE]


async def test_a_complaint_puts_the_customer_on_its_list(store: SqliteStore) -> None:
    await called(store, "complaint", ConversationResult("complaint"))
    (entry,) = await store.list_entries(ListKind.COMPLAINT)
    assert (entry.contact, entry.expires_at) == ("cust-1", None)
    assert await rule_for(store) is Rule.COMPLAINT_LIST


async def test_an_ordinary_call_leaves_nothing_standing(store: SqliteStore) -> None:
    await called(store, "informed", ConversationResult("informed", verified=True))
    assert (await store.flags("cust-1"), await store.list_entries()) == ([], [])


async def test_a_flag_refuses_until_it_is_cleared_and_stays_on_record(store: SqliteStore) -> None:
    assert await store.set_flag("cust-1", Flag.DISPUTE, "letter", NOW, "acc-1")
    assert not await store.set_flag("cust-1", Flag.DISPUTE, "another letter", NOW, "acc-1")
    (claimed,) = await store.claim_due("c1", NOW, 5, decide, ids())
    assert claimed.account.customer_id == "cust-2"
    plan = (await store.customer_accounts("cust-1"))[0]
    assert (plan.refused_by, plan.due_at) == ("dispute_open", None)
    assert not await store.clear_flag("cust-1", Flag.DISPUTE, "answered", NOW)
    assert await store.clear_flag("cust-1", Flag.DISPUTE, "answered", NOW + HOUR, "acc-1")
    assert not await store.clear_flag("cust-1", Flag.DISPUTE, "answered", NOW + HOUR, "acc-1")
    (record,) = await store.flags("cust-1")
    assert (record.source, record.cleared_at, record.cleared_source) == ("letter", NOW + HOUR, "answered")
    assert len(await store.claim_due("c1", NOW + HOUR, 5, decide, ids("again"))) == 1
    assert await store.set_flag("cust-1", Flag.DISPUTE, "a third letter", NOW + HOUR, "acc-1")


async def test_a_flag_that_comes_between_reservation_and_dial_stops_the_dial(store: SqliteStore) -> None:
    first, second = await store.claim_due("c1", NOW, 2, decide, ids())
    await store.set_flag("cust-1", Flag.DECEASED, "letter", NOW)
    await store.add_list_entry(ListKind.BLACK, account(2).phone, "desk", NOW)
    assert (await store.mark_dialled(first.attempt_id, NOW, decide)).rule is Rule.DECEASED
    assert (await store.mark_dialled(second.attempt_id, NOW, decide)).rule is Rule.BLACK_LIST
    for attempt in (first, second):
        await store.close_attempt(outcome(attempt, "forbidden"), enough, no_events)


async def test_consent_is_what_a_pack_may_ask_for(store: SqliteStore) -> None:
    strategy = CampaignStrategy(rule_pack="us-reg-f", timezone="Asia/Shanghai")
    await store.put_campaign(replace(campaign(), strategy=strategy))
    assert await store.claim_due("c1", NOW, 5, decide, ids()) == []
    assert (await store.customer_accounts("cust-1"))[0].refused_by == "consent_missing"
    await store.set_flag("cust-1", Flag.CONSENT, "form", NOW)
    (claimed,) = await store.claim_due("c1", NOW, 5, decide, ids())
    assert (claimed.verdict.rule_pack, claimed.verdict.rule_pack_version) == ("us-reg-f", "2021.1")


async def test_lists_of_different_kinds_keep_apart(store: SqliteStore) -> None:
    assert await store.add_list_entry(ListKind.BLACK, "cust-1", "desk", NOW, NOW + HOUR, "fraud")
    assert await store.add_list_entry(ListKind.SPECIAL, "cust-1", "desk", NOW)
    assert not await store.add_list_entry(ListKind.SPECIAL, "cust-1", "desk", NOW, NOW + HOUR)
    assert [each.kind for each in await store.list_entries()] == [ListKind.BLACK, ListKind.SPECIAL]
    assert await store.do_not_contact() == {}
    (claimed,) = await store.claim_due("c1", NOW, 5, decide, ids())
    assert claimed.account.customer_id == "cust-2"
    assert (await store.customer_accounts("cust-1"))[0].due_at == NOW + HOUR
    assert await store.remove_list_entry(ListKind.BLACK, "cust-1")
    assert not await store.remove_list_entry(ListKind.BLACK, "cust-1")
    assert await store.next_due_at("c1") == NOW
    with pytest.raises(InputError, match="lapse"):
        await store.add_list_entry(ListKind.WHITE, "cust-1", "desk", NOW, NOW)


@pytest.mark.parametrize("rule", [Rule.RULES_UNREADABLE, Rule.UNCONFIRMED_YEAR])
async def test_a_refusal_that_a_file_ends_is_asked_again_soon(store: SqliteStore, rule: Rule) -> None:
    assert await store.claim_due("c1", NOW, 5, deny_with(rule), ids()) == []
    assert await store.next_due_at("c1") == NOW + FILES_AGAIN
    assert len(await store.claim_due("c1", NOW + FILES_AGAIN, 5, decide, ids())) == 2


@pytest.mark.parametrize("rule", [Rule.NO_COMMON_WINDOW, Rule.CONSENT_MISSING, Rule.MAX_ATTEMPTS])
async def test_what_a_pack_refused_for_good_is_asked_again_when_its_file_changes(
    store: SqliteStore, tmp_path: Path, rule: Rule
) -> None:
    for name in ("rules", "calendars"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / name)
    rules = RuleDirectory(tmp_path)
    watch = RuleWatch(rules, store)
    await watch.look()
    assert await store.claim_due("c1", NOW, 5, deny_with(rule), ids()) == []
    await watch.look()  # nothing has changed
    assert await store.next_due_at("c1") is None
    with (tmp_path / "rules" / "cn-telecom.yaml").open("a", encoding="utf-8") as pack:
        pack.write("# looked at\n")
    await watch.look()
    assert len(await store.claim_due("c1", NOW, 5, rules.decide, ids())) == 2


async def test_what_rules_moved_to_later_is_asked_again_when_their_file_changes(
    store: SqliteStore, tmp_path: Path
) -> None:
    for name in ("rules", "calendars"):
        shutil.copytree(ROOT / "dialplan" / name, tmp_path / name)
    rules = RuleDirectory(tmp_path)
    watch = RuleWatch(rules, store)
    await watch.look()
    closed = deny_with(Rule.HARD_FLOOR, NOW + 9 * HOUR)
    assert await store.claim_due("c1", NOW, 5, closed, ids()) == []
    await watch.look()
    assert await store.next_due_at("c1") == NOW + 9 * HOUR, "nothing has changed"
    with (tmp_path / "rules" / "cn-telecom.yaml").open("a", encoding="utf-8") as pack:
        pack.write("# wider hours\n")
    await watch.look()
    assert len(await store.claim_due("c1", NOW, 5, rules.decide, ids())) == 2


async def test_what_was_refused_before_the_start_is_asked_again(store: SqliteStore) -> None:
    assert await store.claim_due("c1", NOW, 1, deny_with(Rule.NO_COMMON_WINDOW), ids()) == []
    await store.set_flag("cust-1", Flag.DECEASED, "letter", NOW)
    await RuleWatch(RuleDirectory(ROOT / "dialplan"), store).look()
    assert await store.claim_due("c1", NOW, 5, deny_with(Rule.DECEASED), ids()) == []
    assert await store.ask_rules_again() == 0


async def test_an_entry_is_in_force_until_it_lapses(store: SqliteStore) -> None:
    await store.add_list_entry(ListKind.BLACK, "cust-1", "desk", NOW, NOW + HOUR)
    await store.add_list_entry(ListKind.BLACK, "cust-2", "desk", NOW)
    found = await store.list_entries(ListKind.BLACK)
    assert [entry.in_force(NOW) for entry in found] == [True, True]
    assert [entry.in_force(NOW + HOUR) for entry in found] == [False, True]


async def test_the_facts_tell_of_contacts_zones_and_reminders(store: SqliteStore) -> None:
    await called(store, "informed", ConversationResult("informed", verified=True))
    due_later = account(1, due_date=(NOW + timedelta(days=1)).date(), timezone="America/New_York")
    await store.load_accounts("c1", [due_later], NOW)
    (facts,) = await store.contact_facts("cust-1", NOW + HOUR)
    (contact,) = facts.contacts
    assert (contact.at, contact.account_id, contact.conversation, contact.reminder) == (
        NOW,
        "acc-1",
        True,
        True,
    )
    assert (facts.zones, facts.contacted_before) == (("Asia/Shanghai",), True)
    await store.load_accounts("c1", [account(1)], NOW)
    (facts,) = await store.contact_facts("cust-1", NOW + HOUR)
    assert (facts.zones, facts.contacts[0].reminder) == ((), False)


@pytest.mark.parametrize(
    ("reason", "answered", "talked"),
    [
        ("interrupted", False, True),  # whether it was answered died with the controller
        ("gone", False, True),
        ("conversation_failed", True, True),
        ("internal_error", True, True),
        ("internal_error", False, False),
        ("stop", False, False),
        (None, False, False),
    ],
)
async def test_a_call_whose_end_nobody_saw_counts_as_a_conversation(
    store: SqliteStore, reason: str | None, answered: bool, talked: bool
) -> None:
    (attempt,) = await store.claim_due("c1", NOW, 1, decide, ids("lost"))
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).allowed
    answered_at = NOW + timedelta(seconds=1) if answered else None
    end = outcome(attempt, "failed", answered_at=answered_at, facts={"reason": reason})
    await store.close_attempt(end, tomorrow, no_events)
    (facts,) = await store.contact_facts("cust-1", NOW + HOUR)
    assert [contact.conversation for contact in facts.contacts] == [talked]


async def test_nobody_who_was_not_talked_to_counts_as_a_conversation(store: SqliteStore) -> None:
    await called(store, "no_input", ConversationResult("no_input"))
    (facts,) = await store.contact_facts("cust-1", NOW + HOUR)
    assert [contact.conversation for contact in facts.contacts] == [False]
