"""The arms of an attempt, recorded before anything is rendered or dialled for it."""

from __future__ import annotations

from dataclasses import replace

import structlog

from ari_app.domain.attempt import ReservedAttempt
from ari_app.domain.experiment import Experiment, styled
from ari_app.ports import Clock, Flows, Store

log = structlog.get_logger(__name__)


def experiments_for(attempt: ReservedAttempt, flows: Flows | None) -> tuple[Experiment, ...]:
    """Those of the flow, and those of the campaign whose names the flow does not have. Raises ConfigError."""
    of_flow = () if flows is None else flows.experiments(attempt.flow)
    names = {experiment.name for experiment in of_flow}
    twice = sorted(one.name for one in attempt.experiments if one.name in names)
    if twice:
        log.warning("experiments of the campaign are left out: the flow has their names", names=twice)
    return (*of_flow, *(one for one in attempt.experiments if one.name not in names))


async def with_arms(
    attempt: ReservedAttempt, store: Store, flows: Flows | None, clock: Clock
) -> ReservedAttempt:
    """The attempt with its arms, and with the voice that they ask for; as it is where nothing is tried.

    Raises StoreError where they cannot be recorded, ConfigError for an unknown flow.
    """
    experiments = experiments_for(attempt, flows)
    if not experiments:
        return attempt
    arms = await store.assign_arms(attempt.attempt_id, experiments, clock.now())
    return replace(attempt, arms=arms, voice=styled(attempt.voice, experiments, arms))
