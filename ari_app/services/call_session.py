"""One call, from a reserved attempt to its disposition: the shell around the call machine.

The session feeds events into :mod:`ari_app.domain.call_machine` and carries out its commands. Everything that may take
time runs in a task of its own and answers with an event, so that a hang-up is always noticed at once. Wrap-up is shielded:
cancelling a session stops the call but never loses its outcome.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Call, Command, Event, EventKind, State, step
from ari_app.domain.compliance import Decide
from ari_app.errors import AriAppError, MediaClosed, RequestRefused, TelephonyError
from ari_app.ports import CallLeg, Clock, MediaStream, Recorder, Store
from ari_app.services.conversation import Conversation
from ari_app.services.pace_keeper import SAFE_MESSAGE, PaceKeeper
from ari_app.services.progress_watch import ProgressWatch
from ari_app.services.wrap_up import EndedCall, WrapUp

log = structlog.get_logger(__name__)

#: The reason of a call that was released because a verdict of now forbids it (``dialplan/dispositions.yaml``).
WITHDRAWN = "withdrawn"

#: A call has few events; a leg that sends more than this without being served is broken.
MAX_QUEUED_EVENTS = 256


@dataclass(frozen=True, slots=True)
class CallLimits:
    """Bounds of one call, in seconds."""

    call_s: float = 600.0
    clear_s: float = 8.0


@dataclass(frozen=True, slots=True)
class DialPlan:
    """How to reach a number: the Asterisk endpoint, and whether sound and recording are wanted (not for a probe)."""

    endpoint: str
    with_media: bool = True


@dataclass(frozen=True, slots=True)
class CallServices:
    """What every session shares."""

    store: Store
    clock: Clock
    decide: Decide
    wrap_up: WrapUp
    recorder: Recorder | None
    limits: CallLimits
    conversation: Callable[[ReservedAttempt, MediaStream, Callable[[], Awaitable[None]]], Conversation]
    progress_watch: Callable[[ReservedAttempt, MediaStream], ProgressWatch]
    pace: PaceKeeper | None = None
    """Finds the agent for a call of a campaign that has agents."""


class CallSession:
    """Runs one call. ``run`` returns when the attempt is closed in the store."""

    def __init__(
        self, attempt: ReservedAttempt, plan: DialPlan, leg: CallLeg, services: CallServices
    ) -> None:
        self.attempt = attempt
        self.call = Call()
        self._plan = plan
        self._leg = leg
        self._services = services
        self._queue: asyncio.Queue[Event] = asyncio.Queue(MAX_QUEUED_EVENTS)
        self._tasks: set[asyncio.Task[None]] = set()
        # A hang-up that is on its way must arrive, or somebody stays on the line: never cancelled.
        self._hang_ups: set[asyncio.Task[None]] = set()
        self._timers: dict[EventKind, asyncio.TimerHandle] = {}
        self._conversation: Conversation | None = None
        self._conversation_task: asyncio.Task[None] | None = None
        self._watch_task: asyncio.Task[None] | None = None
        self._recording = False
        self._recording_started_at: datetime | None = None
        self._recording_paused = False
        self._trace = log.bind()  # bound once: a call has many events

    @property
    def state(self) -> State:
        """Where the call is now."""
        return self.call.state

    def stop(self, reason: str) -> None:
        """Ask the call to end (operator's stop, shutdown); it is released and closed as usual."""
        self._put(Event(EventKind.STOP, reason))

    def withdraw(self) -> None:
        """What allowed this call holds no more: release it while nobody has answered; an answered one goes on."""
        self._put(Event(EventKind.WITHDRAWN, WITHDRAWN))

    async def pause_recording(self) -> None:
        """From now on silence is recorded in place of both sides, for what must not be kept (card data); time goes on.

        Returns when that is so, and at once for a call that is not recorded. Pausing twice is pausing once.

        :raises TelephonyError: the recording goes on: do not let the customer say it.
        """
        if self._recording:
            await self._leg.pause_recording()
            log.info("recording paused")
        self._recording_paused = True

    async def resume_recording(self) -> None:
        """Record both sides again; nothing happens where the recording was not paused.

        :raises TelephonyError: it is not known whether anything is recorded.
        """
        if self._recording and self._recording_paused:
            await self._leg.resume_recording()
            log.info("recording resumed")
        self._recording_paused = False

    async def run(self) -> None:
        """Carry the call through. Never raises for what the network does; store errors do propagate."""
        structlog.contextvars.bind_contextvars(
            attempt_id=self.attempt.attempt_id, campaign_id=self.attempt.campaign_id
        )
        self._spawn(self._pump())
        self._put(Event(EventKind.START))
        try:
            while self.call.state is not State.CLOSED:
                await self._feed(await self._queue.get())
        except asyncio.CancelledError:
            await to_the_end(self._abandon("stopped"))
            raise
        except Exception as error:
            # Whatever has gone wrong: nobody is left on the line, and the attempt does not stay open.
            log.error("call broken off", error=repr(error), exc_info=error)
            await to_the_end(self._abandon("internal_error"))
        else:
            await to_the_end(self._close())

    # ------------------------------------------------------------------------------------------- events in

    def _put(self, event: Event) -> None:
        try:
            self._queue.put_nowait(event)
        except asyncio.QueueFull:
            log.warning("call event dropped", kind=event.kind.value)

    async def _pump(self) -> None:
        while True:
            event = await self._leg.next_event()
            self._put(event)
            if event.kind in (EventKind.DESTROYED, EventKind.GONE):
                return

    async def _feed(self, event: Event) -> None:
        before = self.call.state
        self.call, commands = step(self.call, event, self._services.clock.now())
        self._trace.debug(
            "call", event_kind=event.kind.value, before=before.value, after=self.call.state.value
        )
        for command in commands:
            await self._execute(command)

    # ------------------------------------------------------------------------------------------- commands out

    async def _execute(self, command: Command) -> None:
        match command:
            case Command.PREPARE_LEGS:
                self._spawn(self._prepare())
            case Command.MARK_DIALLED:
                self._put(await self._confirm())
            case Command.DIAL:
                self._spawn(self._dial())
            case Command.START_RECORDING:
                if self._services.recorder is not None and self._plan.with_media:
                    self._spawn(self._record())
            case Command.WATCH_PROGRESS:
                if self._leg.media is not None:
                    self._watch_task = self._spawn(self._watch(self._leg.media))
            case Command.START_RING_TIMER:
                self._start_timer(EventKind.RING_TIMEOUT, self.attempt.ring_timeout_s)
            case Command.STOP_RING_TIMER:
                self._stop_timer(EventKind.RING_TIMEOUT)
            case Command.START_CALL_TIMER:
                self._start_timer(EventKind.CALL_TIMEOUT, self._services.limits.call_s)
            case Command.START_CLEAR_TIMER:
                self._start_timer(EventKind.CLEAR_TIMEOUT, self._services.limits.clear_s)
            case Command.START_CONVERSATION:
                await self._cancel(self._watch_task)
                self._start_conversation()
            case Command.STOP_CONVERSATION:
                await self._cancel(self._watch_task)
                await self._cancel(self._conversation_task)
            case Command.HANG_UP:
                self._hang_ups.add(self._spawn(self._hang_up()))
            case Command.CLOSE:
                pass  # the loop in ``run`` ends, and ``_close`` does the rest

    async def _prepare(self) -> None:
        try:
            await self._leg.prepare(
                endpoint=self._plan.endpoint,
                caller_id=self.attempt.caller_id,
                caller_name="",
                with_media=self._plan.with_media,
            )
        except (TelephonyError, ValueError) as error:
            self._put(Event(EventKind.LEGS_FAILED, f"prepare_failed: {error}"))
        else:
            self._put(Event(EventKind.LEGS_READY))

    async def _confirm(self) -> Event:
        services = self._services
        try:
            verdict = await services.store.mark_dialled(
                self.attempt.attempt_id, services.clock.now(), services.decide
            )
        except AriAppError as error:
            return Event(EventKind.DIAL_FORBIDDEN, f"store_failed: {error}")
        if not verdict.allowed:
            return Event(EventKind.DIAL_FORBIDDEN, "dial_forbidden")
        return Event(EventKind.DIAL_CONFIRMED)

    async def _dial(self) -> None:
        try:
            await self._leg.dial(self.attempt.ring_timeout_s + self._services.limits.clear_s)
        except RequestRefused as error:
            self._put(Event(EventKind.DIAL_REFUSED, f"dial_refused: {error}"))
        except TelephonyError as error:
            # Whether the INVITE left is unknown. It is never sent again; events or the ring timer end the call.
            log.warning("outcome of dial unknown", error=str(error))

    async def _record(self) -> None:
        try:
            await self._leg.start_recording(self.attempt.attempt_id)
            self._recording = True
            self._recording_started_at = self._services.clock.now()
        except TelephonyError as error:
            log.error("call is not recorded", error=str(error))
            return
        if self._recording_paused:  # asked for while it began
            try:
                await self._leg.pause_recording()
            except TelephonyError:
                await self._stop_recording()

    async def _stop_recording(self) -> None:
        """The customer does not want to be recorded; a recording that cannot be stopped ends the call."""
        try:
            await self._leg.stop_recording()
        except TelephonyError as error:
            log.error("recording could not be stopped", error=str(error))
            self._put(Event(EventKind.STOP, "recording_refused"))

    async def _hang_up(self) -> None:
        try:
            await self._leg.hang_up()
        except TelephonyError as error:
            log.warning("hang-up not confirmed", error=str(error))

    async def _watch(self, media: MediaStream) -> None:
        try:
            heard = await self._services.progress_watch(self.attempt, media).run()
        except MediaClosed:
            return  # before the answer nothing hangs on the sound; the signalling still ends the call
        if heard is not None:
            self._put(Event(EventKind.HEARD, heard))

    def _start_conversation(self) -> None:
        if self._leg.media is None:
            self._put(
                Event(EventKind.CONVERSATION_ENDED, "probe" if not self._plan.with_media else "no_media")
            )
            return
        if self.attempt.team:
            self._conversation_task = self._spawn(self._meet(self._leg.media))
        else:
            self._conversation_task = self._spawn(self._converse(self._talk(self.attempt, self._leg.media)))

    def _talk(self, attempt: ReservedAttempt, media: MediaStream) -> Conversation:
        self._conversation = self._services.conversation(attempt, media, self._stop_recording)
        return self._conversation

    async def _meet(self, media: MediaStream) -> None:
        """A person has answered a call that is for an agent; where none is there in time, the safe message is spoken."""
        pace = self._services.pace
        if pace is not None and await pace.take(self.attempt, self.call):
            await self._converse(self._talk(self.attempt, media))
        else:
            log.warning("call abandoned", team=self.attempt.team)
            await self._converse(self._talk(replace(self.attempt, flow=SAFE_MESSAGE), media))

    async def _converse(self, conversation: Conversation) -> None:
        try:
            result = await conversation.run()
        except MediaClosed:
            self._put(Event(EventKind.MEDIA_LOST, "media_lost"))
        except AriAppError as error:
            log.error("conversation failed", error=str(error))
            self._put(Event(EventKind.STOP, "conversation_failed"))
        else:
            kind = EventKind.HEARD if result.heard else EventKind.CONVERSATION_ENDED
            self._put(Event(kind, result.heard or result.result))

    # ------------------------------------------------------------------------------------------- tasks and timers

    def _start_timer(self, kind: EventKind, seconds: float) -> None:
        self._stop_timer(kind)
        loop = asyncio.get_running_loop()
        self._timers[kind] = loop.call_later(seconds, self._time_is_up, kind)

    def _time_is_up(self, kind: EventKind) -> None:
        if kind is EventKind.RING_TIMEOUT and not self._leg.in_touch:
            # Unheard, somebody may have answered, or the INVITE may not have left: no silence is known.
            self._put(Event(EventKind.STOP, "interrupted"))
        else:
            self._put(Event(kind))

    def _stop_timer(self, kind: EventKind) -> None:
        handle = self._timers.pop(kind, None)
        if handle is not None:
            handle.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._hang_ups.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("call task failed", error=repr(error), exc_info=error)
            self._put(Event(EventKind.STOP, "internal_error"))

    async def _cancel(self, task: asyncio.Task[None] | None) -> None:
        if task is None or task.done():
            return
        task.cancel()
        await asyncio.wait([task])

    async def _drop_tasks(self) -> None:
        for handle in self._timers.values():
            handle.cancel()
        self._timers.clear()
        tasks = list(self._tasks)
        for task in tasks:
            if task not in self._hang_ups:
                task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    # ------------------------------------------------------------------------------------------- the end

    async def _abandon(self, reason: str) -> None:
        """The session was cancelled (shutdown) or has failed: release the customer first, then close the call."""
        now = self._services.clock.now()
        self.call = replace(self.call, state=State.CLOSED, reason=self.call.reason or reason, ended_at=now)
        await self._hang_up()
        await self._close()

    async def _close(self) -> None:
        """Release what is left and write the outcome."""
        await self._drop_tasks()
        try:
            await self._leg.release()
        except TelephonyError as error:
            log.warning("call not released as a whole", error=str(error))
        ended = EndedCall(
            attempt=self.attempt,
            call=self.call,
            conversation=None if self._conversation is None else self._conversation.so_far(),
            recorded=self._recording,
            recording_started_at=self._recording_started_at,
        )
        await self._services.wrap_up.close(ended)


async def to_the_end(work: Coroutine[Any, Any, None]) -> None:
    """Await ``work`` to its end even when the waiting task is cancelled, however often; the cancellation follows then."""
    task = asyncio.ensure_future(work)
    cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            cancelled = True
    task.result()
    if cancelled:
        raise asyncio.CancelledError
