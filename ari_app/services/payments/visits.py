"""A visit to the page: who has answered its question, and forms that only this page has made."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, Signer

from ari_app.services.payments.keys import LinkKeys

_SHAPE = re.compile(
    r"([A-Za-z0-9_-]{16})\.([0-9a-f]{8,10})\.([A-Za-z0-9_-]{16})\.[A-Za-z0-9_-]{43}", re.ASCII
)
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has answered the question of a link; ``nonce`` is his alone."""

    link_id: str
    nonce: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Visits:
    """Signs what a browser keeps of a visit, and the forms that it may send."""

    keys: LinkKeys
    lasts: timedelta

    def begin(self, link_id: str, now: datetime) -> Visit:
        """A new visit."""
        return Visit(link_id, secrets.token_urlsafe(12), now.replace(microsecond=0) + self.lasts)

    def cookie(self, visit: Visit) -> str:
        """What the browser keeps."""
        text = f"{visit.link_id}.{int(visit.until.timestamp()):08x}.{visit.nonce}"
        return self._signer("session").sign(text).decode("ascii")

    def read(self, cookie: str, link_id: str, now: datetime) -> Visit | None:
        """The visit of a cookie to this link; None for any other, an old or a forged one."""
        shape = _SHAPE.fullmatch(cookie) if len(cookie) <= _LONGEST else None
        if shape is None:
            return None
        try:
            self._signer("session").unsign(cookie)
        except BadData:
            return None
        until = datetime.fromtimestamp(int(shape[2], 16), UTC)
        if now >= until or not secrets.compare_digest(shape[1], link_id):
            return None
        return Visit(shape[1], shape[3], until)

    def form(self, link_id: str, nonce: str, action: str) -> str:
        """What a form carries to show that it is one of ours, for this visit and this act (nonce '': before a visit)."""
        signed = self._signer("form").get_signature(f"{link_id}.{nonce}.{action}")
        return signed.decode("ascii")

    def is_ours(self, given: str, link_id: str, nonce: str, action: str) -> bool:
        """Whether a form is one that we have made. Compared in constant time, with every key."""
        if len(given) > _LONGEST or not given.isascii():
            return False
        return self._signer("form").verify_signature(f"{link_id}.{nonce}.{action}", given)

    def _signer(self, purpose: str) -> Signer:
        return Signer(
            self.keys.oldest_first,
            salt=f"ari-app.payment-{purpose}",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )
