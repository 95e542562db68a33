"""A strategy: segments tried from the top, and what holds for an account on a day (docs/strategies.md, ADR 0014).

``effective`` turns a strategy into the :class:`CampaignStrategy` that the verdict and the retry plan know. It only ever
narrows: the verdict still asks the rule pack, and nothing here can open what a pack closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ari_app.domain.account import Account
from ari_app.domain.aging import USUAL_AGING, Aging
from ari_app.domain.campaign import DEFAULT_RULE_PACK, CampaignStrategy
from ari_app.domain.rollout import EVERYBODY, Rollout
from ari_app.domain.segment import Segment, Step


@dataclass(frozen=True, slots=True)
class Strategy:
    """One version of a strategy file.

    ``segments`` are tried from the top, and the last one has no condition, so that every account belongs to one.
    ``rule_pack`` bounds them all; ``timezone`` (IANA) is that of the windows. ``caller_ids`` are groups of caller IDs
    (E.164) by name, of which a call shows those that the campaign owns; ``teams`` are the names that segments may name.
    """

    name: str
    version: str
    segments: tuple[Segment, ...]
    title: str = ""
    rule_pack: str = DEFAULT_RULE_PACK
    timezone: str = "Asia/Shanghai"
    aging: Aging = USUAL_AGING
    caller_ids: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    teams: tuple[str, ...] = ()
    rollout: Rollout = EVERYBODY

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError(f"the strategy {self.name} has no segment")


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for an account on a day.

    ``segment`` has the steps, caller-ID group, priority, team, offers, delays and tone; ``bucket`` is the aging bucket by
    the strategy's scheme; ``campaign`` what the verdict and the retry plan go by.
    """

    strategy: Strategy
    segment: Segment
    bucket: str
    campaign: CampaignStrategy

    @property
    def name(self) -> str:
        """The strategy with its version, as attempts record it."""
        return f"{self.strategy.name}/{self.strategy.version}"


def segment_of(strategy: Strategy, account: Account, today: date) -> Segment:
    """The first segment whose conditions hold; the last one where none does. ``today`` is the customer's local day."""
    return segment_in(strategy, account, strategy.aging.bucket(account.due_date, today))


def segment_in(strategy: Strategy, account: Account, bucket: str) -> Segment:
    """The same for a day whose bucket is known: of a day, nothing but the bucket has a say."""
    for each in strategy.segments:
        if each.when.hold(account, bucket):
            return each
    return strategy.segments[-1]


def effective(strategy: Strategy, account: Account, today: date, step: Step | None = None) -> Effective:
    """What holds for an account on its local day ``today``; ``step`` is the call that is under way (its own retry
    offsets and flow hold then; None: those of the segment). Total and deterministic.
    """
    segment = segment_of(strategy, account, today)
    bucket = strategy.aging.bucket(account.due_date, today)
    return Effective(strategy, segment, bucket, campaign_strategy(strategy, segment, step))


def campaign_strategy(strategy: Strategy, segment: Segment, step: Step | None = None) -> CampaignStrategy:
    """A segment, and a step of it, in the words of a campaign."""
    retry_hours = (step.retry_hours if step is not None else ()) or segment.retry_hours
    return CampaignStrategy(
        timezone=strategy.timezone,
        windows=segment.windows,
        max_attempts=segment.max_attempts,
        retry_hours=retry_hours,
        closed_weekdays=segment.closed_weekdays,
        flow=(step.flow if step is not None else "") or segment.flow,
        name=strategy.name,
        voice=segment.voice,
        experiments=segment.experiments,
        rule_pack=strategy.rule_pack,
        dials_per_day=segment.dials_per_day,
        dials_per_week=segment.dials_per_week,
        min_gap_minutes=segment.min_gap_minutes,
        open_holidays=segment.open_holidays,
        delays=tuple((delay.disposition, delay.hours) for delay in segment.delays),
    )


def tone_of(segment: Segment, step: Step | None = None) -> str:
    """The tone of a step, one of ``TONES``."""
    return (step.tone if step is not None else "") or segment.tone
