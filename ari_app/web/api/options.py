"""What the API is told by its surroundings; plain values, so that nothing here knows the settings."""

from __future__ import annotations

from dataclasses import dataclass

from ari_app.domain.token_bucket import Allowance

MIB = 1 << 20
_OF_A_TOKEN = Allowance(50.0, 200)
_OF_AN_ADDRESS = Allowance(5.0, 50)


@dataclass(frozen=True, slots=True)
class ApiOptions:
    """Limits. ``public_url`` is where clients reach it, '' where they do as they are served.

    ``token_rate`` is that of one token, ``address_rate`` that of one client address without a token (also of the pages that
    want none). ``most_streams`` event streams at a time, each for at most ``stream_s``.
    """

    public_url: str = ""
    token_rate: Allowance = _OF_A_TOKEN
    address_rate: Allowance = _OF_AN_ADDRESS
    body_bytes: int = MIB
    task_bytes: int = 20 * MIB
    upload_bytes: int = 200 * MIB
    evidence_bytes: int = 11 * MIB
    piece_s: float = 20.0
    """How long the next piece of a body may take."""
    most_streams: int = 20
    stream_s: float = 3600.0
    stream_tick_s: float = 1.0
