"""What a request to a receiver carries (Standard Webhooks), apart from its signature."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass, field

PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Message:
    """An event for one receiver. ``secrets``: each signs, the newest first."""

    url: str
    event: str
    key: str
    payload: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False, default=())

    @property
    def message_id(self) -> str:
        return message_id(self.key)


def message_id(key: str) -> str:
    """``webhook-id`` of an event: the same for every try, every replay and after every crash."""
    return f"msg_{hashlib.sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}"


def secret_key(secret: str) -> bytes:
    """The key of a secret: ``whsec_`` and base64 is what that encodes; any other text is its UTF-8 bytes."""
    code = secret.removeprefix(PREFIX)
    if code != secret:
        try:
            key = base64.b64decode(code + "=" * (-len(code) % 4), validate=True)
        except (binascii.Error, ValueError):
            key = b""  # not what Standard Webhooks gives out: taken as it stands
        if key:
            return key
    return secret.encode("utf-8", "replace")
