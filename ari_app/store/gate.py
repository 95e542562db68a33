"""The gate before a dial: gather the facts, ask the verdict, store it, and let the database forbid the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.caller_id import NumberRules
from ari_app.domain.campaign import Campaign, DialMode
from ari_app.domain.compliance import FILE_RULES, ContactFacts, Decide, DialVerdict, Rule
from ari_app.errors import StoreError
from ari_app.ports import Admission
from ari_app.store.budget import goes_first
from ari_app.store.caller_ids import CallerIds, count_shown, is_barred
from ari_app.store.campaigns import CampaignCache
from ari_app.store.codec import micros, micros_or_none
from ari_app.store.facts import facts_of
from ari_app.store.order import after_postponing, after_refusal, due_in_order
from ari_app.store.queries import SQL
from ari_app.store.rivals import standing_row, yields_to_another

#: Accounts examined in one claim, so that many refusals never hold the writer for long: the next claim goes on.
MAX_EXAMINED = 64

#: A refusal that an edited file ends changes nothing in the store, so it is asked again after this.
FILES_AGAIN = timedelta(minutes=15)

_LEAST_PAGE = 16

#: Why nothing is dialled while every number of a pool is marked, rests or has had its calls.
NONE_TO_SHOW = (
    "every caller ID of the pool is marked, rests, cools down or has had its calls (ari-app caller-ids list)"
)


def claim_due(
    connection: sqlite3.Connection,
    campaigns: CampaignCache,
    campaign_id: str,
    now: datetime,
    limit: int,
    decide: Decide,
    new_id: Callable[[], str],
    admission: Admission | None = None,
    rules: Mapping[str, NumberRules] = MappingProxyType({}),
) -> list[ReservedAttempt]:
    """See ``Store.claim_due``; ``rules`` are those of approved caller IDs."""
    numbers = CallerIds(connection, rules, now)
    campaign = campaigns.required(connection, campaign_id)
    at = micros(now)
    reserved: list[ReservedAttempt] = []
    taken: set[str] = set()
    examined = 0
    while len(reserved) < limit and examined < MAX_EXAMINED:
        page = max(limit - len(reserved), _LEAST_PAGE)
        due = due_in_order(connection, campaign, campaigns.book, now, page)
        for number in due:
            if len(reserved) == limit:
                break
            row = standing_row(connection, number)
            customer = row["customer_id"]
            if row["state"] != "waiting" or row["due_at"] is None or row["due_at"] > at:
                continue  # asked already, in the place of another account of the customer
            attempt = None
            first = goes_first(connection, row, at) if customer not in taken else row["campaign_account"]
            if first != row["campaign_account"]:
                attempt = _claim_one(
                    connection,
                    standing_row(connection, first),
                    campaign,
                    now,
                    decide,
                    new_id,
                    campaigns,
                    admission,
                    numbers,
                )
                examined += 1
            if attempt is None:
                attempt = _claim_one(
                    connection, row, campaign, now, decide, new_id, campaigns, admission, numbers
                )
                examined += 1
            if attempt is not None:
                reserved.append(attempt)
                taken.add(customer)
        if len(due) < page:
            break
    return reserved


def _claim_one(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    campaign: Campaign,
    now: datetime,
    decide: Decide,
    new_id: Callable[[], str],
    campaigns: CampaignCache,
    admission: Admission | None,
    numbers: CallerIds,
) -> ReservedAttempt | None:
    at = micros(now)
    facts = facts_of(connection, row, campaign, at, book=campaigns.book)
    verdict = decide(facts, now)
    if verdict.allowed:
        yields_until = yields_to_another(connection, campaigns, row, campaign, now, decide)
        if yields_until is not None:
            again = {"campaign_account": row["campaign_account"], "due_at": yields_until}
            connection.execute(SQL["plan_postponed"], again | {"call_class": row["call_class"]})
            return None
        wait_s = None if admission is None else admission.wait_s(facts.account.phone)
        if wait_s is not None:  # the plan stands; only this look at it comes again
            again = {"campaign_account": row["campaign_account"], "due_at": at + round(wait_s * 1e6) + 1}
            connection.execute(SQL["plan_postponed"], again | after_postponing(row))
            return None
        account = facts.account
        shown = numbers.choose(
            facts.campaign.dialler.caller_id_pool, account.phone, account.customer_id, facts.attempts_made + 1
        )
        if shown.number is None:
            verdict = replace(refused(verdict, Rule.NO_CALLER_ID, NONE_TO_SHOW), until=shown.until)
        else:
            attempt = _reserve(connection, row, facts, verdict, now, new_id, shown.number)
            if attempt is not None:
                numbers.took(shown.number)
                if admission is not None:
                    admission.took(account.phone)
                return attempt
            verdict = refused(verdict, Rule.OPEN_ATTEMPT, "another attempt for this customer is still open")
    until = now + FILES_AGAIN if verdict.rule in FILE_RULES and verdict.until is None else verdict.until
    due_at = micros_or_none(until)
    connection.execute(
        SQL["plan_refused"],
        {
            "campaign_account": row["campaign_account"],
            # Never now or earlier: a refusal that lapses at once would be asked again for ever.
            "due_at": None if due_at is None else max(due_at, at + 1),
            "rule": verdict.rule.value,
            "verdict": store_verdict(connection, row, verdict, "plan", None, at),
            **after_refusal(row, verdict.rule, now),
        },
    )
    return None


def refused(verdict: DialVerdict, rule: Rule, reason: str) -> DialVerdict:
    """A verdict that the database has overruled."""
    return replace(verdict, allowed=False, rule=rule, reason=reason, until=None)


def _reserve(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    facts: ContactFacts,
    verdict: DialVerdict,
    now: datetime,
    new_id: Callable[[], str],
    caller_id: str,
) -> ReservedAttempt | None:
    """Insert an open attempt; None when the customer has one already."""
    campaign, account = facts.campaign, facts.account
    number = facts.attempts_made + 1
    attempt_id = new_id()
    inserted = connection.execute(
        SQL["reserve_attempt"],
        {
            "attempt_id": attempt_id,
            "campaign_account": row["campaign_account"],
            "campaign_id": campaign.campaign_id,
            "customer_id": account.customer_id,
            "account_id": account.account_id,
            "bill_id": account.bill_id,
            "phone": account.phone,
            "caller_id": caller_id,
            "number": number,
            "timezone": account.timezone,
            "strategy": campaign.strategy.name,
            "strategy_version": facts.placement.version,
            "segment": facts.placement.segment,
            "step": facts.placement.step,
            "step_trigger": facts.placement.trigger,
            "tone": facts.placement.tone,
            "rule_pack": verdict.rule_pack,
            "rule_pack_version": verdict.rule_pack_version,
            "now": micros(now),
        },
    )
    if inserted.rowcount != 1:
        return None
    verdict_id = store_verdict(connection, row, verdict, "plan", attempt_id, micros(now))
    connection.execute(
        SQL["plan_opened"], {"campaign_account": row["campaign_account"], "verdict": verdict_id}
    )
    return ReservedAttempt(
        attempt_id=attempt_id,
        campaign_id=campaign.campaign_id,
        account=account,
        caller_id=caller_id,
        number=number,
        reserved_at=now,
        verdict=verdict,
        flow=campaign.strategy.flow,
        ring_timeout_s=campaign.dialler.ring_timeout_s,
        voice=campaign.strategy.voice,
        experiments=campaign.strategy.experiments,
        team="" if campaign.dialler.mode is DialMode.AI else campaign.dialler.team,
    )


def mark_dialled(
    connection: sqlite3.Connection, campaigns: CampaignCache, attempt_id: str, now: datetime, decide: Decide
) -> DialVerdict:
    """See ``Store.mark_dialled``. Raises StoreError unless the attempt is open and not yet dialled."""
    attempt = connection.execute(SQL["attempt"], {"attempt_id": attempt_id}).fetchone()
    if attempt is None:
        raise StoreError(f"attempt {attempt_id}: there is no such attempt, so nothing may be dialled for it")
    if attempt["ended_at"] is not None:
        raise StoreError(f"attempt {attempt_id}: it has been closed, so nothing may be dialled for it")
    if attempt["dialled_at"] is not None:
        raise StoreError(f"attempt {attempt_id}: it has been dialled; an attempt is dialled once")
    row = standing_row(connection, attempt["campaign_account"])
    at = micros(now)
    campaign = campaigns.required(connection, row["campaign_id"])
    # The open attempt is this very one: a second for the customer cannot exist.
    facts = facts_of(connection, row, campaign, at, attempt["phone"], book=campaigns.book)
    facts = replace(
        facts,
        account_open=True,
        open_attempt=False,
        due_at=None,
        has_caller_id=attempt["caller_id"] in facts.campaign.dialler.caller_id_pool,
    )
    verdict = decide(facts, now)
    if verdict.allowed and facts.account.phone != attempt["phone"]:
        # A list that was loaded meanwhile; the reserved number is not the customer's any more.
        changed = "the account's number has changed since the attempt was reserved"
        verdict = refused(verdict, Rule.ACCOUNT_CLOSED, changed)
    if verdict.allowed and is_barred(connection, attempt["caller_id"]):
        barred = "the caller ID of this call was marked or failed its test since the attempt was reserved"
        verdict = refused(verdict, Rule.NO_CALLER_ID, barred)
    place = facts.placement
    by_now = (place.version, place.segment, place.step)
    if verdict.allowed and by_now != (attempt["strategy_version"], attempt["segment"], attempt["step"]):
        # Its flow, tone and offers are those of another step: the attempt is planned again, by what holds now.
        other = "another step or version of the strategy holds than when the attempt was reserved"
        verdict = refused(verdict, Rule.STEP_NOT_DUE, other)
    verdict_id = store_verdict(connection, row, verdict, "dial", attempt_id, at)
    campaign_account = row["campaign_account"]
    if not verdict.allowed:
        connection.execute(SQL["dial_refused"], {"campaign_account": campaign_account, "verdict": verdict_id})
        return verdict
    # A wall clock that was set back between the two moments must not make the record impossible.
    dialled_at = max(at, attempt["reserved_at"])
    connection.execute(
        SQL["attempt_dialled"],
        {
            "attempt_id": attempt_id,
            "dialled_at": dialled_at,
            "rule_pack": verdict.rule_pack,
            "rule_pack_version": verdict.rule_pack_version,
        },
    )
    count_shown(connection, attempt["caller_id"], dialled_at)
    connection.execute(
        SQL["count_dial"],
        {"campaign_account": campaign_account, "dialled_at": dialled_at, "verdict": verdict_id},
    )
    return verdict


def store_verdict(
    connection: sqlite3.Connection,
    row: sqlite3.Row,
    verdict: DialVerdict,
    asked: str,
    attempt_id: str | None,
    now: int,
    *,
    channel: str = "call",
    last: int | None = None,
) -> int:
    """Store an answer of the gate; the id of its row. A refusal that repeats word for word counts up its row.

    Over another ``channel`` than a call, ``attempt_id`` is the message, and ``last`` its last verdict.
    """
    if channel == "call":
        last = row["last_verdict"]
    params = {
        "campaign_account": row["campaign_account"],
        "campaign_id": row["campaign_id"],
        "customer_id": row["customer_id"],
        "attempt_id": attempt_id,
        "asked": asked,
        "allowed": int(verdict.allowed),
        "rule": verdict.rule.value,
        "reason": verdict.reason,
        "until": None if verdict.allowed else micros_or_none(verdict.until),
        "rule_pack": verdict.rule_pack,
        "rule_pack_version": verdict.rule_pack_version,
        "now": now,
        "last_verdict": last,
        "channel": channel,
    }
    if (
        last is not None
        and not verdict.allowed
        and connection.execute(SQL["repeat_verdict"], params).rowcount
    ):
        return last
    added = connection.execute(SQL["add_verdict"], params)
    assert added.lastrowid is not None
    return added.lastrowid
