"""Rows for tests of the store, and the promises that hold for every database file at every moment."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from ari_app.domain.account import Account
from ari_app.domain.attempt import CallOutcome, ReservedAttempt, Turn
from ari_app.domain.call_result import ConversationResult, PromiseToPay
from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec, WebhookSpec
from ari_app.domain.compliance import ContactFacts, DialVerdict, Rule
from ari_app.domain.retry import RetryDecision
from ari_app.ports import AttemptHistory, OutboxEvent
from tests.support.clock import MONDAY_MORNING

NOW = MONDAY_MORNING


def campaign(campaign_id: str = "c1", strategy: CampaignStrategy | None = None) -> Campaign:
    """A running campaign with two caller IDs and a webhook."""
    return Campaign(
        campaign_id=campaign_id,
        name="Reminders 提醒",
        strategy=strategy or CampaignStrategy(min_amount=Decimal("1.50")),
        dialler=DiallerSpec(caller_id_pool=("+861088880001", "+861088880002")),
        webhook=WebhookSpec("https://example.invalid/hook", ("call.completed",), "whsec_x"),
    )


def account(number: int = 1, bill: str = "b1", **changes: object) -> Account:
    """The account of customer ``cust-NUMBER``."""
    fields: dict[str, object] = {
        "customer_id": f"cust-{number}",
        "account_id": f"acc-{number}",
        "bill_id": bill,
        "name": "王小明",
        "phone": f"+86138{number:08d}",
        "amount_due": Decimal("568.32"),
        "due_date": date(2026, 10, 1),
        "aging_bucket": "D31-D60",
    }
    return Account(**{**fields, **changes})  # type: ignore[arg-type]


def ids(prefix: str = "att") -> Callable[[], str]:
    """A source of attempt ids."""
    numbers: Iterator[int] = count(1)
    return lambda: f"{prefix}-{next(numbers)}"


def allow(facts: ContactFacts, now: datetime) -> DialVerdict:
    """A gate that lets everything through; the database still forbids what it must."""
    return DialVerdict(True, Rule.ALLOWED, "a test says so", None, now)


def deny_with(rule: Rule, until: datetime | None = None) -> Callable[[ContactFacts, datetime], DialVerdict]:
    """A gate that refuses everything."""
    return lambda facts, now: DialVerdict(False, rule, "a test says so", until, now)


def outcome(attempt: ReservedAttempt | str, disposition: str = "busy", **changes: object) -> CallOutcome:
    """The end of an attempt, three seconds after NOW."""
    attempt_id = attempt if isinstance(attempt, str) else attempt.attempt_id
    fields: dict[str, object] = {"ended_at": NOW + timedelta(seconds=3), "sip_status": 486, "q850_cause": 17}
    return CallOutcome(attempt_id, disposition, **{**fields, **changes})  # type: ignore[arg-type]


def talked(attempt: ReservedAttempt) -> CallOutcome:
    """An answered call with a promise and two turns."""
    return outcome(
        attempt,
        "promise_to_pay",
        sip_status=200,
        q850_cause=16,
        answered_at=NOW + timedelta(seconds=1),
        talk_seconds=2.0,
        recording="recordings/x.wav",
        transcript="transcripts/x.json",
        conversation=ConversationResult(
            "promise_to_pay",
            verified=True,
            promises=(PromiseToPay(Decimal("300.00"), "2026-11-30", "CNY", "alipay", 0.9),),
        ),
        turns=(
            Turn("bot", "prompt", "您好", 0.0, 1.0),
            Turn("customer", "speech", "下周一付三百", 1.2, 2.0, 0.8, "espeak"),
        ),
    )


def tomorrow(history: AttemptHistory) -> RetryDecision:
    """A plan: again in a day."""
    return RetryDecision(NOW + timedelta(days=1), "again tomorrow")


def enough(history: AttemptHistory) -> RetryDecision:
    """A plan: nothing more."""
    return RetryDecision(None, "nothing more is needed")


def dead(history: AttemptHistory) -> RetryDecision:
    """A plan: the number is dead."""
    return RetryDecision(None, "this number is never dialled again", number_dead=True)


def no_events(history: AttemptHistory) -> list[OutboxEvent]:
    return []


def completed(attempt_id: str) -> Callable[[AttemptHistory], list[OutboxEvent]]:
    """One event for the webhook."""
    return lambda history: [OutboxEvent("call.completed", f"k+{attempt_id}", {"attemptId": attempt_id})]


#: Each query gives the rows that break a promise.
PROMISES: dict[str, str] = {
    "one open attempt per customer": (
        "SELECT customer_id FROM attempt WHERE ended_at IS NULL GROUP BY customer_id HAVING COUNT(*) > 1"
    ),
    "closed if and only if it has a disposition": (
        "SELECT attempt_id FROM attempt WHERE (ended_at IS NULL) <> (disposition IS NULL)"
    ),
    "an account is open if and only if an attempt of it is": (
        "SELECT ca.id FROM campaign_account AS ca WHERE (ca.state = 'open') <> "
        "EXISTS (SELECT 1 FROM attempt AS t WHERE t.campaign_account = ca.id AND t.ended_at IS NULL)"
    ),
    "dials_made counts the recorded dials": (
        "SELECT ca.id FROM campaign_account AS ca WHERE ca.dials_made <> (SELECT COUNT(*) FROM attempt AS t "
        "WHERE t.campaign_account = ca.id AND t.dialled_at IS NOT NULL)"
    ),
    "the first dial is the first dial": (
        "SELECT ca.id FROM campaign_account AS ca WHERE ca.first_dialled_at IS NOT (SELECT MIN(t.dialled_at) "
        "FROM attempt AS t WHERE t.campaign_account = ca.id)"
    ),
    "every reserved attempt was allowed when it was planned": (
        "SELECT attempt_id FROM attempt AS t WHERE (SELECT COUNT(*) FROM verdict AS v "
        "WHERE v.attempt_id = t.attempt_id AND v.asked = 'plan' AND v.allowed = 1) <> 1"
    ),
    "every dial was allowed at that moment": (
        "SELECT attempt_id FROM attempt AS t WHERE (t.dialled_at IS NOT NULL) <> EXISTS (SELECT 1 FROM verdict AS v "
        "WHERE v.attempt_id = t.attempt_id AND v.asked = 'dial' AND v.allowed = 1)"
    ),
    "a promise, a turn and a dead number belong to a closed attempt": (
        "SELECT t.attempt_id FROM attempt AS t WHERE t.ended_at IS NULL AND ("
        "EXISTS (SELECT 1 FROM promise AS p WHERE p.attempt_id = t.attempt_id) OR "
        "EXISTS (SELECT 1 FROM turn AS u WHERE u.attempt_id = t.attempt_id) OR "
        "EXISTS (SELECT 1 FROM dead_number AS d WHERE d.attempt_id = t.attempt_id))"
    ),
}


def broken_promises(path: Path) -> list[str]:
    """One line for each promise that a database file breaks; an empty list when all is well."""
    with closing(sqlite3.connect(path)) as connection:
        faults = [
            f"integrity: {row[0]}" for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"
        ]
        faults += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
        for promise, query in PROMISES.items():
            rows = connection.execute(query).fetchall()
            faults += [f"{promise}: {row}" for row in rows]
    return faults
