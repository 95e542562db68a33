"""Campaigns that dial nothing because nobody is there to talk: told by ``explain`` and ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.domain.campaign import Campaign, CampaignStatus, DialMode
from ari_app.errors import AriAppError
from ari_app.services.doctor import Check, ok, warn

if TYPE_CHECKING:
    from ari_app.config import Settings


def waits_for(campaign: Campaign) -> str | None:
    """What a campaign waits for, whatever its accounts may do; None where the bot calls.

    Agents' telephones are not connected yet, so a campaign with agents always waits.
    """
    dialler = campaign.dialler
    if dialler.mode is DialMode.AI:
        return None
    return f"mode {dialler.type} dials for agents of the team {dialler.team}, and no agent can sign in yet"


async def check_modes(settings: Settings) -> list[Check]:
    """Running campaigns that dial nothing for want of agents; nothing is told without a database."""
    from ari_app.app import open_store

    if not settings.database.exists():
        return []
    try:
        async with open_store(settings) as store:
            running = [each for each in await store.campaigns() if each.status is CampaignStatus.RUNNING]
    except AriAppError as error:
        return [warn("campaigns", str(error), "see docs/runbook.md")]
    waiting = {each.campaign_id: reason for each in running if (reason := waits_for(each)) is not None}
    mend = 'set dialer.type to "ai" and create the campaign again, or pause it'
    found = [warn("campaigns", f"{name} dials nothing: {reason}", mend) for name, reason in waiting.items()]
    return found or [ok("campaigns", f"{len(running)} running, none waits for agents")]
