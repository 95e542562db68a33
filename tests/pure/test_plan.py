"""Instalments add up to the cent and fall due once a month."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.domain.call_result import PlanKind
from ari_app.domain.plan import (
    LEAST_PERIODS,
    MOST_FEE_PERCENT,
    MOST_PERIODS,
    InstalmentOption,
    instalment_terms,
    monthly_dates,
)

pytestmark = pytest.mark.pure

CENT = Decimal("0.01")
DAY = date(2026, 11, 24)

amounts = st.integers(min_value=MOST_PERIODS, max_value=10**13).map(lambda cents: Decimal(cents) / 100)
options = st.builds(
    InstalmentOption,
    periods=st.integers(LEAST_PERIODS, MOST_PERIODS),
    fee_percent=st.integers(0, int(MOST_FEE_PERCENT * 10_000)).map(lambda parts: Decimal(parts) / 10_000),
)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(9000, 12, 31))


@given(amounts, options, days)
def test_rates_add_up_exactly_to_the_debt_and_the_fee(
    amount: Decimal, option: InstalmentOption, first: date
) -> None:
    terms = instalment_terms(amount, option, first)
    assert sum(rate for _, rate in terms.rates) == terms.total == amount + terms.fee
    assert len(terms.rates) == option.periods


@given(amounts, options, days)
def test_every_rate_is_whole_cents_and_the_last_takes_the_few_that_do_not_divide(
    amount: Decimal, option: InstalmentOption, first: date
) -> None:
    terms = instalment_terms(amount, option, first)
    for money in (terms.monthly, terms.last, terms.fee, terms.total):
        assert money.as_tuple().exponent == -2
    assert CENT <= terms.monthly <= terms.last < terms.monthly + option.periods * CENT


@given(amounts, options, days)
def test_the_fee_is_the_percentage_of_the_debt_for_each_period_within_half_a_cent(
    amount: Decimal, option: InstalmentOption, first: date
) -> None:
    terms = instalment_terms(amount, option, first)
    exact = amount * option.fee_percent * option.periods / 100
    assert abs(terms.fee - exact) <= CENT / 2
    assert (terms.fee == 0) or option.fee_percent > 0


@given(days, st.integers(1, 120))
def test_one_rate_falls_due_each_month_on_the_same_day_or_the_last_of_a_short_month(
    first: date, count: int
) -> None:
    dates = monthly_dates(first, count)
    assert dates[0] == first
    for index, day in enumerate(dates):
        assert (day.year * 12 + day.month) - (first.year * 12 + first.month) == index
        assert day.day == min(first.day, monthrange(day.year, day.month)[1])


def test_the_thirty_first_comes_back_after_february() -> None:
    assert monthly_dates(date(2028, 1, 31), 4) == (
        date(2028, 1, 31),
        date(2028, 2, 29),
        date(2028, 3, 31),
        date(2028, 4, 30),
    )


def test_a_worked_example() -> None:
    terms = instalment_terms(Decimal("568.32"), InstalmentOption(6, Decimal("0.5")), DAY)
    assert (terms.fee, terms.total) == (Decimal("17.05"), Decimal("585.37"))
    assert (terms.monthly, terms.last) == (Decimal("97.56"), Decimal("97.57"))
    assert (terms.dates[0], terms.dates[-1]) == (DAY, date(2027, 4, 24))


def test_three_rates_without_a_fee_cost_nothing_more() -> None:
    terms = instalment_terms(Decimal("100"), InstalmentOption(3), DAY)
    assert (terms.fee, terms.total, terms.monthly, terms.last) == (
        Decimal("0.00"),
        Decimal("100.00"),
        Decimal("33.33"),
        Decimal("33.34"),
    )


def test_terms_become_a_plan_that_the_customer_asks_for() -> None:
    terms = instalment_terms(Decimal("568.32"), InstalmentOption(3), DAY)
    plan = terms.request("CNY", 0.8)
    assert plan.kind is PlanKind.INSTALLMENT
    assert (plan.periods, plan.monthly, plan.last, plan.fee, plan.total, plan.first_date) == (
        3,
        terms.monthly,
        terms.last,
        terms.fee,
        terms.total,
        DAY,
    )
    assert (plan.currency, plan.confidence, plan.approver) == ("CNY", 0.8, "")


@pytest.mark.parametrize("amount", ["0", "-5", "1.005", "NaN", "Infinity", "1e12"])
def test_what_is_no_amount_of_money_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        instalment_terms(Decimal(amount), InstalmentOption(3), DAY)


def test_a_debt_smaller_than_a_cent_a_rate_is_refused() -> None:
    with pytest.raises(ValueError, match="12 rates"):
        instalment_terms(Decimal("0.11"), InstalmentOption(12), DAY)
    assert instalment_terms(Decimal("0.12"), InstalmentOption(12), DAY).monthly == CENT


def test_a_plan_past_the_end_of_the_calendar_is_refused() -> None:
    with pytest.raises(ValueError, match="calendar"):
        instalment_terms(Decimal("100"), InstalmentOption(3), date(9999, 11, 1))


@pytest.mark.parametrize(
    ("periods", "fee"), [(1, "0"), (0, "0"), (61, "0"), (3, "-0.1"), (3, "10.1"), (3, "NaN")]
)
def test_an_option_that_nobody_could_be_offered_is_refused(periods: int, fee: str) -> None:
    with pytest.raises(ValueError, match=r"must be"):
        InstalmentOption(periods, Decimal(fee))
