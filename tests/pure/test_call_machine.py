"""The call machine: every path ends, the INVITE leaves at most once, and late events change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_diagram import markdown
from ari_app.domain.call_machine import TABLE, Call, Command, Event, EventKind, State, step

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 11, 2, 30, tzinfo=UTC)


def run(*events: Event | EventKind) -> tuple[Call, list[Command]]:
    call = Call()
    commands: list[Command] = []
    for index, given_event in enumerate(events):
        event = given_event if isinstance(given_event, Event) else Event(given_event)
        call, more = step(call, event, NOW + timedelta(seconds=index))
        commands += more
    return call, commands


DIALLED = (EventKind.START, EventKind.LEGS_READY, EventKind.DIAL_CONFIRMED)


def test_dial_is_recorded_before_the_invite_leaves() -> None:
    _, commands = run(*DIALLED)
    assert commands.index(Command.MARK_DIALLED) < commands.index(Command.DIAL)


def test_recording_and_early_media_watch_begin_before_the_invite() -> None:
    _, commands = run(*DIALLED)
    assert commands.index(Command.START_RECORDING) < commands.index(Command.DIAL)
    assert commands.index(Command.WATCH_PROGRESS) < commands.index(Command.DIAL)


def test_forbidden_dial_sends_nothing_and_counts_as_not_invited() -> None:
    call, commands = run(
        EventKind.START, EventKind.LEGS_READY, Event(EventKind.DIAL_FORBIDDEN, "dial_forbidden")
    )
    assert Command.DIAL not in commands
    assert call.state is State.CLOSED
    assert not call.end().invited
    assert call.end().reason == "dial_forbidden"


def test_answered_call_with_a_result() -> None:
    call, commands = run(
        *DIALLED,
        EventKind.RINGING,
        EventKind.ANSWERED,
        Event(EventKind.CONVERSATION_ENDED, "promise_to_pay"),
        Event(EventKind.DESTROYED, q850_cause=16),
    )
    assert call.state is State.CLOSED
    assert call.end().result == "promise_to_pay"
    assert call.talk_seconds == 2.0
    assert commands[-1] is Command.CLOSE


def test_announcement_before_the_answer_releases_the_call() -> None:
    call, commands = run(*DIALLED, EventKind.PROGRESS, Event(EventKind.HEARD, "switched_off"))
    assert call.state is State.CLEARING
    assert Command.HANG_UP in commands
    assert not call.end().answered


def test_answer_that_crosses_our_hang_up_is_hung_up_again() -> None:
    call, commands = run(*DIALLED, EventKind.RING_TIMEOUT, EventKind.ANSWERED)
    assert call.state is State.CLEARING
    assert commands.count(Command.HANG_UP) == 2
    assert Command.START_CONVERSATION not in commands


def test_release_codes_of_our_own_hang_up_do_not_hide_the_reason() -> None:
    call, _ = run(
        *DIALLED, EventKind.RINGING, EventKind.RING_TIMEOUT, Event(EventKind.DESTROYED, q850_cause=0)
    )
    assert call.end().reason == "ring_timeout"


@given(st.lists(st.sampled_from(list(EventKind)), max_size=40))
def test_any_sequence_dials_at_most_once_and_never_after_the_end(kinds: list[EventKind]) -> None:
    call, commands = run(*kinds)
    assert commands.count(Command.DIAL) <= 1
    assert commands.count(Command.CLOSE) <= 1
    assert (call.state is State.CLOSED) == (Command.CLOSE in commands)
    if Command.DIAL in commands:
        assert Command.MARK_DIALLED in commands[: commands.index(Command.DIAL)]


@given(st.lists(st.sampled_from(list(EventKind)), max_size=40))
def test_any_call_can_still_be_ended(kinds: list[EventKind]) -> None:
    call, _ = run(*kinds)
    for kind in (EventKind.STOP, EventKind.CLEAR_TIMEOUT):
        call, _ = step(call, Event(kind), NOW)
    assert call.state is State.CLOSED


def test_every_state_but_the_last_can_be_left_by_what_the_network_does() -> None:
    for state in State:
        if state in (State.CLOSED, State.RESERVED):
            continue
        assert (state, EventKind.DESTROYED) in TABLE
        assert (state, EventKind.GONE) in TABLE


def test_events_without_a_row_are_counted() -> None:
    call, commands = run(EventKind.ANSWERED)
    assert call.ignored == 1
    assert call.state is State.RESERVED
    assert not commands


def test_the_diagram_in_the_docs_is_the_table_that_runs() -> None:
    page = Path(__file__).parents[2] / "docs" / "call-machine.md"
    assert page.read_text(encoding="utf-8") == markdown()
