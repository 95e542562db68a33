"""The answer to "may this customer be called now?", and the rules that may give it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Rule(StrEnum):
    """The rule that decided. Asked in this order; the first that blocks is named (docs/compliance.md has them all)."""

    ALLOWED = "allowed"
    CAMPAIGN_NOT_RUNNING = "campaign_not_running"
    DO_NOT_CONTACT = "do_not_contact"
    BLACK_LIST = "black_list"
    COMPLAINT_LIST = "complaint_list"
    NUMBER_DEAD = "number_dead"
    DECEASED = "deceased"
    BANKRUPT = "bankrupt"
    REPRESENTED = "represented"
    GUARDIAN = "guardian"
    NO_CONSENT = "no_consent"
    DISPUTE_OPEN = "dispute_open"
    HANDED_OVER = "handed_over"
    PAID = "paid"
    PLAN_ACTIVE = "plan_active"
    STRATEGY_UNREADABLE = "strategy_unreadable"
    STRATEGY_STOPPED = "strategy_stopped"
    OUTSIDE_ROLLOUT = "outside_rollout"
    STRATEGY_NOT_SIGNED = "strategy_not_signed"
    NO_CALL_STEP = "no_call_step"
    STEP_NOT_DUE = "step_not_due"
    RULES_UNREADABLE = "rules_unreadable"
    UNKNOWN_TIMEZONE = "unknown_timezone"
    CONSENT_MISSING = "consent_missing"
    ACCOUNT_CLOSED = "account_closed"
    BELOW_MINIMUM_AMOUNT = "below_minimum_amount"
    OUTSIDE_AGING_BUCKETS = "outside_aging_buckets"
    NO_CALLER_ID = "no_caller_id"
    OPEN_ATTEMPT = "open_attempt"
    MAX_ATTEMPTS = "max_attempts"
    FIRST_CONTACT_BY_MESSAGE = "first_contact_by_message"
    RETRY_NOT_DUE = "retry_not_due"
    MINIMUM_GAP = "minimum_gap"
    QUIET_AFTER_CONVERSATION = "quiet_after_conversation"
    CONVERSATION_CAP = "conversation_cap"
    DAILY_CAP = "daily_cap"
    WEEKLY_CAP = "weekly_cap"
    SEVEN_DAY_CAP = "seven_day_cap"
    REMINDER_CAP = "reminder_cap"
    UNCONFIRMED_YEAR = "unconfirmed_year"
    HOLIDAY = "holiday"
    CLOSED_DAY = "closed_day"
    HARD_FLOOR = "hard_floor"
    CALLING_WINDOW = "calling_window"
    NO_COMMON_WINDOW = "no_common_window"


#: Rules of lists: their refusal lapses with the entry, where the entry lapses at all.
LIST_RULES = frozenset({Rule.DO_NOT_CONTACT, Rule.BLACK_LIST, Rule.COMPLAINT_LIST})

#: Rules whose refusal does not lapse by itself: no next allowed time exists until somebody changes something.
STANDING_RULES = frozenset(
    {
        Rule.CAMPAIGN_NOT_RUNNING,
        Rule.NUMBER_DEAD,
        Rule.DECEASED,
        Rule.BANKRUPT,
        Rule.REPRESENTED,
        Rule.GUARDIAN,
        Rule.NO_CONSENT,
        Rule.DISPUTE_OPEN,
        Rule.HANDED_OVER,
        Rule.PAID,
        Rule.STRATEGY_UNREADABLE,
        Rule.STRATEGY_STOPPED,
        Rule.OUTSIDE_ROLLOUT,
        Rule.STRATEGY_NOT_SIGNED,
        Rule.NO_CALL_STEP,
        Rule.RULES_UNREADABLE,
        Rule.UNKNOWN_TIMEZONE,
        Rule.CONSENT_MISSING,
        Rule.ACCOUNT_CLOSED,
        Rule.BELOW_MINIMUM_AMOUNT,
        Rule.OUTSIDE_AGING_BUCKETS,
        Rule.NO_CALLER_ID,
        Rule.OPEN_ATTEMPT,
        Rule.MAX_ATTEMPTS,
        Rule.FIRST_CONTACT_BY_MESSAGE,
        Rule.UNCONFIRMED_YEAR,
        Rule.NO_COMMON_WINDOW,
    }
)

#: Standing refusals that an edited file ends. Nothing in the store changes then, so they are asked again now and then.
FILE_RULES = frozenset({Rule.STRATEGY_UNREADABLE, Rule.RULES_UNREADABLE, Rule.UNCONFIRMED_YEAR})


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a rule that blocks says: why, and from when on it is worth asking again (UTC; None: not by itself)."""

    rule: Rule
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DialVerdict:
    """Allowed, or the first blocking rule, by which version of which rule pack.

    ``until`` is the earliest instant at which this rule stops blocking, or at which another version of the pack comes into
    force before that (UTC); None for a standing refusal.
    """

    allowed: bool
    rule: Rule
    reason: str
    until: datetime | None
    decided_at: datetime
    rule_pack: str = ""
    rule_pack_version: str = ""
