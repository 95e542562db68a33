"""Turn-taking under any course of events: one answer, in time, and a clean protocol with the recogniser and the playout."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.dialogue.model import KeyInput, Question
from ari_app.domain.answer_progress import AnswerProgress
from ari_app.voice.endpointing import CallMemory
from ari_app.voice.turn import (
    KEYS,
    FrameHeard,
    Guessed,
    Interrupted,
    KeyPressed,
    KeysEntered,
    NoInput,
    PromptEnded,
    Resumed,
    Speculate,
    SpeculationDropped,
    SpeechCancelled,
    SpeechFrame,
    SpeechStarted,
    Tick,
    TurnLimits,
    TurnOutput,
    TurnState,
    UtteranceEnded,
)
from tests.support.examples import examples
from tests.support.turns import COUGH, HEARABLE, HUM, QUIET, VOICED, Turn

pytestmark = pytest.mark.pure

FRAMES = {"voiced": VOICED, "hum": HUM, "cough": COUGH, "quiet": QUIET}
ANSWERS = (UtteranceEnded, KeysEntered, NoInput)


@dataclass(frozen=True)
class Event:
    """Something that happens: ``frames`` of a sound, a key, a guess that is ``back`` numbers old, time that jumps."""

    kind: str
    frames: int = 1
    key: str = "1"
    progress: AnswerProgress = AnswerProgress.NOTHING
    back: int = 0
    doubtful: bool = False
    seconds: float = 0.0


EVENTS = st.one_of(
    st.builds(Event, st.sampled_from(sorted(FRAMES)), st.integers(1, 40)),
    st.builds(Event, st.sampled_from(sorted(FRAMES)), st.integers(1, 8)),
    st.builds(
        Event,
        st.just("guess"),
        progress=st.sampled_from(AnswerProgress),
        back=st.sampled_from([0, 0, 0, 0, 1, 2, -1]),
        doubtful=st.booleans(),
    ),
    st.builds(Event, st.just("key"), key=st.sampled_from([*sorted(KEYS), "x"])),
    st.just(Event("mark")),
    st.builds(Event, st.just("tick"), seconds=st.floats(0.0, 3.0)),
    st.builds(Event, st.just("back"), seconds=st.floats(0.0, 200.0)),
)
QUESTIONS = st.builds(
    Question,
    context=st.just("opening"),
    keys=st.builds(
        KeyInput, st.integers(0, 4), st.integers(0, 6), st.sampled_from("#*"), st.floats(0.0, 4.0)
    ),
    grammar=st.sampled_from([HEARABLE, HEARABLE, HEARABLE, None]),
    no_input_s=st.floats(0.0, 8.0),
    endpoint_s=st.floats(0.0, 1.5),
    max_speech_s=st.floats(0.0, 10.0),
    barge_in=st.sampled_from([True, True, True, False]),
)
LIMITS = st.one_of(
    st.just(TurnLimits()),
    st.builds(
        TurnLimits,
        barge_in_s=st.floats(0.0, 0.3),
        hum_s=st.floats(0.0, 1.0),
        pre_roll_s=st.floats(0.0, 0.5),
        speculate_s=st.floats(0.0, 0.5),
        complete_s=st.floats(0.0, 1.0),
        in_progress_factor=st.floats(0.0, 4.0),
        short_s=st.floats(0.0, 1.0),
        wordless_s=st.floats(0.0, 1.5),
        false_start_s=st.floats(0.0, 5.0),
        guess_wait_s=st.floats(0.0, 3.0),
        tail_s=st.floats(0.0, 2.0),
        nod_s=st.floats(0.0, 1.5),
        max_resumes=st.integers(0, 4),
        max_false_starts=st.integers(0, 4),
    ),
)


def happen(turn: Turn, event: Event, jump: bool) -> None:
    match event.kind:
        case "guess":
            asked = [one.number for one in turn.out if isinstance(one, Speculate)]
            number = (asked[-1] if asked else 0) - event.back
            turn.give(Guessed(number, event.progress, turn.now, event.doubtful))
        case "key":
            turn.give(KeyPressed(event.key, turn.now))
        case "mark":
            turn.give(PromptEnded(turn.now))
        case "tick" if jump:
            turn.pause(event.seconds)
        case "tick":
            for _ in range(round(event.seconds / 0.05)):
                turn.pause(0.05)
        case "back":
            turn.give(Tick(turn.now - event.seconds))
        case sound:
            turn.frames(FRAMES[sound], event.frames * 0.02)


def check_protocol(out: list[TurnOutput], limits: TurnLimits) -> None:
    """Reads the outputs as the conversation does; every one must fit what came before it."""
    playing, hearing, last_number = True, False, 0
    open_number: int | None = None
    resumes = 0
    for place, one in enumerate(out):
        match one:
            case Interrupted():
                assert playing, "a playout is interrupted once"
                playing = False
            case Resumed():
                assert not playing
                assert isinstance(out[place - 1], SpeechCancelled)
                playing, resumes = True, resumes + 1
            case SpeechStarted(pcm, over_prompt):
                assert not hearing
                assert pcm
                assert playing or not over_prompt or isinstance(out[place - 1], Interrupted)
                hearing = True
            case SpeechFrame():
                assert hearing
            case SpeechCancelled():
                assert hearing
                hearing, open_number = False, None
            case Speculate(number):
                assert hearing
                assert open_number is None, "one request at a time"
                assert number > last_number, "a number is used once"
                open_number = last_number = number
            case SpeculationDropped(number):
                assert hearing
                assert number == open_number
                open_number = None
            case UtteranceEnded():
                assert hearing
                assert one.speculation == open_number
                assert one.seconds >= 0.0
                assert one.silent_s >= 0.0
            case KeysEntered() | NoInput():
                assert not hearing
        assert not isinstance(one, ANSWERS) or place == len(out) - 1, "nothing comes after the answer"
    assert resumes <= 2 * limits.max_resumes, "half of them after halves of sentences"


@settings(max_examples=examples(400), deadline=None)
@given(QUESTIONS, st.sampled_from([0.0, 1.0, 20.0]), LIMITS, st.lists(EVENTS, max_size=120), st.booleans())
def test_any_course_of_events_ends_with_exactly_one_answer(
    question: Question, prompt_s: float, limits: TurnLimits, events: list[Event], jump: bool
) -> None:
    turn = Turn(question, prompt_s, limits)
    for event in events:
        happen(turn, event, jump)
        if not jump and not turn.taker.done:
            assert turn.now < turn.taker.latest_answer_at + 0.1
    while not turn.taker.done:
        assert jump or turn.now < turn.taker.latest_answer_at + 0.1
        turn.pause(0.05)
    assert [one for one in turn.out if isinstance(one, ANSWERS)] == [turn.taker.answer]
    check_protocol(turn.out, limits)
    assert turn.taker.resumes == sum(isinstance(one, Resumed) for one in turn.out)
    for late in (
        KeyPressed("1", turn.now),
        FrameHeard(VOICED, turn.now),
        Guessed(1, AnswerProgress.COMPLETE, turn.now),
    ):
        assert turn.give(late) == ()
    assert turn.pause(1_000.0) == ()


NOISY = st.lists(
    st.one_of(
        st.builds(Event, st.sampled_from(["voiced", "hum", "cough"]), st.integers(3, 14)),
        st.builds(Event, st.just("quiet"), st.integers(6, 70)),
        st.builds(Event, st.just("guess"), progress=st.sampled_from(AnswerProgress)),
    ),
    min_size=20,
    max_size=200,
)


@settings(max_examples=examples(200), deadline=None)
@given(NOISY, st.sampled_from([0.0, 3.0]))
def test_no_customer_is_left_in_silence_for_three_seconds(events: list[Event], prompt_s: float) -> None:
    """From the moment he falls silent, after an interruption as well, an answer or the prompt comes within that time."""
    turn = Turn(Question("opening", grammar=HEARABLE), prompt_s)
    silent_since: float | None = None
    for event in events:
        happen(turn, event, jump=False)
        if turn.taker.done:
            return
        if event.kind in ("voiced", "hum", "cough"):
            silent_since = None
        elif event.kind == "quiet":
            silent_since = turn.now - event.frames * 0.02 if silent_since is None else silent_since
            if turn.taker.state is TurnState.SPEAKING:
                assert turn.now - silent_since < 3.0


@settings(max_examples=examples(100), deadline=None)
@given(st.lists(st.lists(EVENTS, max_size=40), min_size=2, max_size=5))
def test_questions_of_one_call_share_what_it_taught_and_never_a_number(calls: list[list[Event]]) -> None:
    memory = CallMemory()
    now = 100.0
    numbers: list[int] = []
    for events in calls:
        turn = Turn(Question("opening", grammar=HEARABLE), 2.0, memory=memory, now=now)
        for event in events:
            happen(turn, event, jump=True)
        while not turn.taker.done:
            turn.pause(0.05)
        check_protocol(turn.out, turn.taker.limits)
        numbers += [one.number for one in turn.out if isinstance(one, Speculate)]
        now = turn.now
    assert numbers == list(range(1, len(numbers) + 1))
