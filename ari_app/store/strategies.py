"""Strategy files at the gate: how an account is treated at a moment; sign-offs and stops as stored."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from ari_app.domain.account import Account
from ari_app.domain.campaign import Campaign
from ari_app.domain.contact_facts import ContactFacts
from ari_app.domain.rule_case import zone_of
from ari_app.domain.strategy import campaign_strategy, segment_of
from ari_app.domain.strategy_book import (
    Governed,
    Role,
    Standing,
    StrategyBook,
    chosen_version,
    counted_since,
    governed,
    next_call_at,
    same_person,
    treatment_of,
)
from ari_app.domain.triggers import DueStep, Moments, call_under_way, next_call, promise_calls
from ari_app.domain.verdict import Refusal, Rule
from ari_app.ports import SignOff, StrategyStop
from ari_app.store.codec import account_of, instant, instant_or_none, micros, micros_or_none, words_of
from ari_app.store.messages.reach import first_contact, message_channels_of
from ari_app.store.queries import SQL


def standing_of_strategies(connection: sqlite3.Connection, name: str) -> Standing:
    """Who has signed which content of a strategy, and whether it is stopped."""
    signed: dict[str, set[Role]] = {}
    for row in connection.execute(SQL["strategy_signed"], {"strategy": name}):
        signed.setdefault(row["digest"], set()).add(Role(row["role"]))
    stop = connection.execute(SQL["strategy_stopped"], {"strategy": name}).fetchone()
    return Standing(
        {digest: frozenset(roles) for digest, roles in signed.items()},
        {} if stop is None else {name: stop["reason"]},
    )


def moments_of(connection: sqlite3.Connection, campaign_account: int) -> Moments:
    """What the triggers of an account in a campaign count from."""
    row = connection.execute(SQL["strategy_moments"], {"campaign_account": campaign_account}).fetchone()
    return Moments(instant_or_none(row["added_at"]), days_of(row["promised"]))


def days_of(text: str) -> tuple[date, ...]:
    """The days of a stored JSON array."""
    return tuple(date.fromisoformat(day) for day in words_of(text))


def governed_facts(
    connection: sqlite3.Connection,
    facts: ContactFacts,
    row: sqlite3.Row,
    book: StrategyBook,
    now: int,
    promised: tuple[date, ...] | None = None,
) -> ContactFacts:
    """The facts of an account whose campaign names a strategy file, with what that file says of it at ``now``.

    ``promised`` are the days of promises that are being written.
    """
    account, campaign, at = facts.account, facts.campaign, instant(now)
    name, zone = campaign.strategy.file, zone_of(account.timezone) or UTC
    moments = moments_of(connection, row["campaign_account"])
    if promised is not None:
        moments = replace(moments, promised=promised)
    found = governed(
        book,
        standing_of_strategies(connection, name),
        campaign,
        account,
        at,
        zone,
        moments,
    )
    in_segment, in_step = _made(connection, campaign.campaign_id, account.customer_id, found)
    refusal = found.refusal or _full(connection, account.customer_id, book, found)
    used_up = _used_up(found, in_segment, in_step)
    if refusal is None and used_up:
        refusal = _awaited(used_up, next_call_at(book, campaign, account, at, zone, moments))
    holds = found.effective
    if holds is not None:
        account = replace(account, treatment=treatment_of(holds.segment, found.placement.tone))
    if holds is not None and not facts.contacted_before:
        writes = message_channels_of(holds.segment)
        facts = first_contact(connection, facts, row["account"], writes) if writes else facts
    return replace(
        facts,
        account=account,
        campaign=found.campaign,
        has_caller_id=bool(found.campaign.dialler.caller_id_pool),
        by_strategy=refusal,
        placement=found.placement,
        made_in_segment=in_segment,
        made_in_step=in_step,
    )


#: Of what a strategy file refuses, this holds for messages too; when its calls come is nothing to them.
_OF_MESSAGES = frozenset(
    {
        Rule.STRATEGY_UNREADABLE,
        Rule.STRATEGY_STOPPED,
        Rule.OUTSIDE_ROLLOUT,
        Rule.STRATEGY_NOT_SIGNED,
    }
)


def governed_message(
    connection: sqlite3.Connection, facts: ContactFacts, row: sqlite3.Row, book: StrategyBook, now: int
) -> ContactFacts:
    """The facts of a message with what the strategy file of its campaign says of the account at ``now``."""
    account, name = facts.account, facts.campaign.strategy.file
    zone, moments = zone_of(account.timezone) or UTC, moments_of(connection, row["campaign_account"])
    standing = standing_of_strategies(connection, name)
    found = governed(book, standing, facts.campaign, account, instant(now), zone, moments)
    refusal = found.refusal if found.refusal is not None and found.refusal.rule in _OF_MESSAGES else None
    refusal = refusal or _full(connection, account.customer_id, book, found)
    return replace(facts, campaign=found.campaign, by_strategy=refusal, placement=found.placement)


def priority_of(row: sqlite3.Row, campaign: Campaign, book: StrategyBook, now: datetime) -> int:
    """The priority of the segment of a row of ``standing``; 0 without a strategy file."""
    if not campaign.strategy.file:
        return 0
    account = account_of(row)
    chosen = chosen_version(book, campaign.strategy.file, account.customer_id, account.details.region)
    if isinstance(chosen, Refusal):
        return 0
    today = now.astimezone(zone_of(account.timezone) or UTC).date()
    return segment_of(chosen.strategy, account, today).priority


def _made(
    connection: sqlite3.Connection, campaign_id: str, customer_id: str, found: Governed
) -> tuple[int, int]:
    """Dials to a customer in the segment and the step, over all his accounts."""
    place = found.placement
    asked = {
        "campaign_id": campaign_id,
        "customer_id": customer_id,
        "segment": place.segment,
        "step": place.step,
        "since": micros_or_none(found.counted_since) or 0,
    }
    row = connection.execute(SQL["strategy_dials"], asked).fetchone()
    return row["in_segment"], row["in_step"]


def _used_up(found: Governed, in_segment: int, in_step: int) -> str:
    """The step, or the whole segment, whose attempts are used; '' while there are some left."""
    strategy, place = found.campaign.strategy, found.placement
    if in_segment >= strategy.max_attempts:
        return f"segment {place.segment}"
    return f"step {place.step}" if in_step >= len(strategy.retry_hours) else ""


def _awaited(used_up: str, later: datetime | None) -> Refusal | None:
    """Another call step comes, perhaps of the next segment; where none does, the caps refuse by themselves."""
    if later is None:
        return None
    wrong = f"all attempts of the {used_up} are used, and the next call is still to come"
    return Refusal(Rule.STEP_NOT_DUE, wrong, later)


def _full(
    connection: sqlite3.Connection, customer_id: str, book: StrategyBook, found: Governed
) -> Refusal | None:
    """The roll-out has reached as many customers as it may, and this one is none of them."""
    place = found.placement
    own = book.current.get(place.strategy)
    if own is None or own.strategy.version != place.version or own.strategy.rollout.most_customers is None:
        return None
    most = own.strategy.rollout.most_customers
    asked = {"strategy": place.strategy, "version": place.version, "customer_id": customer_id}
    row = connection.execute(SQL["strategy_customers"], asked).fetchone()
    if row["already"] or row["customers"] < most:
        return None
    wrong = f"{place.strategy} {place.version} has reached the {most} customers of its roll-out"
    return Refusal(Rule.OUTSIDE_ROLLOUT, wrong)


# ------------------------------------------------------------------------------------------------- what follows


#: Calls after the promises of one call that are looked at for a place.
MOST_FOLLOW_UPS = 8


@dataclass(frozen=True, slots=True)
class WhatFollows:
    """What the retry decision needs of a strategy: the campaign as the attempt's step has it, the dials of that step, when
    the next call step falls due, and the call steps after a promise, behind them the one that comes next."""

    campaign: Campaign
    first_dialled_at: datetime | None
    dials_made: int
    next_step_at: datetime | None
    after_promise: tuple[DueStep, ...] = ()


def what_follows(
    connection: sqlite3.Connection,
    campaign: Campaign,
    account: Account,
    attempt: sqlite3.Row,
    book: StrategyBook,
    ended_at: datetime,
    promised: tuple[date, ...],
) -> WhatFollows:
    """What may follow an attempt by a strategy file; ``promised`` are the days of the promises that this call brought."""
    chosen = chosen_version(book, campaign.strategy.file, account.customer_id, account.details.region)
    moments, zone = moments_of(connection, attempt["campaign_account"]), zone_of(account.timezone) or UTC
    begun = (
        None
        if isinstance(chosen, Refusal)
        else call_under_way(chosen.strategy, account, instant(attempt["reserved_at"]), zone, moments)
    )
    since = counted_since(begun if begun is not None and begun.step.name == attempt["step"] else None)
    asked = {key: attempt[key] for key in ("campaign_id", "customer_id", "segment", "step")}
    made = connection.execute(
        SQL["strategy_dials"], {**asked, "since": micros_or_none(since) or 0}
    ).fetchone()
    first, in_step = instant_or_none(made["first_at"]), made["in_step"]
    if isinstance(chosen, Refusal):
        # For the time being: the gate asks him again, and refuses as long as that holds.
        return WhatFollows(campaign, first, in_step, ended_at)
    strategy = chosen.strategy
    if promised:
        moments = replace(moments, promised=promised)
    under_way = call_under_way(strategy, account, ended_at, zone, moments)
    later = next_call(strategy, account, ended_at, zone, moments)
    next_at = None if later is None else later.at
    if under_way is not None and (under_way.segment.name, under_way.step.name) != (
        attempt["segment"],
        attempt["step"],
    ):
        next_at = ended_at  # another step has come due meanwhile
    segment = next((each for each in strategy.segments if each.name == attempt["segment"]), None)
    if segment is not None:
        step = next((each for each in segment.calls if each.name == attempt["step"]), None)
        says = campaign_strategy(strategy, segment, step)
        others = made["in_segment"] - in_step
        holds = replace(says, file=campaign.strategy.file, max_attempts=max(1, says.max_attempts - others))
        campaign = replace(campaign, strategy=holds)
    after = promise_calls(strategy, account, ended_at, zone, moments) if promised else ()
    last = next_call(strategy, account, after[-1].at, zone, moments) if after else None
    return WhatFollows(
        campaign, first, in_step, next_at, (*after[:MOST_FOLLOW_UPS], *(() if last is None else (last,)))
    )


# ------------------------------------------------------------------------------------------------- by people


def sign(connection: sqlite3.Connection, sign_off: SignOff, content: str) -> bool:
    """See ``Store.sign_strategy``."""
    added = connection.execute(
        SQL["sign_strategy"],
        {
            "strategy": sign_off.strategy,
            "version": sign_off.version,
            "digest": sign_off.digest,
            "role": sign_off.role.value,
            "signed_by": sign_off.signed_by,
            "signer": same_person(sign_off.signed_by),
            "now": micros(sign_off.signed_at),
            "content": content,
        },
    )
    return added.rowcount > 0


def stop(connection: sqlite3.Connection, name: str, reason: str, by: str, now: datetime) -> bool:
    """See ``Store.stop_strategy``."""
    asked = {"strategy": name, "reason": reason, "stopped_by": by, "now": micros(now)}
    return connection.execute(SQL["stop_strategy"], asked).rowcount > 0


def resume(connection: sqlite3.Connection, name: str, by: str, now: datetime) -> bool:
    """See ``Store.resume_strategy``."""
    asked = {"strategy": name, "resumed_by": by, "now": micros(now)}
    return connection.execute(SQL["resume_strategy"], asked).rowcount > 0


def ask_again(connection: sqlite3.Connection, after: int, upto: int) -> int:
    """Ask again what signatures and stops had refused, of the accounts with ids in (``after``, ``upto``]."""
    return connection.execute(SQL["rearm_strategies"], {"after": after, "upto": upto}).rowcount


def sign_offs(connection: sqlite3.Connection, name: str | None) -> list[SignOff]:
    """See ``Store.sign_offs``."""
    return [
        SignOff(
            row["strategy"],
            row["version"],
            row["digest"],
            Role(row["role"]),
            row["signed_by"],
            instant(row["signed_at"]),
        )
        for row in connection.execute(SQL["sign_offs"], {"strategy": name})
    ]


def signed_content(connection: sqlite3.Connection, name: str, version: str) -> str | None:
    """See ``Store.signed_content``."""
    row = connection.execute(SQL["signed_content"], {"strategy": name, "version": version}).fetchone()
    return None if row is None else str(row["content"])


def stops(connection: sqlite3.Connection, name: str | None) -> list[StrategyStop]:
    """See ``Store.strategy_stops``."""
    return [
        StrategyStop(
            row["strategy"],
            row["reason"],
            row["stopped_by"],
            instant(row["stopped_at"]),
            row["resumed_by"],
            instant_or_none(row["resumed_at"]),
        )
        for row in connection.execute(SQL["strategy_stops"], {"strategy": name})
    ]
