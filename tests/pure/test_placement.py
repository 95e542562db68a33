"""Events find their place inside the allowed hours and inside their span, or it is told that they have none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.account import AccountDetails
from ari_app.domain.campaign import CampaignStatus, CampaignStrategy
from ari_app.domain.contact_facts import Contact, Flag
from ari_app.domain.placement import (
    MOST_MOVED,
    FollowUp,
    Wanted,
    first_follow_up,
    follow_up,
    place,
    promise_follow_ups,
    suspension_warnings,
)
from ari_app.domain.segment import Segment
from ari_app.domain.triggers import DueStep
from ari_app.domain.windows import Window
from tests.support.strategies import step
from tests.support.verdicts import BOOK, MONDAY, account, campaign, decide, facts, flag

pytestmark = pytest.mark.pure

HOUR = timedelta(hours=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of November 2026 by the clocks of China; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@settings(max_examples=20)
@given(
    st.integers(0, 7 * 96),
    st.integers(0, 24),
    st.integers(0, 24),
    st.lists(st.tuples(st.integers(32, 60), st.integers(1, 20)), min_size=1, max_size=2),
    st.lists(st.integers(0, 48), max_size=2),
)
def test_a_place_is_allowed_inside_its_span_and_as_near_as_it_can_be(
    begin: int, before: int, behind: int, windows: list[tuple[int, int]], dials: list[int]
) -> None:
    quarter = timedelta(minutes=15)
    at = MONDAY + begin * quarter
    wanted = Wanted("any", at, at - before * quarter, at + behind * quarter)
    opened = tuple(Window(15 * start, 15 * (start + long)) for start, long in windows)
    known = facts(
        campaign=campaign(CampaignStrategy(windows=opened, dials_per_day=None)),
        contacts=tuple(Contact(wanted.earliest - n * HOUR, "acc-1") for n in sorted(dials, reverse=True)),
    )
    placed = place(BOOK, known, wanted)
    steps = [wanted.earliest + n * quarter for n in range(before + behind + 1)]
    allowed = [each for each in steps if decide(known, each).allowed]
    assert placed.reason
    if placed.at is None:
        assert allowed == []
        return
    assert wanted.earliest <= placed.at <= wanted.latest
    assert decide(known, placed.at).allowed
    later = [each for each in allowed if each >= at]
    if later:
        assert at <= placed.at <= later[0]
    elif allowed:
        assert allowed[-1] <= placed.at < max(at, wanted.earliest + quarter)


def test_a_warning_that_falls_into_the_night_comes_on_the_evening_before() -> None:
    found = place(BOOK, facts(), Wanted("suspension_24h", local(24, 3), local(22, 3), local(24, 3)))
    assert found.at is not None
    assert found.at.astimezone(SHANGHAI).strftime("%d %H:%M") == "23 19:59"


def test_a_follow_up_that_falls_on_a_weekend_comes_on_monday() -> None:
    (first, third) = promise_follow_ups(date(2026, 11, 27), SHANGHAI, local(27, 12))
    assert [each.name for each in (first, third)] == ["promise_t1", "promise_t3"]
    assert place(BOOK, facts(), first).at == local(30, 9)
    assert place(BOOK, facts(), third).at == local(30, 9)


def test_what_stands_in_the_way_is_told_with_its_rule() -> None:
    wanted = Wanted("promise_t1", local(24, 10), local(24, 10), local(25, 10))
    paid = place(BOOK, facts(**flag(Flag.PAID)), wanted)
    assert (paid.at, "paid" in paid.reason) == (None, True)
    paused = place(BOOK, facts(campaign=campaign(status=CampaignStatus.PAUSED)), wanted)
    assert (paused.at, "campaign_not_running" in paused.reason) == (None, True)


def test_the_plan_of_the_next_attempt_does_not_hold_an_event_back() -> None:
    busy = facts(due_at=local(30, 9), open_attempt=True, account_open=False)
    wanted = Wanted("suspension_4h", local(24, 10), local(24, 9), local(24, 10))
    assert place(BOOK, busy, wanted).at == local(24, 10)


@given(st.integers(-6, 80), st.none() | st.times(), st.sampled_from(["", "active", "suspended"]))
def test_a_warning_is_never_after_the_suspension(hours: int, at: time | None, state: str) -> None:
    off = local(25, 0).astimezone(SHANGHAI).date()
    details = AccountDetails(service_state=state, suspension_on=off, suspension_at=at)
    now = local(25, 0) - hours * HOUR
    ends = datetime.combine(off, (at or time.min).replace(second=0, microsecond=0), SHANGHAI)
    found = list(suspension_warnings(replace(account(), details=details), now))
    assert len(found) <= 2
    for each in found:
        assert now <= each.earliest <= each.at <= each.latest < ends or each.latest == ends > now
    if state == "suspended" or ends <= now:
        assert found == []
    elif ends - now > 24 * HOUR:
        assert [ends - each.at for each in found] == [24 * HOUR, 4 * HOUR]


def test_a_missed_warning_is_given_late_while_the_next_is_not_due() -> None:
    details = AccountDetails(suspension_on=date(2026, 11, 25), suspension_at=time(14))
    one = account(details=details)
    assert [each.name for each in suspension_warnings(one, local(25, 9))] == [
        "suspension_24h",
        "suspension_4h",
    ]
    assert [each.name for each in suspension_warnings(one, local(25, 11))] == ["suspension_4h"]
    assert list(suspension_warnings(account(), local(25, 9))) == []


@settings(max_examples=20)
@given(
    st.lists(st.integers(0, 7 * 24), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(8, 15), st.integers(1, 4)), min_size=1, max_size=2),
    st.sampled_from([None, Flag.PAID, Flag.DISPUTE]),
)
def test_the_first_call_with_an_allowed_instant_in_its_span_is_planned(
    hours: list[int], windows: list[tuple[int, int]], stands: Flag | None
) -> None:
    opened = tuple(Window(60 * start, 60 * (start + long)) for start, long in windows)
    free = facts(campaign=campaign(CampaignStrategy(windows=opened)))
    known = free if stands is None else replace(free, **flag(stands))  # type: ignore[arg-type]
    wanted = [
        Wanted(f"promise+{n}d", MONDAY + n * HOUR, MONDAY + n * HOUR, MONDAY + (n + 9) * HOUR)
        for n in sorted(hours)
    ]
    found = first_follow_up(BOOK, [FollowUp(each, known) for each in wanted])
    assert found is not None
    if stands is not None:
        assert found.at == wanted[0].at, "it is refused then, if that still stands"
        assert stands in found.reason
        return
    allowed = [at for each in wanted for n in range(10) if decide(free, at := each.at + n * HOUR).allowed]
    if found.at is None:
        assert allowed == []
        assert "no allowed instant" in found.reason
    else:
        assert decide(free, found.at).allowed
        assert found.wanted.at <= found.at <= found.wanted.latest
        assert all(found.at <= each for each in allowed)


def test_a_call_beyond_all_attempts_has_no_place() -> None:
    wanted = Wanted("promise+1d", local(24, 10), local(24, 10), local(25, 10))
    used = facts(campaign=campaign(CampaignStrategy(max_attempts=1)), attempts_made=1)
    found = first_follow_up(BOOK, [FollowUp(wanted, used)])
    assert found is not None
    assert (found.at, "max_attempts" in found.reason) == (None, True)
    assert first_follow_up(BOOK, []) is None


def test_a_call_before_a_promised_day_comes_no_later_than_that_day() -> None:
    def late(when: str) -> timedelta:
        wanted = follow_up(DueStep(MONDAY, Segment("s"), step(when)))
        assert (wanted.name, wanted.at, wanted.earliest) == (when, MONDAY, MONDAY)
        return wanted.latest - wanted.at

    assert [late(when) for when in ("promise-1d", "promise-9d", "promise", "promise+1d", "due+5d")] == [
        timedelta(days=1),
        MOST_MOVED,
        MOST_MOVED,
        MOST_MOVED,
        MOST_MOVED,
    ]
