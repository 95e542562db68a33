"""Where an event finds its place in the allowed time: after a promised day, before service is suspended (requirement X18).

A follow-up of a promise may come later, a warning before a suspension only earlier; each has a span in which it still means
something. Where the span holds no instant at which every rule allows a call, that is told, so that a message or a person
can take the call's place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo

from ari_app.domain.account import Account
from ari_app.domain.compliance import ContactFacts, decide, next_allowed, zone_of
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.triggers import DueStep, follows_promise
from ari_app.domain.verdict import Rule
from ari_app.domain.windows import local_instant

#: How far before service ends a customer is warned.
WARNINGS = (timedelta(hours=24), timedelta(hours=4))
#: How many days after a promised day it is asked after, where no payment came.
FOLLOW_UPS = (1, 3)
#: A warning may come so much earlier than wanted, where the hours between are closed; a follow-up so much later.
MOST_MOVED = timedelta(days=3)

_STEP = timedelta(minutes=15)
_STRETCH = timedelta(hours=6)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An event: ``at`` is when it is wanted, ``[earliest, latest]`` the span in which it still means something."""

    name: str
    at: datetime
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an event has its place, None where it has none; ``reason`` says why it was moved or cannot be."""

    wanted: Wanted
    at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A call that a strategy wants, and what will be known of the customer then if nothing happens before."""

    wanted: Wanted
    facts: ContactFacts


def place(book: RuleBook, facts: ContactFacts, wanted: Wanted) -> Placed:
    """The allowed instant of the span that is nearest to the wanted one on its later side, else on its earlier side.

    Total: no input raises, and nothing outside the span is ever given. A window of less than 15 minutes before the wanted
    instant may give way to another allowed instant of the span. The plan's own next attempt does not count as a reason.
    """
    free = _without_plan(facts)
    start = max(wanted.at, wanted.earliest)
    following = _first_after(book, free, start, wanted.latest)
    if following is not None:
        moved = "as wanted" if following == wanted.at else "at the first allowed instant after it"
        return Placed(wanted, following, moved)
    before = _latest_before(book, free, wanted)
    if before is not None:
        return Placed(wanted, before, "at the last allowed instant before it")
    refused = decide(book, free, start)
    return Placed(wanted, None, f"no allowed instant in its span ({refused.rule}: {refused.reason})")


def first_follow_up(book: RuleBook, follow_ups: Sequence[FollowUp]) -> Placed | None:
    """The first call that has a place in its span; of several at one instant the last, for by that one it is made then.

    Where none has, the last one without an instant; None where none is wanted. What only a change would end (a dispute, a
    list, a strategy that is stopped) keeps no call out of the plan: it is refused then, as long as that still stands.
    """
    found: Placed | None = None
    for each in follow_ups:
        placed = _planned(book, each.facts, each.wanted)
        if found is None or found.at is None or placed.at == found.at:
            found = placed
    return found


def _planned(book: RuleBook, facts: ContactFacts, wanted: Wanted) -> Placed:
    first = next_allowed(book, _without_plan(facts), wanted.at)
    if first.at is None and first.verdict.rule is not Rule.MAX_ATTEMPTS:
        return Placed(wanted, wanted.at, f"if allowed by then ({first.verdict.rule}: {first.verdict.reason})")
    return place(book, facts, wanted)


def _without_plan(facts: ContactFacts) -> ContactFacts:
    return replace(facts, due_at=None, open_attempt=False, account_open=True)


def _first_after(book: RuleBook, facts: ContactFacts, start: datetime, latest: datetime) -> datetime | None:
    """The first allowed instant in [``start``, ``latest``]."""
    if start >= latest:
        return start if start == latest and decide(book, facts, start).allowed else None
    found = next_allowed(book, facts, start).at
    return found if found is not None and found <= latest else None


def _latest_before(book: RuleBook, facts: ContactFacts, wanted: Wanted) -> datetime | None:
    """The last allowed instant before the wanted one, to the minute; None where the span holds none."""
    after = wanted.at
    while after > wanted.earliest:
        begin = max(after - _STRETCH, wanted.earliest)
        first = next_allowed(book, facts, begin).at  # a whole night is passed over at once
        if first is not None and first < after:
            return _last_from(book, facts, first, after)
        after = begin
    return None


def _last_from(book: RuleBook, facts: ContactFacts, first: datetime, after: datetime) -> datetime:
    at = after - _STEP
    while at > first:
        if decide(book, facts, at).allowed:
            return _end_of_allowed(book, facts, at, min(after, at + _STEP))
        at -= _STEP
    return _end_of_allowed(book, facts, first, min(after, first + _STEP))


def _end_of_allowed(book: RuleBook, facts: ContactFacts, allowed: datetime, refused: datetime) -> datetime:
    first = allowed
    while refused - allowed > _MINUTE:
        middle = allowed + (refused - allowed) / 2
        if decide(book, facts, middle).allowed:
            allowed = middle
        else:
            refused = middle
    whole = max(first, allowed.replace(second=0, microsecond=0))
    return whole if decide(book, facts, whole).allowed else allowed


def suspension_warnings(account: Account, now: datetime) -> Iterator[Wanted]:
    """The warnings before an account's service ends that still lie ahead; none where its day is not known.

    A warning never comes after the service has ended, and never later than the next one is due.
    """
    details = account.details
    ends = _suspended_at(account)
    if ends is None or ends <= now or details.service_state == "suspended":
        return
    for number, lead in enumerate(WARNINGS):
        name, at = f"suspension_{int(lead.total_seconds() // 3600)}h", ends - lead
        if at >= now:
            yield Wanted(name, at, max(now, at - MOST_MOVED), at)
            continue
        following = ends - WARNINGS[number + 1] if number + 1 < len(WARNINGS) else ends
        if following > now:  # its hour has passed: better late than not at all, while the next one is not due
            yield Wanted(name, now, now, following)


def promise_follow_ups(promised: date, zone: tzinfo, now: datetime) -> Iterator[Wanted]:
    """When a promised day is asked after, each on its own local day or the first allowed one after it."""
    for days in FOLLOW_UPS:
        begins = local_instant(promised + timedelta(days=days), 0, zone)
        latest = begins + MOST_MOVED
        if latest > now:
            yield Wanted(f"promise_t{days}", max(begins, now), max(begins, now), latest)


def follow_up(due: DueStep) -> Wanted:
    """A call step of a strategy as an event; one before a promised day may come up to that day."""
    days = due.step.when.days
    late = min(MOST_MOVED, timedelta(days=-days)) if follows_promise(due) and days < 0 else MOST_MOVED
    return Wanted(str(due.step.when), due.at, due.at, due.at + late)


def events_of(account: Account, promised: Iterable[date], now: datetime) -> Iterator[Wanted]:
    """What is to come for an account without a strategy file: warnings before its suspension, questions after the days
    that were promised last.
    """
    yield from suspension_warnings(account, now)
    zone = zone_of(account.timezone)
    if zone is not None:
        for day in promised:
            yield from promise_follow_ups(day, zone, now)


def _suspended_at(account: Account) -> datetime | None:
    details, zone = account.details, zone_of(account.timezone)
    if details.suspension_on is None or zone is None:
        return None
    at = details.suspension_at
    minute = (
        0 if at is None else at.hour * 60 + at.minute
    )  # of a day alone its first minute is meant: it is never too late
    try:
        return local_instant(details.suspension_on, minute, zone).astimezone(UTC)
    except OverflowError:
        return None
