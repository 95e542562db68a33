"""Instalments: what a debt costs when it is paid in monthly rates, to the cent (requirement F9)."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from ari_app.domain.call_result import PlanKind, PlanRequest

LEAST_PERIODS = 2
MOST_PERIODS = 60
#: Per cent of the debt per period; more would be a slip of the keyboard.
MOST_FEE_PERCENT = Decimal(10)

_CENT = Decimal("0.01")
#: Every amount that the lists take stays far below this, so no product here leaves the 28 digits of the decimal context.
_MOST_AMOUNT = Decimal("1e12")


@dataclass(frozen=True, slots=True)
class InstalmentOption:
    """One row of the option table: ``periods`` monthly rates at a fee of ``fee_percent`` per cent of the debt per period.

    ``ValueError`` where the row could not be offered to anybody.
    """

    periods: int
    fee_percent: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not LEAST_PERIODS <= self.periods <= MOST_PERIODS:
            raise ValueError(f"periods is {self.periods}; it must be {LEAST_PERIODS} to {MOST_PERIODS}")
        if not self.fee_percent.is_finite() or not 0 <= self.fee_percent <= MOST_FEE_PERCENT:
            raise ValueError(
                f"fee_percent is {self.fee_percent}; it must be 0 to {MOST_FEE_PERCENT} per period"
            )


@dataclass(frozen=True, slots=True)
class InstalmentTerms:
    """A plan worked out: ``periods - 1`` rates of ``monthly`` and one of ``last``, which together are ``total``.

    ``total`` is ``amount`` and ``fee``; every amount has two decimal places. ``last`` is the largest rate: it takes the
    cents that do not divide. ``dates`` are the days on which the rates fall due, one each month.
    """

    amount: Decimal
    periods: int
    monthly: Decimal
    last: Decimal
    fee: Decimal
    total: Decimal
    dates: tuple[date, ...]

    @property
    def first_date(self) -> date:
        """The day of the first rate."""
        return self.dates[0]

    @property
    def rates(self) -> tuple[tuple[date, Decimal], ...]:
        """Every rate with its day, in order."""
        amounts = (self.monthly,) * (self.periods - 1) + (self.last,)
        return tuple(zip(self.dates, amounts, strict=True))

    def request(self, currency: str, confidence: float = 1.0) -> PlanRequest:
        """The terms as a plan that the customer asks for."""
        return PlanRequest(
            kind=PlanKind.INSTALLMENT,
            currency=currency,
            periods=self.periods,
            monthly=self.monthly,
            last=self.last,
            fee=self.fee,
            total=self.total,
            first_date=self.first_date,
            confidence=confidence,
        )


def instalment_terms(amount: Decimal, option: InstalmentOption, first_date: date) -> InstalmentTerms:
    """The terms on which ``amount`` (two decimal places) can be paid by ``option``, the first rate on ``first_date``.

    The fee is rounded half up to the cent. Rates are rounded down and the last one takes what is left, so that they add
    up exactly and no rate is nothing. ``ValueError`` where the amount is no amount of money or too small for a cent a
    rate, or where the calendar ends before the plan does.
    """
    if not amount.is_finite() or not 0 < amount < _MOST_AMOUNT or amount != amount.quantize(_CENT):
        raise ValueError(
            "an amount to be paid in rates is positive, below 1e12, and has at most two decimal places"
        )
    amount = amount.quantize(_CENT)
    fee = (amount * option.fee_percent * option.periods / 100).quantize(_CENT, rounding=ROUND_HALF_UP)
    total = amount + fee
    monthly = (total / option.periods).quantize(_CENT, rounding=ROUND_DOWN)
    if monthly < _CENT:
        raise ValueError(f"{total} cannot be paid in {option.periods} rates of at least {_CENT}")
    last = total - monthly * (option.periods - 1)
    dates = monthly_dates(first_date, option.periods)
    return InstalmentTerms(amount, option.periods, monthly, last, fee, total, dates)


def monthly_dates(first: date, count: int) -> tuple[date, ...]:
    """``count`` days, one each month from ``first`` on; where a month is too short, its last day.

    Every date is counted from the first, so the 31st comes back after a short month. ``ValueError`` past the year 9999.
    """
    return tuple(_months_later(first, months) for months in range(count))


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        raise ValueError(f"{months} months after {day} the calendar has ended")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
