"""Endpointing: how long the silence lasts before the customer has finished, and what a call teaches about it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import (
    CUT_IN_S,
    LEAST_FACTOR,
    MOST_FACTOR,
    CallMemory,
    Endpointing,
    silence_wait,
)
from ari_app.voice.likeness import Trail
from ari_app.voice.overlap import Overlap
from ari_app.voice.turn import (
    FrameHeard,
    NoInput,
    Speculate,
    SpeculationDropped,
    Tick,
    TurnLimits,
    TurnState,
    UtteranceEnded,
)
from tests.support.examples import examples
from tests.support.turns import COUGH, QUIET, VOICED, Turn, ask, kinds

pytestmark = pytest.mark.pure

P = AnswerProgress


def spoken(seconds: float = 1.0, silent: float = 0.12, **asked: float) -> Turn:
    """A customer who has spoken and is silent for so long that the words were asked for."""
    turn = Turn(ask(**asked))  # type: ignore[arg-type]
    turn.say(seconds)
    turn.hush(silent)
    return turn


def ended(turn: Turn) -> UtteranceEnded:
    assert isinstance(turn.taker.answer, UtteranceEnded)
    return turn.taker.answer


# --------------------------------------------------------------------------------------------------- speculation


def test_the_words_are_asked_for_a_tenth_of_a_second_after_the_last_voice() -> None:
    turn = Turn(ask())
    turn.say(1.0)
    assert kinds(turn.hush(0.08)) == []
    assert kinds(turn.hush(0.04)) == ["Speculate"]
    assert kinds(turn.hush(0.3)) == []


def test_they_are_asked_for_although_no_frames_come() -> None:
    turn = Turn(ask())
    turn.say(1.0)
    assert turn.taker.deadline == pytest.approx(turn.now + 0.1)
    assert kinds(turn.pause(0.11)) == ["Speculate"]


def test_speech_that_resumes_makes_them_worthless_and_each_pause_has_a_number_of_its_own() -> None:
    turn = spoken()
    turn.say(0.3)
    turn.hush(0.2)
    turn.say(0.3)
    turn.hush(0.2)
    numbers = [one for one in turn.out if isinstance(one, Speculate | SpeculationDropped)]
    assert numbers == [Speculate(1), SpeculationDropped(1), Speculate(2), SpeculationDropped(2), Speculate(3)]


def test_a_single_voiced_frame_in_the_silence_is_a_click_and_not_speech() -> None:
    turn = spoken(silent=0.2)
    turn.say(0.02)
    turn.hush(0.36)
    assert kinds(turn.out) == ["SpeechStarted", "Speculate"]
    turn.hush(0.06)
    assert ended(turn).speculation == 1


def test_two_voiced_frames_of_three_are_speech_again() -> None:
    turn = spoken()
    turn.say(0.02)
    turn.hush(0.02)
    assert kinds(turn.say(0.02)) == ["SpeculationDropped"]


def test_a_voiced_frame_at_the_very_end_is_given_the_time_to_become_speech() -> None:
    turn = spoken(silent=0.58)
    assert turn.say(0.02) != []
    assert not turn.taker.done
    turn.say(0.02)
    assert not turn.taker.done
    assert turn.silence_until_answer() >= 0.6, "so long a pause has taught patience as well"


def test_numbers_go_on_through_the_call() -> None:
    memory = CallMemory()
    numbers = []
    for _ in range(3):
        turn = Turn(ask(), memory=memory)
        turn.say(0.5)
        turn.hush(1.0)
        numbers.append(ended(turn).speculation)
    assert numbers == [1, 2, 3]


def test_the_utterance_names_the_request_that_covers_all_of_it_even_unanswered() -> None:
    turn = spoken(silent=0.7)
    assert ended(turn).speculation == 1
    assert ended(turn).silent_s == pytest.approx(0.6, abs=0.021)


def test_an_utterance_that_is_cut_off_in_mid_word_has_no_such_number() -> None:
    turn = Turn(ask(max_speech_s=2.0))
    turn.say(1.0)
    turn.hush(0.2)
    turn.say(2.0)
    assert ended(turn).cut_off
    assert ended(turn).speculation is None


def test_guesses_of_other_numbers_are_ignored_and_counted() -> None:
    turn = spoken()
    turn.say(0.3)
    assert turn.guess(P.COMPLETE, 1) == ()
    turn.hush(0.12)
    assert turn.guess(P.COMPLETE, 1) == ()
    assert turn.guess(P.COMPLETE, 99) == ()
    assert turn.taker.stale_guesses == 3
    assert turn.silence_until_answer() == pytest.approx(0.5, abs=0.03)
    turn.guess(P.COMPLETE, 2)
    assert kinds(turn.out).count("UtteranceEnded") == 1


def test_a_guess_while_nobody_speaks_is_stale() -> None:
    turn = Turn(ask(), prompt_s=3.0)
    assert turn.guess(P.COMPLETE, 1) == ()
    turn.prompt_ended()
    assert turn.guess(P.NOTHING, 1) == ()
    assert turn.taker.stale_guesses == 2


# --------------------------------------------------------------------------------------------------- how long to wait


def test_a_complete_answer_ends_after_a_fifth_of_a_second() -> None:
    turn = spoken()
    assert turn.guess(P.COMPLETE) == ()
    assert kinds(turn.hush(0.06)) == []
    assert kinds(turn.hush(0.04)) == ["UtteranceEnded"]
    assert ended(turn).silent_s == pytest.approx(0.2, abs=0.021)


def test_a_complete_answer_that_is_known_late_ends_at_once() -> None:
    turn = spoken(silent=0.4)
    assert kinds(turn.guess(P.COMPLETE)) == ["UtteranceEnded"]


def test_an_open_answer_waits_as_the_question_says() -> None:
    for endpoint_s in (0.4, 0.6, 1.0):
        turn = spoken(endpoint_s=endpoint_s)
        turn.guess(P.OPEN)
        turn.silence_until_answer()
        assert ended(turn).silent_s == pytest.approx(endpoint_s, abs=0.021)


def test_an_answer_in_progress_waits_twice_as_long() -> None:
    turn = spoken()
    turn.guess(P.IN_PROGRESS)
    turn.silence_until_answer()
    assert ended(turn).silent_s == pytest.approx(1.2, abs=0.021)


def test_but_never_longer_than_two_seconds_unless_the_question_itself_does() -> None:
    for endpoint_s, expected in ((1.4, 2.0), (2.5, 2.5)):
        turn = spoken(endpoint_s=endpoint_s)
        turn.guess(P.IN_PROGRESS)
        turn.silence_until_answer()
        assert ended(turn).silent_s == pytest.approx(expected, abs=0.021)


def test_the_guess_counts_for_its_own_silence_alone() -> None:
    turn = spoken()
    turn.guess(P.COMPLETE)
    turn.say(0.5)
    turn.silence_until_answer()
    assert ended(turn).silent_s == pytest.approx(0.6, abs=0.021)


def test_lost_frames_do_not_end_an_utterance() -> None:
    turn = Turn(ask())
    turn.say(0.1)
    for _ in range(20):
        turn.say(0.04)
        turn.hush(0.02)
        turn.pause(0.04)
    assert kinds(turn.out) == ["SpeechStarted"]


# --------------------------------------------------------------------------------------------------- false starts


def test_a_cough_is_no_answer_and_the_waiting_goes_on() -> None:
    turn = Turn(ask())
    turn.hush(2.0)
    turn.frames(COUGH, 0.2)
    turn.hush(0.12)
    turn.guess(P.NOTHING)
    turn.hush(0.6)
    assert kinds(turn.out) == ["SpeechStarted", "Speculate", "SpeechCancelled"]
    assert turn.taker.state is TurnState.WAITING
    assert turn.now - 100.0 < 5.0
    assert turn.pause(105.0 - turn.now + 0.01) == (NoInput(),), "the clock went on meanwhile"


def test_after_a_cough_an_answer_is_heard() -> None:
    turn = Turn(ask())
    turn.frames(COUGH, 0.2)
    turn.hush(0.12)
    turn.guess(P.NOTHING)
    turn.hush(0.6)
    turn.say(0.5)
    turn.hush(0.22)
    turn.guess(P.COMPLETE)
    assert ended(turn).speculation == 2
    assert ended(turn).seconds == pytest.approx(0.5, abs=0.05)


def test_a_cough_in_the_last_moment_of_waiting_is_no_input() -> None:
    turn = Turn(ask())
    turn.hush(4.8)
    turn.frames(COUGH, 0.2)
    turn.hush(0.12)
    turn.guess(P.NOTHING)
    turn.hush(0.6)
    assert turn.taker.answer == NoInput()


def test_long_speech_that_nobody_understands_is_an_utterance() -> None:
    turn = spoken(1.0)
    turn.guess(P.NOTHING)
    turn.hush(0.6)
    assert ended(turn).speculation == 1


def test_a_short_sound_whose_guess_is_not_back_is_an_utterance() -> None:
    turn = spoken(0.2)
    turn.hush(0.6)
    assert ended(turn).speculation == 1


def test_one_who_only_coughs_is_answered_at_last() -> None:
    turn = Turn(ask())
    for _ in range(4):
        turn.frames(COUGH, 0.16)
        turn.hush(0.12)
        turn.guess(P.NOTHING)
        turn.hush(0.55)
    assert turn.taker.false_starts == 3
    assert isinstance(turn.taker.answer, UtteranceEnded)


# --------------------------------------------------------------------------------------------------- the call's memory


def talk(memory: CallMemory, pauses: int, pause_s: float, endpoint_s: float = 0.6) -> UtteranceEnded:
    turn = Turn(ask(endpoint_s=endpoint_s, max_speech_s=60.0), memory=memory)
    for _ in range(pauses):
        turn.say(0.5)
        turn.hush(pause_s)
    turn.say(0.5)
    turn.silence_until_answer()
    return ended(turn)


def test_one_who_speaks_fluently_is_waited_for_less() -> None:
    memory = CallMemory()
    talk(memory, 12, 0.2)
    assert memory.factor == pytest.approx(LEAST_FACTOR, abs=0.1)
    assert talk(memory, 0, 0.0).silent_s < 0.55


def test_one_who_halts_is_waited_for_longer() -> None:
    memory = CallMemory()
    talk(memory, 12, 0.54)
    assert memory.factor > 1.1
    assert talk(memory, 0, 0.0).silent_s > 0.65


def test_closures_inside_words_are_no_pauses() -> None:
    memory = CallMemory()
    talk(memory, 12, 0.12)
    assert memory.pauses == 0
    assert memory.factor == pytest.approx(1.0)


def test_one_who_goes_on_right_after_he_was_thought_to_have_finished_teaches_patience() -> None:
    memory = CallMemory()
    turn = Turn(ask(), memory=memory)
    turn.say(0.5)
    turn.silence_until_answer()
    following = Turn(ask(), 3.0, memory=memory, now=turn.now)
    following.say(0.5)
    assert memory.cut_ins == 1
    assert memory.factor > 1.2


def test_over_a_notice_that_must_be_heard_out_as_well() -> None:
    memory = CallMemory()
    turn = Turn(ask(), memory=memory)
    turn.say(0.5)
    turn.silence_until_answer()
    Turn(ask(barge_in=False), 3.0, memory=memory, now=turn.now).say(0.5)
    assert memory.cut_ins == 1


def test_an_answer_to_the_next_question_is_no_cut_in() -> None:
    memory = CallMemory()
    turn = Turn(ask(), memory=memory)
    turn.say(0.5)
    turn.silence_until_answer()
    following = Turn(ask(), 1.0, memory=memory, now=turn.now)
    following.hush(1.0)
    following.prompt_ended()
    following.say(0.5)
    assert memory.cut_ins == 0
    assert memory.factor == pytest.approx(1.0)


def test_complete_answers_that_were_not_make_it_wait_longer_for_complete_ones_and_it_recovers() -> None:
    memory = CallMemory()
    assert silence_wait(0.6, P.COMPLETE, memory, TurnLimits()) == pytest.approx(0.2)
    for at in range(5):
        memory.ended(at * 10.0, 0.6, complete=True)
        memory.spoke(at * 10.0 + 0.4)
    assert silence_wait(0.6, P.COMPLETE, memory, TurnLimits()) > 0.4
    for at in range(20):
        memory.ended(100.0 + at * 10.0, 0.6, complete=True)
    assert silence_wait(0.6, P.COMPLETE, memory, TurnLimits()) < 0.22


LESSONS = st.lists(
    st.tuples(
        st.sampled_from(["paused", "ended", "complete", "spoke", "right", "wrong"]),
        st.floats(-5.0, 100.0),
        st.floats(0.0, 3.0),
    ),
    max_size=100,
)


@given(LESSONS, st.floats(0.0, 3.0), st.sampled_from([None, *P]))
def test_whatever_is_learned_stays_within_its_bounds(
    lessons: list[tuple[str, float, float]], asked_s: float, progress: AnswerProgress | None
) -> None:
    memory = CallMemory()
    for kind, seconds, asked in lessons:
        match kind:
            case "paused":
                memory.paused(seconds, asked)
            case "ended" | "complete":
                memory.ended(seconds, asked, complete=kind == "complete")
            case "spoke":
                memory.spoke(seconds)
            case _:
                memory.interrupted(Trail(), rightly=kind == "right")
    assert LEAST_FACTOR <= memory.factor <= MOST_FACTOR
    assert 0.0 <= memory.complete_extra_s <= 0.3
    assert 1.0 <= memory.caution <= 2.5
    limits = TurnLimits()
    wait = silence_wait(asked_s, progress, memory, limits)
    assert 0.0 <= wait <= max(limits.in_progress_max_s, MOST_FACTOR * asked_s) + 1e-9
    assert wait >= LEAST_FACTOR * min(asked_s, limits.complete_s) - 1e-9
    assert silence_wait(asked_s, P.COMPLETE, memory, limits) <= silence_wait(asked_s, P.OPEN, memory, limits)
    assert silence_wait(asked_s, P.OPEN, memory, limits) <= silence_wait(
        asked_s, P.IN_PROGRESS, memory, limits
    )


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.tuples(st.integers(8, 30), st.integers(0, 40)), min_size=1, max_size=12))
def test_the_end_comes_after_the_first_silence_that_is_long_enough_and_never_within_a_shorter_one(
    talk: list[tuple[int, int]],
) -> None:
    """Against a plain count of frames."""
    turn = Turn(ask(endpoint_s=0.6, max_speech_s=60.0))
    silent = 0
    for voiced, quiet in talk:
        for frame in [VOICED] * voiced + [QUIET] * quiet:
            waited = 0.6 * turn.taker.memory.factor
            turn.frames(frame, 0.02)
            if turn.taker.done:
                # Time passes before the frame is heard.
                assert (silent + 1) * 0.02 >= waited - 0.001
                return
            silent = 0 if frame == VOICED else silent + 1
            assert silent * 0.02 <= waited + 0.001


@given(st.floats(0.0, CUT_IN_S * 3), st.booleans())
def test_only_what_comes_within_a_second_is_a_cut_in(gap: float, complete: bool) -> None:
    memory = CallMemory()
    memory.ended(50.0, 0.6, complete=complete)
    memory.spoke(50.0 + gap)
    memory.spoke(50.0 + gap)
    assert memory.cut_ins == (0.0 < 50.0 + gap - 50.0 <= CUT_IN_S)


def test_speech_that_is_cut_off_at_its_longest_and_goes_on_is_no_cut_in() -> None:
    memory = CallMemory()
    turn = Turn(ask(max_speech_s=2.0), memory=memory)
    turn.say(3.0)
    Turn(ask(), 3.0, memory=memory, now=turn.now).say(0.5)
    assert memory.cut_ins == 0


def test_a_frame_from_the_past_is_voice_of_now() -> None:
    turn = Turn(ask())
    turn.say(0.5)
    turn.hush(0.3)
    for _ in range(2):
        turn.give(FrameHeard(VOICED, 0.0))
    assert kinds(turn.hush(0.5)) == ["Speculate"]
    assert not turn.taker.done


def test_a_clock_that_runs_backwards_stands_still() -> None:
    turn = spoken(silent=0.3)
    assert turn.give(Tick(0.0)) == ()
    turn.silence_until_answer()
    assert ended(turn).silent_s == pytest.approx(0.6, abs=0.021)


@given(
    st.floats(0.0, 1.5),
    st.floats(0.0, 0.5),
    st.floats(0.0, 1.0),
    st.sampled_from([None, *AnswerProgress]),
    st.lists(st.booleans(), max_size=30),
)
def test_nothing_is_due_before_the_moment_that_is_told_beforehand(
    asked_s: float, speculate_s: float, complete_s: float, progress: AnswerProgress | None, voiced: list[bool]
) -> None:
    limits = TurnLimits(speculate_s=speculate_s, complete_s=complete_s)
    utterance = Endpointing(asked_s, 0.0, 0.0, 0.5, CallMemory(), limits)
    overlap = Overlap(limits, 5.0)
    for count, voice in enumerate(voiced, 1):
        utterance.hear(voice, count * 0.02)
        if progress is not None:
            utterance.guessed(utterance.speculate(), progress, doubtful=voice)
        due = min(utterance.speculate_at, utterance.end_at, overlap.ends_at(utterance))
        assert utterance.nothing_before <= due + 1e-9
