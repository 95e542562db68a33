"""The whole call floor over fakes: dialler, sessions, wrap-up and reconciliation on a real store and the loop's time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from ari_app.dialogue.model import Fragment
from ari_app.domain.account import Account
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.campaign import Campaign
from ari_app.domain.compliance import Decide
from ari_app.domain.experiment import Arms, Experiment
from ari_app.domain.record import AttemptRecord
from ari_app.ports import Agents, Dialogue, MediaStream, Prompts, Recorder
from ari_app.services.call_session import CallLimits, CallServices, DialPlan
from ari_app.services.controller import Controller
from ari_app.services.conversation import Conversation, Ears
from ari_app.services.dialler import Dialler, DiallerLimits
from ari_app.services.disposition_file import read_dispositions
from ari_app.services.pace_keeper import PaceKeeper
from ari_app.services.progress_watch import ProgressWatch
from ari_app.services.reconcile import Reconciler
from ari_app.services.trunks import TrunkDesk
from ari_app.services.wrap_up import WrapUp
from ari_app.store.sqlite_store import SqliteStore
from tests.support.calls import (
    FakeLeg,
    FakePrompts,
    FakeTelephony,
    NoDetector,
    OneQuestion,
    QuietGate,
)
from tests.support.clock import LoopClock
from tests.support.serving import DIALPLAN
from tests.support.store_rows import account, allow, campaign

TABLE = read_dispositions(DIALPLAN / "dispositions.yaml")

Route = Callable[[ReservedAttempt], DialPlan | None]


class HearsNothing:
    """Never recognises anything before the answer."""

    heard: ClassVar[list[str]] = []

    def push(self, frame: bytes) -> str | None:
        return None


class OneFlow:
    """Flows of which every call needs one fragment; what is opened is always the same question.

    ``tried`` are the experiments of every flow; ``rendered`` the arms for which fragments were asked.
    """

    def __init__(self, tried: tuple[Experiment, ...] = ()) -> None:
        self.tried = tried
        self.rendered: list[Arms | None] = []

    def experiments(self, name: str) -> tuple[Experiment, ...]:
        return self.tried

    def open(self, name: str, account: Account, arms: Arms = ()) -> Dialogue:
        return OneQuestion()

    def prompts(
        self, name: str, account: Account, now: datetime, arms: Arms | None = None
    ) -> tuple[Fragment, ...]:
        self.rendered.append(arms)
        return (Fragment("hello", "en"),)

    def other_prompts(self, name: str, account: Account, now: datetime) -> tuple[Fragment, ...]:
        return ()


def any_trunk(attempt: ReservedAttempt) -> DialPlan | None:
    """Every number has a route."""
    return DialPlan(f"PJSIP/{attempt.account.phone}@trunk")


@dataclass
class Floor:
    """What is put together; ``records`` are the attempts as stored."""

    store: SqliteStore
    telephony: FakeTelephony
    services: CallServices
    wrap_up: WrapUp
    dialler: Dialler
    reconciler: Reconciler
    controller: Controller
    clock: LoopClock
    folder: Path
    opened_flows: list[str]

    async def records(self) -> list[AttemptRecord]:
        return await self.store.attempts()

    async def dispositions(self) -> list[str | None]:
        """Of all attempts, in order of reservation; None for an open one."""
        return [record.disposition for record in await self.records()]

    def dials(self) -> int:
        """INVITEs asked of the PBX so far."""
        return sum(leg.log.count("dial") for leg in self.telephony.legs.values())


@asynccontextmanager
async def floor(
    folder: Path,
    make: Callable[[str], FakeLeg],
    *,
    accounts: int = 1,
    campaigns: Sequence[Campaign] | None = None,
    route: Route = any_trunk,
    prompts: Prompts | None = None,
    limits: DiallerLimits | None = None,
    decide: Decide = allow,
    recorder: Recorder | None = None,
    halted: bool = False,
    open_dialogue: Callable[[], Dialogue] | None = None,
    flows: OneFlow | None = None,
    agents: Agents | None = None,
    trunks: TrunkDesk | None = None,
) -> AsyncIterator[Floor]:
    """A floor with ``accounts`` customers in every campaign; nothing runs until it is told to.

    When the context ends, whatever was begun is stopped.
    """
    loop = asyncio.get_running_loop()
    clock = LoopClock(loop)
    async with await SqliteStore.open(folder / "floor.db") as store:
        for number, each in enumerate(campaigns if campaigns is not None else [campaign()]):
            await store.put_campaign(each)
            first = 1 + number * accounts
            await store.load_accounts(
                each.campaign_id, [account(n) for n in range(first, first + accounts)], clock.now()
            )
        telephony = FakeTelephony(make)
        wrap_up = WrapUp(store, clock, TABLE, recorder, folder / "transcripts")

        opened: list[str] = []

        def converse(
            attempt: ReservedAttempt, media: MediaStream, stop_recording: Callable[[], Awaitable[None]]
        ) -> Conversation:
            opened.append(attempt.flow)
            dialogue = open_dialogue() if open_dialogue is not None else OneFlow().open("", attempt.account)
            ears = Ears(QuietGate(), NoDetector(), lambda _: None)
            return Conversation(dialogue, media, FakePrompts(), ears, clock, stop_recording)

        services = CallServices(
            store=store,
            clock=clock,
            decide=decide,
            wrap_up=wrap_up,
            recorder=recorder,
            limits=CallLimits(call_s=60.0, clear_s=5.0),
            conversation=converse,
            progress_watch=lambda _, media: ProgressWatch(media, HearsNothing()),
            pace=PaceKeeper(store, clock, agents),
        )
        dialler = Dialler(
            store,
            telephony,
            clock,
            decide,
            services,
            route,
            flows or OneFlow(),
            prompts or FakePrompts(),
            limits or DiallerLimits(),
            trunks,
        )
        dialler.halted = halted
        reconciler = Reconciler(store, telephony, wrap_up, dialler.owned)
        controller = Controller(telephony, dialler, reconciler)
        try:
            yield Floor(
                store, telephony, services, wrap_up, dialler, reconciler, controller, clock, folder, opened
            )
        finally:
            await controller.stop()


async def within(seconds: float, true: Callable[[], bool]) -> None:
    """Wait for something, in the loop's time; AssertionError when it does not come."""
    for _ in range(round(seconds / 0.05) + 1):
        if true():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {seconds:g} s")
