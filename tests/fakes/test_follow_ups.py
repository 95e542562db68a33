"""After a promise: called at the strategy's steps inside the allowed hours, unless the money has come or something stands
in the way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ari_app.domain import compliance
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_result import ConversationResult, PromiseToPay
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import ContactFacts, DialVerdict, Rule
from ari_app.domain.contact_facts import Flag
from ari_app.domain.retry import RetryDecision
from ari_app.domain.rule_pack import RuleBook, Rules
from ari_app.domain.segment import Segment, Step, StepKind
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import KnownStrategy, Role, StrategyBook
from ari_app.ports import BillKey, SignOff
from ari_app.services.follow_ups import events_for
from ari_app.services.strategy_content import canonical, digest_of
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore
from tests.support.clock import FakeClock
from tests.support.floor import TABLE
from tests.support.store_rows import account, broken_promises, campaign, ids, outcome
from tests.support.strategies import step
from tests.support.verdicts import BOOK

pytestmark = pytest.mark.fakes

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FRIDAY = date(2026, 11, 27)
MONDAY_AT_NINE = datetime(2026, 11, 30, 9, tzinfo=SHANGHAI)
FIRST = (step("start", StepKind.MESSAGE, template="notice"), step("start", retry_hours=(0,)))
AFTER = step("promise+1d", retry_hours=(0,))


def strategy(*steps: Step) -> Strategy:
    """Everybody is called once, and then by these steps."""
    return Strategy("s", "1", (Segment("everybody", steps=(*FIRST, *steps), max_attempts=9),))


def closed(*days: date) -> RuleBook:
    """The packs with holidays."""
    return RuleBook(
        {
            name: Rules(rules.pack, replace(rules.calendar, holidays=dict.fromkeys(days, "a day off")))
            for name, rules in BOOK.rules.items()
        }
    )


@dataclass
class Desk:
    """A store, a strategy and rules under a clock that a test moves."""

    store: SqliteStore
    clock: FakeClock
    folder: Path
    strategies: StrategyBook
    book: RuleBook = BOOK

    def decide(self, facts: ContactFacts, now: datetime) -> DialVerdict:
        return compliance.decide(self.book, facts, now)

    async def begin(self, found: Strategy | None) -> None:
        """A campaign by a strategy file, signed by all, with one customer; None: without a file."""
        by = campaign(strategy=CampaignStrategy(file=found.name if found is not None else ""))
        if found is not None:
            known = KnownStrategy(found, digest_of(found))
            self.strategies = StrategyBook({found.name: known})
            self.store.use_strategies(lambda: self.strategies)
            for role in Role:
                signed = SignOff(
                    found.name, found.version, known.digest, role, f"Li of {role}", self.clock.now()
                )
                await self.store.sign_strategy(signed, canonical(found))
        await self.store.put_campaign(by)
        await self.store.load_accounts("c1", [account()], self.clock.now())

    async def claim(self) -> list[ReservedAttempt]:
        prefix = f"{self.clock.now():%m%dT%H%M}"
        return await self.store.claim_due("c1", self.clock.now(), 9, self.decide, ids(prefix))

    async def call(self, disposition: str, *promised: date) -> RetryDecision:
        """The one call that is due, dialled and ended a minute later."""
        (attempt,) = await self.claim()
        now = self.clock.now()
        assert (await self.store.mark_dialled(attempt.attempt_id, now, self.decide)).allowed
        said = ConversationResult(
            disposition,
            verified=True,
            promises=tuple(PromiseToPay(Decimal(100), day.isoformat()) for day in promised),
        )
        ended = outcome(attempt, disposition, ended_at=now + timedelta(minutes=1))
        if promised:
            ended = replace(ended, conversation=said, answered_at=now + timedelta(seconds=5))
        wrap_up = WrapUp(self.store, self.clock, TABLE, None, self.folder, book=lambda: self.book)
        decision = await wrap_up.write(ended, TABLE.kind(disposition))
        assert decision is not None
        return decision

    async def next_claim(self, until: datetime) -> datetime | None:
        """The hour at which the first call is claimed, looked for hour by hour; the clock stands there then."""
        self.clock.set(self.clock.now().replace(minute=0, second=0, microsecond=0) + HOUR)
        while self.clock.now() <= until:
            if await self.claim():
                return self.clock.now().astimezone(SHANGHAI)
            self.clock.advance(HOUR)
        return None

    async def rule(self) -> Rule:
        (facts,) = await self.store.contact_facts("cust-1", self.clock.now())
        return self.decide(facts, self.clock.now()).rule


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with await SqliteStore.open(tmp_path / "a.db") as store:
        yield Desk(store, FakeClock(), tmp_path, StrategyBook())
    assert broken_promises(tmp_path / "a.db") == []


async def test_after_a_promise_for_friday_the_call_of_saturday_comes_on_monday_at_nine(desk: Desk) -> None:
    await desk.begin(strategy(AFTER))
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert decision.due_at == MONDAY_AT_NINE
    assert "promise+1d" in decision.reason
    assert await desk.next_claim(MONDAY_AT_NINE + DAY) == MONDAY_AT_NINE
    record = (await desk.store.attempts("c1"))[-1]
    assert (record.step, record.trigger) == ("call-promise+1d", "promise+1d")
    assert record.to_export()["trigger"] == "promise+1d"


async def test_who_has_paid_before_is_not_called(desk: Desk) -> None:
    await desk.begin(strategy(AFTER))
    await desk.call("promise_to_pay", FRIDAY)
    desk.clock.set(MONDAY_AT_NINE - 3 * DAY)
    await desk.store.set_flag("cust-1", Flag.PAID, "the bank", desk.clock.now(), "acc-1")
    assert await desk.next_claim(MONDAY_AT_NINE + 9 * DAY) is None
    assert await desk.rule() is Rule.PAID


async def test_a_dispute_before_keeps_the_call_back_until_it_is_answered(desk: Desk) -> None:
    await desk.begin(strategy(AFTER))
    await desk.call("promise_to_pay", FRIDAY)
    await desk.store.set_flag("cust-1", Flag.DISPUTE, "a letter", desk.clock.now(), "acc-1")
    assert await desk.next_claim(MONDAY_AT_NINE + DAY) is None
    assert await desk.rule() is Rule.DISPUTE_OPEN
    await desk.store.clear_flag("cust-1", Flag.DISPUTE, "answered", desk.clock.now(), "acc-1")
    assert await desk.next_claim(MONDAY_AT_NINE + 3 * DAY) is not None


async def test_an_open_dispute_or_a_stopped_strategy_takes_no_call_out_of_the_plan(desk: Desk) -> None:
    await desk.begin(strategy(AFTER))
    (attempt,) = await desk.claim()
    now = desk.clock.now()
    assert (await desk.store.mark_dialled(attempt.attempt_id, now, desk.decide)).allowed
    await desk.store.stop_strategy("s", "wrong words", "Wang", now)
    said = ConversationResult(
        "promise_to_pay", verified=True, promises=(PromiseToPay(Decimal(100), FRIDAY.isoformat()),)
    )
    ended = outcome(attempt, "promise_to_pay", conversation=said, answered_at=now + timedelta(seconds=1))
    wrap_up = WrapUp(desk.store, desk.clock, TABLE, None, desk.folder, book=lambda: desk.book)
    decision = await wrap_up.write(ended, TABLE.kind("promise_to_pay"))
    assert decision is not None
    assert decision.due_at == MONDAY_AT_NINE
    assert "strategy_stopped" in decision.reason


async def test_a_call_is_planned_at_the_first_allowed_instant_of_its_span(desk: Desk) -> None:
    desk.book = closed(*(date(2026, 11, 30) + n * DAY for n in range(2)))
    await desk.begin(strategy(AFTER))
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert decision.due_at == MONDAY_AT_NINE + 2 * DAY
    assert await desk.next_claim(MONDAY_AT_NINE + 9 * DAY) == MONDAY_AT_NINE + 2 * DAY


async def test_without_an_allowed_instant_in_a_span_the_next_step_follows_or_nothing(desk: Desk) -> None:
    desk.book = closed(*(date(2026, 11, 30) + n * DAY for n in range(5)))
    await desk.begin(strategy(AFTER, step("promise+3d")))
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert decision.due_at is None
    assert "no allowed instant in its span (holiday" in decision.reason


async def test_the_next_step_of_the_strategy_takes_the_place_of_a_call_without_one(desk: Desk) -> None:
    desk.book = closed(*(date(2026, 11, 30) + n * DAY for n in range(5)))
    await desk.begin(strategy(AFTER, step("start+20d")))
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert decision.due_at is not None
    assert decision.due_at.astimezone(SHANGHAI).date() == date(2026, 12, 14)


async def test_the_quiet_days_after_this_very_call_are_kept(desk: Desk) -> None:
    found = strategy(AFTER, step("promise+3d"))
    await desk.begin(replace(found, rule_pack="us-reg-f"))
    await desk.store.set_flag("cust-1", Flag.CONSENT, "a form", desk.clock.now())
    decision = await desk.call("promise_to_pay", date(2026, 11, 24))
    assert decision.due_at is not None
    assert decision.due_at.astimezone(SHANGHAI) == datetime(2026, 11, 30, 9, tzinfo=SHANGHAI)
    assert "promise+3d" in decision.reason


async def test_each_promised_day_of_a_call_is_asked_after_with_attempts_of_its_own(desk: Desk) -> None:
    wednesday, later = date(2026, 11, 25), date(2026, 12, 7)
    await desk.begin(strategy(AFTER))
    decision = await desk.call("promise_to_pay", later, wednesday)
    thursday = datetime(2026, 11, 26, 9, tzinfo=SHANGHAI)
    assert decision.due_at == thursday
    desk.clock.set(thursday)
    decision = await desk.call("no_answer")
    assert decision.due_at == datetime(2026, 12, 8, 9, tzinfo=SHANGHAI)
    desk.clock.set(decision.due_at)
    assert (await desk.call("no_answer")).due_at is None


async def test_a_new_promise_takes_the_place_of_an_older_one_for_a_later_day(desk: Desk) -> None:
    await desk.begin(strategy(AFTER, step("promise-1d", retry_hours=(0,))))
    decision = await desk.call("promise_to_pay", date(2026, 12, 11))
    assert decision.due_at == datetime(2026, 12, 10, 9, tzinfo=SHANGHAI)
    desk.clock.set(decision.due_at)
    decision = await desk.call("promise_to_pay", date(2026, 12, 10))
    assert decision.due_at == datetime(2026, 12, 11, 9, tzinfo=SHANGHAI)
    desk.clock.set(decision.due_at)
    await desk.call("busy")
    assert [each.trigger for each in await desk.store.attempts("c1")] == ["start", "promise-1d", "promise+1d"]


async def test_two_steps_that_fall_on_one_instant_are_one_call(desk: Desk) -> None:
    await desk.begin(strategy(AFTER, step("promise+3d", retry_hours=(0,))))
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert decision.due_at == MONDAY_AT_NINE
    assert "promise+3d" in decision.reason
    desk.clock.set(MONDAY_AT_NINE)
    assert (await desk.call("no_answer")).due_at is None
    assert (await desk.store.attempts("c1"))[-1].trigger == "promise+3d"


async def test_without_a_strategy_file_nobody_is_called_after_a_promise(desk: Desk) -> None:
    await desk.begin(None)
    decision = await desk.call("promise_to_pay", FRIDAY)
    assert (decision.due_at, decision.reason) == (None, "promise_to_pay: no further attempt is needed")


async def test_explain_tells_the_calls_after_a_promise_by_the_strategy(desk: Desk) -> None:
    await desk.begin(strategy(AFTER))
    await desk.call("promise_to_pay", FRIDAY)

    async def events() -> list[tuple[str, datetime | None, str]]:
        now = desk.clock.now()
        (facts,) = await desk.store.contact_facts("cust-1", now)
        promised = await desk.store.debts.promised_days(BillKey("cust-1", "acc-1", "b1"))
        found = await events_for(desk.store, desk.strategies, desk.book, facts, promised, now)
        return [(each.wanted.name, each.at, each.reason) for each in found]

    assert await events() == [("promise+1d", MONDAY_AT_NINE, "as wanted")]
    await desk.store.set_flag("cust-1", Flag.PAID, "the bank", desk.clock.now(), "acc-1")
    ((name, at, why),) = await events()
    assert (name, at) == ("promise+1d", None)
    assert "paid" in why
    desk.clock.set(MONDAY_AT_NINE)
    assert await events() == []
