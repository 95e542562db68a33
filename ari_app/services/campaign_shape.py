"""The shape of the create-task request, with the names that integrators use, and the limits of each value."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ari_app.domain.account import BUCKET_NAMES
from ari_app.domain.campaign import DEFAULT_RULE_PACK, DialMode
from ari_app.domain.compliance import zone_of
from ari_app.domain.event_names import EVENTS
from ari_app.domain.voice_style import VoiceStyle
from ari_app.domain.windows import Window, parse_window
from ari_app.services.experiment_shape import Experiments
from ari_app.services.model_problems import RefusedError, nearest
from ari_app.services.shape_values import Number, Part, Speed, VoiceName, whole

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _as_window(value: object) -> Window:
    if not isinstance(value, str):
        raise RefusedError("is not text", "HH:MM-HH:MM, such as 09:00-12:00")
    try:
        return parse_window(value[:100])
    except ValueError as error:
        raise RefusedError(str(error)) from error


def _cents(value: Decimal) -> Decimal:
    if not 0 <= value <= 10**9 or value != round(value, 2):
        raise RefusedError("is not an amount", "0 or more, at most two decimals")
    return round(value, 2)


def _line(value: str) -> str:
    if not value.strip() or any(
        unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in value
    ):
        raise RefusedError("is empty or holds control characters", "one line of text")
    return value.strip()


def _zone(value: str) -> str:
    if zone_of(value) is None:
        raise RefusedError("is not a known time zone", "an IANA name such as Asia/Shanghai")
    return value


def _distinct(values: list[Any]) -> list[Any]:
    if len(set(values)) != len(values):
        raise RefusedError("names something twice", "each value once")
    return values


def _bucket(value: str) -> str:
    if value not in BUCKET_NAMES:
        raise RefusedError("is not an aging bucket", nearest(value, BUCKET_NAMES))
    return value


def _event(value: str) -> str:
    if value not in EVENTS:
        raise RefusedError("is not an event", nearest(value, EVENTS))
    return value


def _weekday(value: str) -> str:
    if value not in WEEKDAYS:
        raise RefusedError("is not a weekday", ", ".join(WEEKDAYS))
    return value


def _retry_hours(values: list[Decimal]) -> list[Decimal]:
    allowed = "ascending hours after the first attempt, beginning with 0, at most 2160, such as [0, 24, 72]"
    ascending = all(before < after for before, after in pairwise(values))
    if not values or values[0] != 0 or not ascending or values[-1] > 2160:
        raise RefusedError("is not a plan of attempts", allowed)
    return values


def _webhook_url(value: str) -> str:
    allowed = "https://HOST/PATH (http only inside a network of your own)"
    try:
        parts = urlsplit(value)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) < 65536
    except ValueError:
        fits = False
        parts = None
    if not fits or any(ord(sign) <= 32 or ord(sign) == 127 for sign in value):
        raise RefusedError("is not a web address", allowed)
    if parts is not None and (parts.username or parts.password):
        raise RefusedError("carries a user or password", f"{allowed}; webhooks are signed with the secret")
    return value


def _dialer_type(value: str) -> str:
    modes = [mode.value for mode in DialMode]
    if value not in modes:
        raise RefusedError("is not a way of dialling", nearest(value, modes))
    return value


_Bucket = Annotated[str, AfterValidator(_bucket)]
_Event = Annotated[str, AfterValidator(_event)]
_Weekday = Annotated[str, AfterValidator(_weekday)]


class StrategyShape(Part):
    """When and how often."""

    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    window: list[Annotated[Window, BeforeValidator(_as_window)]] = Field(
        [Window(9 * 60, 20 * 60)], min_length=1, max_length=10
    )
    max_attempts: Annotated[int, BeforeValidator(whole), Field(ge=1, le=10)] | None = Field(
        None, alias="maxAttempts"
    )
    retry_hours: Annotated[list[Number], Field(max_length=10), AfterValidator(_retry_hours)] = Field(
        [Decimal(0), Decimal(24), Decimal(72)], alias="retryHours"
    )
    aging_buckets: Annotated[list[_Bucket], AfterValidator(_distinct)] = Field([], alias="agingBuckets")
    min_amount: Annotated[Number, AfterValidator(_cents)] = Field(Decimal(0), alias="minAmount")
    closed_weekdays: Annotated[list[_Weekday], AfterValidator(_distinct)] = Field(
        ["sat", "sun"], alias="closedWeekdays"
    )
    flow: str = Field("reminder", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    voice: VoiceName | None = None
    speed: Speed = Decimal(1)
    experiments: Experiments = Field(default_factory=dict)
    rule_pack: str = Field(DEFAULT_RULE_PACK, alias="rulePack", pattern=r"^[a-z][a-z0-9-]{0,39}$")
    dials_per_day: Annotated[int, BeforeValidator(whole), Field(ge=1, le=20)] | None = Field(
        None, alias="dialsPerDay"
    )
    dials_per_week: Annotated[int, BeforeValidator(whole), Field(ge=1, le=50)] | None = Field(
        None, alias="dialsPerWeek"
    )
    min_gap_minutes: Annotated[int, BeforeValidator(whole)] = Field(0, alias="minGapMinutes", ge=0, le=10_080)
    open_holidays: bool = Field(False, alias="openHolidays")
    file: str | None = Field(None, pattern=r"^[a-z][a-z0-9-]{0,39}$")
    number_tries: Annotated[int, BeforeValidator(whole)] = Field(2, alias="numberTries", ge=1, le=10)

    @property
    def style(self) -> VoiceStyle:
        """How the bot speaks; a speed to the hundredth, so that near ones share their prompts."""
        return VoiceStyle(self.voice or "", float(round(self.speed, 2)))

    @property
    def attempts(self) -> int:
        """Attempts at most: as said, else one for each offset."""
        return self.max_attempts or len(self.retry_hours)

    @model_validator(mode="after")
    def _file_alone(self) -> Self:
        said = self.model_fields_set - {"file", "aging_buckets", "min_amount"}
        if self.file is not None and said:
            names = ", ".join(sorted(type(self).model_fields[name].alias or name for name in said))
            raise RefusedError(
                f"{names} stand beside file, which says them",
                "agingBuckets and minAmount only; the rest stands in the strategy file",
            )
        return self

    @model_validator(mode="after")
    def _enough_offsets(self) -> Self:
        if self.attempts > len(self.retry_hours):
            raise RefusedError(
                f"maxAttempts is {self.attempts}, but retryHours has {len(self.retry_hours)} offsets",
                "one offset in retryHours for each attempt",
            )
        return self


class DialerShape(Part):
    """How it is dialled."""

    type: Annotated[str, AfterValidator(_dialer_type)] = "ai"
    concurrency: Annotated[int, BeforeValidator(whole)] = Field(10, ge=1, le=5000)
    caller_id_pool: list[str] = Field(alias="callerIdPool", min_length=1, max_length=1000)
    ring_timeout_s: Annotated[int, BeforeValidator(whole), Field(ge=15, le=120)] | None = Field(
        None, alias="ringTimeoutSeconds"
    )
    team: str = Field("default", pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    weight: Annotated[int, BeforeValidator(whole)] = Field(1, ge=1, le=100)


class WebhookShape(Part):
    """Where events go."""

    events: Annotated[list[_Event], Field(min_length=1), AfterValidator(_distinct)]
    url: Annotated[str, Field(max_length=2000), AfterValidator(_webhook_url)]
    secret: str = Field(min_length=1, max_length=200, repr=False)


class CampaignShape(Part):
    """The request. The rows of its list are checked one by one, so that a bad one does not spoil the others."""

    name: Annotated[str, Field(max_length=200), AfterValidator(_line)]
    strategy: StrategyShape
    dialer: DialerShape
    rows: Any = Field(None, alias="list")
    webhook: WebhookShape | None = None
