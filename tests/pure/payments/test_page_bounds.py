"""What may be promised on the page, and whether a link is good: bounds that hold for every value."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.debt.promise import Promise, PromiseStanding, PromiseState
from ari_app.domain.payments.link import MAX_FAILURES, LinkRefusal, LinkStanding, refusal
from ari_app.domain.payments.page import (
    MOST_PROMISES,
    LaterRefusal,
    days_to_choose,
    later_refusal,
    may_offer_later,
)
from tests.support.clock import MONDAY_MORNING

pytestmark = pytest.mark.pure

TODAY = date(2026, 11, 23)
OWED = Decimal("568.32")


@given(st.dates(), st.decimals(min_value=-10, max_value=1000, places=2), st.integers(1, 90))
def test_only_a_day_in_the_window_and_an_amount_that_is_owed_are_taken(
    day: date, amount: Decimal, days: int
) -> None:
    found = later_refusal(day, amount, OWED, TODAY, days)
    first, last = days_to_choose(TODAY, days)
    assert (found is None) == (first <= day <= last and 0 < amount <= OWED)
    assert later_refusal(None, amount, OWED, TODAY, days) is LaterRefusal.NO_DAY
    assert later_refusal(first, None, OWED, TODAY, days) is LaterRefusal.NO_AMOUNT


@given(
    st.lists(st.sampled_from(list(PromiseState)), max_size=8),
    st.booleans(),
    st.sampled_from([Decimal(0), OWED]),
)
def test_more_time_is_offered_so_often_and_no_more(
    states: list[PromiseState], disputed: bool, owed: Decimal
) -> None:
    promises = [
        PromiseStanding(Promise(str(number), OWED, TODAY, MONDAY_MORNING), state, Decimal(0))
        for number, state in enumerate(states)
    ]
    counted = sum(state is not PromiseState.KEPT for state in states)
    found = may_offer_later(owed, promises, disputed=disputed)
    assert (found is None) == (owed > 0 and not disputed and counted < MOST_PROMISES)


@given(
    st.timedeltas(timedelta(days=-30), timedelta(days=30)),
    st.none() | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - its value does not matter
    st.integers(0, 60),
    st.integers(0, 10),
    st.booleans(),
)
def test_a_link_is_good_only_while_nothing_speaks_against_it(
    left: timedelta, revoked: datetime | None, uses: int, failures: int, opening: bool
) -> None:
    link = LinkStanding(MONDAY_MORNING + left, 50, revoked, uses, failures)
    found = refusal(link, MONDAY_MORNING, opening=opening)
    good = (
        left > timedelta(0) and revoked is None and failures < MAX_FAILURES and not (opening and uses >= 50)
    )
    assert (found is None) == good
    if revoked is not None:
        assert found is LinkRefusal.REVOKED
