"""The terms of a plan in a few words, as a message tells them (variable ``plan`` of templates)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from ari_app.domain.call_result import PlanKind
from ari_app.domain.debt.plan import Instalment

_MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September")
_MONTH_NAMES: Final = (*_MONTHS, "October", "November", "December")


def plan_words(
    kind: PlanKind, schedule: Sequence[Instalment], waived: Decimal, currency: str, language: str
) -> str:
    """What was agreed, in Chinese (``zh``) or English."""
    zh = language == "zh"
    if kind is PlanKind.WAIVER or not schedule:
        return f"减免 {_money(waived, currency, zh)}" if zh else f"{_money(waived, currency, zh)} is let off"
    first = schedule[0]
    day, sum_ = _day(first.day, zh), _money(first.amount, currency, zh)
    if kind is PlanKind.DEFERRAL:
        return f"{sum_}，延期至 {day}" if zh else f"{sum_}, to be paid by {day}"
    last = _money(schedule[-1].amount, currency, zh)
    if zh:
        other = "" if schedule[-1].amount == first.amount else f"，末期 {last}"
        return f"分 {len(schedule)} 期，每期 {sum_}{other}，首期 {day}"
    other = "" if schedule[-1].amount == first.amount else f", the last one {last}"
    return f"{len(schedule)} payments of {sum_}{other}, the first on {day}"


def _money(amount: Decimal, currency: str, zh: bool) -> str:
    if zh:
        return f"{amount:.2f} 元" if currency == "CNY" else f"{amount:.2f} {currency}"
    return f"{currency} {amount:,.2f}"


def _day(day: date, zh: bool) -> str:
    if zh:
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {_MONTH_NAMES[day.month - 1]} {day.year}"
