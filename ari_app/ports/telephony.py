"""The PBX: ARI, calls, their sound, recordings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ari_app.domain.call_machine import Event


@dataclass(frozen=True, slots=True)
class AriEvent:
    """One ARI event as received. ``data`` is the whole JSON object; hostile where it quotes SIP headers."""

    type: str
    channel_id: str | None
    data: Mapping[str, object] = field(repr=False)


@dataclass(frozen=True, slots=True)
class AriReply:
    """The answer to an ARI request: HTTP status and the decoded JSON body (None when empty)."""

    status: int
    body: object = field(repr=False)


class Ari(Protocol):
    """Commands and events of one Stasis application over one connection."""

    async def request(
        self,
        method: str,
        uri: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        timeout_s: float | None = None,
    ) -> AriReply:
        """Send one request, once. ``uri`` is relative (``channels/create``).

        Raises NotConnected (nothing was sent), RequestTimeout (unknown outcome), RequestRefused (status >= 400).
        """
        ...

    def events(self) -> AsyncIterator[AriEvent]:
        """All events from now on, in order."""
        ...


HearFrame = Callable[[bytes, float], float]
"""Takes 20 ms of sound and its time of arrival in monotonic seconds; returns at once. It says how many seconds to wait for
what comes next, or, with a negative number, that its caller has something to do."""


class MediaStream(Protocol):
    """The sound of one call: slin16, 16 kHz, 20 ms frames of 640 bytes each way."""

    frames_received: int
    frames_dropped: int

    async def receive(self, timeout_s: float) -> MediaEvent | None:
        """The next frame, key or mark; None when nothing came in time. Raises MediaClosed at the end."""
        ...

    async def listen(self, timeout_s: float, hear: HearFrame) -> MediaEvent | None:
        """As ``receive``, but frames go to ``hear`` as they arrive, in their order, and only what it asks for returns.

        Fifty times a second in every call: a frame that means nothing new costs no task switch. Returns a key, mark or
        other event; None when nothing came in time, when woken, or when ``hear`` wants its caller to go on. What ``hear``
        raises is raised here. Raises MediaClosed at the end.
        """
        ...

    def wake(self) -> None:
        """Let a ``receive`` or ``listen`` that waits return None now; nothing happens without one."""
        ...

    async def play(self, pcm: bytes, mark: str) -> None:
        """Queue sound for playout (any even length).

        A MediaStarted named ``mark`` comes when its first frame has left the PBX, a MediaMark when all of it has.
        """
        ...

    async def flush(self) -> None:
        """Stop playout within one frame and forget what was queued."""
        ...

    async def close(self) -> None:
        """Close the socket; safe to call twice."""
        ...


@dataclass(frozen=True, slots=True)
class MediaFrame:
    """20 ms of the customer's sound."""

    pcm: bytes = field(repr=False)
    at: float
    """Monotonic seconds of arrival."""


@dataclass(frozen=True, slots=True)
class MediaMark:
    """Everything queued before the mark has been played out."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class MediaKey:
    """A key the customer pressed (DTMF): ``0``-``9``, ``*``, ``#``, ``A``-``D``."""

    digit: str
    at: float


@dataclass(frozen=True, slots=True)
class MediaStarted:
    """The first frame of the sound that was queued with the mark ``name`` has left the PBX for the line."""

    name: str
    at: float


@dataclass(frozen=True, slots=True)
class MediaRestored:
    """The sound was gone and is back (a new media leg): nothing of what was queued will be played any more."""

    at: float


MediaEvent = MediaFrame | MediaMark | MediaKey | MediaStarted | MediaRestored


class CallLeg(Protocol):
    """One call in Asterisk. Registered before anything is asked, so that no event is missed."""

    @property
    def call_id(self) -> str: ...

    @property
    def media(self) -> MediaStream | None:
        """The sound of the call, once the legs are prepared; None for a call without media."""
        ...

    @property
    def in_touch(self) -> bool:
        """Whether events of the call arrive at present; False while the connection to Asterisk is lost."""
        ...

    async def next_event(self) -> Event:
        """The next event for the call machine: PROGRESS, RINGING, ANSWERED, GONE, DESTROYED."""
        ...

    async def prepare(self, *, endpoint: str, caller_id: str, caller_name: str, with_media: bool) -> None:
        """Create the channel (no INVITE yet) and, with media, the media leg and the bridge that joins them.

        Raises TelephonyError; whatever was created is released by ``release``.
        """
        ...

    async def dial(self, timeout_s: float) -> None:
        """Send the INVITE, once. Raises RequestRefused only when Asterisk clearly refused; never call it twice."""
        ...

    async def start_recording(self, path: str) -> None:
        """Record both sides apart into ``path`` (see Recorder)."""
        ...

    async def stop_recording(self) -> None:
        """End the recording while the call goes on; raises TelephonyError."""
        ...

    async def pause_recording(self) -> None:
        """Record silence instead of both sides until ``resume_recording``; raises TelephonyError."""
        ...

    async def resume_recording(self) -> None:
        """Record both sides again; raises TelephonyError."""
        ...

    async def hang_up(self, reason: str = "normal") -> None:
        """Release the customer's leg; a channel that is already gone is success."""
        ...

    async def release(self) -> None:
        """Release everything that is left of the call (legs, bridge, socket, registration); safe to call twice."""
        ...


class Telephony(Protocol):
    """The PBX."""

    def call(self, call_id: str) -> CallLeg:
        """Register a call under our own id; the channel id of the customer's leg is the same."""
        ...

    async def live_calls(self) -> frozenset[str]:
        """Ids of all calls of ours that have a channel in Asterisk now."""
        ...

    async def hang_up_orphan(self, call_id: str) -> None:
        """Release a call that nobody owns any more (found at start)."""
        ...

    def on_reconnect(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` each time the connection has been re-established."""
        ...

    @property
    def connected(self) -> bool:
        """Whether commands can be sent now."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingCheck:
    """A finished stereo recording: left the customer, right the bot. Seconds of sound above -50 dBFS on each side.

    ``warnings`` says in words what is not as it should be ("customer leg silent", "shorter than the call by 3.2 s").
    """

    path: str
    seconds: float
    customer_seconds: float
    bot_seconds: float
    warnings: tuple[str, ...] = ()


class Recorder(Protocol):
    """Recordings, two legs apart."""

    async def start(self, channel_id: str, attempt_id: str) -> None:
        """Begin recording a channel; raises TelephonyError."""
        ...

    async def stop(self, channel_id: str) -> None:
        """End the recording of a channel that goes on (the customer refused); raises TelephonyError."""
        ...

    async def pause(self, channel_id: str) -> None:
        """Record silence on both sides, so that time keeps its course; raises TelephonyError."""
        ...

    async def resume(self, channel_id: str) -> None:
        """Record both sides again; raises TelephonyError."""
        ...

    async def finish(self, attempt_id: str, talk_s: float | None = None) -> RecordingCheck | None:
        """Join the two legs into one stereo WAV once the channel is gone; None when nothing was recorded.

        ``talk_s``: seconds between answer and end, which the recording should have at least; None: not known.
        """
        ...
