"""One agent: what he does now, as a literal table (requirements G1, G6).

Presence comes from two sides. The agent says that he works (log in, pause, wrap-up done); his phone says whether it can be
reached (registration or qualify, device state). Only both together make somebody ready.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class AgentState(StrEnum):
    """What an agent does."""

    LOGGED_OUT = "logged_out"
    READY = "ready"
    PAUSED = "paused"
    OFFERED = "offered"
    """A call was chosen for him and his phone is being rung."""
    BRIEFING = "briefing"
    """He has answered and hears what the call is about; the customer is not with him yet."""
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class AgentEventKind(StrEnum):
    """What can happen to an agent."""

    LOG_IN = "log_in"
    LOG_OUT = "log_out"
    PAUSE = "pause"
    RESUME = "resume"
    OFFER = "offer"
    ANSWERED = "answered"
    JOINED = "joined"
    """The customer is with him."""
    NOT_ANSWERED = "not_answered"
    """His phone rang in vain, or he refused: he is paused, so that no further customer waits for him."""
    WITHDRAWN = "withdrawn"
    """The customer has gone, or another agent has the call."""
    CALL_ENDED = "call_ended"
    WRAPPED_UP = "wrapped_up"
    PHONE_LOST = "phone_lost"
    PHONE_BACK = "phone_back"


_S, _E = AgentState, AgentEventKind

#: Pairs that are not here came too late or twice; they are counted and change nothing.
AGENT_TABLE: Mapping[tuple[AgentState, AgentEventKind], AgentState] = {
    (_S.LOGGED_OUT, _E.LOG_IN): _S.READY,
    (_S.READY, _E.LOG_OUT): _S.LOGGED_OUT,
    (_S.READY, _E.PAUSE): _S.PAUSED,
    (_S.READY, _E.OFFER): _S.OFFERED,
    (_S.PAUSED, _E.RESUME): _S.READY,
    (_S.PAUSED, _E.LOG_OUT): _S.LOGGED_OUT,
    (_S.OFFERED, _E.ANSWERED): _S.BRIEFING,
    (_S.OFFERED, _E.JOINED): _S.TALKING,
    (_S.OFFERED, _E.NOT_ANSWERED): _S.PAUSED,
    (_S.OFFERED, _E.WITHDRAWN): _S.READY,
    (_S.BRIEFING, _E.JOINED): _S.TALKING,
    (_S.BRIEFING, _E.NOT_ANSWERED): _S.PAUSED,
    (_S.BRIEFING, _E.WITHDRAWN): _S.READY,
    (_S.BRIEFING, _E.CALL_ENDED): _S.READY,
    (_S.TALKING, _E.CALL_ENDED): _S.WRAP_UP,
    (_S.WRAP_UP, _E.WRAPPED_UP): _S.READY,
    (_S.WRAP_UP, _E.PAUSE): _S.PAUSED,
    (_S.WRAP_UP, _E.LOG_OUT): _S.LOGGED_OUT,
}

#: States in which a call is with him or on its way to him.
BUSY = frozenset({_S.OFFERED, _S.BRIEFING, _S.TALKING})

#: Why he was paused when his phone did not answer; another reason is his own.
NOT_ANSWERED = "phone_not_answered"


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent now. ``since`` is when he came into ``state``; ``free_since`` orders those who are ready.

    ``leaves`` is what he asked for during a call and gets at its end: a pause (its reason in ``pause_reason``) or to be
    logged out. ``call_id`` is the call that is with him.
    """

    agent_id: str
    state: AgentState = AgentState.LOGGED_OUT
    since: datetime | None = None
    free_since: datetime | None = None
    reachable: bool = True
    pause_reason: str = ""
    call_id: str = ""
    leaves: AgentState | None = None
    ignored: int = 0

    @property
    def free(self) -> bool:
        """Whether a call may be offered to him."""
        return self.state is AgentState.READY and self.reachable


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """One event; ``text`` is the reason of a pause or the id of a call."""

    kind: AgentEventKind
    text: str = ""


def agent_step(agent: Agent, event: AgentEvent, now: datetime) -> Agent:
    """The agent after an event. A wish to pause or to leave during a call is kept until the call has ended."""
    kind = event.kind
    if kind is AgentEventKind.PHONE_BACK:
        return replace(agent, reachable=True)
    if kind is AgentEventKind.PHONE_LOST:
        agent = replace(agent, reachable=False)
        # With a phone that is gone no offer can be answered; a talk is ended by the telephone network itself.
        return _moved(agent, AgentEvent(AgentEventKind.WITHDRAWN), now) if agent.state in _OFFERS else agent
    wished = _WISHES.get(kind)
    if wished is not None and agent.state in BUSY:
        return replace(agent, leaves=wished, pause_reason=event.text or agent.pause_reason)
    if kind is AgentEventKind.RESUME and agent.state in BUSY:
        return replace(agent, leaves=None)
    return _moved(agent, event, now)


_OFFERS = frozenset({_S.OFFERED, _S.BRIEFING})
_WISHES = {_E.PAUSE: _S.PAUSED, _E.LOG_OUT: _S.LOGGED_OUT}


def _moved(agent: Agent, event: AgentEvent, now: datetime) -> Agent:
    following = AGENT_TABLE.get((agent.state, event.kind))
    if following is None or (event.kind is AgentEventKind.OFFER and not agent.reachable):
        return replace(agent, ignored=agent.ignored + 1)
    if agent.leaves is not None and following not in BUSY:
        following = agent.leaves
        agent = replace(agent, leaves=None)
    reason = agent.pause_reason
    if following is AgentState.PAUSED:
        reason = NOT_ANSWERED if event.kind is AgentEventKind.NOT_ANSWERED else event.text or reason
    elif following not in BUSY:
        reason = ""
    busy = following in BUSY or following is AgentState.WRAP_UP
    call = event.text if event.kind is AgentEventKind.OFFER else agent.call_id
    # Who was offered a call in vain keeps his place; after a talk he goes to the end of the row.
    begins = following is AgentState.READY and (event.kind is not AgentEventKind.WITHDRAWN)
    return replace(
        agent,
        state=following,
        since=now,
        free_since=now if begins else agent.free_since,
        pause_reason=reason,
        call_id=call if busy else "",
    )
