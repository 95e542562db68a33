"""What the turns of a call tell of waiting and of consent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.attempt import Turn, TurnTiming
from ari_app.domain.turn_ledger import (
    STAGES,
    notice_of_recording,
    reply_figures,
    reply_ms,
    stages_ms,
)
from ari_app.services.transcripts import turn_object

pytestmark = pytest.mark.pure

NOTICE = Turn("bot", "prompt", "This call is recorded.", 0.1, 4.0, covers=("opening", "recording_notice"))
MOMENTS = st.none() | st.floats(0, 3600)


def prompt(*moments: float | None) -> Turn:
    return Turn("bot", "prompt", "and then?", 5.0, 6.0, timing=TurnTiming(*moments))


def test_each_stage_counts_from_the_last_voice() -> None:
    timing = TurnTiming(10.0, 10.25, 10.26, 10.27, 10.3)
    assert stages_ms(timing) == {
        "final_text": 250.0,
        "decided": 260.0,
        "audio_sent": 270.0,
        "on_wire": 300.0,
    }
    assert reply_ms(prompt(10.0, 10.25, 10.26, 10.27, 10.3)) == 300.0


def test_where_the_wire_is_not_known_the_sending_counts() -> None:
    assert reply_ms(prompt(10.0, None, None, 10.27, None)) == 270.0
    assert reply_ms(prompt(10.0)) is None


@pytest.mark.parametrize(
    "turn",
    [
        Turn("bot", "prompt", "", 0.0, 1.0),
        prompt(None, 1.0, 2.0, 3.0, 4.0),
        prompt(float("nan"), 1.0, 2.0, 3.0, 4.0),
    ],
)
def test_what_answers_no_speech_is_no_reply(turn: Turn) -> None:
    assert reply_ms(turn) is None
    assert reply_figures([turn]).replies == 0


@given(st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS, MOMENTS, MOMENTS)))
def test_the_median_lies_between_the_shortest_and_the_longest_wait(moments: list[tuple[float, ...]]) -> None:
    turns = [prompt(*each) for each in moments]
    waits = [wait for turn in turns if (wait := reply_ms(turn)) is not None]
    figures = reply_figures(turns)
    assert figures.replies == len(waits)
    if waits:
        assert figures.p50_ms is not None
        assert min(waits) - 0.1 <= figures.p50_ms <= max(waits) + 0.1
        assert figures.max_ms == max(waits)
    else:
        assert (figures.p50_ms, figures.max_ms) == (None, None)


def test_the_notice_is_found_with_the_answer_to_it() -> None:
    answer = Turn("customer", "speech", "yes", 4.5, 5.0, 0.9, "engine")
    found = notice_of_recording([NOTICE, Turn("customer", "silence", "", 9.0, 9.0), prompt(), answer, answer])
    assert found is not None
    assert (found.start_s, found.end_s, found.answer) == (0.1, 4.0, answer)


def test_without_a_notice_or_an_answer_none_is_made_up() -> None:
    assert notice_of_recording([]) is None
    assert notice_of_recording([replace(NOTICE, covers=("opening",)), prompt()]) is None
    found = notice_of_recording([NOTICE, Turn("customer", "silence", "", 9.0, 9.0)])
    assert found is not None
    assert found.answer is None
    # What was said before he was told is no answer to it.
    early = notice_of_recording([Turn("customer", "speech", "yes", 0.0, 0.1), NOTICE])
    assert early is not None
    assert early.answer is None


def test_a_turn_as_json_has_everything_and_no_figure_that_json_lacks() -> None:
    turn = replace(NOTICE, confidence=float("nan"), timing=TurnTiming(1.0, 2.0))
    found = turn_object(turn)
    assert json.loads(json.dumps(found, allow_nan=False))["timing"]["final_text_s"] == 2.0
    assert (found["confidence"], found["covers"], found["interrupted"]) == (
        None,
        ("opening", "recording_notice"),
        False,
    )
    assert len(STAGES) == 4
