"""The next attempt: offsets from the first dial, the disposition's own delay, never beyond the caps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.retry import NOT_DIALLED_DELAY, RetryDecision, plan_retry

pytestmark = pytest.mark.pure

FIRST = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)

instants = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
kinds = st.builds(
    DispositionKind, name=st.just("busy"), retry=st.sampled_from(RetryRule), min_delay_hours=st.floats(0, 200)
)
strategies = st.builds(
    CampaignStrategy,
    max_attempts=st.integers(0, 6),
    retry_hours=st.lists(st.floats(0, 1000), max_size=6).map(lambda hours: tuple(sorted(hours))),
)


@given(strategies, kinds, instants, st.integers(0, 8), st.floats(0, 500))
def test_the_plan_keeps_every_cap_and_delay(
    strategy: CampaignStrategy, kind: DispositionKind, first: datetime, dials: int, hours: float
) -> None:
    ended = first + timedelta(hours=hours)
    decision = plan_retry(
        strategy, kind, first_dialled_at=first if dials else None, dials_made=dials, ended_at=ended
    )
    assert decision.reason
    assert decision.number_dead == (kind.retry is RetryRule.NEVER)
    if kind.retry in {RetryRule.NEVER, RetryRule.DONE}:
        assert decision.due_at is None
    elif kind.retry is RetryRule.AGAIN or dials == 0:
        assert decision.due_at == ended + max(NOT_DIALLED_DELAY, timedelta(hours=kind.min_delay_hours))
    elif decision.due_at is None:
        assert dials >= min(strategy.max_attempts, len(strategy.retry_hours))
    else:
        assert dials < strategy.max_attempts
        assert decision.due_at >= ended + timedelta(hours=kind.min_delay_hours)
        assert decision.due_at >= first + timedelta(hours=strategy.retry_hours[dials])
        assert decision.due_at in {
            ended + timedelta(hours=kind.min_delay_hours),
            first + timedelta(hours=strategy.retry_hours[dials]),
        }


@pytest.mark.parametrize(
    ("dials", "due"),
    [(1, FIRST + timedelta(hours=24)), (2, FIRST + timedelta(hours=72)), (3, None), (4, None)],
)
def test_offsets_count_from_the_first_dial(dials: int, due: datetime | None) -> None:
    kind = DispositionKind("busy", RetryRule.PLAN, min_delay_hours=0.5)
    ended = FIRST + timedelta(minutes=1)
    decision = plan_retry(CampaignStrategy(), kind, first_dialled_at=FIRST, dials_made=dials, ended_at=ended)
    assert decision.due_at == due


def test_a_late_end_moves_the_next_attempt_by_the_disposition_s_delay() -> None:
    kind = DispositionKind("no_answer", RetryRule.PLAN, min_delay_hours=2)
    ended = FIRST + timedelta(hours=23, minutes=30)
    decision = plan_retry(CampaignStrategy(), kind, first_dialled_at=FIRST, dials_made=1, ended_at=ended)
    assert decision == RetryDecision(ended + timedelta(hours=2), "no_answer: attempt 2 of 3")


def test_offsets_are_hours_of_time_and_not_of_the_wall_clock() -> None:
    """24 hours over a night in which a clock change takes one: the wall shows another hour, and windows move it."""
    first = datetime(2026, 3, 7, 15, 0, tzinfo=UTC)
    kind = DispositionKind("busy", RetryRule.PLAN)
    decision = plan_retry(CampaignStrategy(), kind, first_dialled_at=first, dials_made=1, ended_at=first)
    assert decision.due_at == first + timedelta(days=1)


def test_each_reason_names_the_disposition() -> None:
    for rule in RetryRule:
        decision = plan_retry(
            CampaignStrategy(),
            DispositionKind("some_end", rule),
            first_dialled_at=FIRST,
            dials_made=9,
            ended_at=FIRST,
        )
        assert decision.reason.startswith("some_end: ")
