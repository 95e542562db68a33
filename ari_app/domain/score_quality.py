"""How good a score is, on bills whose end is known: ranking, calibration, and whether a group is misjudged (B11, B29)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

#: The score of each row of a calibration table begins at one of these.
CALIBRATION_EDGES: tuple[int, ...] = (0, 10, 20, 30, 40, 50, 60, 70, 80, 90)
#: A group is called misjudged where prediction and outcome are at least so far apart, and not by chance (99.9 %: several
#: groups are looked at).
LEAST_GAP = 0.03
_Z999 = 3.291


@dataclass(frozen=True, slots=True)
class Case:
    """One bill: the predicted chance that it is paid on time, whether it was, whose it is, and his bands ('' unknown)."""

    chance: float
    on_time: bool
    account: str
    age_band: str = ""
    income_band: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Prediction and outcome of some bills.

    ``predicted`` and ``observed`` are shares paid on time; ``low`` and ``high`` bound what more than predicted was observed
    (99.9 %, where the bills of one account count together); ``warned`` is the share below the threshold;
    ``wrongly_warned`` that share among those who paid on time.
    """

    name: str
    bills: int
    predicted: float
    observed: float
    low: float
    high: float
    warned: float
    wrongly_warned: float

    @property
    def misjudged(self) -> bool:
        """Whether the group is scored too high or too low by more than chance explains."""
        return abs(self.observed - self.predicted) >= LEAST_GAP and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured on some bills; ``auc`` is 0.5 for a score that says nothing, 1 for one that ranks perfectly.

    ``brier`` is the mean squared error of the chance (0 is best), ``brier_of_base`` that of always saying the base rate.
    ``precision`` is the share of the warned who did not pay on time, ``recall`` the share of those who did not pay on
    time that was warned of.
    """

    bills: int
    on_time: float
    auc: float
    brier: float
    brier_of_base: float
    threshold: int
    precision: float
    recall: float
    calibration: tuple[Group, ...]
    by_age: tuple[Group, ...]
    by_income: tuple[Group, ...]

    @property
    def misjudged(self) -> tuple[Group, ...]:
        """Groups of age or income that the score does not fit."""
        return tuple(group for group in (*self.by_age, *self.by_income) if group.misjudged)


def measure(cases: Sequence[Case], threshold: int) -> Quality:
    """The quality of a score on bills whose end is known. ``threshold``: below it a customer is warned of.

    Raises ValueError without a bill.
    """
    if not cases:
        raise ValueError("nothing can be measured without a bill")
    base = sum(case.on_time for case in cases) / len(cases)
    warned = [case for case in cases if _warned(case, threshold)]
    missed = [case for case in cases if not case.on_time]
    hits = sum(not case.on_time for case in warned)
    return Quality(
        bills=len(cases),
        on_time=base,
        auc=auc(cases),
        brier=sum((case.chance - case.on_time) ** 2 for case in cases) / len(cases),
        brier_of_base=base * (1 - base),
        threshold=threshold,
        precision=hits / len(warned) if warned else 0.0,
        recall=hits / len(missed) if missed else 0.0,
        calibration=_groups(cases, threshold, lambda case: _decile(case.chance)),
        by_age=_groups(cases, threshold, lambda case: case.age_band),
        by_income=_groups(cases, threshold, lambda case: case.income_band),
    )


def auc(cases: Iterable[Case]) -> float:
    """The chance that of two bills, one paid on time and one not, the former has the higher score; a tie is a half."""
    ranked = sorted(cases, key=lambda case: case.chance)
    paid = sum(case.on_time for case in ranked)
    missed = len(ranked) - paid
    if not paid or not missed:
        return 0.5
    above = 0.0
    missed_below = at = 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end].chance == ranked[at].chance:
            end += 1
        tied_paid = sum(case.on_time for case in ranked[at:end])
        tied_missed = end - at - tied_paid
        above += tied_paid * (missed_below + tied_missed / 2)
        missed_below += tied_missed
        at = end
    return above / (paid * missed)


def gap_interval(cases: Sequence[Case]) -> tuple[float, float]:
    """Bounds (99.9 %) of what more than predicted is paid on time, -1 to 1.

    Whoever misses one bill is likely to miss the next: what an account is off by counts once, as the sum of its bills.
    """
    off: dict[str, float] = {}
    for case in cases:
        off[case.account] = off.get(case.account, 0.0) + case.on_time - case.chance
    gap = sum(off.values()) / len(cases)
    half = _Z999 * math.sqrt(sum(each * each for each in off.values())) / len(cases)
    return max(-1.0, gap - half), min(1.0, gap + half)


def _warned(case: Case, threshold: int) -> bool:
    return round(case.chance * 100) < threshold


def _decile(chance: float) -> str:
    first = max(edge for edge in CALIBRATION_EDGES if edge <= round(chance * 100))
    return f"{first:02d}-{first + 9:02d}" if first < CALIBRATION_EDGES[-1] else "90-100"


def _groups(cases: Sequence[Case], threshold: int, name_of: Callable[[Case], str]) -> tuple[Group, ...]:
    """The groups that ``name_of`` makes, by name; '' is no group."""
    members: dict[str, list[Case]] = {}
    for case in cases:
        if name := name_of(case):
            members.setdefault(name, []).append(case)
    return tuple(_group(name, members[name], threshold) for name in sorted(members))


def _group(name: str, cases: Sequence[Case], threshold: int) -> Group:
    observed = sum(case.on_time for case in cases) / len(cases)
    low, high = gap_interval(cases)
    warned = [case for case in cases if _warned(case, threshold)]
    paid = sum(case.on_time for case in cases)
    return Group(
        name=name,
        bills=len(cases),
        predicted=sum(case.chance for case in cases) / len(cases),
        observed=observed,
        low=low,
        high=high,
        warned=len(warned) / len(cases),
        wrongly_warned=sum(case.on_time for case in warned) / paid if paid else 0.0,
    )
