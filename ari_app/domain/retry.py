"""When to try again: campaign offsets, the disposition's own delay, never beyond the caps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from ari_app.domain.call_result import Callback
from ari_app.domain.campaign import CampaignStrategy
from ari_app.domain.disposition import DispositionKind, RetryRule
from ari_app.domain.placement import Placed
from ari_app.domain.windows import local_instant

#: An attempt whose INVITE never left is planned again after this, so that a broken PBX is not hammered.
NOT_DIALLED_DELAY = timedelta(seconds=30)

#: A call that is wanted later than this is planned like any other.
LATEST_CALLBACK = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class RetryDecision:
    """The next attempt, or why there is none.

    ``due_at`` is when the next attempt falls due (the compliance verdict may still move it), None when there is none.
    ``number_dead`` marks the number as never to be dialled again. ``asked_from``: the time of a strategy's next step is not
    kept; whatever brings that forward, an edit or another segment, is looked at from then on. None: ``due_at`` holds.
    """

    due_at: datetime | None
    reason: str
    number_dead: bool = False
    asked_from: datetime | None = None


def plan_retry(
    strategy: CampaignStrategy,
    kind: DispositionKind,
    *,
    first_dialled_at: datetime | None,
    dials_made: int,
    ended_at: datetime,
    wished_at: datetime | None = None,
    other_number: bool = False,
    next_step_at: datetime | None = None,
    after_promise: Placed | None = None,
) -> RetryDecision:
    """What follows an attempt that ended with ``kind``.

    ``dials_made`` counts the INVITEs sent to this customer in this campaign, the one just ended included;
    ``retry_hours[n]`` is the offset of dial ``n + 1`` from the first one. ``wished_at`` is the moment at which the customer
    asked to be called (:func:`callback_at`); it stands in for offset and delay, but gives no attempt beyond the caps.
    ``other_number``: the customer has another number that may be dialled, so a dead one ends nothing; the budget is the
    same for all. ``next_step_at`` is when a strategy calls next once these attempts are used, ``after_promise`` where the
    call has its place that is made where a promised payment has not come.
    """
    dead = kind.retry is RetryRule.NEVER
    if dead and not other_number:
        return RetryDecision(None, f"{kind.name}: this number is never dialled again", number_dead=True)
    if kind.retry is RetryRule.DONE and after_promise is not None:
        wanted, at, why = after_promise.wanted.name, after_promise.at, after_promise.reason
        if at is None:
            return RetryDecision(None, f"{kind.name}: no further attempt, {wanted} has {why}")
        return RetryDecision(at, f"{kind.name}: called again if the promise is not kept, {wanted} {why}")
    if kind.retry is RetryRule.DONE:
        return RetryDecision(None, f"{kind.name}: no further attempt is needed")
    if kind.retry is RetryRule.AGAIN or first_dialled_at is None:
        delay = max(NOT_DIALLED_DELAY, timedelta(hours=kind.min_delay_hours))
        return RetryDecision(
            ended_at + delay, f"{kind.name}: no call left, the attempt is planned again", dead
        )
    least_hours = dict(strategy.delays).get(kind.name, 0.0)
    if least_hours is None:
        return RetryDecision(None, f"{kind.name}: the strategy calls no more after it", dead)
    earliest = ended_at + timedelta(hours=max(kind.min_delay_hours, least_hours))
    allowed = min(strategy.max_attempts, len(strategy.retry_hours))
    if dials_made >= allowed and next_step_at is not None:
        reason = f"{kind.name}: all {allowed} attempts of this step are used, the next one follows"
        return RetryDecision(max(next_step_at, earliest), reason, dead, asked_from=earliest)
    if dials_made >= allowed:
        return RetryDecision(None, f"{kind.name}: all {allowed} attempts are used", dead)
    if wished_at is not None:
        return RetryDecision(
            max(wished_at, ended_at),
            f"{kind.name}: at the agreed time, attempt {dials_made + 1} of {allowed}",
        )
    instead = ", so another number is tried" if dead else ""
    offset = first_dialled_at + timedelta(hours=strategy.retry_hours[dials_made])
    return RetryDecision(
        max(offset, earliest), f"{kind.name}{instead}: attempt {dials_made + 1} of {allowed}", dead
    )


def next_offset(
    strategy: CampaignStrategy, first_dialled_at: datetime | None, dials_made: int
) -> datetime | None:
    """When the campaign's plan has the next dial to a customer; None where none was made yet or all are used."""
    if first_dialled_at is None or dials_made >= min(strategy.max_attempts, len(strategy.retry_hours)):
        return None
    return first_dialled_at + timedelta(hours=strategy.retry_hours[dials_made])


def callback_at(
    callback: Callback, zone: tzinfo, ended_at: datetime, least: timedelta = timedelta(0)
) -> datetime | None:
    """The moment at which a customer wants to be called (UTC); None where he named none, or one that cannot be kept.

    A time without a day is the next one. A day without a time begins at its midnight, but not before ``least`` has passed
    since the call ended; calling windows move it. ``zone`` is where the customer lives.
    """
    here = ended_at.astimezone(zone)
    if callback.day is not None and not 0 <= (callback.day - here.date()).days <= LATEST_CALLBACK.days:
        return None
    if callback.at is None:
        if callback.day is None:
            return None
        wished = max(local_instant(callback.day, 0, zone), ended_at + least)
    else:
        minute = callback.at.hour * 60 + callback.at.minute
        wished = local_instant(callback.day or here.date(), minute, zone)
        if callback.day is None and wished <= ended_at:
            wished = local_instant(here.date() + timedelta(days=1), minute, zone)
    return wished.astimezone(UTC) if ended_at <= wished <= ended_at + LATEST_CALLBACK else None
