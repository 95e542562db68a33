"""When to try again: campaign offsets, the disposition's own delay, never beyond the caps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule

#: An attempt whose INVITE never left is planned again after this, so that a broken PBX is not hammered.
NOT_DIALLED_DELAY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The next attempt, or why there is none.

    ``due_at`` is when the next attempt falls due (the compliance verdict may still move it), None when there is none.
    ``number_dead`` marks the number as never to be dialled again.
    """

    due_at: datetime | None
    reason: str
    number_dead: bool = False


def plan_retry(
    strategy: CampaignStrategy,
    kind: DispositionKind,
    *,
    first_dialled_at: datetime | None,
    dials_made: int,
    ended_at: datetime,
) -> RetryDecision:
    """What follows an attempt that ended with ``kind``.

    ``dials_made`` counts the INVITEs sent for this account in this campaign, the one just ended included;
    ``retry_hours[n]`` is the offset of dial ``n + 1`` from the first one.
    """
    if kind.retry is RetryRule.NEVER:
        return RetryDecision(None, f"{kind.name}: this number is never dialled again", number_dead=True)
    if kind.retry is RetryRule.DONE:
        return RetryDecision(None, f"{kind.name}: no further attempt is needed")
    if kind.retry is RetryRule.AGAIN or first_dialled_at is None:
        delay = max(NOT_DIALLED_DELAY, timedelta(hours=kind.min_delay_hours))
        return RetryDecision(ended_at + delay, f"{kind.name}: no call left, the attempt is planned again")
    allowed = min(strategy.max_attempts, len(strategy.retry_hours))
    if dials_made >= allowed:
        return RetryDecision(None, f"{kind.name}: all {allowed} attempts are used")
    offset = first_dialled_at + timedelta(hours=strategy.retry_hours[dials_made])
    earliest = ended_at + timedelta(hours=kind.min_delay_hours)
    return RetryDecision(max(offset, earliest), f"{kind.name}: attempt {dials_made + 1} of {allowed}")
