"""Claims come in the order of calls: priority, amount and answers of this part of the day, and nobody waits for ever."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.account import AccountDetails
from ari_app.domain.call_order import DayPart, Tries
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import Rule
from ari_app.domain.retry import RetryDecision
from ari_app.domain.segment import Conditions, Segment
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import KnownStrategy, StrategyBook
from ari_app.ports import AttemptHistory
from ari_app.store.queries import SQL
from ari_app.store.sqlite_store import SqliteStore
from tests.support.store_rows import NOW, account, allow, campaign, deny_with, ids, no_events, outcome
from tests.support.strategies import step

pytestmark = pytest.mark.fakes

DAY = timedelta(days=1)
#: Eight hours after ten in the morning, where the campaign is.
EVENING = NOW + timedelta(hours=8)
PRIORITIES = {"a": 10, "b": 90, "c": 50, "": 0}


def book_of(priorities: dict[str, int]) -> StrategyBook:
    segments = tuple(
        Segment(
            f"region-{region}",
            Conditions(regions=(region,) if region else ()),
            (step("start"),),
            priority=priority,
        )
        for region, priority in priorities.items()
    )
    return StrategyBook({"s": KnownStrategy(Strategy("s", "1", segments), "d")}, {})


class Place:
    """A store with strategy files that a test changes."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.book, self.claims = store, book_of(PRIORITIES), 0
        store.use_strategies(lambda: self.book)

    async def load(
        self, number: int, region: str = "", amount: str = "300", at: datetime = NOW, to: str = "c1"
    ) -> None:
        found = account(number, amount_due=Decimal(amount), details=AccountDetails(region=region))
        await self.store.load_accounts(to, [found], at)

    async def claim(self, limit: int, now: datetime = NOW, of: str = "c1") -> list[int]:
        """The numbers of the customers that are claimed, in their order."""
        self.claims += 1
        found = await self.store.claim_due(of, now, limit, allow, ids(f"{self.claims}"))
        return [int(each.account.customer_id.removeprefix("cust-")) for each in found]

    async def call(self, number: int, answered: bool, at: datetime, again: datetime) -> None:
        """A call of one customer, in a campaign of its own, that ends at ``at``."""
        name = f"of-{number}"
        if await self.store.campaign(name) is None:
            await self.store.put_campaign(campaign(name))
            await self.load(number, to=name, at=at)
        self.claims += 1
        (attempt,) = await self.store.claim_due(name, at, 1, allow, ids(f"{self.claims}"))
        assert (await self.store.mark_dialled(attempt.attempt_id, at, allow)).allowed
        spoken = {"answered_at": at, "sip_status": 200} if answered else {}

        def plan(history: AttemptHistory) -> RetryDecision:
            return RetryDecision(again, "a test says so")

        ended = outcome(attempt, "hung_up" if answered else "no_answer", ended_at=at, **spoken)
        await self.store.close_attempt(ended, plan, no_events)


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with await SqliteStore.open(tmp_path / "a.db") as store:
        await store.put_campaign(campaign(strategy=CampaignStrategy(file="s")))
        yield Place(store)


async def test_of_a_thousand_that_are_due_the_highest_priority_comes_first(place: Place) -> None:
    regions = list(PRIORITIES)
    found = [
        account(
            number,
            amount_due=Decimal((30, 300, 9000)[number % 3]),
            details=AccountDetails(region=regions[number % 4]),
        )
        for number in range(1000)
    ]
    for first in range(0, 1000, 250):  # the later half is due later
        at = NOW + timedelta(minutes=first >= 500)
        await place.store.load_accounts("c1", found[first : first + 250], at)
    wanted = sorted(range(1000), key=lambda n: (-PRIORITIES[regions[n % 4]], -(n % 3), n))
    claimed: list[int] = []
    for _ in range(3):
        claimed += await place.claim(13, NOW + timedelta(minutes=5))
    claimed += await place.claim(300, NOW + timedelta(minutes=5))
    assert claimed == wanted[:339]


async def test_a_few_that_are_due_come_in_the_same_order(place: Place) -> None:
    for number, (region, amount) in enumerate(
        [("", "9000"), ("a", "10"), ("b", "10"), ("a", "700"), ("b", "10")]
    ):
        await place.load(number, region, amount)
    assert await place.claim(9) == [2, 4, 3, 1, 0]


async def test_without_a_strategy_file_the_higher_amount_comes_first(place: Place) -> None:
    await place.store.put_campaign(campaign("plain"))
    for number, amount in enumerate(["49", "60", "5000", "55", "1200"]):
        await place.load(number, amount=amount, to="plain")
    assert await place.claim(9, of="plain") == [2, 4, 1, 3, 0]


async def test_who_answers_at_this_time_of_day_comes_first_and_later_does_not(place: Place) -> None:
    week = NOW - 7 * DAY
    await place.call(2, True, week, week + DAY)
    evening = EVENING - 7 * DAY
    for _ in range(2):
        await place.call(3, False, evening, evening)
    for number in (3, 1, 2):
        await place.load(number)
    assert await place.claim(1) == [2], "he has answered in a morning"
    for number in (5, 4):
        await place.load(number)
    assert await place.claim(9, EVENING) == [1, 5, 4, 3], "customer 3 did not answer in the evening, twice"


async def test_a_call_changes_the_place_of_its_own_account(place: Place) -> None:

    def in_a_minute(history: AttemptHistory) -> RetryDecision:
        return RetryDecision(NOW + timedelta(minutes=1), "a test says so")

    for number in range(1, 20):
        await place.load(number)
    for at in (NOW, NOW + timedelta(hours=1)):
        attempts = await place.store.claim_due("c1", at, 1, allow, ids(f"{at.hour}"))
        for attempt in attempts:
            await place.store.mark_dialled(attempt.attempt_id, at, allow)
            ended = outcome(attempt, "hung_up", ended_at=at, answered_at=at, sip_status=200)
            await place.store.close_attempt(ended, in_a_minute, no_events)
        assert [each.account.customer_id for each in attempts] == ["cust-1"], "he has answered in a morning"


async def test_whoever_lost_his_turn_goes_earlier_each_day_and_then_before_all(place: Place) -> None:
    await place.load(1)
    night = NOW + timedelta(hours=12)
    for day in range(8):
        at = night + day * DAY
        closed = deny_with(Rule.CALLING_WINDOW, NOW + (day + 1) * DAY)
        assert await place.store.claim_due("c1", at, 1, closed, ids(f"n{day}")) == []
        if day == 4:  # four days: 60 steps of priority
            await place.load(2, "c", at=at)  # 50
            await place.load(3, "b", at=at)  # 90
            assert await place.claim(1, NOW + (day + 1) * DAY) == [3]
    await place.load(4, "b", "9000", at=night + 7 * DAY)
    assert await place.claim(9, NOW + 8 * DAY) == [1, 4, 2]


async def test_another_refusal_is_no_lost_turn(place: Place) -> None:
    await place.load(1)
    for day in range(9):
        rule = Rule.DAILY_CAP if day == 8 else Rule.CALLING_WINDOW
        refuse = deny_with(rule, NOW + (day + 1) * DAY)
        await place.store.claim_due("c1", NOW + timedelta(hours=12) + day * DAY, 1, refuse, ids(f"n{day}"))
    await place.load(2, "a", at=NOW + 9 * DAY)
    assert await place.claim(9, NOW + 9 * DAY) == [2, 1]


class OneTrunk:
    """Numbers of one customer have no line."""

    def __init__(self, full: int) -> None:
        self.full, self.looks = account(full).phone, 0

    def wait_s(self, phone: str) -> float | None:
        self.looks += 1
        return 2.0 if phone == self.full else None

    def took(self, phone: str) -> None:
        """There is always room."""


async def test_whose_trunk_has_no_line_goes_behind_the_others_until_there_is_one(place: Place) -> None:
    await place.load(1, "b", "9000")
    for number in (2, 3):
        await place.load(number)
    trunk = OneTrunk(full=1)
    later = NOW + timedelta(seconds=3)
    claimed = await place.store.claim_due("c1", NOW, 1, allow, ids("x"), trunk)
    assert [each.account.customer_id for each in claimed] == ["cust-2"]
    claimed = await place.store.claim_due("c1", later, 1, allow, ids("y"), trunk)
    assert [each.account.customer_id for each in claimed] == ["cust-3"]
    assert trunk.looks == 3, "customer 1 was not looked at before customer 3"
    assert await place.claim(9, later) == [1]


async def test_a_night_works_out_the_order_anew_and_twice_changes_nothing(place: Place) -> None:
    for number, region in enumerate("ab"):
        await place.load(number, region)
    assert await place.store.order_accounts(NOW) == 0
    place.book = book_of(PRIORITIES | {"a": 95})
    assert await place.store.order_accounts(NOW) == 1
    assert await place.store.order_accounts(NOW) == 0
    assert await place.claim(9) == [0, 1]


async def test_a_list_with_another_amount_changes_the_place(place: Place) -> None:
    for number in (1, 2):
        await place.load(number)
    await place.load(2, amount="6000")
    assert await place.claim(9) == [2, 1]


async def test_the_night_counts_how_a_campaign_is_answered(place: Place) -> None:
    for minute in range(3):
        at = NOW + timedelta(minutes=minute)
        await place.call(1, minute == 0, at, at + timedelta(minutes=1))
    await place.store.order_accounts(EVENING)
    with closing(sqlite3.connect(place.store.path)) as connection:
        rows = connection.execute("SELECT * FROM answer_profile WHERE campaign_id = 'of-1'").fetchall()
    count = await place.store.campaign_count("of-1", EVENING)
    assert count.answers == {DayPart.MORNING: Tries(3, 1)}
    assert rows == [("of-1", 0, 3, 1), ("of-1", 1, 0, 0), ("of-1", 2, 0, 0), ("of-1", 3, 0, 0)]


async def test_numbers_that_accounts_wait_with_are_found_by_their_index(place: Place) -> None:
    with closing(sqlite3.connect(place.store.path)) as connection:
        for name in ("call_classes", "due_of_class"):
            values = dict.fromkeys(re.findall(r":([a-z_]+)", SQL[name]), 1)
            plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", values)]
            searched = [each for each in plan if "USING" in each]
            assert all("campaign_account_order" in each for each in searched), plan
            assert not [each for each in plan if "SCAN campaign_account" in each or "TEMP" in each], plan


async def test_a_store_of_before_the_order_calls_by_the_longest_wait(place: Place) -> None:
    for number in (1, 2, 3):
        await place.load(number, at=NOW - number * timedelta(minutes=1))
    with closing(sqlite3.connect(place.store.path)) as connection, connection:
        connection.execute("UPDATE campaign_account SET call_class = 0")
    assert await place.claim(9) == [3, 2, 1]
