"""The PBX as the use cases see it: calls by our own ids, and what is left of them after a lost connection."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from ari_app.asterisk.ari import AriConnection, ConnectionState
from ari_app.asterisk.ari_types import MalformedMessage, StasisStarted, channels_seen, typed
from ari_app.asterisk.call_leg import AsteriskCallLeg, CallMetrics, LegRecorder, gone_already
from ari_app.asterisk.dial_string import BRIDGE_SUFFIX, MEDIA_SUFFIX, call_of, checked_call_id
from ari_app.asterisk.media import ChanWebsocketMedia, MediaMetrics
from ari_app.errors import NotConnected, RequestRefused, RequestTimeout, TelephonyError
from ari_app.ports import AriEvent

log = structlog.get_logger(__name__)

DEFAULT_MAX_CALL_S = 900


#: Seconds until the channels are listed again when that failed; a further reconnect begins anew at once.
COMPARE_RETRY_S = 0.5


class AsteriskTelephony:
    """Calls over one ARI connection. Implements :class:`ari_app.ports.Telephony`.

    After each reconnect the channels are listed before the ``on_reconnect`` callbacks run: a call whose channel is
    gone gets GONE, one that was answered meanwhile ANSWERED, the others go on; what could not be released is then.
    """

    def __init__(
        self,
        ari: AriConnection,
        *,
        recorder: LegRecorder | None = None,
        max_call_s: int = DEFAULT_MAX_CALL_S,
        setup_timeout_s: float = 5.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """:param max_call_s: Asterisk itself ends the customer's channel then, whatever became of this process.
        :param setup_timeout_s: how long the parts of a call may take to be ready.
        """
        self.ari = ari
        self.app = ari.settings.app
        self.call_metrics = CallMetrics()
        self.media_metrics = MediaMetrics()
        self.max_call_s = max_call_s
        self.setup_timeout_s = setup_timeout_s
        self._recorder = recorder
        self._clock = clock
        self._legs: dict[str, AsteriskCallLeg] = {}
        self._listed_media: set[str] = set()  # media channels that the last list of all channels showed
        self._left_over: dict[str, None] = {}  # uris to DELETE, in order; a set that keeps its order
        self._callbacks: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._unsubscribe = ari.subscribe(self._take)
        ari.on_state(self._state_changed)
        ari.on_reconnect(self._reconnected)

    async def close(self) -> None:
        """Stop listening; calls that are left are told GONE, their channels are not touched."""
        self._closed = True
        self._unsubscribe()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})
        for leg in list(self._legs.values()):
            leg.gone("the controller is closing")
            if leg.media is not None:
                await leg.media.close()
        self._legs.clear()

    @property
    def recorder(self) -> LegRecorder | None:
        return self._recorder

    @property
    def connected(self) -> bool:
        return self.ari.connected

    def call(self, call_id: str) -> AsteriskCallLeg:
        """Register a call.

        :raises ValueError: the id has a shape that Asterisk's paths cannot carry, or is registered already.
        """
        if call_id in self._legs:
            raise ValueError(f"the call {call_id} is registered already")
        leg = AsteriskCallLeg(self, call_id)
        self._legs[call_id] = leg
        return leg

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` after each reconnect, when the calls of this process have been reconciled."""
        self._callbacks.append(callback)

    async def live_calls(self) -> frozenset[str]:
        """Ids of all calls that have a channel in this application; other channels of a shared PBX are not among them.

        A call of which only a media channel is left counts: it is released like any other.
        """
        ours = [
            channel.channel_id
            for channel in channels_seen((await self.ari.request("GET", "channels")).body)
            if channel.app == self.app
        ]
        self._listed_media = {each for each in ours if each != call_of(each)}
        return frozenset(map(call_of, ours))

    async def hang_up_orphan(self, call_id: str) -> None:
        """Release a call that nobody owns; what does not exist any more is success.

        :raises TelephonyError: Asterisk refused for another reason, or the outcome is unknown.
        """
        checked_call_id(call_id)
        listed = {each for each in self._listed_media if call_of(each) == call_id} - {call_id + MEDIA_SUFFIX}
        results = await asyncio.gather(
            self._delete(f"channels/{call_id}"),
            self._delete(f"channels/{call_id}{MEDIA_SUFFIX}"),
            *(self._delete(f"channels/{each}") for each in sorted(listed)),
            self._delete(f"bridges/{call_id}{BRIDGE_SUFFIX}"),
            return_exceptions=True,
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    # --- for the legs ---------------------------------------------------------------------------

    async def open_media(self, connection_id: str) -> ChanWebsocketMedia:
        return await ChanWebsocketMedia.open(
            self.ari.settings,
            connection_id,
            metrics=self.media_metrics,
            clock=self._clock,
            timeout_s=self.setup_timeout_s,
        )

    def unregister(self, call_id: str) -> None:
        self._legs.pop(call_id, None)

    def release_later(self, uri: str) -> None:
        """Remember to DELETE ``uri``; done at once when there is a connection, else at its return."""
        self._left_over[uri] = None
        if self.connected:
            self._work(reconnected=False)

    # --- inside ---------------------------------------------------------------------------------

    def _take(self, event: AriEvent) -> None:
        channel_id = event.channel_id
        if channel_id is None:
            return
        leg = self._legs.get(channel_id) or self._legs.get(call_of(channel_id))
        try:
            parsed = typed(event)
        except MalformedMessage:
            self.ari.metrics.malformed += 1
            return
        if parsed is None:
            return
        if leg is not None:
            leg.take(parsed)
        elif isinstance(parsed, StasisStarted):
            log.info("a channel of nobody entered the application", channel_id=channel_id)

    def _state_changed(self, state: ConnectionState) -> None:
        if state is ConnectionState.REPLACED:
            for leg in list(self._legs.values()):
                leg.gone("another controller took over")

    def _reconnected(self) -> None:
        self._work(reconnected=True)

    def _work(self, *, reconnected: bool) -> None:
        """Start the one worker; a reconnect begins it anew, for what it knew of the old connection is void."""
        if self._closed:
            return  # what is left over then is found as an orphan by the next controller
        if self._task is not None and not self._task.done():
            if not reconnected:
                return  # it looks at the list again before it ends
            self._task.cancel()
        self._task = asyncio.create_task(self._reconcile(reconnected=reconnected), name="telephony-reconcile")
        self._task.add_done_callback(_report)

    async def _reconcile(self, *, reconnected: bool) -> None:
        while reconnected:
            try:
                await self._compare_calls()
                break
            except TelephonyError as error:
                log.warning("calls could not be compared yet", error=str(error))
                await asyncio.sleep(COMPARE_RETRY_S)
        if reconnected:
            for callback in tuple(self._callbacks):
                callback()
        await self._release_left_over()

    async def _compare_calls(self) -> None:
        known = [leg for leg in self._legs.values() if leg.created]
        states = {
            seen.channel_id: seen for seen in channels_seen((await self.ari.request("GET", "channels")).body)
        }
        for leg in known:
            seen = states.get(leg.call_id)
            if seen is None:
                leg.gone("its channel was gone after a lost connection")
            else:
                leg.seen(seen.state)
        log.info("reconciled after a lost connection", calls_count=len(known), channels_count=len(states))

    async def _release_left_over(self) -> None:
        delay = 0.5
        while self._left_over and self.connected:
            for uri in list(self._left_over):
                try:
                    await self._delete(uri)
                except (NotConnected, RequestTimeout):
                    break
                except RequestRefused as error:
                    log.warning("Asterisk did not release a part of a call", uri=uri, status=error.status)
                self._left_over.pop(uri, None)
                self.call_metrics.deferred_releases += 1
            else:
                continue
            await asyncio.sleep(delay)
            delay = min(delay * 2, 30.0)

    async def _delete(self, uri: str) -> None:
        try:
            await self.ari.request("DELETE", uri)
        except RequestRefused as error:
            if not gone_already(uri, error):
                raise


def _report(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("the reconciliation failed", exc_info=task.exception())
