"""One outbound call in Asterisk: the customer's channel, its sound (``media_leg.py``), its events.

Ids are our own (``CALL``, ``CALL-media``, ``CALL-bridge``) and are registered before anything is asked, so that no
event is missed and everything can be released by name, whatever is known of it.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Protocol

import structlog

from ari_app.asterisk.ari_types import (
    ChannelGone,
    ChannelState,
    DialProgress,
    DtmfReceived,
    StasisStarted,
    TypedEvent,
)
from ari_app.asterisk.dial_string import (
    checked_call_id,
    checked_caller_id,
    checked_endpoint,
    safe_caller_name,
)
from ari_app.asterisk.media import ChanWebsocketMedia
from ari_app.asterisk.media_leg import MediaLeg, all_or_first_error
from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import NotConnected, RequestRefused, RequestTimeout, TelephonyError
from ari_app.ports import Ari, AriReply

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class CallMetrics:
    """Counters of all calls of one telephony adapter."""

    prepared: int = 0
    prepare_failed: int = 0
    dialled: int = 0
    dial_unknown: int = 0
    """INVITEs whose request was not answered: they may have left."""
    gone: int = 0
    """Calls that ended without a ChannelDestroyed event."""
    deferred_releases: int = 0
    """Releases that were remembered because there was no connection, and done at its return."""


class LegRecorder(Protocol):
    """What a leg needs of the recorder."""

    async def start(self, channel_id: str, attempt_id: str) -> None: ...

    async def stop(self, channel_id: str) -> None: ...

    async def pause(self, channel_id: str) -> None: ...

    async def resume(self, channel_id: str) -> None: ...


class LegOwner(Protocol):
    """What a leg needs of the telephony adapter."""

    call_metrics: CallMetrics
    app: str
    setup_timeout_s: float
    max_call_s: int

    @property
    def ari(self) -> Ari: ...

    @property
    def connected(self) -> bool: ...

    @property
    def recorder(self) -> LegRecorder | None: ...

    async def open_media(self, connection_id: str) -> ChanWebsocketMedia: ...

    def unregister(self, call_id: str) -> None: ...

    def release_later(self, uri: str) -> None: ...


class AsteriskCallLeg:
    """One call; made by :meth:`ari_app.asterisk.telephony.AsteriskTelephony.call`. Implements ``CallLeg``.

    Each kind of event is told once, so that at most four wait for a slow session, whatever the network repeats.
    """

    def __init__(self, owner: LegOwner, call_id: str) -> None:
        self.call_id = checked_call_id(call_id)
        self.channel_name: str | None = None
        self._owner = owner
        self._sound = MediaLeg(owner, call_id, lambda: self._over or self._released)
        self._events: deque[Event] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._in_stasis: asyncio.Future[None] | None = None
        self._create_asked = False
        self._media_asked = False
        self._created = False
        self._told: set[EventKind] = set()
        self._over = False  # DESTROYED or GONE has been queued: nothing comes after it
        self._dial_asked = False
        self._released = False

    @property
    def media(self) -> ChanWebsocketMedia | None:
        """The sound of the call, once the legs are prepared."""
        return self._sound.media

    # --- events ---------------------------------------------------------------------------------

    @property
    def in_touch(self) -> bool:
        """As ``CallLeg``."""
        return self._owner.connected

    async def next_event(self) -> Event:
        """The next event. After DESTROYED or GONE, one of which always comes, there is none: it waits for ever."""
        while not self._events:
            if self._waiter is not None:
                raise RuntimeError("only one consumer may take the events of a call")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._events.popleft()

    @property
    def created(self) -> bool:
        """Whether Asterisk has confirmed the customer's channel, and it is not known to have ended."""
        return self._created and not self._over

    def take(self, event: TypedEvent) -> None:
        """One event of one of this call's channels, from the connection's reader."""
        if isinstance(event, StasisStarted):
            if event.channel_id != self.call_id:
                self._sound.entered(event.channel_id)
                return
            self.channel_name = event.name
            if self._in_stasis is not None and not self._in_stasis.done():
                self._in_stasis.set_result(None)
        elif event.channel_id != self.call_id:
            return  # the media channel's own states; its end shows at the media socket
        elif isinstance(event, DialProgress):
            match event.status:
                case "PROGRESS":
                    self._tell(EventKind.PROGRESS)
                case "RINGING":
                    self._tell(EventKind.RINGING)
                case "ANSWER":
                    self._tell(EventKind.ANSWERED)
        elif isinstance(event, ChannelState):
            self.seen(event.state)
        elif isinstance(event, DtmfReceived):
            if self.media is not None:
                self.media.push_key(event.digit)
        elif isinstance(event, ChannelGone):
            self._end(Event(EventKind.DESTROYED, sip_status=event.tech_cause, q850_cause=event.cause))

    def seen(self, state: str) -> None:
        """The state of the customer's channel, from an event or from the list read after a reconnect."""
        if state == "Up":
            self._tell(EventKind.ANSWERED)
        elif state == "Ringing":
            self._tell(EventKind.RINGING)

    def gone(self, why: str) -> None:
        """The customer's channel does not exist any more and how it ended is not known."""
        if not self._over:
            self._owner.call_metrics.gone += 1
            self._end(Event(EventKind.GONE, text=why))

    def _end(self, event: Event) -> None:
        if self._over:
            return
        self._over = True
        waiter = self._in_stasis
        if waiter is not None and not waiter.done():
            waiter.set_exception(TelephonyError("the channel ended while the call was prepared"))
            waiter.exception()  # seen, also where nobody waits any more
        self._events.append(event)
        self._wake()

    def _tell(self, kind: EventKind) -> None:
        if self._over or kind in self._told or EventKind.ANSWERED in self._told or not self._dial_asked:
            return
        self._told.add(kind)
        self._events.append(Event(kind))
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # --- commands -------------------------------------------------------------------------------

    async def prepare(self, *, endpoint: str, caller_id: str, caller_name: str, with_media: bool) -> None:
        """Create the customer's channel (no INVITE yet) and, with media, the media channel, the bridge, the socket.

        :raises ValueError: the endpoint or the caller ID is not of the allowed shape; nothing was asked.
        :raises TelephonyError: Asterisk did not do it; ``release`` removes what was created.
        """
        if self._create_asked:
            raise RuntimeError("a call is prepared once")
        variables = self._variables(checked_caller_id(caller_id), safe_caller_name(caller_name))
        checked_endpoint(endpoint)
        try:
            await self._prepare(endpoint, variables, with_media)
        except TelephonyError:
            self._owner.call_metrics.prepare_failed += 1
            raise
        self._owner.call_metrics.prepared += 1

    def _variables(self, number: str, name: str) -> dict[str, str]:
        """Channel variables: the emergency brake, and the caller ID.

        An outgoing channel presents its *connected line* (``From`` of the INVITE); ``i`` keeps Asterisk from telling
        the other end about the change. CALLERID is what Asterisk's own CDR shows. Values are not evaluated.
        """
        variables = {"TIMEOUT(absolute)": str(self._owner.max_call_s)}
        if number:
            for function, option in (("CALLERID", ""), ("CONNECTEDLINE", ",i")):
                variables |= {f"{function}(num{option})": number, f"{function}(name{option})": name}
        return variables

    async def _prepare(self, endpoint: str, variables: Mapping[str, str], with_media: bool) -> None:
        ari = self._owner.ari
        self._create_asked, self._media_asked = True, with_media
        self._in_stasis = asyncio.get_running_loop().create_future()
        asked: list[Coroutine[object, object, AriReply]] = [
            ari.request(
                "POST",
                "channels/create",
                params={"app": self._owner.app, "endpoint": endpoint, "channelId": self.call_id},
                body={"variables": dict(variables)},
            )
        ]
        if with_media:
            asked += [self._sound.create(), self._sound.create_bridge()]
        replies = await all_or_first_error(asked)
        self._created = True
        if with_media:
            # The media channel enters the application when its socket is connected, not before.
            await self._sound.connect(replies[1])
        await self._wait_in_stasis()
        if with_media:
            await self._sound.join(self.call_id)

    async def _wait_in_stasis(self) -> None:
        """Adding a channel to a bridge or dialling it before its StasisStart is refused (422) now and then."""
        assert self._in_stasis is not None
        try:
            async with asyncio.timeout(self._owner.setup_timeout_s):
                await self._in_stasis
                if self._media_asked:
                    await self._sound.in_stasis()
        except TimeoutError as error:
            raise TelephonyError(
                "Asterisk created a channel and never handed it to the application"
            ) from error

    async def dial(self, timeout_s: float) -> None:
        """Send the INVITE, once; ``timeout_s`` is how long Asterisk lets it ring.

        An outcome that is unknown raises nothing: the INVITE may have left, and the events or the ring timer tell.

        :raises RequestRefused: nothing has left (Asterisk refused, or there was no connection: status 503).
        """
        if self._dial_asked:
            raise RuntimeError("a call is dialled once")
        self._dial_asked = True
        params = {"timeout": str(max(1, math.ceil(timeout_s)))}
        try:
            await self._owner.ari.request("POST", f"channels/{self.call_id}/dial", params=params)
        except NotConnected as error:
            raise RequestRefused("dial", 503, "no connection to Asterisk; nothing was sent") from error
        except RequestTimeout:
            self._owner.call_metrics.dial_unknown += 1
            log.warning("it is not known whether the INVITE was sent", call_id=self.call_id)
        self._owner.call_metrics.dialled += 1

    async def start_recording(self, path: str) -> None:
        """Record both sides apart; the recorder names the files after ``path``'s last part without its suffix.

        :raises TelephonyError: there is no recorder, or it could not begin.
        """
        recorder = self._owner.recorder
        if recorder is None:
            raise TelephonyError("no recorder is configured")
        await recorder.start(self.call_id, path.rpartition("/")[2].removesuffix(".wav"))

    async def stop_recording(self) -> None:
        """End the recording while the call goes on; nothing to end is success.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        recorder = self._owner.recorder
        if recorder is not None:
            await recorder.stop(self.call_id)

    async def pause_recording(self) -> None:
        """Record silence on both sides until :meth:`resume_recording`; nothing to pause is success.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        recorder = self._owner.recorder
        if recorder is not None:
            await recorder.pause(self.call_id)

    async def resume_recording(self) -> None:
        """Record both sides again.

        :raises TelephonyError: Asterisk refused, cannot be reached, or did not answer.
        """
        recorder = self._owner.recorder
        if recorder is not None:
            await recorder.resume(self.call_id)

    async def hang_up(self, reason: str = "normal") -> None:
        """Release the customer's channel; gone already is success, and without a connection it is done at its return.

        :param reason: ``normal``, ``busy``, ``congestion``, ``no_answer`` ... of the ARI's ``DELETE channels/{id}``.
        """
        if self._create_asked and not self._over:
            await self._delete(f"channels/{self.call_id}", {"reason": reason})

    async def release(self) -> None:
        """Release everything that is left; safe to call twice, and raises nothing for what cannot be reached."""
        if self._released:
            return
        self._released = True
        self._owner.unregister(self.call_id)
        tasks: list[Coroutine[object, object, object]] = []
        tasks += [self._delete(uri) for uri in self._sound.uris()]
        if self._create_asked and not self._over:
            tasks.append(self._delete(f"channels/{self.call_id}"))
        if self.media is not None:
            tasks.append(self.media.close())
        self.gone("released")
        await all_or_first_error(tasks)

    async def _delete(self, uri: str, params: Mapping[str, str] | None = None) -> None:
        """Deleting is idempotent, so an unknown outcome may be asked again later."""
        try:
            await self._owner.ari.request("DELETE", uri, params=params)
        except RequestRefused as error:
            if not gone_already(uri, error):
                log.warning(
                    "Asterisk did not release a part of a call", call_id=self.call_id, status=error.status
                )
                self._owner.release_later(uri)
        except (NotConnected, RequestTimeout):
            self._owner.release_later(uri)


def gone_already(uri: str, refused: RequestRefused) -> bool:
    """Whether a DELETE was refused because there is nothing to delete.

    A bridge that has been deleted and is still being dissolved answers 409 ("not in Stasis application").
    """
    return refused.status == 404 or (refused.status == 409 and uri.startswith("bridges/"))
