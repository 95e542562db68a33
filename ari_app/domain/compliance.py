"""May this customer be called now? One pure function, one answer with its reason.

The rules stand in two tables, in the order in which they are asked; the first that blocks decides. The numbers come from a
rule pack (``domain/rule_pack.py``), what is known of the customer from the store (``domain/contact_facts.py``). A campaign
can only narrow a pack. docs/compliance.md tells of each rule what it means and until when it blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from ari_app.domain import rules_of_counting as counting
from ari_app.domain import rules_of_hours as hours
from ari_app.domain import rules_of_standing as standing
from ari_app.domain.contact_facts import ContactFacts
from ari_app.domain.openings import Openings
from ari_app.domain.rule_case import Case, Prepared, prepare, zone_of
from ari_app.domain.rule_pack import RuleBook
from ari_app.domain.verdict import FILE_RULES, LIST_RULES, STANDING_RULES, DialVerdict, Refusal, Rule

__all__ = [
    "CASE_RULES",
    "FACT_RULES",
    "FILE_RULES",
    "LIST_RULES",
    "STANDING_RULES",
    "ContactFacts",
    "Decide",
    "DialVerdict",
    "NextContact",
    "Refusal",
    "Rule",
    "blocking",
    "decide",
    "next_allowed",
    "zone_of",
]

Decide = Callable[[ContactFacts, datetime], DialVerdict]

FactRule = Callable[[ContactFacts, datetime], Refusal | None]
CaseRule = Callable[[Case], Refusal | None]

#: Rules that need neither pack nor zone, each group with what makes it worth asking.
FACT_RULES: tuple[tuple[Callable[[ContactFacts], bool], tuple[FactRule, ...]], ...] = (
    (lambda facts: True, (standing.campaign_not_running,)),
    (
        lambda facts: bool(facts.listed),
        tuple(
            partial(standing.listed, rule)
            for rule in (Rule.DO_NOT_CONTACT, Rule.BLACK_LIST, Rule.COMPLAINT_LIST)
        ),
    ),
    (lambda facts: True, (standing.number_dead,)),
    (
        standing.stands_apart,
        tuple(
            partial(standing.flagged, rule)
            for rule in (
                Rule.DECEASED,
                Rule.BANKRUPT,
                Rule.REPRESENTED,
                Rule.GUARDIAN,
                Rule.NO_CONSENT,
                Rule.DISPUTE_OPEN,
                Rule.HANDED_OVER,
                Rule.PAID,
            )
        ),
    ),
    (lambda facts: facts.plan is not None, (standing.plan_active,)),
    (lambda facts: facts.by_strategy is not None, (standing.by_strategy,)),
)

#: Rules that are asked once the pack is read and every zone is known (``rules_unreadable``, ``unknown_timezone``).
CASE_RULES: tuple[tuple[Callable[[Case], bool], tuple[CaseRule, ...]], ...] = (
    (
        lambda case: True,
        (
            standing.consent_missing,
            standing.account_closed,
            standing.below_minimum_amount,
            standing.outside_aging_buckets,
            standing.no_caller_id,
            standing.open_attempt,
            standing.max_attempts,
            standing.first_contact_by_message,
            standing.retry_not_due,
        ),
    ),
    (
        lambda case: bool(case.facts.contacts),
        (
            counting.minimum_gap,
            counting.quiet_after_conversation,
            counting.conversation_cap,
            counting.daily_cap,
            counting.weekly_cap,
            counting.seven_day_cap,
            counting.reminder_cap,
        ),
    ),
    (
        hours.is_closed,
        (
            hours.unconfirmed_year,
            hours.holiday,
            hours.closed_day,
            hours.hard_floor,
            hours.calling_window,
        ),
    ),
)

#: More refusals in a row than this are no way to a call; each step goes to another rule's end.
MOST_STEPS = 200


def decide(
    book: RuleBook, facts: ContactFacts, now: datetime, openings: Openings | None = None
) -> DialVerdict:
    """The verdict on dialling this customer at ``now`` (aware). Total: every input gets an answer.

    :param openings: remembers openings between questions of one ``book``; the answers are the same without.
    """
    pack = facts.campaign.strategy.rule_pack
    version = ""
    try:
        now = now.astimezone(UTC)
        prepared = prepare(book, facts, now, openings)
        version = prepared.version
        refusal = _first(prepared, facts, now)
    except OverflowError:
        refusal = _END_OF_TIME
    if refusal is None:
        return DialVerdict(
            True, Rule.ALLOWED, "inside every window and below every cap", None, now, pack, version
        )
    return DialVerdict(False, refusal.rule, refusal.reason, refusal.until, now, pack, version)


def blocking(book: RuleBook, facts: ContactFacts, now: datetime) -> tuple[Refusal, ...]:
    """Every rule that blocks at ``now``, in order; empty where a call is allowed."""
    try:
        now = now.astimezone(UTC)
        found = {each.rule: each for each in _refusals(prepare(book, facts, now), facts, now)}
    except OverflowError:
        return (_END_OF_TIME,)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class NextContact:
    """``at`` is the first instant at which a call is allowed, by ``verdict``; None where a standing refusal comes first."""

    at: datetime | None
    verdict: DialVerdict


def next_allowed(book: RuleBook, facts: ContactFacts, now: datetime) -> NextContact:
    """The first instant from ``now`` on at which every rule allows a call, as things stand; or the refusal that only a
    change (an entry off a list, a campaign resumed) would end.
    """
    at = now
    verdict = decide(book, facts, at)
    for _ in range(MOST_STEPS):
        if verdict.allowed:
            return NextContact(at, verdict)
        if verdict.until is None or verdict.until <= at:
            break
        at = verdict.until
        verdict = decide(book, facts, at)
    return NextContact(None, verdict)


_END_OF_TIME = Refusal(
    Rule.UNKNOWN_TIMEZONE, "the instant lies at the end of the calendar, so no hour is known to be lawful"
)


def _first(prepared: Prepared, facts: ContactFacts, now: datetime) -> Refusal | None:
    """The first of ``_refusals``; asked before every dial, so without the cost of an iterator."""
    for worth, asked in FACT_RULES:
        if worth(facts):
            for fact_rule in asked:
                refusal = fact_rule(facts, now)
                if refusal is not None:
                    return refusal
    case = prepared.case
    if isinstance(case, Refusal):
        return case
    for applies, rules in CASE_RULES:
        if applies(case):
            for rule in rules:
                refusal = rule(case)
                if refusal is not None:
                    return refusal
    return None


def _refusals(prepared: Prepared, facts: ContactFacts, now: datetime) -> Iterator[Refusal]:
    for worth, asked in FACT_RULES:
        if worth(facts):
            yield from (refusal for rule in asked if (refusal := rule(facts, now)) is not None)
    case = prepared.case
    if isinstance(case, Refusal):
        yield case
        return
    for applies, rules in CASE_RULES:
        if applies(case):
            yield from (refusal for rule in rules if (refusal := rule(case)) is not None)
