"""The HTTP API: where it listens, and its limits."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ari_app.services.model_problems import RefusedError


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise RefusedError("is no address or network", '"10.0.0.5" or "10.0.0.0/24"') from error
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise RefusedError("is no base address", "https://collect.example.com, without ? and #")
    return text.rstrip("/")


class ApiSettings(BaseModel):
    """The HTTP API of ``ari-app serve`` and ``ari-app api``."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int | None = Field(
        None, ge=1, le=65535, description="Port to listen on; without one there is no API"
    )
    public_url: Annotated[str, AfterValidator(_url)] | None = Field(
        None,
        description="Where customers, providers and programs reach it, such as `https://collect.example.com`",
    )
    trusted_proxies: list[Annotated[str, AfterValidator(_network)]] = Field(
        [], max_length=50, description="Addresses or networks of proxies whose `X-Forwarded-For` is believed"
    )
    rate_per_s: float = Field(
        50.0, gt=0, le=10_000, description="Requests a second of one token, in the long run"
    )
    burst: int = Field(200, ge=1, le=100_000, description="Requests of one token at once")
    anonymous_rate_per_s: float = Field(
        5.0, gt=0, le=10_000, description="Requests a second of one address without a token, in the long run"
    )
    anonymous_burst: int = Field(50, ge=1, le=100_000, description="Requests of such an address at once")
    max_body_kib: int = Field(1024, ge=16, le=65_536, description="Longest body of a request")
    max_upload_mib: int = Field(200, ge=1, le=4096, description="Largest list that may be uploaded")
    max_connections: int = Field(
        200, ge=10, le=10_000, description="Connections at a time; more are answered with 503"
    )
    max_streams: int = Field(20, ge=1, le=1000, description="Event streams at a time")
