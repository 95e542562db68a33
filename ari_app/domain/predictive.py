"""Predictive pacing: how many calls may start now, so that agents are busy and hardly anybody is abandoned.

A call that starts now is answered some seconds later, if at all. Whether an agent is free then is a matter of chance:
some get free by then, others are taken by calls that ring already. :func:`calls_to_start` weighs the two for one call
after the other, and starts a call while its risk to be abandoned stays at or below ``Experience.risk``. That figure
steers itself: each abandoned call lowers it, each call that found an agent raises it a little, so that the share of
abandoned calls settles at the aim below the limit. Above it stands the limit itself
(:mod:`ari_app.domain.abandonment`): where the bound of either window would be passed, calls start only for agents who
are free.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import NormalDist

from ari_app.domain.abandonment import AbandonLimit, WindowCounts, within_limit
from ari_app.domain.life_table import LifeTable

#: Parts of the time to the answer at which the floor is looked at for a call that starts now.
_LOOKS = (0.3, 0.7)
_LEAST_RISK, _MOST_RISK = 0.002, 0.6
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class PacingRules:
    """``limit`` with its confidence; ``aim`` is the part of it steered at; ``patience_s`` a person waits at most."""

    limit: AbandonLimit = field(default_factory=AbandonLimit)
    aim: float = 0.85
    patience_s: float = 2.0
    step: float = 0.15
    """How far one abandoned call moves the risk that is taken, as a part of it."""


@dataclass(frozen=True, slots=True)
class Experience:
    """What was seen lately: ``rings`` to the answer by a person, ``talks``, ``wrap_ups``, and the ``risk`` taken a call."""

    rings: LifeTable
    talks: LifeTable
    wrap_ups: LifeTable
    risk: float = 0.03

    @staticmethod
    def beginning(*, answer_share: float = 0.3, talk_s: float = 120.0, wrap_up_s: float = 30.0) -> Experience:
        """Before the first call: usual figures, soon outweighed by what is seen."""
        return Experience(
            LifeTable.expecting(15.0, longest_s=120.0, step_s=1.0, wanted=answer_share, keep=0.998),
            LifeTable.expecting(talk_s, longest_s=1200.0, step_s=5.0, keep=0.995),
            LifeTable.expecting(wrap_up_s, longest_s=600.0, step_s=2.0, keep=0.995),
        )

    def rang(self, seconds: float, *, answered: bool) -> Experience:
        """A call stopped ringing, ``answered`` by a person or not."""
        return replace(self, rings=self.rings.seen(seconds, wanted=answered))

    def talked(self, seconds: float) -> Experience:
        return replace(self, talks=self.talks.seen(seconds))

    def wrapped_up(self, seconds: float) -> Experience:
        return replace(self, wrap_ups=self.wrap_ups.seen(seconds))

    def told(self, rules: PacingRules, *, abandoned: bool) -> Experience:
        """A person answered, and was ``abandoned`` or not: what risk is taken from now on."""
        aim = rules.limit.share * rules.aim
        moved = self.risk * math.exp(rules.step * (aim - 1.0 if abandoned else aim))
        return replace(self, risk=min(_MOST_RISK, max(_LEAST_RISK, moved)))


@dataclass(frozen=True, slots=True)
class Floor:
    """Agents and calls of a campaign now. Seconds so far: of talks, wrap-ups, and calls that ring.

    ``waiting`` people have answered and have no agent yet.
    """

    free: int
    talking: tuple[float, ...] = ()
    wrapping_up: tuple[float, ...] = ()
    ringing: tuple[float, ...] = ()
    waiting: int = 0


class Reason(StrEnum):
    """Why no more calls start now."""

    NO_AGENTS = "no_agents"
    CAP = "cap"
    RISK = "risk"
    ABANDON_LIMIT = "abandon_limit"


@dataclass(frozen=True, slots=True)
class Pace:
    """``start`` so many calls now, and what kept it from being more."""

    start: int
    reason: Reason


def progressive(floor: Floor, cap: int) -> int:
    """One call for each agent who is free and has none on its way."""
    return max(0, min(cap, floor.free - floor.waiting - len(floor.ringing)))


def calls_to_start(
    floor: Floor,
    experience: Experience,
    windows: tuple[WindowCounts, ...],
    cap: int,
    rules: PacingRules,
) -> Pace:
    """How many calls of a predictive campaign may start now.

    :param windows: counts of the last 24 hours and of the last 30 days; :param cap: lines and starts that are left.
    """
    if floor.free + len(floor.talking) + len(floor.wrapping_up) == 0:
        return Pace(0, Reason.NO_AGENTS)
    if cap <= 0:
        return Pace(0, Reason.CAP)
    sure = progressive(floor, cap)
    looks = [_Look.at(experience.rings.quantile(part), floor, experience, rules) for part in _LOOKS]
    answers = floor.waiting + experience.rings.total(floor.ringing, math.inf)[0]
    a_new_one = experience.rings.chance(0.0, math.inf)
    for started in range(cap):
        if started < sure:
            continue
        if sum(look.risk(started) for look in looks) > experience.risk * len(looks):
            return Pace(started, Reason.RISK)
        if not within_limit(windows, answers + (started + 1) * a_new_one, rules.limit):
            return Pace(started, Reason.ABANDON_LIMIT)
    return Pace(cap, Reason.CAP)


@dataclass(frozen=True, slots=True)
class _Look:
    """The agents left over at one moment ahead, as a mean and a variance, and what one more call takes of them."""

    mean: float
    variance: float
    taken: float

    @staticmethod
    def at(ahead_s: float, floor: Floor, experience: Experience, rules: PacingRules) -> _Look:
        """As it will be when a call that starts now is answered, ``ahead_s`` from now."""
        freed = ahead_s + rules.patience_s
        wrapped, wrapped_spread = experience.wrap_ups.total(floor.wrapping_up, freed)
        # Who still talks has to wrap up as well; half of the time is left for that.
        again = experience.wrap_ups.chance(0.0, freed / 2.0)
        talked, talked_spread = experience.talks.total(floor.talking, freed)
        taken, taken_spread = experience.rings.total(floor.ringing, ahead_s)
        return _Look(
            floor.free - floor.waiting + wrapped + talked * again - taken,
            wrapped_spread + talked_spread * again + taken_spread,
            experience.rings.chance(0.0, ahead_s),
        )

    def risk(self, started: int) -> float:
        """The chance that no agent is left for a call, after ``started`` others that start with it."""
        mean = self.mean - started * self.taken
        variance = self.variance + started * self.taken * (1.0 - self.taken)
        if variance < 1e-9:
            return 1.0 if mean < 0.5 else 0.0
        return _NORMAL.cdf((0.5 - mean) / math.sqrt(variance))
