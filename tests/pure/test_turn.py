"""Turn-taking: one question, one answer."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue.model import Grammar, KeyInput, Question
from ari_app.voice.pcm import FRAME_BYTES, FRAME_S
from ari_app.voice.turn import (
    KEYS,
    TRANSITIONS,
    FrameHeard,
    Interrupted,
    KeyPressed,
    KeysEntered,
    NoInput,
    PromptEnded,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    Tick,
    TurnInput,
    TurnOutput,
    TurnState,
    TurnTaker,
    UtteranceEnded,
)

pytestmark = pytest.mark.pure

VOICED = b"\x01" * FRAME_BYTES
QUIET = bytes(FRAME_BYTES)
HEARABLE = Grammar("g", "en")


class MarkedGate:
    """A gate that is told by the frame itself; opens after three voiced frames, closes after eight quiet ones."""

    def __init__(self) -> None:
        self.voiced = False
        self.speaking = False
        self._run = 0
        self._quiet = 99

    def push(self, frame: bytes) -> bool:
        self.voiced = frame == VOICED
        self._run = self._run + 1 if self.voiced else 0
        self._quiet = 0 if self.voiced else self._quiet + 1
        self.speaking = self._quiet < 8 if self.speaking else self._run >= 3
        return self.speaking


class Turn:
    """A turn with a clock that moves 20 ms with every frame."""

    def __init__(self, question: Question, prompt_s: float = 0.0) -> None:
        self.now = 100.0
        self.taker = TurnTaker(question, MarkedGate(), self.now, prompt_s)
        self.out: list[TurnOutput] = []

    def give(self, given: TurnInput) -> tuple[TurnOutput, ...]:
        out = self.taker.push(given)
        self.out += out
        return out

    def frames(self, frame: bytes, seconds: float) -> list[TurnOutput]:
        out: list[TurnOutput] = []
        for _ in range(round(seconds / FRAME_S)):
            self.now += FRAME_S
            out += self.give(FrameHeard(frame, self.now))
        return out

    def keys(self, digits: str) -> list[TurnOutput]:
        out: list[TurnOutput] = []
        for digit in digits:
            self.now += 0.2
            out += self.give(KeyPressed(digit, self.now))
        return out

    def prompt_ended(self) -> tuple[TurnOutput, ...]:
        return self.give(PromptEnded(self.now))

    def pause(self, seconds: float) -> tuple[TurnOutput, ...]:
        self.now += seconds
        return self.give(Tick(self.now))


def ask(
    *,
    keys: KeyInput | None = None,
    grammar: Grammar | None = HEARABLE,
    barge_in: bool = True,
    max_speech_s: float = 15.0,
) -> Question:
    return Question(
        "opening", keys=keys or KeyInput(), grammar=grammar, barge_in=barge_in, max_speech_s=max_speech_s
    )


def kinds(out: Iterable[TurnOutput]) -> list[str]:
    """The kinds of outputs in order, speech frames left out."""
    return [type(one).__name__ for one in out if not isinstance(one, SpeechFrame)]


def test_speech_after_the_prompt_is_an_utterance() -> None:
    turn = Turn(ask(), prompt_s=2.0)
    turn.frames(QUIET, 2.0)
    turn.prompt_ended()
    turn.frames(QUIET, 1.0)
    turn.frames(VOICED, 1.0)
    turn.frames(QUIET, 1.0)
    assert kinds(turn.out) == ["SpeechStarted", "UtteranceEnded"]
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
    assert turn.pause(0.5) == ()
    assert kinds(turn.pause(0.2)) == ["UtteranceEnded"]


def test_a_short_pause_does_not_end_the_utterance() -> None:
    turn = Turn(ask())
    for _ in range(3):
        turn.frames(VOICED, 0.5)
        turn.frames(QUIET, 0.5)
    assert kinds(turn.out) == ["SpeechStarted"]


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


def test_speech_over_the_prompt_interrupts_after_about_200_ms() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    assert turn.frames(VOICED, 0.2) == []
    out = turn.frames(VOICED, 0.1)
    assert kinds(out) == ["Interrupted", "SpeechStarted"]
    assert out[0] == Interrupted("speech")
    started = next(one for one in out if isinstance(one, SpeechStarted))
    assert started.pcm.count(VOICED) >= 10


def test_a_cough_over_the_prompt_does_not_interrupt() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    turn.frames(VOICED, 0.1)
    turn.frames(QUIET, 1.0)
    assert turn.out == []


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
    assert kinds(turn.out) == ["SpeechStarted", "UtteranceEnded"]


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
    assert kinds(turn.keys("1")) == ["SpeechCancelled"]
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


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["voiced", "quiet", "key", "mark", "tick", "back"]),
        st.sampled_from(sorted(KEYS)),
        st.floats(0.0, 3.0, allow_nan=False),
    ),
    max_size=300,
)
QUESTIONS = st.builds(
    Question,
    context=st.just("opening"),
    keys=st.builds(
        KeyInput, st.integers(0, 4), st.integers(0, 6), st.sampled_from("#*"), st.floats(0.0, 4.0)
    ),
    grammar=st.sampled_from([None, HEARABLE]),
    no_input_s=st.floats(0.0, 8.0),
    endpoint_s=st.floats(0.0, 1.5),
    max_speech_s=st.floats(0.0, 10.0),
    barge_in=st.booleans(),
)


@settings(max_examples=300, deadline=None)
@given(QUESTIONS, st.sampled_from([0.0, 1.0, 20.0]), STEPS)
def test_any_course_of_events_ends_with_exactly_one_answer_in_bounded_time(
    question: Question, prompt_s: float, steps: list[tuple[str, str, float]]
) -> None:
    turn = Turn(question, prompt_s)
    limit = turn.taker.latest_answer_at
    for kind, key, wait in steps:
        match kind:
            case "voiced" | "quiet":
                turn.frames(VOICED if kind == "voiced" else QUIET, 0.1)
            case "key":
                turn.keys(key)
            case "mark":
                turn.prompt_ended()
            case "tick":
                for _ in range(round(wait / 0.05)):
                    turn.pause(0.05)
            case _:
                turn.give(Tick(turn.now - wait))
    while not turn.taker.done:
        assert turn.now <= limit + 0.3
        turn.pause(0.1)
    answers = [one for one in turn.out if isinstance(one, UtteranceEnded | KeysEntered | NoInput)]
    assert answers == [turn.taker.answer]
    assert turn.out[-1] is turn.taker.answer
    order = kinds(turn.out)
    assert order.count("Interrupted") <= 1
    assert order.count("SpeechStarted") <= 1
    if "UtteranceEnded" in order or "SpeechCancelled" in order:
        assert "SpeechStarted" in order
    assert turn.give(KeyPressed("1", turn.now)) == ()
    assert turn.pause(100.0) == ()
