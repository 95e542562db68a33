"""Tokens of the API: made, recognised, counted.

A token reads ``ari_IDENTIFIER_SECRET``: the identifier is public and stands in lists and logs, the secret has 256 random
bits, of which the store keeps the SHA-256 alone. A digest without salt is enough for such a secret: nobody tries them all.
It is compared in the time of one hash.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from ari_app.domain.api_scope import Scope
from ari_app.ports import Clock
from ari_app.ports.api import ApiStore, ApiToken

PREFIX = "ari"
_TEXT = re.compile(r"ari_([a-z0-9]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
#: What an unknown identifier is compared with, so that it takes as long as a known one.
_NOBODY = bytes(32)
#: How long a token is believed without asking the store: a revoked one is refused after that.
BELIEVED_S = 1.0
#: The last use is written at most so often.
USE_WRITTEN_S = 60.0
MOST_KNOWN = 1000


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; ``text`` is shown once and kept nowhere."""

    token: ApiToken
    text: str


def new_token(name: str, scopes: Iterable[Scope], now: datetime, lasts: timedelta) -> NewToken:
    """A token for ``lasts`` from ``now``; nothing is stored."""
    identifier = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    text = f"{PREFIX}_{identifier}_{secrets.token_urlsafe(32)}"
    token = ApiToken(identifier, name, digest_of(text), frozenset(scopes), now, now + lasts)
    return NewToken(token, text)


def digest_of(text: str) -> bytes:
    """What the store keeps of a token."""
    return hashlib.sha256(text.encode()).digest()


@dataclass(slots=True)
class _Known:
    token: ApiToken | None
    asked_at: float


class Doorman:
    """Recognises tokens; asks the store for each at most once a second."""

    def __init__(self, store: ApiStore, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known: dict[str, _Known] = {}
        self._written: dict[str, float] = {}

    async def recognise(self, text: str) -> ApiToken | None:
        """The token of a text; None for one that is unknown, expired or revoked. Raises StoreError."""
        match = _TEXT.fullmatch(text)
        if match is None:
            return None
        token = await self._find(match[1])
        right = hmac.compare_digest(digest_of(text), _NOBODY if token is None else token.digest)
        if token is None or not right or not token.usable(self._clock.now()):
            return None
        await self._note_use(token)
        return token

    async def _find(self, identifier: str) -> ApiToken | None:
        now = self._clock.monotonic()
        known = self._known.get(identifier)
        if known is not None and now - known.asked_at < BELIEVED_S:
            return known.token
        token = await self._store.token(identifier)
        if (
            len(self._known) >= MOST_KNOWN
        ):  # somebody tries identifiers: nothing is lost but a second of memory
            self._known.clear()
        self._known[identifier] = _Known(token, now)
        return token

    async def _note_use(self, token: ApiToken) -> None:
        now = self._clock.monotonic()
        written = self._written.get(token.token_id)
        if written is not None and now - written < USE_WRITTEN_S:
            return
        self._written[token.token_id] = now
        await self._store.token_used(token.token_id, self._clock.now())
