"""How many calls may start: never more than the rate and the caps allow, whatever the clock does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.pacing import TokenBucket, starts_allowed

pytestmark = pytest.mark.pure

RATES = st.floats(0.05, 200.0)
STEPS = st.lists(st.tuples(st.floats(-5.0, 30.0), st.integers(0, 50)), max_size=40)


@given(RATES, STEPS)
def test_no_span_of_time_has_more_starts_than_the_rate_and_one_burst(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    bucket, now, latest, started = TokenBucket.full(rate, 100.0), 100.0, 100.0, 0
    for step, wanted in steps:
        now += step  # a clock that runs backwards adds nothing
        latest = max(latest, now)
        bucket = bucket.refilled(now)
        allowed = starts_allowed(campaign_free=wanted, controller_free=wanted, tokens=bucket.tokens)
        bucket = bucket.take(allowed)
        started += allowed
        assert 0 <= bucket.tokens <= bucket.burst
        assert started <= max(1.0, rate) + rate * (latest - 100.0) + 1e-6


@given(RATES)
def test_a_slow_rate_still_starts_a_call_in_the_end(rate: float) -> None:
    empty = TokenBucket.full(rate, 0.0).take(1)
    later = empty.refilled(1.001 / rate)
    assert starts_allowed(campaign_free=9, controller_free=9, tokens=later.tokens) >= 1


@given(st.integers(-5, 50), st.integers(-5, 50), st.floats(0, 100))
def test_the_smallest_of_what_is_free_decides(campaign: int, controller: int, tokens: float) -> None:
    allowed = starts_allowed(campaign_free=campaign, controller_free=controller, tokens=tokens)
    assert allowed == max(0, min(campaign, controller, int(tokens)))


def test_more_starts_than_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="2 starts asked of 1"):
        TokenBucket.full(1.0, 0.0).take(2)
