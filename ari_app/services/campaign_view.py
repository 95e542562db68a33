"""A campaign as the create-task request writes it: what the command line and the API show."""

from __future__ import annotations

from collections.abc import Sequence

from ari_app.domain.campaign import Campaign
from ari_app.domain.experiment import Experiment


def campaign_object(campaign: Campaign) -> dict[str, object]:
    """``strategy``, ``dialer`` and ``webhook`` of a campaign; the webhook without its secret."""
    strategy, dialler = campaign.strategy, campaign.dialler
    return {
        "strategy": {
            "file": strategy.file or None,
            "timezone": strategy.timezone,
            "window": [str(window) for window in strategy.windows],
            "maxAttempts": strategy.max_attempts,
            "retryHours": list(strategy.retry_hours),
            "agingBuckets": list(strategy.aging_buckets),
            "minAmount": strategy.min_amount,
            "closedWeekdays": list(strategy.closed_weekdays),
            "flow": strategy.flow,
            "voice": strategy.voice.voice or None,
            "speed": strategy.voice.speed,
            "experiments": experiments_object(strategy.experiments),
            "rulePack": strategy.rule_pack,
            "dialsPerDay": strategy.dials_per_day,
            "dialsPerWeek": strategy.dials_per_week,
            "minGapMinutes": strategy.min_gap_minutes,
            "numberTries": strategy.number_tries,
            "openHolidays": strategy.open_holidays,
        },
        "dialer": {
            "type": dialler.type,
            "concurrency": dialler.concurrency,
            "callerIdPool": list(dialler.caller_id_pool),
            "ringTimeoutSeconds": dialler.ring_timeout_s,
            "team": dialler.team,
            "weight": dialler.weight,
        },
        "webhook": {"url": campaign.webhook.url, "events": list(campaign.webhook.events)}
        if campaign.webhook
        else None,
    }


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
