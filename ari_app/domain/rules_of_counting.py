"""Caps: how many contacts a customer bears, over all campaigns, numbers and channels (requirements D6 to D8, X2 to X4).

Days are local ones. Where the customer may be in several zones, every zone counts for itself, and the strictest wins. A
contact of a day to come (a clock was set back) counts as one of today.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter

from ari_app.domain.contact_facts import Contact
from ari_app.domain.rule_case import Case
from ari_app.domain.rule_pack import CountsBy, Limit
from ari_app.domain.verdict import Refusal, Rule
from ari_app.domain.windows import local_instant

_WEEK = 7
_TWO_DAYS = timedelta(days=2)


def _counted(
    case: Case, counts: Callable[[Contact], bool], most: int, span: Callable[[date], tuple[date, int]]
) -> tuple[int, datetime] | None:
    """How many contacts there were in a span of days, and when fewer than ``most`` will be; None while there are fewer.

    ``span`` gives for today the first day that counts, and after how many days a contact of a day counts no more (0: the
    span ends as a whole, a week after its first day).
    """
    if len(case.facts.contacts) < most:  # most customers: nothing has to be counted
        return None
    worst: tuple[int, datetime] | None = None
    for zone, local in zip(case.zones, case.local, strict=True):
        today = local.date()
        first, lasts = span(today)
        # Nowhere is a day of the span longer ago than this, whatever clocks did meanwhile: older contacts need no calendar.
        earliest = case.now - ((today - first) + _TWO_DAYS)
        days = [
            day
            for contact in case.facts.contacts
            if counts(contact)
            and contact.at >= earliest
            and (day := contact.at.astimezone(zone).date()) >= first
        ]
        if len(days) < most:
            continue
        days.sort()
        # Of these the oldest ones have to leave until one less than the cap is left.
        leaves = (
            days[len(days) - most] + timedelta(days=lasts)
            if lasts and most
            else first + timedelta(days=_WEEK)
        )
        until = local_instant(max(leaves, today + timedelta(days=1)), 0, zone)
        if worst is None or until > worst[1]:
            worst = len(days), until
    return None if worst is None else (worst[0], case.sooner(worst[1]))


def _every(contact: Contact) -> bool:
    return True


# Asked of every contact before every dial.
_talk: Callable[[Contact], bool] = attrgetter("conversation")
_reminder: Callable[[Contact], bool] = attrgetter("reminder")
_at: Callable[[Contact], datetime] = attrgetter("at")


def _rolling(days: int) -> Callable[[date], tuple[date, int]]:
    return lambda today: (today - timedelta(days=days - 1), days)


def _calendar_week(today: date) -> tuple[date, int]:
    return today - timedelta(days=today.weekday()), 0


def _about(case: Case, limit: Limit) -> Callable[[Contact], bool]:
    """Which contacts a limit counts."""
    if limit.counts_by is CountsBy.CUSTOMER:
        return _every
    debt = case.facts.account.account_id
    return lambda contact: contact.account_id == debt


def minimum_gap(case: Case) -> Refusal | None:
    """Some time passes between two dials."""
    minutes = max(case.version.min_gap_minutes.value, case.facts.campaign.strategy.min_gap_minutes)
    if not minutes or not case.facts.contacts:
        return None
    gap = timedelta(minutes=minutes)
    last = max(map(_at, case.facts.contacts))
    if case.now >= last + gap:
        return None
    reason = f"less than {minutes:g} minutes since the last dial"
    return Refusal(Rule.MINIMUM_GAP, reason, case.sooner((last + gap).astimezone(UTC)))


def quiet_after_conversation(case: Case) -> Refusal | None:
    """After a conversation some days are left in peace, its own day being the first."""
    limit = case.version.quiet_days
    if limit is None or not limit.value or not any(map(_talk, case.facts.contacts)):
        return None
    about = _about(case, limit)
    found = _counted(
        case, lambda contact: contact.conversation and about(contact), 1, _rolling(int(limit.value))
    )
    if found is None:
        return None
    whom = "about this debt" if limit.counts_by is CountsBy.DEBT else "with this customer"
    reason = f"{limit.value:g} days of quiet after a conversation {whom}"
    return Refusal(Rule.QUIET_AFTER_CONVERSATION, reason, found[1])


def conversation_cap(case: Case) -> Refusal | None:
    """Effective conversations a day, counted apart from dials."""
    limit = case.version.conversations_per_day
    if limit is None:
        return None
    found = _counted(case, _talk, int(limit.value), _rolling(1))
    if found is None:
        return None
    return Refusal(
        Rule.CONVERSATION_CAP, f"{found[0]} conversations today; at most {limit.value:g} a day", found[1]
    )


def daily_cap(case: Case) -> Refusal | None:
    """Dials a day."""
    most = case.version.dials_per_day.at_most(case.facts.campaign.strategy.dials_per_day)
    found = _counted(case, _every, most, _rolling(1))
    if found is None:
        return None
    return Refusal(Rule.DAILY_CAP, f"{found[0]} dials today; at most {most} a day", found[1])


def weekly_cap(case: Case) -> Refusal | None:
    """Dials from Monday to Sunday."""
    cap = case.version.dials_per_week
    if cap is None:
        return None
    most = cap.at_most(case.facts.campaign.strategy.dials_per_week)
    found = _counted(case, _every, most, _calendar_week)
    if found is None:
        return None
    return Refusal(Rule.WEEKLY_CAP, f"{found[0]} dials this week; at most {most} a week", found[1])


def seven_day_cap(case: Case) -> Refusal | None:
    """Dials today and on the six days before."""
    limit = case.version.dials_per_7_days
    if limit is None:
        return None
    found = _counted(case, _about(case, limit), int(limit.value), _rolling(_WEEK))
    if found is None:
        return None
    whom = " about this debt" if limit.counts_by is CountsBy.DEBT else ""
    reason = f"{found[0]} dials{whom} in seven days; at most {limit.value:g}"
    return Refusal(Rule.SEVEN_DAY_CAP, reason, found[1])


def reminder_cap(case: Case) -> Refusal | None:
    """Reminders of a bill that is not overdue yet, within seven days."""
    limit = case.version.reminders_per_week
    if limit is None or case.local[0].date() > case.facts.account.due_date:
        return None
    found = _counted(case, _reminder, int(limit.value), _rolling(_WEEK))
    if found is None:
        return None
    count, until = found
    here, due = case.zones[0], case.facts.account.due_date
    if due < until.astimezone(here).date():  # once it is overdue, other caps count
        until = min(until, local_instant(due + timedelta(days=1), 0, here))
    reason = f"{count} reminders in seven days; at most {limit.value:g} before a bill is overdue"
    return Refusal(Rule.REMINDER_CAP, reason, until)
