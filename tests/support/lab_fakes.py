"""A carrier in this process, on the loop's own time: calls arrive, requests are noted, the bot speaks when told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ari_app.errors import MediaClosed, RequestRefused, TelephonyError
from ari_app.lab.network import Lab
from ari_app.lab.persona import Beep
from ari_app.lab.records import LabCall
from ari_app.lab.scenario import parse_scenario
from ari_app.lab.utterances import beep_pcm
from ari_app.ports import AriEvent, AriReply, HearFrame, MediaEvent, MediaFrame, MediaMark, MediaStream
from ari_app.voice.pcm import duration_s, silence
from tests.support.clock import LoopClock

SPEECH_FRAME = beep_pcm(Beep(440.0, 1.0))[6400:7040]


class FakeSound:
    """One media socket: ``speak`` makes the bot speak; what the subscriber plays is marked after its own length."""

    def __init__(self) -> None:
        self.frames_received = 0
        self.frames_dropped = 0
        self.played: list[tuple[float, float]] = []
        """When playout of a loud sound began, and its seconds."""
        self.quiet_s = 0.0
        self.flushed = 0
        self.closed = False
        self._free_at = 0.0
        self._events: asyncio.Queue[MediaEvent | None] = asyncio.Queue()
        self._timers: list[asyncio.TimerHandle] = []
        self._marks: list[asyncio.TimerHandle] = []

    def speak(self, seconds: float, after: float = 0.0) -> None:
        """The bot speaks, 20 ms frame by frame."""
        loop = asyncio.get_running_loop()
        for step in range(round(seconds / 0.02)):
            self._timers.append(loop.call_later(after + step * 0.02, self._frame))

    def _frame(self) -> None:
        self.frames_received += 1
        self._events.put_nowait(MediaFrame(SPEECH_FRAME, asyncio.get_running_loop().time()))

    def lose(self) -> None:
        """The socket goes away."""
        self._events.put_nowait(None)

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        try:
            async with asyncio.timeout(timeout_s):
                event = await self._events.get()
        except TimeoutError:
            return None
        if event is None:
            raise MediaClosed("the media socket has ended")
        return event

    async def listen(self, timeout_s: float, hear: HearFrame) -> MediaEvent | None:
        """The lab's lines receive."""
        raise AssertionError

    def wake(self) -> None:
        """The lab's lines never need it."""

    async def play(self, pcm: bytes, mark: str) -> None:
        loop = asyncio.get_running_loop()
        begins = max(loop.time(), self._free_at)
        self._free_at = begins + duration_s(pcm)
        if any(pcm):
            self.played.append((begins, duration_s(pcm)))
        else:
            self.quiet_s += duration_s(pcm)
        event = MediaMark(mark, self._free_at)
        self._marks.append(loop.call_at(self._free_at, self._events.put_nowait, event))

    async def flush(self) -> None:
        self.flushed += 1
        self._free_at = 0.0
        for timer in self._marks:
            timer.cancel()

    async def close(self) -> None:
        self.closed = True
        for timer in (*self._timers, *self._marks):
            timer.cancel()
        self.lose()


class FakeCarrier:
    """Implements :class:`ari_app.ports.Ari` for the lab. ``refuse`` maps the end of a uri to the error it raises."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, str, Mapping[str, str]]] = []
        self.sounds: dict[str, FakeSound] = {}
        """By the call's channel."""
        self.refuse: dict[str, TelephonyError] = {}
        self.channels: list[object] = []
        self.media_arrives = True
        self.open_error: TelephonyError | None = None
        self._queues: list[asyncio.Queue[AriEvent]] = []
        self._sockets: dict[str, FakeSound] = {}
        self._next = 0

    # --- the network's side ---------------------------------------------------------------------

    def emit(self, kind: str, channel_id: str | None, /, **data: object) -> None:
        for queue in self._queues:
            queue.put_nowait(AriEvent(kind, channel_id, data))

    def invite(self, dialled: str, channel: str = "", caller: str = "01055550100", name: str = "") -> str:
        """A call arrives; its channel id."""
        self._next += 1
        channel = channel or f"c{self._next}"
        about = {"protocol_id": f"sip-{channel}", "caller": {"number": caller, "name": name}}
        self.emit("StasisStart", channel, args=[dialled], channel=about)
        return channel

    def caller_hangs_up(self, channel: str) -> None:
        self.emit("ChannelHangupRequest", channel, cause=16)
        self.emit("StasisEnd", channel)

    def did(self, method: str, ending: str) -> list[Mapping[str, str]]:
        """Parameters of the requests with this method whose uri ends so."""
        return [params for _, verb, uri, params in self.asked if verb == method and uri.endswith(ending)]

    def when(self, method: str, ending: str) -> float:
        return next(at for at, verb, uri, _ in self.asked if verb == method and uri.endswith(ending))

    # --- the lab's side -------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> AriReply:
        given = dict(params or {})
        self.asked.append((asyncio.get_running_loop().time(), method, uri, given))
        await asyncio.sleep(0)
        for ending, error in self.refuse.items():
            if f"{method} {uri}".endswith(ending):
                raise error
        if uri == "channels":
            return AriReply(200, self.channels)
        if uri == "channels/externalMedia":
            channel = given["channelId"]
            self._sockets[channel] = FakeSound()
            if self.media_arrives:
                self.emit("StasisStart", channel, args=[], channel={})
            return AriReply(200, {"channelvars": {"MEDIA_WEBSOCKET_CONNECTION_ID": channel}})
        if uri.endswith("/addChannel"):
            call, media = given["channel"].split(",")
            self.sounds[call] = self._sockets[media]
        leaves = method == "DELETE" and uri.startswith("channels/")
        if leaves or uri.endswith("/continue"):
            self.emit("StasisEnd", uri.split("/")[1])
        return AriReply(204, None)

    async def open_media(self, connection_id: str) -> MediaStream:
        if self.open_error is not None:
            raise self.open_error
        return self._sockets[connection_id]

    def events(self) -> AsyncIterator[AriEvent]:
        queue: asyncio.Queue[AriEvent] = asyncio.Queue()
        self._queues.append(queue)
        return self._iterate(queue)

    async def _iterate(self, queue: asyncio.Queue[AriEvent]) -> AsyncIterator[AriEvent]:
        while True:
            yield await queue.get()


class FakeVoice:
    """Half a second of tone for every text."""

    name = "fake"
    online = False

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def supports(self, language: str) -> bool:
        return language == "en"

    async def synthesise(self, text: str, language: str) -> bytes:
        self.asked.append((text, language))
        return beep_pcm(Beep(300.0, 0.5)) + silence(0.0)


class LabOnFakes:
    """A lab on a fake carrier; ``ended`` waits for the record of a call."""

    def __init__(self, scenario: str, folder: Path, announcements: Path | None = None) -> None:
        self.carrier = FakeCarrier()
        self.voice = FakeVoice()
        self.told: list[LabCall] = []
        self._changed = asyncio.Event()
        self.lab = Lab(
            scenario=parse_scenario(scenario),
            ari=self.carrier,
            open_media=self.carrier.open_media,
            voice=self.voice,
            clock=LoopClock(asyncio.get_running_loop()),
            folder=folder,
            announcements=announcements,
            on_change=self._tell,
        )

    def _tell(self, call: LabCall) -> None:
        self.told.append(call)
        self._changed.set()

    async def until(self, true: Callable[[], bool], limit: float = 700.0) -> None:
        """Wait, in virtual time, until something is true."""
        async with asyncio.timeout(limit):
            while not true():  # noqa: ASYNC110 - costs nothing in virtual time
                await asyncio.sleep(0.01)

    async def ended(self, channel: str) -> LabCall:
        await self.until(lambda: any(each.channel == channel and each.complete for each in self.told))
        return next(each for each in self.told if each.channel == channel)

    async def answered(self, channel: str) -> FakeSound | None:
        """Wait until a call is answered; its sound where it has any."""
        await self.until(lambda: bool(self.carrier.did("POST", f"{channel}/answer")))
        await asyncio.sleep(0)
        return self.carrier.sounds.get(channel)


@asynccontextmanager
async def lab_on_fakes(
    scenario: str, folder: Path, announcements: Path | None = None
) -> AsyncIterator[LabOnFakes]:
    bench = LabOnFakes(scenario, folder, announcements)
    async with bench.lab:
        yield bench


def gone(what: str) -> RequestRefused:
    """What ARI answers for a channel that has left."""
    return RequestRefused(what, 404, "Channel not found")
