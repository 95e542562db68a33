"""The contestant: VICIdial's adaptive dial level, by the arithmetic of its documentation (PREDICTIVE.txt).

Documented: once a second the agents, the agents who wait and the calls that wait are sampled; every 15 seconds the
mean difference is taken, ``adaptive_dl_diff_target`` and ``adaptive_intensity`` are applied, a new dial level
follows, and the drop limit of the method (HARD_LIMIT, TAPERED, AVERAGE) is checked against the drops of the day,
which are counted once a minute; the level stays between 1.0 and ``adaptive_maximum_level``; lines are kept at active
agents times the level, looked at every 2.5 seconds. Not documented, and assumed here: how the difference becomes a
level, how a unit of intensity counts, what each method does above its limit, and who is active. Where it is not clear
what helps, both are tried (:func:`variants`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import product

from ari_app.bench.pacing_floor import Answer, FloorNow


@dataclass(frozen=True, slots=True)
class VicidialSettings:
    """A campaign's settings by their documented names, then what had to be assumed."""

    method: str = "ADAPT_AVERAGE"
    drop_percent: float = 3.0
    maximum_level: float = 3.0
    intensity: float = 0.0
    dl_diff_target: float = 0.0
    in_proportion: bool = False
    """Assumed: the level changes by difference / agents, or in proportion to itself."""
    wrap_up_is_active: bool = False
    """Assumed: an agent in wrap-up is paused and not active, or active."""


class Vicidial:
    """Keeps lines at active agents times the level, and moves the level every 15 seconds."""

    def __init__(self, settings: VicidialSettings, shift_s: float) -> None:
        self._settings = settings
        self._shift_s = shift_s
        self._level = 1.0
        self._samples: deque[tuple[int, float]] = deque(maxlen=15)
        self._live = self._dropped = 0
        self._drop_share = 0.0
        self._wrap = settings.wrap_up_is_active
        self._next_look = 0.0

    @property
    def level(self) -> float:
        return self._level

    def start(self, floor: FloorNow) -> int:
        """Asked once a second: sample, adapt every 15 s, dial up to the level every 2.5 s."""
        second = int(floor.now)
        active = floor.free + len(floor.talking) + (len(floor.wrapping_up) if self._wrap else 0)
        self._samples.append((active, floor.free - len(floor.waiting)))
        if second % 60 == 0:
            self._drop_share = self._dropped / self._live if self._live else 0.0
        if second and second % 15 == 0:
            self._adapt(second)
        if floor.now < self._next_look:
            return 0
        self._next_look += 2.5
        lines = len(floor.ringing) + len(floor.waiting) + len(floor.talking)
        return max(0, int(active * self._level) - lines)

    def _adapt(self, second: int) -> None:
        settings = self._settings
        agents = sum(each for each, _ in self._samples) / len(self._samples)
        if agents <= 0:
            return
        difference = sum(each for _, each in self._samples) / len(self._samples)
        change = (difference + settings.dl_diff_target) / agents
        change *= 1.0 + (settings.intensity if change > 0 else -settings.intensity) / 40.0
        level = self._level * (1.0 + change) if settings.in_proportion else self._level + change
        limit = settings.drop_percent / 100.0
        if settings.method == "ADAPT_TAPERED":
            # Anything goes in the first half of the shift, then the limit closes in on what is set.
            left = max(0.0, 1.0 - second / self._shift_s)
            limit = 1.0 if left > 0.5 else limit * (1.0 + left)
        if self._drop_share > limit:
            over = self._drop_share / limit
            level = self._level / over if settings.method == "ADAPT_AVERAGE" else 1.0
        self._level = min(settings.maximum_level, max(1.0, level))

    def rang(self, seconds: float, answer: Answer) -> None:
        """Nothing of it is used: answer rates show in the difference."""

    def served(self, now: float, *, abandoned: bool) -> None:
        self._live += 1
        self._dropped += abandoned

    def talked(self, seconds: float) -> None:
        """Not used."""

    def wrapped_up(self, seconds: float) -> None:
        """Not used."""


def variants() -> list[VicidialSettings]:
    """The settings that a supervisor might try, with each of the assumptions; intensity stands at its default."""
    return [
        VicidialSettings(method, drop, most, 0.0, target, in_proportion, active)
        for method, drop, most, target, in_proportion, active in product(
            ("ADAPT_HARD_LIMIT", "ADAPT_AVERAGE", "ADAPT_TAPERED"),
            (2.0, 3.0),
            (3.0, 5.0),
            (-10.0, -7.0, -1.0, 0.0),  # of many agents some must be kept free
            (False, True),
            (False, True),
        )
    ]
