"""Any order of loads, pauses, lists, claims, dials, ends and restarts: every promise holds, and nobody is forgotten."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.campaign import CampaignStatus, CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.retry import RetryDecision, plan_retry
from ari_app.ports import AttemptHistory
from ari_app.store import SqliteStore
from tests.support.examples import examples
from tests.support.rules import MAX_DIALS_A_DAY, decide
from tests.support.store_rows import NOW, account, broken_promises, campaign, ids, no_events, outcome

pytestmark = pytest.mark.fakes

CAMPAIGNS = ("c1", "c2")
CUSTOMERS = range(4)

Step = tuple[object, ...]

campaigns = st.sampled_from(CAMPAIGNS)
steps = st.one_of(
    st.tuples(
        st.just("load"),
        campaigns,
        st.sampled_from(CUSTOMERS),
        st.sampled_from(["b1", "b2"]),
        st.sampled_from(["+8613800000007", "+8613800000008"]),
        st.sampled_from(["Asia/Shanghai", "America/New_York", "Mars/Olympus"]),
        st.sampled_from(["0.50", "9.00"]),
    ),
    st.tuples(st.just("status"), campaigns, st.sampled_from(CampaignStatus)),
    st.tuples(st.just("strategy"), campaigns, st.integers(1, 3), st.sampled_from([(), (0, 2), (5, 6)])),
    st.tuples(st.just("list"), st.sampled_from(["cust-0", "cust-1", "+8613800000007"]), st.none() | st.integers(1, 30)),
    st.tuples(st.just("unlist"), st.sampled_from(["cust-0", "cust-1", "+8613800000007"])),
    st.tuples(st.just("wait"), st.integers(1, 30)),
    st.tuples(st.just("claim"), campaigns, st.integers(1, 4)),
    st.tuples(st.just("dial")),
    st.tuples(st.just("close"), st.sampled_from(RetryRule), st.booleans()),
    st.tuples(st.just("restart")),
)  # fmt: skip


class History:
    """Carries out steps; ``reserved`` and ``dialled`` are what a controller would hold in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = NOW
        self.new_id = ids()
        self.reserved: list[ReservedAttempt] = []
        self.dialled: list[ReservedAttempt] = []
        self.store: SqliteStore

    async def carry_out(self, steps_to_do: Sequence[Step]) -> None:
        self.store = await SqliteStore.open(self.path, controller=True)
        try:
            for name in CAMPAIGNS:
                await self.store.put_campaign(campaign(name))
            for number in CUSTOMERS:
                await self.store.load_accounts("c1", [account(number)], self.now)
            for step in steps_to_do:
                await getattr(self, f"do_{step[0]}")(*step[1:])
                await self._check_nobody_is_forgotten()
            await self._check_daily_cap()
        finally:
            await self.store.close()

    async def do_load(self, name: str, number: int, bill: str, phone: str, zone: str, amount: str) -> None:
        row = account(number, bill, phone=phone, timezone=zone, amount_due=Decimal(amount))
        await self.store.load_accounts(name, [row], self.now)

    async def do_status(self, name: str, status: CampaignStatus) -> None:
        await self.store.set_campaign_status(name, status)

    async def do_strategy(self, name: str, attempts: int, closed: tuple[int, ...]) -> None:
        strategy = CampaignStrategy(max_attempts=attempts, closed_weekdays=closed, retry_hours=(0, 1, 5))
        await self.store.put_campaign(replace(campaign(name), strategy=strategy))

    async def do_list(self, contact: str, hours: int | None) -> None:
        expires = None if hours is None else self.now + timedelta(hours=hours)
        await self.store.add_do_not_contact(contact, "letter", self.now, expires)

    async def do_unlist(self, contact: str) -> None:
        await self.store.remove_do_not_contact(contact)

    async def do_wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    async def do_claim(self, name: str, limit: int) -> None:
        self.reserved += await self.store.claim_due(name, self.now, limit, decide, self.new_id)

    async def do_dial(self) -> None:
        if self.reserved:
            attempt = self.reserved.pop()
            verdict = await self.store.mark_dialled(attempt.attempt_id, self.now, decide)
            if verdict.allowed:
                self.dialled.append(attempt)
            else:
                await self._close(attempt, RetryRule.AGAIN, asked_for_it=False)

    async def do_close(self, rule: RetryRule, asked_for_it: bool) -> None:
        if self.dialled:
            await self._close(self.dialled.pop(0), rule, asked_for_it)

    async def do_restart(self) -> None:
        """As after a crash: what was under way is closed by what the store says about it."""
        await self.store.close()
        self.store = await SqliteStore.open(self.path, controller=True)
        for attempt in await self.store.open_attempts():
            rule = RetryRule.AGAIN if attempt.dialled_at is None else RetryRule.PLAN
            await self._close_id(attempt.attempt_id, rule, asked_for_it=False)
        self.reserved.clear()
        self.dialled.clear()

    async def _close(self, attempt: ReservedAttempt, rule: RetryRule, asked_for_it: bool) -> None:
        await self._close_id(attempt.attempt_id, rule, asked_for_it)

    async def _close_id(self, attempt_id: str, rule: RetryRule, asked_for_it: bool) -> None:
        def plan(history: AttemptHistory) -> RetryDecision:
            return plan_retry(
                history.campaign.strategy,
                DispositionKind("some_end", rule),
                first_dialled_at=history.first_dialled_at,
                dials_made=history.dials_made,
                ended_at=self.now,
            )

        end = outcome(attempt_id, "some_end", ended_at=self.now, facts={"do_not_contact": asked_for_it})
        assert await self.store.close_attempt(end, plan, no_events) is not None

    async def _check_nobody_is_forgotten(self) -> None:
        """Whoever may be called now is due now; who is never looked at again is refused for good."""
        for number in CUSTOMERS:
            plans = await self.store.customer_accounts(f"cust-{number}")
            for plan, facts in zip(
                plans, await self.store.contact_facts(f"cust-{number}", self.now), strict=True
            ):
                if plan.state != "waiting":
                    continue
                verdict = decide(facts, self.now)
                if plan.due_at is None:
                    assert not verdict.allowed, plan
                    assert verdict.until is None, (plan, verdict)
                elif plan.due_at > self.now:
                    assert not verdict.allowed, (plan, verdict)

    async def _check_daily_cap(self) -> None:
        days: dict[tuple[str, object], int] = {}
        for record in await self.store.attempts():
            if record.dialled_at is not None:
                day = _local_day(record.dialled_at, record.timezone)
                days[record.customer_id, day] = days.get((record.customer_id, day), 0) + 1
        if not any(record.timezone != "Asia/Shanghai" for record in await self.store.attempts()):
            assert max(days.values(), default=0) <= MAX_DIALS_A_DAY


def _local_day(at: datetime, zone: str) -> object:
    return at.astimezone(ZoneInfo(zone)).date()


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(steps, max_size=30))
def test_any_history_keeps_every_promise(steps_to_do: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.sqlite3"
        asyncio.run(History(path).carry_out(steps_to_do))
        assert broken_promises(path) == []
