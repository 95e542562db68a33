"""What can be told of segments and steps without any account: who is left for whom, and what never comes."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

from ari_app.domain.aging import Aging, Scheme, days_later
from ari_app.domain.segment import Anchor, Conditions, Segment, Step

#: A due date in the middle of the calendar, by which distances of days are compared.
_DUE = date(2026, 6, 15)
_WORDS = tuple(each.name for each in fields(Conditions) if each.type == "tuple[str, ...]")


def covers(first: Conditions, second: Conditions) -> bool:
    """Whether ``first`` surely holds for every account for which ``second`` does. False where that cannot be told."""
    for name in _WORDS:
        mine, other = (_plain(getattr(each, name)) for each in (first, second))
        if mine and not (other and other <= mine):
            return False
    for name in ("amount", "score"):
        low, high = getattr(first, f"{name}_from"), getattr(first, f"{name}_below")
        other_low, other_high = getattr(second, f"{name}_from"), getattr(second, f"{name}_below")
        if low is not None and not (other_low is not None and other_low >= low):
            return False
        if high is not None and not (other_high is not None and other_high <= high):
            return False
    if first.broken_promises_from > second.broken_promises_from:
        return False
    return all(
        getattr(first, name) in (None, getattr(second, name))
        for name in ("good_record", "legal_stage", "early_warning")
    )


def _plain(words: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word.strip().casefold() for word in words)


def contradiction(conditions: Conditions) -> str:
    """Why conditions can hold for nobody; '' where they can."""
    for name in ("amount", "score"):
        low, high = getattr(conditions, f"{name}_from"), getattr(conditions, f"{name}_below")
        if low is not None and high is not None and low >= high:
            return f"no {name} is {low} or more and below {high}"
    return ""


def never_due(segment: Segment, step: Step, aging: Aging) -> bool:
    """Whether a step of a bill or a due date can never fall into one of the segment's buckets."""
    anchor, buckets = step.when.anchor, segment.when.buckets
    if anchor not in (Anchor.DUE, Anchor.BILL) or not buckets:
        return False
    base = _DUE if anchor is Anchor.DUE else aging.bill_on(_DUE)
    # Windows and weekends may move it by some days; M-stages begin on days that differ by the length of a month.
    slack = 4 if aging.scheme is Scheme.DAYS else 7
    days = [days_later(base, step.when.days + more) for more in range(-slack, slack + 1)]
    return not any(aging.bucket(_DUE, day) in buckets for day in days)


def out_of_order(segment: Segment) -> tuple[int, ...]:
    """The steps that come before the one above them, as far as both count from the same thing."""
    found = []
    for number in range(1, len(segment.steps)):
        before, step = segment.steps[number - 1], segment.steps[number]
        if step.when.anchor is not before.when.anchor:
            continue
        if _hours(step) < _hours(before):
            found.append(number)
    return tuple(found)


def _hours(step: Step) -> float:
    return step.when.days * 24 + step.when.hours + (step.at or 0) / 60 * (step.at is not None)


def reminders_in_a_week(segment: Segment) -> int:
    """The most steps of seven days that count from the due date and are not after it."""
    days = sorted(
        step.when.days for step in segment.steps if step.when.anchor is Anchor.DUE and step.when.days <= 0
    )
    return max((sum(first <= day < first + 7 for day in days) for first in days), default=0)
