"""The service behind an account, and the orders to suspend and to restore it, as the durable memory keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from ari_app.domain.service.state import (
    Notice,
    OrderKind,
    OrderState,
    ServiceRules,
    ServiceState,
    SuspensionDecision,
)
from ari_app.ports.debt import BillKey


@dataclass(frozen=True, slots=True)
class ServiceOrder:
    """An order for somebody outside, who confirms it with ``confirm``. ``bill`` is the one that it was ordered for.

    ``payment_at`` is when the payment happened that a restoration was ordered for; ``notices`` are the warnings that prove
    that a suspension was announced; ``ended_at`` is when it was confirmed or withdrawn.
    """

    order_id: str
    bill: BillKey
    kind: OrderKind
    state: OrderState
    reason: str
    ordered_at: datetime
    ordered_by: str
    payment_at: datetime | None
    notices: Sequence[Notice]
    overdue_at: datetime | None
    ended_at: datetime | None
    ended_by: str
    ended_why: str

    @property
    def took(self) -> timedelta | None:
        """From the payment to the restored service; None while it is not confirmed, and where no payment was the cause."""
        done = self.state is OrderState.DONE and self.kind is OrderKind.RESTORATION
        if not done or self.payment_at is None or self.ended_at is None:
            return None
        return self.ended_at - self.payment_at


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """Where a service stands, since when, and the order that is open."""

    customer_id: str
    account_id: str
    state: ServiceState
    state_at: datetime
    order: ServiceOrder | None


class Services(Protocol):
    """Every method is one transaction, with its events in the outbox. Whoever names what there is not gets UnknownRecord;
    what cannot follow raises WrongState, and changes nothing."""

    async def services(
        self, state: ServiceState | None = None, customer_id: str | None = None, limit: int = 1000
    ) -> list[ServiceRecord]:
        """Services of which something is known, those that changed first standing first."""
        ...

    async def orders(
        self, customer_id: str | None = None, state: OrderState | None = None, limit: int = 1000
    ) -> list[ServiceOrder]:
        """Orders, oldest first."""
        ...

    async def order(self, order_id: str) -> ServiceOrder: ...

    async def confirm(self, order_id: str, by: str, now: datetime) -> ServiceOrder:
        """Somebody outside has carried an order out."""
        ...

    async def decision(
        self, customer_id: str, account_id: str, rules: ServiceRules, now: datetime
    ) -> SuspensionDecision:
        """Whether a person may order a suspension now, and by which notices."""
        ...

    async def suspend(
        self, customer_id: str, account_id: str, rules: ServiceRules, by: str, now: datetime
    ) -> ServiceOrder:
        """Order a suspension by hand, where what protects the customer allows it."""
        ...

    async def restore(
        self, customer_id: str, account_id: str, why: str, by: str, now: datetime
    ) -> ServiceOrder:
        """Order a restoration by hand, whatever is owed."""
        ...

    async def move_clock(self, rules: ServiceRules, now: datetime) -> int:
        """Warnings, suspensions that are due, orders that nobody has confirmed: how many things have changed."""
        ...
