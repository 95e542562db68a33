"""Caller IDs with limits: of the region, known to the customer, healthy, and never one that may not be shown now."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.domain.caller_id import CallerIdChoice, NumberRules, NumberUse, choose_healthy, held_until

pytestmark = pytest.mark.pure

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
BEIJING, SHANGHAI, ANYWHERE = "+861011112222", "+862111112222", "+864008001000"
RULES = {
    BEIJING: NumberRules(("+8610", "+86138")),
    SHANGHAI: NumberRules(("+8621",)),
    ANYWHERE: NumberRules(),
}
POOL = tuple(RULES)


def chosen(
    phone: str = "+861055550000",
    uses: dict[str, NumberUse] | None = None,
    rules: dict[str, NumberRules] | None = None,
    last: str | None = None,
    pool: tuple[str, ...] = POOL,
    customer: str = "c",
) -> CallerIdChoice:
    return choose_healthy(
        pool,
        RULES if rules is None else rules,
        uses or {},
        phone=phone,
        customer_id=customer,
        attempt_number=1,
        last_shown=last,
        now=NOW,
    )


def test_the_number_of_the_region_comes_first_then_one_for_everywhere_then_any() -> None:
    assert chosen("+861055550000").number == BEIJING
    assert chosen("+862155550000").number == SHANGHAI
    assert chosen("+8613912345678").number == ANYWHERE
    marked = {ANYWHERE: NumberUse(marked=True)}
    assert chosen("+8613912345678", marked).number in (BEIJING, SHANGHAI)


def test_a_customer_keeps_the_number_that_he_was_shown_last() -> None:
    alike = {each: NumberRules() for each in POOL}
    well = {BEIJING: NumberUse(100, 60), SHANGHAI: NumberUse(100, 10)}
    assert chosen(rules=alike, uses=well, last=SHANGHAI).number == SHANGHAI
    resting = {SHANGHAI: NumberUse(rests_until=NOW + timedelta(hours=1))}
    assert chosen(rules=alike, uses=resting, last=SHANGHAI).number != SHANGHAI


def test_a_number_that_is_hardly_answered_is_shown_no_more_than_the_others() -> None:
    alike = {each: NumberRules() for each in POOL}
    ill = {BEIJING: NumberUse(300, 90), SHANGHAI: NumberUse(300, 20), ANYWHERE: NumberUse(300, 92)}
    shown = {chosen(rules=alike, uses=ill, customer=f"c{n}").number for n in range(60)}
    assert shown == {BEIJING, ANYWHERE}


@pytest.mark.parametrize(
    ("rules", "use", "wait"),
    [
        (NumberRules(), NumberUse(), 0.0),
        (NumberRules(cool_down_s=30), NumberUse(last_at=NOW - timedelta(seconds=10)), 20.0),
        (NumberRules(cool_down_s=30), NumberUse(last_at=NOW - timedelta(seconds=31)), 0.0),
        (NumberRules(per_day=5), NumberUse(dials=3, open=2, preparing=2), 600.0),
        (NumberRules(per_day=5), NumberUse(dials=3, open=1, preparing=1), 0.0),
        (NumberRules(per_day=5), NumberUse(dials=4, open=4), 0.0),
        (NumberRules(max_concurrency=2), NumberUse(open=2), 5.0),
        (NumberRules(), NumberUse(rests_until=NOW + timedelta(hours=2)), 7200.0),
        (NumberRules(), NumberUse(marked=True), None),
        (NumberRules(), NumberUse(test_failed=True), None),
    ],
)
def test_a_number_is_held_back_for_as_long_as_its_limits_say(
    rules: NumberRules, use: NumberUse, wait: float | None
) -> None:
    until = held_until(rules, use, NOW)
    assert (None if until is None else (until - NOW).total_seconds()) == wait


USES = st.builds(
    NumberUse,
    dials=st.integers(0, 400),
    answered=st.integers(0, 400),
    open=st.integers(0, 5),
    preparing=st.integers(0, 5),
    last_at=st.none() | st.just(NOW),
    rests_until=st.none() | st.just(NOW + timedelta(hours=1)),
    marked=st.booleans(),
)
LIMITS = st.builds(
    NumberRules,
    st.just(()),
    st.none() | st.integers(1, 300),
    st.sampled_from([0.0, 60.0]),
    st.none() | st.integers(1, 4),
)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(POOL), USES), st.dictionaries(st.sampled_from(POOL), LIMITS))
def test_never_a_number_that_may_not_be_shown_and_always_one_that_may(
    uses: dict[str, NumberUse], rules: dict[str, NumberRules]
) -> None:
    found = chosen(uses=uses, rules=rules)
    free = [
        each
        for each in POOL
        if held_until(rules.get(each, NumberRules()), uses.get(each, NumberUse()), NOW) == NOW
    ]
    assert (found.number in free) if free else found.number is None
    if found.number is None and found.until is not None:
        assert found.until > NOW


def test_a_pool_without_limits_goes_round_with_the_attempts() -> None:
    shown = [
        choose_healthy(
            POOL, {}, {}, phone="+8610", customer_id="c", attempt_number=n, last_shown=BEIJING, now=NOW
        ).number
        for n in (1, 2, 3)
    ]
    assert sorted(filter(None, shown)) == sorted(POOL)
