"""A transfer: whatever happens to any leg, the customer hears somebody and has a way on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.desk.transfer import (
    TRANSFER_TABLE,
    WITH_AGENT,
    WITH_PARTY,
    Transfer,
    TransferCommand,
    TransferEvent,
    TransferEventKind,
    TransferKind,
    TransferState,
    transfer_step,
)

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)
E, S, C = TransferEventKind, TransferState, TransferCommand

HEARS = {
    S.ASKED: "bot",
    S.WAITING: "music",
    S.RINGING: "music",
    S.BRIEFING: "music",
    S.TALKING: "agent",
    S.CONSULTING: "music",
    S.CONFERENCE: "agent",
    S.CHOOSING: "prompt",
    S.WITH_BOT: "bot",
    S.OUTSIDE: "outside",
}


class Line:
    """What the commands make of the customer's line, of the other legs, of the queue and its timer."""

    def __init__(self) -> None:
        self.bot, self.music, self.prompt, self.agent, self.outside = True, False, False, False, False
        self.agent_leg = self.party_leg = self.queued = self.timer = False

    def carry_out(self, commands: tuple[TransferCommand, ...], before: TransferState) -> None:
        if before is S.CHOOSING and commands:
            self.prompt = False  # whatever is done next is heard instead
        for command in commands:
            match command:
                case C.PAUSE_BOT:
                    self.bot = False
                case C.RESUME_BOT:
                    self.bot, self.agent = True, False
                case C.START_MUSIC:
                    self.music, self.agent = True, False
                case C.STOP_MUSIC:
                    self.music = False
                case C.ASK_CHOICE:
                    self.prompt = True
                case C.JOIN_AGENT | C.JOIN_ALL:
                    assert self.agent_leg
                    self.agent = True
                case C.HAND_ON_CALL:
                    self.outside, self.music, self.agent = True, False, False
                case C.RING_AGENT:
                    assert not self.agent_leg, "one agent at a time"
                    self.agent_leg, self.queued = True, False
                case C.RELEASE_AGENT:
                    self.agent_leg = self.agent = False
                case C.RING_PARTY:
                    assert not self.party_leg
                    self.party_leg = True
                case C.RELEASE_PARTY:
                    self.party_leg = False
                case C.QUEUE:
                    self.queued = True
                case C.UNQUEUE:
                    self.queued = False
                case C.START_WAIT_TIMER:
                    self.timer = True
                case C.STOP_WAIT_TIMER:
                    self.timer = False

    @property
    def heard(self) -> list[str]:
        names = ("bot", "music", "prompt", "agent", "outside")
        return [name for name in names if getattr(self, name)]


@given(
    events=st.lists(st.sampled_from(TransferEventKind), max_size=40),
    kind=st.sampled_from(TransferKind),
)
def test_the_customer_always_hears_exactly_one_side_and_no_leg_is_left_over(
    events: list[TransferEventKind], kind: TransferKind
) -> None:
    transfer, line = Transfer("att-1", "asked", kind), Line()
    for number, event in enumerate(events):
        before = transfer.state
        party = f"agent-{number}" if event is E.OFFER else "queue"
        transfer, commands = transfer_step(
            transfer, TransferEvent(event, party), NOW + timedelta(seconds=number)
        )
        if event is E.WAITED_LONG and before is S.WAITING:
            line.timer = False
        line.carry_out(commands, before)
        if transfer.state is S.OVER:
            assert not line.agent_leg
            assert not line.party_leg
            continue
        assert line.heard == [HEARS[transfer.state]], (before, event, transfer.state)
        assert line.agent_leg == (transfer.state in WITH_AGENT)
        assert line.party_leg == (transfer.state in WITH_PARTY) or transfer.state is S.OUTSIDE
        assert line.queued == line.timer == (transfer.state is S.WAITING)
        assert bool(transfer.agent) == (transfer.state in WITH_AGENT)


def run(
    *events: TransferEventKind, kind: TransferKind = TransferKind.WARM
) -> tuple[Transfer, list[TransferCommand]]:
    transfer = Transfer("att-1", "asked", kind)
    found: list[TransferCommand] = []
    for number, event in enumerate(events):
        party = f"agent-{number}" if event is E.OFFER else "queue"
        transfer, commands = transfer_step(
            transfer, TransferEvent(event, party), NOW + timedelta(seconds=number)
        )
        found += commands
    return transfer, found


def test_a_warm_transfer_briefs_the_agent_before_the_customer_is_with_him() -> None:
    transfer, commands = run(E.BEGIN, E.OFFER, E.AGENT_ANSWERED, E.AGENT_ACCEPTED)
    assert transfer.state is S.TALKING
    assert commands.index(C.BRIEF) < commands.index(C.JOIN_AGENT)
    assert transfer.talked


def test_a_blind_transfer_joins_at_once() -> None:
    transfer, commands = run(E.BEGIN, E.OFFER, E.AGENT_ANSWERED, kind=TransferKind.BLIND)
    assert transfer.state is S.TALKING
    assert C.BRIEF not in commands


def test_an_agent_who_does_not_answer_is_not_offered_the_call_again() -> None:
    transfer, _ = run(E.BEGIN, E.OFFER, E.AGENT_REFUSED, E.OFFER, E.AGENT_ANSWERED, E.AGENT_GONE)
    assert transfer.state is S.WAITING
    assert transfer.refused_by == ("agent-1", "agent-3")


def test_a_phone_that_drops_in_the_middle_of_a_talk_sends_the_customer_to_the_next_agent() -> None:
    transfer, commands = run(E.BEGIN, E.OFFER, E.AGENT_ANSWERED, E.AGENT_ACCEPTED, E.AGENT_GONE)
    assert transfer.state is S.WAITING
    assert commands[-4:] == [C.RELEASE_AGENT, C.START_MUSIC, C.QUEUE, C.START_WAIT_TIMER]
    assert transfer.refused_by == ()


def test_nobody_there_offers_a_callback_which_is_kept_also_without_an_answer() -> None:
    transfer, commands = run(E.CLOSED, E.CHOICE_TIMEOUT)
    assert transfer.state is S.WITH_BOT
    assert C.STORE_CALLBACK in commands


def test_a_restart_in_the_middle_rings_nobody_twice_and_keeps_a_talk() -> None:
    ringing, commands = run(E.BEGIN, E.OFFER, E.RESTARTED)
    assert ringing.state is S.WAITING
    assert commands.index(C.RELEASE_AGENT) > commands.index(C.RING_AGENT)
    assert ringing.refused_by == (), "it was not his fault"
    talking, _ = run(E.BEGIN, E.OFFER, E.AGENT_ANSWERED, E.AGENT_ACCEPTED, E.RESTARTED)
    assert talking.state is S.TALKING


@pytest.mark.parametrize("state", [state for state in S if state is not S.OVER])
def test_every_state_has_an_end_by_the_customer_and_a_way_on(state: TransferState) -> None:
    assert TRANSFER_TABLE[state, E.CUSTOMER_GONE].next is S.OVER
    onward = {
        row.next
        for (begins, event), row in TRANSFER_TABLE.items()
        if begins is state and event is not E.CUSTOMER_GONE
    }
    assert onward - {state} or state is S.OUTSIDE


def test_what_comes_too_late_is_counted_and_changes_nothing() -> None:
    transfer, commands = run(E.BEGIN, E.AGENT_ACCEPTED)
    assert (transfer.state, transfer.ignored) == (S.WAITING, 1)
    assert C.JOIN_AGENT not in commands
