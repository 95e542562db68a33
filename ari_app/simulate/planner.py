"""The strategy in the simulation: which steps come when, and what holds for an account on a day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo

from ari_app.domain.campaign import Campaign, DiallerSpec
from ari_app.domain.compliance import zone_of
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.segment import Anchor, Segment, Step, StepKind
from ari_app.domain.strategy import Effective, Strategy, effective, segment_of
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
        self._dialler = dialler
        self._campaigns: dict[tuple[str, Step | None, int], Campaign] = {}
        self.sends_messages = any(
            step.kind is StepKind.MESSAGE for segment in strategy.segments for step in segment.steps
        )

    def steps(self, debt: Debt, begun: datetime, since: datetime, until: datetime) -> tuple[DueStep, ...]:
        """The steps of an account that entered at ``begun``, after ``since``."""
        moments = Moments(start=begun)
        return due_steps(self.strategy, debt.account, since, until, zone_for(debt), moments)

    def promise_steps(self, debt: Debt, day: date, since: datetime, until: datetime) -> list[DueStep]:
        """The steps that a promise for a day brings about."""
        found = due_steps(self.strategy, debt.account, since, until, zone_for(debt), Moments(promised=day))
        return [each for each in found if each.step.when.anchor is Anchor.PROMISE]

    def still_meant(self, debt: Debt, due: DueStep, today: date) -> bool:
        """Whether the account still belongs to the segment that a step was planned for."""
        return segment_of(self.strategy, debt.account, today) is due.segment

    def terms(self, debt: Debt, today: date) -> Terms:
        """What holds for calls of an account on its local day."""
        if debt.terms is None or debt.day != today:
            step = None if debt.step is None else debt.step.step
            found = effective(self.strategy, debt.account, today, step)
            debt.terms = Terms(self._campaign(found, step, debt.dials_before), found)
            debt.day = today
        return debt.terms

    def _campaign(self, found: Effective, step: Step | None, before: int) -> Campaign:
        """A campaign in the words of the gate. A later step counts its attempts behind those made before it."""
        key = (found.segment.name, step, before)
        campaign = self._campaigns.get(key)
        if campaign is None:
            segment, strategy = found.segment, found.campaign
            dialler = self._dialler
            if segment.ring_timeout_s is not None:
                dialler = replace(dialler, ring_timeout_s=segment.ring_timeout_s)
            group = self.strategy.caller_ids.get(segment.caller_ids, ())
            if owned := tuple(number for number in group if number in dialler.caller_id_pool):
                dialler = replace(dialler, caller_id_pool=owned)
            if before:
                strategy = replace(strategy, retry_hours=(*(0.0,) * before, *strategy.retry_hours))
            campaign = self._campaigns[key] = Campaign(CAMPAIGN, self.strategy.name, strategy, dialler)
        return campaign


def kind_in(segment: Segment, kind: DispositionKind) -> DispositionKind:
    """A disposition with the delay that a segment gives it: a longer one, or no further attempt."""
    for delay in segment.delays:
        if delay.disposition == kind.name and kind.retry is RetryRule.PLAN:
            if delay.hours is None:
                return replace(kind, retry=RetryRule.DONE)
            return replace(kind, min_delay_hours=max(kind.min_delay_hours, delay.hours))
    return kind


def zone_for(debt: Debt) -> tzinfo:
    """The zone in which a customer lives."""
    return zone_of(debt.account.timezone) or UTC
