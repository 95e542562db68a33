"""Experiments: which arm a customer has, so that ways to speak and to offer can be compared (requirements K9, K10, O6).

An arm is drawn from a hash of the experiment's name and the customer's id alone, and the first one drawn is kept: a
customer has the same arm in every attempt, task and run, whatever becomes of the weights.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ari_app.domain.voice_style import VoiceStyle

#: Names of experiments and of arms: they stand in conditions (``arm.NAME.ARM``) and in exports.
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
NAME_ALLOWED: Final = "lower-case letters, digits and _, a letter first, at most 40"
MOST_ARMS: Final = 8
MOST_WEIGHT: Final = 1000
MOST_EXPERIMENTS: Final = 10

#: Experiments and the customer's arm in each, sorted by name: what an attempt runs with.
Arms = tuple[tuple[str, str], ...]
NO_ARMS: Final[Arms] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """One of the ways that are compared. ``weight``: its share of the customers, beside the weights of the others; 0 takes
    in nobody new. ``voice`` and ``speed``: what it changes of a campaign's voice ('' and None: nothing)."""

    name: str
    weight: int = 1
    voice: str = ""
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Arms under a name. ``share_percent`` of the customers take part, 0 to 100; the others have no arm."""

    name: str
    arms: tuple[Arm, ...]
    share_percent: float = 100.0

    @property
    def arm_names(self) -> tuple[str, ...]:
        """The arms in their order."""
        return tuple(arm.name for arm in self.arms)


class Reason(StrEnum):
    """Why an assignment was made."""

    FIRST = "first"
    ARM_REMOVED = "arm_removed"


@dataclass(frozen=True, slots=True)
class Assignment:
    """An arm that a customer has from now on."""

    experiment: str
    arm: str
    reason: Reason


def assignment(experiment: Experiment, customer_id: str, kept: str | None) -> Assignment | None:
    """What has to be recorded for a customer; None where nothing changes.

    ``kept`` is the arm that he has (None: none yet). It stays whatever the weights and the share are now; only an arm
    that is gone is replaced.
    """
    if kept in experiment.arm_names:
        return None
    if kept is None and not takes_part(experiment, customer_id):
        return None
    reason = Reason.FIRST if kept is None else Reason.ARM_REMOVED
    return Assignment(experiment.name, drawn_arm(experiment, customer_id), reason)


def takes_part(experiment: Experiment, customer_id: str) -> bool:
    """Whether a customer is among those who take part; who is stays so when the share grows."""
    return 100.0 * _fraction("part", experiment.name, customer_id) < experiment.share_percent


def drawn_arm(experiment: Experiment, customer_id: str) -> str:
    """The arm that the hash gives to a customer, by the weights as they are.

    Weighted rendezvous: each arm gets a score of its own, and the highest has the customer. So another weight of one arm
    moves customers to or from this arm only, and no more of them than its share changes by. ValueError where no arm has a
    weight.
    """
    best, highest = "", -math.inf
    for arm in experiment.arms:
        if arm.weight <= 0:
            continue
        score = arm.weight / -math.log(_fraction("arm", experiment.name, arm.name, customer_id))
        if score > highest:
            best, highest = arm.name, score
    if not best:
        raise ValueError(f"no arm of the experiment {experiment.name} has a weight above 0")
    return best


def _fraction(*words: str) -> float:
    """A number in (0, 1), evenly spread and always the same: the first 53 bits of SHA-256 over the words, one a line.

    Names hold no line ends, and the customer's id stands last, so that no two lists of words are one text.
    """
    text = "\n".join(words).encode("utf-8", "surrogatepass")
    bits = int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 11
    return (bits + 0.5) / 2**53


def arms_of(experiments: Sequence[Experiment], kept: Mapping[str, str]) -> Arms:
    """The arms of a customer in these experiments, as recorded."""
    return tuple(sorted((one.name, kept[one.name]) for one in experiments if one.name in kept))


def unknown_arms(experiments: Sequence[Experiment], arms: Arms) -> str:
    """What of these arms the experiments do not have, and what they have; '' when all are known."""
    known = {(one.name, arm) for one in experiments for arm in one.arm_names}
    strange = [f"{name}={arm}" for name, arm in arms if (name, arm) not in known]
    if not strange:
        return ""
    allowed = ", ".join(f"{name}={arm}" for name, arm in sorted(known)) or "no experiment is declared"
    return f"no such arm: {', '.join(strange)} (allowed: {allowed})"


def styles_of(style: VoiceStyle, experiments: Sequence[Experiment]) -> list[VoiceStyle]:
    """Every voice and speed with which somebody may be spoken to, each once; the campaign's own first."""
    found = {style: None}
    for experiment in experiments:
        for one in list(found):
            for arm in experiment.arm_names:
                found[styled(one, experiments, ((experiment.name, arm),))] = None
    return list(found)


def styled(style: VoiceStyle, experiments: Sequence[Experiment], arms: Arms) -> VoiceStyle:
    """The voice and the speed of an attempt: those of the campaign, but for what its arms change."""
    having = dict(arms)
    for experiment in experiments:
        for arm in experiment.arms:
            if having.get(experiment.name) == arm.name:
                style = VoiceStyle(arm.voice or style.voice, style.speed if arm.speed is None else arm.speed)
    return style


def arms_fault(arms: Sequence[Arm]) -> str:
    """What is wrong with the arms of an experiment; '' when nothing is."""
    if not 2 <= len(arms) <= MOST_ARMS:
        return f"the number of arms is {len(arms)}"
    if not any(arm.weight > 0 for arm in arms):
        return "no arm has a weight"
    return ""


ARMS_ALLOWED: Final = f"2 to {MOST_ARMS} arms with weights of 0 to {MOST_WEIGHT}, not all of them 0"
