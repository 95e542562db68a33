"""A provider that signs its callbacks as this house documents it: HMAC-SHA256 over timestamp and body."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import urlencode

from ari_app.domain.payments.notice import NoticeKind
from ari_app.errors import ConfigError
from ari_app.gateways.payments import reading
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import Answer, CallbackRefused, Notice, OrderRequest, ProviderError

TIMESTAMP, SIGNATURE = "x-payment-timestamp", "x-payment-signature"
SCHEME = "v1="
LEAST_SECRET = 32
PAGE = "page"


@dataclass(frozen=True, slots=True)
class GenericProvider:
    """``pay_url`` is where customers pay; '' for a provider that only calls back, such as a bank."""

    name: str
    secret: str = field(repr=False)
    pay_url: str = ""

    def __post_init__(self) -> None:
        if len(self.secret.encode()) < LEAST_SECRET:
            raise ConfigError(f"payments.generic, {self.name}: the secret has less than {LEAST_SECRET} bytes")

    @property
    def methods(self) -> Sequence[str]:
        return (PAGE,) if self.pay_url else ()

    async def order(self, request: OrderRequest, now: datetime) -> str:
        """The address with the order in its query; the signature is over ``EXPIRES.QUERY``, as that of a callback."""
        if not self.pay_url:
            raise ProviderError(f"{self.name}: no address to pay at is set")
        query = urlencode(
            {
                "order": request.order_no,
                "amount": str(request.amount),
                "currency": request.currency,
                "expires": int(request.expires_at.timestamp()),
                "return": request.come_back,
            }
        )
        stamp = str(int(request.expires_at.timestamp()))
        return f"{self.pay_url}?{query}&signature={self.sign(stamp, query.encode())}"

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Notice:
        stamp, given = headers.get(TIMESTAMP, ""), headers.get(SIGNATURE, "")
        if not given.startswith(SCHEME):
            raise CallbackRefused("it is not signed")
        # Several signatures stand beside each other while a secret is exchanged.
        offered = [each.strip() for each in given[:1024].split(",")]
        wanted = f"{SCHEME}{self.sign(stamp, body)}".encode()
        if not any(hmac.compare_digest(each.encode("utf-8", "replace"), wanted) for each in offered):
            raise CallbackRefused("its signature is not ours")
        reading.fresh(stamp, now)
        return self._notice(reading.json_object(body), now)

    def accepted(self) -> Answer:
        return Answer(200, "application/json", json.dumps({"status": "accepted"}))

    def refused(self, status: int) -> Answer:
        return Answer(status, "application/json", json.dumps({"status": "refused"}))

    def sign(self, stamp: str, body: bytes) -> str:
        """The signature in hexadecimal digits."""
        signed = stamp.encode("utf-8", "replace") + b"." + body
        return hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()

    def _notice(self, told: Mapping[str, object], now: datetime) -> Notice:
        named = reading.text(told, "type")
        if named not in (NoticeKind.PAYMENT, NoticeKind.REVERSAL):
            return Notice(self.name, reading.text(told, "eventId"), NoticeKind.OTHER)
        kind = NoticeKind(named)
        bill = [reading.text(told, key, optional=True) for key in ("customerId", "accountId", "billId")]
        order_no = reading.text(told, "orderNo", optional=True)
        if any(bill) and not bill[0]:
            raise CallbackRefused("a bill needs its customerId")
        return Notice(
            provider=self.name,
            event_id=reading.text(told, "eventId"),
            kind=kind,
            amount=reading.decimal(told.get("amount"), "amount"),
            currency=reading.currency(reading.text(told, "currency")),
            occurred_at=_occurred(told.get("occurredAt"), now),
            reference=reading.text(told, "reference"),
            reverses=reading.text(told, "reverses") if kind is NoticeKind.REVERSAL else "",
            order_no=order_no,
            bill=BillKey(*bill) if bill[0] else None,
        )


def _occurred(value: object, now: datetime) -> datetime:
    """Seconds since 1970, or RFC 3339; now where it is not told."""
    if value is None:
        return now
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and 0 < value < 10**11:
        return reading.plausible(datetime.fromtimestamp(int(value), UTC), now)
    if isinstance(value, str):
        return reading.plausible(reading.iso_instant(value), now)
    raise CallbackRefused("occurredAt is no instant")
