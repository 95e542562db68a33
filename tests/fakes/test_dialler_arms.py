"""The arms of a call: recorded before it is dialled, spoken with their voice, told in its result and its event."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.experiment import Arm, Experiment, drawn_arm
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import StoreError
from tests.support.calls import FakeLeg, FakeMedia, FakePrompts
from tests.support.floor import OneFlow, floor, within
from tests.support.store_rows import account, broken_promises, campaign

pytestmark = [pytest.mark.fakes, pytest.mark.virtual_time]

OPENING = Experiment("opening", (Arm("a"), Arm("b")))
PACE = Experiment("pace", (Arm("usual"), Arm("slow", 1, speed=0.8)))
DEEP = Experiment("opening", (Arm("c"), Arm("d", 1, "espeak-ng+m3")))
TRYING = campaign(strategy=CampaignStrategy(voice=VoiceStyle("espeak-ng", 1.2), experiments=(PACE,)))


def busy(call_id: str) -> FakeLeg:
    return FakeLeg(
        call_id, [(0.5, Event(EventKind.DESTROYED, sip_status=486, q850_cause=17))], media=FakeMedia()
    )


async def test_every_call_runs_with_the_arms_and_the_voice_of_its_customer(tmp_path: Path) -> None:
    prompts, flows = FakePrompts(), OneFlow((OPENING,))
    async with floor(tmp_path, busy, accounts=8, campaigns=[TRYING], prompts=prompts, flows=flows) as place:
        assert await place.dialler.turn() == 8
        await within(60.0, lambda: not place.dialler.owned())
        records = {record.customer_id: record for record in await place.records()}
        events = await place.store.outbox()
    assert broken_promises(tmp_path / "floor.db") == []
    wanted = {
        one: (("opening", drawn_arm(OPENING, one)), ("pace", drawn_arm(PACE, one)))
        for one in (account(number).customer_id for number in range(1, 9))
    }
    assert {customer: record.arms for customer, record in records.items()} == wanted
    assert sorted(flows.rendered, key=str) == sorted(wanted.values(), key=str)
    speeds = [0.8 if dict(arms)["pace"] == "slow" else 1.2 for arms in wanted.values()]
    assert sorted(style.speed for style in prompts.styles) == sorted(speeds)
    assert set(speeds) == {0.8, 1.2}
    assert {style.voice for style in prompts.styles} == {"espeak-ng"}
    told = {str(event.payload["attemptId"]): event.payload["variants"] for event in events}
    assert told == {record.attempt_id: dict(record.arms) for record in records.values()}


async def test_without_experiments_nothing_is_recorded_and_the_voice_is_the_campaigns(tmp_path: Path) -> None:
    prompts = FakePrompts()
    async with floor(tmp_path, busy, prompts=prompts) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        assert [record.arms for record in await place.records()] == [()]
        assert await place.store.assigned_arms(account(1).customer_id) == []
    assert prompts.styles == [VoiceStyle()]


async def test_an_experiment_of_the_flow_wins_over_one_of_the_campaign_with_its_name(tmp_path: Path) -> None:
    prompts = FakePrompts()
    both = campaign(strategy=CampaignStrategy(experiments=(DEEP,)))
    async with floor(tmp_path, busy, campaigns=[both], prompts=prompts, flows=OneFlow((OPENING,))) as place:
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        (record,) = await place.records()
    assert record.arms == (("opening", drawn_arm(OPENING, record.customer_id)),)
    assert prompts.styles == [VoiceStyle()]


async def test_arms_that_cannot_be_recorded_stop_the_dial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was dialled in which arm would be guesswork afterwards."""
    async with floor(tmp_path, busy, flows=OneFlow((OPENING,))) as place:

        async def full(*_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(place.store, "assign_arms", full)
        await place.dialler.turn()
        await within(60.0, lambda: not place.dialler.owned())
        assert place.dials() == 0
        (record,) = await place.records()
        assert record.disposition is not None
        assert record.facts["reason"] == "internal_error"


async def test_arms_hold_in_every_attempt_of_a_customer(tmp_path: Path) -> None:
    more = replace(TRYING, strategy=replace(TRYING.strategy, retry_hours=(0, 1, 2)))
    async with floor(tmp_path, busy, campaigns=[more], flows=OneFlow((OPENING,))) as place:
        for _ in range(2):
            assert await place.dialler.turn() == 1
            await within(60.0, lambda: not place.dialler.owned())
            due = await place.store.next_due_at("c1")
            assert due is not None
            await asyncio.sleep((due - place.clock.now()).total_seconds() + 1.0)
        first, second = await place.records()
    assert first.arms
    assert first.arms == second.arms
