"""Ways of dialling: who is called when agents take the calls or none is there, and what an abandoned person hears."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Call, Event, EventKind, State
from ari_app.domain.campaign import Campaign, DialMode
from ari_app.domain.compliance import DialVerdict, Rule
from ari_app.domain.rule_pack import Limit, RuleBook
from ari_app.ports import TeamNow
from ari_app.services.dialler import DiallerLimits
from ari_app.services.pace_keeper import PaceKeeper
from ari_app.store.sqlite_store import SqliteStore
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.clock import MONDAY_MORNING, FakeClock
from tests.support.floor import floor, within
from tests.support.rules import shipped
from tests.support.store_rows import account, allow, campaign, enough, ids, no_events, outcome
from tests.support.team import FakeAgents

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

RINGS = [(1.0, Event(EventKind.RINGING))]
ANSWERED = [(1.0, Event(EventKind.RINGING)), (3.0, Event(EventKind.ANSWERED))]


def rings(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, RINGS, media=FakeMedia())


def answered(call_id: str) -> FakeLeg:
    return FakeLeg(call_id, ANSWERED, media=FakeMedia())


def of_mode(mode: str) -> Campaign:
    return replace(campaign(), dialler=replace(campaign().dialler, type=mode, team="north", concurrency=50))


@pytest.mark.parametrize("mode", ["preview", "progressive", "predictive"])
@pytest.mark.parametrize("agents", [None, FakeAgents(TeamNow())])
async def test_without_agents_nothing_is_dialled_and_the_reason_is_told(
    tmp_path: Path, mode: str, agents: FakeAgents | None
) -> None:
    async with floor(tmp_path, rings, accounts=3, campaigns=[of_mode(mode)], agents=agents) as place:
        assert await place.dialler.turn() == 0
        assert place.dialler.held_back() == {"c1": "no_agents"}
        assert await place.records() == []


async def test_one_call_starts_for_each_free_agent_and_no_second_one(tmp_path: Path) -> None:
    agents = FakeAgents(TeamNow(free=2, talking=(30.0,)))
    async with floor(tmp_path, rings, accounts=9, campaigns=[of_mode("progressive")], agents=agents) as place:
        assert await place.dialler.turn() == 2
        assert await place.dialler.turn() == 0
        assert place.dialler.held_back() == {}


async def test_a_preview_is_dialled_when_an_agent_has_asked_for_it(tmp_path: Path) -> None:
    agents = FakeAgents(TeamNow(free=3))
    async with floor(tmp_path, rings, accounts=9, campaigns=[of_mode("preview")], agents=agents) as place:
        assert await place.dialler.turn() == 0
        assert place.dialler.held_back() == {"c1": "no_preview_accepted"}
        agents.now = TeamNow(free=3, asked=1)
        assert await place.dialler.turn() == 1
        assert await place.dialler.turn() == 0


async def test_predictive_starts_more_calls_than_agents_are_free(tmp_path: Path) -> None:
    agents = FakeAgents(TeamNow(free=8))
    fast, several = DiallerLimits(100, 100.0), [of_mode("predictive")]
    async with floor(tmp_path, rings, accounts=60, campaigns=several, limits=fast, agents=agents) as place:
        place.store.abandon_counts = clean  # type: ignore[method-assign,assignment]
        assert 8 < await place.dialler.turn() <= 50


async def clean(*_: object) -> tuple[WindowCounts, WindowCounts]:
    return WindowCounts(3000, 10), WindowCounts(30_000, 100)


async def test_who_is_abandoned_hears_the_safe_message_and_counts(tmp_path: Path) -> None:
    agents = FakeAgents(TeamNow(free=1), there=False)
    async with floor(
        tmp_path, answered, accounts=1, campaigns=[of_mode("progressive")], agents=agents
    ) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        assert place.opened_flows == ["safe_message"]
        assert agents.taken[0][0] == "north"
        assert place.dialler.abandoned() == 1


async def test_who_meets_an_agent_does_not(tmp_path: Path) -> None:
    agents = FakeAgents(TeamNow(free=1))
    async with floor(
        tmp_path, answered, accounts=1, campaigns=[of_mode("progressive")], agents=agents
    ) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        assert place.opened_flows == ["reminder"]
        assert place.dialler.abandoned() == 0


class Counts:
    """A store that knows only these counts, and how often it was asked."""

    def __init__(self, windows: tuple[WindowCounts, WindowCounts]) -> None:
        self.windows = windows
        self.asked = 0

    async def abandon_counts(self, *_: object) -> tuple[WindowCounts, WindowCounts]:
        self.asked += 1
        return self.windows


def attempt_of(each: Campaign, clock: FakeClock) -> ReservedAttempt:
    verdict = DialVerdict(True, Rule.ALLOWED, "a test says so", None, clock.now())
    return ReservedAttempt(
        "att-1",
        each.campaign_id,
        account(1),
        "+861055550100",
        1,
        clock.now(),
        verdict,
        "reminder",
        team="north",
    )


async def test_above_the_limit_predictive_falls_back_to_progressive_and_says_so() -> None:
    clock, each = FakeClock(), of_mode("predictive")
    store = Counts((WindowCounts(100, 4), WindowCounts(3000, 20)))
    keeper = PaceKeeper(store, clock, FakeAgents(TeamNow(free=5)))  # type: ignore[arg-type]
    assert await keeper.room(each, [], 50) == 5
    assert keeper.reasons() == {"c1": "abandon_limit"}


async def test_the_rule_packs_own_limit_holds_where_it_is_stricter() -> None:
    clock, each = FakeClock(), of_mode("predictive")
    agents = FakeAgents(TeamNow(free=5, talking=(60.0,) * 20))
    shipped_rules = shipped().rules[each.strategy.rule_pack]

    async def room(share: float | None) -> int:
        """Calls that may start where 1.5 % were abandoned so far."""
        limit = None if share is None else Limit(share, "a test")
        versions = tuple(replace(version, abandon_share=limit) for version in shipped_rules.pack.versions)
        rules = replace(shipped_rules, pack=replace(shipped_rules.pack, versions=versions))
        store = Counts((WindowCounts(1_000, 15), WindowCounts(30_000, 450)))
        book = RuleBook({each.strategy.rule_pack: rules})
        keeper = PaceKeeper(store, clock, agents, book=lambda: book)  # type: ignore[arg-type]
        return await keeper.room(each, [], 50)

    assert await room(None) == await room(0.05)
    assert await room(0.05) > await room(0.01) == 5


async def test_counts_are_read_now_and_then_and_grow_meanwhile() -> None:
    clock, each = FakeClock(), of_mode("predictive")
    store = Counts((WindowCounts(100, 0), WindowCounts(100, 0)))
    keeper = PaceKeeper(store, clock, FakeAgents(TeamNow(free=5), there=False))  # type: ignore[arg-type]
    await keeper.room(each, [], 50)
    up = Call(State.UP, dialled_at=clock.now(), answered_at=clock.now() + timedelta(seconds=8))
    attempts = [replace(attempt_of(each, clock), attempt_id=f"att-{number}") for number in range(4)]
    for attempt in attempts:
        assert not await keeper.take(attempt, up)
    assert await keeper.room(each, [], 50) == 5, "four more than the limit lets be"
    assert store.asked == 1
    clock.advance(31.0)
    assert await keeper.room(each, [], 50) == 5, (
        "they still hear the message: the store does not know of them"
    )
    assert store.asked == 2
    for attempt in attempts:
        keeper.ended(attempt, up)
    clock.advance(31.0)
    assert await keeper.room(each, [], 50) > 5
    assert store.asked == 3


class SlowAgents(FakeAgents):
    """Nobody comes to an answered call before its patience is over."""

    async def take(self, team: str, attempt_id: str, patience_s: float) -> bool:
        await asyncio.sleep(patience_s)
        return await super().take(team, attempt_id, patience_s)


@pytest.mark.parametrize("mode", ["preview", "progressive", "predictive"])
async def test_who_waits_for_an_agent_is_not_forgotten_when_more_calls_start(mode: str) -> None:
    clock, each = FakeClock(), of_mode(mode)
    store = Counts((WindowCounts(), WindowCounts()))
    agents = SlowAgents(TeamNow(free=3, asked=3))
    keeper = PaceKeeper(store, clock, agents)  # type: ignore[arg-type]
    up = Call(State.UP, dialled_at=clock.now(), answered_at=clock.now())
    assert await keeper.room(each, [up, up], 50) == 3
    waiting = [
        asyncio.create_task(keeper.take(replace(attempt_of(each, clock), attempt_id=name), up))
        for name in ("att-1", "att-2")
    ]
    await asyncio.sleep(0.1)
    assert await keeper.room(each, [up, up], 50) == 1, "two of the three agents are for them"
    assert all(await asyncio.gather(*waiting))
    assert await keeper.room(each, [up, up], 50) == 3, "now the team says itself what its agents do"


def test_a_campaign_of_the_bot_needs_nobody() -> None:
    assert campaign().dialler.mode is DialMode.AI


@pytest.mark.parametrize(
    ("dispositions", "live", "abandoned"),
    [
        (["informed", "abandoned", "hung_up", "voicemail", "fax"], 3, 1),
        (["voicemail"] * 6, 0, 0),
        ([], 0, 0),
    ],
)
async def test_people_who_answered_and_who_were_abandoned_are_counted_by_window(
    tmp_path: Path, dispositions: list[str], live: int, abandoned: int
) -> None:
    now, new_id = MONDAY_MORNING, ids()
    async with await SqliteStore.open(tmp_path / "counts.db") as store:
        await store.put_campaign(campaign())
        await store.load_accounts(
            "c1", [account(n) for n in range(len(dispositions))], now - timedelta(days=9)
        )
        for number, disposition in enumerate(dispositions):
            at = now - timedelta(hours=2 + 30 * (number % 2))
            (attempt,) = await store.claim_due("c1", at, 1, allow, new_id)
            await store.mark_dialled(attempt.attempt_id, at, allow)
            over = outcome(attempt, disposition, answered_at=at, ended_at=at + timedelta(seconds=5))
            await store.close_attempt(over, enough, no_events)
        day, month = await store.abandon_counts("c1", now, 0.0)
        assert (month.live, month.abandoned) == (live, abandoned)
        assert day.live == sum(name not in ("voicemail", "fax") for name in dispositions[::2])
        machines = dispositions.count("voicemail") * 0.02
        assert (await store.abandon_counts("c1", now, 0.02))[1] == WindowCounts(
            live + machines, abandoned + machines
        )
