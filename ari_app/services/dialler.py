"""The dialler: claims due accounts and starts calls, within caps and rate.

Woken by a tick, by a call that ended and by an operator's change. Due times live in the store; the dialler only asks
what is due. A claim is one write transaction (gate, verdict, reservation); nothing is dialled that is not reserved.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import structlog

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.compliance import Decide
from ari_app.domain.fair_share import FairShares
from ari_app.domain.pacing import AHEAD_S, SteadyRate
from ari_app.errors import AriAppError, StoreError
from ari_app.ports import Clock, Flows, Prompts, Store, Telephony
from ari_app.services.arms import with_arms
from ari_app.services.call_session import CallServices, CallSession, DialPlan
from ari_app.services.pace_keeper import SAFE_MESSAGE
from ari_app.services.trunks import TrunkDesk

log = structlog.get_logger(__name__)

#: Claims in one turn that find nothing to dial in a campaign, although more is due: the next turn goes on.
MOST_IN_VAIN = 8

#: The plan of a number that no trunk takes: its attempt is closed before anything is sent.
NO_ROUTE = DialPlan("PJSIP/none@none", with_media=False)


@dataclass(frozen=True, slots=True)
class DiallerLimits:
    """``max_concurrency`` calls at one time over all campaigns, ``calls_per_second`` starts, ``batch`` claims a turn."""

    max_concurrency: int = 120
    calls_per_second: float = 10.0
    batch: int = 50


def new_attempt_id() -> str:
    """An id that never collides between controllers; letters and digits, fit for a channel id and a file name."""
    return f"att-{secrets.token_hex(10)}"


class Dialler:
    """Starts calls and looks after the running sessions."""

    def __init__(
        self,
        store: Store,
        telephony: Telephony,
        clock: Clock,
        decide: Decide,
        services: CallServices,
        route: Callable[[ReservedAttempt], DialPlan | None],
        flows: Flows | None,
        prompts: Prompts | None,
        limits: DiallerLimits,
        trunks: TrunkDesk | None = None,
    ) -> None:
        self._store = store
        self._telephony = telephony
        self._clock = clock
        self._decide = decide
        self._services = services
        self._route = route
        self._flows = flows
        self._prompts = prompts
        self._limits = limits
        self._trunks = trunks
        self._schedule = SteadyRate(limits.calls_per_second, clock.monotonic())
        self._shares = FairShares()
        self._sessions: dict[str, CallSession | None] = {}
        self._campaign_of: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._turning = asyncio.Lock()
        self._stopping: str | None = None
        self._stopped = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self.halted = True
        """Nothing is claimed while True; :meth:`stop` is for good, whatever stands here."""
        self.finished = 0
        """Calls that have ended, of this controller."""
        self.on_lost: Callable[[], None] = lambda: None
        """Called when a session has failed and left its attempt open."""

    # ------------------------------------------------------------------------------------------- state

    def owned(self) -> frozenset[str]:
        """Ids of the attempts that this controller is working on."""
        return frozenset(self._sessions)

    def sessions(self) -> list[CallSession]:
        """The running calls."""
        return [session for session in self._sessions.values() if session is not None]

    def held_back(self) -> Mapping[str, str]:
        """Campaigns that start nothing now because of their mode, and why."""
        return {} if self._services.pace is None else self._services.pace.reasons()

    def abandoned(self) -> int:
        """People for whom no agent was there in time, since the start."""
        return 0 if self._services.pace is None else self._services.pace.abandoned

    def wake(self) -> None:
        """Look for due accounts soon."""
        self._wake.set()

    # ------------------------------------------------------------------------------------------- running

    async def run(self) -> None:
        """Serve until cancelled. Set ``halted`` to False once the store and the PBX agree."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.turn()
            except StoreError as error:
                log.error("nothing can be claimed", error=str(error))

    async def turn(self) -> int:
        """Start what may be started now; returns the number of calls started."""
        async with self._turning:
            if not self._may_claim():
                return 0
            campaigns = [
                each for each in await self._store.campaigns() if each.status is CampaignStatus.RUNNING
            ]
            return await self._share_out({each.campaign_id: each for each in campaigns})

    def _may_claim(self) -> bool:
        return self._stopping is None and not self.halted and self._telephony.connected

    async def _share_out(self, hungry: dict[str, Campaign]) -> int:
        """Starts go round to whoever is furthest behind, until nothing is free or nobody wants more."""
        started = 0
        weights = {name: campaign.dialler.weight for name, campaign in hungry.items()}
        self._shares = self._shares.among(hungry)
        in_vain: Counter[str] = Counter()
        while hungry and self._may_claim():
            free = self._limits.max_concurrency - len(self._sessions)
            room = min(free, self._schedule.moments(self._clock.monotonic(), AHEAD_S))
            lines = None if self._trunks is None else self._trunks.room(AHEAD_S)
            room = room if lines is None else min(room, lines)
            wants = {name: await self._most(campaign, room) for name, campaign in hungry.items()}
            given = self._shares.share_out(room, wants, weights)
            if not given:
                if room == 0 < free:  # schedules or trunks alone are in the way
                    self._wake_in(AHEAD_S / 2)
                return started
            for name, asked in given.items():
                claimed, more = await self._serve(hungry[name], min(asked, self._limits.batch))
                started += claimed
                self._shares = self._shares.served(name, claimed, weights[name])
                in_vain[name] += claimed == 0
                if not more:
                    self._shares = self._shares.idle(name)
                if not more or in_vain[name] >= MOST_IN_VAIN:
                    del hungry[name]
        return started

    def _wake_in(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._wake.set)

    async def _most(self, campaign: Campaign, room: int) -> int:
        """How many calls of a campaign may start now: its own lines, and what its mode allows."""
        mine = [each for each, owner in self._campaign_of.items() if owner == campaign.campaign_id]
        cap = min(room, campaign.dialler.concurrency - len(mine))
        if cap <= 0 or self._services.pace is None:
            return max(0, cap)
        sessions = [self._sessions.get(each) for each in mine]
        calls = [None if each is None else each.call for each in sessions]
        return await self._services.pace.room(campaign, calls, cap)

    async def _serve(self, campaign: Campaign, asked: int) -> tuple[int, bool]:
        """Claim and start up to ``asked`` calls; how many, and whether the campaign has more that is due."""
        try:
            claimed = await self._store.claim_due(
                campaign.campaign_id,
                self._clock.now(),
                asked,
                self._decide,
                new_attempt_id,
                None if self._trunks is None else self._trunks.admission(AHEAD_S),
            )
            for attempt in claimed:
                self._start(attempt)
            return len(claimed), len(claimed) == asked or await self._more_is_due(campaign)
        except StoreError as error:  # of this campaign perhaps alone: the others are served
            log.error("nothing can be claimed", campaign_id=campaign.campaign_id, error=str(error))
            return 0, False

    async def _more_is_due(self, campaign: Campaign) -> bool:
        """One claim examines a bounded number of accounts; after many refusals there may be more to examine."""
        due_at = await self._store.next_due_at(campaign.campaign_id)
        return due_at is not None and due_at <= self._clock.now()

    def _start(self, attempt: ReservedAttempt) -> None:
        self._sessions[attempt.attempt_id] = None
        self._campaign_of[attempt.attempt_id] = attempt.campaign_id
        self._schedule, moment = self._schedule.take(self._clock.monotonic())
        if self._trunks is not None:
            moment = max(moment, self._trunks.begin(attempt.attempt_id, attempt.account.phone))
        task = asyncio.create_task(self._call(attempt, moment))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(attempt, done))

    async def _call(self, attempt: ReservedAttempt, moment: float) -> None:
        """Record the arms, render the prompts, and call when its moment on the schedule has come.

        What cannot be done of it stops the dial, not the call.
        """
        leg = self._telephony.call(attempt.attempt_id)
        plan = self._plan(attempt)
        with_its_arms = attempt if plan is None else await self._with_arms(attempt)
        attempt = with_its_arms or attempt
        session = CallSession(attempt, plan or NO_ROUTE, leg, self._services)
        self._sessions[attempt.attempt_id] = session
        if self._stopping is not None:  # claimed while the stop came
            session.stop(self._stopping)
        elif plan is None:
            log.error("no trunk for this number", attempt_id=attempt.attempt_id)
            session.stop("no_trunk")
        elif with_its_arms is None:
            session.stop("internal_error")
        elif plan.with_media and (trouble := await self._prepare(attempt)) is not None:
            session.stop(trouble)
        await self._wait_until(moment)
        await session.run()

    async def _wait_until(self, moment: float) -> None:
        """Calls leave one after the other, evenly; a stop ends the wait."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, moment - self._clock.monotonic())):
                await self._stopped.wait()

    def _plan(self, attempt: ReservedAttempt) -> DialPlan | None:
        try:
            return self._route(attempt)
        except (AriAppError, ValueError) as error:
            log.error("route failed", attempt_id=attempt.attempt_id, error_type=type(error).__name__)
            return None

    async def _with_arms(self, attempt: ReservedAttempt) -> ReservedAttempt | None:
        """The attempt with the arms that its customer has; None where they cannot be recorded: nothing is dialled then."""
        try:
            return await with_arms(attempt, self._store, self._flows, self._clock)
        except AriAppError as error:
            log.error("arms cannot be recorded", attempt_id=attempt.attempt_id, error=str(error))
            return None

    async def _prepare(self, attempt: ReservedAttempt) -> str | None:
        """Render what the call may need; the reason not to dial where that did not work.

        Nothing has been dialled: whatever went wrong, the attempt can be closed as such.
        """
        if self._flows is None or self._prompts is None:
            return None
        task = asyncio.current_task()
        assert task is not None
        self._preparing.add(task)
        try:
            now = self._clock.now()
            wanted = self._flows.prompts(attempt.flow, attempt.account, now, attempt.arms)
            if attempt.team:
                wanted = (*wanted, *self._flows.prompts(SAFE_MESSAGE, attempt.account, now))
            await self._prompts.styled(attempt.voice).prepare(wanted)
        except asyncio.CancelledError:
            if self._stopping is None:
                raise
            task.uncancel()
            return self._stopping
        except AriAppError as error:
            log.error("prompts cannot be rendered", attempt_id=attempt.attempt_id, error=str(error))
            return "prompts_missing"
        except Exception as error:
            log.exception(
                "prompts cannot be rendered", attempt_id=attempt.attempt_id, error_type=type(error).__name__
            )
            return "internal_error"
        finally:
            self._preparing.discard(task)
        return None

    def _ended(self, attempt: ReservedAttempt, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.finished += 1
        session = self._sessions.pop(attempt.attempt_id, None)
        self._campaign_of.pop(attempt.attempt_id, None)
        if self._trunks is not None:
            self._trunks.ended(attempt.attempt_id, None if session is None else session.call)
        if self._services.pace is not None and session is not None:
            self._services.pace.ended(attempt, session.call)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The attempt stays open in the store; reconciliation closes it, and nobody is redialled meanwhile.
            log.error("call failed", attempt_id=attempt.attempt_id, error=repr(error), exc_info=error)
            self.on_lost()
        self._wake.set()

    async def stop(self, *, reason: str = "stopped", patience_s: float = 15.0) -> None:
        """End all calls and wait for their wrap-up, for good: nothing is claimed any more.

        What is not over in time is cancelled, and still released and closed where the store can be written.
        """
        self.halted = True
        self._stopping = reason
        self._stopped.set()
        if self._alarm is not None:
            self._alarm.cancel()
        for session in self.sessions():
            session.stop(reason)
        for task in self._preparing:
            task.cancel()
        async with self._turning:  # a claim that is under way has started its sessions: they close undialled
            running = set(self._tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=patience_s)
            if late:
                self._services.wrap_up.hurry()
                for task in late:
                    task.cancel()
                await asyncio.wait(late)
