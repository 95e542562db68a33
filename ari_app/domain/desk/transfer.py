"""A call on its way from the bot to a person, with a person, and back: one literal table (requirements G1, G2).

``transfer_step(transfer, event, now)`` returns the transfer after an event and the commands to carry out, in order. Nothing
here sends, waits or reads a clock. The value is stored after each step, so that a controller that starts again knows where
each call was; ``RESTARTED`` then says what has to be set up anew.

What holds in every state: the customer hears somebody, music or a prompt, never nothing; whoever is briefed is not heard by
the customer; and as long as the customer's own leg is up he has a way on, whatever becomes of any other leg.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class TransferState(StrEnum):
    """Where a transfer is."""

    ASKED = "asked"
    """A person is wanted; nothing has been done yet."""
    WAITING = "waiting"
    """In the queue, with music."""
    RINGING = "ringing"
    """The phone of an agent rings; the customer still has music."""
    BRIEFING = "briefing"
    """The agent has answered and hears what it is about; the customer still has music."""
    TALKING = "talking"
    CONSULTING = "consulting"
    """The agent talks to a third party; the customer has music."""
    CONFERENCE = "conference"
    """Three in one talk."""
    CHOOSING = "choosing"
    """Nobody is free: the customer is asked whether he wants to be called back, leave a message, or wait."""
    WITH_BOT = "with_bot"
    """Back in the conversation with the bot; the transfer is over."""
    OUTSIDE = "outside"
    """Handed on to an outside number or a queue of the PBX, without us."""
    OVER = "over"
    """The customer's leg has gone."""


class TransferEventKind(StrEnum):
    """What can happen to a transfer."""

    BEGIN = "begin"
    CLOSED = "closed"
    """Nobody works at this hour, or nobody who could take it is logged in."""
    OFFER = "offer"
    """Routing has found an agent (``party``)."""
    AGENT_ANSWERED = "agent_answered"
    AGENT_ACCEPTED = "agent_accepted"
    """He has pressed the key after the briefing."""
    AGENT_REFUSED = "agent_refused"
    """He has pressed the other key, or not answered in time, or his phone has gone while it rang."""
    AGENT_GONE = "agent_gone"
    """His leg has ended in the middle of a briefing or a talk."""
    AGENT_LEAVES = "agent_leaves"
    """He has hung up on purpose at the end of the talk."""
    WAITED_LONG = "waited_long"
    """The longest time in the queue is up."""
    CUSTOMER_WAITS_ON = "customer_waits_on"
    CUSTOMER_WANTS_CALLBACK = "customer_wants_callback"
    CUSTOMER_LEAVES_MESSAGE = "customer_leaves_message"
    CHOICE_TIMEOUT = "choice_timeout"
    CONSULT = "consult"
    """The agent wants a third party (``party``: a number or a queue)."""
    CONSULT_FAILED = "consult_failed"
    PARTY_ANSWERED = "party_answered"
    """The third party talks to the agent; nothing changes for the customer."""
    PARTY_GONE = "party_gone"
    JOIN = "join"
    """All three into one talk."""
    HAND_ON = "hand_on"
    """The agent leaves the customer with the third party, or sends him there unannounced (``party``)."""
    TO_BOT = "to_bot"
    CUSTOMER_GONE = "customer_gone"
    RESTARTED = "restarted"


class TransferCommand(StrEnum):
    """What the shell must do, in this order."""

    PAUSE_BOT = "pause_bot"
    RESUME_BOT = "resume_bot"
    """The conversation goes on, told how the transfer ended."""
    QUEUE = "queue"
    UNQUEUE = "unqueue"
    START_MUSIC = "start_music"
    STOP_MUSIC = "stop_music"
    START_WAIT_TIMER = "start_wait_timer"
    STOP_WAIT_TIMER = "stop_wait_timer"
    RING_AGENT = "ring_agent"
    """Ring ``agent``; answer AGENT_ANSWERED or AGENT_REFUSED."""
    RELEASE_AGENT = "release_agent"
    BRIEF = "brief"
    """Play the summary to the agent alone and wait for his key."""
    JOIN_AGENT = "join_agent"
    """Agent and customer into one talk, each recorded and transcribed apart."""
    ASK_CHOICE = "ask_choice"
    """Ask the customer what he wants instead; the prompt is heard instead of the music."""
    STORE_CALLBACK = "store_callback"
    RING_PARTY = "ring_party"
    RELEASE_PARTY = "release_party"
    JOIN_ALL = "join_all"
    HAND_ON_CALL = "hand_on_call"
    """Leave the customer with the third party, or redirect him there."""


_S, _E, _C = TransferState, TransferEventKind, TransferCommand


@dataclass(frozen=True, slots=True)
class TransferRow:
    """One entry of the table."""

    next: TransferState
    commands: tuple[TransferCommand, ...] = ()


_QUEUE_AGAIN = (_C.QUEUE, _C.START_WAIT_TIMER)
_TO_QUEUE = TransferRow(_S.WAITING, (_C.PAUSE_BOT, _C.START_MUSIC, *_QUEUE_AGAIN))
_NOBODY = TransferRow(_S.CHOOSING, (_C.PAUSE_BOT, _C.ASK_CHOICE))
_GIVE_UP_WAITING = TransferRow(_S.CHOOSING, (_C.UNQUEUE, _C.STOP_MUSIC, _C.ASK_CHOICE))
_NEXT_AGENT = TransferRow(_S.WAITING, (_C.RELEASE_AGENT, *_QUEUE_AGAIN))
_JOINED = TransferRow(_S.TALKING, (_C.STOP_MUSIC, _C.JOIN_AGENT))
_BACK = TransferRow(_S.WITH_BOT, (_C.RESUME_BOT,))

TRANSFER_TABLE: Mapping[tuple[TransferState, TransferEventKind], TransferRow] = {
    (_S.ASKED, _E.BEGIN): _TO_QUEUE,
    (_S.ASKED, _E.CLOSED): _NOBODY,
    (_S.ASKED, _E.HAND_ON): TransferRow(_S.OUTSIDE, (_C.PAUSE_BOT, _C.START_MUSIC, _C.HAND_ON_CALL)),
    (_S.ASKED, _E.CUSTOMER_GONE): TransferRow(_S.OVER),
    (_S.WAITING, _E.OFFER): TransferRow(_S.RINGING, (_C.STOP_WAIT_TIMER, _C.RING_AGENT)),
    (_S.WAITING, _E.WAITED_LONG): _GIVE_UP_WAITING,
    (_S.WAITING, _E.CLOSED): TransferRow(
        _S.CHOOSING, (_C.STOP_WAIT_TIMER, _C.UNQUEUE, _C.STOP_MUSIC, _C.ASK_CHOICE)
    ),
    (_S.WAITING, _E.CUSTOMER_WANTS_CALLBACK): TransferRow(
        _S.WITH_BOT, (_C.STOP_WAIT_TIMER, _C.UNQUEUE, _C.STOP_MUSIC, _C.STORE_CALLBACK, _C.RESUME_BOT)
    ),
    (_S.WAITING, _E.TO_BOT): TransferRow(
        _S.WITH_BOT, (_C.STOP_WAIT_TIMER, _C.UNQUEUE, _C.STOP_MUSIC, _C.RESUME_BOT)
    ),
    (_S.WAITING, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.STOP_WAIT_TIMER, _C.UNQUEUE)),
    (_S.WAITING, _E.RESTARTED): TransferRow(_S.WAITING, (_C.START_MUSIC, *_QUEUE_AGAIN)),
    (_S.RINGING, _E.AGENT_ANSWERED): TransferRow(_S.BRIEFING, (_C.BRIEF,)),
    (_S.RINGING, _E.AGENT_REFUSED): _NEXT_AGENT,
    (_S.RINGING, _E.AGENT_GONE): _NEXT_AGENT,
    (_S.RINGING, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.RELEASE_AGENT,)),
    (_S.RINGING, _E.RESTARTED): TransferRow(_S.WAITING, (_C.START_MUSIC, _C.RELEASE_AGENT, *_QUEUE_AGAIN)),
    (_S.BRIEFING, _E.AGENT_ACCEPTED): _JOINED,
    (_S.BRIEFING, _E.AGENT_REFUSED): _NEXT_AGENT,
    (_S.BRIEFING, _E.AGENT_GONE): _NEXT_AGENT,
    (_S.BRIEFING, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.RELEASE_AGENT,)),
    (_S.BRIEFING, _E.RESTARTED): TransferRow(_S.WAITING, (_C.START_MUSIC, _C.RELEASE_AGENT, *_QUEUE_AGAIN)),
    (_S.TALKING, _E.AGENT_GONE): TransferRow(_S.WAITING, (_C.RELEASE_AGENT, _C.START_MUSIC, *_QUEUE_AGAIN)),
    (_S.TALKING, _E.AGENT_LEAVES): TransferRow(_S.WITH_BOT, (_C.RELEASE_AGENT, _C.RESUME_BOT)),
    (_S.TALKING, _E.TO_BOT): TransferRow(_S.WITH_BOT, (_C.RELEASE_AGENT, _C.RESUME_BOT)),
    (_S.TALKING, _E.CONSULT): TransferRow(_S.CONSULTING, (_C.START_MUSIC, _C.RING_PARTY)),
    (_S.TALKING, _E.HAND_ON): TransferRow(_S.OUTSIDE, (_C.START_MUSIC, _C.HAND_ON_CALL, _C.RELEASE_AGENT)),
    (_S.TALKING, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.RELEASE_AGENT,)),
    (_S.TALKING, _E.RESTARTED): TransferRow(_S.TALKING, (_C.JOIN_AGENT,)),
    (_S.CONSULTING, _E.CONSULT_FAILED): TransferRow(
        _S.TALKING, (_C.RELEASE_PARTY, _C.STOP_MUSIC, _C.JOIN_AGENT)
    ),
    (_S.CONSULTING, _E.PARTY_ANSWERED): TransferRow(_S.CONSULTING),
    (_S.CONSULTING, _E.PARTY_GONE): TransferRow(_S.TALKING, (_C.RELEASE_PARTY, _C.STOP_MUSIC, _C.JOIN_AGENT)),
    (_S.CONSULTING, _E.JOIN): TransferRow(_S.CONFERENCE, (_C.STOP_MUSIC, _C.JOIN_ALL)),
    (_S.CONSULTING, _E.HAND_ON): TransferRow(_S.OUTSIDE, (_C.STOP_MUSIC, _C.HAND_ON_CALL, _C.RELEASE_AGENT)),
    (_S.CONSULTING, _E.AGENT_GONE): TransferRow(
        _S.WAITING, (_C.RELEASE_PARTY, _C.RELEASE_AGENT, *_QUEUE_AGAIN)
    ),
    (_S.CONSULTING, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.RELEASE_PARTY, _C.RELEASE_AGENT)),
    (_S.CONSULTING, _E.RESTARTED): TransferRow(_S.TALKING, (_C.RELEASE_PARTY, _C.STOP_MUSIC, _C.JOIN_AGENT)),
    (_S.CONFERENCE, _E.PARTY_GONE): TransferRow(_S.TALKING, (_C.RELEASE_PARTY, _C.JOIN_AGENT)),
    (_S.CONFERENCE, _E.HAND_ON): TransferRow(_S.OUTSIDE, (_C.HAND_ON_CALL, _C.RELEASE_AGENT)),
    (_S.CONFERENCE, _E.AGENT_LEAVES): TransferRow(_S.OUTSIDE, (_C.HAND_ON_CALL, _C.RELEASE_AGENT)),
    (_S.CONFERENCE, _E.AGENT_GONE): TransferRow(_S.OUTSIDE, (_C.HAND_ON_CALL, _C.RELEASE_AGENT)),
    (_S.CONFERENCE, _E.CUSTOMER_GONE): TransferRow(_S.OVER, (_C.RELEASE_PARTY, _C.RELEASE_AGENT)),
    (_S.CONFERENCE, _E.RESTARTED): TransferRow(_S.CONFERENCE, (_C.JOIN_ALL,)),
    (_S.CHOOSING, _E.CUSTOMER_WAITS_ON): TransferRow(_S.WAITING, (_C.START_MUSIC, *_QUEUE_AGAIN)),
    (_S.CHOOSING, _E.CUSTOMER_WANTS_CALLBACK): TransferRow(_S.WITH_BOT, (_C.STORE_CALLBACK, _C.RESUME_BOT)),
    (_S.CHOOSING, _E.CUSTOMER_LEAVES_MESSAGE): _BACK,
    (_S.CHOOSING, _E.TO_BOT): _BACK,
    (_S.CHOOSING, _E.CHOICE_TIMEOUT): TransferRow(_S.WITH_BOT, (_C.STORE_CALLBACK, _C.RESUME_BOT)),
    (_S.CHOOSING, _E.CUSTOMER_GONE): TransferRow(_S.OVER),
    (_S.CHOOSING, _E.RESTARTED): TransferRow(_S.CHOOSING, (_C.ASK_CHOICE,)),
    (_S.OUTSIDE, _E.CUSTOMER_GONE): TransferRow(_S.OVER),
    (_S.WITH_BOT, _E.BEGIN): _TO_QUEUE,
    (_S.WITH_BOT, _E.CLOSED): _NOBODY,
    (_S.WITH_BOT, _E.CUSTOMER_GONE): TransferRow(_S.OVER),
}

#: An agent's leg exists, or is being made.
WITH_AGENT = frozenset({_S.RINGING, _S.BRIEFING, _S.TALKING, _S.CONSULTING, _S.CONFERENCE})
#: A third party's leg exists, or is being made.
WITH_PARTY = frozenset({_S.CONSULTING, _S.CONFERENCE})


class TransferKind(StrEnum):
    """How an agent meets the customer."""

    WARM = "warm"
    """He hears a summary first and accepts by a key."""
    BLIND = "blind"
    """He is joined as soon as he answers."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer and what is known of it. ``since`` is when it came into its state, ``asked_at`` when a person was wanted.

    ``agent`` is the one who is with the call or rung for it, ``party`` the third one (a number or a queue), ``refused_by``
    are agents who were rung in vain. ``talked`` says whether an agent has been with the customer.
    """

    call_id: str
    reason: str
    kind: TransferKind = TransferKind.WARM
    state: TransferState = TransferState.ASKED
    asked_at: datetime | None = None
    since: datetime | None = None
    agent: str = ""
    party: str = ""
    refused_by: tuple[str, ...] = ()
    talked: bool = False
    ignored: int = 0


@dataclass(frozen=True, slots=True)
class TransferEvent:
    """One event. ``party`` names the agent of OFFER, and the third party of CONSULT and HAND_ON."""

    kind: TransferEventKind
    party: str = ""


def transfer_step(
    transfer: Transfer, event: TransferEvent, now: datetime
) -> tuple[Transfer, tuple[TransferCommand, ...]]:
    """Feed one event. One that has no row in the current state changes nothing and is counted in ``ignored``."""
    row = TRANSFER_TABLE.get((transfer.state, event.kind))
    if row is None:
        return replace(transfer, ignored=transfer.ignored + 1), ()
    if (
        transfer.state is _S.RINGING
        and event.kind is _E.AGENT_ANSWERED
        and transfer.kind is TransferKind.BLIND
    ):
        row = _JOINED
    agent, party, refused = transfer.agent, transfer.party, transfer.refused_by
    if event.kind is _E.OFFER:
        agent = event.party
    elif event.kind in (_E.CONSULT, _E.HAND_ON):
        party = event.party or party
    if (
        transfer.state in (_S.RINGING, _S.BRIEFING)
        and row.next is _S.WAITING
        and event.kind is not _E.RESTARTED
    ):
        refused = (*refused, transfer.agent)
    return (
        replace(
            transfer,
            state=row.next,
            asked_at=transfer.asked_at or now,
            since=now if row.next is not transfer.state else transfer.since,
            agent=agent if row.next in WITH_AGENT else "",
            party=party if row.next in WITH_PARTY or row.next is _S.OUTSIDE else "",
            refused_by=refused,
            talked=transfer.talked or row.next is _S.TALKING,
        ),
        row.commands,
    )
