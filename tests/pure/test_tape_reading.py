"""What is read from far-end recordings: waits, silences, interruptions, stops. The ruler is tried before it measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.lab import tape
from ari_app.lab.tape_reading import (
    Tape,
    barge_ins,
    longest_silence,
    read_tape,
    replies,
    spans,
    stops,
)
from ari_app.voice.pcm import Samples, through_narrow_band, to_pcm, to_samples

pytestmark = pytest.mark.pure

RATE = 16_000
ONE_SAMPLE = 1 / RATE + 1e-9
Sounds = list[tuple[float, float]]


def side(*sounds: tuple[float, float], seconds: float = 20.0, seed: int = 1) -> Samples:
    """Noise as loud as speech at these times (start, end), digital silence elsewhere."""
    made = np.zeros(round(seconds * RATE), dtype=np.int16)
    rng = np.random.default_rng(seed)
    for start, end in sounds:
        first, last = round(start * RATE), round(end * RATE)
        loud = rng.integers(2_000, 6_000, last - first) * rng.choice([-1, 1], last - first)
        made[first:last] = loud.astype(np.int16)
    return made


def call(heard: Sounds, said: Sounds, seconds: float = 20.0) -> Tape:
    return Tape(side(*heard, seconds=seconds), side(*said, seconds=seconds, seed=2))


@given(st.lists(st.tuples(st.floats(0.6, 2.0), st.floats(0.05, 1.5)), min_size=1, max_size=6))
def test_sounds_are_found_to_the_sample(parts: list[tuple[float, float]]) -> None:
    sounds: Sounds = []
    at = 0.0
    for pause, length in parts:
        at += pause
        sounds.append((round(at * RATE) / RATE, round((at + length) * RATE) / RATE))
        at += length
    found = spans(side(*sounds, seconds=25.0))
    assert len(found) == len(sounds)
    for span, (start, end) in zip(found, sounds, strict=True):
        # What fills less than a fifth of its 5 ms is too little to count.
        assert abs(span.start_s - start) <= 0.0055
        assert abs(span.end_s - end) <= 0.0055


def test_edges_that_fill_their_window_are_exact() -> None:
    (found,) = spans(side((1.003, 2.002)))
    assert found.start_s == pytest.approx(1.003, abs=ONE_SAMPLE)
    assert found.end_s == pytest.approx(2.002, abs=ONE_SAMPLE)


def test_pauses_belong_to_a_sound_and_clicks_are_none() -> None:
    sounds = side((1.0, 1.5), (1.8, 2.0), (4.0, 4.01))
    assert [(round(one.start_s, 2), round(one.end_s, 2)) for one in spans(sounds)] == [(1.0, 2.0)]
    assert len(spans(sounds, joined_s=0.1, least_s=0.0)) == 3
    assert spans(np.zeros(0, dtype=np.int16)) == []
    assert spans(side((1.0, 2.0)) // 100) == []


def test_a_reply_is_from_the_last_sample_said_to_the_first_heard() -> None:
    found = replies(
        call(heard=[(0.0, 2.0), (3.4, 5.0), (6.9, 8.0)], said=[(2.5, 3.0), (5.5, 6.0), (6.2, 6.4)])
    )
    assert [round(one.wait_s, 4) for one in found] == [0.4, 0.5]


def test_an_utterance_without_a_reply_of_its_own_is_not_counted() -> None:
    found = replies(call(heard=[(0.0, 1.0), (6.0, 7.0)], said=[(2.0, 2.5), (4.0, 5.0), (9.0, 9.5)]))
    assert [(one.began_s, round(one.wait_s, 4)) for one in found] == [(4.0, 1.0)]


@pytest.mark.parametrize(
    ("heard", "said", "ends", "longest"),
    [
        ([(0.0, 2.0), (3.5, 5.0)], [(2.5, 3.0)], None, 0.5),
        ([(0.0, 2.0)], [(2.5, 3.0)], 9.0, 6.0),
        ([(0.0, 2.0)], [(2.5, 3.0)], None, 17.0),
        # He speaks again himself; each time counts by itself.
        ([(0.0, 1.0), (9.0, 10.0)], [(2.0, 2.5), (4.5, 5.0), (6.0, 6.5)], 10.0, 2.5),
        # The bot waits for him to speak: that is no silence that it leaves him in.
        ([(0.0, 1.0), (9.5, 10.0)], [(8.0, 9.0)], 10.0, 0.5),
        # It still spoke when he ended.
        ([(0.0, 5.0)], [(2.0, 3.0)], 9.0, 0.0),
        ([], [], 9.0, 0.0),
        ([], [(1.0, 2.0)], 1.5, 0.0),
    ],
)
def test_the_longest_silence_after_the_customer_spoke(
    heard: Sounds, said: Sounds, ends: float | None, longest: float
) -> None:
    assert longest_silence(call(heard, said), ends) == pytest.approx(longest, abs=0.001)


def test_a_barge_in_is_from_his_first_sample_to_the_last_of_the_bot() -> None:
    found = barge_ins(
        call(heard=[(0.0, 2.13), (4.0, 9.0)], said=[(2.0, 2.8), (3.0, 3.5), (5.0, 5.5)]), pause_s=0.1
    )
    assert [case.began_s for case in found] == pytest.approx([2.0, 5.0])
    assert found[0].reaction_s == pytest.approx(0.13, abs=ONE_SAMPLE)
    assert found[1].reaction_s is None, "it went on for four seconds"


def test_speech_between_prompts_is_no_barge_in() -> None:
    assert barge_ins(call(heard=[(0.0, 2.0), (4.0, 5.0)], said=[(2.5, 3.0)]), pause_s=0.1) == []


# ------------------------------------------------------------------------------------------- stops of a prompt

PROMPT = np.asarray(
    np.convolve(np.random.default_rng(5).standard_normal(10 * RATE), np.ones(8) / 8, "same") * 6_000, np.int16
)
HEARD = to_samples(through_narrow_band(to_pcm(PROMPT)))


def played(*parts: tuple[float, float, float]) -> Samples:
    """What the far end heard: from a place of the prompt (s), so long, then silence for so long."""
    pieces = [
        np.zeros(RATE, dtype=np.int16),
        side((0.0, 0.7), seconds=1.0),
    ]  # another prompt, which is not counted
    for place, length, pause in parts:
        pieces.append(HEARD[round(place * RATE) : round((place + length) * RATE)])
        pieces.append(np.zeros(round(pause * RATE), dtype=np.int16))
    return np.concatenate(pieces)


def test_a_prompt_that_is_played_out_was_not_stopped() -> None:
    assert stops(played((0.0, 10.0, 1.0), (0.0, 10.0, 1.0)), HEARD) == []


@pytest.mark.parametrize(
    ("resumes_at", "resumed"), [(4.0, True), (3.5, True), (4.1, True), (3.2, False), (8.0, False)]
)
def test_a_stop_is_found_and_whether_it_went_on_there(resumes_at: float, resumed: bool) -> None:
    (found,) = stops(played((0.0, 4.0, 0.6), (resumes_at, 10.0 - resumes_at, 1.0)), HEARD)
    assert found.at_s == pytest.approx(6.0, abs=0.01)
    assert found.resumed == resumed
    assert found.back_s == pytest.approx(4.0 - resumes_at, abs=0.01)
    assert found.is_gap == (resumes_at == 4.0)


def test_several_stops_are_counted_and_the_end_of_the_call_is_none() -> None:
    heard = played((0.0, 3.0, 0.4), (3.0, 3.0, 0.4), (0.0, 2.0, 0.4), (2.0, 1.0, 0.0))
    assert [case.resumed for case in stops(heard, HEARD)] == [True, False, True]


# ------------------------------------------------------------------------------------------- files


def test_a_tape_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = tape.Tape(10.0)
    made.heard(to_pcm(np.full(320, 5_000)), 11.0)
    made.said(to_pcm(np.full(640, 7_000)), 11.5)
    made.write(tmp_path / "t.wav")
    found = read_tape(tmp_path / "t.wav")
    assert (found.heard.max(), found.said.max()) == (5_000, 7_000)
    assert spans(found.heard, least_s=0.0)[0].start_s == pytest.approx(1.0, abs=ONE_SAMPLE)
    assert found.seconds == pytest.approx(1.54, abs=ONE_SAMPLE)


def test_what_is_no_tape_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF")
    with pytest.raises(ValueError, match="no WAV file"):
        read_tape(tmp_path / "x.wav")
