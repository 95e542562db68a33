"""The next attempt: offsets from the first dial, the disposition's own delay, never beyond the caps."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_result import Callback
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.placement import Placed, Wanted
from ari_app.domain.retry import LATEST_CALLBACK, NOT_DIALLED_DELAY, RetryDecision, callback_at, plan_retry

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


# ------------------------------------------------------------------------------------------- call-backs

SHANGHAI = ZoneInfo("Asia/Shanghai")
#: Monday 23 November 2026, ten in the morning in Shanghai.
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("callback", "wished"),
    [
        (Callback(), None),
        (Callback(at=time(15, 30)), datetime(2026, 11, 23, 7, 30, tzinfo=UTC)),
        (Callback(at=time(9, 0)), datetime(2026, 11, 24, 1, 0, tzinfo=UTC)),
        (Callback(at=time(10, 0)), datetime(2026, 11, 24, 2, 0, tzinfo=UTC)),
        (Callback(date(2026, 11, 25), time(18, 0)), datetime(2026, 11, 25, 10, 0, tzinfo=UTC)),
        (Callback(date(2026, 11, 25)), datetime(2026, 11, 24, 16, 0, tzinfo=UTC)),
        (Callback(date(2026, 11, 23)), TEN + timedelta(hours=2)),
        (Callback(date(2026, 11, 22)), None),
        (Callback(date(2026, 11, 23), time(9, 0)), None),
        (Callback(date.max, time(23, 59)), None),
        (Callback(date.min, time(0, 0)), None),
        (Callback(date(2026, 12, 7), time(10, 0)), TEN + LATEST_CALLBACK),
        (Callback(date(2026, 12, 7), time(10, 1)), None),
    ],
)
def test_the_customer_names_when_he_wants_to_be_called(callback: Callback, wished: datetime | None) -> None:
    assert callback_at(callback, SHANGHAI, TEN, timedelta(hours=2)) == wished


@given(
    st.builds(Callback, day=st.none() | st.dates(), at=st.none() | st.times()),
    st.sampled_from(["Asia/Shanghai", "America/New_York", "Europe/Berlin"]),
    instants,
)
def test_a_wish_is_kept_within_two_weeks_or_not_at_all(
    callback: Callback, zone: str, ended: datetime
) -> None:
    wished = callback_at(callback, ZoneInfo(zone), ended)
    if wished is not None:
        assert ended <= wished <= ended + LATEST_CALLBACK
        assert wished.tzinfo is UTC


def test_an_agreed_time_stands_in_for_the_offsets_but_not_for_the_caps() -> None:
    kind = DispositionKind("callback", RetryRule.PLAN, min_delay_hours=2)
    wished = TEN + timedelta(minutes=20)
    for dials, due in ((1, wished), (3, None)):
        decision = plan_retry(
            CampaignStrategy(), kind, first_dialled_at=FIRST, dials_made=dials, ended_at=TEN, wished_at=wished
        )
        assert decision.due_at == due
    done = DispositionKind("request_human", RetryRule.DONE)
    decision = plan_retry(
        CampaignStrategy(), done, first_dialled_at=FIRST, dials_made=1, ended_at=TEN, wished_at=wished
    )
    assert decision.due_at is None


@given(strategies, kinds, st.none() | instants, st.integers(0, 8))
def test_only_where_nothing_else_follows_is_a_promise_followed_up(
    strategy: CampaignStrategy, kind: DispositionKind, placed_at: datetime | None, dials: int
) -> None:
    placed = Placed(Wanted("promise+1d", FIRST, FIRST, FIRST), placed_at, "as wanted")
    decision, without = (
        plan_retry(
            strategy, kind, first_dialled_at=FIRST, dials_made=dials, ended_at=FIRST, after_promise=after
        )
        for after in (placed, None)
    )
    if kind.retry is RetryRule.DONE:
        assert decision.due_at == placed_at
        assert "promise+1d" in decision.reason
    else:
        assert decision == without
