"""Where events go: how webhooks are carried, and what they may reach."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ari_app.services.model_problems import RefusedError


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        raise RefusedError("is not a network", "10.20.0.0/16, or one address such as 10.20.0.7") from None


def _here(path: Path) -> Path:
    return path.expanduser().absolute()


class WebhookSettings(BaseModel):
    """How events are carried to webhooks."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    send: bool = Field(True, description="Whether `serve` sends events; without it they wait")
    retries: int = Field(
        5, ge=3, le=5, description="How often an event is tried again, after 5 s, 30 s, 2 min, 10 min and 1 h"
    )
    connect_timeout_s: float = Field(5.0, gt=0, le=60, description="How long a connection may take")
    timeout_s: float = Field(15.0, gt=0, le=120, description="How long the whole request may take")
    concurrency: int = Field(8, ge=1, le=100, description="Requests at once to one endpoint")
    failing_after: int = Field(
        20,
        ge=1,
        le=1000,
        description="So many failures in a row make an endpoint failing: then it is only probed",
    )
    rotation_hours: float = Field(
        24.0, ge=0, le=720, description="How long an old secret still signs beside the new one"
    )
    allow_networks: list[Annotated[str, AfterValidator(_network)]] = Field(
        [],
        max_length=100,
        description="Networks that may be reached although they are not the public internet: `10.20.0.0/16`",
    )
    allow_ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(
        [], max_length=100, description="The only ports that may be reached; none: any"
    )
    keep_days: int = Field(
        365,
        ge=30,
        le=3650,
        description="Events that are sent, dead or went nowhere are deleted after so many days",
    )
    ca_file: Annotated[Path, AfterValidator(_here)] | None = Field(
        None, description="Certificates (PEM) that count for `https` instead of the system's"
    )
