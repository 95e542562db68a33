"""Strategies: every account has one segment, what holds never goes beyond the pack, steps fall due when they should."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.account import DAY_BUCKETS, Account, aging_bucket
from ari_app.domain.aging import M_STAGES, Aging, Scheme, aging_fault
from ari_app.domain.rollout import HELD_BACK, Rollout, Share, place_of, shares_fault, version_for
from ari_app.domain.segment import Conditions, Segment, StepKind, parse_trigger
from ari_app.domain.strategy import Strategy, effective, segment_of, tone_of
from ari_app.domain.triggers import Moments, call_under_way, due_steps, next_call, placed
from ari_app.domain.windows import Window
from tests.support import strategies as given_
from tests.support.strategies import DUE, account, step, strategy
from tests.support.verdicts import BOOK, campaign, decide, dials, facts

pytestmark = pytest.mark.pure

CHINA = ZoneInfo("Asia/Shanghai")
DAYS = st.dates(date(2024, 1, 1), date(2028, 1, 1))


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A wall time in China, in UTC."""
    return datetime.combine(day, time(hour, minute), CHINA).astimezone(UTC)


# ------------------------------------------------------------------------------------------------- aging


@given(DAYS, DAYS)
def test_the_usual_day_scheme_is_that_of_the_lists(due: date, today: date) -> None:
    assert Aging().bucket(due, today) == aging_bucket(due, today)


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        (date(2026, 10, 1), "M0"), (date(2026, 11, 11), "M0"),
        (date(2026, 11, 12), "M1"), (date(2026, 12, 2), "M1"),
        (date(2026, 12, 3), "M2"), (date(2027, 1, 2), "M2"),
        (date(2027, 1, 3), "M3"), (date(2027, 2, 2), "M3"),
        (date(2027, 2, 3), "M4+"), (date(2031, 1, 1), "M4+"),
    ],
)  # fmt: skip
def test_bank_stages_count_bills_that_were_left_unpaid(today: date, stage: str) -> None:
    # Due on 11-02; the second bill is made 20 days before 12-02.
    assert Aging(Scheme.M_STAGE).bucket(DUE, today) == stage


@given(st.dates(), st.dates(), st.sampled_from(Scheme), st.integers(1, 27))
@settings(max_examples=25)
def test_every_day_has_a_bucket_and_none_grows_younger(
    due: date, today: date, scheme: Scheme, pay_days: int
) -> None:
    aging = Aging(scheme, pay_days=pay_days)
    now = aging.names.index(aging.bucket(due, today))
    begun = [aging.first_day(name, due) <= today for name in aging.names]
    assert begun == [position <= now for position in range(len(begun))]


def test_buckets_neither_overlap_nor_leave_a_gap() -> None:
    assert aging_fault(DAY_BUCKETS) == ""
    assert aging_fault((("a", 0, 10), ("b", 12, 20))) == "no bucket has day 11, between a and b"
    assert aging_fault((("a", 0, 10), ("b", 10, 20))) == "the buckets a and b both have day 10"
    assert "before it begins" in aging_fault((("a", 5, 1),))


# ------------------------------------------------------------------------------------------------- segments


@given(given_.strategies, given_.accounts, DAYS)
@settings(max_examples=25)
def test_every_account_has_one_segment_the_first_that_takes_it(
    found: Strategy, whose: Account, today: date
) -> None:
    segment = segment_of(found, whose, today)
    assert segment is segment_of(found, whose, today)
    before = found.segments[: found.segments.index(segment)]
    assert segment.takes(whose, found.aging, today)
    assert not any(each.takes(whose, found.aging, today) for each in before)


@pytest.mark.parametrize(
    ("conditions", "holds", "does_not"),
    [
        (Conditions(amount_from=Decimal(300)), {}, {"amount_due": Decimal("299.99")}),
        (Conditions(amount_below=Decimal(300)), {"amount_due": Decimal("299.99")}, {}),
        (Conditions(amount_from=Decimal(0)), {}, {"amount_due": Decimal("NaN")}),
        (Conditions(customer_levels=("vip",)), {"details": {"customer_level": "vip"}}, {}),
        (Conditions(risk_levels=("M", "H")), {"details": {"risk_level": "H"}}, {"details": {"risk_level": "L"}}),
        (Conditions(debt_types=("malicious",)), {"details": {"debt_type": "malicious"}}, {}),
        (Conditions(debt_causes=("forgot",)), {"details": {"debt_cause": "forgot"}}, {}),
        (Conditions(regions=("Hebei",)), {"details": {"region": " hebei "}}, {"details": {"region": "He"}}),
        (Conditions(age_bands=("65+",)), {"details": {"age_band": "65+"}}, {"details": {"age_band": "18-24"}}),
        (Conditions(score_below=60), {"details": {"score": 59}}, {"details": {"score": 60}}),
        (Conditions(score_from=60), {"details": {"score": 60}}, {"details": {"score": None}}),
        (Conditions(services=("water",)), {"details": {"service": "water"}}, {}),
        (Conditions(service_states=("suspended",)), {"details": {"service_state": "suspended"}}, {}),
        (Conditions(languages=("en",)), {"language": "en"}, {}),
        (Conditions(broken_promises_from=2), {"details": {"broken_promises": 2}}, {"details": {"broken_promises": 1}}),
        (Conditions(good_record=True), {"details": {"good_record": True}}, {}),
        (Conditions(early_warning=True), {"details": {"early_warning": True}}, {}),
        (Conditions(legal_stage=False), {}, {"details": {"legal_stage": True}}),
        (Conditions(buckets=("D1-D30",)), {}, {"due_date": date(2026, 11, 10)}),
    ],
)  # fmt: skip
def test_each_condition_takes_and_leaves(
    conditions: Conditions, holds: dict[str, object], does_not: dict[str, object]
) -> None:
    today, aging = date(2026, 11, 9), Aging()
    for changes, expected in ((holds, True), (does_not, False)):
        whose = account(**changes)  # type: ignore[arg-type]
        assert conditions.hold(whose, aging.bucket(whose.due_date, today)) is expected


def test_what_a_step_says_goes_before_its_segment() -> None:
    call = step("due+5d", retry_hours=(0, 48), flow="overdue", tone="serious")
    segment = Segment("s", steps=(call,), windows=(Window(600, 700),), tone="gentle")
    found = strategy(segment, rule_pack="us-reg-f", timezone="America/New_York")
    plain, under_way = effective(found, account(), DUE), effective(found, account(), DUE, call)
    assert (plain.campaign.flow, plain.campaign.retry_hours) == ("reminder", (0, 24, 72))
    assert (under_way.campaign.flow, under_way.campaign.retry_hours) == ("overdue", (0, 48))
    assert (under_way.campaign.rule_pack, under_way.campaign.timezone) == ("us-reg-f", "America/New_York")
    assert (tone_of(segment), tone_of(segment, call), under_way.name) == ("gentle", "serious", "s/1")


@given(given_.strategies, given_.accounts, st.integers(0, 7 * 24 * 4), st.integers(0, 4))
@settings(max_examples=25)
def test_what_holds_never_goes_beyond_the_pack(
    found: Strategy, whose: Account, quarter: int, made: int
) -> None:
    """Whatever a strategy says, no call leaves outside the hours of the pack, nor beyond its hard numbers."""
    now = at(date(2026, 11, 23), 0) + timedelta(minutes=15 * quarter)
    held = effective(found, whose, now.astimezone(CHINA).date())
    earlier = dials(*(now - timedelta(hours=number * 0.55) for number in range(1, made + 1)))
    verdict = decide(facts(account=whose, campaign=campaign(held.campaign), contacts=earlier), now)
    if verdict.allowed:
        version = BOOK.rules[held.campaign.rule_pack].pack.versions[-1]
        local = now.astimezone(CHINA)
        today = [each for each in earlier if each.at.astimezone(CHINA).date() == local.date()]
        assert any(window.contains(local.time()) for window in version.hours.working)
        assert any(window.contains(local.time()) for window in held.segment.windows)
        assert local.weekday() not in held.segment.closed_weekdays
        assert len(today) < version.dials_per_day.hard


# ------------------------------------------------------------------------------------------------- steps


@pytest.mark.parametrize(
    "text", ["start", "start+4h", "bill", "bill+1d", "due-3d", "due", "due+5d", "bucket", "suspension-24h", "promise-1d"]
)  # fmt: skip
def test_a_trigger_is_told_as_it_was_written(text: str) -> None:
    assert str(parse_trigger(text)) == text


@pytest.mark.parametrize(
    "text", ["", "due-3", "due-3h", "start-1h", "suspension+1h", "bucket-1d", "bill-2d", "Due", "due+999d", "never"]
)  # fmt: skip
def test_a_trigger_that_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|not counted|nothing|too far"):
        parse_trigger(text)


def _times(found: Strategy, whose: Account, moments: Moments) -> dict[str, str]:
    due = due_steps(found, whose, at(date(2026, 1, 1), 0), at(date(2028, 1, 1), 0), CHINA, moments)
    return {each.step.name: f"{each.at.astimezone(CHINA):%m-%d %H:%M}" for each in due}


def test_steps_fall_due_by_bill_due_date_bucket_suspension_and_promise() -> None:
    segment = Segment(
        "all",
        steps=tuple(
            step(when, name=when)
            for when in ("bill", "due-3d", "due-1d", "due", "due+8d", "suspension-24h", "suspension-4h",
                         "promise-1d", "promise+1d", "start+4h")
        ),
    )  # fmt: skip
    whose = account({"suspension_on": date(2026, 12, 7), "suspension_at": time(10)})
    found = _times(strategy(segment), whose, Moments(at(date(2026, 10, 12), 8), (date(2026, 11, 20),)))
    assert found == {
        "bill": "10-13 09:00",
        "start+4h": "10-12 13:00",  # loaded before the window opens
        "due-3d": "10-30 09:00",
        "due-1d": "10-30 19:30",  # a Sunday: earlier, on Friday
        "due": "11-02 09:00",
        "due+8d": "11-10 09:00",
        "promise-1d": "11-19 09:00",
        "promise+1d": "11-23 09:00",  # a Saturday: later, on Monday
        "suspension-24h": "12-04 19:30",  # Sunday 10:00
        "suspension-4h": "12-04 19:30",  # Monday 06:00
    }


def test_a_migration_begins_the_steps_of_the_new_segment() -> None:
    found = strategy(
        Segment("young", Conditions(buckets=("pre-due", "due-day")), (step("due-1d", StepKind.MESSAGE),)),
        Segment("month", Conditions(buckets=("D1-D30",)), (step("start", at=600), step("bucket+2d"))),
        Segment("rest", steps=(step("start"),)),
    )
    due = due_steps(found, account(), at(date(2026, 10, 1), 0), at(date(2026, 12, 31), 0), CHINA)
    assert [(each.segment.name, f"{each.at.astimezone(CHINA):%m-%d %H:%M}") for each in due] == [
        ("young", "10-30 19:30"),
        ("month", "11-03 10:00"),
        ("month", "11-05 09:00"),
        ("rest", "12-03 09:00"),
    ]


def test_the_call_under_way_and_the_one_after_it() -> None:
    found = strategy(Segment("s", steps=(step("due-3d"), step("due+1d"), step("due+2d", StepKind.MESSAGE))))
    assert call_under_way(found, account(), at(date(2026, 10, 29), 12), CHINA) is None
    now = at(date(2026, 11, 1), 12)
    under_way, later = call_under_way(found, account(), now, CHINA), next_call(found, account(), now, CHINA)
    assert under_way is not None
    assert later is not None
    assert (under_way.step.name, later.step.name) == ("call-due-3d", "call-due+1d")
    assert next_call(found, account(), later.at, CHINA) is None


@given(st.integers(0, 14 * 96), st.booleans(), st.sampled_from([(), (5, 6), (0, 1, 2, 3, 4, 5, 6)]))
@settings(max_examples=25)
def test_a_time_is_placed_inside_the_windows(quarter: int, earlier: bool, closed: tuple[int, ...]) -> None:
    windows = (Window(540, 720), Window(840, 1170))
    wanted = at(date(2026, 11, 2), 0) + timedelta(minutes=15 * quarter)
    found = placed(wanted, windows, closed, CHINA, earlier=earlier)
    local = found.astimezone(CHINA)
    if len(closed) == 7:
        assert found == wanted
    else:
        assert any(window.contains(local.time()) for window in windows)
        assert local.weekday() not in closed
        assert found <= wanted if earlier else found >= wanted


@given(given_.strategies, given_.accounts, st.dates(date(2025, 6, 1), date(2027, 6, 1)))
@settings(max_examples=25)
def test_steps_of_two_spans_are_those_of_both_together(found: Strategy, whose: Account, day: date) -> None:
    first, middle, last = at(day, 0), at(day, 0) + timedelta(days=40), at(day, 0) + timedelta(days=100)
    moments = Moments(first + timedelta(days=1))
    parts = [
        due_steps(found, whose, *span, CHINA, moments) for span in ((first, middle), (middle, last), (first, last))
    ]  # fmt: skip
    assert parts[0] + parts[1] == parts[2]
    assert all(
        segment_of(found, whose, each.at.astimezone(CHINA).date()) is each.segment for each in parts[2]
    )


def test_the_ends_of_the_calendar_do_no_harm() -> None:
    found = strategy(Segment("s", steps=(step("due-3d"), step("bill"), step("bucket"), step("promise+3d"))))
    for due in (date.min, date.max):
        moments = Moments(None, (due,))
        due_steps(
            found, account(due_date=due), at(date(2026, 1, 1), 0), at(date(2027, 1, 1), 0), CHINA, moments
        )
        effective(replace(found, aging=Aging(Scheme.M_STAGE)), account(due_date=due), DUE)


# ------------------------------------------------------------------------------------------------- roll-out


@given(st.text("abc123", max_size=8), st.floats(0, 100), st.floats(0, 100))
def test_who_has_a_version_keeps_it_when_its_share_grows(who: str, one: float, other: float) -> None:
    small, large = (
        version_for("s", "2", Rollout((Share("2", share), Share(HELD_BACK, 100 - share))), who)
        for share in sorted((one, other))
    )
    assert small in (HELD_BACK, large)
    assert version_for("s", "2", Rollout(), who) == "2"


def test_a_share_is_about_that_many_customers() -> None:
    rollout = Rollout((Share("2", 20), Share("1", 30), Share(HELD_BACK, 50)))
    found = [version_for("s", "2", rollout, f"c_{number}") for number in range(2000)]
    assert [
        abs(found.count(name) - wanted) < 80 for name, wanted in (("2", 400), ("1", 600), (HELD_BACK, 1000))
    ]
    assert round(place_of("telecom-overdue", "c_10001"), 6) == 69.383426, "the same in every run and release"
    assert 0 <= place_of("s", "c") < 100
    assert place_of("s", "c") != place_of("t", "c")


def test_shares_add_up_and_name_each_version_once() -> None:
    assert shares_fault((), "2") == ""
    assert shares_fault((Share("2", 20), Share("1", 80)), "2") == ""
    assert shares_fault((Share("2", 20), Share("1", 70)), "2") == "the shares add up to 90, not to 100"
    assert "twice" in shares_fault((Share("2", 20), Share("1", 40), Share("1", 40)), "2")
    assert "not of this version" in shares_fault((Share("1", 100),), "2")


def test_stages_have_their_names() -> None:
    assert Aging(Scheme.M_STAGE).names == M_STAGES
