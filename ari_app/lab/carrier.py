"""The lab's telephone network: takes every call that reaches the carrier's Asterisk and gives it to a subscriber.

The carrier's dialplan sends each INVITE to the Stasis application ``lab`` before anything is answered or signalled; the
first argument is the dialled number.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import structlog

from ari_app.errors import RequestRefused, TelephonyError
from ari_app.lab.records import LabCall, foreign
from ari_app.lab.scenario import Scenario
from ari_app.lab.subscriber import Exchange, Subscriber
from ari_app.ports import AriEvent

log = structlog.get_logger(__name__)

MOST_CALLS = 1_000
"""Calls at once; the network answers 503 to more, and counts them."""
_STOP_S = 10.0
_ENDS = frozenset({"StasisEnd", "ChannelHangupRequest", "ChannelDestroyed"})
_OWN = "lab-media-"


@dataclass(slots=True)
class CarrierCounters:
    """What the network saw."""

    calls: int = 0
    refused: int = 0
    """Calls above :data:`MOST_CALLS`."""
    left_over: int = 0
    """Calls of a lab before this one, released at the start."""
    strange_events: int = 0


class Carrier:
    """``start`` before the first call, ``close`` at the end; every call is one task, all of them are awaited there."""

    def __init__(
        self, exchange: Exchange, scenario: Scenario, on_change: Callable[[LabCall], None] | None = None
    ) -> None:
        """:param on_change: called when a call arrives and when it has ended; must return at once."""
        self.counters = CarrierCounters()
        self._exchange = exchange
        self._scenario = scenario
        self._on_change = on_change
        self._calls: dict[str, Subscriber] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop_task: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def active(self) -> list[LabCall]:
        """Calls that are there now."""
        return [each.call for each in self._calls.values()]

    async def start(self) -> None:
        """Listen, and release what a lab before this one left. Raises TelephonyError."""
        events = self._exchange.ari.events()
        self._loop_task = asyncio.create_task(self._watch(events), name="lab-carrier")
        try:
            await self._release_left_over()
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Release every call, wait for their records, stop listening. Safe to call twice."""
        self._closing = True
        for subscriber in list(self._calls.values()):
            subscriber.stop()
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=_STOP_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late)
        watcher, self._loop_task = self._loop_task, None
        if watcher is not None:
            watcher.cancel()
            await asyncio.wait({watcher})

    async def _release_left_over(self) -> None:
        reply = await self._exchange.ari.request("GET", "channels")
        for channel in reply.body if isinstance(reply.body, list) else []:
            if not isinstance(channel, Mapping) or channel.get("id") in self._calls:
                continue
            self.counters.left_over += 1
            try:
                await self._exchange.ari.request(
                    "DELETE", f"channels/{channel.get('id')}", params={"reason_code": "38"}
                )
            except RequestRefused:
                pass  # it went by itself

    # --- events ---------------------------------------------------------------------------------

    async def _watch(self, events: AsyncIterator[AriEvent]) -> None:
        async for event in events:
            try:
                self._take(event)
            except (ValueError, TypeError, KeyError, AttributeError, IndexError):
                self.counters.strange_events += 1

    def _take(self, event: AriEvent) -> None:
        channel = event.channel_id
        if channel is None:
            return
        if event.type == "StasisStart":
            if not self._exchange.arrivals.arrived(channel) and not channel.startswith(_OWN):
                self._call(channel, event.data)
        elif event.type in _ENDS:
            subscriber = self._calls.get(channel)
            if subscriber is not None:
                cause = event.data.get("cause")
                subscriber.gone(cause if isinstance(cause, int) else None)

    def _call(self, channel: str, data: Mapping[str, object]) -> None:
        arguments, about = data.get("args"), data.get("channel")
        if not isinstance(arguments, list) or not arguments or not isinstance(about, Mapping):
            raise ValueError("a StasisStart without a dialled number")
        self.counters.calls += 1
        caller = about.get("caller")
        caller = caller if isinstance(caller, Mapping) else {}
        dialled = foreign(arguments[0])
        persona = self._scenario.persona_for(dialled)
        call = LabCall(
            call=0,
            dialled=dialled,
            caller_id=foreign(caller.get("number")),
            caller_name=foreign(caller.get("name")),
            sip_call_id=foreign(about.get("protocol_id")),
            channel=channel,
            persona=persona.name,
            invited_at=self._exchange.clock.now().isoformat(),
        )
        subscriber = Subscriber(self._exchange, persona, call)
        self._calls[channel] = subscriber
        try:
            self._exchange.records.invite(call)
        except OSError as error:
            # A call that the witness cannot note is not let through.
            log.error("a call record could not be written; the call is refused", error=str(error))
            subscriber.stop()
        if self._closing or len(self._calls) > MOST_CALLS:
            self.counters.refused += 1
            subscriber.stop()
        task = asyncio.create_task(self._serve(channel, subscriber), name=f"lab-call-{call.call}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, channel: str, subscriber: Subscriber) -> None:
        self._tell(subscriber.call)
        try:
            await subscriber.run()
        except TelephonyError as error:
            log.warning("a lab call ended with an error", call=subscriber.call.call, error=str(error))
        finally:
            self._calls.pop(channel, None)
            self._tell(subscriber.call)

    def _tell(self, call: LabCall) -> None:
        if self._on_change is None:
            return
        try:
            self._on_change(call)
        except Exception:  # whoever watches the network must not end its calls
            log.exception("a watcher of lab calls failed", call=call.call)
