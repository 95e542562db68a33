"""Campaigns by a strategy file at the gate: signed, not stopped, rolled out, in the right segment and step."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ari_app.domain.account import AccountDetails, Treatment
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Event, EventKind, State
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.compliance import Rule
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.placement import first_follow_up
from ari_app.domain.retry import RetryDecision, plan_retry
from ari_app.domain.rollout import HELD_BACK, Rollout, Share
from ari_app.domain.segment import Conditions, Delay, Offers, Segment, StepKind
from ari_app.domain.strategy import Strategy
from ari_app.domain.strategy_book import KnownStrategy, Role, StrategyBook
from ari_app.domain.windows import Window
from ari_app.ports import AttemptHistory, SignOff
from ari_app.services.rule_directory import RuleDirectory
from ari_app.services.rule_watch import RuleWatch
from ari_app.services.strategy_check import Surroundings
from ari_app.services.strategy_content import canonical, digest_of
from ari_app.services.strategy_directory import StrategyDirectory
from ari_app.services.withdrawal_watch import WithdrawalWatch
from ari_app.store import sqlite_store
from ari_app.store.sqlite_store import SqliteStore
from tests.support.calls import FakeLeg, FakeMedia
from tests.support.docs import ROOT
from tests.support.floor import floor, within
from tests.support.rules import shipped
from tests.support.store_rows import NOW, account, campaign, ids, no_events, outcome, talked
from tests.support.strategies import step
from tests.support.verdicts import BOOK, decide

pytestmark = pytest.mark.fakes

DAY = timedelta(days=1)
BUSY = DispositionKind("busy", RetryRule.PLAN)
PROMISED = DispositionKind("promise_to_pay", RetryRule.DONE)
NOTICE = step("start", StepKind.MESSAGE, template="notice")

LARGE = Segment(
    "large",
    Conditions(amount_from=Decimal(1000)),
    (NOTICE, step("start"), step("start+10d", flow="overdue", retry_hours=(0,))),
    windows=(Window(10 * 60, 11 * 60),),
    retry_hours=(0, 30),
    flow="suspension",
    tone="serious",
    caller_ids="second",
    max_attempts=9,
    delays=(Delay("busy", 72),),
    ring_timeout_s=33.0,
)
LATER = Segment("later", Conditions(regions=("x",)), (NOTICE, step("start+2d"), step("promise+1d")))
NOBODY = Segment("nobody", Conditions(regions=("y",)), team="desk")
REST = Segment("rest", steps=(NOTICE, step("start"), step("promise+1d")))
FILE = Strategy("s", "1", (LARGE, LATER, NOBODY, REST), caller_ids={"second": ("+861088880002",)})


class Files:
    """The strategy files, which a test changes."""

    def __init__(self, *strategies: Strategy) -> None:
        self.put(*strategies)

    def put(self, own: Strategy, *others: Strategy) -> None:
        known = [KnownStrategy(each, digest_of(each)) for each in (own, *others)]
        self.book = StrategyBook(
            {own.name: known[0]}, {(each.strategy.name, each.strategy.version): each for each in known[1:]}
        )


@pytest.fixture
def files() -> Files:
    return Files(FILE)


@pytest.fixture
async def store(tmp_path: Path, files: Files) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.db") as opened:
        opened.use_strategies(lambda: files.book)
        await opened.put_campaign(campaign(strategy=CampaignStrategy(file="s")))
        yield opened


async def sign(store: SqliteStore, strategy: Strategy = FILE, *roles: Role) -> None:
    for role in roles or tuple(Role):
        found = SignOff(strategy.name, strategy.version, digest_of(strategy), role, f"Li of {role}", NOW)
        assert await store.sign_strategy(found, canonical(strategy))


async def load(store: SqliteStore, number: int = 1, region: str = "", amount: str = "300.00") -> None:
    whose = account(number, amount_due=Decimal(amount), details=AccountDetails(region=region))
    await store.load_accounts("c1", [whose], NOW)


async def claim(store: SqliteStore, now: datetime, prefix: str = "a") -> list[ReservedAttempt]:
    return await store.claim_due("c1", now, 10, decide, ids(prefix))


async def rule(store: SqliteStore, now: datetime, number: int = 1) -> Rule:
    return decide((await store.contact_facts(f"cust-{number}", now))[0], now).rule


def by_plan(kind: DispositionKind, ended_at: datetime) -> object:
    def plan(history: AttemptHistory) -> RetryDecision:
        return plan_retry(
            history.campaign.strategy,
            kind,
            first_dialled_at=history.first_dialled_at,
            dials_made=history.dials_made,
            ended_at=ended_at,
            next_step_at=history.next_step_at,
            after_promise=first_follow_up(BOOK, history.follow_ups),
        )

    return plan


async def dialled(
    store: SqliteStore, attempt: ReservedAttempt, now: datetime, kind: DispositionKind = BUSY
) -> RetryDecision:
    assert (await store.mark_dialled(attempt.attempt_id, now, decide)).allowed
    ended = replace(outcome(attempt, kind.name), ended_at=now + timedelta(minutes=1))
    found = await store.close_attempt(ended, by_plan(kind, ended.ended_at), no_events)  # type: ignore[arg-type]
    assert found is not None
    return found


async def test_nothing_is_dialled_before_all_three_have_signed(store: SqliteStore) -> None:
    await load(store)
    assert await claim(store, NOW) == []
    assert await rule(store, NOW) is Rule.STRATEGY_NOT_SIGNED
    await sign(store, FILE, Role.LEGAL, Role.COMPLIANCE)
    assert await claim(store, NOW) == []
    await sign(store, FILE, Role.DATA_SECURITY)
    assert len(await claim(store, NOW)) == 1
    assert {each.role for each in await store.sign_offs("s")} == set(Role)
    assert await store.signed_content("s", "1") == canonical(FILE)


async def test_another_content_needs_other_signatures_also_right_before_the_dial(
    store: SqliteStore, files: Files
) -> None:
    await load(store)
    await sign(store)
    (attempt,) = await claim(store, NOW)
    files.put(replace(FILE, segments=(*FILE.segments[:-1], replace(REST, tone="serious"))))
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).rule is Rule.STRATEGY_NOT_SIGNED


async def test_a_wider_roll_out_needs_no_other_signatures(store: SqliteStore, files: Files) -> None:
    await load(store)
    await sign(store)
    files.put(replace(FILE, rollout=Rollout((Share("1", 100),), most_customers=5)))
    assert len(await claim(store, NOW)) == 1


async def test_the_segment_says_flow_tone_caller_id_and_ring_time(store: SqliteStore) -> None:
    await load(store, amount="2000.00")
    await sign(store)
    assert await claim(store, NOW - timedelta(hours=2)) == []
    (attempt,) = await claim(store, NOW)
    assert (attempt.flow, attempt.caller_id, attempt.ring_timeout_s) == ("suspension", "+861088880002", 33.0)
    (record,) = await store.attempts("c1")
    exported = record.to_export()
    assert [exported[key] for key in ("strategy", "segment", "step", "tone")] == [
        "s/1",
        "large",
        "call-start",
        "serious",
    ]


async def test_retries_follow_the_step_and_then_comes_the_next_one(store: SqliteStore) -> None:
    await load(store, amount="2000.00")
    await sign(store)
    (first,) = await claim(store, NOW)
    decision = await dialled(store, first, NOW)
    assert decision.due_at == NOW + timedelta(
        hours=72, minutes=1
    )  # the delay of the segment, longer than the offset
    at = NOW + 7 * DAY
    (second,) = await claim(store, at, "b")
    decision = await dialled(store, second, at)
    assert decision.due_at is not None
    assert "the next one follows" in decision.reason
    later = NOW + 14 * DAY
    assert await rule(store, at + DAY) is Rule.STEP_NOT_DUE
    (third,) = await claim(store, later, "c")
    assert (third.flow, (await store.attempts("c1"))[-1].step) == ("overdue", "call-start+10d")
    assert (await dialled(store, third, later)).due_at is None
    await store.load_accounts("c1", [account(1, bill="b2", account_id="a2", amount_due=Decimal(2000))], later)
    facts = (await store.contact_facts("cust-1", later + 20 * DAY))[1]
    assert (facts.made_in_segment, facts.made_in_step) == (3, 1), "his accounts share the attempts of a step"


async def test_a_step_is_awaited_and_a_segment_without_calls_has_none(store: SqliteStore) -> None:
    await sign(store)
    await load(store, 1, "x")
    await load(store, 2, "y")
    assert await claim(store, NOW) == []
    assert (await rule(store, NOW), await rule(store, NOW, 2)) == (Rule.STEP_NOT_DUE, Rule.NO_CALL_STEP)
    assert await store.next_due_at("c1") == NOW + 2 * DAY
    assert len(await claim(store, NOW + 2 * DAY)) == 1


async def test_a_promise_is_followed_up_by_its_step(store: SqliteStore) -> None:
    await sign(store)
    await load(store)
    (attempt,) = await claim(store, NOW)
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).allowed
    said = talked(attempt)
    assert said.promise is not None
    promised = date.fromisoformat(said.promise.date)
    ended = replace(said, disposition="promise_to_pay", ended_at=NOW + timedelta(minutes=2))
    plan = by_plan(PROMISED, ended.ended_at)
    decision = await store.close_attempt(ended, plan, no_events)  # type: ignore[arg-type]
    assert decision is not None
    assert decision.due_at is not None
    assert (decision.due_at.date() - promised).days in (1, 2, 3)


async def test_a_stop_halts_claims_and_dials_until_it_is_lifted(store: SqliteStore) -> None:
    await sign(store)
    await load(store, 1)
    await load(store, 2)
    first, _ = await claim(store, NOW)
    assert await store.stop_strategy("s", "wrong numbers", "Wang", NOW)
    assert not await store.stop_strategy("s", "again", "Wang", NOW)
    verdict = await store.mark_dialled(first.attempt_id, NOW, decide)
    assert (verdict.rule, verdict.reason) == (Rule.STRATEGY_STOPPED, "s is stopped: wrong numbers")
    await load(store, 3)
    assert await claim(store, NOW, "b") == []
    assert await store.resume_strategy("s", "Wang", NOW + DAY)
    assert not await store.resume_strategy("s", "Wang", NOW + DAY)
    (stop,) = await store.strategy_stops("s")
    assert (stop.reason, stop.stopped_by, stop.resumed_by) == ("wrong numbers", "Wang", "Wang")
    assert [each.account.customer_id for each in await claim(store, NOW + DAY, "c")] == ["cust-3"]


async def test_the_roll_out_reaches_its_share_its_regions_and_so_many_customers(
    store: SqliteStore, files: Files
) -> None:
    await sign(store)
    for number in (1, 2, 3):
        await load(store, number)
    files.put(replace(FILE, rollout=Rollout((Share("1", 0), Share(HELD_BACK, 100)))))
    assert await claim(store, NOW) == []
    files.put(replace(FILE, rollout=Rollout(regions=("Beijing",))))
    assert await rule(store, NOW) is Rule.OUTSIDE_ROLLOUT
    files.put(replace(FILE, rollout=Rollout(most_customers=2)))
    assert await store.ask_rules_again() == 3
    assert len(await claim(store, NOW, "b")) == 2
    assert await rule(store, NOW, 3) is Rule.OUTSIDE_ROLLOUT


async def test_a_reserved_call_of_a_version_that_is_drawn_back_is_reserved_again_by_the_other(
    store: SqliteStore, files: Files
) -> None:
    old, new = replace(FILE, version="0"), replace(FILE, rollout=Rollout((Share("1", 100), Share("0", 0))))
    files.put(new, old)
    await sign(store, old)
    await sign(store, new)
    await load(store)
    (attempt,) = await claim(store, NOW)
    files.put(replace(new, rollout=Rollout((Share("1", 0), Share("0", 100)))), old)
    verdict = await store.mark_dialled(attempt.attempt_id, NOW, decide)
    assert not verdict.allowed
    assert "was reserved" in verdict.reason
    again = DispositionKind("forbidden", RetryRule.AGAIN)
    ended = replace(outcome(attempt, "forbidden"), ended_at=NOW)
    await store.close_attempt(ended, by_plan(again, NOW), no_events)  # type: ignore[arg-type]
    (attempt,) = await claim(store, NOW + timedelta(minutes=1), "b")
    assert (await store.mark_dialled(attempt.attempt_id, NOW + timedelta(minutes=1), decide)).allowed
    (record,) = [each for each in await store.attempts() if each.dialled_at is not None]
    assert record.strategy_version == "0"


async def test_two_versions_run_side_by_side(store: SqliteStore, files: Files) -> None:
    new = replace(FILE, version="2", rollout=Rollout((Share("2", 50), Share("1", 50))))
    files.put(new, FILE)
    await sign(store)
    await sign(store, new)
    for number in range(1, 9):
        await load(store, number)
    await claim(store, NOW)
    versions = [record.strategy_version for record in await store.attempts("c1")]
    assert len(versions) == 8
    assert set(versions) == {"1", "2"}


async def test_the_higher_priority_is_called_first(store: SqliteStore, files: Files) -> None:
    found = replace(FILE, segments=(replace(LARGE, priority=50, caller_ids=""), *FILE.segments[1:]))
    files.put(found)
    await sign(store, found)
    await load(store, 1)
    await load(store, 2)
    await load(store, 3, amount="2000.00")
    claimed = await store.claim_due("c1", NOW, 2, decide, ids("a"))
    assert [each.account.customer_id for each in claimed] == ["cust-3", "cust-1"]


async def test_without_its_file_nobody_is_called(store: SqliteStore, files: Files) -> None:
    await sign(store)
    await load(store)
    files.book = StrategyBook(faults={"s": "the strategy s cannot be read: s.yaml:3: no"})
    assert await claim(store, NOW) == []
    (facts,) = await store.contact_facts("cust-1", NOW)
    assert facts.by_strategy is not None
    assert (
        facts.by_strategy.reason == "the strategy s cannot be read: s.yaml:3: no, so nobody is called by it"
    )
    files.put(FILE)
    assert await store.ask_rules_again(moved=True) == 1
    assert len(await claim(store, NOW)) == 1


async def test_a_campaign_that_owns_no_number_of_the_group_calls_nobody(
    store: SqliteStore, files: Files
) -> None:
    found = replace(FILE, caller_ids={"second": ("+861099990000",)})
    files.put(found)
    await sign(store, found)
    await load(store, amount="2000.00")
    assert await claim(store, NOW) == []
    assert await rule(store, NOW) is Rule.NO_CALLER_ID


@pytest.mark.virtual_time
async def test_claims_come_between_while_all_that_was_refused_is_asked_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "PART", 2)
    await sign(store)
    for number in range(1, 6):
        await load(store, number)
    await store.stop_strategy("s", "complaints", "Wang", NOW)
    assert await claim(store, NOW) == []
    before = store.operations
    assert await store.resume_strategy("s", "Wang", NOW)
    assert store.operations - before == 1 + 3, "the change, and three short ones"
    assert len(await claim(store, NOW)) == 5


async def test_a_stop_releases_a_call_that_nobody_has_answered(tmp_path: Path) -> None:
    def rings(call_id: str) -> FakeLeg:
        return FakeLeg(call_id, [(1.0, Event(EventKind.RINGING))], media=FakeMedia())

    by_file = campaign(strategy=CampaignStrategy(file="s"))
    async with floor(tmp_path, rings, campaigns=[by_file], decide=decide) as place:
        place.store.use_strategies(lambda: Files(FILE).book)
        await sign(place.store)
        watch = WithdrawalWatch(place.store, place.clock, decide, place.dialler.sessions)
        await place.dialler.turn()
        await within(20.0, lambda: [each.state for each in place.dialler.sessions()] == [State.RINGING])
        await watch.look()
        await place.store.stop_strategy("s", "wrong words", "Wang", NOW)
        assert await watch.look() == 1
        await within(20.0, lambda: not place.dialler.owned())
        (record,) = await place.records()
        assert record.disposition == "withdrawn"
        last = (await place.store.verdicts("cust-1"))[-1]
        assert last.verdict.rule is Rule.STRATEGY_STOPPED


async def test_the_attempt_carries_tone_and_offers_to_its_flow(store: SqliteStore, files: Files) -> None:
    found = replace(FILE, segments=(replace(LARGE, offers=Offers(instalments=(3,))), *FILE.segments[1:]))
    files.put(found)
    await sign(store, found)
    await load(store, 1)
    await load(store, 2, amount="2000.00")
    claimed = {each.account.customer_id: each.account.treatment for each in await claim(store, NOW)}
    assert claimed == {"cust-1": Treatment("neutral"), "cust-2": Treatment("serious", (3,), 0)}


async def test_an_edit_of_the_file_reaches_planned_accounts_without_a_restart(
    store: SqliteStore, tmp_path: Path
) -> None:
    folder = tmp_path / "strategies"
    folder.mkdir()
    file = folder / "s.yaml"
    text = """\
strategy: s
version: "1"
segments:
  - name: rest
    steps:
      - {do: message, when: start, template: notice}
      - {do: call, when: start+30d}
"""
    file.write_text(text, encoding="utf-8")
    directory = StrategyDirectory(
        tmp_path, lambda versions: Surroundings(shipped(), NOW.date(), versions=versions)
    )
    store.use_strategies(lambda: directory.book)
    watch = RuleWatch(RuleDirectory(ROOT / "dialplan"), store, directory)
    await watch.look()
    await sign(store, directory.book.current["s"].strategy)
    await load(store)
    assert await claim(store, NOW) == []
    assert await store.next_due_at("c1") == NOW + 30 * DAY
    file.write_text(text.replace("start+30d", "start").replace('"1"', '"2"'), encoding="utf-8")
    await watch.look()
    assert await claim(store, NOW) == []
    assert await rule(store, NOW) is Rule.STRATEGY_NOT_SIGNED
    await sign(store, directory.book.current["s"].strategy)
    assert len(await claim(store, NOW, "b")) == 1
    file.write_text(text.replace("call", "sing"), encoding="utf-8")
    await watch.look()
    assert directory.problems
    assert directory.book.current["s"].strategy.version == "2", "the last good one stays"


async def test_who_has_used_up_a_segment_waits_for_the_one_that_takes_him_next(
    store: SqliteStore, files: Files
) -> None:
    early = Segment(
        "early",
        Conditions(buckets=("D1-D30",)),
        (NOTICE, step("start"), step("start+2d")),
        retry_hours=(0, 24),
        max_attempts=2,
    )
    files.put(replace(FILE, segments=(early, REST)))
    await sign(store, files.book.current["s"].strategy)
    await store.load_accounts("c1", [account(1, due_date=(NOW - 20 * DAY).date())], NOW)
    for later in (NOW, NOW + DAY):
        (attempt,) = await claim(store, later, f"a{later:%d}")
        await dialled(store, attempt, later)
    assert await claim(store, NOW + 3 * DAY) == []
    assert await rule(store, NOW + 3 * DAY) is Rule.STEP_NOT_DUE
    assert len(await claim(store, NOW + 14 * DAY, "z")) == 1


async def test_a_step_of_another_segment_is_another_step_whatever_its_name(
    store: SqliteStore, files: Files
) -> None:
    once = replace(
        REST, name="once", when=Conditions(regions=("y",)), steps=(NOTICE, step("start", retry_hours=(0,)))
    )
    files.put(replace(FILE, segments=(once, REST)))
    await sign(store, files.book.current["s"].strategy)
    await load(store, region="y")
    (attempt,) = await claim(store, NOW)
    assert (await store.mark_dialled(attempt.attempt_id, NOW, decide)).allowed
    await load(store)  # a list that was loaded meanwhile has moved him
    ended = replace(outcome(attempt, "busy"), ended_at=NOW + timedelta(minutes=1))
    found = await store.close_attempt(ended, by_plan(BUSY, ended.ended_at), no_events)  # type: ignore[arg-type]
    assert found is not None
    assert found.due_at is not None


async def test_a_call_that_ends_while_its_file_is_away_loses_no_account(
    store: SqliteStore, files: Files
) -> None:
    await sign(store)
    await load(store)
    for at in (NOW, NOW + DAY):
        (attempt,) = await claim(store, at, f"a{at:%d}")
        await dialled(store, attempt, at)
    last = NOW + 3 * DAY
    (attempt,) = await claim(store, last, "last")
    assert (await store.mark_dialled(attempt.attempt_id, last, decide)).allowed
    files.put(replace(FILE, rollout=Rollout((Share("1", 0), Share(HELD_BACK, 100)))))
    ended = replace(outcome(attempt, "busy"), ended_at=last + timedelta(minutes=1))
    found = await store.close_attempt(ended, by_plan(BUSY, ended.ended_at), no_events)  # type: ignore[arg-type]
    assert found is not None
    assert found.due_at == ended.ended_at
    assert await claim(store, NOW + 4 * DAY) == []
    assert await rule(store, NOW + 4 * DAY) is Rule.OUTSIDE_ROLLOUT


@pytest.mark.parametrize("by", ["an edit", "a list"])
async def test_who_waits_for_the_next_step_is_reached_by_what_brings_it_forward(
    store: SqliteStore, files: Files, by: str
) -> None:
    once = replace(REST, steps=(NOTICE, step("start", retry_hours=(0,)), step("start+10d")))
    sooner = replace(REST, steps=(NOTICE, step("start", retry_hours=(0,)), step("start+3d")))
    moved = replace(sooner, name="moved", when=Conditions(regions=("y",)))
    files.put(replace(FILE, segments=(moved, once)))
    await sign(store, files.book.current["s"].strategy)
    await load(store)
    (attempt,) = await claim(store, NOW)
    assert (await dialled(store, attempt, NOW)).due_at == NOW + 10 * DAY
    assert await store.next_due_at("c1") == NOW + 10 * DAY
    if by == "a list":
        await load(store, region="y")
    else:
        files.put(replace(FILE, version="2", segments=(moved, sooner)))
        await sign(store, files.book.current["s"].strategy)
        await store.ask_rules_again(moved=True)
    (attempt,) = await claim(store, NOW + 3 * DAY, "b")
    assert (await store.mark_dialled(attempt.attempt_id, NOW + 3 * DAY, decide)).allowed
