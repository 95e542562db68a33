"""The experiments of a campaign, told by ``ari-app campaign``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ari_app.domain.experiment import Arm, Experiment


def arms_told(experiment: Experiment) -> str:
    """An experiment in one line: ``usual 50, slow 50 (speed 0.9); 100 % take part``."""

    def told(arm: Arm) -> str:
        changes = [f"voice {arm.voice}"] if arm.voice else []
        changes += [] if arm.speed is None else [f"speed {arm.speed:g}"]
        return f"{arm.name} {arm.weight}" + (f" ({', '.join(changes)})" if changes else "")

    return f"{', '.join(map(told, experiment.arms))}; {experiment.share_percent:g} % take part"
