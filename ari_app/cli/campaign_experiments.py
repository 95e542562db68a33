"""The experiments of a campaign, for ``ari-app campaign``: checked against settings and flow, and told."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ari_app.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ari_app.config import Settings
    from ari_app.domain.campaign import CampaignStrategy
    from ari_app.domain.experiment import Arm, Experiment


def voices_fit(settings: Settings, strategy: CampaignStrategy, file: Path) -> None:
    """The voices of a campaign and of its arms may be used: which engines is the settings' business, for an online one
    receives text. Raises InputError."""
    _enabled_voice(settings, strategy.voice.voice, file, "strategy.voice")
    for experiment in strategy.experiments:
        for arm in experiment.arms:
            field = f"strategy.experiments.{experiment.name}.arms.{arm.name}.voice"
            _enabled_voice(settings, arm.voice, file, field)


def _enabled_voice(settings: Settings, voice: str, file: Path, field: str) -> None:
    from ari_app.domain.voice_style import voice_choice

    if not voice:
        return
    choice = voice_choice(voice)
    enabled = [
        language
        for language, names in settings.speech.voices.items()
        if language in choice.languages and choice.engine in names
    ]
    if not enabled:
        order = "; ".join(
            f"{language}: {', '.join(names)}" for language, names in settings.speech.voices.items()
        )
        problem = f"needs {choice.engine}, which speech.voices of the settings does not name"
        raise InputError([Problem(str(file), field, problem, order)])


def names_fit(settings: Settings, strategy: CampaignStrategy, file: Path) -> None:
    """No experiment has the name of one of the flow, which would hold in its place. Raises InputError."""
    from ari_app.services.flow_sources import read_flow_file

    if not strategy.experiments:
        return
    try:
        flow = read_flow_file(settings.dialplan_dir / "flows" / f"{strategy.flow}.yaml")
    except InputError:
        return  # a flow with faults does not take effect; `flow check` tells them
    names = {one.name for one in flow.experiments}
    problems = [
        Problem(
            str(file),
            f"strategy.experiments.{one.name}",
            f"the flow {strategy.flow} has an experiment of this name",
            "another name",
        )
        for one in strategy.experiments
        if one.name in names
    ]
    if problems:
        raise InputError(problems)


def arms_told(experiment: Experiment) -> str:
    """An experiment in one line: ``usual 50, slow 50 (speed 0.9); 100 % take part``."""

    def told(arm: Arm) -> str:
        changes = [f"voice {arm.voice}"] if arm.voice else []
        changes += [] if arm.speed is None else [f"speed {arm.speed:g}"]
        return f"{arm.name} {arm.weight}" + (f" ({', '.join(changes)})" if changes else "")

    return f"{', '.join(map(told, experiment.arms))}; {experiment.share_percent:g} % take part"


def experiments_object(experiments: Sequence[Experiment]) -> dict[str, object]:
    """Experiments as a request writes them."""
    return {
        one.name: {
            "arms": {
                arm.name: {"weight": arm.weight, "voice": arm.voice or None, "speed": arm.speed}
                for arm in one.arms
            },
            "sharePercent": one.share_percent,
        }
        for one in experiments
    }
