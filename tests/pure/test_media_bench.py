"""What the benchmarks of media and capacity work out, without any sound or call."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.bench.capacity import LATE_P99_MS, Step, _metrics
from ari_app.bench.capacity_calls import CustomerTape
from ari_app.bench.media import _figures
from ari_app.bench.media_feeder import messages

pytestmark = pytest.mark.pure


def step(
    calls: int, *, late: float = 21.0, missed: int = 0, heard: int = 100, recogniser: bool = True
) -> Step:
    return Step(calls, recogniser, late, 100, missed, heard, 8.0, 4.0, 1.0)


@pytest.mark.parametrize(
    ("shown", "good"),
    [
        (step(10), True),
        (step(10, late=LATE_P99_MS), True),
        (step(10, late=LATE_P99_MS + 0.1), False),
        (step(10, missed=1), False),
        (step(10, heard=94), False),
        (step(10, heard=95), True),
    ],
)
def test_a_step_is_good_while_frames_come_in_time_and_everybody_is_answered(shown: Step, good: bool) -> None:
    assert shown.good is good


def test_the_last_good_step_counts() -> None:
    heard = [step(20), step(40, late=25.0), step(60, late=50.0)]
    unheard = [step(60, recogniser=False), step(80, recogniser=False), step(100, late=60.0, recogniser=False)]
    found = _metrics(heard, unheard)
    assert found["capacity.calls"] == 40.0
    assert found["capacity.late_p99_ms"] == 25.0
    assert found["capacity.calls_without_recogniser"] == 80.0


def test_without_a_good_step_there_is_no_capacity_and_the_figures_are_those_of_the_first() -> None:
    found = _metrics([step(20, late=70.0)], [step(20, late=60.0, recogniser=False)])
    assert found["capacity.calls"] == found["capacity.calls_without_recogniser"] == 0.0
    assert found["capacity.late_p99_ms"] == 70.0


@given(st.floats(0.0, 500.0), st.floats(0.0, 50.0))
def test_sentences_of_a_tape_that_runs_for_ever(begin: float, length: float) -> None:
    tape = CustomerTape(b"", 20.0, (4.0, 11.0, 18.0))
    found = tape.ends_between(begin, begin + length)
    assert all(begin <= at < begin + length for at in found)
    assert found == sorted(found)
    assert abs(len(found) - length / 20.0 * 3) <= 3
    assert all(round(at % 20.0, 6) in (4.0, 11.0, 18.0) for at in found)


def test_the_ratios_are_formed_as_the_method_says() -> None:
    found = _figures({"sink": 1.0, "ours": 2.0, "detecting": 4.0, "pipecat": 20.0})
    assert found["media.ratio_sink"] == 2.0
    assert found["media.ratio_pipecat"] == 10.0
    assert "media.ratio_pipecat" not in _figures({"sink": 1.0, "ours": 2.0, "detecting": 4.0})


def test_the_feeder_sends_whole_frames() -> None:
    made = messages(bytes(640 * 3 + 17))
    assert [len(each) for each in made] == [644] * 3
    assert {each[:4] for each in made} == {b"\x82\x7e\x02\x80"}
