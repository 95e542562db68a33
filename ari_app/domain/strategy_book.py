"""Every strategy that there is, and by which of them, and which step, an account is treated at a moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from ari_app.domain.account import Account, Treatment
from ari_app.domain.campaign import Campaign
from ari_app.domain.rollout import HELD_BACK, version_for
from ari_app.domain.segment import Segment, Step, in_regions
from ari_app.domain.strategy import Effective, Strategy, effective, tone_of
from ari_app.domain.triggers import (
    NO_MOMENTS,
    DueStep,
    Moments,
    call_under_way,
    follows_promise,
    next_call,
)
from ari_app.domain.verdict import Refusal, Rule


class Role(StrEnum):
    """Who signs a version before it may dial (requirement D22)."""

    LEGAL = "legal"
    COMPLIANCE = "compliance"
    DATA_SECURITY = "data-security"


def same_person(name: str) -> str:
    """A name as it is compared: one person signs for one office only, however the name is written."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class KnownStrategy:
    """A version with the digest of its content, which is what people sign."""

    strategy: Strategy
    digest: str


@dataclass(frozen=True, slots=True)
class StrategyBook:
    """Every strategy by name; ``others`` are older versions that are kept for a roll-out, by name and version.

    ``faults`` tells of those that cannot be used and have no last good version.
    """

    current: Mapping[str, KnownStrategy] = field(default_factory=dict)
    others: Mapping[tuple[str, str], KnownStrategy] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def version(self, name: str, version: str) -> KnownStrategy | None:
        """A version of a strategy; None where it has no file."""
        own = self.current.get(name)
        return (
            own if own is not None and own.strategy.version == version else self.others.get((name, version))
        )


NO_BOOK = StrategyBook()


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store knows of strategies: who has signed which digest, and which strategies are stopped, and why."""

    signed: Mapping[str, frozenset[Role]] = field(default_factory=dict)
    stopped: Mapping[str, str] = field(default_factory=dict)

    def missing(self, digest: str) -> tuple[Role, ...]:
        """The roles that have not signed a content."""
        return tuple(role for role in Role if role not in self.signed.get(digest, frozenset()))


@dataclass(frozen=True, slots=True)
class Placement:
    """By what an attempt is made, as it is recorded with it; ``trigger`` is when its step falls due, such as promise+1d."""

    strategy: str = ""
    version: str = ""
    segment: str = ""
    step: str = ""
    tone: str = ""
    trigger: str = ""


NOWHERE = Placement()


def treatment_of(segment: Segment, tone: str) -> Treatment:
    """How the bot treats the accounts of a segment."""
    offers = segment.offers
    if not offers.said:
        return Treatment(tone)
    return Treatment(tone, offers.instalments, offers.deferral_days)


@dataclass(frozen=True, slots=True)
class Governed:
    """How a strategy file treats an account at a moment.

    ``refusal`` is why it may not be called by it (None: it may, as far as the strategy goes); ``campaign`` is the task with
    what the segment says. ``counted_since``: dials before then do not count for the step (None: all do).
    """

    refusal: Refusal | None
    effective: Effective | None
    placement: Placement
    campaign: Campaign
    counted_since: datetime | None = None


def counted_since(under_way: DueStep | None) -> datetime | None:
    """Since when dials count for a step: one that follows a promise begins anew with each promised day."""
    return under_way.at if under_way is not None and follows_promise(under_way) else None


def chosen_version(book: StrategyBook, name: str, customer_id: str, region: str) -> KnownStrategy | Refusal:
    """The version by which a customer is treated, or why he is not."""
    own = book.current.get(name)
    if own is None:
        why = book.faults.get(name, f"there is no strategy {name!r}")
        return Refusal(Rule.STRATEGY_UNREADABLE, f"{why}, so nobody is called by it")
    rollout, own_version = own.strategy.rollout, own.strategy.version
    if rollout.regions and not in_regions(region, rollout.regions):
        regions = ", ".join(rollout.regions)
        return Refusal(Rule.OUTSIDE_ROLLOUT, f"{name} {own_version} is rolled out in {regions} only")
    version = version_for(name, own_version, rollout, customer_id)
    if version == HELD_BACK:
        return Refusal(Rule.OUTSIDE_ROLLOUT, f"held back by the roll-out of {name} {own_version}")
    known = book.version(name, version)
    if known is None:
        return Refusal(Rule.STRATEGY_UNREADABLE, f"the version {version} of {name} has no file any more")
    return known


def governed(
    book: StrategyBook,
    standing: Standing,
    campaign: Campaign,
    account: Account,
    now: datetime,
    zone: tzinfo,
    moments: Moments = NO_MOMENTS,
) -> Governed:
    """How the strategy file of a campaign treats an account; ``zone`` is where the customer lives."""
    name = campaign.strategy.file
    chosen = chosen_version(book, name, account.customer_id, account.details.region)
    if isinstance(chosen, Refusal):
        return Governed(chosen, None, Placement(name), campaign)
    strategy, today = chosen.strategy, now.astimezone(zone).date()
    under_way = call_under_way(strategy, account, now, zone, moments)
    step = None if under_way is None else under_way.step
    holds = effective(strategy, account, today, step)
    refusal = _not_now(holds, chosen, standing)
    if refusal is None and step is None:
        refusal = _no_step(holds, next_call(strategy, account, now, zone, moments))
    return Governed(
        refusal, holds, _placement(holds, step), narrowed(campaign, holds), counted_since(under_way)
    )


def next_call_at(
    book: StrategyBook, campaign: Campaign, account: Account, after: datetime, zone: tzinfo, moments: Moments
) -> datetime | None:
    """When the next call step falls due by the strategy file of a campaign; None where none is to come."""
    chosen = chosen_version(book, campaign.strategy.file, account.customer_id, account.details.region)
    if isinstance(chosen, Refusal):
        return None
    later = next_call(chosen.strategy, account, after, zone, moments)
    return None if later is None else later.at


def _not_now(holds: Effective, chosen: KnownStrategy, standing: Standing) -> Refusal | None:
    strategy = chosen.strategy
    if strategy.name in standing.stopped:
        why = standing.stopped[strategy.name]
        return Refusal(Rule.STRATEGY_STOPPED, f"{strategy.name} is stopped: {why}")
    missing = standing.missing(chosen.digest)
    if missing:
        names = ", ".join(missing)
        return Refusal(Rule.STRATEGY_NOT_SIGNED, f"{holds.name} as it is now is not signed by: {names}")
    return None


def _no_step(holds: Effective, later: DueStep | None) -> Refusal:
    segment = holds.segment.name
    if later is None:
        wrong = f"the segment {segment} of {holds.name} has no call for this account"
        return Refusal(Rule.NO_CALL_STEP, wrong)
    return Refusal(
        Rule.STEP_NOT_DUE, f"no call of the segment {segment} of {holds.name} has come due", later.at
    )


def _placement(holds: Effective, step: Step | None) -> Placement:
    strategy, segment = holds.strategy, holds.segment
    return Placement(
        strategy.name,
        strategy.version,
        segment.name,
        "" if step is None else step.name,
        tone_of(segment, step),
        "" if step is None else str(step.when),
    )


def narrowed(campaign: Campaign, holds: Effective) -> Campaign:
    """A campaign with what the segment says. Of the task's own strategy, the wish for buckets and the least amount stay;
    of its caller IDs, those of the segment's group: numbers that it does not own are never shown.
    """
    task, dialler = campaign.strategy, campaign.dialler
    strategy = replace(
        holds.campaign, aging_buckets=task.aging_buckets, min_amount=task.min_amount, file=task.file
    )
    group = holds.segment.caller_ids
    pool = dialler.caller_id_pool
    if group:
        own = holds.strategy.caller_ids.get(group, ())
        pool = tuple(number for number in pool if number in own)
    ring = holds.segment.ring_timeout_s
    return replace(
        campaign,
        strategy=strategy,
        dialler=replace(
            dialler, caller_id_pool=pool, ring_timeout_s=dialler.ring_timeout_s if ring is None else ring
        ),
    )
