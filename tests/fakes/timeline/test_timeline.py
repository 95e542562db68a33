"""The timeline: every source once, in order, page by page, masked."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.call_result import ConversationResult, PlanKind, PlanRequest, PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.compliance import Rule
from ari_app.domain.contact_facts import Flag, ListKind
from ari_app.domain.debt.approval import ApprovalLevel, ApprovalTable
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.messages.message import Origin, Purpose
from ari_app.domain.payments.link import LinkStanding
from ari_app.domain.payments.link import Purpose as LinkPurpose
from ari_app.domain.payments.notice import NoticeKind
from ari_app.ports import BillKey, Movement
from ari_app.ports.disputes import NewDispute
from ari_app.ports.messages import Handed, Letter, Receipt, Reply, ReplyAction, ReplyDecision, SendResult
from ari_app.ports.payments import LinkRecord, Notice
from ari_app.ports.timeline import Cursor, Source, TimelineEntry, TimelineQuery
from ari_app.services.timeline import entries, in_words, shown
from ari_app.store.sqlite_store import SqliteStore
from ari_app.store.timeline.timeline import MOST, READERS
from tests.support.store_rows import (
    NOW,
    account,
    allow,
    campaign,
    deny_with,
    ids,
    outcome,
    talked,
    tomorrow,
)

pytestmark = pytest.mark.fakes

TABLE = ApprovalTable((ApprovalLevel("lead", 1, ("supervisor",)),))
BILL = BillKey("cust-1", "acc-1", "b1")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        await opened.put_campaign(
            replace(campaign(), webhook=WebhookSpec("https://e.invalid/h", ("collection.*",)))
        )
        await opened.load_accounts("c1", [account(), account(2)], NOW)
        yield opened


async def timeline(store: SqliteStore, **query: object) -> list[TimelineEntry]:
    asked = TimelineQuery(**{"customer_id": "cust-1", **query})  # type: ignore[arg-type]
    return [entry async for entry in entries(store.timeline, asked)]


async def called(store: SqliteStore) -> None:
    """A call in which three hundred was promised for 30 November."""
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    await store.close_attempt(talked(attempt), tomorrow, lambda history: [])


def words(found: list[TimelineEntry], *sources: Source) -> list[str]:
    return [f"{entry.source} {entry.what}" for entry in found if not sources or entry.source in sources]


def test_every_source_has_one_reader() -> None:
    assert [reader.source for reader in READERS] == list(Source)


async def test_a_case_is_told_in_order_from_the_list_to_the_money(store: SqliteStore) -> None:
    await called(store)
    payment = Movement(
        BILL, EntryKind.PAYMENT, Decimal("300.00"), "CNY", NOW + DAY, "bank", "tx-1", source="file"
    )
    await store.debts.post(payment, NOW + 2 * DAY)
    rest = replace(payment, amount=Decimal("268.32"), reference="tx-2")
    await store.debts.post(rest, NOW + 3 * DAY)
    everything = await timeline(store)
    found = [entry for entry in everything if entry.source is not Source.EVENT]
    assert words(found) == [
        "statement stated",
        "campaign added",
        "contact promise_to_pay",
        "promise promised",
        "ledger payment",
        "move promise kept",
        "ledger payment",
    ]
    assert [entry.at for entry in everything] == sorted(entry.at for entry in everything)
    events = {entry.what: entry for entry in everything if entry.source is Source.EVENT}
    # What a webhook of the campaign wants waits for it; what nobody wants is kept.
    assert events["collection.ptp.kept"].fields["state"] == "pending"
    assert events["payment.settled"].fields["state"] == "kept"
    contact, promise = found[2], found[3]
    assert (contact.account_id, contact.bill_id, contact.fields["result"]) == (
        "acc-1",
        "b1",
        "promise_to_pay",
    )
    assert (promise.fields["amount"], promise.fields["day"]) == (Decimal("300.00"), "2026-11-30")
    assert found[4].fields["occurred_at"] == NOW + DAY
    assert (found[5].fields["was"], found[5].fields["covered"]) == ("open", Decimal("300.00"))


async def test_every_state_of_a_promise_stands_there_though_its_row_has_only_the_last(
    store: SqliteStore,
) -> None:
    await called(store)
    for days in (8, 20):
        await store.debts.move_clock(NOW + days * DAY)
    late = Movement(BILL, EntryKind.PAYMENT, Decimal("300.00"), "CNY", NOW + 2 * DAY, "bank", "tx-1")
    await store.debts.post(late, NOW + 21 * DAY)
    back = replace(late, kind=EntryKind.REVERSAL, reference="cb-1", reverses="tx-1")
    await store.debts.post(back, NOW + 30 * DAY)
    moves = [entry for entry in await timeline(store) if entry.source is Source.MOVE]
    assert [entry.what for entry in moves] == ["promise broken", "promise kept", "promise broken"]
    assert [entry.at for entry in moves] == [NOW + 8 * DAY, NOW + 21 * DAY, NOW + 30 * DAY]


async def test_moves_are_kept_without_any_webhook(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "none.db") as store:
        await store.put_campaign(replace(campaign(), webhook=None))
        await store.load_accounts("c1", [account()], NOW)
        promise = PromiseToPay(Decimal("10.00"), "2026-11-24", "CNY", "", 1.0)
        await store.debts.promise(BILL, [promise], made_in="p-1", source="page", now=NOW)
        await store.debts.withdraw_promises(BILL, "asked by the customer", NOW + HOUR)
        found = await timeline(store)
        assert words(found, Source.PROMISE, Source.MOVE) == ["promise promised", "move promise withdrawn"]


async def test_a_case_event_cannot_be_changed(store: SqliteStore) -> None:
    await called(store)
    await store.debts.withdraw_promises(BILL, "x", NOW + HOUR)
    with (
        closing(sqlite3.connect(store.path)) as db,
        pytest.raises(sqlite3.IntegrityError, match="never changed"),
    ):
        db.execute("UPDATE case_event SET became = 'kept'")


async def test_each_sum_that_a_list_has_stated_is_an_entry(store: SqliteStore) -> None:
    for days, amount in ((1, "500.00"), (2, "500.00"), (3, "450.00")):
        await store.load_accounts("c1", [account(amount_due=Decimal(amount))], NOW + days * DAY)
    stated = [entry for entry in await timeline(store) if entry.source is Source.STATEMENT]
    assert [(entry.at, entry.fields["amount"]) for entry in stated] == [
        (NOW, Decimal("568.32")),
        (NOW + DAY, Decimal("500.00")),
        (NOW + 3 * DAY, Decimal("450.00")),
    ]


async def test_repeated_refusals_are_summed(store: SqliteStore) -> None:
    for minutes in range(6):
        now = NOW + timedelta(minutes=minutes)
        rule = Rule.MINIMUM_GAP if minutes % 2 else Rule.DAILY_CAP
        await store.claim_due("c1", now, 5, deny_with(rule, now), ids())
    refused = [entry for entry in await timeline(store) if entry.source is Source.REFUSAL]
    assert [(entry.what, entry.fields["count"], entry.fields["last_at"]) for entry in refused] == [
        (Rule.DAILY_CAP.value, 3, NOW + timedelta(minutes=4)),
        (Rule.MINIMUM_GAP.value, 3, NOW + timedelta(minutes=5)),
    ]


async def test_flags_lists_plans_and_disputes_have_their_place(store: SqliteStore) -> None:
    (attempt,) = await store.claim_due("c1", NOW, 1, allow, ids())
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    plan = PlanRequest(PlanKind.DEFERRAL, until=date(2026, 12, 20))
    closed = outcome(
        attempt,
        "plan_requested",
        answered_at=NOW + timedelta(seconds=1),
        conversation=ConversationResult("plan_requested", plan=plan),
    )
    await store.close_attempt(closed, tomorrow, lambda history: [])
    await store.set_flag("cust-1", Flag.DISPUTE, "letter", NOW + HOUR, "acc-1")
    await store.clear_flag("cust-1", Flag.DISPUTE, "desk", NOW + 2 * HOUR, "acc-1")
    await store.add_list_entry(ListKind.SPECIAL, "+8613800000001", "desk", NOW + 3 * HOUR, reason="care")
    found = await timeline(store)
    assert words(found, Source.PLAN_REQUEST, Source.FLAG, Source.LIST) == [
        "plan_request deferral",
        "flag dispute set",
        "flag dispute cleared",
        "list special",
    ]


async def test_plans_disputes_messages_and_services_have_their_place(store: SqliteStore) -> None:
    store.plans.use_approvals(lambda: TABLE)
    wish = PlanRequest(PlanKind.DEFERRAL, until=NOW.date() + 10 * DAY)
    asked = await store.plans.request(BILL, wish, source="page", by="", now=NOW)
    assert asked.plan is not None
    await store.plans.approve(asked.plan.plan_id, by="Wang", role="supervisor", now=NOW + HOUR)
    await store.plans.move_clock(NOW + 12 * DAY)
    dispute = NewDispute(BILL, "bill", "api", "req-1", "call me at 13800138000")
    assert await store.disputes.open(dispute, NOW + 13 * DAY) is not None
    found = await timeline(store)
    told = [entry.what for entry in found if entry.source is Source.PLAN]
    assert told[:2] == ["deferral requested", "deferral awaiting_approval"]
    assert set(told[2:-1]) == {"deferral approval", "deferral approved", "deferral active"}
    assert told[-1] in ("deferral breached", "deferral cancelled")
    assert "move instalment late" in words(found, Source.MOVE)
    opened = next(entry for entry in found if entry.source is Source.DISPUTE)
    assert opened.what.startswith("bill: ")
    assert words(found, Source.FLAG) == ["flag dispute set"]


async def test_a_message_stands_where_it_left_and_what_became_of_it_where_that_was_learnt(
    store: SqliteStore,
) -> None:
    await store.messages.open_channels({"sms": "test"}, {}, NOW)
    message_id = await store.messages.plan(
        BILL, "reminder", occasion="o-1", purpose=Purpose.NOTICE, origin=Origin.OPERATOR, now=NOW
    )
    assert message_id is not None
    await store.messages.claim(NOW + HOUR, 5, allow)
    letter = Letter(message_id, "sms", account().phone, "Call 13800000001 please")
    await store.messages.begin(letter, "test", NOW + HOUR, allow)
    await store.messages.handed(message_id, SendResult(Handed.ACCEPTED, "ref-1"), NOW + HOUR)
    await store.messages.receipt(Receipt("test", "ref-1", "delivered", NOW + 2 * HOUR), NOW + 2 * HOUR)
    reply = Reply("test", "in-1", "sms", account().phone, "leave me alone", NOW + 3 * HOUR)
    await store.messages.reply(reply, ReplyDecision(ReplyAction.OPT_OUT, "stop"), NOW + 3 * HOUR)
    found = await timeline(store)
    assert words(found, Source.MESSAGE, Source.REPLY, Source.MOVE) == [
        "message delivered",
        "move message sent",
        "move message delivered",
        "reply wrote: stop",
    ]
    (message,) = [entry for entry in found if entry.source is Source.MESSAGE]
    assert message.at == NOW + HOUR
    assert "13800000001" not in in_words(shown(message), UTC)


async def test_the_page_of_a_bill_and_what_a_provider_told_in_vain_are_shown(store: SqliteStore) -> None:
    standing = LinkStanding(NOW + 9 * DAY, max_uses=5)
    await store.payments.link(BILL, LinkRecord("link-1", BILL, LinkPurpose.PAY, NOW, standing), NOW)
    await store.payments.revoke_links(BILL, "paid otherwise", NOW + HOUR)
    stranger = BillKey("cust-1", "acc-1", "b-unknown")
    notice = Notice("wechat", "ev-1", NoticeKind.PAYMENT, Decimal("5.00"), "CNY", NOW, "tx-1", bill=stranger)
    await store.payments.take(notice, b"", NOW + 2 * HOUR, "callback")
    found = await timeline(store)
    assert words(found, Source.PAGE, Source.NOTICE) == [
        "page link made",
        "page link revoked",
        "notice payment unmatched",
    ]


async def test_one_account_or_bill_is_shown_with_what_concerns_the_whole_customer(store: SqliteStore) -> None:
    await store.load_accounts("c1", [account(bill="b2"), account(account_id="acc-9", bill="b9")], NOW)
    await store.set_flag("cust-1", Flag.REPRESENTED, "letter", NOW + HOUR)
    assert len(words(await timeline(store), Source.STATEMENT)) == 3
    only = await timeline(store, account_id="acc-1", bill_id="b2")
    assert words(only) == ["statement stated", "campaign added", "flag represented set"]
    assert await timeline(store, account_id="acc-none", since=NOW + 2 * HOUR) == []
    assert words(await timeline(store, since=NOW + HOUR)) == ["flag represented set"]


async def test_pages_of_any_size_give_the_same_entries(store: SqliteStore) -> None:
    await called(store)
    # Several things at the same instant, in several sources.
    for number in range(5):
        movement = Movement(BILL, EntryKind.FEE, Decimal("1.00"), "CNY", NOW, "plan", f"fee-{number}")
        await store.debts.post(movement, NOW + HOUR)
    await store.set_flag("cust-1", Flag.DISPUTE, "letter", NOW + HOUR)
    await store.debts.withdraw_promises(BILL, "x", NOW + HOUR)
    whole = await timeline(store)
    query = TimelineQuery("cust-1")
    for limit in range(1, len(whole) + 2):
        after: Cursor | None = None
        found: list[TimelineEntry] = []
        while True:
            page = await store.timeline.page(query, after, limit)
            assert len(page.entries) <= limit
            found += page.entries
            if page.after is None:
                break
            after = page.after
        assert found == whole
    for limit in (0, MOST + 1):
        with pytest.raises(ValueError, match="a page has"):
            await store.timeline.page(query, None, limit)


async def test_numbers_are_masked_and_amounts_keep_their_currency(store: SqliteStore) -> None:
    await called(store)
    await store.add_list_entry(ListKind.BLACK, "+8613800000001", "desk", NOW)
    found = await timeline(store)
    masked = [shown(entry) for entry in found]
    told = " ".join(f"{entry.ref} {entry.what} {in_words(entry, UTC)}" for entry in masked)
    assert "13800000001" not in told
    assert "***01" in told
    assert "amount 300.00 CNY" in told
    full = " ".join(in_words(shown(entry, full=True), UTC) for entry in found)
    assert "+8613800000001" in full


def test_addresses_and_links_are_masked_too() -> None:
    told = "Call 13800000001 or write to wang.xm@example.com: https://pay.example/pay/a.b.c now"
    fields: dict[str, object] = {
        "text": told,
        "contact": "wang.xm@example.com",
        "why": "no mailbox w@example.com",
    }
    entry = TimelineEntry(NOW, Source.MESSAGE, "msg-1", "a", "b", "sent", fields)
    masked = shown(entry).fields
    assert masked["contact"] == "w***@example.com"
    assert masked["text"] == "Call ***01 or write to w***@example.com: (link) now"
    assert masked["why"] == "no mailbox w***@example.com"
    assert shown(replace(entry, fields={"contact": "wxid_1234"})).fields == {"contact": "w***"}
    listed = TimelineEntry(NOW, Source.LIST, "black-1", "", "", "black", {"contact": "cust-1"})
    assert shown(listed).fields == {"contact": "cust-1"}
    assert shown(entry, full=True).fields == fields
    assert shown(entry).ref == "msg-1"


async def test_it_is_read_by_indexes_alone(store: SqliteStore) -> None:
    asked = {
        "customer_id": "c",
        "account_id": None,
        "bill_id": None,
        "from_at": 0,
        "from_ref": "",
        "limit": 9,
    }
    with closing(sqlite3.connect(store.path)) as connection:
        for reader in READERS:
            rows = connection.execute(f"EXPLAIN QUERY PLAN {reader.sql}", asked).fetchall()
            names = [row[3] for row in rows]
            # What is scanned is a result that was found before, never a table.
            scans = [name for name in names if name.startswith("SCAN") and not name.startswith("SCAN (sub")]
            derived = {"SCAN g", "SCAN CONSTANT ROW", "SCAN e"}
            assert [name for name in scans if name not in derived] == [], reader.source


async def test_of_an_unknown_customer_there_is_nothing(store: SqliteStore) -> None:
    assert not await store.timeline.known("cust-none")
    assert await store.timeline.known("cust-1")
    assert await timeline(store, customer_id="cust-none") == []


async def test_a_bill_of_before_the_ledger_was_stated_when_it_came_into_a_campaign(
    store: SqliteStore,
) -> None:
    with closing(sqlite3.connect(store.path)) as connection:
        connection.execute("UPDATE account SET stated_at = 0")
        connection.commit()
    assert (await timeline(store))[0].at == NOW
