"""A campaign: which accounts, when, how often, from which caller IDs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from ari_app.domain.experiment import Experiment
from ari_app.domain.voice_style import USUAL, VoiceStyle
from ari_app.domain.windows import Window

#: The pack of a campaign that names none.
DEFAULT_RULE_PACK = "cn-telecom"


class CampaignStatus(StrEnum):
    """Whether a campaign may start new attempts; a paused one lets running calls end."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class CampaignStrategy:
    """When and how often a customer may be called, and how the bot speaks.

    ``experiments`` are those that change the voice; those of wordings stand in the flow.
    ``retry_hours`` are offsets from the first attempt; ``max_attempts`` never exceeds their number. ``rule_pack`` is the
    one within whose limits all of it stays: ``dials_per_day`` and ``dials_per_week`` (None: as the pack says) reach up to
    its hard numbers, ``min_gap_minutes`` only lengthens its gap, ``open_holidays`` opens holidays where it lets them.
    ``number_tries`` are the dials to one number without success after which the customer's next number has its turn.

    ``file`` names a strategy file: then everything but ``aging_buckets`` and ``min_amount`` is what that file says of the
    account's segment (``domain/strategy_book.py``). ``delays`` are hours by disposition until the next attempt, where they
    are longer than its own; None: no further attempt.
    """

    timezone: str = "Asia/Shanghai"
    windows: tuple[Window, ...] = (Window(9 * 60, 20 * 60),)
    max_attempts: int = 3
    retry_hours: tuple[float, ...] = (0, 24, 72)
    aging_buckets: tuple[str, ...] = ()
    min_amount: Decimal = Decimal(0)
    closed_weekdays: tuple[int, ...] = (5, 6)
    flow: str = "reminder"
    name: str = "default"
    voice: VoiceStyle = USUAL
    experiments: tuple[Experiment, ...] = ()
    rule_pack: str = DEFAULT_RULE_PACK
    dials_per_day: int | None = None
    dials_per_week: int | None = None
    min_gap_minutes: int = 0
    open_holidays: bool = False
    number_tries: int = 2
    file: str = ""
    delays: tuple[tuple[str, float | None], ...] = ()


class DialMode(StrEnum):
    """Who takes the calls, and when they start."""

    AI = "ai"
    """The bot talks; calls start as lines and rates allow."""
    PREVIEW = "preview"
    """An agent looks at the account first; his call starts when he says so."""
    PROGRESSIVE = "progressive"
    """One call for each agent who is free."""
    PREDICTIVE = "predictive"
    """As many calls as will meet an agent who is free by then, within the limit on abandoned calls."""


@dataclass(frozen=True, slots=True)
class DiallerSpec:
    """How a campaign dials. ``concurrency`` counts calls of this campaign in progress at one time.

    ``team`` takes the calls in the modes with agents; ``weight`` is the campaign's part of the starts beside the others'.
    """

    type: str = "ai"
    concurrency: int = 10
    caller_id_pool: tuple[str, ...] = ()
    ring_timeout_s: float = 45.0
    team: str = "default"
    weight: int = 1

    @property
    def mode(self) -> DialMode:
        return DialMode(self.type)


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """Where events go. ``secret`` never appears in a repr."""

    url: str
    events: tuple[str, ...]
    secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Campaign:
    """One task, as the create-task request describes it; ``campaign_id`` is its ``taskId`` in events."""

    campaign_id: str
    name: str
    strategy: CampaignStrategy
    dialler: DiallerSpec
    webhook: WebhookSpec | None = None
    status: CampaignStatus = CampaignStatus.RUNNING
