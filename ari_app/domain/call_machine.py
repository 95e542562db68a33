"""The call machine: one outbound call from reservation to its end, as a literal table.

``step(call, event, now)`` returns the next call and the commands to carry out. Nothing here sends, waits or reads a
clock: timers are commands out and events in. The diagram in ``docs/call-machine.md`` is generated from ``TABLE``.

Two-step dialling: the customer's leg is created (no INVITE yet), media is attached, the dial is recorded durably
(``MARK_DIALLED``), then ``DIAL`` sends the INVITE, once. Early media therefore reaches the media socket from its first
frame.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from ari_app.domain.disposition import CallEnd


class State(StrEnum):
    """Where a call is."""

    RESERVED = "reserved"
    PREPARING = "preparing"
    CONFIRMING = "confirming"
    DIALLING = "dialling"
    RINGING = "ringing"
    UP = "up"
    CLEARING = "clearing"
    CLOSED = "closed"


class EventKind(StrEnum):
    """What can happen to a call."""

    START = "start"
    LEGS_READY = "legs_ready"
    LEGS_FAILED = "legs_failed"
    DIAL_CONFIRMED = "dial_confirmed"
    DIAL_FORBIDDEN = "dial_forbidden"
    DIAL_REFUSED = "dial_refused"
    PROGRESS = "progress"
    RINGING = "ringing"
    ANSWERED = "answered"
    HEARD = "heard"
    CONVERSATION_ENDED = "conversation_ended"
    STOP = "stop"
    WITHDRAWN = "withdrawn"
    RING_TIMEOUT = "ring_timeout"
    CALL_TIMEOUT = "call_timeout"
    CLEAR_TIMEOUT = "clear_timeout"
    MEDIA_LOST = "media_lost"
    GONE = "gone"
    DESTROYED = "destroyed"


class Command(StrEnum):
    """What the shell must do, in this order."""

    PREPARE_LEGS = "prepare_legs"
    """Create the customer's leg and the media leg, join them; answer LEGS_READY or LEGS_FAILED."""
    MARK_DIALLED = "mark_dialled"
    """Ask the compliance verdict again and record the dial durably; answer DIAL_CONFIRMED or DIAL_FORBIDDEN."""
    DIAL = "dial"
    """Send the INVITE, once; an unknown outcome is never repeated. Answer DIAL_REFUSED only on a clear refusal."""
    START_RECORDING = "start_recording"
    WATCH_PROGRESS = "watch_progress"
    """Listen to early media for tones and announcements."""
    START_RING_TIMER = "start_ring_timer"
    STOP_RING_TIMER = "stop_ring_timer"
    START_CALL_TIMER = "start_call_timer"
    START_CLEAR_TIMER = "start_clear_timer"
    START_CONVERSATION = "start_conversation"
    STOP_CONVERSATION = "stop_conversation"
    HANG_UP = "hang_up"
    """Release the customer's leg; 'no such channel' is success."""
    CLOSE = "close"
    """Release everything that is left and hand the facts to wrap-up."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``text`` carries the detail of HEARD, CONVERSATION_ENDED, STOP, WITHDRAWN and the failures."""

    kind: EventKind
    text: str | None = None
    sip_status: int | None = None
    q850_cause: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the table."""

    next: State
    commands: tuple[Command, ...] = ()


_E, _S, _C = EventKind, State, Command
_END = Row(_S.CLOSED, (_C.STOP_CONVERSATION, _C.CLOSE))
_RELEASE = Row(_S.CLEARING, (_C.STOP_RING_TIMER, _C.STOP_CONVERSATION, _C.HANG_UP, _C.START_CLEAR_TIMER))
_ANSWER = Row(_S.UP, (_C.STOP_RING_TIMER, _C.START_CALL_TIMER, _C.START_CONVERSATION))

#: Every pair that is not in the table is an event that came too late or twice: it is counted and changes nothing. So it is
#: with WITHDRAWN once the call is up: nobody who has answered is cut off for what arrived meanwhile.
TABLE: dict[tuple[State, EventKind], Row] = {
    (_S.RESERVED, _E.START): Row(_S.PREPARING, (_C.PREPARE_LEGS,)),
    (_S.RESERVED, _E.STOP): _END,
    (_S.RESERVED, _E.WITHDRAWN): _END,
    (_S.PREPARING, _E.LEGS_READY): Row(_S.CONFIRMING, (_C.MARK_DIALLED,)),
    (_S.PREPARING, _E.LEGS_FAILED): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.PREPARING, _E.STOP): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.PREPARING, _E.WITHDRAWN): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.PREPARING, _E.GONE): _END,
    (_S.PREPARING, _E.DESTROYED): _END,
    (_S.CONFIRMING, _E.DIAL_CONFIRMED): Row(
        _S.DIALLING, (_C.START_RING_TIMER, _C.START_RECORDING, _C.WATCH_PROGRESS, _C.DIAL)
    ),
    (_S.CONFIRMING, _E.DIAL_FORBIDDEN): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.CONFIRMING, _E.STOP): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.CONFIRMING, _E.WITHDRAWN): Row(_S.CLOSED, (_C.HANG_UP, _C.CLOSE)),
    (_S.CONFIRMING, _E.GONE): _END,
    (_S.CONFIRMING, _E.DESTROYED): _END,
    (_S.DIALLING, _E.DIAL_REFUSED): Row(_S.CLOSED, (_C.STOP_RING_TIMER, _C.HANG_UP, _C.CLOSE)),
    (_S.DIALLING, _E.PROGRESS): Row(_S.DIALLING),
    (_S.DIALLING, _E.RINGING): Row(_S.RINGING),
    (_S.DIALLING, _E.ANSWERED): _ANSWER,
    (_S.DIALLING, _E.HEARD): _RELEASE,
    (_S.DIALLING, _E.STOP): _RELEASE,
    (_S.DIALLING, _E.WITHDRAWN): _RELEASE,
    (_S.DIALLING, _E.RING_TIMEOUT): _RELEASE,
    (_S.DIALLING, _E.GONE): _END,
    (_S.DIALLING, _E.DESTROYED): _END,
    (_S.RINGING, _E.PROGRESS): Row(_S.RINGING),
    (_S.RINGING, _E.RINGING): Row(_S.RINGING),
    (_S.RINGING, _E.ANSWERED): _ANSWER,
    (_S.RINGING, _E.HEARD): _RELEASE,
    (_S.RINGING, _E.STOP): _RELEASE,
    (_S.RINGING, _E.WITHDRAWN): _RELEASE,
    (_S.RINGING, _E.RING_TIMEOUT): _RELEASE,
    (_S.RINGING, _E.GONE): _END,
    (_S.RINGING, _E.DESTROYED): _END,
    (_S.UP, _E.HEARD): _RELEASE,
    (_S.UP, _E.CONVERSATION_ENDED): _RELEASE,
    (_S.UP, _E.MEDIA_LOST): _RELEASE,
    (_S.UP, _E.STOP): _RELEASE,
    (_S.UP, _E.CALL_TIMEOUT): _RELEASE,
    (_S.UP, _E.GONE): _END,
    (_S.UP, _E.DESTROYED): _END,
    (_S.CLEARING, _E.ANSWERED): Row(_S.CLEARING, (_C.HANG_UP,)),
    (_S.CLEARING, _E.CONVERSATION_ENDED): Row(_S.CLEARING),
    (_S.CLEARING, _E.DESTROYED): _END,
    (_S.CLEARING, _E.GONE): _END,
    (_S.CLEARING, _E.CLEAR_TIMEOUT): _END,
}


@dataclass(frozen=True, slots=True)
class Call:
    """A call and what is known of it. Instants are aware; None means that it has not happened."""

    state: State = State.RESERVED
    dialled_at: datetime | None = None
    progressed: bool = False
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    sip_status: int | None = None
    q850_cause: int | None = None
    heard: str | None = None
    result: str | None = None
    reason: str | None = None
    ignored: int = 0

    def end(self) -> CallEnd:
        """The facts from which the disposition is chosen."""
        return CallEnd(
            invited=self.dialled_at is not None,
            answered=self.answered_at is not None,
            progressed=self.progressed,
            sip_status=self.sip_status,
            q850_cause=self.q850_cause,
            heard=self.heard,
            result=self.result,
            reason=self.reason,
        )

    @property
    def talk_seconds(self) -> float:
        """Seconds between answer and end, 0 for a call that was not answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0.0
        return max(0.0, (self.ended_at - self.answered_at).total_seconds())


def step(call: Call, event: Event, now: datetime) -> tuple[Call, tuple[Command, ...]]:
    """Feed one event; returns the call after it and the commands to carry out, in order.

    An event that has no row in the current state changes nothing and is counted in ``ignored``.
    """
    row = TABLE.get((call.state, event.kind))
    if row is None:
        return replace(call, ignored=call.ignored + 1), ()
    changes: dict[str, Any] = {"state": row.next}
    match event.kind:
        case EventKind.DIAL_CONFIRMED:
            changes["dialled_at"] = now
        case EventKind.DIAL_REFUSED:
            # A clear refusal: no INVITE has left, although the dial is on record and counts towards the caps.
            call = replace(call, dialled_at=None, reason=event.text or event.kind.value)
        case EventKind.PROGRESS | EventKind.RINGING:
            changes["progressed"] = True
        case EventKind.ANSWERED:
            changes |= {"progressed": True, "answered_at": call.answered_at or now}
        case EventKind.HEARD:
            changes["heard"] = event.text
        case EventKind.CONVERSATION_ENDED:
            changes["result"] = call.result or event.text
        case EventKind.DESTROYED:
            changes |= {"sip_status": event.sip_status, "q850_cause": event.q850_cause}
        case EventKind.GONE:
            changes["reason"] = call.reason or EventKind.GONE.value
        case EventKind.START | EventKind.LEGS_READY:
            pass
        case _:
            changes["reason"] = call.reason or event.text or event.kind.value
    if row.next is State.CLOSED:
        changes["ended_at"] = now
    return replace(call, **changes), row.commands
