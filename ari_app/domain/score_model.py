"""A score from payment behaviour: a logistic regression that is data (requirement B10).

The chance that a bill is paid on time is ``1 / (1 + exp(-z))`` with ``z = bias + sum of weight * (value - mean) / scale``;
the score is that chance in hundredths. Learning is done elsewhere; here only sums are made, with the standard library, so
the same figures give the same score on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ari_app.domain.account import MAX_SCORE
from ari_app.domain.behaviour import FEATURES, SOCIAL_FEATURES

#: Below this a customer is warned of (requirement B10); the table of rules says what is used.
WARN_BELOW = 60

#: Bounds of a model: wider ones come from a fault, or from somebody who means no good.
MOST_WEIGHT, MOST_MEAN, LEAST_SCALE = 50.0, 1e6, 1e-6


@dataclass(frozen=True, slots=True)
class Weight:
    """What one figure counts: ``value`` for each ``scale`` that it is above ``mean``; more than 0 speaks for paying."""

    feature: str
    value: float
    mean: float
    scale: float

    def counts(self, found: float) -> float:
        """What a found value adds to the sum."""
        return self.value * (found - self.mean) / self.scale


@dataclass(frozen=True, slots=True)
class Reason:
    """One figure that moved a score: by how many points against the average customer, and in words."""

    feature: str
    points: int
    words: str

    def __str__(self) -> str:
        return f"{self.words} ({self.points:+d})"


@dataclass(frozen=True, slots=True)
class ScoreModel:
    """The weights of a model under its name; ``grace_days`` belong to what "on time" means to it."""

    name: str
    bias: float
    weights: tuple[Weight, ...]
    grace_days: int = 3

    def chance(self, found: Mapping[str, float]) -> float:
        """How likely the bill is paid on time, 0 to 1. A figure that is not there counts as the average."""
        return _logistic(self._sum(found))

    def score(self, found: Mapping[str, float]) -> int:
        """The chance in hundredths, 0 to ``MAX_SCORE``."""
        return round(self.chance(found) * MAX_SCORE)

    def reasons(self, found: Mapping[str, float], most: int = 3) -> tuple[Reason, ...]:
        """The figures that moved the score most, strongest first; none that did not move it by a point.

        The points are what the score would gain or lose if that figure alone were the average customer's.
        """
        total = self._sum(found)
        moved = [
            Reason(
                weight.feature,
                _points(total, weight.counts(found[weight.feature])),
                words_of(weight, found[weight.feature]),
            )
            for weight in self.weights
            if weight.feature in found
        ]
        moved = [reason for reason in moved if reason.points]
        return tuple(sorted(moved, key=lambda reason: (-abs(reason.points), reason.feature))[:most])

    def _sum(self, found: Mapping[str, float]) -> float:
        return self.bias + sum(
            weight.counts(found[weight.feature]) for weight in self.weights if weight.feature in found
        )


def words_of(weight: Weight, found: float) -> str:
    """A figure in words, by the side of the average on which a customer is."""
    figure = FEATURES.get(weight.feature) or SOCIAL_FEATURES.get(weight.feature)
    if figure is None:
        return weight.feature
    return figure.high if found > weight.mean else figure.low


def _points(total: float, part: float) -> int:
    return round(MAX_SCORE * (_logistic(total) - _logistic(total - part)))


def _logistic(total: float) -> float:
    """The logistic function, without overflow at either end."""
    if total >= 0:
        return 1.0 / (1.0 + math.exp(-total))
    power = math.exp(max(total, -700.0))
    return power / (1.0 + power)
