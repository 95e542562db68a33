"""How many calls each campaign may start by its mode: at once, or for agents who asked, are free, or soon will be.

The pure rules stand in ``domain/predictive.py``; here is what they are fed with: the team now, the calls now, what was seen
of earlier calls, and the counts of abandoned calls, which lie in the store.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from ari_app.domain.abandonment import WindowCounts
from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.call_machine import Call
from ari_app.domain.campaign import Campaign, DialMode
from ari_app.domain.compliance import zone_of
from ari_app.domain.predictive import Experience, Floor, PacingRules, Reason, calls_to_start, progressive
from ari_app.domain.rule_pack import RuleBook
from ari_app.ports import Agents, Clock, Store, TeamNow
from ari_app.services.trunks import elapsed_s

log = structlog.get_logger(__name__)

_NO_RULES = RuleBook({})

#: The flow that a person hears for whom no agent is there; it says nothing of a debt.
SAFE_MESSAGE = "safe_message"
#: How often the counts of abandoned calls are read from the store anew, in seconds; meanwhile what happens is added.
COUNTS_AGAIN_S = 30.0


@dataclass(slots=True)
class _Seen:
    """What is known of one predictive campaign."""

    experience: Experience = field(default_factory=Experience.beginning)
    windows: tuple[WindowCounts, WindowCounts] = (WindowCounts(), WindowCounts())
    read_at: float | None = None


class PaceKeeper:
    """Says how many calls may start, and finds an agent for those that a person has answered."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        agents: Agents | None = None,
        rules: PacingRules | None = None,
        misjudged_share: float = 0.0,
        book: Callable[[], RuleBook] = lambda: _NO_RULES,
    ) -> None:
        """:param misjudged_share: people among those whom the detector takes for an answering machine, 0 to 1.
        :param book: gives the rule packs; a pack's own limit on abandoned calls holds where it is the stricter one.
        """
        self._store = store
        self._clock = clock
        self._agents = agents
        self._rules = rules or PacingRules()
        self._misjudged_share = misjudged_share
        self._book = book
        self._seen: dict[str, _Seen] = {}
        #: Of each campaign the calls that are answered and not over: whether each was abandoned, None while it waits.
        self._answered: dict[str, dict[str, bool | None]] = {}
        self._told: dict[str, str] = {}
        self.abandoned = 0
        """People for whom no agent was there in time."""

    def reasons(self) -> Mapping[str, str]:
        """Why each campaign starts nothing now, where its mode is the reason."""
        return self._told

    async def room(self, campaign: Campaign, calls: Iterable[Call | None], cap: int) -> int:
        """How many calls of a campaign may start now. ``calls`` are its own; None for one that is being prepared."""
        mode = campaign.dialler.mode
        if mode is DialMode.AI:
            return cap
        team = TeamNow() if self._agents is None else self._agents.team(campaign.dialler.team)
        if team.total == 0:
            self._tell(campaign, mode, "no_agents")
            return 0
        now = self._clock.now()
        waiting = sum(
            abandoned is None for abandoned in self._answered.get(campaign.campaign_id, {}).values()
        )
        floor = _floor(team, calls, waiting, now)
        if mode is DialMode.PREVIEW:
            start = max(0, min(cap, team.asked - floor.waiting - len(floor.ringing)))
            self._tell(campaign, mode, "" if start else "no_preview_accepted")
            return start
        if mode is DialMode.PROGRESSIVE:
            self._tell(campaign, mode, "")
            return progressive(floor, cap)
        seen = await self._counted(campaign.campaign_id, now)
        pace = calls_to_start(floor, seen.experience, seen.windows, cap, self._rules_of(campaign, now))
        self._tell(campaign, mode, pace.reason.value if pace.reason is Reason.ABANDON_LIMIT else "")
        return pace.start

    async def take(self, attempt: ReservedAttempt, call: Call) -> bool:
        """An agent for a call that a person has just answered; False: none is there in time, the call is abandoned."""
        answered = self._answered.setdefault(attempt.campaign_id, {})
        answered[attempt.attempt_id] = None
        if self._agents is None:
            found = False
        else:
            found = await self._agents.take(attempt.team, attempt.attempt_id, self._rules.patience_s)
        answered[attempt.attempt_id] = not found
        self.abandoned += not found
        seen = self._seen.get(attempt.campaign_id)
        if seen is not None:
            seen.experience = seen.experience.told(self._rules, abandoned=not found)
            if call.dialled_at is not None and call.answered_at is not None:
                rang = elapsed_s(call.dialled_at, call.answered_at)
                seen.experience = seen.experience.rang(rang, answered=True)
            day, month = seen.windows
            seen.windows = (_one_more(day, not found), _one_more(month, not found))
        return found

    def ended(self, attempt: ReservedAttempt, call: Call) -> None:
        """A call is over; one that nobody answered tells how long such calls ring."""
        answered = self._answered.get(attempt.campaign_id, {})
        answered.pop(attempt.attempt_id, None)
        if not answered:
            self._answered.pop(attempt.campaign_id, None)
        seen = self._seen.get(attempt.campaign_id)
        if seen is None or call.dialled_at is None or call.answered_at is not None or call.ended_at is None:
            return
        seen.experience = seen.experience.rang(elapsed_s(call.dialled_at, call.ended_at), answered=False)

    def talked(self, campaign_id: str, talk_s: float, wrap_up_s: float) -> None:
        """An agent has ended a talk and its wrap-up."""
        seen = self._seen.setdefault(campaign_id, _Seen())
        seen.experience = seen.experience.talked(talk_s).wrapped_up(wrap_up_s)

    def _rules_of(self, campaign: Campaign, now: datetime) -> PacingRules:
        """The rules of pacing within what the campaign's pack says of abandoned calls today."""
        rules = self._book().find(campaign.strategy.rule_pack)
        if isinstance(rules, str):
            return self._rules  # nobody is called by such a pack anyway
        zone = zone_of(campaign.strategy.timezone) or UTC
        version = rules.pack.in_force(now.astimezone(zone).date())
        if version is None or version.abandon_share is None:
            return self._rules
        limit = self._rules.limit
        return replace(self._rules, limit=replace(limit, share=min(limit.share, version.abandon_share.value)))

    async def _counted(self, campaign_id: str, now: datetime) -> _Seen:
        seen = self._seen.setdefault(campaign_id, _Seen())
        at = self._clock.monotonic()
        if seen.read_at is None or at - seen.read_at >= COUNTS_AGAIN_S:
            day, month = await self._store.abandon_counts(campaign_id, now, self._misjudged_share)
            # The store tells of a call when it is over: of those in progress only this memory knows.
            for abandoned in self._answered.get(campaign_id, {}).values():
                if abandoned is not None:
                    day, month = _one_more(day, abandoned), _one_more(month, abandoned)
            seen.windows, seen.read_at = (day, month), at
        return seen

    def _tell(self, campaign: Campaign, mode: DialMode, reason: str) -> None:
        name = campaign.campaign_id
        if self._told.get(name, "") == reason:
            return
        if reason:
            self._told[name] = reason
            log.warning(
                "dialling held back",
                campaign_id=name,
                mode=mode.value,
                team=campaign.dialler.team,
                reason=reason,
            )
        else:
            del self._told[name]


def _floor(team: TeamNow, calls: Iterable[Call | None], waiting: int, now: datetime) -> Floor:
    """Calls that were not answered yet ring, from the moment of their dial; a call being prepared has just begun to."""
    ringing = tuple(
        0.0 if call is None or call.dialled_at is None else elapsed_s(call.dialled_at, now)
        for call in calls
        if call is None or (call.answered_at is None and call.ended_at is None)
    )
    return Floor(team.free, team.talking, team.wrapping_up, ringing, waiting)


def _one_more(counts: WindowCounts, abandoned: bool) -> WindowCounts:
    return WindowCounts(counts.live + 1, counts.abandoned + abandoned)
