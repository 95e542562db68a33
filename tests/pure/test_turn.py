"""Turn-taking: one question, one answer. Keys, timers, pre-roll; see test_turn_* for endpointing and barge-in."""

from __future__ import annotations

import pytest

from ari_app.dialogue.model import KeyInput
from ari_app.voice.pcm import FRAME_BYTES, FRAME_S
from ari_app.voice.turn import (
    TRANSITIONS,
    Interrupted,
    KeyPressed,
    KeysEntered,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    TurnState,
    UtteranceEnded,
)
from tests.support.turns import QUIET, VOICED, Turn, ask, kinds

pytestmark = pytest.mark.pure


def test_speech_after_the_prompt_is_an_utterance() -> None:
    turn = Turn(ask(), prompt_s=2.0)
    turn.frames(QUIET, 2.0)
    turn.prompt_ended()
    turn.frames(QUIET, 1.0)
    turn.frames(VOICED, 1.0)
    turn.frames(QUIET, 1.0)
    assert kinds(turn.out) == ["SpeechStarted", "Speculate", "UtteranceEnded"]
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert turn.taker.answer.seconds == pytest.approx(1.0, abs=0.05)


def test_the_utterance_has_its_pre_roll_and_every_frame_once() -> None:
    turn = Turn(ask())
    turn.frames(QUIET, 1.0)
    turn.frames(VOICED, 0.5)
    turn.frames(QUIET, 1.0)
    started = next(one for one in turn.out if isinstance(one, SpeechStarted))
    sound = started.pcm + b"".join(one.pcm for one in turn.out if isinstance(one, SpeechFrame))
    assert sound.count(VOICED) == 25
    assert sound.index(VOICED) / FRAME_BYTES * FRAME_S == pytest.approx(0.26, abs=0.05)


def test_silence_ends_the_utterance_although_no_frames_come() -> None:
    turn = Turn(ask())
    turn.frames(VOICED, 0.5)
    assert kinds(turn.pause(0.5)) == ["Speculate"]
    assert kinds(turn.pause(0.2)) == ["UtteranceEnded"]


def test_a_short_pause_does_not_end_the_utterance() -> None:
    turn = Turn(ask())
    for _ in range(3):
        turn.frames(VOICED, 0.5)
        turn.frames(QUIET, 0.5)
    assert kinds(turn.out) == ["SpeechStarted", *["Speculate", "SpeculationDropped"] * 2, "Speculate"]


def test_endless_speech_is_cut_off() -> None:
    turn = Turn(ask(max_speech_s=3.0))
    turn.frames(VOICED, 4.0)
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert turn.taker.answer.cut_off


def test_silence_is_no_input_counted_from_the_end_of_the_prompt() -> None:
    turn = Turn(ask(), prompt_s=4.0)
    assert turn.pause(4.0) == ()
    turn.prompt_ended()
    assert turn.pause(4.9) == ()
    assert kinds(turn.pause(0.2)) == ["NoInput"]


def test_a_mark_that_never_comes_does_not_hold_the_turn() -> None:
    turn = Turn(ask(), prompt_s=2.0)
    assert turn.pause(5.1) == ()
    assert turn.taker.state is TurnState.WAITING
    assert kinds(turn.pause(5.1)) == ["NoInput"]


def test_speech_does_not_interrupt_a_notice_that_must_be_heard_out() -> None:
    turn = Turn(ask(barge_in=False), prompt_s=5.0)
    turn.frames(VOICED, 2.0)
    turn.frames(QUIET, 1.0)
    assert turn.out == []


def test_speech_that_outlives_such_a_notice_is_heard() -> None:
    turn = Turn(ask(barge_in=False), prompt_s=1.0)
    turn.frames(VOICED, 1.0)
    turn.prompt_ended()
    turn.frames(VOICED, 0.5)
    turn.frames(QUIET, 1.0)
    assert kinds(turn.out) == ["SpeechStarted", "Speculate", "UtteranceEnded"]


def test_a_key_interrupts_at_once() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    assert turn.keys("1") == [Interrupted("keys"), KeysEntered("1", complete=True)]


def test_keys_pressed_over_a_notice_count_when_it_has_ended() -> None:
    turn = Turn(ask(barge_in=False), prompt_s=5.0)
    assert turn.keys("2") == []
    assert turn.prompt_ended() == (KeysEntered("2", complete=True),)


def test_several_digits_end_at_the_last_one() -> None:
    turn = Turn(ask(keys=KeyInput(4, 4)))
    assert turn.keys("123") == []
    assert turn.keys("4") == [KeysEntered("1234", complete=True)]


def test_the_terminator_ends_the_digits_and_is_left_out() -> None:
    turn = Turn(ask(keys=KeyInput(1, 6)))
    assert turn.keys("500#") == [KeysEntered("500", complete=True)]


def test_a_terminator_alone_is_a_key() -> None:
    turn = Turn(ask(keys=KeyInput(1, 6)))
    assert turn.keys("#") == [KeysEntered("#", complete=True)]


def test_too_few_digits_are_told() -> None:
    turn = Turn(ask(keys=KeyInput(4, 4)))
    turn.keys("12")
    assert turn.pause(3.1) == (KeysEntered("12", complete=False),)


def test_each_digit_has_its_own_time() -> None:
    turn = Turn(ask(keys=KeyInput(4, 4)))
    for digit in "123":
        turn.keys(digit)
        assert turn.pause(2.5) == ()
    assert turn.keys("4") == [KeysEntered("1234", complete=True)]


def test_keys_cancel_speech() -> None:
    turn = Turn(ask(keys=KeyInput(1, 4)))
    turn.frames(VOICED, 0.5)
    assert kinds(turn.keys("1"))[-1] == "SpeechCancelled"
    turn.frames(VOICED, 1.0)
    assert kinds(turn.pause(3.1)) == ["KeysEntered"]
    assert SpeechCancelled() in turn.out


def test_without_a_grammar_only_keys_count() -> None:
    turn = Turn(ask(grammar=None), prompt_s=2.0)
    turn.frames(VOICED, 1.0)
    turn.prompt_ended()
    turn.frames(VOICED, 1.0)
    assert turn.out == []
    assert turn.keys("1") == [KeysEntered("1", complete=True)]


def test_strange_keys_are_counted_and_survived() -> None:
    turn = Turn(ask())
    for key in ("", "x", "12", "\n", "1\x00"):
        assert turn.give(KeyPressed(key, turn.now)) == ()
    assert turn.taker.ignored_keys == 5
    no_keys = Turn(ask(keys=KeyInput(0, 0)))
    assert no_keys.keys("1") == []
    assert no_keys.taker.ignored_keys == 1


def test_every_state_that_waits_has_an_end() -> None:
    for state in TurnState:
        if state is not TurnState.DONE:
            assert any(source is state and signal == "time_up" for source, signal in TRANSITIONS)
