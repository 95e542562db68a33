"""The dialler: claims due accounts and starts calls, within caps and rate.

Woken by a tick, by a call that ended and by an operator's change. Due times live in the store; the dialler only asks
what is due. A claim is one write transaction (gate, verdict, reservation); nothing is dialled that is not reserved.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.compliance import Decide
from ari_app.domain.pacing import TokenBucket, starts_allowed
from ari_app.errors import AriAppError, StoreError
from ari_app.ports import Clock, Flows, Prompts, Store, Telephony
from ari_app.services.arms import with_arms
from ari_app.services.call_session import CallServices, CallSession, DialPlan

log = structlog.get_logger(__name__)

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
        self._bucket = TokenBucket.full(limits.calls_per_second, clock.monotonic())
        self._sessions: dict[str, CallSession | None] = {}
        self._campaign_of: dict[str, str] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._preparing: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._turning = asyncio.Lock()
        self._stopping: str | None = None
        self._turns = 0
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
        started = 0
        async with self._turning:
            if not self._may_claim():
                return 0
            campaigns = [
                each for each in await self._store.campaigns() if each.status is CampaignStatus.RUNNING
            ]
            # Another one is first in each turn, so that none takes every free line from the others.
            first = self._turns % len(campaigns) if campaigns else 0
            self._turns += 1
            for campaign in campaigns[first:] + campaigns[:first]:
                try:
                    started += await self._serve(campaign)
                except StoreError as error:  # of this campaign perhaps alone: the others are served
                    log.error("nothing can be claimed", campaign_id=campaign.campaign_id, error=str(error))
        return started

    def _may_claim(self) -> bool:
        return self._stopping is None and not self.halted and self._telephony.connected

    async def _serve(self, campaign: Campaign) -> int:
        started = 0
        while True:
            self._bucket = self._bucket.refilled(self._clock.monotonic())
            in_campaign = sum(1 for owner in self._campaign_of.values() if owner == campaign.campaign_id)
            allowed = starts_allowed(
                campaign_free=campaign.dialler.concurrency - in_campaign,
                controller_free=self._limits.max_concurrency - len(self._sessions),
                tokens=self._bucket.tokens,
            )
            if allowed == 0 or not self._may_claim():
                return started
            asked = min(allowed, self._limits.batch)
            claimed = await self._store.claim_due(
                campaign.campaign_id, self._clock.now(), asked, self._decide, new_attempt_id
            )
            self._bucket = self._bucket.take(len(claimed))
            for attempt in claimed:
                self._start(attempt)
            started += len(claimed)
            if len(claimed) < asked and not await self._more_is_due(campaign):
                return started

    async def _more_is_due(self, campaign: Campaign) -> bool:
        """One claim examines a bounded number of accounts; after many refusals there may be more to examine."""
        due_at = await self._store.next_due_at(campaign.campaign_id)
        return due_at is not None and due_at <= self._clock.now()

    def _start(self, attempt: ReservedAttempt) -> None:
        self._sessions[attempt.attempt_id] = None
        self._campaign_of[attempt.attempt_id] = attempt.campaign_id
        task = asyncio.create_task(self._call(attempt))
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._ended(attempt, done))

    async def _call(self, attempt: ReservedAttempt) -> None:
        """Record the arms, render the prompts, then call. What cannot be done of it stops the dial, not the call."""
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
        await session.run()

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
            await self._prompts.styled(attempt.voice).prepare(
                self._flows.prompts(attempt.flow, attempt.account, self._clock.now(), attempt.arms)
            )
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
        self._sessions.pop(attempt.attempt_id, None)
        self._campaign_of.pop(attempt.attempt_id, None)
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
