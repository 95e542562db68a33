"""Barge-in: what stops a prompt, what does not, and how it goes on after what was no interruption."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.barge_in import BargeIn
from ari_app.voice.endpointing import CallMemory
from ari_app.voice.overlap import only_listened
from ari_app.voice.turn import (
    Interrupted,
    KeysEntered,
    NoInput,
    SpeechStarted,
    TurnLimits,
    TurnState,
    UtteranceEnded,
)
from ari_app.voice.turn_terms import Sound
from tests.support.examples import examples
from tests.support.turns import COUGH, HUM, MURMUR, OTHER, VOICED, Turn, ask, heard, kinds, listens_aloud

pytestmark = pytest.mark.pure

P = AnswerProgress


def interrupted(seconds: float = 0.2, prompt_s: float = 8.0, memory: CallMemory | None = None) -> Turn:
    """A prompt that speech of this length has stopped after a second, and whose words were asked for."""
    turn = Turn(ask(), prompt_s, memory=memory)
    turn.hush(1.0)
    turn.say(seconds)
    turn.hush(0.12)
    assert kinds(turn.out) == ["Interrupted", "SpeechStarted", "Speculate"]
    return turn


# --------------------------------------------------------------------------------------------------- what interrupts


def test_three_frames_of_voice_interrupt() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    turn.hush(1.0)
    assert turn.say(0.04) == []
    out = turn.say(0.02)
    assert out[0] == Interrupted("speech")
    assert kinds(out) == ["Interrupted", "SpeechStarted"]


def test_the_speech_is_passed_on_from_its_first_frame_with_the_pre_roll_before_it() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    turn.hush(1.0)
    out = turn.frames(COUGH, 0.02) + turn.say(0.04)
    started = next(one for one in out if isinstance(one, SpeechStarted))
    assert started.pcm.count(VOICED) == 2
    assert started.pcm.count(COUGH) == 1
    assert started.pcm.index(COUGH) == 15 * len(COUGH)


def test_the_frame_before_a_voice_counts_with_it() -> None:
    turn = Turn(ask(), prompt_s=5.0)
    turn.frames(COUGH, 0.02)
    assert turn.say(0.02) == []
    assert kinds(turn.say(0.02)) == ["Interrupted", "SpeechStarted"]


@pytest.mark.parametrize("sound", [COUGH, MURMUR], ids=["without a pitch", "soft"])
def test_a_sound_without_a_pitch_or_out_of_the_background_never_does(sound: bytes) -> None:
    turn = Turn(ask(), prompt_s=60.0)
    turn.frames(sound, 5.0)
    assert turn.out == []


def test_a_hum_says_that_he_listens_and_only_a_long_one_interrupts() -> None:
    turn = Turn(ask(), prompt_s=60.0)
    for _ in range(5):
        assert turn.frames(HUM, 0.3) == []
        turn.hush(1.0)
    assert turn.frames(HUM, 0.56) == []
    assert kinds(turn.frames(HUM, 0.06)) == ["Interrupted", "SpeechStarted"]


def test_clicks_never_add_up() -> None:
    turn = Turn(ask(), prompt_s=60.0)
    for _ in range(50):
        turn.say(0.02)
        turn.hush(0.1)
    assert turn.out == []


def test_a_back_channel_that_did_not_interrupt_is_ignored() -> None:
    turn = Turn(ask(), prompt_s=4.0)
    turn.hush(2.0)
    turn.frames(HUM, 0.3)
    turn.hush(1.7)
    turn.prompt_ended()
    turn.hush(4.9)
    assert turn.out == []
    assert turn.pause(0.2) == (NoInput(),)


def test_the_tail_of_a_sound_at_the_end_of_the_prompt_is_no_answer() -> None:
    turn = Turn(ask(barge_in=False), prompt_s=2.0)
    turn.say(0.3)
    turn.hush(0.04)
    turn.prompt_ended()
    turn.hush(1.0)
    assert turn.out == []


def test_one_who_speaks_against_a_loud_background_must_rise_above_it() -> None:
    memory = CallMemory()
    for _ in range(500):
        memory.heard(-25.0)
    turn = Turn(ask(), 60.0, memory=memory)
    assert turn.say(0.5) == []
    assert kinds(Turn(ask(), 60.0).say(0.5))[0] == "Interrupted"


# --------------------------------------------------------------------------------------------------- false interruptions


@pytest.mark.parametrize("progress", [P.BACK_CHANNEL, P.ASSENT, P.NOTHING])
def test_what_was_no_interruption_is_thrown_away_and_the_prompt_goes_on(progress: AnswerProgress) -> None:
    turn = interrupted()
    assert kinds(turn.guess(progress)) == ["SpeechCancelled", "Resumed"]
    assert not turn.taker.done
    turn.hush(5.0)
    turn.prompt_ended()
    assert turn.taker.state is TurnState.WAITING


@pytest.mark.parametrize("progress", [P.OPEN, P.IN_PROGRESS, P.COMPLETE])
def test_words_are_an_answer(progress: AnswerProgress) -> None:
    turn = interrupted()
    turn.guess(progress)
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert "Resumed" not in kinds(turn.out)


def test_long_speech_that_nobody_understands_is_an_answer_that_was_not_understood() -> None:
    turn = interrupted(seconds=1.0)
    turn.guess(P.NOTHING)
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)


def test_half_a_second_without_words_over_a_prompt_is_listening_and_after_it_an_answer() -> None:
    turn = interrupted(seconds=0.45)
    assert kinds(turn.guess(P.NOTHING)) == ["SpeechCancelled", "Resumed"]
    turn.prompt_ended()
    turn.say(0.45)
    turn.hush(0.12)
    turn.guess(P.NOTHING)
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)


def test_a_short_sound_whose_guess_never_comes_does_not_leave_silence() -> None:
    turn = interrupted()
    assert kinds(turn.hush(1.0)) == []
    assert kinds(turn.hush(0.2)) == ["SpeechCancelled", "Resumed"]
    turn.guess(P.COMPLETE)
    assert turn.taker.stale_guesses == 1
    assert turn.taker.state is TurnState.PROMPTING


def test_nor_longer_than_the_longest_speech() -> None:
    turn = Turn(ask(max_speech_s=0.7), 8.0)
    turn.hush(1.0)
    turn.say(0.2)
    assert kinds(turn.hush(0.7))[-2:] == ["SpeechCancelled", "Resumed"]


def test_what_began_too_long_ago_is_not_taken_back() -> None:
    for progress in (P.NOTHING, P.BACK_CHANNEL):
        turn = Turn(ask(), 8.0, TurnLimits(false_start_s=0.4))
        turn.say(0.2)
        turn.hush(0.3)
        turn.guess(progress)
        turn.silence_until_answer()
        assert isinstance(turn.taker.answer, UtteranceEnded)


def test_long_speech_whose_guess_never_comes_is_an_utterance() -> None:
    turn = interrupted(seconds=1.0)
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert turn.taker.answer.speculation == 1


def test_a_yes_right_before_the_prompt_ends_is_an_answer_and_a_mere_back_channel_is_none() -> None:
    for progress in (P.ASSENT, P.BACK_CHANNEL):
        turn = Turn(ask(), prompt_s=3.0)
        turn.hush(2.4)
        turn.say(0.2)
        turn.hush(0.12)
        turn.guess(progress)
        if progress is P.ASSENT:
            assert turn.silence_until_answer() == pytest.approx(0.1, abs=0.03)
            assert isinstance(turn.taker.answer, UtteranceEnded)
        else:
            assert kinds(turn.out)[-1] == "Resumed"


def test_words_that_nobody_is_sure_of_are_given_a_moment_before_the_prompt_goes_on() -> None:
    for progress in (P.OPEN, P.COMPLETE):
        turn = interrupted()
        assert turn.guess(progress, doubtful=True) == ()
        assert kinds(turn.hush(0.1)) == ["SpeechCancelled", "Resumed"]
    turn = interrupted()
    turn.guess(P.OPEN, doubtful=True)
    turn.say(0.4)
    turn.hush(0.12)
    turn.guess(P.OPEN, doubtful=True)
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert "Resumed" not in kinds(turn.out)


def test_a_word_over_the_prompt_waits_for_a_slow_guess_and_is_an_answer_without_one() -> None:
    turn = interrupted(seconds=0.45)
    assert turn.silence_until_answer() == pytest.approx(1.2 - 0.12, abs=0.03)
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert turn.taker.answer.prompt_left_s == pytest.approx(7.0, abs=0.03)


def test_each_false_interruption_makes_the_next_one_harder_and_a_right_one_easier_again() -> None:
    memory = CallMemory()
    turn = interrupted(memory=memory)
    turn.guess(P.NOTHING)
    assert turn.say(0.08) == []
    assert kinds(turn.say(0.02))[0] == "Interrupted", "90 ms instead of 60"
    turn.say(1.0)
    turn.hush(0.12)
    turn.guess(P.COMPLETE)
    turn.silence_until_answer()
    assert (memory.false_interruptions, memory.caution) == (1, 1.0)


def test_a_resumed_prompt_whose_mark_never_comes_ends_by_its_own_length() -> None:
    turn = interrupted(prompt_s=4.0)
    turn.guess(P.BACK_CHANNEL)
    turn.pause(7.1)
    assert turn.taker.state is TurnState.WAITING
    turn.pause(5.1)
    assert turn.taker.answer == NoInput()


def test_keys_after_an_interruption_are_the_answer() -> None:
    turn = interrupted()
    assert kinds(turn.keys("1"))[-2:] == ["SpeechCancelled", "KeysEntered"]
    assert turn.taker.answer == KeysEntered("1", complete=True)


def test_keys_interrupt_a_prompt_that_goes_on() -> None:
    turn = interrupted()
    turn.guess(P.BACK_CHANNEL)
    assert turn.keys("1") == [Interrupted("keys"), KeysEntered("1", complete=True)]


# --------------------------------------------------------------------------------------------------- one who listens


def overheard(seconds: float, *, prompt_s: float = 8.0, after_s: float = 1.0) -> Turn:
    """A prompt that goes on while one speaks so long who has said before that he listens; the words were asked for."""
    memory = listens_aloud()
    turn = Turn(ask(), prompt_s, memory=memory)
    turn.hush(after_s)
    turn.say(seconds)
    turn.hush(0.12)
    assert kinds(turn.out) == ["SpeechStarted", "Speculate"]
    return turn


def test_after_one_back_channel_no_other_stops_a_prompt_of_this_call() -> None:
    memory = CallMemory()
    turn = interrupted(memory=memory)
    turn.guess(P.BACK_CHANNEL)
    for _ in range(8):
        turn.hush(0.8)
        turn.say(0.4)
        turn.hush(0.12)
        assert kinds(turn.guess(P.BACK_CHANNEL)) == ["SpeechCancelled"]
    assert kinds(turn.out).count("Interrupted") == 1
    assert (turn.taker.resumes, turn.taker.overheard) == (1, 8)
    turn.prompt_ended()
    assert turn.taker.state is TurnState.WAITING


def test_two_sounds_that_stopped_a_prompt_for_nothing_do_the_same() -> None:
    turn = interrupted(prompt_s=30.0)
    turn.guess(P.NOTHING)
    for stops in (True, False):
        turn.hush(1.5)
        turn.say(0.24)
        turn.hush(0.12)
        assert kinds(turn.guess(P.NOTHING)) == ["SpeechCancelled", *(["Resumed"] if stops else [])]


def test_what_sounds_otherwise_stops_it_at_once() -> None:
    turn = Turn(ask(), 30.0, memory=listens_aloud())
    turn.hush(1.0)
    assert kinds(turn.frames(OTHER, 0.06)) == ["Interrupted", "SpeechStarted"]


def test_what_begins_like_it_stops_the_prompt_where_it_begins_to_differ() -> None:
    turn = Turn(ask(), 30.0, memory=listens_aloud())
    turn.hush(1.0)
    assert kinds(turn.say(0.1)) == ["SpeechStarted"]
    assert "Interrupted" in kinds(turn.frames(OTHER, 0.1))
    turn.silence_until_answer()
    assert kinds(turn.out).count("SpeechStarted") == 1, "nothing was lost of it"


def test_a_sound_that_was_nothing_once_may_be_a_word_and_stops_the_prompt_again() -> None:
    turn = interrupted(prompt_s=30.0)
    turn.guess(P.NOTHING)
    turn.hush(1.5)
    assert "Interrupted" in kinds(turn.say(0.2))


def test_halves_of_sentences_use_up_no_resumed_prompt_but_not_for_ever() -> None:
    turn = Turn(ask(), prompt_s=120.0)
    turn.hush(1.0)
    for _ in range(12):
        turn.say(0.2)
        turn.hush(0.12)
        turn.guess(P.NOTHING)
        turn.hush(0.3)
    assert turn.taker.resumes == 6
    assert kinds(turn.out).count("Interrupted") == 6


def test_the_first_half_of_a_sentence_teaches_nothing() -> None:
    """He paused, the prompt went on, and he went on as well."""
    memory = CallMemory()
    turn = interrupted(memory=memory, prompt_s=30.0)
    turn.guess(P.NOTHING)
    assert memory.caution > 1.0
    turn.hush(0.3)
    turn.frames(OTHER, 1.0)
    assert memory.caution == 1.0
    turn.hush(0.12)
    turn.guess(P.COMPLETE)
    turn.silence_until_answer()
    turn = interrupted(memory=memory, prompt_s=30.0)
    turn.guess(P.NOTHING)
    turn.hush(1.5)
    assert "Interrupted" in kinds(turn.say(0.2)), "heard for the first time"


@pytest.mark.parametrize("progress", [P.OPEN, P.IN_PROGRESS, P.COMPLETE])
def test_words_of_an_answer_stop_a_prompt_that_went_on_over_them(progress: AnswerProgress) -> None:
    turn = overheard(0.4)
    assert kinds(turn.guess(progress))[:1] == ["Interrupted"]
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert kinds(turn.out).count("SpeechStarted") == 1, "nothing was lost of it"


def test_who_goes_on_for_longer_than_any_back_channel_stops_it_before_a_word_is_known() -> None:
    memory = listens_aloud()
    turn = Turn(ask(), 8.0, memory=memory)
    turn.hush(1.0)
    assert kinds(turn.say(0.56)) == ["SpeechStarted"]
    assert kinds(turn.say(0.06)) == ["Interrupted"]


def test_sounds_without_a_voice_never_do_however_long() -> None:
    turn = overheard(0.2, prompt_s=60.0)
    turn.say(0.04)
    turn.frames(COUGH, 5.0)
    turn.hush(2.0)
    assert "Interrupted" not in kinds(turn.out)
    assert turn.taker.state is TurnState.PROMPTING


def test_without_a_guess_the_text_must_tell_and_noise_is_let_pass() -> None:
    turn = overheard(0.2)
    assert kinds(turn.hush(1.2)) == ["SpeechCancelled"]
    assert turn.taker.state is TurnState.PROMPTING
    turn = overheard(0.45)
    assert kinds(turn.hush(1.2)) == ["UtteranceEnded"]


def test_a_yes_at_the_end_of_the_prompt_is_an_answer_and_in_the_middle_none() -> None:
    assert kinds(overheard(0.2).guess(P.ASSENT)) == ["SpeechCancelled"]
    turn = overheard(0.2, prompt_s=1.6)
    assert kinds(turn.guess(P.ASSENT)) == ["Interrupted"]
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)


@pytest.mark.parametrize(
    ("progress", "answers"),
    [(P.ASSENT, True), (P.COMPLETE, True), (P.OPEN, True), (P.BACK_CHANNEL, False)],
)
def test_what_outlasts_the_prompt_is_heard_to_its_end(progress: AnswerProgress, answers: bool) -> None:
    memory = listens_aloud()
    turn = Turn(ask(), 1.4, memory=memory)
    turn.hush(1.0)
    turn.say(0.4)
    turn.prompt_ended()
    turn.say(0.1)
    turn.hush(0.12)
    turn.guess(progress)
    turn.hush(0.7)
    assert turn.taker.done is answers
    assert "Interrupted" not in kinds(turn.out)
    if not answers:
        assert turn.taker.state is TurnState.WAITING
        turn.hush(5.1 - 0.9)
        assert turn.taker.answer == NoInput()


def test_keys_stop_it_at_once() -> None:
    assert kinds(overheard(0.2).keys("1")) == ["Interrupted", "SpeechCancelled", "KeysEntered"]


def test_right_interruptions_make_prompts_stop_at_once_again() -> None:
    memory = listens_aloud()
    turn = Turn(ask(), 30.0, memory=memory)
    turn.hush(1.0)
    assert kinds(turn.say(0.4)) == ["SpeechStarted"]
    turn.hush(0.12)
    assert kinds(turn.guess(P.COMPLETE)) == ["Interrupted"]
    turn.silence_until_answer()
    turn = Turn(ask(), 30.0, memory=memory)
    turn.hush(1.0)
    assert kinds(turn.say(0.06))[0] == "Interrupted"


# --------------------------------------------------------------------------------------------------- the promise

Said = tuple[float, AnswerProgress, bool, float]
PAUSES = st.floats(0.3, 1.5)
SHORT = st.tuples(
    st.sampled_from([0.08, 0.16, 0.3, 0.44, 0.54]),
    st.sampled_from([P.NOTHING, P.BACK_CHANNEL, P.ASSENT]),
    st.booleans(),
    PAUSES,
)
FORCED = st.tuples(
    st.sampled_from([0.16, 0.3, 0.44, 0.54]), st.sampled_from([P.OPEN, P.COMPLETE]), st.just(True), PAUSES
)
LONG = st.tuples(
    st.sampled_from([0.7, 1.0, 2.0]), st.sampled_from([P.BACK_CHANNEL, P.ASSENT]), st.just(False), PAUSES
)


def listens(turn: Turn, seconds: float, progress: AnswerProgress, doubtful: bool, pause_s: float) -> None:
    before = len(turn.out)
    turn.say(seconds)
    turn.hush(0.12)
    if "Speculate" in kinds(turn.out[before:]):
        turn.guess(progress, doubtful=doubtful)
    turn.hush(0.1 + pause_s)


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(SHORT | FORCED | LONG, max_size=8), st.integers(0, 3))
def test_no_short_sound_and_no_back_channel_ends_a_prompt(sounds: list[Said], right: int) -> None:
    """Whatever the call has taught before: the prompt goes on over it, or is resumed, and comes to its end."""
    memory = CallMemory()
    for _ in range(right):
        memory.interrupted(heard(), rightly=False)
    turn = Turn(ask(), 120.0, memory=memory)
    turn.hush(0.5)
    for sound in sounds:
        listens(turn, *sound)
        assert turn.taker.state is TurnState.PROMPTING
    told = kinds(turn.out)
    assert told.count("Interrupted") == told.count("Resumed") == turn.taker.resumes <= 6
    turn.prompt_ended()
    assert turn.taker.state is TurnState.WAITING


@settings(max_examples=examples(30), deadline=None)
@given(
    st.lists(SHORT | FORCED, max_size=4),
    st.sampled_from([0.2, 0.4, 0.8, 2.0]),
    st.sampled_from([P.OPEN, P.IN_PROGRESS, P.COMPLETE]),
)
def test_an_answer_always_stops_the_prompt(
    sounds: list[Said], seconds: float, progress: AnswerProgress
) -> None:
    """Whatever was said before: at once, or when its first words are known, and all of it is heard."""
    turn = Turn(ask(), 120.0)
    turn.hush(0.5)
    for sound in sounds:
        listens(turn, *sound)
    before = kinds(turn.out).count("Interrupted")
    turn.say(seconds)
    turn.hush(0.12)
    turn.guess(progress)
    assert kinds(turn.out).count("Interrupted") == before + 1
    turn.silence_until_answer()
    assert isinstance(turn.taker.answer, UtteranceEnded)
    assert turn.taker.answer.seconds == pytest.approx(seconds, abs=0.15)


@settings(max_examples=examples(10), deadline=None)
@given(st.lists(SHORT | FORCED | LONG, max_size=4))
def test_a_prompt_that_must_be_heard_out_is_stopped_by_nothing(
    sounds: list[Said],
) -> None:
    turn = Turn(ask(barge_in=False), 120.0)
    for sound in sounds:
        listens(turn, *sound)
    assert turn.out == []


# --------------------------------------------------------------------------------------------------- the evidence


KINDS = st.lists(st.sampled_from([None, *Sound]), max_size=200)


@given(KINDS, st.floats(1.0, 2.5))
def test_no_evidence_is_enough_without_as_much_voice_as_is_asked_for(
    sounds: list[Sound | None], caution: float
) -> None:
    limits = TurnLimits()
    evidence = BargeIn(limits, caution)
    for count, sound in enumerate(sounds, 1):
        if evidence.hear(sound):
            heard = sounds[:count]
            counted = heard.count(Sound.VOICE) + 1 + heard.count(Sound.HUM) * limits.barge_in_s / limits.hum_s
            assert counted * 0.02 >= limits.barge_in_s * caution - 1e-3
            assert sound in (Sound.VOICE, Sound.HUM)
            assert 0 < evidence.voiced_frames <= evidence.frames <= count
            return


@given(KINDS)
def test_more_caution_never_interrupts_sooner(sounds: list[Sound | None]) -> None:
    bold, careful = BargeIn(TurnLimits()), BargeIn(TurnLimits(), 2.0)
    first = [index for index, sound in enumerate(sounds) if bold.hear(sound)]
    later = [index for index, sound in enumerate(sounds) if careful.hear(sound)]
    assert not later or first[0] <= later[0]


@given(KINDS)
def test_steady_voice_always_interrupts_in_the_end(sounds: list[Sound | None]) -> None:
    evidence = BargeIn(TurnLimits(), 2.5)
    for sound in sounds:
        evidence.hear(sound)
    assert any(evidence.hear(Sound.VOICE) for _ in range(8))


@pytest.mark.parametrize(
    ("progress", "doubtful", "seconds", "left_s", "listened"),
    [
        (P.BACK_CHANNEL, False, 2.0, 0.1, True),
        (P.ASSENT, False, 0.4, 2.0, True),
        (P.ASSENT, False, 0.4, 0.5, False),
        (P.NOTHING, True, 0.4, 2.0, True),
        (P.NOTHING, True, 1.0, 2.0, False),
        (P.COMPLETE, True, 0.4, 2.0, True),
        (P.COMPLETE, False, 0.4, 2.0, False),
        (P.OPEN, True, 1.0, 2.0, False),
    ],
)
def test_a_text_that_came_without_a_guess_is_judged_in_the_same_way(
    progress: AnswerProgress, doubtful: bool, seconds: float, left_s: float, listened: bool
) -> None:
    ended = UtteranceEnded(seconds, prompt_left_s=left_s)
    assert only_listened(ended, progress, TurnLimits(), doubtful=doubtful) is listened
