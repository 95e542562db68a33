"""When the steps of a strategy fall due for an account: pure arithmetic on days and wall clocks (requirements B21, B22,
F3, F4, F19, X4, X18).

A step that would fall outside the windows of its segment goes to the nearest allowed time: the one earlier where it comes
before something (``due-1d``, ``suspension-4h``), otherwise the one later. Windows are read on the customer's wall clock.
Caps, holidays and the rule pack are asked when it is dialled, not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from ari_app.domain.account import Account
from ari_app.domain.aging import Aging, days_later
from ari_app.domain.segment import Anchor, Segment, Step, StepKind
from ari_app.domain.strategy import Strategy, segment_in
from ari_app.domain.windows import MINUTES_A_DAY, Window, local_instant

#: Time of day of a suspension where only its day is known: in the morning, so that warnings come early rather than late.
SUSPENSION_HOUR = 9
_SEARCH_DAYS = 14
#: What is moved to an earlier window comes so many minutes before that closes.
LAST_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Moments:
    """What triggers count from beside the bill itself, as far as it is known: ``start`` is when the account came into the
    campaign (UTC), ``promised`` the days for which payments were promised last."""

    start: datetime | None = None
    promised: tuple[date, ...] = ()


NO_MOMENTS = Moments()


@dataclass(frozen=True, slots=True)
class DueStep:
    """A step of a segment that falls due ``at`` (UTC)."""

    at: datetime
    segment: Segment
    step: Step


def due_steps(
    strategy: Strategy,
    account: Account,
    since: datetime,
    until: datetime,
    zone: tzinfo,
    moments: Moments = NO_MOMENTS,
) -> tuple[DueStep, ...]:
    """Every step that falls due after ``since`` and not after ``until``, by time; ``zone`` is where the customer lives.

    A step counts only where the account belongs to its segment on the local day of that time: who migrates to another
    bucket is treated by the segment that takes him then.
    """
    course = _Course(strategy, account, zone)
    passed = {id(each) for each in course.passed(max(since, _BEGINNING), min(until, _END))}
    found = [
        (at, position, DueStep(at, segment, step))
        for segment in strategy.segments
        if id(segment) in passed
        for position, step in enumerate(segment.steps)
        for at in _times(course, segment, step, moments)
        if since < at <= until
    ]
    return tuple(each for _, _, each in sorted(found, key=lambda entry: entry[:2]))


def call_under_way(
    strategy: Strategy, account: Account, now: datetime, zone: tzinfo, moments: Moments = NO_MOMENTS
) -> DueStep | None:
    """The call step of the account's segment that fell due last; None where none has yet."""
    course = _Course(strategy, account, zone)
    segment = course.segment(_day(now, zone))
    found: DueStep | None = None
    for step in segment.calls:
        for at in _times(course, segment, step, moments):
            if at <= now and (found is None or at >= found.at):
                found = DueStep(at, segment, step)
    return found


def next_call(
    strategy: Strategy,
    account: Account,
    after: datetime,
    zone: tzinfo,
    moments: Moments = NO_MOMENTS,
) -> DueStep | None:
    """The first call step that falls due after an instant; None where none is to come."""
    steps = due_steps(strategy, account, after, _END, zone, moments)
    return next((each for each in steps if each.step.kind is StepKind.CALL), None)


def promise_calls(
    strategy: Strategy, account: Account, after: datetime, zone: tzinfo, moments: Moments
) -> tuple[DueStep, ...]:
    """Every call step around a promised day that falls due after an instant, by time."""
    steps = due_steps(strategy, account, after, _END, zone, moments) if moments.promised else ()
    return tuple(each for each in steps if follows_promise(each) and each.step.kind is StepKind.CALL)


def follows_promise(due: DueStep) -> bool:
    """Whether the time of a step counts from a promised day."""
    return due.step.when.anchor is Anchor.PROMISE


def placed(
    wanted: datetime,
    windows: tuple[Window, ...],
    closed_weekdays: tuple[int, ...],
    zone: tzinfo,
    *,
    earlier: bool,
) -> datetime:
    """``wanted``, or the nearest time inside the windows: the last one before it (``earlier``) or the first one after it.

    The last time of a window is half an hour before it closes, so that the call can still be made. ``wanted`` itself where
    no window of two weeks opens.
    """
    here = wanted.astimezone(zone)
    today, minute = here.date(), here.hour * 60 + here.minute
    for step in range(_SEARCH_DAYS):
        day = days_later(today, -step if earlier else step)
        if day.weekday() in closed_weekdays:
            continue
        if step == 0 and any(window.start <= minute < window.end for window in windows):
            return wanted
        if earlier:
            found = [
                max(window.start, window.end - LAST_MINUTES)
                for window in windows
                if step or window.end <= minute
            ]
        else:
            found = [window.start for window in windows if step or window.start > minute]
        if found:
            return local_instant(day, max(found) if earlier else min(found), zone)
    return wanted


#: Instants far enough from the ends of the calendar for any zone.
_BEGINNING = datetime(1, 1, 3, tzinfo=UTC)
_END = datetime(9999, 12, 28, tzinfo=UTC)
_FIRST_DAY, _LAST_DAY = _BEGINNING.date(), _END.date()


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()


@lru_cache(maxsize=4096)  # of many accounts, a lot fall due on the same day
def _migrations(aging: Aging, due: date) -> tuple[date, ...]:
    return tuple(day for day in aging.first_days(due) if _FIRST_DAY < day < _LAST_DAY)


class _Course:
    """The way of an account through the segments of a strategy. Each day is worked out once for all steps that ask."""

    __slots__ = ("_beginnings", "_by_bucket", "_segments", "account", "strategy", "zone")

    def __init__(self, strategy: Strategy, account: Account, zone: tzinfo) -> None:
        self.strategy, self.account, self.zone = strategy, account, zone
        self._segments: dict[date, Segment] = {}
        self._by_bucket: dict[str, Segment] = {}
        self._beginnings: list[tuple[datetime, Segment]] | None = None

    def segment(self, day: date) -> Segment:
        """The segment on a local day."""
        found = self._segments.get(day)
        if found is None:
            bucket = self.strategy.aging.bucket(self.account.due_date, day)
            found = self._by_bucket.get(bucket)
            if found is None:
                found = self._by_bucket[bucket] = segment_in(self.strategy, self.account, bucket)
            self._segments[day] = found
        return found

    def migrations(self) -> tuple[date, ...]:
        """The days on which the account changes its bucket; days at the ends of the calendar are none."""
        return _migrations(self.strategy.aging, self.account.due_date)

    def passed(self, since: datetime, until: datetime) -> list[Segment]:
        """Every segment that the account belongs to on a day of a time."""
        first, last = _day(since, self.zone), _day(until, self.zone)
        changes = (day for day in self.migrations() if first < day <= last)
        return [self.segment(first), *map(self.segment, changes)]

    def beginnings(self, start: datetime | None) -> list[tuple[datetime, Segment]]:
        """The midnights after ``start`` (always the same of a course) at which a change of bucket brings the account into
        another segment, and into which."""
        if self._beginnings is None:
            first = date.min if start is None else _day(start, self.zone)
            midnights = ((day, _at(day, 0, self.zone)) for day in self.migrations() if day >= first)
            self._beginnings = [
                (midnight, self.segment(day))
                for day, midnight in midnights
                if (start is None or midnight > start)
                and self.segment(day) is not self.segment(days_later(day, -1))
            ]
        return self._beginnings


def _times(course: _Course, segment: Segment, step: Step, moments: Moments) -> Iterator[datetime]:
    """When a step falls due, as far as the account belongs to its segment on that day."""
    for at in dict.fromkeys(_instants(course, segment, step, moments)):
        if course.segment(_day(at, course.zone)) is segment:
            yield at


def _instants(course: _Course, segment: Segment, step: Step, moments: Moments) -> Iterator[datetime]:
    """When a step falls due, once for each time its anchor comes; inside the windows of its segment."""
    when, zone = step.when, course.zone
    earlier = when.days < 0 or when.hours < 0
    for base in _bases(course, segment, moments, when.anchor):
        if isinstance(base, datetime):
            if when.anchor is Anchor.START:  # who comes at night or on a Sunday begins when a window opens
                base = placed(base, segment.windows, segment.closed_weekdays, zone, earlier=False)  # noqa: PLW2901
            wanted = base + timedelta(days=when.days, hours=when.hours)
            if step.at is not None:
                wanted = max(wanted, _at(_day(wanted, zone), step.at, zone))
        else:
            day = days_later(base, when.days)
            if not _FIRST_DAY <= day < _LAST_DAY:
                continue
            minute = (
                step.at if step.at is not None else min((each.start for each in segment.windows), default=0)
            )
            wanted = _at(day, minute, zone)
        yield placed(wanted, segment.windows, segment.closed_weekdays, zone, earlier=earlier)


def _bases(course: _Course, segment: Segment, moments: Moments, anchor: Anchor) -> list[date | datetime]:
    aging, due, details = course.strategy.aging, course.account.due_date, course.account.details
    match anchor:
        case Anchor.BILL:
            return [aging.bill_on(due)]
        case Anchor.DUE:
            return [due]
        case Anchor.PROMISE:
            return list(moments.promised)
        case Anchor.SUSPENSION:
            if details.suspension_on is None:
                return []
            at = details.suspension_at or time(SUSPENSION_HOUR)
            return [_at(details.suspension_on, at.hour * 60 + at.minute, course.zone)]
        case Anchor.BUCKET:
            return [day for day in course.migrations() if course.segment(day) is segment]
        case Anchor.START:
            return _beginnings(course, segment, moments.start)


def _beginnings(course: _Course, segment: Segment, start: datetime | None) -> list[date | datetime]:
    """When an account has come into a segment: with its list, or later by another bucket."""
    begun: list[date | datetime] = []
    if start is not None and course.segment(_day(start, course.zone)) is segment:
        begun.append(start)
    begun += [midnight for midnight, into in course.beginnings(start) if into is segment]
    return begun


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    """A wall time of a day; days at the ends of the calendar are moved to where every zone can hold them."""
    day = min(max(day, _FIRST_DAY), _LAST_DAY)
    return local_instant(day, min(minute, MINUTES_A_DAY - 1), zone)
