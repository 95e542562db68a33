"""Fakes at the transport for tests of calls: a leg and its sound, scripted, on the loop's own time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence

from ari_app.dialogue.model import (
    ConversationResult,
    CustomerInput,
    FlowStep,
    Fragment,
    KeyInput,
    Question,
)
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.domain.call_machine import Event, EventKind
from ari_app.errors import MediaClosed, RequestRefused, RequestTimeout, TelephonyError
from ari_app.ports import MediaEvent, MediaFrame, MediaKey, MediaMark

SILENCE = bytes(640)


class FakeMedia:
    """A media stream: what is played is marked as played out after its own length, frames come every 20 ms."""

    def __init__(self, *, frames: bool = True) -> None:
        self.frames_received = 0
        self.frames_dropped = 0
        self.played: list[bytes] = []
        self.flushed = 0
        self.closed = False
        self._frames = frames
        self._due: deque[tuple[float, MediaEvent]] = deque()
        self._lost = False

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def press(self, digits: str) -> None:
        """The customer presses keys now."""
        for digit in digits:
            self._put(self._now(), MediaKey(digit, self._now()))

    def _put(self, at: float, event: MediaEvent) -> None:
        self._due = deque(sorted([*self._due, (at, event)], key=lambda entry: entry[0]))

    def lose(self) -> None:
        """The socket goes away."""
        self._lost = True

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        deadline = self._now() + timeout_s
        while True:
            if self._lost or self.closed:
                raise MediaClosed("the media socket has gone")
            if self._due and self._due[0][0] <= self._now():
                return self._due.popleft()[1]
            if self._frames:
                await asyncio.sleep(0.02)
                self.frames_received += 1
                return MediaFrame(SILENCE, self._now())
            if self._now() >= deadline:
                return None
            await asyncio.sleep(min(0.02, deadline - self._now()))

    async def play(self, pcm: bytes, mark: str) -> None:
        self.played.append(pcm)
        at = self._now() + len(pcm) / 32_000
        self._put(at, MediaMark(mark, at))

    async def flush(self) -> None:
        self.flushed += 1
        self._due = deque(entry for entry in self._due if not isinstance(entry[1], MediaMark))

    async def close(self) -> None:
        self.closed = True


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
        self._pcm = bytes(int(32_000 * seconds))

    async def prepare(self, fragments: Iterable[Fragment]) -> None:
        self.prepared += fragments

    async def pcm(self, fragments: Sequence[Fragment]) -> bytes:
        return self._pcm if fragments else b""


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

    def progress(self, text: str) -> AnswerProgress:
        return AnswerProgress.OPEN if text.strip() else AnswerProgress.NOTHING

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
