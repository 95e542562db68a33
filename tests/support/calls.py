"""Fakes at the transport for tests of calls: a leg and its sound, scripted, on the loop's own time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence

from ari_app.dialogue.model import CustomerInput, FlowStep, Fragment, KeyInput, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_machine import Event, EventKind
from ari_app.domain.call_result import ConversationResult
from ari_app.domain.voice_style import VoiceStyle
from ari_app.errors import MediaClosed, RequestRefused, RequestTimeout, TelephonyError
from ari_app.ports import HearFrame, MediaEvent, MediaFrame, MediaKey, MediaMark, MediaRestored, MediaStarted

SILENCE = bytes(640)


class FakeMedia:
    """A media stream: what is played is marked as begun and as played out, frames come every 20 ms.

    What is not fetched waits, two seconds of it, as on a real socket.
    """

    def __init__(self, *, frames: bool = True) -> None:
        self.frames_received = 0
        self.frames_dropped = 0
        self.played: list[bytes] = []
        self.played_at: list[float] = []
        self.flushed_at: list[float] = []
        self.closed = False
        self._frames = frames
        self._due: list[tuple[float, MediaEvent]] = []
        self._next_frame = 0.0
        self._free_at = 0.0
        self._lost = False
        self._gone_until = 0.0
        self._waiter: asyncio.Future[bool] | None = None

    @property
    def flushed(self) -> int:
        return len(self.flushed_at)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def press(self, digits: str) -> None:
        """The customer presses keys now."""
        for digit in digits:
            self._put(self._now(), MediaKey(digit, self._now()))
        self.wake()

    def _put(self, at: float, event: MediaEvent) -> None:
        self._due.append((at, event))
        self._due.sort(key=lambda entry: entry[0])

    def lose(self) -> None:
        """The socket goes away."""
        self._lost = True
        self.wake()

    def lose_for(self, seconds: float) -> None:
        """The media leg goes away and is made anew: no frames meanwhile, and what was queued is forgotten."""
        self._forget()
        self._gone_until = self._now() + seconds
        self._put(self._gone_until, MediaRestored(self._gone_until))

    def wake(self) -> None:
        if self._waiter is not None:
            _settle(self._waiter, True)

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        deadline = self._now() + timeout_s
        while True:
            if self._lost or self.closed:
                raise MediaClosed("the media socket has gone")
            now = self._now()
            frame_at = self._next_frame_at(now)
            if self._due and self._due[0][0] <= min(now, frame_at):
                return self._due.pop(0)[1]
            if frame_at <= now:
                self._next_frame = frame_at + 0.02
                self.frames_received += 1
                return MediaFrame(SILENCE, frame_at)
            if now >= deadline:
                return None
            if await self._woken(min([deadline, frame_at, *(at for at, _ in self._due[:1])])):
                return None

    async def listen(self, timeout_s: float, hear: HearFrame) -> MediaEvent | None:
        while type(event := await self.receive(timeout_s)) is MediaFrame:
            timeout_s = hear(event.pcm, event.at)
            if timeout_s < 0.0:
                return None
        return event

    def _next_frame_at(self, now: float) -> float:
        if not self._frames:
            return math.inf
        if self._next_frame == 0.0:
            self._next_frame = now + 0.02
        if now < self._gone_until:
            self._next_frame = self._gone_until
        while self._next_frame < now - 2.0:
            self._next_frame += 0.02
            self.frames_dropped += 1
        return self._next_frame

    async def _woken(self, until: float) -> bool:
        loop = asyncio.get_running_loop()
        self._waiter = waiter = loop.create_future()
        timer = loop.call_at(until, _settle, waiter, False)
        try:
            return bool(await waiter)
        finally:
            timer.cancel()
            self._waiter = None

    async def play(self, pcm: bytes, mark: str) -> None:
        self.played.append(pcm)
        self.played_at.append(self._now())
        if self._now() < self._gone_until:
            return
        begins = max(self._now(), self._free_at)
        self._free_at = begins + len(pcm) / 32_000
        self._put(begins, MediaStarted(mark, begins))
        self._put(self._free_at, MediaMark(mark, self._free_at))

    async def flush(self) -> None:
        self.flushed_at.append(self._now())
        self._forget()

    def _forget(self) -> None:
        self._free_at = 0.0
        self._due = [entry for entry in self._due if not isinstance(entry[1], MediaMark | MediaStarted)]

    async def close(self) -> None:
        self.closed = True
        self.wake()


def _settle(waiter: asyncio.Future[bool], woken: bool) -> None:
    if not waiter.done():
        waiter.set_result(woken)


class FakeLeg:
    """A call leg whose network is a script: what happens how long after the dial."""

    def __init__(
        self,
        call_id: str,
        script: Iterable[tuple[float, Event]] = (),
        *,
        media: FakeMedia | None = None,
        prepare_error: TelephonyError | None = None,
        dial_error: TelephonyError | None = None,
        hang_up_ends: bool = True,
    ) -> None:
        self.call_id = call_id
        self.media: FakeMedia | None = media
        self.in_touch = True
        self.log: list[str] = []
        self._script = list(script)
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._prepare_error = prepare_error
        self._dial_error = dial_error
        self._hang_up_ends = hang_up_ends
        self._handles: list[asyncio.TimerHandle] = []

    async def next_event(self) -> Event:
        return await self._events.get()

    def happen(self, kind: EventKind, **facts: int) -> None:
        """Something happens in the network now."""
        self._events.put_nowait(Event(kind, **facts))  # type: ignore[arg-type]

    async def prepare(self, *, endpoint: str, caller_id: str, caller_name: str, with_media: bool) -> None:
        self.log.append(f"prepare {endpoint} {caller_id}")
        if self._prepare_error is not None:
            raise self._prepare_error

    async def dial(self, timeout_s: float) -> None:
        self.log.append("dial")
        if isinstance(self._dial_error, RequestRefused):
            raise self._dial_error
        loop = asyncio.get_running_loop()
        for after, event in self._script:
            self._handles.append(loop.call_later(after, self._events.put_nowait, event))
        if self._dial_error is not None:
            raise self._dial_error

    async def start_recording(self, path: str) -> None:
        self.log.append("record")

    async def stop_recording(self) -> None:
        self.log.append("stop_recording")

    async def pause_recording(self) -> None:
        self.log.append("pause_recording")

    async def resume_recording(self) -> None:
        self.log.append("resume_recording")

    async def hang_up(self, reason: str = "normal") -> None:
        self.log.append("hang_up")
        if self._hang_up_ends:
            self._events.put_nowait(Event(EventKind.DESTROYED, q850_cause=16))

    async def release(self) -> None:
        self.log.append("release")
        for handle in self._handles:
            handle.cancel()
        if self.media is not None:
            await self.media.close()


class FakeTelephony:
    """A PBX that makes legs by a function of the call id."""

    def __init__(self, make: Callable[[str], FakeLeg]) -> None:
        self.connected = True
        self.legs: dict[str, FakeLeg] = {}
        self.live: set[str] = set()
        self.hung_up: list[str] = []
        self.error: TelephonyError | None = None
        self._make = make
        self._callbacks: list[Callable[[], None]] = []

    def call(self, call_id: str) -> FakeLeg:
        leg = self.legs[call_id] = self._make(call_id)
        return leg

    async def live_calls(self) -> frozenset[str]:
        if self.error is not None:
            raise self.error
        return frozenset(self.live)

    async def hang_up_orphan(self, call_id: str) -> None:
        self.hung_up.append(call_id)
        self.live.discard(call_id)

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def reconnect(self) -> None:
        """The connection has come back."""
        for callback in self._callbacks:
            callback()


class FakePrompts:
    """Prompts of half a second each."""

    def __init__(self, seconds: float = 0.5) -> None:
        self.prepared: list[Fragment] = []
        self.styles: list[VoiceStyle] = []
        self._pcm = bytes(int(32_000 * seconds))

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        self.prepared += fragments

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        return self._pcm if fragments else b""

    def styled(self, style: VoiceStyle) -> FakePrompts:
        self.styles.append(style)
        return self


class OneQuestion:
    """A dialogue with one question: key 1 is a promise, anything else is asked once more."""

    def __init__(self, asks: int = 2) -> None:
        self.given: list[CustomerInput] = []
        self._left = asks
        self._question = Question("opening", KeyInput(1, 1), None, no_input_s=3.0)
        self._say = (Fragment("hello", "en"),)

    def start(self, now: object) -> FlowStep:
        return FlowStep(self._say, self._question)

    def answer(self, given: CustomerInput, now: object) -> FlowStep:
        self.given.append(given)
        self._left -= 1
        if given.text == "9":
            return FlowStep(self._say, result=ConversationResult("recording_refused"))
        if given.text == "1":
            return FlowStep(self._say, result=ConversationResult("promise_to_pay", verified=True))
        if self._left == 0:
            return FlowStep(self._say, result=ConversationResult("no_input"))
        return FlowStep(self._say, self._question)

    def progress(self, text: str, *, over_prompt: bool = False) -> AnswerProgress:
        return AnswerProgress.OPEN if text.strip() else AnswerProgress.NOTHING

    def doubt(self, given: CustomerInput, now: object, below: float) -> None: ...

    def free_question(self, given: CustomerInput, now: object) -> None: ...

    def hung_up(self) -> FlowStep:
        return FlowStep((), result=ConversationResult("hung_up"))


class NoDetector:
    """Never says what has answered."""

    def push(self, frame: bytes, at: float) -> str | None:
        return None


class QuietGate:
    """Never hears speech."""

    voiced = False

    def push(self, frame: bytes) -> bool:
        return False


UNKNOWN_OUTCOME = RequestTimeout("POST channels/x/dial: no answer")
REFUSED = RequestRefused("POST channels/x/dial", 404, "Channel not found")
