"""Links to the page of a bill: signed for one purpose, bound to bill and customer, expiring, revocable."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from itsdangerous import BadData, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from ari_app.domain.payments.link import LinkRefusal, LinkStanding, LinkTerms, Purpose, refusal
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import LinkRecord
from ari_app.services.payments.keys import LinkKeys

LONGEST_TOKEN = 200
USUAL = LinkTerms()
_ID_BYTES = 12
_TOKEN = re.compile(
    r"([A-Za-z0-9_-]{16})\.([0-9a-f]{8,10})\.([A-Za-z0-9_-]{11})\.[A-Za-z0-9_-]{43}", re.ASCII
)


class LinkBook(Protocol):
    """Where links are kept."""

    async def link(self, bill: BillKey, fresh: LinkRecord, now: datetime) -> LinkRecord | None: ...

    async def find_link(self, link_id: str) -> LinkRecord | None: ...


@dataclass(frozen=True, slots=True)
class SignedLinks:
    """Makes and reads links; see ``ports.payments.PaymentLinks``. ``base_url`` is where customers reach the page."""

    book: LinkBook
    keys: LinkKeys
    base_url: str
    terms: LinkTerms = USUAL

    async def link_for(self, bill: BillKey, now: datetime) -> str | None:
        """The address of the page of a bill; None where there is no such bill."""
        record = await self.record_for(bill, now)
        return None if record is None else self.address(record)

    async def record_for(self, bill: BillKey, now: datetime) -> LinkRecord | None:
        """The link of a bill, a new one where none has half of its life left."""
        whole = now.replace(microsecond=0)
        fresh = LinkRecord(
            link_id=secrets.token_urlsafe(_ID_BYTES),
            bill=bill,
            purpose=Purpose.PAY,
            created_at=now,
            standing=LinkStanding(whole + self.terms.lasts, self.terms.uses),
        )
        return await self.book.link(bill, fresh, now)

    def address(self, record: LinkRecord) -> str:
        """What the customer is sent."""
        return f"{self.base_url}/pay/{self.token(record)}"

    def token(self, record: LinkRecord) -> str:
        """The token of a link: its id, when it expires, what it is bound to, and the signature over these."""
        expires = int(record.standing.expires_at.timestamp())
        text = f"{record.link_id}.{expires:08x}.{_binding(record.bill)}"
        return self._signer(record.purpose).sign(text).decode("ascii")

    async def read(
        self, token: str, now: datetime, purpose: Purpose = Purpose.PAY
    ) -> LinkRecord | LinkRefusal:
        """The link of a token, or why it is none. The signature is checked before the store is asked."""
        if len(token) > LONGEST_TOKEN or (shape := _TOKEN.fullmatch(token)) is None:
            return LinkRefusal.UNKNOWN
        try:
            self._signer(purpose).unsign(token)
            signature = token.rpartition(".")[2].encode("ascii")
            if (
                base64_encode(base64_decode(signature)) != signature
            ):  # bits that stand for nothing are not zero
                return LinkRefusal.UNKNOWN
        except BadData:
            return LinkRefusal.UNKNOWN
        link_id, expires, binding = shape[1], datetime.fromtimestamp(int(shape[2], 16), UTC), shape[3]
        if now >= expires:
            return LinkRefusal.EXPIRED
        record = await self.book.find_link(link_id)
        if record is None or record.purpose is not purpose:
            return LinkRefusal.UNKNOWN
        if not secrets.compare_digest(_binding(record.bill), binding):
            return LinkRefusal.UNKNOWN
        return refusal(record.standing, now) or record

    def _signer(self, purpose: Purpose) -> Signer:
        return Signer(
            self.keys.oldest_first,
            salt=f"ari-app.payment-link.{purpose}",
            key_derivation="hmac",
            digest_method=hashlib.sha256,
        )


def _binding(bill: BillKey) -> str:
    """Eleven characters that only this bill of this customer has."""
    parts = (bill.customer_id, bill.account_id, bill.bill_id)
    text = "".join(f"{len(part.encode())}:{part}" for part in parts)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(digest[:8]).decode("ascii").rstrip("=")
