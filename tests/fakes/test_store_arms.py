"""Arms in the store: given once, kept for good, recorded with every attempt, and counted by what was recorded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ari_app.domain.account import AccountDetails
from ari_app.domain.arm_report import ArmCount, GroupedBy
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.experiment import Arm, Arms, Experiment, Reason, drawn_arm
from ari_app.domain.record import EXPORT_FIELDS
from ari_app.errors import StoreError
from ari_app.ports import AttemptHistory, OutboxEvent
from ari_app.store import SqliteStore
from tests.support.store_rows import (
    NOW,
    account,
    allow,
    broken_promises,
    campaign,
    enough,
    ids,
    no_events,
    outcome,
    talked,
)

pytestmark = pytest.mark.fakes

OPENING = Experiment("opening", (Arm("a", 50), Arm("b", 50)))
PACE = Experiment("pace", (Arm("usual", 1), Arm("slow", 1, speed=0.9)))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with await SqliteStore.open(tmp_path / "a.sqlite3") as opened:
        await opened.put_campaign(campaign())
        yield opened
    assert broken_promises(tmp_path / "a.sqlite3") == []


async def reserved(
    store: SqliteStore, number: int, bill: str = "b1", campaign_id: str = "c1"
) -> ReservedAttempt:
    await store.load_accounts(campaign_id, [account(number, bill)], NOW)
    found = await store.claim_due(campaign_id, NOW, 1, allow, ids(f"{campaign_id}-{number}-{bill}"))
    return found[0]


async def over(store: SqliteStore, attempt: ReservedAttempt) -> None:
    await store.close_attempt(outcome(attempt), enough, no_events)


def weighing(**weights: int) -> Experiment:
    return Experiment("opening", tuple(Arm(name, weight) for name, weight in weights.items()))


async def test_the_first_arm_is_the_drawn_one_and_is_recorded_with_its_attempt(store: SqliteStore) -> None:
    attempt = await reserved(store, 1)
    arms = await store.assign_arms(attempt.attempt_id, [PACE, OPENING], NOW)
    assert arms == (("opening", drawn_arm(OPENING, "cust-1")), ("pace", drawn_arm(PACE, "cust-1")))
    (record,) = await store.attempts()
    assert record.arms == arms
    assert record.to_export()["variants"] == dict(arms)
    assert list(record.to_export()) == list(EXPORT_FIELDS)
    assert [
        (one.experiment, one.arm, one.number, one.reason) for one in await store.assigned_arms("cust-1")
    ] == [(name, arm, 1, Reason.FIRST) for name, arm in arms]
    assert {one.attempt_id for one in await store.assigned_arms("cust-1")} == {attempt.attempt_id}


async def test_other_weights_another_task_and_a_restart_change_nobodys_arm(tmp_path: Path) -> None:
    path = tmp_path / "b.sqlite3"
    first: dict[int, Arms] = {}
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign())
        for number in range(1, 9):
            attempt = await reserved(store, number)
            first[number] = await store.assign_arms(attempt.attempt_id, [weighing(a=1, b=1)], NOW)
            await over(store, attempt)
    assert {dict(arms)["opening"] for arms in first.values()} == {"a", "b"}
    async with await SqliteStore.open(path) as store:
        await store.put_campaign(campaign("c2"))
        for number in range(1, 9):
            attempt = await reserved(store, number, "b2", "c2")
            lopsided = Experiment("opening", weighing(a=0, b=99, c=1).arms, share_percent=0.0)
            assert await store.assign_arms(attempt.attempt_id, [lopsided], NOW) == first[number]
            assert len(await store.assigned_arms(f"cust-{number}")) == 1
            await over(store, attempt)


async def test_a_removed_arm_is_replaced_and_both_stay_on_record(store: SqliteStore) -> None:
    attempt = await reserved(store, 1)
    (before,) = await store.assign_arms(attempt.attempt_id, [weighing(old=1, older=0)], NOW)
    await over(store, attempt)
    later = await reserved(store, 1, "b2")
    (after,) = await store.assign_arms(later.attempt_id, [weighing(a=1, b=1)], NOW + timedelta(days=1))
    assert (before, after) == (("opening", "old"), ("opening", drawn_arm(weighing(a=1, b=1), "cust-1")))
    assert [
        (one.number, one.arm, one.reason, one.assigned_at) for one in await store.assigned_arms("cust-1")
    ] == [
        (1, "old", Reason.FIRST, NOW),
        (2, after[1], Reason.ARM_REMOVED, NOW + timedelta(days=1)),
    ]
    await over(store, later)
    # An arm that comes back takes nobody back.
    third = await reserved(store, 1, "b3")
    assert await store.assign_arms(third.attempt_id, [weighing(old=99, a=1, b=1)], NOW) == (after,)
    assert [record.arms for record in await store.attempts()] == [(before,), (after,), (after,)]


async def test_who_takes_no_part_has_no_arm_until_the_share_reaches_him(store: SqliteStore) -> None:
    attempt = await reserved(store, 1)
    nobody = Experiment("opening", OPENING.arms, share_percent=0.0)
    commits = store.commits
    assert await store.assign_arms(attempt.attempt_id, [nobody], NOW) == ()
    assert await store.assigned_arms("cust-1") == []
    assert (await store.attempts())[0].to_export()["variants"] == {}
    assert await store.assign_arms(attempt.attempt_id, [OPENING], NOW) != ()
    assert store.commits - commits == 2


async def test_an_attempt_keeps_the_arms_with_which_it_was_dialled(store: SqliteStore) -> None:
    attempt = await reserved(store, 1)
    arms = await store.assign_arms(attempt.attempt_id, [OPENING], NOW)
    await store.mark_dialled(attempt.attempt_id, NOW, allow)
    with pytest.raises(StoreError, match="dialled or closed"):
        await store.assign_arms(attempt.attempt_id, [OPENING, PACE], NOW)
    await over(store, attempt)
    with pytest.raises(StoreError, match="dialled or closed"):
        await store.assign_arms(attempt.attempt_id, [OPENING, PACE], NOW)
    with pytest.raises(StoreError, match="no such attempt"):
        await store.assign_arms("att-nobody", [OPENING], NOW)
    assert [record.arms for record in await store.attempts()] == [arms]
    assert len(await store.assigned_arms("cust-1")) == 1


async def test_events_are_made_with_the_arms_of_their_attempt(store: SqliteStore) -> None:
    attempt = await reserved(store, 1)
    arms = await store.assign_arms(attempt.attempt_id, [OPENING], NOW)
    seen: list[Arms] = []

    def events(history: AttemptHistory) -> list[OutboxEvent]:
        seen.append(history.arms)
        return []

    await store.close_attempt(outcome(attempt), enough, events)
    assert seen == [arms]


async def test_experiments_of_a_campaign_are_stored_and_handed_to_its_attempts(store: SqliteStore) -> None:
    strategy = CampaignStrategy(experiments=(PACE, OPENING))
    await store.put_campaign(campaign("c1", strategy))
    stored = await store.campaign("c1")
    assert stored is not None
    assert stored.strategy == strategy
    assert (await reserved(store, 1)).experiments == (PACE, OPENING)


async def test_what_came_of_each_arm_is_counted_by_what_was_dialled_with_it(store: SqliteStore) -> None:
    await store.put_campaign(campaign("c2"))
    only_a, only_b = weighing(a=1, b=0), weighing(a=0, b=1)
    complaint = ConversationResult("complaint", verified=True)

    async def called(number: int, bill: str, experiment: Experiment, campaign_id: str, how: str) -> None:
        attempt = await reserved(store, number, bill, campaign_id)
        await store.assign_arms(attempt.attempt_id, [experiment], NOW)
        if how != "undialled":
            await store.mark_dialled(attempt.attempt_id, NOW, allow)
        end = talked(attempt) if how in ("promise", "complaint") else outcome(attempt)
        if how == "complaint":
            end = replace(end, conversation=complaint)
        await store.close_attempt(end, enough, no_events)

    await called(1, "b1", only_a, "c1", "busy")
    await called(1, "b2", only_a, "c1", "promise")
    await called(2, "b1", only_a, "c2", "complaint")
    await called(3, "b1", only_a, "c1", "undialled")
    await called(4, "b1", only_b, "c1", "promise")
    assert await store.arm_counts() == [
        ArmCount("opening", "a", customers=2, attempts=3, answered=2, verified=2, promises=1, complaints=1),
        ArmCount("opening", "b", customers=1, attempts=1, answered=1, verified=1, promises=1, complaints=0),
    ]
    of_c1 = await store.arm_counts("c1")
    assert of_c1[0] == ArmCount("opening", "a", 1, 2, 1, 1, 1, 0)
    assert await store.arm_counts("c3") == []
    figures = of_c1[0].figures()
    assert (figures["answered_share"], figures["verified_share"], figures["promise_share"]) == (0.5, 1.0, 1.0)
    assert ArmCount("x", "y", 0, 0, 0, 0, 0, 0).figures()["promise_share"] is None


async def test_groups_of_customers_are_counted_apart(store: SqliteStore) -> None:
    lists = [
        account(1),
        account(2, language="en", aging_bucket="D1-D30", details=AccountDetails(risk_level="H")),
        account(3, aging_bucket="D1-D30", details=AccountDetails(customer_level="vip")),
    ]
    await store.load_accounts("c1", lists, NOW)
    for attempt in await store.claim_due("c1", NOW, 3, allow, ids()):
        await store.assign_arms(attempt.attempt_id, [weighing(a=1, b=0)], NOW)
        await store.mark_dialled(attempt.attempt_id, NOW, allow)
        await over(store, attempt)

    async def groups(by: GroupedBy) -> dict[str, int]:
        return {one.customer_group: one.customers for one in await store.arm_counts("c1", by)}

    assert await groups(GroupedBy.BUCKET) == {"D1-D30": 2, "D31-D60": 1}
    assert await groups(GroupedBy.LANGUAGE) == {"en": 1, "zh": 2}
    assert await groups(GroupedBy.RISK) == {"": 2, "H": 1}
    assert await groups(GroupedBy.LEVEL) == {"": 2, "vip": 1}
    assert [one.customers for one in await store.arm_counts("c1")] == [3]
