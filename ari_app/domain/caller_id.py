"""Which caller ID a call shows: one of the campaign's own, fit for the number called, known to the customer, healthy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


def choose_caller_id(pool: Sequence[str], customer_id: str, attempt_number: int) -> str:
    """A caller ID of the pool: spread evenly over customers, and the next one at each further attempt.

    Raises ValueError for an empty pool: a call never shows a number that the campaign does not own.
    """
    if not pool:
        raise ValueError("the caller-ID pool is empty")
    spread = int.from_bytes(hashlib.sha256(customer_id.encode()).digest()[:8], "big")
    return pool[(spread + attempt_number - 1) % len(pool)]


@dataclass(frozen=True, slots=True)
class NumberRules:
    """An approved number. ``regions`` are beginnings of the E.164 numbers that it is meant for; None is no limit."""

    regions: tuple[str, ...] = ()
    per_day: int | None = None
    cool_down_s: float = 0.0
    max_concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class NumberUse:
    """What is known of a number now: its calls of the last 24 hours (``dials``, ``answered``), calls in progress
    (``open``; those of them that were not dialled yet are ``preparing``), when it was shown last, until when it rests,
    whether it is ``marked`` as spam, and a test that failed."""

    dials: int = 0
    answered: int = 0
    open: int = 0
    preparing: int = 0
    last_at: datetime | None = None
    rests_until: datetime | None = None
    marked: bool = False
    test_failed: bool = False


@dataclass(frozen=True, slots=True)
class CallerIdChoice:
    """The number to show; where there is none, when one may be shown again (None: not by itself)."""

    number: str | None
    until: datetime | None = None


#: When a number that has had its calls of the day, or all its calls in progress, is looked at again.
_DAY_AGAIN, _OPEN_AGAIN = timedelta(minutes=10), timedelta(seconds=5)
#: Answer rates count as equal within such a step; before this many calls a number has the rate of the pool.
_RATE_STEP, _PRIOR_CALLS = 0.05, 20.0


def held_until(rules: NumberRules, use: NumberUse, now: datetime) -> datetime | None:
    """When a number may be shown again; ``now`` where it may at once, None for one that is marked or failed its test."""
    if use.marked or use.test_failed:
        return None
    moments = [now]
    if use.rests_until is not None:
        moments.append(use.rests_until)
    if use.last_at is not None and rules.cool_down_s > 0:
        moments.append(use.last_at + timedelta(seconds=rules.cool_down_s))
    if rules.per_day is not None and use.dials + use.preparing >= rules.per_day:
        moments.append(now + _DAY_AGAIN)
    if rules.max_concurrency is not None and use.open >= rules.max_concurrency:
        moments.append(now + _OPEN_AGAIN)
    return max(moments)


def choose_healthy(
    pool: Sequence[str],
    rules: Mapping[str, NumberRules],
    uses: Mapping[str, NumberUse],
    *,
    phone: str,
    customer_id: str,
    attempt_number: int,
    last_shown: str | None,
    now: datetime,
) -> CallerIdChoice:
    """The caller ID for a call to ``phone``: of the region, then the one this customer knows, then the healthiest.

    Numbers that are marked, rest, cool down or have had their calls are left out. A pool of which no number has rules is
    spread over customers and attempts (:func:`choose_caller_id`).
    """
    held = {each: held_until(rules.get(each, _NO_RULES), uses.get(each, _NO_USE), now) for each in pool}
    usable = [each for each in pool if (until := held[each]) is not None and until <= now]
    if not usable:
        return CallerIdChoice(
            None, min((until for until in held.values() if until is not None), default=None)
        )
    if not any(each in rules for each in pool):
        return CallerIdChoice(choose_caller_id(usable, customer_id, attempt_number))
    matches = {each: _matches(rules.get(each, _NO_RULES), phone) for each in usable}
    best = max(matches.values())
    usable = [each for each in usable if matches[each] == best]
    if last_shown in usable:
        return CallerIdChoice(last_shown)
    rates = answer_rates(usable, uses)
    top = max(rates.values())
    return CallerIdChoice(
        choose_caller_id([each for each in usable if top - rates[each] < _RATE_STEP], customer_id, 1)
    )


def answer_rates(numbers: Sequence[str], uses: Mapping[str, NumberUse]) -> dict[str, float]:
    """Answered calls of all, 0 to 1; a number with few calls is drawn to the rate of all of them together."""
    known = {each: uses.get(each, _NO_USE) for each in numbers}
    dials = sum(use.dials for use in known.values())
    usual = (sum(use.answered for use in known.values()) / dials) if dials else 0.0
    return {
        each: (use.answered + _PRIOR_CALLS * usual) / (use.dials + _PRIOR_CALLS)
        for each, use in known.items()
    }


def _matches(rules: NumberRules, phone: str) -> int:
    """How many digits of the number called stand in a region: 0 for a number meant for everywhere, -1 for elsewhere."""
    if not rules.regions:
        return 0
    return max((len(each) for each in rules.regions if phone.startswith(each)), default=-1)


_NO_RULES, _NO_USE = NumberRules(), NumberUse()
