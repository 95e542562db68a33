"""The shape of ``strategy.experiments``: voices and speeds that a campaign compares (requirement K9)."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from ari_app.domain.experiment import (
    ARMS_ALLOWED,
    MOST_EXPERIMENTS,
    MOST_WEIGHT,
    NAME,
    NAME_ALLOWED,
    Arm,
    Experiment,
    arms_fault,
)
from ari_app.services.model_problems import RefusedError
from ari_app.services.shape_values import Number, Part, Speed, VoiceName, whole


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise RefusedError("is no name for an experiment or an arm", NAME_ALLOWED)
    return value


def _percent(value: Decimal) -> Decimal:
    if not 0 <= value <= 100:
        raise RefusedError("is no share", "0 to 100 per cent of the customers")
    return value


_Name = Annotated[str, AfterValidator(_name)]


class ArmShape(Part):
    """One of the ways that are compared."""

    weight: Annotated[int, BeforeValidator(whole), Field(ge=0, le=MOST_WEIGHT)] = 1
    voice: VoiceName | None = None
    speed: Speed | None = None


def _arms(value: dict[str, ArmShape]) -> dict[str, ArmShape]:
    fault = arms_fault([Arm(name, shape.weight) for name, shape in value.items()])
    if fault:
        raise RefusedError(fault, ARMS_ALLOWED)
    changes = [(shape.voice, shape.speed) for shape in value.values()]
    if len(set(changes)) < len(changes):
        raise RefusedError(
            "are not all different",
            "a voice or a speed of its own for each arm but one, which keeps the campaign's",
        )
    return value


class ExperimentShape(Part):
    """Arms with their weights, and the share of customers who take part."""

    arms: Annotated[dict[_Name, ArmShape], AfterValidator(_arms)]
    share_percent: Annotated[Number, AfterValidator(_percent)] = Field(Decimal(100), alias="sharePercent")

    def changes(self, key: str) -> bool:
        """Whether an arm changes this of the voice."""
        return any(getattr(arm, key) is not None for arm in self.arms.values())


def _at_most_one_changes_the_same(value: dict[str, ExperimentShape]) -> dict[str, ExperimentShape]:
    if len(value) > MOST_EXPERIMENTS:
        raise RefusedError(f"holds {len(value)} experiments", f"at most {MOST_EXPERIMENTS}")
    for key in ("voice", "speed"):
        several = [name for name, shape in value.items() if shape.changes(key)]
        if len(several) > 1:
            raise RefusedError(
                f"changes the {key} in several experiments: {', '.join(several)}",
                "one experiment for the voice and one for the speed, or both in one",
            )
    return value


Experiments = Annotated[dict[_Name, ExperimentShape], AfterValidator(_at_most_one_changes_the_same)]


def experiments_of(shapes: dict[str, ExperimentShape]) -> tuple[Experiment, ...]:
    """The experiments of a request; a speed to the hundredth, so that near ones share their prompts."""
    return tuple(
        Experiment(
            name,
            tuple(
                Arm(
                    arm,
                    changed.weight,
                    changed.voice or "",
                    None if changed.speed is None else float(round(changed.speed, 2)),
                )
                for arm, changed in shape.arms.items()
            ),
            float(shape.share_percent),
        )
        for name, shape in shapes.items()
    )
