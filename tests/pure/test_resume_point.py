"""Where an interrupted prompt goes on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.voice.pcm import duration_s, silence
from ari_app.voice.resume import LEAD_S, LEAST_BACK_S, LOOK_BACK_S, STEP_BACK_S, resume_point

pytestmark = pytest.mark.pure


def talk(seconds: float, level: int = 6_000) -> bytes:
    samples = np.random.default_rng(1).integers(-level, level, round(seconds * 16_000))
    return samples.astype("<i2").tobytes()


def prompt(*parts: float) -> bytes:
    """Speech and pauses in turn, in seconds."""
    return b"".join(silence(part) if number % 2 else talk(part) for number, part in enumerate(parts))


@pytest.mark.parametrize(
    ("parts", "stopped", "expected"),
    [
        ((1.0, 0.2, 1.0), 1.6, 1.2 - LEAD_S),  # the word after the pause
        ((1.0, 0.2, 0.5, 0.2, 1.0), 2.2, 1.9 - LEAD_S),  # the last of two pauses
        ((1.0, 0.06, 1.0), 1.5, 1.06 - LEAD_S),  # the shortest pause that counts
        ((1.0, 0.2, 2.0), 1.62, 1.2 - LEAD_S),  # just near enough
        ((1.0, 0.3, 1.0), 1.2, 1.2),  # stopped inside a pause
        ((1.0, 0.04, 1.0), 1.2, 1.03),  # a closure inside a word
        ((1.0,), 0.1, 0.0),
        ((1.0,), 0.0, 0.0),
        ((), 1.0, 0.0),
    ],
)
def test_examples(parts: tuple[float, ...], stopped: float, expected: float) -> None:
    assert resume_point(prompt(*parts), stopped) == pytest.approx(expected, abs=0.011)


@pytest.mark.parametrize("parts", [(1.0, 0.04, 3.0), (1.0, 0.2, 3.0), (4.0,)])
@pytest.mark.parametrize("stopped", [2.0, 3.0, 9.0])
def test_without_a_pause_close_by_a_syllable_is_said_again(parts: tuple[float, ...], stopped: float) -> None:
    heard = min(stopped, sum(parts))
    assert LEAST_BACK_S <= heard - resume_point(prompt(*parts), stopped) <= STEP_BACK_S + 1e-6


def test_it_is_the_softest_moment_at_which_that_begins() -> None:
    pcm = talk(1.0) + talk(0.02, level=1_000) + talk(1.0)
    assert resume_point(pcm, 1.2) == pytest.approx(1.01, abs=0.011)


def test_a_pause_with_noise_in_it_is_a_pause() -> None:
    pcm = talk(1.0) + talk(0.2, level=20) + talk(1.0)
    assert resume_point(pcm, 1.6) == pytest.approx(1.2 - LEAD_S, abs=0.011)


@given(
    st.lists(st.floats(0.0, 1.5), max_size=6),
    st.floats(-1.0, 12.0, allow_nan=False),
    st.booleans(),
)
def test_it_goes_back_a_little_and_never_forward(parts: list[float], stopped: float, odd: bool) -> None:
    pcm = prompt(*parts) + (b"\0" if odd else b"")
    heard = min(max(0.0, stopped), duration_s(pcm))
    point = resume_point(pcm, stopped)
    assert 0.0 <= point <= heard + 1e-4
    assert heard - point <= LOOK_BACK_S + LEAD_S + 1e-6
