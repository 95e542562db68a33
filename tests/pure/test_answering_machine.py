"""After the answer: a person, a machine, an assistant, a menu, a fax."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.voice.announcement import AnnouncementReferences
from ari_app.voice.answering_machine import HEARD, VERDICT_OF, AnsweringMachineDetector, AnswerVerdict
from ari_app.voice.greeting import GreetingShape, Shape
from ari_app.voice.line_sound import LineSound
from ari_app.voice.pcm import FRAME_BYTES, FRAME_S, frames, scaled, silence, through_narrow_band
from tests.support.examples import examples
from tests.support.sounds import mixed, talk, tone, voice, white_noise

pytestmark = [pytest.mark.pure, pytest.mark.long]


def verdicts(
    pcm: bytes, references: AnnouncementReferences | None = None, lost: frozenset[int] = frozenset()
) -> list[tuple[str, str, float]]:
    """Verdict, reason and time of each verdict; frames of ``lost`` do not arrive."""
    detector = AnsweringMachineDetector(references=references)
    out: list[tuple[str, str, float]] = []
    for number, frame in enumerate(frames(through_narrow_band(pcm))):
        verdict = None if number in lost else detector.push(frame, 100.0 + number * FRAME_S)
        if verdict is not None:
            out.append((verdict.value, detector.reason, number * FRAME_S))
    return out


# ------------------------------------------------------------------------------------------------ people


@pytest.mark.parametrize(("seconds", "patience"), [(0.4, 0.7), (0.8, 0.7), (1.6, 0.75), (3.0, 1.1)])
def test_who_says_a_few_words_and_waits_is_a_person_soon(seconds: float, patience: float) -> None:
    ((verdict, reason, at),) = verdicts(silence(0.7) + talk(seconds) + silence(4.0))
    assert (verdict, reason) == ("human", "waiting")
    assert at <= 0.7 + seconds + patience


@pytest.mark.parametrize("seconds", [3.5, 4.4])
def test_a_person_who_talks_long_before_he_waits_is_no_machine(seconds: float) -> None:
    assert [entry[0] for entry in verdicts(silence(0.4) + talk(seconds) + silence(4.0))] == ["human"]


def test_a_person_who_says_hello_twice_stays_one() -> None:
    twice = silence(0.4) + voice(0.5) + silence(1.8) + voice(0.7, seed=2) + silence(4.0)
    assert [entry[0] for entry in verdicts(twice)] == ["human"]


def test_a_person_in_a_noisy_place_is_still_a_person() -> None:
    said = silence(0.6) + voice(0.7) + silence(5.0)
    assert [entry[0] for entry in verdicts(mixed(said, white_noise(6.3, -32.0)))] == ["human"]


def test_voices_in_the_background_do_not_make_a_machine() -> None:
    said = silence(0.6) + voice(0.7) + silence(8.0)
    others = mixed(talk(9.3, -34.0, 190.0, 3), talk(9.3, -34.0, 105.0, 9))
    assert "machine" not in [entry[0] for entry in verdicts(mixed(said, others))]


def test_a_person_whose_line_sends_nothing_while_he_waits() -> None:
    detector = AnsweringMachineDetector()
    at = 50.0
    for frame in frames(voice(0.8)):
        at += FRAME_S
        assert detector.push(frame, at) is None
    assert detector.tick(at + 0.2) is None
    assert detector.tick(at + 0.9) == "human"
    assert detector.tick(at + 9.0) is None
    assert not detector.done


def test_a_pause_without_frames_is_a_pause() -> None:
    detector = AnsweringMachineDetector()
    sound = frames(voice(2.0))
    assert all(detector.push(frame, number * FRAME_S) is None for number, frame in enumerate(sound))
    heard = [detector.push(frame, 10.0 + number * FRAME_S) for number, frame in enumerate(sound)]
    assert [one for one in heard if one is not None] == ["human"]


# ------------------------------------------------------------------------------------------------ machines


@pytest.mark.parametrize("hz", [425.0, 850.0, 1000.0, 1400.0, 2000.0])
def test_a_greeting_with_a_beep_is_a_machine(hz: float) -> None:
    greeting = talk(2.4) + silence(0.4) + talk(2.2, seed=3)
    assert verdicts(greeting + silence(0.3) + tone(0.3, hz))[-1][0] == "machine"
    short = talk(1.5) + silence(0.1) + tone(0.25, hz) + silence(1.0)
    ((verdict, reason, at),) = verdicts(short)
    assert (verdict, reason) == ("machine", "beep")
    assert at == pytest.approx(1.8, abs=0.12)


def test_a_beep_is_heard_in_the_noise_of_the_recording() -> None:
    pcm = silence(0.5) + talk(1.5) + silence(0.3) + tone(0.4, 1000, dbfs=-24.0) + silence(1.0)
    assert verdicts(mixed(pcm, white_noise(3.7, -38.0)))[-1][:2] == ("machine", "beep")


def test_a_long_greeting_is_a_machine_before_its_beep() -> None:
    verdict, reason, at = verdicts(silence(0.5) + talk(8.0))[0]
    assert (verdict, reason) == ("machine", "long_greeting")
    assert at < 6.0


def test_a_greeting_that_pauses_after_its_hello_is_a_machine_in_the_end() -> None:
    heard = verdicts(silence(0.3) + voice(0.5) + silence(0.8) + talk(6.0, seed=4) + silence(2.0))
    assert [entry[:2] for entry in heard] == [("human", "waiting"), ("machine", "long_greeting")]


def test_a_beep_turns_a_person_into_a_machine() -> None:
    heard = verdicts(talk(1.5) + silence(1.5) + voice(1.0) + silence(0.2) + tone(0.4, 1000))
    assert [entry[:2] for entry in heard] == [("human", "waiting"), ("machine", "beep")]


def test_who_has_answered_a_question_may_talk_for_ever_but_a_beep_is_a_machine() -> None:
    def after_the_answer(pcm: bytes) -> list[tuple[str, str]]:
        detector = AnsweringMachineDetector()
        detector.answered()
        found = [(AnswerVerdict.HUMAN.value, detector.reason)]
        for number, frame in enumerate(frames(through_narrow_band(pcm))):
            verdict = detector.push(frame, number * FRAME_S)
            if verdict is not None:
                found.append((verdict.value, detector.reason))
        return found

    person = ("human", "answered")
    assert after_the_answer(talk(9.0, seed=4) + silence(0.2)) == [person]
    assert after_the_answer(talk(9.0, seed=4) + silence(0.2) + tone(0.4, 1000)) == [
        person,
        ("machine", "beep"),
    ]


@pytest.mark.parametrize(
    ("meaning", "verdict", "heard"),
    [
        ("voicemail", "machine", "voicemail"),
        ("call_assistant", "assistant", "call_assistant"),
        ("ivr", "ivr", "ivr"),
        ("switched_off", "machine", "switched_off"),
    ],
)
def test_a_greeting_whose_recording_is_known_has_its_meaning(meaning: str, verdict: str, heard: str) -> None:
    recording = talk(6.0, seed=8)
    known = AnnouncementReferences({meaning: [recording], "other": [talk(5.0, pitch=180.0, seed=3)]})
    detector = AnsweringMachineDetector(references=known)
    told = [
        (detector.push(frame, number * FRAME_S), number * FRAME_S)
        for number, frame in enumerate(frames(through_narrow_band(silence(0.4) + scaled(recording, -12))))
    ]
    (only, at), *rest = [entry for entry in told if entry[0] is not None]
    assert (only, detector.reason, detector.heard) == (verdict, "announcement", heard)
    assert at < 4.0
    assert rest == []
    assert detector.done


def test_words_that_a_recogniser_understood_bring_the_verdict_with_the_next_frame() -> None:
    for meaning, verdict in (("voicemail", "machine"), ("call_assistant", "assistant"), ("ivr", "ivr")):
        detector = AnsweringMachineDetector()
        assert detector.push(bytes(FRAME_BYTES), 0.0) is None
        detector.words_mean(meaning)
        assert detector.push(bytes(FRAME_BYTES), 0.02) == verdict
        assert (detector.reason, detector.heard) == ("words", meaning)
        detector.words_mean("ivr")
        assert detector.push(bytes(FRAME_BYTES), 0.04) is None  # the first verdict is final


def test_a_fax_answers_without_any_speech() -> None:
    assert verdicts(silence(1.0) + tone(2.0, 2100))[0][:2] == ("fax", "fax_tone")
    reversed_phase = b"".join(scaled(tone(0.45, 2100), 0.0 if at % 2 else -0.1) for at in range(5))
    assert verdicts(silence(0.5) + reversed_phase)[0][0] == "fax"


def test_every_verdict_has_its_word_for_the_disposition_table() -> None:
    assert set(HEARD) == set(AnswerVerdict)
    assert all(HEARD[verdict] == meaning for meaning, verdict in VERDICT_OF.items())


# ------------------------------------------------------------------------------------------------ nobody


@pytest.mark.parametrize(
    "pcm",
    [
        silence(12.0),
        white_noise(12.0, -30),
        white_noise(12.0, -12),
        tone(0.5, 1000) + silence(3.0),
        (tone(0.1, 697, 1209) + silence(0.1)) * 10,
        silence(1.0) + voice(0.04) + silence(4.0),
    ],
    ids=["silence", "noise", "loud noise", "a beep before any speech", "keys", "a click"],
)
def test_what_is_no_speech_is_no_verdict(pcm: bytes) -> None:
    assert verdicts(pcm) == []


def test_a_short_pure_sound_is_no_beep() -> None:
    assert [entry[1] for entry in verdicts(voice(1.0) + tone(0.1, 1000) + silence(2.0))] == ["waiting"]


@settings(max_examples=examples(12), deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-65.0, -10.0), st.floats(1.0, 8.0))
def test_noise_is_never_anybody(seed: int, dbfs: float, seconds: float) -> None:
    assert verdicts(white_noise(seconds, dbfs, seed)) == []


# ------------------------------------------------------------------------------------------------ whatever the line does

PERSON = silence(0.5) + voice(0.7, -22.0) + silence(3.0)
MACHINE = silence(0.5) + talk(7.0, -22.0) + silence(0.3) + tone(0.4, 1000, dbfs=-22.0) + silence(1.0)


@settings(max_examples=examples(12), deadline=None)
@given(st.floats(-14.0, 10.0), st.sampled_from([("human", PERSON), ("machine", MACHINE)]))
def test_the_level_does_not_matter(gain_db: float, case: tuple[str, bytes]) -> None:
    wanted, pcm = case
    assert verdicts(scaled(pcm, gain_db))[-1][0] == wanted


@settings(max_examples=examples(12), deadline=None)
@given(st.sets(st.integers(0, 200), max_size=12), st.sampled_from([("human", PERSON), ("machine", MACHINE)]))
def test_lost_frames_do_not_matter(lost: set[int], case: tuple[str, bytes]) -> None:
    wanted, pcm = case
    assert verdicts(pcm, lost=frozenset(lost))[-1][0] == wanted


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(st.binary(min_size=FRAME_BYTES, max_size=FRAME_BYTES), max_size=60))
def test_any_bytes_are_survived(sound: list[bytes]) -> None:
    detector = AnsweringMachineDetector(references=AnnouncementReferences({"one": [voice(1.5)]}))
    for number, frame in enumerate(sound):
        detector.push(frame, number * FRAME_S)


@pytest.mark.parametrize("frame", [b"", bytes(320), bytes(641)])
def test_a_wrong_frame_is_refused(frame: bytes) -> None:
    with pytest.raises(ValueError, match="640"):
        AnsweringMachineDetector().push(frame, 0.0)


def test_nothing_is_looked_for_after_the_last_verdict_or_for_ever() -> None:
    detector = AnsweringMachineDetector()
    for number in range(2_100):
        detector.push(bytes(FRAME_BYTES), number * FRAME_S)
    assert detector.done
    assert detector.verdict is None
    assert detector.push(frames(tone(1.0, 2100))[0], 50.0) is None


# ------------------------------------------------------------------------------------------------ the shape


def shape_of(pcm: bytes) -> Shape | None:
    shape, line = GreetingShape(), LineSound()
    for frame in frames(through_narrow_band(pcm)):
        line.push(frame)
        shape.push(frame, line)
    return shape.look()


def test_the_shape_tells_where_words_begin_and_end_and_leaves_out_the_background() -> None:
    pcm = silence(0.5) + voice(0.8, -20.0) + silence(0.5) + voice(0.8, -34.0, seed=2) + silence(0.5)
    shape = shape_of(pcm)
    assert shape is not None
    ((begin, end),) = shape.stretches
    assert begin == pytest.approx(0.5, abs=0.06)
    assert end == pytest.approx(1.3, abs=0.1)
    assert shape.pause_s == pytest.approx(3.1 - end, abs=0.03)
    louder = shape_of(
        silence(0.5) + voice(0.8, -20.0) + silence(0.5) + voice(0.8, -24.0, seed=2) + silence(0.5)
    )
    assert louder is not None
    assert len(louder.stretches) == 2
    assert louder.run(0.3)[0] == louder.stretches[1][0]
    assert louder.run(1.0)[0] == louder.stretches[0][0]


def test_a_silent_line_has_no_shape() -> None:
    assert shape_of(silence(2.0)) is None
