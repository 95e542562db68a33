"""The sound of one call at the subscriber's end: a media socket in a bridge with the call, heard, spoken and taped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from ari_app.errors import MediaClosed, RequestRefused, TelephonyError
from ari_app.lab.effects import LineEffects
from ari_app.lab.hearing import Hearing
from ari_app.lab.tape import Tape
from ari_app.ports import Ari, Clock, MediaFrame, MediaMark, MediaStarted, MediaStream
from ari_app.voice.pcm import FRAME_BYTES, FRAME_S, duration_s, silence

OpenMedia = Callable[[str], Awaitable[MediaStream]]
"""Opens the media socket of a MEDIA_WEBSOCKET_CONNECTION_ID; raises TelephonyError."""

_ARRIVAL_S = 5.0
_RECEIVE_S = 5.0
_MARK_SLACK_S = 3.0
_QUIET = silence(1.0)
_TAIL = silence(0.3)


class Arrivals:
    """Wakes who waits for the StasisStart of a channel of our own (only then may it join a bridge)."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    def expect(self, channel: str) -> asyncio.Event:
        """Register before the channel is created, so that nothing is missed."""
        return self._waiting.setdefault(channel, asyncio.Event())

    def arrived(self, channel: str) -> bool:
        """Note a StasisStart; False when nobody waits for this channel."""
        event = self._waiting.get(channel)
        if event is not None:
            event.set()
        return event is not None

    def forget(self, channel: str) -> None:
        self._waiting.pop(channel, None)


@dataclass(slots=True)
class _Saying:
    """What is being said: the mark behind it, its seconds in whole frames, and when its first frame left."""

    mark: str
    seconds: float
    left: float | None = None


class Line:
    """Open with :meth:`open`, always close with :meth:`close`. One task speaks; listening runs beside it."""

    def __init__(
        self,
        ari: Ari,
        open_media: OpenMedia,
        arrivals: Arrivals,
        clock: Clock,
        app: str,
        channel: str,
        effects: LineEffects | None = None,
    ) -> None:
        """:param channel: the call's channel; :param app: the Stasis application that it is in.
        :param effects: what the line does to all that is sent; the tape has it as it was said.
        """
        self._ari, self._open_media, self._arrivals, self._clock = ari, open_media, arrivals, clock
        self._app, self._channel = app, channel
        key = uuid4().hex
        self._media_channel, self._bridge = f"lab-media-{key}", f"lab-bridge-{key}"
        self._media: MediaStream | None = None
        self._marks: dict[str, asyncio.Future[None]] = {}
        self._next_mark = 0
        self._listener: asyncio.Task[None] | None = None
        self._quiet: asyncio.Task[None] | None = None
        self._sends_quiet = False
        self._effects = effects
        self._saying: _Saying | None = None
        self.hearing = Hearing()
        self.tape = Tape(clock.monotonic())
        self.frames_dropped = 0
        self.said_s = 0.0

    async def open(self) -> None:
        """Create the media channel, connect its socket and bridge it with the call. Raises TelephonyError."""
        arrived = self._arrivals.expect(self._media_channel)
        reply = await self._ari.request(
            "POST",
            "channels/externalMedia",
            params={
                "app": self._app,
                "channelId": self._media_channel,
                "external_host": "INCOMING",
                "transport": "websocket",
                "encapsulation": "none",
                "connection_type": "server",
                "format": "slin16",
                "transport_data": "f(json)",
            },
        )
        self._media = await self._open_media(_connection_id(reply.body))
        try:
            async with asyncio.timeout(_ARRIVAL_S):
                await arrived.wait()
        except TimeoutError as error:
            raise TelephonyError("the media channel did not arrive in the application") from error
        await self._ari.request("POST", "bridges", params={"type": "mixing", "bridgeId": self._bridge})
        await self._ari.request(
            "POST",
            f"bridges/{self._bridge}/addChannel",
            params={
                "channel": f"{self._channel},{self._media_channel}",
                # Without this a channel that is dialled from within a bridge presents the media channel: anonymous.
                "inhibitConnectedLineUpdates": "true",
            },
        )
        self._listener = asyncio.create_task(self._listen(self._media), name="lab-listen")

    async def send_quiet(self) -> None:
        """From now on the line sends silence while nobody speaks, as a telephone does."""
        self._sends_quiet = True
        self._start_quiet()

    async def say(self, pcm: bytes) -> None:
        """Speak; returns when all has been played out. Raises TelephonyError when playout is not confirmed."""
        media = self._need_media()
        await self._stop_quiet()
        began = self._clock.monotonic()
        self.tape.said(pcm, began)
        finished = False
        try:
            done = self._mark()
            self._saying = _Saying(done[0], -(-len(pcm) // FRAME_BYTES) * FRAME_S)
            await media.play(self._shape(pcm), done[0])
            if self._sends_quiet:
                await media.play(self._shape(_TAIL), "tail")
            await self._played(done, duration_s(pcm))
            finished = True
        finally:
            now = self._clock.monotonic()
            self._saying = None
            self.said_s += duration_s(pcm) if finished else min(duration_s(pcm), now - began)
            if not finished:
                self.tape.stopped_saying(now)
        if self._sends_quiet:
            self._start_quiet()

    async def close(self) -> None:
        """Release socket, media channel and bridge; safe to call twice and after a failed :meth:`open`."""
        self._arrivals.forget(self._media_channel)
        for task in (self._quiet, self._listener):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})
        self._quiet = self._listener = None
        media, self._media = self._media, None
        if media is not None:
            self.frames_dropped = media.frames_dropped
            await media.close()
        for uri in (f"channels/{self._media_channel}", f"bridges/{self._bridge}"):
            try:
                await self._ari.request("DELETE", uri)
            except RequestRefused:
                pass  # it is gone already, or never was
            except TelephonyError:
                return  # no connection: the carrier releases what is left when the lab comes back

    # --- inside ---------------------------------------------------------------------------------

    def _need_media(self) -> MediaStream:
        if self._media is None:
            raise MediaClosed("the line has no sound")
        return self._media

    async def _listen(self, media: MediaStream) -> None:
        try:
            while True:
                event = await media.receive(_RECEIVE_S)
                if isinstance(event, MediaFrame):
                    self.hearing.push(event.pcm, event.at)
                    self.tape.heard(event.pcm, event.at)
                elif isinstance(event, MediaStarted):
                    self._place_speech(event.name, event.at)
                elif isinstance(event, MediaMark):
                    self._place_speech(event.name, event.at, over=True)
                    waiting = self._marks.pop(event.name, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(None)
        except MediaClosed:
            for waiting in self._marks.values():
                if not waiting.done():
                    waiting.cancel()

    def _place_speech(self, name: str, at: float, *, over: bool = False) -> None:
        """Put what is being said where it belongs: its first frame left at ``at``, or (``over``) its last has ended.

        Both are only ever told late, so the sooner one holds. The mouth spoke a frame before it left.
        """
        saying = self._saying
        if saying is None or saying.mark != name:
            return
        left = at - saying.seconds if over else at
        if saying.left is None or left < saying.left:
            saying.left = left
            self.tape.said_from(left - FRAME_S)

    def _shape(self, pcm: bytes) -> bytes:
        return pcm if self._effects is None else self._effects.shape(pcm)

    def _mark(self) -> tuple[str, asyncio.Future[None]]:
        self._next_mark += 1
        name = f"m{self._next_mark}"
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._marks[name] = future
        return name, future

    async def _played(self, mark: tuple[str, asyncio.Future[None]], seconds: float) -> None:
        name, future = mark
        try:
            done, _ = await asyncio.wait({future}, timeout=seconds + _MARK_SLACK_S)
        finally:
            self._marks.pop(name, None)
        if not done or future.cancelled():
            raise MediaClosed("the sound was not played out")

    def _start_quiet(self) -> None:
        if self._quiet is None or self._quiet.done():
            self._quiet = asyncio.create_task(self._keep_quiet(), name="lab-quiet")

    async def _stop_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
            await asyncio.wait({self._quiet})
            self._quiet = None
            await self._need_media().flush()

    async def _keep_quiet(self) -> None:
        """Always one to two seconds of silence ahead of the network."""
        media = self._need_media()
        try:
            before: tuple[str, asyncio.Future[None]] | None = None
            while True:
                following = self._mark()
                await media.play(self._shape(_QUIET), following[0])
                if before is not None:
                    await self._played(before, 2 * duration_s(_QUIET))
                before = following
        except (MediaClosed, TelephonyError):
            return  # the call has ended, and whoever speaks next is told so


def _connection_id(body: object) -> str:
    variables = body.get("channelvars") if isinstance(body, Mapping) else None
    found = variables.get("MEDIA_WEBSOCKET_CONNECTION_ID") if isinstance(variables, Mapping) else None
    if not isinstance(found, str) or not found:
        raise TelephonyError("the carrier gave the media channel no connection id: is chan_websocket loaded?")
    return found
