"""Rules that ask who the customer is and how his account stands; no clock but that of a list entry's expiry."""

from __future__ import annotations

from datetime import UTC, datetime

from ari_app.domain.campaign import CampaignStatus
from ari_app.domain.contact_facts import ContactFacts, Flag, ListKind
from ari_app.domain.rule_case import Case
from ari_app.domain.verdict import Refusal, Rule

_LISTS = {
    Rule.DO_NOT_CONTACT: (ListKind.DO_NOT_CONTACT, "on the do-not-contact list"),
    Rule.BLACK_LIST: (ListKind.BLACK, "on the black list"),
    Rule.COMPLAINT_LIST: (ListKind.COMPLAINT, "on the complaint list, so a person handles it"),
}
_FLAGS = {
    Rule.DECEASED: (Flag.DECEASED, "the customer is said to have died"),
    Rule.BANKRUPT: (Flag.BANKRUPT, "insolvency proceedings are on record"),
    Rule.REPRESENTED: (Flag.REPRESENTED, "a lawyer speaks for the customer"),
    Rule.GUARDIAN: (Flag.GUARDIAN, "only a guardian may be spoken to, by a person"),
    Rule.NO_CONSENT: (Flag.NO_CONSENT, "consent was refused or taken back"),
    Rule.DISPUTE_OPEN: (Flag.DISPUTE, "the bill is disputed, and nobody has answered yet"),
    Rule.HANDED_OVER: (Flag.HANDED_OVER, "somebody else has the case, so no machine calls"),
    Rule.PAID: (Flag.PAID, "the bill is said to be paid"),
}


def campaign_not_running(facts: ContactFacts, now: datetime) -> Refusal | None:
    """Paused and finished campaigns dial nobody."""
    if facts.campaign.status is CampaignStatus.RUNNING:
        return None
    return Refusal(Rule.CAMPAIGN_NOT_RUNNING, f"the campaign is {facts.campaign.status}")


def listed(rule: Rule, facts: ContactFacts, now: datetime) -> Refusal | None:
    """On a list that refuses: the entry that lasts longest is named."""
    kind, words = _LISTS[rule]
    entries = [
        entry
        for entry in facts.listed
        if entry.kind is kind and (entry.expires_at is None or entry.expires_at > now)
    ]
    if not entries:
        return None
    last = max(entries, key=lambda entry: (entry.expires_at is None, entry.expires_at or now))
    reason = f"{words}: {last.source}" + (f" ({last.reason})" if last.reason else "")
    return Refusal(rule, reason, None if last.expires_at is None else last.expires_at.astimezone(UTC))


def number_dead(facts: ContactFacts, now: datetime) -> Refusal | None:
    """A number that does not exist, is another person's, or refused for good."""
    if facts.number_dead is None:
        return None
    return Refusal(Rule.NUMBER_DEAD, f"the number is never dialled again ({facts.number_dead})")


def stands_apart(facts: ContactFacts) -> bool:
    """Whether anything but a consent is on record, or nothing is owed."""
    for each in facts.flags:
        if each.flag is not Flag.CONSENT:
            return True
    return facts.account.details.minor or _nothing_owed(facts)


def _nothing_owed(facts: ContactFacts) -> bool:
    amount = facts.account.amount_due
    return amount.is_finite() and amount <= 0


def flagged(rule: Rule, facts: ContactFacts, now: datetime) -> Refusal | None:
    """A flag that stands in the way, of the customer or of this account."""
    flag, words = _FLAGS[rule]
    for each in facts.flags:
        if each.flag is flag and each.account_id in ("", facts.account.account_id):
            return Refusal(rule, f"{words} (since {each.since.astimezone(UTC):%Y-%m-%d}: {each.source})")
    if rule is Rule.PAID and _nothing_owed(facts):
        return Refusal(rule, "nothing is owed of this bill any more")
    if rule is Rule.GUARDIAN and facts.account.details.minor:
        return Refusal(rule, f"{words} (the list says that the customer is a minor)")
    return None


def plan_active(facts: ContactFacts, now: datetime) -> Refusal | None:
    """A plan runs, and its next instalment is not late (requirements F9, F10)."""
    plan = facts.plan
    if plan is None or (plan.until is not None and now >= plan.until):
        return None
    what = "payment has been put off" if plan.kind == "deferral" else "the bill is paid by a plan"
    last = "" if plan.until is None else ", and its next day is not over"
    return Refusal(Rule.PLAN_ACTIVE, what + last, None if plan.until is None else plan.until.astimezone(UTC))


def by_strategy(facts: ContactFacts, now: datetime) -> Refusal | None:
    """What the strategy file of the campaign refuses: it is stopped, not signed, not rolled out to him, has no call now."""
    refusal = facts.by_strategy
    return None if refusal is None or (refusal.until is not None and now >= refusal.until) else refusal


# ------------------------------------------------------------------------------------- by pack and strategy


def consent_missing(case: Case) -> Refusal | None:
    """The pack asks for a consent on record."""
    demand, facts = case.version.consent_required, case.facts
    if demand is None or not demand.wanted:
        return None
    for each in facts.flags:
        if each.flag is Flag.CONSENT and each.account_id in ("", facts.account.account_id):
            return None
    wrong = f"no consent is on record, and {case.rules.pack.name} asks for it"
    return Refusal(Rule.CONSENT_MISSING, wrong, case.other_version())


def account_closed(case: Case) -> Refusal | None:
    """Nothing more is to be done in this campaign."""
    if case.facts.account_open:
        return None
    return Refusal(Rule.ACCOUNT_CLOSED, "nothing more is to be done for this account in this campaign")


def below_minimum_amount(case: Case) -> Refusal | None:
    """Not worth a call, or no amount at all."""
    amount, least = case.facts.account.amount_due, case.facts.campaign.strategy.min_amount
    if not amount.is_nan() and not least.is_nan() and amount >= least:
        return None
    return Refusal(Rule.BELOW_MINIMUM_AMOUNT, f"{amount} is below the minimum {least}")


def outside_aging_buckets(case: Case) -> Refusal | None:
    """Not of the accounts that this campaign is about."""
    bucket, wanted = case.facts.account.aging_bucket, case.facts.campaign.strategy.aging_buckets
    if not wanted or bucket in wanted:
        return None
    return Refusal(Rule.OUTSIDE_AGING_BUCKETS, f"aging bucket {bucket} is not among {', '.join(wanted)}")


def no_caller_id(case: Case) -> Refusal | None:
    """A call shows a number of one's own (requirement D15)."""
    if case.facts.has_caller_id:
        return None
    return Refusal(Rule.NO_CALLER_ID, "the campaign has no caller ID of its own to show")


def open_attempt(case: Case) -> Refusal | None:
    """Nobody is called twice at one time."""
    if not case.facts.open_attempt:
        return None
    return Refusal(Rule.OPEN_ATTEMPT, "another attempt for this customer is still open")


def max_attempts(case: Case) -> Refusal | None:
    """All counters apply; the smallest wins (requirement X3). By a strategy file the task has the pack's hard number, and
    each segment and each call step of it its own.
    """
    facts, cap = case.facts, case.version.attempts_per_task
    strategy, made = facts.campaign.strategy, facts.attempts_made
    counters: tuple[tuple[str, int, int], ...]
    if facts.made_in_segment is not None and facts.made_in_step is not None:
        counters = (
            ("campaign", made, cap.hard),
            ("segment", facts.made_in_segment, cap.at_most(strategy.max_attempts)),
            ("step", facts.made_in_step, len(strategy.retry_hours)),
        )
    else:
        least = min(cap.at_most(strategy.max_attempts), len(strategy.retry_hours))
        counters = (("campaign", made, least),)
    for what, count, most in counters:
        if count >= most:
            reason = f"all {count} attempts of this {what} are used"
            return Refusal(Rule.MAX_ATTEMPTS, reason, case.other_version())
    return None


def first_contact_by_message(case: Case) -> Refusal | None:
    """The first contact of a debt is a message, where the company can send one (requirements D9, X5)."""
    demand, facts = case.version.first_contact_by_message, case.facts
    if demand is None or not demand.wanted or not facts.message_channel or facts.contacted_before:
        return None
    wrong = "the first contact of a debt is a message, and none was sent yet"
    return Refusal(Rule.FIRST_CONTACT_BY_MESSAGE, wrong, case.other_version())


def retry_not_due(case: Case) -> Refusal | None:
    """The next attempt is planned for later."""
    due_at = case.facts.due_at
    if due_at is None or case.now >= due_at:
        return None
    return Refusal(Rule.RETRY_NOT_DUE, "the next attempt is planned for later", due_at.astimezone(UTC))
