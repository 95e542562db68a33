"""May this customer be called now? One pure function, one answer with its reason.

Minimum law of every campaign: the hard floor 08:00-22:00 in the customer's time zone, the campaign's windows, the
do-not-contact list, the caps, and one open attempt per customer. A rule pack may only be narrowed, never widened.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign, CampaignStatus
from ari_app.domain.windows import Window, intersect, is_open, local_instant, next_opening

RULE_PACK = "cn-telecom"
RULE_PACK_VERSION = "2025.1"

#: No calls 22:00-08:00 local time (requirement D3); no campaign can widen it.
HARD_FLOOR = Window(8 * 60, 22 * 60)

#: Dials to one customer on one local day, over all campaigns (requirements D6, D7).
MAX_DIALS_A_DAY = 2


class Rule(StrEnum):
    """The rule that decided. Checked in this order; the first that blocks is named."""

    ALLOWED = "allowed"
    CAMPAIGN_NOT_RUNNING = "campaign_not_running"
    DO_NOT_CONTACT = "do_not_contact"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    ACCOUNT_CLOSED = "account_closed"
    BELOW_MINIMUM_AMOUNT = "below_minimum_amount"
    OUTSIDE_AGING_BUCKETS = "outside_aging_buckets"
    NO_CALLER_ID = "no_caller_id"
    OPEN_ATTEMPT = "open_attempt"
    MAX_ATTEMPTS = "max_attempts"
    RETRY_NOT_DUE = "retry_not_due"
    DAILY_CAP = "daily_cap"
    CLOSED_DAY = "closed_day"
    HARD_FLOOR = "hard_floor"
    CALLING_WINDOW = "calling_window"
    NO_COMMON_WINDOW = "no_common_window"


#: Rules whose refusal does not lapse by itself: no next allowed time exists until somebody changes something.
STANDING_RULES = frozenset(
    {
        Rule.CAMPAIGN_NOT_RUNNING,
        Rule.DO_NOT_CONTACT,
        Rule.UNKNOWN_TIMEZONE,
        Rule.ACCOUNT_CLOSED,
        Rule.BELOW_MINIMUM_AMOUNT,
        Rule.OUTSIDE_AGING_BUCKETS,
        Rule.NO_CALLER_ID,
        Rule.OPEN_ATTEMPT,
        Rule.MAX_ATTEMPTS,
        Rule.NO_COMMON_WINDOW,
    }
)


@dataclass(frozen=True, slots=True)
class DialVerdict:
    """Allowed, or the first blocking rule.

    ``until`` is the earliest instant at which this rule stops blocking (UTC), None for a standing refusal.
    """

    allowed: bool
    rule: Rule
    reason: str
    until: datetime | None
    decided_at: datetime
    rule_pack: str = RULE_PACK
    rule_pack_version: str = RULE_PACK_VERSION


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """What the store knows at the moment of deciding.

    ``dials`` are the instants at which an INVITE left for this customer, over all campaigns and numbers, ascending;
    ``attempts_made`` counts dials of this account in this campaign; ``due_at`` is the planned time of the next one.
    """

    account: Account
    campaign: Campaign
    do_not_contact: str | None = None
    account_open: bool = True
    open_attempt: bool = False
    attempts_made: int = 0
    due_at: datetime | None = None
    dials: Sequence[datetime] = ()
    has_caller_id: bool = True


Decide = Callable[[ContactFacts, datetime], DialVerdict]


def zone_of(name: str) -> tzinfo | None:
    """The time zone of an IANA name, None when it is unknown or not a plain name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def decide(facts: ContactFacts, now: datetime) -> DialVerdict:
    """The verdict on dialling this customer at ``now`` (aware). Total: every input gets an answer."""
    try:
        return _decide(facts, now.astimezone(UTC))
    except OverflowError:
        reason = "the instant lies at the end of the calendar, so no hour is known to be lawful"
        return DialVerdict(False, Rule.UNKNOWN_TIMEZONE, reason, None, now)


def _decide(facts: ContactFacts, now: datetime) -> DialVerdict:
    account, campaign = facts.account, facts.campaign
    strategy = campaign.strategy

    def deny(rule: Rule, reason: str, until: datetime | None = None) -> DialVerdict:
        return DialVerdict(False, rule, reason, until, now)

    if campaign.status is not CampaignStatus.RUNNING:
        return deny(Rule.CAMPAIGN_NOT_RUNNING, f"the campaign is {campaign.status}")
    if facts.do_not_contact is not None:
        return deny(Rule.DO_NOT_CONTACT, f"on the do-not-contact list: {facts.do_not_contact}")
    zone = zone_of(account.timezone)
    campaign_zone = zone_of(strategy.timezone)
    if zone is None or campaign_zone is None:
        unknown = account.timezone if zone is None else strategy.timezone
        return deny(
            Rule.UNKNOWN_TIMEZONE, f"time zone {unknown!r} is unknown, so no hour is known to be lawful"
        )
    if not facts.account_open:
        return deny(Rule.ACCOUNT_CLOSED, "nothing more is to be done for this account in this campaign")
    if (
        account.amount_due.is_nan()
        or strategy.min_amount.is_nan()
        or account.amount_due < strategy.min_amount
    ):
        return deny(
            Rule.BELOW_MINIMUM_AMOUNT, f"{account.amount_due} is below the minimum {strategy.min_amount}"
        )
    if strategy.aging_buckets and account.aging_bucket not in strategy.aging_buckets:
        wanted = ", ".join(strategy.aging_buckets)
        return deny(Rule.OUTSIDE_AGING_BUCKETS, f"aging bucket {account.aging_bucket} is not among {wanted}")
    if not facts.has_caller_id:
        return deny(Rule.NO_CALLER_ID, "the campaign has no caller ID of its own to show")
    if facts.open_attempt:
        return deny(Rule.OPEN_ATTEMPT, "another attempt for this customer is still open")
    if facts.attempts_made >= min(strategy.max_attempts, len(strategy.retry_hours)):
        return deny(Rule.MAX_ATTEMPTS, f"all {facts.attempts_made} attempts of this campaign are used")
    if facts.due_at is not None and now < facts.due_at:
        return deny(Rule.RETRY_NOT_DUE, "the next attempt is planned for later", facts.due_at.astimezone(UTC))
    today = now.astimezone(zone).date()
    dials_today = sum(1 for dial in facts.dials if dial.astimezone(zone).date() == today)
    if dials_today >= MAX_DIALS_A_DAY:
        until = local_instant(today + timedelta(days=1), 0, zone)
        return deny(Rule.DAILY_CAP, f"{dials_today} dials today; at most {MAX_DIALS_A_DAY} a day", until)
    return _hours(facts, now, zone, campaign_zone, deny)


def _hours(
    facts: ContactFacts,
    now: datetime,
    zone: tzinfo,
    campaign_zone: tzinfo,
    deny: Callable[[Rule, str, datetime | None], DialVerdict],
) -> DialVerdict:
    """The clock's part: weekday, hard floor, campaign windows, preferred windows, each in its own zone."""
    strategy = facts.campaign.strategy
    lawful = intersect([HARD_FLOOR], facts.account.preferred_windows or [HARD_FLOOR])
    opening = _next_common_opening(
        lawful, strategy.windows, now, zone, campaign_zone, strategy.closed_weekdays
    )
    if opening is None:
        return deny(
            Rule.NO_COMMON_WINDOW, "campaign windows, preferred windows and 08:00-22:00 never meet", None
        )
    if opening == now:
        return DialVerdict(True, Rule.ALLOWED, "inside every window and below every cap", None, now)
    local = now.astimezone(zone)
    if not HARD_FLOOR.contains(local.time()):
        return deny(
            Rule.HARD_FLOOR, f"{local:%H:%M} where the customer lives; calls only {HARD_FLOOR}", opening
        )
    for there in (local, now.astimezone(campaign_zone)):
        if there.weekday() in strategy.closed_weekdays:
            return deny(Rule.CLOSED_DAY, f"the campaign is closed on {there:%A}", opening)
    windows = ", ".join(str(window) for window in strategy.windows)
    return deny(Rule.CALLING_WINDOW, f"{local:%H:%M} is outside the calling windows {windows}", opening)


def _next_common_opening(
    lawful: Sequence[Window],
    windows: Sequence[Window],
    now: datetime,
    zone: tzinfo,
    campaign_zone: tzinfo,
    closed_weekdays: Sequence[int],
) -> datetime | None:
    """The first instant open in the customer's zone and in the campaign's zone; None when there is none in 62 days."""
    at = now
    limit = now + timedelta(days=62)
    while at < limit:
        here = next_opening(lawful, at, zone, closed_days=closed_weekdays)
        there = next_opening(windows, at, campaign_zone, closed_days=closed_weekdays)
        if here is None or there is None:
            return None
        if here == there:
            return here
        at = max(here, there)
        if _open_both(lawful, windows, at, zone, campaign_zone, closed_weekdays):
            return at
    return None


def _open_both(
    lawful: Sequence[Window],
    windows: Sequence[Window],
    at: datetime,
    zone: tzinfo,
    campaign_zone: tzinfo,
    closed_weekdays: Sequence[int],
) -> bool:
    return all(
        is_open(spans, at, where) and at.astimezone(where).weekday() not in closed_weekdays
        for spans, where in ((lawful, zone), (windows, campaign_zone))
    )
