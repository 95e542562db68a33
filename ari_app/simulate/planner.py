"""The strategy in the simulation: which steps come when, and what holds for an account on a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime

from ari_app.domain.campaign import Campaign, CampaignStrategy, DiallerSpec
from ari_app.domain.segment import Anchor, Segment, Step, StepKind
from ari_app.domain.strategy import Effective, Strategy, effective, segment_in
from ari_app.domain.strategy_book import narrowed
from ari_app.domain.triggers import DueStep, Moments, due_steps
from ari_app.simulate.state import Debt

CAMPAIGN = "simulation"


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for an account: the campaign that the rules are asked with, and the segment that it comes from."""

    campaign: Campaign
    effective: Effective

    @property
    def segment(self) -> Segment:
        """The account's segment of the strategy."""
        return self.effective.segment


class Planner:
    """The steps and terms of accounts. What a strategy says of a day is worked out once for each account and day."""

    def __init__(self, strategy: Strategy, dialler: DiallerSpec) -> None:
        self.strategy = strategy
        self._usual = _with_steps(strategy, lambda step: step.when.anchor is not Anchor.PROMISE)
        self._promises = _with_steps(strategy, lambda step: step.when.anchor is Anchor.PROMISE)
        self._task = Campaign(CAMPAIGN, strategy.name, CampaignStrategy(file=strategy.name), dialler)
        # By the identity of segment and step: both live as long as the strategy, and hashing all they say takes longer.
        self._terms: dict[tuple[int, int], Terms] = {}
        self.sends_messages = any(
            step.kind is StepKind.MESSAGE for segment in strategy.segments for step in segment.steps
        )

    def steps(self, debt: Debt, begun: datetime, since: datetime, until: datetime) -> tuple[DueStep, ...]:
        """The steps of an account that entered at ``begun``, after ``since``; but for those that follow a promise."""
        return due_steps(self._usual, debt.account, since, until, debt.zone, Moments(start=begun))

    def promise_steps(self, debt: Debt, day: date, since: datetime, until: datetime) -> tuple[DueStep, ...]:
        """The steps that a promise for a day brings about."""
        moments = Moments(promised=(day,))
        return due_steps(self._promises, debt.account, since, until, debt.zone, moments)

    def still_meant(self, debt: Debt, due: DueStep, today: date) -> bool:
        """Whether the account still belongs to the segment that a step was planned for."""
        return self._segment(debt, today).name == due.segment.name

    def terms(self, debt: Debt, today: date) -> Terms:
        """What holds for calls of an account on its local day."""
        step = None if debt.step is None else debt.step.step
        key = (id(self._segment(debt, today)), id(step))
        found = self._terms.get(key)
        if found is None:
            # All accounts of a segment have the same terms: what differs between them is asked of the account itself.
            holds = effective(self.strategy, debt.account, today, step)
            found = self._terms[key] = Terms(narrowed(self._task, holds), holds)
        return found

    def _segment(self, debt: Debt, today: date) -> Segment:
        if debt.segment is None or debt.day != today:
            bucket = self.strategy.aging.bucket(debt.account.due_date, today)
            if debt.segment is None or debt.bucket != bucket:
                debt.segment = segment_in(self.strategy, debt.account, bucket)
            debt.day, debt.bucket = today, bucket
        return debt.segment


def _with_steps(strategy: Strategy, wanted: Callable[[Step], bool]) -> Strategy:
    """The strategy with some of its steps: the others need not be worked out."""
    return replace(
        strategy,
        segments=tuple(
            replace(segment, steps=tuple(step for step in segment.steps if wanted(step)))
            for segment in strategy.segments
        ),
    )
