"""Rules of the clock: working days, the pack's hours, the campaign's and the customer's windows (D1 to D5, X1).

A call begins only where everything is open at once: at every place where the customer may be, and at the campaign's own.
Each rule names what is closed now; all of them end at the next instant at which everything is open together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from functools import partial

from ari_app.domain.calendar import DayKind
from ari_app.domain.open_days import WEEKEND, Days
from ari_app.domain.rule_case import Case
from ari_app.domain.verdict import Refusal, Rule
from ari_app.domain.windows import Place, Window, intersect, next_common_opening

#: How far ahead an opening is looked for.
HORIZON_DAYS = 62


def hours_of(case: Case, kind: DayKind) -> tuple[Window, ...]:
    """The hours of the pack on a day of a kind."""
    hours = case.version.hours
    if kind is DayKind.WEEKEND:
        return hours.weekend
    return hours.holiday if kind is DayKind.HOLIDAY else hours.working


def is_within(windows: tuple[Window, ...], local: datetime) -> bool:
    """Whether a wall clock stands inside one of the windows."""
    minute = local.hour * 60 + local.minute
    for window in windows:  # noqa: SIM110 - asked before every dial: a loop is half as long as any()
        if window.start <= minute < window.end:
            return True
    return False


def _place(case: Case, days: Days, zone: tzinfo, hours: Callable[[DayKind], tuple[Window, ...]]) -> Place:
    by_kind: dict[DayKind, tuple[Window, ...]] = {}

    def windows_of(day: date) -> tuple[Window, ...]:
        if days.closed_by(day) is not None:
            return ()
        kind = days.kind(day)
        if kind not in by_kind:
            by_kind[kind] = hours(kind)
        return by_kind[kind]

    return Place(zone, windows_of)


def places_of(case: Case, days: Days) -> tuple[Place, ...]:
    """Every wall clock that has a say, with its windows: wherever the customer may be, and the campaign's own."""
    preferred, own = case.facts.account.preferred_windows, case.facts.campaign.strategy.windows

    def here(zone: tzinfo, kind: DayKind) -> tuple[Window, ...]:
        found = hours_of(case, kind)
        if preferred and zone is case.zones[0]:
            found = intersect(found, preferred)
        return intersect(found, own) if zone is case.campaign_zone else found

    places = [_place(case, days, zone, partial(here, zone)) for zone in case.zones]
    if case.campaign_zone not in case.zones:
        places.append(_place(case, days, case.campaign_zone, lambda kind: own))
    return tuple(places)


def is_closed(case: Case) -> bool:
    """Whether any clock says that no call may begin now; the same as asking every place, in fewer steps."""
    days, facts = case.days, case.facts
    for local in case.local:
        kind = days.kind(local.date())
        if days.closed_on(local.date(), kind) is not None or not is_within(hours_of(case, kind), local):
            return True
    here, preferred = case.local[0], facts.account.preferred_windows
    if preferred and not is_within(preferred, here):
        return True
    if case.campaign_zone is case.zones[0]:
        return not is_within(facts.campaign.strategy.windows, here)
    campaign = case.now.astimezone(case.campaign_zone)
    return days.closed_by(campaign.date()) is not None or not is_within(
        facts.campaign.strategy.windows, campaign
    )


def _opening(case: Case, days: Days) -> datetime | None:
    """The next instant at which everything is open, found or remembered."""
    openings = case.openings
    if openings is None:
        return next_common_opening(places_of(case, days), case.now, HORIZON_DAYS)
    strategy = case.facts.campaign.strategy
    # All that ``places_of`` reads; the version names the pack's hours and closed days, the pack its calendar.
    key = (
        case.rules.pack.name,
        case.version.version,
        case.zones,
        case.campaign_zone,
        strategy.windows,
        days.holidays_open,
        days.closed_weekdays,
        case.facts.account.preferred_windows,
    )
    opening = openings.known(key, case.now)
    if opening is None:
        opening = next_common_opening(places_of(case, days), case.now, HORIZON_DAYS)
        if opening is not None:
            openings.keep(key, case.now, opening)
    return opening


def _until(case: Case) -> datetime | Refusal:
    """The next instant at which everything is open, or that there is none."""
    days = case.days
    opening = _opening(case, days)
    if opening is not None:
        return case.sooner(opening)
    today = case.local[0].date()
    ahead = (today + timedelta(days=step) for step in range(HORIZON_DAYS + 1))
    unconfirmed = next((day for day in ahead if days.kind(day) is DayKind.UNCONFIRMED), None)
    # Another version may open what this one leaves closed for ever; not on days that nobody has confirmed.
    changes = case.rules.pack.changes_after(today)
    if changes is not None and (unconfirmed is None or changes < unconfirmed):
        return case.sooner(case.now + timedelta(days=HORIZON_DAYS))
    if unconfirmed is not None:
        plain = replace(days, kind=lambda day: _weekday_kind(days.kind(day), day))
        if next_common_opening(places_of(case, plain), case.now, HORIZON_DAYS) is not None:
            return Refusal(Rule.UNCONFIRMED_YEAR, _unconfirmed(case, unconfirmed))
    return Refusal(
        Rule.NO_COMMON_WINDOW, "the hours of the rule pack, the campaign and the customer never meet"
    )


def _weekday_kind(kind: DayKind, day: date) -> DayKind:
    """What a day would be without any holiday, where nobody has confirmed it."""
    if kind is not DayKind.UNCONFIRMED:
        return kind
    return DayKind.WEEKEND if day.weekday() in WEEKEND else DayKind.WORKING


def _unconfirmed(case: Case, day: date) -> str:
    return f"the days of {day.year} are not confirmed in the calendar {case.rules.calendar.name}, so none is open"


def _closed(case: Case, rule: Rule, reason: str) -> Refusal:
    until = _until(case)
    return until if isinstance(until, Refusal) else Refusal(rule, reason, until)


def _day_closed_by(case: Case, rule: Rule) -> date | None:
    """The day of today, at the customer's or the campaign's, that a rule closes."""
    days = case.days
    for local in (*case.local, case.now.astimezone(case.campaign_zone)):
        if days.closed_by(local.date()) is rule:
            return local.date()
    return None


def unconfirmed_year(case: Case) -> Refusal | None:
    """A year whose holidays nobody has confirmed has no open day."""
    day = _day_closed_by(case, Rule.UNCONFIRMED_YEAR)
    return None if day is None else Refusal(Rule.UNCONFIRMED_YEAR, _unconfirmed(case, day))


def holiday(case: Case) -> Refusal | None:
    """A statutory holiday is closed, unless the pack lets a strategy open it and it does."""
    day = _day_closed_by(case, Rule.HOLIDAY)
    if day is None:
        return None
    name = case.rules.calendar.holidays.get(day, "")
    return _closed(case, Rule.HOLIDAY, f"{day} is a holiday{f' ({name})' if name else ''}")


def closed_day(case: Case) -> Refusal | None:
    """A weekday on which the campaign, or the pack, is closed."""
    day = _day_closed_by(case, Rule.CLOSED_DAY)
    if day is None:
        return None
    whose = "campaign" if day.weekday() in case.facts.campaign.strategy.closed_weekdays else "rule pack"
    return _closed(case, Rule.CLOSED_DAY, f"the {whose} is closed on {day:%A}")


def hard_floor(case: Case) -> Refusal | None:
    """Outside the hours of the pack, where the customer is or may be; nothing can widen them."""
    for local in case.local:
        hours = hours_of(case, case.rules.calendar.kind(local.date()))
        if not is_within(hours, local):
            allowed = ", ".join(map(str, hours)) or "at no time of such a day"
            return _closed(
                case, Rule.HARD_FLOOR, f"{local:%H:%M} where the customer lives; calls only {allowed}"
            )
    return None


def calling_window(case: Case) -> Refusal | None:
    """Outside the campaign's windows, or those that the customer prefers."""
    if not is_closed(case):
        return None
    facts = case.facts
    windows = ", ".join(map(str, facts.campaign.strategy.windows)) or "none"
    preferred = ", ".join(map(str, facts.account.preferred_windows))
    reason = f"{case.local[0]:%H:%M} is outside the calling windows {windows}"
    return _closed(
        case, Rule.CALLING_WINDOW, reason + (f" or the customer's own {preferred}" if preferred else "")
    )
