"""Alerts in the database: raised once, told, taken on, escalated, closed, and nothing missed when the process dies."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.dialogue.guard import Breach, GuardTally
from ari_app.domain.alerts.alert import AlertState, Level, Severity, Signal
from ari_app.domain.alerts.rules import (
    About,
    AlertBook,
    AlertRule,
    EventSource,
    Measure,
    MeasureSource,
    Source,
    Standing,
    StandingSource,
)
from ari_app.domain.call_result import PromiseToPay
from ari_app.domain.campaign import WebhookSpec
from ari_app.domain.debt.ledger import EntryKind
from ari_app.domain.event_names import EVENTS
from ari_app.errors import NotTold, StoreError
from ari_app.ports import BillKey, Movement
from ari_app.ports.alerts import AlertFilter, AlertRecord, DueNotice, HandRaised
from ari_app.services.alerts.alert_watch import AlertBooks, AlertWatch
from ari_app.services.alerts.letter import body, subject_line
from ari_app.services.alerts.red_lines import RedLineWatch
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.store_rows import NOW, account, allow, campaign, enough, ids, no_events, outcome

pytestmark = pytest.mark.fakes

BILL = BillKey("cust-1", "acc-1", "b1")
CHAIN = (Level(0, ("duty",)), Level(0, ("owner",), ("legal", "compliance")), Level(4, ("head",)))
PEOPLE = {name: (f"{name}@example.com",) for name in ("duty", "owner", "legal", "compliance", "head")}


def rule(name: str, source: Source, **changes: object) -> AlertRule:
    fields: dict[str, object] = {"text": f"rule {name}", "severity": Severity.P2}
    return AlertRule(name, source=source, **{**fields, **changes})  # type: ignore[arg-type]


def book(*rules: AlertRule) -> AlertBook:
    return AlertBook(rules, {"default": CHAIN}, PEOPLE)


BROKEN = rule(
    "broken",
    EventSource(("collection.ptp.broken",)),
    closes_on=("payment.settled", "collection.ptp.kept"),
)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "s.db") as opened:
        spec = WebhookSpec("https://e.invalid/h", tuple(EVENTS))
        await opened.put_campaign(replace(campaign(), webhook=spec))
        await opened.load_accounts("c1", [account()], NOW)
        yield opened


async def break_promise(store: SqliteStore, name: str, now: datetime = NOW) -> None:
    promised = [PromiseToPay(Decimal("100.00"), now.date().isoformat())]
    await store.debts.promise(BILL, promised, made_in=name, source="page", now=now)
    await store.debts.move_clock(now + timedelta(days=2))


async def pay(store: SqliteStore, now: datetime) -> None:
    await store.debts.post(
        Movement(BILL, EntryKind.PAYMENT, Decimal("568.32"), "CNY", now, "bank", "tx-1"), now
    )


async def all_of(store: SqliteStore, now: datetime = NOW) -> list[AlertRecord]:
    return await store.alerts.alerts(AlertFilter(closed=True), now)


async def events(store: SqliteStore, prefix: str = "alert.") -> list[str]:
    return [each.event for each in await store.outbox() if each.event.startswith(prefix)]


async def test_a_broken_promise_raises_one_alert_that_webhooks_are_told_of(store: SqliteStore) -> None:
    await break_promise(store, "p-1")
    assert await store.alerts.read_events(book(BROKEN), NOW) == 2, "that it was made, and that it was broken"
    (alert,) = await all_of(store)
    assert (alert.rule, alert.subject, alert.state) == ("broken", "cust-1/acc-1/b1", AlertState.OPEN)
    assert alert.ack_due == NOW + timedelta(hours=24)
    (told,) = [each for each in await store.outbox() if each.event == "alert.triggered"]
    assert told.payload["alertId"] == alert.alert_id
    assert told.payload["severity"] == "P2"
    assert told.payload["customerId"] == "cust-1"


async def test_the_same_cause_again_is_counted_and_no_second_alert(store: SqliteStore) -> None:
    await break_promise(store, "p-1")
    await break_promise(store, "p-2", NOW + timedelta(days=9))
    await store.alerts.read_events(book(BROKEN), NOW)
    (alert,) = await all_of(store)
    assert alert.count == 2
    assert await events(store) == ["alert.triggered"]


async def test_an_event_told_to_two_campaigns_is_one_cause(store: SqliteStore) -> None:
    await store.put_campaign(replace(campaign("c2"), webhook=None))
    await store.load_accounts("c2", [account()], NOW)
    await break_promise(store, "p-1")
    assert await store.alerts.read_events(book(BROKEN), NOW) == 4
    (alert,) = await all_of(store)
    assert alert.count == 1


async def test_events_are_seen_though_no_webhook_wants_them(tmp_path: Path) -> None:
    async with await SqliteStore.open(tmp_path / "none.db") as store:
        await store.put_campaign(replace(campaign(), webhook=None))
        await store.load_accounts("c1", [account()], NOW)
        await break_promise(store, "p-1")
        await store.alerts.read_events(book(BROKEN), NOW)
        assert len(await all_of(store)) == 1


async def test_it_is_closed_when_its_cause_is_gone(store: SqliteStore) -> None:
    await break_promise(store, "p-1")
    await store.alerts.read_events(book(BROKEN), NOW)
    await pay(store, NOW + timedelta(days=3))
    await store.alerts.read_events(book(BROKEN), NOW + timedelta(days=3))
    (alert,) = await all_of(store)
    assert (alert.state, alert.closed_by) == (AlertState.CLOSED, "ari-app")
    assert await events(store) == ["alert.triggered", "alert.closed"]


async def test_after_it_was_closed_the_next_cause_raises_another(store: SqliteStore) -> None:
    await break_promise(store, "p-1")
    await store.alerts.read_events(book(BROKEN), NOW)
    (first,) = await all_of(store)
    closed = await store.alerts.signal(first.alert_id, Signal.CLOSE, "Li", "talked", book(BROKEN), NOW)
    assert closed.refused == ""
    await break_promise(store, "p-2", NOW + timedelta(days=9))
    await store.alerts.read_events(book(BROKEN), NOW + timedelta(days=12))
    assert [each.state for each in await all_of(store)] == [AlertState.OPEN, AlertState.CLOSED]


async def test_nobody_comes_and_the_chain_is_told_level_by_level(store: SqliteStore) -> None:
    rules = book(BROKEN)
    await break_promise(store, "p-1")
    await store.alerts.read_events(rules, NOW)
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=23)) == 0
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=24)) == 1
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=24)) == 0
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=28)) == 1
    assert await store.alerts.escalate(rules, NOW + timedelta(days=30)) == 0
    (alert,) = await all_of(store, NOW + timedelta(hours=28))
    assert (alert.level, alert.overdue) == (2, True)
    story = await store.alerts.story(alert.alert_id, NOW)
    assert story is not None
    assert [(each.level, each.person, each.copy) for each in story.notices] == [
        (0, "duty", False),
        (1, "owner", False),
        (1, "legal", True),
        (1, "compliance", True),
        (2, "head", False),
    ]
    assert [each.what for each in story.entries] == ["raised", "escalated", "escalated"]
    (first, _) = [each for each in await store.outbox() if each.event == "alert.escalated"]
    assert (first.payload["to"], first.payload["copy"]) == (["owner"], ["legal", "compliance"])


async def test_whoever_takes_it_on_ends_the_chain(store: SqliteStore) -> None:
    rules = book(BROKEN)
    await break_promise(store, "p-1")
    await store.alerts.read_events(rules, NOW)
    (alert,) = await all_of(store)
    taken = await store.alerts.signal(alert.alert_id, Signal.ACKNOWLEDGE, "Li", "on it", rules, NOW)
    assert taken.alert is not None
    assert (taken.alert.state, taken.alert.taken_by) == (AlertState.ACKNOWLEDGED, "Li")
    assert await store.alerts.escalate(rules, NOW + timedelta(days=30)) == 0
    again = await store.alerts.signal(alert.alert_id, Signal.ACKNOWLEDGE, "Wu", "", rules, NOW)
    assert again.refused == "the alert is acknowledged"
    assert (await store.alerts.signal("al-none", Signal.NOTE, "Wu", "", rules, NOW)).refused


async def test_a_case_of_high_risk_is_closed_by_the_record_of_a_human_contact_alone(
    store: SqliteStore,
) -> None:
    rules = book(
        rule(
            "risk",
            StandingSource(Standing.HIGH_RISK),
            severity=Severity.P1,
            about=About.CUSTOMER,
            contact_hours=24.0,
        )
    )
    risky = account(details=replace(account().details, risk_level="H"))
    await store.load_accounts("c1", [risky], NOW)
    assert await store.alerts.sweep(rules, NOW, UTC) == 1
    assert await store.alerts.sweep(rules, NOW, UTC) == 0
    (alert,) = await all_of(store)
    assert (alert.ack_due, alert.contact_due) == (NOW + timedelta(hours=4), NOW + timedelta(hours=24))
    await store.alerts.signal(alert.alert_id, Signal.ACKNOWLEDGE, "Li", "", rules, NOW)
    assert (await store.alerts.signal(alert.alert_id, Signal.CLOSE, "Li", "", rules, NOW)).refused
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=24)) == 1, "nobody has called yet"
    done = await store.alerts.signal(alert.alert_id, Signal.CONTACT, "Li", "called, will pay", rules, NOW)
    assert done.alert is not None
    assert done.alert.state is AlertState.CLOSED
    # He is still of high risk: that a person has dealt with it counts until the cause was gone.
    assert await store.alerts.sweep(rules, NOW + timedelta(days=1), UTC) == 0
    await pay(store, NOW + timedelta(days=2))
    assert await store.alerts.sweep(rules, NOW + timedelta(days=2), UTC) == 0


@pytest.mark.parametrize(
    ("source", "changes"),
    [
        (StandingSource(Standing.HIGH_AMOUNT, amount=500.0), {}),
        (StandingSource(Standing.OVERDUE, days=50), {}),
        (StandingSource(Standing.PRE_SUSPENSION, hours=24.0), {"suspension_on": date(2026, 11, 24)}),
        (StandingSource(Standing.EARLY_WARNING), {"early_warning": True}),
        (StandingSource(Standing.LOW_SCORE, score=60), {"score": 59, "score_model": "own"}),
        (StandingSource(Standing.HIGH_RISK), {"risk_level": "H"}),
    ],
)
async def test_an_account_that_stands_badly_raises_one_and_payment_closes_it(
    store: SqliteStore, source: StandingSource, changes: dict[str, object]
) -> None:
    rules = book(rule("standing", source))
    details = replace(account().details, **changes)  # type: ignore[arg-type]
    other = account(2, amount_due=Decimal("1.60"), due_date=date(2026, 11, 20))
    await store.load_accounts("c1", [account(details=details), other], NOW)
    assert await store.alerts.sweep(rules, NOW, UTC) == 1
    await pay(store, NOW + timedelta(hours=1))
    await store.alerts.sweep(rules, NOW + timedelta(hours=1), UTC)
    (alert,) = await all_of(store)
    assert (alert.subject, alert.state) == ("cust-1/acc-1/b1", AlertState.CLOSED)


async def test_a_fall_of_the_answer_rate_is_measured_against_its_own_past(store: SqliteStore) -> None:
    source = MeasureSource(Measure.ANSWER_RATE, 24.0, 5, drop=0.3, per_campaign=True)
    rules = book(rule("answers", source, about=About.CAMPAIGN))
    later = NOW + timedelta(days=7)
    make, number = ids(), 10
    for start, answered in ((NOW, 8), (later, 1)):
        for place in range(10):
            number += 1
            at = start + timedelta(minutes=place)
            await store.load_accounts("c1", [account(number)], at)
            (attempt,) = await store.claim_due("c1", at, 1, allow, make)
            await store.mark_dialled(attempt.attempt_id, at, allow)
            when = at + timedelta(seconds=9)
            heard = when if place < answered else None
            await store.close_attempt(outcome(attempt, ended_at=when, answered_at=heard), enough, no_events)
    assert await store.alerts.sweep(rules, NOW + timedelta(hours=1), UTC) == 0, "there is no past yet"
    assert await store.alerts.sweep(rules, later + timedelta(hours=1), UTC) == 1
    (alert,) = await all_of(store)
    assert alert.subject == "c1"
    assert alert.text == "rule answers: 10.0% of 10 in 24 h, before 80.0%"
    assert await events(store) == ["alert.triggered"]


async def test_many_failures_of_an_integration_in_an_hour_raise_one(store: SqliteStore) -> None:
    source = MeasureSource(Measure.EVENTS, 1.0, 1, above=1, events=("collection.ptp.*",))
    rules = book(rule("failures", source, about=About.WHOLE))
    for name in ("p-1", "p-2"):
        await break_promise(store, name)
    after = NOW + timedelta(days=2, minutes=30)
    assert await store.alerts.sweep(rules, after, UTC) == 1
    await store.alerts.sweep(rules, after + timedelta(hours=2), UTC)
    (alert,) = await all_of(store)
    assert (alert.text, alert.state) == ("rule failures: 2 in 1 h", AlertState.CLOSED)


async def test_what_was_not_looked_at_when_the_process_died_is_looked_at_then(store: SqliteStore) -> None:
    for name in ("p-1", "p-2", "p-3"):
        await break_promise(store, name, NOW + timedelta(days=9 * int(name[-1])))
    seen = 0
    while step := await store.alerts.read_events(book(BROKEN), NOW, 1):
        seen += step
    # Three promises that were made and broken, and what the alert itself has told meanwhile.
    assert seen == 7
    (alert,) = await all_of(store)
    assert alert.count == 3
    assert await store.alerts.read_events(book(BROKEN), NOW) == 0


async def test_the_record_is_only_ever_added_to(store: SqliteStore, tmp_path: Path) -> None:
    await break_promise(store, "p-1")
    await store.alerts.read_events(book(BROKEN), NOW)
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        for change in ("UPDATE alert_record SET text = ''", "DELETE FROM alert_record"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                connection.execute(change)


async def test_the_database_forbids_a_second_open_alert(store: SqliteStore) -> None:
    await break_promise(store, "p-1")
    await store.alerts.read_events(book(BROKEN), NOW)

    def copy(connection: sqlite3.Connection) -> None:
        connection.execute(
            "INSERT INTO alert (alert_id, rule, subject, severity, text, raised_at, last_at, ack_due) "
            "SELECT 'al-2', rule, subject, severity, text, raised_at, last_at, ack_due FROM alert"
        )

    with pytest.raises(StoreError):
        await store._writer.run(copy)


class Postman:
    """Takes letters, or does not."""

    def __init__(self, *faults: NotTold) -> None:
        self.faults = list(faults)
        self.taken: list[DueNotice] = []

    async def tell(self, notice: DueNotice) -> str:
        if self.faults:
            raise self.faults.pop(0)
        self.taken.append(notice)
        return "250 taken"


def watch(store: SqliteStore, clock: FakeClock, folder: Path, postman: Postman | None) -> AlertWatch:
    path = folder / "alerts.yaml"
    path.write_text(
        "people: {duty: [duty@example.com], owner: [owner@example.com, duty@example.com]}\n"
        "chains: {default: [{to: [duty]}, {to: [owner], copy: [duty]}]}\n"
        "rules:\n  - {rule: broken, text: A promise was broken, severity: P2, event: {name: collection.ptp.broken}}\n"
    )
    return AlertWatch(store.alerts, AlertBooks(path), clock, UTC, postman)


async def test_people_are_told_and_the_receipt_is_kept(store: SqliteStore, tmp_path: Path) -> None:
    clock, postman = FakeClock(NOW + timedelta(days=3)), Postman()
    looks = watch(store, clock, tmp_path, postman)
    await break_promise(store, "p-1")
    await looks.look()
    await looks.look()
    (notice,) = postman.taken
    assert subject_line(notice) == "[P2] A promise was broken"
    assert notice.alert_id in body(notice)
    assert "cust-1" in body(notice)
    story = await store.alerts.story(notice.alert_id, clock.now())
    assert story is not None
    assert [(each.person, each.state, each.receipt) for each in story.notices] == [
        ("duty", "sent", "250 taken")
    ]
    assert [(each.what, each.text) for each in story.entries][-1] == ("told", "duty: 250 taken")
    clock.advance(timedelta(hours=24))
    await looks.look()
    assert [(each.person, each.address, each.copy) for each in postman.taken[1:]] == [
        ("owner", "owner@example.com", False),
        ("owner", "duty@example.com", False),
    ], "nobody gets the same letter twice"
    assert looks.counts[Severity.P2].overdue == 1


async def test_a_mail_server_that_is_down_is_tried_again_and_then_no_more(
    store: SqliteStore, tmp_path: Path
) -> None:
    clock, postman = FakeClock(NOW + timedelta(days=3)), Postman(NotTold("busy"), NotTold("busy"))
    looks = watch(store, clock, tmp_path, postman)
    await break_promise(store, "p-1")
    for wait in (0, 30, 31, 299, 1):
        clock.advance(wait)
        await looks.look()
    (notice,) = postman.taken
    assert notice.tries == 2
    postman.faults = [NotTold("no such mailbox", again=False)]
    clock.advance(timedelta(hours=24))
    await looks.look()
    story = await store.alerts.story(notice.alert_id, clock.now())
    assert story is not None
    assert [each.state for each in story.notices] == ["sent", "failed", "sent"]
    assert "owner: no such mailbox" in [each.text for each in story.entries]


async def test_without_a_mail_server_it_stands_in_the_record_that_nobody_was_told(
    store: SqliteStore, tmp_path: Path
) -> None:
    looks = watch(store, FakeClock(NOW + timedelta(days=3)), tmp_path, None)
    await break_promise(store, "p-1")
    await looks.look()
    (alert,) = await all_of(store)
    story = await store.alerts.story(alert.alert_id, NOW)
    assert story is not None
    assert [each.what for each in story.entries] == ["raised", "not_told"]


async def test_what_no_rule_can_know_is_raised_by_hand(store: SqliteStore) -> None:
    rules = book()
    wish = HandRaised("complains on a public site", Severity.P1, "Li", "cust-1", 24.0)
    first = await store.alerts.raise_by_hand(wish, rules, NOW)
    again = await store.alerts.raise_by_hand(wish, rules, NOW + timedelta(hours=1))
    assert first is not None
    assert again is not None
    assert (again.alert_id, again.count) == (first.alert_id, 2)
    assert (first.ack_due, first.contact_due) == (NOW + timedelta(hours=4), NOW + timedelta(hours=24))
    assert await store.alerts.escalate(rules, NOW + timedelta(hours=4)) == 1
    for _ in range(2):
        assert await store.alerts.raise_by_hand(HandRaised("a leak", Severity.P2, "Li"), rules, NOW)
    assert len(await all_of(store)) == 3
    assert await store.alerts.raise_by_hand(replace(wish, customer_id="nobody"), rules, NOW) is None


async def test_a_sentence_that_the_guard_stops_raises_an_alert_while_calls_go_on(store: SqliteStore) -> None:
    tally = GuardTally()
    looks = RedLineWatch(lambda: tally.by_breach, store.webhooks, FakeClock())
    rules = book(rule("red", EventSource(("compliance.red_line",)), about=About.WHOLE))
    await looks.look()
    assert await events(store, "compliance.") == []
    for _ in range(2):
        tally.note(Breach.LEGAL)
        await looks.look()
        await looks.look()
    await store.alerts.read_events(rules, NOW)
    (alert,) = await all_of(store)
    assert (alert.subject, alert.count) == ("*", 2)
    told = [each.payload for each in await store.outbox() if each.event == "compliance.red_line"]
    assert [(each["redLine"], each["count"]) for each in told] == [("legal", 1), ("legal", 1)]
