"""An order at a provider: recorded first, so that whatever comes back for its number finds its bill."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import structlog

from ari_app.ports import Clock
from ari_app.ports.debt import BillKey
from ari_app.ports.payments import OrderRequest, PaymentOrder, PaymentProvider, ProviderError

log = structlog.get_logger(__name__)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class OrderBook(Protocol):
    """Where orders are kept."""

    async def add_order(self, order: PaymentOrder, now: datetime) -> bool: ...

    async def place_order(self, order_no: str, address: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Wish:
    """What a customer wants to pay, and how."""

    bill: BillKey
    provider: str
    method: str
    amount: Decimal
    currency: str
    subject: str
    link_id: str = ""
    payer: str = ""
    payer_address: str = ""
    come_back: str = ""


class OrderDesk:
    """Begins orders. ``lasts`` is how long one can be paid."""

    def __init__(
        self,
        book: OrderBook,
        providers: Mapping[str, PaymentProvider],
        clock: Clock,
        lasts: timedelta = timedelta(minutes=30),
    ) -> None:
        self._book, self._providers, self._clock, self._lasts = book, providers, clock, lasts

    @property
    def ways(self) -> list[tuple[str, str]]:
        """Every provider and method that the page offers."""
        return [(name, method) for name, each in self._providers.items() for method in each.methods]

    async def begin(self, wish: Wish) -> PaymentOrder:
        """Raises ProviderError, whose text is fit for a log; the order stays recorded then."""
        provider, now = self._providers[wish.provider], self._clock.now()
        order = PaymentOrder(
            order_no=order_number(now),
            bill=wish.bill,
            provider=wish.provider,
            method=wish.method,
            amount=wish.amount,
            currency=wish.currency,
            created_at=now,
            expires_at=now + self._lasts,
            link_id=wish.link_id,
        )
        if not await self._book.add_order(order, now):
            raise ProviderError(f"{wish.provider}: the order was not recorded")
        request = OrderRequest(
            order_no=order.order_no,
            amount=wish.amount,
            currency=wish.currency,
            subject=wish.subject,
            expires_at=order.expires_at,
            method=wish.method,
            payer=wish.payer,
            payer_address=wish.payer_address,
            come_back=wish.come_back,
        )
        address = await provider.order(request, now)
        await self._book.place_order(order.order_no, address)
        log.info("order placed", provider=wish.provider, method=wish.method, order=order.order_no)
        return order


def order_number(now: datetime) -> str:
    """``AR``, the instant (UTC) and twelve signs of chance: 26 signs, as every provider takes them."""
    chance = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return f"AR{now:%y%m%d%H%M%S}{chance}"
